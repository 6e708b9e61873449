"""Levels of detail: the land triangulated once, then thinned, tile by tile, to bounds that double."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terrain.partition import border_posts, halved, tiles_after
from terrain.roadside import road_posts, vertices_below_road
from terrain.triangulation import triangulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from terrain.land import Land
    from terrain.line import GroundLine

TILE_TRIANGLES = 8192
_FEW_TRIANGLES = 2048
_TILE_ROAD_M = 5000.0
_ROOT_TRIANGLES = 20_000
_LEAST_SAVING = 0.75
_EXACT_M = 300.0
_EDGE_ERROR_M = 20.0
_EDGE_LATTICE, _WIDEST_LATTICE = 4, 32


@dataclass(frozen=True)
class Level:
    """One level of detail before it is cut out.

    Attributes
    ----------
    triangles : (k, 3) int32
        Flat post indices, counter-clockwise, beyond the edge of the ground too.
    tile : (k,) int32
        Tile of each triangle; tile t of a level is made of tiles 2 t and 2 t + 1 of the finer one.
    tiles : int
        How many there are.
    error_m : (k,) float32
        Largest error of each triangle over the posts within the edge that it covers, before exaggeration.
    """

    triangles: NDArray[np.int32]
    tile: NDArray[np.int32]
    tiles: int
    error_m: NDArray[np.float32]


def levels_of(
    land: Land, line: GroundLine, *, half_width_m: float, max_error_m: float, compiled: bool = True
) -> Iterator[Level]:
    """Triangulate the land and thin it, level by level, the finest first.

    No post within 300 m of the road is farther than ``max_error_m`` from level 0; from there the tolerance
    grows to 20 m at the edge. From level to level it doubles everywhere, and pairs of tiles become one. What
    lies on the borders of a level's tiles stays, so tiles of any levels fit each other; borders within
    are free on the next. All triangles under the road are the same on all levels.

    Levels end when one has no more than 20,000 triangles or a single tile, or saves less than a quarter.
    """
    distance, step = land.distance_m, land.plan.step_m
    tightness = _tightness(distance, half_width_m + 2 * step, half_width_m, max_error_m)
    counted = (distance <= half_width_m).astype(np.float32)
    edge = np.abs(distance - np.float32(half_width_m)) < 6 * step
    forced = road_posts(line, land.plan) | _on_lattice(edge, _EDGE_LATTICE)
    mesh = triangulate(land.heights_m, tightness, forced=forced, compiled=compiled)
    triangles = mesh.triangles
    drawn = _drawn(triangles, distance, half_width_m)
    number = int(drawn.sum())
    halvings = _halvings(number, float(line.distance_m[-1]))
    tile = halved(triangles, drawn, distance, times=halvings)
    below_road = vertices_below_road(triangles, land, line)
    lattice = _EDGE_LATTICE
    while True:
        yield Level(triangles, tile, 2**halvings, mesh.errors(counted))
        if halvings == 0 or number <= _ROOT_TRIANGLES:
            return
        halvings -= 1
        tile = tile >> 1
        lattice = min(2 * lattice, _WIDEST_LATTICE)
        tightness = tightness * np.float32(0.5)
        border = border_posts(triangles, tile, distance.size)
        kept = below_road | border.reshape(distance.shape) | (forced & _on_lattice(edge, lattice))
        mesh = mesh.coarser(tightness, kept=kept)
        thinned = mesh.triangles
        tile = tiles_after(triangles, tile, border, thinned)
        triangles = thinned
        before, number = number, int(_drawn(triangles, distance, half_width_m).sum())
        if number > _LEAST_SAVING * before:
            return


def _halvings(triangles: int, road_m: float) -> int:
    """How often to halve the land, for tiles of 4 to 8 thousand triangles, half of them beside the road.

    Where the land takes few triangles tiles are smaller, of about 5 km of road, but not below a thousand.
    """
    tiles = max(triangles / TILE_TRIANGLES, min(2 * road_m / _TILE_ROAD_M, triangles / _FEW_TRIANGLES), 1.0)
    return int(np.ceil(np.log2(tiles)))


def _drawn(
    triangles: NDArray[np.int32], distance_m: NDArray[np.float32], half_width_m: float
) -> NDArray[np.bool_]:
    inside = distance_m.reshape(-1) <= half_width_m
    return inside[triangles[:, 0]] | inside[triangles[:, 1]] | inside[triangles[:, 2]]


def _tightness(
    distance_m: NDArray[np.float32], drawn_m: float, half_width_m: float, near_error_m: float
) -> NDArray[np.float32]:
    """One over the tolerance: constant near the road, then growing evenly to the edge."""
    slope = (max(_EDGE_ERROR_M, near_error_m) - near_error_m) / max(half_width_m - _EXACT_M, 1.0)
    tolerance = near_error_m + np.maximum(distance_m - np.float32(_EXACT_M), 0) * np.float32(slope)
    return np.where(distance_m <= drawn_m, 1 / tolerance, 0).astype(np.float32)


def _on_lattice(mask: NDArray[np.bool_], spacing: int) -> NDArray[np.bool_]:
    thin = np.zeros_like(mask)
    thin[::spacing, ::spacing] = mask[::spacing, ::spacing]
    return thin
