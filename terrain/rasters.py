"""Opening raster files of any origin, and saying plainly what is wrong with them."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from pyproj import CRS, Geod
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError

from terrain.errors import ElevationFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from rasterio.transform import Affine
    from rasterio.windows import Window

ENDINGS = (".hgt", ".hgt.zip", ".hgt.gz", ".tif", ".tiff", ".vrt", ".asc", ".dem", ".img", ".bil", ".zip")

HIGHEST_M = 9000.0
"""Nothing on Earth reaches further from sea level; whatever does is a marker for a missing height."""

_COARSEST_CELL_M = 1500.0
_FOLDER_LIMIT = 10_000
_FEET = {"ft": 0.3048, "feet": 0.3048, "foot": 0.3048, "us survey foot": 1200 / 3937, "us-ft": 1200 / 3937}

# A VRT may name any file or address; heights come from files on this machine only.
_GDAL_OPTIONS = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_PAM_ENABLED": "NO",
}


@dataclass(frozen=True)
class Raster:
    """What a DEM file is, before its heights are read.

    Attributes
    ----------
    path : Path
        As the user named it.
    name : str
        As GDAL opens it.
    crs : CRS
        Horizontal reference system of ``transform``.
    transform : Affine
        Pixel corner to coordinates; the centre of a pixel is at (column + 0.5, row + 0.5).
    width, height : int
    cell_m : float
        Size of a cell on the ground, the geometric mean of both directions.
    coding : str
        "heights", or the way in which colours code them: "Terrarium", "Mapbox".
    parts : tuple of str
        Names of the files behind it: its own, and those that a mosaic refers to.
    messages : tuple of str
        What was assumed about the file.
    """

    path: Path
    name: str
    crs: CRS
    transform: Affine
    width: int
    height: int
    cell_m: float
    coding: str = "heights"
    parts: tuple[str, ...] = ()
    messages: tuple[str, ...] = field(default=())


def _terrarium(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    above: NDArray[np.float32] = rgb[0] * np.float32(256) + rgb[1] + rgb[2] / np.float32(256)
    return above - np.float32(32768)


def _mapbox(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    tenths: NDArray[np.float32] = rgb[0] * np.float32(65536) + rgb[1] * np.float32(256) + rgb[2]
    return tenths * np.float32(0.1) - np.float32(10000)


_CODINGS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "Terrarium": _terrarium,
    "Mapbox": _mapbox,
}


def gdal_name(path: Path) -> str:
    """Return the name under which GDAL opens a file: compressed ones need a prefix."""
    lower = path.name.lower()
    if lower.endswith(".gz"):
        return f"/vsigzip/{path.absolute()}"
    if lower.endswith(".zip") and not lower.endswith(".hgt.zip"):
        return f"/vsizip/{path.absolute()}"
    return str(path)


def raster_files(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Replace folders by the raster files in them; the flag tells which files the user named himself.

    Raises
    ------
    ElevationFileError
        A path does not exist, or a folder holds no raster file.
    """
    files: list[tuple[Path, bool]] = []
    for path in paths:
        if not path.exists():
            raise ElevationFileError(f"The elevation file {path} does not exist; check its name and place.")
        if not path.is_dir():
            files.append((path, True))
            continue
        inside = []
        for count, entry in enumerate(path.rglob("*")):
            if count >= _FOLDER_LIMIT:
                raise ElevationFileError(
                    f"The folder {path} holds more than {_FOLDER_LIMIT} files; name the right ones."
                )
            if entry.is_file() and entry.name.lower().endswith(ENDINGS):
                inside.append((entry, False))
        if not inside:
            raise ElevationFileError(
                f"The folder {path} holds no elevation file; tracker3d reads {', '.join(ENDINGS)} and more."
            )
        files.extend(sorted(inside))
    return files


