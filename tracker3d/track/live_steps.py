"""The compiled steps of :mod:`tracker3d.track.live`: one fix of one rider at a time.

Each rider has a window of open fixes, in order of time, with the beam of hypotheses after each. A new fix is
put in its place and the beams after it are made again, so that fixes may come out of order within the
window. The cheapest hypothesis then says which of them were taken; those are smoothed with the speeds and
become knots of the rider's way. The oldest one is settled once enough newer ones have come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled_step
from tracker3d.track.hypotheses import LARGEST_RETREAT_M, MOST_PERSISTENCE, PERSISTING_S, advance
from tracker3d.track.live_way import place_at, refresh_way
from tracker3d.track.live_windows import (
    ALL_KNOTS,
    AT_S,
    CANDIDATES,
    CHAIN_MEAN,
    CHAIN_MPS,
    CHAIN_VARIANCE,
    FARTHEST,
    FIRST,
    FIX_LAT,
    FIX_LON,
    FIX_MPS,
    FIX_SERIAL,
    FIX_TIME,
    FIX_X,
    FIX_Y,
    KNOTS,
    LAG,
    MEAN,
    OPEN,
    RAW,
    REPORTED,
    SETTLED_KNOTS,
    SLOTS,
    TURNED,
    TURNS,
    VARIANCE,
    WAS_TAKEN,
)
from tracker3d.track.model import Verdict
from tracker3d.track.places import places_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.live_windows import Scratch, Windows
    from tracker3d.track.places import LegGrid

LOW_LATERAL_M = 25.0
LOW_SILENCE_S = 40.0

_DROPPED_KNOTS = 8
_LATERAL_MEDIAN_TO_SCALE = 0.765
_NOISE_M = (1.5, 15.0)
_NOISE_LEARNING = 0.004
_PERSISTENCE_LEARNING = 0.002
_HIGH, _LOW, _OFF_ROAD, _TELEPORT, _BACKWARDS, _SECOND_TRACKER = (int(verdict) for verdict in Verdict)
_TURN_MEMORY_S = 60.0
_MANY_TURNS = 5.0

TWICE, LATE = range(2)
"""Counters of fixes that are left out."""

OUT_SERIAL, OUT_RIDER, OUT_PLACE, OUT_LATERAL, OUT_SMOOTH, OUT_MPS, OUT_TIME = range(7)
OUT_LON, OUT_LAT, OUT_X, OUT_Y, OUT_VERDICT = range(7, 12)
OUT_COLUMNS = 12
"""Columns of settled fixes; place and offset are NaN where no road is near."""


@compiled_step
def take_fixes(
    windows: Windows,
    legs: LegGrid,
    scratch: Scratch,
    rider: NDArray[np.int64],
    fixes: NDArray[np.float64],
    learn_noise: bool,
    noise: NDArray[np.float64],
    left_out: NDArray[np.int64],
    out: NDArray[np.float64],
) -> int:
    """Take fixes in the order received and return how many were settled by them.

    Parameters
    ----------
    rider : (n,) int64
    fixes : (n, 7) float64
        In the columns of ``Windows.fixes``.
    learn_noise : bool
        Follow the lateral noise of the feed.
    noise : (2,) float64
        Its scale, and which share of an offset the rider's next fix has.
    left_out : (2,) int64
        Counters, added to.
    out : (n, 12) float64
        Written.
    """
    settled = 0
    for fix in range(len(rider)):
        r = rider[fix]
        number = _put_in_order(windows, r, fixes[fix], left_out)
        if number < 0:
            continue
        first, count = windows.counts[r, FIRST], windows.counts[r, OPEN]
        places = windows.places[r, (first + number) % SLOTS]
        found = places_of(fixes[fix, FIX_X], fixes[fix, FIX_Y], legs, places[0], places[1])
        if found and learn_noise:
            _learn(noise, places[1, 0])
            before = (first + number - 1) % SLOTS
            soon = fixes[fix, FIX_TIME] - windows.fixes[r, before, FIX_TIME] <= PERSISTING_S
            if number > 0 and soon and np.isfinite(windows.places[r, before, 1, 0]):
                _learn_persistence(noise, windows.places[r, before, 1, 0], places[1, 0])
        for later in range(number, count):
            slot, before = (first + later) % SLOTS, (first + later - 1) % SLOTS
            advance(
                windows.beams[r, before],
                windows.places[r, slot, 0],
                windows.places[r, slot, 1],
                windows.fixes[r, slot, FIX_TIME],
                windows.fixes[r, slot, FIX_MPS],
                noise[0],
                noise[1],
                scratch.entries,
                windows.beams[r, slot],
                windows.links[r, slot, 0],
                windows.links[r, slot, 1],
            )
        refresh_way(windows, r, scratch)
        if count > LAG:
            _settle(windows, r, scratch, out[settled])
            settled += 1
    return settled


@compiled_step
def _learn(noise: NDArray[np.float64], aside_m: float) -> None:
    """Follow the median of the offsets from the road by small steps."""
    up = abs(aside_m) > noise[0] * _LATERAL_MEDIAN_TO_SCALE
    noise[0] *= 1.0 + (_NOISE_LEARNING if up else -_NOISE_LEARNING)
    noise[0] = min(max(noise[0], _NOISE_M[0]), _NOISE_M[1])


@compiled_step
def _learn_persistence(noise: NDArray[np.float64], before_m: float, after_m: float) -> None:
    """Follow the median share of an offset that is left in the next one."""
    up = (after_m - noise[1] * before_m) * before_m > 0.0
    noise[1] += _PERSISTENCE_LEARNING if up else -_PERSISTENCE_LEARNING
    noise[1] = min(max(noise[1], 0.0), MOST_PERSISTENCE)


@compiled_step
def settle_all(windows: Windows, scratch: Scratch, riders: int, out: NDArray[np.float64]) -> int:
    """Settle every open fix with what is known; return how many."""
    settled = 0
    for r in range(riders):
        while windows.counts[r, OPEN] > 0:
            refresh_way(windows, r, scratch)
            _settle(windows, r, scratch, out[settled])
            settled += 1
    return settled


@compiled_step
def _put_in_order(windows: Windows, r: int, fix: NDArray[np.float64], left_out: NDArray[np.int64]) -> int:
    """Open a fix in order of time among the open ones and return its number there, -1 if it is no news."""
    time_s, count, first = fix[FIX_TIME], windows.counts[r, OPEN], windows.counts[r, FIRST]
    at = count
    while at > 0 and windows.fixes[r, (first + at - 1) % SLOTS, FIX_TIME] > time_s:
        at -= 1
    if at > 0 and windows.fixes[r, (first + at - 1) % SLOTS, FIX_TIME] == time_s:
        left_out[TWICE] += 1
        return -1
    if at == 0 and time_s <= windows.settled[r, TURNED]:
        left_out[LATE] += 1
        return -1
    for number in range(count, at, -1):
        source, target = (first + number - 1) % SLOTS, (first + number) % SLOTS
        for column in range(len(fix)):
            windows.fixes[r, target, column] = windows.fixes[r, source, column]
        for rank in range(CANDIDATES):
            windows.places[r, target, 0, rank] = windows.places[r, source, 0, rank]
            windows.places[r, target, 1, rank] = windows.places[r, source, 1, rank]
    slot = (first + at) % SLOTS
    for column in range(len(fix)):
        windows.fixes[r, slot, column] = fix[column]
    windows.counts[r, OPEN] = count + 1
    return int(at)


@compiled_step
def _settle(windows: Windows, r: int, scratch: Scratch, out: NDArray[np.float64]) -> None:
    """Give out the oldest open fix and close its slot."""
    counts, settled, knots, column = (
        windows.counts[r],
        windows.settled[r],
        windows.knots[r],
        scratch.chosen[0],
    )
    slot = counts[FIRST]
    fix, places = windows.fixes[r, slot], windows.places[r, slot]
    time_s, taken = fix[FIX_TIME], column >= 0
    out[OUT_SERIAL], out[OUT_RIDER], out[OUT_TIME] = fix[FIX_SERIAL], r, time_s
    out[OUT_LON], out[OUT_LAT], out[OUT_X], out[OUT_Y] = fix[FIX_LON], fix[FIX_LAT], fix[FIX_X], fix[FIX_Y]
    out[OUT_PLACE], out[OUT_LATERAL] = places[0, max(column, 0)], places[1, max(column, 0)]
    out[OUT_SMOOTH] = place_at(knots, counts[ALL_KNOTS], time_s)
    out[OUT_MPS] = scratch.chain[0, CHAIN_MPS] if taken else fix[FIX_MPS]
    turns = settled[TURNS]
    if not np.isnan(settled[TURNED]):
        turns *= np.exp(-(time_s - settled[TURNED]) / _TURN_MEMORY_S)
        turns += 1.0 if (settled[WAS_TAKEN] > 0.5) != taken else 0.0
    settled[TURNS], settled[TURNED], settled[WAS_TAKEN] = turns, time_s, 1.0 if taken else 0.0
    out[OUT_VERDICT] = _verdict(settled, time_s, out, taken)
    if taken:
        settled[MEAN], settled[VARIANCE] = scratch.chain[0, CHAIN_MEAN], scratch.chain[0, CHAIN_VARIANCE]
        settled[AT_S], settled[REPORTED] = time_s, fix[FIX_MPS]
        settled[RAW] = out[OUT_PLACE]
        settled[FARTHEST] = max(settled[FARTHEST], settled[RAW])
        counts[SETTLED_KNOTS] += 1
        if counts[SETTLED_KNOTS] == KNOTS - SLOTS:
            counts[SETTLED_KNOTS] -= _DROPPED_KNOTS
            counts[ALL_KNOTS] -= _DROPPED_KNOTS
            for knot in range(counts[ALL_KNOTS]):
                for value in range(knots.shape[1]):
                    knots[knot, value] = knots[knot + _DROPPED_KNOTS, value]
    counts[FIRST] = (slot + 1) % SLOTS
    counts[OPEN] -= 1


@compiled_step
def _verdict(settled: NDArray[np.float64], time_s: float, out: NDArray[np.float64], taken: bool) -> int:
    """Say how good a settled fix is, or why it is rejected; ``settled`` is from before it."""
    elapsed_s = time_s - settled[AT_S]
    if taken:
        doubtful = abs(out[OUT_LATERAL]) > LOW_LATERAL_M or elapsed_s > LOW_SILENCE_S
        return _LOW if doubtful else _HIGH
    if np.isnan(out[OUT_PLACE]):
        return _OFF_ROAD
    if settled[TURNS] >= _MANY_TURNS:
        return _SECOND_TRACKER
    too_fast = abs(out[OUT_PLACE] - settled[RAW]) > LARGEST_SPEED_MPS * elapsed_s
    if not too_fast and out[OUT_PLACE] < settled[FARTHEST] - LARGEST_RETREAT_M:
        return _BACKWARDS
    return _TELEPORT
