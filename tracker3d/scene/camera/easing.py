"""Functions that begin and end at rest: steps, ramps and the kernels whose integrals they are."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

STEP_SPEED, STEP_ACCELERATION, STEP_JERK = 2.1875, 7.513, 52.5
"""Largest first, second and third derivative of :func:`smooth_step` (of distance 1 in time 1)."""


class Ease(enum.StrEnum):
    """How a move leaves and arrives; all begin and end without speed, acceleration and jerk."""

    SMOOTH = "smooth"
    EARLY = "early"
    """Most of the way is done in the first half."""
    LATE = "late"

    def at(self, share: float) -> float:
        """Return the share of the way at a share of the time, 0 to 1."""
        share = min(max(share, 0.0), 1.0)
        if self is Ease.LATE:
            return float(smooth_step(share**1.5))
        if self is Ease.EARLY:
            return 1.0 - float(smooth_step((1.0 - share) ** 1.5))
        return float(smooth_step(share))


def smooth_step(share: ArrayLike) -> NDArray[np.float64]:
    """Return the step of degree seven from 0 to 1; its first three derivatives are 0 at both ends."""
    x = np.clip(np.asarray(share, float), 0.0, 1.0)
    result: NDArray[np.float64] = x**4 * (35.0 + x * (-84.0 + x * (70.0 - 20.0 * x)))
    return result


def kernel(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cos^4 weights over (-1, 1), not normalised; three times continuously differentiable."""
    weights: NDArray[np.float64] = np.where(np.abs(offset) < 1.0, np.cos(0.5 * np.pi * offset) ** 4, 0.0)
    return weights


def ramped(elapsed_s: float, *, length: float, speed: float, ease_s: float) -> float:
    """Return how far a move has come that takes up its speed, keeps it, and comes to rest at ``length``.

    Speed rises and falls by :func:`smooth_step` over ``ease_s`` each, less where the way is short.
    """
    if length <= 0.0 or speed <= 0.0 or elapsed_s <= 0.0:
        return 0.0
    ease_s = min(ease_s, length / speed)
    total_s = length / speed + ease_s
    if elapsed_s >= total_s:
        return length
    gained = _risen(elapsed_s, ease_s) if elapsed_s < total_s / 2 else 0.0
    if elapsed_s < total_s / 2:
        return speed * gained
    return length - speed * _risen(total_s - elapsed_s, ease_s)


def ramped_duration_s(*, length: float, speed: float, ease_s: float) -> float:
    """Return how long a move by :func:`ramped` lasts."""
    return length / speed + min(ease_s, length / speed)


def _risen(elapsed_s: float, ease_s: float) -> float:
    """Integral of a speed that rises to 1 over ``ease_s``."""
    if elapsed_s >= ease_s:
        return elapsed_s - 0.5 * ease_s
    x = elapsed_s / ease_s
    return ease_s * x**5 * (7.0 + x * (-14.0 + x * (10.0 - 2.5 * x)))


def wrapped(angle_rad: float) -> float:
    """Return an angle within -pi to pi."""
    return math.remainder(angle_rad, math.tau)
