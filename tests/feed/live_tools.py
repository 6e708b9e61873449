"""A small race as events, and a faulty server of it in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker3d.feed.columns import FixColumns
from tracker3d.feed.gathering import ReportBook
from tracker3d.feed.racecenter import add_events, mark_rows
from tracker3d.feed.server import FeedServer, Playlist

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.feed import Fixes
    from tracker3d.feed.live import LiveFeed
    from tracker3d.feed.server import Faults
    from tracker3d.stage.model import Stage

FIRST_S = 1_783_420_242
TICK_MS = 5_000


def race_events(frames: int, riders: int = 5) -> list[bytes]:
    """Frames 5 s apart, each with its own positions; every tenth beside one of vehicles."""
    events = []
    for index in range(frames):
        stamp = FIRST_S + 5 * index
        rows = [
            {
                "Bib": bib,
                "Latitude": round(43.0 + index * 1e-5, 6),
                "Longitude": round(1.5 + bib * 1e-5, 6),
                "kph": 36.0,
                "kmToFinish": 12.5,
                "secToFirstRider": bib,
            }
            for bib in range(1, riders + 1)
        ]
        events.append(_event("telemetryCompetitor-2026", stamp, Riders=rows))
        if index % 10 == 0:
            car = {"Id": 3, "Name": "Car", "Latitude": 43.0, "Longitude": 1.5 + index * 1e-5, "kph": 40.0}
            events.append(_event("extraVehicle-2026-4", stamp, Vehicles=[car]))
    return events


def _event(bind: str, stamp: int, **more: Any) -> bytes:
    data = {"TimeStamp": stamp, "StageId": "400", "_updatedAt": stamp * 1000 + 2500, **more}
    return json.dumps({"bind": bind, "data": data}, separators=(",", ":")).encode()


def playlist_of(events: list[bytes], *, rest: dict[str, Any] | None = None) -> Playlist:
    return Playlist("race", [index * TICK_MS for index in range(len(events))], events, rest or {})


class ServerThread:
    """A feed server on a free port of the loopback."""

    def __init__(self, playlist: Playlist, *, speed: float, faults: Faults, port: int = 0) -> None:
        self.sent: list[bytes] = []
        self.ended = threading.Event()
        self._ready = threading.Event()
        server = FeedServer(playlist, speed=speed, faults=faults, sent=self.sent.append)
        self._thread = threading.Thread(target=self._serve, args=(server, port), daemon=True)
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"

    def _serve(self, server: FeedServer, port: int) -> None:
        async def main() -> None:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            await server.run("127.0.0.1", port, ready=self._note_port, ended=self.ended.set)

        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(main())

    def _note_port(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def __enter__(self) -> ServerThread:
        return self

    @property
    def serving(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        """From any thread; the server's own included."""
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._task.cancel)

    def __exit__(self, *_: object) -> None:
        self.end()
        self._thread.join(10)
        assert not self.serving, "the server did not end"


def decode_events(events: list[str], *, stage: Stage, path: Path = Path("race.json.gz")) -> Fixes:
    """What the reader of recordings does with the texts of events."""
    columns = FixColumns()
    add_events(events, stage=stage, columns=columns, book=ReportBook(stage))
    mark_rows(columns, time_trial=stage.time_trial or columns.time_trial)
    return columns.to_fixes(path)


def rows_of(fixes: Fixes) -> set[tuple[int, int, float, float]]:
    """Bib, time and place of each fix."""
    bibs = fixes.bibs[fixes.rider].tolist()
    return set(zip(bibs, fixes.time_ms.tolist(), fixes.lat_deg.tolist(), fixes.lon_deg.tolist(), strict=True))


def wait_until(holds: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come about in time"
        time.sleep(0.01)


def take_all(feed: LiveFeed, *, until: Callable[[], bool], timeout_s: float = 30.0) -> list[Any]:
    """Everything that comes until something holds, and a moment after it."""
    messages: list[Any] = []
    end_s = time.monotonic() + timeout_s
    while not until():
        assert time.monotonic() < end_s, "it did not come about in time"
        messages.extend(feed.take(timeout_s=0.05))
    wait_until(lambda: feed.health.quiet_s is not None and feed.health.quiet_s > 0.3)
    return messages + feed.take()
