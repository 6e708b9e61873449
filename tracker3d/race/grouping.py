"""Groups over the whole race: who rides together, with names that last.

Riders in road order are linked when the time gap between neighbours at the same point is small. A link
breaks above ``GroupRule.split_s`` held for ``held`` samples and closes below ``merge_s`` held as long, so
that noise does not make groups flicker. Walked once through the race at fixed steps, always forwards: what
was said of a moment never changes. Where the feed has fresh groups of its own, those are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.folds import folds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tracker3d.feed.reports import GroupReport
    from tracker3d.race.folds import Folds
    from tracker3d.race.history import History
    from tracker3d.race.positions import Positions
    from tracker3d.stage.route import Route

STEP_MS = 5000.0
OFFICIAL_MS = 180_000.0
"""Groups of the feed count for so long; it leaves out what has not changed."""

FINISHED_FIRST_M = 1e9
"""Riders who have finished come before everybody on the road: they stand here, less a metre a second."""

FINISHED_MS = 20_000.0
"""Riders leave their group so long after the line."""

_BESIDE_M = 60.0
_TOGETHER_M = 10.0
_REFERENCE_S = 0.5
_TIMES_AT_ONCE = 500


@dataclass(frozen=True)
class GroupRule:
    """When groups part and join: gaps in seconds, and for how many samples of 5 s they must last."""

    split_s: float = 3.0
    merge_s: float = 2.0
    held: int = 3


@dataclass(frozen=True)
class Sample:
    """Riders in road order at one step.

    Attributes
    ----------
    time_ms : float
    order : (n,) int64
        Riders whose position is sure, first on the road first.
    gap_s : (n - 1,) float64
        Time gaps between neighbours at the same point; 0 where history does not tell.
    apart_m : (n - 1,) float64
        Distances between neighbours.
    distance_m, speed_mps : (k,) float64
    unsure : (m,) int64
        Riders in the race whose position is not sure.
    folded : (k,) bool
        Riders where the road folds, who may be on another leg of it than it seems.
    """

    time_ms: float
    order: NDArray[np.int64]
    gap_s: NDArray[np.float64]
    apart_m: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    unsure: NDArray[np.int64]
    folded: NDArray[np.bool_]


class GroupTimeline:
    """Group of every rider at fixed steps, and whose passages gaps count from.

    Riders whose position is not sure (long silent, or holding their last place) never split a group: they
    belong to the riders beside them, or to nobody. No groups part or join where the road folds: riders who
    seem to be on the lower of two hairpins are on the upper one a moment later. Riders leave their group
    shortly after the line.
    """

    def __init__(self, route: Route, *, rule: GroupRule) -> None:
        self._finish_m = float(route.finish_m)
        self._folds = folds_of(route)
        self._walk = _Walk(rule)
        self._start_ms = 0.0
        self._ids: list[NDArray[np.int32]] = []
        self._official: list[Mapping[int, str]] = []
        self._references: list[int] = []

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def next_ms(self) -> float:
        """Time of the next step."""
        return self._start_ms + STEP_MS * len(self._ids)

    def extend(
        self,
        positions: Positions,
        history: History,
        *,
        until_ms: float,
        reports: tuple[GroupReport, ...] = (),
    ) -> list[tuple[Sample, NDArray[np.int32]]]:
        """Walk on to a moment; return each new step with the group id of every rider at it."""
        if not self._ids:
            self._start_ms = float(positions.start_ms)
        times_ms = np.arange(self.next_ms, until_ms + 1.0, STEP_MS)
        steps = []
        for begin in range(0, len(times_ms), _TIMES_AT_ONCE):
            block = times_ms[begin : begin + _TIMES_AT_ONCE]
            for sample in _samples(block, positions, history, self._folds, finish_m=self._finish_m):
                report = _fresh(reports, sample.time_ms)
                ids, official = self._walk.step(sample, positions.bibs, report)
                if self._ids and np.array_equal(ids, self._ids[-1]):
                    ids = self._ids[-1]
                self._official.append(official)
                self._references.append(self._reference(sample, positions.finish_ms))
                # last, since it says how many steps there are to those who read meanwhile
                self._ids.append(ids)
                steps.append((sample, ids))
        return steps

    def _reference(self, sample: Sample, finish_ms: NDArray[np.float64]) -> int:
        """Whose passages gaps count from: the first rider, but not each second another one beside him."""
        arrived = np.flatnonzero(finish_ms <= sample.time_ms)
        if len(arrived):
            return int(arrived[np.argmin(finish_ms[arrived])])
        before = self._references[-1] if self._references else -1
        if not len(sample.order):
            return before
        at = np.flatnonzero(sample.order == before)
        if len(at) and sample.gap_s[: at[0]].sum() <= _REFERENCE_S:
            return before
        return int(sample.order[0])

    def _step(self, time_ms: float) -> int:
        return min(max(int((time_ms - self._start_ms) // STEP_MS), 0), len(self._ids) - 1)

    def at(self, time_ms: float, riders: int) -> NDArray[np.int32]:
        """Return the group id of each of so many riders, (riders,) int32, -1 for none."""
        ids = np.full(riders, -1, np.int32)
        if self._ids:
            row = self._ids[self._step(time_ms)][:riders]
            ids[: len(row)] = row
        return ids

    def official_at(self, time_ms: float) -> Mapping[int, str]:
        """Return the official names by id of the groups that the feed itself has told."""
        return self._official[self._step(time_ms)] if self._ids else {}

    def reference_at(self, time_ms: float) -> int:
        """Return the rider whose passages gaps count from, -1 for nobody."""
        return self._references[self._step(time_ms)] if self._ids else -1


def _fresh(reports: tuple[GroupReport, ...], time_ms: float) -> GroupReport | None:
    for report in reversed(reports):
        if report.time_ms <= time_ms:
            return report if time_ms - report.time_ms <= OFFICIAL_MS and report.groups else None
    return None


def _samples(
    times_ms: NDArray[np.float64], positions: Positions, history: History, folds: Folds, *, finish_m: float
) -> list[Sample]:
    """Put the riders into road order at each moment."""
    distance_m = positions.distances(times_ms)
    finish_ms = positions.finish_ms
    now = times_ms[:, None]
    finished = now >= finish_ms
    present = np.isfinite(distance_m) & (positions.bibs > 0) & ~(now >= finish_ms + FINISHED_MS)
    sure = present & (finished | positions.sure(times_ms))
    key = np.where(finished, FINISHED_FIRST_M - (finish_ms - positions.start_ms) / 1000.0, distance_m)
    order = np.argsort(np.where(sure, -key, np.inf), axis=1, kind="stable")
    behind = order[:, 1:]
    place_m = np.minimum(np.take_along_axis(distance_m, behind, axis=1), finish_m)
    moment_ms = np.fmin(now, finish_ms[behind])
    gap_s = (moment_ms - history.passed_at_ms(order[:, :-1], place_m)) / 1000.0
    gap_s = np.maximum(np.nan_to_num(gap_s, nan=0.0), 0.0)
    apart_m = np.take_along_axis(distance_m, order[:, :-1], axis=1) - place_m
    folded, speed_mps = folds.at(distance_m), positions.speeds(times_ms)
    return [
        Sample(
            time_ms=float(times_ms[row]),
            order=order[row, :count],
            gap_s=gap_s[row, : max(count - 1, 0)],
            apart_m=apart_m[row, : max(count - 1, 0)],
            distance_m=distance_m[row],
            speed_mps=speed_mps[row],
            unsure=np.flatnonzero(present[row] & ~sure[row]),
            folded=folded[row],
        )
        for row, count in enumerate(sure.sum(axis=1))
    ]


class _Walk:
    """Hysteresis and lasting ids while walking forward in time."""

    def __init__(self, rule: GroupRule) -> None:
        self._rule = rule
        self._ids = np.zeros(0, np.int32)
        self._held = np.zeros(0, np.int32)
        self._joining: dict[tuple[int, int], int] = {}
        self._next = 0

    def step(
        self, sample: Sample, bibs: NDArray[np.int32], report: GroupReport | None
    ) -> tuple[NDArray[np.int32], Mapping[int, str]]:
        """Group the riders of one sample; the new id of each, -1 for none, and official names by id."""
        more = len(sample.distance_m) - len(self._ids)
        self._ids = np.append(self._ids, np.full(more, -1, np.int32))
        self._held = np.append(self._held, np.zeros(more, np.int32))
        order = sample.order
        ids = np.full(len(self._ids), -1, np.int32)
        official: dict[int, str] = {}
        if len(order):
            part = self._joined(self._parts(sample), self._ids[order], sample.folded[order])
            names: list[tuple[int, str]] = []
            if report is not None:
                part, names = _reported(report, bibs[order], part)
            ids[order] = self._named(part, self._ids[order])
            official = {int(ids[order][part == number][0]): name for number, name in names}
        before = np.where(np.isin(self._ids, ids), self._ids, -1)
        shown = _with_unsure(ids, before, sample)
        # who comes back after a silence is still of the group he was in
        ids[sample.unsure] = before[sample.unsure]
        self._ids = ids
        return shown, official

    def _parts(self, sample: Sample) -> NDArray[np.int64]:
        """Cut the riders, who are in road order, into parts numbered from the front."""
        rule, order = self._rule, sample.order
        # where a race stands, seconds pass between riders who are side by side
        gap_s = np.where(sample.apart_m < _TOGETHER_M, 0.0, sample.gap_s)
        before, folded = self._ids[order], sample.folded[order]
        wide = np.flatnonzero(gap_s > rule.merge_s)
        edges = np.concatenate([[0], wide + 1, [len(order)]])
        most = [_most_common(before[a:b]) for a, b in pairwise(edges)]
        held = np.zeros_like(self._held)
        cuts = np.zeros(len(order), np.int64)
        for number, at in enumerate(wide):
            together = most[number] == most[number + 1] and most[number] >= 0
            if gap_s[at] <= rule.split_s:
                cuts[at + 1] = not together and most[number] >= 0 and most[number + 1] >= 0
                continue
            if together and folded[at : at + 2].any():
                continue
            pair = order[at : at + 2]
            held[pair] = self._held[pair].max() + 1
            cuts[at + 1] = not together or held[pair[0]] >= rule.held
        self._held = held
        return np.cumsum(cuts)

    def _joined(
        self, part: NDArray[np.int64], before: NDArray[np.int32], folded: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Keep groups that have just come together apart until they have been so for long enough.

        Single riders change over at once. Where the road folds nobody does: who seems to be with others, or
        between others, may be on another leg.
        """
        part = part.copy()
        for name in np.unique(before[folded & (before >= 0)]):
            part[folded & (before == name)] = np.bincount(part[before == name]).argmax()
        joining: dict[tuple[int, int], int] = {}
        total = np.bincount(before + 1, minlength=1)
        result = part
        for number in np.unique(part[1:][(part[1:] == part[:-1]) & (before[1:] != before[:-1])]):
            inside = part == number
            names, counts = np.unique(before[inside], return_counts=True)
            largest = int(names[np.argmax(np.where(names >= 0, counts, 0))])
            for name, count in zip(names.tolist(), counts.tolist(), strict=True):
                if name < 0 or name == largest or 2 * count <= total[name + 1]:
                    continue
                those = inside & (before == name)
                pair = (min(name, largest), max(name, largest))
                joining[pair] = self._joining.get(pair, 0) + (not folded[those].any())
                if joining[pair] < self._rule.held:
                    result = np.where(those, result.max() + 1, result)
        self._joining = joining
        return result

    def _named(self, part: NDArray[np.int64], before: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give each part the id that most of its riders had, each id once, and new ids to the rest."""
        _, part = np.unique(part, return_inverse=True)
        parts = int(part.max()) + 1
        had, index = np.unique(before, return_inverse=True)
        overlap = np.bincount(part * len(had) + index, minlength=parts * len(had))
        names = np.full(parts, -1, np.int32)
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


def _with_unsure(ids: NDArray[np.int32], before: NDArray[np.int32], sample: Sample) -> NDArray[np.int32]:
    """Let riders whose position is not sure belong to those beside them; where the road folds, as before."""
    shown = ids.copy()
    if not len(sample.unsure) or not len(sample.order):
        return shown
    apart = np.abs(sample.distance_m[sample.unsure][:, None] - sample.distance_m[sample.order][None, :])
    nearest = np.argmin(apart, axis=1)
    beside = apart[np.arange(len(sample.unsure)), nearest] <= _BESIDE_M
    shown[sample.unsure[beside]] = ids[sample.order[nearest[beside]]]
    folded = sample.unsure[sample.folded[sample.unsure]]
    shown[folded] = before[folded]
    return shown


def _reported(
    report: GroupReport, bibs: NDArray[np.int32], part: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[tuple[int, str]]]:
    """Take the feed's own groups; returns the parts, and the number and name of those it told.

    Riders whom it does not name are in the group of which it names nobody, or not all, if there is one such
    group; else they stay in the parts that were measured.
    """
    result = part + len(report.groups)
    unfinished = []
    for number, group in enumerate(report.groups):
        result[np.isin(bibs, group.bibs)] = number
        if len(group.bibs) < group.size or not group.bibs:
            unfinished.append(number)
    if len(unfinished) == 1:
        result[result >= len(report.groups)] = unfinished[0]
    told = np.unique(result[result < len(report.groups)])
    return result, [(int(number), report.groups[number].name) for number in told]


def _most_common(ids: NDArray[np.int32]) -> int:
    if len(ids) == 1 or (ids == ids[0]).all():
        return int(ids[0])
    return int(np.bincount(ids + 1).argmax()) - 1
