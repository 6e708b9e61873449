"""Pictures that tiles have of their own: how finely they are needed, and in what pieces they are handed over.

A picture may have ten million pixels, of which a camera far away sees one in a hundred, and which would take
the window's thread several frames to hand over at once. So it is averaged down to what can be seen, and cut
with its tile into pieces of bounded size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain import Texture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from terrain import Mesh

_MOST_REDUCTION = 8
_NOT_AT_ALL = 16
_SPARED = 8
_MARGIN = 1.0 + 1e-6
_PIECE_PX = 768
_MARGIN_PX = 2


@dataclass(frozen=True)
class Drape:
    """How finely a tile shows a picture of its own.

    Attributes
    ----------
    step_m : float
        What a pixel of the whole picture spans; NaN while it has not been looked at.
    reduction : int
        1 for every pixel; 2, 4 or 8 for means of squares that wide; 16 for no picture so far.
    """

    step_m: float = math.nan
    reduction: int = _NOT_AT_ALL

    def fits(self, grain_m: float, *, ground_m: float, exact: bool) -> bool:
        """Tell whether it is fine enough for pixels of ``grain_m``, and not much finer than that.

        ``exact`` asks for what :func:`reduction` says, neither finer nor coarser.
        """
        wanted = _NOT_AT_ALL if grain_m >= ground_m else 1
        if wanted == 1 and not math.isnan(self.step_m):
            wanted = reduction(self.step_m, grain_m)
        if math.isnan(self.step_m):
            return wanted == self.reduction
        return wanted == self.reduction if exact else self.reduction <= wanted < _SPARED * self.reduction

    def surely_fits(self, ground_m: float, *, exact: bool) -> tuple[float, float]:
        """Return two grains between which it fits; elsewhere it may, see :meth:`fits`."""
        if math.isnan(self.step_m):
            return ground_m * _MARGIN, math.inf
        factor = 2 if exact else _SPARED
        least_m = 0.0 if self.reduction == 1 else self.step_m * self.reduction * _MARGIN
        most_m = self.step_m * self.reduction * factor if self.reduction < _MOST_REDUCTION else math.inf
        if exact or self.reduction * _SPARED <= _NOT_AT_ALL:
            return least_m, min(most_m, ground_m) / _MARGIN
        return least_m, math.inf


def reduction(step_m: float, grain_m: float) -> int:
    """Return how many pixels of ``step_m`` may be one a side, so that it spans no more than ``grain_m``."""
    doublings = math.floor(math.log2(max(grain_m / step_m, 1.0)))
    return int(min(2**doublings, _MOST_REDUCTION))


def reduced(picture: Texture, factor: int) -> Texture:
    """Average squares of ``factor`` pixels a side, counted from the north-west."""
    if factor == 1:
        return picture
    height, width = picture.image.shape[:2]
    image = np.asarray(Image.fromarray(picture.image).reduce(factor))
    west, south, east, north = picture.bounds_m
    across, down = (east - west) / width * factor, (north - south) / height * factor
    return Texture(image, (west, north - down * image.shape[0], west + across * image.shape[1], north))


def pieces(mesh: Mesh, picture: Texture) -> Iterator[tuple[Mesh, Texture]]:
    """Cut land and the picture over it into pieces of some 768 pixels a side.

    Each triangle belongs to the piece in which its middle lies, and a piece's picture reaches beyond all of
    its triangles. Pixels stay where they are, so pieces show the same along their borders.
    """
    height, width = picture.image.shape[:2]
    west, south, east, north = picture.bounds_m
    corner, step = np.array([west, north]), np.array([(east - west) / width, (south - north) / height])
    at_px = (mesh.vertices_m[:, :2] - corner) / step
    cells = np.maximum(np.round(np.array([width, height]) / _PIECE_PX), 1).astype(int)
    middle = at_px[mesh.faces].mean(axis=1) / np.array([width, height]) * cells
    column, row = np.clip(middle.astype(int), 0, cells - 1).T
    cell = row * cells[0] + column
    for number in np.unique(cell):
        part = mesh.part(np.flatnonzero(cell == number))
        used = (part.vertices_m[:, :2] - corner) / step
        low = np.maximum(np.floor(used.min(axis=0)).astype(int) - _MARGIN_PX, 0)
        high = np.minimum(np.ceil(used.max(axis=0)).astype(int) + _MARGIN_PX, [width, height])
        image = picture.image[low[1] : high[1], low[0] : high[0]]
        (left, top), (right, bottom) = (corner + low * step).tolist(), (corner + high * step).tolist()
        yield part, Texture(image, (left, bottom, right, top))


def above(points_m: NDArray[np.float32], bounds_m: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Return texture coordinates (n, 2) of a picture seen from above."""
    west, south, east, north = bounds_m
    low, size = np.array([west, south]), np.array([east - west, north - south])
    return np.ascontiguousarray((points_m[:, :2] - low) / size, np.float32)
