"""From heights above the ellipsoid, as satellites measure them, to heights above the sea."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import Transformer, TransformerGroup
from rasterio.windows import Window
from scipy import ndimage

from terrain.errors import CoverageError, ElevationFileError
from terrain.rasters import opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray
    from rasterio.transform import Affine

_LOWEST_M, _HIGHEST_M = -110.0, 90.0
_MOST_CELLS = 300_000_000
_MODELS = ("EPSG:4326+3855", "EPSG:4326+5773")
"""EGM2008 and EGM96, which differ by a metre at most."""


@dataclass(frozen=True)
class Geoid:
    """How far the level of the sea lies above the ellipsoid, from a grid file or from PROJ's own grids.

    Attributes
    ----------
    path : Path or None
        A grid file such as ``fr_ign_RAF20.tif``; None for what PROJ finds on this machine.
    """

    path: Path | None = None

    def undulation_m(self, lon_deg: ArrayLike, lat_deg: ArrayLike) -> NDArray[np.float64]:
        """Return the height of the geoid above the ellipsoid at WGS 84 positions, in their shape.

        NaN where the grid does not reach.

        Raises
        ------
        ElevationFileError
            The file is no geoid grid, or PROJ has none.
        CoverageError
            The grid reaches none of them.
        """
        lon, lat = np.broadcast_arrays(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
        if not lon.size:
            return np.zeros(lon.shape)
        height = self._from_proj(lon, lat) if self.path is None else self._from_file(self.path, lon, lat)
        if not np.isfinite(height).any():
            raise CoverageError(
                f"{self.path or 'The geoid of PROJ'} does not cover the stage; give a geoid grid that does."
            )
        return height

    def _from_file(
        self, path: Path, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        with opened(path) as dataset:
            if (
                dataset.crs is None
                or not dataset.crs.is_geographic
                or dataset.width * dataset.height > _MOST_CELLS
            ):
                raise ElevationFileError(
                    f"{path} is no geoid grid in degrees; give one such as fr_ign_RAF20.tif."
                )
            part, window = _about(dataset.transform, dataset.width, dataset.height, lon, lat)
            if part is None or window is None:
                return np.full(lon.shape, np.nan)
            values = dataset.read(1, window=window).astype(np.float64)
            if dataset.nodata is not None:
                values[values == dataset.nodata] = np.nan
        if not (np.nanmin(values) >= _LOWEST_M and np.nanmax(values) <= _HIGHEST_M):
            raise ElevationFileError(
                f"{path} is no geoid grid: it holds {np.nanmin(values):,.0f} to {np.nanmax(values):,.0f} m, "
                "and no geoid lies so far from the ellipsoid."
            )
        sampled: NDArray[np.float64] = ndimage.map_coordinates(
            values, part, order=1, mode="constant", cval=np.nan, prefilter=False
        )
        return sampled

    def _from_proj(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ask PROJ. Without a grid it returns heights unchanged, and only ``best_available`` tells."""
        area = AreaOfInterest(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
        for model in _MODELS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                ways = TransformerGroup("EPSG:4979", model, always_xy=True, area_of_interest=area)
            if ways.best_available:
                return _drop(ways.transformers[0], lon, lat)
        raise ElevationFileError(
            "Heights above the ellipsoid need a geoid grid, and PROJ has none on this machine; give one with "
            "--geoid (for France fr_ign_RAF20.tif, elsewhere us_nga_egm08_25.tif, from cdn.proj.org)."
        )


def _drop(way: Transformer, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    _, _, above_sea = way.transform(lon, lat, np.zeros(lon.shape))
    return -np.asarray(above_sea)


def _about(
    transform: Affine, width: int, height: int, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | None, Window | None]:
    """Positions in a grid's pixels about them, and the window; None where the grid is elsewhere."""
    column, row = ~transform @ np.array([lon.ravel(), lat.ravel()])
    column = (column - 0.5) % abs(round(360 / transform.a)) if width * transform.a > 359 else column - 0.5
    row = row - 0.5
    left, right = max(0, int(column.min()) - 1), min(width, int(column.max()) + 3)
    top, bottom = max(0, int(row.min()) - 1), min(height, int(row.max()) + 3)
    if left >= right or top >= bottom:
        return None, None
    at = np.array([row - top, column - left]).reshape(2, *lon.shape)
    return at, Window(left, top, right - left, bottom - top)
