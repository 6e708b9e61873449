"""Climbs of a stage, and where they begin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from tracker3d.stage.model import Place, Stage

_LONGEST_CLIMB_M = 25_000.0
_LEAST_GRADIENT = 0.025


def climbs_of(stage: Stage) -> tuple[Place, ...]:
    """Return the climbs of a stage in the order of the road."""
    return tuple(place for place in stage.places if place.kind is PlaceKind.CLIMB)


def foot_of(stage: Stage, climb: Place) -> float:
    """Return the official distance where a climb begins.

    By the stated length; where none is stated, the point from which most height is gained beyond 2.5 %.
    """
    route = stage.route
    if math.isfinite(climb.length_m):
        return max(route.start_m, climb.distance_m - climb.length_m)
    back = np.arange(0.0, min(_LONGEST_CLIMB_M, climb.distance_m - route.start_m) + 1.0, 25.0)
    gained = route.height(climb.distance_m) - route.height(climb.distance_m - back)
    return climb.distance_m - float(back[np.argmax(gained - _LEAST_GRADIENT * back)])
