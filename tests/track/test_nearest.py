from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.track.nearest import NearestPlace


def by_every_segment(x, y, along, px, py):
    """Distance to the road, and the road distance of the nearest place, by looking at every segment."""
    off, at = np.full(len(px), np.inf), np.zeros(len(px))
    for i in range(len(x) - 1):
        east, north = x[i + 1] - x[i], y[i + 1] - y[i]
        share = ((px - x[i]) * east + (py - y[i]) * north) / max(east**2 + north**2, 1e-12)
        share = np.clip(share, 0.0, 1.0)
        here = np.hypot(px - x[i] - share * east, py - y[i] - share * north)
        nearer = here < off
        off, at = np.where(nearer, here, off), np.where(nearer, along[i] + share * np.diff(along)[i], at)
    return off, at


def winding(vertices, step_m, seed):
    random = np.random.default_rng(seed)
    heading = np.cumsum(random.normal(0.0, 0.3, vertices))
    steps = step_m * random.uniform(0.2, 2.0, vertices)
    x, y = np.cumsum(steps * np.cos(heading)), np.cumsum(steps * np.sin(heading))
    return x, y, np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])


@pytest.mark.parametrize(("vertices", "step_m"), [(2, 100.0), (3, 3000.0), (400, 10.0), (150, 75.0)])
def test_the_answer_is_that_of_every_segment(vertices, step_m):
    x, y, along = winding(vertices, step_m, seed=vertices)
    random = np.random.default_rng(5)
    near = random.integers(0, vertices, 1500)
    spread = np.repeat([5.0, 50.0, 3000.0], 500)
    px, py = x[near] + random.normal(0.0, spread), y[near] + random.normal(0.0, spread)
    distance, lateral = NearestPlace(x, y, along).find(px, py)
    off, at = by_every_segment(x, y, along, px, py)
    assert np.abs(lateral) == pytest.approx(off, abs=1e-6)
    alone = np.abs(distance - at) < 1e-3
    foot_x, foot_y = np.interp(distance, along, x), np.interp(distance, along, y)
    assert np.hypot(px - foot_x, py - foot_y)[~alone] == pytest.approx(off[~alone], abs=1e-6)
    assert alone.mean() > 0.99


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=2, max_size=12),
    st.floats(-2e4, 2e4),
    st.floats(-2e4, 2e4),
)
def test_any_road_and_any_position(corners, px, py):
    x, y = np.array(corners).T
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    lateral = NearestPlace(x, y, along).find(np.array([px]), np.array([py]))[1]
    off = by_every_segment(x, y, along, np.array([px]), np.array([py]))[0]
    assert abs(lateral[0]) == pytest.approx(off[0], abs=1e-6)


def test_left_is_positive_and_nothing_comes_of_nothing():
    road = NearestPlace(np.array([0.0, 1000.0]), np.zeros(2), np.array([500.0, 1500.0]))
    distance, lateral = road.find(np.array([300.0, 300.0, np.nan, np.inf]), np.array([7.0, -7e4, 0.0, 0.0]))
    assert distance[:2] == pytest.approx([800.0, 800.0])
    assert lateral[:2] == pytest.approx([7.0, -7e4])
    assert np.isnan(distance[2:]).all()
    assert np.isnan(lateral[2:]).all()


@pytest.mark.real
def test_sparse_vertices_of_a_real_road_miss_nothing(shared_data):
    """Vertices 70 m apart and more: looking at the nearest vertex alone is wrong by hundreds of metres."""
    from terrain import LocalFrame
    from tracker3d.stage import read_source

    points = read_source(shared_data / "feed/stage-04_2026-07-07.json.gz").points
    frame = LocalFrame(*points[:, :2].mean(axis=0))
    x, y = frame.to_local(points[:, 0], points[:, 1])
    steps = np.hypot(np.diff(x), np.diff(y))
    assert steps.max() > 400.0
    along = np.concatenate([[0.0], np.cumsum(steps)])
    random = np.random.default_rng(4)
    at = random.uniform(0.0, along[-1], 2000)
    px = np.interp(at, along, x) + random.normal(0.0, 8.0, 2000)
    py = np.interp(at, along, y) + random.normal(0.0, 8.0, 2000)
    lateral = NearestPlace(x, y, along).find(px, py)[1]
    off = by_every_segment(x, y, along, px, py)[0]
    assert np.abs(np.abs(lateral) - off).max() < 1e-6
