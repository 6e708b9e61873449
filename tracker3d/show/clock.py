"""Clocks of a show: which moment of the race is shown at which moment of the wall clock.

What a clock is set to is a :class:`ClockState`, a plain value. :class:`ReplayClock` and :class:`ShowClock`
are handles: they change the value when a button is pressed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""The speeds that :meth:`ClockFace.step_speed` goes through, in race seconds per second."""

LONGEST_DELAY_S = 300.0
DELAY_STEP_S = 0.1

_SLOWEST, _FASTEST = SPEEDS[0], SPEEDS[-1]
_DELAY_STEP_MS = round(1000.0 * DELAY_STEP_S)
_LONGEST_DELAY_MS = round(1000.0 * LONGEST_DELAY_S)


class Span(NamedTuple):
    """Which race times can be shown, milliseconds since 1970 UTC; live the end moves on with the race."""

    start_ms: int
    end_ms: int
    live: bool = False


@dataclass(frozen=True)
class ClockState:
    """What a clock is set to.

    Between two changes race time is a straight line over wall time, or, live, the newest moment less the
    delay; so frames that come late or are dropped never make it drift.

    Attributes
    ----------
    live : bool
        Shown is the newest moment less ``delay_ms``. The delay is remembered while something is replayed.
    delay_ms : int
        0 to 300,000, in steps of 100.
    at_ms, since_s : float
        Replay: race time at a moment of the wall clock.
    speed : float
        Race seconds per second, 0.1 to 60.
    backwards, running : bool
    cued : bool
        It stands still until it is taken on air, and runs from there.
    """

    live: bool = False
    delay_ms: int = 0
    at_ms: float = 0.0
    since_s: float = 0.0
    speed: float = 1.0
    backwards: bool = False
    running: bool = False
    cued: bool = False

    @property
    def rate(self) -> float:
        """Race seconds per second with the sign of the direction, as if it played."""
        if self.live:
            return 1.0
        return -self.speed if self.backwards else self.speed

    def exact_ms(self, wall_s: float, span: Span) -> float:
        """Return race time at ``wall_s``, within the span."""
        if self.live:
            return _clipped(span.end_ms - self.delay_ms, span)
        if not self.running:
            return _clipped(self.at_ms, span)
        elapsed_s = max(wall_s - self.since_s, 0.0)
        return _clipped(self.at_ms + elapsed_s * 1000.0 * self.rate, span)

    def now_ms(self, wall_s: float, span: Span) -> int:
        """Return race time at ``wall_s`` to the millisecond."""
        return round(self.exact_ms(wall_s, span))

    def playing(self, wall_s: float, span: Span) -> bool:
        """Tell whether race time moves: False when paused, and at the bound that it runs to."""
        if self.live:
            return span.live
        return self.running and not self._at_bound(self.exact_ms(wall_s, span), span)

    def held(self, wall_s: float, span: Span) -> ClockState:
        """Begin a new straight line here; live becomes a replay, and what ran into its bound is paused."""
        now_ms = self.exact_ms(wall_s, span)
        running = span.live if self.live else self.running and not self._at_bound(now_ms, span)
        return replace(self, live=False, at_ms=now_ms, since_s=wall_s, running=running, cued=False)

    def played(self, wall_s: float, span: Span) -> ClockState:
        """Let time run; live it does, and at the bound that it runs to nothing happens."""
        if self.live:
            return self
        held = self.held(wall_s, span)
        return replace(held, running=not self._at_bound(held.at_ms, span))

    def paused(self, wall_s: float, span: Span) -> ClockState:
        """Stop time where it is; live becomes a still replay."""
        return replace(self.held(wall_s, span), running=False)

    def sought(self, time_ms: float, wall_s: float, span: Span) -> ClockState:
        """Go to a race time; what played goes on playing."""
        return replace(self.held(wall_s, span), at_ms=_clipped(time_ms, span))

    def sped(self, speed: float, wall_s: float, span: Span) -> ClockState:
        """Run at another speed, clipped to x0.1 to x60, without a jump in race time.

        Raises
        ------
        ValueError
            The speed is not a positive number.
        """
        if not (math.isfinite(speed) and speed > 0.0):
            raise ValueError("A replay speed is a positive number.")
        return replace(self.held(wall_s, span), speed=min(max(float(speed), _SLOWEST), _FASTEST))

    def turned(self, backwards: bool, wall_s: float, span: Span) -> ClockState:
        """Choose the direction without a jump in race time."""
        return replace(self.held(wall_s, span), backwards=backwards)

    def taken_live(self, delay_s: float | None = None) -> ClockState:
        """Show the newest moment, less the delay remembered or given, to a tenth of a second."""
        delay_ms = self.delay_ms if delay_s is None else _delay_ms(delay_s)
        return replace(self, live=True, delay_ms=delay_ms, speed=1.0, backwards=False, cued=False)

    def delayed(self, delay_s: float) -> ClockState:
        """Remember another delay, which counts at once where this is live."""
        return replace(self, delay_ms=_delay_ms(delay_s))

    def synced_on(self, time_ms: float, span: Span) -> ClockState:
        """Go live with the delay that shows this race time now: what happened then is seen happening now."""
        return self.taken_live((span.end_ms - time_ms) / 1000.0)

    def replaying_from(self, time_ms: float, wall_s: float, span: Span, *, cued: bool = False) -> ClockState:
        """Replay forwards at x1 from a race time; cued it stands still until it is taken."""
        start_ms = _clipped(time_ms, span)
        return ClockState(delay_ms=self.delay_ms, at_ms=start_ms, since_s=wall_s, running=not cued, cued=cued)

    def started(self, wall_s: float) -> ClockState:
        """Let what is cued run from here."""
        return replace(self, since_s=wall_s, running=True, cued=False) if self.cued else self

    def shifted(self, seconds: float) -> ClockState:
        """Return the same for a wall clock that shows so many seconds more."""
        return replace(self, since_s=self.since_s + seconds)

    def _at_bound(self, time_ms: float, span: Span) -> bool:
        if self.backwards:
            return time_ms <= span.start_ms
        return time_ms >= span.end_ms and not span.live


