"""The race while it goes on: agrees with the race afterwards, and never takes back what it said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.feed import Fixes
from tracker3d.race import Race
from tracker3d.race.live import LiveRace
from tracker3d.track import LiveTracks, Motion, put_on_road

START_MS = 1_783_420_000_000
DELAY_S = 8.0


def fixes_of(stage, ways, *, every_s=6.0, until_s=1800.0, noise_m=0.0):
    """Positions of riders on the road as a feed sends them, each moment a frame."""
    random = np.random.default_rng(3)
    bibs = np.array(sorted(ways), np.int32)
    seconds = np.arange(0.0, until_s, every_s)
    places = np.stack([np.asarray(ways[int(bib)](seconds), float) for bib in bibs], axis=1)
    speeds = np.gradient(places, seconds, axis=0)
    noisy = places + random.normal(0.0, 1.0, places.shape) * noise_m
    lon, lat = stage.route.lonlat(np.clip(noisy, 0.0, stage.route.finish_m).ravel())
    rows = len(lon)
    return Fixes(
        bibs=bibs,
        time_ms=np.repeat(START_MS + (1000.0 * seconds).astype(np.int64), len(bibs)),
        rider=np.tile(np.arange(len(bibs), dtype=np.int32), len(seconds)),
        lon_deg=lon,
        lat_deg=lat,
        speed_mps=speeds.ravel().astype(np.float32),
        official_to_go_m=np.full(rows, np.nan),
        gap_to_first_s=np.full(rows, np.nan, np.float32),
        flags=np.zeros(rows, np.uint8),
        source=np.zeros(rows, np.uint8),
    )


def rows_of(fixes, rows):
    """Some rows, with the bibs that are in them alone, as a stream gives them."""
    names = (
        "time_ms",
        "lon_deg",
        "lat_deg",
        "speed_mps",
        "official_to_go_m",
        "gap_to_first_s",
        "flags",
        "source",
    )
    used, rider = np.unique(fixes.rider[rows], return_inverse=True)
    columns = {name: getattr(fixes, name)[rows] for name in names}
    return dataclasses.replace(fixes, bibs=fixes.bibs[used], rider=rider.astype(np.int32), **columns)


def played(stage, fixes, *, each_s=1.0, seconds, delay_s=DELAY_S):
    """Play a feed to a live race second by second; gives the race after each."""
    tracks = LiveTracks(stage)
    live = LiveRace(stage, tracks, delay_s=delay_s)
    given = 0
    for now_ms in range(START_MS, START_MS + int(1000 * seconds), int(1000 * each_s)):
        end = int(np.searchsorted(fixes.time_ms, now_ms, side="right"))
        if end > given:
            tracks.add(rows_of(fixes, slice(given, end)))
            given = end
        yield live.advance(now_ms)


def lead(*steps):
    times, leads = zip(*steps, strict=True)
    return lambda t: 12.0 * (t + np.interp(t, times, leads)) + 500.0


@pytest.fixture(scope="module")
def feed(make_race):
    """Two attack a field of 25 at 400 s, are a minute away, and are caught at 1300 s; one is dropped."""
    ways = {bib: lead((0, -0.1 * bib)) for bib in range(3, 27)}
    ways |= {bib: lead((400, -0.1 * bib), (500, 60.0), (1200, 60.0), (1300, -0.1 * bib)) for bib in (1, 2)}
    ways[27] = lead((700, -2.7), (800, -50.0))
    stage = make_race({bib: lead((0, 0.0)) for bib in ways}).stage
    return stage, fixes_of(stage, ways, noise_m=2.0)


def by_bib(race, state, values):
    return dict(zip(state.riders.bibs.tolist(), values.tolist(), strict=True))


def test_live_agrees_with_afterwards(feed):
    stage, fixes = feed
    afterwards = Race(stage, Motion(put_on_road(fixes, stage), stage.route))
    apart = []
    for race in played(stage, fixes, seconds=1700):
        if race.end_ms < START_MS + 60_000 or race.end_ms % 10_000:
            continue
        now, then = race.at(race.end_ms), afterwards.at(race.end_ms)
        live, batch = by_bib(race, now, now.gap_s), by_bib(afterwards, then, then.gap_s)
        assert set(live) == set(batch)
        apart += [abs(live[bib] - batch[bib]) for bib in live]
        members = [
            {frozenset(state.riders.bibs[group.riders].tolist()) for group in state.groups}
            for state in (now, then)
        ]
        if race.end_ms % 60_000 == 0 and not 480_000 < race.end_ms - START_MS < 520_000:
            assert members[0] == members[1]
    assert np.nanmedian(apart) < 0.3
    assert np.nanquantile(apart, 0.95) < 1.0
    kinds = [(event.kind, sorted(event.bibs)) for event in race.events]
    assert kinds == [(event.kind, sorted(event.bibs)) for event in afterwards.events]
    assert [kind for kind, _ in kinds] == ["attack", "dropped", "catch"]
    for live_event, event in zip(race.events, afterwards.events, strict=True):
        assert live_event.time_ms == pytest.approx(event.time_ms, abs=15_000)
        assert live_event.distance_m == pytest.approx(event.distance_m, abs=200.0)


def test_what_was_said_of_a_moment_stays(feed):
    """Groups, ids, order, places and gaps of a moment are the same whenever they are asked for."""
    stage, fixes = feed
    said = {}
    for race in played(stage, fixes, seconds=1500):
        if race.end_ms > START_MS + 30_000 and race.end_ms % 20_000 == 0:
            said[race.end_ms] = race.at(race.end_ms)
    assert len(said) > 60
    for time_ms, before in said.items():
        after = race.at(time_ms)
        assert [group.id for group in after.groups] == [group.id for group in before.groups]
        assert (after.order == before.order).all()
        assert (after.group == before.group).all()
        assert after.riders.distance_m == pytest.approx(before.riders.distance_m, abs=1e-6)
        assert after.riders.speed_mps == pytest.approx(before.riders.speed_mps, abs=1e-6)
        assert after.gap_s == pytest.approx(before.gap_s, abs=0.5, nan_ok=True)


def test_frames_and_seconds_give_the_same(feed):
    """How often the race is advanced changes nothing, and a long pause is made good."""
    stage, fixes = feed
    *_, often = played(stage, fixes, each_s=0.2, seconds=300)
    *_, seldom = played(stage, fixes, each_s=1.0, seconds=300)
    time_ms = min(often.end_ms, seldom.end_ms) - 5000
    assert often.at(time_ms).riders.distance_m == pytest.approx(seldom.at(time_ms).riders.distance_m, abs=1.0)
    tracks = LiveTracks(stage)
    live = LiveRace(stage, tracks)
    tracks.add(rows_of(fixes, slice(0, 2000)))
    ends = [live.advance(START_MS + 3_600_000).end_ms for _ in range(8)]
    assert ends[0] == pytest.approx(START_MS + 600_000, abs=5000)
    assert ends[-1] == pytest.approx(START_MS + 3_600_000 - 1000 * DELAY_S, abs=3000)


def test_riders_who_come_later_have_no_past(feed):
    stage, fixes = feed
    late = fixes.bibs[fixes.rider] == 26
    kept = np.flatnonzero(~late | (fixes.time_ms > START_MS + 200_000))
    for race in played(stage, rows_of(fixes, kept), seconds=330):
        state = race.at(race.end_ms)
        assert len(state.riders.bibs) == len(state.gap_s) == len(state.group)
    assert 26 in state.riders.bibs
    assert len(race.at(START_MS + 100_000).order) == 26
    number = int(np.flatnonzero(state.riders.bibs == 26)[0])
    assert number == 26
    assert state.group[number] >= 0


def test_before_anything_came_nobody_is_there(feed):
    stage, _ = feed
    live = LiveRace(stage, LiveTracks(stage))
    race = live.advance(START_MS)
    state = race.at(START_MS)
    assert len(state.order) == 0
    assert state.groups == ()
    assert race.events == ()


@pytest.mark.real
def test_a_real_race_live_and_afterwards(foix_replay, foix_recording):
    """The first 70 minutes of the stage to Foix, with the holes and late fixes of the real feed.

    A display delay of 40 s covers the feed's holes of 36 s, so that both know the same.
    """
    from tracker3d.feed import read_feed

    stage = foix_replay.package.stage
    fixes = read_feed(foix_recording, stage=stage)
    usable = np.flatnonzero((fixes.flags & 1) == 0)
    fixes = rows_of(fixes, usable[np.argsort(fixes.time_ms[usable], kind="stable")])
    first_ms = int(fixes.time_ms[0])
    moved = dataclasses.replace(fixes, time_ms=fixes.time_ms - first_ms + START_MS)
    apart, alike = [], []
    for race in played(stage, moved, seconds=4200, delay_s=40.0):
        if race.end_ms < START_MS + 300_000 or (race.end_ms - START_MS) // 1000 % 60:
            continue
        now, then = race.at(race.end_ms), foix_replay.race.at(race.end_ms - START_MS + first_ms)
        live = by_bib(race, now, now.gap_s)
        batch = by_bib(foix_replay.race, then, then.gap_s)
        shared = [bib for bib in live if bib in batch]
        apart += [abs(live[bib] - batch[bib]) for bib in shared]
        live_group, batch_group = by_bib(race, now, now.group), by_bib(foix_replay.race, then, then.group)
        ours = np.array([live_group[bib] for bib in shared])
        theirs = np.array([batch_group[bib] for bib in shared])
        alike.append(np.mean((ours[:, None] == ours) == (theirs[:, None] == theirs)))
    assert np.nanmedian(apart) < 0.5
    assert np.nanquantile(apart, 0.95) < 3.0
    assert np.mean(alike) > 0.97
