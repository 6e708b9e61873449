"""Timelines of shots: their rules, and files that people write."""

from __future__ import annotations

import numpy as np
import pytest
from camera_rides import LoneRide
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.errors import InputError
from tracker3d.scene import CameraPose
from tracker3d.scene.camera import (
    CameraShot,
    CameraTimeline,
    ChaseCamera,
    ClimbSideCamera,
    Clock,
    Ease,
    FixedCamera,
    FlyToCamera,
    Handover,
    Keyframe,
    KeyframeCamera,
    Moment,
    OrbitCamera,
    OverheadCamera,
    OverviewCamera,
    RoadCamera,
    Side,
    Upward,
    as_timeline,
    moto,
    parse_camera,
    stage_preview,
)
from tracker3d.scene.camera.shots_file import read_shots, write_shots

NUMBERS = st.floats(-1e5, 1e5)
POINTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
CAMERAS = st.one_of(
    st.builds(OverviewCamera),
    st.builds(ChaseCamera, st.sampled_from(["leader", "peloton", "21"]), st.floats(1.0, 500.0)),
    st.builds(OrbitCamera, km=st.one_of(st.none(), st.floats(0.0, 200.0)), turns=st.floats(-9.0, 9.0)),
    st.builds(OverheadCamera, up=st.sampled_from(Upward)),
    st.builds(RoadCamera, st.floats(0.0, 200.0), speed_mps=st.floats(0.1, 9000.0)),
    st.builds(ClimbSideCamera, st.text(max_size=20), st.sampled_from(Side)),
    st.builds(
        FlyToCamera, st.builds(moto), handover=st.builds(Handover, st.floats(0.0, 9.0), st.sampled_from(Ease))
    ),
    st.lists(POINTS, min_size=2, max_size=5).map(
        lambda points: KeyframeCamera(
            tuple(Keyframe(float(at), point, (0.0, 0.0, 0.1)) for at, point in enumerate(points)),
            Ease.LATE,
            True,
        )
    ),
)


@st.composite
def timelines(draw):
    shots, end_s = [], 0.0
    for _ in range(draw(st.integers(1, 5))):
        start_s = end_s + draw(st.floats(0.0, 5.0))
        lasts_s = draw(st.floats(0.5, 100.0))
        handover = Handover(draw(st.floats(0.0, 0.5)), arc=draw(st.floats(0.0, 3.0)))
        shots.append(CameraShot(draw(CAMERAS), start_s, lasts_s, handover, draw(st.text(max_size=30))))
        end_s = shots[-1].end_s
    return CameraTimeline(tuple(shots), draw(st.text(max_size=30)), draw(st.sampled_from(Clock)))


@settings(max_examples=60, deadline=None)
@given(timelines())
def test_what_is_written_reads_back_the_same(tmp_path_factory, timeline):
    path = tmp_path_factory.mktemp("shots") / "shots.toml"
    write_shots(path, timeline)
    assert read_shots(path) == timeline


def test_a_pose_by_hand_is_kept(tmp_path, scene):
    pose = CameraPose(
        np.array([1.25, 2.5, 900.0]), np.array([0.1, 0.2, 300.0]), 33.0, np.array([0.0, 1.0, 0.0])
    )
    write_shots(tmp_path / "a.toml", CameraTimeline((CameraShot(FixedCamera(pose), 0.0, 1.0),)))
    again = read_shots(tmp_path / "a.toml").shots[0].camera.pose(None)
    assert np.array_equal(again.eye_m, pose.eye_m)
    assert np.array_equal(again.target_m, pose.target_m)
    assert np.array_equal(again.up, pose.up)
    assert again.fov_deg == pose.fov_deg


def test_a_file_by_hand_may_be_short(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[shot]]\nduration_s = 5\ncamera = "side:montségur"\ntitle = "Montségur"\n'
        "[[shot]]\nduration_s = 8\nhandover = { duration_s = 3 }\n"
        'camera = { move = "fly", to = "chase:leader" }\n'
    )
    first, second = read_shots(path).shots
    assert first.camera == ClimbSideCamera("montségur")
    assert (second.start_s, second.handover) == (5.0, Handover(3.0))
    assert second.camera == FlyToCamera(ChaseCamera("leader"))


