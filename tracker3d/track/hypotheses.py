"""Which of the candidate places is right: several hypotheses for each rider, carried on through time.

Near a hairpin, a crossing, an out-and-back or on laps one fix cannot tell the leg of the road; the way
before and after can. For each rider a handful of hypotheses are carried on, each with the last fix that it
took, and each new fix may be taken at one of its candidate places or skipped as junk. What a step costs
follows from how far the fix lies from the road, how well the way along it agrees with the elapsed time and
the reported speeds (Student's t for both: real errors have heavy tails), and how far it runs backwards. No
hypothesis goes faster than any rider can, nor back by more than a crowd's noise. In a whole recording the
cheapest history at the end decides all fixes at once; live (:mod:`tracker3d.track.live`) the same steps are
taken fix by fix, and the cheapest history so far decides a few fixes back.

The idea is multiple hypothesis tracking in one dimension, as rail and road vehicles are tracked; see Newson
and Krumm, "Hidden Markov map matching through noise and sparseness" (2009), for the single-hypothesis form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.places import Places

LARGEST_RETREAT_M = 30.0
"""No accepted fix lies farther behind the farthest accepted fix of its rider."""

HYPOTHESES = 8
_SKIP_COST = 12.0
_START_COST = 6.0
_START_COST_PER_M = 2e-5
_RETREAT_COST_PER_M = 0.15
_SAME_PLACE_M = 40.0
_HARDLY_FARTHER_M = 6.0
_MOST_ALIKE = 2
_SPEED_MEMORY_S = 12.0
_TYPICAL_SPEED_MPS = 10.0

PERSISTING_S = 8.0
"""The offset of a fix from the road says something about the next one's if that comes within this time."""

MOST_PERSISTENCE = 0.9

PLACE, TIME, REPORTED, SPEED, FARTHEST, COST, ASIDE = range(7)
BEAM_COLUMNS = 7
"""Columns of a beam, (hypotheses, 7) float64: road distance, time (s) and reported speed of the last fix
taken, speed ridden lately, farthest place, cost, and that fix's offset from the road. The last hypothesis has
taken nothing yet."""

_PARENT, _CANDIDATE, _RANK, _THEN, _NOW, _REACHED = range(7, 13)
_BEFORE, _EXPECTED, _PER_M, _LOWEST, _HIGHEST, _MARK = range(13, 19)
_SCRATCH_ROWS = 19
"""Rows of the room for a step: those of a beam; parent and candidate of each entry; the entries by rank, and
by rank their place, the place expected now and the farthest; of the hypotheses before, the cost, where each
expects the rider now, how surely, between which places he can be, and the farthest that he was."""


def empty_beams(riders: int) -> NDArray[np.float64]:
    """Beams of riders of whom nothing is known, (riders, hypotheses, 7)."""
    beams = np.full((riders, HYPOTHESES, BEAM_COLUMNS), np.nan)
    beams[:, :, FARTHEST] = -np.inf
    beams[:, :, COST] = np.inf
    beams[:, -1, COST] = 0.0
    return beams


