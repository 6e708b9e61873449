"""Pictures that tiles have of their own: a coarse one of all the tile, and fine ones of patches of it.

A picture may have ten million pixels, of which a camera sees a few, and which would take the window's thread
several frames to hand over at once. So a tile's land is divided into patches of bounded size. Under it lies
the whole picture, made coarse; a fine window of it comes for a patch that is looked at, see
:mod:`tracker3d.render.patches`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Mesh, Texture

COARSE = 4
"""Pixels of a picture, a side, whose mean is one of the coarse picture."""

_PATCH_PX = 192
_MARGIN_PX = 2


@dataclass(frozen=True)
class Window:
    """A part of a picture; it reaches beyond the picture where that is no whole number of coarse pixels.

    Attributes
    ----------
    left, top, right, bottom : int
        Coarse pixels.
    bounds_m : tuple of float
        West, south, east, north.
    """

    left: int
    top: int
    right: int
    bottom: int
    bounds_m: tuple[float, float, float, float]

    def of(self, image: NDArray[np.uint8], reduction: int) -> NDArray[np.uint8]:
        """Return the window (h, w, 3) of a picture whose pixels are means of ``reduction`` a side."""
        scale = COARSE // reduction
        rows, columns = scale * (self.bottom - self.top), scale * (self.right - self.left)
        part = image[scale * self.top :, scale * self.left :][:rows, :columns]
        return np.pad(part, ((0, rows - part.shape[0]), (0, columns - part.shape[1]), (0, 0)), mode="edge")


@dataclass(frozen=True)
class Drape:
    """How a tile's own picture lies over n patches of its land.

    Attributes
    ----------
    step_m : float
        What a pixel of the picture spans.
    patch : (m,) int
        To which patch each face of the land belongs.
    windows : tuple of Window
        Of each patch; a little larger than what its faces cover.
    boxes_m : (n, 2, 3) float64
        Lower and upper corner of each patch.
    """

    step_m: float
    patch: NDArray[np.intp]
    windows: tuple[Window, ...]
    boxes_m: NDArray[np.float64]


def draped(mesh: Mesh, coarse: Texture) -> Drape:
    """Divide land under a coarse picture into patches: each face belongs to that in which its middle lies.

    Pixels stay where they are, so patches show the same along their borders.
    """
    height, width = coarse.image.shape[:2]
    west, south, east, north = coarse.bounds_m
    corner, step = np.array([west, north]), np.array([(east - west) / width, (south - north) / height])
    at_px = (mesh.vertices_m[:, :2] - corner) / step
    cells = np.maximum(np.round(np.array([width, height]) / _PATCH_PX), 1).astype(int)
    middle = at_px[mesh.faces].mean(axis=1) / np.array([width, height]) * cells
    column, row = np.clip(middle.astype(int), 0, cells - 1).T
    numbers, patch = np.unique(row * cells[0] + column, return_inverse=True)
    windows, boxes_m = [], []
    for number in range(len(numbers)):
        used = np.unique(mesh.faces[patch == number])
        low = np.maximum(np.floor(at_px[used].min(axis=0)).astype(int) - _MARGIN_PX, 0)
        high = np.minimum(np.ceil(at_px[used].max(axis=0)).astype(int) + _MARGIN_PX, [width, height])
        (w_m, n_m), (e_m, s_m) = (corner + low * step).tolist(), (corner + high * step).tolist()
        (left, top), (right, bottom) = low.tolist(), high.tolist()
        windows.append(Window(left, top, right, bottom, bounds_m=(w_m, s_m, e_m, n_m)))
        points_m = mesh.vertices_m[used]
        boxes_m.append((points_m.min(axis=0), points_m.max(axis=0)))
    return Drape(step[0] / COARSE, patch, tuple(windows), np.array(boxes_m, float).reshape(-1, 2, 3))


def above(points_m: NDArray[np.float32], bounds_m: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Return texture coordinates (n, 2) of a picture seen from above."""
    west, south, east, north = bounds_m
    low, size = np.array([west, south]), np.array([east - west, north - south])
    return np.ascontiguousarray((points_m[:, :2] - low) / size, np.float32)
