"""Which moment of which race is shown now: a recording that is played, or a race that goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from tracker3d.race import Race


@dataclass(frozen=True)
class Moment:
    """What is shown now; see :class:`~tracker3d.serve.wire.Frame` for the rest."""

    race: Race
    time_ms: int
    delay_ms: int | None = None
    speed: float = 1.0
    lap: int = 0
    ended: bool = False


class RaceSource(Protocol):
    """A race that somebody is shown."""

    def moment(self, wall_s: float) -> Moment | None:
        """Return what is shown at a time of a monotonic clock; None while there is no race yet."""

    @property
    def trouble(self) -> str:
        """What is wrong with the feed, a plain sentence; empty where nothing is."""


class ReplaySource:
    """A recording, played once or again and again.

    Parameters
    ----------
    race : Race
    speed : float
        Race seconds in a second.
    start_ms : int | None
        Race time to begin at; the recording's first moment where None.
    loop : bool
        Begin again at ``start_ms`` after the end, else hold there.

    Raises
    ------
    InputError
        ``start_ms`` lies outside the recording.
    """

    def __init__(
        self, race: Race, *, speed: float = 1.0, start_ms: int | None = None, loop: bool = False
    ) -> None:
        self._race, self._speed, self._loop = race, speed, loop
        self._start_ms = race.start_ms if start_ms is None else start_ms
        if not race.start_ms <= self._start_ms < max(race.end_ms, race.start_ms + 1):
            raise InputError("The moment to begin at lies outside the recording; choose another with --from.")
        self._began_s: float | None = None

    @property
    def trouble(self) -> str:
        """Nothing is ever wrong with a recording that could be opened."""
        return ""

    def moment(self, wall_s: float) -> Moment:
        """Return what is shown; the recording begins to run when this is first asked."""
        if self._began_s is None:
            self._began_s = wall_s
        run_ms = (wall_s - self._began_s) * 1000.0 * self._speed
        length_ms = max(self._race.end_ms - self._start_ms, 1)
        lap, inside_ms = divmod(run_ms, length_ms) if self._loop else (0, min(run_ms, length_ms))
        ended = not self._loop and run_ms >= length_ms
        return Moment(
            race=self._race,
            time_ms=self._start_ms + round(inside_ms),
            speed=0.0 if ended else self._speed,
            lap=int(lap),
            ended=ended,
        )


class LiveRace(Protocol):
    """What is asked of a live session; :class:`tracker3d.live.LiveSession` is one."""

    @property
    def race(self) -> Race | None:
        """The race as far as it has gone."""

    @property
    def trouble(self) -> str:
        """What is wrong with the feed."""


class LiveSource:
    """A race that goes on: its newest moment, less a delay that keeps it in step with pictures on air.

    Parameters
    ----------
    session : LiveRace
    delay_s : float
        Show everything this much later than it is known.
    """

    def __init__(self, session: LiveRace, *, delay_s: float = 0.0) -> None:
        self._session, self._delay_ms = session, round(1000.0 * delay_s)

    @property
    def trouble(self) -> str:
        """What is wrong with the feed, a plain sentence."""
        return self._session.trouble

    def moment(self, wall_s: float) -> Moment | None:
        """Return the newest moment that may be shown."""
        race = self._session.race
        if race is None or race.end_ms <= race.start_ms:
            return None
        time_ms = max(race.start_ms, race.end_ms - self._delay_ms)
        return Moment(race=race, time_ms=time_ms, delay_ms=max(0, round(time.time() * 1000) - time_ms))
