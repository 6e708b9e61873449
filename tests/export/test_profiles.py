"""The small stage for each reader: what a file holds, what others say of it, and where riders are."""

from __future__ import annotations

import io
import json
import zipfile

import gltf_reader
import numpy as np
import pytest
import small_stage
import three_viewer
import usd_reader
from node_tools import validated
from PIL import Image
from pyproj import Transformer

from tracker3d.errors import InputError
from tracker3d.export import ExportOptions, Profile, export_glb
from tracker3d.export.stream import stream_positions

ENDINGS = {Profile.IOS: ".usdz"}


@pytest.fixture(scope="session")
def files(exported, tmp_path_factory):
    """One file for each profile, and what was reported."""
    folder = tmp_path_factory.mktemp("profiles")
    pytest.importorskip("pxr", reason="usd-core is not here: USDZ is not written")
    reports = {}
    for profile in Profile:
        path = folder / f"{profile.value}{ENDINGS.get(profile, '.glb')}"
        reports[profile] = export_glb(exported.scene, exported.motion, path, profile=profile)
    return reports


def expected_of(exported):
    return small_stage.track_of(exported.scene, exported.motion)


@pytest.mark.parametrize("profile", [Profile.ENGINE, Profile.ANDROID, Profile.TILES])
def test_validator_has_nothing_to_say_on_plain_files(files, node_modules, profile):
    assert validated(files[profile].path, node_modules)["issues"]["messages"] == []


def test_validator_knows_not_what_packs_the_web_file(files, node_modules):
    issues = validated(files[Profile.WEB].path, node_modules)["issues"]
    assert {message["code"] for message in issues["messages"]} == {"UNSUPPORTED_EXTENSION"}
    assert issues["numErrors"] == issues["numWarnings"] == issues["numHints"] == 0


def test_the_web_file_is_the_same_model_in_less_room(exported, files, node_modules, tmp_path):
    times_s, expected = expected_of(exported)
    file = gltf_reader.read_packed(files[Profile.WEB].path, node_modules, tmp_path)
    colours = small_stage.colours_of(exported.scene)
    assert gltf_reader.faults(file, times_s=times_s, expected_m=expected, colours=colours) == []
    plain = {node["name"] for node in exported.file.table("nodes")}
    assert {node["name"] for node in file.table("nodes")} == plain
    assert files[Profile.WEB].size_bytes < 0.6 * exported.report.size_bytes


def test_phones_get_a_model_for_a_table_in_quick_motion(exported, files):
    times_s, expected = expected_of(exported)
    file = gltf_reader.read(files[Profile.ANDROID].path)
    assert file.extras["speed"] == 120.0
    assert gltf_reader.faults(file, times_s=times_s, expected_m=expected, bound_m=10.0, drift_m=10.0) == []
    root = file.table("nodes")[file.root]
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for mesh in file.table("meshes"):
        if mesh["name"].startswith("terrain"):
            places = file.accessor(mesh["primitives"][0]["attributes"]["POSITION"])
            shown = places * root["scale"] + root["translation"]
            low, high = np.minimum(low, shown.min(axis=0)), np.maximum(high, shown.max(axis=0))
    assert (high - low)[[0, 2]].max() == pytest.approx(1.0, abs=1e-3)
    assert low[1] == pytest.approx(0.0, abs=1e-3)
    assert len(file.table("materials")) <= 10
    assert len(file.table("animations")) == 1


def test_arkit_has_nothing_to_say(files):
    assert usd_reader.arkit_faults(files[Profile.IOS].path) == []
    with zipfile.ZipFile(files[Profile.IOS].path) as package:
        names = [entry.filename for entry in package.infolist()]
        assert names[0].endswith(".usdc")
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in package.infolist())


def test_riders_come_back_from_usdz(exported, files):
    times_s, expected = expected_of(exported)
    shown = usd_reader.positions(files[Profile.IOS].path, list(expected), times_s)
    for name, track in expected.items():
        away = np.linalg.norm(
            shown[name] - np.stack([track[:, 0], track[:, 2], -track[:, 1]], axis=-1), axis=1
        )
        assert 0.1 < away.max() <= 15.0


def test_usdz_shows_the_colours_of_teams(exported, files):
    """Palette and places in it together give each marker its team's colour."""
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(str(files[Profile.IOS].path))
    with zipfile.ZipFile(files[Profile.IOS].path) as package:
        picture = np.asarray(Image.open(io.BytesIO(package.read("palette.png"))).convert("RGB"))
    for name, colour in small_stage.colours_of(exported.scene).items():
        primvar = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath(f"/stage/{name}/mesh_0")).GetPrimvar("st")
        places = np.array(primvar.Get())
        rows, columns = (
            ((1 - places[:, 1]) * len(picture)).astype(int),
            (places[:, 0] * len(picture)).astype(int),
        )
        brightest = picture[rows, columns].max(axis=0)
        assert np.abs(brightest - np.array(colour, float)).max() < 12


