"""A camera moved by hand: pure functions from one pose to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.model import CameraPose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import ElevationGrid

_LOWEST_PITCH_RAD = math.radians(2.0)
_HIGHEST_PITCH_RAD = math.radians(88.0)
_NEAREST_M, _FARTHEST_M = 15.0, 400_000.0
_CLEARANCE_M = 4.0


def turned(pose: CameraPose, *, right_rad: float, up_rad: float) -> CameraPose:
    """Return the pose turned around its target: the eye goes right and up, never over the top.

    Parameters
    ----------
    pose : CameraPose
    right_rad : float
        Counter-clockwise around the vertical through the target, seen from above.
    up_rad : float
        Raises the eye; it stays between 2 and 88 degrees above the level of the target.
    """
    reach, azimuth, pitch = _spherical(pose)
    pitch = min(max(pitch + up_rad, _LOWEST_PITCH_RAD), _HIGHEST_PITCH_RAD)
    return _from_spherical(pose, reach, azimuth + right_rad, pitch)


def zoomed(pose: CameraPose, *, factor: float) -> CameraPose:
    """Return the pose with its distance to the target multiplied by ``factor``, within 15 m to 400 km."""
    reach, azimuth, pitch = _spherical(pose)
    return _from_spherical(pose, min(max(reach * factor, _NEAREST_M), _FARTHEST_M), azimuth, pitch)


def moved(pose: CameraPose, *, right_m: float, ahead_m: float) -> CameraPose:
    """Return the pose moved level over the ground, to the right and ahead as the picture shows them."""
    sight = np.asarray(pose.target_m, float) - np.asarray(pose.eye_m, float)
    level = np.array([sight[0], sight[1], 0.0])
    length = float(np.linalg.norm(level))
    ahead = level / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
    right = np.array([ahead[1], -ahead[0], 0.0])
    step = right_m * right + ahead_m * ahead
    return CameraPose(pose.eye_m + step, pose.target_m + step, pose.fov_deg)


def metres_per_pixel(pose: CameraPose, *, height_px: int) -> float:
    """Return how many metres one pixel spans at the target, across the line of sight."""
    reach = float(np.linalg.norm(np.asarray(pose.target_m, float) - np.asarray(pose.eye_m, float)))
    return 2.0 * reach * math.tan(math.radians(pose.fov_deg) / 2.0) / max(height_px, 1)


def above_ground(pose: CameraPose, relief: ElevationGrid) -> CameraPose:
    """Return the pose lifted, eye and target alike, so that the eye stays above the ground.

    Parameters
    ----------
    pose : CameraPose
    relief : ElevationGrid
        The coarse ground, heights as drawn.
    """
    eye: NDArray[np.float64] = np.asarray(pose.eye_m, float)
    ground_m = float(relief.sample(eye[0], eye[1]))
    missing_m = ground_m + _CLEARANCE_M - float(eye[2]) if math.isfinite(ground_m) else 0.0
    if missing_m <= 0.0:
        return pose
    lift = np.array([0.0, 0.0, missing_m])
    return CameraPose(eye + lift, pose.target_m + lift, pose.fov_deg)


def _spherical(pose: CameraPose) -> tuple[float, float, float]:
    """Return distance, azimuth and pitch of the eye as seen from the target."""
    away = np.asarray(pose.eye_m, float) - np.asarray(pose.target_m, float)
    reach = max(float(np.linalg.norm(away)), 1e-6)
    pitch = math.asin(min(max(float(away[2]) / reach, -1.0), 1.0))
    return reach, math.atan2(float(away[1]), float(away[0])), pitch


def _from_spherical(pose: CameraPose, reach: float, azimuth: float, pitch: float) -> CameraPose:
    level = reach * math.cos(pitch)
    away = np.array([level * math.cos(azimuth), level * math.sin(azimuth), reach * math.sin(pitch)])
    target = np.asarray(pose.target_m, float)
    return CameraPose(target + away, target, pose.fov_deg)
