"""Pyramids of tiles in folders or archives, z/x/y.png: each level as one mosaic in Web Mercator.

Where a tile is missing a mosaic is black and, in its fourth band, transparent. Black is far below the Earth
in both codes for heights, so it is a void.
"""

from __future__ import annotations

import contextlib
import math
import re
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from terrain.errors import ElevationFileError
from terrain.finding.model import GDAL_OPTIONS, RasterFile

if TYPE_CHECKING:
    from collections.abc import Sequence

_TILE = re.compile(r"(?:^|/)(\d{1,2})/(\d{1,7})/(\d{1,7})(?:@2x)?\.(?:png|webp|jpe?g)$", re.IGNORECASE)
_FINEST_ZOOM = 22
_MOST_TILES = 20_000
_HALF_EQUATOR_M = math.pi * 6378137.0
_BANDS = ("Red", "Green", "Blue", "Alpha")
_MOST_SIDE = 4096


@dataclass(frozen=True)
class _Tile:
    """A tile's place in its level, and its name for GDAL."""

    x: int
    y: int
    name: str


def place_of(name: str) -> tuple[str, int, int, int] | None:
    """Return the pyramid, zoom, x and y that the end of a path tells; None where it is no tile's."""
    found = _TILE.search(name)
    if found is None:
        return None
    zoom, x, y = (int(number) for number in found.groups())
    if zoom > _FINEST_ZOOM or max(x, y) >= 2**zoom:
        return None
    return name[: found.start()], zoom, x, y


def levels(path: Path, names: Sequence[str], *, before: str = "", named: bool = False) -> list[RasterFile]:
    """Return one file for each level of the pyramids among names, the finest first.

    Parameters
    ----------
    path : Path
        The archive, for names in one.
    names : sequence of str
        Paths that end in z/x/y and an ending; all others are passed over.
    before : str
        What stands before each for GDAL.
    named : bool
        Whether the user named the tile itself.

    Raises
    ------
    ElevationFileError
        A tile cannot be opened, or a level has too many.
    """
    pyramids: dict[tuple[str, int], list[_Tile]] = defaultdict(list)
    for name in names:
        place = place_of(name)
        if place is not None:
            root, zoom, x, y = place
            pyramids[root, zoom].append(_Tile(x, y, before + name))
    files = []
    for (root, zoom), tiles in sorted(pyramids.items(), key=lambda item: (item[0][0], -item[0][1])):
        folder = path if before else Path(root or ".")
        title = f"{path}/{root}".rstrip("/") if before else str(folder)
        if len(tiles) > _MOST_TILES:
            raise ElevationFileError(
                f"{title} holds {len(tiles):,} tiles of zoom {zoom}; give a pyramid of the region alone, "
                f"with at most {_MOST_TILES:,} tiles to a level."
            )
        title = f"{title}/{zoom}"
        middle = sorted(tiles, key=lambda tile: (tile.x, tile.y))[len(tiles) // 2]
        files.append(RasterFile(folder, _mosaic(tiles, zoom, title), title, named, middle.name, zoom))
    return files


def _mosaic(tiles: Sequence[_Tile], zoom: int, title: str) -> str:
    """Write a level as the text of a virtual raster."""
    forms = [_form(tile, title) for tile in tiles]
    side = max(form[0] for form in forms)
    left, top = min(tile.x for tile in tiles), min(tile.y for tile in tiles)
    columns = max(tile.x for tile in tiles) + 1 - left
    rows = max(tile.y for tile in tiles) + 1 - top
    tile_m = 2 * _HALF_EQUATOR_M / 2**zoom
    place = (
        left * tile_m - _HALF_EQUATOR_M,
        tile_m / side,
        0,
        _HALF_EQUATOR_M - top * tile_m,
        0,
        -tile_m / side,
    )
    lines = [
        f'<VRTDataset rasterXSize="{columns * side}" rasterYSize="{rows * side}"><SRS>EPSG:3857</SRS>',
        f"<GeoTransform>{', '.join(repr(float(value)) for value in place)}</GeoTransform>",
    ]
    for number, band in enumerate(_BANDS, start=1):
        lines.append(f'<VRTRasterBand dataType="Byte" band="{number}"><ColorInterp>{band}</ColorInterp>')
        for tile, (own_side, bands, paletted) in zip(tiles, forms, strict=True):
            lines.append(
                "<ComplexSource>"
                f'<SourceFilename relativeToVRT="0">{escape(tile.name)}</SourceFilename>'
                f"{_band_of(number, bands, paletted=paletted)}"
                f'<SourceProperties RasterXSize="{own_side}" RasterYSize="{own_side}" DataType="Byte" '
                f'BlockXSize="{own_side}" BlockYSize="1"/>'
                f'<SrcRect xOff="0" yOff="0" xSize="{own_side}" ySize="{own_side}"/>'
                f'<DstRect xOff="{(tile.x - left) * side}" yOff="{(tile.y - top) * side}" '
                f'xSize="{side}" ySize="{side}"/></ComplexSource>'
            )
        lines.append("</VRTRasterBand>")
    return "".join([*lines, "</VRTDataset>"])


def _band_of(number: int, bands: int, *, paletted: bool) -> str:
    """Say where a tile of any form has its red, green, blue or opacity."""
    if paletted:
        return f"<SourceBand>1</SourceBand><ColorTableComponent>{number}</ColorTableComponent>"
    if number == 4:
        if bands in (2, 4):
            return f"<SourceBand>{bands}</SourceBand>"
        return "<SourceBand>1</SourceBand><ScaleOffset>255</ScaleOffset><ScaleRatio>0</ScaleRatio>"
    return f"<SourceBand>{number if bands >= 3 else 1}</SourceBand>"


def _form(tile: _Tile, title: str) -> tuple[int, int, bool]:
    """Side in pixels, number of bands, and whether they are numbers in a palette."""
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL_OPTIONS))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            picture = stack.enter_context(rasterio.open(tile.name))
            usable = picture.width == picture.height <= _MOST_SIDE and picture.dtypes[0] == "uint8"
            paletted = picture.colorinterp[0].name == "palette"
            side, bands = picture.width, picture.count
    except (RasterioError, OSError) as error:
        raise ElevationFileError(
            f"The tile {tile.x}/{tile.y} in {title} is damaged or no picture; download or copy it again."
        ) from error
    if not usable:
        raise ElevationFileError(f"The tile {tile.x}/{tile.y} in {title} is no square picture of 8 bits.")
    return side, bands, paletted
