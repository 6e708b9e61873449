"""Cameras of an exported stage: the whole of it, a turn around it, and a flight behind the race."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.glb import GlbWriter, y_up
from tracker3d.scene.cameras import FOV_DEG, along_road
from tracker3d.scene.framing import FrameBounds, best_view, direction_of, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.export.paths import RacePaths
    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import StageScene

ASPECT = 16 / 9
"""Players give cameras the shape of their window; views are framed for this one."""

BOUNDS = FrameBounds(left=0.88, right=0.88, top=0.8, bottom=0.8)
ORBIT_PITCH_DEG = 35.0
ORBIT_TURN_S = 120.0
ORBIT_KEYS = 73
CHASE_STEP_S = 5
"""Time between keys of the chase."""


def add_overview(writer: GlbWriter, scene: StageScene, sizes: Sizes) -> int:
    """Add ``camera_overview``: the whole road, obliquely, from the side that shows most of it."""
    pose = best_view(
        scene,
        _road_points(scene),
        pitches_deg=(32.0, 38.0, 45.0),
        aspect=ASPECT,
        fov_deg=FOV_DEG,
        bounds=BOUNDS,
        margin_m=300.0,
    )
    return _camera(writer, "camera_overview", pose.eye_m[None], pose.target_m[None], sizes)


def add_orbit(writer: GlbWriter, scene: StageScene, sizes: Sizes, *, duration_s: float) -> int:
    """Add ``camera_orbit``: one turn around the middle of the road.

    It lasts :data:`ORBIT_TURN_S`, or as long as the race where that is shorter; without a race it stands.
    """
    points = _road_points(scene)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    turn_rad = np.linspace(0, 2 * np.pi, ORBIT_KEYS if duration_s > 0 else 1)
    views = np.stack([direction_of(azimuth, np.radians(ORBIT_PITCH_DEG)) for azimuth in turn_rad])
    poses = [fit(points, view, fov_deg=FOV_DEG, aspect=ASPECT, bounds=BOUNDS) for view in views]
    reach_m = max(float(np.dot(middle - pose.eye_m, view)) for pose, view in zip(poses, views, strict=True))
    times_s = np.linspace(0, min(ORBIT_TURN_S, duration_s), len(turn_rad))
    targets = np.broadcast_to(middle, views.shape)
    return _camera(writer, "camera_orbit", middle - reach_m * views, targets, sizes, times_s=times_s)


def add_chase(writer: GlbWriter, scene: StageScene, paths: RacePaths, sizes: Sizes) -> int | None:
    """Add ``camera_chase``: behind and above the first rider on the road; none where nobody rides."""
    if not (paths.bibs >= 0).any():
        return None
    every = np.unique(np.append(np.arange(0, len(paths.times_s), CHASE_STEP_S), len(paths.times_s) - 1))
    poses = [
        along_road(
            scene,
            float(distance_m),
            behind_m=9 * sizes.rider_m,
            height_m=4 * sizes.rider_m,
            ahead_m=3 * sizes.rider_m,
        )
        for distance_m in paths.leader_m[every]
    ]
    eyes = np.stack([pose.eye_m for pose in poses])
    targets = np.stack([pose.target_m for pose in poses])
    return _camera(writer, "camera_chase", eyes, targets, sizes, times_s=paths.times_s[every])


def _road_points(scene: StageScene) -> NDArray[np.float64]:
    line = scene.road.positions_m
    return line[:: max(1, len(line) // 600)].astype(float)


def _camera(
    writer: GlbWriter,
    name: str,
    eyes: NDArray[np.float64],
    targets: NDArray[np.float64],
    sizes: Sizes,
    *,
    times_s: NDArray[np.float64] | None = None,
) -> int:
    # Depth buffers resolve little beyond some ten thousand times the near distance.
    near_m = max(0.02 * float(np.linalg.norm(eyes - targets, axis=1).min()), sizes.rider_m / 3)
    far_m = near_m + 6 * sizes.extent_m
    lens = writer.perspective_camera(name, fov_deg=FOV_DEG, near_m=near_m, far_m=far_m)
    turns = look_at(y_up(eyes), y_up(targets))
    node = writer.node(name, camera=lens, translation_m=eyes[0], rotation=turns[0])
    if times_s is not None and len(eyes) > 1:
        keys = writer.key_times(times_s)
        writer.animate_translation(node, keys, eyes)
        writer.animate_rotation(node, keys, turns)
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
