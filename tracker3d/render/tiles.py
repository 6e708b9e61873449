"""Tiles of the ground as the graphics processor takes them, made ready by workers in plain NumPy."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terrain import TerrainError
from tracker3d.render.cover import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from terrain import Ground, Mesh

_WORKERS = 2
_AT_ONCE = 4
"""So many tiles are under way or wait to be taken: enough for one a frame, and the camera may turn."""


@dataclass(frozen=True)
class Surface:
    """Triangles in arrays of their own, ready for VTK: ``uv`` of a picture over them, or ``colours``."""

    points_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32] | None = None
    colours: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class PreparedTile:
    """One tile, read and ready to be drawn.

    Attributes
    ----------
    land : Surface
    wall : Surface | None
    picture : (h, w, 3) uint8 | None
        Its own, to which the land's ``uv`` belong; None where they belong to the ground's one texture.
    fault : str
        Why its own picture is missing, where it should be there.
    """

    land: Surface
    wall: Surface | None = None
    picture: NDArray[np.uint8] | None = None
    fault: str = ""

    @property
    def load(self) -> Load:
        """What it takes on the graphics processor, where pictures have four bytes a pixel and mipmaps."""
        triangles = len(self.land.faces) + (len(self.wall.faces) if self.wall is not None else 0)
        pixels = 0 if self.picture is None else self.picture.shape[0] * self.picture.shape[1]
        return Load(triangles, pixels * 16 // 3)


def prepare_tile(ground: Ground, tile: int) -> PreparedTile:
    """Read a tile and all that belongs to it; for any thread.

    Raises
    ------
    TerrainError
        Its triangles cannot be read. Without its picture it gets the ground's one.
    """
    land, wall = ground.tree.land(tile), ground.tree.wall(tile)
    image, bounds_m, fault = None, ground.texture_bounds_m, ""
    try:
        picture = ground.picture(tile)
    except (TerrainError, OSError, ValueError) as error:
        picture, fault = None, str(error)
    if picture is not None:
        bounds_m = picture.bounds_m
        # Stored from the bottom up, as textures are, and seen from the top: nobody turns it over again.
        image = np.ascontiguousarray(picture.image[::-1])[::-1]
    return PreparedTile(
        land=Surface(np.array(land.vertices_m), np.array(land.faces), uv=_above(land, bounds_m)),
        wall=None if wall is None else _coloured(wall),
        picture=image,
        fault=fault,
    )


def _coloured(mesh: Mesh) -> Surface:
    return Surface(np.array(mesh.vertices_m), np.array(mesh.faces), colours=np.array(mesh.colours))


def _above(mesh: Mesh, bounds_m: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Return texture coordinates (n, 2) of a picture seen from above."""
    west, south, east, north = bounds_m
    low, size = np.array([west, south]), np.array([east - west, north - south])
    return np.ascontiguousarray((mesh.vertices_m[:, :2] - low) / size, np.float32)


class TileWorkers:
    """Makes tiles ready in the background, a few at a time, the most urgent first.

    Parameters
    ----------
    prepare : callable
        Makes one tile; called in other threads.

    Attributes
    ----------
    faults : dict of int to str
        Tiles that could not be made ready, and why. They are not tried again.
    """

    def __init__(self, prepare: Callable[[int], PreparedTile]) -> None:
        self.faults: dict[int, str] = {}
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="tiles")
        self._under_way: dict[int, Future[PreparedTile]] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits to be taken."""
        return bool(self._under_way)

    def ask(self, tiles: Sequence[int]) -> None:
        """Ask for tiles, the most urgent first; what was asked for before and is not now is forgotten."""
        urgent = dict.fromkeys(tiles[:_AT_ONCE])
        for tile in self._under_way.keys() - urgent.keys():
            self._under_way.pop(tile).cancel()
        for tile in urgent:
            if tile not in self._under_way and tile not in self.faults:
                self._under_way[tile] = self._pool.submit(self._prepare, tile)

    def take(self, *, patient: bool) -> tuple[int, PreparedTile] | None:
        """Return a tile that is ready; None for none. ``patient`` waits until one is, if any is under way."""
        while self._under_way:
            if patient:
                wait(self._under_way.values(), return_when=FIRST_COMPLETED)
            done = next((tile for tile, future in self._under_way.items() if future.done()), None)
            if done is None:
                return None
            future = self._under_way.pop(done)
            error = future.exception()
            if error is None:
                return done, future.result()
            self.faults[done] = str(error) or repr(error)
        return None

    def close(self) -> None:
        """Forget everything; tiles in work are finished for nobody."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._under_way.clear()
