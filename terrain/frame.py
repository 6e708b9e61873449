"""The stage's local frame: metres east, north and up of one origin.

Everything is computed in float64 in this frame. :meth:`LocalFrame.drawn` is the only place where
float64 becomes float32, and where heights are exaggerated: graphics hardware and glTF take float32,
which is exact to about a millimetre near a local origin and to a quarter of a metre in UTM.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS, Transformer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class LocalFrame:
    """A transverse Mercator projection of WGS 84 centred on the stage.

    Scale is 1 on the central meridian; 100 km away from it lengths are 0.012 % too long, so distances
    along a road come from geodesic lengths, not from this frame.

    Parameters
    ----------
    origin_lon_deg, origin_lat_deg : float
        WGS 84 position of x = y = 0.
    vertical_exaggeration : float
        Factor on heights wherever they are drawn; figures never see it.
    """

    origin_lon_deg: float
    origin_lat_deg: float
    vertical_exaggeration: float = 1.0

    @cached_property
    def crs(self) -> CRS:
        """The projection as a CRS, x east and y north in metres."""
        return CRS.from_proj4(
            f"+proj=tmerc +lat_0={self.origin_lat_deg:.9f} +lon_0={self.origin_lon_deg:.9f} "
            "+k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
        )

    @cached_property
    def _forward(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)

    def to_local(
        self, lon_deg: ArrayLike, lat_deg: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Project WGS 84 degrees to local metres (x east, y north), shape kept, float64."""
        x_m, y_m = self._forward.transform(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
        return np.asarray(x_m, float), np.asarray(y_m, float)

    def to_wgs84(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return WGS 84 degrees (lon, lat) of local metres, shape kept, float64."""
        lon, lat = self._forward.transform(
            np.asarray(x_m, float), np.asarray(y_m, float), direction="INVERSE"
        )
        return np.asarray(lon, float), np.asarray(lat, float)

    def drawn(self, x_m: ArrayLike, y_m: ArrayLike, z_m: ArrayLike) -> NDArray[np.float32]:
        """Stack local metres into float32 positions as they are drawn, heights exaggerated; (..., 3)."""
        x, y, z = np.broadcast_arrays(
            np.asarray(x_m, float),
            np.asarray(y_m, float),
            np.asarray(z_m, float) * self.vertical_exaggeration,
        )
        return np.stack([x, y, z], axis=-1).astype(np.float32)
