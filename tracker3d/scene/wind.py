"""Wind along the road: arrows that point where it blows to, and a card that says what it is to riders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.drawing import Canvas
from tracker3d.scene.projection import in_sight, inside, project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

    from tracker3d.feed.reports import WeatherReport
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import CameraPose, StageScene

TURNS = 64
"""Arrows are drawn in so many directions."""
_ARROW_PX = 40
_APART_PX = 150.0
_EVERY_M = 500.0
_BESIDE_M = 60.0
_SAME_PLACE_M, _SAME_TIME_MS = 20_000.0, 3_600_000.0
_FARTHEST = 4.0
_CROSS = math.cos(math.radians(60.0))
_WIDTH, _HEIGHT, _PAD = 372, 92, 16


@dataclass(frozen=True)
class Wind:
    """Wind at a place: ``to_rad`` is where it blows to, clockwise from north; NaN where not known."""

    to_rad: float
    speed_mps: float
    temperature_c: float


class WindField:
    """The wind that reports tell of, looked up many times a frame.

    Parameters
    ----------
    reports : sequence of WeatherReport
        Those that tell no direction or no place do not count.
    """

    def __init__(self, reports: Sequence[WeatherReport]) -> None:
        self._reports = [
            report
            for report in reports
            if math.isfinite(report.wind_from_rad) and math.isfinite(report.distance_m)
        ]
        self._distance_m = np.array([report.distance_m for report in self._reports])
        self._time_ms = np.array([report.time_ms for report in self._reports], float)

    def at(self, *, time_ms: int, distance_m: float) -> Wind | None:
        """Return the nearest report: an hour counts as much as 20 km.

        None where all are more than four times that away.
        """
        if not self._reports:
            return None
        away = np.abs(self._distance_m - distance_m) / _SAME_PLACE_M
        away += np.abs(self._time_ms - time_ms) / _SAME_TIME_MS
        nearest = int(np.argmin(away))
        if not away[nearest] < _FARTHEST:
            return None
        report = self._reports[nearest]
        to_rad = (report.wind_from_rad + math.pi) % (2.0 * math.pi)
        return Wind(to_rad, report.wind_mps, report.temperature_c)


def _field(scene: StageScene, race: Race) -> WindField:
    """Return the wind of a race; its reports are kept beside it, so that their identity stays their own."""
    reports = race.reports.weather
    _, field = scene.memory.get("wind", id(reports), lambda: (reports, WindField(reports)))
    return field


def wind_arrows(
    scene: StageScene,
    race: Race,
    state: RaceState,
    pose: CameraPose,
    viewport_px: tuple[int, int],
    *,
    scale: float,
) -> list[tuple[int, float, float]]:
    """Return arrows in the picture as (turn, x, y): turn of ``TURNS`` clockwise from up, middle in pixels.

    They stand beside the road, far enough from each other, where the eye sees them.
    """
    if not race.reports.weather:
        return []
    field = _field(scene, race)
    route = scene.stage.route
    at_m = np.arange(max(route.start_m, 0.0), route.finish_m, _EVERY_M)
    places = scene.memory.get("wind places", None, lambda: _beside_road(scene, at_m))
    px, depth_m = project(pose, viewport_px, places)
    seen = np.flatnonzero(inside(px, viewport_px) & (depth_m > 0.0))
    seen = seen[in_sight(scene, pose.eye_m, places[seen])] if len(seen) else seen
    arrows: list[tuple[int, float, float]] = []
    for node in seen.tolist():
        x, y = px[node].tolist()
        if any(math.hypot(x - a, y - b) < _APART_PX * scale for _, a, b in arrows):
            continue
        wind = field.at(time_ms=state.time_ms, distance_m=float(at_m[node]))
        if wind is None:
            continue
        way = 100.0 * np.array([math.sin(wind.to_rad), math.cos(wind.to_rad), 0.0])
        ends, _ = project(pose, viewport_px, np.stack([places[node] - way, places[node] + way]))
        if not np.isfinite(ends).all():
            continue
        across, up = ends[1, 0] - ends[0, 0], ends[0, 1] - ends[1, 1]
        arrows.append((round(math.atan2(across, up) / (2.0 * math.pi) * TURNS) % TURNS, x, y))
    return arrows


def _beside_road(scene: StageScene, at_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places (n, 3) as drawn, right of the road."""
    route = scene.stage.route
    x_m, y_m = route.position(at_m)
    heading = route.heading(at_m)
    z_m = route.z_drawn(at_m)
    x_m, y_m = x_m + _BESIDE_M * np.cos(heading), y_m - _BESIDE_M * np.sin(heading)
    return scene.stage.frame.drawn(x_m, y_m, z_m).astype(float)


