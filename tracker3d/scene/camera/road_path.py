"""The road as cameras follow it: smoothed, without the kinks that would jolt a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from tracker3d.scene.camera.splines import blended, blended_at
from tracker3d.scene.projection import relief_drawn_m

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.scene.model import StageScene

_STEP_M = 10.0
_PLACE_SIGMA_M = 18.0
_HEIGHT_SIGMA_M = 45.0
_HEADING_SIGMA_M = 75.0
_WIDE_NODES = 100


@dataclass(frozen=True)
class RoadPath:
    """Smoothed tables along the road; queries are clipped to its ends.

    Attributes
    ----------
    start_m : float
        Official distance of the first node; nodes are 10 m apart.
    positions_m : (n, 3) float64
        As drawn; in a tunnel at the height of the ground above.
    heading_rad : (n,) float64
        Clockwise from north, without wraps. Smoothed as an angle, so that a row of hairpins turns into a
        gentle swing about the general direction, whereas the direction to a point further on would flip.
    """

    start_m: float
    positions_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        return np.column_stack([self.positions_m, self.heading_rad])

    @property
    def end_m(self) -> float:
        """Official distance of the last node."""
        return self.start_m + _STEP_M * (len(self.heading_rad) - 1)

    def at(self, distance_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return positions (k, 3) and headings (k,) at road distances (k,), twice differentiable."""
        last = len(self.heading_rad) - 1
        place = np.clip((np.atleast_1d(np.asarray(distance_m, float)) - self.start_m) / _STEP_M, 0.0, last)
        found = blended(self._table, place)
        return found[:, :3], found[:, 3]

    def point(self, distance_m: float) -> tuple[NDArray[np.float64], float]:
        """Return :meth:`at` for one distance: position (3,) and heading."""
        last = len(self.heading_rad) - 1
        found = blended_at(self._table, min(max((distance_m - self.start_m) / _STEP_M, 0.0), float(last)))
        return found[:3], float(found[3])


def road_path(scene: StageScene, *, stretch: float = 1.0) -> RoadPath:
    """Return the camera path of a scene's road, made once.

    ``stretch`` multiplies the lengths over which it is smoothed: for those who fly along it fast.
    """
    return scene.memory.get("road path", stretch, lambda: _make(scene, stretch))


def _make(scene: StageScene, stretch: float) -> RoadPath:
    route = scene.stage.route
    count = max(2, math.floor((route.end_m - route.start_m) / _STEP_M) + 1)
    distance_m = route.start_m + _STEP_M * np.arange(count)
    x_m, y_m = route.position(distance_m)
    z_m = route.z_drawn(distance_m) * scene.stage.frame.vertical_exaggeration
    hidden = np.interp(distance_m, scene.road.distance_m, scene.road.hidden.astype(float)) > 0
    z_m = np.where(hidden, np.maximum(z_m, relief_drawn_m(scene, x_m, y_m)), z_m)
    x_m, y_m = _smoothed(x_m, stretch * _PLACE_SIGMA_M), _smoothed(y_m, stretch * _PLACE_SIGMA_M)
    if stretch > 1.0:
        # The smoothed road leaves its valley: who looks at it must not look into the hillside.
        z_m = np.maximum(z_m, relief_drawn_m(scene, x_m, y_m))
        z_m = maximum_filter1d(z_m, 4 * round(stretch * _PLACE_SIGMA_M / _STEP_M) + 1, mode="nearest")
    height_sigma_m = max(_HEIGHT_SIGMA_M, stretch * _PLACE_SIGMA_M)
    places = np.stack([x_m, y_m, _smoothed(z_m, height_sigma_m)], axis=-1)
    heading = np.unwrap(route.heading(distance_m))
    return RoadPath(float(route.start_m), places, _smoothed(heading, stretch * _HEADING_SIGMA_M))


def _smoothed(values: NDArray[np.float64], sigma_m: float) -> NDArray[np.float64]:
    """Return the average under a bell; under a wide one by Fourier transforms, the same to a nanometre."""
    sigma = sigma_m / _STEP_M
    reach = math.floor(4.0 * sigma + 0.5)
    if reach < _WIDE_NODES:
        narrow: NDArray[np.float64] = gaussian_filter1d(values, sigma, mode="nearest")
        return narrow
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(values, reach, mode="edge")
    size = 1 << (len(padded) - 1).bit_length()
    spectrum = np.fft.rfft(padded, size) * np.fft.rfft(bell / bell.sum(), size)
    wide: NDArray[np.float64] = np.fft.irfft(spectrum, size)[2 * reach :][: len(values)]
    return wide
