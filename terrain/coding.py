"""Heights that are coded in colours, and which of the codes it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LOWEST_LAND_M, _DEEPEST_SEA_M, _HIGHEST_M = -500.0, -11_100.0, 9000.0
_ROUGHEST_M = 400.0


def _terrarium(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    above: NDArray[np.float32] = rgb[0] * np.float32(256) + rgb[1] + rgb[2] / np.float32(256)
    return above - np.float32(32768)


def _mapbox(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    tenths: NDArray[np.float32] = rgb[0] * np.float32(65536) + rgb[1] * np.float32(256) + rgb[2]
    return tenths * np.float32(0.1) - np.float32(10000)


_CODES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "Terrarium": _terrarium,
    "Mapbox": _mapbox,
}
"""By name: decode (3, rows, columns) colours. Black, and nothing else, codes a void in both."""


def decode(code: str, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the heights, (rows, columns) metres, that colours (3, rows, columns) mean; NaN for black."""
    heights = _CODES[code](rgb.astype(np.float32))
    heights[~rgb.any(axis=0)] = np.nan
    return heights


def code_of(rgb: NDArray[np.uint8]) -> str | None:
    """Name the code whose heights could be some of the Earth's; None where none of them could.

    The wrong formula gives -32,300 m or +850,000 m. A usual picture that gives possible heights gives
    precipices from each pixel to the next.
    """
    for code in _CODES:
        heights = decode(code, rgb)
        known = heights[~np.isnan(heights)]
        if not known.size:
            continue
        steps = np.abs(np.diff(heights, axis=1))
        steps = steps[~np.isnan(steps)]
        if steps.size and np.quantile(steps, 0.75) > _ROUGHEST_M:
            continue
        lowest, low, middle, high = np.quantile(known, (0.002, 0.02, 0.5, 0.9))
        if low > _LOWEST_LAND_M and high < _HIGHEST_M:
            return code
        if code == "Terrarium" and lowest > _DEEPEST_SEA_M and middle < 0 and high < _HIGHEST_M:
            return code
    return None
