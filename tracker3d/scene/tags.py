"""Pictures of the labels: rider, group and place tags as strips of atlas parts.

What never changes is one part: a rider's number and name, a place. Figures change every second, so they are
rows of parts of equal height that already exist: digits on the tag's ground, discs of jerseys, end caps. New
figures need no new picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.drawing import Canvas, readable_on
from tracker3d.scene.figures import gap_text
from tracker3d.scene.placing import roster_of
from tracker3d.scene.wind import draw_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray
    from PIL import Image

    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.atlas import Atlas, Box
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import Gate, StageScene
    from tracker3d.scene.placing import Roster
    from tracker3d.scene.style import Rgb, Theme, Weight

_RIDER_HEIGHT = 28
_GROUP_HEIGHT = 34
_PLACE_HEIGHT = 46
_RADIUS = 4
_LEAST_GAP_S = 1.0
"""Of less than this nothing is said: it would be a gap of 0:00."""

_OTHER_GAP_S = 3.0
"""A gap to the group ahead this close to that to the head says nothing new."""


@dataclass(frozen=True)
class Tag:
    """A label as parts of the atlas.

    Attributes
    ----------
    source_px : (k, 4) float32
        x, y, width, height of each part in the atlas.
    offset_px : (k,) float32
        Of each part's left edge from the tag's.
    width_px, height_px : int
    """

    source_px: NDArray[np.float32]
    offset_px: NDArray[np.float32]
    width_px: int
    height_px: int


class _Ink(NamedTuple):
    """How letters of a tag look: height of the tag, typeface, colours."""

    height: float
    baseline: float
    size: float
    weight: Weight
    colour: Rgb
    ground: Rgb
    opacity: float


def group_gap(group: Group) -> str:
    """Return a group's gap in words; nothing for the group that leads, whatever it is called."""
    leads = group.role is Role.HEAD or group.gap_to_head_s <= 0.0
    return "" if leads else gap_text(group.gap_to_head_s)


def group_title(theme: Theme, group: Group, roster: Roster) -> str:
    """Return what a group is called on air.

    An operator's name goes first. A rider alone goes by his name, and so do second chases and riders dropped
    later: a number would change whenever a rider ahead comes or goes, and boards that leave out small groups
    would skip some. The name is that of the captain, who by custom wears the team's lowest number (1, 11).
    """
    if group.name:
        return group.name
    if len(group.riders) == 1:
        return roster.riders[int(group.riders[0])].display_name
    if group.role in (Role.CHASE, Role.DROPPED) and group.number > 1:
        captain = group.riders[np.argmin(roster.seniority[group.riders])]
        return theme.word("group_of").format(name=roster.riders[int(captain)].display_name)
    return theme.word(group.role.value)


def group_gap_ahead(group: Group) -> str:
    """Return the gap to the group ahead in words, where that is another one than the head of the race."""
    behind_s = group.gap_to_head_s - group.gap_to_ahead_s
    if not group_gap(group) or not (behind_s >= _OTHER_GAP_S and group.gap_to_ahead_s >= _LEAST_GAP_S):
        return ""
    return gap_text(group.gap_to_ahead_s)[1:]


def group_titles(scene: StageScene, state: RaceState) -> list[str]:
    """Return what each group of a state is called on air, front first."""
    roster = roster_of(scene, state.riders.bibs)
    return [group_title(scene.theme, group, roster) for group in state.groups]


def row(parts: list[Box]) -> Tag:
    """Return a tag of parts side by side."""
    source = np.array(parts, np.float32).reshape(-1, 4)
    ends = np.cumsum(source[:, 2])
    return Tag(source, (ends - source[:, 2]).astype(np.float32), int(ends[-1]), int(source[0, 3]))


