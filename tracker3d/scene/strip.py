"""The profile of the stage along the foot of the picture, the groups on it, and the legend of gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from tracker3d.scene.drawing import Canvas, readable_on
from tracker3d.scene.model import GateKind
from tracker3d.scene.style import parse_hex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import StageScene

STRIP_PAD = 14
STRIP_HEIGHT, LEGEND_HEIGHT = 132, 40
_TOP, _BOTTOM = 34, 24
_LEAST_RANGE_M = 250.0
_MARKED = {GateKind.CLIMB, GateKind.SPRINT, GateKind.FINISH, GateKind.TIME_CHECK}
_OVERSAMPLED = 3


def strip_size(look: Look, width_px: int) -> tuple[int, int]:
    """Return width and height of the strip in a space of some width."""
    return width_px, look.px(STRIP_HEIGHT)


def draw_strip(scene: StageScene, look: Look, size_px: tuple[int, int]) -> Canvas:
    """Return the strip without what moves: profile coloured by gradient, kilometres, places."""
    canvas = Canvas(look, *size_px)
    canvas.panel()
    canvas.paste(_profile(scene, look, size_px), 0, 0)
    _draw_kilometres(canvas, scene)
    _draw_places(canvas, scene)
    return canvas


def _profile(scene: StageScene, look: Look, size_px: tuple[int, int]) -> Image.Image:
    """Return the profile as a filled area with smooth edges, each column in its gradient's colour."""
    width, height = size_px
    pad, top, foot = look.px(STRIP_PAD), look.px(_TOP), height - look.px(_BOTTOM)
    route, many = scene.stage.route, _OVERSAMPLED
    columns = (width - 2 * pad) * many
    distance_m = np.linspace(0.0, route.finish_m, columns)
    heights = np.asarray(route.height(distance_m), float)
    low, high = float(np.min(heights)), float(np.max(heights))
    share = (heights - low) / max(high - low, _LEAST_RANGE_M)
    crest = (foot - (0.12 + 0.88 * share) * (foot - top)) * many
    rows = np.arange(height * many, dtype=float)[:, None]
    filled = np.clip(rows - crest + 0.5, 0.0, 1.0) * (rows < foot * many)
    edge = np.clip(1.0 - np.abs(rows - crest - many) / (1.6 * many), 0.0, 1.0)
    column_m = route.finish_m / max(columns, 1)
    gradient = gaussian_filter1d(
        route.gradient(distance_m, 200.0), max(400.0 / column_m, 1e-3), mode="nearest"
    )
    colours = scene.theme.gradient_colours(gradient).astype(float)
    rgb = colours * (0.86 + 0.14 * edge[..., None]) + 255.0 * 0.14 * edge[..., None]
    picture = np.zeros((height * many, width * many, 4), np.uint8)
    inner = slice(pad * many, pad * many + columns)
    picture[:, inner, :3] = np.clip(rgb, 0, 255)
    picture[:, inner, 3] = np.rint(255 * filled * (0.88 + 0.12 * edge))
    return Image.fromarray(picture).resize(size_px, Image.Resampling.BOX)


def _draw_kilometres(canvas: Canvas, scene: StageScene) -> None:
    look, theme = canvas.look, canvas.look.theme
    length_km = scene.stage.route.finish_m / 1000.0
    step = next(each for each in (1, 2, 5, 10, 20, 25, 50, 100, 500) if length_km / each <= 12 or each == 500)
    baseline = canvas.image.height - look.px(7)
    end = theme.figure(f"{length_km:.1f} km")
    for kilometre in np.arange(0, length_km + 1e-9, step):
        if length_km - kilometre < 0.55 * step and kilometre > 0:
            continue
        x = _column(canvas, scene, kilometre * 1000.0)
        anchor = "l" if kilometre == 0 else "m"
        canvas.text(x, baseline, f"{kilometre:.0f}", 15, colour=theme.colour("text_soft"), anchor=anchor)
    x = _column(canvas, scene, length_km * 1000.0)
    canvas.text(x, baseline, end, 15, colour=theme.colour("text_soft"), anchor="r")


