"""The road's table: distances, heights, directions, and how positions fit it."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from terrain import LocalFrame
from tracker3d.errors import RouteError
from tracker3d.stage.roadbuild import build_route
from tracker3d.stage.route import Route, nearest_on_route, route_fit

GEOD = Geod(ellps="WGS84")


def circle(radius_m: float = 500.0, count: int = 90, *, climb: float = 0.05) -> Route:
    frame = LocalFrame(6.5, 45.2)
    angle = np.linspace(0.0, 1.5 * np.pi, count)
    lon, lat = frame.to_wgs84(radius_m * np.sin(angle), radius_m * np.cos(angle))
    return build_route(lon, lat, 400.0 + climb * radius_m * angle, frame=frame).route


def test_the_line_of_a_traced_circle_is_nearer_to_it_than_its_chords():
    route = circle(count=31)
    chord_error_m = 500.0 * (1.0 - np.cos(1.5 * np.pi / 30 / 2))
    error_m = np.abs(np.hypot(route.x_m, route.y_m) - 500.0)
    inner = (route.distance_m > 80.0) & (route.distance_m < route.end_m - 80.0)
    assert chord_error_m > 1.5
    assert error_m[inner].max() < 0.15
    assert error_m.max() < chord_error_m
    assert route.end_m == pytest.approx(1.5 * np.pi * 500.0, rel=1e-4)


def test_a_straight_stays_straight_beside_a_sharp_bend():
    frame = LocalFrame(6.5, 45.2)
    x_m = np.array([-3000.0, 0.0, 0.0, 20.0])
    y_m = np.array([0.0, 0.0, 40.0, 60.0])
    route = build_route(*frame.to_wgs84(x_m, y_m), np.zeros(4), frame=frame).route
    on_straight = route.x_m < -100.0
    assert on_straight.sum() > 500
    assert np.abs(route.y_m[on_straight]).max() < 0.05
    assert route.y_m.min() > -4.0


def test_hairpins_keep_their_shape():
    frame = LocalFrame(6.5, 45.2)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 7)
    x_m = np.concatenate([np.linspace(-400.0, -50.0, 8), 12.0 * np.cos(turn), np.linspace(-50.0, -400.0, 8)])
    y_m = np.concatenate([np.full(8, -12.0), 12.0 * np.sin(turn), np.full(8, 12.0)])
    route = build_route(*frame.to_wgs84(x_m, y_m), np.zeros(len(x_m)), frame=frame).route
    bend = route.x_m > 0.5
    assert np.abs(np.hypot(route.x_m, route.y_m)[bend] - 12.0).max() < 0.6
    assert np.abs(route.y_m[~bend]).max() < 12.5


def test_distances_are_geodesic_lengths(road):
    route = build_route(*road).route
    lon, lat = route.lonlat(route.distance_m)
    length_m = GEOD.line_length(lon, lat)
    assert route.start_m == 0.0
    assert route.end_m == pytest.approx(length_m, rel=2e-4)
    steps_m = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
    assert steps_m.min() > 0.98 * route.step_m
    assert steps_m.max() < 1.005 * route.step_m


def test_lengths_do_not_depend_on_where_the_frame_is_centred(road):
    lon, lat, height = road
    near = build_route(lon, lat, height).route
    far = build_route(lon, lat, height, frame=LocalFrame(float(lon.mean()) - 1.5, float(lat.mean()))).route
    in_frame_m = np.hypot(np.diff(far.x_m), np.diff(far.y_m)).sum()
    assert in_frame_m / far.end_m > 1.0001
    assert far.end_m == pytest.approx(near.end_m, rel=1e-6)


def test_positions_and_lonlat_agree(road):
    route = build_route(*road).route
    at_m = np.linspace(0.0, route.end_m, 777)
    x_m, y_m = route.position(at_m)
    from_degrees = route.frame.to_local(*route.lonlat(at_m))
    np.testing.assert_allclose(from_degrees, (x_m, y_m), atol=1e-3)


def test_one_search_for_all_gives_what_each_gives_by_itself():
    route = circle()
    places_m = np.array([-50.0, 0.0, 123.4, 999.0, route.end_m, route.end_m + 70.0])
    x_m, y_m, z_m, heading = route.placed(places_m)
    assert np.array_equal([x_m, y_m], route.position(places_m))
    assert np.array_equal(z_m, route.z_drawn(places_m))
    assert np.array_equal(heading, route.heading(places_m))


def test_queries_keep_shape_clip_to_the_ends_and_pass_nan_on():
    route = circle()
    for query in (route.height, route.z_drawn, route.heading, route.gradient, lambda s: route.position(s)[0]):
        assert query(np.zeros((3, 4))).shape == (3, 4)
        assert query(100.0).shape == ()
        got = query(np.array([np.nan, -1e9, route.start_m, 1e9, route.end_m, np.inf]))
        assert np.isnan(got[0])
        assert np.isfinite(got[1:]).all()
    assert route.height(-50.0) == route.height_m[0]
    assert route.height(1e9) == route.height_m[-1]
    assert route.position(route.end_m)[0] == pytest.approx(route.x_m[-1])


def test_headings_are_clockwise_from_north():
    route = circle()
    angle = route.distance_m / 500.0
    expected = np.pi / 2 + angle
    off = (route.heading(route.distance_m) - expected + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(off[5:-5]).max() < np.radians(1.0)
    assert route.heading(0.0) == pytest.approx(np.pi / 2, abs=np.radians(2.0))


def test_gradient_is_rise_over_run_up_to_both_ends():
    route = circle(climb=0.08)
    np.testing.assert_allclose(route.gradient(route.distance_m), 0.08, atol=2e-3)
    np.testing.assert_allclose(route.gradient(route.distance_m, 50.0), 0.08, atol=2e-3)
    assert route.ascent_m == pytest.approx(0.08 * route.end_m, rel=0.005)


def test_faults_in_heights_do_not_become_walls():
    frame = LocalFrame(6.5, 45.2)
    x_m = np.linspace(0.0, 7000.0, 101)
    true_m = 500.0 + 0.05 * x_m
    height_m = true_m.copy()
    height_m[30] += 40.0
    height_m[60] -= 25.0
    noise = np.random.default_rng(4).normal(0.0, 0.7, len(x_m))
    route = build_route(*frame.to_wgs84(x_m, 0.0 * x_m), height_m + noise, frame=frame).route
    assert np.abs(np.diff(height_m) / 70.0).max() > 0.5
    assert np.abs(route.height_m - np.interp(route.x_m, x_m, true_m)).max() < 2.5
    assert route.gradient(route.distance_m, 100.0).max() < 0.1


def test_a_summit_finish_is_not_flattened():
    route = circle(climb=0.1)
    assert route.height_m[-1] == pytest.approx(400.0 + 0.1 * route.end_m, abs=0.2)
    assert route.gradient(route.end_m, 60.0) == pytest.approx(0.1, abs=2e-3)


def test_figures_never_come_from_the_drawn_ground():
    route = circle()
    nodes = len(route)
    flags = np.arange(nodes) % 2 == 0
    laid = route.on_ground(z_drawn_m=np.full(nodes, 7.0), on_structure=flags, covered=~flags)
    assert (laid.z_drawn(route.distance_m) == 7.0).all()
    np.testing.assert_array_equal(laid.height(route.distance_m), route.height(route.distance_m))
    np.testing.assert_array_equal(laid.gradient(route.distance_m), route.gradient(route.distance_m))
    assert laid.ascent_m == route.ascent_m
    np.testing.assert_array_equal(laid.covered, ~flags)


@pytest.mark.parametrize(
    ("lon", "lat", "says"),
    [
        ([6.0], [45.0], "fewer than two"),
        ([6.0, 6.0, 6.0], [45.0, 45.0, 45.0], "single place"),
        ([6.0, 6.0001], [45.0, 45.0], "0.2 to 1,000 km"),
        ([6.0, 30.0], [45.0, 45.0], "0.2 to 1,000 km"),
        ([6.0, np.nan], [45.0, 45.0], "without a position"),
        ([660000.0, 661000.0], [5000000.0, 5001000.0], "degrees"),
    ],
)
def test_what_is_no_road_is_refused(lon, lat, says):
    with pytest.raises(RouteError, match=says):
        build_route(np.array(lon, float), np.array(lat, float), np.zeros(len(lon)))


def test_a_recording_that_jitters_on_the_spot_gains_no_length(road):
    lon, lat, height = road
    rng = np.random.default_rng(3)
    stand = np.repeat(lon[100], 60), np.repeat(lat[100], 60), np.repeat(height[100], 60)
    noisy = [np.concatenate([a[:101], b, a[101:]]) for a, b in zip(road, stand, strict=True)]
    noisy[0][101:161] += rng.normal(0.0, 1.5e-6, 60)
    noisy[1][101:161] += rng.normal(0.0, 1.5e-6, 60)
    assert build_route(*noisy).route.end_m == pytest.approx(
        build_route(lon, lat, height).route.end_m, abs=5.0
    )


def test_a_stub_unravels_but_a_road_ridden_out_and_back_stays():
    frame = LocalFrame(6.5, 45.2)
    out = np.arange(0.0, 15.0, 3.0)
    side = np.concatenate([out, [15.0], out[::-1]])
    x_m = np.concatenate([np.arange(-600.0, 0.0, 20.0), np.zeros(len(side)), np.arange(20.0, 620.0, 20.0)])
    y_m = np.concatenate([np.zeros(30), side, np.zeros(30)])
    assert build_route(*frame.to_wgs84(x_m, y_m), 0.0 * x_m).route.end_m == pytest.approx(1200.0, abs=3.0)
    there = np.arange(0.0, 900.0, 3.0)
    x_m = np.concatenate([there, there[-2::-1]])
    turned = build_route(*frame.to_wgs84(x_m, 0.0 * x_m), 0.0 * x_m).route
    assert turned.end_m == pytest.approx(2 * 897.0, abs=60.0)


def test_nearest_place_and_fit_agree_with_what_was_put_beside_the_road():
    route = circle()
    at_m = np.linspace(50.0, route.end_m - 50.0, 400)
    x_m, y_m = route.position(at_m)
    heading = route.heading(at_m)
    offset_m = np.where(np.arange(400) % 2 == 0, 6.0, -6.0)
    x_m, y_m = x_m + offset_m * np.cos(heading), y_m - offset_m * np.sin(heading)
    found_m, off_m = nearest_on_route(route, x_m, y_m)
    assert np.abs(found_m - at_m).max() < 1.0
    np.testing.assert_allclose(off_m, 6.0, atol=0.05)
    fit = route_fit(route, *route.frame.to_wgs84(x_m, y_m))
    assert fit.count == 400
    assert fit.median_m == pytest.approx(6.0, abs=0.05)
    assert fit.over_50_m_share == 0.0
    assert fit.fits


def test_positions_of_another_road_are_told():
    route = circle()
    lon, lat = route.lonlat(route.distance_m)
    fit = route_fit(route, lon + 0.05, lat)
    assert not fit.fits
    assert "not ridden on this road" in fit.message
    assert fit.over_50_m_share > 0.9
    assert route_fit(route, [np.nan], [45.0]).count == 0


def test_behind_the_finish_the_road_goes_straight_on(road):
    route = build_route(*road).route
    longer = route.prolonged(120.0)
    assert longer.finish_m == route.finish_m
    assert longer.end_m >= route.end_m + 120.0
    behind_m = route.end_m + np.arange(0.0, 121.0, 20.0)
    x_m, y_m = longer.position(behind_m)
    assert np.hypot(np.diff(x_m), np.diff(y_m)) == pytest.approx(20.0, abs=0.1)
    assert np.ptp(longer.heading(behind_m[1:])) < 0.01
    assert longer.heading(behind_m[-1]) == pytest.approx(route.heading(route.end_m), abs=0.05)
    np.testing.assert_allclose(longer.height(behind_m), route.height(route.end_m))
