"""DEM files of any kind to heights in the local frame.

Missing heights are masked before anything is interpolated. Files of the same grid are joined at their
own resolution first, so that neighbouring tiles meet without a seam; grids of different resolution are
laid over each other, the finest on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio.crs
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from scipy import ndimage

from terrain.errors import CoverageError, ElevationFileError
from terrain.rasters import Raster, inspect, opened, raster_files, read_heights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from terrain.frame import LocalFrame

_NATIVE_LIMIT = 400_000_000
_STRIP_CELLS = 16_000_000
_WARP_ERROR_CELLS = 0.005


@dataclass(frozen=True)
class GridPlan:
    """Where the posts of a grid lie in the local frame; see :class:`terrain.ElevationGrid`."""

    x0_m: float
    y0_m: float
    step_m: float
    rows: int
    columns: int

    @property
    def transform(self) -> Affine:
        """Corner of the cell about post [0, 0], for a raster whose rows go north."""
        half = self.step_m / 2
        return Affine(self.step_m, 0.0, self.x0_m - half, 0.0, self.step_m, self.y0_m - half)

    def outline_m(self, *, points: int = 33) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a lattice of positions over the box, for finding the part of a file that it needs."""
        x = np.linspace(self.x0_m, self.x0_m + (self.columns - 1) * self.step_m, points)
        y = np.linspace(self.y0_m, self.y0_m + (self.rows - 1) * self.step_m, points)
        lattice_x, lattice_y = np.meshgrid(x, y)
        return lattice_x.ravel(), lattice_y.ravel()


@dataclass(frozen=True)
class Sources:
    """DEM files that were opened and understood, finest first, and what there is to say about them."""

    rasters: tuple[Raster, ...]
    messages: tuple[str, ...]

    @property
    def finest_m(self) -> float:
        """Cell size of the finest file in metres; infinite where there is none."""
        return min((raster.cell_m for raster in self.rasters), default=float("inf"))


def open_sources(paths: Sequence[Path]) -> Sources:
    """Look at DEM files and folders of them.

    A file that the user named must be usable; in a folder, files that are not are passed over with a message.

    Raises
    ------
    ElevationFileError
        A named file is not usable, or a folder holds none that is.
    """
    rasters: list[Raster] = []
    messages: list[str] = []
    for path, named in raster_files([Path(path) for path in paths]):
        try:
            raster = inspect(path)
        except ElevationFileError as error:
            if named:
                raise
            messages.append(f"Passed over: {error}")
            continue
        rasters.append(raster)
        messages.extend(raster.messages)
    if paths and not rasters:
        raise ElevationFileError(
            f"None of the files in {', '.join(map(str, paths))} can be used: {messages[0]}"
        )
    return Sources(tuple(sorted(rasters, key=lambda raster: raster.cell_m)), tuple(messages))


def read_heights_on(plan: GridPlan, sources: Sources, *, frame: LocalFrame) -> NDArray[np.float32]:
    """Return heights at the posts of a plan, (rows, columns) float32, NaN where the files hold none.

    Resampling is cubic. Where a finer grid ends inside a coarser one, it fades over a few cells, so that a
    difference between the two does not show as a step.

    Raises
    ------
    ElevationFileError
        A file breaks off while it is read.
    """
    merged = np.full((plan.rows, plan.columns), np.nan, np.float32)
    for group in _same_grids(sources.rasters):
        missing = np.isnan(merged)
        if not missing.any():
            break
        below = _warped(group, plan, frame)
        if below is not None:
            merged = _laid_over(merged, below, missing, fade_posts=4 * group[0].cell_m / plan.step_m)
    return merged


