"""Elevation grids: sampling, normals, lines of sight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain import ElevationGrid


def grid_of(
    heights: np.ndarray, *, x0_m: float = 0.0, y0_m: float = 0.0, step_m: float = 10.0
) -> ElevationGrid:
    heights = np.asarray(heights, np.float32)
    covered = ~np.isnan(heights)
    return ElevationGrid(heights, x0_m, y0_m, step_m, covered, np.zeros_like(covered))


@given(st.floats(100, 290), st.floats(-50, 140), st.floats(-2, 2), st.floats(-2, 2))
def test_a_plane_is_sampled_exactly_with_rows_to_the_north(
    x: float, y: float, east: float, north: float
) -> None:
    rows, columns = np.mgrid[0:20, 0:20]
    heights = 500 + east * (100 + 10 * columns) + north * (-50 + 10 * rows)
    grid = grid_of(heights, x0_m=100.0, y0_m=-50.0)
    assert grid.sample(x, y) == pytest.approx(500 + east * x + north * y, abs=1e-3)
    normal = grid.normals(x, y)
    expected = np.array([-east, -north, 1.0]) / np.sqrt(1 + east**2 + north**2)
    assert normal == pytest.approx(expected, abs=1e-4)


def test_many_positions_at_once_have_the_heights_of_few() -> None:
    random = np.random.default_rng(2)
    heights = random.normal(1000.0, 50.0, (40, 60))
    heights[7, 9] = np.nan
    grid = grid_of(heights, x0_m=-30.0, y0_m=20.0)
    x, y = random.uniform(-60.0, 600.0, (2, 250, 200))
    few = np.array([grid.sample(*row) for row in zip(x, y, strict=True)])
    many = grid.sample(x, y)
    assert np.isnan(many).mean() > 0.05
    assert np.array_equal(many, few, equal_nan=True)
    row_at = np.linspace(20.0, 410.0, 200)[:, None]
    assert np.array_equal(grid.sample(x, row_at[:1]), grid.sample(x, np.full_like(x, 20.0)), equal_nan=True)


def test_bilinear_in_between_and_nan_outside_and_beside_voids() -> None:
    heights = np.zeros((3, 4))
    heights[1, 1] = 8.0
    heights[2, 3] = np.nan
    grid = grid_of(heights)
    assert grid.sample(5.0, 10.0) == pytest.approx(4.0)
    assert grid.sample(5.0, 5.0) == pytest.approx(2.0)
    assert grid.sample(30.0, 0.0) == pytest.approx(0.0), "the eastern border belongs to the grid"
    assert np.isnan(grid.sample([-0.1, 30.1, 10.0, 25.0], [0.0, 0.0, 20.1, 15.0])).all()
    assert grid.sample_covered([5.0, 25.0, 40.0], [5.0, 15.0, 5.0]).tolist() == [True, False, False]


def test_sample_keeps_the_broadcast_shape() -> None:
    grid = grid_of(np.zeros((5, 5)))
    assert grid.sample(np.zeros((3, 1)), np.zeros((1, 4))).shape == (3, 4)
    assert grid.normals(np.zeros((3, 1)), np.zeros((1, 4))).shape == (3, 4, 3)


def test_a_ridge_hides_what_lies_behind_it_and_nothing_else() -> None:
    heights = np.zeros((101, 101))
    heights[:, 50] = 100.0
    grid = grid_of(heights)
    eye = (100.0, 500.0, 60.0)
    targets = np.array(
        [
            (900.0, 500.0, 5.0),  # behind the ridge
            (400.0, 500.0, 5.0),  # before it
            (900.0, 500.0, 300.0),  # high above it
            (900.0, 100.0, 5.0),  # behind it, aslant
        ]
    )
    assert grid.line_of_sight(eye, targets, samples=100).tolist() == [False, True, True, False]


def test_line_of_sight_agrees_with_a_fine_march() -> None:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:81, 0:81] * 25.0
    heights = 80 * np.sin(x / 160) * np.cos(y / 210) + 0.05 * x
    grid = grid_of(heights, step_m=25.0)
    eye = np.array([300.0, 250.0, 140.0])
    ground = rng.uniform(50, 1950, (400, 2))
    targets = np.column_stack([ground, grid.sample(*ground.T) + 2])
    seen = grid.line_of_sight(eye, targets, samples=400)
    along = np.linspace(0.001, 0.999, 2000)[None, :, None]
    ray = eye + (targets[:, None] - eye) * along
    free = (grid.sample(ray[..., 0], ray[..., 1]) <= ray[..., 2] + 4).all(axis=1)
    assert 0.2 < free.mean() < 0.9
    assert (seen == free).mean() > 0.93


def test_missing_heights_and_the_world_beyond_hide_nothing() -> None:
    heights = np.full((11, 11), np.nan)
    grid = grid_of(heights)
    assert grid.line_of_sight((-500.0, 50.0, 10.0), [(50.0, 50.0, 0.0), (900.0, 50.0, 0.0)]).all()
