"""What is remembered of each rider live: his open fixes with the hypotheses after each, and his way so far.

The arrays are few, since each of them costs a miss of the processor's cache for each rider in a large field.
Slots are used in turn, so that settling a fix moves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.track.hypotheses import HYPOTHESES, empty_beams, scratch_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAG = 3
"""So many newer fixes settle which place a fix belongs to."""

CANDIDATES = 6
KNOTS = 32
SLOTS = LAG + 2
"""One more than can be open: the fix settled last keeps its beam."""

OPEN, FIRST, SETTLED_KNOTS, ALL_KNOTS = range(4)
"""Columns of counts: open fixes, the slot of the first one, knots that are settled, and all."""

FIX_TIME, FIX_X, FIX_Y, FIX_MPS, FIX_LON, FIX_LAT, FIX_SERIAL = range(7)
"""Columns of fixes: time in s, local frame in m, reported speed, as received, the caller's number."""

TIME, PLACE, MPS = range(3)
"""Columns of knots."""

MEAN, VARIANCE, AT_S, REPORTED, FARTHEST, RAW, TURNS, TURNED, WAS_TAKEN = range(9)
"""Columns of what is settled: filtered place, its variance, time and reported speed of the last fix taken,
the farthest and the last place taken, how often taking and rejecting took turns lately, when last, and
whether the last one was taken."""

CHAIN_TIME, CHAIN_RAW, CHAIN_MPS, CHAIN_FIX, CHAIN_WAY = range(5)
CHAIN_TOLD, CHAIN_MEAN, CHAIN_VARIANCE, CHAIN_PREDICTED, CHAIN_SMOOTH = range(5, 10)
"""Columns of the chain of fixes taken: time, place, speed, variance of the place and of the way to it; the
way that the speeds tell, filtered place, its variance, the variance predicted, smoothed place."""


class Windows(NamedTuple):
    """Open fixes and way of each rider; the first axis is the rider."""

    counts: NDArray[np.int64]
    """(r, 4)."""
    fixes: NDArray[np.float64]
    """(r, slots, 7)."""
    places: NDArray[np.float64]
    """(r, slots, 2, candidates): road distances of the candidates, and their offsets."""
    beams: NDArray[np.float64]
    """(r, slots, hypotheses, 7): after each fix; that before the first open fix is in the slot before."""
    links: NDArray[np.int8]
    """(r, slots, 2, hypotheses): each hypothesis's parent in the beam before, and the candidate it took."""
    settled: NDArray[np.float64]
    """(r, 9)."""
    knots: NDArray[np.float64]
    """(r, knots, 3)."""


def empty_windows(riders: int) -> Windows:
    """Make room for riders of whom nothing is known."""
    settled = np.full((riders, 9), np.nan)
    settled[:, FARTHEST] = -np.inf
    settled[:, TURNS] = 0.0
    return Windows(
        counts=np.zeros((riders, 4), np.int64),
        fixes=np.zeros((riders, SLOTS, 7)),
        places=np.zeros((riders, SLOTS, 2, CANDIDATES)),
        beams=np.repeat(empty_beams(riders)[:, None], SLOTS, axis=1),
        links=np.zeros((riders, SLOTS, 2, HYPOTHESES), np.int8),
        settled=settled,
        knots=np.zeros((riders, KNOTS, 3)),
    )


class Scratch(NamedTuple):
    """Room for one rider's step."""

    entries: NDArray[np.float64]
    chosen: NDArray[np.int64]
    """(slots,) the candidate taken of each open fix, or -1."""
    chain: NDArray[np.float64]
    """(slots, 10)."""


def new_scratch() -> Scratch:
    """Make room for one rider's step."""
    return Scratch(scratch_of(CANDIDATES), np.zeros(SLOTS, np.int64), np.zeros((SLOTS, 10)))
