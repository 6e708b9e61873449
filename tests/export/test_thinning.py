"""The reduction keeps its bound at every sample, whatever the path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.export.thinning import float_reserve_m, reduce_keys


def worst_m(times_s, path, keys):
    """Largest miss at any sample, evaluated one sample at a time as a player does."""
    worst = 0.0
    for index, time_s in enumerate(times_s):
        after = min(max(int(np.searchsorted(times_s[keys], time_s, side="right")), 1), len(keys) - 1)
        low, high = keys[after - 1], keys[after]
        share = (time_s - times_s[low]) / (times_s[high] - times_s[low])
        shown = path[low].astype(float) * (1 - share) + path[high].astype(float) * share
        worst = max(worst, float(np.linalg.norm(shown - path[index])))
    return worst


@st.composite
def walks(draw):
    """Riders that speed up, stop, jump, and stand far from the origin."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, riders = draw(st.sampled_from([2, 3, 17, 120, 1700])), draw(st.integers(1, 4))
    speed = rng.normal(0, draw(st.sampled_from([0.01, 1.0, 20.0])), (count, riders, 3)).cumsum(axis=0)
    stops = rng.random((count, riders, 1)) < draw(st.floats(0, 0.9))
    path = np.where(stops, 0, speed).cumsum(axis=0) + rng.normal(
        0, draw(st.sampled_from([0.0, 3e4])), (riders, 3)
    )
    times_s = np.cumsum(rng.choice([1.0, 1.0, 0.25, 7.0], count))
    return times_s, path.astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(walks(), st.sampled_from([0.1, 0.5, 10.0]))
def test_bound_holds_at_every_sample(walk, max_error_m):
    times_s, paths = walk
    max_error_m = max(max_error_m, 2 * float_reserve_m(paths))
    keys = reduce_keys(times_s, paths, max_error_m=max_error_m)
    for rider, chosen in enumerate(keys):
        assert chosen[0] == 0
        assert chosen[-1] == len(times_s) - 1
        assert (np.diff(chosen) > 0).all()
        worst = worst_m(times_s, paths[:, rider], chosen)
        assert worst <= max_error_m


def test_riders_do_not_change_each_other():
    """As long as paths are short enough to be walked in one stretch."""
    rng = np.random.default_rng(3)
    paths = rng.normal(0, 1, (400, 6, 3)).cumsum(axis=0).astype(np.float32)
    times_s = np.arange(400.0)
    together = reduce_keys(times_s, paths, max_error_m=0.5)
    for rider in range(6):
        alone = reduce_keys(times_s, np.ascontiguousarray(paths[:, rider : rider + 1]), max_error_m=0.5)[0]
        assert np.array_equal(alone, together[rider])


def test_straight_and_still_paths_need_two_keys():
    times_s = np.arange(5000.0)
    straight = times_s[:, None] * np.array([9.0, -3.0, 0.5])
    paths = np.stack([straight, np.zeros_like(straight)], axis=1).astype(np.float32)
    for chosen in reduce_keys(times_s, paths, max_error_m=0.05):
        assert chosen.tolist() == [0, 4999]


def test_key_count_on_a_circle_is_that_of_the_chord_formula():
    """A chord of a circle of radius r misses it by r (1 - cos(a / 2)) for the angle a."""
    radius_m, bound_m, samples = 400.0, 0.5, 6283
    angle = np.arange(samples) * 2 * np.pi / samples
    path = radius_m * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)[:, None].astype(np.float32)
    (chosen,) = reduce_keys(np.arange(float(samples)), path, max_error_m=bound_m)
    spans = angle[-1] / (2 * np.arccos(1 - bound_m / radius_m))
    # Walked in stretches of 500 samples or more; each edge may cost one key.
    assert spans <= len(chosen) - 1 <= np.ceil(spans * 1.02) + samples // 500


def test_time_counts_and_not_only_shape():
    """A rider who stands and then rides along a straight road is not on a straight line in time."""
    along = np.concatenate([np.zeros(50), np.arange(50) * 12.0])
    path = np.stack([along, 0 * along, 0 * along], axis=-1)[:, None].astype(np.float32)
    (chosen,) = reduce_keys(np.arange(100.0), path, max_error_m=0.5)
    assert set(chosen) & {49, 50}
    assert 3 <= len(chosen) <= 4


def test_refuses_what_it_cannot_keep():
    path = np.zeros((5, 1, 3), np.float32)
    path[2, 0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        reduce_keys(np.arange(5.0), path, max_error_m=0.5)
    far = np.full((5, 1, 3), 1e7, np.float32)
    with pytest.raises(ValueError, match="float32"):
        reduce_keys(np.arange(5.0), far, max_error_m=0.5)
