"""Where everything on a card stands: head, lines or profile, foot.

One column as wide as a phone's picture; in a wide picture it stands at the left and what lies behind shows
beside it. Upright pictures keep clear of where apps lay their own buttons over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from tracker3d.scene.drawing import STORY_FOOT, STORY_HEAD, Canvas, Look, is_story, readable_on
from tracker3d.scene.social.facts import Template
from tracker3d.scene.social.profile import draw_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker3d.scene.model import StageScene
    from tracker3d.scene.social.facts import CardFacts, CardRow

_DESIGN_WIDTH = 1080.0
_MARGIN = 64
_ROW, _ROW_GAP = 136, 14
_LEAST_ROW = 84
_HEAD_HEIGHT = 262
_FOOT_HEIGHT = 92
_FIRST_ROW_S, _ROW_STEP_S = 0.55, 0.13


@dataclass(frozen=True)
class Part:
    """A piece of a card.

    Attributes
    ----------
    image : PIL image
        RGBA with straight alpha.
    x_px, y_px : int
        Its top left corner.
    enters_s : float
        When it comes in.
    grows : bool
        It grows from its left edge; others rise into their place.
    """

    image: Image.Image
    x_px: int
    y_px: int
    enters_s: float
    grows: bool = False


def rows_that_fit(size_px: tuple[int, int], template: Template) -> int:
    """Return how many lines a card of a size has room for."""
    box = _Box(size_px)
    room = box.bottom - box.top - box.px(_HEAD_HEIGHT + _FOOT_HEIGHT)
    if template is Template.PROFILE:
        room -= box.px(_profile_height(size_px))
    return max(1, min(8, (room + box.px(_ROW_GAP)) // box.px(_LEAST_ROW + _ROW_GAP)))


def lay_out(scene: StageScene, facts: CardFacts, size_px: tuple[int, int]) -> Iterator[Part]:
    """Yield the parts of a card in drawing order."""
    box = _Box(size_px)
    look = Look(scene.theme, box.scale)
    yield from _head(look, facts, box)
    top = box.top + box.px(_HEAD_HEIGHT)
    if facts.template is Template.PROFILE:
        height = box.px(_profile_height(size_px))
        ground, ridden = draw_profile(scene, look, (box.width, height), facts.ridden_m)
        yield Part(ground.image, box.left, top, 0.35)
        yield Part(ridden.image, box.left, top, 0.7, grows=True)
        top += height + box.px(2 * _ROW_GAP)
    yield from _rows(look, facts, box, top)
    yield from _foot(scene, look, facts, box)


class _Box:
    """The column of a card, in pixels."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        width, height = size_px
        self.scale = min(width, height, 1.0 * height) / _DESIGN_WIDTH
        story = is_story(size_px)
        margin = self.px(_MARGIN)
        self.left = margin
        self.width = min(width, round(_DESIGN_WIDTH * self.scale)) - 2 * margin
        self.top = round(STORY_HEAD * height) if story else margin
        self.bottom = height - (round(STORY_FOOT * height) if story else self.px(48))

    def px(self, designed: float) -> int:
        return max(1, round(designed * self.scale))


def _profile_height(size_px: tuple[int, int]) -> int:
    width, height = size_px
    return 470 if height > 1.15 * width else 330


def _head(look: Look, facts: CardFacts, box: _Box) -> Iterator[Part]:
    theme, px = look.theme, box.px
    text, soft, accent = theme.colour("text"), theme.colour("text_soft"), theme.colour("accent")
    line = Canvas(look, box.width, px(56))
    line.box(0, px(10), px(10), px(46), colour=accent, radius_px=px(3))
    stage = look.fitted(facts.stage, 32, "Bold", box.width - px(380))
    line.text(px(28), px(39), stage, 32, colour=text, weight="Bold")
    line.text(box.width, px(39), facts.moment, 28, colour=soft, weight="Semibold", anchor="r")
    yield Part(line.image, box.left, box.top, 0.0)
    size = _fitting(look, facts.title, 100, box.width)
    title = Canvas(look, box.width, px(128))
    title.text(0, px(100), facts.title, size, colour=text, weight="Black")
    yield Part(title.image, box.left, box.top + px(62), 0.15)
    if facts.subtitle:
        below = Canvas(look, box.width, px(52))
        below.text(0, px(38), facts.subtitle, 36, colour=accent, weight="Semibold")
        yield Part(below.image, box.left, box.top + px(188), 0.3)


def _fitting(look: Look, text: str, size: float, width_px: int) -> float:
    """Return the largest size up to ``size`` at which a title fits."""
    while size > 40.0 and look.width(text, size, "Black") > width_px:
        size -= 2.0
    return size


