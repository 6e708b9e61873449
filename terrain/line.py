"""The road that ground is built for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


BRIDGE, TUNNEL = 1, 2


@dataclass(frozen=True)
class GroundLine:
    """A road in the local frame.

    Attributes
    ----------
    x_m, y_m : (n,) float64
        At least two points, in riding order.
    height_m : (n,) float64
        The road's own height; NaN where it is not known.
    structure : (n,) uint8, optional
        ``BRIDGE`` or ``TUNNEL`` where a map says so, 0 elsewhere.
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    height_m: NDArray[np.float64]
    structure: NDArray[np.uint8] | None = None

    @cached_property
    def distance_m(self) -> NDArray[np.float64]:
        """Length along the line in the local frame, (n,), for windows and spacing, not for figures."""
        steps = np.hypot(np.diff(self.x_m), np.diff(self.y_m))
        return np.concatenate([[0.0], np.cumsum(steps)])

    def densified(self, spacing_m: float) -> GroundLine:
        """Return the line with points about ``spacing_m`` apart; its own points are not kept."""
        total = float(self.distance_m[-1])
        at = np.linspace(0.0, total, max(2, int(np.ceil(total / spacing_m)) + 1))
        return GroundLine(
            np.interp(at, self.distance_m, self.x_m),
            np.interp(at, self.distance_m, self.y_m),
            np.interp(at, self.distance_m, self.height_m),
        )

    def with_heights(self, height_m: NDArray[np.float64]) -> GroundLine:
        """Return the line with unknown heights taken from ``height_m`` and then interpolated along the line.

        On structures they are interpolated only. Where nothing at all is known the height is 0.
        """
        apart = np.zeros(len(self.x_m), np.bool_) if self.structure is None else self.structure > 0
        heights = np.where(np.isfinite(self.height_m) | apart, self.height_m, height_m)
        known = np.isfinite(heights)
        if not known.any():
            heights = np.zeros_like(heights)
        elif not known.all():
            heights = np.interp(self.distance_m, self.distance_m[known], heights[known])
        return GroundLine(self.x_m, self.y_m, heights, self.structure)
