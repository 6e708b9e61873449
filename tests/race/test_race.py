from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.errors import InputError
from tracker3d.race import Race, Role
from tracker3d.stage.model import Rider

START_MS = 1_783_420_000_000


def at(race, seconds):
    return race.at(START_MS + int(1000 * seconds))


def behind(ridden, gap_s):
    return lambda t: ridden(t - gap_s)


@pytest.mark.parametrize("seconds", [400, 800, 880, 1300, 1640, 1900])
def test_a_gap_is_the_time_since_the_first_passed_here(make_race, ridden, seconds):
    """The same 60 s on the flat, at the foot, on the climb, over the top and downhill."""
    race = make_race({1: behind(ridden, 0.0), 2: behind(ridden, 60.0), 3: behind(ridden, 200.0)})
    state = at(race, seconds)
    assert state.order.tolist() == [0, 1, 2]
    assert state.gap_s[:3] == pytest.approx([0.0, 60.0, 200.0], abs=1.0)


def test_the_finish_fixes_order_and_gaps(make_race, ridden):
    race = make_race({1: behind(ridden, 0.0), 2: behind(ridden, 9.0), 3: behind(ridden, 200.0)})
    state = at(race, 2800)
    assert state.riders.finished.all()
    assert state.order.tolist() == [0, 1, 2]
    assert state.gap_s == pytest.approx([0.0, 9.0, 200.0], abs=1.0)
    assert state.to_go_m == 0.0


def test_who_joins_later_has_no_history_and_no_guess(make_race, ridden):
    race = make_race(
        {1: behind(ridden, 0.0), 2: behind(ridden, 30.0)},
        seconds={1: np.arange(900.0, 2400.0, 6.0), 2: np.arange(900.0, 2400.0, 6.0)},
    )
    assert np.isnan(at(race, 910).gap_s[1])
    assert at(race, 1000).gap_s[1] == pytest.approx(30.0, abs=1.0)


def test_nobody_before_the_first_position(make_race, ridden):
    race = make_race({1: behind(ridden, 0.0)})
    state = at(race, -100)
    assert len(state.order) == 0
    assert state.groups == ()
    assert np.isnan(state.to_go_m)


def field(ridden, gaps):
    return {bib + 1: behind(ridden, gap) for bib, gap in enumerate(gaps)}


GAPS = [
    0.0,
    0.6,
    *(45.0 + 0.4 * np.arange(4)),
    *(120.0 + 0.2 * np.arange(40)),
    150.0,
    *(400.0 + 0.5 * np.arange(12)),
]


def test_groups_roles_and_gaps_between_them(make_race, ridden):
    race = make_race(field(ridden, GAPS))
    state = at(race, 1200)
    found = [(g.role, g.number, len(g.riders)) for g in state.groups]
    assert found == [
        (Role.HEAD, 1, 2),
        (Role.CHASE, 1, 4),
        (Role.PELOTON, 1, 40),
        (Role.DROPPED, 1, 1),
        (Role.GRUPPETTO, 1, 12),
    ]
    assert [g.gap_to_head_s for g in state.groups] == pytest.approx([0.0, 45.0, 120.0, 150.0, 400.0], abs=1.0)
    last_to_first = [45.0 - 0.6, 120.0 - 46.2, 150.0 - 127.8, 250.0]
    assert [g.gap_to_ahead_s for g in state.groups[1:]] == pytest.approx(last_to_first, abs=1.0)
    assert np.isnan(state.groups[0].gap_to_ahead_s)
    for group, speed_mps in zip(state.groups, [5.0, 5.0, 5.0, 5.0, 12.0], strict=True):
        assert group.speed_mps == pytest.approx(speed_mps, abs=0.05)
        assert group.front_m == state.riders.distance_m[group.riders[0]]
        assert group.tail_m == state.riders.distance_m[group.riders[-1]]
    members = np.concatenate([g.riders for g in state.groups])
    assert sorted(members.tolist()) == list(range(len(GAPS)))
    assert (state.group[members] == np.repeat(np.arange(5), [2, 4, 40, 1, 12])).all()


def test_a_whole_field_is_the_peloton(make_race, ridden):
    groups = at(make_race(field(ridden, 0.3 * np.arange(30))), 700).groups
    assert [(g.role, len(g.riders)) for g in groups] == [(Role.PELOTON, 30)]


def test_of_equal_groups_the_one_with_the_yellow_jersey_is_the_peloton(make_race, ridden):
    gaps = [*(0.3 * np.arange(8)), *(60.0 + 0.3 * np.arange(8))]
    for yellow, roles in ((3, [Role.PELOTON, Role.DROPPED]), (12, [Role.HEAD, Role.PELOTON])):
        race = make_race(field(ridden, gaps))
        riders = tuple(Rider(bib=bib, jersey="yellow" if bib == yellow else "") for bib in range(1, 17))
        race = Race(dataclasses.replace(race.stage, riders=riders), race.motion)
        assert [g.role for g in at(race, 700).groups] == roles


