"""Poses as people speak of them: what is looked at, from how far, in which direction, how steeply."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.model import CameraPose

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """A pose in angles; right in the picture is level where ``roll_rad`` is 0, even looking straight down.

    Attributes
    ----------
    target_m : (3,) float64
    reach_m : float
        From the eye to the target.
    azimuth_rad : float
        Of the view (looking straight down: of what is up in the picture), clockwise from north.
    pitch_rad : float
        How steeply it looks down.
    roll_rad : float
        By which the camera is turned clockwise about its view.
    fov_deg : float
    """

    target_m: NDArray[np.float64]
    reach_m: float
    azimuth_rad: float
    pitch_rad: float
    roll_rad: float
    fov_deg: float

    def pose(self) -> CameraPose:
        """Return the pose."""
        forward, right, up = self._axes()
        plain = abs(self.roll_rad) < 1e-12 and math.cos(self.pitch_rad) > 1e-6
        upward = math.cos(self.roll_rad) * up + math.sin(self.roll_rad) * right
        return CameraPose(
            self.target_m - self.reach_m * forward, self.target_m, self.fov_deg, None if plain else upward
        )

    def _axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        east, north = math.sin(self.azimuth_rad), math.cos(self.azimuth_rad)
        level, down = math.cos(self.pitch_rad), math.sin(self.pitch_rad)
        return (
            np.array([level * east, level * north, -down]),
            np.array([north, -east, 0.0]),
            np.array([down * east, down * north, level]),
        )


def view_of(pose: CameraPose) -> View:
    """Return a pose in angles."""
    right, up, forward = pose.axes
    roll = math.atan2(-right[2], up[2]) if math.hypot(right[2], up[2]) > 1e-9 else 0.0
    level = math.cos(roll) * right + math.sin(roll) * up
    target = np.asarray(pose.target_m, float)
    return View(
        target,
        max(float(np.linalg.norm(target - np.asarray(pose.eye_m, float))), 1e-6),
        math.atan2(-level[1], level[0]),
        math.asin(min(max(-float(forward[2]), -1.0), 1.0)),
        roll,
        pose.fov_deg,
    )


def aimed(
    eye_m: NDArray[np.float64], place_m: NDArray[np.float64], *, fov_deg: float, down: float
) -> CameraPose:
    """Return a pose that shows a place in the middle column of the picture, higher or lower.

    Parameters
    ----------
    eye_m, place_m : (3,) float64
    fov_deg : float
        Vertical field of view.
    down : float
        Share of the picture's height above the place: 0 at the top, 1 at the bottom.
    """
    sight = place_m - eye_m
    level_m = max(math.hypot(sight[0], sight[1]), 1e-6)
    tilt = math.atan((2.0 * down - 1.0) * math.tan(math.radians(fov_deg) / 2.0))
    pitch = math.atan2(sight[2], level_m) + tilt
    reach_m = math.hypot(level_m, sight[2])
    level = reach_m * math.cos(pitch) / level_m
    step = np.array([sight[0] * level, sight[1] * level, reach_m * math.sin(pitch)])
    return CameraPose(eye_m, eye_m + step, fov_deg)
