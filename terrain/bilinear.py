"""Bilinear interpolation of many heights as one compiled loop; imported only where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_F = TypeVar("_F", bound="Callable[..., Any]")


def _compiled(function: _F) -> _F:
    return cast("_F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
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
