"""How the gap between the head of the race and the peloton has changed over the last half hour."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.drawing import Canvas
from tracker3d.scene.figures import clock_text, gap_text

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import StageScene

SPAN_MIN = 30
CHANGE_MIN = 10
_STEP_MS = 60_000
_FEWEST = 4
_WIDTH, _HEIGHT, _PAD = 372, 168, 16
_LEAST_RANGE_S = 60.0


@dataclass(frozen=True)
class GapTrend:
    """Gap of the peloton to the head of the race.

    Attributes
    ----------
    gaps_s : tuple of float
        At full minutes, the oldest first, ending with the moment itself; NaN where there was no gap to tell.
    change_s : float
        What the gap has grown by over the last 10 minutes, NaN where that is not known.
    """

    gaps_s: tuple[float, ...]
    change_s: float


def gap_trend(scene: StageScene, race: Race, state: RaceState) -> GapTrend | None:
    """Return the trend at a moment; None where the peloton leads, or too little is known."""
    now_s = _gap_s(state)
    if not now_s > 0.0:
        return None
    last = state.time_ms // _STEP_MS
    minutes = range(last - SPAN_MIN + 1, last + 1)
    gaps_s = [_sampled(scene, race, minute * _STEP_MS) for minute in minutes]
    if sum(map(math.isfinite, gaps_s)) < _FEWEST:
        return None
    return GapTrend((*gaps_s, now_s), now_s - gaps_s[-CHANGE_MIN])


def _sampled(scene: StageScene, race: Race, time_ms: int) -> float:
    """Return the gap at a full minute; the race is kept beside it, so that its identity stays its own."""
    _, gap_s = scene.memory.get(
        "gap at minute", (id(race), time_ms), lambda: (race, _gap_s(race.at(time_ms)))
    )
    return gap_s


def _gap_s(state: RaceState) -> float:
    pelotons = [group.gap_to_head_s for group in state.groups if group.role is Role.PELOTON]
    return float(pelotons[0]) if pelotons else float("nan")


def draw_trend(look: Look, trend: GapTrend) -> Canvas:
    """Return the gap now, its change, and its course as a line over a filled area."""
    theme, sizes, pad = look.theme, look.theme.sizes, look.px(_PAD)
    soft, accent = theme.colour("text_soft"), theme.colour("accent")
    canvas = Canvas(look, look.px(_WIDTH), look.px(_HEIGHT))
    canvas.panel()
    right = canvas.image.width - pad
    canvas.text(pad, look.px(29), theme.word("gap_trend"), sizes.panel_small, colour=soft, weight="Semibold")
    now = gap_text(trend.gaps_s[-1])
    canvas.text(pad, look.px(60), now, sizes.panel_title, colour=theme.colour("text"), weight="Bold")
    if math.isfinite(trend.change_s):
        arrow = "▲" if trend.change_s >= 0 else "▼"
        change = f"{arrow} {clock_text(abs(trend.change_s))}"
        in_minutes = theme.word("in_minutes").format(minutes=CHANGE_MIN)
        width = look.width(in_minutes, sizes.panel_small) + look.px(7)
        canvas.text(right, look.px(60), in_minutes, sizes.panel_small, colour=soft, anchor="r")
        canvas.text(
            right - width, look.px(60), change, sizes.panel_text, colour=accent, weight="Bold", anchor="r"
        )
    _draw_course(canvas, trend, (pad, look.px(76), right, look.px(_HEIGHT - 14)))
    return canvas


def _draw_course(canvas: Canvas, trend: GapTrend, box_px: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box_px
    look, theme = canvas.look, canvas.look.theme
    gaps_s = np.array(trend.gaps_s)
    most_s = max(float(np.nanmax(gaps_s)), _LEAST_RANGE_S)
    x = np.linspace(left, right, len(gaps_s))
    y = bottom - (bottom - top) * gaps_s / most_s
    canvas.box(left, bottom, right, bottom + 1, colour=theme.colour("panel_edge"))
    half = look.px(1.5)
    points = zip(x.tolist(), y.tolist(), strict=True)
    for known, run in itertools.groupby(points, key=lambda point: math.isfinite(point[1])):
        crest = list(run)
        if not known or len(crest) < 2:
            continue
        area = [(crest[0][0], bottom), *crest, (crest[-1][0], bottom)]
        canvas.polygon(area, colour=theme.colour("accent"), opacity=0.22)
        upper, lower = [(a, b - half) for a, b in crest], [(a, b + half) for a, b in reversed(crest)]
        canvas.polygon([*upper, *lower], colour=theme.colour("accent"))
    size = look.px(5)
    end_x, end_y = float(x[-1]), float(y[-1])
    canvas.box(
        end_x - size, end_y - size, end_x + size, end_y + size, colour=theme.colour("text"), radius_px=size
    )
