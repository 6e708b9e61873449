from __future__ import annotations

import numpy as np
import pytest
from truth_rides import START_MS, fixes_of, ride, stage_of

from tracker3d.track import Presence
from tracker3d.track.live import LiveTracks
from tracker3d.track.live_motion import LiveMotion

FRAME_MS = 40.0
DELAY_S = 8.0


def shown(stage, truth, *, seed=1, frame_ms=FRAME_MS):
    """Frames of a whole ride whose fixes arrive late and out of order: places, presences, true places."""
    arrival_ms = truth.arrival_ms(seed=seed)
    order = np.argsort(arrival_ms, kind="stable")
    live = LiveTracks(stage)
    motion = LiveMotion(live, stage.route, delay_s=DELAY_S)
    times_ms = np.arange(START_MS, truth.fixes.time_ms.max() + 1000.0 * DELAY_S, frame_ms)
    arrived = np.searchsorted(arrival_ms[order], times_ms, side="right")
    riders = len(truth.fixes.bibs)
    place_m, presence = np.full((len(times_ms), riders), np.nan), np.full((len(times_ms), riders), 4)
    done = 0
    for frame, time_ms in enumerate(times_ms):
        if arrived[frame] > done:
            live.add(truth.part(order[done : arrived[frame]]))
            done = arrived[frame]
        states = motion.at(time_ms)
        index = np.searchsorted(truth.fixes.bibs, states.bibs)
        place_m[frame, index], presence[frame, index] = states.distance_m, states.presence
    since_s = (times_ms - START_MS) / 1000.0 - DELAY_S
    seconds = np.arange(truth.each_second_m.shape[1])
    true_m = np.array([np.interp(since_s, seconds, way, left=np.nan) for way in truth.each_second_m]).T
    return place_m, presence, true_m


@pytest.mark.parametrize("name", ["hairpins", "out_and_back"])
def test_nobody_jumps_or_steps_back_and_places_are_near(roads, name):
    stage = roads[name]
    place_m, presence, true_m = shown(stage, ride(stage, riders=8, seed=307))
    steps_m = np.diff(place_m, axis=0)
    assert np.nanmin(steps_m) >= 0.0
    assert np.nanmax(steps_m) <= 110.0 / 3.6 * FRAME_MS / 1000.0 + 1e-6
    error_m = np.abs(place_m - true_m)
    error_m = error_m[np.isfinite(error_m)]
    assert len(error_m) > 100_000
    assert np.median(error_m) <= 3.1
    live = error_m_of(place_m, true_m, presence == Presence.LIVE)
    assert np.percentile(live, 99) < 60.0


def error_m_of(place_m, true_m, mask):
    error_m = np.abs(place_m - true_m)[mask]
    return error_m[np.isfinite(error_m)]


@pytest.fixture
def straight():
    return stage_of(np.array([0.0, 20_000.0]), np.array([0.0, 0.0]))


def fix_at(stage, seconds, place_m, *, bib=1, speed_mps=10.0):
    lon, lat = stage.frame.to_wgs84(np.array([place_m]), np.array([0.0]))
    return fixes_of(
        np.array([START_MS + 1000.0 * seconds]), np.array([bib]), lon, lat, speed_mps=np.array([speed_mps])
    )


def test_silence_coasts_for_a_minute_and_fades(straight):
    live = LiveTracks(straight)
    motion = LiveMotion(live, straight.route, delay_s=DELAY_S)
    for seconds in range(0, 121, 6):
        live.add(fix_at(straight, seconds, 100.0 + 10.0 * seconds))
    seen = {}
    for seconds in np.arange(100.0, 600.0, 1.0):
        states = motion.at(START_MS + 1000.0 * (seconds + DELAY_S))
        seen[seconds] = states.distance_m[0], Presence(states.presence[0])
    assert seen[118.0] == (pytest.approx(1280.0, abs=1.0), Presence.LIVE)
    assert seen[140.0] == (pytest.approx(1500.0, abs=2.0), Presence.COASTING)
    assert seen[175.0] == (pytest.approx(1850.0, abs=3.0), Presence.STALE)
    assert seen[300.0][0] == pytest.approx(1900.0, abs=3.0)
    assert seen[300.0][0] == seen[500.0][0]
    assert seen[500.0][1] is Presence.LOST


def test_news_after_a_silence_eases_in(straight):
    live = LiveTracks(straight)
    motion = LiveMotion(live, straight.route, delay_s=DELAY_S)
    for seconds in range(0, 61, 6):
        live.add(fix_at(straight, seconds, 100.0 + 10.0 * seconds))
    frames = {}
    for tick in range(2400):
        seconds = 0.05 * tick
        if tick == 2000:
            for late in (90, 93, 96):
                live.add(fix_at(straight, late, 100.0 + 600.0 + 9.0 * (late - 60), speed_mps=9.0))
        frames[tick] = motion.at(START_MS + 1000.0 * (seconds + DELAY_S)).distance_m[0]
    places = np.array([frames[tick] for tick in range(2400)])
    steps = np.diff(places[np.isfinite(places)])
    assert steps.min() >= 0.0
    assert steps.max() <= 110.0 / 3.6 * 0.05 + 1e-9
    assert places[1999] > 1050.0
    assert places[2399] == pytest.approx(700.0 + 9.0 * (119.95 - 60.0), abs=25.0)


def test_nobody_is_shown_before_the_first_fix_and_frames_never_go_back(straight):
    live = LiveTracks(straight)
    motion = LiveMotion(live, straight.route, delay_s=DELAY_S)
    assert len(motion.at(START_MS).bibs) == 0
    live.add(fix_at(straight, 0.0, 100.0))
    assert motion.at(START_MS + 1000.0).presence.tolist() == [Presence.ABSENT]
    live.add(fix_at(straight, 6.0, 160.0))
    later = motion.at(START_MS + 12_000.0).distance_m[0]
    assert later == pytest.approx(140.0, abs=2.0)
    assert motion.at(START_MS + 9_000.0).distance_m[0] == later


def test_over_the_line_riders_roll_out_and_fade(straight):
    live = LiveTracks(straight)
    motion = LiveMotion(live, straight.route, delay_s=DELAY_S)
    finish_m = straight.route.finish_m
    for seconds in range(0, 61, 6):
        live.add(fix_at(straight, seconds, finish_m - 300.0 + 10.0 * seconds))
    states = [motion.at(START_MS + 1000.0 * (t + DELAY_S)) for t in np.arange(0.0, 200.0, 0.5)]
    finished = [bool(s.finished[0]) for s in states if len(s.bibs)]
    assert finished == sorted(finished)
    assert states[40].finished[0] == (states[40].distance_m[0] >= finish_m)
    assert not states[50].finished[0]
    assert states[64].finished[0]
    assert states[-1].distance_m[0] == pytest.approx(finish_m + 100.0, abs=0.5)
    assert states[100].presence[0] == Presence.LIVE
    assert states[-1].presence[0] > Presence.LIVE
