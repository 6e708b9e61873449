"""Broken files are refused by the harness, each for its reason."""

from __future__ import annotations

import json
import struct

import gltf_reader
import numpy as np
import pytest
import small_stage

from tracker3d.export import Profile, export_glb
from tracker3d.export.buffers import MESHOPT


def packed(file, change):
    """The bytes of the same file with its JSON changed; ``change`` gets the document and the buffer."""
    document = json.loads(json.dumps(file.json))
    blob = bytearray(file.blob)
    change(document, blob)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = 28 + len(text) + len(blob)
    head = struct.pack("<4sIII4s", b"glTF", 2, total, len(text), b"JSON")
    return head + text + struct.pack("<I4s", len(blob), b"BIN\0") + bytes(blob)


def rewritten(file, change):
    return gltf_reader.GltfFile(packed(file, change))


def _not_a_number(document, blob):
    accessor = document["animations"][0]["samplers"][0]["output"]
    entry = document["accessors"][accessor]
    at = document["bufferViews"][entry["bufferView"]]["byteOffset"] + entry.get("byteOffset", 0)
    blob[at : at + 4] = struct.pack("<f", float("nan"))


def _false_bounds(document, _):
    document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]["max"][0] += 1


def _name_taken(document, _):
    nodes = {node["name"]: node for node in document["nodes"]}
    nodes["rider_1"]["name"] = "rider_2"


def _dotted_name(document, _):
    document["nodes"][-1]["name"] = "stage.001"


def _moved(document, _):
    nodes = {node["name"]: node for node in document["nodes"]}
    nodes["stage"]["translation"] = [0.4, 0, 0]


def _outputs(document):
    for channel in document["animations"][0]["channels"]:
        if channel["target"]["path"] == "translation":
            accessor = document["accessors"][
                document["animations"][0]["samplers"][channel["sampler"]]["output"]
            ]
            yield accessor, document["bufferViews"][accessor["bufferView"]]


def _mirrored(document, blob):
    for accessor, view in _outputs(document):
        start = view["byteOffset"] + accessor.get("byteOffset", 0)
        values = np.frombuffer(bytes(blob), "<f4", accessor["count"] * 3, start).reshape(-1, 3).copy()
        values[:, 2] *= -1
        blob[start : start + values.nbytes] = values.tobytes()


def _late(document, blob):
    accessor = document["accessors"][document["animations"][0]["samplers"][0]["input"]]
    view = document["bufferViews"][accessor["bufferView"]]
    times = np.frombuffer(blob, "<f4", accessor["count"], view["byteOffset"]) + np.float32(1)
    blob[view["byteOffset"] : view["byteOffset"] + times.nbytes] = times.tobytes()
    accessor["min"], accessor["max"] = [float(times[0])], [float(times[-1])]


def _two_animations(document, _):
    document["animations"].append(document["animations"][0])


def _beyond_the_vertices(document, blob):
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["indices"]]
    at = document["bufferViews"][accessor["bufferView"]]["byteOffset"]
    blob[at : at + 2] = struct.pack("<H", 60000)


def _misplaced_key(document, blob):
    """One key of one rider is 1 m too far north."""
    accessor, view = next(_outputs(document))
    at = view["byteOffset"] + accessor.get("byteOffset", 0) + 12 * (accessor["count"] // 2) + 8
    (north,) = struct.unpack_from("<f", blob, at)
    struct.pack_into("<f", blob, at, north - 1.0)


def _times_twice(document, blob):
    accessor = document["accessors"][document["animations"][0]["samplers"][0]["input"]]
    at = document["bufferViews"][accessor["bufferView"]]["byteOffset"] + accessor.get("byteOffset", 0)
    blob[at + 8 : at + 12] = blob[at + 4 : at + 8]


def _missing_rider(document, _):
    nodes = {node["name"]: node for node in document["nodes"]}
    nodes["rider_1"]["name"] = "rider_one"


def _smooth(document, _):
    document["animations"][0]["samplers"][0]["interpolation"] = "STEP"


def _wrong_colours(document, blob):
    """Vertex colours are stored as sRGB bytes, as if they were linear."""
    for mesh in document["meshes"]:
        if mesh["name"].startswith("marker"):
            accessor = document["accessors"][mesh["primitives"][0]["attributes"]["COLOR_0"]]
            view = document["bufferViews"][accessor["bufferView"]]
            start = view["byteOffset"] + accessor.get("byteOffset", 0)
            light = np.frombuffer(bytes(blob), "<u2", accessor["count"] * 4, start) / 65535
            wrong = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
            data = np.round(wrong * 65535).astype("<u2").tobytes()
            blob[start : start + len(data)] = data


BROKEN = [
    (_not_a_number, "finite"),
    (_false_bounds, "bounds"),
    (_name_taken, "duplicate"),
    (_dotted_name, "name"),
    (_moved, "shifted"),
    (_mirrored, "position"),
    (_misplaced_key, "position"),
    (_late, "times"),
    (_times_twice, "times"),
    (_two_animations, "animations"),
    (_smooth, "interpolation"),
    (_beyond_the_vertices, "indices"),
    (_missing_rider, "missing"),
    (_wrong_colours, "colour"),
]


@pytest.mark.parametrize(("change", "reason"), BROKEN)
def test_broken_files_are_told_apart(exported, change, reason):
    times_s, expected = small_stage.track_of(exported.scene, exported.motion)
    known = {"times_s": times_s, "expected_m": expected, "colours": small_stage.colours_of(exported.scene)}
    found = gltf_reader.faults(rewritten(exported.file, change), **known)
    assert {fault.partition(":")[0] for fault in found} >= {reason}
    untouched = rewritten(exported.file, lambda document, blob: None)
    assert gltf_reader.faults(untouched, **known) == []


def test_cut_off_file_is_refused(exported):
    data = exported.report.path.read_bytes()
    with pytest.raises(ValueError, match="header"):
        gltf_reader.GltfFile(data[:-4])


def test_corrupt_compression_is_refused(exported, node_modules, tmp_path):
    """A stream that is cut is refused by the decoder; one changed number shows in positions only."""
    path = tmp_path / "web.glb"
    export_glb(exported.scene, exported.motion, path, profile=Profile.WEB)
    times_s, expected = small_stage.track_of(exported.scene, exported.motion)
    whole = gltf_reader.read_packed(path, node_modules, tmp_path)
    assert gltf_reader.faults(whole, times_s=times_s, expected_m=expected) == []
    raw = gltf_reader.GltfFile(path.read_bytes())
    output = raw.table("animations")[0]["samplers"][0]["output"]
    view = raw.table("accessors")[output]["bufferView"]

    def cut(document, blob):
        document["bufferViews"][view]["extensions"][MESHOPT]["byteLength"] -= 9

    def changed(document, blob):
        """The first element, to which all others are differences, 2 m further east."""
        how = document["bufferViews"][view]["extensions"][MESHOPT]
        tail = how["byteOffset"] + how["byteLength"] - 15
        blob[tail] = (blob[tail] + 4) % 256

    for change, reason in ((cut, "compression"), (changed, "position")):
        broken = tmp_path / f"{change.__name__}.glb"
        broken.write_bytes(packed(raw, change))
        try:
            file = gltf_reader.read_packed(broken, node_modules, tmp_path)
            found = gltf_reader.faults(file, times_s=times_s, expected_m=expected)
        except ValueError as refused:
            found = [str(refused)]
        assert {fault.partition(":")[0] for fault in found} >= {reason}
