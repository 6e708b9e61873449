"""From a stage and its ground to a scene: the road as drawn, and the gates that stand on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tracker3d.scene.climbs import category_text
from tracker3d.scene.figures import metres_text
from tracker3d.scene.model import Gate, GateKind, RoadLine, StageScene
from tracker3d.scene.style import default_theme
from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.scene.style import Rgb, Theme
    from tracker3d.stage.model import Place, Stage

ROAD_WIDTH_M = 7.0
_SPACING_M = 5.0
_GRADIENT_WINDOW_M = 100.0
_COLOUR_SIGMA_M = 120.0
_TUNNEL_COVER_M = 5.0
_STEEPEST_CROSS_SLOPE = 1.0
_LAST_KM_M = 1000.0
_ONE_GATE_M = 150.0
_NEUTRAL_RGB = (168, 176, 184)
_GATED = {
    PlaceKind.START: GateKind.START,
    PlaceKind.SPRINT: GateKind.SPRINT,
    PlaceKind.CLIMB: GateKind.CLIMB,
    PlaceKind.TIME_CHECK: GateKind.TIME_CHECK,
    PlaceKind.FINISH: GateKind.FINISH,
}


def build_scene(stage: Stage, ground: Ground, theme: Theme | None = None) -> StageScene:
    """Build everything that stays the same while the race runs.

    Parameters
    ----------
    stage : Stage
    ground : Ground
        Built for the stage's road.
    theme : Theme | None
        The one that comes with the package where None.
    """
    chosen = default_theme() if theme is None else theme
    return StageScene(
        stage=stage,
        ground=ground,
        road=_road_line(stage, ground, chosen),
        gates=tuple(_gates(stage, chosen)),
        theme=chosen,
    )


def _road_line(stage: Stage, ground: Ground, theme: Theme) -> RoadLine:
    route, frame = stage.route, stage.frame
    stride = max(1, round(_SPACING_M / route.step_m))
    nodes = np.unique(np.append(np.arange(0, len(route), stride), len(route) - 1))
    distance_m = route.distance_m[nodes]
    x_m, y_m, z_m = route.x_m[nodes], route.y_m[nodes], route.z_drawn_m[nodes]
    above_m = ground.relief.sample(x_m, y_m) / frame.vertical_exaggeration - z_m
    hidden = _in_tunnel(route.on_structure[nodes], above_m)
    positions = frame.drawn(x_m, y_m, z_m)
    left, right = _draped_edges(stage, ground, positions, distance_m, route.on_structure[nodes])
    return RoadLine(
        positions_m=positions,
        distance_m=distance_m,
        colours=_road_colours(stage, distance_m, theme),
        hidden=hidden,
        left_m=left,
        right_m=right,
    )


def _draped_edges(
    stage: Stage,
    ground: Ground,
    middle_m: NDArray[np.float32],
    distance_m: NDArray[np.float64],
    on_structure: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return left and right edges as drawn: on the tiles; on structures level with the middle."""
    heading = stage.route.heading(distance_m)
    to_left = np.stack([-np.cos(heading), np.sin(heading)], axis=-1) * ROAD_WIDTH_M / 2.0
    steepest_m = _STEEPEST_CROSS_SLOPE * ROAD_WIDTH_M / 2.0 * stage.frame.vertical_exaggeration
    edges = []
    for side in (1.0, -1.0):
        edge = middle_m.astype(float)
        edge[:, :2] += side * to_left
        rise = ground.tree.lay(edge[:, 0], edge[:, 1]) - edge[:, 2]
        rise[on_structure | np.isnan(rise)] = 0.0
        edge[:, 2] += np.clip(rise, -steepest_m, steepest_m)
        edges.append(edge.astype(np.float32))
    return edges[0], edges[1]


def _road_colours(stage: Stage, distance_m: NDArray[np.float64], theme: Theme) -> NDArray[np.uint8]:
    """Colours by smoothed gradient; grey before km 0 and beyond the finish."""
    gradient = stage.route.gradient(distance_m, _GRADIENT_WINDOW_M)
    spacing_m = float(np.median(np.diff(distance_m))) if len(distance_m) > 1 else _SPACING_M
    smooth = gaussian_filter1d(gradient, _COLOUR_SIGMA_M / spacing_m, mode="nearest")
    colours = theme.gradient_colours(smooth)
    colours[(distance_m < 0.0) | (distance_m > stage.route.finish_m)] = _NEUTRAL_RGB
    return colours


def _in_tunnel(on_structure: NDArray[np.bool_], above_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which nodes are in a tunnel: runs of structure (others are bridges) mostly under the ground."""
    hidden = np.zeros(len(above_m), bool)
    cover_m = np.nan_to_num(above_m, nan=-np.inf)
    borders = np.flatnonzero(np.diff(np.concatenate([[0], on_structure.astype(np.int8), [0]])))
    for begin, end in borders.reshape(-1, 2):
        hidden[begin:end] = np.median(cover_m[begin:end]) > _TUNNEL_COVER_M
    return hidden


def _gates(stage: Stage, theme: Theme) -> Iterator[Gate]:
    """Yield the gates; a finish on a summit is one gate, the finish."""
    line_m = stage.route.finish_m
    at_line = [
        place
        for place in stage.places
        if place.kind is PlaceKind.CLIMB and abs(place.distance_m - line_m) < _ONE_GATE_M
    ]
    finishes = any(place.kind is PlaceKind.FINISH for place in stage.places)
    for place in stage.places:
        if place.kind not in _GATED or (finishes and place in at_line):
            continue
        kind = _GATED[place.kind]
        title, subtitle = _titles(place, theme)
        if place.kind is PlaceKind.FINISH and at_line:
            subtitle = " · ".join(filter(None, (subtitle, _titles(at_line[0], theme)[1])))
        yield _gate(stage, kind, place.distance_m, title, subtitle, theme.gate(kind.value))
    if not stage.time_trial and line_m > 3 * _LAST_KM_M:
        colour = theme.gate(GateKind.LAST_KM.value)
        yield _gate(stage, GateKind.LAST_KM, line_m - _LAST_KM_M, theme.word("last_km"), "", colour)


def _titles(place: Place, theme: Theme) -> tuple[str, str]:
    if place.kind is PlaceKind.CLIMB:
        height = f"{metres_text(place.height_m)} m" if math.isfinite(place.height_m) else ""
        return place.name, " · ".join(filter(None, (category_text(theme, place.category), height)))
    word = theme.word(place.kind.value)
    if not place.name or place.name.casefold() == word.casefold():
        return word, ""
    return word, place.name


def _gate(stage: Stage, kind: GateKind, distance_m: float, title: str, subtitle: str, colour: Rgb) -> Gate:
    x_m, y_m = stage.route.position(distance_m)
    return Gate(
        kind=kind,
        title=title,
        subtitle=subtitle,
        position_m=stage.frame.drawn(x_m, y_m, stage.route.z_drawn(distance_m)),
        heading_rad=float(stage.route.heading(distance_m)),
        colour_rgb=colour,
        distance_m=distance_m,
    )
