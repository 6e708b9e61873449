"""Which places of the road are near a position: all of them within a gate, not only the nearest.

A grid of cells holds, for each cell, the runs of road nodes that can be within the gate of any point in it.
Along a run the distance to a fix has one local minimum for each leg of road that passes; each is refined by
projection on the two segments that meet there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.track.compiled import compiled
from tracker3d.track.nearest import NearestPlace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route

RUN_ON_M = 200.0
"""The road is prolonged straight by so much at both ends: riders line up before it and roll on after it."""

_CELL_M = 60.0
_FOLDED = 8.0
"""A cell with more road near than so many gates is first searched within half the gate."""


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


class LegGrid(NamedTuple):
    """The road's nodes and which of them can be near each cell, for compiled look-ups."""

    nodes: NDArray[np.float64]
    """(n, 3): x, y, road distance."""
    x0_m: float
    y0_m: float
    columns: int
    rows: int
    cells: NDArray[np.int32]
    """One more than the cell's index into ``first``; 0 where no road is near."""
    first: NDArray[np.int32]
    runs: NDArray[np.int32]
    """(m, 2): first and last node."""
    gate_m: float
    longest_m: float
    """Longest segment between two nodes."""


class RoadPlaces:
    """An index of the road's nodes for looking up all places within ``gate_m``.

    Parameters
    ----------
    route : Route
    gate_m : float
        No candidate is farther from the fix than this.
    """

    def __init__(self, route: Route, *, gate_m: float) -> None:
        x_m, y_m, distance_m = _prolonged(route)
        self._nodes = np.stack([x_m, y_m, distance_m], axis=1)
        longest_m = float(np.hypot(np.diff(x_m), np.diff(y_m)).max())
        x0_m, y0_m = float(x_m.min()) - gate_m - _CELL_M, float(y_m.min()) - gate_m - _CELL_M
        columns = int((x_m.max() + gate_m + _CELL_M - x0_m) // _CELL_M) + 1
        rows = int((y_m.max() + gate_m + _CELL_M - y0_m) // _CELL_M) + 1
        keys, first, runs = _runs(
            (x_m - x0_m) / _CELL_M, (y_m - y0_m) / _CELL_M, columns, (gate_m + longest_m / 2) / _CELL_M
        )
        cells = np.zeros(columns * rows, np.int32)
        cells[keys] = np.arange(1, len(keys) + 1)
        self.legs = LegGrid(
            self._nodes, x0_m, y0_m, columns, rows, cells, first, runs, float(gate_m), longest_m
        )

    def within_gate(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64], *, most: int) -> Places:
        """Find the nearest ``most`` places within the gate of each position.

        Parameters
        ----------
        x_m, y_m : (n,) float64
            Local frame.
        most : int
            Columns of the answer.
        """
        found = Places(np.empty((len(x_m), most)), np.empty((len(x_m), most)))
        _find_all(
            *(np.ascontiguousarray(x_m), np.ascontiguousarray(y_m), self.legs),
            *(found.distance_m, found.lateral_m),
        )
        return found

    @cached_property
    def _nearest(self) -> NearestPlace:
        return NearestPlace(*self._nodes.T)

    def nearest(
        self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Road distance and signed lateral offset of the nearest place, however far; (n,) float64 each."""
        return self._nearest.find(x_m, y_m)


def _runs(
    column_at: NDArray[np.float64], row_at: NDArray[np.float64], columns: int, reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Occupied cells, where each one's runs begin, and the runs; all lengths in cells."""
    column, row = np.floor(column_at).astype(np.int64), np.floor(row_at).astype(np.int64)
    cells_away = int(np.ceil(reach))
    keys, nodes = [], []
    for up in range(-cells_away, cells_away + 1):
        for right in range(-cells_away, cells_away + 1):
            left, low = column + right, row + up
            east = np.maximum(np.maximum(left - column_at, column_at - left - 1.0), 0.0)
            north = np.maximum(np.maximum(low - row_at, row_at - low - 1.0), 0.0)
            inside = (left >= 0) & (left < columns) & (low >= 0)
            near = np.flatnonzero(inside & (np.hypot(east, north) <= reach))
            keys.append(low[near] * columns + left[near])
            nodes.append(near)
    key, node = np.concatenate(keys), np.concatenate(nodes)
    order = np.lexsort((node, key))
    key, node = key[order], node[order]
    begins = np.flatnonzero((np.diff(key, prepend=-1) != 0) | (np.diff(node, prepend=-2) != 1))
    ends = np.append(begins[1:], len(key)) - 1
    occupied, first = np.unique(key[begins], return_index=True)
    runs = np.stack([node[begins], node[ends]], axis=1).astype(np.int32)
    return occupied, np.append(first, len(begins)).astype(np.int32), runs


@compiled
def _project(x: float, y: float, nodes: NDArray[np.float64], segment: int) -> tuple[float, float]:
    """Road distance and signed lateral offset of the nearest place on one segment."""
    to_x, to_y = x - nodes[segment, 0], y - nodes[segment, 1]
    east, north = nodes[segment + 1, 0] - nodes[segment, 0], nodes[segment + 1, 1] - nodes[segment, 1]
    square = max(east * east + north * north, 1e-12)
    share = min(max((to_x * east + to_y * north) / square, 0.0), 1.0)
    off_x, off_y = to_x - share * east, to_y - share * north
    off_m = np.sqrt(off_x * off_x + off_y * off_y)
    distance_m = nodes[segment, 2] + share * (nodes[segment + 1, 2] - nodes[segment, 2])
    return distance_m, off_m if east * to_y - north * to_x >= 0.0 else -off_m


@compiled
def _square(x: float, y: float, nodes: NDArray[np.float64], node: int) -> float:
    east, north = nodes[node, 0] - x, nodes[node, 1] - y
    return float(east * east + north * north)


@compiled
def places_of(
    x: float, y: float, legs: LegGrid, distance_m: NDArray[np.float64], lateral_m: NDArray[np.float64]
) -> int:
    """Write the nearest candidates of one position into two rows, and return how many there are."""
    column_at, row_at = (x - legs.x0_m) / _CELL_M, (y - legs.y0_m) / _CELL_M
    cell = -1
    if 0.0 <= column_at < legs.columns and 0.0 <= row_at < legs.rows:
        cell = legs.cells[int(row_at) * legs.columns + int(column_at)] - 1
    found = 0
    if cell >= 0:
        nodes = 0
        for run in range(legs.first[cell], legs.first[cell + 1]):
            nodes += legs.runs[run, 1] - legs.runs[run, 0]
        if nodes * legs.longest_m > _FOLDED * legs.gate_m:
            found = _walk(x, y, legs, cell, 0.5 * legs.gate_m, distance_m, lateral_m)
            if found == len(distance_m):
                return found
        found = _walk(x, y, legs, cell, legs.gate_m, distance_m, lateral_m)
    for rank in range(found, len(distance_m)):
        distance_m[rank], lateral_m[rank] = np.nan, np.inf
    return found


@compiled
def _walk(
    x: float,
    y: float,
    legs: LegGrid,
    cell: int,
    gate_m: float,
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
) -> int:
    """Walk along the runs of a cell and write the nearest places within a gate, as many as have room.

    Nodes that cannot be within reach are skipped; once there is no room left, the farthest place limits it.
    """
    nodes, most, found = legs.nodes, len(distance_m), 0
    limit_m = gate_m + legs.longest_m / 2
    for run in range(legs.first[cell], legs.first[cell + 1]):
        node, last = legs.runs[run, 0], legs.runs[run, 1]
        before, square = np.inf, _square(x, y, nodes, node)
        while node <= last:
            if square > limit_m * limit_m:
                node += max(1, int((np.sqrt(square) - limit_m) / legs.longest_m))
                before = np.inf
                if node <= last:
                    square = _square(x, y, nodes, node)
                continue
            after = _square(x, y, nodes, node + 1) if node < last else np.inf
            if square < before and after >= square:
                at_m, off_m = _project(x, y, nodes, max(node - 1, 0))
                ahead_m, ahead_off_m = _project(x, y, nodes, min(node, len(nodes) - 2))
                if abs(ahead_off_m) < abs(off_m):
                    at_m, off_m = ahead_m, ahead_off_m
                if abs(off_m) <= gate_m and (found < most or abs(off_m) < abs(lateral_m[most - 1])):
                    found = min(found + 1, most)
                    rank = found - 1
                    while rank > 0 and abs(lateral_m[rank - 1]) > abs(off_m):
                        distance_m[rank], lateral_m[rank] = distance_m[rank - 1], lateral_m[rank - 1]
                        rank -= 1
                    distance_m[rank], lateral_m[rank] = at_m, off_m
                    if found == most:
                        limit_m = min(gate_m, abs(lateral_m[most - 1])) + legs.longest_m / 2
            before, square = square, after
            node += 1
    return found


@compiled
def _find_all(
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    legs: LegGrid,
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
) -> None:
    for fix in range(len(x_m)):
        places_of(x_m[fix], y_m[fix], legs, distance_m[fix], lateral_m[fix])


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
