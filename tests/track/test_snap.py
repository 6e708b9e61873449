from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tracker3d.feed import FixFlag
from tracker3d.track import Verdict, put_on_road

if TYPE_CHECKING:
    from tracker3d.track import Tracks

START_MS = 1_783_420_000_000


def in_order(fixes):
    return np.lexsort((fixes.time_ms, fixes.rider))


def largest_retreat_m(tracks: Tracks) -> float:
    worst = 0.0
    for index in range(len(tracks.bibs)):
        mine = tracks.distance_m[(tracks.rider == index) & (tracks.verdict < Verdict.OFF_ROAD)]
        if len(mine):
            worst = max(worst, float((np.maximum.accumulate(mine) - mine).max()))
    return worst


def largest_speed_mps(tracks: Tracks) -> float:
    rows = np.flatnonzero(tracks.verdict < Verdict.OFF_ROAD)
    same = np.diff(tracks.rider[rows]) == 0
    step = np.abs(np.diff(tracks.distance_m[rows])) / np.maximum(np.diff(tracks.time_ms[rows]) / 1000.0, 1e-3)
    return float(step[same].max())


@pytest.mark.parametrize("told", [True, False], ids=["speeds told", "positions alone"])
@pytest.mark.parametrize("name", ["hairpins", "figure_eight", "laps", "out_and_back"])
def test_the_right_leg_of_the_road(roads, make_ride, name, told):
    stage = roads[name]
    ride = make_ride(stage, riders=16, told=told, seed=7)
    tracks = put_on_road(ride.fixes, stage)
    order = in_order(ride.fixes)
    truth_m, junk = ride.distance_m[order], ride.junk[order]
    accepted = tracks.verdict < Verdict.OFF_ROAD
    assert accepted[~junk].mean() > 0.99
    x, y = stage.frame.to_local(tracks.lon_deg, tracks.lat_deg)
    true_x, true_y = stage.route.position(truth_m)
    noise_m = np.hypot(x - true_x, y - true_y)
    wrong = accepted & (np.abs(tracks.distance_m - truth_m) > 2.0 * noise_m + 25.0)
    assert wrong.mean() < 5e-4
    assert np.median(np.abs(tracks.distance_m - truth_m)[accepted]) < 4.0
    assert largest_retreat_m(tracks) <= 30.0
    assert largest_speed_mps(tracks) <= 110.0 / 3.6


def test_nearest_matching_would_fail_on_these_roads(roads, make_ride):
    for name, stage in roads.items():
        ride = make_ride(stage, riders=6, seed=7)
        x, y = stage.frame.to_local(ride.fixes.lon_deg, ride.fixes.lat_deg)
        from tracker3d.stage.route import nearest_on_route

        wrong = np.abs(nearest_on_route(stage.route, x, y)[0] - ride.distance_m) > 60.0
        assert wrong.mean() > (0.005 if name == "figure_eight" else 0.05)


def straight(make_stage, length_m=20_000.0):
    return make_stage(np.array([0.0, length_m]), np.array([0.0, 0.0]))


def steady(make_fixes, stage, place_m, *, seconds, off_m=0.0, bib=1, speed_mps=10.0):
    x, y = stage.route.position(place_m)
    lon, lat = stage.frame.to_wgs84(x, y + off_m)
    n = len(place_m)
    return make_fixes(
        START_MS + 1000.0 * np.asarray(seconds), np.full(n, bib), lon, lat, speed_mps=np.full(n, speed_mps)
    )


