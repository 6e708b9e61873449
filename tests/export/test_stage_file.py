"""A whole stage as one file: names, places, colours, errors, and files that must be refused."""

from __future__ import annotations

import dataclasses

import gltf_reader
import numpy as np
import pytest
import small_stage
import trimesh
from PIL import Image

from terrain import MeshSampler
from tracker3d.errors import InputError, OutputError
from tracker3d.export import ExportOptions, export_glb
from tracker3d.export.paths import drawn_paths
from tracker3d.scene.model import CameraPose
from tracker3d.scene.placing import place_riders

NAMES = {-1: "vehicle_1", 1: "rider_1", 2: "rider_2", 11: "rider_11", 77: "rider_77"}


def test_everybody_is_in_it_under_the_contract_names(exported):
    nodes = {node["name"]: node for node in exported.file.table("nodes")}
    root = exported.file.table("scenes")[0]["nodes"]
    assert [exported.file.table("nodes")[index]["name"] for index in root] == ["stage"]
    below = {exported.file.table("nodes")[index]["name"] for index in nodes["stage"]["children"]}
    assert {*NAMES.values(), "terrain", "route", "camera_overview", "camera_orbit", "camera_chase"} <= below
    assert {"banner_col_d_ete", "banner_col_d_ete_2", "banner_finish", "leader"} <= below
    assert any(nodes[name]["extras"]["title"].startswith("SIMULAT") for name in below if "banner" in name)
    assert nodes["rider_1"]["extras"] == {
        "bib": 1,
        "name": "Ana ÁLVAREZ",
        "team": "Équipe A",
        "first_seen_s": 5.0,
    }
    assert nodes["vehicle_1"]["extras"]["bib"] == -1
    assert nodes["rider_77"]["extras"]["bib"] == 77


def test_root_says_where_when_and_how_exact(exported):
    extras = exported.file.table("nodes")[exported.file.node("stage")]["extras"]
    assert (extras["origin_lon_deg"], extras["origin_lat_deg"]) == (1.8, 42.9)
    assert "+proj=tmerc" in extras["crs"]
    assert extras["start_time_utc"] == "2026-07-07T04:53:20.000Z"
    assert extras["max_error_m"] == 0.5
    assert extras["simulated"] is True
    assert extras["credits"] == ["Elevation: a formula"]


@pytest.mark.parametrize("max_error_m", [0.05, 0.5, 5.0])
def test_riders_are_within_the_bound_at_every_second(tmp_path, max_error_m):
    scene = small_stage.small_scene(vertical_exaggeration=1.5)
    motion = small_stage.small_race(scene.stage.route)
    report = export_glb(scene, motion, tmp_path / "a.glb", options=ExportOptions(max_error_m=max_error_m))
    times_s, expected = small_stage.track_of(scene, motion)
    assert set(expected) == set(NAMES.values())
    known = {"times_s": times_s, "expected_m": expected}
    drift_m = max(0.2, 0.1 * max_error_m)
    file = gltf_reader.read(tmp_path / "a.glb")
    found = gltf_reader.faults(file, **known, bound_m=max_error_m, drift_m=drift_m)
    assert found == []
    assert 0 < report.max_error_m <= max_error_m
    assert report.riders == 5


def test_riders_are_where_the_app_draws_them(exported):
    paths = drawn_paths(exported.scene.stage, exported.motion)
    pose = CameraPose(np.array([0.0, -9000.0, 9000.0]), np.zeros(3))
    for second in (40, 311):
        states = exported.motion.at(exported.motion.start_ms + 1000 * second)
        placed = place_riders(exported.scene, states, pose, (1920, 1080), scale=1.0)
        assert placed.instances.bibs.tolist() == paths.bibs.tolist()
        assert paths.positions_m[second] == pytest.approx(placed.instances.positions_m, abs=0.01)


