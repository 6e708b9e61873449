"""Where every rider is at any time.

Between two fixes a rider moves on a monotone cubic in road distance whose end slopes are the corrected
speeds, on the field's clock (:mod:`tracker3d.track.pace`), so that holes of minutes follow the climbs in
them. Everything is evaluated once into one table with a row a second and a column for each rider; a frame
reads two rows of it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.holes import fill_holes
from tracker3d.track.knots import Knots, rolled_out
from tracker3d.track.lanes import lanes, laterals
from tracker3d.track.model import RiderStates, Verdict
from tracker3d.track.pace import FieldPace, field_pace
from tracker3d.track.smooth import smoothed_distance_m
from tracker3d.track.states import (
    FINISH,
    FIRST_SEEN,
    LANE,
    LAST_SEEN,
    NEAREST_FIX,
    fill_rates,
    read_distances,
    read_states,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.stage.route import Route
    from tracker3d.track.model import Tracks

_AFTER_END_MS = 70_000.0
_TABLE_CELLS = 24_000_000


class Motion:
    """Position of all riders as a function of time.

    Parameters
    ----------
    tracks : Tracks
    route : Route
        Tells where the finish is.

    Notes
    -----
    Before a rider's first accepted fix there is no position; after the last one the rider holds it, unless
    it lies shortly before the finish: feeds stop there, and the rider is taken to have crossed the line at
    the speed last known. Finished riders roll on ``ROLL_OUT_M`` and count as ageing from a minute later.

    The lateral place is plausible, not measured: positions scatter wider than the road. It is the same for
    a bib at any place of the road in any run, stays within 2.5 m of the centre line and differs between
    riders, so that a bunch rides side by side (:mod:`tracker3d.track.lanes`).
    """

    def __init__(self, tracks: Tracks, route: Route) -> None:
        self.bibs = tracks.bibs
        self._finish_m = float(route.finish_m)
        rows = np.flatnonzero(tracks.verdict < Verdict.OFF_ROAD)
        field = rows[tracks.bibs[tracks.rider[rows]] > 0]
        pace = field_pace(
            time_ms=tracks.time_ms[field],
            rider=tracks.rider[field],
            distance_m=tracks.distance_m[field],
            speed_mps=tracks.speed_mps[field],
            route=route,
        )
        smooth_m = smoothed_distance_m(
            time_ms=tracks.time_ms[rows],
            rider=tracks.rider[rows],
            distance_m=tracks.distance_m[rows],
            lateral_m=tracks.lateral_m[rows],
            speed_mps=tracks.speed_mps[rows],
        )
        bounds = np.searchsorted(tracks.rider[rows], np.arange(len(tracks.bibs) + 1))
        knots = [
            Knots(
                tracks.time_ms[rows[begin:end]],
                smooth_m[begin:end],
                tracks.speed_mps[rows[begin:end]],
                pace,
                self._finish_m,
            )
            for begin, end in pairwise(bounds)
        ]
        begins = [rider.time_ms[0] for rider in knots if len(rider.time_ms)]
        ends = [rider.time_ms[-1] for rider in knots if len(rider.time_ms)]
        self.start_ms = int(min(begins, default=0))
        self.end_ms = int(np.ceil(max(ends, default=1000)))
        self._step_ms = _step_ms(self.end_ms - self.start_ms, len(knots))
        self._rows = int(np.ceil((self.end_ms + _AFTER_END_MS - self.start_ms) / self._step_ms)) + 2
        self._distance_m = np.full((self._rows, len(knots)), np.nan)
        self._rates = np.zeros((self._rows, 3, len(knots)), np.float32)
        self._rider = np.concatenate([np.full((LANE, len(knots)), np.nan), lanes(tracks.bibs)])
        self._table = (float(self.start_ms), self._step_ms, self._distance_m, self._rates, self._rider)
        self._fill(knots, pace)

    def _fill(self, knots: list[Knots], pace: FieldPace) -> None:
        """Evaluate every rider at every row of the common table."""
        times_ms = self.start_ms + self._step_ms * np.arange(self._rows, dtype=float)
        age_s = self._rates[:, NEAREST_FIX]
        age_s[:] = np.inf
        for index, rider in enumerate(knots):
            if not len(rider.time_ms):
                continue
            distance_m = rider.at(times_ms, pace)
            self._rider[FINISH, index] = rider.finish_ms
            self._rider[[FIRST_SEEN, LAST_SEEN], index] = rider.seen_ms[[0, -1]]
            self._distance_m[:, index] = rolled_out(times_ms, distance_m, rider, self._finish_m)
            age_s[:, index] = rider.age_s(times_ms)
        fill_holes(
            self._distance_m,
            age_s,
            start_ms=float(self.start_ms),
            step_ms=self._step_ms,
            knots=knots,
            racing=self.bibs > 0,
            pace=pace,
        )
        fill_rates(float(self.start_ms), self._step_ms, self._distance_m, self._rider, self._rates)

    @property
    def finish_ms(self) -> NDArray[np.float64]:
        """When each rider crossed the line, milliseconds since 1970 UTC, (k,) float64; NaN for the others."""
        return np.array(self._rider[FINISH])

    @property
    def last_seen_ms(self) -> NDArray[np.float64]:
        """Time of each rider's last accepted fix, (k,) float64; NaN for those without any."""
        return np.array(self._rider[LAST_SEEN])

    def at(self, time_ms: float) -> RiderStates:
        """Return all riders at one moment.

        Parameters
        ----------
        time_ms : int
            Milliseconds since 1970 UTC; any. Before the first fix everybody is absent, after the last one
            everybody holds and ages.
        """
        riders = len(self.bibs)
        values = np.empty((5, riders))
        presence, finished = np.empty(riders, np.uint8), np.empty(riders, np.bool_)
        read_states(float(time_ms), *self._table, values, presence, finished)
        return RiderStates(
            *(int(time_ms), self.bibs, values[0], values[1], values[2], values[3]),
            *(presence, finished, values[4]),
        )

    def distances(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return road distances at many times: (t,) milliseconds to (t, k) metres, NaN for the absent."""
        times = np.ascontiguousarray(np.atleast_1d(np.asarray(times_ms, float)))
        result = np.empty((len(times), len(self.bibs)))
        read_distances(times, *self._table, result)
        return result

    def laterals(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return lateral places at many times: (t,) milliseconds to (t, k) metres, NaN for the absent."""
        return laterals(self._rider[LANE:], self.distances(times_ms))

    def ages_s(self, times_ms: ArrayLike) -> NDArray[np.float32]:
        """Return the distance in time to each rider's nearest fix, (t,) milliseconds to (t, k) seconds."""
        times = np.atleast_1d(np.asarray(times_ms, float))
        row = np.rint((times - self.start_ms) / self._step_ms)
        ages: NDArray[np.float32] = self._rates[np.clip(row, 0, self._rows - 1).astype(np.int64), NEAREST_FIX]
        return ages

    def passages_ms(self, distances_m: ArrayLike) -> NDArray[np.float64]:
        """Return when each rider first passed each road distance.

        Parameters
        ----------
        distances_m : (m,) float64

        Returns
        -------
        (m, k) float64
            Milliseconds since 1970 UTC; NaN where the rider has not passed, or was first seen beyond.
        """
        wanted = np.atleast_1d(np.asarray(distances_m, float))
        passed = np.full((len(wanted), len(self.bibs)), np.nan)
        times_ms = self.start_ms + self._step_ms * np.arange(self._rows, dtype=float)
        for index in range(len(self.bibs)):
            column = np.ascontiguousarray(self._distance_m[:, index])
            first = int(np.count_nonzero(np.isnan(column)))
            if first >= self._rows:
                continue
            column, column_ms = column[first:], times_ms[first:]
            after = np.searchsorted(column, wanted, side="left")
            inside = (after < len(column)) & (wanted >= column[0])
            after = np.clip(after, 1, len(column) - 1)
            low, high = column[after - 1], column[after]
            share = np.clip((wanted - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
            passed[inside, index] = (column_ms[after - 1] + share * self._step_ms)[inside]
        return passed

    def passage_ms(self, distance_m: float) -> NDArray[np.float64]:
        """Return when each rider first passed one road distance, (k,) float64; see :meth:`passages_ms`."""
        passages: NDArray[np.float64] = self.passages_ms([distance_m])[0]
        return passages


def _step_ms(duration_ms: int, riders: int) -> float:
    """One row a second, or fewer where the table would grow out of bounds."""
    seconds = max(1.0, np.ceil(duration_ms / 1000.0 * max(riders, 1) / _TABLE_CELLS))
    return 1000.0 * float(seconds)
