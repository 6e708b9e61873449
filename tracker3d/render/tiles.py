"""Tiles of the ground as the graphics processor takes them, made ready by workers in plain NumPy."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from terrain import TerrainError
from tracker3d.render.cover import Load
from tracker3d.render.drapes import COARSE, Drape, above, draped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from terrain import Ground, Mesh

_Made = TypeVar("_Made")
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
    land : Surface
        Under the ground's texture, or a coarse picture of its own.
    wall : Surface | None
    drape : Drape | None
        How its own picture lies over the land; None where the ground's texture does.
    draped : bool | None
        Whether it shows its own picture; None where it has none, or one that cannot be read.
    fault : str
        Why its own picture is missing, where it should be there.
    """

    land: Surface
    wall: Surface | None
    drape: Drape | None = None
    draped: bool | None = None
    fault: str = ""

    @property
    def load(self) -> Load:
        """What it takes on the graphics processor."""
        triangles = len(self.land.faces) + (0 if self.wall is None else len(self.wall.faces))
        return Load(triangles, 0 if self.land.picture is None else texture_bytes(self.land.picture))


def texture_bytes(picture: NDArray[np.uint8]) -> int:
    """Return what a picture takes on the graphics processor: four bytes a pixel, and mipmaps."""
    return picture[..., 0].size * 16 // 3


def prepare_tile(ground: Ground, tile: int, *, own: bool) -> PreparedTile:
    """Read a tile and all that belongs to it; for any thread.

    ``own`` asks for its own picture, coarse, in the place of the ground's texture.

    Raises
    ------
    TerrainError
        Its triangles cannot be read. Without its picture it gets the ground's one.
    """
    land, wall = ground.tree.land(tile), ground.tree.wall(tile)
    edge = None
    if wall is not None:
        edge = Surface(np.array(wall.vertices_m), np.array(wall.faces), colours=np.array(wall.colours))
    has_own = ground.has_picture(tile)
    picture, fault = None, ""
    if has_own and own:
        try:
            picture = ground.picture(tile, COARSE)
        except (TerrainError, OSError, ValueError) as error:
            fault = str(error)
    if picture is not None:
        surface = _laid_under(land, picture.bounds_m, picture.image)
        return PreparedTile(surface, edge, draped(land, picture), draped=True)
    surface = _laid_under(land, ground.texture_bounds_m)
    return PreparedTile(surface, edge, draped=False if has_own and not own else None, fault=fault)


def prepare_patches(
    ground: Ground, tile: int, drape: Drape, wanted: Mapping[int, int]
) -> dict[int, tuple[int, Surface]]:
    """Read some patches of a tile with fine pictures; for any thread.

    Parameters
    ----------
    ground : Ground
    tile : int
    drape : Drape
    wanted : mapping of int to int
        How much reduced, by patch.

    Returns
    -------
    dict of int to (int, Surface)
        By patch, how much its picture is reduced, and the patch.

    Raises
    ------
    TerrainError
        The picture or the land cannot be read.
    """
    land, made = ground.tree.land(tile), {}
    for reduction in sorted(set(wanted.values())):
        picture = ground.picture(tile, reduction)
        if picture is None:
            continue
        for number in (number for number, factor in wanted.items() if factor == reduction):
            part, window = land.part(np.flatnonzero(drape.patch == number)), drape.windows[number]
            image = window.of(picture.image, reduction)
            made[number] = reduction, _laid_under(part, window.bounds_m, image)
    return made


def texture_step_m(ground: Ground) -> float:
    """Return what a pixel of the ground's one texture spans."""
    west, _, east, _ = ground.texture_bounds_m
    return float((east - west) / ground.texture.image.shape[1])


def _laid_under(
    mesh: Mesh, bounds_m: tuple[float, float, float, float], image: NDArray[np.uint8] | None = None
) -> Surface:
    """Return land under a picture, or under the texture that lies over all tiles."""
    points = np.array(mesh.vertices_m)
    if image is not None:
        # Stored from the bottom up, as textures are, and seen from the top: nobody turns it over again.
        image = np.ascontiguousarray(image[::-1])[::-1]
    return Surface(points, np.array(mesh.faces), uv=above(points, bounds_m), picture=image)


class TileWorkers(Generic[_Made]):
    """Makes things of tiles ready in the background, a few at a time, the most urgent first.

    Parameters
    ----------
    pool : Executor
        Whose threads do it.

    Attributes
    ----------
    faults : dict of int to str
        Tiles of which it could not be made ready, and why. They are not tried again.
    """

    def __init__(self, pool: Executor) -> None:
        self.faults: dict[int, str] = {}
        self._pool = pool
        self._under_way: dict[int, Future[_Made]] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits to be taken."""
        return bool(self._under_way)

    def ask(self, tiles: Mapping[int, Callable[[], _Made]]) -> None:
        """Ask for tiles, the most urgent first, each with what makes it; others are forgotten."""
        urgent = [tile for tile in tiles if tile not in self.faults][:_AT_ONCE]
        for tile in self._under_way.keys() - set(urgent):
            self._under_way.pop(tile).cancel()
        for tile in urgent:
            if tile not in self._under_way:
                self._under_way[tile] = self._pool.submit(tiles[tile])

    def take(self, *, patient: bool) -> tuple[int, _Made] | None:
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
        for future in self._under_way.values():
            future.cancel()
        self._under_way.clear()
