from __future__ import annotations

import numpy as np
import pytest

from tracker3d.track.places import RoadPlaces


def brute_force(route, x, y, gate):
    """All clear local minima of the distance to a finely sampled road, by looking at every sample."""
    s = np.arange(route.start_m, route.end_m, 0.5)
    px, py = route.position(s)
    found = []
    for fx, fy in zip(x, y, strict=True):
        d = np.hypot(px - fx, py - fy)
        inner = np.flatnonzero((d[1:-1] <= d[:-2]) & (d[1:-1] < d[2:]) & (d[1:-1] <= gate)) + 1
        clear = [i for i in inner if min(d[max(i - 30, 0)], d[min(i + 30, len(d) - 1)]) > d[i] + 2.0]
        found.append(sorted((d[i], s[i]) for i in clear))
    return found


@pytest.mark.parametrize("name", ["hairpins", "figure_eight", "out_and_back"])
def test_every_leg_within_the_gate_is_found(roads, name):
    route = roads[name].route
    random = np.random.default_rng(3)
    s = random.uniform(route.start_m + 300.0, route.end_m - 300.0, 150)
    x, y = route.position(s)
    x, y = x + random.normal(0.0, 12.0, len(s)), y + random.normal(0.0, 12.0, len(s))
    gate = 35.0
    places = RoadPlaces(route, gate_m=gate).within_gate(x, y, most=12)
    for index, expected in enumerate(brute_force(route, x, y, gate - 1.0)):
        got = places.distance_m[index]
        for d, at in expected:
            nearest = np.nanargmin(np.abs(got - at))
            assert abs(got[nearest] - at) < 6.0
            assert abs(places.lateral_m[index, nearest]) <= d + 0.3


def test_candidates_are_sorted_and_signed(make_stage):
    stage = make_stage(np.array([0.0, 1000.0]), np.array([0.0, 0.0]))
    road = RoadPlaces(stage.route, gate_m=50.0)
    places = road.within_gate(np.array([400.0, 400.0, 400.0]), np.array([7.0, -7.0, 80.0]), most=3)
    assert places.distance_m[:2, 0] == pytest.approx([400.0, 400.0])
    assert places.lateral_m[:2, 0] == pytest.approx([7.0, -7.0])
    assert np.isnan(places.distance_m[2]).all()
    assert np.isinf(places.lateral_m[2]).all()


def test_the_road_runs_on_behind_the_line(make_stage):
    stage = make_stage(np.array([0.0, 0.0, 1000.0]), np.array([-500.0, 0.0, 0.0]))
    road = RoadPlaces(stage.route, gate_m=50.0)
    places = road.within_gate(np.array([1120.0, 0.0]), np.array([2.0, -600.0]), most=2)
    assert places.distance_m[:, 0] == pytest.approx([1620.0, -100.0], abs=0.5)


def test_the_nearest_place_is_found_however_far(make_stage):
    stage = make_stage(np.array([0.0, 1000.0]), np.array([0.0, 0.0]))
    distance, lateral = RoadPlaces(stage.route, gate_m=50.0).nearest(np.array([300.0]), np.array([-9000.0]))
    assert distance == pytest.approx([300.0])
    assert lateral == pytest.approx([-9000.0])
