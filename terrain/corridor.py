"""The strip of land along a road: its grid, how far each post is from the road, how it is cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError, cKDTree

from terrain.fields import enlarge
from terrain.sources import GridPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.line import GroundLine

BLOCK = 64
_COARSEST_STEP_M = 30.0
_FINEST_STEP_M = 10.0
_MOST_POSTS = 14_000_000
_LATTICE = 4
_NEAR_M = 600.0
_CLOSING_M = 14_000.0
_CONVEX_BELOW_M = 45_000.0
_OUTLINE_FROM = 0.8
_LEAST_CUT_M = np.float32(0.25)


def plan_grid(line: GroundLine, *, half_width_m: float, native_m: float) -> GridPlan:
    """Lay a grid of whole blocks about a road.

    The step follows the elevation data's own cells, between 10 and 30 m (a cubic surface through 90 m
    cells needs about three posts to a cell to be drawn smoothly), and grows where the box would hold more
    than 14 million posts.
    """
    step = float(np.clip(native_m, _FINEST_STEP_M, _COARSEST_STEP_M))
    while True:
        margin = half_width_m + 12 * step
        west, east = float(line.x_m.min()) - margin, float(line.x_m.max()) + margin
        south, north = float(line.y_m.min()) - margin, float(line.y_m.max()) + margin
        side = BLOCK * step
        columns = int(np.ceil((east - west) / side)) * BLOCK + 1
        rows = int(np.ceil((north - south) / side)) * BLOCK + 1
        if rows * columns <= _MOST_POSTS:
            x0 = (west + east) / 2 - (columns - 1) / 2 * step
            y0 = (south + north) / 2 - (rows - 1) / 2 * step
            return GridPlan(x0, y0, step, rows, columns)
        step *= 1.05


def distance_to_road(plan: GridPlan, line: GroundLine, *, half_width_m: float) -> NDArray[np.float32]:
    """Return how far out each post lies, metres, (rows, columns) float32; up to the half width it is drawn.

    Up to 0.8 half widths that is the distance to the road, within 600 m right to a few metres. Farther out it
    describes the outline of one plate instead: a strip along the road whose bays and holes are closed where
    a disc of 14 km radius does not fit in, and the convex outline where the road lies within 45 km.
    """
    margin = 0 if _is_small(line) else int(np.ceil(_CLOSING_M / (plan.step_m * _LATTICE))) + 2
    x = plan.x0_m + np.arange(-margin * _LATTICE, plan.columns + margin * _LATTICE, _LATTICE) * plan.step_m
    y = plan.y0_m + np.arange(-margin * _LATTICE, plan.rows + margin * _LATTICE, _LATTICE) * plan.step_m
    lattice = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    sparse = line.densified(60.0)
    road = np.stack([sparse.x_m, sparse.y_m], axis=1)
    most = half_width_m + 2000.0 + (margin > 0) * _CLOSING_M
    far, _ = cKDTree(road).query(lattice, distance_upper_bound=most, eps=0.005, workers=2)
    away = np.minimum(far, most).reshape(len(y), len(x)).astype(np.float32)
    if margin:
        beyond = ndimage.distance_transform_edt(away <= half_width_m + _CLOSING_M) * plan.step_m * _LATTICE
        outline = (half_width_m + _CLOSING_M - beyond)[margin:-margin, margin:-margin].astype(np.float32)
        away = away[margin:-margin, margin:-margin]
    else:
        outline = _beyond_hull(road, lattice).reshape(away.shape).astype(np.float32)
    least = np.minimum(away, np.float32(_OUTLINE_FROM * half_width_m))
    rounded = ndimage.gaussian_filter(
        np.clip(outline, least, away), 240.0 / (plan.step_m * _LATTICE), mode="nearest"
    )
    distance = enlarge(rounded, _LATTICE)
    _refine_near(distance, plan, line)
    return distance


def _is_small(line: GroundLine) -> bool:
    return max(float(np.ptp(line.x_m)), float(np.ptp(line.y_m))) < _CONVEX_BELOW_M


def _beyond_hull(road: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of points (n, 2) to the convex hull of a road, 0 inside."""
    try:
        hull = ConvexHull(road)
    except QhullError:  # a straight road is its own hull
        return np.full(len(points), np.inf)
    corners = road[hull.vertices]
    following = np.roll(corners, -1, axis=0)
    nearest = np.full(len(points), np.inf)
    for start, way in zip(corners, following - corners, strict=True):
        share = np.clip((points - start) @ way / (way @ way), 0, 1)
        nearest = np.minimum(nearest, np.hypot(*(start + share[:, None] * way - points).T))
    inside = np.ones(len(points), np.bool_)
    for normal_x, normal_y, offset in hull.equations:
        inside &= points @ np.array([normal_x, normal_y]) + offset <= 0
    return np.where(inside, 0.0, nearest)


