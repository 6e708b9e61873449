"""Roads from GPX: tracks, or routes where there are none; waypoints become towns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import gpxpy
import gpxpy.gpx
import numpy as np

from tracker3d.errors import RouteError
from tracker3d.stage.curve import join_parts
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.names import tidy
from tracker3d.stage.source import NAN, Source, SourcePlace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

LARGEST_GPX_BYTES = 200_000_000
MOST_PARTS = 500
WIDE_GAP_M = 1000.0


def source_of_gpx(content: bytes, path: Path) -> Source:
    """Take the road out of a GPX file.

    Raises
    ------
    RouteError
        The file is damaged, or has no track or route with two points.
    """
    if len(content) > LARGEST_GPX_BYTES:
        raise RouteError(f"{path} is too large for one stage; give the road of one stage.")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise RouteError(f"{path} defines XML entities, which no GPX needs; export it again.")
    try:
        document = gpxpy.parse(content.decode("utf-8", errors="replace"))
    except (gpxpy.gpx.GPXException, ValueError, TypeError, AttributeError) as error:
        raise RouteError(f"{path} is damaged GPX; export or download it again.") from error
    parts = [_positions(segment.points) for track in document.tracks for segment in track.segments]
    parts = [part for part in parts if len(part)] or [_positions(route.points) for route in document.routes]
    points, messages = joined(parts, path)
    names = [
        document.name,
        *(track.name for track in document.tracks),
        *(route.name for route in document.routes),
    ]
    return Source(
        path=path,
        kind="gpx",
        name=next((name.strip() for name in names if name and name.strip()), path.name.split(".")[0]),
        points=points,
        places=tuple(
            SourcePlace(PlaceKind.TOWN, tidy(point.name), lon_deg=point.longitude, lat_deg=point.latitude)
            for point in document.waypoints
            if point.name and point.name.strip()
        ),
        credits=(document.copyright_author,) if document.copyright_author else (),
        messages=messages,
    )


def _positions(points: Iterable[gpxpy.gpx.GPXTrackPoint]) -> NDArray[np.float64]:
    rows = [
        (point.longitude, point.latitude, NAN if point.elevation is None else point.elevation)
        for point in points
        if math.isfinite(point.longitude) and math.isfinite(point.latitude)
    ]
    return np.array(rows, float).reshape(-1, 3)


def joined(parts: list[NDArray[np.float64]], path: Path) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Join the pieces of a file into one road, and say where it had to bridge a gap.

    Raises
    ------
    RouteError
        There is no road, or so many pieces that they are a map and not a road.
    """
    parts = [part for part in parts if len(part)]
    if len(parts) > MOST_PARTS:
        raise RouteError(
            f"{path} holds {len(parts):,} lines, which is a map; give the one road of the stage."
        )
    if sum(len(part) for part in parts) < 2:
        raise RouteError(f"{path} holds no road; give a file with a track, route or line.")
    points, gap_m = join_parts(parts)
    if gap_m <= WIDE_GAP_M:
        return points, ()
    return points, (f"The road has a gap of {gap_m / 1000:.1f} km, bridged by a straight line.",)
