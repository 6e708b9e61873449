"""A live race against the faulty server: recorded, tracked, lost, found again, and replayed meanwhile."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from live_tools import ServerThread, wait_until
from race_frames import frames
from small_show import BEHIND_S, START_MS

from tracker3d.errors import InputError, OutputError
from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.feed.log import LogReader
from tracker3d.feed.message import Message
from tracker3d.feed.recorder import Recorder
from tracker3d.feed.server import FAULTS, Faults, Playlist, read_playlist
from tracker3d.live import Connection, LiveSession
from tracker3d.scene import build_scene
from tracker3d.show import LiveSource, Show, Side, open_show

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.race import Race
    from tracker3d.stage import StagePackage

SPEED = 10.0


def url_of(server: ServerThread) -> str:
    return f"http://127.0.0.1:{server.port}/live-stream"


def truth_m(bib: int, time_ms: int) -> float:
    return 10.0 * ((time_ms - START_MS) / 1000.0 + 90.0 - BEHIND_S[bib])


def places(race: Race, time_ms: int) -> dict[int, float]:
    states = race.at(time_ms).riders
    return dict(zip(states.bibs.tolist(), states.distance_m.tolist(), strict=True))


def test_a_race_with_every_fault_is_where_it_is_and_recorded(
    package: StagePackage, playlist: Playlist, tmp_path: Path
) -> None:
    faults = Faults(cut_every_s=1.0, twice=True, replayed=(2, 4), odd_every_s=0.2, crlf=True)
    with (
        ServerThread(playlist, speed=SPEED, faults=faults) as server,
        LiveSession(package, url_of(server), record_folder=tmp_path / "log") as session,
    ):
        race = session.race
        wait_until(lambda: race.end_ms > START_MS + 60_000, timeout_s=60.0)
        assert session.race is race
        end_ms = race.end_ms
        for time_ms in range(race.start_ms + 20_000, end_ms - 5_000, 7_000):
            for bib, place_m in places(race, time_ms).items():
                assert place_m == pytest.approx(truth_m(bib, time_ms), abs=25.0)
        health = session.health
        wait_until(lambda: session.health.connections > 2, timeout_s=20.0)
        assert health.connection is Connection.RECEIVING
        assert set(health.bibs.tolist()) == set(BEHIND_S)
        assert (health.age_s < 60.0).all()
        assert health.faults == ()
        assert health.recorded_bytes > 0
    assert session.health.refused["messages received twice"] > 0
    recorded = [message.data for message in LogReader(tmp_path / "log").read()]
    assert set(playlist.events[:20]) <= set(recorded)
    # what was received can still be shown
    assert places(race, end_ms)[1] == pytest.approx(truth_m(1, end_ms), abs=25.0)


def test_what_was_said_of_a_moment_stays_while_more_arrives(
    package: StagePackage, playlist: Playlist
) -> None:
    """Read by another thread, as fast as it can, while the session extends the race."""
    with (
        ServerThread(playlist, speed=30.0, faults=Faults()) as server,
        LiveSession(package, url_of(server)) as session,
    ):
        race, said, wrong = session.race, {}, []
        wait_until(lambda: race.end_ms > START_MS + 20_000, timeout_s=60.0)

        def read() -> None:
            while race.end_ms < START_MS + 240_000 and not wrong:
                state = race.at(race.end_ms)
                ids = [group.id for group in state.groups]
                said.setdefault(state.time_ms, (state.riders.distance_m, ids))
                shape = len(state.riders.bibs)
                if not shape == len(state.gap_s) == len(state.group):
                    wrong.append(state.time_ms)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(60.0)
    assert not wrong
    assert len(said) > 30
    for time_ms, (distance_m, ids) in said.items():
        again = race.at(time_ms)
        np.testing.assert_array_equal(again.riders.distance_m[: len(distance_m)], distance_m)
        assert [group.id for group in again.groups] == ids


def test_losing_and_regaining_the_feed_moves_nobody_by_a_jump(package: StagePackage, tmp_path: Path) -> None:
    """The feed is gone for 40 s of the race; the picture stays, ages show, and nobody jumps or goes back."""
    made = [(at_ms, event) for at_ms, event in frames(package, 240) if not 90_000 <= at_ms < 130_000]
    playlist = Playlist("a hole", [at_ms for at_ms, _ in made], [event for _, event in made])
    with (
        ServerThread(playlist, speed=SPEED, faults=Faults()) as server,
        LiveSession(package, url_of(server), record_folder=tmp_path / "log") as session,
    ):
        race = session.race
        wait_until(lambda: race.end_ms > START_MS + 200_000, timeout_s=90.0)
        assert session.health.faults == ()
    times_ms = np.arange(race.start_ms + 20_000, START_MS + 195_000, 1000)
    places_m = race.positions.distances(times_ms)
    step_m = np.diff(places_m, axis=0)
    assert np.isfinite(places_m).all()
    assert step_m.min() > -1e-3
    assert step_m.max() <= LARGEST_SPEED_MPS + 0.1
    ages_s = [float(race.at(int(time_ms)).riders.age_s.max()) for time_ms in times_ms[::5]]
    assert max(ages_s) > 10.0
    assert ages_s[-1] < 6.0


def test_a_server_that_goes_away_is_told_and_found_again(package: StagePackage, playlist: Playlist) -> None:
    with ServerThread(playlist, speed=SPEED, faults=Faults()) as server:
        port = server.port
        session = LiveSession(package, url_of(server))
        session.start()
        wait_until(lambda: session.health.connection is Connection.RECEIVING, timeout_s=20.0)
    try:
        wait_until(lambda: session.health.connection is Connection.LOST, timeout_s=30.0)
        assert "trying again" in session.health.says
        messages = session.health.messages
        with ServerThread(playlist, speed=SPEED, faults=Faults(), port=port):
            wait_until(lambda: session.health.messages > messages + 20, timeout_s=40.0)
            wait_until(lambda: session.health.connection is Connection.RECEIVING, timeout_s=10.0)
        assert session.health.faults == ()
    finally:
        session.close()


def test_what_was_recorded_is_read_back_and_the_race_goes_on(package: StagePackage, tmp_path: Path) -> None:
    """After a crash: the log of two minutes is there, and the feed goes on."""
    made, log = frames(package, 400), tmp_path / "log"
    from_ms = round(time.time() * 1000.0) - 125_000
    with Recorder(log) as recorder:
        for at_ms, event in made:
            if at_ms < 120_000:
                recorder.write(Message(from_ms + at_ms, event))
    rest = [(at_ms - 125_000, event) for at_ms, event in made if at_ms >= 125_000]
    playlist = Playlist("the rest", [at_ms for at_ms, _ in rest], [event for _, event in rest])
    with ServerThread(playlist, speed=1.0, faults=Faults()) as server:
        begun_s = time.monotonic()
        with LiveSession(package, url_of(server), record_folder=log) as session:
            race = session.race
            edges_ms: list[int] = []

            def off_ms() -> float:
                """How far what is shown is from where it would be had nothing happened."""
                now_s = time.monotonic()
                edge_ms = session.edge_ms(now_s)
                if edge_ms is not None:
                    edges_ms.append(edge_ms)
                wanted_ms = START_MS + 125_000 + 1000.0 * (now_s - begun_s) - 12_400
                return np.inf if edge_ms is None else abs(edge_ms - wanted_ms)

            wait_until(lambda: off_ms() < 3000.0, timeout_s=10.0)
            # what happened before is not shown once more in a hurry
            assert min(edges_ms) > START_MS + 100_000
            wait_until(lambda: race.end_ms > START_MS + 118_000, timeout_s=30.0)
            for bib, place_m in places(race, START_MS + 60_000).items():
                assert place_m == pytest.approx(truth_m(bib, START_MS + 60_000), abs=25.0)
        assert session.health.faults == ()
    assert len(LogReader(log).read()) > 60


def test_show_of_a_live_race_replays_the_past_and_goes_back(
    package: StagePackage, playlist: Playlist, tmp_path: Path
) -> None:
    with ServerThread(
        playlist, speed=SPEED, faults=FAULTS["real"] if "real" in FAULTS else Faults()
    ) as server:
        opened = open_show(package, url_of(server), record_folder=tmp_path / "log")
        try:
            assert opened.session is not None
            session = opened.session
            wait_until(lambda: session.race.end_ms > START_MS + 60_000, timeout_s=60.0)
            show = Show(opened.scene, opened.source)
            wall_s = time.monotonic()
            show.cue("leader", wall_s)
            show.take(wall_s)
            show.program.clock.go_live(wall_s)
            show.program.clock.set_delay(5.0, wall_s)
            show.cue_replay(START_MS + 30_000, wall_s)
            show.cue("peloton", wall_s)
            earliest_ms = opened.source.span(wall_s).end_ms - 5000
            preview = show.preview.frame(wall_s, (320, 180))
            program = show.program.frame(wall_s, (320, 180))
            latest_ms = opened.source.span(wall_s).end_ms - 5000
            assert preview is not None
            assert program is not None
            assert preview.time_ms == START_MS + 30_000
            # a machine that is busy has the race's end come later, at the same moment of the wall clock
            assert earliest_ms - 50 <= program.time_ms <= latest_ms + 50
            show.cut(wall_s)
            later_s = wall_s + 2.0
            replayed = show.program.frame(later_s, (320, 180))
            assert replayed is not None
            assert replayed.time_ms == START_MS + 32_000
            bytes_before = session.health.recorded_bytes
            wait_until(lambda: session.health.recorded_bytes > bytes_before, timeout_s=20.0)
            show.program.clock.go_live(later_s)
            wall_s = time.monotonic()
            assert show.program.clock.delay_s == 5.0
            earliest_ms = opened.source.span(wall_s).end_ms - 5000
            now_ms = show.now_ms(Side.PROGRAM, wall_s)
            assert earliest_ms - 50 <= now_ms <= opened.source.span(wall_s).end_ms - 4950
            assert show.fault(Side.PROGRAM) == show.fault(Side.PREVIEW) == ""
        finally:
            opened.close()


def test_a_rider_nobody_knew_gets_into_the_stage(package: StagePackage, playlist: Playlist) -> None:
    few = dataclasses.replace(package, stage=dataclasses.replace(package.stage, riders=()))
    with (
        ServerThread(playlist, speed=SPEED, faults=Faults()) as server,
        LiveSession(few, url_of(server)) as session,
    ):
        wait_until(lambda: len(session.stage.riders) == len(BEHIND_S), timeout_s=30.0)
        wait_until(lambda: session.race.end_ms > START_MS + 20_000, timeout_s=30.0)
        scene = build_scene(few.stage, few.ground)
        show = Show(scene, LiveSource(session))
        show.cue("leader", 0.0)
        assert show.preview.frame(0.0, (320, 180)) is not None
        assert show.fault(Side.PREVIEW) == ""


def test_before_anything_came_the_stage_is_shown(package: StagePackage, tmp_path: Path) -> None:
    opened = open_show(package, "http://127.0.0.1:9/live-stream", record_folder=tmp_path / "log")
    try:
        show = Show(opened.scene, opened.source)
        show.cue("overview", 1.0)
        show.take(1.0)
        show.program.clock.go_live(1.0)
        assert show.program.frame(1.0, (320, 180)) is not None
        assert opened.session is not None
        wait_until(lambda: "trying again" in opened.session.health.says, timeout_s=20.0)
        assert opened.session.edge_ms(1.0) is None
    finally:
        opened.close()


def test_no_address_and_no_place_for_the_recording_are_refused(package: StagePackage, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        LiveSession(package, "gopher://example.org/feed")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files"):
        LiveSession(package, "http://127.0.0.1:9/", record_folder=tmp_path).start()


@pytest.mark.real
def test_the_real_race_live_is_where_it_is_afterwards(
    foix_package: Path, foix_recording: Path, foix_replay: object, tmp_path: Path
) -> None:
    """Ten minutes of the stage to Foix at x20 through all faults, against the whole recording afterwards."""
    playlist = read_playlist(foix_recording).without_beginning(5_400_000)
    faults = Faults(cut_every_s=3.0, twice=True, replayed=(2, 4), odd_every_s=0.5)
    with ServerThread(playlist, speed=20.0, faults=faults) as server:
        opened = open_show(foix_package, url_of(server), record_folder=tmp_path / "log")
        session = opened.session
        assert session is not None
        try:
            race = session.race
            wait_until(lambda: race.end_ms - race.start_ms > 600_000, timeout_s=120.0)
            assert session.health.faults == ()
        finally:
            opened.close()
    apart = []
    for time_ms in range(race.start_ms + 120_000, race.end_ms - 10_000, 30_000):
        now, then = places(race, time_ms), places(foix_replay.race, time_ms)
        apart += [abs(now[bib] - then[bib]) for bib in now if bib in then]
    assert np.nanmedian(apart) < 12.0
    assert np.nanquantile(apart, 0.9) < 120.0
