"""A source's places on the road: sprints, summits, towns, start and finish."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tracker3d.stage.model import Place, PlaceKind
from tracker3d.stage.route import nearest_on_route
from tracker3d.stage.source import SourcePlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker3d.stage.route import Route
    from tracker3d.stage.source import Source

NEAR_ROAD_M = 150.0
"""A named point farther off is no place on the road."""

SAME_TOWN_M = 5000.0
"""A town is not named twice within this distance of a sprint, summit, start or finish of its name."""


def places_on(route: Route, source: Source) -> list[Place]:
    """Put a source's places on the road, with a start and a finish, sorted by distance."""
    stated = list(_located(route, source.places))
    for kind, at_m, end in (
        (PlaceKind.START, max(0.0, route.start_m), 0),
        (PlaceKind.FINISH, route.finish_m, -1),
    ):
        if not any(place.kind is kind for place, _ in stated):
            stated.append((_end_place(kind, source.name, end), at_m))
    named: dict[str, list[float]] = {}
    for place, at_m in stated:
        if place.kind is not PlaceKind.TOWN:
            named.setdefault(place.name, []).append(at_m)
    places = []
    for place, at_m in stated:
        twice = any(abs(at_m - other_m) <= SAME_TOWN_M for other_m in named.get(place.name, []))
        if place.kind is PlaceKind.TOWN and twice:
            continue
        height_m = place.altitude_m if math.isfinite(place.altitude_m) else float(route.height(at_m))
        places.append(
            Place(
                place.kind,
                place.name,
                at_m,
                height_m,
                place.category,
                place.length_m,
                place.average_gradient_percent,
            )
        )
    return sorted(places, key=lambda place: place.distance_m)


def _end_place(kind: PlaceKind, name: str, end: int) -> SourcePlace:
    cities = [part.strip() for part in name.split(">")]
    return SourcePlace(kind, cities[end] if len(cities) > 1 else kind.value.capitalize())


def _located(route: Route, places: Sequence[SourcePlace]) -> list[tuple[SourcePlace, float]]:
    """Distance of each place that is on the road, as stated or else where it is nearest."""
    located = []
    for place in places:
        at_m = place.distance_m
        if not math.isfinite(at_m):
            nearest_m, offset_m = nearest_on_route(
                route, *route.frame.to_local([place.lon_deg], [place.lat_deg])
            )
            if not offset_m[0] <= NEAR_ROAD_M:
                continue
            at_m = float(nearest_m[0])
        if route.start_m <= at_m <= route.end_m + route.step_m:
            located.append((place, at_m))
    return located
