"""Speed along the road at each fix: the reported one set right in time, else from the distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LAGS_S = np.arange(0.0, 5.01, 0.5)
_LONGEST_STEP_S = 15.0
_LEAST_PAIRS = 200


def along_road_mps(
    *,
    time_ms: NDArray[np.int64],
    rider: NDArray[np.int32],
    distance_m: NDArray[np.float64],
    reported_mps: NDArray[np.float32],
    accepted: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Speed along the road at each fix in m/s, (n,) float64; NaN where nothing tells it.

    A reported speed belongs to a moment shortly before the fix that it comes with (about 2.5 s on the Race
    Center feed). The lag is measured from the fixes themselves: the one at which reported speeds agree
    best with the distances ridden. The speed at a fix is then read between it and the rider's next report.

    Rows are sorted by rider, then time; a rejected row has the reported speed as it came.
    """
    speed = reported_mps.astype(float)
    rows = np.flatnonzero(accepted)
    if len(rows) < 2:
        return speed
    time_s = (time_ms[rows] - time_ms[rows[0]]) / 1000.0
    same = np.diff(rider[rows]) == 0
    step_s = np.where(same, np.diff(time_s), np.inf)
    ridden_mps = np.where(same, np.diff(distance_m[rows]) / np.where(same, np.diff(time_s), 1.0), np.nan)
    reported = speed[rows]
    lag_s = _lag_s(reported, ridden_mps, step_s)
    share = np.where(step_s <= _LONGEST_STEP_S, np.minimum(lag_s / np.maximum(step_s, 1e-3), 1.0), 0.0)
    following = np.where(np.isnan(reported[1:]), reported[:-1], reported[1:])
    corrected = reported.copy()
    corrected[:-1] += share * (following - reported[:-1])
    speed[rows] = np.where(np.isnan(corrected), _from_distances(ridden_mps), corrected)
    return np.asarray(np.clip(speed, 0.0, LARGEST_SPEED_MPS))


def _lag_s(
    reported_mps: NDArray[np.float64], ridden_mps: NDArray[np.float64], step_s: NDArray[np.float64]
) -> float:
    """Find the delay at which reported speeds, read between two reports, agree best with the distances."""
    usable = np.isfinite(ridden_mps) & (step_s <= _LONGEST_STEP_S) & (step_s >= 1.0)
    usable &= np.isfinite(reported_mps[:-1]) & np.isfinite(reported_mps[1:])
    if np.count_nonzero(usable) < _LEAST_PAIRS:
        return 0.0
    first, second = reported_mps[:-1][usable], reported_mps[1:][usable]
    step, ridden = step_s[usable], ridden_mps[usable]
    misfits = []
    for lag_s in _LAGS_S:
        share = np.clip(0.5 + lag_s / step, 0.0, 1.0)
        misfits.append(np.median(np.abs(first + share * (second - first) - ridden)))
    return float(_LAGS_S[int(np.argmin(misfits))])


def _from_distances(ridden_mps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the speeds ridden before and after each fix, or the one that there is."""
    before = np.concatenate([[np.nan], ridden_mps])
    after = np.concatenate([ridden_mps, [np.nan]])
    before, after = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    return np.asarray(0.5 * (before + after))