def test_road_lies_on_the_exported_ground(exported):
    file, scene = exported.file, exported.scene
    land = [tile for tile in scene.ground.tiles(1) if tile.draped]
    route = file.table("meshes")[file.table("nodes")[file.node("route")]["mesh"]]["primitives"][0]
    vertices = file.accessor(route["attributes"]["POSITION"]).astype(float)
    faces = file.accessor(route["indices"]).reshape(-1, 3)
    above = []
    for tile in land:
        ground = MeshSampler(tile.vertices_m, tile.faces)
        for share in ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.5, 0), (0, 0.5, 0.5), (0.5, 0, 0.5)):
            points = np.einsum("fcx,c->fx", vertices[faces], share)
            above.append(points[:, 1] - ground.sample(points[:, 0], -points[:, 2]))
    above = np.concatenate(above)
    above = above[np.isfinite(above)]
    assert len(above) > 1000
    assert above.min() > 0
    assert above.max() < 1.5


def test_bridges_keep_their_own_height(tmp_path):
    scene = small_stage.small_scene()
    route = scene.stage.route
    bridge = (route.distance_m > 2000) & (route.distance_m < 2400)
    raised = dataclasses.replace(route, on_structure=bridge, z_drawn_m=route.z_drawn_m + 40.0 * bridge)
    road = scene.road
    lifted = road.positions_m + np.float32(40) * np.outer(bridge, [0, 0, 1]).astype(np.float32)
    scene = dataclasses.replace(
        scene,
        stage=dataclasses.replace(scene.stage, route=raised),
        road=dataclasses.replace(road, positions_m=lifted),
    )
    export_glb(scene, None, tmp_path / "bridge.glb")
    file = gltf_reader.read(tmp_path / "bridge.glb")
    line = file.table("meshes")[file.table("nodes")[file.node("route")]["mesh"]]["primitives"][1]
    shown = file.accessor(line["attributes"]["POSITION"])
    over = shown[:, 1] - small_stage.hill_m(shown[:, 0].astype(float), -shown[:, 2].astype(float))
    on_bridge = (shown[:, 0] > route.position(2010.0)[0]) & (shown[:, 0] < route.position(2390.0)[0])
    assert over[on_bridge].min() > 38
    assert over[~on_bridge & (shown[:, 0] < route.position(1990.0)[0])].max() < 4


def test_ground_shows_its_picture_where_it_belongs(exported):
    """The test picture's red tells east and its green tells north."""
    file = exported.file
    image = file.table("images")[0]
    view = file.table("bufferViews")[image["bufferView"]]
    data = file.blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    picture = np.asarray(gltf_reader.image(data)).astype(float)
    checked = 0
    for mesh in file.table("meshes"):
        part = mesh["primitives"][0]
        if not mesh["name"].startswith("terrain_") or "TEXCOORD_0" not in part["attributes"]:
            continue
        place = file.accessor(part["attributes"]["POSITION"])
        uv = file.accessor(part["attributes"]["TEXCOORD_0"])
        column = np.clip((uv[:, 0] * picture.shape[1]).astype(int), 0, picture.shape[1] - 1)
        row = np.clip((uv[:, 1] * picture.shape[0]).astype(int), 0, picture.shape[0] - 1)
        red, green, _ = picture[row, column].T
        assert red == pytest.approx((place[:, 0] + 2304) / 4608 * 255, abs=4)
        assert green == pytest.approx((-place[:, 2] + 640) / 1280 * 255, abs=4)
        checked += len(place)
    assert checked >= sum(len(tile.vertices_m) for tile in exported.scene.ground.tiles(1)[:2])


def test_ground_faces_up_and_walls_face_out(exported):
    file = exported.file
    for mesh in file.table("meshes"):
        if not mesh["name"].startswith("terrain_"):
            continue
        part = mesh["primitives"][0]
        corners = file.accessor(part["attributes"]["POSITION"])[file.accessor(part["indices"]).reshape(-1, 3)]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if "TEXCOORD_0" in part["attributes"]:
            assert (normals[:, 1] > 0).all()
        else:
            assert (normals[:, 2] > 0).all()


