"""Drawing the panels that say figures: stage, kilometres to go, gaps, climb."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.climbs import category_text, stage_title
from tracker3d.scene.drawing import Canvas, readable_on
from tracker3d.scene.figures import km_text, metres_text

if TYPE_CHECKING:
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.standings import Standing
    from tracker3d.scene.style import Weight
    from tracker3d.stage.model import Place, Stage
    from tracker3d.stage.route import Route

_PAD = 16
BOARD_WIDTH = 372
TO_GO_HEIGHT = 118
CLIMB_CARD_HEIGHT = 232
_NAME_HEIGHT, _NAME_BAR = 70, 7
_BOARD_ROW = 38
_BOARD_EDGE = 6
_BOARD_HEADING = 36
_MOST_CLIMB_COLUMNS = 14


@dataclass(frozen=True)
class CardClimb:
    """The climb of a card and the group that is on it."""

    place: Place
    foot_m: float
    group: str
    role: str


def _stage_name(stage: Stage, look: Look, widest_px: int) -> tuple[str, str]:
    """Return a stage's name, shortened if need be, and its length."""
    room = max(look.px(120), min(look.px(520), widest_px - 2 * look.px(_PAD) - look.px(_NAME_BAR)))
    name = look.fitted(stage_title(stage), look.theme.sizes.panel_title, "Bold", room)
    return name, look.theme.figure(f"{stage.route.finish_m / 1000.0:.1f} km")


def stage_name_size(stage: Stage, look: Look, widest_px: int) -> tuple[int, int]:
    """Return width and height of :func:`draw_stage_name` in pixels without drawing it."""
    sizes = look.theme.sizes
    name, length = _stage_name(stage, look, widest_px)
    text_px = max(look.width(name, sizes.panel_title, "Bold"), look.width(length, sizes.panel_small))
    return max(text_px + 2 * look.px(_PAD) + look.px(_NAME_BAR), look.px(BOARD_WIDTH)), look.px(_NAME_HEIGHT)


def draw_stage_name(stage: Stage, look: Look, widest_px: int) -> Canvas:
    """Return the stage's name and length on one panel of at most ``widest_px``."""
    theme, pad, bar = look.theme, look.px(_PAD), look.px(_NAME_BAR)
    name, length = _stage_name(stage, look, widest_px)
    canvas = Canvas(look, *stage_name_size(stage, look, widest_px))
    canvas.panel()
    canvas.box(
        0, 0, bar, canvas.image.height, colour=theme.colour("accent"), radius_px=look.px(6),
        corners=(True, False, False, True),
    )  # fmt: skip
    canvas.text(
        bar + pad, look.px(34), name, theme.sizes.panel_title, colour=theme.colour("text"), weight="Bold"
    )
    canvas.text(bar + pad, look.px(57), length, theme.sizes.panel_small, colour=theme.colour("text_soft"))
    return canvas


def draw_shot_title(look: Look, title: str, subtitle: str, most_px: int) -> Canvas:
    """Return the title of a shot and what stands under it, no wider than ``most_px``; either may be empty."""
    sizes, pad, bar = look.theme.sizes, look.px(22), look.px(9)
    room = most_px - 2 * pad - bar
    kinds: tuple[tuple[str, float, Weight, str, float], ...] = (
        (title, sizes.shot_title, "Bold", "text", 1.22),
        (subtitle, sizes.panel_text, "Semibold", "accent", 1.5),
    )
    lines = [line for line in kinds if line[0]]
    fitted = [look.fitted(text, size, weight, room) for text, size, weight, _, _ in lines]
    widest = max(look.width(text, line[1], line[2]) for text, line in zip(fitted, lines, strict=True))
    height = look.px(14 + sum(size * height for _, size, _, _, height in lines))
    canvas = Canvas(look, widest + 2 * pad + bar, height)
    canvas.panel()
    canvas.box(
        0, 0, bar, height, colour=look.theme.colour("accent"), radius_px=look.px(6),
        corners=(True, False, False, True),
    )  # fmt: skip
    baseline = look.px(2)
    for text, (_, size, weight, colour, high) in zip(fitted, lines, strict=True):
        baseline += look.px(size * high)
        canvas.text(bar + pad, baseline, text, size, colour=look.theme.colour(colour), weight=weight)
    return canvas


