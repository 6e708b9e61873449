"""What happens in a race, and what an operator says of it.

Events are found by :mod:`tracker3d.race.detection`. What the operator confirms or dismisses is kept apart
from them as plain data, by their keys.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class EventKind(enum.StrEnum):
    """What has happened."""

    ATTACK = "attack"
    """A few riders rode away from their group and stayed away."""
    SPLIT = "split"
    """A group came apart into two."""
    MERGE = "merge"
    """A group came up to the one ahead."""
    CATCH = "catch"
    """A group ahead was caught by a larger one."""
    DROPPED = "dropped"
    """Riders lost contact with their group."""
    STOPPED = "stopped"
    """A rider stands still while the race goes on."""
    SUMMIT = "summit"
    SPRINT = "sprint"
    TIME_CHECK = "time_check"
    """In a time trial: a new best time at a time check."""
    FINISH = "finish"
    """The first across the line; in a time trial a new best time."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    kind : EventKind
    time_ms : int
        When it began, milliseconds since 1970 UTC.
    bibs : tuple of int
        Whom it is about, first on the road first. Split: those who are away ahead, or left behind.
    distance_m : float
        Official road distance from km 0 where it began.
    confidence : float
        0 to 1; how it is measured stands with each kind in :mod:`tracker3d.race.detection`.
    found_ms : int
        When it was certain enough to be said; live it can be shown from then on.
    place : str
        Summits, sprints and time checks: the place's name.
    gap_s : float
        How far apart they were when it was said; at places the time of the first to the second.
    other_bibs : tuple of int
        From whom they rode away, or who caught them.
    """

    kind: EventKind
    time_ms: int
    bibs: tuple[int, ...]
    distance_m: float
    confidence: float
    found_ms: int
    place: str = ""
    gap_s: float = float("nan")
    other_bibs: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Names this event in any run over the same data."""
        return f"{self.kind}-{self.time_ms}-{self.bibs[0] if self.bibs else 0}"


class Review(enum.StrEnum):
    """What an operator says of an event."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class EventReview:
    """Which events an operator has confirmed or dismissed, by their keys; every change gives a new value."""

    said: Mapping[str, Review] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, event: Event) -> Review:
        """Return what was said of an event."""
        return self.said.get(event.key, Review.OPEN)

    def with_said(self, event: Event, review: Review) -> EventReview:
        """Return the reviews with one event confirmed, dismissed, or open again."""
        said = {key: word for key, word in self.said.items() if key != event.key}
        if review is not Review.OPEN:
            said[event.key] = review
        return EventReview(MappingProxyType(said))

    def shown(self, events: Iterable[Event], *, least_confidence: float = 0.0) -> tuple[Event, ...]:
        """Return the events to show: the confirmed, and those not dismissed that are certain enough."""
        return tuple(
            event
            for event in events
            if self.of(event) is Review.CONFIRMED
            or (self.of(event) is Review.OPEN and event.confidence >= least_confidence)
        )
