"""Team colours where a feed gives none: as far apart as colours can be, the same for the same teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LIGHTNESS = (0.48, 0.60, 0.72, 0.84)
_CHROMA = (0.07, 0.12, 0.17, 0.22)
_HUES = 48
_GROUND_LAB = np.array([[0.55, -0.05, 0.06], [0.70, 0.01, 0.05], [0.35, 0.0, 0.0]])
"""OKLab of meadow, scree and asphalt: colours that riders must stand out from."""


def team_colours(codes: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Give each team code a colour of its own (sRGB, 0 to 255).

    Colours are taken one after another from a grid in OKLCH (Ottosson 2020), each the farthest from all
    taken before and from the colours of the ground. Codes are served in alphabetical order.
    """
    lab, rgb = _candidates()
    nearest = _distance(lab, _GROUND_LAB).min(axis=1)
    colours = {}
    for code in sorted(set(codes)):
        best = int(np.argmax(nearest))
        colours[code] = (int(rgb[best, 0]), int(rgb[best, 1]), int(rgb[best, 2]))
        nearest = np.minimum(nearest, _distance(lab, lab[best : best + 1])[:, 0])
    return colours


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(((first[:, None, :] - second[None, :, :]) ** 2).sum(axis=2)))


def _candidates() -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """OKLab (n, 3) and sRGB (n, 3) of all colours of the grid that a screen can show."""
    hue = np.arange(_HUES) * (2.0 * np.pi / _HUES)
    lightness, chroma, angle = (grid.ravel() for grid in np.meshgrid(_LIGHTNESS, _CHROMA, hue, indexing="ij"))
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    linear = _linear_srgb(lab)
    shown = ((linear >= 0.0) & (linear <= 1.0)).all(axis=1)
    return lab[shown], np.round(255.0 * _encoded(linear[shown])).astype(np.uint8)


def _linear_srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """OKLab to linear sRGB with Ottosson's matrices."""
    to_cones = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    return np.asarray(((lab @ to_cones.T) ** 3) @ to_rgb.T)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
