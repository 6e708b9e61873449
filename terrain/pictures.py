"""Pictures of the ground from above: one of all of it, and finer ones of the tiles beside the road."""

from __future__ import annotations

import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain.errors import TerrainError
from terrain.sources import GridPlan
from terrain.tiles import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from terrain.painting import Painter

LONGEST_SIDE = 4096
_FINEST_M = 2.5
_MOST_PIXELS = 64_000_000
_WORTH_IT = 0.7
_FINE_EVERYWHERE_PIXELS = 24_000_000
_FINE_WITHIN_M = 400.0
_COARSER, _COARSER_WITHIN_M = 3, 1300.0
_FADE = 0.3
_BLOCK = 384
_MARGIN = 4
_QUALITY = 90
_WORKERS = 2
_FOLDER = "pictures"
_BOUNDS = "picture_bounds_m.npy"
_LARGEST_BYTES = 50_000_000


@dataclass(frozen=True)
class Texture:
    """A picture of the ground seen from above, light baked in, to be laid over land.

    A position has u = (x - west) / (east - west) and v = (y - south) / (north - south), with v = 0 at the
    bottom of the picture.

    Attributes
    ----------
    image : (h, w, 3) uint8
        sRGB, the northernmost row first.
    bounds_m : tuple of float
        West, south, east, north outer edges of the picture, local metres.
    """

    image: NDArray[np.uint8]
    bounds_m: tuple[float, float, float, float]


