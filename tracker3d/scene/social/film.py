"""A card as a picture at any of its moments: parts come in one after the other over a quiet background."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tracker3d.scene.social.layout import lay_out
from tracker3d.scene.social.scenery import scenery, shaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene
    from tracker3d.scene.social.facts import CardFacts
    from tracker3d.scene.social.layout import Part

LASTS_S = 6.0
_ENTRANCE_S = 0.55
_ZOOM = 0.07
"""How much closer the background comes over a card's six seconds."""
_RISE_SHARE = 0.03


@dataclass(frozen=True)
class Card:
    """A card that can be looked at at any moment.

    Attributes
    ----------
    size_px : (width, height)
    ground : PIL image
        RGB, what lies behind, larger than the card.
    shade : PIL image
        RGBA, what makes text readable over it.
    parts : tuple of Part
    """

    size_px: tuple[int, int]
    ground: Image.Image
    shade: Image.Image
    parts: tuple[Part, ...]

    def picture(self, elapsed_s: float = math.inf) -> NDArray[np.uint8]:
        """Return the card as (h, w, 4) uint8 sRGB, opaque; without a time as it stands at its end."""
        picture = self._background(min(elapsed_s, LASTS_S) / LASTS_S)
        picture.alpha_composite(self.shade)
        for part in self.parts:
            share = _eased((elapsed_s - part.enters_s) / _ENTRANCE_S)
            if share > 0.0:
                self._draw(picture, part, share)
        return np.asarray(picture)

    def _background(self, share: float) -> Image.Image:
        """Return the part of the ground that is seen, which shrinks evenly about its middle."""
        width, height = self.ground.size
        seen = 1.0 / (1.0 + _ZOOM * share)
        left, top = width * (1.0 - seen) / 2.0, height * (1.0 - seen) / 2.0
        box = (left, top, width - left, height - top)
        return self.ground.resize(self.size_px, Image.Resampling.BICUBIC, box=box).convert("RGBA")

    def _draw(self, picture: Image.Image, part: Part, share: float) -> None:
        image, x, y = part.image, part.x_px, part.y_px
        if part.grows:
            image = image.crop((0, 0, max(1, round(image.width * share)), image.height))
        elif share < 1.0:
            y += round((1.0 - share) * _RISE_SHARE * self.size_px[0])
            image = image.copy()
            image.putalpha(image.getchannel("A").point([round(level * share) for level in range(256)]))
        picture.alpha_composite(image, (max(x, 0), max(y, 0)))


def make_card(
    scene: StageScene, facts: CardFacts, size_px: tuple[int, int], *, photo: NDArray[np.uint8] | None = None
) -> Card:
    """Return the card of these facts.

    Parameters
    ----------
    scene : StageScene
    facts : CardFacts
    size_px : (width, height)
    photo : (h, w, 4) uint8 | None
        A picture of the stage to lie behind; None: its heights, drawn flat.
    """
    ground = scenery(scene, size_px) if photo is None else Image.fromarray(photo[..., :3])
    return Card(
        size_px=size_px,
        ground=ground,
        shade=shaded(scene.theme, size_px, photo=photo is not None),
        parts=tuple(lay_out(scene, facts, size_px)),
    )


def _eased(share: float) -> float:
    """Return 0 to 1, fast at first and gently to its end."""
    return 1.0 - (1.0 - min(max(share, 0.0), 1.0)) ** 3
