"""The making of a range: eroded from coarse posts to fine ones, then valleys, then lakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terrain.synthetic.drainage import NEIGHBOURS, outlets, receivers
from terrain.synthetic.erosion import erode_level
from terrain.synthetic.lattice import Grid, Warp, base_levels, posts_of, smooth_line
from terrain.synthetic.plan import default_plan
from terrain.synthetic.valleys import carve_valleys, fill_lakes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from terrain.synthetic.lattice import RiverLine
    from terrain.synthetic.plan import Plan

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

_COARSEST_POSTS = 90


@dataclass(frozen=True)
class Landscape:
    """What :func:`mountain_range` makes.

    Attributes
    ----------
    heights_m : (rows, cols) float32
        Rows go north, columns east.
    rivers : tuple of (x_m, y_m) float64
        Centre line of each river, metres from the south-west corner, from the mouth upstream.
    lakes : (rows, cols) bool
        Posts under the level water of a lake.
    drains_to : (rows, cols) int8
        Which river the water of each post reaches.
    downhill : (rows, cols) intp
        Flat index of the post that water flows to; rivers point to themselves.
    step_m : float
    """

    heights_m: NDArray[np.float32]
    rivers: tuple[tuple[Floats, Floats], ...]
    lakes: NDArray[np.bool_]
    drains_to: NDArray[np.int8]
    downhill: Indices
    step_m: float


def mountain_range(
    *,
    seed: int,
    rows: int,
    cols: int,
    step_m: float,
    plan: Plan | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Landscape:
    """Raise and erode a mountain range.

    Parameters
    ----------
    seed : int
        The same seed gives the same heights.
    rows, cols : int
        Number of posts north and east.
    step_m : float
        Distance of posts; 30 m is what the slopes are tuned for.
    plan : Plan, optional
        Its rivers and gaps; one river through the middle if not given.
    progress : callable, optional
        Called with a text and the fraction done.
    """
    rng = np.random.default_rng(seed)
    plan = plan or default_plan((cols - 1) * step_m, (rows - 1) * step_m)
    lines = [smooth_line(river, step_m) for river in plan.rivers]
    factor = max(1, 2 ** int(np.log2(max(min(rows, cols) / _COARSEST_POSTS, 1.0))))
    warp = Warp(rng)
    heights: Floats | None = None
    levels = int(np.log2(factor)) + 1
    for level in range(levels):
        grid = Grid.of(rows, cols, step_m, factor >> level)
        if progress is not None:
            progress("eroding mountains", level / levels)
        heights = erode_level(
            grid, heights, lines, plan, warp, rng, rounds=(60, 36, 22, 14, 9)[min(level, 4)]
        )
    assert heights is not None
    grid = Grid.of(rows, cols, step_m, 1)
    fixed, _ = base_levels(grid, lines)
    receiver, _ = receivers(heights, fixed, np.ones((len(NEIGHBOURS), *grid.shape), np.float32), grid.step_m)
    heights = carve_valleys(grid, heights, receiver, lines, plan.lakes, warp, rng)
    heights, lakes = fill_lakes(grid, heights, lines, plan.lakes)
    return Landscape(
        heights_m=heights.astype(np.float32),
        rivers=tuple((line.x_m, line.y_m) for line in lines),
        lakes=lakes,
        drains_to=_river_of(grid, receiver, lines),
        downhill=receiver.reshape(grid.shape),
        step_m=step_m,
    )


def _river_of(grid: Grid, receiver: Indices, lines: list[RiverLine]) -> NDArray[np.int8]:
    number = np.zeros(grid.shape, np.int8)
    for index, line in enumerate(lines):
        number[posts_of(grid, line.x_m, line.y_m)] = index
    root, _ = outlets(receiver)
    return number.ravel()[root].reshape(grid.shape)
