"""Opening a stage and its race in a thread of its own, the ground first."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, SignalInstance

from terrain.errors import TerrainError
from tracker3d.app.time_axis import History, head_history
from tracker3d.errors import Tracker3DError

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.progress import Progress
    from tracker3d.race import Race
    from tracker3d.scene.style import Theme
    from tracker3d.show.opening import OpenShow

_HISTORY_STEPS = 2000
_AT_LINE_M = 50.0
_REHEARSAL_SHARE = 0.7


@dataclass(frozen=True)
class Order:
    """What is to be opened.

    Attributes
    ----------
    package : Path or None
        A stage package; None for the rehearsal, which is made where it is not there yet.
    feed : str
        Path of a recording or log, or the address of a live feed; empty: the stage alone.
    record_folder : Path, optional
        Where a live feed is recorded; a log that is there is read back and continued.
    common_start : bool
        Show the recording of a time trial as if everybody had started together.
    """

    package: Path | None
    feed: str = ""
    record_folder: Path | None = None
    common_start: bool = False

    @property
    def title(self) -> str:
        """What is said while it is opened."""
        return "Rehearsal" if self.package is None else self.package.stem


@dataclass(frozen=True)
class LoadedRace:
    """A race that can be shown, and where its head was."""

    opened: OpenShow
    history: History | None


class _StoppedError(Exception):
    """It is not wanted any more."""


class Loader(QObject):
    """Opens what was ordered; every signal arrives in the thread of the window.

    Signals
    -------
    can_draw
        What draws has been imported.
    progressed : str, float
        What it is doing, and how much of the whole is done.
    stage_ready : object
        An :class:`~tracker3d.show.opening.OpenShow` on which nobody rides yet.
    race_ready : object
        :class:`LoadedRace`; without a feed it never comes.
    failed : str, bool
        One plain sentence; whether there is at least a stage to show.
    """

    can_draw = Signal()
    progressed = Signal(str, float)
    stage_ready = Signal(object)
    race_ready = Signal(object)
    failed = Signal(str, bool)

    def __init__(self, order: Order, *, theme: Theme | None = None) -> None:
        super().__init__()
        self.order = order
        self._theme = theme
        self._has_stage = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader")

    @property
    def has_feed(self) -> bool:
        """Whether there is a race to read."""
        return bool(self.order.feed) or self.order.package is None

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End early and wait until it has ended; no signal is sent any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        from tracker3d.show.opening import open_show

        opened: OpenShow | None = None
        try:
            # Seconds that the thread of the window has not.
            import tracker3d.app.view  # noqa: F401

            self._send(self.can_draw)
            package, feed, progress = self._files()
            opened = open_show(
                package,
                feed or None,
                theme=self._theme,
                record_folder=self.order.record_folder,
                common_start=self.order.common_start,
                progress=progress,
                stage_ready=self._stage_is_ready,
            )
            if feed:
                history = None if opened.live else history_of(opened.source.race)
                self._send(self.race_ready, LoadedRace(opened, history))
        except _StoppedError:
            if opened is not None:
                opened.close()
        except (Tracker3DError, TerrainError) as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"This cannot be opened because of a fault in the program ({error!r}).")

    def _files(self) -> tuple[Path, str, Progress]:
        """Return package, feed and how progress is told; the rehearsal is made first where wanted."""
        if self.order.package is not None:
            return self.order.package, self.order.feed, self._progress
        from platformdirs import user_cache_path

        from tracker3d.feed.rehearsal import make

        folder = user_cache_path("tracker3d", appauthor=False) / "rehearsal"
        folder.mkdir(parents=True, exist_ok=True)
        share = 0.0

        def making(text: str, fraction: float) -> None:
            nonlocal share
            share = _REHEARSAL_SHARE
            self._progress(f"making the rehearsal, once: {text}", _REHEARSAL_SHARE * fraction)

        files = make(folder, progress=making)

        def opening(text: str, fraction: float) -> None:
            self._progress(text, share + (1.0 - share) * fraction)

        return files.package, str(files.recording), opening

    def _stage_is_ready(self, opened: OpenShow) -> None:
        self._send(self.stage_ready, opened)
        self._has_stage = True

    def _progress(self, text: str, fraction: float) -> None:
        self._send(self.progressed, text[:1].upper() + text[1:], fraction)

    def _fail(self, text: str) -> None:
        if not self._stopped.is_set():
            self.failed.emit(text, self._has_stage)

    def _send(self, signal: SignalInstance, *arguments: object) -> None:
        if self._stopped.is_set():
            raise _StoppedError
        signal.emit(*arguments)


def history_of(race: Race) -> History:
    """Return where the head of a race was so far; for any thread."""
    times_ms = np.linspace(race.start_ms, race.end_ms, _HISTORY_STEPS).astype(np.int64)
    return head_history(times_ms, race.motion.distances(times_ms), race.motion.bibs)


def live_history_of(race: Race) -> History:
    """Return the same of a race that goes on: where its head stands at the end, it has not finished yet."""
    history = history_of(race)
    known_m = np.nan_to_num(history.head_m, nan=-np.inf)
    if known_m[-1] >= race.stage.route.finish_m - _AT_LINE_M:
        return history
    last = max(int(np.searchsorted(known_m, known_m[-1] - 1.0)) + 1, 2)
    return History(history.times_ms[:last], history.head_m[:last])
