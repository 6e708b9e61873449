"""What ice and floods leave: flat valley floors between steep walls, river beds and lakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.synthetic.drainage import by_depth, drained_km2
from terrain.synthetic.erosion import creep
from terrain.synthetic.lattice import base_levels, posts_of, smooth_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.synthetic.lattice import Grid, RiverLine, Warp
    from terrain.synthetic.plan import Lake

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

_GLACIER_KM2 = 1.6
_WALL_SLOPE = 0.72
_BED_DEPTH_M = 2.5
_SHORE_M = 150.0


def carve_valleys(
    grid: Grid,
    heights: Floats,
    receiver: Indices,
    lines: list[RiverLine],
    lakes: tuple[Lake, ...],
    warp: Warp,
    rng: np.random.Generator,
) -> Floats:
    """Cut flat floors as ice and floods leave them, roughen the rock, lay the rivers in their beds."""
    fixed, _ = base_levels(grid, lines)
    area = drained_km2(receiver, *by_depth(receiver), grid.step_m).reshape(grid.shape)
    stream = fixed | (area > _GLACIER_KM2)
    half_width = 15.0 + 26.0 * np.sqrt(np.maximum(area - _GLACIER_KM2, 0.0))
    uneven = np.clip(1.0 + 0.3 * warp.field(grid, 1, 1), 0.5, 1.7)
    for number, line in enumerate(lines):
        row, col = posts_of(grid, line.x_m, line.y_m)
        half_width[row, col] = line.floor_half_width_m * uneven[row, col]
        for lake in lakes:
            beside = (line.x_m > lake.west_m) & (line.x_m < lake.east_m) & (lake.river == number)
            half_width[row[beside], col[beside]] = lake.half_width_m + _SHORE_M
    away, (row, col) = ndimage.distance_transform_edt(~stream, return_indices=True)
    away_m = away * grid.step_m
    width = ndimage.gaussian_filter(half_width[row, col], 3.0)
    bottom = ndimage.gaussian_filter(heights[row, col], 2.0)
    wall = bottom + 0.02 * away_m + _WALL_SLOPE * np.maximum(away_m - width, 0.0)
    floor = bottom + 0.005 * away_m
    shaped = np.minimum(heights, wall)
    shaped = np.where(away_m < width, np.maximum(shaped, floor), shaped)
    shaped = creep(creep(shaped, fixed, 0.4), fixed, 0.4)
    slope = np.hypot(*np.gradient(shaped, grid.step_m))
    rough = 3.5 * smooth_noise(rng, grid.shape, 1.0) + 6.0 * smooth_noise(rng, grid.shape, 2.6)
    shaped += rough * np.clip((slope - 0.35) / 0.6, 0.0, 1.0)
    to_river = ndimage.distance_transform_edt(~fixed) * grid.step_m
    return np.asarray(shaped - _BED_DEPTH_M * np.clip(1.6 - to_river / grid.step_m, 0.0, 1.0))


def fill_lakes(
    grid: Grid, heights: Floats, lines: list[RiverLine], lakes: tuple[Lake, ...]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Lay level water into the valley floors, and dry shores around it."""
    water = np.zeros(grid.shape, bool)
    out = heights.copy()
    for lake in lakes:
        line = lines[lake.river]
        inside = np.flatnonzero((line.x_m > lake.west_m) & (line.x_m < lake.east_m))
        row, col = posts_of(grid, line.x_m[inside], line.y_m[inside])
        share = np.linspace(-1.0, 1.0, len(inside))
        width = np.zeros(grid.shape)
        width[row, col] = lake.half_width_m * (1.0 - share**4) * (1.0 + 0.15 * np.sin(9.0 * share))
        dry = np.ones(grid.shape, bool)
        dry[row, col] = False
        away, (near_row, near_col) = ndimage.distance_transform_edt(dry, return_indices=True)
        beyond_m = away * grid.step_m - width[near_row, near_col]
        level = float(line.height_m[inside].mean())
        shore = (beyond_m >= 0.0) & (beyond_m < 8.0 * grid.step_m)
        out[shore] = np.maximum(out[shore], level + np.minimum(1.0 + 0.012 * beyond_m[shore], 3.0))
        out[beyond_m < 0.0] = level
        water |= beyond_m < 0.0
    return out, water