def draw_to_go(look: Look, figure: str, unit: str, race_clock: str, local_clock: str) -> Canvas:
    """Return how far it is for the first rider or how many ride, the race clock and the time of day."""
    theme, sizes, pad = look.theme, look.theme.sizes, look.px(_PAD)
    text, soft = theme.colour("text"), theme.colour("text_soft")
    canvas = Canvas(look, look.px(BOARD_WIDTH if race_clock else 300), look.px(TO_GO_HEIGHT))
    canvas.panel()
    right = canvas.image.width - pad
    canvas.text(right, look.px(57), unit, sizes.panel_text, colour=soft, weight="Semibold", anchor="r")
    figure_right = right - look.width(unit, sizes.panel_text, "Semibold") - look.px(12)
    canvas.text(
        figure_right, look.px(58), theme.figure(figure), sizes.figure, colour=text, weight="Bold", anchor="r"
    )
    canvas.box(pad, look.px(74), right, look.px(75), colour=theme.colour("panel_edge"))
    canvas.text(
        right,
        look.px(102),
        local_clock,
        sizes.panel_text,
        colour=theme.colour("accent"),
        weight="Semibold",
        anchor="r",
    )
    if race_clock:
        canvas.text(pad, look.px(102), race_clock, sizes.panel_text, colour=text, weight="Semibold")
        beside = pad + look.width(race_clock, sizes.panel_text, "Semibold") + look.px(8)
        canvas.text(beside, look.px(102), theme.word("race_time"), sizes.panel_small, colour=soft)
    return canvas


def board_height(look: Look, rows: int) -> int:
    """Return the height in pixels of a board of so many rows, without a heading."""
    return look.px(_BOARD_ROW) * rows + 2 * look.px(_BOARD_EDGE)


def rows_that_fit(look: Look, room_px: int) -> int:
    """Return how many rows a board with a heading may have in a room so high."""
    return max(0, room_px - look.px(_BOARD_HEADING) - look.px(_BOARD_EDGE)) // look.px(_BOARD_ROW)


def draw_board(look: Look, rows: tuple[tuple[str, int, str, str], ...], *, heading: str = "") -> Canvas:
    """Return groups from the front, one a row: title, size, a figure, and the colour of its role."""
    canvas, middles_px = _empty_board(look, len(rows), heading)
    for row, middle_px in zip(rows, middles_px, strict=True):
        _draw_board_row(canvas, row, middle_px)
    return canvas


def draw_standings(look: Look, heading: str, note: str, rows: tuple[Standing, ...]) -> Canvas:
    """Return a classification: position, name, places gained or lost, and the gap to the first."""
    canvas, middles_px = _empty_board(look, len(rows), heading)
    small, soft = look.theme.sizes.panel_small, look.theme.colour("text_soft")
    right = canvas.image.width - look.px(_PAD)
    room = right - look.px(_PAD) - look.width(heading, small, "Semibold") - look.px(16)
    if look.width(note, small) <= room:
        canvas.text(right, look.px(28), note, small, colour=soft, anchor="r")
    # as wide as the usual gap, so that names do not change when one grows by a digit
    size, widest = look.theme.sizes.panel_text, max("+00:00", *(row.figure for row in rows), key=len)
    figures_left = right - look.width(widest, size, "Bold")
    numbers_right = look.px(_PAD) + max(look.width(str(row.position), size) for row in rows)
    for row, middle_px in zip(rows, middles_px, strict=True):
        _draw_standing(canvas, row, middle_px, (numbers_right, figures_left))
    return canvas


def _empty_board(look: Look, rows: int, heading: str) -> tuple[Canvas, list[float]]:
    """Return a board with its heading and lines, and the middle of each row."""
    theme, pad = look.theme, look.px(_PAD)
    row_px, top = look.px(_BOARD_ROW), look.px(_BOARD_HEADING if heading else _BOARD_EDGE)
    canvas = Canvas(look, look.px(BOARD_WIDTH), top + row_px * rows + look.px(_BOARD_EDGE))
    canvas.panel()
    if heading:
        soft, small = theme.colour("text_soft"), theme.sizes.panel_small
        canvas.text(pad, look.px(28), heading, small, colour=soft, weight="Semibold")
    for number in range(0 if heading else 1, rows):
        edge = top + row_px * number
        canvas.box(pad, edge, canvas.image.width - pad, edge + 1, colour=theme.colour("panel_edge"))
    return canvas, [top + row_px * (number + 0.5) for number in range(rows)]


