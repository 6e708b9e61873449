"""Whether what arrived is what was asked for: servers answer with web pages, stubs and halves of files."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from rasterio.windows import Window

from terrain.errors import ElevationFileError
from terrain.fetching.needed import TILE_SIDE
from terrain.rasters import inspect, opened, read_heights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_COARSEST_DEG = 0.00084
_MOST_SIDE = 20_000
_STRIP_ROWS = 512
_LOWEST_SEA_M, _HIGHEST_LAND_M = -11_100.0, 9000.0


class UnfitError(Exception):
    """A file is not what it should be; the text says what it is instead, to stand after "it is"."""


def check_degree_file(path: Path, lon: int, lat: int, *, thorough: bool = True) -> None:
    """Check a GeoTIFF of heights of the cell whose south-west corner is given.

    ``thorough`` reads every height; otherwise the place, the size and the last rows are looked at, which
    lie at the end of the file and are the first to be lost.

    Raises
    ------
    UnfitError
    """
    _check_start(path, _TIFF_STARTS)
    try:
        raster = inspect(path)
        with opened(path) as dataset:
            west, south, east, north = dataset.bounds
            cell_lon, cell_lat = (east - west) / dataset.width, (north - south) / dataset.height
            fits = (
                raster.crs.is_geographic
                and max(dataset.width, dataset.height) <= _MOST_SIDE
                and cell_lat <= _COARSEST_DEG
                and abs(west - lon) <= cell_lon
                and abs(east - (lon + 1)) <= 1.5 * cell_lon
                and abs(north - (lat + 1)) <= cell_lat
                and abs(south - lat) <= 1.5 * cell_lat
            )
            if not fits:
                raise UnfitError("elevation data of another place or size")
            first = 0 if thorough else max(0, dataset.height - _STRIP_ROWS)
            known = 0
            for top in range(first, dataset.height, _STRIP_ROWS):
                rows = min(_STRIP_ROWS, dataset.height - top)
                heights = read_heights(dataset, raster, Window(0, top, dataset.width, rows))
                known += int(np.count_nonzero(~np.isnan(heights)))
            if thorough and not known:
                raise UnfitError("a file without any height")
    except ElevationFileError as error:
        raise UnfitError("damaged or cut off") from error


def read_tile(path: Path, formats: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the picture of a pyramid's tile, (256, 256, 4) uint8; the last channel tells what is shown.

    Raises
    ------
    UnfitError
        It is no picture, of another size, or cut off.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(path, formats=formats) as picture:
                if picture.size != (TILE_SIDE, TILE_SIDE):
                    raise UnfitError(
                        f"a picture of {picture.size[0]} x {picture.size[1]} pixels, not 256 x 256"
                    )
                return np.asarray(picture.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        _check_start(path, ())
        raise UnfitError("damaged or cut off") from error


def read_terrarium(path: Path) -> NDArray[np.float32]:
    """Return the heights that a tile codes in its colours, (256, 256) metres, the sea floor included.

    Raises
    ------
    UnfitError
        It is no such tile; the colours of a usual picture mean heights that do not exist.
    """
    red, green, blue = np.moveaxis(read_tile(path, ("PNG",))[..., :3].astype(np.float32), -1, 0)
    heights: NDArray[np.float32] = red * 256 + green + blue / 256 - 32768
    if heights.min() < _LOWEST_SEA_M or heights.max() > _HIGHEST_LAND_M:
        raise UnfitError("a picture whose colours code no heights")
    return heights


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a tile of imagery, (256, 256, 4) uint8.

    Raises
    ------
    UnfitError
    """
    return read_tile(path, ("JPEG", "PNG", "WEBP"))


def _check_start(path: Path, starts: tuple[bytes, ...]) -> None:
    with path.open("rb") as stream:
        head = stream.read(256)
    if head.lstrip().startswith(b"<"):
        raise UnfitError("a web page (perhaps the login page of a network)")
    if not head:
        raise UnfitError("empty")
    if starts and not head.startswith(starts):
        raise UnfitError("no file of that kind")
