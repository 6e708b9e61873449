"""Holes made in a recording whose fixes then tell what had happened in them.

The recording of the road stage is itself silent for 36 s of each minute. Where a whole minute is hidden on
top of that, holes last 66 s (where the silence lies across the border of two minutes) or 96 s.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tracker3d.track import Verdict, put_on_road
from tracker3d.track.smooth import smoothed_distance_m

if TYPE_CHECKING:
    from tracker3d.feed import Fixes
    from tracker3d.stage.model import Stage
    from tracker3d.track import Motion, Tracks

_RIDER_MS = 1 << 42
"""More than any time."""

_SEEN_FROM_MS = 1_783_423_680_000 + 1000 * np.array([5766, 8388, 9294, 10_194, 10_860])
"""From these moments of the road stage on everybody was seen for 36 s at least."""


def _in_36_s(time_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    since_ms = time_ms[:, None] - _SEEN_FROM_MS
    return np.asarray(((since_ms > 0) & (since_ms < 36_000)).any(axis=1))


Hiding = Callable[[NDArray[np.int64], NDArray[np.int32]], NDArray[np.bool_]]

HIDINGS: dict[str, Hiding] = {
    "every second minute of all": lambda time_ms, rider: time_ms // 60_000 % 2 == 1,
    "every second minute, half of the riders in turn": lambda time_ms, rider: (
        (time_ms // 60_000 + rider) % 2 == 1
    ),
    "one minute in twenty of each rider": lambda time_ms, rider: (time_ms // 60_000 + 7 * rider) % 20 == 0,
    "36 s of all, five times": lambda time_ms, rider: _in_36_s(time_ms),
}
"""Which fixes are hidden, by time and rider."""


def part_of(fixes: Fixes, rows: NDArray[np.int64] | slice) -> Fixes:
    """Some of the fixes."""
    columns = {field.name: getattr(fixes, field.name) for field in dataclasses.fields(fixes)}
    return dataclasses.replace(
        fixes,
        **{
            name: values[rows]
            for name, values in columns.items()
            if name != "bibs" and isinstance(values, np.ndarray)
        },
    )


@dataclass(frozen=True)
class Truth:
    """What the whole recording says: its tracks and their smoothed places, NaN for those rejected."""

    tracks: Tracks
    smooth_m: NDArray[np.float64]

    @classmethod
    def of(cls, fixes: Fixes, stage: Stage) -> Truth:
        """Read a whole recording."""
        tracks = put_on_road(fixes, stage)
        rows = np.flatnonzero(tracks.verdict < Verdict.OFF_ROAD)
        smooth_m = np.full(len(tracks), np.nan)
        smooth_m[rows] = smoothed_distance_m(
            time_ms=tracks.time_ms[rows],
            rider=tracks.rider[rows],
            distance_m=tracks.distance_m[rows],
            lateral_m=tracks.lateral_m[rows],
            speed_mps=tracks.speed_mps[rows],
        )
        return cls(tracks, smooth_m)

    @property
    def noise_m(self) -> NDArray[np.float64]:
        """How far single fixes lie from the smoothed way."""
        off_m = np.abs(self.smooth_m - self.tracks.distance_m)
        return off_m[np.isfinite(off_m)]


@dataclass(frozen=True)
class MadeHoles:
    """Of each hole the hidden fix that lies nearest its middle.

    ``before`` and ``after`` are the rows of ``kept`` at its ends.
    """

    kept: Tracks
    rider: NDArray[np.int32]
    time_ms: NDArray[np.int64]
    true_m: NDArray[np.float64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @property
    def length_s(self) -> NDArray[np.float64]:
        """How long each hole is."""
        return (self.kept.time_ms[self.after] - self.kept.time_ms[self.before]) / 1000.0

    def _share(self) -> NDArray[np.float64]:
        return (self.time_ms - self.kept.time_ms[self.before]) / 1000.0 / self.length_s

    def straight_m(self) -> NDArray[np.float64]:
        """Places if everybody rode evenly."""
        low_m, high_m = self.kept.distance_m[self.before], self.kept.distance_m[self.after]
        return low_m + self._share() * (high_m - low_m)

    def cubic_m(self) -> NDArray[np.float64]:
        """Places by the cubic with the speeds at both ends, kept monotone."""
        gained_m = self.kept.distance_m[self.after] - self.kept.distance_m[self.before]
        low_m, high_m = (
            np.clip(self.kept.speed_mps[rows] * self.length_s, 0.0, 3.0 * gained_m) - gained_m
            for rows in (self.before, self.after)
        )
        share = self._share()
        return self.straight_m() + share * (1.0 - share) * (low_m * (1.0 - share) - high_m * share)

    def read(self, motion: Motion) -> NDArray[np.float64]:
        """Places that a motion made of ``kept`` shows."""
        moments_ms, at = np.unique(self.time_ms, return_inverse=True)
        return motion.distances(moments_ms)[at, self.rider]


def make_holes(
    fixes: Fixes,
    truth: Truth,
    stage: Stage,
    hides: Hiding,
) -> MadeHoles:
    """Hide fixes, put the others on the road, and look up the middles of the holes."""
    tracks = truth.tracks
    kept = put_on_road(part_of(fixes, np.flatnonzero(~hides(fixes.time_ms, fixes.rider))), stage)
    rows = np.flatnonzero(kept.verdict < Verdict.OFF_ROAD)
    hidden = np.flatnonzero(hides(tracks.time_ms, tracks.rider) & np.isfinite(truth.smooth_m))
    after = np.searchsorted(
        kept.rider[rows].astype(np.int64) * _RIDER_MS + kept.time_ms[rows],
        tracks.rider[hidden].astype(np.int64) * _RIDER_MS + tracks.time_ms[hidden],
    )
    inside = (after > 0) & (after < len(rows))
    hidden, after = hidden[inside], after[inside]
    before, after = rows[after - 1], rows[after]
    same = (kept.rider[before] == tracks.rider[hidden]) & (kept.rider[after] == tracks.rider[hidden])
    hidden, before, after = hidden[same], before[same], after[same]
    off_ms = np.abs(2 * tracks.time_ms[hidden] - kept.time_ms[before] - kept.time_ms[after])
    order = np.lexsort((off_ms, after))
    first = order[np.flatnonzero(np.diff(after[order], prepend=-1))]
    middle = hidden[first]
    return MadeHoles(
        kept,
        tracks.rider[middle],
        tracks.time_ms[middle],
        truth.smooth_m[middle],
        before[first],
        after[first],
    )
