"""One rider between his fixes: made monotone, on the field's clock, and over the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from tracker3d.feed.columns import LARGEST_SPEED_MPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.pace import FieldPace

ROLL_OUT_M = 100.0
"""How far riders roll on behind the line."""

_LINE_REACH_M = 600.0
_AT_LINE_M = 0.01
"""A rider so near before the line is on it: a knot more would be at the same time as the one before."""

_LINE_REACH_S = 75.0
_LONG_HOLE_S = 40.0


def between(
    low_m: NDArray[np.float64],
    high_m: NDArray[np.float64],
    low_mps: NDArray[np.float32],
    high_mps: NDArray[np.float32],
    share: float | NDArray[np.float64],
    step_s: float,
) -> NDArray[np.float64]:
    """Cubic Hermite between two rows; monotone because no slope exceeds three times the chord's."""
    rest = 1.0 - share
    gained = high_m - low_m
    bend = (low_mps * step_s - gained) * rest - (high_mps * step_s - gained) * share
    return np.asarray(low_m + share * gained + share * rest * bend)


class Knots:
    """One rider's accepted fixes made monotone, and where the rider is between them.

    Parameters
    ----------
    time_ms : (n,) int64
        Ascending; may be empty.
    distance_m, speed_mps : (n,) float64
        Smoothed road distances, and speeds (NaN where unknown).
    pace : FieldPace
    finish_m : float

    Attributes
    ----------
    time_ms, distance_m, speed_mps : (m,) float64
        Knots; one more than fixes where the way is prolonged to the line.
    seen_ms : (n,) float64
        Times of the fixes.
    finish_ms : float
        When the rider crossed the line, NaN when not.
    clock_s, slopes : (m,) float64
        Reading of the field's clock at the knots, and its slope against time.
    """

    def __init__(
        self,
        time_ms: NDArray[np.int64],
        distance_m: NDArray[np.float64],
        speed_mps: NDArray[np.float64],
        pace: FieldPace,
        finish_m: float,
    ) -> None:
        self.time_ms = time_ms.astype(float)
        self.seen_ms = self.time_ms
        self.finish_ms = np.nan
        self.clock_s = self.slopes = np.zeros(0)
        if not len(time_ms):
            return
        self.distance_m = np.array(isotonic_regression(distance_m).x)
        self.speed_mps = speed_mps
        self._reach_finish(finish_m)
        self.clock_s = pace.clock_s(self.distance_m)
        self.slopes = self._end_slopes(pace)

    def _reach_finish(self, finish_m: float) -> None:
        """Find when the rider crossed the line, prolonging the way where the feed stops shortly before it."""
        left_m = finish_m - self.distance_m[-1]
        if 0.0 < left_m <= _AT_LINE_M:
            self.distance_m[-1] = finish_m
        elif left_m > 0.0:
            speed = self.speed_mps[-1]
            if left_m > _LINE_REACH_M or not speed * _LINE_REACH_S > left_m:
                return
            self.time_ms = np.append(self.time_ms, self.time_ms[-1] + 1000.0 * left_m / speed)
            self.distance_m = np.append(self.distance_m, finish_m)
            self.speed_mps = np.append(self.speed_mps, speed)
        after = max(int(np.searchsorted(self.distance_m, finish_m, side="left")), 0)
        if after == 0:
            self.finish_ms = float(self.time_ms[0])
            return
        share = (finish_m - self.distance_m[after - 1]) / (
            self.distance_m[after] - self.distance_m[after - 1]
        )
        self.finish_ms = float(
            self.time_ms[after - 1] + share * (self.time_ms[after] - self.time_ms[after - 1])
        )

    def _end_slopes(self, pace: FieldPace) -> NDArray[np.float64]:
        """Slopes of the field's clock against time at the knots.

        Bounded from above so that the cubic is monotone, and from below so that on a fast stretch its middle
        need not be faster than any rider is.
        """
        if len(self.time_ms) < 2:
            return np.zeros(len(self.time_ms))
        step_s = np.diff(self.time_ms) / 1000.0
        chord = np.diff(self.clock_s) / step_s
        before, after = np.append(chord[0], chord), np.append(chord, chord[-1])
        per_metre = pace.pace_s_per_m(self.distance_m)
        told = self.speed_mps * per_metre
        slopes = np.where(np.isnan(told), np.sqrt(np.maximum(before * after, 0.0)), told)
        slow_end = 3.0 * np.maximum(before, after) - 2.0 * LARGEST_SPEED_MPS * per_metre
        return np.asarray(np.clip(np.maximum(slopes, slow_end), 0.0, 3.0 * np.minimum(before, after)))

    def at(self, times_ms: NDArray[np.float64], pace: FieldPace) -> NDArray[np.float64]:
        """Road distance at ascending times, held after the last knot.

        NaN before the first knot, but for the moment right before it, where a row of the table is needed to
        interpolate from.
        """
        result = np.full(len(times_ms), np.nan)
        begin, end = np.searchsorted(times_ms, [self.time_ms[0], self.time_ms[-1]], side="left")
        result[end:] = self.distance_m[-1]
        if begin:
            early_s = (self.time_ms[0] - times_ms[begin - 1]) / 1000.0
            result[begin - 1] = self.distance_m[0] - early_s * np.nan_to_num(self.speed_mps[0])
        if end > begin:
            times = times_ms[begin:end]
            after = np.clip(np.searchsorted(self.time_ms, times, side="right"), 1, len(self.time_ms) - 1)
            before = after - 1
            step_s = (self.time_ms[after] - self.time_ms[before]) / 1000.0
            share = (times - self.time_ms[before]) / (step_s * 1000.0)
            chord = (self.clock_s[after] - self.clock_s[before]) / step_s
            calm = np.minimum(1.0, _LONG_HOLE_S / step_s)
            low = chord + calm * (self.slopes[before] - chord)
            high = chord + calm * (self.slopes[after] - chord)
            clock_s = between(
                self.clock_s[before], self.clock_s[after], low * step_s, high * step_s, share, 1.0
            )
            distance_m = pace.distance_at_m(clock_s)
            wild = self._wild(before, times, distance_m)
            distance_m[wild] = np.interp(times[wild], self.time_ms, self.distance_m)
            result[begin:end] = distance_m
        return np.asarray(np.fmax.accumulate(result))

    def _wild(
        self, interval: NDArray[np.int64], times_ms: NDArray[np.float64], distance_m: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell the moments between two fixes that lie so far apart that the curve outruns any rider."""
        fast = np.diff(distance_m) > LARGEST_SPEED_MPS * np.diff(times_ms) / 1000.0
        spoilt = np.zeros(len(self.time_ms), bool)
        spoilt[interval[1:][fast]] = True
        spoilt[interval[:-1][fast]] = True
        return spoilt[interval]

    def age_s(self, times_ms: NDArray[np.float64]) -> NDArray[np.float32]:
        """Time to the nearest fix before or after each moment."""
        after = np.searchsorted(self.seen_ms, times_ms, side="left")
        to_next = self.seen_ms[np.minimum(after, len(self.seen_ms) - 1)] - times_ms
        from_last = times_ms - self.seen_ms[np.maximum(after - 1, 0)]
        nearest = np.minimum(
            np.where(to_next < 0.0, np.inf, to_next), np.where(from_last < 0.0, np.inf, from_last)
        )
        return np.asarray(nearest / 1000.0, np.float32)


def rolled_out(
    times_ms: NDArray[np.float64], distance_m: NDArray[np.float64], rider: Knots, finish_m: float
) -> NDArray[np.float64]:
    """After the line the fixes say little: the rider slows down evenly and stops ``ROLL_OUT_M`` behind it."""
    if np.isnan(rider.finish_ms):
        return distance_m
    before = int(np.searchsorted(rider.time_ms, rider.finish_ms, side="left"))
    speed = rider.speed_mps[min(before, len(rider.speed_mps) - 1)]
    speed = float(np.clip(np.nan_to_num(speed, nan=10.0), 3.0, 25.0))
    after = times_ms >= rider.finish_ms
    since_s = (times_ms[after] - rider.finish_ms) / 1000.0
    stop_s = 2.0 * ROLL_OUT_M / speed
    left = np.maximum(1.0 - since_s / stop_s, 0.0)
    result = np.minimum(distance_m, finish_m)
    result[after] = finish_m + ROLL_OUT_M * (1.0 - left * left)
    return result
