"""Light on the road: halos where groups ride, and trails behind those who matter.

Light lies along both sides of the road: on the ground near the camera; from afar it turns to face the camera
and keeps a width on the screen, so that a group reads as a stroke of its colour along a thin road.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.build import ROAD_WIDTH_M
from tracker3d.scene.model import Glows, Overlay
from tracker3d.scene.projection import focal_px
from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.model import RaceState
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import CameraPose, RoadLine, StageScene

_SPACING_M, _SPACING_PX = 8.0, 3.0
"""Between two sections: the larger of the two."""
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
    return _ribbons(scene.road, stretches, pose, viewport_px, look.scale)


def _halos(state: RaceState, look: Look) -> list[_Stretch]:
    ranked = sorted(
        (group for group in state.groups if math.isfinite(group.front_m) and math.isfinite(group.tail_m)),
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


def _ribbons(
    road: RoadLine,
    stretches: list[_Stretch],
    pose: CameraPose,
    viewport_px: tuple[int, int],
    scale: float,
) -> Glows:
    """Lay out all stretches at once: a call on a few numbers costs as much as one on a thousand."""
    eye_m = np.asarray(pose.eye_m, float)
    pixel_angle = scale / focal_px(pose, viewport_px)
    halo = np.array([not each.trail for each in stretches])
    tail_m, front_m, alphas, half_px, half_roads = np.array(
        [(each.tail_m, each.front_m, each.alpha, each.half_px, each.half_roads) for each in stretches]
    ).T
    node = np.minimum(np.searchsorted(road.distance_m, front_m), len(road.distance_m) - 1)
    away_m = np.linalg.norm(road.positions_m[node] - eye_m, axis=1)
    beyond_m = np.where(halo, np.maximum(_HALO_BEYOND_M, _HALO_BEYOND_PX * pixel_angle * away_m), 0.0)
    begin_m = np.maximum(tail_m - beyond_m, road.distance_m[0])
    end_m = np.minimum(np.maximum(front_m + beyond_m, begin_m + 1.0), road.distance_m[-1])
    spacing_m = np.maximum(_SPACING_M, _SPACING_PX * pixel_angle * away_m)
    sections = np.clip((end_m - begin_m) / spacing_m, 6, _MOST_SECTIONS).astype(np.int64) + 1
    ends = np.cumsum(sections)
    of = np.repeat(np.arange(len(stretches)), sections)
    share = (np.arange(ends[-1]) - (ends - sections)[of]) / (sections - 1)[of]
    at_m = begin_m[of] + share * (end_m - begin_m)[of]
    middle, to_right, along = _on_road(road, at_m)
    points, lying = np.empty((len(at_m), 4, 3), np.float32), np.empty(len(at_m))
    _cross_sections(
        *(middle, to_right, along, eye_m, pixel_angle, half_px[of], half_roads[of]), points, lying
    )
    fading = np.where(halo, beyond_m, end_m - begin_m)[of]
    faded = (at_m - begin_m[of]) / fading
    faded = np.where(halo[of], np.minimum(faded, (end_m[of] - at_m) / fading), faded)
    rgba = np.zeros((len(at_m), 4, 4), np.uint8)
    rgba[..., :3] = np.array([each.rgb for each in stretches], np.uint8)[of, None]
    alpha = alphas[of] * np.clip(faded, 0.0, 1.0) * (1.0 - _DIMMER_NEAR * lying)
    rgba[:, 1:3, 3] = np.rint(255.0 * alpha)[:, None]
    return Glows(points_m=points, rgba=rgba, ends=ends)


@compiled
def _cross_sections(
    middle: NDArray[np.float64],
    to_right: NDArray[np.float64],
    along: NDArray[np.float64],
    eye_m: NDArray[np.float64],
    pixel_angle: float,
    half_px: NDArray[np.float64],
    half_roads: NDArray[np.float64],
    points: NDArray[np.float32],
    lying: NDArray[np.float64],
) -> None:
    """Write rims and edges (n, 4, 3), and how far each section lies on the ground, (n,) from 0 to 1.

    Compiled: as arrays, a few hundred sections cost the time of forty calls.
    """
    for at in range(len(middle)):
        x, y, z = middle[at] - eye_m
        away_m = max(np.sqrt(x * x + y * y + z * z), 1.0)
        u, v, w = along[at]
        i, j, k = y * w - z * v, z * u - x * w, x * v - y * u
        r, s, t = to_right[at]
        turn = np.sign(i * r + j * s + k * t) / max(np.sqrt(i * i + j * j + k * k), 1e-6)
        facing = (i * turn, j * turn, k * turn)
        pixel_m = pixel_angle * away_m
        i, j, k = s * z - t * y, t * x - r * z, r * y - s * x
        ground_m = half_roads[at] * np.sqrt(i * i + j * j + k * k) / away_m
        lying[at] = min(max(ground_m / (half_px[at] * pixel_m) - 1.0, 0.0), 1.0)
        for axis in range(3):
            on_ground = lying[at] * to_right[at, axis]
            on_screen = (1.0 - lying[at]) * pixel_m * facing[axis]
            rim = half_roads[at] * on_ground + half_px[at] * on_screen
            edge = on_ground + _LINE_PX * on_screen
            points[at, 0, axis], points[at, 1, axis] = middle[at, axis] - rim, middle[at, axis] - edge
            points[at, 2, axis], points[at, 3, axis] = middle[at, axis] + edge, middle[at, axis] + rim


def _on_road(
    road: RoadLine, at_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Middle of the drawn road, the way from it to its right edge, and the way along it, (n, 3) each."""
    after = np.clip(np.searchsorted(road.distance_m, at_m), 1, len(road.distance_m) - 1)
    before = after - 1
    low_m = road.distance_m[before]
    share = ((at_m - low_m) / np.maximum(road.distance_m[after] - low_m, 1e-9))[:, None]
    start = road.positions_m[before].astype(float)
    along = road.positions_m[after] - start
    middle = start + share * along
    if road.left_m is not None and road.right_m is not None:
        first = road.right_m[before] - road.left_m[before]
        last = road.right_m[after] - road.left_m[after]
        return middle, 0.5 * (first + share * (last - first)), along
    across = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return middle, ROAD_WIDTH_M / 2.0 * across, along
