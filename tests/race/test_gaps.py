"""Gaps by definition: time since the leader passed this place, whatever the speeds."""

from __future__ import annotations

import numpy as np
import pytest

START_MS = 1_783_420_000_000
FLAT, CLIMB, DESCENT = 45 / 3.6, 20 / 3.6, 65 / 3.6
FOOT_M, SUMMIT_M = 10_000.0, 14_000.0
FOOT_S = FOOT_M / FLAT
SUMMIT_S = FOOT_S + (SUMMIT_M - FOOT_M) / CLIMB


def leader(t):
    """Road distance at 45 km/h on the flat, 20 km/h uphill, 65 km/h downhill."""
    nodes_s = [-1000.0, FOOT_S, SUMMIT_S, SUMMIT_S + 1000.0]
    return np.interp(t, nodes_s, [-1000.0 * FLAT, FOOT_M, SUMMIT_M, SUMMIT_M + 1000.0 * DESCENT])


def when(place_m):
    """Second of the race at which the chaser, a minute behind, is at a place."""
    t = np.linspace(0.0, 2000.0, 200_001)
    return float(np.interp(place_m, leader(t - 60.0), t))


ROWS = [
    ("both on the flat", FOOT_M - 3000.0, 750.0),
    ("chaser 100 m before the foot", FOOT_M - 100.0, 389.0),
    ("mid-climb", 0.5 * (FOOT_M + SUMMIT_M), 333.0),
    ("chaser 100 m below the summit", SUMMIT_M - 100.0, 858.0),
]


@pytest.fixture(scope="module")
def race(make_race):
    return make_race(
        {1: leader, 2: lambda t: leader(t - 60.0)},
        seconds={1: np.arange(0.0, 2000.0, 1.0), 2: np.arange(0.0, 2000.0, 1.0)},
    )


@pytest.mark.parametrize(("where", "place_m", "distance_m"), ROWS)
def test_the_table_of_a_true_gap_of_a_minute(race, where, place_m, distance_m):
    state = race.at(START_MS + round(1000 * when(place_m)))
    assert state.riders.distance_m[1] == pytest.approx(place_m, abs=3.0)
    assert state.gap_s[1] == pytest.approx(60.0, abs=0.5), where
    head, chaser = state.groups
    assert chaser.gap_to_head_s == pytest.approx(60.0, abs=0.5)
    assert chaser.gap_to_ahead_s == pytest.approx(60.0, abs=0.5)
    assert chaser.gap_to_head_m == pytest.approx(distance_m, abs=6.0)
    assert chaser.gap_to_ahead_m == chaser.gap_to_head_m
    assert np.isnan(head.gap_to_head_m)
    assert np.isnan(head.gap_to_ahead_m)
    assert chaser.to_go_m == pytest.approx(30_000.0 - place_m, abs=3.0)


def test_distance_over_speed_would_be_wrong(race):
    """Proof that the rows can fail: what naive graphics show is far off at the foot and below the top."""
    for place_m, by_chaser_s in ((FOOT_M - 100.0, 31.0), (SUMMIT_M - 100.0, 154.0)):
        state = race.at(START_MS + round(1000 * when(place_m)))
        speed_mps = float(leader(np.array([when(place_m) - 60.0 - 0.5]))[0])
        speed_mps = float(leader(np.array([when(place_m) - 60.0 + 0.5]))[0]) - speed_mps
        assert state.groups[1].gap_to_head_m / speed_mps == pytest.approx(by_chaser_s, abs=2.0)


def test_gaps_count_from_who_leads_now(make_race):
    """Two riders were away by 20 s for a while and were caught: the gap behind is to those who lead now."""

    def away(t):
        return leader(t + np.interp(t, [0, 300, 400, 600, 700], [0.0, 0.0, 20.0, 20.0, -4.0]))

    race = make_race({1: away, 2: leader, 3: lambda t: leader(t - 120.0)})
    during = race.at(START_MS + 550_000)
    assert during.gap_s[2] == pytest.approx(140.0, abs=1.5)
    after = race.at(START_MS + 710_000)
    assert after.riders.distance_m[1] > after.riders.distance_m[0]
    assert after.gap_s[2] == pytest.approx(120.0, abs=1.5)


def test_the_reference_rider_does_not_change_with_every_second(make_race):
    """Two who take turns in front, a metre or two apart, are one reference."""
    race = make_race(
        {
            1: lambda t: leader(t) + 2.0 * np.sin(t / 5.0),
            2: leader,
            3: lambda t: leader(t - 90.0),
        },
        seconds={bib: np.arange(0.0, 1500.0, 2.0) for bib in (1, 2, 3)},
    )
    references = {race.at(START_MS + 1000 * second).reference for second in range(200, 700, 5)}
    leaders = {int(race.at(START_MS + 1000 * second).order[0]) for second in range(200, 700, 5)}
    assert leaders == {0, 1}
    assert len(references) == 1
