"""The replay clock: which moment of the race is shown at which moment of the wall clock."""

from __future__ import annotations

import math

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""The speeds that :meth:`ReplayClock.step_speed` goes through, in race seconds per second."""

_SLOWEST, _FASTEST = SPEEDS[0], SPEEDS[-1]


class ReplayClock:
    """Race time as a function of wall time: play, pause, speed, direction, seek, bounds.

    The clock never looks at a wall clock itself: every method that depends on one takes ``wall_s``,
    seconds of any monotonic clock. Between two calls that change it race time is a straight line, so
    frames that come late or are dropped never make it drift. It stops at its bounds and stays there.

    Parameters
    ----------
    start_ms, end_ms : int
        First and last race time, milliseconds since 1970 UTC.
    now_ms : int, optional
        Race time to begin at, by default ``start_ms``. The clock begins paused at x1, forwards.

    Raises
    ------
    ValueError
        ``end_ms`` lies before ``start_ms``.
    """

    def __init__(self, start_ms: int, end_ms: int, *, now_ms: int | None = None) -> None:
        if end_ms < start_ms:
            raise ValueError("The end of a replay cannot lie before its start.")
        self._start_ms, self._end_ms = int(start_ms), int(end_ms)
        self._speed = 1.0
        self._backwards = False
        self._running = False
        self._anchor_wall_s = 0.0
        self._anchor_ms = float(self._clipped(start_ms if now_ms is None else now_ms))

    @property
    def start_ms(self) -> int:
        """First race time."""
        return self._start_ms

    @property
    def end_ms(self) -> int:
        """Last race time."""
        return self._end_ms

    @property
    def speed(self) -> float:
        """Race seconds per second, always positive."""
        return self._speed

    @property
    def backwards(self) -> bool:
        """Whether time runs backwards when it runs."""
        return self._backwards

    @property
    def rate(self) -> float:
        """Race seconds per second with the sign of the direction, as if it played."""
        return -self._speed if self._backwards else self._speed

    def now_ms(self, wall_s: float) -> int:
        """Return race time at ``wall_s``, within the bounds."""
        return round(self._exact_ms(wall_s))

    def playing(self, wall_s: float) -> bool:
        """Tell whether race time moves at ``wall_s``: False when paused, and at the bound it runs to."""
        return self._running and not self._at_bound(self._exact_ms(wall_s))

    def play(self, wall_s: float) -> None:
        """Let time run; at the bound that it runs to nothing happens."""
        self._hold(wall_s)
        self._running = not self._at_bound(self._anchor_ms)

    def pause(self, wall_s: float) -> None:
        """Stop time where it is."""
        self._hold(wall_s)
        self._running = False

    def toggle(self, wall_s: float) -> None:
        """Pause what plays, play what is paused."""
        if self.playing(wall_s):
            self.pause(wall_s)
        else:
            self.play(wall_s)

    def seek(self, time_ms: float, wall_s: float) -> None:
        """Go to a race time, clipped to the bounds; what played goes on playing."""
        self._hold(wall_s)
        self._anchor_ms = float(self._clipped(time_ms))

    def skip(self, seconds: float, wall_s: float) -> None:
        """Go forwards (or, with a negative value, back) by race seconds."""
        self.seek(self._exact_ms(wall_s) + seconds * 1000.0, wall_s)

    def set_speed(self, speed: float, wall_s: float) -> None:
        """Set race seconds per second, clipped to x0.1 to x60, without a jump in race time.

        Raises
        ------
        ValueError
            The speed is not a positive number.
        """
        if not (math.isfinite(speed) and speed > 0.0):
            raise ValueError("A replay speed is a positive number.")
        self._hold(wall_s)
        self._speed = min(max(float(speed), _SLOWEST), _FASTEST)

    def step_speed(self, steps: int, wall_s: float) -> None:
        """Go up (or down) in :data:`SPEEDS` by ``steps``."""
        nearest = min(range(len(SPEEDS)), key=lambda index: abs(math.log(SPEEDS[index] / self._speed)))
        self.set_speed(SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)], wall_s)

    def set_backwards(self, backwards: bool, wall_s: float) -> None:
        """Choose the direction without a jump in race time."""
        self._hold(wall_s)
        self._backwards = backwards

    def set_bounds(self, start_ms: int, end_ms: int, wall_s: float) -> None:
        """Change the bounds, such as when a recording has been read; the time shown is clipped to them."""
        if end_ms < start_ms:
            raise ValueError("The end of a replay cannot lie before its start.")
        self._hold(wall_s)
        self._start_ms, self._end_ms = int(start_ms), int(end_ms)
        self._anchor_ms = float(self._clipped(self._anchor_ms))

    def _exact_ms(self, wall_s: float) -> float:
        if not self._running:
            return self._anchor_ms
        elapsed_s = max(wall_s - self._anchor_wall_s, 0.0)
        return self._clipped(self._anchor_ms + elapsed_s * 1000.0 * self.rate)

    def _hold(self, wall_s: float) -> None:
        """Begin a new straight line here; what had run into its bound is paused."""
        now_ms = self._exact_ms(wall_s)
        self._running = self._running and not self._at_bound(now_ms)
        self._anchor_ms, self._anchor_wall_s = now_ms, wall_s

    def _at_bound(self, time_ms: float) -> bool:
        return time_ms <= self._start_ms if self._backwards else time_ms >= self._end_ms

    def _clipped(self, time_ms: float) -> float:
        return min(max(time_ms, self._start_ms), self._end_ms)