class ClockFace:
    """The handles of a clock: play, pause, speed, direction, seek.

    A clock never looks at a wall clock itself: every method that depends on one takes ``wall_s``, seconds of
    any monotonic clock. Whoever owns a clock says what it is set to, what it may show, and keeps the changes.
    """

    @property
    def state(self) -> ClockState:
        """What it is set to."""
        raise NotImplementedError

    def span(self, wall_s: float) -> Span:
        """Return which race times can be shown."""
        raise NotImplementedError

    def _change(self, state: ClockState, wall_s: float, act: str) -> None:
        raise NotImplementedError

    @property
    def speed(self) -> float:
        """Race seconds per second, always positive."""
        return self.state.speed

    @property
    def backwards(self) -> bool:
        """Whether time runs backwards when it runs."""
        return self.state.backwards

    @property
    def rate(self) -> float:
        """Race seconds per second with the sign of the direction, as if it played."""
        return self.state.rate

    def now_ms(self, wall_s: float) -> int:
        """Return race time at ``wall_s``, within the bounds."""
        return self.state.now_ms(wall_s, self.span(wall_s))

    def playing(self, wall_s: float) -> bool:
        """Tell whether race time moves at ``wall_s``: False when paused, and at the bound it runs to."""
        return self.state.playing(wall_s, self.span(wall_s))

    def play(self, wall_s: float) -> None:
        """Let time run; at the bound that it runs to nothing happens."""
        self._change(self.state.played(wall_s, self.span(wall_s)), wall_s, "play")

    def pause(self, wall_s: float) -> None:
        """Stop time where it is."""
        self._change(self.state.paused(wall_s, self.span(wall_s)), wall_s, "pause")

    def toggle(self, wall_s: float) -> None:
        """Pause what plays, play what is paused."""
        if self.playing(wall_s):
            self.pause(wall_s)
        else:
            self.play(wall_s)

    def seek(self, time_ms: float, wall_s: float) -> None:
        """Go to a race time, clipped to the bounds; what played goes on playing."""
        self._change(self.state.sought(time_ms, wall_s, self.span(wall_s)), wall_s, "seek")

    def skip(self, seconds: float, wall_s: float) -> None:
        """Go forwards (or, with a negative value, back) by race seconds."""
        self.seek(self.state.exact_ms(wall_s, self.span(wall_s)) + seconds * 1000.0, wall_s)

    def set_speed(self, speed: float, wall_s: float) -> None:
        """Set race seconds per second, clipped to x0.1 to x60, without a jump in race time.

        Raises
        ------
        ValueError
            The speed is not a positive number.
        """
        self._change(self.state.sped(speed, wall_s, self.span(wall_s)), wall_s, "speed")

    def step_speed(self, steps: int, wall_s: float) -> None:
        """Go up (or down) in :data:`SPEEDS` by ``steps``."""
        nearest = min(range(len(SPEEDS)), key=lambda index: abs(math.log(SPEEDS[index] / self.speed)))
        self.set_speed(SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)], wall_s)

    def set_backwards(self, backwards: bool, wall_s: float) -> None:
        """Choose the direction without a jump in race time."""
        self._change(self.state.turned(backwards, wall_s, self.span(wall_s)), wall_s, "direction")


