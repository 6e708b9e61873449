"""Which of the candidate places is right: several hypotheses for each rider, carried on through time.

Near a hairpin, a crossing, an out-and-back or on laps one fix cannot tell the leg of the road; the way
before and after can. For each rider a handful of hypotheses are carried on, each with the last fix that it
took, and each new fix may be taken at one of its candidate places or skipped as junk. What a step costs
follows from how far the fix lies from the road, how well the way along it agrees with the elapsed time and
the reported speeds (Student's t for both: real errors have heavy tails), and how far it runs backwards. No
hypothesis goes faster than any rider can, nor back by more than a crowd's noise. All riders advance
together, one fix each a step, as arrays; the cheapest history at the end decides all fixes at once.

The idea is multiple hypothesis tracking in one dimension, as rail and road vehicles are tracked; see Newson
and Krumm, "Hidden Markov map matching through noise and sparseness" (2009), for the single-hypothesis form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.places import Places

LARGEST_RETREAT_M = 30.0
"""No accepted fix lies farther behind the farthest accepted fix of its rider."""

_HYPOTHESES = 8
_SKIP_COST = 12.0
_START_COST = 6.0
_START_COST_PER_M = 2e-5
_RETREAT_COST_PER_M = 0.15
_SAME_PLACE_M = 40.0
_HARDLY_FARTHER_M = 6.0
_MOST_ALIKE = 2
_SPEED_MEMORY_S = 12.0
_TYPICAL_SPEED_MPS = 10.0


@dataclass
class _Beam:
    """Hypotheses of all active riders, (riders, hypotheses); the last column has taken nothing yet."""

    place_m: NDArray[np.float64]
    time_s: NDArray[np.float64]
    reported_mps: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    farthest_m: NDArray[np.float64]
    cost: NDArray[np.float64]

    @classmethod
    def empty(cls, riders: int) -> _Beam:
        shape = (riders, _HYPOTHESES)
        cost = np.full(shape, np.inf)
        cost[:, -1] = 0.0
        place, time, reported, speed = (np.full(shape, np.nan) for _ in range(4))
        return cls(place, time, reported, speed, np.full(shape, -np.inf), cost)

    def at(self, kept: NDArray[np.int64]) -> _Beam:
        """Pick hypotheses of every rider."""
        return _Beam(*(np.take_along_axis(values, kept, axis=1) for values in self.columns()))

    def first(self, riders: int) -> _Beam:
        """Leave out the riders after the first so many."""
        return _Beam(*(values[:riders] for values in self.columns()))

    def columns(self) -> tuple[NDArray[np.float64], ...]:
        """Return all fields in their order."""
        return self.place_m, self.time_s, self.reported_mps, self.speed_mps, self.farthest_m, self.cost


def choose(
    places: Places,
    *,
    time_ms: NDArray[np.int64],
    rider: NDArray[np.int32],
    speed_mps: NDArray[np.float32],
    noise_m: float,
) -> NDArray[np.int64]:
    """Choose for each fix the candidate that continues its rider's way, or none.

    Parameters
    ----------
    places : Places
        Candidates of n fixes that are sorted by rider, then time.
    time_ms : (n,) int64
    rider : (n,) int32
        Index of the rider; not all need to occur.
    speed_mps : (n,) float32
        As reported, NaN where not.
    noise_m : float
        Scale of the lateral offsets of good fixes.

    Returns
    -------
    (n,) int64
        Column of ``places``, or -1 for a fix that is skipped.
    """
    n = len(places.distance_m)
    starts = np.flatnonzero(np.diff(rider, prepend=-1)) if n else np.zeros(0, np.int64)
    counts = np.diff(np.append(starts, n))
    order = np.argsort(-counts, kind="stable")
    starts, counts = starts[order], counts[order]
    time_s = (time_ms - time_ms.min()) / 1000.0 if n else np.zeros(0)
    off_road = 2.0 * np.log1p((places.lateral_m / noise_m) ** 2 / 3.0)
    reported = speed_mps.astype(float)
    parent = np.full((n, _HYPOTHESES), -1, np.int8)
    taken = np.full((n, _HYPOTHESES), -1, np.int8)
    beam = _Beam.empty(len(starts))
    last_cost = np.full((len(starts), _HYPOTHESES), np.inf)
    for step in range(int(counts[0]) if n else 0):
        active = int(np.searchsorted(-counts, -step, side="left"))
        rows = starts[:active] + step
        last_cost[active : len(beam.cost)] = beam.cost[active:]
        beam, parent[rows], taken[rows] = _advance(
            beam.first(active), places.distance_m[rows], off_road[rows], time_s[rows], reported[rows], noise_m
        )
    last_cost[: len(beam.cost)] = beam.cost
    return (
        _history(starts, counts, np.argmin(last_cost, axis=1), parent, taken) if n else np.zeros(0, np.int64)
    )


def _advance(
    beam: _Beam,
    candidate_m: NDArray[np.float64],
    off_road: NDArray[np.float64],
    now_s: NDArray[np.float64],
    reported_mps: NDArray[np.float64],
    noise_m: float,
) -> tuple[_Beam, NDArray[np.int8], NDArray[np.int8]]:
    """Take one fix of each rider: the new beam, and for each hypothesis its parent and the column it took.

    Each candidate is reached from the cheapest hypothesis, and from the cheapest of those that were never
    farther: one bad fix too far ahead would otherwise bind all that follow.
    """
    k = candidate_m.shape[1]
    cost = _cost_of_way(beam, candidate_m, now_s, reported_mps, noise_m)
    cost += beam.cost[:, :, None]
    cheapest = np.argmin(cost, axis=1)
    farther = beam.farthest_m[:, :, None] > candidate_m[:, None, :] + _HARDLY_FARTHER_M
    unbound = np.argmin(np.where(farther, np.inf, cost), axis=1)
    parent = np.concatenate([cheapest, unbound], axis=1)
    taken_m = np.concatenate([candidate_m, candidate_m], axis=1)
    take_cost = np.concatenate([_picked(cost, cheapest), _picked(cost, unbound)], axis=1)
    take_cost += np.concatenate([off_road, off_road], axis=1)
    take_cost[:, k:][unbound == cheapest] = np.inf

    def inherited(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.take_along_axis(values, parent, axis=1)

    elapsed_s = np.maximum(now_s[:, None] - inherited(beam.time_s), 1e-3)
    measured = (taken_m - inherited(beam.place_m)) / elapsed_s
    before = inherited(beam.speed_mps)
    change = np.minimum(elapsed_s / _SPEED_MEMORY_S, 0.7) * (measured - before)
    now = np.broadcast_to(now_s[:, None], taken_m.shape)
    reported = np.broadcast_to(reported_mps[:, None], taken_m.shape)
    everything = _Beam(
        np.concatenate([taken_m, beam.place_m], axis=1),
        np.concatenate([now, beam.time_s], axis=1),
        np.concatenate([reported, beam.reported_mps], axis=1),
        np.concatenate([np.where(np.isnan(before), measured, before + change), beam.speed_mps], axis=1),
        np.concatenate([np.fmax(taken_m, inherited(beam.farthest_m)), beam.farthest_m], axis=1),
        np.concatenate([take_cost, beam.cost + _SKIP_COST], axis=1),
    )
    kept = _survivors(everything, now_s)
    parents = np.concatenate([parent, np.broadcast_to(np.arange(_HYPOTHESES), beam.cost.shape)], axis=1)
    columns = np.where(kept < 2 * k, kept % k, -1)
    return (
        everything.at(kept),
        np.take_along_axis(parents, kept, axis=1).astype(np.int8),
        columns.astype(np.int8),
    )


def _picked(cost: NDArray[np.float64], hypothesis: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cost of reaching each candidate from the hypothesis picked for it."""
    return np.asarray(np.take_along_axis(cost, hypothesis[:, None, :], axis=1)[:, 0, :])


