"""The tiles of a pyramid joined to one georeferenced file."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from terrain.errors import DownloadError
from terrain.fetching.checks import UnfitError, read_picture, read_terrarium
from terrain.fetching.needed import TILE_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALF_EQUATOR_M = math.pi * 6378137.0
_DEEPEST_POLDER_M = -10.0

Tiles = Mapping[tuple[int, int], Path]


class DamagedTilesError(Exception):
    """Tiles in the cache are no longer what they were; they have been deleted, to be fetched again."""


@contextlib.contextmanager
def writable(path: Path) -> Iterator[None]:
    """Say in a plain sentence when a raster file cannot be written.

    Raises
    ------
    DownloadError
    """
    try:
        yield
    except RasterioError as error:
        raise DownloadError(
            f"The temporary file {path} cannot be written; make room on the disk, "
            "or set TMPDIR to another place."
        ) from error


def join_heights(tiles: Tiles, zoom: int, output: Path, *, land_below_sea: bool) -> float:
    """Write decoded Terrarium tiles as a GeoTIFF of heights in Web Mercator; return the share of sea.

    The colours are decoded tile by tile, before anything interpolates between them. These tiles go down to
    the sea floor, which nobody sees: it becomes height 0. With ``land_below_sea`` (a road below 0 m) land
    down to -10 m stays.

    Raises
    ------
    DamagedTilesError
    """
    lowest_m = np.float32(_DEEPEST_POLDER_M if land_below_sea else 0.0)
    below = 0

    def heights(path: Path) -> NDArray[np.float32]:
        nonlocal below
        decoded = read_terrarium(path)
        sea = decoded < lowest_m
        below += int(np.count_nonzero(sea))
        return np.where(sea, np.float32(0.0), decoded)[None]

    _join(tiles, zoom, output, heights, {"count": 1, "dtype": "float32", "nodata": math.nan, "predictor": 3})
    return below / (len(tiles) * TILE_SIDE**2)


def join_pictures(tiles: Tiles, zoom: int, output: Path) -> None:
    """Write tiles of imagery as a GeoTIFF in Web Mercator with a channel for what is shown.

    Raises
    ------
    DamagedTilesError
    """
    _join(
        tiles,
        zoom,
        output,
        lambda path: np.moveaxis(read_picture(path), -1, 0),
        {"count": 4, "dtype": "uint8", "photometric": "RGB", "alpha": "YES"},
    )


def _join(
    tiles: Tiles,
    zoom: int,
    output: Path,
    read: Callable[[Path], NDArray[Any]],
    profile: Mapping[str, object],
) -> None:
    left, top = (min(at[axis] for at in tiles) for axis in (0, 1))
    right, bottom = (max(at[axis] for at in tiles) + 1 for axis in (0, 1))
    pixel_m = 2 * _HALF_EQUATOR_M / (TILE_SIDE * 2**zoom)
    side_m = pixel_m * TILE_SIDE
    options = {
        "driver": "GTiff",
        "width": (right - left) * TILE_SIDE,
        "height": (bottom - top) * TILE_SIDE,
        "crs": "EPSG:3857",
        "transform": Affine(
            pixel_m, 0, left * side_m - _HALF_EQUATOR_M, 0, -pixel_m, _HALF_EQUATOR_M - top * side_m
        ),
        "tiled": True,
        "blockxsize": TILE_SIDE,
        "blockysize": TILE_SIDE,
        "compress": "DEFLATE",
        "zlevel": 1,
        "sparse_ok": True,
        "bigtiff": "IF_SAFER",
        **profile,
    }
    damaged: list[Path] = []
    with writable(output), rasterio.open(output, "w", **options) as target:
        if target.count == 4:
            target.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        for (x, y), path in sorted(tiles.items(), key=lambda item: (item[0][1], item[0][0])):
            try:
                pixels = read(path)
            except UnfitError:
                damaged.append(path)
                continue
            window = Window((x - left) * TILE_SIDE, (y - top) * TILE_SIDE, TILE_SIDE, TILE_SIDE)
            target.write(pixels, window=window)
    for path in damaged:
        path.unlink(missing_ok=True)
    if damaged:
        raise DamagedTilesError(damaged)
