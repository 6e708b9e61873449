"""The ground: one actor per tile, unlit, as fine as the camera can see.

Workers read tiles (:mod:`tracker3d.render.tiles`), :mod:`tracker3d.render.cover` decides which are drawn, and
here they come into the picture: at most one piece of one tile is taken in per frame.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import ImageTexture, triangles
from tracker3d.render.cover import Cover, Detail, Load
from tracker3d.render.shading import GROUND
from tracker3d.render.tiles import TileWorkers, prepare_tile, texture_step_m

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        self._cover = Cover(ground.tree, limit=LIMIT, ground_m=texture_step_m(ground), exact=complete)
        self._tiles: dict[int, tuple[_Piece, ...]] = {}
        self._order: list[tuple[tuple[int, int], _Piece]] = []
        self._arriving: _Arrival | None = None
        prepare = partial(prepare_tile, ground)
        for root in self._cover.roots:
            self._arriving = _Arrival(root, prepare(root, np.inf))
            while self._arriving is not None:
                self._take_in(self._arriving)
        self._workers = TileWorkers(prepare)

    @property
    def pending(self) -> bool:
        """Whether the ground is not yet as fine as it should be and still can become."""
        return self._workers.busy or self._arriving is not None

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
        """Take in a piece of what is ready, if there is any; tells whether the picture changes by it."""
        replaced = self._advance()
        while self._complete and self.pending:
            self._advance()
        changed = self._show()
        self._drop()
        return changed or replaced

    def _advance(self) -> bool:
        """Take in one piece; tells whether it completed another picture of a tile that is shown."""
        self._ask()
        if self._arriving is None:
            ready = self._workers.take(patient=self._complete)
            self._arriving = None if ready is None else _Arrival(*ready)
        if self._arriving is None:
            self._ask()
            return False
        return self._take_in(self._arriving)

    def release(self, window: VtkRenderWindow) -> None:
        """Stop the workers and release everything on the graphics processor."""
        self._workers.close()
        arriving = [] if self._arriving is None else self._arriving.pieces
        for pieces in (arriving, *self._tiles.values()):
            self._release(pieces)
        self._tiles.clear()
        self._arriving = None
        self._texture.texture.ReleaseGraphicsResources(window)

    def _want(self) -> None:
        assert self._seen_from is not None
        eye_m, pixel_angle = self._seen_from
        self._cover.want(eye_m, pixel_angle=pixel_angle, detail=self._detail)

    def _ask(self) -> None:
        arriving = None if self._arriving is None else self._arriving.number
        missing = self._cover.missing(self._workers.faults)
        self._workers.ask([(tile, grain_m) for tile, grain_m in missing if tile != arriving])

    def _take_in(self, arrival: _Arrival) -> bool:
        """Bring one piece of a tile into the renderer; tells whether it replaces what is shown."""
        surface = arrival.tile.pieces[len(arrival.pieces)]
        piece = _Piece(self._renderer, self._shading, surface, self._texture)
        arrival.pieces.append(piece)
        self._insert(piece, arrival)
        if len(arrival.pieces) < len(arrival.tile.pieces):
            return False
        self._arriving = None
        number = arrival.number
        if arrival.tile.fault:
            self.picture_faults[number] = arrival.tile.fault
        before = self._tiles.pop(number, ())
        self._tiles[number] = tuple(arrival.pieces)
        self._cover.add(number, arrival.tile.load, arrival.tile.drape)
        shown = number in self._cover.shown
        self._set_visible(number, visible=shown)
        self._release(before)
        return shown

    def _insert(self, piece: _Piece, arrival: _Arrival) -> None:
        """Have a piece drawn before all that fades over the ground, and among others in an order of its own.

        Whatever has arrived before, the same tiles are then drawn in the same order.
        """
        key = arrival.number, len(arrival.pieces)
        place = bisect.bisect_right(self._order, key, key=itemgetter(0))
        self._order.insert(place, (key, piece))
        things = self._renderer.GetViewProps()
        if things.GetNumberOfItems():
            things.InsertItem(place - 1, piece.actor)
        else:
            things.AddItem(piece.actor)
        piece.actor.AddConsumer(self._renderer)

    def _release(self, gone: Sequence[_Piece]) -> None:
        window = self._renderer.GetRenderWindow()
        for piece in gone:
            piece.release(self._renderer, window)
        if gone:
            self._order = [one for one in self._order if one[1] not in gone]

    def _show(self) -> bool:
        coming, leaving = self._cover.show()
        for number in coming:
            self._set_visible(number, visible=True)
        for number in leaving:
            self._set_visible(number, visible=False)
        return bool(coming or leaving)

    def _set_visible(self, number: int, *, visible: bool) -> None:
        for piece in self._tiles[number]:
            piece.actor.SetVisibility(visible)

    def _drop(self) -> None:
        while (surplus := self._cover.drop()) is not None:
            self._release(self._tiles.pop(surplus))
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


class _Piece:
    """What draws one surface of a tile, with the picture that it has for itself, if any."""

    def __init__(
        self, renderer: VtkRenderer, shading: Shading, surface: Surface, texture: ImageTexture
    ) -> None:
        self.actor = _actor(surface, shading)
        self._own = None if surface.picture is None else _picture_texture(surface.picture)
        if self._own is not None:
            _hand_over(self._own, renderer)
        if surface.uv is not None:
            self.actor.SetTexture((self._own or texture).texture)

    def release(self, renderer: VtkRenderer, window: VtkRenderWindow) -> None:
        """Take it out of the picture and off the graphics processor; the shared texture stays."""
        # A renderer releases what its actor uses, and the shared texture would have to be handed over again.
        self.actor.SetTexture(None)
        renderer.RemoveActor(self.actor)
        self.actor.GetMapper().ReleaseGraphicsResources(window)
        if self._own is not None:
            self._own.texture.ReleaseGraphicsResources(window)


@dataclass
class _Arrival:
    """A tile of which some pieces are in the renderer, not yet visible."""

    number: int
    tile: PreparedTile
    pieces: list[_Piece] = field(default_factory=list)


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


def _hand_over(texture: ImageTexture, renderer: VtkRenderer) -> None:
    """Hand a texture to the graphics processor now, not in the frame that first shows it with others."""
    window = renderer.GetRenderWindow()
    if window.GetNeverRendered():
        return
    window.MakeCurrent()
    if window.IsCurrent():
        texture.texture.Render(renderer)
        texture.texture.PostRender(renderer)
