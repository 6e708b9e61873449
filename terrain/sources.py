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
from scipy import ndimage

from terrain.errors import CoverageError, ElevationFileError
from terrain.finding import find_files
from terrain.native import joined, same_grids
from terrain.rasters import Raster, inspect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from terrain.frame import LocalFrame
    from terrain.geoid import Geoid

_LATTICE_M = 1000.0
_ROAD_CELL_M = 10.0
_COARSER = 7 / 6
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
    geoid: Geoid | None = None
    """Given where the files' heights are above the ellipsoid."""

    @property
    def finest_m(self) -> float:
        """Cell size of the finest file in metres; infinite where there is none."""
        return min((raster.cell_m for raster in self.rasters), default=float("inf"))

    def groups(self, step_m: float) -> list[list[Raster]]:
        """Return the files of common grids together, in the order in which they are laid over each other.

        The finest come first, but of a pyramid the level whose cells are as fine as the step, or hardly
        coarser; finer levels only stand in for tiles that it lacks.
        """
        chosen: dict[Path, float] = {}
        for raster in self.rasters:  # finest first
            if raster.file.zoom >= 0 and raster.cell_m <= step_m * _COARSER:
                chosen[raster.path] = raster.cell_m

        def order(raster: Raster) -> tuple[float, float]:
            wanted = chosen.get(raster.path, 0.0) if raster.file.zoom >= 0 else 0.0
            return max(raster.cell_m, wanted), abs(raster.cell_m - wanted)

        return same_grids(sorted(self.rasters, key=order))


def open_sources(paths: Sequence[Path], *, geoid: Geoid | None = None) -> Sources:
    """Look at DEM files, folders and archives of them, and pyramids of tiles.

    A file that the user named must be usable; in a folder or archive, files that are not are passed over
    with a message. ``geoid`` is given where their heights are above the ellipsoid.

    Raises
    ------
    ElevationFileError
        A named file is not usable, or a folder holds none that is.
    """
    rasters: list[Raster] = []
    messages: list[str] = []
    for file in find_files([Path(path) for path in paths]):
        try:
            raster = inspect(file)
        except ElevationFileError as error:
            if file.named:
                raise
            messages.append(f"Passed over: {error}")
            continue
        rasters.append(raster)
        messages.extend(raster.messages)
    if paths and not rasters:
        raise ElevationFileError(
            f"None of the files in {', '.join(map(str, paths))} can be used: {messages[0]}"
        )
    finest_first = tuple(sorted(rasters, key=lambda raster: raster.cell_m))
    return Sources(finest_first, tuple(dict.fromkeys(messages)), geoid)


def read_heights_on(plan: GridPlan, sources: Sources, *, frame: LocalFrame) -> NDArray[np.float32]:
    """Return heights at the posts of a plan, (rows, columns) float32, NaN where the files hold none.

    Resampling is cubic. Where a finer grid ends inside a coarser one, it fades over a few cells, so that a
    difference between the two does not show as a step.

    Raises
    ------
    ElevationFileError
        A file breaks off while it is read, or heights above the ellipsoid cannot be converted.
    """
    merged = np.full((plan.rows, plan.columns), np.nan, np.float32)
    for group in sources.groups(plan.step_m):
        missing = np.isnan(merged)
        if not missing.any():
            break
        if group[0].file.zoom >= 0 and not _reaches(group, plan, frame, missing):
            continue
        below = _warped(group, plan, frame)
        if below is not None:
            merged = _laid_over(merged, below, missing, fade_posts=4 * group[0].cell_m / plan.step_m)
    if sources.geoid is not None:
        merged -= _undulation_on(plan, sources.geoid, frame)
    return merged


