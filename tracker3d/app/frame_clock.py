"""When each frame of an even pace is due, and how evenly they came."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fractions import Fraction

_KEPT = 3000


class FrameClock:
    """Frames at exact multiples of a rational interval; what is missed is left out, never made up for.

    Parameters
    ----------
    rate : Fraction
        Frames a second.

    Attributes
    ----------
    missed : int
        Frames that were due while the one before was still being drawn.
    """

    def __init__(self, rate: Fraction) -> None:
        self.rate = rate
        self.missed = 0
        self._begun_s = 0.0
        self._number = 0
        self._painted_s: deque[float] = deque(maxlen=_KEPT)

    def start(self, wall_s: float) -> None:
        """Begin; the first frame is due now."""
        self._begun_s, self._number = wall_s, 0
        self._painted_s.clear()
        self.missed = 0

    @property
    def due_s(self) -> float:
        """When the next frame is due."""
        return self._begun_s + float(self._number / self.rate)

    def wait_ms(self, wall_s: float) -> int:
        """Return whole milliseconds until the next frame is due."""
        return max(math.floor(1000.0 * (self.due_s - wall_s) + 0.5), 0)

    def next(self, wall_s: float) -> float:
        """Return when the frame was due that is drawn now, and go on to the next one in the future."""
        due_s = self.due_s
        late = math.floor((wall_s - due_s) * float(self.rate))
        if late > 0:
            self.missed += late
            self._number += late
            due_s = self.due_s
        self._number += 1
        return due_s

    def painted(self, wall_s: float) -> None:
        """Take note that a frame is on the screen."""
        self._painted_s.append(wall_s)

    @property
    def painted_count(self) -> int:
        """Frames that came to the screen, of the last few thousand."""
        return len(self._painted_s)

    def interval_s(self, percentile: float) -> float:
        """Return a percentile of the time between frames on the screen; NaN before there are three."""
        if len(self._painted_s) < 3:
            return math.nan
        return float(np.percentile(np.diff(np.array(self._painted_s)), percentile))
