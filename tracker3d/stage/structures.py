"""Tunnels and bridges of a road from a map of roads (GeoJSON, as exported from OpenStreetMap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from terrain.line import BRIDGE, TUNNEL
from tracker3d.errors import InputError
from tracker3d.stage.geojson import geometries, is_geojson, lines_of, positions
from tracker3d.stage.inputs import read_bounded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain import LocalFrame
    from tracker3d.stage.route import Route

LARGEST_MAP_BYTES = 300_000_000
OPENSTREETMAP = "Tunnels and bridges © OpenStreetMap contributors, ODbL"

_NONE = ("no", "culvert", "false", "0", "")
_POINT_M = 10.0
_MOST_POINTS = 5_000_000
_BESIDE_M = 20.0
_ALONG_COSINE = 0.8
_LEAST_SHARE = 0.7
_SHORTEST_M = 15.0
_MOST_BENT_M, _MOST_BENT_SHARE = 20.0, 0.02


@dataclass(frozen=True)
class MappedStructures:
    """Tunnels and bridges that a map of roads knows.

    Attributes
    ----------
    lines : tuple of (n, 2) float64
        Longitude and latitude along each.
    kinds : tuple of int
        ``BRIDGE`` or ``TUNNEL`` for each.
    credit : str
        What to show with it; empty where nothing is known.
    """

    lines: tuple[NDArray[np.float64], ...]
    kinds: tuple[int, ...]
    credit: str


def read_structures(path: Path) -> MappedStructures:
    """Read the lines of a GeoJSON map whose property ``tunnel`` or ``bridge`` says so.

    Raises
    ------
    InputError
        The file is missing, too large, damaged or no GeoJSON.
    """
    try:
        document = msgspec.json.decode(read_bounded(path, limit_bytes=LARGEST_MAP_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is broken JSON; copy or download it again.") from error
    if not isinstance(document, dict) or not is_geojson(document):
        raise InputError(f"{path} is no GeoJSON; give roads with the properties tunnel and bridge.")
    lines, kinds, credit = [], [], ""
    for geometry, properties in geometries(document):
        kind = TUNNEL if _says(properties, "tunnel") else BRIDGE if _says(properties, "bridge") else 0
        if "highway" in properties:
            credit = OPENSTREETMAP
        for line in lines_of(geometry) if kind else []:
            points = positions(line)[:, :2]
            if len(points) >= 2 and (np.abs(points) <= (180.0, 90.0)).all():
                lines.append(points)
                kinds.append(kind)
    return MappedStructures(tuple(lines), tuple(kinds), credit)


def _says(properties: dict[str, Any], key: str) -> bool:
    value = properties.get(key)
    return value is True or (isinstance(value, str) and value.strip().lower() not in _NONE)


def structures_on(route: Route, found: MappedStructures) -> NDArray[np.uint8]:
    """Match tunnels and bridges with a road.

    A structure is the road's where at least 70 % of it lie within 20 m of the road and run along it, either
    way: what crosses the road does not, and an old road over the pass touches its tunnel at both ends only.

    Returns
    -------
    (n,) uint8
        For each node of the road ``BRIDGE``, ``TUNNEL``, or 0.
    """
    on = np.zeros(len(route), np.uint8)
    nodes = np.stack([route.x_m, route.y_m], axis=1)
    along = np.gradient(nodes, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1), 1e-9)[:, None]
    points, directions, owner = _points(found, route.frame, nodes)
    if not len(points):
        return on
    away, node = cKDTree(nodes).query(points, distance_upper_bound=_BESIDE_M)
    beside = np.isfinite(away)
    turned = np.abs((directions * along[np.where(beside, node, 0)]).sum(axis=1))
    matched = beside & (turned > _ALONG_COSINE)
    share = np.bincount(owner, weights=matched) / np.maximum(np.bincount(owner), 1)
    ours = share[owner] >= _LEAST_SHARE
    if not ours.any():
        return on
    points, directions, owner = points[ours], directions[ours], owner[ours]
    away, nearest = cKDTree(points).query(nodes, distance_upper_bound=_BESIDE_M)
    near = np.flatnonzero(np.isfinite(away))
    turned = np.abs((directions[nearest[near]] * along[near]).sum(axis=1))
    near = near[turned > _ALONG_COSINE]
    on[near] = np.asarray(found.kinds, np.uint8)[owner[nearest[near]]]
    return on


def without_mountains(
    height_m: NDArray[np.float64], structure: NDArray[np.uint8], step_m: float
) -> NDArray[np.float64]:
    """Return the heights of a road's nodes, straight through where they go over what the road goes under.

    Heights that somebody took from elevation data climb over a tunnel's mountain and into a bridge's gorge.
    They are taken for such where they leave the line between both ends by more than 20 m and 2 % of its
    length.
    """
    heights = height_m.copy()
    labels, number = ndimage.label(structure)
    for (place,) in ndimage.find_objects(labels, max_label=number):
        ends = [end for end in (place.start - 1, place.stop) if 0 <= end < len(heights)]
        if not ends:
            continue
        straight = np.interp(np.arange(place.start, place.stop), ends, heights[ends])
        most_m = _MOST_BENT_M + _MOST_BENT_SHARE * step_m * (place.stop - place.start)
        if np.abs(heights[place] - straight).max() > most_m:
            heights[place] = straight
    return heights


def _points(
    found: MappedStructures, frame: LocalFrame, nodes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Points every 10 m or less along the structures near a road, the direction there, and which it is."""
    low, high = nodes.min(axis=0) - _BESIDE_M, nodes.max(axis=0) + _BESIDE_M
    points, directions, owners = [np.empty((0, 2))], [np.empty((0, 2))], [np.empty(0, np.intp)]
    total = 0
    for number, line in enumerate(found.lines):
        corners = np.stack(frame.to_local(line[:, 0], line[:, 1]), axis=1)
        if not np.isfinite(corners).all() or (corners.max(axis=0) < low).any():
            continue
        length = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        ends = np.concatenate([[0.0], np.cumsum(length)])
        count = int(min(ends[-1] / _POINT_M, _MOST_POINTS)) + 2
        total += count
        if (corners.min(axis=0) > high).any() or ends[-1] < _SHORTEST_M or total > _MOST_POINTS:
            continue
        at = np.linspace(0.0, ends[-1], count)
        placed = np.stack([np.interp(at, ends, corners[:, k]) for k in (0, 1)], axis=1)
        direction = np.gradient(placed, axis=0)
        points.append(placed)
        directions.append(direction / np.maximum(np.linalg.norm(direction, axis=1), 1e-9)[:, None])
        owners.append(np.full(count, number, np.intp))
    return np.concatenate(points), np.concatenate(directions), np.concatenate(owners)
