"""Whom a camera follows, and how that moves smoothly over time.

A group's front jumps when riders join or leave it, and riders are known by fixes that come every few seconds.
A camera follows the mean over some seconds before and after, weighted by a smooth window that slides over
samples of the race at whole seconds; that is a function of the time alone. What is more than riding in the
difference of two samples is a jump. It is taken out, and put back as a smooth step that lasts the longer, the
larger it is, so that jerk stays within :data:`JUMP_JERK_MPS3`. Who jumps by more than :data:`FAR_M` is not
followed along the road in between: the camera goes over as in a hand-over.

Live, where the race is not known so far ahead, the window ends with what is known: the mean is then that of
earlier seconds, carried on by its own speed, and jumps begin when they are known.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.camera.easing import kernel, smooth_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.camera.moment import Moment

JUMP_JERK_MPS3 = 8.0
"""Largest jerk along the road with which a camera moves on to a place that jumped."""

FAR_M = 600.0
"""Jumps longer than this are gone over by a hand-over, which lasts :data:`OVER_S`."""

OVER_S = 5.0

_SAMPLE_MS = 1000
_WINDOW_S = 25
_LEAST_STEP_S = 4.0
_FASTEST_MPS = 28.0
_LENGTH_HALF_S = 12.0
_LONGEST_HEAD_M = 130.0
_LONGEST_M = 600.0
_RUSH_S = 1.5
"""A camera that has to hurry over a jump steps back: so many seconds of its speed count as length."""

_STEP_JERK = 105.28
"""Third derivative at the middle of a step of 1 in time 1 whose speed is cos^4."""


@dataclass(frozen=True)
class Focus:
    """A stretch of the road to look at: where it begins ahead, and how long it is.

    While a camera goes over a jump, ``left_m`` is how far ahead of where it goes the place is that it leaves,
    ``over_share`` how much of the way is done, and ``jumped_m`` where the front was when it jumped.
    """

    front_m: float
    length_m: float
    left_m: float = 0.0
    over_share: float = 1.0
    jumped_m: float = 0.0

    @property
    def middle_m(self) -> float:
        """Official distance of its middle."""
        return self.front_m - self.length_m / 2.0


@dataclass(frozen=True)
class _Window:
    """Samples around a second of the race: places, the same without jumps, the jumps after each, lengths."""

    times_s: NDArray[np.float64]
    fronts_m: NDArray[np.float64]
    steady_m: NDArray[np.float64]
    jumps_m: NDArray[np.float64]
    lengths_m: NDArray[np.float64]


def focus_on(moment: Moment, target: str, *, smoothing_s: float = 3.0) -> Focus:
    """Return where "leader", "peloton" or a bib is; the start of the road before anybody is seen.

    Parameters
    ----------
    moment : Moment
    target : str
    smoothing_s : float
        Half the length of the window for places; groups are always looked at for 12 s each way.
    """
    window = _window(moment, target)
    now_s = moment.state.time_ms % _SAMPLE_MS / 1000.0
    half_s = smoothing_s if target not in ("leader", "peloton") else max(smoothing_s, 3.0)
    late_s = max(half_s - moment.known_ahead_s, 0.0)
    front_m = _mean(window.times_s, window.steady_m, now_s - late_s, half_s)
    if late_s > 0.0:
        before_m = _mean(window.times_s, window.steady_m, now_s - late_s - half_s, half_s)
        front_m += (front_m - before_m) * late_s / half_s
    length_m = _mean(
        window.times_s,
        window.lengths_m,
        now_s - max(_LENGTH_HALF_S - moment.known_ahead_s, 0.0),
        _LENGTH_HALF_S,
    )
    near = np.flatnonzero((window.jumps_m != 0.0) & (np.abs(window.jumps_m) <= FAR_M))
    if len(near):
        gone_m, hurry_mps = _stepped(window, near, now_s, moment.known_ahead_s)
        front_m, length_m = front_m + gone_m, length_m + _RUSH_S * hurry_mps
    length_m = min(length_m, _LONGEST_M)
    focus = Focus(front_m, length_m)
    for jump in np.flatnonzero(np.abs(window.jumps_m) > FAR_M).tolist():
        size_m, at_s = float(window.jumps_m[jump]), float(window.times_s[jump]) + 0.5
        share = float(smooth_step((now_s - at_s + min(OVER_S / 2.0, moment.known_ahead_s)) / OVER_S))
        if share >= 1.0:
            focus = dataclasses.replace(focus, front_m=focus.front_m + size_m)
        elif share > 0.0:
            place_m = float(window.fronts_m[jump])
            focus = Focus(focus.front_m + size_m, length_m, -size_m, share, place_m)
    return focus


def _stepped(
    window: _Window, jumped: NDArray[np.intp], now_s: float, known_ahead_s: float
) -> tuple[float, float]:
    """Return how far the steps have gone that stand for these jumps, and how fast they go."""
    size_m = window.jumps_m[jumped]
    lasts_s = np.maximum(np.cbrt(_STEP_JERK / JUMP_JERK_MPS3 * np.abs(size_m)), _LEAST_STEP_S)
    begins_s = window.times_s[jumped] + 0.5 - np.minimum(lasts_s / 2.0, known_ahead_s)
    share = np.clip((now_s - begins_s) / lasts_s, 0.0, 1.0)
    turn = math.tau * share
    gone = share - (8.0 * np.sin(turn) - np.sin(2.0 * turn)) / (12.0 * math.pi)
    hurry = np.abs(size_m) / lasts_s * (8.0 / 3.0) * np.sin(math.pi * share) ** 4
    return float(size_m @ gone), float(hurry.sum())


def main_group(state: RaceState) -> Group | None:
    """Return the peloton, or the largest group where none is called so."""
    for group in state.groups:
        if group.role is Role.PELOTON:
            return group
    return max(state.groups, key=lambda group: len(group.riders), default=None)


def _mean(times_s: NDArray[np.float64], values: NDArray[np.float64], middle_s: float, half_s: float) -> float:
    """Weighted mean about a time; never fewer than the samples next to it."""
    weights = kernel((times_s - middle_s) / max(half_s, 2.0))
    return float(weights @ values / weights.sum())


def _window(moment: Moment, target: str) -> _Window:
    now = moment.state.time_ms // _SAMPLE_MS
    ahead = int(min(_WINDOW_S, moment.known_ahead_s))
    race = moment.race
    _, window = moment.scene.memory.get(
        "focus", (id(race), target, now, ahead), lambda: (race, _sampled(moment, target, now, ahead))
    )
    return window


def _sampled(moment: Moment, target: str, now: int, ahead: int) -> _Window:
    seconds = np.arange(-_WINDOW_S, ahead + 1)
    found = np.array([_place(_state(moment, now + int(second)), target) for second in seconds])
    fronts, lengths = found.T
    moved = np.diff(fronts)
    jumps = moved - np.clip(moved, -1.0, _FASTEST_MPS)
    steady = fronts - np.concatenate([[0.0], np.cumsum(jumps)])
    return _Window(seconds.astype(float), fronts, steady, jumps, lengths)


def _state(moment: Moment, second: int) -> RaceState:
    """Return the race at a whole second; it is kept beside it, so that its identity stays its own."""
    race = moment.race
    _, state = moment.scene.memory.get(
        "race by seconds", (id(race), second), lambda: (race, race.at(second * _SAMPLE_MS))
    )
    return state


def _place(state: RaceState, target: str) -> tuple[float, float]:
    """Return front and length of a target, and the leader's where it is not known."""
    if target == "peloton":
        group = main_group(state)
        if group is not None and math.isfinite(group.front_m):
            length_m = group.front_m - group.tail_m
            return group.front_m, min(max(length_m, 0.0), _LONGEST_M) if math.isfinite(length_m) else 0.0
    elif target != "leader":
        states = state.riders
        found = np.flatnonzero(states.bibs == int(target))
        if len(found) and math.isfinite(states.distance_m[found[0]]):
            return float(states.distance_m[found[0]]), 0.0
    return _leaders(state)


def _leaders(state: RaceState) -> tuple[float, float]:
    """Return the first rider, and those with him as far as they fit into the picture of one group."""
    if not len(state.order):
        return 0.0, 0.0
    front_m = float(state.riders.distance_m[state.order[0]])
    length_m = state.groups[0].front_m - state.groups[0].tail_m if state.groups else 0.0
    length_m = min(max(length_m, 0.0), _LONGEST_HEAD_M) if math.isfinite(length_m) else 0.0
    return (front_m, length_m) if math.isfinite(front_m) else (0.0, 0.0)
