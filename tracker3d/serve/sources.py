"""Which moment of which race is shown now: a recording that is played, or a race that goes on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tracker3d.errors import InputError
from tracker3d.live import Connection

if TYPE_CHECKING:
    from tracker3d.live import LiveSession
    from tracker3d.race import Race
    from tracker3d.stage.model import Stage

_RATE_MOMENTS = 20
_RATE_AFTER_S = 4.0
_PLAYED_FASTER = 1.5


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

    @property
    def stage(self) -> Stage:
        """The stage with everybody seen so far; another object when somebody new is."""

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
    def stage(self) -> Stage:
        """The stage, with everybody in the recording."""
        return self._race.stage

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


class LiveSource:
    """A race that goes on: its newest moment, less a delay that keeps it in step with pictures on air.

    Parameters
    ----------
    session : LiveSession
        Runs already.
    delay_s : float
        Show everything this much later than it is known.
    """

    def __init__(self, session: LiveSession, *, delay_s: float = 0.0) -> None:
        self._session, self._delay_ms = session, round(1000.0 * delay_s)
        self._edges: deque[tuple[float, int]] = deque(maxlen=_RATE_MOMENTS)
        self._speed = 1.0

    @property
    def stage(self) -> Stage:
        """The stage with everybody who has sent a position."""
        return self._session.stage

    @property
    def trouble(self) -> str:
        """What is wrong with the feed, a plain sentence; empty while positions come."""
        health = self._session.health
        return "" if health.connection is Connection.RECEIVING else health.says

    def moment(self, wall_s: float) -> Moment | None:
        """Return the newest moment that may be shown; None before anything has come."""
        edge_ms = self._session.edge_ms(wall_s)
        if edge_ms is None:
            return None
        race = self._session.race
        time_ms = max(race.start_ms, edge_ms - self._delay_ms)
        behind_s = self._session.health.behind_s or 0.0
        return Moment(
            race=race,
            time_ms=time_ms,
            delay_ms=max(0, round(1000.0 * behind_s)) + self._delay_ms,
            speed=self._rate(wall_s, edge_ms),
        )

    def _rate(self, wall_s: float, edge_ms: int) -> float:
        """Race seconds in a second: 1 but for rehearsals that are played faster; changed only with reason."""
        self._edges.append((wall_s, edge_ms))
        first_s, first_ms = self._edges[0]
        if wall_s - first_s > _RATE_AFTER_S:
            rate = (edge_ms - first_ms) / 1000.0 / (wall_s - first_s)
            if rate > _PLAYED_FASTER and abs(rate - self._speed) > 0.1 * self._speed:
                self._speed = float(round(rate))
            elif rate <= _PLAYED_FASTER:
                self._speed = 1.0
        return self._speed