@contextlib.contextmanager
def opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    """Open a raster file with GDAL, or say in a plain sentence why that fails.

    Raises
    ------
    ElevationFileError
        The file is missing, no raster, or breaks off.
    """
    if not path.exists():
        raise ElevationFileError(f"The file {path} does not exist; check its name and place.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(rasterio.Env(**_GDAL_OPTIONS))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = stack.enter_context(rasterio.open(gdal_name(path)))
        except (RasterioError, OSError) as error:
            raise ElevationFileError(_why_not_opened(path)) from error
        try:
            yield dataset
        except RasterioIOError as error:
            raise ElevationFileError(
                f"{path} opens but cannot be read to its end: it is damaged or cut off; "
                "download or copy it again."
            ) from error


def _why_not_opened(path: Path) -> str:
    lower = path.name.lower()
    if lower.endswith(".hgt"):
        size = path.stat().st_size
        side = round((size / 2) ** 0.5)
        if side * side * 2 != size or side not in (1201, 3601):
            return (
                f"{path} is cut off or no elevation tile: it has {size:,} bytes where an .hgt file "
                "has 2,884,802 or 25,934,402; download or copy it again."
            )
        return f"{path} cannot be read; an .hgt file must be named after its corner, such as N44E005.hgt."
    if lower.endswith(ENDINGS):
        return f"{path} cannot be read: it is damaged, cut off or no raster file; download or copy it again."
    return f"{path} is no raster file that can be read; give a DEM such as .hgt, .tif, .asc or .vrt."


def inspect(path: Path) -> Raster:
    """Look at a DEM file without reading all of it.

    Raises
    ------
    ElevationFileError
        It cannot be opened, has no place on Earth, or is no DEM that could show a stage.
    """
    with opened(path) as dataset:
        messages: list[str] = []
        crs = _reference_system(dataset, path, messages)
        coding = _coding(dataset, path, messages)
        cell_m = _cell_size_m(dataset, crs)
        if not np.isfinite(cell_m) or cell_m > _COARSEST_CELL_M:
            raise ElevationFileError(
                f"{path} has cells {cell_m / 1000:,.1f} km wide: it is no DEM that could show a stage "
                "(a geoid grid or a world map?); use elevation data of 90 m or finer."
            )
        return Raster(
            path=path,
            name=gdal_name(path),
            crs=crs,
            transform=dataset.transform,
            width=dataset.width,
            height=dataset.height,
            cell_m=cell_m,
            coding=coding,
            parts=(path.name, *(PurePath(name).name for name in dataset.files)),
            messages=tuple(messages),
        )


def _reference_system(dataset: rasterio.DatasetReader, path: Path, messages: list[str]) -> CRS:
    if dataset.crs is not None:
        crs = CRS.from_wkt(dataset.crs.to_wkt())
        if crs.is_projected or crs.is_geographic or crs.is_compound:
            return crs.to_2d() if crs.is_geographic else crs
        raise ElevationFileError(f"{path} has no reference system on the ground; give a georeferenced DEM.")
    west, south, east, north = dataset.bounds
    if west > 0 and east < 1_300_000 and south > 6_000_000 and north < 7_200_000:
        messages.append(
            f"{path.name} names no reference system; its numbers fit Lambert-93 (EPSG:2154), "
            "which is assumed."
        )
        return CRS.from_epsg(2154)
    raise ElevationFileError(
        f"{path} names no reference system, so its place on Earth is unknown; put its .prj file beside "
        "it, or write it in with gdal_edit -a_srs."
    )


def _coding(dataset: rasterio.DatasetReader, path: Path, messages: list[str]) -> str:
    if dataset.count < 3 or dataset.dtypes[0] != "uint8":
        return "heights"
    rows, columns = min(dataset.height, 512), min(dataset.width, 512)
    rgb = dataset.read((1, 2, 3), out_shape=(3, rows, columns)).astype(np.float32)
    for name, decode in _CODINGS.items():
        heights = decode(rgb)
        if np.quantile(heights, 0.02) > -500 and np.quantile(heights, 0.9) < HIGHEST_M:
            messages.append(f"{path.name} codes heights in colours; it is read as {name} Terrain-RGB.")
            return name
    raise ElevationFileError(
        f"{path} is a picture, not elevation data; give it as imagery, and a DEM for the heights."
    )


def _cell_size_m(dataset: rasterio.DatasetReader, crs: CRS) -> float:
    column, row = dataset.width / 2, dataset.height / 2
    corners = [dataset.transform @ (column + c, row + r) for c, r in ((0, 0), (1, 0), (0, 1))]
    points = np.array(corners)
    if not crs.is_geographic:
        unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
        sides = np.hypot(*(points[1:] - points[0]).T) * unit
        stretched = crs.to_epsg() == 3857
        return float(np.sqrt(sides[0] * sides[1])) * (_web_mercator_scale(points[0]) if stretched else 1.0)
    if np.abs(points[:, 1]).max() > 90:
        return float("nan")
    _, _, sides = Geod(ellps="WGS84").inv(
        np.full(2, points[0, 0]), np.full(2, points[0, 1]), points[1:, 0], points[1:, 1]
    )
    return float(np.sqrt(sides[0] * sides[1]))


def _web_mercator_scale(point: NDArray[np.float64]) -> float:
    return float(1.0 / np.cosh(point[1] / 6378137.0))


def read_heights(dataset: rasterio.DatasetReader, raster: Raster, window: Window) -> NDArray[np.float32]:
    """Read heights in metres; missing ones are NaN, whatever number the file writes for them.

    ``window`` lies inside the file. The result has the window's shape, row 0 first in the file.

    Raises
    ------
    ElevationFileError
        Most of the values are no heights.
    """
    if raster.coding != "heights":
        return masked(
            _CODINGS[raster.coding](dataset.read((1, 2, 3), window=window).astype(np.float32)), None
        )
    raw = dataset.read(1, window=window)
    heights = masked(raw, dataset.nodata)
    scale, offset = dataset.scales[0] or 1.0, dataset.offsets[0] or 0.0
    scale_unit = _FEET.get((dataset.units[0] or "").strip().lower(), 1.0)
    if scale != 1.0 or offset != 0.0 or scale_unit != 1.0:
        heights = masked(((heights * scale) + offset) * scale_unit, None)
    return heights


def masked(raw: NDArray[np.generic], nodata: float | None) -> NDArray[np.float32]:
    """Return heights as float32 with NaN for everything that is no height on Earth."""
    heights: NDArray[np.float32] = np.array(raw, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        missing = ~(np.abs(heights) <= HIGHEST_M)
    if nodata is not None and np.isfinite(nodata):
        missing |= heights == np.float32(nodata)
    heights[missing] = np.nan
    return heights
