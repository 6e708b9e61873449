"""Riders who share the places of their keys are where the tracks have them at every second."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import small_stage

from tracker3d.export.paths import drawn_paths, road_positions
from tracker3d.export.shared_keys import shared_keys, shared_steps
from tracker3d.export.warping import Warp
from tracker3d.track.lanes import lanes, laterals


@pytest.fixture(scope="module")
def stage():
    return small_stage.small_scene().stage


@pytest.fixture(scope="module")
def usual(stage):
    return drawn_paths(stage, small_stage.small_race(stage.route, bibs=tuple(range(1, 40))).motion)


def moved(stage, paths, distance_m):
    """The same riders at other road distances."""
    aside_m = laterals(lanes(paths.bibs), distance_m)
    places = road_positions(stage, distance_m, aside_m)
    return dataclasses.replace(paths, distance_m=distance_m, lateral_m=aside_m, positions_m=places)


def errors_m(paths, keys):
    """How far riders are off at the worst second, as players interpolate; the keys must say the same."""
    worst = []
    for rider, chosen in enumerate(keys):
        shown = [np.interp(paths.times_s, chosen.times_s, places) for places in chosen.positions_m.T]
        miss = np.stack(shown, axis=-1) - paths.positions_m[:, rider]
        worst.append(np.linalg.norm(miss, axis=1).max())
        assert chosen.error_m == pytest.approx(worst[-1], abs=1e-6)
    return np.array(worst)


@pytest.mark.parametrize("max_error_m", [0.1, 0.5, 3.0, 10.0])
def test_bound_holds_at_every_second(stage, usual, max_error_m):
    keys = shared_keys(stage, usual, Warp(), max_error_m=max_error_m)
    assert errors_m(usual, keys).max() <= max_error_m
    extent_m = float(np.abs(usual.positions_m).max())
    step_m, step_s = shared_steps(max_error_m, duration_s=float(usual.times_s[-1]), extent_m=extent_m)
    for chosen in keys:
        assert chosen.times_s[0] == 0.0
        assert (np.diff(chosen.times_s) > 0).all()
        assert (chosen.times_s / step_s == np.round(chosen.times_s / step_s)).all()
        assert (chosen.positions_m / step_m == np.round(chosen.positions_m / step_m)).all()


def test_riders_of_a_lane_share_places(stage, usual):
    keys = shared_keys(stage, usual, Warp(), max_error_m=0.5)
    assert len({id(chosen.line) for chosen in keys}) <= len(np.unique(lanes(usual.bibs)[0]))


def test_stops_late_starts_and_early_ends(stage, usual):
    """One stands for a minute, one never leaves, one gives up half way; the others ride on."""
    distance_m = usual.distance_m.copy()
    half = len(distance_m) // 2
    distance_m[half : half + 60, 0] = distance_m[half, 0]
    distance_m[half + 60 :, 0] = np.maximum(distance_m[half, 0], distance_m[half:-60, 0])
    distance_m[:, 1] = distance_m[0, 1]
    distance_m[half:, 2] = distance_m[half, 2]
    paths = moved(stage, usual, distance_m)
    keys = shared_keys(stage, paths, Warp(), max_error_m=0.5)
    assert errors_m(paths, keys).max() <= 0.5
    assert len(keys[1]) == 1


def test_who_jumps_or_leaves_his_line_has_keys_of_his_own(stage, usual):
    distance_m = usual.distance_m.copy()
    distance_m[len(distance_m) // 2 :, 3] += 700.0
    paths = moved(stage, usual, distance_m)
    aside = paths.positions_m.copy()
    aside[:, 4, :2] += 3.0
    paths = dataclasses.replace(paths, positions_m=aside)
    keys = shared_keys(stage, paths, Warp(), max_error_m=0.5)
    assert errors_m(paths, keys).max() <= 0.5
    assert len(keys[4].line) == len(keys[4])
