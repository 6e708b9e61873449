"""Pixels of files that share one grid, joined at their own resolution before anything is interpolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rasterio.windows import Window

from terrain.rasters import opened, read_heights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from terrain.rasters import Raster

_MOST_CELLS = 50_000_000
_STRIP_CELLS = 16_000_000


def same_grids(rasters: Sequence[Raster]) -> list[list[Raster]]:
    """Group files whose pixels lie on one common grid; finest first."""
    groups: list[list[Raster]] = []
    for raster in rasters:
        for group in groups:
            if _offset(group[0], raster) is not None:
                group.append(raster)
                break
        else:
            groups.append([raster])
    return groups


def _offset(first: Raster, other: Raster) -> tuple[int, int] | None:
    """Row and column of ``other``'s first pixel in the grid of ``first``; None where the grids differ."""
    a, b = first.transform, other.transform
    size = max(abs(a.a), abs(a.b), abs(a.d), abs(a.e))
    furthest = max(other.width, other.height)
    if max(abs(a.a - b.a), abs(a.b - b.b), abs(a.d - b.d), abs(a.e - b.e)) * furthest > 0.1 * size:
        return None
    if first.crs != other.crs or (first.code != other.code):
        return None
    column, row = ~a @ (b.c, b.f)
    if abs(column - round(column)) > 0.1 or abs(row - round(row)) > 0.1:
        return None
    return round(row), round(column)


def joined(
    group: list[Raster], column: NDArray[np.float64], row: NDArray[np.float64], *, reduce: int
) -> tuple[NDArray[np.float32], Window, int] | None:
    """Read the pixels about positions from all files of a grid into one array, averaged in blocks.

    Returns the heights (NaN where there are none), their window in the first file's pixels, and the block's
    side, which is ``reduce`` or, where that were too much, larger.
    """
    finite = np.isfinite(column) & np.isfinite(row)
    if not finite.any():
        return None
    margin = 4 * reduce
    wanted = _Box.of(row[finite], column[finite], margin)
    boxes = []
    for raster in group:
        offset = _offset(group[0], raster)
        if offset is None:
            continue
        box = wanted.cut(_Box(offset[0], offset[1], offset[0] + raster.height, offset[1] + raster.width))
        if box is not None:
            boxes.append((raster, offset, box))
    if not boxes:
        return None
    whole = _Box.around([box for _, _, box in boxes])
    while whole.cells / reduce**2 > _MOST_CELLS:
        reduce += 1
    rows = (whole.bottom - whole.top + reduce - 1) // reduce
    columns = (whole.right - whole.left + reduce - 1) // reduce
    heights = np.full((rows, columns), np.nan, np.float32)
    strip_rows = max(1, _STRIP_CELLS // max(1, columns * reduce * reduce))
    for first in range(0, rows, strip_rows):
        last = min(rows, first + strip_rows)
        strip = np.full(((last - first) * reduce, columns * reduce), np.nan, np.float32)
        area = _Box(
            whole.top + first * reduce, whole.left, whole.top + last * reduce, whole.left + strip.shape[1]
        )
        for raster, offset, box in boxes:
            part = box.cut(area)
            if part is not None:
                _paste(strip, area, raster, offset, part)
        heights[first:last] = _block_mean(strip, reduce)
    if np.isnan(heights).all():
        return None
    return heights, Window(whole.left, whole.top, whole.right - whole.left, whole.bottom - whole.top), reduce


@dataclass(frozen=True)
class _Box:
    """A box of pixels in the grid of a group's first file."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, row: NDArray[np.float64], column: NDArray[np.float64], margin: int) -> _Box:
        return cls(
            int(np.floor(row.min())) - margin,
            int(np.floor(column.min())) - margin,
            int(np.ceil(row.max())) + margin,
            int(np.ceil(column.max())) + margin,
        )

    @classmethod
    def around(cls, boxes: Sequence[_Box]) -> _Box:
        return cls(
            min(box.top for box in boxes),
            min(box.left for box in boxes),
            max(box.bottom for box in boxes),
            max(box.right for box in boxes),
        )

    @property
    def cells(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def cut(self, other: _Box) -> _Box | None:
        cut = _Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )
        return cut if cut.top < cut.bottom and cut.left < cut.right else None


def _paste(
    strip: NDArray[np.float32], area: _Box, raster: Raster, offset: tuple[int, int], part: _Box
) -> None:
    window = Window(
        part.left - offset[1], part.top - offset[0], part.right - part.left, part.bottom - part.top
    )
    with opened(raster.file) as dataset:
        heights = read_heights(dataset, raster, window)
    target = strip[
        part.top - area.top : part.bottom - area.top, part.left - area.left : part.right - area.left
    ]
    np.copyto(target, heights, where=np.isnan(target))


def _block_mean(heights: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Average blocks, leaving missing heights out; NaN where more than half of a block is missing."""
    if size == 1:
        return heights
    rows, columns = heights.shape[0] // size, heights.shape[1] // size
    blocks = heights.reshape(rows, size, columns, size)
    present = ~np.isnan(blocks)
    count = present.sum(axis=(1, 3))
    total = np.where(present, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    mean = np.full((rows, columns), np.nan, np.float32)
    np.divide(total, count, out=mean, where=count * 2 >= size * size, casting="unsafe")
    return mean
