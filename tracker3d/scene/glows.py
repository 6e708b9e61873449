"""Light on the road: halos where groups ride, and trails behind those who matter.

Light lies along both sides of the road: on the ground near the camera; from afar it turns to face the camera
and keeps a width on the screen, so that a group reads as a stroke of its colour along a thin road.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.model import Glows, Overlay
from tracker3d.scene.projection import focal_px

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.model import RaceState
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import CameraPose, RoadLine, StageScene

_SPACING_M = 8.0
_MOST_SECTIONS = 96
_MOST_HALOS = 12
_HALO_PX, _TRAIL_PX = 28.0, 11.0
"""From the middle of the road to the rim of the light, on a picture 1080 lines high."""
_HALO_ROADS, _TRAIL_ROADS = 2.2, 1.4
"""The same near the camera, in half widths of the road."""
_LINE_PX = 2.6
"""Half of the road's line from afar, which stays clear."""
_HALO_ALPHA, _TRAIL_ALPHA = 0.85, 0.95
_DIMMER_NEAR = 0.45
"""Near the camera, where there is much of it, light is weaker by this share."""
_HALO_BEYOND_M, _HALO_BEYOND_PX = 12.0, 30.0
"""How far halos reach beyond first and last riders: the larger of the two."""
_TRAIL_S = 15.0


@dataclass(frozen=True)
class _Stretch:
    """A part of the road that shines; a trail fades backwards, a halo reaches beyond both its ends."""

    tail_m: float
    front_m: float
    rgb: tuple[int, int, int]
    alpha: float
    half_px: float
    half_roads: float
    trail: bool


def make_glows(
    scene: StageScene,
    state: RaceState,
    pose: CameraPose,
    look: Look,
    viewport_px: tuple[int, int],
    overlays: frozenset[Overlay],
    *,
    selected_bib: int | None,
) -> Glows | None:
    """Return the light on the road at one moment; None where there is none."""
    stretches: list[_Stretch] = []
    if Overlay.GROUP_HALOS in overlays:
        stretches += _halos(state, look)
    if Overlay.TRAILS in overlays:
        stretches += _trails(state, look, selected_bib)
    if not stretches:
        return None
    ribbons = [_ribbon(scene.road, each, pose, viewport_px, look.scale) for each in stretches]
    ends = np.cumsum([len(points) for points, _ in ribbons])
    return Glows(
        points_m=np.concatenate([points for points, _ in ribbons]),
        rgba=np.concatenate([rgba for _, rgba in ribbons]),
        ends=ends.astype(np.int64),
    )


def _halos(state: RaceState, look: Look) -> list[_Stretch]:
    ranked = sorted(
        (group for group in state.groups if np.isfinite(group.front_m) and np.isfinite(group.tail_m)),
        key=lambda group: (group.role not in (Role.HEAD, Role.PELOTON), -len(group.riders)),
    )
    return [
        _Stretch(
            group.tail_m,
            group.front_m,
            look.theme.colour(group.role.value),
            _HALO_ALPHA,
            _HALO_PX,
            _HALO_ROADS,
            trail=False,
        )
        for group in ranked[:_MOST_HALOS]
    ]


def _trails(state: RaceState, look: Look, selected_bib: int | None) -> list[_Stretch]:
    """Trails of the first rider of the race, and of who is selected, as long as they ride in 15 s."""
    riders = state.riders
    rows = {int(row): look.theme.colour("head") for row in state.order[:1]}
    if selected_bib is not None:
        rows |= {int(row): look.theme.colour("accent") for row in np.flatnonzero(riders.bibs == selected_bib)}
    return [
        _Stretch(
            float(riders.distance_m[row] - _TRAIL_S * max(riders.speed_mps[row], 0.0)),
            float(riders.distance_m[row]),
            colour,
            _TRAIL_ALPHA,
            _TRAIL_PX,
            _TRAIL_ROADS,
            trail=True,
        )
        for row, colour in rows.items()
        if np.isfinite(riders.distance_m[row]) and np.isfinite(riders.speed_mps[row])
    ]


