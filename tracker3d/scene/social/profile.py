"""The stage's profile on a card: what is ridden in colour, what is to come in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from tracker3d.scene.climbs import climbs_of
from tracker3d.scene.drawing import Canvas, readable_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import StageScene

_OVERSAMPLED = 2
_LEAST_RANGE_M = 250.0
_HEAD, _FOOT = 66, 40


def draw_profile(
    scene: StageScene, look: Look, size_px: tuple[int, int], ridden_m: float
) -> tuple[Canvas, Canvas]:
    """Return the profile in grey with its places, and the part that is ridden, to be laid over it."""
    width, height = size_px
    pad = look.px(22)
    theme, route = look.theme, scene.stage.route
    at_m = np.linspace(0.0, route.finish_m, (width - 2 * pad) * _OVERSAMPLED)
    heights = np.asarray(route.height(at_m), float)
    step_m = route.finish_m / max(len(at_m), 1)
    gradient = gaussian_filter1d(route.gradient(at_m, 200.0), max(400.0 / step_m, 1e-3), mode="nearest")
    span = max(float(np.ptp(heights)), _LEAST_RANGE_M)
    top, foot = look.px(_HEAD), height - look.px(_FOOT)
    crest = foot - (0.10 + 0.90 * (heights - heights.min()) / span) * (foot - top)
    ground = Canvas(look, width, height)
    ground.panel(radius=12)
    plain = np.tile(np.array(theme.colour("panel_edge"), float) * 1.5, (len(at_m), 1))
    ground.paste(_area(crest, plain, (width, height), pad, foot), 0, 0)
    colours = theme.gradient_colours(gradient).astype(float)
    area = _area(crest, colours, (width, height), pad, foot)
    column = pad + round((width - 2 * pad) * min(max(ridden_m / route.finish_m, 0.0), 1.0))
    ridden = Canvas(look, column + look.px(12), height)
    ridden.paste(area.crop((0, 0, column, height)), 0, 0)
    _draw_here(ridden, column, float(np.interp(ridden_m, at_m, crest)), foot)
    for climb in climbs_of(scene.stage):
        x = pad + (width - 2 * pad) * climb.distance_m / route.finish_m
        _draw_flag(ground, x, float(np.interp(climb.distance_m, at_m, crest)), climb.category)
    baseline = height - look.px(12)
    soft = theme.colour("text_soft")
    ground.text(pad, baseline, "0", 22, colour=soft)
    end = theme.figure(f"{route.finish_m / 1000.0:.1f} km")
    ground.text(width - pad, baseline, end, 22, colour=soft, anchor="r")
    return ground, ridden


def _area(
    crest: NDArray[np.float64], colours: NDArray[np.float64], size_px: tuple[int, int], pad: int, foot: int
) -> Image.Image:
    """Return what lies under a line, column by column in its colour, with a bright edge."""
    width, height = size_px
    many = _OVERSAMPLED
    rows = np.arange(height * many)[:, None]
    line = crest * many
    filled = np.clip(rows - line + 0.5, 0.0, 1.0) * (rows < foot * many)
    edge = np.clip(1.0 - np.abs(rows - line - 1.5 * many) / (2.0 * many), 0.0, 1.0)
    picture = np.zeros((height * many, width * many, 4), np.uint8)
    inner = slice(pad * many, pad * many + len(crest))
    bright = colours + (255.0 - colours) * 0.35 * edge[..., None]
    picture[:, inner, :3] = np.clip(bright, 0, 255)
    picture[:, inner, 3] = np.rint(255.0 * filled)
    return Image.fromarray(picture).resize(size_px, Image.Resampling.BOX)


def _draw_flag(canvas: Canvas, x: float, crest: float, category: str) -> None:
    look = canvas.look
    colour = look.theme.gate("climb")
    word = "HC" if category.upper() == "H" else category or "▲"
    half = max(look.px(17), look.width(word, 24, "Bold") // 2 + look.px(8))
    middle = min(max(x, half + 1), canvas.image.width - half - 1)
    canvas.box(
        x - look.px(1), look.px(44), x + look.px(1), crest, colour=look.theme.colour("text"), opacity=0.6
    )
    canvas.box(middle - half, look.px(12), middle + half, look.px(46), colour=colour, radius_px=look.px(6))
    canvas.text(middle, look.px(38), word, 24, colour=readable_on(colour), weight="Bold", anchor="m")


def _draw_here(canvas: Canvas, x: int, crest: float, foot: int) -> None:
    """Draw a line and a disc where the head of the race is."""
    look = canvas.look
    colour, radius = look.theme.colour("head"), look.px(11)
    canvas.box(x - look.px(2), crest, x + look.px(2), foot, colour=colour)
    y = crest - radius
    for size, ink in ((radius + look.px(3), look.theme.colour("panel")), (radius, colour)):
        canvas.box(x - size, y - size, x + size, y + size, colour=ink, radius_px=size)
