"""A plausible lateral place for each rider: it is not in the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LANE_HALF_WIDTH_M = 1.9
_SWAY_M = 0.4
_GOLDEN = 0.6180339887498949


def lanes(bibs: NDArray[np.int32]) -> NDArray[np.float64]:
    """Lateral place (m), phase and rate (turns, turns per ms) of the sway of each bib, (3, k) float64.

    Neighbours in number lie far apart.
    """
    fraction = np.mod(np.abs(bibs.astype(float)) * _GOLDEN, 1.0)
    lane_m = (2.0 * fraction - 1.0) * _LANE_HALF_WIDTH_M
    lane_m[bibs < 0] *= 0.3
    period_s = 35.0 + 50.0 * np.mod(fraction * 13.0, 1.0)
    return np.stack([lane_m, np.mod(fraction * 7.0, 1.0), 1.0 / (1000.0 * period_s)])


@compiled
def sway_at(turns: float) -> float:
    """Lateral sway after so many turns: a wave of two parabolas, smooth and far cheaper than a sine."""
    share = turns - np.floor(turns + 0.5)
    return float(_SWAY_M * (8.0 * share - 16.0 * share * abs(share)))