def _ribbon(
    road: RoadLine, stretch: _Stretch, pose: CameraPose, viewport_px: tuple[int, int], scale: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return points (n, 4, 3) and colours (n, 4, 4) of one stretch."""
    beyond_m = 0.0 if stretch.trail else _beyond_m(road, stretch, pose, viewport_px, scale)
    tail_m = max(stretch.tail_m - beyond_m, float(road.distance_m[0]))
    front_m = min(max(stretch.front_m + beyond_m, tail_m + 1.0), float(road.distance_m[-1]))
    sections = int(np.clip((front_m - tail_m) / _SPACING_M, 6, _MOST_SECTIONS)) + 1
    at_m = np.linspace(tail_m, front_m, sections)
    middle, to_right = _on_road(road, at_m)
    sight = middle - np.asarray(pose.eye_m, float)
    away_m = np.maximum(np.linalg.norm(sight, axis=1), 1.0)
    along = np.gradient(middle, axis=0)
    facing = np.cross(sight, along)
    length = np.linalg.norm(facing, axis=1, keepdims=True)
    facing = np.where(length > 1e-6, facing / np.maximum(length, 1e-6), 0.0)
    facing *= np.sign((facing * to_right).sum(axis=1, keepdims=True))
    pixel_m = scale * away_m / focal_px(pose, viewport_px)
    ground_m = np.linalg.norm(np.cross(stretch.half_roads * to_right, sight / away_m[:, None]), axis=1)
    lying = np.clip(ground_m / (stretch.half_px * pixel_m) - 1.0, 0.0, 1.0)[:, None]
    rim, inner = (
        lying * roads * to_right + (1.0 - lying) * facing * (px * pixel_m)[:, None]
        for roads, px in ((stretch.half_roads, stretch.half_px), (1.0, _LINE_PX))
    )
    points = np.stack([middle - rim, middle - inner, middle + inner, middle + rim], axis=1)
    rgba = np.zeros((sections, 4, 4), np.uint8)
    rgba[..., :3] = stretch.rgb
    faded = (at_m - tail_m) / max(front_m - tail_m if stretch.trail else beyond_m, 1e-6)
    if not stretch.trail:
        faded = np.minimum(faded, (front_m - at_m) / beyond_m)
    alpha = stretch.alpha * np.clip(faded, 0.0, 1.0) * (1.0 - _DIMMER_NEAR * lying[:, 0])
    rgba[:, 1:3, 3] = np.rint(255.0 * alpha)[:, None]
    return points.astype(np.float32), rgba


def _beyond_m(
    road: RoadLine, stretch: _Stretch, pose: CameraPose, viewport_px: tuple[int, int], scale: float
) -> float:
    node = min(int(np.searchsorted(road.distance_m, stretch.front_m)), len(road.distance_m) - 1)
    away_m = float(np.linalg.norm(road.positions_m[node] - np.asarray(pose.eye_m, float)))
    return max(_HALO_BEYOND_M, _HALO_BEYOND_PX * scale * away_m / focal_px(pose, viewport_px))


def _on_road(road: RoadLine, at_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle of the drawn road, (n, 3), and the way from it to its right edge, (n, 3)."""
    after = np.clip(np.searchsorted(road.distance_m, at_m), 1, len(road.distance_m) - 1)
    low, high = road.distance_m[after - 1], road.distance_m[after]
    share = ((at_m - low) / np.maximum(high - low, 1e-9))[:, None]

    def read(values: NDArray[np.float32]) -> NDArray[np.float64]:
        before = values[after - 1].astype(float)
        between: NDArray[np.float64] = before + share * (values[after] - before)
        return between

    middle = read(road.positions_m)
    if road.right_m is None or road.left_m is None:
        along = np.gradient(middle, axis=0)
        across = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=1)
        return middle, 3.5 * across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return middle, (read(road.right_m) - read(road.left_m)) / 2.0
