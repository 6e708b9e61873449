"""Cameras on real and on invented mountains: clear of the ground, in sight, smooth, whatever they follow.

Bounds are those that DESIGN.md states, for riders up to 20 m/s (moto: 12 m/s).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from camera_rides import FPS, LoneRide, arrays, flown, jerk, largest, least_height_m, longest_hidden_s
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker3d.scene import build_scene
from tracker3d.scene.camera import (
    CameraShot,
    CameraTimeline,
    ChaseCamera,
    Handover,
    HandoverCamera,
    Keyframe,
    KeyframeCamera,
    Moment,
    OrbitCamera,
    OverheadCamera,
    OverviewCamera,
    RoadCamera,
    Upward,
    helicopter,
    moto,
    parse_camera,
    stage_preview,
)
from tracker3d.scene.camera.pose import view_of
from tracker3d.scene.climbs import stage_title
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.projection import relief_drawn_m
from tracker3d.stage import open_package

LEAST_M = 2.0
MOST = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

FOLLOWING = {
    "chase": (ChaseCamera("1"), 40.0, 40.0, 20.0),
    "chase from afar": (ChaseCamera("1", distance_m=60.0, height_m=15.0), 40.0, 30.0, 20.0),
    "chase with lead": (ChaseCamera("1", lead_m=25.0, bearing_deg=25.0), 40.0, 60.0, 20.0),
    "moto": (moto("1"), 90.0, 300.0, 12.0),
    "orbit": (OrbitCamera("1"), 60.0, 8.0, 20.0),
    "wide low orbit": (OrbitCamera("1", radius_m=1500.0, pitch_deg=10.0), 60.0, 8.0, 20.0),
    "helicopter": (helicopter("1"), 60.0, 8.0, 20.0),
    "overhead": (OverheadCamera("1", up=Upward.ROAD), 30.0, 1.0, 20.0),
}
"""Cameras, bounds on the jerk of the eye (m/s^3) and of the view (degrees/s^3), and fastest rider (m/s)."""


@pytest.fixture(scope="module")
def rehearsal_scene(rehearsal_files):
    package = open_package(rehearsal_files.package)
    return build_scene(package.stage, package.ground)


@pytest.fixture(scope="module")
def ventoux_scene(ventoux_package):
    package = open_package(ventoux_package)
    return build_scene(package.stage, package.ground)


@pytest.fixture(scope="module")
def foix_scene(foix_package):
    package = open_package(foix_package)
    return build_scene(package.stage, package.ground)


@pytest.fixture(
    params=[
        "rehearsal_scene",
        pytest.param("ventoux_scene", marks=pytest.mark.real),
        pytest.param("foix_scene", marks=pytest.mark.real),
    ]
)
def mountains(request):
    return request.getfixturevalue(request.param)


def rides(scene, *, fastest=20.0, **changes):
    """Anywhere on the road, with a new speed at every fix."""
    return st.builds(
        lambda start, speeds: LoneRide(scene.stage, start, tuple(speeds), **changes),
        st.floats(0.0, scene.stage.route.finish_m - 300.0),
        st.lists(st.floats(3.0, fastest), min_size=4, max_size=4),
    )


def in_tunnel(scene, ride, seconds):
    places = np.array([ride.place_m(1000 * second) for second in range(-5, seconds + 6)])
    return np.interp(places, scene.road.distance_m, scene.road.hidden.astype(float)).any()


@pytest.mark.parametrize("name", FOLLOWING)
def test_who_follows_stays_clear_in_sight_and_smooth(mountains, name):
    camera, most_jerk, most_turn, fastest = FOLLOWING[name]

    @MOST
    @given(rides(mountains, fastest=fastest))
    def holds(ride):
        poses = flown(mountains, ride, camera, seconds=10)
        assert least_height_m(mountains, poses) >= LEAST_M
        eye_jerk, view_jerk = jerk(poses)
        assert eye_jerk < most_jerk
        assert view_jerk < most_turn
        if not in_tunnel(mountains, ride, 10):
            assert longest_hidden_s(mountains, ride, poses) <= 0.5

    holds()


@pytest.mark.parametrize(
    "camera",
    [ChaseCamera("1"), OrbitCamera("1"), OverheadCamera("1", up=Upward.ROAD)],
    ids=["chase", "orbit", "overhead"],
)
def test_a_group_that_jumps_is_followed_without_a_jump(mountains, camera):
    """The head was caught, or a tracker is found again far off: the picture moves on at an even pace."""

    @MOST
    @given(rides(mountains, fastest=12.0), st.floats(-4000.0, 4000.0))
    def holds(ride, jump_m):
        ride = dataclasses.replace(ride, jump_s=4.0, jump_m=jump_m)
        poses = flown(mountains, ride, camera, seconds=24, from_ms=-8_000)
        eyes, looks, reach = arrays(poses)
        steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1) / np.minimum(reach[1:], reach[:-1])
        assert steps.max() < 0.30
        assert np.abs(np.diff(steps)).max() < 0.06
        assert np.degrees(np.linalg.norm(np.diff(looks, axis=0), axis=1)).max() < 6.0
        assert least_height_m(mountains, poses) >= LEAST_M

    holds()


class NoForesight:
    """A race that is known up to a moment only."""

    def __init__(self, ride, until_ms):
        self.ride, self.until_ms, self.start_ms = ride, until_ms, ride.start_ms

    def at(self, time_ms):
        assert time_ms <= self.until_ms
        return self.ride.at(time_ms)


@pytest.mark.parametrize("ahead_s", [0.0, 2.0, 8.0])
def test_live_only_what_is_known_is_asked_for_and_the_picture_stays_smooth(scene, ahead_s):
    ride = LoneRide(scene.stage, 600.0, (6.0, 14.0, 9.0, 12.0))
    race = NoForesight(ride, 0)
    poses = []
    for frame in range(15 * FPS):
        time_ms = round(1000 * frame / FPS)
        race.until_ms = time_ms + 1000 * ahead_s
        moment = Moment(scene, race, ride.at(time_ms), frame / FPS, (1920, 1080), 0, ahead_s)
        poses.append(ChaseCamera("1").pose(moment))
    eye_jerk, _ = jerk(poses)
    assert eye_jerk < 60.0
    behind = np.array([ride.place_m(round(1000 * frame / FPS)) for frame in range(len(poses))])
    x_m, y_m = scene.stage.route.position(behind)
    eyes, _, _ = arrays(poses)
    assert np.hypot(eyes[:, 0] - x_m, eyes[:, 1] - y_m).max() < 45.0


CAMERAS = [
    "overview",
    "chase:1",
    "orbit:1",
    "moto:1",
    "helicopter:1",
    "overhead:1,up=road",
    "overhead:1",
    "finish",
]


def test_hand_overs_are_continuous_while_both_cameras_move(mountains):
    """At 100 frames a second nothing steps: not the eye seen from its target, the direction or the lens."""

    @MOST
    @given(
        rides(mountains),
        st.sampled_from(CAMERAS),
        st.sampled_from(CAMERAS),
        st.floats(1.0, 6.0),
        st.floats(0.0, 30.0),
    )
    def holds(ride, before, after, duration_s, since_s):
        camera = CameraTimeline(
            (
                CameraShot(parse_camera(before), 0.0, since_s + 1.0),
                CameraShot(parse_camera(after), since_s + 1.0, 9.0, Handover(duration_s)),
            )
        )
        start_s = since_s + 0.5
        poses = []
        for frame in range(round(100 * (duration_s + 1.0))):
            wall_s = start_s + frame / 100
            time_ms = round(1000 * wall_s)
            moment = Moment(mountains, ride, ride.at(time_ms), wall_s, (1920, 1080), 0)
            poses.append(camera.pose(moment))
        eyes, looks, reach = arrays(poses)
        steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1) / np.minimum(reach[1:], reach[:-1])
        brisk = 1.0 / duration_s
        # From one end of the stage to the other in 2 s is the fastest of all.
        assert steps.max() < 0.60 * max(brisk, 0.3)
        assert np.degrees(np.linalg.norm(np.diff(looks, axis=0), axis=1)).max() < 6.0 * max(brisk, 0.3)
        assert np.abs(np.diff([pose.fov_deg for pose in poses])).max() < 1.5
        # No kink: from one frame to the next the pace on the screen hardly changes.
        assert np.abs(np.diff(steps)).max() < 0.20 * max(brisk, 0.3) ** 2
        assert least_height_m(mountains, poses) >= LEAST_M

    holds()


def test_a_hand_over_leaves_the_one_and_arrives_at_the_other(scene, race):
    time_ms = race.stage.start_time_ms
    before, after = OverviewCamera(), ChaseCamera("leader")
    camera = HandoverCamera(before, after, Handover(4.0))

    def pose(of, wall_s):
        return of.pose(Moment(scene, race, race.at(time_ms), wall_s, (1920, 1080), time_ms))

    for wall_s, of in ((0.0, before), (1e-6, before), (4.0 - 1e-6, after), (4.0, after)):
        assert np.allclose(pose(camera, wall_s).eye_m, pose(of, wall_s).eye_m, atol=0.05)
        assert np.allclose(pose(camera, wall_s).target_m, pose(of, wall_s).target_m, atol=0.05)
        assert pose(camera, wall_s).fov_deg == pytest.approx(pose(of, wall_s).fov_deg, abs=1e-3)


def test_flights_along_any_road_at_any_speed(mountains):
    """Up to the whole stage in 20 s."""
    fastest = mountains.stage.route.finish_m / 20.0

    @MOST
    @given(st.floats(0.0, 0.8), st.floats(30.0, min(fastest, 3000.0)))
    def holds(share, speed_mps):
        camera = RoadCamera(
            km=share * mountains.stage.route.finish_m / 1000.0, speed_mps=speed_mps, ease_s=2.0
        )
        ride = LoneRide(mountains.stage, 0.0, (10.0,))
        poses = flown(mountains, ride, camera, seconds=8)
        eyes, looks, reach = arrays(poses)
        assert least_height_m(mountains, poses) >= LEAST_M
        assert largest(eyes, 1) < 1.6 * speed_mps + 30.0
        assert largest(eyes, 3) / reach.min() < 8.0
        assert np.degrees(largest(looks, 1)) < 60.0

    holds()


def test_keyframes_through_mountains_are_lifted_over_them(mountains):
    west, south, east, north = mountains.ground.relief.bounds_m

    @MOST
    @given(
        st.lists(
            st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8), st.floats(-100.0, 400.0)),
            min_size=2,
            max_size=5,
        ),
        st.booleans(),
    )
    def holds(points, constant_speed):
        keys = []
        for number, (across, up, height_m) in enumerate(points):
            x, y = west + across * (east - west), south + up * (north - south)
            ground_m = max(float(relief_drawn_m(mountains, x, y)), -500.0)
            eye = (x, y, ground_m + height_m)
            keys.append(Keyframe(5.0 * number, eye, (x + 300.0, y + 500.0, ground_m)))
        camera = KeyframeCamera(tuple(keys), constant_speed=constant_speed)
        ride = LoneRide(mountains.stage, 0.0, (10.0,))
        poses = flown(mountains, ride, camera, seconds=5 * len(keys) - 4)
        assert least_height_m(mountains, poses) >= LEAST_M
        eyes, _, _ = arrays(poses)
        assert np.isfinite(eyes).all()

    holds()


def test_constant_speed_is_constant(scene):
    """Keys at odd times and distances; the eye's own pace over level ground stays within 2 %."""
    keys = tuple(
        Keyframe(at_s, (x, -800.0, 900.0 + 0.1 * x), (x, 0.0, 300.0))
        for at_s, x in ((0.0, -4000.0), (1.0, -3500.0), (7.0, -3000.0), (8.0, -500.0), (10.0, 0.0))
    )
    ride = LoneRide(scene.stage, 0.0, (10.0,))
    even, _, _ = arrays(flown(scene, ride, KeyframeCamera(keys, constant_speed=True), seconds=10))
    given_times, _, _ = arrays(flown(scene, ride, KeyframeCamera(keys), seconds=10))
    pace = np.linalg.norm(np.diff(even, axis=0), axis=1)
    assert np.ptp(pace) < 0.02 * pace.mean()
    assert np.ptp(np.linalg.norm(np.diff(given_times, axis=0), axis=1)) > pace.mean()


