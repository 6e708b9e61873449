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
def _read_row(
    time_ms: float,
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    slope_mps: NDArray[np.float32],
    out: NDArray[np.float64],
) -> None:
    """Write all riders' places at one moment into ``out`` (k,): a cubic Hermite between two rows.

    Rows are taken out of the table first, so that the loop runs on several riders at once.
    """
    row, share = _row_at(time_ms, start_ms, step_ms, len(distance_m))
    rest, step_s = 1.0 - share, step_ms / 1000.0
    low_m, high_m = distance_m[row], distance_m[row + 1]
    low_mps, high_mps = slope_mps[row], slope_mps[row + 1]
    for k in range(len(out)):
        gained_m = high_m[k] - low_m[k]
        bend_m = (low_mps[k] * step_s - gained_m) * rest - (high_mps[k] * step_s - gained_m) * share
        out[k] = low_m[k] + share * gained_m + share * rest * bend_m


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
    rows, riders = len(distance_m), len(presence)
    half_ms = SPEED_WINDOW_S * 500.0
    row, share = _row_at(time_ms, start_ms, step_ms, rows)
    beyond_s = max(0.0, time_ms - start_ms - step_ms * (rows - 1)) / 1000.0
    here_m, speed_mps, aside_m, ages_s, unsure_m = values[0], values[1], values[2], values[3], values[4]
    first_ms, last_ms = seen_ms[0], seen_ms[1]
    _read_row(time_ms - half_ms, start_ms, step_ms, distance_m, slope_mps, speed_mps)
    _read_row(time_ms + half_ms, start_ms, step_ms, distance_m, slope_mps, unsure_m)
    _read_row(time_ms, start_ms, step_ms, distance_m, slope_mps, here_m)
    age_low_s, age_high_s = age_s[row], age_s[row + 1]
    lane_m, phase, rate = lane[0], lane[1], lane[2]
    for k in range(riders):
        past_m = speed_mps[k]
        seen_then = (time_ms - half_ms >= first_ms[k]) & ~np.isnan(past_m)
        begin_m = past_m if seen_then else here_m[k]
        window_s = SPEED_WINDOW_S if seen_then else 0.5 * SPEED_WINDOW_S
        speed_mps[k] = (unsure_m[k] - begin_m) / window_s
        ages_s[k] = (1.0 - share) * age_low_s[k] + share * age_high_s[k] + beyond_s
        aside_m[k] = lane_m[k] + sway_at(phase[k] + rate[k] * here_m[k])
        finished[k] = time_ms >= finish_ms[k]
    for k in range(riders):
        if not time_ms >= first_ms[k] or np.isnan(here_m[k]):
            here_m[k] = speed_mps[k] = aside_m[k] = ages_s[k] = unsure_m[k] = np.nan
            presence[k] = _ABSENT
            continue
        if finished[k]:
            ages_s[k] = max((time_ms - finish_ms[k]) / 1000.0 - FINISHED_LIVE_S, 0.0)
        unsure_m[k] = uncertainty_of_age(ages_s[k], time_ms > last_ms[k])
        presence[k] = presence_of_age(ages_s[k])


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
    first_ms = seen_ms[0]
    for moment in range(len(times_ms)):
        out = result[moment]
        _read_row(times_ms[moment], start_ms, step_ms, distance_m, slope_mps, out)
        for k in range(len(out)):
            out[k] = out[k] if times_ms[moment] >= first_ms[k] else np.nan
