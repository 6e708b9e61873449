"""Tunnels and bridges that a map knows are found on the road, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from terrain import LocalFrame, sample_heights
from terrain.line import BRIDGE, TUNNEL
from tracker3d.errors import InputError
from tracker3d.stage import open_package, prepare
from tracker3d.stage.route import Route
from tracker3d.stage.structures import read_structures, structures_on, without_mountains

if TYPE_CHECKING:
    from pathlib import Path

FRAME = LocalFrame(1.6, 42.5)
STEP_M = 5.0


def straight_route(length_m: float = 4000.0) -> Route:
    """A road due east through the frame's origin."""
    x = np.arange(0.0, length_m + 1, STEP_M)
    zero = np.zeros(len(x))
    no = np.zeros(len(x), bool)
    return Route(FRAME, 0.0, STEP_M, length_m, x, zero, zero, zero, no, no)


def way(x_m: list[float], y_m: list[float], **properties: Any) -> dict[str, Any]:
    lon, lat = FRAME.to_wgs84(np.array(x_m), np.array(y_m))
    return {
        "type": "Feature",
        "properties": {"highway": "primary", **properties},
        "geometry": {"type": "LineString", "coordinates": np.stack([lon, lat], axis=1).tolist()},
    }


def written(path: Path, *ways: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(ways)}))
    return path


def test_what_runs_along_the_road_is_its_own_and_what_crosses_is_not(tmp_path: Path) -> None:
    path = written(
        tmp_path / "roads.geojson",
        way([500, 1500], [4, -5], tunnel="yes"),
        way([2300, 2200], [0, 0], bridge="viaduct"),
        way([3000, 3000], [-200, 200], bridge="yes"),
        way([2600, 3400], [60, 60], tunnel="yes"),
        way([3500, 3560, 3700, 3900], [0, 30, 300, 500], tunnel="yes"),
        way([100, 200], [0, 0], tunnel="culvert"),
        way([300, 400], [0, 0], bridge="no"),
    )
    found = read_structures(path)
    assert found.credit.endswith("ODbL")
    on = structures_on(straight_route(), found)
    x = straight_route().x_m
    assert (on[(x > 505) & (x < 1495)] == TUNNEL).all()
    assert (on[(x > 2205) & (x < 2295)] == BRIDGE).all()
    beyond = (x < 475) | ((x > 1525) & (x < 2175)) | (x > 2325)
    assert not on[beyond].any()


def test_heights_that_climb_over_a_tunnel_go_straight_through() -> None:
    x = np.arange(0.0, 4001.0, STEP_M)
    structure = np.where((x > 1000) & (x < 3000), TUNNEL, 0).astype(np.uint8)
    own = 1500 + 0.05 * x + 5 * np.sin(x / 300)
    over = own + 300 * np.clip(1 - np.abs(x - 2000) / 1000, 0, 1)
    assert np.abs(without_mountains(over, structure, STEP_M) - own).max() < 12
    assert np.array_equal(without_mountains(own, structure, STEP_M), own)
    all_of_it = np.full(len(x), TUNNEL, np.uint8)
    assert np.array_equal(without_mountains(over, all_of_it, STEP_M), over)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "broken JSON"),
        ('{"a": 1}', "no GeoJSON"),
        ("[1, 2]", "no GeoJSON"),
        ("", "empty"),
    ],
)
def test_what_is_no_map_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "roads.geojson"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        read_structures(path)


def test_nonsense_in_a_map_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"
    features = [
        {"type": "Feature", "properties": {"tunnel": "yes"}, "geometry": geometry}
        for geometry in (
            None,
            {"type": "LineString"},
            {"type": "LineString", "coordinates": [[1, 2], "x", [None, 3]]},
            {"type": "LineString", "coordinates": [[1e9, 2], [3, 4]]},
            {"type": "Point", "coordinates": [1, 2]},
        )
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [*features, 7, None]}))
    assert read_structures(path).lines == ()
    assert not structures_on(straight_route(), read_structures(path)).any()


def joined_ways(features: list[dict[str, Any]], begin: list[float], length: int) -> list[list[float]]:
    """Follow ordinary ways that end where others begin, from one end of a tunnel on."""
    way_points, at = [], begin
    used: set[int] = set()
    while len(way_points) < length:
        for number, feature in enumerate(features):
            points = feature["geometry"]["coordinates"]
            if number in used or at not in (points[0], points[-1]):
                continue
            used.add(number)
            onward = points if points[0] == at else points[::-1]
            way_points += onward[1:]
            at = onward[-1]
            break
        else:
            break
    return way_points


@pytest.fixture(scope="module")
def envalira(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The road through the tunnel of Envalira, without heights, and the map that it was taken from."""
    roads = shared_data / "dem" / "pyrenees" / "andorra_roads.geojson"
    features = json.loads(roads.read_text())["features"]
    (tunnel,) = (f for f in features if f["properties"].get("name") == "Túnel d'Envalira")
    through = tunnel["geometry"]["coordinates"]
    others = [f for f in features if f is not tunnel]
    before = joined_ways(others, through[0], 12)[::-1]
    after = joined_ways(others, through[-1], 12)
    assert len(before) > 2
    line = {"type": "LineString", "coordinates": [*before, *through, *after]}
    path = tmp_path_factory.mktemp("envalira") / "envalira.geojson"
    path.write_text(json.dumps({"type": "Feature", "properties": {"name": "Envalira"}, "geometry": line}))
    return path, roads


@pytest.mark.real
def test_the_tunnel_of_envalira_leads_through_its_mountain(
    shared_data: Path, envalira: tuple[Path, Path], tmp_path: Path
) -> None:
    road, roads = envalira
    dem = shared_data / "dem" / "pyrenees" / "N41-N42_E001.vrt"
    report = prepare(road, output=tmp_path / "e.stage", dem_paths=[dem], roads_path=roads, width_km=4.0)
    route = open_package(report.path).stage.route
    on = route.on_structure
    runs = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]]))).reshape(-1, 2)
    longest = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    inside = slice(longest[0], longest[1])
    assert 2500 < (longest[1] - longest[0]) * route.step_m < 3100
    over = sample_heights((dem,), *route.lonlat(route.distance_m[inside]))
    assert (over - route.z_drawn_m[inside]).max() > 300, "a mountain lies above it"
    portals = route.z_drawn_m[[longest[0], longest[1] - 1]]
    assert route.z_drawn_m[inside].max() < portals.max() + 15
    assert route.height_m[inside].max() < portals.max() + 25
    assert np.abs(np.diff(route.z_drawn_m[inside])).max() / route.step_m < 0.13
    assert any("OpenStreetMap" in credit for credit in report.stage.credits)
    assert any("Tunnels and bridges" in finding for finding in report.findings)