def _draw_places(canvas: Canvas, scene: StageScene) -> None:
    """Draw a flag for each climb, sprint, time check and the finish, with the category of a climb in it."""
    look, theme = canvas.look, canvas.look.theme
    categories = {place.distance_m: place.category for place in scene.stage.places}
    foot = canvas.image.height - look.px(_BOTTOM)
    for gate in scene.gates:
        if gate.kind not in _MARKED:
            continue
        x = _column(canvas, scene, gate.distance_m)
        canvas.box(
            x - look.px(0.5), look.px(24), x + look.px(0.8), foot, colour=theme.colour("text"), opacity=0.55
        )
        word = _flag_word(gate.kind, categories.get(gate.distance_m, ""))
        colour = theme.colour("text") if gate.kind is GateKind.FINISH else gate.colour_rgb
        half = max(look.px(9), look.width(word, 14, "Bold") // 2 + look.px(4))
        middle = min(max(x, half + 1), canvas.image.width - half - 1)
        canvas.box(middle - half, look.px(7), middle + half, look.px(25), colour=colour, radius_px=look.px(3))
        canvas.text(middle, look.px(21), word, 14, colour=readable_on(colour), weight="Bold", anchor="m")


def _flag_word(kind: GateKind, category: str) -> str:
    if kind is GateKind.CLIMB:
        return "HC" if category.upper() == "H" else category or "▲"
    return {GateKind.SPRINT: "S", GateKind.TIME_CHECK: "T"}.get(kind, "F")


def _column(canvas: Canvas, scene: StageScene, distance_m: float) -> int:
    return strip_column(canvas.look, distance_m / max(scene.stage.route.finish_m, 1.0), canvas.image.width)


def strip_column(look: Look, share: float, width_px: int) -> int:
    """Return the column of the strip at a share (0 to 1) of the road."""
    pad = look.px(STRIP_PAD)
    return round(pad + min(max(share, 0.0), 1.0) * (width_px - 2 * pad))


def with_markers(
    strip: NDArray[np.uint8], look: Look, marks: tuple[tuple[int, str], ...]
) -> NDArray[np.uint8]:
    """Return a strip (h, w, 4) with a line and a disc for each group, later marks on top.

    Written as arrays, not with Pillow: with a race at 60 times its pace this is drawn for every frame.

    Parameters
    ----------
    strip : (h, w, 4) uint8
        As :func:`draw_strip` makes it; not changed.
    look : Look
    marks : tuple of (column, role)
    """
    picture = strip.copy()
    height, width = strip.shape[:2]
    radius, foot = look.px(7), height - look.px(_BOTTOM)
    side = np.arange(-radius - 1, radius + 2, dtype=float)
    away = np.hypot(*np.meshgrid(side, side))
    disc, rim = np.clip(radius - 1.5 - away + 0.5, 0, 1), np.clip(radius - away + 0.5, 0, 1)
    row = look.px(_TOP) - radius
    for column, role in marks:
        colour, ground = np.array(look.theme.colour(role), float), np.array(look.theme.colour("panel"), float)
        half = max(1, look.px(2) // 2)
        picture[row:foot, max(0, column - half) : column + half] = (*look.theme.colour(role), 255)
        x0, y0 = column - radius - 1, row - radius - 1
        inside_x = slice(max(0, -x0), len(side) - max(0, x0 + len(side) - width))
        inside_y = slice(max(0, -y0), len(side))
        area = picture[max(0, y0) : y0 + len(side), max(0, x0) : x0 + len(side)]
        cover = rim[inside_y, inside_x, None]
        ink = ground + (colour - ground) * disc[inside_y, inside_x, None]
        alpha = area[..., 3:] / 255.0
        out = cover + alpha * (1 - cover)
        area[..., :3] = np.rint((ink * cover + area[..., :3] * alpha * (1 - cover)) / np.maximum(out, 1e-6))
        area[..., 3:] = np.rint(255 * out)
    return picture


def draw_legend(look: Look) -> Canvas:
    """Return the legend of the road's colours."""
    theme, pad = look.theme, look.px(10)
    stops = theme.gradient.percent
    title = theme.word("gradient")
    bar_left = pad + look.width(title, 15, "Semibold") + look.px(10)
    bar = look.px(26) * (len(stops) - 1)
    canvas = Canvas(look, bar_left + bar + look.px(24), look.px(LEGEND_HEIGHT))
    canvas.panel(radius=4)
    canvas.text(pad, look.px(19), title, 15, colour=theme.colour("text"), weight="Semibold")
    canvas.text(pad, look.px(33), "%", 13, colour=theme.colour("text_soft"))
    places = np.linspace(0.0, len(stops) - 1.0, bar)
    colours = [parse_hex(colour) for colour in theme.gradient.colours]
    mixed = np.stack(
        [np.interp(places, range(len(stops)), [each[band] for each in colours]) for band in range(3)], -1
    )
    line = np.repeat(np.rint(mixed).astype(np.uint8)[None], look.px(10), axis=0)
    canvas.paste(Image.fromarray(line).convert("RGBA"), bar_left, look.px(9))
    for number, percent in enumerate(stops):
        x = bar_left + bar * number / (len(stops) - 1)
        canvas.text(
            x,
            look.px(33),
            f"{percent:.0f}".replace("-", "−"),
            13,
            colour=theme.colour("text_soft"),
            anchor="m",
        )
    return canvas
