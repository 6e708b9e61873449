"""Exact heights on triangles, and lines laid on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SLACK = 1e-6
_CELL_M = 100.0
_MOST_CELLS = 2000
_SAMPLES_M = 1.0
_CLEAR_M = 0.02


@dataclass(frozen=True)
class _SizeClass:
    """Triangles of similar size, filed under the square cells that their boxes touch (at most four each)."""

    cell_m: float
    columns: int
    rows: int
    keys: NDArray[np.int64]
    triangles: NDArray[np.int32]


class MeshSampler:
    """Looks up heights on a height-field mesh: no two triangles lie above each other.

    Triangles are filed by size in one bucket grid per power of two, so that neither large triangles fill
    many buckets nor many small ones crowd one.

    Parameters
    ----------
    vertices : (n, 3)
        x, y, z in any one unit.
    faces : (m, 3)
    """

    def __init__(self, vertices: ArrayLike, faces: ArrayLike) -> None:
        points = np.asarray(vertices, np.float64)
        triangles = np.asarray(faces)
        self._origin = points[:, :2].min(axis=0) if len(points) else np.zeros(2)
        self._corners = (points - np.append(self._origin, 0.0))[triangles]
        low, high = self._corners[:, :, :2].min(axis=1), self._corners[:, :, :2].max(axis=1)
        size = np.maximum((high - low).max(axis=1), 1e-9)
        level = np.ceil(np.log2(size) - 1e-9).astype(int)
        reach = high.max(axis=0) if len(triangles) else np.zeros(2)
        self._classes = [
            self._filed(2.0**each, np.flatnonzero(level == each), low, high, reach)
            for each in np.unique(level)
        ]

    @staticmethod
    def _filed(
        cell_m: float,
        members: NDArray[np.intp],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        reach: NDArray[np.float64],
    ) -> _SizeClass:
        columns, rows = (reach // cell_m).astype(int) + 1
        first = (low[members] // cell_m).astype(np.int64)
        last = (high[members] // cell_m).astype(np.int64)
        keys, triangles = [], []
        for up in (0, 1):
            for right in (0, 1):
                column, row = first[:, 0] + right, first[:, 1] + up
                touched = (column <= last[:, 0]) & (row <= last[:, 1])
                keys.append((row * columns + column)[touched])
                triangles.append(members[touched])
        key, triangle = np.concatenate(keys), np.concatenate(triangles)
        order = np.argsort(key, kind="stable")
        return _SizeClass(cell_m, int(columns), int(rows), key[order], triangle[order].astype(np.int32))

    def sample(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the height of the triangle at each position, NaN beside the mesh; shape as broadcast."""
        at_x, at_y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        points = np.stack([at_x.ravel(), at_y.ravel()], axis=1) - self._origin
        heights = np.full(len(points), np.nan)
        found = self._find(points)
        on_mesh = found >= 0
        corners, weights = self._weights(found[on_mesh], points[on_mesh])
        heights[on_mesh] = (weights * corners[:, :, 2]).sum(axis=1)
        return heights.reshape(at_x.shape)

    def find(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.intp]:
        """Return the triangle at each position, -1 beside the mesh; shape as broadcast."""
        at_x, at_y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        points = np.stack([at_x.ravel(), at_y.ravel()], axis=1) - self._origin
        return self._find(points).reshape(at_x.shape)

    def planes(self, triangles: ArrayLike, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the height of the plane of a triangle at each position, inside it or not, (n,)."""
        points = np.stack([np.asarray(x, float), np.asarray(y, float)], axis=1) - self._origin
        corners, weights = self._weights(np.asarray(triangles), points)
        heights: NDArray[np.float64] = (weights * corners[:, :, 2]).sum(axis=1)
        return heights

    def _find(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        found = np.full(len(points), -1, np.intp)
        for filed in self._classes:
            self._find_in_class(filed, points, found)
        return found

    def _find_in_class(self, filed: _SizeClass, points: NDArray[np.float64], found: NDArray[np.intp]) -> None:
        cell = np.floor(points / filed.cell_m)
        with np.errstate(invalid="ignore"):
            in_grid = (cell[:, 0] >= 0) & (cell[:, 0] < filed.columns)
            in_grid &= (cell[:, 1] >= 0) & (cell[:, 1] < filed.rows)
        waiting = np.flatnonzero((found < 0) & in_grid)
        key = (cell[waiting, 1] * filed.columns + cell[waiting, 0]).astype(np.int64)
        place = np.searchsorted(filed.keys, key, side="left")
        end = np.searchsorted(filed.keys, key, side="right")
        while True:
            more = place < end
            waiting, place, end = waiting[more], place[more], end[more]
            if not waiting.size:
                return
            triangle = filed.triangles[place]
            _, weights = self._weights(triangle, points[waiting])
            with np.errstate(invalid="ignore"):
                inside = (weights[:, 0] >= -_SLACK) & (weights[:, 1] >= -_SLACK) & (weights[:, 2] >= -_SLACK)
            found[waiting[inside]] = triangle[inside]
            waiting, place, end = waiting[~inside], place[~inside] + 1, end[~inside]

    def _weights(
        self, triangles: NDArray[np.integer[Any]], points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners (n, 3, 3) of triangles and barycentric coordinates (n, 3) of positions."""
        corners = self._corners[triangles]
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        to_b, to_c, to_p = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2], points - a[:, :2]
        area = to_b[:, 0] * to_c[:, 1] - to_b[:, 1] * to_c[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            weight_b = (to_p[:, 0] * to_c[:, 1] - to_p[:, 1] * to_c[:, 0]) / area
            weight_c = (to_b[:, 0] * to_p[:, 1] - to_b[:, 1] * to_p[:, 0]) / area
        return corners, np.stack([1 - weight_b - weight_c, weight_b, weight_c], axis=1)


class Neighbourhood:
    """Cells of a lattice that some positions lie in or next to, to find quickly what is near them.

    Parameters
    ----------
    x_m, y_m : (n,)
        At least one position. Cells are 100 m wide, more where the positions are spread over 200 km.
    """

    def __init__(self, x_m: ArrayLike, y_m: ArrayLike) -> None:
        at = np.stack([np.asarray(x_m, float).ravel(), np.asarray(y_m, float).ravel()], axis=1)
        low = at.min(axis=0)
        size = np.ptp(at, axis=0)
        self._cell_m = max(_CELL_M, float(size.max()) / _MOST_CELLS)
        self._origin = low - self._cell_m
        columns, rows = (size // self._cell_m).astype(int) + 3
        marked = np.zeros((rows, columns), np.bool_)
        column, row = self._cell(at)
        for up in (-1, 0, 1):
            for right in (-1, 0, 1):
                marked[row + up, column + right] = True
        self._below = np.pad(marked.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))

    def touches(self, low: NDArray[np.floating[Any]], high: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Tell which boxes, from (n, 2) lower to (n, 2) upper corners, reach into any of the cells."""
        rows, columns = (length - 1 for length in self._below.shape)
        west, south = self._cell(low)
        east, north = self._cell(high)
        west, east = np.clip(west, 0, columns), np.clip(east + 1, 0, columns)
        south, north = np.clip(south, 0, rows), np.clip(north + 1, 0, rows)
        total = self._below
        inside = total[north, east] - total[north, west] - total[south, east] + total[south, west]
        touched: NDArray[np.bool_] = inside > 0
        return touched

    def _cell(self, at: NDArray[np.floating[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        cell = np.clip(np.floor((at - self._origin) / self._cell_m), -1e9, 1e9).astype(np.intp)
        return cell[:, 0], cell[:, 1]


def lay_on(sampler: MeshSampler, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay a line of straight pieces on a mesh so that no part of it is below; NaN at points beside the mesh.

    At a point that is the mesh's own height, raised by what the mesh rises above the two pieces that meet
    there, and by 2 cm. Edges of triangles are found from the planes on both sides of them.

    Parameters
    ----------
    sampler : MeshSampler
    x_m, y_m : (n,) float64
        Points some metres apart.

    Returns
    -------
    (n,) float64
        Heights in the units of the mesh.
    """
    heights = sampler.sample(x_m, y_m)
    steps = np.hypot(np.diff(x_m), np.diff(y_m))
    parts = np.maximum(1, np.ceil(steps / _SAMPLES_M)).astype(np.intp)
    piece = np.repeat(np.arange(len(parts)), parts)
    first = np.cumsum(parts) - parts
    begin = (np.arange(len(piece)) - first[piece]) / parts[piece]
    end = begin + 1 / parts[piece]
    rise = np.zeros(len(parts))
    at = np.concatenate([begin, [1.0]])
    of = np.concatenate([piece, piece[-1:]])
    x, y = (values[of] + at * (values[of + 1] - values[of]) for values in (x_m, y_m))
    triangle = sampler.find(x, y)
    here, there = triangle[:-1], triangle[1:]
    crossing = np.flatnonzero((here != there) & (here >= 0) & (there >= 0))
    own, other = (
        np.stack([sampler.planes(side[crossing], x[crossing + k], y[crossing + k]) for k in (0, 1)])
        for side in (here, there)
    )
    gap_begin, gap_end = other[0] - own[0], own[1] - other[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(np.nan_to_num(gap_begin / (gap_begin + gap_end), nan=0.5), 0.0, 1.0)
    edge_m = own[0] + share * (own[1] - own[0])
    where = begin[crossing] + share * (end - begin)[crossing]
    _raise_to(rise, piece[crossing], where, edge_m, heights)
    inside = np.flatnonzero(here >= 0)
    _raise_to(rise, piece[inside], begin[inside], sampler.planes(here[inside], x[inside], y[inside]), heights)
    raised: NDArray[np.float64] = np.maximum(np.pad(rise, (0, 1)), np.pad(rise, (1, 0)))
    return heights + raised + _CLEAR_M


def _raise_to(
    rise: NDArray[np.float64],
    piece: NDArray[np.intp],
    share: NDArray[np.float64],
    height_m: NDArray[np.float64],
    node_m: NDArray[np.float64],
) -> None:
    """Note, in place, by how much places on the pieces of a line lie above the line through its nodes."""
    above = height_m - (node_m[piece] + share * (node_m[piece + 1] - node_m[piece]))
    np.maximum.at(rise, piece, np.nan_to_num(above, nan=0.0))
