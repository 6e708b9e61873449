"""Pictures of the labels: rider, group and place tags as strips of atlas parts.

A rider's or place's tag is one part. A group's tag changes every second, so it is a row of parts of equal
height that already exist: title, digits on the tag's ground, end caps. New figures need no new picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.drawing import Canvas, readable_on
from tracker3d.scene.figures import gap_text
from tracker3d.scene.placing import roster_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray
    from PIL import Image

    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.atlas import Atlas, Box
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import Gate, StageScene
    from tracker3d.scene.placing import Roster
    from tracker3d.scene.style import Rgb, Theme
    from tracker3d.stage.model import Rider

_RIDER_HEIGHT = 28
_GROUP_HEIGHT = 34
_PLACE_HEIGHT = 46
_RADIUS = 4


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


def group_gap(group: Group) -> str:
    """Return a group's gap in words; nothing for the group that leads, whatever it is called."""
    leads = group.role is Role.HEAD or group.gap_to_head_s <= 0.0
    return "" if leads else gap_text(group.gap_to_head_s)


def group_title(theme: Theme, group: Group, roster: Roster) -> str:
    """Return what a group is called on air.

    A rider alone goes by name. So do second chases and riders dropped later: a number would change
    whenever a rider ahead comes or goes, and boards that leave out small groups would skip some. The name is
    that of the captain, who by custom wears the team's lowest number (1, 11, 21, ...).
    """
    if len(group.riders) == 1:
        return roster.riders[int(group.riders[0])].display_name
    if group.role in (Role.CHASE, Role.DROPPED) and group.number > 1:
        captain = min((roster.riders[int(at)] for at in group.riders), key=_seniority)
        return theme.word("group_of").format(name=captain.display_name)
    return theme.word(group.role.value)


def group_titles(scene: StageScene, state: RaceState) -> list[str]:
    """Return what each group of a state is called on air, front first."""
    roster = roster_of(scene, state.riders.bibs)
    return [group_title(scene.theme, group, roster) for group in state.groups]


def _seniority(rider: Rider) -> tuple[int, int]:
    return (rider.bib - 1) % 10, rider.bib


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

    def rider_size(self, number: str, name: str) -> tuple[int, int]:
        """Return width and height of a rider's tag without drawing it."""
        chip, text = self._rider_widths(number, name)
        return chip + text, self.look.px(_RIDER_HEIGHT)

    def rider(self, number: str, name: str, *, colour: Rgb, selected: bool) -> Tag:
        """Return a rider's tag: number on the colour of team or jersey, and the name."""
        key = ("rider", number, name, colour, selected)
        return self._kept(
            key, lambda: [self.atlas.box(key, lambda: self._draw_rider(number, name, colour, selected))]
        )

    def group(self, group: Group, title: str) -> Tag:
        """Return a group's tag: title, size and, behind the head of the race, the gap."""
        theme = self.look.theme
        size = str(len(group.riders)) if len(group.riders) > 1 else ""
        gap = group_gap(group)
        key = ("group", title, size, gap, group.role)
        return self._kept(key, lambda: self._group_parts(title, size, gap, theme.colour(group.role.value)))

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

    def _draw_rider(self, number: str, name: str, colour: Rgb, selected: bool) -> Image.Image:
        look, theme = self.look, self.look.theme
        chip, text = self._rider_widths(number, name)
        height = look.px(_RIDER_HEIGHT)
        canvas = Canvas(look, chip + text, height)
        ground, ink = (
            (theme.colour("accent"), theme.colour("panel"))
            if selected
            else (theme.colour("panel"), theme.colour("text"))
        )
        opacity = 1.0 if selected else theme.opacities.label
        canvas.box(0, 0, chip + text, height, colour=ground, opacity=opacity, radius_px=look.px(_RADIUS))
        canvas.box(
            0, 0, chip, height, colour=colour, radius_px=look.px(_RADIUS), corners=(True, False, False, True)
        )
        baseline = round(height * 0.735)
        if number:
            canvas.text(
                chip / 2, baseline - look.px(0.5), number, theme.sizes.label_small,
                colour=readable_on(colour), weight="Bold", anchor="m",
            )  # fmt: skip
        canvas.text(chip + look.px(8), baseline, name, theme.sizes.label_name, colour=ink, weight="Semibold")
        return canvas.image

    def _group_parts(self, title: str, size: str, gap: str, colour: Rgb) -> list[Box]:
        theme = self.look.theme
        text, soft, accent = theme.colour("text"), theme.colour("text_soft"), theme.colour("accent")
        parts = [self._part("title", title, colour, text)]
        if size:
            parts += [self._glyph(digit, "Semibold", soft) for digit in size]
            parts.append(self._part("space", "", colour, text))
        if gap:
            parts += [self._glyph(digit, "Bold", accent) for digit in gap]
            parts.append(self._part("space", "", colour, text))
        parts.append(self._part("end", "", colour, text))
        return parts

    def _part(self, kind: str, text: str, colour: Rgb, ink: Rgb) -> Box:
        key = ("group part", kind, text, colour if kind == "title" else None)
        return self.atlas.box(key, lambda: self._draw_part(kind, text, colour, ink))

    def _draw_part(self, kind: str, text: str, colour: Rgb, ink: Rgb) -> Image.Image:
        look, theme = self.look, self.look.theme
        height, bar, pad = look.px(_GROUP_HEIGHT), look.px(6), look.px(10)
        title_width = bar + pad + look.width(text, theme.sizes.group_title, "Semibold") + pad
        width = {"title": title_width, "space": pad, "end": look.px(_RADIUS)}[kind]
        corners = {
            "title": (True, False, False, True),
            "space": (False,) * 4,
            "end": (False, True, True, False),
        }[kind]
        canvas = Canvas(look, width, height)
        radius = look.px(_RADIUS)
        canvas.box(
            0, 0, width, height, colour=theme.colour("panel"), opacity=theme.opacities.label,
            radius_px=radius, corners=(corners[0], corners[1], corners[2], corners[3]),
        )  # fmt: skip
        if kind == "title":
            canvas.box(0, 0, bar, height, colour=colour, radius_px=radius, corners=(True, False, False, True))
            canvas.text(
                bar + pad, self._group_baseline, text, theme.sizes.group_title, colour=ink, weight="Semibold"
            )
        return canvas.image

    @property
    def _group_baseline(self) -> int:
        return round(self.look.px(_GROUP_HEIGHT) * 0.71)

    def _glyph(self, letter: str, weight: str, ink: Rgb) -> Box:
        key = ("group glyph", letter, weight)
        return self.atlas.box(key, lambda: self._draw_glyph(letter, weight, ink))

    def _draw_glyph(self, letter: str, weight: str, ink: Rgb) -> Image.Image:
        look, theme = self.look, self.look.theme
        bold = weight == "Bold"
        width = look.width(letter, theme.sizes.group_title, "Bold" if bold else "Semibold")
        canvas = Canvas(look, width, look.px(_GROUP_HEIGHT))
        canvas.box(0, 0, *canvas.image.size, colour=theme.colour("panel"), opacity=theme.opacities.label)
        canvas.text(
            0,
            self._group_baseline,
            letter,
            theme.sizes.group_title,
            colour=ink,
            weight="Bold" if bold else "Semibold",
        )
        return canvas.image

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
