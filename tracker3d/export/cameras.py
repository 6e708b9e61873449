"""Cameras of an exported stage: the whole of it, a turn around it, and a flight behind the race."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.glb import GlbWriter, y_up
from tracker3d.scene.camera import FOV_DEG, Moment, all_along_road, parse_camera

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.export.paths import RacePaths
    from tracker3d.export.sizes import Sizes
    from tracker3d.race import Race
    from tracker3d.scene.model import CameraPose, StageScene

ASPECT = 16 / 9
"""Players give cameras the shape of their window; views are framed for this one."""

FILLED = 0.8
"""How much of the picture's half width and half height the road may fill."""

OVERVIEW_PITCH_DEG = 40.0
ORBIT_PITCH_DEG = 35.0
ORBIT_TURN_S = 120.0
ORBIT_KEYS = 73
CHASE_STEP_S = 5
"""Time between keys of the chase."""

APP_CAMERAS = (
    ("camera_whole_stage", "overview", 0.0),
    ("camera_finish", "finish", 0.0),
    ("camera_summit", "summit", 60.0),
    ("camera_preview", "preview", 60.0),
)
"""Cameras of the app: name of the node, words for it, and how long it moves."""

APP_STEP_S = 0.5
VIEWPORT_PX = (1920, 1080)
"""The app frames its views for a picture; this is its shape."""


@dataclass(frozen=True)
class CameraMove:
    """A camera: eyes and what they look at, (k, 3) stage axes, at ``times_s`` (k,); one alone stands."""

    name: str
    eyes_m: NDArray[np.float64]
    targets_m: NDArray[np.float64]
    times_s: NDArray[np.float64] | None = None
    fov_deg: float = FOV_DEG


def camera_moves(
    scene: StageScene,
    paths: RacePaths | None,
    sizes: Sizes,
    *,
    speed: float,
    race: Race | None = None,
    detailed: bool = True,
) -> list[CameraMove]:
    """Return the moves of all cameras.

    ``speed`` is that of the animation against the race. With ``race``, the app's own cameras of the finish,
    of the highest climb and of the stage preview come along, with the app's poses. A model for a table, not
    ``detailed``, has none that fly over it.
    """
    duration_s = float(paths.times_s[-1]) if paths is not None else 0.0
    moves = [_overview(scene), _orbit(scene, duration_s=duration_s / speed)]
    if paths is not None and detailed and (paths.bibs >= 0).any():
        moves.append(_chase(scene, paths, sizes, speed=speed))
    if race is not None and detailed:
        moves += _app_cameras(scene, race)
    return moves


def add_cameras(
    writer: GlbWriter, moves: Sequence[CameraMove], sizes: Sizes, *, scale: float = 1.0
) -> list[int]:
    """Add cameras; returns their nodes.

    ``scale`` is that of the root: near and far distances of cameras know nothing of what stands above them.
    """
    return [_add_camera(writer, move, sizes, scale) for move in moves]


def _app_cameras(scene: StageScene, race: Race) -> list[CameraMove]:
    moves = []
    for name, words, lasts_s in APP_CAMERAS:
        camera, state = parse_camera(words), race.at(race.start_ms)
        times_s = np.arange(0.0, lasts_s + APP_STEP_S / 2, APP_STEP_S)
        poses = [camera.pose(Moment(scene, race, state, time_s, VIEWPORT_PX)) for time_s in times_s.tolist()]
        moves.append(_move_of(name, poses, times_s, fov_deg=poses[0].fov_deg))
    return moves


def _move_of(
    name: str, poses: Sequence[CameraPose], times_s: NDArray[np.float64], *, fov_deg: float = FOV_DEG
) -> CameraMove:
    eyes, targets = np.stack([pose.eye_m for pose in poses]), np.stack([pose.target_m for pose in poses])
    return CameraMove(name, eyes, targets, times_s, fov_deg)


def _overview(scene: StageScene) -> CameraMove:
    """``camera_overview``: the whole road, obliquely, from the side that shows it largest."""
    points, middle = _road_points(scene)
    view = _direction(overview_azimuth_rad(scene), OVERVIEW_PITCH_DEG)
    eye = middle - _reach_m(points - middle, view) * view
    return CameraMove("camera_overview", eye[None], middle[None])


def overview_azimuth_rad(scene: StageScene) -> float:
    """Return the direction, clockwise from north, in which ``camera_overview`` looks."""
    points, middle = _road_points(scene)
    azimuths = np.radians(np.arange(0, 360, 15))
    reaches_m = [_reach_m(points - middle, _direction(azimuth, OVERVIEW_PITCH_DEG)) for azimuth in azimuths]
    return float(azimuths[int(np.argmin(reaches_m))])


