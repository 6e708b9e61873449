from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from truth_rides import FOLDED_ROADS, START_MS, fixes_of, open_road, ride, stage_of

from tracker3d.feed import FixFlag
from tracker3d.track import Verdict, put_on_road
from tracker3d.track.live import LiveTracks
from tracker3d.track.live_way import place_at
from tracker3d.track.live_windows import ALL_KNOTS, LAG
from tracker3d.track.places import RoadPlaces


def joined(settled):
    """Columns of everything settled, by serial number of the fix."""
    serial = np.concatenate([part.serial for part in settled])
    order = np.argsort(serial)
    columns = {
        name: np.concatenate([getattr(part.tracks, name) for part in settled])[order]
        for name in ("time_ms", "distance_m", "lateral_m", "verdict", "lon_deg")
    }
    smooth_m = np.concatenate([part.smooth_m for part in settled])[order]
    return serial[order], smooth_m, columns


def ridden_live(stage, truth, order=None, *, noise_m=None):
    """Everything settled, and what was thought of each fix when it was the newest."""
    live = LiveTracks(stage, noise_m=noise_m)
    order = np.arange(len(truth.fixes)) if order is None else order
    settled, at_once_m = [], np.full(len(order), np.nan)
    bounds = np.append(np.arange(0, len(order), 5), len(order))
    for begin, end in pairwise(bounds):
        fixes = truth.part(order[begin:end])
        settled.append(live.add(fixes))
        time_s = (fixes.time_ms - live.start_ms) / 1000.0
        for row in range(end - begin):
            index = int(np.flatnonzero(live.bibs == fixes.bibs[fixes.rider[row]])[0])
            windows = live.windows
            at_once_m[begin + row] = place_at(
                windows.knots[index], windows.counts[index, ALL_KNOTS], float(time_s[row])
            )
    settled.append(live.settle())
    return live, joined(settled), at_once_m


@pytest.mark.parametrize("name", FOLDED_ROADS)
def test_the_right_leg_live(name):
    stage = stage_of(*FOLDED_ROADS[name]())
    truth = ride(stage, riders=4 if name == "mixed" else 16, seed=211)
    live, (serial, smooth_m, columns), at_once_m = ridden_live(stage, truth)
    assert np.array_equal(serial, np.arange(len(truth.fixes)))
    assert np.array_equal(columns["time_ms"], truth.fixes.time_ms)
    assert columns["lon_deg"] == pytest.approx(truth.fixes.lon_deg, abs=1e-12)
    error_m = np.abs(smooth_m - truth.distance_m)
    error_m = error_m[np.isfinite(error_m)]
    assert len(error_m) > 0.999 * len(smooth_m)
    assert (error_m < 40.0).mean() >= 0.9999
    assert np.median(error_m) <= 3.0
    assert np.percentile(error_m, 99) <= 12.0
    at_once_m = np.abs(at_once_m - truth.distance_m)
    assert np.nanmean(at_once_m < 40.0) >= 0.9985
    assert not live.left_out.any()


def test_an_open_road_is_no_worse_than_by_the_nearest_point():
    stage = stage_of(*open_road())
    truth = ride(stage, riders=8, seed=37)
    _, (_, smooth_m, _), at_once_m = ridden_live(stage, truth)
    x_m, y_m = stage.frame.to_local(truth.fixes.lon_deg, truth.fixes.lat_deg)
    nearest_m = np.abs(RoadPlaces(stage.route, gate_m=100.0).nearest(x_m, y_m)[0] - truth.distance_m)
    for estimate_m in (smooth_m, at_once_m):
        error_m = np.abs(estimate_m - truth.distance_m)
        assert np.nanmedian(error_m) <= np.median(nearest_m)
        assert np.nanpercentile(error_m, 99) <= np.percentile(nearest_m, 99)
        assert np.nanmean(error_m < 40.0) >= np.mean(nearest_m < 40.0)


def test_live_and_replay_agree(roads):
    for stage in roads.values():
        truth = ride(stage, riders=10, seed=23)
        _, (_, _, columns), _ = ridden_live(stage, truth)
        tracks = put_on_road(truth.fixes, stage)
        order = np.lexsort((truth.fixes.time_ms, truth.fixes.rider))
        same_verdict = (columns["verdict"][order] < Verdict.OFF_ROAD) == (tracks.verdict < Verdict.OFF_ROAD)
        assert same_verdict.mean() > 0.998
        both = same_verdict & (tracks.verdict < Verdict.OFF_ROAD)
        apart_m = np.abs(columns["distance_m"][order] - tracks.distance_m)[both]
        assert (apart_m < 1.0).mean() > 0.999


