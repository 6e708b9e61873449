"""Which time it is in the race, told by what arrives."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

_SAMPLES = 15
_QUIET_S = 1.0
"""Up to this error the clock is corrected so gently that nobody sees it."""

_GENTLE_PER_S = 0.02
_CHASE_S = 2.0
_SLOWEST, _FASTEST = 0.5, 200.0
_LOST_S = 120.0
"""Where the clock is so far behind, nothing of what it shows is worth gliding over."""


class _Line(NamedTuple):
    """``error_ms`` is what was to be made good when the line began; past that it runs as the race does."""

    wall_s: float
    now_ms: float
    rate: float
    error_ms: float = 0.0

    def at_ms(self, wall_s: float) -> float:
        elapsed_ms = 1000.0 * max(wall_s - self.wall_s, 0.0)
        made_good_ms = (self.rate - 1.0) * elapsed_ms
        if abs(made_good_ms) > abs(self.error_ms):
            made_good_ms = self.error_ms
        return self.now_ms + elapsed_ms + made_good_ms


class FeedClock:
    """Race time as a function of wall time, learned from when positions arrive.

    A position measured at race time m arrives some seconds later; typically it arrives when this clock shows
    m. So the machine's clock may be wrong, the race may be a recording of last year, and it may be sent at
    sixty times its speed. The clock is a line that is bent a little with every batch: it never goes back, and
    goes ahead by a jump only where it is minutes behind, such as after the machine has slept. One frame from
    the future, or a few late ones, do not move it, since it follows the median of the last batches. However
    long nobody notes anything, as on a machine that is busy, it never runs past what it makes good.

    One thread may call :meth:`note` while others read.
    """

    def __init__(self) -> None:
        self._behind_ms: deque[float] = deque(maxlen=_SAMPLES)
        self._line: _Line | None = None

    @property
    def running(self) -> bool:
        """Whether anything has arrived yet."""
        return self._line is not None

    @property
    def rate(self) -> float:
        """Race seconds per second: 1, but while an error is made good, and for recordings sent faster."""
        return 1.0 if self._line is None else self._line.rate

    def now_ms(self, wall_s: float) -> float:
        """Return race time, milliseconds since 1970 UTC; NaN before anything has arrived."""
        line = self._line
        if line is None:
            return math.nan
        return line.at_ms(wall_s)

    def note(self, wall_s: float, measured_ms: float | None = None) -> None:
        """Go on to a wall time, with the time of the positions that have arrived then, if any have.

        Parameters
        ----------
        wall_s : float
            Seconds of any monotonic clock, the same as for :meth:`now_ms`.
        measured_ms : float, optional
            When the positions of a batch were measured, their median.
        """
        if measured_ms is not None:
            self._behind_ms.append(1000.0 * wall_s - measured_ms)
        if not self._behind_ms:
            return
        ordered = sorted(self._behind_ms)
        wanted_ms = 1000.0 * wall_s - ordered[len(ordered) // 2]
        line = self._line
        if line is None or wanted_ms - self.now_ms(wall_s) > 1000.0 * _LOST_S * max(line.rate, 1.0):
            self._line = _Line(wall_s, wanted_ms, 1.0)
        elif wall_s > line.wall_s:
            now_ms = self.now_ms(wall_s)
            error_ms = wanted_ms - now_ms
            self._line = _Line(wall_s, now_ms, _rate(error_ms / 1000.0), error_ms)


def _rate(error_s: float) -> float:
    """How fast to run with an error: hardly otherwise than the race where it is small."""
    gentle = _GENTLE_PER_S * min(max(error_s, -_QUIET_S), _QUIET_S)
    beyond_s = math.copysign(max(abs(error_s) - _QUIET_S, 0.0), error_s)
    return min(max(1.0 + gentle + beyond_s / _CHASE_S, _SLOWEST), _FASTEST)
