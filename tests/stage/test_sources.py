"""Readers of recordings, traces, GPX and GeoJSON, and what they refuse."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from pathlib import Path

import numpy as np
import pytest

from tracker3d.errors import InputError, RouteError
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.names import family_name, is_town, tidy
from tracker3d.stage.palette import team_colours
from tracker3d.stage.places import places_on
from tracker3d.stage.racecenter import read_recording
from tracker3d.stage.reading import decode_source, read_source
from tracker3d.stage.roadbuild import build_route

GPX = '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>'


def gpx_points(tag: str, lon, lat, height=None) -> str:
    rows = []
    for index in range(len(lon)):
        ele = f"<ele>{height[index]:.1f}</ele>" if height is not None else ""
        rows.append(f'<{tag} lat="{lat[index]:.7f}" lon="{lon[index]:.7f}">{ele}</{tag}>')
    return "".join(rows)


def test_a_recording_is_read_whole(write, document):
    recording = read_recording(write("stage.json.gz", document))
    assert recording.receive_ms == [0, 6000]
    assert len(recording.events) == 2
    assert json.loads(recording.events[0])["data"]["TimeStamp"] == 1941190000
    assert not recording.simulated


def test_the_road_of_a_recording_starts_at_its_real_start(write, document):
    source = read_source(write("stage.json.gz", document))
    assert (source.kind, source.date, source.timezone) == ("recording", "2031-07-07", "Europe/Paris")
    built = build_route(*source.points.T, anchors=source.anchors)
    zero = document["rest"]["trace"]["routePoints"][20]
    lon, lat = built.route.lonlat(0.0)
    assert (lon, lat) == (pytest.approx(zero["lon"], abs=3e-5), pytest.approx(zero["lat"], abs=3e-5))
    assert built.route.start_m < -500.0
    assert built.route.end_m == pytest.approx(source.finish_m, abs=1.0)
    assert built.scale.refused == 0
    assert source.ascent_m == 360.0


def test_zero_kilometres_of_the_start_area_are_no_anchors(write, document):
    source = read_source(write("stage.json", document))
    assert sum(anchor.distance_m == 0.0 for anchor in source.anchors) == 1
    assert len(source.anchors) == len(
        [a for a in source.anchors if np.isfinite([a.lon_deg, a.lat_deg]).all()]
    )


def test_the_start_is_utc_of_the_race_local_clock(write, document):
    source = read_source(write("stage.json", document))
    assert source.start_time_ms == dt.datetime(2031, 7, 7, 11, 25, tzinfo=dt.UTC).timestamp() * 1000
    assert not source.time_trial
    document["rest"]["stages"]["2031-07-07"]["showGroups"] = False
    assert read_source(write("stage.json", document)).time_trial


@pytest.mark.parametrize(("key", "value"), [("timezone", "Mars/Olympus"), ("startTime", "soon")])
def test_odd_times_leave_the_start_open(write, document, key, value):
    document["rest"]["stages"]["2031-07-07"][key] = value
    source = read_source(write("stage.json", document))
    assert source.start_time_ms is None
    assert source.messages


def test_places_of_a_recording(write, document):
    places = read_source(write("stage.json", document)).places
    found = [(place.kind, place.name) for place in places]
    assert found == [
        (PlaceKind.START, "Le Départ"),
        (PlaceKind.TOWN, "Saint-Jean d'Arves"),
        (PlaceKind.TOWN, "Hameau-Perdu"),
        (PlaceKind.SPRINT, "La Chambre"),
        (PlaceKind.TOWN, "La Chambre"),
        (PlaceKind.TIME_CHECK, "Les Combes"),
        (PlaceKind.CLIMB, "Col du Vent"),
        (PlaceKind.FINISH, "L'Arrivée"),
    ]
    climb = places[-2]
    assert (climb.category, climb.length_m, climb.average_gradient_percent, climb.altitude_m) == (
        "2",
        4200,
        6.1,
        951,
    )
    assert np.isnan(places[2].lat_deg)


def test_riders_are_those_who_started_and_vehicles_come_last(write, document):
    source = read_source(write("stage.json", document))
    assert [rider.bib for rider in source.riders] == [3, 9, 12, -1]
    assert source.riders[2].last_name == "WÆREN"
    assert source.riders[2].team_code == "ABC"
    assert source.riders[0].team_code == ""
    assert source.riders[3].vehicle
    assert source.riders[3].last_name == "Race director"
    assert [team.code for team in source.teams] == ["ABC"]
    assert source.teams[0].colour_rgb != (0, 0, 0)


def test_a_trace_alone_has_its_kilometres_and_named_points(write, document):
    source = read_source(write("trace.json", document["rest"]["trace"]))
    assert source.kind == "trace"
    assert [place.kind for place in source.places] == ["start", "sprint", "climb", "finish"]
    assert [place.name for place in source.places][1] == "La Chambre"
    assert "broken accents" in source.messages[0]
    built = build_route(*source.points.T, anchors=source.anchors)
    assert built.route.end_m == pytest.approx(source.finish_m, abs=1.0)
    assert built.route.start_m < -500.0


def test_simulated_recordings_say_so(write, document):
    document["meta"]["simulated"] = True
    source = read_source(write("stage.json", document))
    assert source.simulated
    assert source.credits == ("Simulated race",)


def test_what_the_feed_leaves_out_or_mistypes_does_no_harm(write, document):
    rest = document["rest"]
    rest["riders"] += [{"bib": "x"}, {"bib": True}, {"bib": -4}, None, 7]
    rest["teams"] = None
    rest["vehicles"] = [{"id": None}]
    rest["stages"] = []
    rest["checkpoints"][0]["3"] = {"length": "six", "checkpointTypes": [None], "checkpointSummits": {}}
    rest["checkpoints"][0]["4"] = {"length": None, "latitude": "45"}
    rest["trace"]["routePoints"].insert(5, {"lat": None, "lon": 6.0})
    rest["trace"]["pointsOfInterest"].append("odd")
    source = read_source(write("stage.json", document))
    assert [rider.bib for rider in source.riders] == [3, 7, 8, 9, 12]
    assert source.start_time_ms is None
    assert np.isfinite(source.points[:, :2]).all()


def test_gpx_tracks_are_joined_and_waypoints_are_towns(write, road):
    lon, lat, height = road
    body = '<wpt lat="45.2" lon="6.5"><name>LE BOURG (église)</name></wpt><trk><name> Col </name>'
    for part in (slice(0, 100), slice(100, None)):
        body += f"<trkseg>{gpx_points('trkpt', lon[part], lat[part], height[part])}</trkseg>"
    source = read_source(write("col.gpx", "\ufeff" + GPX.format(body + "</trk>")))
    assert (source.kind, source.name) == ("gpx", "Col")
    np.testing.assert_allclose(source.points, np.column_stack(road), atol=0.06)
    assert [(place.kind, place.name) for place in source.places] == [(PlaceKind.TOWN, "Le Bourg")]


def test_gpx_routes_without_heights(write, road):
    lon, lat, _ = road
    source = read_source(write("r.gpx", GPX.format(f"<rte>{gpx_points('rtept', lon, lat)}</rte>")))
    assert len(source.points) == len(lon)
    assert not build_route(*source.points.T).has_heights


def test_heights_of_zero_or_beyond_the_earth_are_unknown(road):
    lon, lat, height = road
    assert not build_route(lon, lat, 0.0 * height).has_heights
    odd = height.copy()
    odd[[10, 50, 51]] = [-32768.0, 1e300, -9999.0]
    got = build_route(lon, lat, odd).route
    np.testing.assert_allclose(got.height_m, build_route(lon, lat, height).route.height_m, atol=2.0)


def geojson(*lines: np.ndarray, properties: dict | None = None) -> dict:
    kind = "LineString" if len(lines) == 1 else "MultiLineString"
    coordinates = [line.tolist() for line in lines]
    geometry = {"type": kind, "coordinates": coordinates[0] if len(lines) == 1 else coordinates}
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return {"type": "FeatureCollection", "features": [feature]}


def test_geojson_lines_in_every_wrapping(write, road):
    points = np.column_stack(road)
    collection = geojson(points, properties={"name": "Etape"})
    feature = collection["features"][0]
    for document in (collection, feature, feature["geometry"], geojson(points[:50], points[50:])):
        source = read_source(write("r.geojson", document))
        np.testing.assert_allclose(source.points, points)
    assert read_source(write("r.geojson", collection)).name == "Etape"


def test_pieces_out_of_order_or_turned_round_are_chained(write, road):
    points = np.column_stack(road)
    pieces = [points[80:161], points[:81], points[160:][::-1]]
    joined = read_source(write("r.geojson", geojson(*pieces))).points
    length_m = build_route(*points.T).route.end_m
    assert build_route(*joined.T).route.end_m == pytest.approx(length_m, rel=1e-3)


def test_a_wide_gap_is_told(write, road):
    points = np.column_stack(road)
    source = read_source(write("r.geojson", geojson(points[:60], points[140:])))
    assert "gap of" in source.messages[0]


def test_heights_of_a_profile_beside_the_line(write, road):
    points = np.column_stack(road)[:, :2]
    profile = [[0.0, 400], [6.0, 1000], [12.0, 700]]
    source = read_source(write("r.geojson", geojson(points, properties={"profile_km_m": profile})))
    route = build_route(*source.points.T).route
    assert route.height(route.end_m / 2) == pytest.approx(1000.0, abs=15.0)
    assert route.height(route.end_m) == pytest.approx(700.0, abs=2.0)


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.json", b"", InputError, "empty"),
        ("a.json", b'{"rest": {"trace": {"routePoints": [', InputError, "cut off"),
        ("a.json", b'{"rest": {}, "events": 3}', InputError, "no Race Center recording"),
        ("a.json", b'{"rest": {}, "events": [], "version": 2}', InputError, "update tracker3d"),
        ("a.json", b'{"rest": {}, "events": []}', RouteError, "without a trace"),
        (
            "a.json",
            b'{"rest": {"trace": {"routePoints": [{"lat": 1, "lon": 2}]}}, "events": []}',
            RouteError,
            "fewer",
        ),
        ("a.json", b"{}", RouteError, "without a road"),
        ("a.json", b"[" * 100_000, RouteError, "JSON"),
        ("a.txt", b"hello", RouteError, "neither"),
        ("a.gpx", b"<gpx><trk><trkseg>", RouteError, "damaged GPX"),
        ("a.gpx", GPX.format("<trk/>").encode(), RouteError, "no road"),
        ("a.gpx", b"<!DOCTYPE x [<!ENTITY a 'b'>]><gpx/>", RouteError, "entities"),
        (
            "a.gpx",
            GPX.format('<trk><trkseg><trkpt lat="x" lon="2"/></trkseg></trk>').encode(),
            RouteError,
            "damaged",
        ),
        ("a.kml", b"<kml/>", RouteError, "neither"),
        ("a.geojson", b'{"type": "Point", "coordinates": [1, 2]}', RouteError, "no road"),
        ("a.geojson", b'{"type": "LineString", "coordinates": 3}', RouteError, "no road"),
        (
            "a.geojson",
            b'{"type":"LineString","crs":{"name":"EPSG:2154"},"coordinates":[]}',
            RouteError,
            "ogr2ogr",
        ),
        ("a.geojson", geojson(*[np.zeros((2, 2))] * 501), RouteError, "which is a map"),
    ],
)
def test_bad_input_gets_one_sentence_that_names_the_file(write, name, content, error, says):
    path = write(name, content)
    with pytest.raises(error, match=says) as caught:
        read_source(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text


JUNK = (None, True, 0, -1, 1e308, -1e308, "", "x", "NaN", "1e999", [], {}, [[]], [{}], 10**30, 180.0, -1e9)


def places_in(document, path=()):
    """Yield where something stands in a document, a few of each list."""
    items = document.items() if isinstance(document, dict) else enumerate(document[:4])
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places_in(value, (*path, key))


@pytest.mark.parametrize("seed", range(60))
def test_whatever_stands_anywhere_in_a_document_is_read_or_refused_in_one_sentence(document, road, seed):
    rng = random.Random(seed)
    if seed % 3 == 1:
        document = document["rest"]["trace"]
    elif seed % 3 == 2:
        document = geojson(np.column_stack(road), properties={"name": "a", "profile_km_m": [[0, 1], [9, 2]]})
    places = list(places_in(document))
    refusals = []
    for _ in range(6):
        changed = copy.deepcopy(document)
        *above, last = rng.choice(places)
        inner = changed
        for key in above:
            inner = inner[key]
        inner[last] = copy.deepcopy(rng.choice(JUNK))
        try:
            source = decode_source(json.dumps(changed).encode(), Path("file"))
            route = build_route(*source.points.T, anchors=source.anchors).route
        except InputError as error:
            refusals.append(str(error))
        else:
            assert np.isfinite([route.x_m, route.y_m]).all()
            assert all(np.isfinite(place.distance_m) for place in places_on(route, source))
    assert all(text.endswith(".") and "\n" not in text for text in refusals)


def test_missing_folders_and_damaged_gzip(write, tmp_path):
    whole = write("a.json.gz", b"x" * 1000 + bytes(range(256)) * 50).read_bytes()
    (tmp_path / "cut.json.gz").write_bytes(whole[:-30])
    (tmp_path / "bad.json.gz").write_bytes(whole[:40] + b"\xff" * 20 + whole[60:])
    for path, says in (
        (tmp_path / "nowhere.json", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "cut.json.gz", "cut off"),
        (tmp_path / "bad.json.gz", "damaged"),
    ):
        with pytest.raises(InputError, match=says):
            read_source(path)


def test_a_small_file_cannot_inflate_without_bound(write):
    path = write("bomb.json.gz", b" " * 2_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="more than 1 MB"):
        read_bounded(path, limit_bytes=1_000_000)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("QUILLAN (D118-D117) (entrée)", "Quillan"),
        ("FONTIÈS D'AUDE", "Fontiès d'Aude"),
        ("VILLENEUVE-D'OLMES", "Villeneuve-d'Olmes"),
        ("CAMPAGNE SUR AUDE", "Campagne sur Aude"),
        ("ÉVIAN-LES-BAINS (VC-D24)", "Évian-les-Bains"),
        ("LE GRAND-BORNAND", "Le Grand-Bornand"),
        ("Point chrono intermédiaire n°2 / Côte de Larringes (799 m)", "Côte de Larringes"),
        ("Col de Montségur (1059 m)", "Col de Montségur"),
    ],
)
def test_names_as_graphics_show_them(written, shown):
    assert tidy(written) == shown


def test_towns_are_communes_not_junctions_or_hamlets():
    assert is_town("LAVELANET (D117-VC-D10)")
    assert not is_town("Le Pradet (ROQUEFORT-LES-CASCADES)")
    assert not is_town("CARREFOUR D3")
    assert not is_town("")


def test_family_names_keep_accents_and_lose_second_names():
    assert family_name("VINGEGAARD HANSEN", "VINGEGAARD") == "VINGEGAARD"
    assert family_name("WÆRENSKJOLD", "WAERENSKJOLD") == "WÆRENSKJOLD"
    assert family_name("DEL TORO ROMERO", "DEL TORO") == "DEL TORO"


def test_team_colours_are_the_same_each_time_and_easily_told_apart():
    codes = [f"T{number:02d}" for number in range(25)]
    colours = team_colours(codes)
    assert colours == team_colours(codes[::-1])
    values = np.array(list(colours.values()), float)
    apart = np.sqrt(((values[:, None] - values[None]) ** 2).sum(axis=2))
    assert apart[np.triu_indices(25, 1)].min() > 35.0
