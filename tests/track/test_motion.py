from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.track import Motion, Presence, Tracks, Verdict, put_on_road
from tracker3d.track.lanes import LANES, lanes, laterals

START_MS = 1_783_420_000_000


def tracks_of(rows, *, bibs=None):
    """Tracks from (rider, seconds, distance, speed, verdict) rows."""
    table = np.array(rows, float)
    rider = table[:, 0].astype(np.int32)
    zero = np.zeros(len(rows))
    return Tracks(
        bibs=np.arange(1, rider.max() + 2, dtype=np.int32) if bibs is None else np.array(bibs, np.int32),
        time_ms=(START_MS + 1000 * table[:, 1]).astype(np.int64),
        rider=rider,
        lon_deg=zero,
        lat_deg=zero,
        distance_m=table[:, 2],
        lateral_m=zero,
        speed_mps=table[:, 3],
        verdict=table[:, 4].astype(np.uint8),
    )


@pytest.fixture
def stage(make_stage):
    return make_stage(np.array([0.0, 20_000.0]), np.array([0.0, 0.0]))


def steady_rows(rider=0, *, begin=0.0, end=600.0, step=6.0, start_m=100.0, speed=10.0):
    return [(rider, t, start_m + speed * (t - begin), speed, 0) for t in np.arange(begin, end + 0.1, step)]


def test_a_steady_rider_is_where_he_must_be_at_any_time(stage):
    motion = Motion(tracks_of(steady_rows()), stage.route)
    for seconds in (0.0, 0.3, 17.25, 333.3, 598.9):
        states = motion.at(START_MS + 1000.0 * seconds)
        assert states.distance_m[0] == pytest.approx(100.0 + 10.0 * seconds, abs=0.05)
    times = START_MS + np.array([0.0, 17_250.0, 598_900.0])
    assert motion.distances(times)[:, 0] == pytest.approx([100.0, 272.5, 6089.0], abs=0.05)
    assert motion.at(START_MS + 300_000).speed_mps[0] == pytest.approx(10.0, abs=0.01)
    assert motion.passage_ms(1100.0)[0] == pytest.approx(START_MS + 100_000, abs=10)


def test_nobody_before_the_first_fix_and_everybody_holds_after_the_last(stage):
    motion = Motion(tracks_of(steady_rows() + steady_rows(1, begin=200.0, end=500.0)), stage.route)
    before = motion.at(START_MS - 5000)
    assert (before.presence == Presence.ABSENT).all()
    assert np.isnan(before.distance_m).all()
    assert np.isnan(before.lateral_m).all()
    assert motion.at(START_MS + 100_000).presence.tolist() == [Presence.LIVE, Presence.ABSENT]
    assert np.isnan(motion.passage_ms(50.0)).all()
    held = motion.at(START_MS + 560_000)
    assert held.distance_m[1] == pytest.approx(3100.0, abs=0.5)
    assert held.presence[1] == Presence.STALE
    far = motion.at(START_MS + 2_000_000)
    assert far.distance_m[0] == pytest.approx(6100.0, abs=0.5)
    assert (far.presence == Presence.LOST).all()
    assert far.age_s[0] == pytest.approx(1400.0, abs=1.5)


def test_presence_follows_the_age_of_the_nearest_fix(stage):
    rows = steady_rows(end=120.0) + steady_rows(begin=420.0, start_m=4300.0)
    motion = Motion(tracks_of(rows), stage.route)
    for seconds, expected in (
        (125, "LIVE"),
        (140, "COASTING"),
        (200, "STALE"),
        (410, "LIVE"),
        (395, "COASTING"),
    ):
        states = motion.at(START_MS + 1000 * seconds)
        assert Presence(states.presence[0]).name == expected
        assert states.age_s[0] == pytest.approx(min(seconds - 120, 420 - seconds), abs=1.1)


def test_rejected_fixes_never_move_a_rider(stage):
    rows = steady_rows()
    bad = [(0, t + 0.5, 15_000.0, 10.0, Verdict.TELEPORT) for t in (60.0, 120.0)]
    clean, spoilt = Motion(tracks_of(rows), stage.route), Motion(tracks_of(sorted(rows + bad)), stage.route)
    times = START_MS + np.arange(0, 600_000, 500)
    assert spoilt.distances(times) == pytest.approx(clean.distances(times), abs=1e-9)


def test_nobody_ever_runs_backwards(roads, make_ride):
    stage = roads["hairpins"]
    motion = Motion(put_on_road(make_ride(stage, riders=12, seed=3).fixes, stage), stage.route)
    times = np.arange(motion.start_ms, motion.end_ms, 130.0)
    assert np.nanmin(np.diff(motion.distances(times), axis=0)) >= 0.0
    one_by_one = np.array([motion.at(t).distance_m for t in times[1000:1100]])
    assert one_by_one == pytest.approx(motion.distances(times[1000:1100]), nan_ok=True)


