"""Who passed a place when: sprints, summits, time checks and the finish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from tracker3d.race.race import Race
    from tracker3d.stage.model import Place

PASSED_KINDS = frozenset({PlaceKind.SPRINT, PlaceKind.CLIMB, PlaceKind.TIME_CHECK, PlaceKind.FINISH})


@dataclass(frozen=True)
class Passage:
    """One rider at a place.

    Attributes
    ----------
    position : int
        From 1.
    bib : int
    time_ms : int
        Milliseconds since 1970 UTC.
    gap_s : float
        After the first.
    """

    position: int
    bib: int
    time_ms: int
    gap_s: float


def passed_places(race: Race) -> tuple[Place, ...]:
    """Return the places of a stage where passages count, in the order of the road, the finish last."""
    return tuple(place for place in race.stage.places if place.kind in PASSED_KINDS)


def passages_at(race: Race, place: Place, *, until_ms: float = np.inf) -> tuple[Passage, ...]:
    """Return who has passed a place by a moment, in order.

    Passages are interpolated between positions, so an order within half a second is not certain. Riders who
    were first seen beyond the place are missing.
    """
    if place.kind is PlaceKind.FINISH:
        passed_ms = race.positions.finish_ms
    else:
        passed_ms = race.history.passages_ms(place.distance_m)
    passed = np.flatnonzero((passed_ms <= until_ms) & (race.positions.bibs > 0))
    order = passed[np.argsort(passed_ms[passed], kind="stable")]
    bibs = race.positions.bibs
    return tuple(
        Passage(
            position=number + 1,
            bib=int(bibs[rider]),
            time_ms=round(float(passed_ms[rider])),
            gap_s=float(passed_ms[rider] - passed_ms[order[0]]) / 1000.0,
        )
        for number, rider in enumerate(order)
    )


def finish_order(race: Race, *, until_ms: float = np.inf) -> tuple[Passage, ...]:
    """Return who has crossed the line by a moment, in order of arrival; see :func:`passages_at`."""
    for place in race.stage.places:
        if place.kind is PlaceKind.FINISH:
            return passages_at(race, place, until_ms=until_ms)
    return ()
