"""Riders who stand still while the race goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.events import Event, EventKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.grouping import Sample

STANDING_MS = 25_000.0
_STILL_MPS = 1.0
_RIDING_MPS = 4.0
_MOST_SHARE = 0.3
"""Where more than this share of the race stands, the race stands, and no rider does."""

_NEAR_FINISH_M = 200.0
_TOGETHER_MS = 20_000.0
_TRACKER_STANDS = 0.3


class StandingRiders:
    """Tells who has stopped; step by step.

    Riders who stop together, within ``_TOGETHER_MS``, are one event. Confidence is ``1 - 0.3 ** riders``: a
    tracker may stand where its rider does not. Nothing is said where the road folds and positions may be on
    another leg of it.
    """

    def __init__(self, *, finish_m: float) -> None:
        self._last_m = finish_m - _NEAR_FINISH_M
        self._since_ms = np.zeros(0)
        self._rode = np.zeros(0, bool)
        self._stopped: list[int] = []
        self._first_ms = np.inf
        self._place_m = np.nan

    def step(self, sample: Sample, bibs: NDArray[np.int32]) -> list[Event]:
        """Go on by one step; return the riders who have stopped."""
        more = len(sample.distance_m) - len(self._since_ms)
        self._since_ms = np.append(self._since_ms, np.full(more, np.inf))
        self._rode = np.append(self._rode, np.zeros(more, bool))
        sure = np.zeros(len(self._since_ms), bool)
        sure[sample.order] = True
        still = sure & ~sample.folded & (sample.speed_mps < _STILL_MPS)
        self._since_ms = np.where(still, np.fmin(self._since_ms, sample.time_ms), np.inf)
        self._rode |= sample.speed_mps > _RIDING_MPS
        standing = sample.time_ms - self._since_ms >= STANDING_MS
        if np.count_nonzero(standing) <= _MOST_SHARE * len(sample.order):
            self._stop(np.flatnonzero(standing & self._rode & (sample.distance_m < self._last_m)), sample)
        if sample.time_ms - self._first_ms < STANDING_MS + _TOGETHER_MS:
            return []
        event = Event(
            kind=EventKind.STOPPED,
            time_ms=round(self._first_ms),
            bibs=tuple(bibs[self._stopped].tolist()),
            distance_m=self._place_m,
            confidence=round(1.0 - _TRACKER_STANDS ** len(self._stopped), 3),
            found_ms=round(sample.time_ms),
        )
        self._stopped, self._first_ms = [], np.inf
        return [event]

    def _stop(self, riders: NDArray[np.int64], sample: Sample) -> None:
        if not len(riders):
            return
        self._rode[riders] = False
        if not self._stopped:
            self._first_ms = float(self._since_ms[riders].min())
            self._place_m = float(sample.distance_m[riders].max())
        self._stopped.extend(riders.tolist())
