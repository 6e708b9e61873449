"""Views that frame given points: how far to stand back for a direction, and which direction shows most."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.scene.model import CameraPose
from tracker3d.scene.projection import in_sight, relief_drawn_m, view_axes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker3d.scene.free_area import FreeArea
    from tracker3d.scene.model import StageScene

_HALVINGS, _HEIGHTS, _FARTHEST = 16, 25, 1e4
_END_SEEN = 0.5
"""What it is worth to see an end of the road: as much as standing closer by two fifths."""
_EVEN = 0.2
"""How much room sideways an eye gives up to stand in the middle of the heights that it may have."""


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
    area: FreeArea,
) -> CameraPose:
    """Return the nearest pose that looks along ``direction`` and keeps all points in the free area.

    In camera coordinates (right, up, forward) each border of the area asks of the eye one linear inequality
    for each point. For a depth and a height of the eye, what the boards in the corners ask joins them: a
    point that is above a board's foot must be beside it. So each depth and height leaves the eye an interval
    from left to right, and the nearest depth with one that is not empty is found by halving.

    Parameters
    ----------
    points_m : (n, 3) float64
        As drawn.
    direction : (3,) float64
    fov_deg : float
        Vertical field of view.
    aspect : float
        Width over height of the picture.
    area : FreeArea
    """
    axes = view_axes(direction)
    right, up, forward = (points_m @ axes.T).T
    slopes = _slopes(area, fov_deg, aspect)
    reach = max(float(np.ptp(right)), float(np.ptp(up)), float(np.ptp(forward)), 1.0)
    near, far = float(forward.min()) - 1.0, float(forward.min()) - reach
    place = _place(right, up, forward - far, slopes)
    while place is None and forward.min() - far < _FARTHEST * reach:
        near, far = far, far - 2.0 * (near - far)
        place = _place(right, up, forward - far, slopes)
    if place is None:
        raise ValueError("there is no room left in the picture")
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        closer = _place(right, up, forward - middle, slopes)
        if closer is None:
            near = middle
        else:
            far, place = middle, closer
    eye = np.array([*place, far]) @ axes
    return CameraPose(eye, eye + axes[2] * max(float(forward.mean()) - far, 1.0), fov_deg)


class _Slopes(NamedTuple):
    """Borders of a free area as sideways (or upwards) over forward, right and up positive."""

    left: float
    right: float
    top: float
    bottom: float
    left_board: float
    left_foot: float
    right_board: float
    right_foot: float


def _slopes(area: FreeArea, fov_deg: float, aspect: float) -> _Slopes:
    high = math.tan(math.radians(fov_deg) / 2.0)

    def across(share: float) -> float:
        return high * aspect * (2.0 * share - 1.0)

    def upward(share: float) -> float:
        return high * (1.0 - 2.0 * share)

    return _Slopes(
        across(area.left),
        across(area.right),
        upward(area.top),
        upward(area.bottom),
        across(area.left_board),
        upward(area.left_board_foot),
        across(area.right_board),
        upward(area.right_board_foot),
    )


def _place(
    right: NDArray[np.float64], up: NDArray[np.float64], depth: NDArray[np.float64], slopes: _Slopes
) -> tuple[float, float] | None:
    """Return where to the right and how high an eye may be at a depth, most at ease; None for nowhere."""
    lowest, highest = float((up - slopes.top * depth).max()), float((up - slopes.bottom * depth).min())
    if lowest > highest:
        return None
    heights = np.linspace(lowest, highest, _HEIGHTS)
    above = (up - heights[:, None]) / depth
    least = (right - slopes.right * depth).max()
    most = (right - slopes.left * depth).min()
    beside_left = np.where(above > slopes.left_foot, right - slopes.left_board * depth, math.inf)
    beside_right = np.where(above > slopes.right_foot, right - slopes.right_board * depth, -math.inf)
    least = np.maximum(beside_right.max(axis=1), least)
    most = np.minimum(beside_left.min(axis=1), most)
    room = most - least
    best = int(np.argmax(room - _EVEN * (highest - lowest) * np.abs(np.linspace(-1.0, 1.0, _HEIGHTS))))
    if room[best] < 0.0:
        best = int(np.argmax(room))
    if room[best] < 0.0:
        return None
    return 0.5 * float(least[best] + most[best]), float(heights[best])


def best_direction(
    scene: StageScene,
    points_m: NDArray[np.float64],
    *,
    pitches_deg: Iterable[float],
    aspect: float,
    fov_deg: float,
    area: FreeArea,
    margin_m: float = 60.0,
    azimuths_deg: Iterable[float] = range(0, 360, 15),
) -> tuple[float, float, float]:
    """Return the direction that shows most of the points, and shows them large.

    Tried are directions (clockwise from north) with some pitches. Looking north is preferred a little: people
    know maps that way, and the baked light comes from the north-west. :func:`fit` makes a pose of it.
    """
    checked = thinned(points_m, 64)
    best: tuple[float, float, float] | None = None
    best_score = -math.inf
    for pitch_deg, azimuth_deg in itertools.product(pitches_deg, azimuths_deg):
        azimuth_rad = math.radians(azimuth_deg)
        direction = direction_of(azimuth_rad, math.radians(pitch_deg))
        pose = fit(checked, direction, fov_deg=fov_deg, aspect=aspect, area=area)
        score = _score(scene, pose, checked, northward=math.cos(azimuth_rad), margin_m=margin_m)
        if score > best_score:
            east, north, up = direction.tolist()
            best, best_score = (east, north, up), score
    if best is None:
        raise ValueError("best_direction needs at least one pitch and one azimuth")
    return best


def thinned(points_m: NDArray[np.floating], most: int) -> NDArray[np.float64]:
    """Return at most so many of some points (n, 3), evenly, with both ends."""
    rows = np.linspace(0, len(points_m) - 1, min(most, len(points_m))).astype(np.intp)
    return np.asarray(points_m[rows], float)


def _score(
    scene: StageScene,
    pose: CameraPose,
    points_m: NDArray[np.float64],
    *,
    northward: float,
    margin_m: float,
) -> float:
    """Return how good a view is.

    The logarithm of: share in sight, to the fourth; closeness; a little for looking north; ends of the road
    in sight, for there its gates stand. An eye under the ground loses.
    """
    sighted = in_sight(scene, pose.eye_m, points_m)
    seen, ends = float(sighted.mean()), float(sighted[[0, -1]].sum())
    distance = float(np.linalg.norm(points_m - pose.eye_m, axis=1).mean())
    ground = float(relief_drawn_m(scene, pose.eye_m[0], pose.eye_m[1]))
    buried = max(0.0, ground + margin_m - float(pose.eye_m[2]))
    return 4.0 * math.log(max(seen, 1e-3)) - math.log(distance) + 0.12 * northward + _END_SEEN * ends - buried
