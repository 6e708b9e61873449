"""Official distance along a drawn line: kilometres of the road book laid on its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEAR_M = 60.0
"""A checkpoint farther from the road than this says nothing about it."""

STATED_TO_M = 6.0
"""How well a stated distance is known (they are given to 10 m, and checkpoints lie a little off the road)."""

DRIFT_PER_M = 0.003
"""How far the scale of a traced line wanders, per metre of it."""

_OUTLIER_M = 100.0
_SEARCH_SHARE = 0.02
_SEARCH_LEAST_M = 600.0


@dataclass(frozen=True)
class Anchor:
    """A point whose official distance is stated. ``exact`` ones (km 0, the finish) are kept to the metre."""

    lon_deg: float
    lat_deg: float
    distance_m: float
    exact: bool = False


@dataclass(frozen=True)
class Scale:
    """Official distance of a line: piecewise linear over its own length.

    Attributes
    ----------
    along_m, official_m : (k,) float64
        Length along the line, and official distance, of the points between which it is linear.
    residual_m : (j,) float64
        For each anchor used: stated distance minus the official distance of its place on the line.
    refused : int
        Anchors that lie off the road or contradict the others.
    """

    along_m: NDArray[np.float64]
    official_m: NDArray[np.float64]
    residual_m: NDArray[np.float64]
    refused: int = 0

    def official(self, along_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Official distance at lengths along the line, linear beyond both ends."""
        inside = np.interp(along_m, self.along_m, self.official_m)
        before = np.minimum(along_m - self.along_m[0], 0.0)
        beyond = np.maximum(along_m - self.along_m[-1], 0.0)
        return np.asarray(inside + before + beyond)


def scale_of(
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    along_m: NDArray[np.float64],
    *,
    anchors: Sequence[Anchor],
    anchor_xy_m: NDArray[np.float64],
) -> Scale:
    """Lay official distances on a line.

    Each anchor is looked for near where its distance says, so that a place passed twice is found at the
    right passage. Stated distances are rounded; taken literally they would make riders 1 % faster here
    and slower there, so the scale is the smoothest that explains them (least squares of residuals and of
    changes of the difference between stated and measured length).

    Parameters
    ----------
    x_m, y_m, along_m : (n,) float64
        Samples of the line, a few metres apart, and geodesic length up to each.
    anchors : sequence of Anchor
        Any order.
    anchor_xy_m : (k, 2) float64
        Their local positions.
    """
    order = sorted(range(len(anchors)), key=lambda index: anchors[index].distance_m)
    placed = _placed(x_m, y_m, along_m, [anchors[i] for i in order], anchor_xy_m[order])
    found = [(anchors[i], along) for i, along in zip(order, placed, strict=True) if along is not None]
    found = [pair for pair in found if all(_agrees(pair, other) for other in found if other[0].exact)]
    if not found:
        return Scale(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.zeros(0), refused=len(anchors))
    while True:
        at_m = np.array([along for _, along in found])
        stated_m = np.array([anchor.distance_m for anchor, _ in found])
        exact = np.array([anchor.exact for anchor, _ in found])
        fitted_m = _smoothest(at_m, stated_m, exact)
        residual_m = stated_m - fitted_m
        worst = int(np.argmax(np.where(exact, 0.0, np.abs(residual_m))))
        if abs(residual_m[worst]) <= _OUTLIER_M or exact[worst]:
            break
        del found[worst]
    keep = np.concatenate([[True], (np.diff(at_m) > 1.0) & (np.diff(fitted_m) > 0.0)])
    return Scale(at_m[keep], fitted_m[keep], residual_m, refused=len(anchors) - len(found))


def _agrees(pair: tuple[Anchor, float], other: tuple[Anchor, float]) -> bool:
    """Whether two anchors have their places on the line in the order of their distances."""
    stated, found = pair[0].distance_m - other[0].distance_m, pair[1] - other[1]
    return abs(stated - found) <= max(_SEARCH_LEAST_M, 2.0 * _SEARCH_SHARE * abs(stated))


def _placed(
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    along_m: NDArray[np.float64],
    anchors: Sequence[Anchor],
    xy_m: NDArray[np.float64],
) -> list[float | None]:
    """Length along the line of each anchor, walking back from the finish; None for one off the road."""
    if not anchors:
        return []
    places: list[float | None] = [None] * len(anchors)
    reference_along, reference_stated = float(along_m[-1]), anchors[-1].distance_m
    search_m = max(_SEARCH_LEAST_M, _SEARCH_SHARE * float(along_m[-1]))
    for index in range(len(anchors) - 1, -1, -1):
        expected = reference_along - (reference_stated - anchors[index].distance_m)
        low, high = np.searchsorted(along_m, [expected - search_m, expected + search_m])
        if high <= low:
            continue
        offset_m = np.hypot(x_m[low:high] - xy_m[index, 0], y_m[low:high] - xy_m[index, 1])
        near = offset_m <= min(NEAR_M, float(offset_m.min()) + 10.0)
        if not near.any():
            continue
        candidates = np.flatnonzero(near)
        runs = np.split(candidates, np.flatnonzero(np.diff(candidates) > 1) + 1)
        feet = [run[np.argmin(offset_m[run])] for run in runs]
        foot = min(feet, key=lambda i: abs(along_m[low + i] - expected))
        places[index] = float(along_m[low + foot])
        reference_along, reference_stated = float(along_m[low + foot]), anchors[index].distance_m
        search_m = _SEARCH_LEAST_M
    return places


def _smoothest(
    at_m: NDArray[np.float64], stated_m: NDArray[np.float64], exact: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Official distance at each anchor: the correction to the measured length as a smoothed random walk."""
    weight = np.where(exact, 1.0e6, 1.0) / STATED_TO_M**2
    run_m = np.maximum(np.diff(at_m), 1.0)
    drift = float((stated_m[-1] - stated_m[0]) / max(at_m[-1] - at_m[0], 1.0)) if len(at_m) > 1 else 1.0
    straight_m = stated_m[0] + drift * (at_m - at_m[0])
    stiffness = 1.0 / (DRIFT_PER_M * np.maximum(run_m, 200.0)) ** 2
    system = np.diag(weight)
    for i, stiff in enumerate(stiffness):
        system[i : i + 2, i : i + 2] += stiff * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return np.asarray(straight_m + np.linalg.solve(system, weight * (stated_m - straight_m)))