def _draw_board_row(canvas: Canvas, row: tuple[str, int, str, str], middle_px: float) -> None:
    look, theme = canvas.look, canvas.look.theme
    sizes, pad, right = theme.sizes, look.px(_PAD), canvas.image.width - look.px(_PAD)
    title, size, figure, role = row
    baseline = round(middle_px + look.px(7))
    canvas.box(
        pad, middle_px - look.px(8), pad + look.px(6), middle_px + look.px(8),
        colour=theme.colour(role), radius_px=look.px(2),
    )  # fmt: skip
    room = right - pad - look.px(18) - look.width("+1:00:00", sizes.panel_text, "Bold") - look.px(46)
    name = look.fitted(title, sizes.panel_text, "Semibold", room)
    text = theme.colour("text")
    canvas.text(pad + look.px(18), baseline, name, sizes.panel_text, colour=text, weight="Semibold")
    beside = pad + look.px(26) + look.width(name, sizes.panel_text, "Semibold")
    if size > 1:
        canvas.text(beside, baseline, str(size), sizes.panel_small, colour=theme.colour("text_soft"))
    accent = theme.colour("accent")
    canvas.text(right, baseline, figure, sizes.panel_text, colour=accent, weight="Bold", anchor="r")


def _draw_standing(canvas: Canvas, row: Standing, middle_px: float, columns_px: tuple[int, int]) -> None:
    """Draw a row between the right edge of the positions and the left edge of the gaps."""
    look, theme = canvas.look, canvas.look.theme
    size, baseline = theme.sizes.panel_text, round(middle_px + look.px(7))
    name_left, mark_left = columns_px[0] + look.px(12), columns_px[1] - look.px(50)
    accent, text, soft = (theme.colour(use) for use in ("accent", "text", "text_soft"))
    if row.selected:
        half = look.px(_BOARD_ROW / 2 - 3)
        canvas.box(0, middle_px - half, look.px(5), middle_px + half, colour=accent)
    canvas.text(columns_px[0], baseline, str(row.position), size, colour=soft, anchor="r")
    name = look.fitted(row.name, size, "Semibold", mark_left - name_left - look.px(8))
    colour = accent if row.selected else text
    canvas.text(name_left, baseline, name, size, colour=colour, weight="Semibold")
    _draw_gained(canvas, row.gained, mark_left, middle_px)
    right = canvas.image.width - look.px(_PAD)
    canvas.text(right, baseline, row.figure, size, colour=accent, weight="Bold", anchor="r")


def _draw_gained(canvas: Canvas, gained: int, left_px: float, middle_px: float) -> None:
    """Draw how many places somebody gained or lost: an arrow up or down, a dash for none."""
    look, theme = canvas.look, canvas.look.theme
    half = look.px(6)
    if not gained:
        colour = theme.colour("text_soft")
        canvas.box(left_px, middle_px - look.px(1), left_px + 2 * half, middle_px + look.px(1), colour=colour)
        return
    colour = theme.colour("gained" if gained > 0 else "lost")
    rise = half if gained > 0 else -half
    canvas.polygon(
        [
            (left_px, middle_px + 0.8 * rise),
            (left_px + 2 * half, middle_px + 0.8 * rise),
            (left_px + half, middle_px - rise),
        ],
        colour=colour,
    )
    beside, baseline, small = left_px + 2 * half + look.px(4), middle_px + look.px(6), theme.sizes.panel_small
    canvas.text(beside, baseline, str(abs(gained)), small, colour=colour, weight="Semibold")


