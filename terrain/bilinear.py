"""Bilinear interpolation of many heights or colours as compiled loops; imported only where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from terrain.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def interpolate(
    heights_m: NDArray[np.float32],
    x0_m: float,
    y0_m: float,
    step_m: float,
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    result: NDArray[np.float64],
) -> None:
    """Write heights at positions; NaN outside the grid and next to missing posts.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        At least two each way; post ``[0, 0]`` at ``x0_m``, ``y0_m``, rows north, columns east.
    x_m, y_m : (n,) float64
    result : (n,) float64
    """
    rows, columns = heights_m.shape
    for index in range(len(x_m)):
        column_at, row_at = (x_m[index] - x0_m) / step_m, (y_m[index] - y0_m) / step_m
        if not (0.0 <= column_at <= columns - 1 and 0.0 <= row_at <= rows - 1):
            result[index] = np.nan
            continue
        column, row = min(int(column_at), columns - 2), min(int(row_at), rows - 2)
        right, up = column_at - column, row_at - row
        low = heights_m[row, column] + (heights_m[row, column + 1] - heights_m[row, column]) * right
        high = (
            heights_m[row + 1, column] + (heights_m[row + 1, column + 1] - heights_m[row + 1, column]) * right
        )
        result[index] = low + (high - low) * up


@compiled
def interpolate_colours(
    picture: NDArray[np.uint8],
    column_at: NDArray[np.float64],
    row_at: NDArray[np.float64],
    result: NDArray[np.uint8],
) -> None:
    """Write colours at positions; what a pixel does not show has no part in them.

    Parameters
    ----------
    picture : (rows, columns, 4) uint8
        The last channel tells how much each pixel shows.
    column_at, row_at : (n,) float64
        In pixels from the middle of the first; the picture goes on for half a pixel about its border.
    result : (n, 4) uint8
        0 beyond the picture.
    """
    rows, columns = picture.shape[0], picture.shape[1]
    for index in range(len(column_at)):
        across, down = column_at[index], row_at[index]
        result[index, :] = 0
        if not (-0.5 <= across < columns - 0.5 and -0.5 <= down < rows - 0.5):
            continue
        across, down = min(max(across, 0.0), columns - 1.0), min(max(down, 0.0), rows - 1.0)
        left, top = int(across), int(down)
        right, bottom = min(left + 1, columns - 1), min(top + 1, rows - 1)
        share_right, share_bottom = across - left, down - top
        red, green, blue, shown = 0.0, 0.0, 0.0, 0.0
        for corner in range(4):
            row = top if corner < 2 else bottom
            column = left if corner % 2 == 0 else right
            weight = (share_bottom if corner >= 2 else 1.0 - share_bottom) * (
                share_right if corner % 2 else 1.0 - share_right
            )
            weight *= picture[row, column, 3]
            red += weight * picture[row, column, 0]
            green += weight * picture[row, column, 1]
            blue += weight * picture[row, column, 2]
            shown += weight
        if shown > 0.0:
            result[index, 0] = int(red / shown + 0.5)
            result[index, 1] = int(green / shown + 0.5)
            result[index, 2] = int(blue / shown + 0.5)
            result[index, 3] = int(shown + 0.5)
