"""Who passed where when: the history of the race that gaps and groups are read from.

A time gap is the time since somebody passed this place, taken from history, and never a distance divided
by a speed: on a climb or a descent those differ several times over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.motion import Motion

_STEP_M = 25.0
_JUMP_M = 80.0


class History:
    """First passages of every rider, and of the race's first rider, at places along the road.

    Parameters
    ----------
    motion : Motion
    finish_m : float
        Road distance of the finish; nothing beyond it counts.
    racing : (k,) bool
        Who is in the race; vehicles are not.
    """

    def __init__(self, motion: Motion, *, finish_m: float, racing: NDArray[np.bool_]) -> None:
        times_ms = np.arange(motion.start_ms, motion.end_ms + 1000.0, 1000.0)
        first_m = _farthest(motion, times_ms, racing)
        seen = np.flatnonzero(np.isfinite(first_m))
        low_m = self._lowest(motion, racing, finish_m)
        nodes = max(2, int(np.ceil((finish_m - low_m) / _STEP_M)) + 1)
        self.places_m = np.linspace(low_m, finish_m, nodes)
        self._step_m = (finish_m - low_m) / (nodes - 1)
        self._passed_ms = motion.passages_ms(self.places_m)
        self._passed_ms[:, ~racing] = np.nan
        self._first_m, self._first_ms = first_m[seen], times_ms[seen]
        self.lead_ms = self._lead()

    @staticmethod
    def _lowest(motion: Motion, racing: NDArray[np.bool_], finish_m: float) -> float:
        """Place where the first node stands: nobody was seen before it."""
        first_ms = motion.first_seen_ms[racing]
        known = first_ms[np.isfinite(first_ms)]
        if not len(known):
            return finish_m - 1000.0
        starts = motion.distances(np.unique(np.ceil(known / 1000.0) * 1000.0 + 1000.0))[:, racing]
        if np.isnan(starts).all():
            return finish_m - 1000.0
        return min(float(np.nanmin(starts)) - _STEP_M, finish_m - 1000.0)

    def _lead(self) -> NDArray[np.float64]:
        """Find when the first rider passed each place; NaN where history does not tell."""
        lead_ms = np.full(len(self.places_m), np.nan)
        if len(self._first_m) < 2:
            return lead_ms
        after = np.searchsorted(self._first_m, self.places_m, side="left")
        known = (after > 0) & (after < len(self._first_m))
        after = np.clip(after, 1, len(self._first_m) - 1)
        low, high = self._first_m[after - 1], self._first_m[after]
        share = (self.places_m - low) / np.maximum(high - low, 1e-9)
        between_ms = self._first_ms[after - 1] + share * (self._first_ms[after] - self._first_ms[after - 1])
        known &= high - low < _JUMP_M
        lead_ms[known] = between_ms[known]
        return lead_ms

    def first_at_ms(self, distance_m: float) -> float:
        """When the first rider reached a place; NaN when nobody did, or everybody began beyond it."""
        if not len(self._first_m) or not self._first_m[0] <= distance_m <= self._first_m[-1]:
            return float("nan")
        after = int(np.searchsorted(self._first_m, distance_m, side="left"))
        if after == 0:
            return float(self._first_ms[0])
        low, high = self._first_m[after - 1], self._first_m[after]
        share = (distance_m - low) / max(high - low, 1e-9)
        return float(self._first_ms[after - 1] + share * (self._first_ms[after] - self._first_ms[after - 1]))

    @property
    def first_range_m(self) -> tuple[float, float]:
        """Road distances between which the first rider was seen; NaN when nobody was."""
        if not len(self._first_m):
            return float("nan"), float("nan")
        return float(self._first_m[0]), float(self._first_m[-1])

    def _node(self, distance_m: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        place = (distance_m - self.places_m[0]) / self._step_m
        place = np.clip(np.nan_to_num(place, nan=0.0), 0.0, len(self.places_m) - 1.0)
        node = np.minimum(place.astype(np.int64), len(self.places_m) - 2)
        return node, place - node

    def lead_at_ms(self, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the first rider passed each place, any shape; NaN where history does not tell."""
        node, share = self._node(distance_m)
        low, high = self.lead_ms[node], self.lead_ms[node + 1]
        return np.asarray(np.where(share > 0.0, low + share * (high - low), low))

    def passed_at_ms(self, rider: NDArray[Any], distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """When each rider passed the place given with it, any shape; NaN where history does not tell."""
        node, share = self._node(distance_m)
        low, high = self._passed_ms[node, rider], self._passed_ms[node + 1, rider]
        return np.asarray(np.where(share > 0.0, low + share * (high - low), low))


def _farthest(
    motion: Motion, times_ms: NDArray[np.float64], racing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Distance of the first rider at each moment, never falling; NaN while nobody is seen."""
    farthest = np.full(len(times_ms), np.nan)
    for begin in range(0, len(times_ms), 2000):
        block = motion.distances(times_ms[begin : begin + 2000])[:, racing]
        if block.shape[1]:
            farthest[begin : begin + 2000] = np.fmax.reduce(block, axis=1)
    return np.asarray(np.fmax.accumulate(farthest))