def test_a_teleport_is_rejected_and_what_follows_is_not(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.arange(0.0, 600.0, 6.0)
    place = 1000.0 + 10.0 * seconds
    place[40] += 1060.0
    tracks = put_on_road(steady(make_fixes, stage, place, seconds=seconds), stage)
    expected = np.full(100, Verdict.HIGH)
    expected[40] = Verdict.TELEPORT
    assert tracks.verdict.tolist() == expected.tolist()
    assert tracks.distance_m == pytest.approx(place, abs=0.5)


def test_first_fixes_elsewhere_on_the_road_do_not_hold_the_rider(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.arange(0.0, 1800.0, 6.0)
    place = 500.0 + 10.0 * seconds
    place[:60] = 19_500.0
    tracks = put_on_road(steady(make_fixes, stage, place, seconds=seconds), stage)
    assert (tracks.verdict[:60] >= Verdict.OFF_ROAD).all()
    assert (tracks.verdict[61:] < Verdict.OFF_ROAD).all()


def test_a_second_tracker_in_the_team_car_is_told_apart(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.arange(0.0, 1200.0, 5.0)
    place = 5000.0 + 10.0 * seconds
    car = np.arange(len(seconds)) % 2 == 1
    car &= (seconds > 200.0) & (seconds < 900.0)
    place[car] = 4000.0
    tracks = put_on_road(steady(make_fixes, stage, place, seconds=seconds), stage)
    assert (tracks.verdict[car] == Verdict.SECOND_TRACKER).mean() > 0.95
    assert (tracks.verdict[car] >= Verdict.OFF_ROAD).all()
    assert (tracks.verdict[~car] < Verdict.OFF_ROAD).all()


def test_far_from_the_road_is_rejected_at_the_nearest_place(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.arange(0.0, 300.0, 6.0)
    off = np.zeros(50)
    off[10:14] = 589.0
    off[30] = -40.0
    tracks = put_on_road(steady(make_fixes, stage, 100.0 + 10.0 * seconds, seconds=seconds, off_m=off), stage)
    assert (tracks.verdict[10:14] == Verdict.OFF_ROAD).all()
    assert tracks.distance_m[10:14] == pytest.approx(100.0 + 10.0 * seconds[10:14], abs=0.5)
    assert tracks.lateral_m[10:14] == pytest.approx(589.0, abs=0.1)
    assert tracks.verdict[30] == Verdict.LOW
    assert tracks.lateral_m[30] == pytest.approx(-40.0, abs=0.1)


def test_after_a_long_silence_the_rider_is_taken_up_again_with_low_confidence(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.concatenate([np.arange(0.0, 120.0, 6.0), np.arange(920.0, 1100.0, 6.0)])
    tracks = put_on_road(steady(make_fixes, stage, 10.0 * seconds + 50.0, seconds=seconds), stage)
    assert (tracks.verdict < Verdict.OFF_ROAD).all()
    assert tracks.verdict[20] == Verdict.LOW
    assert (np.delete(tracks.verdict, 20) == Verdict.HIGH).all()


def test_rows_that_are_no_fixes_are_counted(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.repeat(np.arange(0.0, 120.0, 6.0), 2)
    fixes = steady(make_fixes, stage, 50.0 + 10.0 * seconds, seconds=seconds)
    fixes.flags[:6] |= FixFlag.PARKED.value
    tracks = put_on_road(fixes, stage)
    assert tracks.dropped == {"parked trackers": 6, "rows received twice": 17}
    assert len(tracks) == 17


def test_frozen_frames_after_the_finish_are_dropped(make_stage, make_fixes):
    stage = straight(make_stage, 2000.0)
    seconds = np.arange(0.0, 1200.0, 6.0)
    place = np.minimum(10.0 * seconds, 2100.0)
    fixes = steady(make_fixes, stage, place, seconds=seconds)
    fixes.flags[place >= 2000.0] |= FixFlag.FINISHED.value
    tracks = put_on_road(fixes, stage)
    assert tracks.dropped["frozen after the finish"] > 100
    assert (tracks.verdict < Verdict.OFF_ROAD).all()


def test_nothing_near_the_road_leaves_tracks_without_an_accepted_fix(make_stage, make_fixes):
    stage = straight(make_stage)
    seconds = np.arange(0.0, 60.0, 6.0)
    tracks = put_on_road(
        steady(make_fixes, stage, 100.0 + seconds, seconds=seconds, off_m=np.full(10, 5000.0)), stage
    )
    assert (tracks.verdict == Verdict.OFF_ROAD).all()


def test_receivers_off_to_one_side_for_a_minute_leave_nobody_on_another_leg(make_stage, make_fixes):
    """Two riders, unseen from the first of three legs to the third, then seem to be on the first."""
    stage = make_stage(
        np.array([-1000.0, 0.0, 600.0, 600.0, 0.0, 0.0, 600.0, 2600.0]),
        np.array([0.0, 0.0, 0.0, 25.0, 25.0, 50.0, 50.0, 50.0]),
    )
    step_m, riders = 48.0, 12
    first_m, third_m = np.arange(260.0, 1060.0, step_m), 2310.0 + step_m * np.arange(10)
    place_m = np.concatenate([first_m, third_m, 3030.0 + step_m * np.arange(20)])
    seconds = np.round(place_m / 8.0)
    random = np.random.default_rng(5)
    aside_m = np.zeros((riders, len(place_m)))
    for step in range(1, len(place_m)):
        aside_m[:, step] = 0.8 * aside_m[:, step - 1] + random.normal(0.0, 3.0, riders)
    aside_m[:2, len(first_m) : len(first_m) + len(third_m)] -= 50.0
    x_m, y_m = stage.route.position(place_m)
    x_m = x_m + random.normal(0.0, 2.0, aside_m.shape)
    lon, lat = stage.frame.to_wgs84(x_m.ravel(), (y_m + aside_m).ravel())
    bibs = np.repeat(np.arange(1, riders + 1), len(place_m))
    time_ms = START_MS + 1000.0 * np.tile(seconds, riders)
    tracks = put_on_road(make_fixes(time_ms, bibs, lon, lat, speed_mps=np.full(len(lon), 8.0)), stage)
    off_m = np.abs(tracks.distance_m - np.tile(place_m, riders))
    assert (tracks.verdict < Verdict.OFF_ROAD).all()
    assert off_m.max() < 60.0
