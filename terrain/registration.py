"""Does the elevation data lie where it says? The road's own heights can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from terrain.elevation import ElevationGrid
    from terrain.line import GroundLine

_REACH_STEPS = 7
_LEAST_ROAD_M = 2000.0
_SPACING_M = 25.0
_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def displacement_m(
    elevation: ElevationGrid, line: GroundLine, *, cell_m: float
) -> tuple[float, float] | None:
    """Return how far elevation data lie too far east and north; None where nothing speaks for a displacement.

    The data are shifted by up to three and a half of their cells, in half cells, and compared with the road's
    own heights. A displacement is believed where it lowers the spread of the difference by a quarter and by
    2 m; right data of 90 m cells are best where they are.

    Parameters
    ----------
    elevation : ElevationGrid
        NaN where there are no data.
    line : GroundLine
        Unknown heights are NaN.
    cell_m : float
        Cells of the data.
    """
    dense = line.densified(_SPACING_M)
    known = np.isfinite(dense.height_m) & np.isfinite(elevation.sample(dense.x_m, dense.y_m))
    if known.sum() * _SPACING_M < _LEAST_ROAD_M:
        return None
    x, y, height = dense.x_m[known], dense.y_m[known], dense.height_m[known]
    shifts = np.arange(-_REACH_STEPS, _REACH_STEPS + 1) * cell_m / 2
    spread = np.full((len(shifts), len(shifts)), np.inf)
    for row, north in enumerate(shifts):
        for column, east in enumerate(shifts):
            difference = elevation.sample(x + east, y + north) - height
            if np.isfinite(difference).mean() > 0.9:
                spread[row, column] = np.nanstd(difference)
    here = spread[_REACH_STEPS, _REACH_STEPS]
    best = divmod(int(np.argmin(spread)), len(shifts))
    if spread[best] > min(0.75 * here, here - 2.0):
        return None
    return float(shifts[best[1]]), float(shifts[best[0]])


def direction(east_m: float, north_m: float) -> str:
    """Name the compass direction of a displacement."""
    return _COMPASS[round(np.degrees(np.arctan2(east_m, north_m)) / 45.0) % 8]