def test_fixes_may_come_out_of_order(roads):
    stage = roads["hairpins"]
    truth = ride(stage, riders=8, seed=29)
    _, (_, in_order_m, _), _ = ridden_live(stage, truth, noise_m=4.0)
    arrival = np.argsort(truth.arrival_ms(seed=1), kind="stable")
    assert (np.diff(truth.fixes.time_ms[arrival]) < 0).mean() > 0.05
    live, (serial, mixed_m, _), _ = ridden_live(stage, truth, arrival, noise_m=4.0)
    assert len(serial) + live.left_out.sum() == len(truth.fixes)
    assert live.left_out[0] == 0
    assert live.left_out[1] < 0.02 * len(truth.fixes)
    apart_m = np.abs(mixed_m - in_order_m[arrival][serial])
    assert np.nanmedian(apart_m) < 0.05
    assert np.nanmean(apart_m < 15.0) > 0.999


def test_what_comes_twice_or_is_parked_moves_nobody(roads):
    stage = roads["out_and_back"]
    truth = ride(stage, riders=4, seed=31)
    live = LiveTracks(stage)
    live.add(truth.fixes)
    before = live.windows.knots.copy()
    again = truth.part(np.arange(len(truth.fixes) - 8, len(truth.fixes)))
    live.add(again)
    assert live.left_out.sum() == 8
    later = truth.part(slice(0, 20))
    later.time_ms[:] += 10_000_000
    later.flags[:] |= FixFlag.PARKED.value
    live.add(later)
    assert np.array_equal(live.windows.knots, before)


def test_a_fix_is_settled_by_the_next_three(make_stage):
    stage = make_stage(np.array([0.0, 20_000.0]), np.array([0.0, 0.0]))
    live = LiveTracks(stage)
    counts = []
    for number in range(8):
        lon, lat = stage.frame.to_wgs84(np.array([100.0 + 60.0 * number]), np.array([1.0]))
        fix = fixes_of(
            np.array([START_MS + 6000.0 * number]), np.array([5]), lon, lat, speed_mps=np.array([10.0])
        )
        counts.append(live.add(fix).serial.tolist())
    assert counts == [[]] * LAG + [[0], [1], [2], [3], [4]]
    assert live.settle().serial.tolist() == [5, 6, 7]
    assert live.settle().serial.tolist() == []


def test_why_a_fix_was_rejected(make_stage):
    stage = make_stage(np.array([0.0, 20_000.0]), np.array([0.0, 0.0]))
    seconds = np.arange(0.0, 600.0, 6.0)
    place, off = 2000.0 + 10.0 * seconds, np.zeros(100)
    place[20], place[40], off[60], off[80] = 9000.0, 1500.0, 700.0, 40.0
    lon, lat = stage.frame.to_wgs84(place, off)
    fixes = fixes_of(START_MS + 1000 * seconds, np.ones(100), lon, lat, speed_mps=np.full(100, 10.0))
    live = LiveTracks(stage)
    verdict = joined([live.add(fixes), live.settle()])[2]["verdict"]
    expected = np.full(100, Verdict.HIGH)
    expected[[20, 40, 60, 80]] = Verdict.TELEPORT, Verdict.TELEPORT, Verdict.OFF_ROAD, Verdict.LOW
    assert verdict.tolist() == expected.tolist()


def test_riders_join_as_they_are_heard_of(make_stage):
    stage = make_stage(np.array([0.0, 20_000.0]), np.array([0.0, 0.0]))
    live = LiveTracks(stage)
    for number in range(40):
        bibs = np.arange(1, 2 + number)
        lon, lat = stage.frame.to_wgs84(50.0 * number + bibs, np.zeros(len(bibs)))
        live.add(fixes_of(np.full(len(bibs), START_MS + 5000.0 * number), bibs, lon, lat))
    assert live.bibs.tolist() == list(range(1, 41))
    newest_m = [
        place_at(live.windows.knots[r], live.windows.counts[r, ALL_KNOTS], 5.0 * 39) for r in range(40)
    ]
    assert newest_m == pytest.approx(50.0 * 39 + np.arange(1, 41), abs=12.0)


def test_two_threads_do_to_the_bit_what_one_does(monkeypatch):
    stage = stage_of(*FOLDED_ROADS["hairpins"]())
    truth = ride(stage, riders=7, seed=41)
    results = []
    for many in (1_000_000, 1):
        monkeypatch.setattr("tracker3d.track.live._MANY_FIXES", many)
        results.append(ridden_live(stage, truth, noise_m=4.0))
    (alone, alone_settled, alone_m), (shared, shared_settled, shared_m) = results
    assert np.array_equal(alone_m, shared_m, equal_nan=True)
    for one, two in zip(alone.windows, shared.windows, strict=True):
        assert np.array_equal(one, two, equal_nan=True)
    for one, two in zip(alone_settled[:2], shared_settled[:2], strict=True):
        assert np.array_equal(one, two, equal_nan=True)
    for name, column in alone_settled[2].items():
        assert np.array_equal(column, shared_settled[2][name]), name
    assert np.array_equal(alone.left_out, shared.left_out)