def test_a_split_needs_time_and_a_merge_keeps_the_larger_name(make_race, ridden):
    """Five of forty go away from 600 s on, are a minute ahead, and are caught again."""

    def ahead(lead_s):
        def way(t):
            return ridden(t + np.interp(t, [0, 600, 900, 1500, 1800], [0.0, 0.0, 60.0, 60.0, 0.0]) - lead_s)

        return way

    ways = {bib: ahead(0.1 * bib) for bib in range(1, 6)} | {
        bib: behind(ridden, 0.1 * bib) for bib in range(6, 41)
    }
    race = make_race(ways)
    together, apart, again = at(race, 550), at(race, 1200), at(race, 1900)
    assert [len(s.groups) for s in (together, apart, again)] == [1, 2, 1]
    name = together.groups[0].id
    assert apart.groups[1].id == name
    assert apart.groups[0].id != name
    assert again.groups[0].id == name
    assert apart.groups[1].gap_to_ahead_s == pytest.approx(60.0, abs=1.5)
    names = {g.id for seconds in range(1000, 1450, 5) for g in at(race, seconds).groups}
    assert len(names) == 2


def test_a_rider_who_falls_silent_splits_nothing(make_race, ridden):
    ways = field(ridden, 0.3 * np.arange(30))
    race = make_race(ways, seconds={15: np.arange(0.0, 700.0, 6.0), 3: np.arange(0.0, 2400.0, 6.0)[::40]})
    for seconds in range(650, 1600, 50):
        assert [len(g.riders) >= 28 for g in at(race, seconds).groups] == [True]


def test_noise_makes_no_groups(make_race, ridden):
    random = np.random.default_rng(4)

    def shaken(gap):
        noise = random.normal(0.0, 4.0, 500)
        return lambda t: ridden(t - gap) + noise[: len(t)]

    race = make_race({bib: shaken(0.25 * bib) for bib in range(1, 61)})
    names = [tuple(g.id for g in at(race, seconds).groups) for seconds in range(300, 1500, 5)]
    assert np.mean([len(n) == 1 for n in names]) > 0.99


def test_vehicles_are_in_no_order_and_no_group(make_race, ridden):
    race = make_race({-1: behind(ridden, -20.0), **field(ridden, 0.3 * np.arange(10))})
    state = at(race, 700)
    assert 0 not in state.order
    assert np.isnan(state.gap_s[0])
    assert state.group[0] == -1
    assert state.to_go_m == pytest.approx(30_000 - 8400, abs=20)
    assert np.isfinite(state.riders.distance_m[0])


def test_a_time_trial_has_order_but_no_gaps_and_no_groups(make_race, ridden):
    state = at(make_race(field(ridden, [0.0, 60.0]), time_trial=True), 700)
    assert state.order.tolist() == [0, 1]
    assert np.isnan(state.gap_s).all()
    assert state.groups == ()


def test_time_of_to_go_is_when_the_first_rider_is_there(make_race, ridden):
    race = make_race(field(ridden, [0.0, 60.0]))
    time_ms = race.time_of_to_go(20_000.0)
    assert time_ms == pytest.approx(START_MS + 1000 * 10_000 / 12, abs=1500)
    assert race.at(time_ms).to_go_m == pytest.approx(20_000.0, abs=15.0)
    assert race.at(race.time_of_to_go(0.0)).to_go_m == pytest.approx(0.0, abs=15.0)
    with pytest.raises(InputError, match=r"40\.0 km to go; choose a place between"):
        race.time_of_to_go(40_000.0)


def test_one_rider_and_none(make_race, ridden):
    state = at(make_race({1: behind(ridden, 0.0)}), 700)
    assert [(g.role, len(g.riders)) for g in state.groups] == [(Role.HEAD, 1)]
    assert state.gap_s.tolist() == [0.0]


def test_a_feed_that_stops_before_the_line_keeps_its_head_group(make_race, ridden):
    """Rows end some 500 m before the line; the riders are known to cross it, so they stay a group."""
    reach_s = {
        bib: np.flatnonzero(ridden(np.arange(3000.0) - bib * 0.3) > 30_000.0 - 500.0)[0] for bib in (1, 2, 3)
    }
    seconds = {bib: np.arange(0.0, float(at_s), 6.0) for bib, at_s in reach_s.items()}
    ways = {bib: lambda t, bib=bib: ridden(t - bib * 0.3) for bib in (1, 2, 3)}
    race = make_race(ways, seconds=seconds)
    last_s = max(seconds[1])
    for after_s in range(0, 24, 4):
        groups = at(race, last_s + after_s).groups
        assert [sorted(group.riders.tolist()) for group in groups] == [[0, 1, 2]]
