"""The pace of the whole field along the road: what makes a hole in a rider's fixes long or short.

Through a hole of minutes neither a straight line nor a cubic knows the climb in it. Time along the road is
therefore measured on the field's own clock: ``field_s(distance)`` grows by what a typical rider needs. On
that clock every rider moves almost evenly, so interpolating there is safe over long holes and changes
nothing over short ones.

What a typical rider needs is learned from the fixes in steps: how fast the field is at each gradient, for
the road is known where nobody was seen; how much faster or slower it was over the kilometres around, and at
a place itself where the gradient is far out, as without heights; and where, within a minute, riders are
faster or slower than they are on average in that minute. The last step compares each rider with himself,
since at one place a bunch may have been seen and at the next one only those who were dropped by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route

_STEP_M = 25.0
_HEIGHT_SPREAD_M = 50.0
_MOMENTUM_SPREAD_M = 100.0
_FAR_OUT_SPREAD_M = 200.0
_AROUND_SPREAD_M = 1000.0
_PLACE_SPREAD_M = 50.0
"""Spreads of the Gaussians that smooth heights, speeds by gradient, and what places say."""

_FAR_OUT_LOG = 0.2
"""By so much the field's speed may differ at a place from that by gradient, since it is not always the same
riders who are seen; only what goes beyond is the place's own."""

_STEEPEST_PERCENT = 12
_LEAST_FIXES = 100
_MOST_FIXES = 5.0
"""More fixes in one step of the road say no more: they are of one bunch."""

_AROUND_DOUBT, _PLACE_DOUBT = 0.1, 1.0
"""So many fixes that say nothing new are put into each step of the road."""

_ROUNDS = 2
_SLOWEST_MPS = 1.5
_TYPICAL_MPS = 10.0
_BEYOND_M = 500.0


@dataclass(frozen=True)
class FieldPace:
    """A strictly increasing map between road distance and the field's clock.

    ``distance_m`` and ``field_s`` are (m,) float64 nodes; linear between them, and beyond them with the
    pace of the last node.
    """

    distance_m: NDArray[np.float64]
    field_s: NDArray[np.float64]

    def clock_s(self, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field's clock at road distances."""
        return np.interp(distance_m, self.distance_m, self.field_s)

    def distance_at_m(self, clock_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the road distance at readings of the field's clock."""
        return np.interp(clock_s, self.field_s, self.distance_m)

    def pace_s_per_m(self, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return seconds of the field's clock per metre of road."""
        spans = np.diff(self.field_s) / np.diff(self.distance_m)
        middle = 0.5 * (self.distance_m[1:] + self.distance_m[:-1])
        return np.interp(distance_m, middle, spans)


def field_pace(
    *,
    time_ms: NDArray[np.int64],
    rider: NDArray[np.int32],
    distance_m: NDArray[np.float64],
    speed_mps: NDArray[np.float64],
    route: Route,
) -> FieldPace:
    """Measure the pace of the field from all accepted fixes.

    Parameters
    ----------
    time_ms, rider, distance_m, speed_mps : (n,)
        Of accepted fixes of riders; NaN speeds are left out.
    route : Route
        Its heights are read.
    """
    if not len(distance_m):
        return FieldPace(np.array([0.0, 1.0]), np.array([0.0, 1.0 / _TYPICAL_MPS]))
    known = np.isfinite(speed_mps)
    first_m = _STEP_M * np.floor(distance_m.min() / _STEP_M) - _BEYOND_M
    steps = int((distance_m.max() + _BEYOND_M - first_m) // _STEP_M) + 1
    nodes_m = first_m + _STEP_M * np.arange(steps + 1)
    at = ((distance_m[known] - first_m) // _STEP_M).astype(np.int64)
    speed_log = np.log(np.maximum(speed_mps[known], _SLOWEST_MPS))
    usual_log = _by_gradient(route, nodes_m[:-1] + 0.5 * _STEP_M, at, speed_log)
    out_log = _by_place(at, speed_log - usual_log[at], steps, _FAR_OUT_SPREAD_M, _AROUND_DOUBT)
    usual_log += out_log - np.clip(out_log, -_FAR_OUT_LOG, _FAR_OUT_LOG)
    usual_log += _by_place(at, speed_log - usual_log[at], steps, _AROUND_SPREAD_M, _AROUND_DOUBT)
    minutes = time_ms[known] // 60_000
    minutes += rider[known].astype(np.int64) * (minutes.max() + 1)
    minute = np.unique(minutes, return_inverse=True)[1]
    left_log = speed_log - usual_log[at]
    here_log = np.zeros(steps)
    for _ in range(_ROUNDS):
        own_log = (np.bincount(minute, left_log - here_log[at]) / np.bincount(minute))[minute]
        here_log = _by_place(at, left_log - own_log, steps, _PLACE_SPREAD_M, _PLACE_DOUBT)
    pace = np.exp(-usual_log - here_log)
    return FieldPace(nodes_m, np.concatenate([[0.0], np.cumsum(pace * _STEP_M)]))


def _by_gradient(
    route: Route, middle_m: NDArray[np.float64], at: NDArray[np.int64], speed_log: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logarithm of the speed of the field at each step of the road, from the gradient there alone."""
    height_m = gaussian_filter1d(route.height(middle_m), _HEIGHT_SPREAD_M / _STEP_M, mode="nearest")
    percent = 100.0 * np.gradient(height_m, _STEP_M)
    class_of = np.clip(np.rint(percent), -_STEEPEST_PERCENT, _STEEPEST_PERCENT).astype(np.int64)[at]
    known, medians = [], []
    for each in range(-_STEEPEST_PERCENT, _STEEPEST_PERCENT + 1):
        there = speed_log[class_of == each]
        if len(there) >= _LEAST_FIXES:
            known.append(each)
            medians.append(np.median(there))
    if not known:
        return np.full(len(middle_m), np.log(_TYPICAL_MPS))
    usual_log = np.interp(percent, known, medians)
    return np.asarray(gaussian_filter1d(usual_log, _MOMENTUM_SPREAD_M / _STEP_M, mode="nearest"))


def _by_place(
    at: NDArray[np.int64], value: NDArray[np.float64], steps: int, spread_m: float, doubt: float
) -> NDArray[np.float64]:
    """Means of what fixes say, at each step of the road and around it; 0 far from any fix."""
    count = np.bincount(at, minlength=steps)
    mean = np.bincount(at, value, minlength=steps) / np.maximum(count, 1)
    weight = np.minimum(count, _MOST_FIXES)
    around, weights = (
        gaussian_filter1d(column, spread_m / _STEP_M, mode="constant") for column in (mean * weight, weight)
    )
    return np.asarray(around / (weights + doubt))
