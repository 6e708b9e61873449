"""Where the rivers, gaps and lakes of a range are to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class River:
    """A river that the range is built around: the base level of everything that drains to it.

    Attributes
    ----------
    x_m, y_m : tuple of float
        Corner points from the mouth upstream, metres from the south-west corner; joined by a smooth line.
    height_m : tuple of float
        Height of the water at these points, rising.
    floor_half_width_m : float
        Half the width of the flat valley floor.
    """

    x_m: tuple[float, ...]
    y_m: tuple[float, ...]
    height_m: tuple[float, ...]
    floor_half_width_m: float = 260.0


@dataclass(frozen=True)
class Saddle:
    """A gap in the range: uplift is weaker around (``x_m``, ``y_m``) by ``depth`` (0 to 1)."""

    x_m: float
    y_m: float
    radius_m: float
    depth: float


@dataclass(frozen=True)
class Lake:
    """A lake that a river (by number) fills between two of its points with one height in :class:`River`.

    It reaches from ``west_m`` to ``east_m`` and ``half_width_m`` to both sides of the river.
    """

    river: int
    west_m: float
    east_m: float
    half_width_m: float


@dataclass(frozen=True)
class Plan:
    """The rivers, gaps and lakes of a range, in metres from the south-west corner.

    ``summit_m`` is about how high the highest peaks stand.
    """

    rivers: tuple[River, ...]
    saddles: tuple[Saddle, ...] = ()
    lakes: tuple[Lake, ...] = ()
    summit_m: float = 3_100.0


def default_plan(width_m: float, depth_m: float) -> Plan:
    """Return one river through the middle, for any size of range."""
    at = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    y = depth_m * np.array([0.45, 0.52, 0.46, 0.55, 0.5, 0.58])
    heights = 600.0 + 0.012 * width_m * at + 200.0 * at**3
    return Plan(rivers=(River(tuple(width_m * at), tuple(y), tuple(heights)),))
