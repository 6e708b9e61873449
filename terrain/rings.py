"""Triangulation by compiled loops: bisection down to the bound, then collapse of edges that keeps it.

Collapse goes tile by tile on all processors: within a tile only vertices whose neighbours all lie strictly
inside it are moved, so tiles never touch each other's vertices. Tiles shifted by half of their side follow
and take what lay on the seams; what is left where both kinds of seams cross goes last. The outcome does not
depend on the number of processors.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from terrain import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

_TILE = 256
_MOST_WORKERS = 8
MOST_ROWS, MOST_COLUMNS = 2**15 - 1, 2**16 - 1

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class RingMesh:
    """A mesh as rings of neighbours; see :mod:`terrain.compiled`."""

    heights_m: NDArray[np.float32]
    ids: NDArray[np.int32]
    rings: NDArray[np.int32]
    degrees: NDArray[np.uint8]
    state: NDArray[np.uint8]

    @classmethod
    def build(
        cls,
        heights_m: NDArray[np.float32],
        tightness_per_m: NDArray[np.float32],
        *,
        block: int,
        forced: NDArray[np.bool_],
    ) -> RingMesh:
        """Triangulate a grid of whole blocks."""
        active = _bisected(heights_m, tightness_per_m, block, forced)
        ids = np.full(heights_m.shape, -1, np.int32)
        count = compiled.number(active, ids, _TILE)
        rings = np.full((count, compiled.MOST_NEIGHBOURS), -1, np.int32)
        degrees, state = np.zeros(count, np.uint8), np.full(count, compiled.DIRTY, np.uint8)
        block_rows = (heights_m.shape[0] - 1) // block
        _everywhere(
            lambda part: compiled.link(heights_m, active, ids, rings, block, *part), _parts(block_rows)
        )
        compiled.compact(rings, degrees, state)
        state[ids[forced]] |= compiled.FIXED
        mesh = cls(heights_m, ids, rings, degrees, state)
        _collapse(mesh, tightness_per_m)
        return mesh

    def coarser(self, tightness_per_m: NDArray[np.float32], kept: NDArray[np.bool_]) -> RingMesh:
        """Collapse further, to a wider bound; the kept vertices and all their triangles stay."""
        state = (self.state & np.uint8(compiled.PINCHED)) | np.uint8(compiled.DIRTY)
        fixed = self.ids[kept]
        state[fixed[fixed >= 0]] |= compiled.FIXED
        mesh = replace(
            self, ids=self.ids.copy(), rings=self.rings.copy(), degrees=self.degrees.copy(), state=state
        )
        _collapse(mesh, tightness_per_m)
        return mesh

    def triangles(self, columns: int) -> NDArray[np.int32]:
        """Return corners (k, 3) as flat indices of posts, ``columns`` to a row, counter-clockwise."""
        room = np.empty((2 * int(np.count_nonzero(self.degrees)), 3), np.int32)
        return room[: compiled.triangles_of(self.ids, self.rings, self.degrees, columns, room)]

    def errors(self, tightness_per_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Largest error of each triangle over its posts, in tolerances, as :meth:`triangles` orders them."""
        columns = self.heights_m.shape[1]
        triangles = self.triangles(columns)
        errors = np.empty(len(triangles), np.float32)
        _everywhere(
            lambda part: compiled.errors_of(
                triangles[slice(*part)], columns, self.heights_m, tightness_per_m, errors[slice(*part)]
            ),
            _parts(len(triangles)),
        )
        return errors


def _collapse(mesh: RingMesh, tightness_per_m: NDArray[np.float32]) -> None:
    """Collapse what the tolerances allow, in place."""
    rows, columns = mesh.heights_m.shape

    def work(region: tuple[int, int, int, int]) -> None:
        south, west, north, east = region
        room = np.empty((north - south) * (east - west), np.int32)
        count = compiled.gather(mesh.ids, mesh.state, south, west, north, east, room)
        compiled.collapse_region(
            mesh.heights_m, tightness_per_m, mesh.ids, mesh.rings, mesh.degrees, mesh.state,
            south, west, north, east, room[:count],
        )  # fmt: skip

    for first in (_TILE, _TILE // 2):
        across, along = pairwise(_cuts(first, rows)), list(pairwise(_cuts(first, columns)))
        _everywhere(work, [(south, west, north, east) for south, north in across for west, east in along])
    work((-1, -1, rows, columns))


def _bisected(
    heights_m: NDArray[np.float32],
    tightness_per_m: NDArray[np.float32],
    block: int,
    forced: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Active posts of the bounded right-triangulated network."""
    block_rows, block_columns = ((length - 1) // block for length in heights_m.shape)
    active = np.zeros(heights_m.shape, np.uint8)
    active[::block, ::block] = 1
    sound = np.zeros(heights_m.shape, np.uint8)
    stale = np.ones((block_rows, block_columns), np.uint8)
    compiled.activate(forced, active, stale, block)
    while stale.any():
        _everywhere(
            lambda part: compiled.refine(
                heights_m, tightness_per_m, active, sound, stale, block, part[0], part[1]
            ),
            _parts(block_rows),
        )
    return active


def _cuts(first: int, length: int) -> list[int]:
    """Lines between tiles; the outermost lie beyond the grid, whose border may be worked on."""
    return [-1, *range(first, length - 1 - _TILE // 4, _TILE), length]


def _parts(count: int) -> list[tuple[int, int]]:
    """Cut a range into parts, a few for each worker."""
    edges = np.linspace(0, count, min(count, 4 * _workers()) + 1).astype(int).tolist()
    return list(pairwise(edges))


def _workers() -> int:
    return min(os.cpu_count() or 1, _MOST_WORKERS)


def _everywhere(work: Callable[[_Item], object], items: Iterable[_Item]) -> None:
    """Do some work for each item on all processors; compiled loops let go of the interpreter's lock."""
    with ThreadPoolExecutor(_workers()) as pool:
        for _ in pool.map(work, items):
            pass
