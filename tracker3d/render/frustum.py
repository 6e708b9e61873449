"""What a camera can see of boxes: one step on arrays instead of a search by VTK, actor by actor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.scene.model import CameraPose


GRAIN_PX = 0.7
"""Of a picture of a tile's own, pixels of the screen."""


class Frustum:
    """The five planes through the eye that bound what a camera sees: four sides, and nothing behind it.

    Parameters
    ----------
    pose : CameraPose
    up : (3,) sequence of float
        As the camera is given it; not along its sight.
    aspect : float
        Width over height of the picture.
    """

    def __init__(self, pose: CameraPose, *, up: tuple[float, float, float], aspect: float) -> None:
        eye = np.asarray(pose.eye_m, float)
        ahead = np.asarray(pose.target_m, float) - eye
        ahead /= max(float(np.sqrt(ahead @ ahead)), 1e-12)
        right = _cross(ahead, np.asarray(up, float))
        right /= max(float(np.sqrt(right @ right)), 1e-12)
        above = _cross(right, ahead)
        high = float(np.tan(np.radians(pose.fov_deg) / 2.0))
        wide = high * aspect
        self._inward = np.stack(
            [wide * ahead + right, wide * ahead - right, high * ahead + above, high * ahead - above, ahead]
        ).T
        self._reach = np.abs(self._inward)
        self._eye = eye @ self._inward

    def sees(self, middle_m: NDArray[np.float64], half_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which boxes (n,) are at least partly inside, or may be.

        Parameters
        ----------
        middle_m, half_m : (n, 3) float64
            Their middles, and half of their sizes.
        """
        outermost = middle_m @ self._inward - self._eye + half_m @ self._reach
        seen: NDArray[np.bool_] = outermost.min(axis=1) >= 0.0
        return seen


@dataclass(frozen=True)
class Sight:
    """From where, and how finely, something is seen.

    Attributes
    ----------
    eye_m : (3,) float64
    pixel_angle : float
        Width of a pixel at a distance of 1 m.
    frustum : Frustum | None
        What is outside need not be drawn; None where everything is in sight.
    pixels : int
        Of the picture.
    """

    eye_m: NDArray[np.float64]
    pixel_angle: float
    frustum: Frustum | None = None
    pixels: int = 1920 * 1080

    def grain_m(self, away_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what a pixel of a picture may span at distances from the eye, as fine as the screen."""
        return GRAIN_PX * self.pixel_angle * away_m


def box_distances_m(
    low_m: NDArray[np.float64],
    high_m: NDArray[np.float64],
    eye_m: NDArray[np.float64],
    *,
    least_m: float = 1.0,
) -> NDArray[np.float64]:
    """Return the distances (n,) from an eye to boxes with corners (n, 3), none less than ``least_m``."""
    outside = np.maximum(np.maximum(low_m - eye_m, eye_m - high_m), 0.0)
    away_m: NDArray[np.float64] = np.maximum(np.sqrt((outside * outside).sum(axis=1)), least_m)
    return away_m


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cross product of two vectors; for so little NumPy's own takes longer than all the rest."""
    a, b, c = one.tolist()
    x, y, z = other.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])


class Drawable(Protocol):
    """What can be left out of a picture."""

    @property
    def box_m(self) -> NDArray[np.float64]:
        """Lower and upper corner (2, 3)."""

    def set_seen(self, seen: bool) -> None:
        """Draw it in the next picture, or do not."""


class InSight:
    """Things of which only those are drawn that the camera may see."""

    def __init__(self) -> None:
        self._things: list[Drawable] = []
        self._seen: NDArray[np.bool_] = np.zeros(0, bool)
        self._middle_m = self._half_m = np.zeros((0, 3))

    def replace(self, things: Sequence[Drawable]) -> None:
        """Draw these from now on, and no others; what is in sight is told by :meth:`look`."""
        for gone in set(self._things).difference(things):
            gone.set_seen(False)
        self._things = list(things)
        low, high = np.moveaxis(np.array([thing.box_m for thing in things]).reshape(-1, 2, 3), 1, 0)
        self._middle_m, self._half_m = (low + high) / 2.0, (high - low) / 2.0
        self._seen = np.zeros(0, bool)

    def look(self, frustum: Frustum | None) -> None:
        """Draw what may be seen; without a frustum that is everything."""
        count = len(self._things)
        seen = np.ones(count, bool) if frustum is None else frustum.sees(self._middle_m, self._half_m)
        changed = seen != self._seen if len(self._seen) == count else np.ones(count, bool)
        for number in np.flatnonzero(changed).tolist():
            self._things[number].set_seen(bool(seen[number]))
        self._seen = seen
