"""Drawing flat graphics with Pillow: text, rounded boxes and the panels' common look."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.style import Rgb, Theme, Weight

SAFE_SHARE = 0.05
"""Graphics keep off so much of the picture at each side (EBU R 95, graphics safe area)."""
GAP = 10
"""Designed pixels between two boards."""
_OVERSAMPLED = 4
STORY_ASPECT = 1.6
STORY_HEAD, STORY_FOOT = 0.13, 0.17
"""Shares of the height of an upright picture that belong to the app in which it is looked at."""


@dataclass(frozen=True)
class Look:
    """A theme at the size of a picture.

    ``scale`` is 1 for a picture 1080 lines high; everything designed in pixels is multiplied by it.
    """

    theme: Theme
    scale: float

    def px(self, designed: float) -> int:
        """Return a designed length in whole pixels, at least 1."""
        return max(1, round(designed * self.scale))

    def width(self, text: str, size: float, weight: Weight = "Regular") -> int:
        """Return how many pixels wide a text is."""
        return int(np.ceil(self.theme.font(size * self.scale, weight).getlength(text)))

    def fitted(self, text: str, size: float, weight: Weight, width_px: int) -> str:
        """Return the text, shortened with an ellipsis where it is wider than ``width_px``."""
        if self.width(text, size, weight) <= width_px:
            return text
        while text and self.width(text + "…", size, weight) > width_px:
            text = text[:-1]
        return text.rstrip() + "…"


def scale_of(viewport_px: tuple[int, int]) -> float:
    """Return the size of graphics for a picture: by its shorter side, and larger where it is upright.

    An upright picture is looked at on a phone, and two boards side by side are as wide as it is.
    """
    width, height = viewport_px
    steps = 40  # few sizes, so that dragging a window's edge does not draw every label anew
    upright = 1.0 + 0.125 * min(max(4.0 - 4.0 * width / height, 0.0), 1.0)
    return max(0.45, round(min(height, width * upright) / 1080.0 * steps) / steps)


def is_story(viewport_px: tuple[int, int]) -> bool:
    """Whether a picture fills a phone, whose apps lay their own words and buttons over its head and foot."""
    return viewport_px[1] > STORY_ASPECT * viewport_px[0]


class Canvas:
    """A transparent picture with the few shapes that labels and panels are made of.

    All positions are pixels; text is placed by its left (or right, or middle) end and its baseline.
    """

    def __init__(self, look: Look, width_px: int, height_px: int) -> None:
        self.look = look
        self.image = Image.new("RGBA", (max(1, width_px), max(1, height_px)), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self,
        x_px: float,
        baseline_px: float,
        text: str,
        size: float,
        *,
        colour: Rgb,
        weight: Weight = "Regular",
        anchor: str = "l",
        opacity: float = 1.0,
    ) -> None:
        """Write text over what is there; ``anchor`` is "l", "m" or "r"."""
        face = self.look.theme.font(size * self.look.scale, weight)
        left, top, right, bottom = (round(edge) for edge in face.getbbox(text, anchor=f"{anchor}s"))
        x, y = round(x_px), round(baseline_px)
        shape = Image.new("L", (max(1, right - left + 2), max(1, bottom - top + 2)), 0)
        ImageDraw.Draw(shape).text((1 - left, 1 - top), text, fill=255, font=face, anchor=f"{anchor}s")
        self._over(shape, (x + left - 1, y + top - 1), colour, opacity)

    def box(
        self,
        x0_px: float,
        y0_px: float,
        x1_px: float,
        y1_px: float,
        *,
        colour: Rgb,
        opacity: float = 1.0,
        radius_px: float = 0.0,
        corners: tuple[bool, bool, bool, bool] = (True, True, True, True),
    ) -> None:
        """Fill a box; ``corners`` says which are round: top left, top right, bottom right, bottom left."""
        x0, y0, x1, y1 = round(x0_px), round(y0_px), round(x1_px), round(y1_px)
        shape = _rounded(max(1, x1 - x0), max(1, y1 - y0), max(0.0, radius_px), corners)
        self._over(shape, (x0, y0), colour, opacity)

    def polygon(self, points_px: list[tuple[float, float]], *, colour: Rgb, opacity: float = 1.0) -> None:
        """Fill a polygon over what is there, with smooth edges."""
        points = np.array(points_px, float)
        corner = np.floor(points.min(axis=0)).astype(int)
        width, height = (np.ceil(points.max(axis=0)).astype(int) - corner + 1).tolist()
        drawn = Image.new("L", (width * _OVERSAMPLED, height * _OVERSAMPLED), 0)
        ImageDraw.Draw(drawn).polygon(((points - corner) * _OVERSAMPLED).ravel().tolist(), fill=255)
        shape = drawn.resize((width, height), Image.Resampling.BOX)
        self._over(shape, (int(corner[0]), int(corner[1])), colour, opacity)

    def panel(self, *, radius: float = 6.0) -> None:
        """Fill the whole picture with the panels' dark glass."""
        theme = self.look.theme
        self.box(
            0,
            0,
            *self.image.size,
            colour=theme.colour("panel"),
            opacity=theme.opacities.panel,
            radius_px=self.look.px(radius),
        )

    def paste(self, picture: Image.Image, x_px: int, y_px: int) -> None:
        """Lay a picture with alpha over what is there."""
        self.image.alpha_composite(picture, (x_px, y_px))

    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture, (h, w, 4) uint8 sRGB with straight alpha."""
        return np.asarray(self.image, np.uint8)

    def _over(self, shape: Image.Image, corner: tuple[int, int], colour: Rgb, opacity: float) -> None:
        """Lay ink of one colour over what is there; ``shape``, which says where, may reach beyond it."""
        cut = (max(0, -corner[0]), max(0, -corner[1]))
        part = shape if cut == (0, 0) else shape.crop((*cut, *shape.size))
        if min(part.size) < 1:
            return
        if opacity < 1.0:
            part = part.point([round(level * opacity) for level in range(256)])
        ink = Image.new("RGBA", part.size, (*colour, 0))
        ink.putalpha(part)
        self.image.alpha_composite(ink, (max(0, corner[0]), max(0, corner[1])))


@functools.lru_cache(maxsize=256)
def _rounded(
    width: int, height: int, radius_px: float, corners: tuple[bool, bool, bool, bool]
) -> Image.Image:
    """Return a filled box with smooth round corners as coverage."""
    if radius_px <= 0 or not any(corners):
        return Image.new("L", (width, height), 255)
    many = _OVERSAMPLED
    drawn = Image.new("L", (width * many, height * many), 0)
    ImageDraw.Draw(drawn).rounded_rectangle(
        (0, 0, width * many - 1, height * many - 1), radius_px * many, fill=255, corners=corners
    )
    return drawn.resize((width, height), Image.Resampling.BOX)


def readable_on(colour: Rgb) -> Rgb:
    """Return near-black or white, whichever reads better on a colour (WCAG relative luminance)."""
    channels = [value / 255.0 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (15, 20, 28) if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else (255, 255, 255)
