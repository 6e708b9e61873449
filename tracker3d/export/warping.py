"""From the stage's flat frame to where a file needs it: as it is, or bent as the Earth is.

A globe wants metres east, north and up of one point of the ellipsoid. The stage's frame is a map: 85 km from
end to end, it lies 140 m above the ground at both. So tiles for globes take every vertex and every rider to
the ellipsoid, and from there to the plane that touches it at the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import LocalFrame


GRID_EXPONENTS = (0, 0, -2)
"""Vertices of the ground stand on whole numbers of these powers of two of a metre: east, north, up."""


class Warp:
    """Leaves everything where it is."""

    exponents: tuple[int, int, int] | None = GRID_EXPONENTS
    """Grid on which vertices of the ground still stand afterwards; None for none."""

    def __call__(self, positions_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move drawn positions (..., 3), stage axes."""
        return positions_m


@dataclass(frozen=True)
class GlobeWarp(Warp):
    """Bends a stage about its origin.

    ``height_m``: of the geoid over the ellipsoid.
    """

    frame: LocalFrame
    height_m: float = 0.0

    exponents = None

    def __call__(self, positions_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move drawn positions (..., 3) to metres east, north and up of the origin on the ellipsoid."""
        flat = np.asarray(positions_m, float)
        lon_deg, lat_deg = self.frame.to_wgs84(flat[..., 0], flat[..., 1])
        heights_m = flat[..., 2] + self.height_m
        there = np.stack(self._to_earth.transform(lon_deg, lat_deg, heights_m), axis=-1)
        return ((there - self._origin) @ self._axes.T).astype(np.float32)

    def matrix(self) -> NDArray[np.float64]:
        """Return the 4 by 4 matrix from metres east, north, up to the Earth-centred frame (EPSG:4978)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self._axes.T
        matrix[:3, 3] = self._origin
        return matrix

    @cached_property
    def _to_earth(self) -> Transformer:
        return Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        place = (self.frame.origin_lon_deg, self.frame.origin_lat_deg, 0.0)
        return np.array(self._to_earth.transform(*place), float)

    @cached_property
    def _axes(self) -> NDArray[np.float64]:
        """Rows: unit vectors east, north and up in the Earth-centred frame."""
        lon, lat = np.radians([self.frame.origin_lon_deg, self.frame.origin_lat_deg])
        return np.array(
            [
                [-np.sin(lon), np.cos(lon), 0.0],
                [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
                [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
            ]
        )