def sample_heights(dem_paths: Sequence[Path], lon_deg: ArrayLike, lat_deg: ArrayLike) -> NDArray[np.float64]:
    """Interpolate heights bilinearly at the files' own resolution; NaN where they hold none.

    For roads that come without heights. The finest file that has a height at a position gives it. Positions
    are WGS 84 degrees; the result has their shape.

    Raises
    ------
    ElevationFileError
        A file cannot be used.
    """
    lon, lat = np.broadcast_arrays(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
    result = np.full(lon.size, np.nan)
    for group in _same_grids(open_sources(dem_paths).rasters):
        to_source = Transformer.from_crs("EPSG:4326", group[0].crs, always_xy=True)
        x, y = to_source.transform(lon.ravel(), lat.ravel())
        column, row = ~group[0].transform @ np.array([np.asarray(x), np.asarray(y)])
        usable = np.isfinite(column) & np.isfinite(row) & np.isnan(result)
        if not usable.any():
            continue
        found = _joined(group, column[usable], row[usable], reduce=1)
        if found is None:
            continue
        heights, window, _ = found
        at = np.array([row[usable] - 0.5 - window.row_off, column[usable] - 0.5 - window.col_off])
        result[usable] = ndimage.map_coordinates(
            heights, at, order=1, mode="constant", cval=np.nan, prefilter=False
        )
    return result.reshape(lon.shape)


def require_coverage(covered: NDArray[np.bool_], paths: Sequence[Path]) -> None:
    """Refuse DEM files that hold no height for any point of the road.

    Raises
    ------
    CoverageError
    """
    if not covered.any():
        names = ", ".join(str(path) for path in paths)
        raise CoverageError(
            f"{names}: covers no part of the road; give the DEM tiles of the region, "
            "or no DEM for plain ground."
        )


def _same_grids(rasters: Sequence[Raster]) -> list[list[Raster]]:
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
    if first.crs != other.crs or (first.coding != other.coding):
        return None
    column, row = ~a @ (b.c, b.f)
    if abs(column - round(column)) > 0.1 or abs(row - round(row)) > 0.1:
        return None
    return round(row), round(column)


def _warped(group: list[Raster], plan: GridPlan, frame: LocalFrame) -> NDArray[np.float32] | None:
    """Bring the files of one grid onto the plan; None where they do not reach it."""
    x_m, y_m = plan.outline_m()
    lon, lat = frame.to_wgs84(x_m, y_m)
    to_source = Transformer.from_crs("EPSG:4326", group[0].crs, always_xy=True)
    x, y = to_source.transform(lon, lat)
    column, row = ~group[0].transform @ np.array([np.asarray(x), np.asarray(y)])
    reduce = max(1, int(plan.step_m / group[0].cell_m + 0.01))
    found = _joined(group, column, row, reduce=reduce)
    if found is None:
        return None
    heights, window, reduce = found
    transform = group[0].transform @ Affine.translation(window.col_off, window.row_off) @ Affine.scale(reduce)
    return _reprojected(heights, transform, group[0].crs, plan, frame)


def _reprojected(
    heights: NDArray[np.float32], transform: Affine, crs: CRS, plan: GridPlan, frame: LocalFrame
) -> NDArray[np.float32]:
    """Resample onto a plan. A warped view, because there the error allowed in positions can be chosen."""
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": np.nan, "tiled": True}
    shape = {"height": heights.shape[0], "width": heights.shape[1]}
    with MemoryFile() as memory:
        with memory.open(**profile, **shape, transform=transform, crs=_raster_crs(crs)) as target:
            target.write(heights, 1)
        with (
            memory.open() as source,
            WarpedVRT(
                source,
                crs=_raster_crs(frame.crs),
                transform=plan.transform,
                width=plan.columns,
                height=plan.rows,
                resampling=Resampling.cubic,
                src_nodata=np.nan,
                nodata=np.nan,
                tolerance=_WARP_ERROR_CELLS,
                NUM_THREADS="2",
            ) as warped,
        ):
            resampled: NDArray[np.float32] = warped.read(1)
            return resampled


def _raster_crs(crs: CRS) -> rasterio.crs.CRS:
    return rasterio.crs.CRS.from_wkt(crs.to_wkt())


def _joined(
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
    while whole.cells / reduce**2 > _NATIVE_LIMIT / 8:
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
    with opened(raster.path) as dataset:
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


def _laid_over(
    upper: NDArray[np.float32], lower: NDArray[np.float32], missing: NDArray[np.bool_], *, fade_posts: float
) -> NDArray[np.float32]:
    """Fill what is missing above from below, and fade the upper one out towards its border."""
    if missing.all():
        return lower
    both = ~missing & ~np.isnan(lower)
    if not both.any():
        return np.where(missing, lower, upper)
    depth = ndimage.distance_transform_edt(~missing).astype(np.float32)
    weight = np.clip(depth / np.float32(max(fade_posts, 1.0)), 0, 1)
    blended = np.where(both, lower + (upper - lower) * weight, upper)
    return np.where(missing, lower, blended)
