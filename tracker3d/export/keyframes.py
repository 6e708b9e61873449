"""Fewer keys for riders, with a bound on the error at every sample.

Players interpolate straight in time between keys, so the error that counts is time-synchronous: the distance
between where the player shows a rider at a second and where the rider is at that second, not the distance
from the path's shape.

Keys are free: they may stand at parts of a second, and beside the path as long as what is shown at every
sample stays within the bound. That takes a quarter fewer keys than choosing among the samples, for a chord
that cuts a bend on both sides may be longer than one that starts and ends on it. At each time a key may take
one of a few places across the path. From all places that can be reached by a number of keys, the next key is
the farthest one that any of them can reach (greedy, as Imai and Iri 1988 do for tolerance zones); which of
them is meant is decided backwards, from the end.

Places are rounded to a grid before they are tried, and the grid is what a compressed file holds. So the bound
is kept by the very numbers that a player reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.key_walk import PARTS, largest_error_m, walk
from tracker3d.export.thinning import float_reserve_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFFSETS = (0.0, -0.3, 0.3, -0.6, 0.6, -0.9, 0.9)
"""Places across the path that a key may take, as shares of the bound, the first preferred."""


@dataclass(frozen=True)
class Keys:
    """Keys of one rider: ``times_s`` (k,) float32 from 0 on, and where he is then.

    The places are k rows of ``line`` (n, 3) float32, stage axes, from ``begin`` on: riders may share a line
    (:mod:`tracker3d.export.shared_keys`). Times and places are whole numbers of the steps of
    :func:`grid_step_m` and :data:`PARTS`, or of those of shared keys. ``error_m`` is the largest distance at
    any second between what they show and where he is.
    """

    times_s: NDArray[np.float32]
    line: NDArray[np.float32]
    begin: int
    error_m: float

    @classmethod
    def measured(
        cls,
        times_s: NDArray[np.float64],
        line: NDArray[np.float32],
        path: NDArray[np.float64],
        *,
        begin: int = 0,
    ) -> Keys:
        """Return keys of a rider who is at ``path`` (t, 3) once a second."""
        times, places = times_s.astype(np.float32), line[begin : begin + len(times_s)]
        return cls(times, line, begin, largest_error_m(path, times, places))

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def positions_m(self) -> NDArray[np.float32]:
        """Places (k, 3)."""
        return self.line[self.begin : self.begin + len(self.times_s)]


def grid_step_m(max_error_m: float) -> float:
    """Return the grid on which keys stand for a bound, a power of two of a metre.

    For small bounds the corner of a cell is 0.87 bounds at most from its middle: a finer grid needs 6 % fewer
    keys, but each of them takes 12 % more room. Beyond half a metre the grid grows to half of the bound only,
    so that riders are not seen to shake.
    """
    return float(2.0 ** np.floor(np.log2(min(max_error_m, max(0.5, max_error_m / 2.0)))))


def reduce_paths(positions_m: NDArray[np.float32], *, max_error_m: float) -> list[Keys]:
    """Choose keys for paths that are given once a second.

    Parameters
    ----------
    positions_m : (t, n, 3) float32
        Positions of n riders at the seconds 0 to t - 1, stage axes; no NaN.
    max_error_m : float
        Largest distance allowed at any second between the interpolated and the given position.

    Returns
    -------
    list of Keys
        For each rider, with keys at the first and the last second; one key where there is one second only,
        or where the rider stands still throughout.

    Notes
    -----
    Players compute in float32; a reserve of two units in the last place of the largest coordinate is kept
    for that, so that the bound holds for what they show and not only for exact arithmetic.

    Raises
    ------
    ValueError
        The bound is too close to that reserve, or a position is not finite.
    """
    if not np.isfinite(positions_m).all():
        raise ValueError("paths to reduce must be finite")
    bound_m = max_error_m - float_reserve_m(positions_m)
    grid_m = grid_step_m(max_error_m)
    if bound_m <= 0.9 * grid_m:
        raise ValueError(f"float32 cannot hold positions that far out to {max_error_m} m")
    offsets_m = np.array(OFFSETS) * max_error_m
    keys = []
    for rider in range(positions_m.shape[1]):
        path = np.ascontiguousarray(positions_m[:, rider], dtype=np.float64)
        parts, places = walk(path, offsets_m, grid_m, bound_m)
        if (places == places[0]).all():
            parts, places = parts[:1], places[:1]
        keys.append(Keys.measured(parts / PARTS, places.astype(np.float32), path))
    return keys