@dataclass(frozen=True)
class Pictures:
    """Compressed pictures of some tiles, each read when it is asked for.

    Attributes
    ----------
    bounds_m : (k, 4) float64
        Bounds of the picture of each tile, as in :class:`Texture`; NaN for tiles without one.
    source : Path or mapping
        The folder with the files, or JPEG data by tile.
    """

    bounds_m: NDArray[np.float64]
    source: Path | Mapping[int, bytes]

    def has(self, tile: int) -> bool:
        """Tell whether a tile has a picture."""
        return bool(np.isfinite(self.bounds_m[tile]).all())

    def read(self, tile: int, reduction: int = 1) -> Texture | None:
        """Return the picture of a tile; None for tiles without one.

        ``reduction`` is 1, 2, 4 or 8: means of squares that many pixels wide, counted from the north-west,
        which are read the sooner the wider they are.

        Raises
        ------
        TerrainError
            Its file is damaged or gone.
        """
        if not self.has(tile):
            return None
        try:
            content = self._content(tile)
            with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
                if max(picture.size) > LONGEST_SIDE or picture.mode != "RGB":
                    raise TerrainError(
                        f"{self._name(tile)} is no picture of a tile; prepare the stage again."
                    )
                width, height = picture.size
                if reduction <= min(width, height):  # as is usual; JPEG is then decoded no finer than that
                    picture.draft("RGB", (width // reduction, height // reduction))
                    image = np.asarray(picture)
                else:
                    image = np.asarray(picture.reduce(reduction))
        except (OSError, SyntaxError, ValueError) as error:
            raise TerrainError(
                f"{self._name(tile)} is missing or damaged; prepare the stage again."
            ) from error
        west, south, east, north = self.bounds_m[tile].tolist()
        across, down = reduction * (east - west) / width, reduction * (north - south) / height
        rows, columns = image.shape[:2]
        return Texture(image, (west, north - down * rows, west + across * columns, north))

    def _name(self, tile: int) -> str:
        return str(self.source / f"{tile}.jpg") if isinstance(self.source, Path) else f"Picture {tile}"

    def _content(self, tile: int) -> bytes:
        if not isinstance(self.source, Path):
            return self.source[tile]
        with (self.source / f"{tile}.jpg").open("rb") as stream:
            return stream.read(_LARGEST_BYTES)

    def save(self, folder: Path) -> None:
        """Write the bounds, and a folder with a file for each picture."""
        np.save(folder / _BOUNDS, self.bounds_m, allow_pickle=False)
        (folder / _FOLDER).mkdir()
        for tile in np.flatnonzero(np.isfinite(self.bounds_m).all(axis=1)).tolist():
            (folder / _FOLDER / f"{tile}.jpg").write_bytes(self._content(tile))

    @classmethod
    def open(cls, folder: Path, tiles: int) -> Pictures:
        """Open what :meth:`save` wrote; pictures are read later.

        Raises
        ------
        TerrainError
            The table of bounds is missing or does not fit, or a picture is not there.
        """
        bounds = np.array(load(folder / _BOUNDS, np.float64, (tiles, 4)))
        finite = np.isfinite(bounds).all(axis=1)
        if (bounds[finite, :2] >= bounds[finite, 2:]).any():
            raise TerrainError(f"{folder / _BOUNDS} is damaged; prepare the stage again.")
        for tile in np.flatnonzero(finite).tolist():
            if not (folder / _FOLDER / f"{tile}.jpg").is_file():
                raise TerrainError(f"A picture is missing in {folder / _FOLDER}; prepare the stage again.")
        return cls(bounds, folder / _FOLDER)


def paint_tiles(
    painter: Painter, picture: NDArray[np.uint8], boxes_m: Mapping[int, NDArray[np.float32]], tiles: int
) -> Pictures:
    """Paint some tiles finer than the whole ground: 2.5 m a pixel, or 64 million pixels for all of them.

    Where that would be more than 24 million pixels, they are so fine within 400 m of the road only, a third
    as fine to 1.3 km, and farther off they show the picture of the whole ground. Pixels of all pictures lie
    on one lattice and are painted once, block by block; each picture reaches a pixel or more beyond its
    tile, so neighbours show the same along a common border. Where that is hardly finer than the painting of
    the whole ground there are no pictures.

    Parameters
    ----------
    painter : Painter
    picture : (rows, columns, 3) uint8
        The painting of the whole ground on ``painter.plan``.
    boxes_m : mapping of int to (2, 2) float32
        South-west and north-east corner of each tile to paint, local metres.
    tiles : int
        How many there are in all.
    """
    bounds = np.full((tiles, 4), np.nan)
    numbers = sorted(boxes_m)
    sizes = np.array([np.ptp(boxes_m[tile], axis=0) for tile in numbers], float).reshape(-1, 2)
    area_m2 = float(sizes.prod(axis=1).sum())
    step_m = max(_FINEST_M, float(np.sqrt(area_m2 / _MOST_PIXELS)))
    if len(numbers):
        step_m = max(step_m, float(sizes.max()) / (LONGEST_SIDE - 8))
    whole = painter.plan
    if step_m > _WORTH_IT * whole.step_m * max(1.0, max(whole.rows, whole.columns) / LONGEST_SIDE):
        return Pictures(bounds, {})
    everywhere = area_m2 / step_m**2 <= _FINE_EVERYWHERE_PIXELS
    blocks = _Blocks(painter, picture, step_m, everywhere=everywhere)
    windows = {tile: blocks.window_of(boxes_m[tile]) for tile in numbers}
    for tile, (first, last) in windows.items():
        west, south = np.array([whole.x0_m, whole.y0_m]) + (first - 0.5) * step_m
        columns, rows = last - first + 1
        bounds[tile] = west, south, west + columns * step_m, south + rows * step_m

    def compressed(tile: int) -> bytes:
        upright = np.ascontiguousarray(blocks.cut(*windows[tile])[::-1])
        # Into a real file Pillow compresses without holding the interpreter's lock, so threads get ahead.
        with tempfile.TemporaryFile() as stream:
            Image.fromarray(upright).save(stream, "JPEG", quality=_QUALITY)
            stream.seek(0)
            return stream.read()

    with ThreadPoolExecutor(_WORKERS) as pool:
        blocks.paint(windows.values(), pool)
        return Pictures(bounds, dict(zip(numbers, pool.map(compressed, numbers), strict=True)))


class _Blocks:
    """Square blocks of one lattice of pixels, counted from the first post of the whole painting."""

    def __init__(
        self, painter: Painter, picture: NDArray[np.uint8], step_m: float, *, everywhere: bool
    ) -> None:
        self._painter = painter
        self._step_m = step_m
        self._painted: dict[tuple[int, int], NDArray[np.uint8]] = {}
        whole = painter.plan
        beyond = int(np.ceil(2 * _BLOCK * step_m / whole.step_m))
        self._whole = Image.fromarray(
            np.pad(picture, ((beyond, beyond), (beyond, beyond), (0, 0)), mode="edge")
        )
        self._plan = GridPlan(
            whole.x0_m - beyond * whole.step_m,
            whole.y0_m - beyond * whole.step_m,
            whole.step_m,
            whole.rows + 2 * beyond,
            whole.columns + 2 * beyond,
        )
        coarse = (_COARSER, _COARSER_WITHIN_M)
        self._zones = [coarse] if not everywhere and _COARSER * step_m < _WORTH_IT * whole.step_m else []
        self._zones.append((1, float("inf") if everywhere else _FINE_WITHIN_M))

    def window_of(self, box_m: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the first and the last pixel (column, row) of a picture that holds a box."""
        whole = self._painter.plan
        place = (np.asarray(box_m, float) - (whole.x0_m, whole.y0_m)) / self._step_m
        return np.floor(place[0]).astype(np.intp) - 1, np.ceil(place[1]).astype(np.intp) + 1

    def paint(
        self, windows: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]], pool: ThreadPoolExecutor
    ) -> None:
        """Paint every block that some window touches."""
        keys = sorted({key for first, last in windows for key in _touched(first, last)})
        self._painted.update(zip(keys, pool.map(self._block, keys), strict=True))

    def cut(self, first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Put a window together of painted blocks, rows northwards."""
        columns, rows = last - first + 1
        picture = np.empty((rows, columns, 3), np.uint8)
        for key in _touched(first, last):
            begin = np.array(key) * _BLOCK
            low, high = np.maximum(first, begin), np.minimum(last + 1, begin + _BLOCK)
            there = tuple(slice(a, b) for a, b in zip((low - first)[::-1], (high - first)[::-1], strict=True))
            here = tuple(slice(a, b) for a, b in zip((low - begin)[::-1], (high - begin)[::-1], strict=True))
            picture[there] = self._painted[key][here]
        return picture

    def _block(self, key: tuple[int, int]) -> NDArray[np.uint8]:
        whole = self._painter.plan
        below, plan = self._whole, self._plan
        for coarser, within_m in self._zones:
            step_m = coarser * self._step_m
            margin = _MARGIN if coarser > 1 else 0
            column, row = (number * _BLOCK // coarser - margin for number in key)
            side = _BLOCK // coarser + 2 * margin
            window = GridPlan(whole.x0_m + column * step_m, whole.y0_m + row * step_m, step_m, side, side)
            colours = _enlarged(below, plan, window)
            fade_m = _FADE * within_m if np.isfinite(within_m) else 0.0
            self._painter.paint_over(colours, window, within_m=within_m, fade_m=fade_m)
            below, plan = Image.fromarray(colours), window
        return colours


def _touched(first: NDArray[np.intp], last: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the blocks (column, row) that a window lies on."""
    west, south = (first // _BLOCK).tolist()
    east, north = (last // _BLOCK).tolist()
    return [(column, row) for column in range(west, east + 1) for row in range(south, north + 1)]


def _enlarged(picture: Image.Image, plan: GridPlan, window: GridPlan) -> NDArray[np.uint8]:
    """Return what a picture shows on the pixels of a finer window within it."""
    scale = window.step_m / plan.step_m
    west = (window.x0_m - plan.x0_m) / plan.step_m + 0.5 - 0.5 * scale
    south = (window.y0_m - plan.y0_m) / plan.step_m + 0.5 - 0.5 * scale
    box = (west, south, west + window.columns * scale, south + window.rows * scale)
    part = picture.resize((window.columns, window.rows), Image.Resampling.BICUBIC, box=box)
    return np.array(part)
