"""Riders who stand still while the race goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.events import Event, EventKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.grouping import Sample

STANDING_MS = 25_000.0
_STILL_M = 5.0
_RIDING_M = 20.0
"""Who comes so far in one step of 5 s was riding."""

_MOST_SHARE = 0.3
"""Where more than this share of the race stands, the race stands, and no rider does."""

_NEAR_FINISH_M = 200.0


class StandingRiders:
    """Tells who has stopped; step by step.

    Confidence is ``1 - exp(-standing / 20 s)``, 0.7 when it is said: a tracker may stand where its rider
    does not.
    """

    def __init__(self, *, finish_m: float) -> None:
        self._finish_m = finish_m
        self._place_m = np.zeros(0)
        self._since_ms = np.zeros(0)
        self._rode = np.zeros(0, bool)

    def step(self, sample: Sample, bibs: NDArray[np.int32]) -> list[Event]:
        """Go on by one step; return the riders who have stopped."""
        more = len(sample.distance_m) - len(self._place_m)
        self._place_m = np.append(self._place_m, np.full(more, np.nan))
        self._since_ms = np.append(self._since_ms, np.full(more, np.nan))
        self._rode = np.append(self._rode, np.zeros(more, bool))
        sure = np.zeros(len(self._place_m), bool)
        sure[sample.order] = True
        gained_m = sample.distance_m - self._place_m
        moved = ~(np.abs(gained_m) < _STILL_M) | ~sure
        self._rode = np.where(sure, self._rode | (gained_m > _RIDING_M), False)
        self._place_m = np.where(moved, sample.distance_m, self._place_m)
        self._since_ms = np.where(moved, sample.time_ms, self._since_ms)
        standing = sure & (sample.time_ms - self._since_ms >= STANDING_MS)
        standing &= (sample.distance_m < self._finish_m - _NEAR_FINISH_M) & ~sample.folded
        if np.count_nonzero(standing) > _MOST_SHARE * len(sample.order):
            return []
        found = np.flatnonzero(standing & self._rode)
        self._rode[found] = False
        return [
            Event(
                kind=EventKind.STOPPED,
                time_ms=round(float(self._since_ms[rider])),
                bibs=(int(bibs[rider]),),
                distance_m=float(self._place_m[rider]),
                confidence=round(1.0 - math.exp(-(sample.time_ms - self._since_ms[rider]) / 20_000.0), 3),
                found_ms=round(sample.time_ms),
            )
            for rider in found
        ]
