"""The ground: tiles in the view, unlit, as fine as the camera can see.

Workers read tiles (:mod:`tracker3d.render.tiles`), :mod:`tracker3d.render.cover` decides which are drawn, and
here they come into the picture: at most one tile, or one piece of a tile with a picture of its own, is taken
in per frame. Such pieces are drawn one by one, all else in batches (:mod:`tracker3d.render.batches`); what
the camera cannot see is left out here, so that VTK need not look for it.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.batches import Batch, ground_actor, regions, release
from tracker3d.render.buffers import ImageTexture, triangles
from tracker3d.render.cover import Cover, Detail, Load
from tracker3d.render.frustum import InSight
from tracker3d.render.tiles import TileWorkers, prepare_tile, texture_step_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.render.frustum import Frustum
    from tracker3d.render.shading import Shading
    from tracker3d.render.tiles import PreparedTile, Surface
    from tracker3d.render.vtk_types import VtkRenderer, VtkRenderWindow

MOVING = Detail(most_error_px=1.5, most_triangles=400_000)
"""While the camera moves."""

STILL = Detail(most_error_px=0.7, most_triangles=1_500_000)
"""For pictures that are looked at for long, and those that are kept."""

LIMIT = Load(triangles=3_000_000, texture_bytes=256 << 20)
"""What is kept on the graphics processor for coming back: about 100 MB of triangles, and pictures."""

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
        self._tiles: dict[int, _Tile] = {}
        self._regions: list[int] = regions(ground.tree).tolist()
        self._walls = Batch(shading, None)
        self._batches = {region: Batch(shading, self._texture.texture) for region in set(self._regions)}
        for batch in (*self._batches.values(), self._walls):
            renderer.AddActor(batch.actor)
        self._order: list[tuple[tuple[int, int], _Piece]] = []
        self._in_sight = InSight()
        self._stale = True
        self._frustum: Frustum | None = None
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
            self._draw()

    def see_from(
        self, eye_m: NDArray[np.float64], *, pixel_angle: float, frustum: Frustum | None = None
    ) -> None:
        """Show what is best from ``eye_m``.

        Parameters
        ----------
        eye_m : (3,) float64
        pixel_angle : float
            Width of a pixel at a distance of 1 m.
        frustum : Frustum | None
            What is outside is shown and not drawn.
        """
        self._seen_from = eye_m, pixel_angle
        self._frustum = frustum
        self._want()
        self.refine()

    def refine(self) -> bool:
        """Take in a piece of what is ready, if there is any; tells whether the picture changes by it."""
        replaced = self._advance()
        while self._complete and self.pending:
            self._advance()
        changed = self._show()
        self._drop()
        self._draw()
        return changed or replaced

    def _draw(self) -> None:
        """Have all drawn that is shown and may be in sight."""
        if self._stale:
            batches = [batch for batch in (*self._batches.values(), self._walls) if batch]
            pieces = [piece for number in sorted(self.shown) for piece in self._tiles[number].pieces]
            self._in_sight.replace([*batches, *pieces])
            self._stale = False
        self._in_sight.look(self._frustum)

    def _advance(self) -> bool:
        """Take in one piece; tells whether it completed another picture of a tile that is shown."""
        faults = len(self._workers.faults)
        self._ask()
        if self._arriving is None:
            ready = self._workers.take(patient=self._complete)
            self._arriving = None if ready is None else _Arrival(*ready)
        if self._arriving is None:
            if len(self._workers.faults) > faults:  # others come in the place of those that failed
                self._ask()
            return False
        return self._take_in(self._arriving)

    def release(self, window: VtkRenderWindow) -> None:
        """Stop the workers and release everything on the graphics processor."""
        self._workers.close()
        if self._arriving is not None:
            self._release(self._arriving.pieces)
            self._arriving = None
        for tile in self._tiles.values():
            self._release(tile.pieces)
        self._tiles.clear()
        for batch in (*self._batches.values(), self._walls):
            release(batch.actor, self._renderer, window)
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
        """Bring a tile, or one piece of it, into the renderer; tells whether it replaces what is shown."""
        if arrival.pictures:
            piece = _Piece(self._renderer, self._shading, arrival.pictures.pop(0))
            self._insert(piece, arrival)
            arrival.pieces.append(piece)
            if arrival.pictures:
                return False
        self._arriving = None
        number, tile = arrival.number, arrival.tile
        if tile.fault:
            self.picture_faults[number] = tile.fault
        shown = number in self._cover.shown
        before = self._tiles.pop(number, None)
        if before is not None:
            if shown:
                self._put(number, before, shown=False)
            self._release(before.pieces)
        self._tiles[number] = _Tile(
            tuple(arrival.pieces),
            next(
                (surface for surface in tile.pieces if surface.picture is None and surface.uv is not None),
                None,
            ),
            next((surface for surface in tile.pieces if surface.uv is None), None),
        )
        self._cover.add(number, tile.load, tile.drape)
        if shown:
            self._put(number, self._tiles[number], shown=True)
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
        for number in leaving:
            self._put(number, self._tiles[number], shown=False)
        for number in coming:
            self._put(number, self._tiles[number], shown=True)
        return bool(coming or leaving)

    def _put(self, number: int, tile: _Tile, *, shown: bool) -> None:
        """Bring a tile into what is drawn, or take it out."""
        self._stale = True
        for surface, batch in ((tile.land, self._batches[self._regions[number]]), (tile.wall, self._walls)):
            if surface is not None:
                batch.put(number, surface if shown else None)

    def _drop(self) -> None:
        while (surplus := self._cover.drop()) is not None:
            self._release(self._tiles.pop(surplus).pieces)
            if not self._complete:
                break

    def reach_m(self, eye_m: NDArray[np.float64]) -> tuple[float, float]:
        """Return the least and the greatest distance (bounds) from ``eye_m`` to any ground."""
        below, above = self._boxes[:, 0] - eye_m, eye_m - self._boxes[:, 1]
        outside = np.maximum(np.maximum(below, above), 0.0)
        across = np.minimum(below, above)  # the farther face is as far off as the nearer one is behind
        nearest_m = math.sqrt(float((outside * outside).sum(axis=1).min()))
        farthest_m = math.sqrt(float((across * across).sum(axis=1).max()))
        relief = self._ground.relief
        around_m = relief.away_m(eye_m, posts=_WINDOW_POSTS)
        if math.isfinite(around_m):
            nearest_m = max(nearest_m, min(around_m - relief.step_m, _WINDOW_POSTS * relief.step_m))
        return nearest_m, farthest_m


class _Piece:
    """What draws one surface of a tile, with the picture that it has for itself."""

    def __init__(self, renderer: VtkRenderer, shading: Shading, surface: Surface) -> None:
        assert surface.picture is not None
        self.box_m = surface.box_m
        self._own = _picture_texture(surface.picture)
        _hand_over(self._own, renderer)
        data = triangles(surface.points_m, surface.faces, uv=surface.uv)
        self.actor = ground_actor(data, shading, self._own.texture)

    def set_seen(self, seen: bool) -> None:
        """Draw it in the next picture, or do not."""
        self.actor.SetVisibility(seen)

    def release(self, renderer: VtkRenderer, window: VtkRenderWindow) -> None:
        """Take it out of the picture and off the graphics processor."""
        release(self.actor, renderer, window)
        self._own.texture.ReleaseGraphicsResources(window)


@dataclass(frozen=True)
class _Tile:
    """A tile at hand: ``pieces`` with pictures of their own, or ``land`` under the ground's; a ``wall``."""

    pieces: tuple[_Piece, ...]
    land: Surface | None
    wall: Surface | None


@dataclass
class _Arrival:
    """A tile of which some pieces with pictures may be in the renderer, not yet visible."""

    number: int
    tile: PreparedTile
    pieces: list[_Piece] = field(default_factory=list)
    pictures: list[Surface] = field(init=False)

    def __post_init__(self) -> None:
        """List what is to be taken in one by one."""
        self.pictures = [surface for surface in self.tile.pieces if surface.picture is not None]


def _picture_texture(image: NDArray[np.uint8]) -> ImageTexture:
    made = ImageTexture(mipmap=True)
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
