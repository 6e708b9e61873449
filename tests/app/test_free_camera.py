"""The camera moved by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain.elevation import ElevationGrid
from tracker3d.app import free_camera
from tracker3d.scene import project
from tracker3d.scene.model import CameraPose

POSE = CameraPose(np.array([0.0, -1000.0, 800.0]), np.array([0.0, 0.0, 300.0]))
VIEWPORT = (1280, 720)


def reach(pose: CameraPose) -> float:
    return float(np.linalg.norm(pose.eye_m - pose.target_m))


@given(st.lists(st.tuples(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0)), max_size=20))
def test_turning_keeps_its_distance_and_stays_above_the_target(
    turns: list[tuple[float, float]],
) -> None:
    pose = POSE
    for right, up in turns:
        pose = free_camera.turned(pose, right_rad=right, up_rad=up)
        assert reach(pose) == pytest.approx(reach(POSE), rel=1e-6)
        assert pose.eye_m[2] > pose.target_m[2]
    np.testing.assert_array_equal(pose.target_m, POSE.target_m)


def test_turning_back_returns() -> None:
    there = free_camera.turned(POSE, right_rad=0.7, up_rad=0.2)
    back = free_camera.turned(there, right_rad=-0.7, up_rad=-0.2)
    np.testing.assert_allclose(back.eye_m, POSE.eye_m, atol=1e-6)


def test_zoom_is_bounded() -> None:
    assert reach(free_camera.zoomed(POSE, factor=0.5)) == pytest.approx(reach(POSE) / 2)
    assert reach(free_camera.zoomed(POSE, factor=1e-9)) == pytest.approx(15.0)
    assert reach(free_camera.zoomed(POSE, factor=1e9)) == pytest.approx(400_000.0)


def test_what_lies_under_the_mouse_follows_a_sideways_drag() -> None:
    scale = free_camera.metres_per_pixel(POSE, height_px=VIEWPORT[1])
    moved = free_camera.moved(POSE, right_m=-50 * scale, ahead_m=0.0)
    before, _ = project(POSE, VIEWPORT, POSE.target_m[None])
    after, _ = project(moved, VIEWPORT, POSE.target_m[None])
    assert after[0, 0] - before[0, 0] == pytest.approx(50.0, abs=0.01)
    assert after[0, 1] == pytest.approx(before[0, 1], abs=0.01)


def test_moving_keeps_the_view_direction_even_straight_down() -> None:
    down = CameraPose(np.array([5.0, 5.0, 900.0]), np.array([5.0, 5.0, 0.0]))
    moved = free_camera.moved(down, right_m=10.0, ahead_m=20.0)
    np.testing.assert_allclose(moved.eye_m - moved.target_m, down.eye_m - down.target_m)
    np.testing.assert_allclose(moved.eye_m, [15.0, 25.0, 900.0])


def test_never_under_the_ground() -> None:
    heights = np.full((5, 5), 700.0, np.float32)
    covered = np.ones((5, 5), bool)
    relief = ElevationGrid(heights, -2000.0, -2000.0, 1000.0, covered, ~covered)
    low = CameraPose(np.array([0.0, -500.0, 650.0]), np.array([0.0, 0.0, 640.0]))
    lifted = free_camera.above_ground(low, relief)
    assert lifted.eye_m[2] > 700.0
    np.testing.assert_allclose(lifted.eye_m - lifted.target_m, low.eye_m - low.target_m)
    assert free_camera.above_ground(POSE, relief) is POSE


def test_a_pixel_at_the_target_spans_what_the_field_of_view_says() -> None:
    pose = CameraPose(np.array([0.0, 0.0, 100.0]), np.zeros(3), fov_deg=90.0)
    assert free_camera.metres_per_pixel(pose, height_px=200) == pytest.approx(1.0)
    assert math.isfinite(free_camera.metres_per_pixel(pose, height_px=0))
