"""Weighing positions and speeds against each other, so that one bad fix neither brakes nor hurls a rider.

The smoothed distances are those that lie closest to the fixes and, from one fix to the next, to the way
that the speeds say; both with the weights of Student's t, so that outliers count little. A fix far to the
side of the road is also doubtful along it. This is one sparse linear system for all riders, solved a few
times with weights from the residuals before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solveh_banded

from tracker3d.track.compiled import compiled_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIX_M = 3.0
_WAY_M = 1.0
_WAY_MPS = 0.35
_FAR_STEP_S = 15.0
_FAR_MPS = 1.5
_FREEDOM = 3.0
_ROUNDS = 4


@compiled_step
def fix_variance(lateral_m: float) -> float:
    """Square of how far along the road a fix may be off."""
    return FIX_M**2 + lateral_m * lateral_m


@compiled_step
def way_variance(step_s: float) -> float:
    """Square of how far the speeds may be off over a step."""
    way_m = _WAY_M + _WAY_MPS * min(step_s, _FAR_STEP_S) + _FAR_MPS * max(step_s - _FAR_STEP_S, 0.0)
    return way_m * way_m


@compiled_step
def doubted(variance: float, squared: float, expected: float) -> float:
    """Widen a variance as Student's t does, by the square of a residual and what that was expected to be."""
    if expected == variance:
        return (_FREEDOM * variance + squared) / (_FREEDOM + 1.0)
    return variance * (_FREEDOM + squared / expected) / (_FREEDOM + 1.0)


def smoothed_distance_m(
    *,
    time_ms: NDArray[np.int64],
    rider: NDArray[np.int32],
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
    speed_mps: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Smooth the road distances of accepted fixes, sorted by rider, then time.

    Parameters
    ----------
    time_ms : (n,) int64
    rider : (n,) int32
    distance_m, lateral_m : (n,) float64
    speed_mps : (n,) float64
        At the moment of each fix; where it is NaN positions stand alone.

    Returns
    -------
    (n,) float64
        Not yet monotone.
    """
    if len(distance_m) < 2:
        return distance_m.copy()
    step_s = np.diff(time_ms) / 1000.0
    told_m = 0.5 * (speed_mps[1:] + speed_mps[:-1]) * step_s
    linked = (np.diff(rider) == 0) & np.isfinite(told_m)
    told_m = np.where(linked, told_m, 0.0)
    step_s = np.where(linked, step_s, 1.0)
    way_m = (
        _WAY_M + _WAY_MPS * np.minimum(step_s, _FAR_STEP_S) + _FAR_MPS * np.maximum(step_s - _FAR_STEP_S, 0.0)
    )
    fix_weight = 1.0 / (FIX_M**2 + lateral_m**2)
    way_weight = np.where(linked, 1.0 / way_m**2, 0.0)
    smooth_m = distance_m
    trust_fix, trust_way = np.ones(len(distance_m)), np.ones(len(step_s))
    for _ in range(_ROUNDS):
        smooth_m = _solve(distance_m, told_m, fix_weight * trust_fix, way_weight * trust_way)
        trust_fix = _trust((smooth_m - distance_m) ** 2 * fix_weight)
        trust_way = _trust((np.diff(smooth_m) - told_m) ** 2 * way_weight)
    return smooth_m


def _trust(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of a residual under Student's t, from its square over its expected square."""
    return np.asarray((_FREEDOM + 1.0) / (_FREEDOM + squared))


def _solve(
    distance_m: NDArray[np.float64],
    told_m: NDArray[np.float64],
    fix_weight: NDArray[np.float64],
    way_weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Least squares of positions and steps: a symmetric tridiagonal system."""
    bands = np.zeros((2, len(distance_m)))
    bands[1] = fix_weight
    bands[1, :-1] += way_weight
    bands[1, 1:] += way_weight
    bands[0, 1:] = -way_weight
    right = fix_weight * distance_m
    right[:-1] -= way_weight * told_m
    right[1:] += way_weight * told_m
    return np.asarray(solveh_banded(bands, right))
