"""Smooth fields, filled voids, frames and lines."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from terrain import GroundLine, LocalFrame
from terrain.apron import fill_small_voids
from terrain.fields import box_mean, enlarge, membrane


def test_enlarging_is_exact_at_the_posts_and_linear_between_them() -> None:
    rng = np.random.default_rng(1)
    coarse = rng.normal(size=(5, 7)).astype(np.float32)
    fine = enlarge(coarse, 4)
    assert fine.shape == (17, 25)
    assert np.array_equal(fine[::4, ::4], coarse)
    assert fine[2, 6] == pytest.approx(
        (coarse[0, 1] + coarse[0, 2] + coarse[1, 1] + coarse[1, 2]) / 4, abs=1e-6
    )


def test_smooth_enlarging_keeps_planes_and_has_no_kinks() -> None:
    rows, columns = np.mgrid[0:12, 0:12].astype(np.float32)
    plane = enlarge(3 * rows - columns, 8, smooth=True)
    fine_rows, fine_columns = np.mgrid[0:89, 0:89] / 8
    inner = np.s_[16:-16, 16:-16]
    assert plane[inner] == pytest.approx((3 * fine_rows - fine_columns)[inner], abs=1e-4)
    rough = np.random.default_rng(2).normal(size=(12, 12)).astype(np.float32)
    bends = [np.abs(np.diff(enlarge(rough, 8, smooth=smooth), n=2, axis=0)).max() for smooth in (True, False)]
    assert bends[0] < 0.3 * bends[1]


def test_a_membrane_holds_its_fixed_values_and_is_flat_in_between() -> None:
    values = np.zeros((65, 97), np.float32)
    fixed = np.zeros(values.shape, bool)
    fixed[:, 0] = fixed[:, -1] = True
    values[:, -1] = 96.0
    surface = membrane(values, fixed)
    assert (surface[fixed] == values[fixed]).all()
    assert np.abs(surface - np.arange(97)).max() < 6.0, "between two walls the solution is a ramp"
    assert surface.min() >= 0
    assert surface.max() <= 96


def test_box_means_leave_unknown_values_out() -> None:
    values = np.full((9, 9), 1e6, np.float32)
    known = np.zeros(values.shape, bool)
    values[4, 4], known[4, 4] = 7.0, True
    mean = box_mean(values, known, 3)
    assert mean[3:6, 3:6] == pytest.approx(np.full((3, 3), 7.0))
    assert np.isnan(mean[:2]).all()


def test_small_voids_are_filled_smoothly_and_large_ones_are_not() -> None:
    rows, columns = np.mgrid[0:200, 0:260]
    truth = (900 + 4.0 * rows + 50 * np.sin(columns / 30)).astype(np.float32)
    heights = truth.copy()
    heights[30:45, 40:60] = np.nan  # 450 m by 600 m
    heights[90:190, 100:220] = np.nan  # 3 km by 3.6 km
    heights[10, :] = np.nan  # a slit from edge to edge
    filled, mask = fill_small_voids(heights, step_m=30.0)
    assert mask[30:45, 40:60].all()
    assert mask[10].all()
    assert not mask[110:170, 120:200].any()
    assert np.isnan(filled[110:170, 120:200]).all()
    assert np.abs(filled - truth)[30:45, 40:60].max() < 5
    assert np.abs(filled - truth)[10].max() < 1
    untouched = ~np.isnan(heights)
    assert np.array_equal(filled[untouched], heights[untouched])


def test_thousands_of_specks_are_filled_too() -> None:
    rng = np.random.default_rng(6)
    truth = (900 + 2.0 * np.mgrid[0:300, 0:300][0]).astype(np.float32)
    heights = truth.copy()
    heights[rng.random(heights.shape) < 0.03] = np.nan
    filled, mask = fill_small_voids(heights, step_m=30.0)
    assert np.array_equal(mask, np.isnan(heights))
    assert np.abs(filled - truth).max() < 6


def test_the_frame_is_metric_and_returns() -> None:
    frame = LocalFrame(1.9, 42.9, vertical_exaggeration=1.5)
    rng = np.random.default_rng(3)
    lon, lat = 1.9 + rng.uniform(-0.5, 0.5, 50), 42.9 + rng.uniform(-0.4, 0.4, 50)
    x, y = frame.to_local(lon, lat)
    back = frame.to_wgs84(x, y)
    assert np.abs(back[0] - lon).max() < 1e-9
    assert np.abs(back[1] - lat).max() < 1e-9
    _, _, geodesic = Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    assert np.hypot(np.diff(x), np.diff(y)) == pytest.approx(geodesic, rel=5e-5)
    drawn = frame.drawn(x, y, 100.0)
    assert drawn.dtype == np.float32
    assert drawn.shape == (50, 3)
    assert (drawn[:, 2] == 150.0).all()


def test_lines_are_densified_along_themselves_and_complete_their_heights() -> None:
    line = GroundLine(np.array([0.0, 30, 30]), np.array([0.0, 0, 40]), np.array([0.0, np.nan, 70]))
    assert line.distance_m.tolist() == [0, 30, 70]
    whole = line.with_heights(np.full(3, np.nan))
    assert whole.height_m.tolist() == [0, 30, 70]
    dense = whole.densified(7.0)
    assert np.hypot(np.diff(dense.x_m), np.diff(dense.y_m)).max() <= 7.0 + 1e-9
    assert dense.height_m == pytest.approx(np.linspace(0, 70, 11))
    assert line.with_heights(np.array([1.0, 2, 3])).height_m.tolist() == [0, 2, 70]
