"""A road out of one file and the race on it out of another."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from terrain import LocalFrame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.stage.anchors import Anchor
    from tracker3d.stage.source import Source

_ADDED_M = (15.0, 300.0)
"""A start or finish that lies so far beyond an end of the drawn road is joined to it by a straight line."""


def joined(road: Source, race: Source) -> Source:
    """Put a race on a road that another file holds: everything but the road is the race's where it tells it.

    Roads drawn from maps often end a little before the line. Where the race states the position of its start
    or finish shortly beyond an end, the road is prolonged to it.
    """
    points, messages = _to_stated_ends(road.points, race.anchors)
    return dataclasses.replace(
        race,
        path=road.path,
        kind=road.kind,
        name=race.name or road.name,
        points=points,
        anchors=race.anchors or road.anchors,
        finish_m=race.finish_m if race.anchors else road.finish_m,
        ascent_m=road.ascent_m,
        places=race.places or road.places,
        simulated=road.simulated or race.simulated,
        credits=tuple(dict.fromkeys((*road.credits, *race.credits))),
        messages=(*road.messages, *race.messages, *messages),
    )


def _to_stated_ends(
    points: NDArray[np.float64], anchors: Sequence[Anchor]
) -> tuple[NDArray[np.float64], list[str]]:
    exact = sorted((anchor for anchor in anchors if anchor.exact), key=lambda anchor: anchor.distance_m)
    messages = []
    if exact and exact[0].distance_m <= 0.0:
        backwards, added_m = _prolonged(points[::-1], exact[0])
        points = backwards[::-1]
        messages += _told(added_m, "start")
    if exact and exact[-1].distance_m > 0.0:
        points, added_m = _prolonged(points, exact[-1])
        messages += _told(added_m, "finish")
    return points, messages


def _told(added_m: float, place: str) -> list[str]:
    if not added_m:
        return []
    return [f"The road stops {added_m:.0f} m from the stated {place}: a straight line joins them."]


def _prolonged(points: NDArray[np.float64], anchor: Anchor) -> tuple[NDArray[np.float64], float]:
    """Add a stated position behind the last point, where it lies ahead of it; returns how far it is."""
    frame = LocalFrame(float(points[-1, 0]), float(points[-1, 1]))
    x_m, y_m = frame.to_local(points[:, 0], points[:, 1])
    to_x_m, to_y_m = (float(value) for value in frame.to_local(anchor.lon_deg, anchor.lat_deg))
    away_m = np.hypot(x_m - to_x_m, y_m - to_y_m)
    ahead = to_x_m * -x_m[-2] + to_y_m * -y_m[-2] > 0.0
    if np.argmin(away_m) != len(points) - 1 or not ahead or not _ADDED_M[0] <= away_m[-1] <= _ADDED_M[1]:
        return points, 0.0
    return np.vstack([points, [anchor.lon_deg, anchor.lat_deg, points[-1, 2]]]), float(away_m[-1])