def choose(
    places: Places,
    *,
    time_ms: NDArray[np.int64],
    rider: NDArray[np.int32],
    speed_mps: NDArray[np.float32],
    noise_m: float,
    persistence: float,
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
    persistence : float
        Which share of an offset the next fix is expected to have; see :func:`advance`.

    Returns
    -------
    (n,) int64
        Column of ``places``, or -1 for a fix that is skipped.
    """
    n = len(places.distance_m)
    chosen = np.full(n, -1, np.int64)
    if not n:
        return chosen
    starts = np.append(np.flatnonzero(np.diff(rider, prepend=-1)), n)
    time_s = (time_ms - time_ms.min()) / 1000.0
    longest = int(np.diff(starts).max())
    parent, taken = (np.empty((longest, HYPOTHESES), np.int8) for _ in range(2))
    _choose_all(
        *(starts, places.distance_m, places.lateral_m, time_s, speed_mps.astype(float), float(noise_m)),
        float(persistence),
        *(empty_beams(3), scratch_of(places.distance_m.shape[1]), parent, taken, chosen),
    )
    return chosen


@compiled_step
def _choose_all(
    starts: NDArray[np.int64],
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
    time_s: NDArray[np.float64],
    reported_mps: NDArray[np.float64],
    noise_m: float,
    persistence: float,
    beams: NDArray[np.float64],
    scratch: NDArray[np.float64],
    parent: NDArray[np.int8],
    taken: NDArray[np.int8],
    chosen: NDArray[np.int64],
) -> None:
    """Advance each rider through all of his fixes, then walk back from the cheapest hypothesis.

    Of three ``beams`` two take turns, and the last one is that of riders of whom nothing is known.
    """
    for rider in range(len(starts) - 1):
        begin, end = starts[rider], starts[rider + 1]
        for hypothesis in range(HYPOTHESES):
            for column in range(BEAM_COLUMNS):
                beams[0, hypothesis, column] = beams[2, hypothesis, column]
        for step in range(end - begin):
            row = begin + step
            advance(
                *(beams[step % 2], distance_m[row], lateral_m[row], time_s[row], reported_mps[row], noise_m),
                *(persistence, scratch, beams[1 - step % 2], parent[step], taken[step]),
            )
        at = np.argmin(beams[(end - begin) % 2][:, COST])
        for step in range(end - begin - 1, -1, -1):
            chosen[begin + step] = taken[step, at]
            at = parent[step, at]


def scratch_of(most: int) -> NDArray[np.float64]:
    """Room for :func:`advance` with so many candidates."""
    return np.empty((_SCRATCH_ROWS, 2 * most + HYPOTHESES))


@compiled_step
def advance(
    beam: NDArray[np.float64],
    candidate_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
    now_s: float,
    reported_mps: float,
    noise_m: float,
    persistence: float,
    scratch: NDArray[np.float64],
    after: NDArray[np.float64],
    parent: NDArray[np.int8],
    taken: NDArray[np.int8],
) -> None:
    """Let one rider's hypotheses take one fix.

    Each candidate is reached from the cheapest hypothesis, and from the cheapest of those that were never
    farther: one bad fix too far ahead would otherwise bind all that follow. Or the fix is skipped.

    Receivers err by about as much from one fix to the next, so an offset that stays is no news: what counts
    is by how much it differs from what is left of the one before. A few fixes of a rider in a gorge would
    else outweigh his whole way.

    Parameters
    ----------
    beam : (hypotheses, 7) float64
        The cheapest first, but for the last one.
    candidate_m, lateral_m : (k,) float64
        Candidates, nearest first; NaN and infinite where there are no more.
    now_s, reported_mps : float
        Of the fix; the speed is NaN where none is reported.
    noise_m : float
    persistence : float
        Which share of a fix's offset the next one is expected to have, 0 to 1.
    scratch : float64
        From :func:`scratch_of`; overwritten.
    after : (hypotheses, 7) float64
        Written: the new beam.
    parent, taken : (hypotheses,) int8
        Written: each new hypothesis's index in ``beam``, and the candidate that it took, or -1.
    """
    alive = _expect(beam, now_s, reported_mps, noise_m, scratch)
    last, count = HYPOTHESES - 1, 0
    for index in range(len(candidate_m)):
        place_m = candidate_m[index]
        if np.isnan(place_m):
            break
        cheapest, unbound = -1, -1
        cheapest_cost, unbound_cost = np.inf, np.inf
        for hypothesis in range(alive):
            if place_m < scratch[_LOWEST, hypothesis] or place_m > scratch[_HIGHEST, hypothesis]:
                continue
            cost = scratch[_BEFORE, hypothesis]
            if cost >= cheapest_cost and cost >= unbound_cost:
                break
            was_farther = scratch[_MARK, hypothesis] > place_m + _HARDLY_FARTHER_M
            if cost >= cheapest_cost and was_farther:
                continue
            cost += _cost_of_way(beam[hypothesis, PLACE], hypothesis, place_m, noise_m, scratch)
            if cost < cheapest_cost:
                cheapest, cheapest_cost = hypothesis, cost
            if cost < unbound_cost and not was_farther:
                unbound, unbound_cost = hypothesis, cost
        cost = beam[last, COST] + _START_COST + _START_COST_PER_M * place_m
        if cost < cheapest_cost:
            cheapest, cheapest_cost = last, cost
        if cost < unbound_cost:
            unbound, unbound_cost = last, cost
        aside_m = lateral_m[index]
        if cheapest >= 0:
            cost = cheapest_cost + _cost_of_offset(beam, cheapest, aside_m, now_s, noise_m, persistence)
            _take(beam, cheapest, place_m, aside_m, now_s, reported_mps, cost, scratch, count)
            scratch[_CANDIDATE, count] = index
            count += 1
        if unbound >= 0 and unbound != cheapest:
            cost = unbound_cost + _cost_of_offset(beam, unbound, aside_m, now_s, noise_m, persistence)
            _take(beam, unbound, place_m, aside_m, now_s, reported_mps, cost, scratch, count)
            scratch[_CANDIDATE, count] = index
            count += 1
    for hypothesis in range(alive):
        for column in range(BEAM_COLUMNS):
            scratch[column, count] = beam[hypothesis, column]
        scratch[COST, count] += _SKIP_COST
        scratch[_PARENT, count], scratch[_CANDIDATE, count] = hypothesis, -1
        count += 1
    _keep_best(scratch, count, now_s, after, parent, taken)
    for column in range(BEAM_COLUMNS):
        after[last, column] = beam[last, column]
    after[last, COST] += _SKIP_COST
    parent[last], taken[last] = last, -1


@compiled_step
def _expect(
    beam: NDArray[np.float64],
    now_s: float,
    reported_mps: float,
    noise_m: float,
    scratch: NDArray[np.float64],
) -> int:
    """Write where each hypothesis expects its rider now, and where he can be; return how many there are."""
    for hypothesis in range(HYPOTHESES - 1):
        if not beam[hypothesis, COST] < np.inf:
            return hypothesis
        elapsed_s = now_s - beam[hypothesis, TIME]
        expected_mps, unsure_mps = 0.5 * (beam[hypothesis, REPORTED] + reported_mps), 0.6
        if np.isnan(expected_mps):
            expected_mps = beam[hypothesis, REPORTED] if np.isnan(reported_mps) else reported_mps
        if np.isnan(expected_mps):
            unsure_mps = 2.0
            lately_mps = beam[hypothesis, SPEED]
            expected_mps = _TYPICAL_SPEED_MPS if np.isnan(lately_mps) else lately_mps
        scratch[_EXPECTED, hypothesis] = beam[hypothesis, PLACE] + expected_mps * elapsed_s
        scratch[_PER_M, hypothesis] = 1.0 / (1.4 * noise_m + unsure_mps * elapsed_s)
        reach_m, farthest_m = LARGEST_SPEED_MPS * elapsed_s, beam[hypothesis, FARTHEST]
        scratch[_LOWEST, hypothesis] = max(beam[hypothesis, PLACE] - reach_m, farthest_m - LARGEST_RETREAT_M)
        scratch[_HIGHEST, hypothesis] = beam[hypothesis, PLACE] + reach_m
        scratch[_MARK, hypothesis], scratch[_BEFORE, hypothesis] = farthest_m, beam[hypothesis, COST]
    return HYPOTHESES - 1


@compiled_step
def _cost_of_way(
    begin_m: float, hypothesis: int, place_m: float, noise_m: float, scratch: NDArray[np.float64]
) -> float:
    """Cost of going from a hypothesis's last place to another that can be reached."""
    surprise = (place_m - scratch[_EXPECTED, hypothesis]) * scratch[_PER_M, hypothesis]
    cost = 2.0 * np.log(1.0 + surprise * surprise / 3.0)
    return float(cost + _RETREAT_COST_PER_M * max(begin_m - place_m - 2.0 * noise_m, 0.0))


@compiled_step
def _cost_of_offset(
    beam: NDArray[np.float64],
    hypothesis: int,
    aside_m: float,
    now_s: float,
    noise_m: float,
    persistence: float,
) -> float:
    """Cost of a fix's offset from the road, given that of the hypothesis's last one."""
    if now_s - beam[hypothesis, TIME] <= PERSISTING_S:
        aside_m -= persistence * beam[hypothesis, ASIDE]
    return float(2.0 * np.log(1.0 + (aside_m / noise_m) ** 2 / 3.0))


@compiled_step
def _take(
    beam: NDArray[np.float64],
    hypothesis: int,
    place_m: float,
    aside_m: float,
    now_s: float,
    reported_mps: float,
    cost: float,
    taken: NDArray[np.float64],
    at: int,
) -> None:
    """Write the hypothesis that a fix at ``place_m`` leads to into column ``at`` of ``taken``."""
    elapsed_s = max(now_s - beam[hypothesis, TIME], 1e-3)
    measured_mps = (place_m - beam[hypothesis, PLACE]) / elapsed_s
    speed_mps = beam[hypothesis, SPEED]
    if np.isnan(speed_mps):
        speed_mps = measured_mps
    else:
        speed_mps += min(elapsed_s / _SPEED_MEMORY_S, 0.7) * (measured_mps - speed_mps)
    taken[PLACE, at], taken[TIME, at], taken[REPORTED, at] = place_m, now_s, reported_mps
    taken[SPEED, at], taken[COST, at], taken[_PARENT, at] = speed_mps, cost, hypothesis
    taken[FARTHEST, at], taken[ASIDE, at] = max(place_m, beam[hypothesis, FARTHEST]), aside_m


@compiled_step
def _keep_best(
    everything: NDArray[np.float64],
    count: int,
    now_s: float,
    after: NDArray[np.float64],
    parent: NDArray[np.int8],
    taken: NDArray[np.int8],
) -> None:
    """Keep the cheapest hypotheses, few of a kind.

    Two with the rider at the same place, then or as expected now, are of a kind if the better one was never
    farther. Without that limit a second tracker's many near-equal histories would crowd out the rider's own.
    """
    for entry in range(count):
        rank, cost = 0, everything[COST, entry]
        for other in range(entry):
            rank += everything[COST, other] <= cost
        for other in range(entry + 1, count):
            rank += everything[COST, other] < cost
        everything[_RANK, rank] = entry
    kept = 0
    for rank in range(count):
        entry = int(everything[_RANK, rank])
        place_m, farthest_m = everything[PLACE, entry], everything[FARTHEST, entry]
        speed_mps = everything[REPORTED, entry]
        if np.isnan(speed_mps):
            speed_mps = everything[SPEED, entry]
        now_m = place_m + speed_mps * (now_s - everything[TIME, entry])
        alike = 0
        for better in range(rank):
            near = (abs(everything[_THEN, better] - place_m) < _SAME_PLACE_M) | (
                abs(everything[_NOW, better] - now_m) < _SAME_PLACE_M
            )
            alike += near & (everything[_REACHED, better] <= farthest_m + _HARDLY_FARTHER_M)
        everything[_THEN, rank], everything[_NOW, rank], everything[_REACHED, rank] = (
            place_m,
            now_m,
            farthest_m,
        )
        if alike < _MOST_ALIKE:
            for column in range(BEAM_COLUMNS):
                after[kept, column] = everything[column, entry]
            parent[kept], taken[kept] = int(everything[_PARENT, entry]), int(everything[_CANDIDATE, entry])
            kept += 1
            if kept == HYPOTHESES - 1:
                break
    for free in range(kept, HYPOTHESES - 1):
        after[free, COST] = np.inf
        parent[free], taken[free] = 0, -1
