"""The rehearsal as files of all profiles: what readers say of them, and where riders are at every second."""

from __future__ import annotations

import gltf_reader
import numpy as np
import pytest
import usd_reader
from node_tools import validated

from tracker3d.export import ExportOptions, Profile, export_glb
from tracker3d.export.paths import drawn_paths
from tracker3d.replay import open_replay
from tracker3d.scene import build_scene

SPAN_MS = 600_000


@pytest.fixture(scope="module")
def race(rehearsal_files):
    """Scene, motion, and where everybody is at every second of ten minutes, by name of the node."""
    replay = open_replay(rehearsal_files.package, rehearsal_files.recording)
    scene = build_scene(replay.package.stage, replay.package.ground)
    start_ms = replay.motion.start_ms + 1_000_000
    span = ExportOptions(start_ms=start_ms, end_ms=start_ms + SPAN_MS)
    paths = drawn_paths(scene.stage, replay.motion, start_ms=start_ms, end_ms=start_ms + SPAN_MS)
    expected = {
        f"rider_{bib}": paths.positions_m[:, index]
        for index, bib in enumerate(paths.bibs.tolist())
        if bib > 0
    }
    assert len(expected) > 20
    return scene, replay.motion, span, paths.times_s, expected


@pytest.mark.parametrize(
    ("profile", "bound_m"),
    [(Profile.ENGINE, 0.5), (Profile.WEB, 0.5), (Profile.ANDROID, 10.0), (Profile.TILES, None)],
)
def test_every_rider_and_no_complaint(race, node_modules, tmp_path, profile, bound_m):
    """Tiles are bent as the Earth is, so their places are not those of the map: their names are looked at."""
    scene, motion, span, times_s, expected = race
    report = export_glb(scene, motion, tmp_path / "file.glb", profile=profile, options=span)
    messages = {message["code"] for message in validated(report.path, node_modules)["issues"]["messages"]}
    assert messages == ({"UNSUPPORTED_EXTENSION"} if profile is Profile.WEB else set())
    packed = profile is Profile.WEB
    file = (
        gltf_reader.read_packed(report.path, node_modules, tmp_path)
        if packed
        else gltf_reader.read(report.path)
    )
    if bound_m is None:
        assert gltf_reader.faults(file) == []
        assert set(expected) <= {node["name"] for node in file.table("nodes")}
        return
    known = {"times_s": times_s, "expected_m": expected, "bound_m": bound_m}
    assert gltf_reader.faults(file, **known, drift_m=max(0.01, bound_m if bound_m > 1 else 0.0)) == []


def test_usdz_keeps_the_rules_of_arkit_and_its_bound(race, tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not here: USDZ is not written")
    scene, motion, span, times_s, expected = race
    report = export_glb(scene, motion, tmp_path / "file.usdz", profile=Profile.IOS, options=span)
    assert usd_reader.arkit_faults(report.path) == []
    shown = usd_reader.positions(report.path, list(expected), times_s)
    for name, track in expected.items():
        x, z, y = shown[name].T
        assert np.linalg.norm(np.stack([x, -y, z], axis=-1) - track, axis=1).max() <= 15.0
