"""Positions as received to the stage's local frame, for a few at a time and often.

Near the road the projection is a polynomial in degrees, as exact as the projection itself: it is fitted to it
once. Positions elsewhere, as of a tracker in yesterday's town, go the usual way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.model import Stage

_MARGIN_DEG = 0.2
_ROAD_POINTS = 1000
_NODES = 24
_POWERS = 4
"""Powers of the longitude: odd ones for x, even ones for y, since the frame's meridian is a mirror."""

_LAT_DEGREE = 8


class Projection:
    """The way from WGS 84 to a stage's local frame.

    Parameters
    ----------
    stage : Stage
        Its frame, and the road about which the fast way holds, are read.
    """

    def __init__(self, stage: Stage) -> None:
        self._frame, route = stage.frame, stage.route
        lon_deg, lat_deg = route.lonlat(np.linspace(route.start_m, route.end_m, _ROAD_POINTS))
        east_deg = float(np.abs(lon_deg - self._frame.origin_lon_deg).max()) + _MARGIN_DEG
        low_deg, high_deg = float(lat_deg.min()) - _MARGIN_DEG, float(lat_deg.max()) + _MARGIN_DEG
        self._box = np.array(
            [self._frame.origin_lon_deg, east_deg, 0.5 * (low_deg + high_deg), 0.5 * (high_deg - low_deg)]
        )
        nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
        east, north = (axis.ravel() for axis in np.meshgrid(nodes, nodes))
        target = self._frame.to_local(self._box[0] + east * east_deg, self._box[2] + north * self._box[3])
        northwards = np.vander(north, _LAT_DEGREE + 1, increasing=True)
        self._factors = np.empty((2, _POWERS, _LAT_DEGREE + 1))
        for axis, first in ((0, 1), (1, 0)):
            powers = east[:, None] ** np.arange(first, first + 2 * _POWERS, 2)
            terms = (powers[:, :, None] * northwards[:, None, :]).reshape(len(east), -1)
            self._factors[axis].flat = np.linalg.lstsq(terms, target[axis], rcond=None)[0]

    def to_local(
        self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Project WGS 84 degrees to local metres (x east, y north), (n,) float64 each."""
        lon_deg, lat_deg = np.ascontiguousarray(lon_deg), np.ascontiguousarray(lat_deg)
        x_m, y_m = np.empty((2, len(lon_deg)))
        if _project(lon_deg, lat_deg, self._box, self._factors, x_m, y_m):
            far = np.flatnonzero(np.isnan(x_m))
            x_m[far], y_m[far] = self._frame.to_local(lon_deg[far], lat_deg[far])
        return x_m, y_m


@compiled_step
def _project(
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    box: NDArray[np.float64],
    factors: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
) -> int:
    """Write places within the box, NaN for others, and return how many others there are."""
    outside = 0
    for index in range(len(lon_deg)):
        east, north = (lon_deg[index] - box[0]) / box[1], (lat_deg[index] - box[2]) / box[3]
        if not (abs(east) <= 1.0 and abs(north) <= 1.0):
            x_m[index] = y_m[index] = np.nan
            outside += 1
            continue
        x, y, square = 0.0, 0.0, east * east
        for power in range(_POWERS - 1, -1, -1):
            x_row, y_row = 0.0, 0.0
            for degree in range(_LAT_DEGREE, -1, -1):
                x_row = x_row * north + factors[0, power, degree]
                y_row = y_row * north + factors[1, power, degree]
            x, y = x * square + x_row, y * square + y_row
        x_m[index], y_m[index] = x * east, y
    return outside
