"""Events: found where they are, once, and not where nothing happens."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from tracker3d.race import Race
from tracker3d.race.events import EventKind, EventReview, Review
from tracker3d.stage.model import Place, PlaceKind

START_MS = 1_783_420_000_000
PLACES = (
    Place(PlaceKind.SPRINT, "Ici", 6000.0, 0.0),
    Place(PlaceKind.CLIMB, "Là-haut", 12_000.0, 0.0, category="2", length_m=3000.0),
    Place(PlaceKind.FINISH, "Arrivée", 30_000.0, 0.0),
)


def lead(*steps):
    """A rider at 12 m/s with a lead in seconds that changes at given moments."""
    times, leads = zip(*steps, strict=True)
    return lambda t: 12.01 * (t + np.interp(t, times, leads))


def field(first, last):
    return {bib: lead((0, -0.1 * bib)) for bib in range(first, last + 1)}


def kinds(race):
    return Counter(event.kind for event in race.events)


def only(race, kind):
    found = [event for event in race.events if event.kind is kind]
    assert len(found) == 1, [dataclasses.astuple(event)[:4] for event in race.events]
    return found[0]


def test_an_attack_and_its_end(make_race):
    """Two go at 600 s, are a minute away from 700 s on, and are caught at 1700 s."""
    attackers = {
        bib: lead((600, -0.1 * bib), (700, 60.0), (1600, 60.0), (1700, -0.1 * bib)) for bib in (1, 2)
    }
    race = make_race(attackers | field(3, 40), places=PLACES)
    attack = only(race, EventKind.ATTACK)
    assert sorted(attack.bibs) == [1, 2]
    assert attack.time_ms == pytest.approx(START_MS + 615_000, abs=10_000)
    assert attack.distance_m == pytest.approx(12.01 * 625, abs=200.0)
    assert attack.found_ms - attack.time_ms <= 90_000
    assert 0.5 < attack.confidence <= 1.0
    assert set(attack.other_bibs) == set(range(3, 41))
    catch = only(race, EventKind.CATCH)
    assert sorted(catch.bibs) == [1, 2]
    assert catch.time_ms == pytest.approx(START_MS + 1_710_000, abs=20_000)
    assert catch.confidence > 0.95
    assert kinds(race)[EventKind.DROPPED] == 0


def test_riders_dropped_one_after_another_are_one_event_and_come_back(make_race):
    def fading(bib, begins):
        return lead((begins, -0.1 * bib), (begins + 60, -40.0), (1500, -40.0), (1600, -0.1 * bib))

    race = make_race({38: fading(38, 640), 39: fading(39, 620), 40: fading(40, 600)} | field(1, 37))
    dropped = only(race, EventKind.DROPPED)
    assert sorted(dropped.bibs) == [38, 39, 40]
    assert dropped.time_ms == pytest.approx(START_MS + 620_000, abs=15_000)
    merge = only(race, EventKind.MERGE)
    assert sorted(merge.bibs) == [38, 39, 40]
    assert merge.time_ms == pytest.approx(START_MS + 1_610_000, abs=20_000)


def test_a_field_in_two_halves_is_a_split(make_race):
    behind = {bib: lead((600, -0.1 * bib), (660, -45.0)) for bib in range(31, 61)}
    race = make_race(behind | field(1, 30))
    split = only(race, EventKind.SPLIT)
    assert len(split.bibs) == 30
    assert kinds(race) == {EventKind.SPLIT: 1}


def test_what_lasts_less_than_a_minute_is_no_event(make_race):
    short = {1: lead((600, -0.1), (620, 12.0), (640, 12.0), (660, -0.1))}
    race = make_race(short | field(2, 40))
    assert any(len(race.at(START_MS + 1000 * second).groups) == 2 for second in range(600, 700, 5))
    assert kinds(race) == {}


def test_noise_makes_no_events(make_race):
    random = np.random.default_rng(7)
    ways = {
        bib: (
            lambda t, bib=bib, noise=random.normal(0.0, 4.0, 500): 12.01 * (t - 0.25 * bib) + noise[: len(t)]
        )
        for bib in range(1, 61)
    }
    assert kinds(make_race(ways)) == {}


def test_riders_who_stop_together_are_one_event(make_race):
    def stops(bib):
        def way(t):
            stopped = np.clip(t - 800.0 - bib, 0.0, 90.0)
            return 12.01 * (t - 0.1 * bib - stopped)

        return way

    race = make_race({bib: stops(bib) for bib in (1, 2)} | field(3, 40))
    stopped = only(race, EventKind.STOPPED)
    assert sorted(stopped.bibs) == [1, 2]
    assert stopped.time_ms == pytest.approx(START_MS + 803_000, abs=10_000)
    assert stopped.distance_m == pytest.approx(9600.0, abs=60.0)
    assert stopped.confidence == pytest.approx(0.91)


def test_a_race_that_stands_has_no_stopped_riders(make_race):
    def way(bib):
        return lambda t: 12.01 * (t - 0.1 * bib - np.clip(t - 800.0, 0.0, 120.0))

    assert kinds(make_race({bib: way(bib) for bib in range(1, 31)})) == {}


def test_places_tell_who_was_first_and_how_sure_that_is(make_race):
    ways = {1: lead((0, 0.0)), 2: lead((0, -0.2)), 3: lead((0, -20.0)), 4: lead((0, -25.0))}
    race = make_race(ways, places=PLACES)
    sprint, summit, finish = (
        only(race, kind) for kind in (EventKind.SPRINT, EventKind.SUMMIT, EventKind.FINISH)
    )
    for event, place in ((sprint, PLACES[0]), (summit, PLACES[1]), (finish, PLACES[2])):
        assert event.bibs[:2] == (1, 2)
        assert event.place == place.name
        assert event.distance_m == place.distance_m
        assert event.time_ms == pytest.approx(START_MS + 1000 * place.distance_m / 12.01, abs=500)
        assert 0.5 < event.confidence < 0.9
        assert event.gap_s == pytest.approx(0.2, abs=0.11)
    alone = make_race({1: lead((0, 0.0)), 2: lead((0, -20.0)), 3: lead((0, -25.0))}, places=PLACES)
    assert only(alone, EventKind.SPRINT).confidence > 0.99


def test_an_operator_confirms_and_dismisses(make_race):
    race = make_race({1: lead((0, 0.0)), 2: lead((0, -20.0)), 3: lead((0, -25.0))}, places=PLACES)
    at_places = (EventKind.SPRINT, EventKind.SUMMIT, EventKind.FINISH)
    events = tuple(event for event in race.events if event.kind in at_places)
    sprint, summit, finish = events
    review = EventReview()
    assert review.of(sprint) is Review.OPEN
    later = review.with_said(sprint, Review.DISMISSED).with_said(summit, Review.CONFIRMED)
    assert later.of(sprint) is Review.DISMISSED
    assert later.shown(events) == (summit, finish)
    assert later.shown(events, least_confidence=1.1) == (summit,)
    assert later.with_said(sprint, Review.OPEN).shown(events) == (sprint, summit, finish)
    assert review.shown(events) == events
    again = Race(race.stage, race.motion)
    assert [event.key for event in again.events] == [event.key for event in race.events]
