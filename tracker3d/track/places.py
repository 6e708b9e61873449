"""Which places of the road are near a position: all of them within a gate, not only the nearest.

Along each leg of road that passes, the distance to a fix has one local minimum. It lies on the segment whose
beginning has the fix ahead of it and whose end has it behind. A grid of small cells holds, for each cell, the
segments for which that can be so within the gate, which are few however many legs pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.track.compiled import compiled, compiled_step
from tracker3d.track.nearest import NearestPlace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route

RUN_ON_M = 200.0
"""The road is prolonged straight by so much at both ends: riders line up before it and roll on after it."""

_CELL_M = 10.0
_MOST_BLOCKS = 4_000_000
_SAME_PLACE_M = 10.0
"""Of places so near along the road, as a bend has them for a fix in its middle, only the nearest counts."""

_X, _Y, _EAST, _NORTH, _LENGTH, _DISTANCE, _PER_M = range(7)
"""Columns of segments: where it begins, its direction and length, road distance there, and that per metre."""


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
    """The road's segments and which of them can hold a place near each cell, for compiled look-ups.

    Blocks are of eight by eight cells; only those near the road have any.
    """

    segments: NDArray[np.float64]
    """(n, 7)."""
    x0_m: float
    y0_m: float
    cell_m: float
    columns: int
    rows: int
    """Of blocks."""
    gate_m: float
    blocks: NDArray[np.int32]
    """Number of each block's cells, -1 where it has none."""
    first: NDArray[np.int32]
    """Where the segments of each cell begin in ``members``; one more than there are cells."""
    members: NDArray[np.int32]


