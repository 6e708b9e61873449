"""Which tiles of the ground are wanted, which are at hand and which are shown; nothing is drawn here.

Tiles come in families: the children of one tile, which cover exactly what it does. A tile is only taken in
when its parent's whole family is at hand, so each arrival refines one place by one step, and what is at hand
is always a tree from the roots down. Roots are never given up: there can be no hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.frustum import box_distances_m

if TYPE_CHECKING:
    from collections.abc import Collection

    from terrain.tree import TileTree
    from tracker3d.render.frustum import Sight


@dataclass(frozen=True)
class Detail:
    """How fine the ground is drawn.

    Attributes
    ----------
    most_error_px : float
        Largest error on the screen, pixels of the picture.
    most_triangles : int
        Where that is not enough for it, what looks worst is refined first.
    """

    most_error_px: float
    most_triangles: int


@dataclass(frozen=True)
class Load:
    """What tiles take: ``triangles``, and bytes of their coarse pictures on the graphics processor."""

    triangles: int = 0
    texture_bytes: int = 0

    def __add__(self, other: Load) -> Load:
        """Return both together."""
        return Load(self.triangles + other.triangles, self.texture_bytes + other.texture_bytes)

    def __sub__(self, other: Load) -> Load:
        """Return what is left without the other."""
        return Load(self.triangles - other.triangles, self.texture_bytes - other.texture_bytes)

    def __mul__(self, times: int) -> Load:
        """Return it so many times."""
        return Load(self.triangles * times, self.texture_bytes * times)

    def within(self, limit: Load) -> bool:
        """Tell whether it is no more than ``limit`` in any respect."""
        return self.triangles <= limit.triangles and self.texture_bytes <= limit.texture_bytes


KEPT = Load(triangles=1, texture_bytes=16)
"""For each pixel of the screen, of tiles at hand: those not wanted stay within this for coming back.

What is wanted takes a tenth of the triangles, in a still picture of the finest ground three quarters, and is
kept even where it takes more.
"""


class Cover:
    """Keeps account of tiles by their numbers.

    Parameters
    ----------
    tree : TileTree
    ground_m : float
        What a pixel of the texture that lies over all tiles spans.
    exact : bool
        Tiles show pictures of their own where the frame asks for them, whatever was seen before. Otherwise
        those that once did go on.

    Attributes
    ----------
    shown : frozenset of int
        Tiles to draw: a whole cover, without anything twice.
    load : Load
        Of all that is at hand.
    """

    def __init__(self, tree: TileTree, *, ground_m: float, exact: bool) -> None:
        self.roots: tuple[int, ...] = tuple(np.flatnonzero(tree.parent < 0).tolist())
        self.shown: frozenset[int] = frozenset()
        self.load = Load()
        self._tree = tree
        self._limit = Load()
        self._ground_m, self._exact = ground_m, exact
        self._low_m, self._high_m = np.moveaxis(np.asarray(tree.box_m, np.float64), 1, 0)
        self._grain_m = np.full(len(tree), np.inf)
        self._draped: dict[int, bool] = {}
        self._parent: list[int] = tree.parent.tolist()
        self._family = [tuple(child for child in row if child >= 0) for row in tree.children.tolist()]
        self._wanted: frozenset[int] = frozenset()
        self._needed: dict[int, None] = {}
        self._loads: dict[int, Load] = {}
        self._used: dict[int, None] = {}
        self._stale = True

    def want(self, sight: Sight, detail: Detail) -> None:
        """Choose anew what would be drawn best; all around the eye, for cameras turn."""
        eye_m, pixel_angle = sight.eye_m, sight.pixel_angle
        self._limit = KEPT * sight.pixels
        self._grain_m = sight.grain_m(box_distances_m(self._low_m, self._high_m, eye_m))
        chosen = self._tree.choose(
            eye_m,
            pixel_angle=pixel_angle,
            most_error_px=detail.most_error_px,
            most_triangles=detail.most_triangles,
        )
        wanted = frozenset(chosen.tolist())
        if wanted == self._wanted:
            return
        self._wanted, self._stale = wanted, True
        error = self._tree.error_px(eye_m, pixel_angle=pixel_angle)
        urgency = np.where(self._tree.parent >= 0, error[self._tree.parent], np.inf)
        needed = set(wanted)
        for tile in wanted:
            above = self._parent[tile]
            while above >= 0 and above not in needed:
                needed.add(above)
                above = self._parent[above]
        self._needed = dict.fromkeys(sorted(needed, key=lambda tile: (-urgency[tile], tile)))
        for tile in self._needed.keys() & self._used.keys():
            self._used[tile] = self._used.pop(tile)

    def missing(self, but: Collection[int] = ()) -> list[tuple[int, bool]]:
        """Return what is to be made ready next, what looks worst without it first, and with what picture.

        True stands for the tile's own one, False for the ground's. Then come tiles at hand which have the
        wrong one. Tiles in ``but`` cannot be made ready; neither can what is finer in their place.
        """
        tiles = [tile for tile in self._needed if tile not in self._loads and self._may_come(tile)]
        doubtful = (tile for tile, own in self._draped.items() if self._exact or not own)
        tiles += [tile for tile in doubtful if tile in self.shown and self._is_wrong(tile)]
        return [(tile, self._wants_own(tile)) for tile in tiles if tile not in but]

    def _wants_own(self, tile: int) -> bool:
        return bool(self._grain_m[tile] < self._ground_m)

    def _is_wrong(self, tile: int) -> bool:
        return self._draped[tile] != self._wants_own(tile)

    def _may_come(self, tile: int) -> bool:
        parent = self._parent[tile]
        if parent < 0:
            return True
        above = self._parent[parent]
        family = self.roots if above < 0 else self._family[above]
        return all(one in self._loads for one in family)

    def add(self, tile: int, load: Load, *, draped: bool | None = None) -> None:
        """Take note that a tile is at hand, or again, with another picture.

        ``draped`` tells whether it shows the one that it has of its own; None where it has none.
        """
        self.load += load - self._loads.get(tile, Load())
        self._loads[tile] = load
        self._used[tile] = None
        if draped is not None:
            self._draped[tile] = draped
        else:
            self._draped.pop(tile, None)
        self._stale = True

    def lose_picture(self, tile: int) -> None:
        """Take note that a tile's own picture is lost; it is missing again."""
        self._draped[tile] = False

    def show(self) -> tuple[frozenset[int], frozenset[int]]:
        """Bring :attr:`shown` up to date; returns what comes into the picture and what leaves it."""
        if not self._stale:
            return frozenset(), frozenset()
        self._stale = False
        before = self.shown
        self.shown = frozenset(self._tree.shown(self._wanted, set(self._loads)).tolist())
        return self.shown - before, before - self.shown

    def drop(self) -> int | None:
        """Give up one tile where too much is at hand: of those not needed, what was longest not wanted."""
        if self.load.within(self._limit):
            return None
        for tile in self._used:
            if tile in self._needed or tile in self.shown or self._parent[tile] < 0:
                continue
            if any(child in self._loads for child in self._family[tile]):
                continue
            del self._used[tile]
            self._draped.pop(tile, None)
            self.load -= self._loads.pop(tile)
            return tile
        return None