def _orbit(scene: StageScene, *, duration_s: float) -> CameraMove:
    """``camera_orbit``: one turn around the middle of the road.

    It lasts :data:`ORBIT_TURN_S`, or as long as the race where that is shorter; without a race it stands.
    """
    points, middle = _road_points(scene)
    turn_rad = np.linspace(0, 2 * np.pi, ORBIT_KEYS if duration_s > 0 else 1)
    views = np.stack([_direction(azimuth, ORBIT_PITCH_DEG) for azimuth in turn_rad])
    reach_m = max(_reach_m(points - middle, view) for view in views)
    times_s = np.linspace(0, min(ORBIT_TURN_S, duration_s), len(turn_rad))
    targets = np.broadcast_to(middle, views.shape)
    return CameraMove("camera_orbit", middle - reach_m * views, targets, times_s)


def _chase(scene: StageScene, paths: RacePaths, sizes: Sizes, *, speed: float) -> CameraMove:
    """``camera_chase``: behind and above the first rider on the road."""
    every = np.unique(np.append(np.arange(0, len(paths.times_s), CHASE_STEP_S), len(paths.times_s) - 1))
    poses = all_along_road(
        scene,
        paths.leader_m[every].tolist(),
        behind_m=9 * sizes.rider_m,
        height_m=4 * sizes.rider_m,
        down=0.58,
    )
    return _move_of("camera_chase", poses, paths.times_s[every] / speed)


def _road_points(scene: StageScene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return some points of the road, (n, 3), and the middle of the box around it, (3,)."""
    line = scene.road.positions_m
    points = line[:: max(1, len(line) // 600)].astype(float)
    return points, (points.min(axis=0) + points.max(axis=0)) / 2


def _direction(azimuth_rad: float, pitch_deg: float) -> NDArray[np.float64]:
    """Return the unit vector of a view towards an azimuth (clockwise from north), looking down by a pitch."""
    pitch = np.radians(pitch_deg)
    return np.array(
        [np.cos(pitch) * np.sin(azimuth_rad), np.cos(pitch) * np.cos(azimuth_rad), -np.sin(pitch)]
    )


def _reach_m(relative_m: NDArray[np.float64], view: NDArray[np.float64]) -> float:
    """Return how far from the origin an eye that looks along ``view`` must stand to see all points."""
    right = np.cross(view, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up_slope = FILLED * np.tan(np.radians(FOV_DEG) / 2)
    across = np.abs(relative_m @ right) / (up_slope * ASPECT)
    upward = np.abs(relative_m @ np.cross(right, view)) / up_slope
    return float((np.maximum(across, upward) - relative_m @ view).max())


def _add_camera(writer: GlbWriter, move: CameraMove, sizes: Sizes, scale: float) -> int:
    eyes, targets = move.eyes_m, move.targets_m
    # Depth buffers resolve little beyond some ten thousand times the near distance.
    near_m = max(0.02 * float(np.linalg.norm(eyes - targets, axis=1).min()), sizes.rider_m / 3)
    far_m = near_m + 6 * sizes.extent_m
    camera = writer.perspective_camera(
        move.name, fov_deg=move.fov_deg, near_m=scale * near_m, far_m=scale * far_m
    )
    turns = look_at(y_up(eyes), y_up(targets))
    node = writer.node(move.name, camera=camera, translation_m=eyes[0], rotation=turns[0])
    if move.times_s is not None and len(eyes) > 1:
        writer.animate_camera(node, move.times_s, eyes, turns)
    return node


def look_at(eyes: NDArray[np.float32], targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit quaternions (k, 4) x, y, z, w that turn a camera at ``eyes`` to ``targets``, glTF axes.

    A glTF camera looks along -z with y up. Neighbours have the same sign, so that players turn the short way.
    """
    back = eyes.astype(np.float64) - targets
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-12)
    # Without roll the turn is a yaw about y and then a pitch about x.
    yaw = np.arctan2(back[:, 0], back[:, 2]) / 2
    pitch = -np.arctan2(back[:, 1], np.hypot(back[:, 0], back[:, 2])) / 2
    turn = np.stack(
        [
            np.cos(yaw) * np.sin(pitch),
            np.sin(yaw) * np.cos(pitch),
            -np.sin(yaw) * np.sin(pitch),
            np.cos(yaw) * np.cos(pitch),
        ],
        axis=-1,
    )
    flips = np.cumprod(np.where(np.einsum("ij,ij->i", turn[1:], turn[:-1]) < 0, -1.0, 1.0))
    turn[1:] *= flips[:, None]
    return turn.astype(np.float32)
