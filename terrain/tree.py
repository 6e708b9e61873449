"""The tiles of all levels of detail as one tree, and which of them to show."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from terrain.errors import TerrainError
from terrain.sampling import MeshSampler, Neighbourhood, lay_on
from terrain.tiles import TileSet, load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from terrain.mesh import Mesh

MOST_CHILDREN = 4
MOST_TILES = 100_000
MOST_LEVELS = 16
_NEAREST_M = 1.0


@dataclass(frozen=True)
class TileTree:
    """Tiles of the ground in levels of detail: each level is a whole cover, and so is any mixture.

    A tile's children cover exactly what it covers itself. Tiles of any levels meet without a crack: their
    common borders are the same vertices, to the last bit.

    Attributes
    ----------
    level : (k,) int32
        0 is the finest, and has no children; the roots are all of the coarsest level.
    parent : (k,) int32
        -1 for roots.
    error_m : (k,) float32
        Largest vertical distance between the tile and the land at any post of the elevation grid that the
        tile covers; metres as drawn.
    lands, walls : TileSet
        Of all tiles. A tile that the edge of the ground does not touch has a wall without triangles.
    """

    level: NDArray[np.int32]
    parent: NDArray[np.int32]
    error_m: NDArray[np.float32]
    lands: TileSet
    walls: TileSet

    @classmethod
    def of(
        cls,
        *,
        level: ArrayLike,
        parent: ArrayLike,
        error_m: ArrayLike,
        lands: Sequence[Mesh],
        walls: Sequence[Mesh],
    ) -> TileTree:
        """Join tiles; those without a wall give an empty mesh for it."""
        return cls(
            np.asarray(level, np.int32),
            np.asarray(parent, np.int32),
            np.asarray(error_m, np.float32),
            TileSet.of(lands),
            TileSet.of(walls),
        )

    def __len__(self) -> int:
        """How many tiles there are, on all levels."""
        return len(self.level)

    @property
    def levels(self) -> int:
        """How many levels of detail there are."""
        return int(self.level.max()) + 1

    @cached_property
    def children(self) -> NDArray[np.int32]:
        """Children of each tile, (k, 4) int32, filled up with -1."""
        found = np.full((len(self), MOST_CHILDREN), -1, np.int32)
        child = np.flatnonzero(self.parent >= 0)
        order = child[np.argsort(self.parent[child], kind="stable")]
        above = self.parent[order]
        first = np.searchsorted(above, above, side="left")
        found[above, np.arange(len(order)) - first] = order
        return found

    @cached_property
    def triangles(self) -> NDArray[np.int64]:
        """How many triangles each tile has, with its wall, (k,)."""
        return self.lands.sizes[:, 1] + self.walls.sizes[:, 1]

    @cached_property
    def box_m(self) -> NDArray[np.float32]:
        """Lower and upper corner of each tile with its wall, (k, 2, 3), as drawn."""
        land, wall = self.lands.boxes(), self.walls.boxes()
        low, high = np.minimum(land[:, 0], wall[:, 0]), np.maximum(land[:, 1], wall[:, 1])
        return np.stack([low, high], axis=1)

    def of_level(self, level: int) -> NDArray[np.intp]:
        """Return the tiles of one level, which are a whole cover."""
        return np.flatnonzero(self.level == level)

    def land(self, tile: int) -> Mesh:
        """Return the land of a tile; its arrays are views."""
        return self.lands.mesh(tile)

    def wall(self, tile: int) -> Mesh | None:
        """Return the piece of the wall below a tile's part of the edge, if it has any."""
        mesh = self.walls.mesh(tile)
        return mesh if len(mesh.faces) else None

    def sampler_near(self, x_m: ArrayLike, y_m: ArrayLike) -> MeshSampler:
        """Return a sampler of the finest land about some positions, local metres."""
        near = Neighbourhood(x_m, y_m)
        pieces = []
        for tile in self.of_level(0).tolist():
            box = self.box_m[tile : tile + 1, :, :2]
            if near.touches(box[:, 0], box[:, 1])[0]:
                mesh = self.land(tile)
                corners = mesh.vertices_m[:, :2][mesh.faces]
                touched = near.touches(corners.min(axis=1), corners.max(axis=1))
                pieces.append(mesh.vertices_m[mesh.faces[touched]])
        vertices = np.concatenate(pieces).reshape(-1, 3) if pieces else np.empty((0, 3), np.float32)
        return MeshSampler(vertices, np.arange(len(vertices)).reshape(-1, 3))

    def lay(self, x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.float64]:
        """Lay a line of straight pieces on the ground, never below it; heights as drawn, NaN beside it.

        See :func:`terrain.sampling.lay_on`. Under the road it holds for the tiles of all levels.
        """
        x, y = np.asarray(x_m, float), np.asarray(y_m, float)
        return lay_on(self.sampler_near(x, y), x, y)

    def error_px(self, eye_m: ArrayLike, *, pixel_angle: float) -> NDArray[np.float64]:
        """Return how large each tile's error can be on the screen, (k,), seen from ``eye_m`` (as drawn)."""
        eye = np.asarray(eye_m, np.float32)
        low, high = self._corners
        away = np.maximum(np.maximum(low - eye[:, None], eye[:, None] - high), np.float32(0))
        distance = np.sqrt((away * away).sum(axis=0))
        pixels: NDArray[np.float64] = self.error_m / (np.maximum(distance, _NEAREST_M) * pixel_angle)
        return pixels

    def choose(
        self, eye_m: ArrayLike, *, pixel_angle: float, most_error_px: float, most_triangles: int
    ) -> NDArray[np.intp]:
        """Choose a whole cover by the error on the screen.

        From the roots on, the tile with the greatest error is replaced by its children, until no error is
        greater than ``most_error_px`` or the next replacement would pass ``most_triangles``. The same eye
        gives the same tiles.

        Parameters
        ----------
        eye_m : (3,)
            As drawn.
        pixel_angle : float
            Angle that a pixel takes up, radians.
        most_error_px : float
            Pixels; greater errors are refined.
        most_triangles : int
            With the walls. The roots are chosen even where they alone have more.

        Returns
        -------
        (n,) intp
            In ascending order.
        """
        found = self.error_px(eye_m, pixel_angle=pixel_angle)
        left = most_triangles - int(self.triangles[self._roots].sum())
        unbounded = self._refined(found > most_error_px, left)
        if unbounded is not None:
            return unbounded
        error = found.tolist()
        family, cost = self._family, self._cost
        chosen = set(self._roots)
        waiting = [(-error[tile], tile) for tile in self._roots if error[tile] > most_error_px]
        heapq.heapify(waiting)
        while waiting:
            _, tile = heapq.heappop(waiting)
            if not family[tile]:
                continue
            left -= cost[tile]
            if left < 0:
                break
            chosen.remove(tile)
            for child in family[tile]:
                chosen.add(child)
                if error[child] > most_error_px:
                    heapq.heappush(waiting, (-error[child], child))
        return np.array(sorted(chosen), np.intp)

    def _refined(self, coarse: NDArray[np.bool_], most_more: int) -> NDArray[np.intp] | None:
        """Return the cover without ``coarse`` tiles that could be finer; None where that takes too much.

        Its triangles may be ``most_more`` more than the roots have.
        """
        split = np.append(coarse & self._has_children, True)  # the last one stands above the roots
        for tiles, above in self._layers:
            split[tiles] &= split[above]
        if self._growth[split[:-1]].sum() > most_more:
            return None
        return np.flatnonzero(~split[:-1] & split[self.parent])

    def shown(self, wanted: Iterable[int], ready: Collection[int]) -> NDArray[np.intp]:
        """Return what to draw now: the wanted cover as far as what is ready allows.

        Where a wanted tile is not ready, its descendants stand in if they are and cover all of it, else its
        nearest ready ancestor, instead of all that it covers. So nothing is drawn twice, and nothing is left
        out that anything ready covers as a whole; with all roots ready there is never a hole.

        Parameters
        ----------
        wanted : iterable of int
            A whole cover, as from :meth:`choose`.
        ready : collection of int
            Tiles that can be drawn; a set is quickest.

        Returns
        -------
        (n,) intp
            In ascending order.
        """
        ends = {int(tile) for tile in wanted}
        at_hand = ready if isinstance(ready, (set, frozenset)) else {int(tile) for tile in ready}
        drawn: list[int] = []
        for root in self._roots:
            part, _ = self._cover(root, ends, at_hand, below=False)
            drawn.extend(part)
        return np.array(sorted(drawn), np.intp)

    def _cover(
        self, tile: int, ends: set[int], ready: Collection[int], *, below: bool
    ) -> tuple[list[int], bool]:
        """Cover a tile's area from what is ready; tell whether it is covered as a whole.

        ``below`` is for descendants of wanted tiles, which come before anything finer.
        """
        wanted = tile in ends
        if (wanted or below) and tile in ready:
            return [tile], True
        parts: list[int] = []
        whole = bool(self._family[tile])
        for child in self._family[tile]:
            part, complete = self._cover(child, ends, ready, below=below or wanted)
            parts.extend(part)
            whole = whole and complete
        if not whole and tile in ready:
            return [tile], True
        return parts, whole

    @cached_property
    def _roots(self) -> list[int]:
        return np.flatnonzero(self.parent < 0).tolist()

    @cached_property
    def _family(self) -> list[tuple[int, ...]]:
        return [tuple(child for child in row if child >= 0) for row in self.children.tolist()]

    @cached_property
    def _cost(self) -> list[int]:
        """How many more triangles the children of each tile have."""
        own = self.triangles.tolist()
        return [sum(own[child] for child in row) - own[tile] for tile, row in enumerate(self._family)]

    @cached_property
    def _growth(self) -> NDArray[np.int64]:
        """As :attr:`_cost`, where that is not less than nothing."""
        return np.maximum(np.array(self._cost, np.int64), 0)

    @cached_property
    def _has_children(self) -> NDArray[np.bool_]:
        return self.children[:, 0] >= 0

    @cached_property
    def _layers(self) -> list[tuple[NDArray[np.intp], NDArray[np.int32]]]:
        """Tiles and their parents, level by level, from the coarsest on."""
        tiles = [self.of_level(level) for level in range(self.levels - 1, -1, -1)]
        return [(layer, self.parent[layer]) for layer in tiles]

    @cached_property
    def _corners(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        boxes = self.box_m
        return np.ascontiguousarray(boxes[:, 0].T), np.ascontiguousarray(boxes[:, 1].T)

    def save(self, folder: Path) -> None:
        """Write .npy files whose names begin with ``tree``."""
        for name in ("level", "parent", "error_m"):
            np.save(folder / f"tree_{name}.npy", getattr(self, name), allow_pickle=False)
        self.lands.save(folder, "tree_land")
        self.walls.save(folder, "tree_wall")

    @classmethod
    def open(cls, folder: Path) -> TileTree:
        """Map the files into memory and check that they are a tree.

        Raises
        ------
        TerrainError
            A file is missing or damaged, or does not fit the others.
        """
        level = load(folder / "tree_level.npy", np.int32, (None,))
        parent = load(folder / "tree_parent.npy", np.int32, level.shape)
        error_m = load(folder / "tree_error_m.npy", np.float32, level.shape)
        lands, walls = (TileSet.open(folder, f"tree_{part}") for part in ("land", "wall"))
        if not (
            0 < len(level) <= MOST_TILES
            and len(lands) == len(walls) == len(level)
            and (lands.sizes[:, 1] > 0).all()
            and np.isfinite(error_m).all()
            and (error_m >= 0).all()
            and _is_tree(level, parent)
        ):
            raise TerrainError(f"The ground in {folder} is damaged; prepare the stage again.")
        return cls(np.array(level), np.array(parent), np.array(error_m), lands, walls)


def _is_tree(level: NDArray[np.int32], parent: NDArray[np.int32]) -> bool:
    """Tell whether all roots are of the coarsest level, and only tiles of level 0 have no children."""
    highest = int(level.max())
    if level.min() < 0 or highest >= MOST_LEVELS or parent.min() < -1 or parent.max() >= len(level):
        return False
    child = parent >= 0
    count = np.bincount(parent[child], minlength=len(level))
    return bool(
        (level[~child] == highest).all()
        and (level[parent[child]] == level[child] + 1).all()
        and ((count > 0) == (level > 0)).all()
        and count.max() <= MOST_CHILDREN
    )
