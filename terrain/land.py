"""The land that is drawn: elevation data, completed and laid under the road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.apron import bench, fill_small_voids, lay_apron
from terrain.elevation import ElevationGrid
from terrain.registration import road_fit
from terrain.roadside import structure_heights
from terrain.sources import GridPlan, Sources, read_heights_on, require_coverage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.line import GroundLine

_VOIDS_SHARE = 0.005
_VOIDS_NEAR_M = 300.0
_VOIDS_BESIDE = 0.10
_VOIDS_LENGTH_M = 500.0


@dataclass(frozen=True)
class Land:
    """Finite heights on a grid along the road, and what is known about each post.

    Attributes
    ----------
    plan : GridPlan
    heights_m : (rows, columns) float32
        Before exaggeration.
    covered, filled : (rows, columns) bool
        As in :class:`terrain.ElevationGrid`.
    measured : (rows, columns) float32
        Share of elevation data in each height: 1 on measured land, 0 on the apron.
    distance_m : (rows, columns) float32
        How far out each post lies (:func:`terrain.corridor.distance_to_road`).
    """

    plan: GridPlan
    heights_m: NDArray[np.float32]
    covered: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    measured: NDArray[np.float32]
    distance_m: NDArray[np.float32]

    @property
    def grid(self) -> ElevationGrid:
        """The heights as a grid."""
        plan = self.plan
        return ElevationGrid(self.heights_m, plan.x0_m, plan.y0_m, plan.step_m, self.covered, self.filled)


def raw_heights(
    plan: GridPlan, sources: Sources, elevation: ElevationGrid | None, frame: LocalFrame
) -> NDArray[np.float32]:
    """Return the heights that are known at the posts of a plan, (rows, columns) float32, NaN elsewhere.

    ``elevation``, where given, lies on top of the files.

    Raises
    ------
    ElevationFileError
        A file breaks off while it is read.
    """
    heights = read_heights_on(plan, sources, frame=frame)
    if elevation is None:
        return heights
    x = plan.x0_m + np.arange(plan.columns) * plan.step_m
    y = plan.y0_m + np.arange(plan.rows) * plan.step_m
    given = elevation.sample(x[None, :], y[:, None]).astype(np.float32)
    return np.where(np.isnan(given), heights, given)


def lay_out(
    plan: GridPlan,
    raw: NDArray[np.float32],
    distance: NDArray[np.float32],
    line: GroundLine,
    sources: Sources,
    half_width_m: float,
) -> tuple[Land, GroundLine, list[str]]:
    """Make land of what the files hold: small voids filled, an apron where they end, the road's bed in it.

    Parameters
    ----------
    plan : GridPlan
    raw : (rows, columns) float32
        From :func:`raw_heights`; it is changed.
    distance : (rows, columns) float32
        From :func:`terrain.corridor.distance_to_road`.
    line : GroundLine
        Its heights may be unknown.
    sources : Sources
    half_width_m : float

    Returns
    -------
    land : Land
    line : GroundLine
        With heights everywhere.
    messages : list of str
        What the user should know about his files.

    Raises
    ------
    CoverageError
        Files were given and cover no part of the road.
    """
    raw[distance > half_width_m + 30 * plan.step_m] = np.nan
    messages = _road_fit(plan, raw, line, sources)
    heights, filled = fill_small_voids(raw, step_m=plan.step_m)
    grid = ElevationGrid(heights, plan.x0_m, plan.y0_m, plan.step_m, ~np.isnan(heights), filled)
    if sources.rasters:
        require_coverage(grid.sample_covered(line.x_m, line.y_m), [raster.path for raster in sources.rasters])
    messages += _voids(grid, distance <= half_width_m, line)
    line = line.with_heights(grid.sample(line.x_m, line.y_m))
    complete, measured = lay_apron(heights, distance, plan=plan, line=line, half_width_m=half_width_m)
    land = Land(plan, complete, grid.covered, filled, measured, distance)
    draped = land.grid.sample(line.x_m, line.y_m)
    on_data = land.grid.sample_covered(line.x_m, line.y_m)
    _, on_structure = structure_heights(line, draped, on_data)
    bench(complete, plan=plan, line=line, draped_m=draped, apart=on_structure | ~on_data)
    return land, line, messages


def _voids(grid: ElevationGrid, drawn: NDArray[np.bool_], line: GroundLine) -> list[str]:
    """Say so where invented heights matter: over much of the land, or beside the road over some length."""
    holes = grid.filled & drawn
    if not holes.any():
        return []
    share = float(holes.sum()) / max(1, int((grid.covered & drawn).sum()))
    dense = line.densified(50.0)
    column = np.clip(np.rint((dense.x_m - grid.x0_m) / grid.step_m).astype(np.intp), 0, drawn.shape[1] - 1)
    row = np.clip(np.rint((dense.y_m - grid.y0_m) / grid.step_m).astype(np.intp), 0, drawn.shape[0] - 1)
    reach = 2 * int(np.ceil(_VOIDS_NEAR_M / grid.step_m)) + 1
    beside = ndimage.uniform_filter(holes.astype(np.float32), reach)[row, column] > _VOIDS_BESIDE
    beside_m = float(beside.mean()) * float(line.distance_m[-1])
    if share <= _VOIDS_SHARE and beside_m <= _VOIDS_LENGTH_M:
        return []
    where = f", beside {beside_m / 1000:,.1f} km of the road" if beside_m > _VOIDS_LENGTH_M else ""
    area_km2 = holes.sum() * grid.step_m**2 / 1e6
    return [f"The elevation data have voids: {area_km2:,.1f} km² ({share:.1%}) were interpolated{where}."]


def _road_fit(plan: GridPlan, raw: NDArray[np.float32], line: GroundLine, sources: Sources) -> list[str]:
    """Say how the elevation data fit the road's own heights."""
    if not sources.rasters:
        return []
    grid = ElevationGrid(
        raw, plan.x0_m, plan.y0_m, plan.step_m, ~np.isnan(raw), np.zeros(raw.shape, np.bool_)
    )
    fit = road_fit(grid, line, cell_m=sources.finest_m)
    if fit is None:
        return []
    names = [raster.file.label for raster in sources.rasters]
    return [fit.sentence(names, converted=sources.geoid is not None)]
