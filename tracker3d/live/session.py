"""One live race: feed, recording, tracking and race, in a thread of its own."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self

import numpy as np

from tracker3d.feed import FixFlag
from tracker3d.feed.live import open_live, parse_address
from tracker3d.feed.log import LogReader, is_log
from tracker3d.feed.recorder import Recorder, segments
from tracker3d.feed.stream import FixStream
from tracker3d.live.clock import FeedClock
from tracker3d.live.health import LOST_AGE_S, Connection, SessionHealth, connection_of
from tracker3d.race.live import LiveRace
from tracker3d.race.positions import ROW_MS
from tracker3d.race.roster import with_feed_facts
from tracker3d.track.live import LiveTracks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from tracker3d.feed import Fixes
    from tracker3d.feed.live import LiveFeed
    from tracker3d.feed.live.transport import Source
    from tracker3d.feed.message import Message
    from tracker3d.feed.reports import Reports
    from tracker3d.race import Race
    from tracker3d.stage import StagePackage
    from tracker3d.stage.model import Stage

_LOG = logging.getLogger(__name__)
_WAIT_S = 0.1
_HEALTH_S = 0.5
_SLICE_MS = 20_000.0
_SLICES = 20
_SLACK_MS = 400.0
"""For the worker to come round, at the race's own speed."""

_REPORTS_S = 2.0
_MOST_FAULTS = 10
_REST_S = 0.0005
"""Between two slices of work, so that the thread that draws gets the interpreter at once."""

_WORK_S = 0.01
"""While a recording is read back it works so long between two rests."""

_READ_BACK_ROWS = 120
"""So many seconds of a race are grouped at once while a recording is read back."""


