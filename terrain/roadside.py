"""The road on the ground: vertices below it, its height on the drawn mesh, tunnels and bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from terrain.line import BRIDGE
from terrain.sampling import MeshSampler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.land import Land
    from terrain.line import GroundLine
    from terrain.sources import GridPlan

_FORCED_M = 60.0
_LANES_M = (0.0, -5.0, 5.0)
_SAMPLES_M = 1.0
_ALL_AROUND_M = 6.0
_ENDS_M = 160.0

_SPACING_M = 10.0
_NEIGHBOURHOOD_M = 10_000.0
_GRADIENT_WINDOW_M = 60.0
_STEEPEST_DRAPED = 0.25
_STEEPEST_OWN = 0.13
_LEAST_PEAK_M = 40.0
_LEAST_PEAK_SPREADS = 4.5
_SURE_PEAK_M = 80.0
_LEAST_ANYWHERE_M = 5.0
_LONGEST_M = 8000.0


def road_posts(line: GroundLine, plan: GridPlan) -> NDArray[np.bool_]:
    """Return the posts nearest to the road every 60 m, and to its start and finish, (rows, columns)."""
    posts = np.zeros((plan.rows, plan.columns), np.bool_)
    sparse = line.densified(_FORCED_M)
    row = np.rint((sparse.y_m - plan.y0_m) / plan.step_m).astype(np.intp)
    column = np.rint((sparse.x_m - plan.x0_m) / plan.step_m).astype(np.intp)
    posts[row, column] = True
    return posts


def vertices_below_road(triangles: NDArray[np.int32], land: Land, line: GroundLine) -> NDArray[np.bool_]:
    """Return the corners of all triangles that the road touches, with both its edges, (rows, columns) bool.

    Triangles are found every metre along the road, and those that it touches for less share all three
    corners with their neighbours, or lie about a vertex beside the road: all triangles about such vertices
    are taken. So are those about the start and the finish, where riders roll out.
    """
    plan = land.plan
    corners = np.ascontiguousarray(triangles.T)
    rows, columns = np.divmod(corners, np.int32(plan.columns))
    reach = np.maximum(np.ptp(rows, axis=0), np.ptp(columns, axis=0)) * np.float32(plan.step_m)
    near = np.flatnonzero(land.distance_m.reshape(-1)[corners].min(axis=0) < reach + _ENDS_M + plan.step_m)
    candidates = triangles[near]
    used, faces = np.unique(candidates, return_inverse=True)
    row, column = np.divmod(used, plan.columns)
    at = np.stack([plan.x0_m + column * plan.step_m, plan.y0_m + row * plan.step_m], axis=1)
    sampler = MeshSampler(np.column_stack([at, np.zeros(len(at))]), faces.reshape(-1, 3))
    dense = line.densified(_SAMPLES_M)
    along_x, along_y = np.gradient(dense.x_m), np.gradient(dense.y_m)
    length = np.maximum(np.hypot(along_x, along_y), 1e-9)
    touched = np.zeros(len(candidates), np.bool_)
    for lane in _LANES_M:
        found = sampler.find(dense.x_m - lane * along_y / length, dense.y_m + lane * along_x / length)
        touched[found[found >= 0]] = True
    beside = cKDTree(np.stack([dense.x_m, dense.y_m], axis=1)).query(
        at, distance_upper_bound=_ALL_AROUND_M + max(_LANES_M)
    )[0]
    ends = np.min(np.hypot(at[:, :1] - line.x_m[[0, -1]], at[:, 1:] - line.y_m[[0, -1]]), axis=1)
    around = np.isfinite(beside) | (ends < _ENDS_M)
    touched |= around[faces.reshape(-1, 3)].any(axis=1)
    vertices = np.zeros((plan.rows, plan.columns), np.bool_)
    vertices.reshape(-1)[candidates[touched]] = True
    return vertices


def structure_heights(
    line: GroundLine, draped_m: NDArray[np.float64], covered: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lift the road out of the ground where it runs in a tunnel or on a bridge.

    Such a place shows when the ground along the road climbs or falls by 25 % over 60 m, the road's own
    profile stays below 13 %, and the ground leaves the road's own height by more than 40 m and by more than
    4.5 times the usual spread (80 m always suffice), measured against the median difference over 10 km:
    elevation data and road heights differ by some metres everywhere. There the road keeps its own height,
    shifted so that both ends meet the ground.

    Where a map knows a structure (``line.structure``) it is one whatever the ground does; a bridge on the
    map is nowhere below the ground.

    Parameters
    ----------
    line : GroundLine
        With finite heights.
    draped_m : (n,) float64
        Height of the drawn ground at the points of the line.
    covered : (n,) bool
        Measured ground: nowhere else structures are looked for.

    Returns
    -------
    z_drawn_m : (n,) float64
    on_structure : (n,) bool
    """
    z_drawn, on_structure = _found_by_gradient(line, draped_m, covered)
    if line.structure is None:
        return z_drawn, on_structure
    offset = np.where(line.structure > 0, np.nan, draped_m - line.height_m)
    labels, number = ndimage.label(line.structure)
    for (place,) in ndimage.find_objects(labels, max_label=number):
        ends = [end for end in (place.start - 1, place.stop) if 0 <= end < len(offset)]
        shift = np.interp(line.distance_m[place], line.distance_m[ends], offset[ends]) if ends else 0.0
        own = line.height_m[place] + shift
        bridge = line.structure[place] == BRIDGE
        z_drawn[place] = np.where(bridge, np.maximum(own, draped_m[place]), own)
        on_structure[place] = True
    return z_drawn, on_structure