class ReplayClock(ClockFace):
    """Race time as a function of wall time, between two bounds, where it stops and stays.

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
        self._bounds = _checked(start_ms, end_ms)
        self._kept = ClockState(at_ms=_clipped(start_ms if now_ms is None else now_ms, self._bounds))

    @property
    def state(self) -> ClockState:
        """What it is set to."""
        return self._kept

    def span(self, wall_s: float) -> Span:
        """Return which race times can be shown."""
        return self._bounds

    def _change(self, state: ClockState, wall_s: float, act: str) -> None:
        self._kept = state

    @property
    def start_ms(self) -> int:
        """First race time."""
        return self._bounds.start_ms

    @property
    def end_ms(self) -> int:
        """Last race time."""
        return self._bounds.end_ms

    def set_bounds(self, start_ms: int, end_ms: int, wall_s: float) -> None:
        """Change the bounds, such as when a recording has been read; the time shown is clipped to them."""
        held = self.state.held(wall_s, self.span(wall_s))
        self._bounds = _checked(start_ms, end_ms)
        self._kept = replace(held, at_ms=_clipped(held.at_ms, self._bounds))


class ShowClock(ClockFace):
    """A clock that can also go with the race as it is ridden, by a delay.

    Live, the moment shown is the newest one less the delay. Everything that a replay can do turns what is
    live into a replay from that moment on; :meth:`go_live` goes back, with the delay remembered. The newest
    moment comes from :meth:`span`, which the owner of the clock provides.
    """

    @property
    def live(self) -> bool:
        """Whether it goes with the race."""
        return self.state.live

    @property
    def delay_s(self) -> float:
        """How far behind the newest moment live is, in steps of 0.1 s."""
        return self.state.delay_ms / 1000.0

    def behind_s(self, wall_s: float) -> float:
        """Return how far the moment shown lies behind the newest one."""
        span = self.span(wall_s)
        return max(span.end_ms - self.state.exact_ms(wall_s, span), 0.0) / 1000.0

    def go_live(self, wall_s: float) -> None:
        """Show the newest moment less the delay."""
        self._change(self.state.taken_live(), wall_s, "go live")

    def set_delay(self, delay_s: float, wall_s: float) -> None:
        """Set the delay, clipped to 0 to 300 s and rounded to 0.1 s."""
        self._change(self.state.delayed(delay_s), wall_s, "delay")

    def nudge(self, steps: int, wall_s: float) -> None:
        """Make the delay longer (or shorter) by steps of 0.1 s."""
        delay_s = (self.state.delay_ms + steps * _DELAY_STEP_MS) / 1000.0
        self._change(self.state.delayed(delay_s), wall_s, "nudge")

    def sync_on(self, time_ms: int, wall_s: float) -> float:
        """Go live with the delay at which an event is shown that is seen happening now.

        Parameters
        ----------
        time_ms : int
            Race time of the event.
        wall_s : float
            Now.

        Returns
        -------
        float
            How many seconds are missing: 0, unless the event is still to come or over 300 s ago.
        """
        span = self.span(wall_s)
        state = self.state.synced_on(time_ms, span)
        self._change(state, wall_s, "sync")
        left_ms = (span.end_ms - time_ms) - state.delay_ms
        return 0.0 if abs(left_ms) <= _DELAY_STEP_MS else left_ms / 1000.0

    def replay_from(self, time_ms: int, wall_s: float) -> None:
        """Replay from a race time at x1, while the race goes on."""
        span = self.span(wall_s)
        self._change(self.state.replaying_from(time_ms, wall_s, span), wall_s, "replay")


def _delay_ms(delay_s: float) -> int:
    if not math.isfinite(delay_s):
        raise ValueError("A delay is a number of seconds.")
    steps = round(delay_s * 1000.0 / _DELAY_STEP_MS)
    return min(max(steps * _DELAY_STEP_MS, 0), _LONGEST_DELAY_MS)


def _checked(start_ms: int, end_ms: int) -> Span:
    if end_ms < start_ms:
        raise ValueError("The end of a replay cannot lie before its start.")
    return Span(int(start_ms), int(end_ms))


def _clipped(time_ms: float, span: Span) -> float:
    return float(min(max(time_ms, span.start_ms), span.end_ms))
