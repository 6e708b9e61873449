"""Which files of a source the corridor along a road needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terrain.errors import DownloadError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEGREE_M = 111_000.0
"""A little less than a degree of latitude is long anywhere, so that a reach in degrees errs upwards."""

_SPACING_M = 400.0
_LONGEST_M = 3_000_000.0
_EQUATOR_M = 2 * math.pi * 6378137.0
_MERCATOR_END_DEG = 85.0
TILE_SIDE = 256


@dataclass(frozen=True)
class Corridor:
    """All land within a distance of a road.

    Attributes
    ----------
    lon_deg, lat_deg : (n,) float64
        The road in WGS 84, its points no more than some 400 m apart.
    reach_m : float
    """

    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    reach_m: float

    @classmethod
    def along(cls, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], *, reach_m: float) -> Corridor:
        """Make the corridor of a road given by vertices of any spacing.

        Raises
        ------
        DownloadError
            The road is longer than any stage.
        """
        lon = np.rad2deg(np.unwrap(np.deg2rad(np.asarray(lon_deg, float))))
        lat = np.asarray(lat_deg, float)
        east_m = np.diff(lon) * _DEGREE_M * np.cos(np.deg2rad(lat[:-1]))
        steps_m = np.hypot(east_m, np.diff(lat) * _DEGREE_M)
        at_m = np.concatenate([[0.0], np.cumsum(steps_m)])
        if not 0.0 <= at_m[-1] <= _LONGEST_M:
            raise DownloadError(
                f"The road is {at_m[-1] / 1000:,.0f} km long, too long to download data for; "
                "check its points."
            )
        even = np.linspace(0.0, at_m[-1], max(2, math.ceil(at_m[-1] / _SPACING_M) + 1))
        return cls(np.interp(even, at_m, lon), np.interp(even, at_m, lat), reach_m + _SPACING_M / 2)

    @property
    def bounds_deg(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all of it."""
        reach_lon, reach_lat = self._reach_deg()
        return (
            float((self.lon_deg - reach_lon).min()),
            float((self.lat_deg - reach_lat).min()),
            float((self.lon_deg + reach_lon).max()),
            float((self.lat_deg + reach_lat).max()),
        )

    def _reach_deg(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        reach_lat = np.full(len(self.lat_deg), self.reach_m / _DEGREE_M)
        furthest = np.minimum(np.abs(self.lat_deg) + reach_lat, 89.0)
        return reach_lat / np.cos(np.deg2rad(furthest)), reach_lat

    def degree_cells(self) -> list[tuple[int, int]]:
        """Return (lon, lat) of the south-west corners of the one-degree cells that it touches, sorted.

        A GLO-30 file lacks the posts on its east and south sides, which its neighbours hold; the reach must
        be some posts more than the ground is wide; then the neighbours across a near side are among these.
        """
        reach_lon, reach_lat = self._reach_deg()
        cells = _touched(self.lon_deg, self.lat_deg, reach_lon, reach_lat)
        return sorted({((lon + 180) % 360 - 180, lat) for lon, lat in cells if -90 <= lat < 90})

    def pyramid_tiles(self, zoom: int) -> list[tuple[int, int]]:
        """Return (x, y) of the Web Mercator tiles that it touches, sorted.

        ``x`` may leave 0 .. 2^zoom - 1 where a road crosses 180 degrees; the address takes the remainder.
        """
        count = 2**zoom
        lat = np.clip(self.lat_deg, -_MERCATOR_END_DEG, _MERCATOR_END_DEG)
        column = (self.lon_deg + 180.0) / 360.0 * count
        row = (0.5 - np.arcsinh(np.tan(np.deg2rad(lat))) / (2 * np.pi)) * count
        furthest = np.minimum(np.abs(lat) + self.reach_m / _DEGREE_M, 89.0)
        reach = self.reach_m / (_EQUATOR_M * np.cos(np.deg2rad(furthest))) * count
        reach = reach + 4.0 / TILE_SIDE
        return sorted((x, y) for x, y in _touched(column, row, reach, reach) if 0 <= y < count)

    def zoom_for(self, step_m: float, *, finest: int) -> int:
        """Return the zoom whose pixels are about ``step_m`` wide (at most a sixth wider) here."""
        middle_deg = float(np.abs(self.lat_deg).mean())
        widest_m = _EQUATOR_M / TILE_SIDE * math.cos(math.radians(min(middle_deg, _MERCATOR_END_DEG)))
        return int(np.clip(math.ceil(math.log2(widest_m / (step_m * 7 / 6))), 0, finest))


def _touched(
    column: NDArray[np.float64],
    row: NDArray[np.float64],
    reach_columns: NDArray[np.float64],
    reach_rows: NDArray[np.float64],
) -> set[tuple[int, int]]:
    """Return the unit cells within an ellipse about any of the positions."""
    candidates: set[tuple[int, int]] = set()
    lows = np.floor(np.stack([column - reach_columns, row - reach_rows], axis=1)).astype(int)
    highs = np.floor(np.stack([column + reach_columns, row + reach_rows], axis=1)).astype(int)
    for box in np.unique(np.concatenate([lows, highs], axis=1), axis=0).tolist():
        left, bottom, right, top = box
        candidates.update((x, y) for x in range(left, right + 1) for y in range(bottom, top + 1))
    touched = set()
    for x, y in candidates:
        off_columns = np.maximum(0.0, np.maximum(x - column, column - (x + 1))) / reach_columns
        off_rows = np.maximum(0.0, np.maximum(y - row, row - (y + 1))) / reach_rows
        if (off_columns**2 + off_rows**2 <= 1.0).any():
            touched.add((x, y))
    return touched


def degree_name(lon: int, lat: int) -> str:
    """Return the GLO-30 name of the file for a cell."""
    south_north, west_east = "NS"[lat < 0], "EW"[lon < 0]
    return f"Copernicus_DSM_COG_10_{south_north}{abs(lat):02d}_00_{west_east}{abs(lon):03d}_00_DEM"


def degree_columns(lat: int) -> int:
    """Return how many columns a GLO-30 file has; they grow fewer towards the poles."""
    nearest = lat if lat >= 0 else -lat - 1
    for limit, columns in ((50, 3600), (60, 2400), (70, 1800), (80, 1200), (85, 720)):
        if nearest < limit:
            return columns
    return 360