class LiveSession:
    """A race as it is ridden; any moment up to now can be shown, and shown again.

    Nothing raises once it runs: what goes wrong is counted and told by :attr:`health`. The feed may go and
    come back; riders then fade and ease over to what news says, as
    :class:`~tracker3d.track.live_motion.LiveMotion` has it, and nothing jumps.

    Parameters
    ----------
    package : StagePackage
    address : str
        As :func:`~tracker3d.feed.live.open_live` reads it.
    record_folder : Path, optional
        A log, begun or continued; nothing is recorded without one. What a log holds already is read back
        first, as it came, so that after a crash the whole race is there.
    smoothing_s : float
        How long positions are waited for, so that riders are between two of them rather than guessed.
    wall_clock : callable
        Seconds of a monotonic clock; the same that :meth:`edge_ms` is asked with.
    source : Source, optional
        Instead of the one that the address asks for.

    Raises
    ------
    InputError
        ``address`` is no address of a feed.
    OutputError
        The recording cannot be begun.
    """

    def __init__(
        self,
        package: StagePackage,
        address: str,
        *,
        record_folder: Path | None = None,
        smoothing_s: float = 8.0,
        wall_clock: Callable[[], float] = time.monotonic,
        source: Source | None = None,
    ) -> None:
        self.package = package
        self.address = parse_address(address)
        self.record_folder = record_folder
        self.smoothing_s = smoothing_s
        self._url, self._source, self._wall_clock = address, source, wall_clock
        self._stage = package.stage
        self._stream = FixStream(package.stage)
        self._tracks = LiveTracks(package.stage)
        self._live = LiveRace(package.stage, self._tracks, delay_s=smoothing_s)
        self._clock = FeedClock()
        self._advanced_ms: float | None = None
        self._told: Reports | None = None
        self._told_s = self._health_s = -np.inf
        self._rested_s = 0.0
        self._newest_ms: NDArray[np.float64] = np.zeros(0)
        self._faults: deque[str] = deque(maxlen=_MOST_FAULTS)
        self._health = SessionHealth(says=f"Connecting to {self.address.shown}.")
        self._stop = threading.Event()
        self._feed: LiveFeed | None = None
        self._recorder: Recorder | None = None
        self._old_segments: list[Path] = []
        self._reading_back = False
        self._thread = threading.Thread(target=self._run, name="live session", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to record and to receive."""
        folder = self.record_folder
        if folder is not None:
            self._old_segments = segments(folder) if folder.is_dir() and is_log(folder) else []
            self._reading_back = bool(self._old_segments)
            self._recorder = Recorder(folder, about={"from": self.address.shown})
        self._feed = open_live(self._url, recorder=self._recorder, source=self._source)
        self._thread.start()

    def close(self) -> None:
        """End the connection and the recording; what was received can still be shown."""
        self._stop.set()
        if self._feed is not None:
            self._feed.close()
            self._thread.join()
        if self._recorder is not None:
            self._recorder.close()

    @property
    def race(self) -> Race:
        """The race so far: always the same object, which grows; readers never wait for it."""
        return self._live.race

    @property
    def stage(self) -> Stage:
        """The stage with everybody who sends a position; another object when somebody new does."""
        return self._stage

    @property
    def reading_back(self) -> bool:
        """Whether what an earlier session recorded is still being read."""
        return self._reading_back

    @property
    def health(self) -> SessionHealth:
        """How it goes; made twice a second, reading it costs nothing."""
        return self._health

    def edge_ms(self, wall_s: float) -> int | None:
        """Return the newest moment that can be shown; None before anything has come.

        It moves evenly with the wall clock, and is at most the race's end. While a recording is read back it
        is None too: nobody wants to see hours of a race on air within seconds.
        """
        now_ms = self._clock.now_ms(wall_s)
        race = self._live.race
        if self._reading_back or np.isnan(now_ms) or race.end_ms <= race.start_ms:
            return None
        lag_ms = 1000.0 * self.smoothing_s + 2.0 * ROW_MS + _SLACK_MS * max(self._clock.rate, 1.0)
        return int(max(min(now_ms - lag_ms, race.end_ms), race.start_ms))

    def _run(self) -> None:
        for path in self._old_segments:
            self._read_back(path)
        self._reading_back = False
        assert self._feed is not None
        while not self._stop.is_set():
            messages = self._feed.take(timeout_s=_WAIT_S)
            self._guarded(self._pass, messages)
            if not messages and self._feed.health.ended:
                self._stop.wait(_WAIT_S)
        self._guarded(self._pass, self._feed.take())
        self._publish(self._wall_clock())

    def _guarded(self, work: Callable[[list[Message]], None], messages: list[Message]) -> None:
        try:
            work(messages)
        except Exception as error:  # the show goes on, whatever a feed makes of us
            _LOG.exception("the live session")
            self._faults.append(f"{type(error).__name__}: {error}")

    def _pass(self, messages: list[Message]) -> None:
        """Take in what has come, and let the race go on to now."""
        wall_s, utc_ms = self._wall_clock(), time.time() * 1000.0
        for message in messages:
            age_s = min(max((utc_ms - message.receive_ms) / 1000.0, 0.0), 60.0)
            self._take(message, wall_s - age_s)
            self._rest()
        self._advance(self._wall_clock())
        self._publish(self._wall_clock())

    def _read_back(self, path: Path) -> None:
        """Let what a segment of the log holds come once more, at the times when it came."""
        try:
            messages = LogReader(path).read()
        except Exception as error:  # a damaged log costs what was in it
            self._faults.append(str(error))
            return
        from_utc_s = self._wall_clock() - time.time()
        for message in messages:
            if self._stop.is_set():
                return
            wall_s = from_utc_s + message.receive_ms / 1000.0
            self._guarded(lambda taken, at_s=wall_s: self._again(taken[0], at_s), [message])  # type: ignore[misc]
        self._publish(self._wall_clock(), reading_back=True)

    def _again(self, message: Message, wall_s: float) -> None:
        self._take(message, wall_s)
        self._advance(wall_s, hold_rows=_READ_BACK_ROWS)
        self._publish(self._wall_clock(), reading_back=True)
        if time.perf_counter() - self._rested_s > _WORK_S:
            self._rest()

    def _take(self, message: Message, wall_s: float) -> None:
        fixes = self._stream.add([message])
        riding = fixes.time_ms[(fixes.flags & FixFlag.PARKED) == 0]
        if len(fixes):
            self._tracks.add(fixes)
            self._note_riders(fixes)
        self._clock.note(wall_s, float(np.median(riding)) if len(riding) else None)

    def _note_riders(self, fixes: Fixes) -> None:
        if len(self._newest_ms) < len(self._tracks.bibs):
            more = len(self._tracks.bibs) - len(self._newest_ms)
            self._newest_ms = np.append(self._newest_ms, np.full(more, -np.inf))
            self._stage = with_feed_facts(self._stage, dataclasses.replace(fixes, jerseys={}))
        order = {int(bib): index for index, bib in enumerate(self._tracks.bibs)}
        rider = np.array([order[int(bib)] for bib in fixes.bibs], np.int64)[fixes.rider]
        np.maximum.at(self._newest_ms, rider, fixes.time_ms.astype(float))

    def _advance(self, wall_s: float, *, hold_rows: int = 1) -> None:
        self._clock.note(wall_s)
        if not self._clock.running or not len(self._tracks.bibs):
            return
        until_ms = self._clock.now_ms(wall_s)
        if self._advanced_ms is None:
            self._advanced_ms = float(self._tracks.start_ms)
        for _ in range(_SLICES):
            reports = self._news(wall_s)
            self._advanced_ms = min(until_ms, self._advanced_ms + _SLICE_MS)
            self._live.advance(self._advanced_ms, reports, hold_rows=hold_rows)
            if self._advanced_ms >= until_ms:
                return
            if hold_rows == 1:
                self._rest()

    def _news(self, wall_s: float) -> Reports | None:
        """Return the reports where they have changed, and not too often: they are put in order anew."""
        if wall_s - self._told_s < _REPORTS_S:
            return None
        self._told_s = wall_s
        reports = self._stream.reports
        if reports is self._told:
            return None
        self._told = reports
        return reports

    def _rest(self) -> None:
        time.sleep(_REST_S)
        self._rested_s = time.perf_counter()

    def _publish(self, wall_s: float, *, reading_back: bool = False) -> None:
        if wall_s - self._health_s < _HEALTH_S or self._feed is None:
            return
        self._health_s = wall_s
        feed, stream = self._feed.health, self._stream
        connection, says = connection_of(feed, self.address.shown)
        if reading_back:
            connection, says = Connection.READING_BACK, "Reading back what was recorded before."
        now_ms, edge_ms = self._clock.now_ms(wall_s), self.edge_ms(wall_s)
        age_s = np.maximum((now_ms - self._newest_ms) / 1000.0, 0.0)
        lost = self._tracks.bibs[: len(age_s)][age_s > LOST_AGE_S]
        disk = feed.recording
        self._health = SessionHealth(
            connection=connection,
            says=says,
            messages=feed.messages,
            bytes_received=feed.bytes_received,
            connections=feed.connections,
            rate_per_s=feed.rate_per_s,
            quiet_s=feed.quiet_s,
            latency_s=None if stream.delay_ms is None else stream.delay_ms / 1000.0,
            skew_s=None if stream.skew_ms is None else stream.skew_ms / 1000.0,
            behind_s=None if edge_ms is None else (now_ms - edge_ms) / 1000.0,
            bibs=self._tracks.bibs,
            age_s=age_s,
            lost_bibs=tuple(sorted(lost.tolist())),
            refused=dict(stream.dropped),
            late_fixes=stream.late_fixes,
            dropped=feed.dropped,
            recorded_bytes=0 if disk is None else disk.bytes_written,
            recorded_messages=0 if disk is None else disk.messages,
            recording_lost=0 if disk is None else disk.lost,
            recording_trouble="" if disk is None else disk.trouble,
            faults=tuple(self._faults),
        )
