"""Compiled loops over a grid of heights, for every frame: what an eye sees, and how near the ground is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from terrain.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def look(
    heights_m: NDArray[np.float32],
    start: NDArray[np.float32],
    targets: NDArray[np.float32],
    along: NDArray[np.float32],
    seen: NDArray[np.bool_],
) -> None:
    """Tell which targets are seen from ``start``, beginning each ray at its target's end.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        Without NaN.
    start : (3,) float32
        Column and row, counted so that whole numbers begin a post's square, and height of the ray there.
    targets : (n, 3) float32
        From there to each target: columns, rows, metres.
    along : (samples,) float32
        Shares of each ray to look at.
    seen : (n,) bool
        Written.
    """
    rows, columns = heights_m.shape
    for number in range(len(targets)):
        across, up, rise = targets[number]
        clear = True
        for sample in range(len(along) - 1, -1, -1):
            share = along[sample]
            column = start[0] + across * share
            row = start[1] + up * share
            if (
                column >= 0.0
                and row >= 0.0
                and column < columns
                and row < rows
                and heights_m[np.int64(row), np.int64(column)] > start[2] + rise * share
            ):
                clear = False
                break
        seen[number] = clear


@compiled
def nearest(
    heights_m: NDArray[np.float32],
    window: tuple[int, int, int, int],
    east_m: float,
    north_m: float,
    height_m: float,
    step_m: float,
) -> float:
    """Return the least square of a distance to the posts of a window.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        Where there is none, minus infinity.
    window : (int, int, int, int)
        First row, last + 1, first column, last + 1.
    east_m, north_m, height_m : float
        From post (0, 0) and from height 0 to the place asked about.
    step_m : float
    """
    least = np.inf
    for row in range(window[0], window[1]):
        aside = (row * step_m - north_m) ** 2
        for column in range(window[2], window[3]):
            up = heights_m[row, column] - height_m
            square = (column * step_m - east_m) ** 2 + aside + up * up
            if square < least:
                least = square
    return float(least)