class RoadPlaces:
    """An index of the road's segments for looking up all places within ``gate_m``.

    Parameters
    ----------
    route : Route
    gate_m : float
        No candidate is farther from the fix than this.
    """

    def __init__(self, route: Route, *, gate_m: float) -> None:
        x_m, y_m, distance_m = _prolonged(route)
        self._nodes = x_m, y_m, distance_m
        segments = _segments(x_m, y_m, distance_m)
        x0_m, y0_m = float(x_m.min()) - gate_m, float(y_m.min()) - gate_m
        width_m, height_m = float(x_m.max()) + gate_m - x0_m, float(y_m.max()) + gate_m - y0_m
        cell_m = max(_CELL_M, float(np.sqrt(width_m * height_m / _MOST_BLOCKS)) / 8.0)
        columns, rows = (int(size_m // (8.0 * cell_m)) + 1 for size_m in (width_m, height_m))
        nothing = np.zeros(0, np.int32)
        grid = LegGrid(
            *(segments, x0_m, y0_m, cell_m, columns, rows, float(gate_m)), *(nothing, nothing, nothing)
        )
        self.legs = LegGrid(*grid[:7], *_filled(grid))

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
        return NearestPlace(*self._nodes)

    def nearest(
        self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Road distance and signed lateral offset of the nearest place, however far; (n,) float64 each."""
        return self._nearest.find(x_m, y_m)


def _segments(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], distance_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    east_m, north_m = np.diff(x_m), np.diff(y_m)
    length_m = np.maximum(np.hypot(east_m, north_m), 1e-9)
    return np.stack(
        [
            *(x_m[:-1], y_m[:-1], east_m / length_m, north_m / length_m),
            *(length_m, distance_m[:-1], np.diff(distance_m) / length_m),
        ],
        axis=1,
    )


@compiled_step
def _ahead_m(x: float, y: float, segments: NDArray[np.float64], index: int) -> float:
    """How far a position is ahead of a segment's beginning, along its direction."""
    to_x, to_y = x - segments[index, _X], y - segments[index, _Y]
    return float(to_x * segments[index, _EAST] + to_y * segments[index, _NORTH])


@compiled_step
def _may_hold(x: float, y: float, half_m: float, legs: LegGrid, index: int) -> bool:
    """Whether a segment can hold a place near any position in a square about (x, y)."""
    segments = legs.segments
    east, north, length_m = segments[index, _EAST], segments[index, _NORTH], segments[index, _LENGTH]
    spread_m = half_m * (abs(east) + abs(north))
    ahead_m = _ahead_m(x, y, segments, index)
    if index > 0 and ahead_m < -spread_m:
        return False
    last = index + 1 == len(segments)
    if ahead_m > length_m + spread_m and not last:
        turn_m = half_m * (abs(segments[index + 1, _EAST]) + abs(segments[index + 1, _NORTH]))
        if _ahead_m(x, y, segments, index + 1) > turn_m:
            return False
    along_m = min(max(ahead_m, 0.0), length_m)
    off_x, off_y = x - segments[index, _X] - along_m * east, y - segments[index, _Y] - along_m * north
    reach_m = legs.gate_m + 1.5 * half_m
    return bool(off_x * off_x + off_y * off_y <= reach_m * reach_m)


@compiled_step
def _span(legs: LegGrid, index: int) -> tuple[int, int, int, int]:
    """First and last column and row of the cells within the gate of a segment's rectangle."""
    x, y = legs.segments[index, _X], legs.segments[index, _Y]
    x_end = x + legs.segments[index, _LENGTH] * legs.segments[index, _EAST]
    y_end = y + legs.segments[index, _LENGTH] * legs.segments[index, _NORTH]
    left = int(np.floor((min(x, x_end) - legs.gate_m - legs.x0_m) / legs.cell_m))
    right = int(np.floor((max(x, x_end) + legs.gate_m - legs.x0_m) / legs.cell_m))
    low = int(np.floor((min(y, y_end) - legs.gate_m - legs.y0_m) / legs.cell_m))
    high = int(np.floor((max(y, y_end) + legs.gate_m - legs.y0_m) / legs.cell_m))
    return max(left, 0), min(right, 8 * legs.columns - 1), max(low, 0), min(high, 8 * legs.rows - 1)


@compiled
def _filled(legs: LegGrid) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Blocks, where each cell's segments begin, and the segments, in order of the road."""
    blocks = np.full(legs.columns * legs.rows, -1, np.int32)
    used = 0
    for index in range(len(legs.segments)):
        left, right, low, high = _span(legs, index)
        for row in range(low >> 3, (high >> 3) + 1):
            for column in range(left >> 3, (right >> 3) + 1):
                x, y = legs.x0_m + (8 * column + 4) * legs.cell_m, legs.y0_m + (8 * row + 4) * legs.cell_m
                block = row * legs.columns + column
                if blocks[block] < 0 and _may_hold(x, y, 4.0 * legs.cell_m, legs, index):
                    blocks[block] = used
                    used += 1
    first = np.zeros(64 * used + 1, np.int32)
    members = np.zeros(0, np.int32)
    for turn in range(2):
        for index in range(len(legs.segments)):
            left, right, low, high = _span(legs, index)
            for row in range(low, high + 1):
                for column in range(left, right + 1):
                    slot = blocks[(row >> 3) * legs.columns + (column >> 3)]
                    x, y = legs.x0_m + (column + 0.5) * legs.cell_m, legs.y0_m + (row + 0.5) * legs.cell_m
                    if slot < 0 or not _may_hold(x, y, 0.5 * legs.cell_m, legs, index):
                        continue
                    cell = 64 * slot + 8 * (row & 7) + (column & 7)
                    if turn:
                        members[first[cell]] = index
                        first[cell] += 1
                    else:
                        first[cell + 1] += 1
        if turn:
            first[1:] = first[:-1].copy()
            first[0] = 0
        else:
            for cell in range(64 * used):
                first[cell + 1] += first[cell]
            members = np.empty(first[64 * used], np.int32)
    return blocks, first, members


@compiled_step
def places_of(
    x: float, y: float, legs: LegGrid, distance_m: NDArray[np.float64], lateral_m: NDArray[np.float64]
) -> int:
    """Write the nearest candidates of one position into two rows, and return how many there are."""
    for rank in range(len(distance_m)):
        distance_m[rank], lateral_m[rank] = np.nan, np.inf
    column_at, row_at = (x - legs.x0_m) / legs.cell_m, (y - legs.y0_m) / legs.cell_m
    if not (0.0 <= column_at < 8.0 * legs.columns and 0.0 <= row_at < 8.0 * legs.rows):
        return 0
    column, row = int(column_at), int(row_at)
    slot = legs.blocks[(row >> 3) * legs.columns + (column >> 3)]
    if slot < 0:
        return 0
    cell = 64 * slot + 8 * (row & 7) + (column & 7)
    segments, found, at_m, best_m2, left = legs.segments, 0, -np.inf, np.inf, True
    following, following_m = -1, 0.0
    for member in range(legs.first[cell], legs.first[cell + 1]):
        index = legs.members[member]
        ahead_m = following_m if index == following else _ahead_m(x, y, segments, index)
        length_m = segments[index, _LENGTH]
        if ahead_m < 0.0 and index > 0:
            continue
        if ahead_m > length_m and index + 1 < len(segments):
            following, following_m = index + 1, _ahead_m(x, y, segments, index + 1)
            if following_m >= 0.0:
                continue
        ahead_m = min(max(ahead_m, 0.0), length_m)
        east, north = segments[index, _EAST], segments[index, _NORTH]
        to_x, to_y = x - segments[index, _X], y - segments[index, _Y]
        off_m2 = (to_x - ahead_m * east) ** 2 + (to_y - ahead_m * north) ** 2
        place_m = segments[index, _DISTANCE] + ahead_m * segments[index, _PER_M]
        if place_m - at_m > _SAME_PLACE_M:
            found = _insert(at_m, best_m2, left, found, legs.gate_m, distance_m, lateral_m)
            best_m2 = np.inf
        if off_m2 < best_m2:
            at_m, best_m2, left = place_m, off_m2, east * to_y - north * to_x >= 0.0
    return _insert(at_m, best_m2, left, found, legs.gate_m, distance_m, lateral_m)


@compiled_step
def _insert(
    at_m: float,
    off_m2: float,
    left: bool,
    found: int,
    gate_m: float,
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
) -> int:
    """Insert a place among those found, nearest first, if it is within the gate and has room.

    ``off_m2`` is the square of its distance from the road, ``left`` on which side it lies.
    """
    most = len(distance_m)
    if off_m2 > gate_m * gate_m or off_m2 >= lateral_m[most - 1] * lateral_m[most - 1]:
        return found
    off_m = np.sqrt(off_m2)
    found = min(found + 1, most)
    rank = found - 1
    while rank > 0 and abs(lateral_m[rank - 1]) > off_m:
        distance_m[rank], lateral_m[rank] = distance_m[rank - 1], lateral_m[rank - 1]
        rank -= 1
    distance_m[rank], lateral_m[rank] = at_m, off_m if left else -off_m
    return found


@compiled_step
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
