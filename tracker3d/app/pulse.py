"""The pace at which the window goes on with its own work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.app.output_control import OutputControl

_STEP_MS = 15
_OUTPUT_PATIENCE_S = 0.1
"""An output that shows something more rarely than this does not set the pace."""
_SLOW_S = 0.5


class Pulse(QObject):
    """Beats by a timer; beside an output after each of its pictures, when most time is left before the next.

    Parameters
    ----------
    output : OutputControl
    wall_clock : callable
        Seconds of a monotonic clock.

    Signals
    -------
    beat
        The window shall go on.

    Attributes
    ----------
    slow : bool
        Something else needs the interpreter more: it beats twice a second.
    """

    beat = Signal()

    def __init__(self, output: OutputControl, *, wall_clock: Callable[[], float]) -> None:
        super().__init__()
        self.slow = False
        self._output, self._wall_clock = output, wall_clock
        self._beaten_s = -math.inf
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._due)
        output.done.connect(self._follow, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin to beat."""
        self._timer.start()

    def stop(self) -> None:
        """Beat no more."""
        self._timer.stop()

    def _due(self) -> None:
        patience_s = _SLOW_S if self.slow else _OUTPUT_PATIENCE_S if self._output.open else 0.0
        if self._wall_clock() - self._beaten_s >= patience_s:
            self._go_on()

    def _follow(self) -> None:
        if self._timer.isActive() and not self.slow:
            self._go_on()

    def _go_on(self) -> None:
        self._beaten_s = self._wall_clock()
        self.beat.emit()
