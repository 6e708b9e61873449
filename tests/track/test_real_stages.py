"""The bars of putting a real race on the road, on recordings that cannot be distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_holes import HIDINGS, Truth, make_holes, part_of

from tracker3d.errors import FeedError
from tracker3d.feed import FixFlag, read_feed
from tracker3d.race import Role
from tracker3d.replay import open_replay
from tracker3d.stage import prepare
from tracker3d.track import LiveMotion, LiveTracks, Motion, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.replay import Replay

pytestmark = pytest.mark.real

ROAD_STAGE = "feed/stage-04_2026-07-07.json.gz"
TIME_TRIAL = "feed/stage-16_2026-07-21.json.gz"


def replayed(shared_data: Path, folder: Path, source: str, feed: str) -> Replay:
    package = folder / "x.stage"
    prepare(shared_data / source, output=package, dem_paths=[], width_km=1.0)
    return open_replay(package, shared_data / feed)


def accepted_steps(tracks):
    """Distance, elapsed seconds and rider of neighbouring accepted fixes."""
    rows = np.flatnonzero(tracks.verdict < Verdict.OFF_ROAD)
    same = np.diff(tracks.rider[rows]) == 0
    return np.diff(tracks.distance_m[rows])[same], np.diff(tracks.time_ms[rows])[same] / 1000.0


def largest_retreat_m(tracks):
    accepted = tracks.verdict < Verdict.OFF_ROAD
    worst = 0.0
    for index in range(len(tracks.bibs)):
        mine = tracks.distance_m[accepted & (tracks.rider == index)]
        worst = max(worst, float((np.maximum.accumulate(mine) - mine).max(initial=0.0)))
    return worst


def test_every_valid_fix_of_a_stage_is_on_the_road(foix_replay):
    tracks = foix_replay.tracks
    assert len(tracks) == 232_344
    assert tracks.dropped == {"parked trackers": 51_438}
    assert foix_replay.fixes_refused == {}
    accepted = tracks.verdict < Verdict.OFF_ROAD
    assert accepted.mean() >= 0.985
    assert np.median(np.abs(tracks.lateral_m)) == pytest.approx(4.4, abs=0.5)


def test_accepted_positions_are_those_of_riders(foix_replay):
    step_m, step_s = accepted_steps(foix_replay.tracks)
    assert (np.abs(step_m) / step_s).max() * 3.6 <= 110.0
    assert largest_retreat_m(foix_replay.tracks) <= 30.0


def test_motion_never_runs_back_and_never_outruns_a_rider(foix_replay):
    motion = foix_replay.motion
    gained = np.diff(motion.distances(np.arange(motion.start_ms, motion.end_ms, 1000)), axis=0)
    assert np.nanmin(gained) >= 0.0
    assert np.nanmax(gained) * 3.6 <= 111.0


def test_riders_climb_a_fold_of_the_road_leg_after_leg(foix_replay):
    """Legs lie 15 to 50 m apart there and fixes scatter by 20 m, but the pace of a rider hardly changes."""
    tracks, route = foix_replay.tracks, foix_replay.package.stage.route
    accepted, to_go_m = tracks.verdict < Verdict.OFF_ROAD, route.finish_m - tracks.distance_m
    off_m = []
    for index in range(len(tracks.bibs)):
        near = accepted & (tracks.rider == index) & (to_go_m > 37_900.0) & (to_go_m < 39_600.0)
        rows = np.flatnonzero(near)
        if len(rows) >= 8:
            since_s = (tracks.time_ms[rows] - tracks.time_ms[rows[0]]) / 1000.0
            even_m = np.polyval(np.polyfit(since_s, to_go_m[rows], 2), since_s)
            inside = (to_go_m[rows] > 38_300.0) & (to_go_m[rows] < 39_050.0)
            off_m.append((to_go_m[rows] - even_m)[inside])
    off_m = np.abs(np.concatenate(off_m))
    assert len(off_m) > 1800
    assert np.mean(off_m > 120.0) < 0.006
    assert np.percentile(off_m, 99) < 100.0


def test_gaps_are_those_of_the_feed_until_the_finish(foix_replay, shared_data):
    """The sender's own gap is the time since the first rider passed here, on a clock of its own."""
    fixes = read_feed(shared_data / ROAD_STAGE, stage=foix_replay.package.stage)
    live = (fixes.flags & FixFlag.PARKED) == 0
    first_finish_ms = np.nanmin(foix_replay.motion.finish_ms)
    differences = []
    for moment_ms in np.unique(fixes.time_ms[live & (fixes.time_ms < first_finish_ms)])[::25]:
        rows = live & (fixes.time_ms == moment_ms)
        gap_s = foix_replay.race.at(int(moment_ms)).gap_s[fixes.rider[rows]]
        differences.append(gap_s - fixes.gap_to_first_s[rows])
    difference_s = np.concatenate(differences)
    difference_s = difference_s[np.isfinite(difference_s)]
    assert len(difference_s) > 5000
    assert abs(np.median(difference_s)) < 2.5
    assert np.percentile(np.abs(difference_s - np.median(difference_s)), 95) < 8.0


