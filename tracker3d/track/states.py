"""Compiled reading of the table of positions: all riders at one moment, or at many.

The table is two arrays with a row for each moment: distances, (rows, k) float64, and what belongs to them,
(rows, 3, k) float32. A frame reads two rows of each, which lie side by side. What does not change with time
is one array as well: handing over an array to compiled code costs about as much as reading a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled, compiled_step
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

SLOPE, MEAN_SPEED, NEAREST_FIX = range(3)
"""What belongs to distances: slopes of the cubics and mean speeds in m/s, seconds to the nearest fix."""

FIRST_SEEN, LAST_SEEN, FINISH, LANE, PHASE, RATE = range(6)
"""Rows of what does not change: milliseconds, and those of :func:`~tracker3d.track.lanes.lanes`."""

_AGES_S = np.array(UNCERTAIN_AGES_S)
_BETWEEN_M, _BEYOND_M = np.array(BETWEEN_FIXES_M), np.array(BEYOND_FIXES_M)
_COASTING_S, _STALE_S, _LOST_S = PRESENCE_AGES_S
_ABSENT = int(Presence.ABSENT)


@compiled_step
def presence_of_age(age_s: float) -> int:
    """Presence by the distance in time to the nearest fix."""
    return int(age_s >= _COASTING_S) + int(age_s >= _STALE_S) + int(age_s >= _LOST_S)


@compiled_step
def uncertainty_of_age(age_s: float, beyond: bool) -> float:
    """Half of the errors are smaller than this; ``beyond`` the last fix they grow much faster."""
    medians_m = _BEYOND_M if beyond else _BETWEEN_M
    after = 1
    while after < len(_AGES_S) - 1 and _AGES_S[after] < age_s:
        after += 1
    share = (age_s - _AGES_S[after - 1]) / (_AGES_S[after] - _AGES_S[after - 1])
    return float(medians_m[after - 1] + share * (medians_m[after] - medians_m[after - 1]))


@compiled_step
def _row_at(time_ms: float, start_ms: float, step_ms: float, rows: int) -> tuple[int, float]:
    place = min(max((time_ms - start_ms) / step_ms, 0.0), rows - 1.000001)
    row = int(place)
    return row, place - row


@compiled_step
def _read_row(
    time_ms: float,
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    rates: NDArray[np.float32],
    out: NDArray[np.float64],
) -> None:
    """Write all riders' places at one moment into ``out`` (k,): a cubic Hermite between two rows.

    Rows are taken out of the table first, so that the loop runs on several riders at once.
    """
    row, share = _row_at(time_ms, start_ms, step_ms, len(distance_m))
    rest, step_s = 1.0 - share, step_ms / 1000.0
    low_m, high_m = distance_m[row], distance_m[row + 1]
    low_mps, high_mps = rates[row, SLOPE], rates[row + 1, SLOPE]
    for k in range(len(out)):
        gained_m = high_m[k] - low_m[k]
        bend_m = (low_mps[k] * step_s - gained_m) * rest - (high_mps[k] * step_s - gained_m) * share
        out[k] = low_m[k] + share * gained_m + share * rest * bend_m


@compiled
def fill_rates(
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    rider: NDArray[np.float64],
    rates: NDArray[np.float32],
) -> None:
    """Fill in the slopes and the mean speeds that belong to distances; ``rider`` is (6, k).

    Slopes are means of both sides, but so that cubics rise. Before a rider was seen for half of the window
    his speed is that of the other half.
    """
    rows, riders = distance_m.shape
    step_s, half_ms = step_ms / 1000.0, SPEED_WINDOW_S * 500.0
    for row in range(rows):
        for k in range(riders):
            here_m = distance_m[row, k]
            behind = (here_m - distance_m[row - 1, k]) / step_s if row else np.nan
            ahead = (distance_m[row + 1, k] - here_m) / step_s if row + 1 < rows else np.nan
            behind = ahead if np.isnan(behind) else behind
            ahead = behind if np.isnan(ahead) else ahead
            slope_mps = min(0.5 * (behind + ahead), 2.99 * min(behind, ahead))
            rates[row, SLOPE, k] = 0.0 if np.isnan(ahead) else slope_mps
    past_m, coming_m = np.empty(riders), np.empty(riders)
    for row in range(rows):
        time_ms = start_ms + step_ms * row
        _read_row(time_ms - half_ms, start_ms, step_ms, distance_m, rates, past_m)
        _read_row(time_ms + half_ms, start_ms, step_ms, distance_m, rates, coming_m)
        for k in range(riders):
            seen_then = time_ms - half_ms >= rider[FIRST_SEEN, k] and not np.isnan(past_m[k])
            begin_m = past_m[k] if seen_then else distance_m[row, k]
            window_s = SPEED_WINDOW_S if seen_then else 0.5 * SPEED_WINDOW_S
            rates[row, MEAN_SPEED, k] = (coming_m[k] - begin_m) / window_s


@compiled_step
def read_states(
    time_ms: float,
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    rates: NDArray[np.float32],
    rider: NDArray[np.float64],
    values: NDArray[np.float64],
    presence: NDArray[np.uint8],
    finished: NDArray[np.bool_],
) -> None:
    """Read all riders at one moment.

    ``distance_m`` (rows, k) and ``rates`` (rows, 3, k) have one row every ``step_ms`` from ``start_ms`` on,
    and ``rider`` is (6, k). Written: ``values`` (5, k), which are distances, speeds, lateral places, ages
    and uncertainties, ``presence`` and ``finished`` (k,). Each loop fills one row, so that it runs on
    several riders at once.
    """
    rows, riders = len(distance_m), len(presence)
    row, share = _row_at(time_ms, start_ms, step_ms, rows)
    beyond_s = max(0.0, time_ms - start_ms - step_ms * (rows - 1)) / 1000.0
    here_m, speed_mps, aside_m, age_s, unsure_m = values[0], values[1], values[2], values[3], values[4]
    first_ms, last_ms, finish_ms = rider[FIRST_SEEN], rider[LAST_SEEN], rider[FINISH]
    lane_m, phase, rate = rider[LANE], rider[PHASE], rider[RATE]
    _read_row(time_ms, start_ms, step_ms, distance_m, rates, here_m)
    for k in range(riders):
        here_m[k] = here_m[k] if time_ms >= first_ms[k] else np.nan
    for k in range(riders):
        aside_m[k] = lane_m[k] + sway_at(phase[k] + rate[k] * here_m[k])
    low, high = rates[row, MEAN_SPEED], rates[row + 1, MEAN_SPEED]
    for k in range(riders):
        speed_mps[k] = low[k] + share * (high[k] - low[k])
    low, high = rates[row, NEAREST_FIX], rates[row + 1, NEAREST_FIX]
    for k in range(riders):
        age_s[k] = (1.0 - share) * low[k] + share * high[k] + beyond_s
    for k in range(riders):
        finished[k] = time_ms >= finish_ms[k]
    for k in range(riders):
        if np.isnan(here_m[k]):
            speed_mps[k] = age_s[k] = unsure_m[k] = np.nan
            presence[k] = _ABSENT
            continue
        if finished[k]:
            age_s[k] = max((time_ms - finish_ms[k]) / 1000.0 - FINISHED_LIVE_S, 0.0)
        unsure_m[k] = uncertainty_of_age(age_s[k], time_ms > last_ms[k])
        presence[k] = presence_of_age(age_s[k])


@compiled_step
def read_distances(
    times_ms: NDArray[np.float64],
    start_ms: float,
    step_ms: float,
    distance_m: NDArray[np.float64],
    rates: NDArray[np.float32],
    rider: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Read all riders at many moments into ``result`` (t, k)."""
    first_ms = rider[FIRST_SEEN]
    for moment in range(len(times_ms)):
        out = result[moment]
        _read_row(times_ms[moment], start_ms, step_ms, distance_m, rates, out)
        for k in range(len(out)):
            out[k] = out[k] if times_ms[moment] >= first_ms[k] else np.nan
