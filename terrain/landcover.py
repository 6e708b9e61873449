"""Rasters that hold classes of land cover instead of colours: ESA WorldCover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CREDIT = "© ESA WorldCover project 2021 / Contains modified Copernicus Sentinel data (2021)"

_COLOURS = {
    10: (62, 92, 50),  # trees
    20: (122, 128, 78),  # shrubs
    30: (134, 152, 84),  # grass
    40: (176, 168, 108),  # crops
    50: (168, 158, 150),  # buildings
    60: (170, 162, 148),  # bare ground
    70: (240, 244, 248),  # snow and ice
    80: (78, 116, 142),  # water
    90: (104, 134, 106),  # wetland
    95: (58, 104, 78),  # mangroves
    100: (146, 150, 112),  # moss and lichen
}


def is_land_cover(values: NDArray[np.uint8], name: str, *, palette: bool) -> bool:
    """Tell whether the numbers of a raster are WorldCover's classes, and nothing else they could be."""
    classes = [int(value) for value in values if value]
    if not all(value in _COLOURS for value in classes):
        return False
    return "worldcover" in name.lower() or (palette and len(classes) >= 3)


def colour_table() -> NDArray[np.uint8]:
    """Return (256, 4) colours for the classes; all other numbers show nothing."""
    table = np.zeros((256, 4), np.uint8)
    for value, colour in _COLOURS.items():
        table[value] = (*colour, 255)
    return table
