"""What lies behind a card: ridges in the theme's colours, and the shade over a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene
    from tracker3d.scene.style import Theme

_RIDGES = 5


def scenery(scene: StageScene, size_px: tuple[int, int]) -> Image.Image:
    """Return ridges made of the stage's own heights, paler the farther away."""
    width, height = size_px
    theme = scene.theme
    panel = np.array(theme.colour("panel"), float)
    sky = panel * 0.6 + np.array(theme.colour("panel_edge"), float) * 0.8
    rows = np.linspace(0.0, 1.0, height)[:, None, None]
    picture = np.clip(sky * (1.0 - 0.55 * rows) + 0.0 * np.zeros((height, width, 1)), 0, 255)
    route = scene.stage.route
    for ridge in range(_RIDGES):
        share = (ridge + 1) / _RIDGES
        at_m = np.linspace(0.0, route.finish_m, width)
        heights = gaussian_filter1d(np.asarray(route.height(at_m), float), width / (30.0 + 25.0 * ridge))
        heights = np.roll(heights, round(width * 0.37 * ridge)) if ridge % 2 else heights[::-1].copy()
        span = max(float(np.ptp(heights)), 1.0)
        crest = height * (0.30 + 0.13 * ridge) - (heights - heights.min()) / span * height * 0.16
        inside = np.clip(np.arange(height)[:, None] - crest + 0.5, 0.0, 1.0)[..., None]
        colour = sky * (1.0 - share) * 0.9 + panel * (0.35 + 0.65 * share)
        picture += (colour - picture) * inside * 0.85
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def shaded(theme: Theme, size_px: tuple[int, int], *, photo: bool) -> Image.Image:
    """Return the shade over a background: darker at head and foot, and over a photo everywhere."""
    width, height = size_px
    rows = np.linspace(0.0, 1.0, height)
    least = 0.34 if photo else 0.0
    head = np.clip(1.0 - rows / 0.42, 0.0, 1.0) ** 1.2
    foot = np.clip((rows - 0.45) / 0.55, 0.0, 1.0) ** 0.9
    strength = least + (0.86 - least) * np.maximum(0.9 * head, foot) * (1.0 if photo else 0.6)
    shade: NDArray[np.uint8] = np.zeros((height, width, 4), np.uint8)
    shade[..., :3] = np.array(theme.colour("panel"))
    shade[..., 3] = np.rint(255.0 * strength)[:, None]
    return Image.fromarray(shade)
