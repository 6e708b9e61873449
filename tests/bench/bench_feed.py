"""The live client against the faulty server for one whole stage: what is lost, and what memory does.

Run as ``python tests/bench/bench_feed.py [RECORDING [SPEED [FAULTS]]]``; ``tracker3d demo`` makes a recording
of a simulated stage. Without arguments a race of two hours with 180 riders is sent. At 60 times its speed a
stage of two hours takes two minutes.

The client is this process, the server another, so that memory and processor time are the client's alone.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "feed"))

from conftest import a_stage
from live_tools import ServerThread, playlist_of, race_events, rows_of

from tracker3d.feed.live import open_live
from tracker3d.feed.log import LogReader
from tracker3d.feed.message import Message
from tracker3d.feed.recorder import Recorder
from tracker3d.feed.server import FAULTS, Playlist, read_playlist
from tracker3d.feed.stream import FixStream

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tracker3d.stage.model import Stage

_PAGE_MB = resource.getpagesize() / 1e6
_SAMPLE_S = 1.0
_AFTER_S = 3.0


def serve(playlist: Playlist, speed: float, faults: str, channel: Connection) -> None:
    """Serve until told to stop, then tell what was sent whole."""
    with ServerThread(playlist, speed=speed, faults=FAULTS[faults]) as server:
        channel.send(server.port)
        server.ended.wait()
        channel.send("ended")
        channel.recv()
        channel.send(server.sent)


def resident_mb() -> float:
    """Memory of this process that is not swapped out."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


def main(path: Path | None, speed: float, faults: str) -> None:
    """Print what came, what was lost, and memory at each quarter."""
    playlist = playlist_of(race_events(1_440, riders=180)) if path is None else read_playlist(path)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(playlist, speed, faults, there))
    server.start()
    port = here.recv()
    # The day of the race does not matter here: nobody knows it.
    stream, memory_mb, fixes_count, got = FixStream(_stage_without_day()), [], 0, []
    minutes = playlist.length_ms / 60_000
    print(
        f"{playlist.name}: {len(playlist.events):,} events of {minutes:.0f} min at x{speed:g}, "
        f"faults: {faults}"
    )
    with tempfile.TemporaryDirectory() as folder:
        begun_s, cpu_s = time.monotonic(), time.process_time()
        with (
            Recorder(Path(folder) / "race") as recorder,
            open_live(f"http://127.0.0.1:{port}/live-stream", recorder=recorder) as feed,
        ):
            sampled_s, until_s = begun_s, float("inf")
            while time.monotonic() < until_s:
                if here.poll():
                    here.recv()
                    until_s = time.monotonic() + _AFTER_S
                fixes_count += len(stream.add(feed.take(timeout_s=0.2)))
                if time.monotonic() >= sampled_s + _SAMPLE_S:
                    sampled_s = time.monotonic()
                    memory_mb.append(resident_mb())
            health = feed.health
        taken_s = time.monotonic() - begun_s
        cpu_s = time.process_time() - cpu_s
        got = LogReader(Path(folder) / "race").read()
    here.send("stop")
    sent = [Message(0, data) for data in here.recv()]
    server.join()
    wanted, arrived = (rows_of(FixStream(_stage_without_day()).add(messages)) for messages in (sent, got))
    print(f"  {health.messages:,} messages over {health.connections} connections in {taken_s:.0f} s,")
    print(
        f"  longest pause {health.longest_pause_s:.2f} s, processor {100 * cpu_s / taken_s:.0f} % of a core"
    )
    print(f"  {fixes_count:,} fixes live; {len(wanted):,} sent whole, {len(wanted - arrived):,} of them lost")
    print(f"  dropped: {dict(stream.dropped)}")
    quarters = [np.median(part) for part in np.array_split(memory_mb, 4) if len(part)]
    print("  resident memory by quarters: " + ", ".join(f"{value:.1f} MB" for value in quarters))


def _stage_without_day() -> Stage:
    """A stage on no known day: frames of yesterday then lose to most of late."""
    return dataclasses.replace(a_stage(), date="")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else None,
        float(sys.argv[2]) if len(sys.argv) > 2 else 60.0,
        sys.argv[3] if len(sys.argv) > 3 else "real",
    )
