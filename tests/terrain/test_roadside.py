"""Tunnels and bridges keep the road's own height; nothing else does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from terrain import GroundLine, LocalFrame, sample_heights
from terrain.roadside import structure_heights

if TYPE_CHECKING:
    from pathlib import Path

SPACING_M = 10.0


def road(length_m: float = 20_000.0) -> tuple[np.ndarray, GroundLine]:
    at = np.arange(0.0, length_m, SPACING_M)
    own = 900 + 0.04 * at + 6 * np.sin(at / 800)
    return at, GroundLine(at, np.zeros_like(at), own)


def test_a_tunnel_and_a_bridge_are_found_and_their_ends_meet_the_ground() -> None:
    at, line = road()
    ridge = 180 * np.clip(1 - np.abs(at - 6000) / 500, 0, 1)
    gorge = -90 * np.clip(1.4 * (1 - np.abs(at - 14_000) / 160), 0, 1)
    draped = line.height_m + 8 + 3 * np.sin(at / 170) + ridge + gorge
    z_drawn, on_structure = structure_heights(line, draped, np.ones(len(at), bool))
    found = at[on_structure]
    assert ((np.abs(found - 6000) < 560) | (np.abs(found - 14_000) < 230)).all()
    assert on_structure[np.abs(at - 6000) < 450].all()
    assert on_structure[np.abs(at - 14_000) < 140].all()
    assert np.abs(z_drawn - line.height_m - 8)[on_structure].max() < 12
    assert (z_drawn == draped)[~on_structure].all()
    ends = np.flatnonzero(np.diff(on_structure.astype(int)))
    assert len(ends) == 4
    assert np.abs(z_drawn - draped)[ends].max() == 0
    assert np.abs(z_drawn - draped)[ends + 1].max() < 9


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_disagreement_of_data_and_road_is_no_tunnel(seed: int) -> None:
    at, line = road()
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(0, 1, len(at)), np.hanning(15), "same")
    draped = line.height_m + 7.6 + 7.7 * noise / noise.std()
    _, on_structure = structure_heights(line, draped, np.ones(len(at), bool))
    assert not on_structure.any()


def test_a_road_that_climbs_like_the_ground_is_no_tunnel() -> None:
    at, line = road()
    hump = 180 * np.clip(1 - np.abs(at - 6000) / 500, 0, 1)
    steep = GroundLine(line.x_m, line.y_m, line.height_m + hump)
    z_drawn, on_structure = structure_heights(steep, steep.height_m + 8, np.ones(len(at), bool))
    assert not on_structure.any()
    assert np.array_equal(z_drawn, steep.height_m + 8)


def test_nothing_is_looked_for_where_there_are_no_data() -> None:
    at, line = road()
    draped = line.height_m + 180 * np.clip(1 - np.abs(at - 6000) / 500, 0, 1)
    _, on_structure = structure_heights(line, draped, np.zeros(len(at), bool))
    assert not on_structure.any()


@pytest.mark.real
def test_the_tunnels_of_andorra_are_found_and_its_bridges_left_on_the_ground(shared_data: Path) -> None:
    folder = shared_data / "dem" / "pyrenees"
    features = json.loads((folder / "andorra_roads.geojson").read_text(encoding="utf-8"))["features"]
    rng = np.random.default_rng(0)
    found, approach = 0, 600
    for feature in features:
        if feature["properties"].get("tunnel") in (None, "no") and feature["properties"].get("bridge") in (
            None,
            "no",
        ):
            continue
        lonlat = np.array(feature["geometry"]["coordinates"])[:, :2]
        frame = LocalFrame(*lonlat.mean(axis=0))
        x, y = frame.to_local(*lonlat.T)
        way = GroundLine(x, y, np.zeros(len(x))).densified(SPACING_M)
        if len(way.x_m) < 20:
            continue
        above = sample_heights([folder / "N42E001.hgt.zip"], *frame.to_wgs84(way.x_m, way.y_m))
        own = np.linspace(above[0], above[-1], len(above))
        own, above = (np.pad(heights, approach, mode="edge") for heights in (own, above))
        noise = np.convolve(rng.normal(0, 1, len(own)), np.hanning(31), "same")
        at = np.arange(len(own)) * SPACING_M
        draped = above + 7.6 + 6 * noise / noise.std()
        _, on_structure = structure_heights(GroundLine(at, 0 * at, own), draped, np.ones(len(at), bool))
        inside = slice(approach, -approach)
        if np.abs(above - own).max() > 80:
            assert on_structure[inside].mean() > 0.9
            found += 1
        else:
            assert not on_structure.any()
        assert on_structure[:approach].sum() + on_structure[-approach:].sum() < 20
    assert found == 6, "Envalira and five more"
