"""A rider's way by his open fixes: as the cheapest hypothesis reads them, smoothed with the speeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled_step
from tracker3d.track.hypotheses import COST, HYPOTHESES, SPEED
from tracker3d.track.live_windows import (
    ALL_KNOTS,
    AT_S,
    CHAIN_FIX,
    CHAIN_MEAN,
    CHAIN_MPS,
    CHAIN_PREDICTED,
    CHAIN_RAW,
    CHAIN_SMOOTH,
    CHAIN_TIME,
    CHAIN_TOLD,
    CHAIN_VARIANCE,
    CHAIN_WAY,
    FIRST,
    FIX_MPS,
    FIX_TIME,
    MEAN,
    MPS,
    OPEN,
    PLACE,
    REPORTED,
    SETTLED_KNOTS,
    SLOTS,
    TIME,
    VARIANCE,
)
from tracker3d.track.smooth import FIX_M, doubted, fix_variance, way_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.live_windows import Scratch, Windows

REPORT_LAG_S = 2.5
LONGEST_REPORT_STEP_S = 15.0
"""Reported speeds are set right in time by the next one, unless that comes later than this."""

HOLD_S = 60.0
"""A rider of whom nothing comes is taken to go on at his last speed for so long."""

_ROUNDS = 3
_SETTLED_ROUND_M = 0.02
_UNTOLD_MPS = 2.0


@compiled_step
def refresh_way(windows: Windows, r: int, scratch: Scratch) -> None:
    """Read the open fixes by the cheapest hypothesis, smooth them and write them as knots."""
    counts = windows.counts[r]
    count, first = counts[OPEN], counts[FIRST]
    beam = windows.beams[r, (first + count - 1) % SLOTS]
    best = 0
    for hypothesis in range(HYPOTHESES):
        if beam[hypothesis, COST] < beam[best, COST]:
            best = hypothesis
    lately_mps = beam[best, SPEED]
    at = best
    for number in range(count - 1, -1, -1):
        links = windows.links[r, (first + number) % SLOTS]
        scratch.chosen[number] = links[1, at]
        at = links[0, at]
    length = _link(windows, r, scratch, lately_mps)
    settled_knots = counts[SETTLED_KNOTS]
    lowest_m = windows.knots[r, settled_knots - 1, PLACE] if settled_knots else -np.inf
    chain = scratch.chain
    if length:
        _smooth(windows.settled[r], chain, length)
        _make_monotone(chain, length, lowest_m)
    for index in range(length):
        knot = windows.knots[r, settled_knots + index]
        knot[TIME], knot[PLACE], knot[MPS] = (
            chain[index, CHAIN_TIME],
            chain[index, CHAIN_SMOOTH],
            chain[index, CHAIN_MPS],
        )
    counts[ALL_KNOTS] = settled_knots + length


@compiled_step
def _link(windows: Windows, r: int, scratch: Scratch, lately_mps: float) -> int:
    """Write the fixes taken into the chain: what each says, and what the speeds say from one to the next."""
    chain, settled = scratch.chain, windows.settled[r]
    before_s, before_mps = settled[AT_S], settled[REPORTED]
    length = 0
    last_mps = before_mps
    for number in range(windows.counts[r, OPEN]):
        column = scratch.chosen[number]
        if column < 0:
            continue
        slot = (windows.counts[r, FIRST] + number) % SLOTS
        time_s, reported = windows.fixes[r, slot, FIX_TIME], windows.fixes[r, slot, FIX_MPS]
        chain[length, CHAIN_TIME], chain[length, CHAIN_RAW] = time_s, windows.places[r, slot, 0, column]
        chain[length, CHAIN_MPS] = reported
        chain[length, CHAIN_FIX] = fix_variance(windows.places[r, slot, 1, column])
        elapsed_s = time_s - before_s
        corrected = last_mps
        if not np.isnan(before_s) and not np.isnan(reported) and elapsed_s <= LONGEST_REPORT_STEP_S:
            corrected += min(REPORT_LAG_S / max(elapsed_s, 1e-3), 1.0) * (reported - last_mps)
        if length:
            chain[length - 1, CHAIN_MPS] = corrected
        told_mps = 0.5 * (corrected + reported)
        spread = way_variance(elapsed_s)
        if np.isnan(told_mps):
            told_mps = lately_mps
            spread = (FIX_M + _UNTOLD_MPS * elapsed_s) ** 2
            if np.isnan(told_mps):
                told_mps = 0.0
                spread = (LARGEST_SPEED_MPS * elapsed_s + FIX_M) ** 2
        chain[length, CHAIN_TOLD], chain[length, CHAIN_WAY] = told_mps * elapsed_s, spread
        before_s, last_mps = time_s, reported
        length += 1
    for index in range(length):
        if np.isnan(chain[index, CHAIN_MPS]):
            chain[index, CHAIN_MPS] = 0.0 if np.isnan(lately_mps) else max(lately_mps, 0.0)
    return length


@compiled_step
def _smooth(settled: NDArray[np.float64], chain: NDArray[np.float64], length: int) -> None:
    """Filter the chain on from what is settled, and back; Student's t weighs fixes and ways alike."""
    begun = not np.isnan(settled[MEAN])
    for rounds in range(_ROUNDS):
        mean_m, variance = settled[MEAN], settled[VARIANCE]
        for index in range(length):
            raw_m, spread = chain[index, CHAIN_RAW], chain[index, CHAIN_FIX]
            way = chain[index, CHAIN_WAY]
            if rounds:
                smooth_m = chain[index, CHAIN_SMOOTH]
                spread = doubted(spread, (smooth_m - raw_m) ** 2, spread)
                if index:
                    step_m = smooth_m - chain[index - 1, CHAIN_SMOOTH] - chain[index, CHAIN_TOLD]
                    way = doubted(way, step_m**2, way)
                elif begun:
                    step_m = smooth_m - settled[MEAN] - chain[index, CHAIN_TOLD]
                    way = doubted(way, step_m**2, way + variance)
            if index or begun:
                predicted_m = mean_m + chain[index, CHAIN_TOLD]
                predicted = variance + way
                gain = predicted / (predicted + spread)
                mean_m = predicted_m + gain * (raw_m - predicted_m)
                variance = (1.0 - gain) * predicted
                chain[index, CHAIN_PREDICTED] = predicted
            else:
                mean_m, variance = raw_m, spread
            chain[index, CHAIN_MEAN], chain[index, CHAIN_VARIANCE] = mean_m, variance
        smooth_m = mean_m
        moved_m = abs(smooth_m - chain[length - 1, CHAIN_SMOOTH])
        chain[length - 1, CHAIN_SMOOTH] = smooth_m
        for index in range(length - 2, -1, -1):
            back = chain[index, CHAIN_VARIANCE] / chain[index + 1, CHAIN_PREDICTED]
            ahead_m = chain[index, CHAIN_MEAN] + chain[index + 1, CHAIN_TOLD]
            smooth_m = chain[index, CHAIN_MEAN] + back * (smooth_m - ahead_m)
            moved_m = max(moved_m, abs(smooth_m - chain[index, CHAIN_SMOOTH]))
            chain[index, CHAIN_SMOOTH] = smooth_m
        if rounds and moved_m < _SETTLED_ROUND_M:
            break