def draw_arrow(look: Look, turn: int) -> Image.Image:
    """Return an arrow in one of ``TURNS`` directions, with a dark rim that reads on any ground."""
    size = look.px(_ARROW_PX)
    canvas = Canvas(look, size, size)
    angle = 2.0 * math.pi * turn / TURNS
    _draw_arrow(canvas, (size / 2, size / 2), 0.46 * size, angle, colour=look.theme.colour("panel"))
    _draw_arrow(canvas, (size / 2, size / 2), 0.36 * size, angle, colour=look.theme.colour("wind"))
    return canvas.image


def _draw_arrow(
    canvas: Canvas,
    middle_px: tuple[float, float],
    radius_px: float,
    angle_rad: float,
    *,
    colour: tuple[int, int, int],
) -> None:
    shape = np.array(
        [(0.0, 1.0), (0.72, 0.1), (0.26, 0.1), (0.26, -0.95), (-0.26, -0.95), (-0.26, 0.1), (-0.72, 0.1)]
    )
    right = np.array([math.cos(angle_rad), math.sin(angle_rad)])
    up = np.array([math.sin(angle_rad), -math.cos(angle_rad)])
    points = radius_px * (shape[:, :1] * right + shape[:, 1:] * up) + np.array(middle_px)
    canvas.polygon([(float(x), float(y)) for x, y in points], colour=colour)


def wind_word(to_rad: float, heading_rad: float) -> str:
    """Return what a wind is to riders with a heading: ``headwind``, ``tailwind`` or ``crosswind``."""
    along = math.cos(to_rad - heading_rad)
    if abs(along) < _CROSS:
        return "crosswind"
    return "tailwind" if along > 0.0 else "headwind"


def wind_says(scene: StageScene, race: Race, state: RaceState) -> tuple[int, str, str] | None:
    """Return what the card says for the head of the race: turn against its heading, word, figures."""
    if not len(state.order):
        return None
    distance_m = float(state.riders.distance_m[state.order[0]])
    wind = _field(scene, race).at(time_ms=state.time_ms, distance_m=distance_m)
    if wind is None:
        return None
    theme = scene.theme
    heading = float(scene.stage.route.heading(distance_m))
    turn = round((wind.to_rad - heading) / (2.0 * math.pi) * TURNS) % TURNS
    figures = []
    if math.isfinite(wind.speed_mps):
        figures.append(f"{3.6 * wind.speed_mps:.0f} {theme.word('speed_unit')}")
    if math.isfinite(wind.temperature_c):
        figures.append(f"{wind.temperature_c:.0f} °C")
    return turn, theme.word(wind_word(wind.to_rad, heading)), "  ·  ".join(figures)


def draw_wind(look: Look, turn: int, word: str, figures: str) -> Canvas:
    """Return the card: an arrow against the riders' way, which is up, and what that is in words."""
    theme, sizes, pad = look.theme, look.theme.sizes, look.px(_PAD)
    canvas = Canvas(look, look.px(_WIDTH), look.px(_HEIGHT))
    canvas.panel()
    size = look.px(60)
    top = (canvas.image.height - size) // 2
    edge = theme.colour("panel_edge")
    canvas.box(pad, top, pad + size, top + size, colour=edge, radius_px=size / 2)
    angle = 2.0 * math.pi * turn / TURNS
    _draw_arrow(canvas, (pad + size / 2, top + size / 2), 0.40 * size, angle, colour=theme.colour("wind"))
    left = pad + size + look.px(16)
    soft = theme.colour("text_soft")
    canvas.text(left, look.px(31), theme.word("wind"), sizes.panel_small, colour=soft, weight="Semibold")
    canvas.text(left, look.px(59), word, sizes.panel_text, colour=theme.colour("text"), weight="Bold")
    canvas.text(left, look.px(80), figures, sizes.panel_small, colour=soft)
    return canvas
