"""A plausible lateral place for each rider: it is not in the data.

A bunch rides in a number of lines that keep their distance from the middle of the road but for a slow sway.
A line is a place on the road, not a matter of time: who stands still does not slide, and all riders of a line
pass the same points. Exported files hold those points once for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Turns = TypeVar("_Turns", float, "NDArray[np.float64]")

LANES = 16
_LANE_HALF_WIDTH_M = 1.9
_SWAY_M = 0.4
_GOLDEN = 0.6180339887498949


def lanes(bibs: NDArray[np.int32]) -> NDArray[np.float64]:
    """Lateral place (m), phase and rate (turns, turns per metre) of the sway of each bib, (3, k) float64.

    Neighbours in number lie far apart.
    """
    lane = np.floor(LANES * np.mod(np.abs(bibs.astype(float)) * _GOLDEN, 1.0))
    lane_m = ((2.0 * lane + 1.0) / LANES - 1.0) * _LANE_HALF_WIDTH_M
    lane_m[bibs < 0] *= 0.3
    length_m = 400.0 + 500.0 * np.mod(lane * _GOLDEN, 1.0)
    return np.stack([lane_m, np.mod(lane * 7.0 * _GOLDEN, 1.0), 1.0 / length_m])


def laterals(lane: NDArray[np.float64], distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lateral places (..., k) of riders with lanes (3, k) at road distances (..., k)."""
    place_m: NDArray[np.float64] = lane[0] + sway_at(lane[1] + lane[2] * distance_m)
    return place_m


@compiled
def sway_at(turns: _Turns) -> _Turns:
    """Lateral sway after so many turns: a wave of two parabolas, smooth and far cheaper than a sine."""
    share = turns - np.floor(turns + 0.5)
    aside_m: _Turns = _SWAY_M * (8.0 * share - 16.0 * share * np.abs(share))
    return aside_m