@compiled_step
def _make_monotone(chain: NDArray[np.float64], length: int, lowest_m: float) -> None:
    """Take the middle of the running maximum and the running minimum from behind: both rise."""
    least = np.inf
    for index in range(length - 1, -1, -1):
        least = min(least, chain[index, CHAIN_SMOOTH])
        chain[index, CHAIN_WAY] = least
    most = lowest_m
    for index in range(length):
        most = max(most, chain[index, CHAIN_SMOOTH])
        chain[index, CHAIN_SMOOTH] = max(0.5 * (most + chain[index, CHAIN_WAY]), lowest_m)


@compiled_step
def place_at(knots: NDArray[np.float64], count: int, time_s: float) -> float:
    """Road distance by one rider's knots: a monotone cubic between them, the last speed after them.

    NaN before the first knot.
    """
    if count == 0 or time_s < knots[0, TIME]:
        return np.nan
    after = count
    while after > 0 and knots[after - 1, TIME] > time_s:
        after -= 1
    before = after - 1
    since_s = time_s - knots[before, TIME]
    if after == count:
        return float(knots[before, PLACE] + knots[before, MPS] * min(since_s, HOLD_S))
    step_s = knots[after, TIME] - knots[before, TIME]
    gained_m = knots[after, PLACE] - knots[before, PLACE]
    share = since_s / step_s
    rest = 1.0 - share
    low_m = min(knots[before, MPS] * step_s, 3.0 * gained_m)
    high_m = min(knots[after, MPS] * step_s, 3.0 * gained_m)
    bend_m = (low_m - gained_m) * rest - (high_m - gained_m) * share
    return float(knots[before, PLACE] + share * gained_m + share * rest * bend_m)
