"""Where the road comes close to itself, so that a position may belong to either leg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.route import Route

BESIDE_M = 45.0
"""Legs closer than this cannot be told apart by positions taken in a gorge or under trees."""

_APART_M = 120.0
_AROUND_M = 50.0
_STEP_M = 10.0


@dataclass(frozen=True)
class Folds:
    """The parts of a road that lie beside another part of it.

    Attributes
    ----------
    first_m : float
    folded : (n,) bool
        At places every 10 m of road distance from ``first_m`` on; true up to 50 m before and behind.
    """

    first_m: float
    folded: NDArray[np.bool_]

    def at(self, distance_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which road distances, of any shape, lie where the road folds; not those that are NaN."""
        node = np.rint((np.nan_to_num(distance_m, nan=-np.inf) - self.first_m) / _STEP_M)
        inside = (node >= 0) & (node < len(self.folded))
        return np.asarray(inside & self.folded[np.where(inside, node, 0).astype(np.int64)])


def folds_of(route: Route) -> Folds:
    """Find where two parts of a road, more than 120 m of riding apart, are within ``BESIDE_M``."""
    places_m = np.arange(route.start_m, route.finish_m + _STEP_M, _STEP_M)
    points = np.stack(route.position(places_m), axis=1)
    pairs = cKDTree(points).query_pairs(BESIDE_M, output_type="ndarray")
    pairs = pairs[np.abs(pairs[:, 0] - pairs[:, 1]) * _STEP_M > _APART_M]
    folded = np.zeros(len(points), bool)
    folded[pairs.ravel()] = True
    around = 2 * round(_AROUND_M / _STEP_M) + 1
    return Folds(float(route.start_m), np.convolve(folded, np.ones(around), "same") > 0.5)