def test_positions_are_near_the_truth(roads, make_ride):
    stage = roads["out_and_back"]
    ride = make_ride(stage, riders=12, seed=5)
    motion = Motion(put_on_road(ride.fixes, stage), stage.route)
    errors = [
        motion.distances([t])[0, r] - s
        for t, r, s in zip(ride.fixes.time_ms[::7], ride.fixes.rider[::7], ride.distance_m[::7], strict=True)
    ]
    assert np.median(np.abs(errors)) < 3.0
    assert np.percentile(np.abs(errors), 99) < 25.0


def test_a_hole_follows_the_pace_of_the_field(stage):
    """The field climbs slowly from km 5 to 7; who vanished before and came back behind did so as well."""

    def place(t):
        return np.interp(t, [0, 500, 1167, 1867], [0, 5000, 7000, 14_000])

    speed = lambda t: 3.0 if 500 < t < 1167 else 10.0  # noqa: E731
    seconds = np.arange(0.0, 1800.0, 6.0)
    rows = [(r, t + r, place(t), speed(t), 0) for r in range(6) for t in seconds]
    rows += [(6, t, place(t), speed(t), 0) for t in seconds if t < 400 or t > 1300]
    motion = Motion(tracks_of(rows), stage.route)
    times = np.arange(400.0, 1300.0, 20.0)
    error = motion.distances(START_MS + 1000 * times)[:, 6] - place(times)
    straight = np.interp(times, [396, 1302], [place(396), place(1302)]) - place(times)
    assert np.abs(error).max() < 0.15 * np.abs(straight).max()


def test_a_hole_of_everybody_follows_the_gradients(stage):
    """On a road of hills all are silent on one top and seen on the others; heights tell what that means."""
    metres = stage.route.distance_m
    hilly = dataclasses.replace(stage.route, height_m=-40.0 * np.cos(2.0 * np.pi * metres / 4000.0))
    speed_mps = 9.0 - 0.8 * 100.0 * np.gradient(hilly.height_m, metres)
    seconds_at = np.concatenate([[0.0], np.cumsum(np.diff(metres) / speed_mps[1:])])
    top_s = np.interp(10_000.0, metres, seconds_at)

    def place(t):
        return np.interp(t, seconds_at, metres)

    rows = [
        (rider, t, place(t - 7.0 * rider), np.interp(t - 7.0 * rider, seconds_at, speed_mps), 0)
        for rider in range(4)
        for t in np.arange(60.0, seconds_at[-1] - 60.0, 6.0)
        if not top_s - 70.0 < t < top_s + 50.0
    ]
    times = np.arange(top_s - 70.0, top_s + 50.0, 4.0)

    def largest_error_m(route):
        shown_m = Motion(tracks_of(rows), route).distances(START_MS + 1000 * times)[:, 0]
        return np.abs(shown_m - place(times)).max()

    assert largest_error_m(stage.route) > 20.0
    assert largest_error_m(hilly) < 0.3 * largest_error_m(stage.route)


def test_a_single_bad_fix_neither_brakes_nor_hurls(stage):
    rows = steady_rows()
    bad = list(rows)
    bad[50] = (0, bad[50][1], bad[50][2] - 25.0, 10.0, 0)
    motion = Motion(tracks_of(bad), stage.route)
    times = START_MS + np.arange(240_000, 360_000, 1000)
    assert (
        np.abs(
            motion.distances(times)[:, 0] - Motion(tracks_of(rows), stage.route).distances(times)[:, 0]
        ).max()
        < 8.0
    )


def test_the_line_is_crossed_even_where_the_feed_stops_before_it(make_stage):
    stage = make_stage(np.array([0.0, 3000.0]), np.array([0.0, 0.0]))
    rows = steady_rows(end=270.0)
    rows += [(1, t, 100.0 + 4.0 * t, 4.0, 0) for t in np.arange(0.0, 270.0, 6.0)]
    motion = Motion(tracks_of(rows), stage.route)
    assert motion.finish_ms[0] == pytest.approx(START_MS + 290_000, abs=600)
    assert np.isnan(motion.finish_ms[1])
    crossed = motion.at(START_MS + 291_000)
    assert crossed.finished.tolist() == [True, False]
    assert crossed.presence[0] == Presence.LIVE
    rolled = motion.at(START_MS + 400_000)
    assert rolled.distance_m[0] == pytest.approx(3100.0, abs=0.1)
    assert rolled.presence[0] > Presence.LIVE


def test_lanes_are_stable_smooth_and_narrow(stage):
    rows = [row for rider in range(60) for row in steady_rows(rider, end=120.0)]
    motion, again = (Motion(tracks_of(rows), stage.route) for _ in range(2))
    sides = np.array([motion.at(START_MS + t).lateral_m for t in range(0, 120_000, 100)])
    assert np.abs(sides).max() <= 2.5
    assert np.abs(np.diff(sides, axis=0)).max() < 0.02
    assert (again.at(START_MS + 5000).lateral_m == motion.at(START_MS + 5000).lateral_m).all()
    assert len(np.unique(sides[0])) == LANES
    assert np.ptp(sides[0]) > 3.0