def test_the_preview_flies_over_the_whole_stage_in_a_minute(mountains):
    preview = stage_preview(mountains)
    assert preview.duration_s == pytest.approx(60.0)
    assert preview.shots[0].title == stage_title(mountains.stage)
    ride = LoneRide(mountains.stage, 0.0, (10.0,))
    poses = flown(mountains, ride, preview, seconds=61)
    eyes, looks, reach = arrays(poses)
    assert least_height_m(mountains, poses) >= LEAST_M
    assert np.degrees(largest(looks, 1)) < 130.0
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1) / np.minimum(reach[1:], reach[:-1])
    assert steps.max() < 0.25
    titles = {shot.title for shot in preview.shots} - {""}
    assert len(titles) >= 2


def test_a_pose_depends_on_the_moment_alone(scene, race):
    """Frames in any order, and by a scene that remembers nothing, are the same."""
    cameras = [
        parse_camera(spec) for spec in ("chase:peloton", "orbit:leader", "fly:moto:21", "preview", "road")
    ]
    times = np.random.default_rng(1).permutation(np.arange(0.0, 9.0, 0.5)).tolist()
    start_ms = race.stage.start_time_ms

    def eyes(of, order):
        made = {}
        for wall_s in order:
            time_ms = start_ms + round(1000 * wall_s)
            for number, camera in enumerate(cameras):
                moment = Moment(of, race, race.at(time_ms), wall_s, (1920, 1080), start_ms)
                made[wall_s, number] = camera.pose(moment).eye_m
        return made

    here = eyes(scene, times)
    there = eyes(dataclasses.replace(scene, memory=SceneMemory()), sorted(times))
    assert all(np.array_equal(here[key], there[key]) for key in here)