class TagPress:
    """Makes tags at one size into one atlas.

    Parameters
    ----------
    look : Look
    atlas : Atlas
    """

    def __init__(self, look: Look, atlas: Atlas) -> None:
        self.look = look
        self.atlas = atlas
        self._tags: dict[Hashable, Tag] = {}
        self._serial = atlas.key[0]

    def rider_size(self, number: str, name: str, figure: str = "") -> tuple[int, int]:
        """Return width and height of a rider's tag without drawing it."""
        look = self.look
        chip, text = self._rider_widths(number, name)
        if figure:
            ink = self._rider_ink(selected=True)
            text += look.px(_RADIUS) + sum(look.width(letter, ink.size, ink.weight) for letter in figure)
        return chip + text, look.px(_RIDER_HEIGHT)

    def rider(self, number: str, name: str, *, colour: Rgb, selected: bool, figure: str = "") -> Tag:
        """Return a rider's tag: number on the colour of team or jersey, the name, and a figure if given."""
        key = ("rider", number, name, colour, selected, bool(figure))
        ink = self._rider_ink(selected=selected)

        def parts() -> list[Box]:
            name_part = self.atlas.box(key, lambda: self._draw_rider(number, name, colour, ink, bool(figure)))
            if not figure:
                return [name_part]
            return [name_part, *(self._glyph(letter, ink) for letter in figure), self._end(ink)]

        return self._kept((key, figure), parts)

    def wind(self, turn: int) -> Tag:
        """Return an arrow of the wind; see :mod:`tracker3d.scene.wind`."""
        key = ("wind", turn)
        return self._kept(key, lambda: [self.atlas.box(key, lambda: draw_arrow(self.look, turn))])

    def group(self, group: Group, title: str) -> Tag:
        """Return a group's tag: title, size, leaders' jerseys, gap to the head and to the group ahead."""
        theme = self.look.theme
        size = str(len(group.riders)) if len(group.riders) > 1 else ""
        gap, ahead = group_gap(group), group_gap_ahead(group)
        key = ("group", title, size, group.jerseys, gap, ahead, group.role)
        colour = theme.colour(group.role.value)
        return self._kept(key, lambda: self._group_parts(title, size, group.jerseys, (gap, ahead), colour))

    def place(self, gate: Gate) -> Tag:
        """Return the tag of a place on the road: what it is called and what there is to know."""
        key = ("place", gate.title, gate.subtitle, gate.colour_rgb)
        return self._kept(key, lambda: [self.atlas.box(key, lambda: self._draw_place(gate))])

    def _kept(self, key: Hashable, parts: Callable[[], list[Box]]) -> Tag:
        if self._serial != self.atlas.key[0]:
            self._tags.clear()
            self._serial = self.atlas.key[0]
        tag = self._tags.get(key)
        if tag is None:
            tag = row(parts())
            if self._serial != self.atlas.key[0]:
                return self._kept(key, parts)
            self._tags[key] = tag
        return tag

    def _rider_widths(self, number: str, name: str) -> tuple[int, int]:
        sizes = self.look.theme.sizes
        chip = (
            max(self.look.width(number, sizes.label_small, "Bold") + self.look.px(12), self.look.px(30))
            if number
            else self.look.px(8)
        )
        return chip, self.look.width(name, sizes.label_name, "Semibold") + self.look.px(16)

    def _rider_ink(self, *, selected: bool) -> _Ink:
        theme = self.look.theme
        ink, ground = ("panel", "accent") if selected else ("text", "panel")
        return _Ink(
            height=_RIDER_HEIGHT,
            baseline=0.735,
            size=theme.sizes.label_name,
            weight="Semibold",
            colour=theme.colour(ink),
            ground=theme.colour(ground),
            opacity=1.0 if selected else theme.opacities.label,
        )

    def _group_ink(self, weight: Weight, use: str) -> _Ink:
        theme = self.look.theme
        return _Ink(
            height=_GROUP_HEIGHT,
            baseline=0.71,
            size=theme.sizes.group_title,
            weight=weight,
            colour=theme.colour(use),
            ground=theme.colour("panel"),
            opacity=theme.opacities.label,
        )

    def _draw_rider(self, number: str, name: str, colour: Rgb, ink: _Ink, goes_on: bool) -> Image.Image:
        look, theme = self.look, self.look.theme
        chip, text = self._rider_widths(number, name)
        height, radius = look.px(ink.height), look.px(_RADIUS)
        canvas = Canvas(look, chip + text, height)
        canvas.box(
            0, 0, chip + text, height, colour=ink.ground, opacity=ink.opacity, radius_px=radius,
            corners=(True, not goes_on, not goes_on, True),
        )  # fmt: skip
        canvas.box(0, 0, chip, height, colour=colour, radius_px=radius, corners=(True, False, False, True))
        baseline = round(height * ink.baseline)
        if number:
            canvas.text(
                chip / 2, baseline - look.px(0.5), number, theme.sizes.label_small,
                colour=readable_on(colour), weight="Bold", anchor="m",
            )  # fmt: skip
        canvas.text(chip + look.px(8), baseline, name, ink.size, colour=ink.colour, weight=ink.weight)
        return canvas.image

    def _group_parts(
        self, title: str, size: str, jerseys: tuple[str, ...], gaps: tuple[str, str], colour: Rgb
    ) -> list[Box]:
        plain, soft = self._group_ink("Semibold", "text"), self._group_ink("Semibold", "text_soft")
        key = ("group title", title, colour)
        parts = [self.atlas.box(key, lambda: self._draw_group_title(title, colour, plain))]
        for word, ink in ((size, soft), (gaps[0], self._group_ink("Bold", "accent"))):
            parts += [self._glyph(letter, ink) for letter in word]
            if word:
                parts.append(self._blank(10, plain))
            if ink is soft:
                parts += [self._disc(jersey, plain) for jersey in jerseys]
        if gaps[1]:
            parts += [self._glyph(letter, soft) for letter in f"↑{gaps[1]}"]
            parts.append(self._blank(10, plain))
        parts.append(self._end(plain))
        return parts

    def _draw_group_title(self, title: str, colour: Rgb, ink: _Ink) -> Image.Image:
        look = self.look
        height, bar, pad, radius = look.px(ink.height), look.px(6), look.px(10), look.px(_RADIUS)
        width = bar + pad + look.width(title, ink.size, ink.weight) + pad
        canvas = Canvas(look, width, height)
        rounded = (True, False, False, True)
        canvas.box(
            0, 0, width, height, colour=ink.ground, opacity=ink.opacity, radius_px=radius, corners=rounded
        )
        canvas.box(0, 0, bar, height, colour=colour, radius_px=radius, corners=rounded)
        baseline = round(height * ink.baseline)
        canvas.text(bar + pad, baseline, title, ink.size, colour=ink.colour, weight=ink.weight)
        return canvas.image

    def _glyph(self, letter: str, ink: _Ink) -> Box:
        return self.atlas.box(("glyph", letter, ink), lambda: self._draw_glyph(letter, ink))

    def _draw_glyph(self, letter: str, ink: _Ink) -> Image.Image:
        look = self.look
        height = look.px(ink.height)
        canvas = Canvas(look, look.width(letter, ink.size, ink.weight), height)
        canvas.box(0, 0, *canvas.image.size, colour=ink.ground, opacity=ink.opacity)
        canvas.text(0, round(height * ink.baseline), letter, ink.size, colour=ink.colour, weight=ink.weight)
        return canvas.image

    def _disc(self, jersey: str, ink: _Ink) -> Box:
        """Return the disc of a leader's jersey."""

        def draw() -> Image.Image:
            look = self.look
            height, size = look.px(ink.height), look.px(16)
            canvas = Canvas(look, size + look.px(6), height)
            canvas.box(0, 0, *canvas.image.size, colour=ink.ground, opacity=ink.opacity)
            top, colour = (height - size) / 2, look.theme.jersey(jersey)
            if colour is not None:
                canvas.box(0, top, size, top + size, colour=colour, radius_px=size / 2)
            return canvas.image

        return self.atlas.box(("disc", jersey, ink), draw)

    def _blank(self, designed: float, ink: _Ink) -> Box:
        def draw() -> Image.Image:
            canvas = Canvas(self.look, self.look.px(designed), self.look.px(ink.height))
            canvas.box(0, 0, *canvas.image.size, colour=ink.ground, opacity=ink.opacity)
            return canvas.image

        return self.atlas.box(("blank", designed, ink), draw)

    def _end(self, ink: _Ink) -> Box:
        """Return the rounded right end of a tag."""

        def draw() -> Image.Image:
            radius = self.look.px(_RADIUS)
            canvas = Canvas(self.look, radius, self.look.px(ink.height))
            canvas.box(
                0, 0, *canvas.image.size, colour=ink.ground, opacity=ink.opacity, radius_px=radius,
                corners=(False, True, True, False),
            )  # fmt: skip
            return canvas.image

        return self.atlas.box(("end", ink), draw)

    def _draw_place(self, gate: Gate) -> Image.Image:
        look, theme = self.look, self.look.theme
        pad, bar, height = look.px(11), look.px(6), look.px(_PLACE_HEIGHT if gate.subtitle else 31)
        title, subtitle = theme.sizes.place_title, theme.sizes.label_small
        width = (
            max(look.width(gate.title, title, "Bold"), look.width(gate.subtitle, subtitle)) + 2 * pad + bar
        )
        canvas = Canvas(look, width, height)
        radius = look.px(_RADIUS)
        canvas.box(
            0, 0, width, height, colour=theme.colour("panel"), opacity=theme.opacities.label, radius_px=radius
        )
        canvas.box(
            0, 0, bar, height, colour=gate.colour_rgb, radius_px=radius, corners=(True, False, False, True)
        )
        canvas.text(bar + pad, look.px(21), gate.title, title, colour=theme.colour("text"), weight="Bold")
        if gate.subtitle:
            canvas.text(bar + pad, look.px(39), gate.subtitle, subtitle, colour=theme.colour("text_soft"))
        return canvas.image