def test_tiles_stand_on_the_globe(exported, files):
    """Every vertex and every rider is where an Earth-centred transformation puts it, heights and all."""
    path = files[Profile.TILES].path
    tileset = json.loads(path.with_suffix(".tileset.json").read_text())
    assert tileset["asset"]["version"] == "1.1"
    assert tileset["root"]["content"]["uri"] == path.name
    matrix = np.array(tileset["root"]["transform"]).reshape(4, 4).T
    file = gltf_reader.read(path)
    assert gltf_reader.faults(file) == []
    times_s, expected = expected_of(exported)
    frame = exported.scene.stage.frame
    to_earth = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    for name, track in expected.items():
        lon_deg, lat_deg = frame.to_wgs84(track[:, 0], track[:, 1])
        there = np.stack(to_earth.transform(lon_deg, lat_deg, track[:, 2].astype(float)), axis=-1)
        x, y, z = file.positions(name, times_s).T
        shown = np.stack([x, -z, y], axis=-1) @ matrix[:3, :3].T + matrix[:3, 3]
        assert np.linalg.norm(shown - there, axis=1).max() <= 2.0
    box = np.array(tileset["root"]["boundingVolume"]["box"])
    for mesh in file.table("meshes"):
        if mesh["name"].startswith("terrain"):
            x, y, z = file.accessor(mesh["primitives"][0]["attributes"]["POSITION"]).T
            away = np.abs(np.stack([x, -z, y], axis=-1) - box[:3])
            assert (away <= np.diag(box[3:].reshape(3, 3)) + 0.5).all()


def test_the_stream_says_the_same_as_the_model(exported, files):
    document = json.loads(files[Profile.ENGINE].path.with_suffix(".stream.json").read_text())
    times_s, expected = expected_of(exported)
    for name, track in expected.items():
        bib = int(name.split("_")[1]) * (-1 if name.startswith("vehicle") else 1)
        miss = stream_positions(document, bib, times_s) - np.stack(
            [track[:, 0], track[:, 2], -track[:, 1]], -1
        )
        assert np.linalg.norm(miss, axis=1).max() <= 0.5


def test_three_js_shows_every_second_of_every_rider(exported, files, node_modules, tmp_path):
    if three_viewer.browser() is None:
        pytest.skip("Chromium is not here: exported files are not opened with three.js")
    times_s, expected = expected_of(exported)
    jobs = [{"nodes": list(expected), "every_s": 1.0, "count": len(times_s)}]
    report = three_viewer.view(files[Profile.WEB].path, jobs, modules=node_modules, profile=tmp_path)
    assert "error" not in report, report.get("error")
    shown = np.frombuffer(report["results"][0]["tracks"], "<f4").reshape(len(expected), len(times_s), 3)
    for places, track in zip(shown, expected.values(), strict=True):
        miss = places - np.stack([track[:, 0], track[:, 2], -track[:, 1]], axis=-1)
        assert np.linalg.norm(miss, axis=1).max() <= 0.5


def test_part_of_the_race_and_some_riders(exported, tmp_path):
    start_ms = exported.motion.start_ms
    options = ExportOptions(
        start_ms=start_ms + 100_000, end_ms=start_ms + 200_000, bibs=frozenset({2, 77}), exaggeration=2.0
    )
    report = export_glb(exported.scene, exported.motion, tmp_path / "part.glb", options=options)
    file = gltf_reader.read(tmp_path / "part.glb")
    assert report.duration_s == 100.0
    times_s, expected = expected_of(exported)
    part = {
        name: track[100:201] * np.array([1, 1, 2])
        for name, track in expected.items()
        if name in ("rider_2", "rider_77")
    }
    assert gltf_reader.faults(file, times_s=times_s[:101], expected_m=part) == []
    assert {node["name"] for node in file.table("nodes") if node["name"].startswith("rider")} == set(part)
    assert file.extras["vertical_exaggeration"] == 2.0


@pytest.mark.parametrize(
    ("profile", "name", "options", "words"),
    [
        (Profile.IOS, "a.glb", ExportOptions(), ".usdz"),
        (Profile.WEB, "a.glb", ExportOptions(speed=100.0), "power of two"),
        (Profile.WEB, "a.glb", ExportOptions(table_m=0.0), "table"),
        (Profile.ENGINE, "a.glb", ExportOptions(bibs=frozenset({999})), "None of these riders"),
        (Profile.ENGINE, "a.glb", ExportOptions(start_ms=0, end_ms=1), "between these two times"),
        (Profile.ENGINE, "a.glb", ExportOptions(groups_only=True), "need the race"),
        (Profile.ENGINE, "a.glb", ExportOptions(exaggeration=float("nan")), "exaggeration"),
    ],
)
def test_impossible_wishes_are_one_plain_sentence(exported, tmp_path, profile, name, options, words):
    with pytest.raises(InputError, match=words):
        export_glb(exported.scene, exported.motion, tmp_path / name, profile=profile, options=options)
    assert list(tmp_path.iterdir()) == []
