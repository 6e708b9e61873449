"""Compiled reading of the table of positions: all riders at one moment, or at many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled
from tracker3d.track.lanes import sway_at
from tracker3d.track.model import (
    BETWEEN_FIXES_M,
    BEYOND_FIXES_M,
    PRESENCE_AGES_S,
    SPEED_WINDOW_S,
    UNCERTAIN_AGES_S,
    Presence,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINISHED_LIVE_S = 48.0
"""So much is taken off the age of a finished rider, who thus coasts from a minute after the line on."""

DISTANCE, SPEED, LATERAL, AGE, UNCERTAINTY = range(5)
"""Rows of what :func:`read_states` writes."""

_AGES_S = np.array(UNCERTAIN_AGES_S)
_BETWEEN_M, _BEYOND_M = np.array(BETWEEN_FIXES_M), np.array(BEYOND_FIXES_M)
_COASTING_S, _STALE_S, _LOST_S = PRESENCE_AGES_S
_ABSENT = int(Presence.ABSENT)


@compiled
def presence_of_age(age_s: float) -> int:
    """Presence by the distance in time to the nearest fix."""
    return int(age_s >= _COASTING_S) + int(age_s >= _STALE_S) + int(age_s >= _LOST_S)


@compiled
def uncertainty_of_age(age_s: float, beyond: bool) -> float:
    """Half of the errors are smaller than this; ``beyond`` the last fix they grow much faster."""
    medians_m = _BEYOND_M if beyond else _BETWEEN_M
    after = 1
    while after < len(_AGES_S) - 1 and _AGES_S[after] < age_s:
        after += 1
    share = (age_s - _AGES_S[after - 1]) / (_AGES_S[after] - _AGES_S[after - 1])
    return float(medians_m[after - 1] + share * (medians_m[after] - medians_m[after - 1]))


@compiled
def _row_at(time_ms: float, start_ms: float, step_ms: float, rows: int) -> tuple[int, float]:
    place = min(max((time_ms - start_ms) / step_ms, 0.0), rows - 1.000001)
    row = int(place)
    return row, place - row


@compiled
def _between(low_m: float, high_m: float, low_gain: float, high_gain: float, share: float) -> float:
    """Cubic Hermite; gains are slopes times the step."""
    rest = 1.0 - share
    gained = high_m - low_m
    return low_m + share * gained + share * rest * ((low_gain - gained) * rest - (high_gain - gained) * share)


@compiled
def row_slopes(distance_m: NDArray[np.float64], step_s: float) -> NDArray[np.float32]:
    """Slopes at the rows of the table in m/s: means of both sides, but so that cubics rise."""
    rows, riders = distance_m.shape
    slope_mps = np.zeros((rows, riders), np.float32)
    for row in range(rows):
        for k in range(riders):
            here_m = distance_m[row, k]
            behind = (here_m - distance_m[row - 1, k]) / step_s if row else np.nan
            ahead = (distance_m[row + 1, k] - here_m) / step_s if row + 1 < rows else np.nan
            behind = ahead if np.isnan(behind) else behind
            ahead = behind if np.isnan(ahead) else ahead
            if not np.isnan(ahead):
                slope_mps[row, k] = min(0.5 * (behind + ahead), 2.99 * min(behind, ahead))
    return slope_mps


@compiled
def read_states(
    time_ms: float,
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    slope_mps: NDArray[np.float32],
    age_s: NDArray[np.float32],
    seen_ms: NDArray[np.float64],
    finish_ms: NDArray[np.float64],
    lane: NDArray[np.float64],
    values: NDArray[np.float64],
    presence: NDArray[np.uint8],
    finished: NDArray[np.bool_],
) -> None:
    """Read all riders at one moment.

    ``distance_m``, ``slope_mps`` and ``age_s`` are (rows, k), one row every ``step_ms`` from ``start_ms`` on.
    ``seen_ms`` is (2, k), ``lane`` from :func:`~tracker3d.track.lanes.lanes`. Written: ``values`` (5, k),
    ``presence`` and ``finished`` (k,).
    """
    rows, step_s = len(distance_m), step_ms / 1000.0
    half_ms = SPEED_WINDOW_S * 500.0
    row, share = _row_at(time_ms, start_ms, step_ms, rows)
    past, past_share = _row_at(time_ms - half_ms, start_ms, step_ms, rows)
    ahead, ahead_share = _row_at(time_ms + half_ms, start_ms, step_ms, rows)
    beyond_s = max(0.0, time_ms - start_ms - step_ms * (rows - 1)) / 1000.0
    for k in range(len(presence)):
        here_m = _between(
            distance_m[row, k],
            distance_m[row + 1, k],
            slope_mps[row, k] * step_s,
            slope_mps[row + 1, k] * step_s,
            share,
        )
        finished[k] = time_ms >= finish_ms[k]
        if not time_ms >= seen_ms[0, k] or np.isnan(here_m):
            values[:, k] = np.nan
            presence[k] = _ABSENT
            continue
        ahead_m = _between(
            distance_m[ahead, k],
            distance_m[ahead + 1, k],
            slope_mps[ahead, k] * step_s,
            slope_mps[ahead + 1, k] * step_s,
            ahead_share,
        )
        past_m, window_s = here_m, 0.5 * SPEED_WINDOW_S
        if time_ms - half_ms >= seen_ms[0, k]:
            earlier_m = _between(
                distance_m[past, k],
                distance_m[past + 1, k],
                slope_mps[past, k] * step_s,
                slope_mps[past + 1, k] * step_s,
                past_share,
            )
            if not np.isnan(earlier_m):
                past_m, window_s = earlier_m, SPEED_WINDOW_S
        age = (1.0 - share) * age_s[row, k] + share * age_s[row + 1, k] + beyond_s
        if finished[k]:
            age = max((time_ms - finish_ms[k]) / 1000.0 - FINISHED_LIVE_S, 0.0)
        values[DISTANCE, k], values[SPEED, k], values[AGE, k] = here_m, (ahead_m - past_m) / window_s, age
        values[LATERAL, k] = lane[0, k] + sway_at(lane[1, k] + lane[2, k] * here_m)
        values[UNCERTAINTY, k] = uncertainty_of_age(age, time_ms > seen_ms[1, k])
        presence[k] = presence_of_age(age)


@compiled
def read_distances(
    times_ms: NDArray[np.float64],
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    slope_mps: NDArray[np.float32],
    seen_ms: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Read all riders at many moments into ``result`` (t, k)."""
    step_s = step_ms / 1000.0
    for moment in range(len(times_ms)):
        time_ms = times_ms[moment]
        row, share = _row_at(time_ms, start_ms, step_ms, len(distance_m))
        rest = 1.0 - share
        low, high = distance_m[row], distance_m[row + 1]
        low_slope, high_slope = slope_mps[row], slope_mps[row + 1]
        out = result[moment]
        for k in range(len(out)):
            gained = high[k] - low[k]
            bend = (low_slope[k] * step_s - gained) * rest - (high_slope[k] * step_s - gained) * share
            here_m = low[k] + share * gained + share * rest * bend
            out[k] = here_m if time_ms >= seen_ms[0, k] else np.nan
