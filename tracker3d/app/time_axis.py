"""The axis of the timeline: one line on which the head of the race and time both advance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LONGEST_WAIT_SHARE = 0.15
_LONGEST_TAIL_SHARE = 0.45
_LEAST_ZONE_SHARE = 0.015
_TIME_PART = 1e-3
"""Share of time in the middle zone, so that time also advances while the head of the race stands still."""


@dataclass(frozen=True)
class History:
    """Where the head of the race was, over the whole recording.

    Attributes
    ----------
    times_ms : (n,) int64
        Ascending, from the first to the last time of the recording.
    head_m : (n,) float64
        Road distance of the first rider, never falling; NaN before anybody is seen.
    """

    times_ms: NDArray[np.int64]
    head_m: NDArray[np.float64]


def head_history(
    times_ms: NDArray[np.int64], distances_m: NDArray[np.float64], bibs: NDArray[np.int32]
) -> History:
    """Return where the head of the race was.

    Parameters
    ----------
    times_ms : (t,) int64
        Ascending.
    distances_m : (t, k) float64
        Road distance of each rider at each time, NaN where not known.
    bibs : (k,) int32
        Negative for vehicles, which lead no race.
    """
    riders = distances_m[:, bibs >= 0]
    known = np.where(np.isfinite(riders), riders, -np.inf)
    head = known.max(axis=1, initial=-np.inf)
    head = np.maximum.accumulate(head)
    return History(np.asarray(times_ms, np.int64), np.where(np.isfinite(head), head, np.nan))


class TimeAxis:
    """Maps road distance and time to a share of the timeline's width, and back.

    In the middle lies the road. Time stands where the head of the race is, so there is one playhead for
    both. Before the head leaves the start and after it has finished time runs on evenly in a zone at
    each end, as wide as its share of the whole time, within limits.

    Parameters
    ----------
    start_m, finish_m : float
        Road distance of both ends of the road zone.
    history : History, optional
        Without it there is a road but no time.
    """

    def __init__(self, start_m: float, finish_m: float, *, history: History | None = None) -> None:
        self.start_m, self.finish_m = float(start_m), max(float(finish_m), float(start_m) + 1.0)
        self.road_from, self.road_to = 0.0, 1.0
        self._times_ms: NDArray[np.float64] = np.zeros(0)
        self._shares: NDArray[np.float64] = np.zeros(0)
        if history is not None and len(history.times_ms) > 1:
            self._lay(history)

    @property
    def has_time(self) -> bool:
        """Whether a recording is on the axis."""
        return len(self._times_ms) > 0

    def share_of_distance(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the place on the axis, 0 to 1, of road distances (clipped to the road)."""
        along = (np.asarray(distance_m, float) - self.start_m) / (self.finish_m - self.start_m)
        return np.asarray(self.road_from + np.clip(along, 0.0, 1.0) * (self.road_to - self.road_from))

    def distance_of_share(self, share: float) -> float:
        """Return the road distance at a place on the axis."""
        along = (share - self.road_from) / (self.road_to - self.road_from)
        return self.start_m + min(max(along, 0.0), 1.0) * (self.finish_m - self.start_m)

    def share_of_time(self, time_ms: ArrayLike) -> NDArray[np.float64]:
        """Return the place on the axis, 0 to 1, of times (clipped to the recording)."""
        return np.asarray(np.interp(np.asarray(time_ms, float), self._times_ms, self._shares))

    def time_of_share(self, share: float) -> int:
        """Return the time at a place on the axis."""
        return round(float(np.interp(share, self._shares, self._times_ms)))

    def _lay(self, history: History) -> None:
        times = history.times_ms.astype(float)
        head = np.maximum.accumulate(np.nan_to_num(history.head_m, nan=self.start_m))
        head = np.clip(head, self.start_m, self.finish_m)
        first = max(int(np.searchsorted(head, head[0] + 1.0)) - 1, 0)
        last = min(int(np.searchsorted(head, head[-1] - 1.0)) + 1, len(times) - 1)
        whole = times[-1] - times[0]
        self.road_from = _zone((times[first] - times[0]) / whole, _LONGEST_WAIT_SHARE)
        self.road_to = 1.0 - _zone((times[-1] - times[last]) / whole, _LONGEST_TAIL_SHARE)
        shares = self.share_of_distance(head)
        share_first, share_last = float(shares[first]), float(shares[last])
        before, after = times < times[first], times > times[last]
        shares[before] = share_first * (times[before] - times[0]) / max(times[first] - times[0], 1.0)
        shares[after] = share_last + (1.0 - share_last) * (times[after] - times[last]) / max(
            times[-1] - times[last], 1.0
        )
        even = (times - times[0]) / whole
        self._times_ms, self._shares = times, (1.0 - _TIME_PART) * shares + _TIME_PART * even


def _zone(time_share: float, longest: float) -> float:
    """Width of a zone of waiting: none where there is nothing to wait for."""
    return 0.0 if time_share <= 0.0 else float(np.clip(time_share, _LEAST_ZONE_SHARE, longest))
