"""Keeping the eye above the ground, and the ground out of the view from the eye to its target.

The height that an eye needs is a continuous function of where eye and target are. A move is a path of eyes
and targets over one parameter (road metres, azimuth); the height at one point of it is the largest need
within a reach on both sides, averaged over that reach. That is never below the need itself and has no
jumps, so a camera rises well before a ridge, and every frame can be computed alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.projection import relief_drawn_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene

REACH = 3
"""A path must hold this many points on either side, twice: for the largest need and for its average."""

PATH_POINTS = 4 * REACH + 1

_FRACTIONS = np.concatenate([np.linspace(0.18, 0.9, 14), [1.0]])
_STEEPEST = math.tan(math.radians(62.0))


def needed_height_m(
    scene: StageScene, eyes_m: NDArray[np.float64], targets_m: NDArray[np.float64], *, margin_m: float
) -> NDArray[np.float64]:
    """Return the least height of each eye, (k,), from which it stands clear and sees its target.

    Parameters
    ----------
    scene : StageScene
    eyes_m, targets_m : (k, 3) float64
        As drawn.
    margin_m : float
        Least height of the eye over the ground.

    Notes
    -----
    The view is never raised steeper than 62 degrees for the sake of a target behind a wall of rock; standing
    clear of the ground goes before everything.
    """
    along = targets_m[:, None, :2] + _FRACTIONS[None, :, None] * (eyes_m - targets_m)[:, None, :2]
    ground = relief_drawn_m(scene, along[..., 0], along[..., 1]) + margin_m * _FRACTIONS
    target_z = targets_m[:, 2, None]
    line = (target_z + (ground - target_z) / _FRACTIONS).max(axis=1)
    steepest = targets_m[:, 2] + _STEEPEST * np.hypot(*(eyes_m - targets_m)[:, :2].T)
    result: NDArray[np.float64] = np.maximum(np.minimum(line, steepest), ground[:, -1])
    return result


def cleared_eye(
    scene: StageScene, eyes_m: NDArray[np.float64], targets_m: NDArray[np.float64], *, margin_m: float
) -> NDArray[np.float64]:
    """Return the middle eye of a path, (3,), raised as far as its surroundings on the path need.

    Parameters
    ----------
    scene : StageScene
    eyes_m, targets_m : (PATH_POINTS, 3) float64
        The path around the moment wanted, which is in the middle, at equal steps of its parameter.
    margin_m : float
        Least height of the eye over the ground.
    """
    needed = needed_height_m(scene, eyes_m, targets_m, margin_m=margin_m)
    raises = np.maximum(needed - eyes_m[:, 2], 0.0)
    width = 2 * REACH + 1
    largest = np.lib.stride_tricks.sliding_window_view(raises, width).max(axis=1)
    weights = np.hanning(width + 2)[1:-1]
    eye: NDArray[np.float64] = eyes_m[len(eyes_m) // 2].copy()
    eye[2] += float(largest @ weights / weights.sum())
    return eye
