"""A real stage and real roads: what a broadcaster would check against the road book."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from pyproj import Geod

from tracker3d.stage import describe_path, nearest_on_route, open_package, read_source, route_fit
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.racecenter import read_recording
from tracker3d.stage.roadbuild import build_route

pytestmark = pytest.mark.real

ROADS = (
    "2015_stage-12_lannemezan_plateau_de_beille.geojson",
    "2026_stage-09_pre-race.gpx",
    "alpe_dhuez_from_bourg_doisans.gpx",
    "andorra_arcalis.gpx",
    "mont_ventoux_from_bedoin.gpx",
    "plateau_de_beille.gpx",
    "stage-16_2026.geojson",
    "ventoux_srtm_heights.gpx",
)


@pytest.fixture(scope="module")
def built(foix_recording):
    source = read_source(foix_recording)
    return source, build_route(*source.points.T, anchors=source.anchors, finish_m=source.finish_m)


@pytest.fixture(scope="module")
def fixes(foix_recording):
    """Longitude, latitude and official metres to go of every rider who is in the race, (n, 3)."""
    rows = [
        (row["Longitude"], row["Latitude"], 1000.0 * row["kmToFinish"])
        for event in read_recording(foix_recording).events
        for row in msgspec.json.decode(event)["data"]["Riders"]
        if row.get("secToFirstRider") is not None
    ]
    return np.array(rows)


def test_riders_are_on_the_road(built, fixes):
    assert len(fixes) == 232_344
    fit = route_fit(built[1].route, fixes[:, 0], fixes[:, 1])
    assert fit.median_m == pytest.approx(4.4, abs=0.5)
    assert fit.p95_m < 21.6
    assert fit.over_50_m_share < 0.0075
    assert fit.fits


def test_kilometres_are_the_official_ones(built, fixes):
    source, road = built
    low, high = np.quantile(road.scale.residual_m, [0.05, 0.95])
    assert -7.0 <= low <= high <= 13.0
    assert road.scale.refused == 0
    x_m, y_m = road.route.frame.to_local(fixes[::7, 0], fixes[::7, 1])
    at_m, offset_m = nearest_on_route(road.route, x_m, y_m)
    difference_m = (road.route.finish_m - fixes[::7, 2] - at_m)[offset_m < 15.0]
    low, high = np.quantile(difference_m, [0.05, 0.95])
    assert -7.0 <= low <= high <= 13.0
    assert road.route.finish_m == source.finish_m == 181_870.0
    assert road.route.start_m == pytest.approx(-8550.0, abs=20.0)


def test_climbs_and_ascent_are_those_of_the_road_book(built):
    source, road = built
    climbs = [place for place in source.places if place.kind is PlaceKind.CLIMB]
    assert [(climb.name, climb.category) for climb in climbs] == [
        ("Col de Bedos", "4"),
        ("Col du Paradis", "3"),
        ("Col de Coudons", "2"),
        ("Col de Montségur", "2"),
    ]
    for climb in climbs:
        top_m = float(road.route.height(climb.distance_m))
        foot_m = float(road.route.height(climb.distance_m - climb.length_m))
        assert top_m == pytest.approx(climb.altitude_m, abs=2.5)
        assert 100.0 * (top_m - foot_m) / climb.length_m == pytest.approx(
            climb.average_gradient_percent, abs=0.06
        )
    assert road.route.ascent_m == pytest.approx(source.ascent_m, rel=0.02)
    assert np.abs(road.route.gradient(road.route.distance_m, 100.0)).max() < 0.16


def test_who_rides_and_when(built):
    source, _ = built
    assert len(source.riders) == 182
    assert len({team.colour_rgb for team in source.teams}) == len(source.teams) == 23
    assert {rider.team_code for rider in source.riders} == {team.code for team in source.teams}
    assert source.start_time_ms == 1_783_423_500_000
    assert not source.time_trial


def test_a_package_of_the_stage_says_which_kilometres_the_dem_covers(foix_report):
    stage = open_package(foix_report.path).stage
    ((begin_m, end_m),) = stage.coverage.covered_m
    assert begin_m == pytest.approx(119_500.0, abs=600.0)
    assert end_m == pytest.approx(181_870.0, abs=1.0)
    assert any(
        "The DEM covers km 119" in line or "The DEM covers km 120" in line for line in foix_report.lines()
    )
    at_edge = stage.route.lonlat(begin_m)[0]
    assert at_edge == pytest.approx(2.0, abs=0.01)
    laid = stage.route.covered & ~stage.route.on_structure
    assert abs(np.median((stage.route.height_m - stage.route.z_drawn_m)[laid])) < 10.0


def test_a_time_trial_recording_without_a_trace_is_described(shared_data):
    info = describe_path(shared_data / "feed" / "stage-16_2026-07-21.json.gz")
    assert info.facts["time_trial"]
    assert (info.facts["frames"], info.facts["bibs_seen"], info.facts["parked_rows"]) == (3064, 145, 0)
    assert any("no trace" in problem for problem in info.problems)


@pytest.mark.parametrize("name", ROADS)
def test_roads_of_every_origin_become_routes(shared_data, name):
    source = read_source(shared_data / "routes" / name)
    road = build_route(*source.points.T)
    lon, lat, height_m = source.points.T
    chords_m = Geod(ellps="WGS84").line_length(lon, lat)
    assert road.route.end_m == pytest.approx(chords_m, rel=0.004)
    offset_m = nearest_on_route(road.route, *road.route.frame.to_local(lon, lat))[1]
    assert np.quantile(offset_m, 0.99) < 1.0
    assert offset_m.max() < 20.0
    assert road.has_heights
    assert not source.messages
    assert np.abs(road.route.gradient(road.route.distance_m, 100.0)).max() < 0.21
    assert np.abs(road.route.height(road.route.end_m) - height_m[-1]) < 5.0


def test_mont_ventoux_is_as_high_and_steep_as_it_is(shared_data):
    source = read_source(shared_data / "routes" / "mont_ventoux_from_bedoin.gpx")
    route = build_route(*source.points.T).route
    assert route.ascent_m == pytest.approx(1_580.0, abs=30.0)
    hardest = route.gradient(np.arange(6000.0, 15_000.0, 100.0), 1000.0)
    assert 0.08 < hardest.mean() < 0.10