def _rows(look: Look, facts: CardFacts, box: _Box, top: int) -> Iterator[Part]:
    count = len(facts.rows)
    if not count:
        return
    room = box.bottom - box.px(_FOOT_HEIGHT) - top
    gap = box.px(_ROW_GAP)
    height = min(box.px(_ROW), (room - gap * (count - 1)) // count)
    chip = max(box.px(64), *(look.width(row.mark, 34, "Bold") + box.px(26) for row in facts.rows))
    for number, row in enumerate(facts.rows):
        at_s = _FIRST_ROW_S + _ROW_STEP_S * number
        y = top + number * (height + gap)
        drawn = _row(look, row, (box.width, height), chip, first=number == 0)
        yield Part(drawn.image, box.left, y, at_s)
        if _has_bar(row):
            bar = Canvas(look, max(1, round((box.width - box.px(24)) * row.share)), box.px(6))
            bar.box(0, 0, *bar.image.size, colour=row.colour, radius_px=box.px(3))
            yield Part(bar.image, box.left + box.px(12), y + height - box.px(8), at_s + 0.25, grows=True)


def _row(look: Look, row: CardRow, size_px: tuple[int, int], chip: int, *, first: bool) -> Canvas:
    theme, px = look.theme, look.px
    width, height = size_px
    canvas = Canvas(look, width, height)
    canvas.box(
        0, 0, width, height, colour=theme.colour("panel"), opacity=min(theme.opacities.panel, 0.82),
        radius_px=px(12),
    )  # fmt: skip
    middle = (height - px(8)) / 2
    half = min(px(30), height // 2 - px(14))
    if row.mark:
        canvas.box(px(18), middle - half, px(18) + chip, middle + half, colour=row.colour, radius_px=px(9))
        canvas.text(
            px(18) + chip / 2, middle + px(12), row.mark, 34, colour=readable_on(row.colour), weight="Bold",
            anchor="m",
        )  # fmt: skip
    right = width - px(26)
    if row.unit:
        canvas.text(
            right,
            middle + px(17),
            row.unit,
            28,
            colour=theme.colour("text_soft"),
            weight="Semibold",
            anchor="r",
        )
        right -= look.width(row.unit, 28, "Semibold") + px(10)
    size = 52 if look.width(row.figure, 52, "Bold") < 0.4 * width else 36
    colour = theme.colour("accent")
    canvas.text(right, middle + px(18), row.figure, size, colour=colour, weight="Bold", anchor="r")
    left = px(18) + chip + px(24) if row.mark else px(28)
    room = right - look.width(row.figure, size, "Bold") - px(24) - left
    two = bool(row.detail) and height >= px(_LEAST_ROW)
    name = look.fitted(row.name, 42, "Bold" if first else "Semibold", room)
    lift = px(7) if _has_bar(row) else 0  # small text keeps clear of the bar
    baseline = middle + (-lift if two else px(15))
    canvas.text(left, baseline, name, 42, colour=theme.colour("text"), weight="Bold" if first else "Semibold")
    if two:
        detail = look.fitted(row.detail, 27, "Regular", room)
        canvas.text(left, middle + px(33) - lift, detail, 27, colour=theme.colour("text_soft"))
    return canvas


def _has_bar(row: CardRow) -> bool:
    return bool(np.isfinite(row.share)) and row.share > 0.0


def _foot(scene: StageScene, look: Look, facts: CardFacts, box: _Box) -> Iterator[Part]:
    """Yield the foot: credits and how figures are meant, at the right the logo or the mark of a rehearsal."""
    theme, px = look.theme, box.px
    foot = Canvas(look, box.width, px(_FOOT_HEIGHT - 16))
    right = box.width
    if scene.stage.simulated:
        word = theme.word("simulated")
        wide = look.width(word, 28, "Black") + px(36)
        foot.box(right - wide, px(14), right, px(62), colour=theme.colour("alert"), radius_px=px(6))
        foot.text(
            right - wide / 2, px(48), word, 28, colour=theme.colour("panel"), weight="Black", anchor="m"
        )
        right -= wide + px(20)
    logo = theme.logos.get("corner")
    if logo is not None:
        image = _logo(logo, (px(220), px(72)))
        if image is not None:
            foot.paste(image, right - image.width, px(2))
            right -= image.width + px(20)
    soft = theme.colour("text_soft")
    if facts.note:
        note = look.fitted(facts.note, 25, "Semibold", right)
        foot.text(0, px(30), note, 25, colour=soft, weight="Semibold")
    credit = look.fitted("  ·  ".join(scene.stage.credits), 20, "Regular", right)
    foot.text(0, px(64), credit, 20, colour=soft, opacity=0.85)
    yield Part(foot.image, box.left, box.bottom - foot.image.height, 0.9)


def _logo(path: str, size_px: tuple[int, int]) -> Image.Image | None:
    """Return the logo in its box; None where its file has gone meanwhile."""
    try:
        with Image.open(path, formats=["PNG"]) as file:
            return ImageOps.contain(file.convert("RGBA"), size_px, Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError):
        return None