def _cost_of_way(
    beam: _Beam,
    candidate_m: NDArray[np.float64],
    now_s: NDArray[np.float64],
    reported_mps: NDArray[np.float64],
    noise_m: float,
) -> NDArray[np.float64]:
    """Cost of going from each hypothesis to each candidate, (riders, hypotheses, k); infinite if too fast."""
    elapsed_s = now_s[:, None] - beam.time_s
    reported = _mean_known(beam.reported_mps, reported_mps[:, None])
    told = ~np.isnan(reported)
    expected_mps = np.where(
        told, reported, np.where(np.isnan(beam.speed_mps), _TYPICAL_SPEED_MPS, beam.speed_mps)
    )
    spread_m = 1.4 * noise_m + np.where(told, 0.6, 2.0) * elapsed_s
    way_m = candidate_m[:, None, :] - beam.place_m[:, :, None]
    surprise = (way_m - (expected_mps * elapsed_s)[:, :, None]) / spread_m[:, :, None]
    cost = 2.0 * np.log1p(surprise * surprise / 3.0)
    cost += _RETREAT_COST_PER_M * np.maximum(-way_m - 2.0 * noise_m, 0.0)
    impossible = np.abs(way_m) > (LARGEST_SPEED_MPS * elapsed_s)[:, :, None]
    impossible |= candidate_m[:, None, :] < beam.farthest_m[:, :, None] - LARGEST_RETREAT_M
    cost[impossible] = np.inf
    cost[:, -1, :] = _START_COST + _START_COST_PER_M * candidate_m
    np.nan_to_num(cost, copy=False, nan=np.inf, posinf=np.inf)
    return cost


