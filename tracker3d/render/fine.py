"""Land under pictures of its own as it is drawn: whole tiles coarsely, patches in sight finely.

Workers read patches, and one a frame is handed over to the graphics processor; where it lies, the tile under
it leaves its faces out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.batches import ground_actor
from tracker3d.render.buffers import triangle_cells, triangles
from tracker3d.render.patches import KEPT_BYTES, Patches
from tracker3d.render.textures import draws_in_software, ground_texture, is_current
from tracker3d.render.tiles import TileWorkers, prepare_patches, texture_bytes

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from terrain import Ground
    from tracker3d.render.drapes import Drape
    from tracker3d.render.frustum import Drawable, Sight
    from tracker3d.render.order import InOrder
    from tracker3d.render.shading import Shading
    from tracker3d.render.tiles import Surface
    from tracker3d.render.vtk_types import VtkRenderWindow


class PicturedLand:
    """What draws land under a picture of its own."""

    def __init__(self, surface: Surface, *, shading: Shading, window: VtkRenderWindow) -> None:
        assert surface.picture is not None
        self.box_m = surface.box_m
        self.texture = ground_texture(surface.picture, window)
        self._data = triangles(surface.points_m, surface.faces, uv=surface.uv)
        self.actor = ground_actor(self._data, shading, self.texture.texture)

    def set_seen(self, seen: bool) -> None:
        """Draw it in the next picture, or do not."""
        self.actor.SetVisibility(seen)


class DrapedTile(PicturedLand):
    """The land of a tile under its coarse picture, but for patches that have finer ones."""

    def __init__(self, surface: Surface, drape: Drape, *, shading: Shading, window: VtkRenderWindow) -> None:
        super().__init__(surface, shading=shading, window=window)
        self.drape = drape
        self._faces = surface.faces
        self._left_out = np.zeros(len(drape.windows), bool)
        self._stale = False

    def leave_out(self, patch: int, out: bool) -> None:
        """Draw a patch no more, or again."""
        self._left_out[patch] = out
        self._stale = True

    def set_seen(self, seen: bool) -> None:
        """Draw what is left of it in the next picture, or do not."""
        seen = seen and not self._left_out.all()  # of things without a face VTK complains
        if seen and self._stale:
            self._data.SetPolys(triangle_cells(self._faces[~self._left_out[self.drape.patch]]))
            self._stale = False
        super().set_seen(seen)


class FinePatches:
    """The patches with fine pictures of all tiles at hand.

    Parameters
    ----------
    ground : Ground
    pool : Executor
        Whose threads read.
    order : InOrder
    shading : Shading
    window : vtkRenderWindow
    complete : bool
        Wait for what is asked for; the same frame then has the same pictures.
    """

    def __init__(
        self,
        ground: Ground,
        pool: Executor,
        *,
        order: InOrder,
        shading: Shading,
        window: VtkRenderWindow,
        complete: bool,
    ) -> None:
        self._ground = ground
        self._order, self._shading, self._window = order, shading, window
        self._complete = complete
        self._account = Patches(exact=complete)
        self._tiles: dict[int, DrapedTile] = {}
        self._fine: dict[int, dict[int, PicturedLand]] = {}
        self._ready: list[tuple[int, int, int, Surface]] = []
        self._asked_renderer = False
        self._workers: TileWorkers[dict[int, tuple[int, Surface]]] = TileWorkers(pool)

    @property
    def pending(self) -> bool:
        """Whether any is under way."""
        return self._workers.busy or bool(self._ready)

    @property
    def faults(self) -> dict[int, str]:
        """Tiles of which patches could not be read, and why."""
        return self._workers.faults

    @property
    def texture_bytes(self) -> int:
        """What all their pictures take on the graphics processor."""
        return self._account.fine_bytes

    def of(self, tile: int) -> list[Drawable]:
        """Return what is drawn of a tile."""
        return list(self._fine[tile].values())

    def lost(self) -> list[int]:
        """Return the tiles of which pictures went with the context that they were handed over to."""
        return [
            number
            for number, tile in self._tiles.items()
            if tile.texture.lost or any(patch.texture.lost for patch in self._fine[number].values())
        ]

    def put(self, number: int, tile: DrapedTile) -> None:
        """Take note of a tile that shows its coarse picture."""
        self._account.put(number, tile.drape)
        self._tiles[number], self._fine[number] = tile, {}

    def drop(self, number: int) -> None:
        """Forget a tile, and its patches with it."""
        for patch in list(self._fine[number]):
            self._give_up(number, patch)
        self._ready = [one for one in self._ready if one[0] != number]
        self._account.drop(number)
        del self._tiles[number], self._fine[number]

    def look(self, sight: Sight, shown: frozenset[int]) -> bool:
        """Ask for what is missing, see :meth:`Patches.look`; tells whether any was given up."""
        given_up = False
        self._account.look(sight, shown)
        while (surplus := self._account.surplus()) is not None:
            self._give_up(*surplus)
            given_up = True
        coming = {tile for tile, *_ in self._ready}
        self._workers.ask(
            {
                tile: partial(prepare_patches, self._ground, tile, self._tiles[tile].drape, wanted)
                for tile, wanted in self._account.missing().items()
                if tile not in coming
            }
        )
        return given_up

    def take(self) -> int | None:
        """Have a patch drawn that is ready; returns its tile, None for none."""
        if not self._ready:
            made = self._workers.take(patient=self._complete)
            if made is not None and made[0] in self._tiles:
                self._ready = [(made[0], number, *patch) for number, patch in made[1].items()]
        if not self._ready:
            return None
        if not self._asked_renderer and is_current(self._window):
            self._asked_renderer = True
            if not draws_in_software(self._window):
                self._account.kept_bytes = KEPT_BYTES
        tile, number, reduction, surface = self._ready.pop(0)
        assert surface.picture is not None
        if number in self._fine[tile]:
            self._give_up(tile, number)
        patch = self._fine[tile][number] = PicturedLand(surface, shading=self._shading, window=self._window)
        self._order.add((tile, 1 + number), patch.actor)
        self._tiles[tile].leave_out(number, True)
        self._account.note(tile, number, reduction, texture_bytes(surface.picture))
        return tile

    def _give_up(self, tile: int, number: int) -> None:
        patch = self._fine[tile].pop(number)
        self._order.remove(patch.actor)
        patch.texture.release(self._window)
        self._tiles[tile].leave_out(number, False)

    def close(self) -> None:
        """Forget all that is under way."""
        self._workers.close()
