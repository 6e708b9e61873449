"""Finding where a mountain road would go: the cheapest way that is never too steep.

The search runs on a lattice of posts and sixteen headings, so that bends cost something and a hairpin
is a move of its own. Where the slope is steeper than the road may be, traverses and hairpins follow by
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

HEADINGS = np.array(
    [
        (1, 0), (2, 1), (1, 1), (1, 2), (0, 1), (-1, 2), (-1, 1), (-2, 1),
        (-1, 0), (-2, -1), (-1, -1), (-1, -2), (0, -1), (1, -2), (1, -1), (2, -1),
    ]
)  # fmt: skip
"""Moves in posts (east, north), counter-clockwise from east."""

_COST_OF_TURN_M = {0: 0.0, 1: 3.0, 2: 25.0}
_COST_OF_RISE = 8.0
"""Metres of road per metre up or down: the same for all ways that never lose height, dear for the others."""
_MOST_OVER_LIMIT = 0.035
_HAIRPIN_SLACK = 0.08
_SHORTEST_LEG_POSTS = 4.0
_STEEP_SIDE = 0.8


@dataclass(frozen=True)
class Box:
    """A part of the map to search in: metres from the south-west corner."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float


@dataclass(frozen=True)
class Way:
    """A way across the lattice.

    Attributes
    ----------
    x_m, y_m : (n,) float64
        Corners; metres from the south-west corner of the map.
    heading : (n,) int
        Index into :data:`HEADINGS` on arrival.
    hairpin : (n,) bool
        The move to this corner from the one before is a hairpin.
    """

    x_m: Floats
    y_m: Floats
    heading: Indices
    hairpin: NDArray[np.bool_]

    def joined(self, other: Way) -> Way:
        """Go on along ``other``, which begins where this ends."""
        return Way(
            *(
                np.concatenate([mine, theirs[1:]])
                for mine, theirs in (
                    (self.x_m, other.x_m),
                    (self.y_m, other.y_m),
                    (self.heading, other.heading),
                    (self.hairpin, other.hairpin),
                )
            )
        )


