"""The operator's choices and the frames that follow from them, without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tracker3d.app.desk import CAMERAS, Desk

from tracker3d.replay import replay_on
from tracker3d.scene import build_scene
from tracker3d.scene.model import CameraPose
from tracker3d.show import ReplayClock
from tracker3d.stage import open_package

if TYPE_CHECKING:
    from conftest import SmallStage

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene

VIEWPORT = (640, 360)


@pytest.fixture(scope="module")
def parts(small_stage: SmallStage) -> tuple[StageScene, Race]:
    package = open_package(small_stage.package)
    scene = build_scene(package.stage, package.ground)
    return scene, replay_on(package, small_stage.feed).race


@pytest.fixture
def desk(parts: tuple[StageScene, Race]) -> Desk:
    scene, race = parts
    desk = Desk(ReplayClock(race.start_ms, race.end_ms, now_ms=race.start_ms + 300_000))
    desk.set_scene(scene, race)
    return desk


def test_every_camera_makes_a_frame(desk: Desk) -> None:
    eyes = []
    for number in range(len(CAMERAS)):
        desk.choose(number, 0.0)
        assert desk.camera_number == number
        frame = desk.frame(1.0, VIEWPORT)
        assert frame is not None
        assert np.isfinite(frame.camera.eye_m).all()
        eyes.append(tuple(np.round(frame.camera.eye_m)))
    assert len(set(eyes)) == len(CAMERAS)


def test_following_keeps_the_rider_in_the_picture(desk: Desk) -> None:
    desk.follow(5, 0.0)
    assert desk.followed_bib == 5
    assert desk.selected_bib == 5
    assert desk.camera_number is None
    frame = desk.frame(0.0, VIEWPORT)
    assert frame is not None
    at = frame.rider_px[list(frame.riders.bibs).index(5)]
    assert 0.2 * VIEWPORT[0] < at[0] < 0.8 * VIEWPORT[0]
    assert 0.1 * VIEWPORT[1] < at[1] < 0.95 * VIEWPORT[1]


def test_whoever_has_not_been_seen_is_selected_and_not_followed(desk: Desk) -> None:
    desk.clock.seek(desk.clock.start_ms, 0.0)
    desk.choose(2, 0.0)
    desk.follow(9, 0.0)
    assert desk.selected_bib == 9
    assert desk.followed_bib is None
    assert desk.camera_number == 2


def test_release_goes_back_to_the_last_camera(desk: Desk) -> None:
    desk.choose(3, 0.0)
    desk.follow(2, 1.0)
    desk.move_by_hand(CameraPose(np.array([0.0, 0.0, 5000.0]), np.zeros(3)))
    assert desk.followed_bib is None
    assert desk.by_hand
    desk.release(2.0)
    assert desk.camera_number == 3
    assert desk.selected_bib is None
    assert not desk.by_hand


def test_a_camera_by_hand_stays_while_time_runs(desk: Desk) -> None:
    pose = CameraPose(np.array([10.0, 20.0, 5000.0]), np.zeros(3))
    desk.move_by_hand(pose)
    desk.clock.play(0.0)
    for wall_s in (0.0, 20.0):
        frame = desk.frame(wall_s, VIEWPORT)
        assert frame is not None
        np.testing.assert_array_equal(frame.camera.eye_m, pose.eye_m)
        assert frame.time_ms == desk.clock.now_ms(wall_s)


def test_the_hand_gives_the_camera_back_without_a_jump(desk: Desk) -> None:
    pose = CameraPose(np.array([10.0, 20.0, 5000.0]), np.array([0.0, 900.0, 0.0]))
    desk.move_by_hand(pose)
    assert desk.frame(0.0, VIEWPORT) is not None
    desk.choose(3, 1.0)
    assert desk.moving(2.0)
    eyes = []
    for wall_s in (1.0, 1.02, 2.4, 2.52, 9.0):
        frame = desk.frame(wall_s, VIEWPORT)
        assert frame is not None
        eyes.append(frame.camera.eye_m)
    np.testing.assert_array_equal(eyes[0], pose.eye_m)
    assert np.linalg.norm(eyes[1] - eyes[0]) < 1.0
    assert np.linalg.norm(eyes[2] - eyes[3]) < 60.0
    np.testing.assert_array_equal(eyes[3], eyes[4])
    assert not desk.moving(9.0)


def test_the_flight_begins_at_the_head_of_the_race(desk: Desk, parts: tuple[StageScene, Race]) -> None:
    desk.choose(4, 0.0)
    frame = desk.frame(0.0, VIEWPORT)
    state = desk.state(0.0)
    assert frame is not None
    assert state is not None
    head_m = float(state.riders.distance_m[state.order[0]])
    x_m, y_m = parts[0].stage.route.position(head_m)
    assert np.hypot(*(frame.camera.target_m[:2] - (float(x_m), float(y_m)))) < 600.0


def test_moving_means_that_the_picture_changes_by_itself(desk: Desk) -> None:
    desk.choose(0, 0.0)
    assert not desk.moving(5.0)
    desk.choose(1, 0.0)
    assert desk.moving(5.0)
    desk.follow(1, 0.0)
    assert not desk.moving(5.0)
    desk.clock.play(5.0)
    assert desk.moving(6.0)


def test_no_frame_before_there_is_a_scene() -> None:
    assert Desk(ReplayClock(0, 1)).frame(0.0, VIEWPORT) is None
