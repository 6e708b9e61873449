"""Groups over the whole race: who rides together, with names that last.

Riders in road order are linked when the time gap between neighbours at the same point is small. A link
breaks above ``SPLIT_S`` held for ``HELD`` samples and closes below ``MERGE_S``, so that noise does not make
groups flicker. Walked once through the race at fixed steps; any moment is then looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.history import History
    from tracker3d.track.motion import Motion

SPLIT_S = 3.0
MERGE_S = 2.0
HELD = 3
STEP_MS = 5000.0

FINISHED_FIRST_M = 1e9
"""Riders who have finished come before everybody on the road: they stand here, less a metre a second."""

_SURE_AGE_S = 40.0
_SURE_HELD_MS = 12_000.0
_FINISHED_MS = 20_000.0
_BESIDE_M = 60.0
_TIMES_AT_ONCE = 500


@dataclass(frozen=True)
class GroupTimeline:
    """Group of every rider at fixed steps.

    Attributes
    ----------
    start_ms : int
    ids : (t, k) int32
        Group id of each rider at each step, -1 for none. An id lasts as long as its largest part.
    """

    start_ms: int
    ids: NDArray[np.int32]

    def at(self, time_ms: float) -> NDArray[np.int32]:
        """Return the group id of each rider, (k,) int32."""
        step = int((time_ms - self.start_ms) // STEP_MS)
        row: NDArray[np.int32] = self.ids[min(max(step, 0), len(self.ids) - 1)]
        return row


def group_timeline(
    motion: Motion, history: History, *, finish_m: float, racing: NDArray[np.bool_]
) -> GroupTimeline:
    """Walk through the race and group its riders.

    Riders whose position is not sure (long silent, or holding their last place) never split a group: they
    belong to the riders beside them, or to nobody. Riders leave their group shortly after the line.
    """
    times_ms = np.arange(motion.start_ms, motion.end_ms + STEP_MS, STEP_MS)
    ids = np.full((len(times_ms), len(motion.bibs)), -1, np.int32)
    walk = _Walk(len(motion.bibs))
    for begin in range(0, len(times_ms), _TIMES_AT_ONCE):
        block = times_ms[begin : begin + _TIMES_AT_ONCE]
        for row, links in enumerate(_links(block, motion, history, finish_m=finish_m, racing=racing)):
            ids[begin + row] = walk.step(*links)
    return GroupTimeline(motion.start_ms, ids)


def _links(
    times_ms: NDArray[np.float64],
    motion: Motion,
    history: History,
    *,
    finish_m: float,
    racing: NDArray[np.bool_],
) -> list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]]:
    """For each moment: sure riders in road order, gaps between neighbours, all distances, unsure riders."""
    distance_m = motion.distances(times_ms)
    finish_ms, last_ms = motion.finish_ms, motion.last_seen_ms
    now = times_ms[:, None]
    finished = now >= finish_ms
    present = np.isfinite(distance_m) & racing & ~(now >= finish_ms + _FINISHED_MS)
    # feeds stop shortly before the line: who is known to cross it is sure until then
    sure_until_ms = np.where(np.isfinite(finish_ms), np.inf, last_ms + _SURE_HELD_MS)
    sure = present & (finished | ((motion.ages_s(times_ms) <= _SURE_AGE_S) & (now <= sure_until_ms)))
    key = np.where(finished, FINISHED_FIRST_M - (finish_ms - motion.start_ms) / 1000.0, distance_m)
    order = np.argsort(np.where(sure, -key, np.inf), axis=1, kind="stable")
    behind = order[:, 1:]
    place_m = np.minimum(np.take_along_axis(distance_m, behind, axis=1), finish_m)
    moment_ms = np.fmin(now, finish_ms[behind])
    gap_s = (moment_ms - history.passed_at_ms(order[:, :-1], place_m)) / 1000.0
    gap_s = np.maximum(np.nan_to_num(gap_s, nan=0.0), 0.0)
    counts = sure.sum(axis=1)
    return [
        (
            order[row, :count],
            gap_s[row, : max(count - 1, 0)],
            distance_m[row],
            np.flatnonzero(present[row] & ~sure[row]),
        )
        for row, count in enumerate(counts)
    ]


class _Walk:
    """Hysteresis and lasting ids while walking forward in time."""

    def __init__(self, riders: int) -> None:
        self._ids = np.full(riders, -1, np.int32)
        self._held = np.zeros(riders, np.int32)
        self._next = 0

    def step(
        self,
        order: NDArray[np.int64],
        gap_s: NDArray[np.float64],
        distance_m: NDArray[np.float64],
        unsure: NDArray[np.int64],
    ) -> NDArray[np.int32]:
        """Group the riders of one sample; the new id of each rider, -1 for none."""
        ids = np.full(len(self._ids), -1, np.int32)
        if len(order):
            part = self._parts(order, gap_s)
            ids[order] = self._named(part, self._ids[order])
        self._ids = ids
        if not len(unsure) or not len(order):
            return ids
        shown = ids.copy()
        apart = np.abs(distance_m[unsure][:, None] - distance_m[order][None, :])
        nearest = np.argmin(apart, axis=1)
        beside = apart[np.arange(len(unsure)), nearest] <= _BESIDE_M
        shown[unsure[beside]] = ids[order[nearest[beside]]]
        return shown

    def _parts(self, order: NDArray[np.int64], gap_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cut the riders, who are in road order, into parts numbered from the front."""
        before = self._ids[order]
        wide = np.flatnonzero(gap_s > MERGE_S)
        edges = np.concatenate([[0], wide + 1, [len(order)]])
        most = [_most_common(before[a:b]) for a, b in pairwise(edges)]
        held = np.zeros_like(self._held)
        cuts = np.zeros(len(order), np.int64)
        for number, at in enumerate(wide):
            together = most[number] == most[number + 1] and most[number] >= 0
            if gap_s[at] <= SPLIT_S:
                cuts[at + 1] = not together and most[number] >= 0 and most[number + 1] >= 0
                continue
            pair = order[at : at + 2]
            held[pair] = self._held[pair].max() + 1
            cuts[at + 1] = not together or held[pair[0]] >= HELD
        self._held = held
        return np.cumsum(cuts)

    def _named(self, part: NDArray[np.int64], before: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give each part the id that most of its riders had, each id once, and new ids to the rest."""
        had, index = np.unique(before, return_inverse=True)
        overlap = np.bincount(part * len(had) + index, minlength=(int(part[-1]) + 1) * len(had))
        names = np.full(int(part[-1]) + 1, -1, np.int32)
        taken = {-1}
        for pair in np.argsort(-overlap, kind="stable"):
            number, name = divmod(int(pair), len(had))
            if not overlap[pair]:
                break
            if names[number] < 0 and int(had[name]) not in taken:
                names[number] = had[name]
                taken.add(int(had[name]))
        unnamed = np.flatnonzero(names < 0)
        names[unnamed] = self._next + np.arange(len(unnamed))
        self._next += len(unnamed)
        return names[part]


def _most_common(ids: NDArray[np.int32]) -> int:
    if len(ids) == 1 or (ids == ids[0]).all():
        return int(ids[0])
    return int(np.bincount(ids + 1).argmax()) - 1
