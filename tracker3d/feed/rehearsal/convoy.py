"""The vehicles of the race: where each of them drives, second by second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.feed.rehearsal.simulation import RaceLog

    Floats = NDArray[np.float64]

VEHICLES = ("Race director", "Motorbike 1", "Motorbike 2", "Neutral service", "Doctor", "Broom wagon")
"""Names in order of their ids, which count from 1."""

_SPLIT_M = 60.0
_FASTEST_MPS = 25.0


@dataclass(frozen=True)
class Convoy:
    """Distances from km 0 and speeds of all vehicles.

    Attributes
    ----------
    distance_m : (t, k) float64
        Never falls; at most the length of the race.
    speed_mps : (t, k) float64
    """

    distance_m: Floats
    speed_mps: Floats


def drive_convoy(log: RaceLog) -> Convoy:
    """Let the vehicles keep their places relative to the riders of ``log``."""
    seconds = len(log.distance_m)
    distance = np.empty((seconds, len(VEHICLES)))
    now = _places(log.distance_m[0], log.length_m)
    speed = np.zeros(len(VEHICLES))
    speeds = np.zeros_like(distance)
    for second in range(seconds):
        wanted = _places(log.distance_m[second], log.length_m)
        ideal = np.clip(0.12 * (wanted - now) + 0.85 * speed, 0.0, _FASTEST_MPS)
        speed = speed + np.clip(ideal - speed, -3.0, 2.0)
        after = np.minimum(now + speed, log.length_m)
        speed = after - now
        now = after
        distance[second], speeds[second] = now, speed
    return Convoy(distance, speeds)


def _places(riders_m: Floats, length_m: float) -> Floats:
    """Where the vehicles ought to be: the head, the largest group and the last rider tell."""
    order = np.sort(riders_m)[::-1]
    ends = np.flatnonzero(np.append(-np.diff(order) > _SPLIT_M, True))
    begins = np.concatenate([[0], ends[:-1] + 1])
    largest = int(np.argmax(ends - begins))
    head, head_last = order[0], order[ends[0]]
    group, group_last = order[begins[largest]], order[ends[largest]]
    split = len(ends) > 1 and head_last - order[begins[1]] > 300.0
    places = np.array(
        [
            head + 190.0,
            head + 55.0,
            group + (45.0 if largest else 90.0),
            (head_last - 25.0) if split else (group_last - 30.0),
            group_last - 60.0,
            order[-1] - 40.0,
        ]
    )
    return np.asarray(np.minimum(places, length_m))
