"""Tiles of the ground as the graphics processor takes them, made ready by workers in plain NumPy."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from terrain import TerrainError
from tracker3d.render.cover import Load
from tracker3d.render.drapes import Drape, above, pieces, reduced, reduction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from terrain import Ground, Mesh, Texture

_WORKERS = 2
_AT_ONCE = 4
"""So many tiles are under way or wait to be taken: enough for one a frame, and the camera may turn."""


@dataclass(frozen=True)
class Surface:
    """Triangles in arrays of their own, ready for VTK.

    Attributes
    ----------
    points_m : (n, 3) float32
    faces : (m, 3) int32
    uv : (n, 2) float32 | None
        Of ``picture``, or else of the ground's texture; None for what is drawn in ``colours``.
    colours : (n, 3) uint8 | None
    picture : (h, w, 3) uint8 | None
    box_m : (2, 3) float64
        Lower and upper corner.
    """

    points_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32] | None = None
    colours: NDArray[np.uint8] | None = None
    picture: NDArray[np.uint8] | None = None
    box_m: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Measure it, here where there is time."""
        low, high = self.points_m.min(axis=0), self.points_m.max(axis=0)
        object.__setattr__(self, "box_m", np.array([low, high], np.float64))


@dataclass(frozen=True)
class PreparedTile:
    """One tile, read and ready to be drawn.

    Attributes
    ----------
    pieces : tuple of Surface
        All of it; more than one where its own picture is large.
    drape : Drape | None
        None where it has no picture of its own.
    fault : str
        Why its own picture is missing, where it should be there.
    """

    pieces: tuple[Surface, ...]
    drape: Drape | None = None
    fault: str = ""

    @property
    def load(self) -> Load:
        """What it takes on the graphics processor, where pictures have four bytes a pixel and mipmaps."""
        pixels = sum(piece.picture[..., 0].size for piece in self.pieces if piece.picture is not None)
        return Load(sum(len(piece.faces) for piece in self.pieces), pixels * 16 // 3)


def prepare_tile(ground: Ground, tile: int, grain_m: float) -> PreparedTile:
    """Read a tile and all that belongs to it; for any thread.

    ``grain_m`` is what a pixel of the screen spans there: its own picture need not be finer, and is left out
    where the ground's texture is fine enough.

    Raises
    ------
    TerrainError
        Its triangles cannot be read. Without its picture it gets the ground's one.
    """
    land, wall = ground.tree.land(tile), ground.tree.wall(tile)
    picture, drape, fault = _own_picture(ground, tile, grain_m)
    parts = [(land, None)] if picture is None else pieces(land, picture)
    surfaces = [_draped(mesh, own, ground.texture_bounds_m) for mesh, own in parts]
    if wall is not None:
        colours = np.array(wall.colours)
        surfaces.append(Surface(np.array(wall.vertices_m), np.array(wall.faces), colours=colours))
    return PreparedTile(tuple(surfaces), drape, fault)


def _own_picture(ground: Ground, tile: int, grain_m: float) -> tuple[Texture | None, Drape | None, str]:
    """Read a tile's own picture as finely as it is needed; tells how fine that is, and what went wrong."""
    if not ground.has_picture(tile):
        return None, None, ""
    if grain_m >= texture_step_m(ground):
        return None, Drape(), ""
    try:
        picture = ground.picture(tile)
    except (TerrainError, OSError, ValueError) as error:
        return None, None, str(error)
    if picture is None:
        return None, None, ""
    west, _, east, _ = picture.bounds_m
    step_m = (east - west) / picture.image.shape[1]
    drape = Drape(step_m, reduction(step_m, grain_m))
    return reduced(picture, drape.reduction), drape, ""


def texture_step_m(ground: Ground) -> float:
    """Return what a pixel of the ground's one texture spans."""
    west, _, east, _ = ground.texture_bounds_m
    return float((east - west) / ground.texture.image.shape[1])


def _draped(mesh: Mesh, own: Texture | None, bounds_m: tuple[float, float, float, float]) -> Surface:
    points = np.array(mesh.vertices_m)
    if own is None:
        return Surface(points, np.array(mesh.faces), uv=above(points, bounds_m))
    # Stored from the bottom up, as textures are, and seen from the top: nobody turns it over again.
    image = np.ascontiguousarray(own.image[::-1])[::-1]
    return Surface(points, np.array(mesh.faces), uv=above(points, own.bounds_m), picture=image)


class TileWorkers:
    """Makes tiles ready in the background, a few at a time, the most urgent first.

    Parameters
    ----------
    prepare : callable
        Makes one tile for a grain, see :func:`prepare_tile`; called in other threads.

    Attributes
    ----------
    faults : dict of int to str
        Tiles that could not be made ready, and why. They are not tried again.
    """

    def __init__(self, prepare: Callable[[int, float], PreparedTile]) -> None:
        self.faults: dict[int, str] = {}
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="tiles")
        self._under_way: dict[int, Future[PreparedTile]] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits to be taken."""
        return bool(self._under_way)

    def ask(self, tiles: Sequence[tuple[int, float]]) -> None:
        """Ask for tiles and their grain, the most urgent first; what is not asked for again is forgotten."""
        urgent = dict(tiles[:_AT_ONCE])
        for tile in self._under_way.keys() - urgent.keys():
            self._under_way.pop(tile).cancel()
        for tile, grain_m in urgent.items():
            if tile not in self._under_way and tile not in self.faults:
                self._under_way[tile] = self._pool.submit(self._prepare, tile, grain_m)

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