def test_a_map_with_the_road_upwards_turns_with_it(scene):
    ride = LoneRide(scene.stage, 1000.0, (10.0,))
    road, north = (
        view_of(OverheadCamera("1", up=up).pose(Moment(scene, ride, ride.at(0), 0.0, (1920, 1080))))
        for up in (Upward.ROAD, Upward.NORTH)
    )
    assert north.azimuth_rad == pytest.approx(0.0)
    assert road.azimuth_rad == pytest.approx(np.pi / 2, abs=0.05)
    assert road.pitch_rad == pytest.approx(np.pi / 2, abs=1e-6)


def test_race_time_and_wall_time_drive_apart(scene, race):
    """A circle by race time stands still with the race; one by wall time goes on."""
    start_ms = race.stage.start_time_ms

    def eye(words, wall_s, after_s):
        time_ms = start_ms + round(1000 * after_s)
        moment = Moment(scene, race, race.at(time_ms), wall_s, (1920, 1080), start_ms)
        return parse_camera(words).pose(moment).eye_m

    paused = "orbit:km=2,by=race"
    assert np.array_equal(eye(paused, 0.0, 5.0), eye(paused, 60.0, 5.0))
    assert not np.allclose(eye(paused, 0.0, 5.0), eye(paused, 0.0, 25.0))
    assert np.array_equal(eye("orbit:km=2", 5.0, 0.0), eye("orbit:km=2", 5.0, 60.0))
