"""Cameras: above the ground, in sight of what they show, and never jumpy."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from tracker3d.errors import InputError
from tracker3d.scene import CameraPose, FixedCamera, parse_camera, project
from tracker3d.scene.camera import ChaseCamera, Moment, OrbitCamera, RoadCamera, along_road
from tracker3d.scene.camera.clearance import lifts_along, needed_height_m
from tracker3d.scene.camera.road_path import road_path
from tracker3d.scene.climbs import climb_named, foot_of
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.projection import in_sight, relief_drawn_m

SIZE = (1920, 1080)
CHASE = {"behind_m": 20.0, "height_m": 7.0, "down": 0.62, "fov_deg": 46.0}


def shot(scene, race, *, after_s=0.0, wall_s=0.0, size=SIZE):
    time_ms = race.stage.start_time_ms + round(1000 * after_s)
    return Moment(scene, race, race.at(time_ms), wall_s, size)


def direction(pose):
    ahead = pose.target_m - pose.eye_m
    return ahead / np.linalg.norm(ahead)


def horizon(pose):
    """How far down the picture the horizon is: 0 at its top, 1 at its bottom."""
    level = pose.target_m - pose.eye_m
    level[2] = 0.0
    px, _ = project(pose, SIZE, (pose.eye_m + 1e6 * level)[None])
    return px[0, 1] / SIZE[1]


def over_ground(scene, pose):
    return float(pose.eye_m[2] - relief_drawn_m(scene, *pose.eye_m[:2]))


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("overview", "OverviewCamera"),
        (" Overview ", "OverviewCamera"),
        ("finish", "FinishCamera"),
        ("orbit", "OrbitCamera"),
        ("orbit:peloton,radius=900", "OrbitCamera"),
        ("orbit:km=35.2,turn=60", "OrbitCamera"),
        ("chase:21", "ChaseCamera"),
        ("chase:-1", "ChaseCamera"),
        ("chase:Leader", "ChaseCamera"),
        ("orbit:km=35.2,turns=-0.5,by=race", "OrbitCamera"),
        ("helicopter", "OrbitCamera"),
        ("helicopter:21,radius=300", "OrbitCamera"),
        ("moto:peloton", "ChaseCamera"),
        ("overhead:21,up=road", "OverheadCamera"),
        ("side:montsegur,side=left", "ClimbSideCamera"),
        ("summit", "SummitCamera"),
        ("fly:chase:21", "FlyToCamera"),
        ("preview", "PreviewCamera"),
        ("road", "RoadCamera"),
        ("road:12.5", "RoadCamera"),
        ("road:km=3,speed=20", "RoadCamera"),
        ("climb:montsegur", "ClimbCamera"),
    ],
)
def test_words_make_cameras(spec, kind):
    assert type(parse_camera(spec)).__name__ == kind


def test_options_arrive():
    assert parse_camera("orbit:peloton,radius=900,turn=60") == OrbitCamera(
        "peloton", None, 900.0, turn_s=60.0
    )
    assert parse_camera("orbit:radius=400,height=400").pitch_deg == pytest.approx(45.0)
    assert parse_camera("orbit:km=35.2").km == pytest.approx(35.2)
    assert parse_camera("road:12.5,speed=30") == RoadCamera(12.5, speed_mps=30.0)
    assert parse_camera("road:12.5,to=20").to_km == pytest.approx(20.0)
    assert parse_camera("chase:PELOTON") == ChaseCamera("peloton")


@pytest.mark.parametrize(
    "spec",
    ["", "drone", "chase", "chase:", "orbit:size=3", "climb", "climb:", "overview:now", "keyframes", "fly"],
)  # fmt: skip
def test_other_words_get_one_sentence_with_the_choices(spec):
    with pytest.raises(InputError) as caught:
        parse_camera(spec)
    assert "chase:<bib|leader|peloton>" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("orbit:radius=0.5", "radius_m: expected float >= 1.0"),
        ("orbit:km=x", "km: expected float"),
        ("orbit:km=nan", "km: expected float >= -100.0"),
        ("road:km=inf", "km: expected float <= 1000.0"),
        ("road:fast", "km: expected float"),
        ("chase:him", "target: expected leader, peloton or a bib"),
        ("overhead:up=west", "up: invalid enum value 'west'"),
        ("orbit:turn=-60", "turns=-1"),
    ],
)
def test_values_out_of_bounds_are_refused_by_name(spec, reason):
    with pytest.raises(InputError, match=re.escape(reason)) as caught:
        parse_camera(spec)
    assert spec in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1080), (1080, 1920), (2560, 1080)])
def test_overview_holds_the_whole_road_and_fills_the_picture(scene, race, size):
    pose = parse_camera("overview").pose(shot(scene, race, size=size))
    raced = scene.road.positions_m[scene.road.distance_m >= 0.0]
    px, depth = project(pose, size, raced)
    share = px / np.array(size)
    assert (depth > 0).all()
    assert share.min() >= 0.02
    assert share[:, 0].max() <= 0.98
    assert share[:, 1].max() <= 0.80
    spread = share.max(axis=0) - share.min(axis=0)
    assert spread[0] > 0.48 or spread[1] > 0.48
    assert over_ground(scene, pose) > 100.0


def test_climb_view_holds_the_climb_and_sees_it(scene, race):
    pose = parse_camera("climb:epingle").pose(shot(scene, race))
    climb = climb_named(scene.stage, "epingle")
    on_climb = (scene.road.distance_m >= foot_of(scene.stage, climb)) & (
        scene.road.distance_m <= climb.distance_m
    )
    points = scene.road.positions_m[on_climb]
    px, _ = project(pose, SIZE, points)
    assert (px >= 0).all()
    assert (px <= np.array(SIZE)).all()
    assert in_sight(scene, pose.eye_m, points).mean() > 0.95
    km = (climb.distance_m - 1000.0) / 1000.0
    again = parse_camera(f"climb:{km}").pose(shot(scene, race))
    assert np.array_equal(again.eye_m, pose.eye_m)


def test_a_climb_that_is_not_there_is_named_with_those_that_are(scene, race):
    with pytest.raises(InputError, match="Côte de l'Épingle"):
        parse_camera("climb:tourmalet").pose(shot(scene, race))
    with pytest.raises(InputError, match="holds km 1"):
        parse_camera("climb:1").pose(shot(scene, race))
    flat = dataclasses.replace(scene, stage=dataclasses.replace(scene.stage, places=()))
    with pytest.raises(InputError, match="states no climbs"):
        parse_camera("climb:epingle").pose(shot(flat, race))


def test_where_no_climbs_are_stated_a_kilometre_is_a_summit(scene, race):
    summit_m = climb_named(scene.stage, "epingle").distance_m
    bare = dataclasses.replace(scene, stage=dataclasses.replace(scene.stage, places=()))
    found = climb_named(bare.stage, f"{summit_m / 1000.0}")
    assert found.distance_m == pytest.approx(summit_m)
    assert foot_of(bare.stage, found) < summit_m - 500.0
    with pytest.raises(InputError, match="states no climbs"):
        climb_named(bare.stage, "9999")


def test_a_climb_without_a_stated_length_begins_where_the_road_rises(stage):
    climb = climb_named(stage, "epingle")
    unstated = dataclasses.replace(climb, length_m=float("nan"))
    foot = foot_of(stage, unstated)
    rise = np.diff(stage.route.height(np.arange(foot, climb.distance_m, 50.0)))
    before = stage.route.height(foot) - stage.route.height(foot - 500.0)
    assert rise.mean() > 50.0 * 0.025
    assert before < 500.0 * 0.03


def test_finish_camera_sees_the_line(scene, race):
    pose = parse_camera("finish").pose(shot(scene, race))
    gate = next(gate for gate in scene.gates if gate.kind == "finish")
    px, depth = project(pose, SIZE, [gate.position_m])
    assert 20.0 < depth[0] < 120.0
    assert abs(px[0, 0] - 960.0) < 300.0
    assert 300.0 < px[0, 1] < 860.0
    run_in = scene.stage.route.finish_m - np.array([5.0, 30.0, 80.0])
    x, y = scene.stage.route.position(run_in)
    px, depth = project(pose, SIZE, np.stack([x, y, scene.stage.route.z_drawn(run_in)], axis=-1))
    assert (np.diff(depth) > 0).all()
    assert ((px > 0) & (px < np.array(SIZE))).all()


def test_orbit_closes_its_circle_and_keeps_its_target_in_sight(scene, race):
    camera = parse_camera("orbit:km=5.2,turn=60")
    poses = [camera.pose(shot(scene, race, wall_s=wall_s)) for wall_s in np.arange(0.0, 61.0, 1.0)]
    assert np.allclose(poses[0].eye_m, poses[60].eye_m, atol=1e-6)
    eyes = np.array([pose.eye_m for pose in poses])
    (target,), _ = road_path(scene).at(5200.0)
    radius = np.hypot(*(eyes - target)[:, :2].T)
    assert np.allclose(radius, 650.0, atol=1.0)
    assert np.abs(np.diff(eyes[:, 2])).max() < 40.0
    for pose in poses:
        assert over_ground(scene, pose) >= 39.0
        assert in_sight(scene, pose.eye_m, target[None]).all()
        px, _ = project(pose, SIZE, target[None])
        assert px[0] == pytest.approx([0.5 * SIZE[0], 0.58 * SIZE[1]], abs=0.1)
        assert 0.0 < horizon(pose) < 0.34


def test_a_low_orbit_is_lifted_over_the_hillside(scene, race):
    camera = parse_camera("orbit:km=5.2,radius=600,pitch=2.86,turn=360")
    poses = [camera.pose(shot(scene, race, wall_s=wall_s)) for wall_s in np.arange(0.0, 360.0, 2.0)]
    (target,), _ = road_path(scene).at(5200.0)
    raised = np.array([pose.eye_m[2] - target[2] - 30.0 for pose in poses])
    assert raised.max() > 100.0
    assert raised.min() < 1.0
    for pose in poses:
        assert over_ground(scene, pose) >= 39.9
        assert in_sight(scene, pose.eye_m, target[None]).all()


def test_an_eye_rises_before_a_wall_of_rock_and_not_at_it(scene):
    """Flying level through the wall: never under what is needed, and much gentler than what is needed."""
    xs = np.arange(300.0, 1500.0, 5.0)
    eyes = np.stack([xs, np.full_like(xs, 700.0), np.full_like(xs, 400.0)], axis=-1)
    needed = needed_height_m(scene, eyes, eyes + np.array([0.0, 120.0, -20.0]), margin_m=6.0)
    missing = np.maximum(needed - 400.0, 0.0)
    flown = lifts_along(missing, reach=20)
    assert needed.max() > 550.0
    assert (flown >= missing - 1e-6).all()
    bend = np.abs(np.diff(flown, 2)).max(), np.abs(np.diff(missing, 2)).max()
    assert bend[0] < 0.35 * bend[1]


def test_a_road_that_winds_south_is_never_looked_along_northwards(scene):
    route = scene.stage.route
    southward = dataclasses.replace(route, y_m=-route.y_m)
    mirrored = dataclasses.replace(
        scene, stage=dataclasses.replace(scene.stage, route=southward), memory=SceneMemory()
    )
    hairpins = np.arange(4700.0, scene.stage.route.finish_m)
    raw = southward.heading(hairpins)
    _, smooth = road_path(mirrored).at(hairpins)
    assert (np.cos(raw) < 0.3).all()
    assert (np.cos(smooth) < 0.3).all()


def test_chase_never_goes_under_the_ground_or_loses_its_rider(scene):
    route = scene.stage.route
    for distance_m in np.arange(0.0, route.finish_m, 12.0):
        pose = along_road(scene, distance_m, **CHASE)
        assert over_ground(scene, pose) >= 2.9
        x, y = route.position(distance_m)
        rider = np.array([[float(x), float(y), float(route.z_drawn(distance_m)) + 1.0]])
        px, depth = project(pose, SIZE, rider)
        assert depth[0] > 0
        assert ((px[0] > 0) & (px[0] < SIZE)).all()


def test_chase_is_not_jumpy_at_hairpins(scene):
    """One metre of road moves the eye by at most 2.5 m and turns the view by at most 1.2 degrees."""
    poses = [
        along_road(scene, distance_m, **CHASE)
        for distance_m in np.arange(4200.0, scene.stage.route.finish_m, 1.0)
    ]
    eyes = np.array([pose.eye_m for pose in poses])
    looks = np.array([direction(pose) for pose in poses])
    assert np.linalg.norm(np.diff(eyes, axis=0), axis=1).max() < 2.5
    turned = np.degrees(np.arccos(np.clip((looks[1:] * looks[:-1]).sum(axis=1), -1, 1)))
    assert turned.max() < 1.2
    assert np.degrees(np.ptp(road_path(scene).heading_rad)) < 360.0


def test_chase_sees_the_road_ahead(scene, race):
    pose = parse_camera("chase:leader").pose(shot(scene, race))
    leader = race.at(race.stage.start_time_ms).riders.distance_m[1]
    x, y = scene.stage.route.position(leader + np.array([0.0, 60.0, 200.0]))
    points = np.stack([x, y, scene.stage.route.z_drawn(leader + np.array([0.0, 60.0, 200.0]))], axis=-1)
    px, _ = project(pose, SIZE, points)
    assert ((px > 0) & (px < np.array(SIZE))).all()
    assert px[0, 1] > px[1, 1] > px[2, 1]
    assert px[0, 1] < 0.78 * SIZE[1]


@pytest.mark.parametrize("target", ["leader", "peloton", "21"])
def test_chase_shows_whom_it_follows_between_the_panels_and_the_horizon(scene, race, target):
    now = shot(scene, race, after_s=30.0)
    pose = parse_camera(f"chase:{target}").pose(now)
    riders = now.state.riders
    group = {"leader": slice(1, 6), "peloton": slice(6, 178), "21": slice(21, 22)}[target]
    distance = riders.distance_m[group]
    x, y = scene.stage.route.position(distance)
    points = np.stack([x, y, scene.stage.route.z_drawn(distance)], axis=-1)
    px, depth = project(pose, SIZE, points)
    assert (depth > 0).all()
    assert (px[:, 1] < 0.80 * SIZE[1]).all()
    assert (px[:, 1] > 0.38 * SIZE[1]).all()
    assert (np.abs(px[:, 0] - 960.0) < 400.0).all()
    assert 0.10 < horizon(pose) < 0.34


def test_peloton_camera_glides_when_the_group_ahead_is_caught(scene, make_race):
    """The front of the peloton jumps 400 m ahead; the camera takes seconds to get there."""
    race = make_race(chase_joins_ms=1_940_000_060_000)
    camera = parse_camera("chase:peloton")
    times = np.arange(40.0, 80.0, 0.2)
    eyes = np.array([camera.pose(shot(scene, race, after_s=after_s)).eye_m for after_s in times])
    speed = np.linalg.norm(np.diff(eyes, axis=0), axis=1) / 0.2
    assert speed.max() < 80.0
    assert np.linalg.norm(eyes[-1] - eyes[0]) > 600.0
    again = camera.pose(shot(scene, race, after_s=times[77])).eye_m
    assert np.array_equal(again, eyes[77])


def test_unknown_bib_follows_the_leader(scene, race):
    there = shot(scene, race)
    assert np.array_equal(ChaseCamera("999").pose(there).eye_m, ChaseCamera("leader").pose(there).eye_m)


def test_road_camera_flies_by_wall_time_and_stays_at_the_finish(scene, race):
    camera = parse_camera("road:1,speed=50")
    here, later = (camera.pose(shot(scene, race, wall_s=wall_s)) for wall_s in (0.0, 10.0))
    assert np.linalg.norm(later.eye_m - here.eye_m) == pytest.approx(500.0, abs=60.0)
    end, beyond = (camera.pose(shot(scene, race, wall_s=wall_s)) for wall_s in (1e4, 2e4))
    assert np.array_equal(end.eye_m, beyond.eye_m)


def test_fixed_camera_stays(scene, race):
    pose = CameraPose(np.array([1.0, 2.0, 3.0]), np.zeros(3))
    assert FixedCamera(pose).pose(shot(scene, race)) is pose


def test_exaggerated_heights_are_followed(exaggerated_scene):
    top = float(exaggerated_scene.stage.route.finish_m)
    pose = along_road(exaggerated_scene, top, **CHASE)
    assert over_ground(exaggerated_scene, pose) >= 2.9
    assert pose.eye_m[2] - exaggerated_scene.road.positions_m[:, 2].max() < 60.0


def test_the_whole_road_from_the_side(scene, race):
    pose = parse_camera("side:stage").pose(shot(scene, race))
    road = scene.road
    raced = road.positions_m[road.distance_m >= 0.0]
    px, depth_m = project(pose, SIZE, raced)
    assert (depth_m > 0.0).all()
    assert ((px >= 0.0) & (px <= SIZE)).all()
    first, last = raced[0, :2], raced[-1, :2]
    along = (last - first) / np.linalg.norm(last - first)
    sight = (pose.target_m - pose.eye_m)[:2] / np.linalg.norm((pose.target_m - pose.eye_m)[:2])
    assert abs(float(along @ sight)) < 0.1
