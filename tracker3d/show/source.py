"""Where a show's race comes from: a recording, or a feed that is live. Both look the same to the show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tracker3d.show.clock import Span

if TYPE_CHECKING:
    from tracker3d.live import LiveSession
    from tracker3d.race import Race
    from tracker3d.race.overrides import Overrides


class RaceSource(Protocol):
    """What a show asks of a race."""

    @property
    def race(self) -> Race:
        """The race as measured."""

    def span(self, wall_s: float) -> Span:
        """Which moments can be shown now."""


@dataclass(frozen=True)
class RecordedSource:
    """A race that is over, or one in which nobody rides."""

    race: Race

    def span(self, wall_s: float) -> Span:
        """All of the recording."""
        begin_ms, end_ms = self.race.start_ms, self.race.end_ms
        if end_ms <= begin_ms:
            begin_ms = end_ms = self.race.stage.start_time_ms or begin_ms
        return Span(begin_ms, end_ms)


@dataclass(frozen=True)
class LiveSource:
    """A race as it is ridden."""

    session: LiveSession

    @property
    def race(self) -> Race:
        """The race so far."""
        return self.session.race

    def span(self, wall_s: float) -> Span:
        """From the first position to the newest moment that can be shown."""
        race, edge_ms = self.race, self.session.edge_ms(wall_s)
        if edge_ms is None:
            begin_ms = race.stage.start_time_ms or race.start_ms
            return Span(begin_ms, begin_ms, live=True)
        return Span(min(race.start_ms, edge_ms), edge_ms, live=True)


@dataclass
class RaceVersions:
    """The race as measured, and as an operator wants its groups: one object for each, as long as they last.

    What is remembered for pictures belongs to a race, so a race must not be made anew for every frame.
    """

    most: int = 4
    _kept: list[tuple[Race, Overrides, Race]] = field(default_factory=list)

    def of(self, race: Race, overrides: Overrides) -> Race:
        """Return the race with these overrides."""
        if not overrides:
            return race
        for at, (base, said, version) in enumerate(self._kept):
            if base is race and said == overrides:
                self._kept.append(self._kept.pop(at))
                return version
        version = race.overridden(overrides)
        self._kept = [*self._kept, (race, overrides, version)][-self.most :]
        return version
