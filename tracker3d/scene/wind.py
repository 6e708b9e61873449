"""Wind along the road: arrows that point where it blows to, and a card that says what it is to riders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.scene.drawing import Canvas
from tracker3d.scene.projection import in_sight, inside, project
from tracker3d.track.compiled import compiled

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
        from_rad = np.array([report.wind_from_rad for report in self._reports])
        self.to_rad: NDArray[np.float64] = (from_rad + math.pi) % math.tau
        """Where the wind of each report blows to, clockwise from north, (n,)."""

    def nearest(self, *, time_ms: int, distance_m: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the report that counts at each place (k,): an hour counts as much as 20 km.

        -1 where all are more than four times that away.
        """
        if not self._reports:
            return np.full(len(distance_m), -1)
        away = np.abs(self._distance_m - distance_m[:, None]) / _SAME_PLACE_M
        away += np.abs(self._time_ms - time_ms) / _SAME_TIME_MS
        best = np.argmin(away, axis=1)
        return np.where(away[np.arange(len(best)), best] < _FARTHEST, best, -1)

    def at(self, *, time_ms: int, distance_m: float) -> Wind | None:
        """Return the wind at one place; None where no report is near enough."""
        best = int(self.nearest(time_ms=time_ms, distance_m=np.array([distance_m]))[0])
        if best < 0:
            return None
        report = self._reports[best]
        return Wind(float(self.to_rad[best]), report.wind_mps, report.temperature_c)


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
    key = (pose, viewport_px, scale)
    shown = scene.memory.get("wind places shown", key, lambda: _shown(scene, *key), most=4)
    winds = field.nearest(time_ms=state.time_ms, distance_m=shown.at_m)
    known = np.flatnonzero(winds >= 0)
    to_rad = field.to_rad[winds[known]]
    way = 100.0 * np.stack([np.sin(to_rad), np.cos(to_rad), np.zeros(len(to_rad))], axis=-1)
    places = shown.places_m[known]
    ends, _ = project(pose, viewport_px, np.stack([places - way, places + way]))
    across, down = np.moveaxis(np.diff(ends.reshape(2, -1, 2), axis=0)[0], -1, 0)
    seen = np.isfinite(across) & np.isfinite(down)
    turns = np.rint(np.arctan2(across[seen], -down[seen]) / math.tau * TURNS).astype(int) % TURNS
    middles = shown.px[known[seen]].tolist()
    return [(turn, x, y) for turn, (x, y) in zip(turns.tolist(), middles, strict=True)]


class _Shown(NamedTuple):
    """Places of arrows in a picture: road distances (n,), as drawn (n, 3), and in pixels (n, 2)."""

    at_m: NDArray[np.float64]
    places_m: NDArray[np.float64]
    px: NDArray[np.float64]


def _shown(scene: StageScene, pose: CameraPose, viewport_px: tuple[int, int], scale: float) -> _Shown:
    at_m, places = scene.memory.get("wind places", None, lambda: _beside_road(scene))
    px, depth_m = project(pose, viewport_px, places)
    seen = np.flatnonzero(inside(px, viewport_px) & (depth_m > 0.0))
    seen = seen[in_sight(scene, pose.eye_m, places[seen])] if len(seen) else seen
    seen = seen[np.array(_apart(px[seen], _APART_PX * scale), np.intp)]
    return _Shown(at_m[seen], places[seen], px[seen])


@compiled
def _apart(px: NDArray[np.float64], apart_px: float) -> list[int]:
    """Return which of some pixels (n, 2) to take, in their order, so that all are far enough apart."""
    taken = [0 for _ in range(0)]
    for row in range(len(px)):
        clear = True
        for other in taken:
            clear = clear and np.hypot(px[row, 0] - px[other, 0], px[row, 1] - px[other, 1]) >= apart_px
        if clear:
            taken.append(row)
    return taken


def _beside_road(scene: StageScene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Road distances (n,) and the places (n, 3) as drawn right of the road there."""
    route = scene.stage.route
    at_m = np.arange(max(route.start_m, 0.0), route.finish_m, _EVERY_M)
    x_m, y_m = route.position(at_m)
    heading = route.heading(at_m)
    z_m = route.z_drawn(at_m)
    x_m, y_m = x_m + _BESIDE_M * np.cos(heading), y_m - _BESIDE_M * np.sin(heading)
    return at_m, scene.stage.frame.drawn(x_m, y_m, z_m).astype(float)


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
