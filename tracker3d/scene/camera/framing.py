"""Views that frame given points: how far to stand back for a direction, and which direction shows most."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.model import CameraPose
from tracker3d.scene.projection import in_sight, project, relief_drawn_m, view_axes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene


@dataclass(frozen=True)
class FrameBounds:
    """The part of the picture that is to be filled, as shares of its half width and half height."""

    left: float = 0.88
    right: float = 0.88
    top: float = 0.84
    bottom: float = 0.54


def direction_of(azimuth_rad: float, pitch_rad: float) -> NDArray[np.float64]:
    """Return the unit vector, (3,), to an azimuth clockwise from north, looking down by a pitch."""
    level = math.cos(pitch_rad)
    return np.array([level * math.sin(azimuth_rad), level * math.cos(azimuth_rad), -math.sin(pitch_rad)])


def fit(
    points_m: NDArray[np.float64],
    direction: NDArray[np.float64],
    *,
    fov_deg: float,
    aspect: float,
    bounds: FrameBounds,
) -> CameraPose:
    """Return the nearest pose that looks along ``direction`` and keeps all points within the bounds.

    In camera coordinates (right, up, forward) each border of the picture asks of the eye one linear
    inequality for each point, so the nearest eye follows from six maxima.

    Parameters
    ----------
    points_m : (n, 3) float64
        As drawn.
    direction : (3,) float64
    fov_deg : float
        Vertical field of view.
    aspect : float
        Width over height of the picture.
    bounds : FrameBounds
    """
    axes = view_axes(direction)
    right, up, forward = (points_m @ axes.T).T
    tangent = math.tan(math.radians(fov_deg) / 2.0)
    x_right, x_left = tangent * aspect * bounds.right, tangent * aspect * bounds.left
    y_top, y_bottom = tangent * bounds.top, tangent * bounds.bottom
    at_right, at_left = float((right - x_right * forward).max()), float((-right - x_left * forward).max())
    at_top, at_bottom = float((up - y_top * forward).max()), float((-up - y_bottom * forward).max())
    depth = min(-(at_right + at_left) / (x_right + x_left), -(at_top + at_bottom) / (y_top + y_bottom))
    eye_right = 0.5 * ((at_right + x_right * depth) - (at_left + x_left * depth))
    eye_up = 0.5 * ((at_top + y_top * depth) - (at_bottom + y_bottom * depth))
    eye = np.array([eye_right, eye_up, depth]) @ axes
    reach = max(float(forward.mean()) - depth, 1.0)
    return CameraPose(eye, eye + axes[2] * reach, fov_deg)


@dataclass(frozen=True)
class View:
    """A direction to look in, and the part of the picture to fill."""

    direction: tuple[float, float, float]
    bounds: FrameBounds


def best_view(
    scene: StageScene,
    points_m: NDArray[np.float64],
    *,
    pitches_deg: Iterable[float],
    aspect: float,
    fov_deg: float,
    bounds: Iterable[FrameBounds],
    margin_m: float = 60.0,
    azimuths_deg: Iterable[float] = range(0, 360, 15),
) -> View:
    """Return the view that shows most of the points, and shows them large.

    Tried are directions (clockwise from north) with some pitches and parts of the picture. Looking north is
    preferred a little: people know maps that way, and the baked light comes from the north-west. :func:`fit`
    makes a pose of it.
    """
    checked = points_m[:: max(1, len(points_m) // 64)]
    best: View | None = None
    best_score = -math.inf
    for pitch_deg, azimuth_deg, part in itertools.product(pitches_deg, azimuths_deg, bounds):
        azimuth_rad = math.radians(azimuth_deg)
        direction = direction_of(azimuth_rad, math.radians(pitch_deg))
        pose = fit(points_m, direction, fov_deg=fov_deg, aspect=aspect, bounds=part)
        score = _score(
            scene, pose, checked, aspect=aspect, northward=math.cos(azimuth_rad), margin_m=margin_m
        )
        if score > best_score:
            east, north, up = direction.tolist()
            best, best_score = View((east, north, up), part), score
    if best is None:
        raise ValueError("best_view needs at least one pitch and one part of the picture")
    return best


def _score(
    scene: StageScene,
    pose: CameraPose,
    points_m: NDArray[np.float64],
    *,
    aspect: float,
    northward: float,
    margin_m: float,
) -> float:
    """Return how good a view is.

    The logarithm of: share in sight, to the fourth; closeness; a little for looking north. An eye under the
    ground loses.
    """
    clear = ~_under_panels(pose, points_m, aspect)
    seen = float((in_sight(scene, pose.eye_m, points_m) * (0.4 + 0.6 * clear)).mean())
    distance = float(np.linalg.norm(points_m - pose.eye_m, axis=1).mean())
    ground = float(relief_drawn_m(scene, pose.eye_m[0], pose.eye_m[1]))
    buried = max(0.0, ground + margin_m - float(pose.eye_m[2]))
    return 4.0 * math.log(max(seen, 1e-3)) - math.log(distance) + 0.12 * northward - buried


def _under_panels(pose: CameraPose, points_m: NDArray[np.float64], aspect: float) -> NDArray[np.bool_]:
    """Tell which points lie where the boards in the upper corners are, (n,)."""
    px, _ = project(pose, (round(1000 * aspect), 1000), points_m)
    across, down = px[:, 0] / (1000 * aspect), px[:, 1] / 1000
    result: NDArray[np.bool_] = ((across < 0.26) & (down < 0.40)) | ((across > 0.74) & (down < 0.40))
    return result
