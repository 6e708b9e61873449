"""The course of the rehearsal stage: along a river, over a col, through a tunnel, up to a finish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.synthetic import Lake, Landscape, Plan, River, Saddle
from tracker3d.feed.rehearsal.wayfinding import Box, Way, WayFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS, COLS, STEP_M = 841, 1081, 30.0

PLAN = Plan(
    rivers=(
        River(
            x_m=(0.0, 4_000.0, 8_000.0, 12_000.0, 16_000.0, 20_000.0, 24_000.0, 32_400.0),
            y_m=(8_200.0, 8_800.0, 8_000.0, 8_700.0, 8_000.0, 7_000.0, 5_000.0, 3_000.0),
            height_m=(560.0, 615.0, 660.0, 660.0, 760.0, 880.0, 1_050.0, 1_500.0),
            floor_half_width_m=280.0,
        ),
        River(
            x_m=(0.0, 6_000.0, 10_000.0, 14_000.0, 18_000.0, 22_000.0, 26_000.0, 30_000.0),
            y_m=(17_000.0, 16_600.0, 17_200.0, 16_500.0, 17_500.0, 19_000.0, 21_000.0, 22_500.0),
            height_m=(800.0, 890.0, 985.0, 985.0, 1_130.0, 1_280.0, 1_500.0, 1_800.0),
            floor_half_width_m=180.0,
        ),
    ),
    saddles=(Saddle(18_500.0, 12_800.0, 2_600.0, 0.5),),
    lakes=(Lake(0, 8_300.0, 11_700.0, 430.0), Lake(1, 10_300.0, 12_400.0, 380.0)),
)
"""Two valleys running west, each with a lake, and a gap in the range between them."""

_SMOOTH_POSTS = 5.0
_APPROACH_M = 15_000.0
_COL_CLIMB_M = 690.0
_FINISH_CLIMB_M = 730.0
_FINISH_ROAD_M = (9_400.0, 12_200.0)


@dataclass(frozen=True)
class _Terms:
    """What the search for one leg is asked: see :class:`WayFinder`."""

    limit: float
    lattice_m: float
    margin_m: float
    hairpin_cost_m: float = 450.0


_LEGS = (
    _Terms(limit=0.05, lattice_m=80.0, margin_m=900.0),
    _Terms(limit=0.068, lattice_m=40.0, margin_m=1_900.0),
    _Terms(limit=0.05, lattice_m=60.0, margin_m=1_900.0),
)
_COL_CLIMB = tuple(
    _Terms(limit=0.080, lattice_m=40.0, margin_m=margin_m, hairpin_cost_m=cost_m)
    for margin_m, cost_m in ((900.0, 120.0), (550.0, 120.0), (900.0, 40.0), (550.0, 0.0), (350.0, 0.0))
)
_HAIRPINS_OF_COL = (8, 16)
_LAST_CLIMB = _Terms(limit=0.083, lattice_m=40.0, margin_m=4_600.0, hairpin_cost_m=300.0)


class NoCourseError(Exception):
    """The landscape has no room for the stage; another seed has."""


@dataclass(frozen=True)
class Course:
    """The way of the stage and where its parts begin.

    Attributes
    ----------
    way : Way
    corners : dict of str to int
        Index into ``way`` of the "foot" of the col, the "col", the second "valley" and the foot of the last
        climb ("last").
    """

    way: Way
    corners: dict[str, int]


def lay_out(landscape: Landscape) -> Course:
    """Lay the stage through a landscape made from :data:`PLAN`.

    Raises
    ------
    NoCourseError
        No way keeps within the gradients asked for.
    """
    return _Surveyor(landscape).survey()


class _Surveyor:
    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._step_m = landscape.step_m
        self._heights = ndimage.gaussian_filter(landscape.heights_m.astype(float), _SMOOTH_POSTS)
        wet = np.zeros(landscape.heights_m.shape, bool)
        for x, y in landscape.rivers:
            wet[self._row_col(x, y)] = True
        self._wet = ndimage.binary_dilation(wet | landscape.lakes, iterations=1)

    def survey(self) -> Course:
        col = self._lowest_pass()
        foot, to_river_m = self._down_the_water(col, river=0, drop_m=_COL_CLIMB_M)
        mouth, _ = self._down_the_water(col, river=0, drop_m=np.inf)
        valley, _ = self._down_the_water(col, river=1, drop_m=np.inf)
        start = self._along_river(0, mouth, -(_APPROACH_M - to_river_m))
        last = self._along_river(1, valley, -2_600.0)
        parts = [self._leg(start, foot, None, _LEGS[0])]
        parts.append(self._col_climb(parts[0], col))
        for goal, terms in zip((valley, last), _LEGS[1:], strict=True):
            end = parts[-1]
            here = (float(end.x_m[-1]), float(end.y_m[-1]))
            parts.append(self._leg(here, goal, int(end.heading[-1]), terms))
        parts.append(self._last_climb(parts[-1]))
        way, corners = parts[0], {}
        for name, part in zip(("foot", "col", "valley", "last"), parts[1:], strict=True):
            corners[name] = len(way.x_m) - 1
            way = way.joined(part)
        return Course(way, corners)

    def _row_col(self, x_m: Floats, y_m: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        rows, cols = self._landscape.heights_m.shape
        row = np.clip(np.rint(np.asarray(y_m) / self._step_m), 0, rows - 1).astype(np.intp)
        return row, np.clip(np.rint(np.asarray(x_m) / self._step_m), 0, cols - 1).astype(np.intp)

    def _lowest_pass(self) -> tuple[float, float]:
        """Return the lowest place of the divide between the two rivers, near the gap in the range."""
        side = self._landscape.drains_to
        divide = ndimage.binary_dilation(side == 0) & (side == 1)
        row, col = np.nonzero(divide)
        gap = PLAN.saddles[0]
        near = np.abs(col * self._step_m - gap.x_m) < 2.0 * gap.radius_m
        if not near.any():
            raise NoCourseError("the valleys do not meet")
        lowest = np.argmin(self._heights[row[near], col[near]])
        return float(col[near][lowest] * self._step_m), float(row[near][lowest] * self._step_m)

    def _down_the_water(
        self, place: tuple[float, float], *, river: int, drop_m: float
    ) -> tuple[tuple[float, float], float]:
        """Follow the water from beside ``place`` down ``drop_m``, or to the edge of a river's floor.

        Returns the place and how far the water still runs from there to the river.
        """
        row, col = (int(value) for value in self._row_col(np.array(place[0]), np.array(place[1])))
        cols = self._landscape.heights_m.shape[1]
        south, west = max(row - 4, 0), max(col - 4, 0)
        wanted = np.argwhere(self._landscape.drains_to[south : row + 5, west : col + 5] == river)
        if len(wanted) == 0:
            raise NoCourseError("the col has one side only")
        start = wanted[np.argmin(((wanted - 4) ** 2).sum(axis=1))] + (south, west)
        downhill = self._landscape.downhill.ravel()
        path = [int(start[0]) * cols + int(start[1])]
        while downhill[path[-1]] != path[-1]:
            path.append(int(downhill[path[-1]]))
        # A few posts short of the river itself: roads keep off it.
        path = path[: max(1, len(path) - 5)]
        heights = self._heights.ravel()[path]
        low = np.flatnonzero(heights < self._heights[row, col] - drop_m)
        index = int(low[0]) if len(low) else len(path) - 1
        y, x = (part * self._step_m for part in np.divmod(np.array(path[index:]), cols))
        return (float(x[0]), float(y[0])), float(np.hypot(np.diff(x), np.diff(y)).sum())

    def _along_river(self, river: int, place: tuple[float, float], distance_m: float) -> tuple[float, float]:
        """Return a place beside a river, some distance up (positive) or down it."""
        x, y = self._landscape.rivers[river]
        at = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        here = at[np.argmin((x - place[0]) ** 2 + (y - place[1]) ** 2)]
        index = min(int(np.searchsorted(at, max(here + distance_m, 1_500.0))), len(x) - 30)
        along = np.array([x[index + 25] - x[index - 25], y[index + 25] - y[index - 25]])
        along /= np.hypot(*along)
        side = 1.0 if (place[0] - x[index]) * -along[1] + (place[1] - y[index]) * along[0] > 0.0 else -1.0
        return float(x[index] - side * 130.0 * along[1]), float(y[index] + side * 130.0 * along[0])

    def _box(self, places: list[tuple[float, float]], margin_m: float) -> Box:
        rows, cols = self._landscape.heights_m.shape
        x, y = np.array(places).T
        return Box(
            west_m=max(float(x.min()) - margin_m, self._step_m),
            south_m=max(float(y.min()) - margin_m, self._step_m),
            east_m=min(float(x.max()) + margin_m, (cols - 2) * self._step_m),
            north_m=min(float(y.max()) + margin_m, (rows - 2) * self._step_m),
        )

    def _leg(
        self, start: tuple[float, float], goal: tuple[float, float], heading: int | None, terms: _Terms
    ) -> Way:
        finder = self._finder(self._box([start, goal], terms.margin_m), terms)
        way = finder.search(start, heading).way_to(*goal)
        if way is None:
            raise NoCourseError("no way is flat enough")
        return way

    def _col_climb(self, before: Way, col: tuple[float, float]) -> Way:
        """Climb to the col in hairpins, on the terms that give enough of them."""
        foot = (float(before.x_m[-1]), float(before.y_m[-1]))
        for terms in _COL_CLIMB:
            way = self._leg(foot, col, int(before.heading[-1]), terms)
            if _HAIRPINS_OF_COL[0] <= int(way.hairpin.sum()) <= _HAIRPINS_OF_COL[1]:
                return way
        raise NoCourseError("the col needs no hairpins")

    def _finder(self, box: Box, terms: _Terms) -> WayFinder:
        return WayFinder(
            self._heights,
            step_m=self._step_m,
            box=box,
            lattice_m=terms.lattice_m,
            limit=terms.limit,
            wet=self._wet,
            hairpin_cost_m=terms.hairpin_cost_m,
        )

    def _last_climb(self, before: Way) -> Way:
        """Climb from the end of ``before`` to the gentlest place at the right height and distance."""
        foot = (float(before.x_m[-1]), float(before.y_m[-1]))
        box = self._box([foot], _LAST_CLIMB.margin_m)
        finder = self._finder(box, _LAST_CLIMB)
        found = finder.search(foot, int(before.heading[-1]))
        cost = found.cost_m()
        heights = finder.heights_m
        row, col = finder.cell(*foot)
        climbed = heights - heights[row, col]
        steepness = ndimage.gaussian_filter(np.hypot(*np.gradient(heights, _LAST_CLIMB.lattice_m)), 2.0)
        fits = (climbed > _FINISH_CLIMB_M - 60.0) & (climbed < _FINISH_CLIMB_M + 70.0)
        fits &= (cost > _FINISH_ROAD_M[0]) & (cost < _FINISH_ROAD_M[1] + 12_000.0)
        rows, cols = np.nonzero(fits)
        for index in np.argsort(steepness[rows, cols])[:1500:5]:
            place = (
                box.west_m + float(cols[index]) * _LAST_CLIMB.lattice_m,
                box.south_m + float(rows[index]) * _LAST_CLIMB.lattice_m,
            )
            way = found.way_to(*place)
            if way is not None and self._worthy(way):
                return way
        raise NoCourseError("no place for the finish")

    def _worthy(self, way: Way) -> bool:
        length = float(np.hypot(np.diff(way.x_m), np.diff(way.y_m)).sum())
        return _FINISH_ROAD_M[0] < length < _FINISH_ROAD_M[1] and 6 <= int(way.hairpin.sum()) <= 13
