"""What other implementations of glTF make of the exported file."""

from __future__ import annotations

import io

import numpy as np
import pytest
import three_viewer
from node_tools import validated
from PIL import Image
from small_stage import track_of

EYE_M = (0.0, 9000.0, 1.0)
TARGET_M = (0.0, 420.0, 0.0)


def test_khronos_validator_has_nothing_to_say(exported, node_modules):
    report = validated(exported.report.path, node_modules)
    assert report["issues"]["messages"] == []
    assert report["info"]["animationCount"] == 1
    assert report["info"]["totalTriangleCount"] > exported.report.triangles


def test_khronos_validator_is_awake(exported, node_modules, tmp_path):
    data = exported.report.path.read_bytes().replace(b'"version":"2.0"', b'"version":"x.0"', 1)
    (tmp_path / "bad.glb").write_bytes(data)
    assert validated(tmp_path / "bad.glb", node_modules)["issues"]["numErrors"] > 0


@pytest.fixture(scope="module")
def seen(exported, node_modules, tmp_path_factory):
    """What three.js shows: positions at three moments, and the ground straight from above."""
    if three_viewer.browser() is None:
        pytest.skip("Chromium is not here: exported files are not opened with three.js")
    names = [f"rider_{bib}" if bib > 0 else f"vehicle_{-bib}" for bib in exported.motion.bibs]
    jobs = [{"time_s": time_s, "nodes": names} for time_s in (0, 123, 301.5)]
    above = {"eye": EYE_M, "target": TARGET_M}
    jobs.append({"time_s": 0, "camera": "camera_overview", "size_px": [640, 360], "look": above})
    report = three_viewer.view(
        exported.report.path, jobs, modules=node_modules, profile=tmp_path_factory.mktemp("chromium")
    )
    assert "error" not in report, report.get("error")
    return jobs, report


def test_three_js_moves_riders_along_the_track(exported, seen):
    jobs, report = seen
    assert report["animations"] == 1
    times_s, expected = track_of(exported.scene, exported.motion)
    for job, result in zip(jobs[:3], report["results"][:3], strict=True):
        for name, place in result["positions"].items():
            path = expected[name]
            x, y, z = (np.interp(job["time_s"], times_s, path[:, axis]) for axis in range(3))
            # Half way between two seconds the track itself bends a little.
            assert np.linalg.norm(np.array(place) - (x, z, -y)) <= 0.5 + 0.01
            shown = exported.file.positions(name, np.array([job["time_s"]]))[0]
            assert np.array(place) == pytest.approx(shown, abs=0.001)


def test_three_js_shows_the_ground_in_its_true_colours(seen):
    """Seen from above the test picture's red grows to the right (east) and its green upwards (north).

    A wrong transfer function, which would make 128 into 188 or 55, and a mirrored stage both fail here.
    """
    _, report = seen
    picture = np.asarray(Image.open(io.BytesIO(report["results"][3]["picture"])).convert("RGB")).astype(int)
    height, width = picture.shape[:2]
    metre_px = height / 2 / (EYE_M[1] - TARGET_M[1]) / np.tan(np.radians(35) / 2)
    checked = 0
    for x_m in (-1900, -1000, 100, 1300, 2000):
        for y_m in (-420, -60, 440):
            column, row = round(width / 2 + x_m * metre_px), round(height / 2 - y_m * metre_px)
            patch = np.median(picture[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3), axis=0)
            if abs(patch[2] - 90) > 3:
                continue
            assert patch[0] == pytest.approx((x_m + 2304) / 4608 * 255, abs=10)
            assert patch[1] == pytest.approx((y_m + 640) / 1280 * 255, abs=24)
            checked += 1
    assert checked >= 9
