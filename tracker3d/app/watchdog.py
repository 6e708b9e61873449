"""How long the thread of the window was away from its events: stalls that a hand would feel."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Qt, QTimer

if TYPE_CHECKING:
    from collections.abc import Iterator

BAR_S = 0.016
"""The window's thread is never away for longer, drawing apart."""

_BEAT_MS = 4
_KEPT = 200


class Stall(NamedTuple):
    """A time during which no event was answered, drawing apart.

    Attributes
    ----------
    at_s : float
        When it ended, by the monotonic clock.
    wall_s : float
        How long it lasted. On a machine with other work this counts what other processes took as well.
    busy_s : float
        How much of it this thread computed.
    """

    at_s: float
    wall_s: float
    busy_s: float


class Watchdog(QObject):
    """Beats in the event loop of the window and notes what kept it from beating.

    Time spent inside :meth:`drawing` is taken off.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stalls: deque[Stall] = deque(maxlen=_KEPT)
        self.beats = 0
        self._drawn_wall_s = self._drawn_busy_s = 0.0
        self._draws = False
        self._before: tuple[float, float] | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to watch, with nothing noted."""
        self.stalls.clear()
        self.beats, self._before = 0, None
        self._drawn_wall_s = self._drawn_busy_s = 0.0
        self._timer.start()

    def stop(self) -> None:
        """Watch no more; what was noted stays."""
        self._timer.stop()

    @property
    def worst(self) -> Stall | None:
        """The stall in which this thread computed longest."""
        return max(self.stalls, key=lambda stall: stall.busy_s, default=None)

    @contextlib.contextmanager
    def drawing(self) -> Iterator[None]:
        """Take what happens inside for drawing; once, where one drawing asks for another."""
        if self._draws:
            yield
            return
        self._draws = True
        wall_s, busy_s = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self._draws = False
            self._drawn_wall_s += time.perf_counter() - wall_s
            self._drawn_busy_s += time.thread_time() - busy_s

    def _beat(self) -> None:
        wall_s, busy_s = time.perf_counter(), time.thread_time()
        if self._before is not None:
            away_s = wall_s - self._before[0] - self._drawn_wall_s - _BEAT_MS / 1000.0
            worked_s = busy_s - self._before[1] - self._drawn_busy_s
            if away_s > BAR_S:
                self.stalls.append(Stall(time.monotonic(), away_s, worked_s))
        self._before = wall_s, busy_s
        self._drawn_wall_s = self._drawn_busy_s = 0.0
        self.beats += 1
