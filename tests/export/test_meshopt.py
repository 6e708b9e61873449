"""What the encoder writes comes back to the bit from the decoder of three.js."""

from __future__ import annotations

import json
import struct

import gltf_reader
import node_tools
import numpy as np
import pytest

from tracker3d.export.buffers import INDEX_TARGET, Buffer
from tracker3d.export.meshopt import encode_attributes, encode_triangles, exponential, in_strips


def through_the_decoder(arrays, node_modules, tmp_path, **how):
    """The bytes of packed arrays, one view each, after another program has unpacked them."""
    buffer = Buffer(compressed=True)
    for rows in arrays:
        buffer.add_array(rows, **how)
    assert all("extensions" in view for view in buffer.views)
    document = {"asset": {"version": "2.0"}, "extensionsUsed": [], **buffer.tables()}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    blob = buffer.blob()
    head = struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(blob), len(text), b"JSON")
    (tmp_path / "packed.glb").write_bytes(head + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob)
    plain = gltf_reader.read(
        node_tools.unpacked(tmp_path / "packed.glb", node_modules, tmp_path / "plain.glb")
    )
    for view in plain.table("bufferViews"):
        yield plain.blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]


def test_elements_of_all_shapes_and_spreads(node_modules, tmp_path):
    rng = np.random.default_rng(5)
    arrays = []
    for count in (70, 255, 256, 257, 700):
        for stride in (4, 8, 12, 64, 256):
            for spread in (1, 2, 4, 16, 256):
                arrays.append(rng.integers(0, spread, (count, stride)).astype(np.uint8))
                walk = rng.integers(0, spread, (count, stride // 4)).cumsum(axis=0)
                arrays.append((-walk).astype(np.int64).astype(np.uint32))
    found = list(through_the_decoder(arrays, node_modules, tmp_path))
    assert len(found) == len(arrays)
    for rows, data in zip(arrays, found, strict=True):
        assert data == rows.tobytes()


def test_floats_on_a_grid(node_modules, tmp_path):
    rng = np.random.default_rng(6)
    values = (rng.integers(-(2**23) + 1, 2**23, (500, 3)) * np.array([0.5, 2.0, 1 / 64])).astype(np.float32)
    (data,) = through_the_decoder([values], node_modules, tmp_path, exponents=(-1, 1, -6))
    assert data == values.tobytes()
    with pytest.raises(ValueError, match="whole numbers"):
        exponential(np.array([0.3], np.float32), -1)
    with pytest.raises(ValueError, match="whole numbers"):
        exponential(np.array([2.0**23], np.float32), 0)


def same_triangles(data, faces):
    shown = np.frombuffer(data, "<u4").reshape(-1, 3)
    turned = np.stack([np.roll(faces, shift, axis=1) for shift in range(3)])
    assert (turned == shown).all(axis=2).any(axis=0).all()


def grid_faces(side):
    first = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    square = np.stack([first, first + 1, first + side + 1, first + side], axis=-1)
    return np.concatenate([square[:, :3], square[:, [0, 2, 3]]]).astype(np.uint32)


def test_triangles_come_back(node_modules, tmp_path):
    rng = np.random.default_rng(7)
    faces = grid_faces(40)
    shuffled, _ = in_strips(faces[rng.permutation(len(faces))], 1600)
    tables = [
        faces,
        shuffled.astype(np.uint32),
        rng.integers(0, 30, (500, 3)).astype(np.uint32),
        rng.integers(0, 100_000, (500, 3)).astype(np.uint32),
    ]
    flat = [table.reshape(-1, 1) for table in tables]
    for table, data in zip(
        tables, through_the_decoder(flat, node_modules, tmp_path, target=INDEX_TARGET), strict=True
    ):
        same_triangles(data, table)


def test_strips_are_the_same_mesh_and_small():
    faces = grid_faces(60)
    order = np.random.default_rng(8).permutation(len(faces))
    found, used = in_strips(faces[order], 3600)
    before = np.sort(faces, axis=1)
    after = np.sort(used[found], axis=1)
    assert np.array_equal(before[np.lexsort(before.T)], after[np.lexsort(after.T)])
    assert len(encode_triangles(found)) < 1.15 * len(faces)
    # Each vertex is first used in the order of its number.
    _, first = np.unique(found.ravel(), return_index=True)
    assert (np.diff(first) > 0).all()


def test_odd_elements_are_refused():
    with pytest.raises(ValueError, match="3 bytes"):
        encode_attributes(np.zeros((4, 3), np.uint8))
