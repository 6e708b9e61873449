"""The pace of the whole field along the road: what makes a hole in a rider's fixes long or short.

Through a hole of minutes neither a straight line nor a cubic knows the climb in it; the field does. Time
along the road is therefore measured on the field's own clock: ``field_s(distance)`` grows by what a typical
rider needs. On that clock every rider moves almost evenly, so interpolating there is safe over long holes
and changes nothing over short ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BIN_M = 100.0
_SMOOTH_BINS = 2.0
_LEAST_FIXES = 5
_SLOWEST_MPS = 1.5
_TYPICAL_MPS = 10.0


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


def field_pace(distance_m: NDArray[np.float64], speed_mps: NDArray[np.float64]) -> FieldPace:
    """Measure the pace of the field from all accepted fixes.

    Parameters
    ----------
    distance_m, speed_mps : (n,) float64
        Of accepted fixes of riders; NaN speeds are left out.
    """
    if not len(distance_m):
        return FieldPace(np.array([0.0, 1.0]), np.array([0.0, 1.0 / _TYPICAL_MPS]))
    first_m = _BIN_M * np.floor(distance_m.min() / _BIN_M) - 5 * _BIN_M
    bins = int((distance_m.max() - first_m) // _BIN_M) + 6
    known = np.isfinite(speed_mps)
    at = ((distance_m[known] - first_m) // _BIN_M).astype(np.int64)
    count = np.bincount(at, minlength=bins)
    seconds = np.bincount(at, 1.0 / np.maximum(speed_mps[known], _SLOWEST_MPS), minlength=bins)
    good = np.flatnonzero(count >= _LEAST_FIXES)
    if len(good):
        pace = np.interp(np.arange(bins), good, seconds[good] / count[good])
    else:
        pace = np.full(bins, 1.0 / _TYPICAL_MPS)
    pace = gaussian_filter1d(pace, _SMOOTH_BINS, mode="nearest")
    nodes_m = first_m + _BIN_M * np.arange(bins + 1)
    return FieldPace(nodes_m, np.concatenate([[0.0], np.cumsum(pace * _BIN_M)]))
