"""Pixels agree with VTK's own matrices, and the ground hides what is behind it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vtkmodules.vtkRenderingCore import vtkCamera

from tracker3d.scene import CameraPose, project
from tracker3d.scene.projection import focal_px, in_sight, inside

coordinate = st.floats(-5000.0, 5000.0)


def vtk_pixels(pose, viewport_px, points):
    camera = vtkCamera()
    camera.SetPosition(*pose.eye_m)
    camera.SetFocalPoint(*pose.target_m)
    camera.SetViewUp(0, 0, 1)
    camera.SetViewAngle(pose.fov_deg)
    camera.SetClippingRange(1.0, 1e6)
    matrix = camera.GetCompositeProjectionTransformMatrix(viewport_px[0] / viewport_px[1], -1, 1)
    rows = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
    clip = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ rows.T
    ndc = clip[:, :2] / clip[:, 3:]
    return np.stack(
        [(ndc[:, 0] + 1) / 2 * viewport_px[0], (1 - ndc[:, 1]) / 2 * viewport_px[1]], axis=1
    ), clip[:, 3]


@settings(max_examples=60, deadline=None)
@given(
    eye=st.tuples(coordinate, coordinate, coordinate),
    turn=st.floats(0, 6.28),
    pitch=st.floats(-1.2, 1.2),
    fov=st.floats(5.0, 90.0),
    size=st.sampled_from([(1920, 1080), (720, 1280), (333, 251)]),
    seed=st.integers(0, 1000),
)
def test_pixels_and_depths_are_those_of_vtk(eye, turn, pitch, fov, size, seed):
    ahead = np.array([np.cos(pitch) * np.sin(turn), np.cos(pitch) * np.cos(turn), np.sin(pitch)])
    pose = CameraPose(np.array(eye), np.array(eye) + 300.0 * ahead, fov)
    points = np.array(eye) + 500.0 * ahead + np.random.default_rng(seed).uniform(-250, 250, (20, 3))
    px, depth = project(pose, size, points)
    expected, expected_depth = vtk_pixels(pose, size, points)
    assert np.allclose(depth, expected_depth, atol=1e-6 * np.abs(eye).max() + 1e-3)
    assert np.allclose(px, expected, atol=0.01)


def test_what_is_behind_the_eye_has_no_pixel():
    pose = CameraPose(np.zeros(3), np.array([0.0, 10.0, 0.0]), 35.0)
    px, depth = project(pose, (1920, 1080), [[0.0, -5.0, 0.0], [0.0, 5.0, 0.0]])
    assert np.isnan(px[0]).all()
    assert depth[0] == pytest.approx(-5.0)
    assert px[1] == pytest.approx([960.0, 540.0])
    assert inside(px, (1920, 1080)).tolist() == [False, True]


def test_a_view_straight_down_is_a_view():
    pose = CameraPose(np.array([0.0, 0.0, 100.0]), np.zeros(3), 35.0)
    axes = pose.axes
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert focal_px(pose, (1920, 1080)) == pytest.approx(540.0 / np.tan(np.radians(17.5)))


def test_a_wall_of_rock_hides_what_stands_behind_it(scene):
    eye = np.array([300.0, 700.0, 420.0])
    behind, beside = [1500.0, 700.0, 385.0], [300.0, 1200.0, 520.0]
    assert in_sight(scene, eye, np.array([behind, beside])).tolist() == [False, True]
    assert in_sight(scene, np.array([300.0, 700.0, 2500.0]), np.array([behind])).all()
