"""A camera's move to glTF and back, and files by other programs."""

from __future__ import annotations

import base64
import contextlib
import json

import numpy as np
import pytest
import small_stage
from gltf_reader import read
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.errors import InputError
from tracker3d.export import export_camera, import_camera
from tracker3d.race.model import RaceState
from tracker3d.scene.camera import Moment, parse_camera
from tracker3d.track.model import RiderStates

SIZE = (1920, 1080)


class NobodyRides:
    """As much of a race as cameras ask for that follow nobody."""

    start_ms = small_stage.START_MS

    def at(self, time_ms):
        nothing = np.zeros(0)
        riders = RiderStates(
            time_ms, nothing.astype(np.int32), *[nothing] * 4, nothing.astype(np.uint8), nothing.astype(bool)
        )
        return RaceState(
            time_ms, riders, nothing.astype(np.int32), nothing, nothing.astype(np.int32), (), np.nan
        )


@pytest.fixture(scope="module")
def small_scene():
    return small_stage.small_scene()


@pytest.fixture(scope="module")
def still_race():
    return NobodyRides()


@pytest.mark.parametrize(
    "words", ["preview", "orbit:km=2,turn=20", "overhead:km=2,up=road", "fly:overhead:km=1"]
)
def test_a_move_comes_back_as_it_went(small_scene, still_race, tmp_path, words):
    """At every frame within 1 cm and 5 microseconds of its motion, and within 0.001 degrees."""
    camera, path = parse_camera(words), tmp_path / "move.glb"
    keys = export_camera(small_scene, still_race, camera, path, duration_s=12.0)
    again = import_camera(path, scene=small_scene)
    assert keys == len(again.times_s) == 301
    before = None
    for frame in range(keys):
        moment = Moment(
            small_scene,
            still_race,
            still_race.at(still_race.start_ms + 40 * frame),
            frame / 25,
            SIZE,
            still_race.start_ms,
        )
        made, back = camera.pose(moment), again.pose(moment)
        moved = 0.0 if before is None else 25.0 * float(np.linalg.norm(made.eye_m - before.eye_m))
        assert np.linalg.norm(made.eye_m - back.eye_m) < 0.01 + 5e-6 * moved
        turned = np.linalg.norm(made.axes - back.axes, axis=1)
        assert np.degrees(turned.max()) < 1e-3 + 5e-6 * 500.0
        assert back.fov_deg == pytest.approx(made.fov_deg, abs=1e-3)
        before = made


def test_the_file_is_named_and_placed_like_a_stage(small_scene, still_race, tmp_path):
    path = tmp_path / "move.glb"
    export_camera(small_scene, still_race, parse_camera("road:0,speed=50"), path, duration_s=2.0, fps=10.0)
    file = read(path)
    camera = file.table("nodes")[file.node("camera_shots")]
    assert len(camera["extras"]["fov_deg"]) == 21
    assert file.table("nodes")[file.node("stage")]["extras"]["title"] == small_scene.stage.name
    assert len(file.table("animations")) == 1


def foreign(tmp_path, *, extras=None, **changes):
    """A .gltf as others write it: a parent that moves by a spline, a camera below it that is turned."""
    times = np.array([0.0, 2.0], np.float32)
    moves = np.zeros((2, 3, 3), np.float32)
    moves[1, 1] = [100.0, 50.0, 0.0]
    data = times.tobytes() + moves.tobytes()
    document = {
        "asset": {"version": "2.0"},
        "nodes": [
            {"name": "dolly", "children": [1], "extras": extras or {}},
            {
                "camera": 0,
                "translation": [0.0, 500.0, 0.0],
                "rotation": [0.0, -np.sqrt(0.5), 0.0, np.sqrt(0.5)],
            },
        ],
        "cameras": [{"type": "perspective", "perspective": {"yfov": 0.5, "znear": 1.0}}],
        "animations": [
            {
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
                "samplers": [{"input": 0, "output": 1, "interpolation": "CUBICSPLINE"}],
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR"},
            {"bufferView": 1, "componentType": 5126, "count": 6, "type": "VEC3"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 8},
            {"buffer": 0, "byteOffset": 8, "byteLength": 72},
        ],
        "buffers": [
            {
                "byteLength": 80,
                "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode(),
            }
        ],
        **changes,
    }
    path = tmp_path / "foreign.gltf"
    path.write_text(json.dumps(document))
    return path


def test_a_camera_by_another_program_is_read_through_its_nodes(tmp_path):
    """East is x and north is -z in the file; half way of a spline that rests at both keys is the middle."""
    camera = import_camera(foreign(tmp_path))
    eye, target, up, fov_deg = camera.at(1.0)
    assert np.allclose(eye, [50.0, 0.0, 525.0], atol=1e-3)
    assert np.allclose((target - eye) / np.linalg.norm(target - eye), [1.0, 0.0, 0.0], atol=1e-6)
    assert np.allclose(up, [0.0, 0.0, 1.0], atol=1e-6)
    assert fov_deg == pytest.approx(np.degrees(0.5))
    assert np.allclose(camera.at(0.5)[0][0], 100.0 * (3 * 0.25**2 - 2 * 0.25**3), atol=0.05)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nodes": [{"name": "empty"}]}, "holds no camera"),
        ({"buffers": [{"byteLength": 80, "uri": "../secret.bin"}]}, "not beside it"),
        ({"buffers": [{"byteLength": 80, "uri": "data:;base64,!!"}]}, "cannot be decoded"),
        ({"bufferViews": [{"buffer": 0, "byteOffset": 79}, {"buffer": 0}]}, "holds together"),
        ({"accessors": []}, "holds together"),
        ({"nodes": [{"children": [1]}, {"camera": 0, "children": [0]}]}, "nested too deeply"),
    ],
)
def test_files_that_do_not_hold_together_are_refused(tmp_path, changes, reason):
    path = foreign(tmp_path, **changes)
    with pytest.raises(InputError) as caught:
        import_camera(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


def test_another_stage_is_refused(tmp_path, small_scene):
    path = foreign(tmp_path, extras={"origin_lon_deg": 1.0, "title": "Elsewhere"})
    with pytest.raises(InputError, match=r"made for another stage \(Elsewhere\)"):
        import_camera(path, scene=small_scene)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_never_do_worse_than_being_refused(tmp_path_factory, small_scene, still_race, data):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "move.glb"
    export_camera(small_scene, still_race, parse_camera("overview"), path, duration_s=0.2)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(InputError):
        assert np.isfinite(import_camera(path).eyes_m).all()


def test_impossible_exports_are_refused(small_scene, still_race, tmp_path):
    with pytest.raises(InputError, match=r"ends in \.glb"):
        export_camera(small_scene, still_race, parse_camera("overview"), tmp_path / "a.obj", duration_s=1.0)
    with pytest.raises(InputError, match="keys"):
        export_camera(small_scene, still_race, parse_camera("overview"), tmp_path / "a.glb", duration_s=0.0)
