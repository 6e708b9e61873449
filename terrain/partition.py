"""Cutting a triangulation into tiles, and finding the tiles again after it was thinned.

A tile is a set of triangles; its border is a chain of their edges. Thinning never moves the vertices on the
borders of tiles, so their edges stay too, and what lies inside a border before lies inside it afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def halved(
    triangles: NDArray[np.int32],
    counted: NDArray[np.bool_],
    distance_m: NDArray[np.float32],
    *,
    times: int,
) -> NDArray[np.int32]:
    """Cut a triangulation into ``2 ** times`` tiles of equally many triangles.

    Halved again and again across the longer side, but in the last cut but one, which parts what is near the
    road from what is not: tiles beside the road are small, and worth a finer picture.

    Parameters
    ----------
    triangles : (k, 3) int32
        Flat post indices.
    counted : (k,) bool
        The triangles that are to be drawn; the others go with their neighbours.
    distance_m : (rows, columns) float32
        Of the posts to the road.

    Returns
    -------
    (k,) int32
        Tile of each triangle. Tiles 2 i and 2 i + 1 were cut from one.
    """
    row, column = np.divmod(triangles, np.int32(distance_m.shape[1]))
    keys = np.stack(
        [column.sum(axis=1), row.sum(axis=1), distance_m.reshape(-1)[triangles].sum(axis=1)], axis=1
    ).astype(np.float32)
    tile = np.zeros(len(triangles), np.int32)
    parts = [np.arange(len(triangles))]
    for left in range(times, 0, -1):
        halves = []
        for members in parts:
            inner = members[counted[members]]
            axis = 2 if left == 2 else _longer(keys[inner])
            upper = _upper_half(keys[members, axis], keys[inner, axis])
            halves += [members[~upper], members[upper]]
        parts = halves
    for number, members in enumerate(parts):
        tile[members] = number
    return tile


def _longer(keys: NDArray[np.float32]) -> int:
    return int(np.argmax(np.ptp(keys[:, :2], axis=0))) if len(keys) else 0


def _upper_half(keys: NDArray[np.float32], counted: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which keys are above the middle one of those that count."""
    if not len(counted):
        return np.zeros(len(keys), np.bool_)
    upper: NDArray[np.bool_] = keys > np.partition(counted, (len(counted) - 1) // 2)[(len(counted) - 1) // 2]
    return upper


def border_posts(triangles: NDArray[np.int32], tile: NDArray[np.int32], posts: int) -> NDArray[np.bool_]:
    """Tell which posts are vertices of more than one tile, (posts,)."""
    some = np.full(posts, -1, np.int32)
    some[triangles] = tile[:, None]
    border = np.zeros(posts, np.bool_)
    border[triangles[some[triangles] != tile[:, None]]] = True
    return border


def tiles_after(
    before: NDArray[np.int32],
    tile: NDArray[np.int32],
    border: NDArray[np.bool_],
    after: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Find the tile of each triangle of a thinned triangulation.

    Parameters
    ----------
    before : (k, 3) int32
        Triangles before thinning.
    tile : (k,) int32
        Their tiles.
    border : (posts,) bool
        Vertices of more than one tile, all of which stayed.
    after : (m, 3) int32

    Returns
    -------
    (m,) int32
    """
    some = np.full(len(border), -1, np.int32)
    some[before] = tile[:, None]
    some[border] = -1
    found: NDArray[np.int32] = some[after].max(axis=1)
    rest = np.flatnonzero(found < 0)
    if not rest.size:
        return found
    # Triangles between border vertices: beside an edge that was there before lies the tile that lay there,
    # and beyond an edge that is new lies the same tile, since new edges lie within tiles.
    on_border = border[before].sum(axis=1) >= 2
    keys, tiles = _half_edges(before[on_border], tile[on_border], len(border))
    done = np.flatnonzero((found >= 0) & (border[after].sum(axis=1) >= 2))
    while rest.size:
        across, same = _half_edges(after[done][:, ::-1], found[done], len(border))
        new = ~np.isin(across, keys)
        keys, tiles = np.concatenate([keys, across[new]]), np.concatenate([tiles, same[new]])
        order = np.argsort(keys)
        keys, tiles = keys[order], tiles[order]
        edges, _ = _half_edges(after[rest], rest, len(border))
        place = np.minimum(np.searchsorted(keys, edges), len(keys) - 1)
        beside = np.where(keys[place] == edges, tiles[place], -1).reshape(3, -1).max(axis=0)
        found[rest] = beside
        done, rest = rest[beside >= 0], rest[beside < 0]
        if not done.size:
            raise ValueError("a tile's border was moved")
    return found


def _half_edges(
    triangles: NDArray[np.int32], values: NDArray[np.int32] | NDArray[np.intp], posts: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Keys of the directed edges of triangles, first all first ones, with the value of their triangle."""
    wide = triangles.astype(np.int64)
    keys = np.concatenate([wide[:, k] * posts + wide[:, (k + 1) % 3] for k in range(3)])
    return keys, np.tile(values, 3).astype(np.int32)


def groups(numbers: NDArray[np.int32], count: int) -> Sequence[NDArray[np.intp]]:
    """Return the places of each of the numbers 0 to ``count`` - 1, in ascending order."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, count)))
