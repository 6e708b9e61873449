"""Where points of the stage are in the picture, and what the ground hides.

Conventions are those of VTK's camera: vertical field of view, up along +z if nothing else is said, square
pixels. Pixels count from the top left corner of the picture; its centre is (width / 2, height / 2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.scene.model import CameraPose, StageScene

RELIEF_TOLERANCE_M = 25.0
"""The relief is coarse: ground hides a target only where it stands this far above the line of sight."""


def view_axes(direction: ArrayLike, *, up: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return right, up and forward unit vectors as rows, (3, 3), of a view along ``direction`` (3,).

    ``up`` (3,) need not be perpendicular to it; see :class:`~tracker3d.scene.model.CameraPose`.
    """
    forward = np.asarray(direction, float)
    length = float(np.linalg.norm(forward))
    forward = forward / length if length > 0 else np.array([0.0, 1.0, 0.0])
    right = (
        np.array([forward[1], -forward[0], 0.0]) if up is None else np.cross(forward, np.asarray(up, float))
    )
    across = float(np.linalg.norm(right))
    right = right / across if across > 1e-9 else np.array([1.0, 0.0, 0.0])
    upward = np.array(
        [
            right[1] * forward[2] - right[2] * forward[1],
            right[2] * forward[0] - right[0] * forward[2],
            right[0] * forward[1] - right[1] * forward[0],
        ]
    )
    return np.stack([right, upward, forward])


def focal_px(pose: CameraPose, viewport_px: tuple[int, int]) -> float:
    """Return how many pixels high something of 1 m appears at a depth of 1 m."""
    return viewport_px[1] / 2.0 / math.tan(math.radians(pose.fov_deg) / 2.0)


def project(
    pose: CameraPose, viewport_px: tuple[int, int], points_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project points into the picture.

    Parameters
    ----------
    pose : CameraPose
    viewport_px : (width, height)
    points_m : (n, 3)
        As drawn.

    Returns
    -------
    px : (n, 2) float64
        x to the right and y down from the top left corner; NaN for points behind the eye.
    depth_m : (n,) float64
        Along the direction of view; negative behind the eye.
    """
    relative = np.asarray(points_m, float).reshape(-1, 3) - np.asarray(pose.eye_m, float)
    seen = relative @ pose.axes.T
    depth_m = seen[:, 2]
    focal = focal_px(pose, viewport_px)
    safe = np.where(depth_m > 1e-6, depth_m, np.nan)
    px = np.empty((len(seen), 2))
    px[:, 0] = viewport_px[0] / 2.0 + focal * seen[:, 0] / safe
    px[:, 1] = viewport_px[1] / 2.0 - focal * seen[:, 1] / safe
    return px, depth_m


def inside(
    px: NDArray[np.float64], viewport_px: tuple[int, int], *, margin_px: float = 0.0
) -> NDArray[np.bool_]:
    """Tell which pixels (n, 2) lie in the picture, widened by ``margin_px``; False for NaN."""
    x, y = px[:, 0], px[:, 1]
    result: NDArray[np.bool_] = (
        (x >= -margin_px)
        & (x <= viewport_px[0] + margin_px)
        & (y >= -margin_px)
        & (y <= viewport_px[1] + margin_px)
    )
    return result


def in_sight(scene: StageScene, eye_m: NDArray[np.float64], points_m: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points as drawn (n, 3) the eye sees over the ground, (n,)."""
    return scene.ground.relief.line_of_sight(eye_m, points_m, samples=40, clearance_m=RELIEF_TOLERANCE_M)


def relief_drawn_m(scene: StageScene, x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.float64]:
    """Return heights of the coarse relief as drawn; -inf where there is no ground."""
    heights = scene.ground.relief.sample(x_m, y_m)
    return np.nan_to_num(heights, nan=-np.inf, neginf=-np.inf)
