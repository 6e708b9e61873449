"""Whom a camera follows, and how that moves smoothly over time.

The front of a group jumps when riders join or leave it. A camera on it follows the mean over some seconds
before and after, weighted by a window that slides over samples of the race at fixed moments; that is a
function of the time alone. Riders themselves move smoothly and are followed as they are; of the leader's
group only the length is taken from the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.race import Race
    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.memory import SceneMemory
    from tracker3d.scene.shot import Shot

_SAMPLE_MS = 2000
_REACH_SAMPLES = 5
_LONGEST_HEAD_M = 130.0


@dataclass(frozen=True)
class Focus:
    """A stretch of the road to look at: where it begins ahead, and how long it is."""

    front_m: float
    length_m: float

    @property
    def middle_m(self) -> float:
        """Official distance of its middle."""
        return self.front_m - self.length_m / 2.0


def focus_on(shot: Shot, target: str) -> Focus:
    """Return where "leader", "peloton" or a bib is; the start of the road before anybody is seen."""
    if target == "leader":
        return _leaders(shot)
    if target == "peloton":
        return _smoothed(_peloton, shot)
    states = shot.state.riders
    found = np.flatnonzero(states.bibs == int(target))
    if len(found) and np.isfinite(states.distance_m[found[0]]):
        return Focus(float(states.distance_m[found[0]]), 0.0)
    return _leaders(shot)


def main_group(state: RaceState) -> Group | None:
    """Return the peloton, or the largest group where none is called so."""
    for group in state.groups:
        if group.role is Role.PELOTON:
            return group
    return max(state.groups, key=lambda group: len(group.riders), default=None)


def _leader_m(state: RaceState) -> float:
    if not len(state.order):
        return 0.0
    distance_m = float(state.riders.distance_m[state.order[0]])
    return distance_m if np.isfinite(distance_m) else 0.0


def _peloton(state: RaceState) -> Focus:
    group = main_group(state)
    if group is None:
        return Focus(_leader_m(state), 0.0)
    return Focus(group.front_m, max(group.front_m - group.tail_m, 0.0))


def _leaders(shot: Shot) -> Focus:
    """Return the first rider, and those with him as far as they fit into the picture of one group."""
    return Focus(_leader_m(shot.state), _smoothed(_head, shot).length_m)


def _head(state: RaceState) -> Focus:
    """Return how long the group is that leads, whatever it is called."""
    length_m = state.groups[0].front_m - state.groups[0].tail_m if state.groups else 0.0
    return Focus(0.0, min(max(length_m, 0.0), _LONGEST_HEAD_M) if np.isfinite(length_m) else 0.0)


def _smoothed(find: Callable[[RaceState], Focus], shot: Shot) -> Focus:
    """Mean of a group's front and length over a window of 20 s, Hann-weighted about this very moment."""
    time_ms = shot.state.time_ms
    middle = time_ms // _SAMPLE_MS
    buckets = np.arange(middle - _REACH_SAMPLES, middle + _REACH_SAMPLES + 2)
    samples = [_sampled(find, shot.race, int(bucket) * _SAMPLE_MS, shot.scene.memory) for bucket in buckets]
    away = (buckets * _SAMPLE_MS - time_ms) / (_SAMPLE_MS * (_REACH_SAMPLES + 1))
    weights = np.where(np.abs(away) < 1.0, 0.5 + 0.5 * np.cos(np.pi * away), 0.0)
    weights /= weights.sum()
    front = float(weights @ np.array([sample.front_m for sample in samples]))
    length = float(weights @ np.array([sample.length_m for sample in samples]))
    return Focus(front, length)


def _sampled(find: Callable[[RaceState], Focus], race: Race, time_ms: int, memory: SceneMemory) -> Focus:
    """Return a group at a moment; the race is kept beside it, so that its identity stays its own."""
    _, focus = memory.get(
        f"focus{find.__name__}", (id(race), time_ms), lambda: (race, find(race.at(time_ms)))
    )
    return focus
