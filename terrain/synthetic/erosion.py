"""Rock that rises, rivers that cut into it by the stream-power law, and soil that creeps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.synthetic.drainage import NEIGHBOURS, by_depth, drained_km2, receivers
from terrain.synthetic.lattice import base_levels, smooth_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.synthetic.lattice import Grid, RiverLine, Warp
    from terrain.synthetic.plan import Plan

    Floats = NDArray[np.float64]

_AREA_EXPONENT = 0.38
_STREAM_SLOPE = 0.27
_CREST_AREA_KM2 = 0.16
_LAPLACE = np.array([[0.0, 0.25, 0.0], [0.25, -1.0, 0.25], [0.0, 0.25, 0.0]])
_UPLIFT_PER_ROUND_M = 30.0


def erode_level(
    grid: Grid,
    coarse: Floats | None,
    lines: list[RiverLine],
    plan: Plan,
    warp: Warp,
    rng: np.random.Generator,
    *,
    rounds: int,
) -> Floats:
    """Erode a range on the posts of one level.

    Parameters
    ----------
    grid : Grid
    coarse : (rows, cols) float64, optional
        Heights on posts twice as far apart; none for the first level.
    lines : list of RiverLine
    plan : Plan
    warp : Warp
        Unevenness of uplift and rock.
    rng : numpy.random.Generator
    rounds : int
        Steps of uplift, incision and creep.

    Returns
    -------
    (rows, cols) float64
        Heights in metres.
    """
    fixed, base = base_levels(grid, lines)
    uplift = _uplift(grid, lines, plan, warp)
    hardness = np.exp(0.25 * warp.field(grid, 1, 1) + 0.2 * warp.field(grid, 1, 2))
    if coarse is None:
        heights = base + 200.0 * uplift + rng.normal(0.0, 25.0, grid.shape)
    else:
        heights = _refine(coarse, grid.shape, rng) + rng.normal(0.0, 0.02 * grid.step_m, grid.shape)
    heights[fixed] = base[fixed]
    for _ in range(rounds):
        # New odds for the eight directions in each round: none of them shows in the result.
        tilt = 0.65 + 0.7 * rng.random((len(NEIGHBOURS), *grid.shape), dtype=np.float32)
        heights = _erode(heights, fixed, uplift, hardness, tilt, grid.step_m)
        heights = creep(heights, fixed, min(0.2, 0.06 * (30.0 / grid.step_m) ** 2))
    return heights


def _uplift(grid: Grid, lines: list[RiverLine], plan: Plan, warp: Warp) -> Floats:
    x, y = grid.axes()
    fixed, _ = base_levels(grid, lines)
    away_m = ndimage.distance_transform_edt(~fixed) * grid.step_m
    uplift = (0.55 + 0.45 * np.minimum(away_m / 4_000.0, 1.0)) * np.exp(0.22 * warp.field(grid, 0, 0))
    uplift *= np.exp(0.12 * warp.field(grid, 0, 1))
    for saddle in plan.saddles:
        reach = ((x - saddle.x_m) ** 2 + (y - saddle.y_m) ** 2) / saddle.radius_m**2
        uplift *= 1.0 - saddle.depth * np.exp(-reach)
    return np.asarray(uplift * (plan.summit_m - 700.0) / 2_050.0)


def _erode(
    heights: Floats,
    fixed: NDArray[np.bool_],
    uplift: Floats,
    hardness: Floats,
    tilt: NDArray[np.float32],
    step_m: float,
) -> Floats:
    """One implicit step of uplift, incision and landslides."""
    receiver, distance = receivers(heights, fixed, tilt, step_m)
    order, starts = by_depth(receiver)
    area = drained_km2(receiver, order, starts, step_m)
    gain = (
        _UPLIFT_PER_ROUND_M
        / _STREAM_SLOPE
        * hardness.ravel()
        * (area + _CREST_AREA_KM2) ** _AREA_EXPONENT
        / distance
    )
    old = heights.ravel() + _UPLIFT_PER_ROUND_M * uplift.ravel()
    new = heights.ravel().copy()
    for begin, end in pairwise(starts[1:]):
        nodes = order[begin:end]
        below = new[receiver[nodes]]
        new[nodes] = (old[nodes] + gain[nodes] * below) / (1.0 + gain[nodes])
    return new.reshape(heights.shape)


def creep(heights: Floats, fixed: NDArray[np.bool_], share: float) -> Floats:
    """Soil creep: curvature levels out."""
    out = heights + share * ndimage.convolve(heights, _LAPLACE, mode="nearest")
    out[fixed] = heights[fixed]
    return np.asarray(out)


def _refine(coarse: Floats, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Double the posts, bent a little, so that no line of the coarse lattice stays straight."""
    row, col = np.meshgrid(np.arange(shape[0]) / 2.0, np.arange(shape[1]) / 2.0, indexing="ij")
    row += smooth_noise(rng, shape, 7.0) * 1.1
    col += smooth_noise(rng, shape, 7.0) * 1.1
    fine: Floats = ndimage.map_coordinates(coarse, [row, col], order=1, mode="nearest")
    return fine