def test_cameras_look_at_the_race(exported):
    file = exported.file
    index = file.node("camera_chase")
    channels = {
        channel["target"]["path"]: file.table("animations")[0]["samplers"][channel["sampler"]]
        for channel in file.table("animations")[0]["channels"]
        if channel["target"]["node"] == index
    }
    times_s = file.accessor(channels["rotation"]["input"])[:, 0]
    turns = file.accessor(channels["rotation"]["output"]).astype(float)
    assert np.linalg.norm(turns, axis=1) == pytest.approx(np.ones(len(turns)), abs=1e-5)
    x, y, z, w = turns.T
    forward = -np.stack([2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)], axis=-1)
    riders = np.stack([file.positions(name, times_s) for name in NAMES.values() if name.startswith("rider")])
    to_riders = riders - file.positions("camera_chase", times_s)
    to_riders /= np.linalg.norm(to_riders, axis=-1, keepdims=True)
    angle_deg = np.degrees(np.arccos(np.clip((to_riders * forward).sum(axis=-1), -1, 1))).min(axis=0)
    # From the moment at which all are on the road the first of them is in the picture.
    assert angle_deg[times_s > 30].max() < 25


def test_still_stage(tmp_path):
    report = export_glb(small_stage.small_scene(), None, tmp_path / "still.glb")
    file = gltf_reader.read(tmp_path / "still.glb")
    assert gltf_reader.faults(file) == []
    assert "animations" not in file.json
    assert report.riders == 0
    assert "no riders" in report.lines()[0]


def test_trimesh_opens_it(exported):
    scene = trimesh.load(exported.report.path)
    assert {"terrain_0", "route", "rider_11", "banner_finish"} <= set(scene.graph.nodes)
    low, high = scene.bounds
    assert low[0] == pytest.approx(-2200, abs=60)
    assert high[2] == pytest.approx(600, abs=60)


def test_same_input_same_bytes(exported, tmp_path):
    export_glb(exported.scene, exported.motion, tmp_path / "again.glb")
    assert (tmp_path / "again.glb").read_bytes() == exported.report.path.read_bytes()


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("a.usdz", {}, ".glb"),
        ("a.glb", {"options": ExportOptions(max_error_m=0.0)}, "0.05"),
        ("a.glb", {"options": ExportOptions(max_error_m=float("nan"))}, "m"),
    ],
)
def test_bad_arguments_are_one_plain_sentence(tmp_path, name, arguments, words):
    with pytest.raises(InputError) as caught:
        export_glb(small_stage.small_scene(), None, tmp_path / name, **arguments)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_feed_of_many_days_is_refused(exported, tmp_path):
    race = small_stage.small_race(exported.scene.stage.route)
    race.end_ms = race.start_ms + 90 * 86_400_000
    with pytest.raises(InputError, match="2160 hours"):
        export_glb(exported.scene, race, tmp_path / "long.glb")
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written(tmp_path):
    with pytest.raises(OutputError):
        export_glb(small_stage.small_scene(), None, tmp_path / "no" / "a.glb")
    scene = small_stage.small_scene()
    bad = dataclasses.replace(scene, stage=dataclasses.replace(scene.stage, date=float("nan")))
    with pytest.raises(ValueError, match="JSON"):
        export_glb(bad, None, tmp_path / "a.glb")
    assert list(tmp_path.iterdir()) == []


def test_signs_are_written_in_full(exported):
    view = exported.file.table("bufferViews")[exported.file.table("images")[1]["bufferView"]]
    data = exported.file.blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    picture = gltf_reader.image(data)
    assert isinstance(picture, Image.Image)
    boards = np.asarray(picture.convert("L")).reshape(-1, 128, 512)
    # One for each gate, and one more that says that the stage is simulated.
    shown = len(exported.scene.gates) + 1
    assert len(boards) == shown == 4
    for board in boards:
        bright = board[:114] > 150
        assert 0.01 < bright.mean() < 0.3
        assert not bright[:, :10].any()
        assert not bright[:, -10:].any()
