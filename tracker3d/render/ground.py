"""The ground: tiles in the view, unlit, as fine as the camera can see.

Workers read tiles (:mod:`tracker3d.render.tiles`), :mod:`tracker3d.render.cover` decides which are drawn, and
here they come into the picture: at most one tile, or one patch with a fine picture, is taken in per frame.
Land under pictures of its own (:mod:`tracker3d.render.fine`) is drawn tile by tile, all else in batches
(:mod:`tracker3d.render.batches`); what the camera cannot see is left out here, so that VTK need not look for
it.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.batches import Batch, regions, release
from tracker3d.render.cover import Cover, Detail, Load
from tracker3d.render.fine import DrapedTile, FinePatches
from tracker3d.render.frustum import InSight
from tracker3d.render.order import InOrder
from tracker3d.render.textures import ImageTexture
from tracker3d.render.tiles import TileWorkers, prepare_tile, texture_step_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.render.frustum import Drawable, Sight
    from tracker3d.render.shading import Shading
    from tracker3d.render.tiles import PreparedTile, Surface
    from tracker3d.render.vtk_types import VtkRenderer, VtkRenderWindow

MOVING = Detail(most_error_px=1.5, most_triangles=400_000)
"""While the camera moves."""

STILL = Detail(most_error_px=0.7, most_triangles=1_500_000)
"""For pictures that are looked at for long, and those that are kept."""

_WORKERS = 2
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
        self._sight: Sight | None = None
        self._texture = ImageTexture(mipmap=True)
        self._texture.upload(ground.texture.image)
        self._boxes = np.asarray(ground.tree.box_m, float)[ground.tree.of_level(0)]
        self._cover = Cover(ground.tree, ground_m=texture_step_m(ground), exact=complete)
        self._tiles: dict[int, _Tile] = {}
        self._regions: list[int] = regions(ground.tree).tolist()
        self._walls = Batch(shading, None)
        self._batches = {region: Batch(shading, self._texture.texture) for region in set(self._regions)}
        for batch in (*self._batches.values(), self._walls):
            renderer.AddActor(batch.actor)
        self._order = InOrder(renderer)
        self._in_sight = InSight()
        self._stale = True
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="tiles")
        self._workers: TileWorkers[PreparedTile] = TileWorkers(self._pool)
        self._fine = FinePatches(
            ground,
            self._pool,
            order=self._order,
            shading=shading,
            window=renderer.GetRenderWindow(),
            complete=complete,
        )
        for root in self._cover.roots:
            self._take_in(root, prepare_tile(ground, root, own=False))

    @property
    def pending(self) -> bool:
        """Whether the ground is not yet as fine as it should be and still can become."""
        return self._workers.busy or self._fine.pending

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong with tiles and pictures since the stage was set, one line each."""
        return (*self._workers.faults.values(), *(self.picture_faults | self._fine.faults).values())

    @property
    def shown(self) -> frozenset[int]:
        """Tiles that are drawn."""
        return self._cover.shown

    @property
    def load(self) -> Load:
        """What all tiles at hand take."""
        return self._cover.load + Load(texture_bytes=self._fine.texture_bytes)

    def set_detail(self, detail: Detail) -> None:
        """Draw finer or coarser."""
        if detail == self._detail:
            return
        self._detail = detail
        if self._sight is None:
            return
        self._cover.want(self._sight, detail)
        if self._complete:
            self.refine()
        else:
            self._show()
            self._draw()

    def see_from(self, sight: Sight) -> None:
        """Show what is best; what is out of sight is shown and not drawn."""
        self._sight = sight
        self._cover.want(sight, self._detail)
        self.refine()

    def refine(self) -> bool:
        """Take in some of what is ready, if there is any; tells whether the picture changes by it."""
        changed = self._step()
        while self._complete and self.pending:
            changed = self._step() or changed
        self._drop()
        self._draw()
        return changed

    def _step(self) -> bool:
        """Take in some of what is ready, show what is best, and ask for what is still missing."""
        changed = self._advance()
        changed = self._show() or changed
        self._ask()
        return changed

    def _draw(self) -> None:
        """Have all drawn that is shown and may be in sight."""
        if self._stale:
            batches = [batch for batch in (*self._batches.values(), self._walls) if batch]
            own = [thing for number in sorted(self.shown) for thing in self._drawn_of(number)]
            self._in_sight.replace([*batches, *own])
            self._stale = False
        self._in_sight.look(None if self._sight is None else self._sight.frustum)

    def _drawn_of(self, number: int) -> list[Drawable]:
        """Return what is drawn of a tile under a picture of its own."""
        own = self._tiles[number].own
        return [] if own is None else [own, *self._fine.of(number)]

    def _advance(self) -> bool:
        """Take in one tile or one patch; tells whether what is shown changes by it."""
        ready = self._workers.take(patient=self._complete)
        if ready is not None:
            return self._take_in(*ready)
        changed = self._fine.take() in self.shown
        self._stale |= changed
        return changed

    def release(self, window: VtkRenderWindow) -> None:
        """Stop the workers and release everything on the graphics processor."""
        self._workers.close()
        self._fine.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for number, tile in self._tiles.items():
            self._release(number, tile)
        self._tiles.clear()
        for batch in (*self._batches.values(), self._walls):
            release(batch.actor, self._renderer, window)
        self._texture.release(window)

    def _ask(self) -> None:
        for number in self._fine.lost():
            self._cover.lose_picture(number)
        missing = self._cover.missing(self._workers.faults)
        self._workers.ask({tile: partial(prepare_tile, self._ground, tile, own=own) for tile, own in missing})
        if self._sight is not None:
            self._stale |= self._fine.look(self._sight, self.shown)

    def _take_in(self, number: int, tile: PreparedTile) -> bool:
        """Bring a tile into the renderer; tells whether it replaces what is shown."""
        if tile.fault:
            self.picture_faults[number] = tile.fault
        shown = number in self.shown
        before = self._tiles.pop(number, None)
        if before is not None:
            if shown:
                self._put(number, before, shown=False)
            self._release(number, before)
        own = None
        if tile.drape is not None:
            window = self._renderer.GetRenderWindow()
            own = DrapedTile(tile.land, tile.drape, shading=self._shading, window=window)
            self._order.add((number, 0), own.actor)
            self._fine.put(number, own)
        self._tiles[number] = _Tile(own, tile.land if own is None else None, tile.wall)
        self._cover.add(number, tile.load, draped=tile.draped)
        if shown:
            self._put(number, self._tiles[number], shown=True)
        return shown

    def _release(self, number: int, gone: _Tile) -> None:
        if gone.own is not None:
            self._fine.drop(number)
            self._order.remove(gone.own.actor)
            gone.own.texture.release(self._renderer.GetRenderWindow())

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
            self._release(surplus, self._tiles.pop(surplus))
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


@dataclass(frozen=True)
class _Tile:
    """A tile at hand: its land under a picture of its ``own``, or ``land`` under the ground's; a ``wall``."""

    own: DrapedTile | None
    land: Surface | None
    wall: Surface | None
