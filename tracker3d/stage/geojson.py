"""Roads from GeoJSON (RFC 7946): lines become the road, named points towns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Geod

from tracker3d.errors import RouteError
from tracker3d.stage.gpx import joined
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.names import tidy
from tracker3d.stage.source import NAN, Source, SourcePlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PROFILE = "profile_km_m"
"""Property of a line without heights: pairs of kilometre and height along it."""

_GEOMETRIES = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
)
_DEGREES = ("CRS84", "EPSG::4326", "EPSG:4326")


def is_geojson(document: dict[str, Any]) -> bool:
    """Whether a decoded JSON object is GeoJSON of any kind."""
    return document.get("type") in (*_GEOMETRIES, "Feature", "FeatureCollection")


def source_of_geojson(document: dict[str, Any], path: Path) -> Source:
    """Take the road out of a GeoJSON object.

    Raises
    ------
    RouteError
        No line in it, or positions that are not degrees.
    """
    system = str(document.get("crs") or "CRS84")
    if not any(name in system for name in _DEGREES):
        raise RouteError(f"{path} is not in degrees of WGS 84; convert it (ogr2ogr -t_srs EPSG:4326).")
    parts: list[NDArray[np.float64]] = []
    places: list[SourcePlace] = []
    names: list[str] = []
    for geometry, properties in geometries(document):
        name = properties.get("name")
        if isinstance(name, str) and name.strip():
            names.append(name.strip())
        if geometry.get("type") == "Point":
            places += _town(geometry, properties)
        for line in lines_of(geometry):
            part = positions(line)
            parts.append(_with_profile(part, properties.get(PROFILE)))
    points, messages = joined(parts, path)
    collection = document.get("name")
    return Source(
        path=path,
        kind="geojson",
        name=collection if isinstance(collection, str) else next(iter(names), path.name.split(".")[0]),
        points=points,
        places=tuple(places),
        messages=messages,
    )


def geometries(document: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield every geometry with the properties of its feature."""
    pending: list[tuple[Any, dict[str, Any]]] = [(document, {})]
    while pending:
        item, properties = pending.pop()
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind == "Feature":
            own = item.get("properties")
            pending.append((item.get("geometry"), own if isinstance(own, dict) else {}))
        elif kind in ("FeatureCollection", "GeometryCollection"):
            inner = item.get("features" if kind == "FeatureCollection" else "geometries")
            pending += [(child, properties) for child in reversed(inner if isinstance(inner, list) else [])]
        elif kind in _GEOMETRIES:
            yield item, properties


def lines_of(geometry: dict[str, Any]) -> list[Any]:
    """Return the coordinates of each line of a geometry, as they were decoded."""
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list):
        return []
    if geometry.get("type") == "LineString":
        return [coordinates]
    return coordinates if geometry.get("type") == "MultiLineString" else []


def positions(line: Any) -> NDArray[np.float64]:
    """Return longitude, latitude and height (NaN where there is none) of what is a position, (n, 3)."""
    rows = [
        (float(row[0]), float(row[1]), float(row[2]) if len(row) > 2 and _is_number(row[2]) else NAN)
        for row in (line if isinstance(line, list) else [])
        if isinstance(row, list) and len(row) >= 2 and _is_number(row[0]) and _is_number(row[1])
    ]
    return np.array(rows, float).reshape(-1, 3)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _town(geometry: dict[str, Any], properties: dict[str, Any]) -> list[SourcePlace]:
    point = positions([geometry.get("coordinates")])
    name = properties.get("name")
    if not len(point) or not isinstance(name, str) or not name.strip():
        return []
    return [SourcePlace(PlaceKind.TOWN, tidy(name), lon_deg=float(point[0, 0]), lat_deg=float(point[0, 1]))]


def _with_profile(points: NDArray[np.float64], profile: Any) -> NDArray[np.float64]:
    """Give a line without heights those of a profile stated beside it.

    The profile's last kilometre is taken for the end of the line: its kilometres are official ones.
    """
    if not isinstance(profile, list) or len(points) < 2 or np.isfinite(points[:, 2]).any():
        return points
    pairs = [
        pair for pair in profile if isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))
    ]
    if len(pairs) < 2:
        return points
    at_km, height_m = np.array(sorted(pairs), float).T
    steps_m = Geod(ellps="WGS84").inv(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])[2]
    along = np.concatenate([[0.0], np.cumsum(steps_m)])
    share = along / max(float(along[-1]), 1.0)
    heights = np.interp(share, (at_km - at_km[0]) / max(float(at_km[-1] - at_km[0]), 1e-6), height_m)
    return np.column_stack([points[:, :2], heights])
