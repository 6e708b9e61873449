"""Passages, climbs, the virtual classification and the finish estimate on races whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.feed.reports import Reports, Withdrawal, WithdrawalKind
from tracker3d.race import Race
from tracker3d.race.classification import virtual_classification
from tracker3d.race.climbing import climb_progress, progress_on
from tracker3d.race.estimate import FinishEstimator, even_effort_s
from tracker3d.race.passages import finish_order, passages_at, passed_places
from tracker3d.stage.climbs import climbs_of, foot_of
from tracker3d.stage.model import Place, PlaceKind

START_MS = 1_783_420_000_000
FOOT_S = 10_000 / 12
CLIMB = Place(PlaceKind.CLIMB, "Col", 14_000.0, 280.0, "1", length_m=4000.0, average_gradient_percent=7.0)
PLACES = (
    Place(PlaceKind.TOWN, "Village", 3000.0, 0.0),
    Place(PlaceKind.SPRINT, "Ici", 6000.0, 0.0),
    CLIMB,
    Place(PlaceKind.FINISH, "Arrivée", 30_000.0, 0.0),
)


def at(race, seconds):
    return race.at(START_MS + int(1000 * seconds))


@pytest.fixture(scope="module")
def race(make_race, ridden):
    """Riders 0, 20, 21 and 200 s after the first, who rides up the climb in 800 s."""
    gaps = {1: 0.0, 2: 20.0, 3: 20.6, 4: 200.0}
    flat = make_race({bib: (lambda t, gap=gap: ridden(t - gap)) for bib, gap in gaps.items()}, places=PLACES)
    s = flat.stage.route.distance_m
    height_m = 0.07 * np.clip(s - 10_000.0, 0.0, 4000.0) - 0.02 * np.clip(s - 14_000.0, 0.0, 16_000.0)
    stage = dataclasses.replace(flat.stage, route=dataclasses.replace(flat.stage.route, height_m=height_m))
    return Race(stage, flat.motion)


def test_passages_have_order_and_times(race):
    assert [place.name for place in passed_places(race)] == ["Ici", "Col", "Arrivée"]
    passages = passages_at(race, CLIMB)
    assert [(p.position, p.bib) for p in passages] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert [p.gap_s for p in passages] == pytest.approx([0.0, 20.0, 20.6, 200.0], abs=0.5)
    assert passages[0].time_ms == pytest.approx(START_MS + 1000 * (FOOT_S + 800), abs=3000)
    partly = passages_at(race, CLIMB, until_ms=START_MS + 1000 * (FOOT_S + 850))
    assert [p.bib for p in partly] == [1, 2, 3]
    assert [p.bib for p in finish_order(race)] == [1, 2, 3, 4]
    assert finish_order(race, until_ms=START_MS) == ()


def test_a_climb_as_riders_and_groups_are_on_it(race):
    state = at(race, FOOT_S + 700)
    (progress,) = climb_progress(race, state)
    assert progress.climb is CLIMB
    assert progress.foot_m == 10_000.0
    assert progress.on_climb.tolist() == [True, True, True, True]
    assert progress.to_summit_m == pytest.approx([500.0, 600.0, 603.0, 1500.0], abs=15.0)
    assert progress.time_on_s == pytest.approx([700.0, 680.0, 679.4, 500.0], abs=1.5)
    # 5 m/s on 7 % is 1260 m an hour; the last has been on it for less than ten minutes
    assert progress.vam_m_per_h[:3] == pytest.approx(1260.0, abs=10.0)
    assert np.isnan(progress.vam_m_per_h[3])
    front = progress.of_group(state.groups[0])
    assert front == pytest.approx((progress.to_summit_m[0], progress.time_on_s[0], progress.vam_m_per_h[0]))
    beyond = progress_on(race, CLIMB, at(race, FOOT_S + 1000))
    assert beyond.to_summit_m[0] == 0.0
    assert not beyond.on_climb[0]
    assert beyond.time_on_s[0] == pytest.approx(800.0, abs=4.0)
    assert beyond.vam_m_per_h[3] == pytest.approx(1260.0, abs=10.0)
    assert climb_progress(race, at(race, 400)) == ()


def test_no_vam_on_gentle_climbs(race):
    gentle = dataclasses.replace(CLIMB, average_gradient_percent=5.0)
    assert np.isnan(progress_on(race, gentle, at(race, FOOT_S + 700)).vam_m_per_h).all()
    unstated = dataclasses.replace(CLIMB, average_gradient_percent=float("nan"))
    assert progress_on(race, unstated, at(race, FOOT_S + 700)).average_gradient == pytest.approx(0.07)


def test_where_a_climb_begins(race):
    assert [climb.name for climb in climbs_of(race.stage)] == ["Col"]
    assert foot_of(race.stage, CLIMB) == 10_000.0
    assert foot_of(race.stage, dataclasses.replace(CLIMB, length_m=float("nan"))) == pytest.approx(
        10_000.0, abs=30.0
    )


BEFORE = {1: 30.0, 2: 5.0, 3: 0.0, 4: 100.0, 99: 50.0}


def test_the_virtual_classification_adds_the_gaps_of_groups(race):
    standing = virtual_classification(race, at(race, 1200), BEFORE)
    assert standing.virtual
    assert standing.unknown == (99,)
    rows = [(row.position, row.bib, row.position_before) for row in standing.riders]
    # rider 3 has the time of his group's first: 20 s, not 20.6
    assert rows == [(1, 3, 1), (2, 2, 2), (3, 1, 3), (4, 4, 4)]
    assert [row.behind_s for row in standing.riders] == pytest.approx([0.0, 5.0, 10.0, 280.0], abs=0.6)
    assert standing.riders[0].gap_s == standing.riders[1].gap_s
    ended = virtual_classification(race, at(race, 2900), BEFORE)
    assert not ended.virtual
    assert [row.bib for row in ended.riders] == [3, 2, 1, 4]
    assert ended.riders[0].gap_s == ended.riders[1].gap_s


def test_who_has_left_the_race_is_not_classified(race):
    gone = Reports(withdrawals=(Withdrawal(99, 3, WithdrawalKind.ABANDONED),), stage_number=4)
    told = Race(race.stage, race.motion, reports=gone)
    assert virtual_classification(told, at(told, 1200), BEFORE).unknown == ()


def test_the_estimate_follows_those_who_have_finished(race):
    """Three have finished; the fourth is exactly as fast, 200 s later."""
    estimate = FinishEstimator(race).at(START_MS + 2_550_000, rider=3)
    truth_ms = race.positions.finish_ms[3]
    assert estimate.likely_ms == pytest.approx(truth_ms, abs=2000)
    assert estimate.earliest_ms <= truth_ms <= estimate.latest_ms
    assert estimate.latest_ms - estimate.earliest_ms >= 15_000


def test_the_estimate_knows_the_climb_that_is_still_to_come(make_race):
    """A rider of even effort is expected when he comes, and not when his speed so far would bring him."""
    flat = make_race({1: lambda t: 10.0 * t})
    s = flat.stage.route.distance_m
    height_m = 0.06 * np.clip(s - 18_000.0, 0.0, 10_000.0)
    stage = dataclasses.replace(flat.stage, route=dataclasses.replace(flat.stage.route, height_m=height_m))
    places_m, even_s = even_effort_s(stage.route)
    slower_s = 1.1 * even_s

    def way(t):
        return np.interp(t, slower_s, places_m)

    hilly = Race(stage, make_race({1: way}, seconds={1: np.arange(0.0, slower_s[-1], 6.0)}).motion)
    estimator = FinishEstimator(hilly)
    truth_ms = START_MS + 1000 * slower_s[-1]
    assert estimator.at(START_MS + 100_000) is None
    half = estimator.at(START_MS + 1_300_000)
    assert half.likely_ms == pytest.approx(truth_ms, abs=30_000)
    assert half.earliest_ms < truth_ms < half.latest_ms
    late = estimator.at(round(truth_ms) - 300_000)
    assert late.latest_ms - late.earliest_ms < half.latest_ms - half.earliest_ms
    arrived = estimator.at(round(truth_ms) + 60_000)
    assert arrived.earliest_ms == arrived.latest_ms == pytest.approx(truth_ms, abs=3000)
