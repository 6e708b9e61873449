"""Which places of the road are near a position: all of them within a gate, not only the nearest.

A grid of cells holds, for each cell, the road nodes that can be within the gate of any point in it. Along
those nodes the distance to a fix has one local minimum for each leg of road that passes; each is refined
by projection on the two segments that meet there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route

RUN_ON_M = 200.0
"""The road is prolonged straight by so much at both ends: riders line up before it and roll on after it."""

_CELL_M = 60.0
_PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Places:
    """Candidate places on the road, nearest first.

    Attributes
    ----------
    distance_m : (n, k) float64
        Road distance; NaN where there is no further candidate.
    lateral_m : (n, k) float64
        Signed distance from the road, positive left of the direction of the race; infinite where none.
    """

    distance_m: NDArray[np.float64]
    lateral_m: NDArray[np.float64]


class RoadPlaces:
    """An index of the road's nodes for looking up all places within ``gate_m``.

    Parameters
    ----------
    route : Route
    gate_m : float
        No candidate is farther from the fix than this.
    """

    def __init__(self, route: Route, *, gate_m: float) -> None:
        self.gate_m = gate_m
        x_m, y_m, distance_m = _prolonged(route)
        self._x, self._y, self._distance = x_m, y_m, distance_m
        self._origin = np.array([x_m.min(), y_m.min()]) - gate_m - _CELL_M
        self._columns = int((x_m.max() + gate_m + _CELL_M - self._origin[0]) // _CELL_M) + 1
        self._rows = int((y_m.max() + gate_m + _CELL_M - self._origin[1]) // _CELL_M) + 1
        self._keys, self._first, self._nodes = self._fill()

    def _fill(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Sorted keys of the occupied cells, where each one's nodes begin, and the nodes."""
        column = ((self._x - self._origin[0]) // _CELL_M).astype(np.int64)
        row = ((self._y - self._origin[1]) // _CELL_M).astype(np.int64)
        reach = int(np.ceil(self.gate_m / _CELL_M))
        keys, nodes = [], []
        for up in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                left_m = self._origin[0] + (column + right) * _CELL_M
                low_m = self._origin[1] + (row + up) * _CELL_M
                east = np.maximum(np.maximum(left_m - self._x, self._x - left_m - _CELL_M), 0.0)
                north = np.maximum(np.maximum(low_m - self._y, self._y - low_m - _CELL_M), 0.0)
                near = np.flatnonzero(np.hypot(east, north) <= self.gate_m + self._longest_half)
                keys.append((row[near] + up) * self._columns + column[near] + right)
                nodes.append(near)
        all_keys, all_nodes = np.concatenate(keys), np.concatenate(nodes)
        order = np.lexsort((all_nodes, all_keys))
        unique, first = np.unique(all_keys[order], return_index=True)
        return unique, np.append(first, len(order)), all_nodes[order]

    @property
    def _longest_half(self) -> float:
        return float(np.hypot(np.diff(self._x), np.diff(self._y)).max()) / 2

    def within_gate(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64], *, most: int) -> Places:
        """Find the nearest ``most`` places within the gate of each position.

        Parameters
        ----------
        x_m, y_m : (n,) float64
            Local frame.
        most : int
            Columns of the answer.
        """
        found = Places(np.full((len(x_m), most), np.nan), np.full((len(x_m), most), np.inf))
        cell = self._cell_of(x_m, y_m)
        inside = np.flatnonzero(cell >= 0)
        inside = inside[np.argsort(cell[inside], kind="stable")]
        counts = self._first[cell[inside] + 1] - self._first[cell[inside]]
        ends = np.cumsum(counts)
        begin = 0
        while begin < len(inside):
            done = ends[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
            block = inside[begin:end]
            self._search(block, x_m[block], y_m[block], cell[block], counts[begin:end], found)
            begin = end
        return found

    def _cell_of(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.int64]:
        """Index of the occupied cell of each position, -1 for none."""
        column, row = (x_m - self._origin[0]) // _CELL_M, (y_m - self._origin[1]) // _CELL_M
        inside = (column >= 0) & (column < self._columns) & (row >= 0) & (row < self._rows)
        key = np.where(inside, row * self._columns + column, -1.0).astype(np.int64)
        at = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        return np.where(self._keys[at] == key, at, -1)

    def _search(
        self,
        fixes: NDArray[np.int64],
        x_m: NDArray[np.float64],
        y_m: NDArray[np.float64],
        cell: NDArray[np.int64],
        counts: NDArray[np.int64],
        found: Places,
    ) -> None:
        """Find the places of one block of fixes and write them into ``found``."""
        fix = np.repeat(np.arange(len(fixes)), counts)
        within = np.arange(len(fix)) - np.repeat(np.cumsum(counts) - counts, counts)
        node = self._nodes[self._first[cell][fix] + within]
        square = (self._x[node] - x_m[fix]) ** 2 + (self._y[node] - y_m[fix]) ** 2
        neighbours = (np.diff(node) == 1) & (np.diff(fix) == 0)
        falls = np.diff(square) < 0.0
        lowest = np.ones(len(fix), bool)
        lowest[1:] &= ~(neighbours & ~falls)
        lowest[:-1] &= ~(neighbours & falls)
        lowest &= square <= (self.gate_m + self._longest_half) ** 2
        owner, at = fix[lowest], node[lowest]
        distance, lateral = self._project(at, x_m[owner], y_m[owner])
        good = np.abs(lateral) <= self.gate_m
        owner, distance, lateral = owner[good], distance[good], lateral[good]
        order = np.lexsort((np.abs(lateral), owner))
        owner, distance, lateral = owner[order], distance[order], lateral[order]
        first_of_owner = np.searchsorted(owner, owner, side="left")
        rank = np.arange(len(owner)) - first_of_owner
        kept = rank < found.distance_m.shape[1]
        found.distance_m[fixes[owner[kept]], rank[kept]] = distance[kept]
        found.lateral_m[fixes[owner[kept]], rank[kept]] = lateral[kept]

    def _project(
        self, node: NDArray[np.int64], x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Project on the nearer of the two segments at ``node``: road distance and signed lateral offset."""
        last = len(self._x) - 1
        behind = self._project_on(np.maximum(node - 1, 0), x_m, y_m)
        ahead = self._project_on(np.minimum(node, last - 1), x_m, y_m)
        nearer = np.abs(ahead[1]) < np.abs(behind[1])
        return np.where(nearer, ahead[0], behind[0]), np.where(nearer, ahead[1], behind[1])

    def _project_on(
        self, segment: NDArray[np.int64], x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x0, y0 = self._x[segment], self._y[segment]
        east, north = self._x[segment + 1] - x0, self._y[segment + 1] - y0
        to_x, to_y = x_m - x0, y_m - y0
        share = np.clip((to_x * east + to_y * north) / np.maximum(east**2 + north**2, 1e-12), 0.0, 1.0)
        off = np.hypot(to_x - share * east, to_y - share * north)
        left = east * to_y - north * to_x >= 0.0
        start_m = self._distance[segment]
        distance = start_m + share * (self._distance[segment + 1] - start_m)
        return distance, np.where(left, off, -off)

    def nearest(
        self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Road distance and signed lateral offset of the nearest place, however far; (n,) float64 each."""
        tree = cKDTree(np.column_stack([self._x, self._y]))
        node = tree.query(np.column_stack([x_m, y_m]))[1] if len(x_m) else np.zeros(0, np.int64)
        return self._project(np.asarray(node, np.int64), x_m, y_m)


def _prolonged(route: Route) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Nodes of the road with a straight run before the start and after the finish."""
    x_m, y_m, distance_m = route.x_m, route.y_m, route.distance_m
    before_m = np.arange(-RUN_ON_M, 0.0, 5.0)
    after_m = np.arange(5.0, RUN_ON_M + 1.0, 5.0)
    if route.end_m - route.finish_m >= RUN_ON_M:
        after_m = after_m[:0]
    start_x, start_y = _direction(x_m[0] - x_m, y_m[0] - y_m, np.arange(len(x_m)))
    end_x, end_y = _direction(x_m[-1] - x_m, y_m[-1] - y_m, np.arange(len(x_m))[::-1])
    return (
        np.concatenate([x_m[0] + before_m * -start_x, x_m, x_m[-1] + after_m * end_x]),
        np.concatenate([y_m[0] + before_m * -start_y, y_m, y_m[-1] + after_m * end_y]),
        np.concatenate([distance_m[0] + before_m, distance_m, distance_m[-1] + after_m]),
    )


def _direction(
    east_m: NDArray[np.float64], north_m: NDArray[np.float64], nodes_away: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the unit vector of the offset at the nearest node that is 20 m away."""
    length = np.hypot(east_m, north_m)
    far = np.flatnonzero(length >= 20.0)
    node = far[np.argmin(nodes_away[far])] if len(far) else int(np.argmax(length))
    return float(east_m[node] / max(length[node], 1e-9)), float(north_m[node] / max(length[node], 1e-9))
