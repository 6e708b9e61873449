"""The scene: road on the ground, gates with their titles, theme files."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from terrain import MeshSampler
from tracker3d.scene import (
    ROAD_WIDTH_M,
    GateKind,
    build_scene,
    default_theme,
    frame_at,
    parse_camera,
)
from tracker3d.scene.camera.road_path import road_path
from tracker3d.scene.projection import relief_drawn_m
from tracker3d.scene.style import font, parse_hex
from tracker3d.stage.model import PlaceKind


def test_road_and_its_edges_lie_on_the_drawn_ground(scene, ground):
    sampler = MeshSampler(ground.mesh.vertices_m, ground.mesh.faces)
    road = scene.road
    for line in (road.positions_m, road.left_m, road.right_m):
        assert np.abs(line[:, 2] - sampler.sample(line[:, 0], line[:, 1])).max() < 0.1
    width = np.linalg.norm((road.left_m - road.right_m)[:, :2].astype(float), axis=1)
    assert np.allclose(width, ROAD_WIDTH_M, atol=0.01)
    middle = (road.left_m + road.right_m)[:, :2] / 2
    assert np.allclose(middle, road.positions_m[:, :2], atol=0.01)


def test_left_is_left_of_the_race(scene):
    road = scene.road
    ahead = np.diff(road.positions_m[:, :2].astype(float), axis=0)
    left = (road.left_m - road.positions_m)[:-1, :2].astype(float)
    assert (ahead[:, 0] * left[:, 1] - ahead[:, 1] * left[:, 0] > 0).all()


def test_road_colours_tell_the_gradient(scene):
    theme = scene.theme
    flat, steep = theme.gradient_colours(np.array([0.0, 0.08]))
    at = scene.road.distance_m.searchsorted
    assert np.abs(scene.road.colours[at(2000.0)].astype(int) - flat).max() <= 6
    assert scene.road.colours[at(5000.0)][2] < flat[2] - 30
    assert not np.array_equal(flat, steep)
    assert len(np.unique(scene.road.colours[scene.road.distance_m < 0.0], axis=0)) == 1


def test_gates_are_titled(scene):
    gates = {gate.kind: gate for gate in scene.gates}
    assert set(gates) == {GateKind.START, GateKind.SPRINT, GateKind.CLIMB, GateKind.LAST_KM, GateKind.FINISH}
    assert gates[GateKind.CLIMB].title == "Côte de l'Épingle"
    assert gates[GateKind.CLIMB].subtitle == "Cat. 2 · 1059 m"
    assert (gates[GateKind.FINISH].title, gates[GateKind.FINISH].subtitle) == ("Finish", "Col")
    last = gates[GateKind.LAST_KM]
    assert gates[GateKind.FINISH].distance_m - last.distance_m == pytest.approx(1000.0)
    x, y = scene.stage.route.position(last.distance_m)
    assert last.position_m[:2] == pytest.approx([float(x), float(y)], abs=0.01)


def test_a_finish_on_a_summit_is_one_gate_with_the_climb_in_its_subtitle(stage, ground):
    places = tuple(
        dataclasses.replace(place, distance_m=stage.route.finish_m - 20.0)
        if place.kind is PlaceKind.CLIMB
        else place
        for place in stage.places
    )
    gates = build_scene(dataclasses.replace(stage, places=places), ground).gates
    kinds = [gate.kind for gate in gates]
    assert GateKind.CLIMB not in kinds
    assert kinds.count(GateKind.FINISH) == 1
    finish = gates[kinds.index(GateKind.FINISH)]
    assert (finish.title, finish.subtitle) == ("Finish", "Col · Cat. 2 · 1059 m")


def test_heights_are_exaggerated_once_everywhere(exaggerated_scene, make_race):
    """Relief, tiles, road, cameras' path and riders agree at an exaggeration of 2."""
    drawn, stage = exaggerated_scene, exaggerated_scene.stage
    tile = drawn.ground.tiles(0)[0]
    sampler = MeshSampler(tile.vertices_m, tile.faces)
    road = drawn.road.positions_m.astype(float)
    assert np.ptp(road[:, 2]) > 1.9 * np.ptp(stage.route.height_m)
    assert np.abs(road[:, 2] - sampler.sample(road[:, 0], road[:, 1])).max() < 0.02
    assert np.abs(relief_drawn_m(drawn, road[:, 0], road[:, 1]) - road[:, 2]).max() < 2.0
    assert not drawn.road.hidden.any()
    path, _ = road_path(drawn).at(drawn.road.distance_m)
    assert np.abs(path[:, 2] - road[:, 2]).max() < 25.0
    state = make_race().at(stage.start_time_ms)
    frame = frame_at(
        drawn, make_race(), state.time_ms, camera=parse_camera("overview"), viewport_px=(640, 360)
    )
    riders = frame.riders.positions_m.astype(float)
    assert np.abs(riders[:, 2] - sampler.sample(riders[:, 0], riders[:, 1])).max() < 0.5


def test_gate_kinds_are_place_kinds():
    shared = {kind.value for kind in PlaceKind} & {kind.value for kind in GateKind}
    assert shared == {"start", "sprint", "climb", "time_check", "finish"}


def test_tunnels_are_hidden_and_bridges_are_not(stage, ground):
    route = stage.route
    z_m, structure = route.z_drawn_m.copy(), np.zeros(len(route), bool)
    tunnel, bridge = slice(200, 260), slice(400, 460)
    structure[tunnel] = structure[bridge] = True
    z_m[tunnel] -= 40.0
    z_m[bridge] += 30.0
    changed = route.on_ground(z_drawn_m=z_m, on_structure=structure, covered=route.covered)
    road = build_scene(dataclasses.replace(stage, route=changed), ground).road
    assert road.hidden[tunnel].all()
    assert road.hidden.sum() == 60
    for edge in (road.left_m, road.right_m):
        assert np.array_equal(edge[tunnel, 2], road.positions_m[tunnel, 2])
        assert np.array_equal(edge[bridge, 2], road.positions_m[bridge, 2])


def test_french_theme(stage, ground):
    theme = msgspec.structs.replace(default_theme(), language="fr")
    titles = {gate.kind: (gate.title, gate.subtitle) for gate in build_scene(stage, ground, theme).gates}
    assert titles[GateKind.LAST_KM] == ("Flamme rouge", "")
    assert titles[GateKind.CLIMB][1] == "2e cat. · 1059 m"
    assert titles[GateKind.FINISH][0] == "Arrivée"


def test_all_languages_have_all_words():
    words = default_theme().words
    assert {"en", "fr"} <= set(words)
    assert len({frozenset(table) for table in words.values()}) == 1


def test_the_typeface_has_every_letter_used():
    text = "".join(word for table in default_theme().words.values() for word in table.values())
    for weight in ("Regular", "Semibold", "Bold", "Black"):
        face = font(30.0, weight)
        missing = bytes(face.getmask("\uffff"))
        for letter in set(text + "0123456789+:-.·–…−▲%éèêçœßÆØČŠŽŁ") - {" "}:
            assert bytes(face.getmask(letter)) != missing, letter


def test_gradient_ramp_keeps_its_order_without_colour():
    """From the flat upwards every step is darker, so climbs read in grey and with any colour vision."""
    theme = default_theme()
    colours = np.array([parse_hex(colour) for colour in theme.gradient.colours]) / 255.0
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    flat = theme.gradient.percent.index(0.0)
    assert (np.diff(luminance[flat:]) < -0.02).all()
    assert (np.diff(luminance[: flat + 1]) > 0.02).all()
