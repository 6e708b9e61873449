"""Free keys keep their bound at every second, whatever the path, and are fewer than chosen samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.export.key_walk import PARTS
from tracker3d.export.keyframes import grid_step_m, reduce_paths
from tracker3d.export.thinning import float_reserve_m, reduce_keys


@st.composite
def rides(draw):
    """Riders that speed up, stop, turn, jump, and stand far from the origin; once a second."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, riders = draw(st.sampled_from([1, 2, 3, 17, 300])), draw(st.integers(1, 3))
    speed = rng.normal(0, draw(st.sampled_from([0.01, 1.0, 20.0])), (count, riders, 3)).cumsum(axis=0)
    stops = rng.random((count, riders, 1)) < draw(st.floats(0, 0.9))
    away = rng.normal(0, draw(st.sampled_from([0.0, 2e4])), (riders, 3))
    return (np.where(stops, 0, speed).cumsum(axis=0) + away).astype(np.float32)


@settings(deadline=None, max_examples=150)
@given(rides(), st.sampled_from([0.1, 0.5, 10.0]))
def test_bound_holds_at_every_second(path, max_error_m):
    if float_reserve_m(path) > 0.05 * max_error_m:
        max_error_m = 16.0 * float_reserve_m(path)
    keys = reduce_paths(path, max_error_m=max_error_m)
    grid_m = grid_step_m(max_error_m)
    for rider, chosen in enumerate(keys):
        times, places = chosen.times_s.astype(float), chosen.positions_m.astype(float)
        assert times[0] == 0
        assert len(chosen) == 1 or times[-1] == len(path) - 1
        assert (np.diff(times) > 0).all()
        assert (times * PARTS == np.round(times * PARTS)).all()
        assert (places / grid_m == np.round(places / grid_m)).all()
        worst = 0.0
        for second in range(len(path)):
            after = min(int(np.searchsorted(times, second)), len(times) - 1)
            low = max(after - 1, 0)
            share = 0.0 if after == low else (second - times[low]) / (times[after] - times[low])
            shown = places[low] * (1 - share) + places[after] * share
            worst = max(worst, float(np.linalg.norm(shown - path[second, rider])))
        assert worst <= max_error_m
        assert chosen.error_m == pytest.approx(worst, abs=1e-6)


def test_fewer_keys_than_samples_of_a_winding_road():
    """A road of bends of 60 to 200 m radius at 11 m/s: a fifth fewer keys than the best samples."""
    seconds = np.arange(3000.0)
    heading = np.cumsum(0.11 * np.sin(seconds / 7.0) + 0.05 * np.sin(seconds / 23.0))
    steps = 11.0 * np.stack([np.cos(heading), np.sin(heading), 0.03 * np.sin(seconds / 90)], axis=-1)
    path = steps.cumsum(axis=0)[:, None].astype(np.float32)
    free = reduce_paths(path, max_error_m=0.5)[0]
    (sampled,) = reduce_keys(seconds, path, max_error_m=0.5)
    assert len(free) < 0.8 * len(sampled)
    shown = np.stack(
        [np.interp(seconds, free.times_s, free.positions_m[:, axis]) for axis in range(3)], axis=-1
    )
    assert np.abs((shown - path[:, 0]).mean(axis=0)).max() < 0.01


def test_straight_and_still_paths_need_hardly_any_key():
    seconds = np.arange(5000.0)
    straight = seconds[:, None] * np.array([9.0, -3.0, 0.5])
    paths = np.stack([straight, np.zeros_like(straight)], axis=1).astype(np.float32)
    moving, still = reduce_paths(paths, max_error_m=0.1)
    assert moving.times_s.tolist() == [0, 4999]
    assert still.times_s.tolist() == [0]


def test_refuses_what_it_cannot_keep():
    path = np.zeros((5, 1, 3), np.float32)
    path[2, 0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        reduce_paths(path, max_error_m=0.5)
    with pytest.raises(ValueError, match="float32"):
        reduce_paths(np.full((5, 1, 3), 1e7, np.float32), max_error_m=0.5)