def _mean_known(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of two speeds, or the one that is known."""
    return 0.5 * (np.where(np.isnan(first), second, first) + np.where(np.isnan(second), first, second))


def _survivors(beam: _Beam, now_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose the hypotheses to keep: the cheapest, few of a kind, and the empty one last.

    Two with the rider at the same place, then or as expected now, are of a kind if the better one was never
    farther.
    Without that limit a second tracker's many near-equal histories would crowd out the rider's own. Slots
    that stay free get an infinite cost.
    """
    empty = beam.cost.shape[1] - 1
    cost = beam.cost.copy()
    cost[:, empty] = np.inf
    order = np.argsort(cost, axis=1, kind="stable")
    speed_mps = np.where(np.isnan(beam.reported_mps), beam.speed_mps, beam.reported_mps)
    expected_m = beam.place_m + speed_mps * (now_s[:, None] - beam.time_s)
    farthest_m = np.take_along_axis(beam.farthest_m, order, axis=1)
    alike = np.zeros((*cost.shape, cost.shape[1]), bool)
    for place_m in (beam.place_m, expected_m):
        in_order_m = np.take_along_axis(place_m, order, axis=1)
        alike |= np.abs(in_order_m[:, :, None] - in_order_m[:, None, :]) < _SAME_PLACE_M
    alike &= farthest_m[:, None, :] <= farthest_m[:, :, None] + _HARDLY_FARTHER_M
    alike &= np.tri(cost.shape[1], k=-1, dtype=bool)
    sorted_cost = np.take_along_axis(cost, order, axis=1)
    sorted_cost[alike.sum(axis=2) >= _MOST_ALIKE] = np.inf
    again = np.argsort(sorted_cost, axis=1, kind="stable")[:, : _HYPOTHESES - 1]
    kept = np.take_along_axis(order, again, axis=1)
    np.put_along_axis(cost, order, sorted_cost, axis=1)
    cost[:, empty] = beam.cost[:, empty]
    beam.cost[:] = cost
    return np.concatenate([kept, np.full((len(kept), 1), empty)], axis=1)


def _history(
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    best: NDArray[np.int64],
    parent: NDArray[np.int8],
    taken: NDArray[np.int8],
) -> NDArray[np.int64]:
    """Walk back from the cheapest hypothesis of each rider; riders are ordered by falling count."""
    chosen = np.full(len(parent), -1, np.int64)
    at = best.copy()
    for step in range(int(counts[0]) - 1, -1, -1):
        active = int(np.searchsorted(-counts, -step, side="left"))
        rows = starts[:active] + step
        chosen[rows] = taken[rows, at[:active]]
        at[:active] = parent[rows, at[:active]]
    return chosen