class WayFinder:
    """All ways from one post, within a box and a limit of gradient.

    Parameters
    ----------
    heights_m : (rows, cols) float64
        Smoothed ground; rows go north.
    step_m : float
        Distance of its posts.
    box : Box
    lattice_m : float
        Distance of the posts searched.
    limit : float
        Gradient that the road keeps below wherever it can.
    wet : (rows, cols) bool
        Rivers: crossing costs a bridge.
    hairpin_cost_m : float
        How much longer a way without a hairpin may be.
    """

    def __init__(
        self,
        heights_m: Floats,
        *,
        step_m: float,
        box: Box,
        lattice_m: float,
        limit: float,
        wet: NDArray[np.bool_],
        hairpin_cost_m: float,
    ) -> None:
        self._box = box
        self._lattice_m = lattice_m
        self._limit = limit
        self._hairpin_cost_m = hairpin_cost_m
        self._cols = int((box.east_m - box.west_m) / lattice_m) + 1
        self._rows = int((box.north_m - box.south_m) / lattice_m) + 1
        rows = (box.south_m + np.arange(self._rows) * lattice_m) / step_m
        cols = (box.west_m + np.arange(self._cols) * lattice_m) / step_m
        at = np.meshgrid(rows, cols, indexing="ij")
        self._heights = ndimage.map_coordinates(heights_m, at, order=1, mode="nearest")
        self._wet = ndimage.map_coordinates(wet.astype(float), at, order=1, mode="nearest") > 0.3
        side = np.hypot(*np.gradient(self._heights, lattice_m))
        self._toll = 1.0 + 1.2 * np.maximum(side - _STEEP_SIDE, 0.0) ** 2
        self._graph = self._build()

    def cell(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Return row and column of the lattice nearest to a place."""
        col = round((x_m - self._box.west_m) / self._lattice_m)
        row = round((y_m - self._box.south_m) / self._lattice_m)
        return min(max(row, 0), self._rows - 1), min(max(col, 0), self._cols - 1)

    def search(self, start: tuple[float, float], heading: int | None) -> Found:
        """Search all ways from ``start`` (x, y), beginning in ``heading`` (any if None)."""
        row, col = self.cell(*start)
        node = (row * self._cols + col) * 16
        sources = [node + turn for turn in range(16)] if heading is None else [node + heading]
        cost, before, _ = dijkstra(self._graph, indices=sources, min_only=True, return_predecessors=True)
        return Found(self, cost, before)

    def place_of(self, node: Indices) -> tuple[Floats, Floats]:
        """Return x and y of nodes of the search."""
        row, col = np.divmod(node // 16, self._cols)
        return self._box.west_m + col * self._lattice_m, self._box.south_m + row * self._lattice_m

    @property
    def lattice_m(self) -> float:
        """Distance of the posts searched."""
        return self._lattice_m

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the lattice."""
        return self._rows, self._cols

    @property
    def heights_m(self) -> Floats:
        """Heights of the lattice."""
        return np.asarray(self._heights)

    def _build(self) -> csr_array:
        cells = np.arange(self._rows * self._cols).reshape(self._rows, self._cols)
        froms: list[Indices] = []
        tos: list[Indices] = []
        costs: list[Floats] = []
        for heading in range(16):
            for turn, toll in _COST_OF_TURN_M.items():
                for new in {(heading + turn) % 16, (heading - turn) % 16}:
                    length = self._lattice_m * float(np.hypot(*HEADINGS[new]))
                    self._add(cells, heading, new, HEADINGS[new], length, toll, (froms, tos, costs))
            for offset in _hairpin_offsets(heading):
                for new in ((heading + 7) % 16, (heading + 8) % 16, (heading + 9) % 16):
                    self._add_hairpin(cells, heading, new, offset, (froms, tos, costs))
        count = cells.size * 16
        # One move per pair of nodes: ordinary moves and hairpins never join the same two.
        edges = (np.concatenate(costs), (np.concatenate(froms), np.concatenate(tos)))
        return csr_array(edges, shape=(count, count))

    def _add(
        self,
        cells: Indices,
        heading: int,
        new: int,
        move: Indices,
        length_m: float,
        toll_m: float,
        edges: tuple[list[Indices], list[Indices], list[Floats]],
    ) -> None:
        here, there = self._ends(move)
        rise_m = np.abs(self._heights[there] - self._heights[here])
        over = rise_m / length_m - self._limit
        cost = length_m * self._toll[there] * (1.0 + 60.0 * np.maximum(over, 0.0)) + toll_m
        cost = cost + _COST_OF_RISE * rise_m
        cost = cost + 400.0 * (self._wet[there] & ~self._wet[here]) + 3.0 * length_m * self._wet[there]
        passable = over < _MOST_OVER_LIMIT
        edges[0].append(cells[here][passable] * 16 + heading)
        edges[1].append(cells[there][passable] * 16 + new)
        edges[2].append(cost[passable])

    def _add_hairpin(
        self,
        cells: Indices,
        heading: int,
        new: int,
        offset: Indices,
        edges: tuple[list[Indices], list[Indices], list[Floats]],
    ) -> None:
        """Add a half circle and the straight leg after it as one move, so that no two hairpins touch."""
        leg = HEADINGS[new] * _leg_moves(new)
        here, there = self._ends(offset + leg)
        rows, cols = np.divmod(cells, self._cols)
        turned_row = np.clip(rows[here] + offset[1], 0, self._rows - 1)
        turned_col = np.clip(cols[here] + offset[0], 0, self._cols - 1)
        between = self._heights[turned_row, turned_col]
        arc_m = 0.5 * np.pi * self._lattice_m * float(np.hypot(*offset))
        leg_m = self._lattice_m * float(np.hypot(*leg))
        rise_arc_m = np.abs(between - self._heights[here])
        rise_leg_m = np.abs(self._heights[there] - between)
        over = np.maximum(rise_arc_m / arc_m - self._limit - _HAIRPIN_SLACK, rise_leg_m / leg_m - self._limit)
        cost = (arc_m + leg_m) * self._toll[there] * (1.0 + 60.0 * np.maximum(over, 0.0))
        cost = cost + self._hairpin_cost_m + _COST_OF_RISE * (rise_arc_m + rise_leg_m)
        passable = (over < _MOST_OVER_LIMIT) & ~self._wet[there]
        edges[0].append(cells[here][passable] * 16 + heading)
        edges[1].append(cells[there][passable] * 16 + new)
        edges[2].append(cost[passable])

    def _ends(self, move: Indices) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """All posts from which ``move`` stays inside, and where it leads."""
        east, north = int(move[0]), int(move[1])
        here = (_overlap(self._rows, north), _overlap(self._cols, east))
        return here, (_overlap(self._rows, -north), _overlap(self._cols, -east))


class Found:
    """The result of one search."""

    def __init__(self, finder: WayFinder, cost: Floats, before: NDArray[np.int32]) -> None:
        self._finder = finder
        self._cost = cost
        self._before = before

    def cost_m(self) -> Floats:
        """Cheapest cost to each post of the lattice, infinite where no way leads."""
        rows, cols = self._finder.shape
        return np.asarray(self._cost.reshape(rows, cols, 16).min(axis=2))

    def way_to(self, x_m: float, y_m: float) -> Way | None:
        """Return the cheapest way to a place, whatever the heading there; None where no way leads."""
        row, col = self._finder.cell(x_m, y_m)
        node = (row * self._finder.shape[1] + col) * 16
        end = node + int(np.argmin(self._cost[node : node + 16]))
        if not np.isfinite(self._cost[end]):
            return None
        nodes = [end]
        while self._before[nodes[-1]] >= 0:
            nodes.append(int(self._before[nodes[-1]]))
        return self._way(np.array(nodes[::-1], np.intp))

    def _way(self, nodes: Indices) -> Way:
        """Name the corners, those inside hairpin moves too."""
        x, y = self._finder.place_of(nodes)
        heading = nodes % 16
        turned = np.concatenate([[0], np.abs((np.diff(heading) + 8) % 16 - 8)]) > 4
        reach = (
            np.array([_leg_moves(int(new)) for new in heading[turned]])[:, None] * HEADINGS[heading[turned]]
        )
        before = np.flatnonzero(turned)
        leg = reach * self._finder.lattice_m
        return Way(
            np.insert(x, before, x[turned] - leg[:, 0]) if len(before) else x,
            np.insert(y, before, y[turned] - leg[:, 1]) if len(before) else y,
            np.insert(heading, before, heading[turned]),
            np.insert(np.zeros(len(nodes), bool), before, True),
        )


def _leg_moves(heading: int) -> int:
    """How many moves a leg between two hairpins has at least."""
    return max(2, round(_SHORTEST_LEG_POSTS / float(np.hypot(*HEADINGS[heading]))))


def _overlap(size: int, shift: int) -> slice:
    return slice(max(0, -shift), size - max(0, shift))


def _hairpin_offsets(heading: int) -> list[Indices]:
    """Where the other leg of a hairpin begins: one post to the left or right."""
    offsets = []
    along = HEADINGS[heading] / np.hypot(*HEADINGS[heading])
    for offset in ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)):
        forward = float(np.dot(along, offset)) / float(np.hypot(*offset))
        if abs(forward) < 0.35:
            offsets.append(np.array(offset))
    return offsets
