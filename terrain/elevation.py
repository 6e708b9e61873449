"""Heights on a regular grid in the local frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MANY = 20_000
"""From so many positions on a compiled loop pays."""


@dataclass(frozen=True)
class ElevationGrid:
    """Heights at the posts of a square grid; rows go north, columns east.

    Attributes
    ----------
    heights_m : (rows, columns) float32
        NaN where there is none.
    x0_m, y0_m : float
        Local frame, metres: the position of post ``[0, 0]``, the south-west corner.
    step_m : float
        Distance between neighbouring posts.
    covered : (rows, columns) bool
        The height was measured, or interpolated over a small void. Elsewhere the height is invented, or NaN.
    filled : (rows, columns) bool
        The part of ``covered`` that was interpolated.
    """

    heights_m: NDArray[np.float32]
    x0_m: float
    y0_m: float
    step_m: float
    covered: NDArray[np.bool_]
    filled: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.heights_m.shape[0], self.heights_m.shape[1]

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east and north outermost posts, local metres."""
        rows, columns = self.shape
        return (
            self.x0_m,
            self.y0_m,
            self.x0_m + (columns - 1) * self.step_m,
            self.y0_m + (rows - 1) * self.step_m,
        )

    def sample(self, x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.float64]:
        """Interpolate heights bilinearly; NaN outside the grid and next to missing posts.

        ``x_m`` and ``y_m`` are local metres and broadcast against each other; the result has their shape.
        """
        x, y = np.broadcast_arrays(np.asarray(x_m, float), np.asarray(y_m, float))
        if x.size >= _MANY and min(self.shape) >= 2:
            return self._sample_many(x, y)
        index, right, up, inside = self._cells(x, y)
        flat = self.heights_m.reshape(-1)
        columns = self.shape[1]
        low_left = flat[index]
        low = low_left + (flat[index + 1] - low_left) * right
        high_left = flat[index + columns]
        high = high_left + (flat[index + columns + 1] - high_left) * right
        return np.where(inside, low + (high - low) * up, np.nan)

    def _sample_many(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        from terrain.bilinear import interpolate

        result = np.empty(x.size)
        place = (float(self.x0_m), float(self.y0_m), float(self.step_m))
        heights_m = np.ascontiguousarray(self.heights_m, np.float32)
        interpolate(
            heights_m, *place, np.ascontiguousarray(x).ravel(), np.ascontiguousarray(y).ravel(), result
        )
        return result.reshape(x.shape)

    def sample_covered(self, x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.bool_]:
        """Tell where all four posts around a position are covered; False outside the grid."""
        index, _, _, inside = self._cells(np.asarray(x_m, float), np.asarray(y_m, float))
        flat = self.covered.reshape(-1)
        columns = self.shape[1]
        return inside & flat[index] & flat[index + 1] & flat[index + columns] & flat[index + columns + 1]

    def normals(self, x_m: ArrayLike, y_m: ArrayLike) -> NDArray[np.float64]:
        """Return unit normals of the interpolated surface, (..., 3), z up; NaN outside.

        Slopes are differences over two steps centred on the position, so they are continuous across cells.
        """
        x, y = np.broadcast_arrays(np.asarray(x_m, float), np.asarray(y_m, float))
        step = self.step_m
        west, south, east, north = self.bounds_m
        left, right = np.maximum(x - step, west), np.minimum(x + step, east)
        down, up = np.maximum(y - step, south), np.minimum(y + step, north)
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope_x = (self.sample(right, y) - self.sample(left, y)) / (right - left)
            slope_y = (self.sample(x, up) - self.sample(x, down)) / (up - down)
        normals = np.stack([-slope_x, -slope_y, np.where(inside, 1.0, np.nan)], axis=-1)
        result: NDArray[np.float64] = normals / np.linalg.norm(normals, axis=-1, keepdims=True)
        return result

    def line_of_sight(
        self, eye_m: ArrayLike, targets_m: ArrayLike, *, samples: int = 48, clearance_m: float = 4.0
    ) -> NDArray[np.bool_]:
        """Tell which targets an eye can see over the ground.

        Rays are marched over the grid; posts are looked up, not interpolated, for speed. Where the grid
        has no height it hides nothing.

        Parameters
        ----------
        eye_m : (3,)
            Local metres, in the same heights as the grid.
        targets_m : (n, 3)
        samples : int
            Along each ray. They lie denser towards the target, where the hiding edge mostly is.
        clearance_m : float
            How far the ground must reach above the ray before it hides the target.

        Returns
        -------
        (n,) bool
        """
        from terrain.sight import look

        eye = np.asarray(eye_m, np.float32)
        targets = np.asarray(targets_m, np.float32).reshape(-1, 3)
        scale = np.float32(1.0 / self.step_m)
        start = np.array(
            [
                (eye[0] - np.float32(self.x0_m)) * scale + np.float32(0.5),
                (eye[1] - np.float32(self.y0_m)) * scale + np.float32(0.5),
                eye[2] + np.float32(clearance_m),
            ],
            np.float32,
        )
        rays = (targets - eye) * np.array([scale, scale, 1.0], np.float32)
        seen = np.empty(len(targets), np.bool_)
        look(self._opaque_heights, start, rays, _ray_fractions(samples), seen)
        return seen

    def away_m(self, place_m: ArrayLike, *, posts: int) -> float:
        """Return the distance from a place to the nearest of the posts around it.

        Parameters
        ----------
        place_m : (3,)
            Local metres, in the same heights as the grid.
        posts : int
            So many to each side are looked at.

        Returns
        -------
        float
            Metres; infinite where there is no post with a height.
        """
        from terrain.sight import nearest

        x, y, z = np.asarray(place_m, float).tolist()
        rows, columns = self.shape
        row, column = int((y - self.y0_m) / self.step_m), int((x - self.x0_m) / self.step_m)
        window = (
            *(max(row - posts, 0), min(row + posts + 2, rows)),
            *(max(column - posts, 0), min(column + posts + 2, columns)),
        )
        east_m, north_m = x - float(self.x0_m), y - float(self.y0_m)
        return math.sqrt(nearest(self._opaque_heights, window, east_m, north_m, z, float(self.step_m)))

    @cached_property
    def _opaque_heights(self) -> NDArray[np.float32]:
        # A view of a file would cost more at each look-up than the array that it is.
        heights = np.array(self.heights_m, np.float32)
        return np.nan_to_num(heights, copy=False, nan=-np.inf, posinf=np.inf, neginf=-np.inf)

    def _cells(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Flat index of the south-west post of each position's cell, fractions in it, and who is inside."""
        rows, columns = self.shape
        column = (x - self.x0_m) / self.step_m
        row = (y - self.y0_m) / self.step_m
        inside = (column >= 0) & (column <= columns - 1) & (row >= 0) & (row <= rows - 1)
        column, row = np.where(inside, column, 0.0), np.where(inside, row, 0.0)
        left = np.minimum(column.astype(np.intp), columns - 2)
        bottom = np.minimum(row.astype(np.intp), rows - 2)
        return bottom * columns + left, column - left, row - bottom, inside


@cache
def _ray_fractions(samples: int) -> NDArray[np.float32]:
    even = np.linspace(0.0, 1.0, samples + 2)[1:-1]
    fractions: NDArray[np.float32] = (1.0 - (1.0 - even) ** 1.5).astype(np.float32)
    return fractions
