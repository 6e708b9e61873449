"""Finding events in the groups and passages of a race, step by step, always forwards.

What comes and goes within a minute is no event: a group must have been away for ``HELD_MS`` and by
``LEAST_GAP_S``. An event is therefore said some time after it began; it keeps the time and place where it
began. Confidence of what groups do is ``1 - exp(-gap / 10 s)``: about 0.5 at the least gap, 0.95 at half a
minute. That of an order at a place is the chance that the first was really before the second, with
positions known to 5 m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.events import Event, EventKind
from tracker3d.race.standing import StandingRiders
from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker3d.race.grouping import Sample
    from tracker3d.race.history import History
    from tracker3d.race.positions import Positions
    from tracker3d.stage.model import Place, Stage

HELD_MS = 60_000.0
LEAST_GAP_S = 8.0
LASTING_MS = 120_000.0
"""A group that lived for so long is missed when it is gone."""

MOST_ATTACKERS = 10
_MOST_DROPPED = 10
_SEVERAL = 5
_MANY = 15
"""What happens behind the peloton is an event only where so many riders are in it; and single riders who come
back to the peloton are none unless they were said to be dropped."""

_GATHER_MS = 60_000.0
"""Riders dropped from one group within this time are one event."""

_GAP_SCALE_S = 10.0
_PLACE_NOISE_M = 5.0
_PLACE_FIRST = 3
_PLACE_WAIT_MS = 60_000.0
_PLACE_MOST = 10
_KINDS = {
    PlaceKind.SPRINT: EventKind.SPRINT,
    PlaceKind.CLIMB: EventKind.SUMMIT,
    PlaceKind.FINISH: EventKind.FINISH,
}


@dataclass
class _Standing:
    """A group as it stands at one step."""

    riders: NDArray[np.int64]
    first: int
    """Where its first rider is in the order, and its last."""
    last: int


@dataclass
class _Life:
    """What is known of a group since it appeared."""

    born_ms: float
    place_m: float
    ahead: bool
    """It left its group to the front."""
    parent: int = -1
    waiting: bool = False
    """It may still become an event."""
    said: bool = False
    widest_s: float = 0.0


@dataclass
class _Dropped:
    """Riders who lost contact with one group within a short time."""

    life: _Life
    ids: list[int]


class EventDetector:
    """Watches the race as it goes on.

    Parameters
    ----------
    stage : Stage
        Its sprints, summits and finish.
    """

    def __init__(self, stage: Stage) -> None:
        self._finish_m = float(stage.route.finish_m)
        self._places = [] if stage.time_trial else [place for place in stage.places if place.kind in _KINDS]
        self._events: list[Event] = []
        self._sorted: tuple[Event, ...] = ()
        self._bibs = np.zeros(0, np.int32)
        self._groups: dict[int, _Standing] = {}
        self._ids = np.zeros(0, np.int32)
        self._lives: dict[int, _Life] = {}
        self._dropping: dict[int, _Dropped] = {}
        self._still = StandingRiders(finish_m=self._finish_m)

    @property
    def events(self) -> tuple[Event, ...]:
        """All events found so far, by the time when they began."""
        if len(self._sorted) != len(self._events):
            self._sorted = tuple(sorted(self._events, key=lambda event: event.time_ms))
        return self._sorted

    def watch_groups(self, steps: Iterable[tuple[Sample, NDArray[np.int32]]], positions: Positions) -> None:
        """Go on with new steps of the groups."""
        self._bibs = positions.bibs
        for sample, ids in steps:
            groups = _standing(sample, ids)
            racing = len(sample.order) and sample.distance_m[sample.order[0]] > 0.0
            if racing:
                self._watch_departures(sample, groups)
                self._watch_arrivals(sample, groups, ids)
                self._say_dropped(sample, groups)
                self._events.extend(self._still.step(sample, self._bibs))
            else:
                self._lives = {name: _Life(sample.time_ms, 0.0, ahead=False) for name in groups}
            self._groups, self._ids = groups, ids

    def _watch_departures(self, sample: Sample, groups: dict[int, _Standing]) -> None:
        """Remember groups that are new, and say those that have stayed away."""
        behind_s = np.concatenate([[0.0], np.cumsum(sample.gap_s)])
        in_order = sorted(groups, key=lambda name: groups[name].first)
        largest = max(in_order, key=lambda name: len(groups[name].riders))
        for number, name in enumerate(in_order):
            group = groups[name]
            life = self._lives.get(name)
            if life is None:
                life = self._lives[name] = self._born(sample, group, groups)
            left = in_order[number + 1 :] if life.ahead else in_order[:number][::-1]
            if not left:
                continue
            # away from the group they were in, as long as it is one
            other = groups[life.parent if life.parent in left else left[0]]
            front, back = (group, other) if life.ahead else (other, group)
            gap_s = max(float(behind_s[back.first] - behind_s[front.last]), 0.0)
            life.widest_s = max(life.widest_s, gap_s)
            if life.waiting and sample.time_ms - life.born_ms >= HELD_MS and gap_s >= LEAST_GAP_S:
                life.waiting = False
                at_front = other.first <= groups[largest].first
                if at_front or len(group.riders) >= _MANY:
                    self._say_departure(sample, name, life, groups, other)

    def _born(self, sample: Sample, group: _Standing, groups: dict[int, _Standing]) -> _Life:
        place_m = float(sample.distance_m[group.riders[0]])
        before = self._ids[group.riders[group.riders < len(self._ids)]]
        before = before[before >= 0]
        if not len(before):
            return _Life(sample.time_ms, place_m, ahead=False)
        parent = int(np.bincount(before).argmax())
        ahead = parent in groups and group.first < groups[parent].first
        return _Life(sample.time_ms, place_m, ahead=ahead, parent=parent, waiting=True)

    def _say_departure(
        self, sample: Sample, name: int, life: _Life, groups: dict[int, _Standing], other: _Standing
    ) -> None:
        life.said = True
        size = len(groups[name].riders)
        if life.ahead:
            kind = EventKind.ATTACK if size <= MOST_ATTACKERS else EventKind.SPLIT
            self._say(kind, sample, life, groups[name].riders, other.riders)
        elif size <= _MOST_DROPPED:
            self._dropping.setdefault(life.parent, _Dropped(life, [])).ids.append(name)
        else:
            self._say(EventKind.SPLIT, sample, life, groups[name].riders, other.riders)

    def _say_dropped(self, sample: Sample, groups: dict[int, _Standing]) -> None:
        """Say who was dropped once those dropped with them are known."""
        for parent, dropped in list(self._dropping.items()):
            if sample.time_ms - dropped.life.born_ms < HELD_MS + _GATHER_MS:
                continue
            del self._dropping[parent]
            gone = [groups[name] for name in dropped.ids if name in groups]
            if gone and parent in groups:
                riders = np.concatenate(
                    [group.riders for group in sorted(gone, key=lambda group: group.first)]
                )
                self._say(EventKind.DROPPED, sample, dropped.life, riders, groups[parent].riders)

    def _watch_arrivals(self, sample: Sample, groups: dict[int, _Standing], ids: NDArray[np.int32]) -> None:
        """Say which groups are gone because they came up to another, or were caught."""
        peloton = max(self._groups.values(), key=lambda group: len(group.riders), default=None)
        for name in [name for name in self._lives if name not in groups]:
            life = self._lives.pop(name)
            was = self._groups.get(name)
            lasted = life.said or sample.time_ms - life.born_ms >= LASTING_MS
            if was is None or not lasted or life.widest_s < LEAST_GAP_S or peloton is None:
                continue
            now = ids[was.riders]
            joined = int(np.bincount(now + 1).argmax()) - 1
            host = self._groups.get(joined)
            if host is None or joined not in groups or 2 * np.count_nonzero(now == joined) < len(now):
                continue
            caught = was.first < host.first
            few = len(was.riders) < (_SEVERAL if host is peloton and not caught and not life.said else _MANY)
            if few and (host.first > peloton.first or (host is peloton and not caught and not life.said)):
                continue
            life.place_m = float(sample.distance_m[was.riders[0]])
            life.born_ms = sample.time_ms
            kind = EventKind.CATCH if caught else EventKind.MERGE
            self._say(kind, sample, life, was.riders, host.riders)

    def _say(
        self,
        kind: EventKind,
        sample: Sample,
        life: _Life,
        riders: NDArray[np.int64],
        others: NDArray[np.int64],
    ) -> None:
        self._events.append(
            Event(
                kind=kind,
                time_ms=round(life.born_ms),
                bibs=tuple(self._bibs[riders].tolist()),
                distance_m=life.place_m,
                confidence=round(1.0 - math.exp(-life.widest_s / _GAP_SCALE_S), 3),
                found_ms=round(sample.time_ms),
                gap_s=round(life.widest_s, 1),
                other_bibs=tuple(self._bibs[others].tolist()),
            )
        )

    def watch_places(self, history: History, positions: Positions) -> None:
        """Say who was first at sprints, summits and the finish."""
        for place in list(self._places):
            if not history.first_range_m[1] >= place.distance_m:
                continue
            event = _passage(place, history, positions)
            if event is not None:
                self._places.remove(place)
                self._events.append(event)


def _standing(sample: Sample, ids: NDArray[np.int32]) -> dict[int, _Standing]:
    """Return the groups of the riders whose position is sure, by id."""
    in_order = ids[sample.order]
    return {
        int(name): _Standing(sample.order[at], int(at[0]), int(at[-1]))
        for name in np.unique(in_order)
        if name >= 0
        for at in [np.flatnonzero(in_order == name)]
    }


def _passage(place: Place, history: History, positions: Positions) -> Event | None:
    """Return who was first at a place, once three have passed it or a minute is over."""
    finish = place.kind is PlaceKind.FINISH
    passed_ms = positions.finish_ms if finish else history.passages_ms(place.distance_m)
    order = np.argsort(passed_ms, kind="stable")
    order = order[: np.count_nonzero(np.isfinite(passed_ms))]
    if not len(order):
        return None
    first_ms = float(passed_ms[order[0]])
    enough_ms = passed_ms[order[_PLACE_FIRST - 1]] if len(order) >= _PLACE_FIRST else np.inf
    found_ms = min(float(enough_ms), first_ms + _PLACE_WAIT_MS)
    if found_ms > positions.end_ms:
        return None
    order = order[passed_ms[order] <= found_ms][:_PLACE_MOST]
    gap_s = float(passed_ms[order[1]] - first_ms) / 1000.0 if len(order) > 1 else math.nan
    earlier_ms = float(history.passages_ms(place.distance_m - 50.0)[order[0]])
    noise_s = _PLACE_NOISE_M * (first_ms - earlier_ms) / 1000.0 / 50.0
    sure = 1.0
    if np.isfinite(gap_s) and np.isfinite(noise_s) and noise_s > 0.0:
        sure = 0.5 * (1.0 + math.erf(gap_s / (2.0 * noise_s)))
    return Event(
        kind=_KINDS[place.kind],
        time_ms=round(first_ms),
        bibs=tuple(positions.bibs[order].tolist()),
        distance_m=place.distance_m,
        confidence=round(sure, 3),
        found_ms=round(found_ms),
        place=place.name,
        gap_s=round(gap_s, 1),
    )
