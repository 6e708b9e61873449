"""The road: a uniform table along official distance, read by linear interpolation.

:func:`tracker3d.stage.roadbuild.build_route` makes one from the points of a source.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from terrain import LocalFrame

HEADING_REACH_M = 10.0
"""A heading is that of the chord from this far behind to this far ahead."""

FIT_MEDIAN_M = 25.0
FIT_P95_M = 250.0
"""Positions that lie farther off than this (half of them; 95 % of them) were not ridden on this road."""


@dataclass(frozen=True)
class Route:
    """A road sampled every few metres of official distance.

    Queries take any array of distances, clip them to the ends of the road and give arrays of the same
    shape; NaN gives NaN.

    Attributes
    ----------
    frame : LocalFrame
    start_m : float
        Official distance of the first node: 0, or negative where the neutralised start is known.
    step_m : float
        Official distance between nodes.
    finish_m : float
        Official distance of the finish, at most ``end_m``.
    x_m, y_m : (n,) float64
        Local frame.
    height_m : (n,) float64
        The road's own height, smoothed; every figure comes from it.
    z_drawn_m : (n,) float64
        Height on the drawn ground; equal to ``height_m`` until the ground is built.
    on_structure : (n,) bool
        Tunnels and bridges, where the road leaves the ground.
    covered : (n,) bool
        Where elevation data lie below the road.
    """

    frame: LocalFrame
    start_m: float
    step_m: float
    finish_m: float
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    height_m: NDArray[np.float64]
    z_drawn_m: NDArray[np.float64]
    on_structure: NDArray[np.bool_]
    covered: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x_m)

    @property
    def end_m(self) -> float:
        """Official distance of the last node."""
        return self.start_m + self.step_m * (len(self.x_m) - 1)

    @cached_property
    def distance_m(self) -> NDArray[np.float64]:
        """Official distance of each node, (n,) float64."""
        return self.start_m + self.step_m * np.arange(len(self.x_m), dtype=float)

    @cached_property
    def _lonlat_deg(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.frame.to_wgs84(self.x_m, self.y_m)

    @cached_property
    def _tangents(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """East and north parts of the direction at each node, over the chord of ``HEADING_REACH_M``."""
        reach = max(1, round(HEADING_REACH_M / self.step_m))
        nodes = np.arange(len(self.x_m))
        ahead = np.minimum(nodes + reach, len(nodes) - 1)
        behind = np.maximum(nodes - reach, 0)
        east, north = self.x_m[ahead] - self.x_m[behind], self.y_m[ahead] - self.y_m[behind]
        length = np.maximum(np.hypot(east, north), 1e-9)
        return east / length, north / length

    def _at(self, distance_m: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Index of the node before each distance, and the share of the way to the next one."""
        place = (np.asarray(distance_m, float) - self.start_m) / self.step_m
        last = len(self.x_m) - 1
        place = np.minimum(np.maximum(place, 0.0), float(last))
        before = np.fmin(place, last - 1).astype(np.intp)
        return before, place - before

    def _mixed(self, distance_m: ArrayLike, *columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        before, share = self._at(distance_m)
        after = before + 1
        results = []
        for column in columns:
            low = column[before]
            results.append(np.asarray(low + share * (column[after] - low)))
        return tuple(results)

    def position(self, distance_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return local metres (x east, y north) at road distances, shape kept, float64."""
        x_m, y_m = self._mixed(distance_m, self.x_m, self.y_m)
        return x_m, y_m

    def height(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the road's own height in metres, for figures."""
        return self._mixed(distance_m, self.height_m)[0]

    def z_drawn(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the height on the drawn ground in metres, for drawing (not yet exaggerated)."""
        return self._mixed(distance_m, self.z_drawn_m)[0]

    def lonlat(self, distance_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return WGS 84 degrees (lon, lat) at road distances."""
        lon_deg, lat_deg = self._mixed(distance_m, *self._lonlat_deg)
        return lon_deg, lat_deg

    def heading(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the direction of the race in radians clockwise from north, in (-pi, pi]."""
        east, north = self._mixed(distance_m, *self._tangents)
        return np.arctan2(east, north)

    def placed(self, distance_m: ArrayLike) -> tuple[NDArray[np.float64], ...]:
        """Return x, y, height on the drawn ground and heading, each as by itself, for one search of all."""
        columns = (self.x_m, self.y_m, self.z_drawn_m, *self._tangents)
        x_m, y_m, z_m, east, north = self._mixed(distance_m, *columns)
        return x_m, y_m, z_m, np.arctan2(east, north)

    def gradient(self, distance_m: ArrayLike, window_m: float = 100.0) -> NDArray[np.float64]:
        """Return rise over run (0.08 is 8 %) of the road's own height over a window centred on each distance.

        Near the ends of the road the window is what is left of it.
        """
        middle = np.asarray(distance_m, float)
        back = np.maximum(middle - window_m / 2, self.start_m)
        ahead = np.minimum(middle + window_m / 2, self.end_m)
        run = np.maximum(ahead - back, self.step_m)
        return np.asarray((self.height(ahead) - self.height(back)) / run)

    def prolonged(self, length_m: float) -> Route:
        """Return the road with a straight run of at least this length behind its last node, for rolling out.

        The run keeps the height of the last node; ``finish_m`` stays where it is.
        """
        beyond = math.ceil(length_m / self.step_m)
        steps = np.arange(1, beyond + 1)
        reach = min(max(1, round(HEADING_REACH_M / self.step_m)), len(self) - 1)

        def run_on(nodes_m: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.concatenate(
                [nodes_m, nodes_m[-1] + (nodes_m[-1] - nodes_m[-1 - reach]) / reach * steps]
            )

        return dataclasses.replace(
            self,
            x_m=run_on(self.x_m),
            y_m=run_on(self.y_m),
            height_m=np.pad(self.height_m, (0, beyond), mode="edge"),
            z_drawn_m=np.pad(self.z_drawn_m, (0, beyond), mode="edge"),
            on_structure=np.pad(self.on_structure, (0, beyond)),
            covered=np.pad(self.covered, (0, beyond)),
        )

    @property
    def ascent_m(self) -> float:
        """Metres climbed from km 0 to the finish, on the road's own smoothed height."""
        raced = self.height_m[(self.distance_m >= 0.0) & (self.distance_m <= self.finish_m)]
        return float(np.maximum(np.diff(raced), 0.0).sum())

    def on_ground(
        self,
        *,
        z_drawn_m: NDArray[np.float64],
        on_structure: NDArray[np.bool_],
        covered: NDArray[np.bool_],
    ) -> Route:
        """Return the same road laid on a drawn ground; one value for each node."""
        return dataclasses.replace(
            self,
            z_drawn_m=np.asarray(z_drawn_m, float),
            on_structure=np.asarray(on_structure, bool),
            covered=np.asarray(covered, bool),
        )


@dataclass(frozen=True)
class RouteFit:
    """How well positions lie on a road.

    Attributes
    ----------
    count : int
        Positions measured.
    median_m, p95_m, p99_m : float
        Quantiles of the distance to the nearest point of the road, NaN without positions.
    over_50_m_share : float
        Share of positions more than 50 m off.
    """

    count: int
    median_m: float
    p95_m: float
    p99_m: float
    over_50_m_share: float

    @property
    def fits(self) -> bool:
        """Whether these positions can have been ridden on this road; True without positions."""
        return self.count == 0 or (self.median_m <= FIT_MEDIAN_M and self.p95_m <= FIT_P95_M)

    @property
    def message(self) -> str:
        """The finding as one sentence."""
        if self.count == 0:
            return "No positions to measure the road against."
        figures = (
            f"half of the positions lie within {self.median_m:.1f} m of it, 95 % within {self.p95_m:.0f} m"
        )
        if self.fits:
            return f"The road fits the positions: {figures}."
        return (
            f"The positions were not ridden on this road ({figures}): prepare the stage from the raced road."
        )


def route_fit(route: Route, lon_deg: ArrayLike, lat_deg: ArrayLike) -> RouteFit:
    """Measure how far positions lie from the road, without asking where along it they are.

    Parameters
    ----------
    route : Route
    lon_deg, lat_deg : (n,) array_like
        WGS 84; rows that are not finite are left out.
    """
    lon, lat = np.asarray(lon_deg, float).ravel(), np.asarray(lat_deg, float).ravel()
    usable = np.isfinite(lon) & np.isfinite(lat)
    if not usable.any():
        return RouteFit(0, np.nan, np.nan, np.nan, 0.0)
    offset_m = nearest_on_route(route, *route.frame.to_local(lon[usable], lat[usable]))[1]
    median, p95, p99 = np.quantile(offset_m, [0.5, 0.95, 0.99])
    return RouteFit(len(offset_m), float(median), float(p95), float(p99), float((offset_m > 50.0).mean()))


def nearest_on_route(
    route: Route, x_m: ArrayLike, y_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the nearest place on the road, memoryless: where the road folds it may be the wrong branch.

    Returns
    -------
    distance_m, offset_m : (n,) float64
        Road distance, and unsigned distance to the road; NaN where the position is not finite.
    """
    from scipy.spatial import cKDTree

    points = np.stack([np.asarray(x_m, float).ravel(), np.asarray(y_m, float).ravel()], axis=1)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        at_m, offset_m = np.full(len(points), np.nan), np.full(len(points), np.nan)
        at_m[finite], offset_m[finite] = nearest_on_route(route, *points[finite].T)
        return at_m, offset_m
    nodes = np.stack([route.x_m, route.y_m], axis=1)
    nearest = cKDTree(nodes).query(points)[1]
    best_m = np.full(len(points), np.inf)
    best_at_m = np.zeros(len(points))
    for first in (np.maximum(nearest - 1, 0), np.minimum(nearest, len(nodes) - 2)):
        along = nodes[first + 1] - nodes[first]
        length2 = np.maximum((along**2).sum(axis=1), 1e-12)
        share = np.clip(((points - nodes[first]) * along).sum(axis=1) / length2, 0.0, 1.0)
        foot = nodes[first] + share[:, None] * along
        offset_m = np.hypot(*(points - foot).T)
        closer = offset_m < best_m
        best_m = np.where(closer, offset_m, best_m)
        best_at_m = np.where(closer, route.start_m + route.step_m * (first + share), best_at_m)
    return best_at_m, best_m
