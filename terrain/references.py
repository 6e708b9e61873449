"""Where on Earth a raster lies: its reference system, the size of its cells, and what is odd about them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS, Geod
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import ProjError
from pyproj.transformer import Transformer, TransformerGroup

from terrain.errors import ElevationFileError

if TYPE_CHECKING:
    import rasterio
    from numpy.typing import NDArray
    from rasterio.transform import Affine

_WIDEST_CELL_DEG = 0.02
_COARSE_SHIFT_M = 5.0
_LAMBERT_93 = (0.0, 6_000_000.0, 1_300_000.0, 7_200_000.0)
_MERCATOR_END_M = 20_037_600.0


def horizontal_crs(dataset: rasterio.DatasetReader, title: str, messages: list[str], *, coded: bool) -> CRS:
    """Return the horizontal reference system of a raster, guessed only where its numbers leave no doubt.

    What was assumed is added to ``messages``. ``coded`` tells that its colours code heights.

    Raises
    ------
    ElevationFileError
        There is none, and the numbers fit none.
    """
    label = title.rpartition("/")[2]
    bounds = _bounds(dataset)
    if dataset.crs is None:
        guess = _guess(dataset.transform, bounds, coded=coded)
        if guess is None:
            raise ElevationFileError(
                f"{title} names no reference system, so its place on Earth is unknown; put its .prj or world "
                "file beside it, or write it in with gdal_edit -a_srs."
            )
        messages.append(
            f"{label} names no reference system; its numbers fit {_told(guess)}, which is assumed."
        )
        return guess
    crs = CRS.from_wkt(dataset.crs.to_wkt())
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_projected or crs.is_geographic):
        raise ElevationFileError(f"{title} has no reference system on the ground; give a georeferenced DEM.")
    crs = crs.to_2d()
    if _contradicts(crs, dataset.transform, bounds):
        guess = _guess(dataset.transform, bounds, coded=coded)
        if guess is not None and guess.is_geographic != crs.is_geographic:
            messages.append(f"{label} says {crs.name}, but its numbers fit {_told(guess)}, which is assumed.")
            return guess
        if crs.is_geographic:
            raise ElevationFileError(
                f"{title} says that its numbers are degrees ({crs.name}), but they are none; write the right "
                "reference system in with gdal_edit -a_srs."
            )
    _note_datum(crs, dataset.transform, dataset.width, dataset.height, label, messages)
    return crs


def ellipsoidal_note(dataset: rasterio.DatasetReader, label: str) -> list[str]:
    """Say so where a file itself declares that its heights are above the ellipsoid."""
    if dataset.crs is None:
        return []
    crs = CRS.from_wkt(dataset.crs.to_wkt())
    if len(crs.axis_info) == 3 and not crs.is_compound and not crs.is_geocentric:
        return [f"{label} declares heights above the ellipsoid ({crs.name}); say so with --ellipsoidal dem."]
    return []


def height_unit_m(dataset: rasterio.DatasetReader) -> float:
    """Return how many metres one unit of a file's heights is; what is not told is metres."""
    unit = _UNITS_M.get((dataset.units[0] or "").strip().lower())
    if unit is not None:
        return unit
    if dataset.crs is not None:
        crs = CRS.from_wkt(dataset.crs.to_wkt())
        if crs.is_compound and len(crs.axis_info) == 3:
            return float(crs.axis_info[2].unit_conversion_factor)
    return 1.0


_UNITS_M = {
    "m": 1.0,
    "metre": 1.0,
    "meter": 1.0,
    "ft": 0.3048,
    "feet": 0.3048,
    "foot": 0.3048,
    "us survey foot": 1200 / 3937,
    "us-ft": 1200 / 3937,
}


def cell_size_m(transform: Affine, width: int, height: int, crs: CRS) -> float:
    """Return the size of a raster's middle cell on the ground, the geometric mean of both directions.

    A degree is no metre: at 45 N a cell of 3" is 66 x 93 m. NaN where it cannot be told.
    """
    column, row = width / 2, height / 2
    points = np.array([transform @ (column + c, row + r) for c, r in ((0, 0), (1, 0), (0, 1))])
    try:
        lon, lat = Transformer.from_crs(crs, crs.geodetic_crs or "EPSG:4326", always_xy=True).transform(
            *points.T
        )
        if not np.isfinite([*lon, *lat]).all() or np.abs(lat).max() > 90:
            return float("nan")
        _, _, sides = Geod(ellps="WGS84").inv(np.full(2, lon[0]), np.full(2, lat[0]), lon[1:], lat[1:])
    except ProjError:
        return float("nan")
    return float(np.sqrt(sides[0] * sides[1]))


def _bounds(dataset: rasterio.DatasetReader) -> tuple[float, float, float, float]:
    """West, south, east, north also of a raster that is turned."""
    corners: NDArray[np.float64] = np.array(
        [dataset.transform @ (c, r) for c in (0, dataset.width) for r in (0, dataset.height)]
    )
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _contradicts(crs: CRS, transform: Affine, bounds: tuple[float, float, float, float]) -> bool:
    """Tell whether numbers said to be degrees cannot be, or numbers said to be metres are degrees."""
    return crs.is_geographic != _fit_degrees(bounds) if crs.is_geographic else _are_degrees(transform, bounds)


def _fit_degrees(bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return west >= -361 and east <= 361 and south >= -91 and north <= 91


def _are_degrees(transform: Affine, bounds: tuple[float, float, float, float]) -> bool:
    side = max(abs(transform.a), abs(transform.b), abs(transform.d), abs(transform.e))
    return _fit_degrees(bounds) and side < _WIDEST_CELL_DEG


def _guess(transform: Affine, bounds: tuple[float, float, float, float], *, coded: bool) -> CRS | None:
    west, south, east, north = bounds
    if transform.is_identity:
        return None
    if _are_degrees(transform, bounds):
        return CRS.from_epsg(4326)
    if coded and max(map(abs, bounds)) <= _MERCATOR_END_M and max(map(abs, bounds)) > 1e4:
        return CRS.from_epsg(3857)
    low_x, low_y, high_x, high_y = _LAMBERT_93
    if west > low_x and east < high_x and south > low_y and north < high_y:
        return CRS.from_epsg(2154)
    return None


def _told(crs: CRS) -> str:
    names = {2154: "Lambert-93 (EPSG:2154)", 4326: "degrees of WGS 84", 3857: "Web Mercator (EPSG:3857)"}
    return names[int(crs.to_epsg() or 4326)]


def _note_datum(
    crs: CRS, transform: Affine, width: int, height: int, label: str, messages: list[str]
) -> None:
    """Say so where the way from a datum to WGS 84 is known only roughly on this machine.

    PROJ takes the next best way in silence where it lacks a grid; whether the best is to be had is the
    only thing it tells.
    """
    try:
        x, y = transform @ (width / 2, height / 2)
        geodetic = crs.geodetic_crs or crs
        lon, lat = Transformer.from_crs(crs, geodetic, always_xy=True).transform(x, y)
        area = AreaOfInterest(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            ways = TransformerGroup(geodetic, "EPSG:4326", always_xy=True, area_of_interest=area)
    except (ProjError, ValueError):
        return
    accuracy_m = ways.transformers[0].accuracy if ways.transformers else -1.0
    if accuracy_m is None or 0 <= accuracy_m <= _COARSE_SHIFT_M:
        return
    grids = "" if ways.best_available else ", for PROJ lacks the grid for it here"
    known = f"only to {accuracy_m:.0f} m" if accuracy_m > 0 else "not at all"
    messages.append(f"{label}: the way from {geodetic.name} to WGS 84 is known {known}{grids}.")
