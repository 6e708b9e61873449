"""The writer, read back by an independent reader."""

from __future__ import annotations

import gltf_reader
import numpy as np
import pytest

from tracker3d.export.glb import LINE_STRIP, GlbWriter, Primitive, linear, safe_name, y_up


def test_axes_turn_right_handed():
    east, north, up = y_up(np.eye(3))
    assert east.tolist() == [1, 0, 0]
    assert north.tolist() == [0, 0, -1]
    assert up.tolist() == [0, 1, 0]
    assert np.linalg.det(np.stack([east, north, up])) == pytest.approx(1)


def test_linear_is_the_srgb_transfer_function():
    levels = linear(np.array([0, 10, 55, 128, 188, 255], np.uint8))
    assert levels == pytest.approx([0, 0.003035, 0.038204, 0.215861, 0.502886, 1], abs=1e-5)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Col d’Été", "col_d_ete"), ("35 km", "n_35_km"), ("", "n"), ("Łódź / [1].x", "odz_1_x"), ("日本", "n")],
)
def test_safe_names(text, name):
    assert safe_name(text) == name


def small_file(tmp_path):
    writer = GlbWriter(generator="test 1")
    points = np.array([[0, 0, 0], [10, 0, 1], [10, 20, 2], [0, 20, 3]], float)
    colours = np.array([[0, 0, 0], [255, 0, 0], [9, 99, 199], [255, 255, 255]], np.uint8)
    material = writer.unlit_material("plain", colour_rgb=(188, 10, 0))
    attributes = {"POSITION": writer.positions(points), "COLOR_0": writer.colours(colours)}
    mesh = writer.mesh(
        "square",
        [
            Primitive(attributes, material, writer.indices([[0, 1, 2], [0, 2, 3]])),
            Primitive({"POSITION": attributes["POSITION"]}, material, mode=LINE_STRIP),
        ],
    )
    mover = writer.node("mover", mesh=mesh, translation_m=points[0])
    writer.animate_translation(mover, writer.key_times([0, 2, 10]), points[:3])
    root = writer.node("root", children=[mover], extras={"text": "é"})
    path = tmp_path / "small.glb"
    size = writer.write(path, root=root)
    assert path.stat().st_size == size
    return gltf_reader.read(path), points, colours


def test_arrays_come_back(tmp_path):
    file, points, colours = small_file(tmp_path)
    square = file.table("meshes")[0]["primitives"][0]
    assert file.accessor(square["attributes"]["POSITION"]).tolist() == y_up(points).tolist()
    assert file.accessor(square["attributes"]["COLOR_0"]) == pytest.approx(linear(colours), abs=1 / 65535)
    assert file.accessor(square["indices"])[:, 0].tolist() == [0, 1, 2, 0, 2, 3]
    factor = file.table("materials")[0]["pbrMetallicRoughness"]["baseColorFactor"]
    assert factor == pytest.approx([0.502886, 0.003035, 0, 1], abs=1e-5)
    assert file.json["nodes"][1]["extras"] == {"text": "é"}
    assert gltf_reader.faults(file) == []


def test_views_are_aligned_and_do_not_overlap(tmp_path):
    file, _, _ = small_file(tmp_path)
    end = 0
    for view in file.table("bufferViews"):
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] >= end
        end = view["byteOffset"] + view["byteLength"]
    assert end <= file.table("buffers")[0]["byteLength"] == len(file.blob)


def test_animation_runs_straight_between_keys(tmp_path):
    file, points, _ = small_file(tmp_path)
    shown = file.positions("mover", np.array([0, 1, 2, 6, 10, 99]))
    expected = [
        points[0],
        (points[0] + points[1]) / 2,
        points[1],
        (points[1] + points[2]) / 2,
        points[2],
        points[2],
    ]
    assert shown == pytest.approx(y_up(expected), abs=1e-6)


@pytest.mark.parametrize(("last", "component"), [(65534, 5123), (65535, 5125)])
def test_wide_indices_only_where_needed(last, component):
    writer = GlbWriter(generator="test")
    writer.indices([[0, 1, last]])
    assert writer.document(root=writer.node("root"))["accessors"][0]["componentType"] == component


def test_refuses_what_readers_would_stumble_over():
    writer = GlbWriter(generator="test")
    writer.node("taken")
    with pytest.raises(ValueError, match="two nodes"):
        writer.node("taken")
    with pytest.raises(ValueError, match="no name"):
        writer.node("a.b")
    with pytest.raises(ValueError, match="finite"):
        writer.positions([[0, np.nan, 0]])
    with pytest.raises(ValueError, match="empty"):
        writer.positions(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="increase"):
        writer.key_times([0, 1, 1])
    with pytest.raises(ValueError, match="one value"):
        writer.animate_translation(0, writer.key_times([0, 1]), np.zeros((3, 3)))


def test_numbers_without_a_json_form_never_get_out(tmp_path):
    writer = GlbWriter(generator="test")
    root = writer.node("root", extras={"number": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        writer.write(tmp_path / "bad.glb", root=root)
