"""Light on the ground, to be baked into its colours.

A warm key from the north-west, as on relief maps (ridges read as ridges), two weaker lights beside it, and a
cool sky that reaches less far into valleys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LIGHTS = ((315.0, 42.0, 0.64), (262.0, 50.0, 0.20), (15.0, 50.0, 0.16))
_KEY_RGB = np.array([1.04, 1.0, 0.92], np.float32)
_SKY_RGB = np.array([0.91, 1.0, 1.14], np.float32)
_SKY_SHARE = np.float32(0.36)
_WRAP = np.float32(0.10)
_SHADOW_LIFT = np.float32(0.08)
_LIFT = np.float32(1.5)


def light_on(
    slope_x: NDArray[np.float32],
    slope_y: NDArray[np.float32],
    near_m: NDArray[np.float32],
    wide_m: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the light on each post; level open land has about 1.

    Parameters
    ----------
    slope_x, slope_y : (r, c) float32
        Rise to the east and to the north, metres per metre.
    near_m, wide_m : (r, c) float32
        Height above the mean of some 150 m and of some 900 m around.

    Returns
    -------
    (r, c, 3) float32
        Linear, red, green and blue.
    """
    east, north = slope_x * _LIFT, slope_y * _LIFT
    length = np.sqrt(1 + east * east + north * north)
    direct = np.zeros_like(length)
    level = 0.0
    for azimuth_deg, height_deg, share in _LIGHTS:
        azimuth, height = np.radians(azimuth_deg), np.radians(height_deg)
        x, y, z = np.sin(azimuth) * np.cos(height), np.cos(azimuth) * np.cos(height), np.sin(height)
        facing = (np.float32(z) - east * np.float32(x) - north * np.float32(y)) / length
        direct += np.float32(share) * np.maximum(facing + _WRAP, 0)
        level += share * (z + float(_WRAP))
    direct /= np.float32(level)
    sky = 1 - 0.42 * np.clip(-wide_m / 260, 0, 1) - 0.30 * np.clip(-near_m / 26, 0, 1)
    sky += 0.16 * np.clip(wide_m / 260, 0, 1) + 0.16 * np.clip(near_m / 26, 0, 1)
    sky *= 0.5 + 0.5 / length
    direct *= 0.86 + 0.14 * sky
    result: NDArray[np.float32] = (
        _SKY_SHARE * sky[..., None] * _SKY_RGB + (1 - _SKY_SHARE) * direct[..., None] * _KEY_RGB
    )
    result += _SHADOW_LIFT * np.maximum(1 - result, 0)
    return result
