"""Cameras of an exported stage: the whole of it, a turn around it, and a flight behind the race."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tracker3d.export.glb import GlbWriter, y_up
from tracker3d.export.paths import RacePaths, road_positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import StageScene

FOV_DEG = 35.0
STEP_S = 5
"""Time between keys of moving cameras."""

ORBIT_TURN_S = 120.0
ORBIT_KEYS = 73
CHASE_SMOOTH_S = 30.0


def add_overview(writer: GlbWriter, scene: StageScene, sizes: Sizes) -> int:
    """Add ``camera_overview``: the whole road from the south, obliquely from above."""
    centre, reach_m = _middle(scene)
    eye = centre + reach_m * np.array([0.0, -1.05, 0.95])
    return _camera(writer, "camera_overview", eye[None], centre[None], sizes)


def add_orbit(writer: GlbWriter, scene: StageScene, sizes: Sizes, *, duration_s: float) -> int:
    """Add ``camera_orbit``: one turn around the middle of the road.

    It lasts :data:`ORBIT_TURN_S`, or as long as the race where that is shorter; without a race it stands.
    """
    centre, reach_m = _middle(scene)
    turn_rad = np.linspace(0, 2 * np.pi, ORBIT_KEYS if duration_s > 0 else 1)
    out = np.stack([-np.sin(turn_rad), -np.cos(turn_rad), np.full_like(turn_rad, 0.7)], axis=-1)
    eyes = centre + 1.1 * reach_m * out
    targets = np.broadcast_to(centre, eyes.shape)
    times_s = np.linspace(0, min(ORBIT_TURN_S, duration_s), len(turn_rad))
    return _camera(writer, "camera_orbit", eyes, targets, sizes, times_s=times_s)


def add_chase(writer: GlbWriter, scene: StageScene, paths: RacePaths, sizes: Sizes) -> int | None:
    """Add ``camera_chase``: behind and above the first rider on the road; none where nobody rides."""
    riding = paths.bibs >= 0
    if not riding.any():
        return None
    every = np.unique(np.append(np.arange(0, len(paths.times_s), STEP_S), len(paths.times_s) - 1))
    leader_m = paths.distance_m[every][:, riding].max(axis=1)
    back_m = 9 * sizes.rider_m
    target = _smooth(road_positions(scene.stage, leader_m + back_m / 3))
    behind = _smooth(road_positions(scene.stage, leader_m - back_m))
    eyes = behind + np.array([0.0, 0.0, 0.45 * back_m])
    relief = scene.ground.relief
    ground_m = relief.sample(eyes[:, 0], eyes[:, 1]) * scene.stage.frame.vertical_exaggeration
    eyes[:, 2] = np.fmax(eyes[:, 2], ground_m + 0.15 * back_m)
    return _camera(writer, "camera_chase", eyes, target, sizes, times_s=paths.times_s[every])


def _middle(scene: StageScene) -> tuple[NDArray[np.float64], float]:
    """Middle of the box around the road, and how far off a camera sees all of it."""
    line = np.asarray(scene.road.positions_m, dtype=float)
    low, high = line.min(axis=0), line.max(axis=0)
    radius_m = float(np.linalg.norm((high - low)[:2])) / 2 + 1.0
    return (low + high) / 2, radius_m / np.tan(np.radians(FOV_DEG) / 2) / 1.6


def _smooth(path: NDArray[np.float32]) -> NDArray[np.float64]:
    smooth = gaussian_filter1d(path.astype(np.float64), CHASE_SMOOTH_S / STEP_S, axis=0, mode="nearest")
    return np.asarray(smooth)


def _camera(
    writer: GlbWriter,
    name: str,
    eyes: NDArray[np.float64],
    targets: NDArray[np.float64],
    sizes: Sizes,
    *,
    times_s: NDArray[np.float64] | None = None,
) -> int:
    near_m, far_m = sizes.rider_m / 2, sizes.extent_m * 6
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
