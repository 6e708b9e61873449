"""How finely each piece of the road is drawn from where the camera is.

The road is cut into pieces of about a kilometre. Each has its line at some levels of detail, bounded by how
far they leave the road; all levels of a piece share its two end nodes, and so does its neighbour, so that
nothing gapes whichever levels meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.frustum import box_distances_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_PIECE_M = 1000.0
_COLOUR_ERROR = 12.0
_ERROR_PX = 0.3


@dataclass(frozen=True)
class Pieces:
    """Pieces of the road.

    Attributes
    ----------
    first, last : (m,) int
        Nodes of the road between which a piece lies; a neighbour begins where a piece ends.
    low_m, high_m : (m, 3) float64
        Bounds of its surface.
    half_m : (m,) float64
        Greatest half width of its surface.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    low_m: NDArray[np.float64]
    high_m: NDArray[np.float64]
    half_m: NDArray[np.float64]

    def away_m(self, eye_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distances (m,) from ``eye_m`` to the bounds; at least 1 cm."""
        return box_distances_m(self.low_m, self.high_m, eye_m, least_m=0.01)


def cut(
    runs: Sequence[tuple[int, int]],
    distance_m: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> Pieces:
    """Cut runs (first, last + 1) of the road's nodes into pieces.

    Parameters
    ----------
    runs : sequence of (int, int)
    distance_m : (n,) float64
        Along the road.
    left, right : (n, 3) float64
        Edges of its surface, metres.
    """
    ends: list[tuple[int, int]] = []
    for begin, stop in runs:
        count = max(round((distance_m[stop - 1] - distance_m[begin]) / _PIECE_M), 1)
        at = np.linspace(distance_m[begin], distance_m[stop - 1], count + 1)[1:-1]
        nodes = np.unique([begin, *np.searchsorted(distance_m, at), stop - 1])
        ends += zip(nodes[:-1].tolist(), nodes[1:].tolist(), strict=True)
    first, last = np.array(ends, np.intp).reshape(-1, 2).T
    low, high = np.minimum(left, right), np.maximum(left, right)
    half = np.linalg.norm(right - left, axis=1) / 2.0
    return Pieces(
        first,
        last,
        np.array([low[a : b + 1].min(axis=0) for a, b in ends]).reshape(-1, 3),
        np.array([high[a : b + 1].max(axis=0) for a, b in ends]).reshape(-1, 3),
        np.array([half[a : b + 1].max() for a, b in ends]),
    )


def thinned(
    points: NDArray[np.float64],
    colours: NDArray[np.uint8],
    distance_m: NDArray[np.float64],
    keep: NDArray[np.bool_],
    error_m: float,
) -> NDArray[np.bool_]:
    """Tell which nodes (n,) are enough for the road to stay where it is.

    Straight from one of them to the next, no node is farther than ``error_m`` from its place in any
    direction, nor more than a shade from its colour. All in ``keep`` stay, the first and the last node among
    them. All gaps are split at their worst node at once, until none is wrong.
    """
    kept = keep.copy()
    if len(points) < 3:
        return kept
    values = np.concatenate([points / error_m, colours.astype(float) / _COLOUR_ERROR], axis=1)
    while True:
        nodes = np.flatnonzero(kept)
        gap = np.minimum(np.cumsum(kept) - 1, len(nodes) - 2)
        before, after = nodes[gap], nodes[gap + 1]
        share = (distance_m - distance_m[before]) / np.maximum(distance_m[after] - distance_m[before], 1e-9)
        guess = values[before] + share[:, None] * (values[after] - values[before])
        wrong = np.abs(values - guess).max(axis=1)
        worst = np.maximum.reduceat(wrong, nodes[:-1])[gap]
        split = np.flatnonzero((wrong > 1.0) & (wrong >= worst))
        if not len(split):
            return kept
        kept[split[np.unique(gap[split], return_index=True)[1]]] = True


def metres_per_pixel(away_m: NDArray[np.float64], pixel_angle: float, slant: float) -> NDArray[np.float64]:
    """Return the least that a pixel spans at distances from the eye, anywhere in the picture.

    Parameters
    ----------
    away_m : (m,) float64
    pixel_angle : float
        Width of a pixel in the middle of the picture at a distance of 1 m, metres.
    slant : float
        Square of the distance to a corner of the picture over that to its middle: how much larger things
        look there.
    """
    return away_m * (pixel_angle / slant)


def levels(pixel_m: NDArray[np.float64], errors_m: Sequence[float]) -> NDArray[np.intp]:
    """Return which level (m,) is exact to a small part of a pixel; ``errors_m`` rise from 0."""
    found = np.searchsorted(np.asarray(errors_m, float), _ERROR_PX * pixel_m, side="right") - 1
    return found.astype(np.intp)
