"""A live show for hours: memory, cost of a tick of the window's thread, and how fast a log is read back.

    python tests/bench/bench_live.py PACKAGE RECORDING [speed] [minutes]

The recording is sent by the feed server, in another process, with the faults of the real one, at x60 unless
said otherwise; a show over it draws frames (no pixels) 25 times a second, live and in replay in turn.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tracker3d.feed.server import FAULTS, FeedServer, read_playlist
from tracker3d.live import LiveSession
from tracker3d.show import Show, Side, open_show

_TICK_S = 0.04
_PX = (1920, 1080)
_SAMPLE_S = 1.0


def resident_mb() -> float:
    """Resident memory of this process."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 / 1e6


def serve(path: Path, speed: float, pipe: multiprocessing.connection.Connection) -> None:
    """Serve a recording until told to stop."""
    import asyncio

    async def main() -> None:
        server = FeedServer(read_playlist(path), speed=speed, faults=FAULTS["real"])
        task = asyncio.create_task(
            server.run("127.0.0.1", 0, ready=pipe.send, ended=lambda: pipe.send("ended"))
        )
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        task.cancel()

    asyncio.run(main())


def soak(
    show: Show, session: LiveSession, until: float, ended: multiprocessing.connection.Connection
) -> None:
    """Draw frames to the end of the race and print what it took."""
    began_s, sampled_s = time.monotonic(), 0.0
    memory: list[tuple[float, float]] = []
    frame_ms: list[float] = []
    health_ms: list[float] = []
    late_ms: list[float] = []
    wall_s = began_s
    while wall_s < until and not ended.poll():
        wall_s = time.monotonic()
        begun_s = time.perf_counter()
        show.frame(Side.PROGRAM, wall_s, _PX)
        frame_ms.append(1000.0 * (time.perf_counter() - begun_s))
        begun_s = time.perf_counter()
        _ = session.health
        health_ms.append(1000.0 * (time.perf_counter() - begun_s))
        if wall_s > sampled_s + _SAMPLE_S:
            sampled_s = wall_s
            race_s = (session.race.end_ms - session.race.start_ms) / 1000.0
            memory.append((race_s, resident_mb()))
            _change(show, round(race_s), wall_s)
        due_s = wall_s + _TICK_S
        time.sleep(max(due_s - time.monotonic(), 0.0))
        late_ms.append(1000.0 * (time.monotonic() - due_s))
    report(session, memory, frame_ms[100:], health_ms[100:], late_ms[100:])


def _change(show: Show, race_s: int, wall_s: float) -> None:
    """Do what operators do: another camera, a replay of the past, and live again."""
    shots = show.document.shots
    show.cue(shots[race_s % len(shots)].key, wall_s)
    show.cut(wall_s)
    clock = show.program.clock
    if race_s % 3 == 0:
        clock.replay_from(show.source.span(wall_s).end_ms - 120_000, wall_s)
    else:
        clock.go_live(wall_s)


def report(
    session: LiveSession,
    memory: list[tuple[float, float]],
    frame_ms: list[float],
    health_ms: list[float],
    late_ms: list[float],
) -> None:
    """Print the figures."""
    health = session.health
    print(f"{health.says} {health.messages:,} messages, {len(health.bibs)} riders, faults {health.faults}")
    print(
        f"recorded {health.recorded_bytes / 1e6:.0f} MB; lost {health.recording_lost}; "
        f"dropped {health.dropped}"
    )
    for name, values in (("frame", frame_ms), ("health", health_ms), ("late wake-up", late_ms)):
        p50, p95, p99 = np.quantile(values, [0.5, 0.95, 0.99])
        print(f"{name:13} ms: median {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f}, largest {max(values):.1f}")
    times_s, sizes_mb = np.array(memory).T
    for race_s in (60, 600, 1800, 3600, 2 * 3600, 3 * 3600, 4 * 3600, 5 * 3600):
        at = int(np.searchsorted(times_s, race_s))
        if at < len(times_s):
            print(f"after {race_s / 60:4.0f} min of race {sizes_mb[at]:6.1f} MB resident")
    after = sizes_mb[np.searchsorted(times_s, 600) :]
    if len(after):
        print(
            f"at the end, {times_s[-1] / 60:.0f} min, {after[-1]:.1f} MB resident: "
            f"{after[-1] - after[0]:+.1f} MB since 10 min"
        )


def main(package: Path, recording: Path, speed: float, minutes: float) -> None:
    """Run the soak, then read its log back."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(recording, speed, there))
    server.start()
    port = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        opened = open_show(package, f"http://127.0.0.1:{port}/live-stream", record_folder=log)
        assert opened.session is not None
        show = Show(opened.scene, opened.source)
        wall_s = time.monotonic()
        show.cue("leader", wall_s)
        show.take(wall_s)
        show.program.clock.go_live(wall_s)
        soak(show, opened.session, wall_s + 60.0 * minutes, here)
        opened.close()
        end_ms = opened.session.race.end_ms
        here.send("stop")
        server.join()
        began_s = time.monotonic()
        with LiveSession(opened.package, "http://127.0.0.1:9/", record_folder=log) as session:
            while session.race.end_ms < end_ms - 60_000 and time.monotonic() < began_s + 200.0:
                time.sleep(0.05)
            taken_s = time.monotonic() - began_s
            length_s = (session.race.end_ms - session.race.start_ms) / 1000.0
            print(f"{length_s / 60:.0f} min of race read back in {taken_s:.1f} s")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        float(sys.argv[3]) if len(sys.argv) > 3 else 60.0,
        float(sys.argv[4]) if len(sys.argv) > 4 else 6.0,
    )