def draw_climb_card(route: Route, look: Look, climb: CardClimb, to_summit_m: float) -> Canvas:
    """Return the card of a climb: what the road book says, its profile, and how far a group has got."""
    theme, sizes, pad = look.theme, look.theme.sizes, look.px(_PAD)
    text, soft = theme.colour("text"), theme.colour("text_soft")
    canvas = Canvas(look, look.px(BOARD_WIDTH), look.px(CLIMB_CARD_HEIGHT))
    canvas.panel()
    right = canvas.image.width - pad
    name_right = right
    category = category_text(theme, climb.place.category)
    if category:
        colour = theme.gate("climb")
        badge = look.width(category, sizes.panel_small, "Bold") + look.px(16)
        canvas.box(right - badge, look.px(14), right, look.px(40), colour=colour, radius_px=look.px(4))
        canvas.text(
            right - badge / 2, look.px(33), category, sizes.panel_small,
            colour=readable_on(colour), weight="Bold", anchor="m",
        )  # fmt: skip
        name_right -= badge + look.px(8)
    name = look.fitted(climb.place.name, sizes.panel_title, "Bold", name_right - pad)
    canvas.text(pad, look.px(36), name, sizes.panel_title, colour=text, weight="Bold")
    facts = theme.figure(_facts(climb))
    canvas.text(pad, look.px(64), facts, sizes.panel_small + 1, colour=soft, weight="Semibold")
    _draw_climb_profile(canvas, route, climb, to_summit_m, (pad, look.px(78), right, look.px(188)))
    left = theme.figure(f"{km_text(to_summit_m)} km")
    baseline = look.px(217)
    canvas.text(pad, baseline, left, sizes.panel_text, colour=theme.colour("accent"), weight="Bold")
    beside = pad + look.width(left, sizes.panel_text, "Bold") + look.px(6)
    canvas.text(beside, baseline, theme.word("to_summit"), sizes.panel_small, colour=soft)
    room = right - beside - look.width(theme.word("to_summit"), sizes.panel_small) - look.px(12)
    group = look.fitted(climb.group, sizes.panel_small, "Semibold", room)
    canvas.text(
        right,
        baseline,
        group,
        sizes.panel_small,
        colour=theme.colour(climb.role),
        weight="Semibold",
        anchor="r",
    )
    return canvas


def _facts(climb: CardClimb) -> str:
    place = climb.place
    facts = [f"{(place.distance_m - climb.foot_m) / 1000.0:.1f} km"]
    if math.isfinite(place.average_gradient_percent):
        facts.append(f"{place.average_gradient_percent:.1f} %")
    if math.isfinite(place.height_m):
        facts.append(f"{metres_text(place.height_m)} m")
    return "  ·  ".join(facts)


def _draw_climb_profile(
    canvas: Canvas, route: Route, climb: CardClimb, to_summit_m: float, box_px: tuple[int, int, int, int]
) -> None:
    """Columns of equal length coloured and written with their gradient, and a mark where the group is."""
    look, theme = canvas.look, canvas.look.theme
    left, top, right, bottom = box_px
    top_m, foot_m = climb.place.distance_m, climb.foot_m
    step_m = 1000.0 * max(1, math.ceil((top_m - foot_m) / 1000.0 / _MOST_CLIMB_COLUMNS))
    borders = np.append(np.arange(foot_m, top_m - 0.3 * step_m, step_m), top_m)
    heights = np.asarray(route.height(borders), float)
    gradients = np.diff(heights) / np.maximum(np.diff(borders), 1.0)
    colours = theme.gradient_colours(gradients)
    low, high = float(heights.min()), float(heights.max())

    def pixel(distance_m: float, height_m: float) -> tuple[float, float]:
        x = left + (right - left) * (distance_m - foot_m) / max(top_m - foot_m, 1.0)
        return x, bottom - (bottom - top) * (0.26 + 0.66 * (height_m - low) / max(high - low, 1.0))

    for column in range(len(gradients)):
        (x0, y0), (x1, y1) = (
            pixel(borders[column], heights[column]),
            pixel(borders[column + 1], heights[column + 1]),
        )
        red, green, blue = colours[column].tolist()
        gap = look.px(1)
        canvas.polygon(
            [(x0, y0), (x1 - gap, y1), (x1 - gap, bottom), (x0, bottom)], colour=(red, green, blue)
        )
        percent = f"{gradients[column] * 100:.0f}"
        if x1 - x0 > look.width(percent, 15, "Bold") + look.px(2):
            canvas.text(
                (x0 + x1 - gap) / 2, bottom - look.px(7), percent, 15,
                colour=readable_on((red, green, blue)), weight="Bold", anchor="m",
            )  # fmt: skip
    at_m = top_m - to_summit_m
    x, y = pixel(at_m, float(route.height(at_m)))
    size = look.px(8)
    canvas.box(x - look.px(1), y, x + look.px(1), bottom, colour=theme.colour("panel"))
    canvas.polygon(
        [(x, y - look.px(1)), (x - size, y - 1.6 * size), (x + size, y - 1.6 * size)],
        colour=theme.colour(climb.role),
    )