def _refine_near(distance: NDArray[np.float32], plan: GridPlan, line: GroundLine) -> None:
    row, column = np.nonzero(distance < _NEAR_M + 400.0)
    dense = line.densified(max(5.0, plan.step_m / 3))
    tree = cKDTree(np.stack([dense.x_m, dense.y_m], axis=1))
    points = np.stack([plan.x0_m + column * plan.step_m, plan.y0_m + row * plan.step_m], axis=1)
    near = np.asarray(tree.query(points, distance_upper_bound=_NEAR_M, workers=2)[0])
    found = np.isfinite(near)
    blend = np.clip((near[found] - 0.5 * _NEAR_M) / (0.5 * _NEAR_M), 0, 1)
    row, column = row[found], column[found]
    distance[row, column] = near[found] * (1 - blend) + distance[row, column] * blend


@dataclass(frozen=True)
class CutMesh:
    """Triangles cut out along the corridor's edge.

    Attributes
    ----------
    column, row : (n,) float64
        Vertex positions in steps from post [0, 0].
    heights_m : (n,) float64
    faces : (m, 3) int32
    parts_of : (m,) int32
        The triangle that each face is, or is a part of.
    edges : (e, 2) int32
        Edges along the cut, the land on their left.
    edges_of : (e,) int32
        The triangle that was cut there.
    """

    column: NDArray[np.float64]
    row: NDArray[np.float64]
    heights_m: NDArray[np.float64]
    faces: NDArray[np.int32]
    parts_of: NDArray[np.int32]
    edges: NDArray[np.int32]
    edges_of: NDArray[np.int32]


def cut_out(
    triangles: NDArray[np.int32],
    heights_m: NDArray[np.float32],
    distance_m: NDArray[np.float32],
    *,
    half_width_m: float,
) -> CutMesh:
    """Keep what lies within ``half_width_m`` of the road, and cut the triangles that straddle the edge.

    The cut runs along the line where the distance, interpolated in each triangle, is the half width.
    Neighbours share the vertices of the cut, which lie on the edges of the triangles, so nothing gapes.

    Parameters
    ----------
    triangles : (k, 3) int32
        Flat post indices, counter-clockwise.
    heights_m, distance_m : (rows, columns) float32
    """
    columns = heights_m.shape[1]
    beyond = distance_m.reshape(-1) - np.float32(half_width_m)
    # A post on the edge itself would leave triangles without an area.
    beyond = np.where(np.abs(beyond) < _LEAST_CUT_M, -_LEAST_CUT_M, beyond)
    outside = beyond[triangles] > 0
    count = outside.sum(axis=1)
    whole, one_in, two_in = (np.flatnonzero(count == number).astype(np.int32) for number in (0, 2, 1))
    first = _rotated(triangles[one_in], ~outside[one_in])
    second = _rotated(triangles[two_in], outside[two_in])
    straddling = np.concatenate([first, second])
    edges = np.stack([straddling[:, [0, 1]], straddling[:, [0, 2]]], axis=1).reshape(-1, 2)
    ends, edge_of = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    cuts = edge_of.reshape(-1, 2) + heights_m.size
    first_cuts, second_cuts = cuts[: len(first)], cuts[len(first) :]
    faces = np.concatenate(
        [
            triangles[whole],
            np.stack([first[:, 0], first_cuts[:, 0], first_cuts[:, 1]], axis=1),
            np.stack([second_cuts[:, 0], second[:, 1], second[:, 2]], axis=1),
            np.stack([second_cuts[:, 0], second[:, 2], second_cuts[:, 1]], axis=1),
        ]
    )
    used, compact = np.unique(faces, return_inverse=True)
    posts = used[used < heights_m.size]
    along = (beyond[ends[:, 0]] / (beyond[ends[:, 0]] - beyond[ends[:, 1]])).astype(float)
    rows_of, columns_of = np.divmod(ends, columns)
    height_of = heights_m.reshape(-1)[ends].astype(float)
    border = np.concatenate([first_cuts, second_cuts[:, ::-1]]) + (len(posts) - heights_m.size)
    return CutMesh(
        column=np.concatenate(
            [posts % columns, columns_of[:, 0] + along * (columns_of[:, 1] - columns_of[:, 0])]
        ),
        row=np.concatenate([posts // columns, rows_of[:, 0] + along * (rows_of[:, 1] - rows_of[:, 0])]),
        heights_m=np.concatenate(
            [heights_m.reshape(-1)[posts], height_of[:, 0] + along * (height_of[:, 1] - height_of[:, 0])]
        ),
        faces=compact.reshape(-1, 3).astype(np.int32),
        parts_of=np.concatenate([whole, one_in, two_in, two_in]),
        edges=border.astype(np.int32),
        edges_of=np.concatenate([one_in, two_in]),
    )


def _rotated(triangles: NDArray[np.int32], odd: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Turn each triangle so that its one odd corner comes first."""
    turn = (odd.argmax(axis=1)[:, None] + np.arange(3)) % 3
    return np.take_along_axis(triangles, turn, axis=1)
