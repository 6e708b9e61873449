"""Keys that riders share: all who ride on one line of the road pass the same points, each at his own times.

The tracks know no lateral places; riders ride on a few lines (:mod:`tracker3d.track.lanes`). So a file holds
the places of a line once, and for each rider only when he passes them. Places are chosen by the same greedy
walk as free keys (:mod:`tracker3d.export.keyframes`), but along the road instead of in time, each as far
ahead as *every* rider of the line stays within the bound at every second. A place where somebody stops
stands twice: he comes to it, and leaves it later.

On a stage of 181 riders that takes a sixth more keys than each rider would need by himself, and half of the
bytes: four for a key instead of sixteen before packing.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.keyframes import Keys, grid_step_m, reduce_paths
from tracker3d.export.line_walk import walk_line
from tracker3d.export.paths import middle_of_road, moved_aside
from tracker3d.export.thinning import float_reserve_m
from tracker3d.track.lanes import lanes, laterals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.export.paths import RacePaths
    from tracker3d.export.warping import Warp
    from tracker3d.stage.model import Stage

WHOLE_ROAD_M = 8.0
"""From this bound on one line in the middle of the road serves for all."""

OFFSETS = (0.0, -0.28, 0.28, -0.56, 0.56, -0.84, 0.84)
"""Places across the line that a key may take, as shares of the bound; others take more keys."""

COARSEST_STEP_S = 1.0 / 32.0
"""Of times; on coarser ones a walk with many riders does not find its way."""

_MOST_STEPS = 2**23
"""Packed numbers have 24 bits with their sign."""


def shared_steps(max_error_m: float, *, duration_s: float, extent_m: float) -> tuple[float, float]:
    """Return the grids of shared keys for a bound, in metres and seconds; powers of two.

    They are finer than those of free keys, for places are few and times decide how many keys it takes.
    """
    step_m = max(max_error_m / 4.0, extent_m / _MOST_STEPS * 2.0)
    step_s = max(max_error_m / 16.0, duration_s / _MOST_STEPS * 2.0)
    return (
        min(_power(step_m), grid_step_m(max_error_m)),
        min(_power(step_s), COARSEST_STEP_S),
    )


def shared_keys(stage: Stage, paths: RacePaths, warp: Warp, *, max_error_m: float) -> list[Keys]:
    """Choose keys for riders.

    Parameters
    ----------
    stage : Stage
    paths : RacePaths
        In the file's frame, as bent by ``warp``.
    warp : Warp
        Bends the lines of the road in the same way.
    max_error_m : float
        Largest distance allowed at any second between the interpolated and the given position.

    Returns
    -------
    list of Keys
        For each rider. Whoever does not keep the bound on his line, such as one whose places jump, has free
        keys of his own.

    Raises
    ------
    ValueError
        The bound is too close to what float32 holds, or a position is not finite.
    """
    steps = shared_steps(
        max_error_m,
        duration_s=float(paths.times_s[-1]),
        extent_m=float(np.abs(paths.positions_m).max(initial=1.0)),
    )
    lane = lanes(paths.bibs)
    if max_error_m >= WHOLE_ROAD_M:
        lane[:] = 0.0
    _, line_of = np.unique(lane, axis=1, return_inverse=True)
    members = [np.flatnonzero(line_of == line) for line in range(int(line_of.max(initial=-1)) + 1)]
    road = _Road.of(stage, warp, paths.distance_m, step_m=min(max(max_error_m, 0.1), 2.0))
    bound_m = max_error_m - float_reserve_m(paths.positions_m)

    def walked(riders: NDArray[np.intp]) -> list[Keys]:
        positions = np.ascontiguousarray(paths.positions_m[:, riders].transpose(1, 0, 2), np.float64)
        ways, line = road.ways(paths.distance_m[:, riders]), road.line(lane[:, riders[:1]])
        offsets_m = np.array(OFFSETS) * max_error_m
        _, places, times_s = walk_line(positions, ways, line, offsets_m, *steps, bound_m)
        return _keys_of(positions, places, times_s)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        by_line = list(pool.map(walked, members))
    found = {
        rider: chosen
        for riders, keys_of in zip(members, by_line, strict=True)
        for rider, chosen in zip(riders.tolist(), keys_of, strict=True)
    }
    keys = [found[rider] for rider in range(len(paths.bibs))]
    for rider, chosen in enumerate(keys):
        if chosen.error_m > bound_m:
            (keys[rider],) = reduce_paths(paths.positions_m[:, rider : rider + 1], max_error_m=max_error_m)
    return keys


@dataclass(frozen=True)
class _Road:
    """Points at even distances along the part of the road that is ridden, before they are moved aside."""

    stage: Stage
    warp: Warp
    step_m: float
    points_m: NDArray[np.float64]
    middle: tuple[NDArray[np.float64], ...]

    @classmethod
    def of(cls, stage: Stage, warp: Warp, distance_m: NDArray[np.float64], *, step_m: float) -> _Road:
        begin_m, end_m = np.floor(distance_m.min()), distance_m.max()
        points_m = np.arange(begin_m, end_m + 2.0 * step_m, step_m)
        return cls(stage, warp, step_m, points_m, middle_of_road(stage, points_m))

    def line(self, lane: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the line of a lane (3, 1), (p, 3); zeros are the middle of the road."""
        aside_m = laterals(lane, self.points_m[:, None])[:, 0] if lane.any() else 0.0
        return np.ascontiguousarray(self.warp(moved_aside(self.stage, self.middle, aside_m)), np.float64)

    def ways(self, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far riders (t, n) are, in numbers of points, never falling; (n, t)."""
        ways = (distance_m - self.points_m[0]) / self.step_m
        return np.ascontiguousarray(np.maximum.accumulate(ways, axis=0).T)


def _keys_of(
    positions_m: NDArray[np.float64], places_m: NDArray[np.float64], times_s: NDArray[np.float64]
) -> list[Keys]:
    """Return keys of riders (n, t, 3) from places that they share (k, 3) and their times (n, k)."""
    shared, keys = places_m.astype(np.float32), []
    for path, row in zip(positions_m, times_s, strict=True):
        passed = np.flatnonzero(np.isfinite(row))
        keys.append(Keys.measured(row[passed], shared, path, begin=int(passed[0])))
    return keys


def _power(value: float) -> float:
    """Return the largest power of two that is not above a value."""
    return float(2.0 ** np.floor(np.log2(value)))
