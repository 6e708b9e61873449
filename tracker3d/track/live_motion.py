"""Where every rider is now, live: a little late, so that positions are known rather than guessed.

What is shown is the moment ``delay_s`` ago. Mostly a fix after that moment has come, and the rider is
between two fixes; when one is late, the last speed holds for a minute. When news shows that a rider was
elsewhere, what is shown eases over to it: ahead without a jump, and if the rider was shown too far ahead, he
waits. Nobody ever moves backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled_step
from tracker3d.track.knots import ROLL_OUT_M
from tracker3d.track.lanes import lanes, sway_at
from tracker3d.track.live_way import place_at
from tracker3d.track.live_windows import ALL_KNOTS, TIME
from tracker3d.track.model import SPEED_WINDOW_S, Presence, RiderStates
from tracker3d.track.states import FINISHED_LIVE_S, presence_of_age, uncertainty_of_age

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route
    from tracker3d.track.live import LiveTracks
    from tracker3d.track.live_windows import Windows

DELAY_S = 8.0
EASING_S = 0.8

_DOUBT_M = 300.0
"""When news puts a rider farther than this from where he is shown, it must last before he moves over:
another tracker under the same bib says so for a moment only."""

_DOUBT_S = 20.0
_RELOCATE_M = 6000.0
"""Farther than this nobody is made to ride: the rider, who has faded by then, comes back elsewhere."""

_STALE, _LOST, _ABSENT = int(Presence.STALE), int(Presence.LOST), int(Presence.ABSENT)
_DISTANCE, _SPEED, _LATERAL, _AGE, _UNCERTAINTY = range(5)
"""Rows of what is shown."""

_SHOWN, _SHOWN_AT, _FINISHED_AT, _DOUBT_SINCE = range(4)


class LiveMotion:
    """Positions of all riders for display, frame by frame.

    Parameters
    ----------
    tracks : LiveTracks
        Goes on taking fixes between frames.
    route : Route
        Tells where the finish is.
    delay_s : float
        How long ago the moment shown is. A feed that sends every 6 s wants 8 to 12 s.

    Notes
    -----
    The lateral place is plausible, not measured; see :class:`~tracker3d.track.motion.Motion`.
    """

    def __init__(self, tracks: LiveTracks, route: Route, *, delay_s: float = DELAY_S) -> None:
        self._tracks = tracks
        self._finish_m = float(route.finish_m)
        self.delay_s = delay_s
        self._state = np.zeros((0, 4))
        self._lanes = lanes(tracks.bibs)

    def at(self, time_ms: float) -> RiderStates:
        """Return what to show at a moment of the race's clock; ``time_ms`` of the result is the one shown.

        Frames come in order; an earlier moment than the last one repeats the last positions.
        """
        tracks = self._tracks
        bibs = tracks.bibs
        known = len(self._state)
        if known < len(bibs):
            self._state = np.concatenate([self._state, np.full((len(bibs) - known, 4), np.nan)])
            self._lanes = lanes(bibs)
        shown_s = (time_ms - tracks.start_ms) / 1000.0 - self.delay_s
        values = np.empty((5, len(bibs)))
        presence, finished = np.empty(len(bibs), np.uint8), np.empty(len(bibs), np.bool_)
        _show(tracks.windows, self._state, self._lanes, self._finish_m, shown_s, values, presence, finished)
        return RiderStates(
            time_ms=int(time_ms - 1000.0 * self.delay_s),
            bibs=bibs,
            distance_m=values[_DISTANCE],
            speed_mps=values[_SPEED],
            lateral_m=values[_LATERAL],
            age_s=values[_AGE],
            presence=presence,
            finished=finished,
            uncertainty_m=values[_UNCERTAINTY],
        )


@compiled_step
def _show(
    windows: Windows,
    state: NDArray[np.float64],
    lane: NDArray[np.float64],
    finish_m: float,
    shown_s: float,
    values: NDArray[np.float64],
    presence: NDArray[np.uint8],
    finished: NDArray[np.bool_],
) -> None:
    for r in range(len(presence)):
        knots, count = windows.knots[r], windows.counts[r, ALL_KNOTS]
        now_s = shown_s if np.isnan(state[r, _SHOWN_AT]) else max(shown_s, state[r, _SHOWN_AT])
        target_m = _rolling_out(place_at(knots, count, now_s), finish_m)
        place_m = target_m
        if np.isnan(target_m):
            place_m = state[r, _SHOWN]
        elif not np.isnan(state[r, _SHOWN]) and presence_of_age(now_s - state[r, _SHOWN_AT]) < _LOST:
            place_m = _eased(knots, count, state[r], target_m, now_s, finish_m)
        if np.isnan(place_m):
            values[:, r] = np.nan
            presence[r], finished[r] = _ABSENT, False
            continue
        if place_m >= finish_m and np.isnan(state[r, _FINISHED_AT]):
            state[r, _FINISHED_AT] = now_s
        state[r, _SHOWN], state[r, _SHOWN_AT] = place_m, now_s
        finished[r] = not np.isnan(state[r, _FINISHED_AT])
        age_s = _age_s(knots, count, now_s)
        if finished[r]:
            age_s = max(now_s - state[r, _FINISHED_AT] - FINISHED_LIVE_S, 0.0)
        values[_DISTANCE, r], values[_AGE, r] = place_m, age_s
        values[_SPEED, r] = _speed_mps(knots, count, now_s, finish_m)
        values[_LATERAL, r] = lane[0, r] + sway_at(lane[1, r] + lane[2, r] * place_m)
        values[_UNCERTAINTY, r] = uncertainty_of_age(age_s, count > 0 and now_s > knots[count - 1, TIME])
        presence[r] = presence_of_age(age_s)
        if not np.isnan(state[r, _DOUBT_SINCE]):
            doubt = _LOST if now_s - state[r, _DOUBT_SINCE] > 0.5 * _DOUBT_S else _STALE
            presence[r] = max(presence[r], doubt)
            values[_UNCERTAINTY, r] = max(values[_UNCERTAINTY, r], _DOUBT_M)


@compiled_step
def _rolling_out(place_m: float, finish_m: float) -> float:
    """Slow down evenly behind the line and stop ``ROLL_OUT_M`` behind it."""
    if not place_m > finish_m:
        return place_m
    left = max(1.0 - (place_m - finish_m) / (2.0 * ROLL_OUT_M), 0.0)
    return finish_m + ROLL_OUT_M * (1.0 - left * left)


@compiled_step
def _eased(
    knots: NDArray[np.float64],
    count: int,
    state: NDArray[np.float64],
    target_m: float,
    now_s: float,
    finish_m: float,
) -> float:
    """Move on from the place shown last: what it was off by, as known now, fades away."""
    elapsed_s = now_s - state[_SHOWN_AT]
    before_m = _rolling_out(place_at(knots, count, state[_SHOWN_AT]), finish_m)
    if np.isnan(before_m):
        before_m = target_m
    off_m = state[_SHOWN] - before_m
    if abs(off_m) > _DOUBT_M:
        if np.isnan(state[_DOUBT_SINCE]):
            state[_DOUBT_SINCE] = now_s
        if now_s - state[_DOUBT_SINCE] >= _DOUBT_S:
            if abs(off_m) > _RELOCATE_M:
                state[_DOUBT_SINCE] = np.nan
                return target_m
            off_m *= np.exp(-elapsed_s / (0.5 * EASING_S))
    else:
        state[_DOUBT_SINCE] = np.nan
        off_m *= np.exp(-elapsed_s / (0.5 * EASING_S))
    farthest_m = state[_SHOWN] + LARGEST_SPEED_MPS * elapsed_s
    return float(min(max(state[_SHOWN], target_m + off_m), farthest_m))


@compiled_step
def _age_s(knots: NDArray[np.float64], count: int, now_s: float) -> float:
    """Distance in time to the nearest fix that the way rests on."""
    age_s = np.inf
    for knot in range(count - 1, -1, -1):
        age_s = min(age_s, abs(now_s - knots[knot, TIME]))
        if knots[knot, TIME] <= now_s:
            break
    return age_s


@compiled_step
def _speed_mps(knots: NDArray[np.float64], count: int, now_s: float, finish_m: float) -> float:
    """Mean speed over the usual window, or what there is of it."""
    half_s = 0.5 * SPEED_WINDOW_S
    begin_s, end_s = max(now_s - half_s, knots[0, TIME]), now_s + half_s
    gained_m = _rolling_out(place_at(knots, count, end_s), finish_m)
    gained_m -= _rolling_out(place_at(knots, count, begin_s), finish_m)
    return float(max(gained_m, 0.0) / max(end_s - begin_s, 1e-3))