def test_who_stands_does_not_slide_and_a_lane_passes_the_same_points(stage):
    """Two of a lane, the second one a minute later, and a third who stops half way."""
    here = lanes(np.arange(200))
    one, other = np.flatnonzero((here == here[:, :1]).all(axis=0))[:2].tolist()
    halt = np.minimum(np.arange(300.0), 150.0) * 10.0
    away = np.linspace(0.0, 3000.0, 400)
    table = laterals(here[:, [one, other]], np.stack([away, away], axis=-1))
    assert (table[:, 0] == table[:, 1]).all()
    assert np.ptp(laterals(here[:, :1], halt[:, None])[150:]) == 0.0


def test_laterals_of_many_moments_are_those_of_each(stage):
    rows = steady_rows() + steady_rows(1, begin=200.0, end=500.0)
    motion = Motion(tracks_of(rows), stage.route)
    times = START_MS + np.arange(-5000, 700_000, 7300)
    one_by_one = np.array([motion.at(t).lateral_m for t in times])
    assert motion.laterals(times) == pytest.approx(one_by_one, abs=1e-12, nan_ok=True)
    assert np.isnan(motion.laterals(START_MS - 1)).all()


def test_uncertainty_grows_and_faster_after_the_last_fix(stage):
    rows = steady_rows(end=120.0) + steady_rows(begin=220.0, end=300.0, start_m=2300.0)
    motion = Motion(tracks_of(rows), stage.route)
    states = [motion.at(START_MS + 1000 * t) for t in (123, 130, 140, 160)]
    inside = [float(state.uncertainty_m[0]) for state in states]
    assert inside == sorted(inside)
    assert inside[0] < 4.0 < inside[-1]
    behind = [float(motion.at(START_MS + 1000 * t).uncertainty_m[0]) for t in (303, 310, 320, 340)]
    assert all(late > early for late, early in zip(behind[1:], inside[1:], strict=True))
    assert np.isnan(motion.at(START_MS - 1).uncertainty_m[0])


def test_a_hole_in_one_tracker_follows_those_around(stage):
    """The bunch stops in the middle of the hole; the rider who was silent then stopped as well."""

    def place(t):
        return 1000.0 + np.interp(t, [0, 300, 340, 900], [0, 3000, 3000, 8600])

    seconds = np.arange(0.0, 900.0, 6.0)
    rows = [
        (r, t, place(t) - 4.0 * r, 0.0 if 300 < t < 340 else 10.0, 0)
        for r in range(8)
        for t in seconds
        if r != 4 or not 260 < t < 350
    ]
    times = np.arange(260.0, 350.0, 5.0)

    def largest_error_m(rows):
        shown_m = Motion(tracks_of(rows), stage.route).distances(START_MS + 1000 * times)[:, 4]
        return np.abs(shown_m - (place(times) - 16.0)).max()

    alone_m = largest_error_m([row for row in rows if row[0] == 4])
    assert alone_m > 50.0
    assert largest_error_m(rows) < 0.4 * alone_m


def test_speeds_are_set_right_in_time(roads, make_ride):
    """Reported speeds come 2.5 s late; what the tracks carry does not."""
    stage = roads["out_and_back"]
    ride = make_ride(stage, riders=20, seed=11)
    tracks = put_on_road(ride.fixes, stage)
    seconds = (tracks.time_ms - START_MS) / 1000.0
    late, right = [], []
    order = np.lexsort((ride.fixes.time_ms, ride.fixes.rider))
    truth_m, told = ride.distance_m[order], ride.fixes.speed_mps[order]
    for index in range(20):
        rows = np.flatnonzero(tracks.rider == index)
        true_mps = np.gradient(truth_m[rows], seconds[rows])
        late.append(np.abs(told[rows] - true_mps))
        right.append(np.abs(tracks.speed_mps[rows] - true_mps))
    assert np.median(np.concatenate(right)) < 0.75 * np.median(np.concatenate(late))


def test_no_accepted_fix_at_all(make_stage, make_fixes):
    stage = make_stage(np.array([0.0, 3000.0]), np.array([0.0, 0.0]))
    tracks = tracks_of([(0, 0.0, 100.0, 10.0, Verdict.OFF_ROAD)])
    motion = Motion(tracks, stage.route)
    assert motion.at(START_MS).presence.tolist() == [Presence.ABSENT]
    assert np.isnan(motion.passage_ms(10.0)).all()


def test_one_fix_is_held(stage):
    motion = Motion(tracks_of([(0, 0.0, 100.0, 10.0, 0)]), stage.route)
    assert motion.at(START_MS + 500).distance_m[0] == pytest.approx(100.0)
    assert dataclasses.astuple(motion.at(START_MS + 9000))[0] == START_MS + 9000