SHOT = "[[shot]]\nduration_s = 1\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x =", "no TOML"),
        ("shot = 3", "shot: expected array"),
        ("version = 9", "reads version 1"),
        ("frames = 2", "unknown field frames"),
        ("", "1 to 500 shots"),
        (SHOT, "missing required field camera"),
        (SHOT + 'camera = "drone"', "'drone' is no camera"),
        (SHOT + 'camera = { move = "drone" }', "moves are overview"),
        (SHOT + 'camera = { move = "orbit", radius_m = 0 }', "radius_m: expected float >= 1.0"),
        (SHOT + 'camera = { move = "orbit", radius = 9 }', "has the field 'radius'"),
        (SHOT + 'camera = { move = "chase", target = "him" }', "leader, peloton or a bib"),
        (SHOT + 'camera = { move = "fly" }', "flies nowhere"),
        (SHOT + 'camera = { move = "keyframes", keys = [] }', "2 to 10000 keys"),
        (SHOT + 'camera = "overview"\nhandover = { duration_s = 2 }', "shorten the hand-over"),
        ('[[shot]]\nduration_s = nan\ncamera = "overview"', "must last"),
        (f'{SHOT}camera = "overview"\n{SHOT}start_s = 0.5\ncamera = "finish"', "before shot 1 ends"),
    ],
)
def test_mistakes_are_told_in_one_sentence_that_names_the_file(tmp_path, text, reason):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_shots(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nested_and_huge_files_are_refused(tmp_path):
    deep = tmp_path / "deep.toml"
    camera = '"overview"'
    for _ in range(8):
        camera = f'{{ move = "fly", to = {camera} }}'
    deep.write_text(f"{SHOT}camera = {camera}")
    with pytest.raises(InputError, match="nested too deeply"):
        read_shots(deep)
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 8_000_001)
    with pytest.raises(InputError, match="larger than 8 MB"):
        read_shots(huge)
    with pytest.raises(InputError, match="existing file"):
        read_shots(tmp_path / "none.toml")


def test_shots_follow_each_other_and_titles_with_them(scene):
    timeline = stage_preview(scene)
    starts = [shot.start_s for shot in timeline.shots]
    assert starts == sorted(starts)
    assert timeline.shot_at(0.0) is timeline.shots[0]
    assert timeline.shot_at(timeline.shots[1].start_s) is timeline.shots[1]
    assert timeline.shot_at(timeline.duration_s) is None
    named = next(shot for shot in timeline.shots if shot.title == "Côte de l'Épingle")
    assert "3.0 km" in named.subtitle
    assert "6.6 %" in named.subtitle


def test_a_cut_is_a_cut_and_the_last_shot_goes_on(scene):
    ride = LoneRide(scene.stage, 500.0, (10.0,))
    chase, orbit = ChaseCamera("1"), OrbitCamera(km=1.0)
    timeline = CameraTimeline((CameraShot(chase, 0.0, 2.0), CameraShot(orbit, 2.0, 2.0)))

    def eye(camera, wall_s):
        moment = Moment(scene, ride, ride.at(round(1000 * wall_s)), wall_s, (1920, 1080), 0)
        return camera.pose(moment).eye_m

    assert np.array_equal(eye(timeline, 1.999), eye(chase, 1.999))
    assert np.allclose(eye(timeline, 2.0), eye(orbit, 0.0))
    moment = Moment(scene, ride, ride.at(9000), 7.0, (1920, 1080), 2000)
    assert np.allclose(eye(timeline, 9.0), orbit.pose(moment).eye_m)


def test_moves_know_how_long_they_last(scene):
    assert as_timeline(parse_camera("preview"), scene).duration_s == pytest.approx(60.0)
    assert as_timeline(parse_camera("chase:leader"), scene).duration_s == pytest.approx(20.0)
    assert as_timeline(parse_camera("chase:leader"), scene, duration_s=7.0).duration_s == pytest.approx(7.0)
    assert as_timeline(parse_camera("road:1,to=3,speed=100"), scene).duration_s == pytest.approx(20.0)


def test_keyframes_made_from_the_route_fly_along_it(scene):
    """The same flight within 3 m, from a key every second."""
    ride = LoneRide(scene.stage, 0.0, (10.0,))
    road = RoadCamera(km=0.5, to_km=3.0, speed_mps=80.0, ease_s=2.0)
    keys = road.keyframes(scene)
    for wall_s in np.arange(0.0, road.duration_s(scene), 0.7).tolist():
        moment = Moment(scene, ride, ride.at(0), wall_s, (1920, 1080), 0)
        assert np.linalg.norm(road.pose(moment).eye_m - keys.pose(moment).eye_m) < 3.0
