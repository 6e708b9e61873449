"""Who passed where when: the history of the race that gaps and groups are read from.

A time gap is the time since somebody passed this place, taken from history, and never a distance divided
by a speed: on a climb or a descent those differ several times over. History only ever grows: what is read
of a moment does not depend on how much came after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.race.positions import ROW_MS
from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.positions import Positions

STEP_M = 25.0
"""Passages are kept at places this far apart; between two of them a rider's pace is even."""

_SLACK_M = 80.0
_ROWS_AT_ONCE = 2000

_PLACE, _TIME, _NODE = range(3)
"""Rows of what is kept of each rider: the last place passed, when, and the next node."""


class _Passages(NamedTuple):
    """What is kept of k riders: see ``_PLACE`` (3, k), and when each passed each node (nodes, k)."""

    last: NDArray[np.float64]
    passed_ms: NDArray[np.float64]


class History:
    """First passages of every rider, and of the head of the race, at places along the road.

    Parameters
    ----------
    start_m, finish_m : float
        The road; nothing beyond the finish counts.
    """

    def __init__(self, *, start_m: float, finish_m: float) -> None:
        nodes = max(2, int(np.ceil((finish_m - start_m) / STEP_M)) + 1)
        self.places_m = np.linspace(start_m, finish_m, nodes)
        self._step_m = (finish_m - start_m) / (nodes - 1)
        self._riders = _Passages(np.full((3, 0), np.nan), np.full((nodes, 0), np.nan))
        self._lead = _Passages(np.full((3, 1), np.nan), np.full((nodes, 1), np.nan))
        self._first_m = np.nan
        self._next_ms: float | None = None

    def extend(self, positions: Positions, *, until_ms: float) -> None:
        """Take in all positions up to a moment; vehicles, with negative bibs, pass nothing."""
        more = len(positions.bibs) - self._riders.last.shape[1]
        if more:
            # one assignment: who reads meanwhile has the one or the other
            self._riders = _Passages(
                *(np.concatenate([kept, np.full((len(kept), more), np.nan)], axis=1) for kept in self._riders)
            )
        if self._next_ms is None:
            self._next_ms = float(positions.start_ms)
        while self._next_ms <= until_ms:
            rows = min(_ROWS_AT_ONCE, int((until_ms - self._next_ms) // ROW_MS) + 1)
            times_ms = self._next_ms + ROW_MS * np.arange(rows, dtype=float)
            distance_m = positions.distances(times_ms)
            distance_m[:, positions.bibs <= 0] = np.nan
            distance_m[~positions.known(times_ms)] = np.nan
            first_m = np.fmax.reduce(distance_m, axis=1, keepdims=True, initial=np.nan)
            if np.isnan(self._first_m) and not np.isnan(first_m).all():
                self._first_m = float(first_m[~np.isnan(first_m)][0])
            grid = (self.places_m[0], self._step_m)
            _pass(times_ms, distance_m, *grid, *self._riders)
            _pass(times_ms, first_m, *grid, *self._lead)
            self._next_ms += ROW_MS * rows

    @property
    def last_m(self) -> NDArray[np.float64]:
        """How far each rider has come, (k,) float64; NaN for those who were never seen."""
        return np.array(self._riders.last[_PLACE])

    @property
    def first_range_m(self) -> tuple[float, float]:
        """Road distances between which the head of the race was seen; NaN when nobody was."""
        return self._first_m, float(self._lead.last[_PLACE, 0])

    def first_at_ms(self, distance_m: float) -> float:
        """When the head of the race reached a place; NaN when it did not, or everybody began beyond it."""
        first_m, last_m = self.first_range_m
        if not first_m <= distance_m <= last_m:
            return float("nan")
        lead = self._lead
        known = np.flatnonzero(np.isfinite(lead.passed_ms[:, 0]))
        places_m = np.append(self.places_m[known], last_m)
        times_ms = np.append(lead.passed_ms[known, 0], lead.last[_TIME, 0])
        return float(np.interp(distance_m, places_m, times_ms))

    def lead_at_ms(self, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the head of the race passed each place, any shape; NaN where history does not tell."""
        column = np.zeros(np.shape(distance_m), np.int64)
        return self._read(self._lead, column, np.asarray(distance_m))

    def passed_at_ms(self, rider: NDArray[Any], distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """When each rider passed the place given with it, any shape; NaN where history does not tell."""
        return self._read(self._riders, rider, distance_m)

    def passages_ms(self, distance_m: float) -> NDArray[np.float64]:
        """When every rider first passed one place, (k,); NaN where history does not tell."""
        riders = np.arange(self._riders.last.shape[1])
        return self.passed_at_ms(riders, np.full(len(riders), distance_m))

    def _read(
        self,
        passages: _Passages,
        column: NDArray[Any],
        distance_m: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        places_m = np.ascontiguousarray(distance_m, float)
        columns = np.ascontiguousarray(column, np.int64)
        result_ms = np.empty(places_m.shape)
        grid = (float(self.places_m[0]), float(self._step_m))
        _read(places_m.ravel(), columns.ravel(), *grid, *passages, result_ms.ravel())
        return result_ms


@compiled
def _read(
    distance_m: NDArray[np.float64],
    column: NDArray[np.int64],
    first_m: float,
    step_m: float,
    last: NDArray[np.float64],
    passed_ms: NDArray[np.float64],
    result_ms: NDArray[np.float64],
) -> None:
    """Interpolate between the nodes around each place, or up to where a rider has come by now.

    Columns beyond the last are riders so new that nothing is kept of them yet.
    """
    nodes, riders = passed_ms.shape
    for at in range(len(distance_m)):
        place, k = (distance_m[at] - first_m) / step_m, column[at]
        result_ms[at] = np.nan
        if not 0.0 <= place <= nodes - 1.0 + 1e-6 or k >= riders:
            continue
        node = min(int(place), nodes - 2)
        share = place - node
        low_ms, high_ms, reach = passed_ms[node, k], passed_ms[node + 1, k], 1.0
        if share <= 0.0:
            result_ms[at] = low_ms
            continue
        if np.isnan(high_ms):
            ahead = (last[_PLACE, k] - first_m) / step_m - node
            if share <= ahead < 1.0:
                high_ms, reach = last[_TIME, k], ahead
        result_ms[at] = low_ms + share / reach * (high_ms - low_ms)


@compiled
def _pass(
    times_ms: NDArray[np.float64],
    distance_m: NDArray[np.float64],
    first_m: float,
    step_m: float,
    last: NDArray[np.float64],
    passed_ms: NDArray[np.float64],
) -> None:
    """Write when each column of ``distance_m`` (t, k) passed each node; only ways forward count.

    A way that no rider can have ridden in its time leaves the nodes on it unknown.
    """
    nodes = len(passed_ms)
    for row in range(len(times_ms)):
        for k in range(distance_m.shape[1]):
            here_m, now_ms = distance_m[row, k], times_ms[row]
            before_m, before_ms = last[_PLACE, k], last[_TIME, k]
            if np.isnan(here_m) or here_m < before_m:
                continue
            last[_PLACE, k], last[_TIME, k] = here_m, now_ms
            ridden = here_m - before_m <= LARGEST_SPEED_MPS * (now_ms - before_ms) / 1000.0 + _SLACK_M
            if not ridden:
                last[_NODE, k] = max(np.ceil((here_m - first_m) / step_m - 1e-9), 0.0)
                before_m, before_ms = here_m, now_ms
            node = int(last[_NODE, k])
            while node < nodes and first_m + node * step_m <= here_m + 1e-9:
                share = (first_m + node * step_m - before_m) / max(here_m - before_m, 1e-9)
                passed_ms[node, k] = before_ms + min(max(share, 0.0), 1.0) * (now_ms - before_ms)
                node += 1
            last[_NODE, k] = node
