"""The ground: one actor per tile, unlit, as fine as the camera can see.

Workers read tiles (:mod:`tracker3d.render.tiles`), :mod:`tracker3d.render.cover` decides which are drawn, and
here they come into the picture: at most one is taken in per frame.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import ImageTexture, triangles
from tracker3d.render.cover import Cover, Detail, Load
from tracker3d.render.shading import GROUND
from tracker3d.render.tiles import TileWorkers, prepare_tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.render.shading import Shading
    from tracker3d.render.tiles import PreparedTile, Surface
    from tracker3d.render.vtk_types import VtkActor, VtkRenderer, VtkRenderWindow

MOVING = Detail(most_error_px=1.5, most_triangles=400_000)
"""While the camera moves."""

STILL = Detail(most_error_px=0.7, most_triangles=1_500_000)
"""For pictures that are looked at for long, and those that are kept."""

LIMIT = Load(triangles=3_000_000, texture_bytes=256 << 20)
"""What is kept on the graphics processor for coming back: about 100 MB of triangles, and pictures."""

_ANISOTROPY = 4.0
_WINDOW_POSTS = 24


class GroundActors:
    """The ground's tiles in a renderer.

    Parameters
    ----------
    renderer : vtkRenderer
    shading : Shading
    ground : Ground
    complete : bool
        Wait for everything that a frame wants, so that the same frame gives the same picture. Otherwise
        the picture becomes finer from frame to frame, until :attr:`pending` is over.

    Attributes
    ----------
    picture_faults : dict of int to str
        Tiles whose own picture could not be read, and why; the ground's one is laid over them.
    """

    def __init__(self, renderer: VtkRenderer, shading: Shading, ground: Ground, *, complete: bool) -> None:
        self.picture_faults: dict[int, str] = {}
        self._renderer = renderer
        self._shading = shading
        self._ground = ground
        self._complete = complete
        self._detail = STILL
        self._seen_from: tuple[NDArray[np.float64], float] | None = None
        self._texture = _picture_texture(ground.texture.image)
        self._boxes = np.asarray(ground.tree.box_m, float)[ground.tree.of_level(0)]
        self._cover = Cover(ground.tree, limit=LIMIT)
        self._tiles: dict[int, _TileActors] = {}
        prepare = partial(prepare_tile, ground)
        for root in self._cover.roots:
            self._take_in(root, prepare(root))
        self._workers = TileWorkers(prepare)

    @property
    def pending(self) -> bool:
        """Whether the ground is not yet as fine as it should be and still can become."""
        return self._workers.busy

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong with tiles and pictures since the stage was set, one line each."""
        return (*self._workers.faults.values(), *self.picture_faults.values())

    @property
    def shown(self) -> frozenset[int]:
        """Tiles that are drawn."""
        return self._cover.shown

    @property
    def load(self) -> Load:
        """What all tiles at hand take."""
        return self._cover.load

    def set_detail(self, detail: Detail) -> None:
        """Draw finer or coarser."""
        if detail == self._detail:
            return
        self._detail = detail
        if self._seen_from is None:
            return
        self._want()
        if self._complete:
            self.refine()
        else:
            self._show()

    def see_from(self, eye_m: NDArray[np.float64], *, pixel_angle: float) -> None:
        """Show what is best from ``eye_m``; ``pixel_angle`` is the width of a pixel at a distance of 1 m."""
        self._seen_from = eye_m, pixel_angle
        self._want()
        self.refine()

    def refine(self) -> bool:
        """Take in a tile that is ready, if there is one; tells whether the picture changes by it."""
        self._ask()
        while self._workers.busy:
            ready = self._workers.take(patient=self._complete)
            if ready is not None:
                self._take_in(*ready)
            self._ask()
            if not self._complete:
                break
        changed = self._show()
        self._drop()
        return changed

    def release(self, window: VtkRenderWindow) -> None:
        """Stop the workers and release everything on the graphics processor."""
        self._workers.close()
        for tile in self._tiles.values():
            tile.release(self._renderer, window)
        self._tiles.clear()
        self._texture.texture.ReleaseGraphicsResources(window)

    def _want(self) -> None:
        assert self._seen_from is not None
        eye_m, pixel_angle = self._seen_from
        self._cover.want(eye_m, pixel_angle=pixel_angle, detail=self._detail)

    def _ask(self) -> None:
        self._workers.ask(self._cover.missing(self._workers.faults))

    def _take_in(self, number: int, tile: PreparedTile) -> None:
        if tile.fault:
            self.picture_faults[number] = tile.fault
        self._tiles[number] = _TileActors(self._renderer, self._shading, tile, self._texture)
        self._cover.add(number, tile.load)

    def _show(self) -> bool:
        coming, leaving = self._cover.show()
        for number in coming:
            self._tiles[number].set_visible(visible=True)
        for number in leaving:
            self._tiles[number].set_visible(visible=False)
        return bool(coming or leaving)

    def _drop(self) -> None:
        window = self._renderer.GetRenderWindow()
        while (surplus := self._cover.drop()) is not None:
            self._tiles.pop(surplus).release(self._renderer, window)
            if not self._complete:
                break

    def reach_m(self, eye_m: NDArray[np.float64]) -> tuple[float, float]:
        """Return the least and the greatest distance (bounds) from ``eye_m`` to any ground."""
        outside = np.maximum(np.maximum(self._boxes[:, 0] - eye_m, eye_m - self._boxes[:, 1]), 0.0)
        nearest = float(np.sqrt((outside**2).sum(axis=1)).min())
        across = np.maximum(np.abs(self._boxes[:, 0] - eye_m), np.abs(self._boxes[:, 1] - eye_m))
        farthest = float(np.sqrt((across**2).sum(axis=1)).max())
        return max(nearest, self._clearance_m(eye_m)), farthest

    def _clearance_m(self, eye_m: NDArray[np.float64]) -> float:
        """Return how far the relief below and around the eye is, at most the size of the part looked at."""
        relief = self._ground.relief
        heights = relief.heights_m
        column = int((eye_m[0] - relief.x0_m) / relief.step_m)
        row = int((eye_m[1] - relief.y0_m) / relief.step_m)
        rows = np.arange(max(row - _WINDOW_POSTS, 0), min(row + _WINDOW_POSTS + 2, heights.shape[0]))
        columns = np.arange(max(column - _WINDOW_POSTS, 0), min(column + _WINDOW_POSTS + 2, heights.shape[1]))
        if not len(rows) or not len(columns):
            return 0.0
        east = relief.x0_m + columns * relief.step_m - eye_m[0]
        north = relief.y0_m + rows * relief.step_m - eye_m[1]
        around = heights[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        up = around - eye_m[2]
        nearest = float(np.sqrt(np.nanmin(east**2 + north[:, None] ** 2 + up**2)))
        return float(np.clip(nearest - relief.step_m, 0.0, _WINDOW_POSTS * relief.step_m))


class _TileActors:
    """What draws one tile: its land, its piece of the wall, and its own picture where it has one."""

    def __init__(
        self, renderer: VtkRenderer, shading: Shading, tile: PreparedTile, texture: ImageTexture
    ) -> None:
        self._own = None if tile.picture is None else _picture_texture(tile.picture)
        self._actors = [_actor(tile.land, shading)]
        self._actors[0].SetTexture((self._own or texture).texture)
        if tile.wall is not None:
            self._actors.append(_actor(tile.wall, shading))
        for actor in self._actors:
            renderer.AddActor(actor)

    def set_visible(self, *, visible: bool) -> None:
        """Draw it or not."""
        for actor in self._actors:
            actor.SetVisibility(visible)

    def release(self, renderer: VtkRenderer, window: VtkRenderWindow) -> None:
        """Take it out of the picture and off the graphics processor; the shared texture stays."""
        for actor in self._actors:
            renderer.RemoveActor(actor)
            actor.GetMapper().ReleaseGraphicsResources(window)
        if self._own is not None:
            self._own.texture.ReleaseGraphicsResources(window)


def _actor(surface: Surface, shading: Shading) -> VtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetVBOShiftScaleMethod(0)
    mapper.SetInputData(triangles(surface.points_m, surface.faces, uv=surface.uv, colours=surface.colours))
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.SetShaderProperty(shading.of(GROUND))
    actor.ForceOpaqueOn()
    actor.SetVisibility(False)
    return actor


def _picture_texture(image: NDArray[np.uint8]) -> ImageTexture:
    made = ImageTexture(mipmap=True)
    made.texture.SetMaximumAnisotropicFiltering(_ANISOTROPY)
    made.upload(image)
    return made