def test_the_breakaway_and_the_peloton(foix_replay):
    state = foix_replay.race.at(foix_replay.race.time_of_to_go(120_000.0))
    assert state.groups[0].role is Role.HEAD
    assert 25 <= len(state.groups[0].riders) <= 40
    peloton = next(g for g in state.groups if g.role is Role.PELOTON)
    assert 130 <= len(peloton.riders) <= 150
    assert 150.0 < peloton.gap_to_head_s < 300.0


@pytest.fixture(scope="module")
def stage_16(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage16")
    return replayed(shared_data, folder, "routes/stage-16_2026.geojson", TIME_TRIAL)


def test_a_time_trial_from_the_live_stream(stage_16):
    replay = stage_16
    tracks = replay.tracks
    assert (tracks.verdict < Verdict.OFF_ROAD).mean() > 0.98
    step_m, step_s = accepted_steps(tracks)
    assert (np.abs(step_m) / step_s).max() * 3.6 <= 110.0
    assert largest_retreat_m(tracks) <= 30.0
    assert replay.package.stage.time_trial
    assert replay.package.stage.date == "2026-07-21"
    assert replay.race.at(replay.race.end_ms).groups == ()
    finished = np.isfinite(replay.motion.finish_ms).sum()
    assert finished > 135
    assert replay.fixes_refused["frames received twice"] == 1436


@pytest.fixture(scope="module")
def foix_truth(foix_replay, shared_data):
    fixes = read_feed(shared_data / ROAD_STAGE, stage=foix_replay.package.stage)
    return fixes, Truth.of(fixes, foix_replay.package.stage)


@pytest.mark.parametrize(
    ("hiding", "bounds_m"), list(zip(HIDINGS, [(12.5, 60), (9.2, 41), (6.5, 31), (4.6, 31)], strict=True))
)
def test_holes_where_others_were_seen_or_not(foix_replay, foix_truth, hiding, bounds_m):
    """Where all were silent their tempo is unknown; a rider silent alone is found among the others."""
    stage = foix_replay.package.stage
    made = make_holes(*foix_truth, stage, HIDINGS[hiding])
    error_m = np.abs(made.read(Motion(made.kept, stage.route)) - made.true_m)
    assert len(error_m) > 800
    assert np.median(error_m) <= bounds_m[0]
    assert np.percentile(error_m, 95) <= bounds_m[1]
    cubic_m = np.abs(made.cubic_m() - made.true_m)
    assert np.median(error_m) < np.median(cubic_m)
    assert np.percentile(error_m, 95) < np.percentile(cubic_m, 95)


def test_live_settles_what_the_whole_recording_says(foix_replay, shared_data):
    stage = foix_replay.package.stage
    fixes = read_feed(shared_data / ROAD_STAGE, stage=stage)
    live = LiveTracks(stage)
    settled = [live.add(fixes), live.settle()]
    bib, time_ms, place_m, verdict = (
        np.concatenate(columns)
        for columns in zip(
            *(
                (tracks.bibs[tracks.rider], tracks.time_ms, tracks.distance_m, tracks.verdict)
                for tracks in (part.tracks for part in settled)
            ),
            strict=True,
        )
    )
    order = np.lexsort((time_ms, bib))
    tracks = foix_replay.tracks
    assert np.array_equal(time_ms[order], tracks.time_ms)
    accepted = tracks.verdict < Verdict.OFF_ROAD
    same = (verdict[order] < Verdict.OFF_ROAD) == accepted
    assert same.mean() > 0.998
    assert (np.abs(place_m[order] - tracks.distance_m)[same & accepted] < 1.0).mean() > 0.999


def test_nobody_jumps_on_the_live_time_trial(stage_16, shared_data):
    """Two trackers under bib 122, kilometres apart, and everything else that a stream brings."""
    stage = stage_16.package.stage
    fixes = read_feed(shared_data / TIME_TRIAL, stage=stage)
    fixes = part_of(fixes, np.argsort(fixes.time_ms, kind="stable"))
    live = LiveTracks(stage)
    motion = LiveMotion(live, stage.route)
    frames_ms = np.arange(fixes.time_ms[0], fixes.time_ms[-1], 400.0)
    arrived = np.searchsorted(fixes.time_ms, frames_ms, side="right")
    place_m = np.full((len(frames_ms), len(fixes.bibs)), np.nan)
    done = 0
    for frame, time_ms in enumerate(frames_ms):
        if arrived[frame] > done:
            live.add(part_of(fixes, slice(done, arrived[frame])))
            done = arrived[frame]
        states = motion.at(time_ms)
        place_m[frame, np.searchsorted(fixes.bibs, states.bibs)] = states.distance_m
    of_122_m = place_m[:, np.searchsorted(fixes.bibs, 122)]
    assert 122 in fixes.bibs
    assert np.nanmax(of_122_m) > np.nanmin(of_122_m) + 20_000.0
    steps_m = np.diff(place_m, axis=0)
    assert np.nanmin(steps_m) >= 0.0
    assert np.nanmax(steps_m) <= 110.0 / 3.6 * 0.4 + 1e-6


def test_the_wrong_road_is_refused_in_one_sentence(stage_16, shared_data):
    with pytest.raises(FeedError, match=r"lie [\d,]+ m off the road of .*prepare the stage from"):
        open_replay(stage_16.package.path, shared_data / ROAD_STAGE)
