"""A real stage and race: every rider at every second, in files within the budgets of their readers."""

from __future__ import annotations

import gltf_reader
import numpy as np
import pytest
import three_viewer
import usd_reader
from node_tools import validated

from tracker3d.export import ExportOptions, Profile, export_glb
from tracker3d.export.paths import drawn_paths
from tracker3d.scene import build_scene

pytestmark = pytest.mark.real

DRIFT_M = 0.01


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("four")


@pytest.fixture(scope="module")
def race(foix_replay):
    """Scene, and where everybody is at every second, by name of the node."""
    scene = build_scene(foix_replay.package.stage, foix_replay.package.ground)
    paths = drawn_paths(scene.stage, foix_replay.motion)
    expected = {f"rider_{bib}": paths.positions_m[:, index] for index, bib in enumerate(paths.bibs.tolist())}
    assert len(expected) == 181
    return scene, paths, expected


@pytest.fixture(scope="module")
def web(foix_replay, race, folder):
    path = folder / "web.glb"
    return export_glb(race[0], foix_replay.motion, path, profile=Profile.WEB, race=foix_replay.race)


@pytest.fixture(scope="module")
def android(foix_replay, race, folder):
    return export_glb(race[0], foix_replay.motion, folder / "android.glb", profile=Profile.ANDROID)


def test_paths_are_those_of_the_motion(foix_replay, race):
    scene, paths, _ = race
    motion = foix_replay.motion
    for second in range(1000, len(paths.times_s), 2500):
        states = motion.at(motion.start_ms + 1000 * second)
        assert paths.distance_m[second] == pytest.approx(states.distance_m, abs=1e-6)
        x_m, y_m = scene.stage.route.position(states.distance_m)
        away = np.hypot(paths.positions_m[second, :, 0] - x_m, paths.positions_m[second, :, 1] - y_m)
        assert away == pytest.approx(np.abs(states.lateral_m), abs=0.02)


def test_every_rider_at_every_second(race, web, node_modules, tmp_path):
    _, paths, expected = race
    file = gltf_reader.read_packed(web.path, node_modules, tmp_path)
    known = {"times_s": paths.times_s, "expected_m": expected}
    assert gltf_reader.faults(file, **known, bound_m=0.5, drift_m=DRIFT_M) == []
    assert web.riders == 181
    assert web.size_bytes < 4_300_000


def test_every_rider_at_every_second_in_three_js(race, web, node_modules, tmp_path):
    if three_viewer.browser() is None:
        pytest.skip("Chromium is not here: exported files are not opened with three.js")
    _, paths, expected = race
    jobs = [{"nodes": list(expected), "every_s": 1.0, "count": len(paths.times_s)}]
    report = three_viewer.view(web.path, jobs, modules=node_modules, profile=tmp_path)
    assert "error" not in report, report.get("error")
    shown = np.frombuffer(report["results"][0]["tracks"], "<f4").reshape(181, -1, 3)
    x, z, y = np.moveaxis(shown, -1, 0)
    miss = np.stack([x, -y, z], axis=-1) - paths.positions_m.transpose(1, 0, 2)
    assert np.linalg.norm(miss, axis=2).max() <= 0.5
    assert np.abs(miss.mean(axis=(0, 1))).max() < DRIFT_M


def test_fine_keys(foix_replay, race, node_modules, tmp_path):
    """A tenth of a metre, for some riders only."""
    scene, paths, expected = race
    some = {name: expected[name] for name in list(expected)[::20]}
    options = ExportOptions(
        max_error_m=0.1, bibs=frozenset(int(name.split("_")[1]) for name in some), most_triangles=1000
    )
    path = tmp_path / "fine.glb"
    export_glb(scene, foix_replay.motion, path, profile=Profile.WEB, options=options)
    file = gltf_reader.read_packed(path, node_modules, tmp_path)
    known = {"times_s": paths.times_s, "expected_m": some}
    assert gltf_reader.faults(file, **known, bound_m=0.1, drift_m=DRIFT_M) == []


def test_validator_has_nothing_to_say(web, android, node_modules):
    assert validated(android.path, node_modules)["issues"]["messages"] == []
    messages = validated(web.path, node_modules)["issues"]["messages"]
    assert [message["code"] for message in messages] == ["UNSUPPORTED_EXTENSION"]


def test_android_is_within_what_scene_viewer_takes(race, android, node_modules):
    _, paths, expected = race
    info = validated(android.path, node_modules)["info"]
    assert android.size_bytes <= 3_000_000
    assert info["totalTriangleCount"] <= 50_000
    assert info["animationCount"] == 1
    assert info["materialCount"] <= 10
    file = gltf_reader.read(android.path)
    for picture in file.table("images"):
        view = file.table("bufferViews")[picture["bufferView"]]
        data = file.blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        assert max(gltf_reader.image(data).size) <= 2048
    known = {"times_s": paths.times_s, "expected_m": expected}
    assert gltf_reader.faults(file, **known, bound_m=20.0, drift_m=20.0) == []


def test_ios(foix_replay, race, folder):
    pytest.importorskip("pxr", reason="usd-core is not here: USDZ is not written")
    scene, paths, expected = race
    report = export_glb(scene, foix_replay.motion, folder / "ios.usdz", profile=Profile.IOS)
    assert report.size_bytes <= 4_000_000
    assert usd_reader.arkit_faults(report.path) == []
    shown = usd_reader.positions(report.path, list(expected), paths.times_s)
    for name, track in expected.items():
        x, z, y = shown[name].T
        assert np.linalg.norm(np.stack([x, -y, z], axis=-1) - track, axis=1).max() <= 15.0


def test_a_diorama_for_a_table(foix_replay, race, folder):
    options = ExportOptions(max_error_m=10.0, most_triangles=22_000, table_m=1.0)
    report = export_glb(
        race[0], foix_replay.motion, folder / "table.glb", profile=Profile.WEB, options=options
    )
    assert report.size_bytes <= 1_100_000
    assert report.max_error_m <= 10.0