def sample_heights(
    dem_paths: Sequence[Path], lon_deg: ArrayLike, lat_deg: ArrayLike, *, geoid: Geoid | None = None
) -> NDArray[np.float64]:
    """Interpolate heights bilinearly at the files' own resolution; NaN where they hold none.

    For roads that come without heights. The finest file that has a height at a position gives it. Positions
    are WGS 84 degrees; the result has their shape. ``geoid`` as in :func:`open_sources`.

    Raises
    ------
    ElevationFileError
        A file cannot be used.
    """
    lon, lat = np.broadcast_arrays(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
    result = np.full(lon.size, np.nan)
    for group in open_sources(dem_paths).groups(_ROAD_CELL_M):
        to_source = Transformer.from_crs("EPSG:4326", group[0].crs, always_xy=True)
        x, y = to_source.transform(lon.ravel(), lat.ravel())
        column, row = ~group[0].transform @ np.array([np.asarray(x), np.asarray(y)])
        usable = np.isfinite(column) & np.isfinite(row) & np.isnan(result)
        if usable.any():
            result[usable] = _sampled(group, column[usable], row[usable])
    if geoid is not None:
        known = np.isfinite(result)
        result[known] -= geoid.undulation_m(lon.ravel()[known], lat.ravel()[known])
    return result.reshape(lon.shape)


def _sampled(
    group: list[Raster], column: NDArray[np.float64], row: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sample the files of one grid at positions in the first one's pixels.

    The outer half of a border cell has its height: there another file may go on in another grid. A road
    that needs more cells than can be held at once is taken in parts.
    """
    found = joined(group, column, row, reduce=1)
    if found is None:
        return np.full(column.size, np.nan)
    heights, window, reduce = found
    if reduce > 1 and column.size > 1:
        middle = column.size // 2
        return np.concatenate(
            [_sampled(group, column[part], row[part]) for part in (slice(None, middle), slice(middle, None))]
        )
    at = np.array([(row - window.row_off) / reduce - 0.5, (column - window.col_off) / reduce - 0.5])
    last = np.array(heights.shape)[:, None] - 1.0
    inside = ((at >= -0.5) & (at <= last + 0.5)).all(axis=0)
    sampled = ndimage.map_coordinates(
        heights, np.clip(at, 0.0, last), order=1, mode="nearest", prefilter=False, output=np.float64
    )
    return np.where(inside, sampled, np.nan)


def _undulation_on(plan: GridPlan, geoid: Geoid, frame: LocalFrame) -> NDArray[np.float32]:
    """Height of the geoid above the ellipsoid at the posts of a plan, from a lattice of a kilometre."""
    spans_m = ((plan.rows - 1) * plan.step_m, (plan.columns - 1) * plan.step_m)
    rows, columns = (int(span_m / _LATTICE_M) + 2 for span_m in spans_m)
    x = np.linspace(plan.x0_m, plan.x0_m + spans_m[1], columns)
    y = np.linspace(plan.y0_m, plan.y0_m + spans_m[0], rows)
    lattice = geoid.undulation_m(*frame.to_wgs84(*np.meshgrid(x, y)))
    missing = np.isnan(lattice)
    if missing.any():
        nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
        lattice = lattice[tuple(nearest)]
    at_rows = np.linspace(0.0, rows - 1.0, plan.rows)
    at_columns = np.linspace(0.0, columns - 1.0, plan.columns)
    along = np.stack([np.interp(at_columns, np.arange(columns), line) for line in lattice])
    lower = np.minimum(at_rows.astype(np.intp), rows - 2)
    share = (at_rows - lower)[:, None]
    undulation: NDArray[np.float64] = along[lower] * (1 - share) + along[lower + 1] * share
    return undulation.astype(np.float32)


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


def _reaches(group: list[Raster], plan: GridPlan, frame: LocalFrame, missing: NDArray[np.bool_]) -> bool:
    """Tell whether files of one grid lie where heights are missing, on a lattice that misses only slivers."""
    rows, columns = (np.unique(np.linspace(0, count - 1, 65).astype(np.intp)) for count in missing.shape)
    row, column = (at[missing[np.ix_(rows, columns)]] for at in np.meshgrid(rows, columns, indexing="ij"))
    lon, lat = frame.to_wgs84(plan.x0_m + column * plan.step_m, plan.y0_m + row * plan.step_m)
    for raster in group:
        x, y = Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True).transform(lon, lat)
        across, down = ~raster.transform @ np.array([np.asarray(x), np.asarray(y)])
        if ((across > 0) & (across < raster.width) & (down > 0) & (down < raster.height)).any():
            return True
    return False


def _warped(group: list[Raster], plan: GridPlan, frame: LocalFrame) -> NDArray[np.float32] | None:
    """Bring the files of one grid onto the plan; None where they do not reach it."""
    x_m, y_m = plan.outline_m()
    lon, lat = frame.to_wgs84(x_m, y_m)
    to_source = Transformer.from_crs("EPSG:4326", group[0].crs, always_xy=True)
    x, y = to_source.transform(lon, lat)
    column, row = ~group[0].transform @ np.array([np.asarray(x), np.asarray(y)])
    reduce = max(1, int(plan.step_m / group[0].cell_m + 0.01))
    found = joined(group, column, row, reduce=reduce)
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