def _found_by_gradient(
    line: GroundLine, draped_m: NDArray[np.float64], covered: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    total = float(line.distance_m[-1])
    if total <= 0 or not covered.any():
        return draped_m.copy(), np.zeros(len(draped_m), np.bool_)
    count = max(2, int(total / _SPACING_M) + 1)
    at = np.linspace(0.0, total, count)
    spacing = total / (count - 1)
    own = np.interp(at, line.distance_m, line.height_m)
    draped = np.interp(at, line.distance_m, draped_m)
    measured = np.interp(at, line.distance_m, covered.astype(float)) > 0.5
    offset = draped - own
    usual = _running_median(offset, int(_NEIGHBOURHOOD_M / spacing))
    apart = np.where(measured, offset - usual, 0.0)
    spread = 1.4826 * float(np.median(np.abs(apart[measured]))) if measured.any() else 0.0
    least_peak = float(np.clip(_LEAST_PEAK_SPREADS * spread, _LEAST_PEAK_M, _SURE_PEAK_M))
    lifted = np.zeros(count, np.bool_)
    height = draped.copy()
    labels, number = ndimage.label(np.abs(apart) > _LEAST_ANYWHERE_M)
    for (place,) in ndimage.find_objects(labels, max_label=number):
        if np.abs(apart[place]).max() > least_peak and _is_structure(own, draped, place, spacing):
            first, last = max(0, place.start - 1), min(count - 1, place.stop)
            within = np.linspace(offset[first], offset[last], last - first + 1)
            height[first : last + 1] = own[first : last + 1] + within
            lifted[first : last + 1] = True
    on_structure = np.interp(line.distance_m, at, lifted.astype(float)) > 0.5
    z_drawn = np.where(on_structure, np.interp(line.distance_m, at, height), draped_m)
    return z_drawn, on_structure


def _running_median(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    stride = max(1, size // 40)
    thinned = values[::stride]
    median = ndimage.median_filter(thinned, max(3, size // stride | 1), mode="nearest")
    full: NDArray[np.float64] = np.interp(np.arange(len(values)), np.arange(len(thinned)) * stride, median)
    return full


def _is_structure(
    own: NDArray[np.float64], draped: NDArray[np.float64], place: slice, spacing: float
) -> bool:
    if (place.stop - place.start) * spacing > _LONGEST_M:
        return False
    window = max(1, round(_GRADIENT_WINDOW_M / spacing))
    around = slice(max(0, place.start - window), min(len(own), place.stop + window))
    if around.stop - around.start <= window:
        return False
    steep_draped = np.abs(draped[around][window:] - draped[around][:-window]) / (window * spacing)
    inside = own[place]
    span = min(window, len(inside) - 1)
    steep_own = np.abs(inside[span:] - inside[: len(inside) - span]) / (max(span, 1) * spacing)
    return bool(steep_draped.max() > _STEEPEST_DRAPED and steep_own.max() < _STEEPEST_OWN)
