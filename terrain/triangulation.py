"""Triangles for a grid of heights, none of whose posts is farther from them than it may be.

Two ways lead there, with the same guarantees: compiled loops, and plain numpy where they are not to be had,
which takes more than twice as many triangles.

* Every post that a triangle covers lies within its own tolerance of that triangle.
* Vertices are posts of the grid, so the mesh has their exact heights; neighbours share vertices, so there are
  no cracks, and no vertex lies on another triangle's edge.
* All triangles are counter-clockwise seen from above, without an angle below 10 degrees in the plane of
  the grid.
* Voids are left out: the land ends at the smallest triangles between posts with heights.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from terrain.rtin import BisectedMesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.rings import RingMesh

_BLOCK = 64


@dataclass(frozen=True)
class Triangulation:
    """Triangles between the posts of a grid of ``rows`` x ``columns``."""

    rows: int
    columns: int
    mesh: BisectedMesh | RingMesh

    @cached_property
    def triangles(self) -> NDArray[np.int32]:
        """Corners (k, 3) as flat indices of posts, counter-clockwise with rows north and columns east."""
        return self.mesh.triangles(self.columns)

    def errors(self, tightness_per_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Largest error of each triangle over all the posts that it covers, in tolerances, (k,) float32.

        Parameters
        ----------
        tightness_per_m : (rows, columns) float32
            One over the tolerance of each post in metres: 1 for errors in metres, 0 for posts not to count.
        """
        return self.mesh.errors(_padded(tightness_per_m, self.mesh.heights_m.shape, 0))

    def coarser(
        self, tightness_per_m: NDArray[np.float32], *, kept: NDArray[np.bool_] | None = None
    ) -> Triangulation:
        """Take vertices away, to tolerances that are nowhere narrower; none is added.

        Parameters
        ----------
        tightness_per_m : (rows, columns) float32
            One over the tolerance of each post in metres; 0 where any error will do.
        kept : (rows, columns) bool, optional
            Vertices that stay, with all their triangles. Posts that are no vertices do not matter.
        """
        shape = self.mesh.heights_m.shape
        return Triangulation(
            self.rows,
            self.columns,
            self.mesh.coarser(_padded(tightness_per_m, shape, 0), _mask(kept, shape)),
        )


def triangulate(
    heights_m: NDArray[np.float32],
    tightness_per_m: NDArray[np.float32],
    *,
    forced: NDArray[np.bool_] | None = None,
    compiled: bool = True,
) -> Triangulation:
    """Triangulate a grid so that no post is out of tolerance.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        Rows run north, columns east; two at least of either. Voids are NaN.
    tightness_per_m : (rows, columns) float32
        One over the tolerance of each post in metres; 0 where any error will do.
    forced : (rows, columns) bool, optional
        Posts that become vertices in any case.
    compiled : bool
        False for the numpy way even where compiled loops can be had.
    """
    rows, columns = heights_m.shape
    if min(rows, columns) < 2:
        raise ValueError(f"a grid of {rows} x {columns} posts has no area")
    shape = tuple(-(-(length - 1) // _BLOCK) * _BLOCK + 1 for length in (rows, columns))
    heights = _padded(heights_m, shape, np.nan)
    if not np.isfinite(heights).all():
        heights = np.where(np.isfinite(heights), heights, np.float32(np.nan))
    engine = (_ring_mesh(shape[0], shape[1]) if compiled else None) or BisectedMesh
    mesh = engine.build(
        heights, _padded(tightness_per_m, shape, 0), block=_BLOCK, forced=_mask(forced, shape)
    )
    return Triangulation(rows, columns, mesh)


def warm_up() -> None:
    """Load the compiled loops on another thread, so that they are at hand when they are needed.

    Once per installation that means compiling them, for some seconds; later they come from numba's cache,
    which lies beside this package or, where that cannot be written, in the user's own cache folder.
    """
    threading.Thread(target=_rings, name="terrain loops").start()


@cache
def _rings() -> type[RingMesh] | None:
    """Return the compiled way; none without numba, or where it has no place for its cache."""
    try:
        from terrain.rings import RingMesh
    except (ImportError, RuntimeError, OSError):
        return None
    return RingMesh


def _ring_mesh(rows: int, columns: int) -> type[RingMesh] | None:
    found = _rings()
    if found is None:
        return None
    from terrain.rings import MOST_COLUMNS, MOST_ROWS

    return found if rows <= MOST_ROWS and columns <= MOST_COLUMNS else None


def _padded(values: NDArray[np.float32], shape: tuple[int, ...], beyond: float) -> NDArray[np.float32]:
    if values.shape == shape:
        return np.ascontiguousarray(values, np.float32)
    whole = np.full(shape, beyond, np.float32)
    whole[: values.shape[0], : values.shape[1]] = values
    return whole


def _mask(posts: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    whole = np.zeros(shape, np.bool_)
    if posts is not None:
        whole[: posts.shape[0], : posts.shape[1]] = posts
    return whole
