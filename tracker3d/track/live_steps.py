"""The compiled steps of :mod:`tracker3d.track.live`: one fix of one rider at a time.

Each rider has a window of open fixes, in order of time, with the beam of hypotheses after each. A new fix is
put in its place and the beams after it are made again, so that fixes may come out of order within the
window. The cheapest hypothesis then says which of them were taken; those are smoothed with the speeds and
become knots of the rider's way. The oldest one is settled once enough newer ones have come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled
from tracker3d.track.hypotheses import (
    COST,
    HYPOTHESES,
    LARGEST_RETREAT_M,
    SPEED,
    advance,
    empty_beams,
    scratch_of,
)
from tracker3d.track.model import Verdict
from tracker3d.track.places import places_of
from tracker3d.track.smooth import FIX_M, fix_variance, trust_of, way_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.track.places import LegGrid

LAG = 3
"""So many newer fixes settle which place a fix belongs to."""

CANDIDATES = 6
KNOTS = 32
LOW_LATERAL_M = 25.0
LOW_SILENCE_S = 40.0
REPORT_LAG_S = 2.5
LONGEST_REPORT_STEP_S = 15.0
"""Reported speeds are set right in time by the next one, unless that comes later than this."""

_SLOTS = LAG + 1
_DROPPED_KNOTS = 8
_ROUNDS = 3
_LATERAL_MEDIAN_TO_SCALE = 0.765
_NOISE_M = (1.5, 15.0)
_NOISE_LEARNING = 0.004
_UNTOLD_MPS = 2.0
_HIGH, _LOW, _OFF_ROAD, _TELEPORT, _BACKWARDS, _SECOND_TRACKER = (int(verdict) for verdict in Verdict)
_TURN_MEMORY_S = 60.0
_MANY_TURNS = 5.0

TIME, PLACE, MPS = range(3)
"""Columns of knots."""

MEAN, VARIANCE, AT_S, REPORTED, FARTHEST, RAW, TURNS, TURNED, WAS_TAKEN = range(9)
"""Columns of what is settled: filtered place, its variance, time and reported speed of the last fix taken,
the farthest and the last place taken, how often taking and rejecting took turns lately, when last, and
whether the last one was taken."""

TWICE, LATE = range(2)
"""Counters of fixes that are left out."""

OUT_PLACE, OUT_LATERAL, OUT_SMOOTH, OUT_MPS, OUT_TIME, OUT_LON, OUT_LAT = range(7)
"""Columns of settled fixes."""


class Windows(NamedTuple):
    """Open fixes and way of each rider; the first axis is the rider."""

    fixes_open: NDArray[np.int64]
    """How many."""
    serial: NDArray[np.int64]
    """(r, slots) the caller's number of each open fix."""
    time_s: NDArray[np.float64]
    reported_mps: NDArray[np.float64]
    given: NDArray[np.float64]
    """(r, slots, 4) nearest place and offset, for those that will be rejected; lon and lat as received."""
    place_m: NDArray[np.float64]
    lateral_m: NDArray[np.float64]
    """(r, slots, candidates)."""
    beams: NDArray[np.float64]
    """(r, slots + 1, hypotheses, 6): before the first open fix, and after each."""
    parent: NDArray[np.int8]
    taken: NDArray[np.int8]
    settled: NDArray[np.float64]
    """(r, 9)."""
    knots: NDArray[np.float64]
    """(r, knots, 3)."""
    knot_count: NDArray[np.int64]
    """(r, 2): settled knots, and all."""


def empty_windows(riders: int) -> Windows:
    """Make room for riders of whom nothing is known."""
    slots = (riders, _SLOTS)
    beams = np.repeat(empty_beams(riders)[:, None], _SLOTS + 1, axis=1)
    settled = np.full((riders, 9), np.nan)
    settled[:, FARTHEST] = -np.inf
    settled[:, TURNS] = 0.0
    return Windows(
        fixes_open=np.zeros(riders, np.int64),
        serial=np.zeros(slots, np.int64),
        time_s=np.zeros(slots),
        reported_mps=np.zeros(slots),
        given=np.zeros((*slots, 4)),
        place_m=np.zeros((*slots, CANDIDATES)),
        lateral_m=np.zeros((*slots, CANDIDATES)),
        beams=beams,
        parent=np.zeros((*slots, HYPOTHESES), np.int8),
        taken=np.zeros((*slots, HYPOTHESES), np.int8),
        settled=settled,
        knots=np.zeros((riders, KNOTS, 3)),
        knot_count=np.zeros((riders, 2), np.int64),
    )


class Scratch(NamedTuple):
    """Room for one rider's step."""

    entries: NDArray[np.float64]
    chosen: NDArray[np.int64]
    chain: NDArray[np.float64]
    """(slots, 10)."""


def new_scratch() -> Scratch:
    """Make room for one rider's step."""
    return Scratch(scratch_of(CANDIDATES), np.zeros(_SLOTS, np.int64), np.zeros((_SLOTS, 10)))


@compiled
def take_fixes(
    windows: Windows,
    legs: LegGrid,
    scratch: Scratch,
    rider: NDArray[np.int64],
    fixes: NDArray[np.float64],
    first_serial: int,
    learn_noise: bool,
    noise: NDArray[np.float64],
    left_out: NDArray[np.int64],
    out_fix: NDArray[np.int64],
    out_values: NDArray[np.float64],
    out_verdict: NDArray[np.uint8],
) -> int:
    """Take fixes in the order received and return how many were settled by them.

    Parameters
    ----------
    rider : (n,) int64
    fixes : (n, 8) float64
        Time in s, x and y in m, reported speed in m/s, distance and offset of the nearest place, lon, lat.
    first_serial : int
        The caller's number of the first fix.
    learn_noise : bool
        Follow the lateral noise of the feed.
    noise : (1,) float64
        Its scale.
    left_out : (2,) int64
        Counters, added to.
    out_fix : (n, 2) int64
        Written: serial number and rider of each settled fix.
    out_values : (n, 7) float64
        Written.
    out_verdict : (n,) uint8
        Written.
    """
    settled = 0
    for fix in range(len(rider)):
        r = rider[fix]
        time_s = fixes[fix, 0]
        count = windows.fixes_open[r]
        at = count
        while at > 0 and windows.time_s[r, at - 1] > time_s:
            at -= 1
        if at > 0 and windows.time_s[r, at - 1] == time_s:
            left_out[TWICE] += 1
            continue
        if at == 0 and time_s <= windows.settled[r, TURNED]:
            left_out[LATE] += 1
            continue
        for slot in range(count, at, -1):
            _move(windows, r, slot - 1, slot)
        windows.serial[r, at] = first_serial + fix
        windows.time_s[r, at] = time_s
        windows.reported_mps[r, at] = fixes[fix, 3]
        for column in range(4):
            windows.given[r, at, column] = fixes[fix, 4 + column]
        found = places_of(
            fixes[fix, 1], fixes[fix, 2], legs, windows.place_m[r, at], windows.lateral_m[r, at]
        )
        if found and learn_noise:
            median_m = noise[0] * _LATERAL_MEDIAN_TO_SCALE
            up = abs(windows.lateral_m[r, at, 0]) > median_m
            noise[0] *= 1.0 + (_NOISE_LEARNING if up else -_NOISE_LEARNING)
            noise[0] = min(max(noise[0], _NOISE_M[0]), _NOISE_M[1])
        windows.fixes_open[r] = count + 1
        for slot in range(at, count + 1):
            advance(
                windows.beams[r, slot],
                windows.place_m[r, slot],
                windows.lateral_m[r, slot],
                windows.time_s[r, slot],
                windows.reported_mps[r, slot],
                noise[0],
                scratch.entries,
                windows.beams[r, slot + 1],
                windows.parent[r, slot],
                windows.taken[r, slot],
            )
        _refresh(windows, r, scratch)
        if windows.fixes_open[r] > LAG:
            out_fix[settled, 1] = r
            _settle(windows, r, scratch, out_fix[settled], out_values[settled], out_verdict, settled)
            settled += 1
    return settled


@compiled
def settle_all(
    windows: Windows,
    scratch: Scratch,
    riders: int,
    out_fix: NDArray[np.int64],
    out_values: NDArray[np.float64],
    out_verdict: NDArray[np.uint8],
) -> int:
    """Settle every open fix with what is known; return how many."""
    settled = 0
    for r in range(riders):
        while windows.fixes_open[r] > 0:
            _refresh(windows, r, scratch)
            out_fix[settled, 1] = r
            _settle(windows, r, scratch, out_fix[settled], out_values[settled], out_verdict, settled)
            settled += 1
    return settled


@compiled
def _move(windows: Windows, r: int, source: int, target: int) -> None:
    """Copy an open fix to another slot, without its beam."""
    windows.serial[r, target] = windows.serial[r, source]
    windows.time_s[r, target] = windows.time_s[r, source]
    windows.reported_mps[r, target] = windows.reported_mps[r, source]
    for column in range(4):
        windows.given[r, target, column] = windows.given[r, source, column]
    for column in range(CANDIDATES):
        windows.place_m[r, target, column] = windows.place_m[r, source, column]
        windows.lateral_m[r, target, column] = windows.lateral_m[r, source, column]


_C_TIME, _C_RAW, _C_MPS, _C_FIX, _C_WAY, _C_TOLD, _C_MEAN, _C_VAR, _C_PREDICTED, _C_SMOOTH = range(10)


@compiled
def _refresh(windows: Windows, r: int, scratch: Scratch) -> None:
    """Read the open fixes by the cheapest hypothesis, smooth them and write them as knots."""
    count = windows.fixes_open[r]
    beam = windows.beams[r, count]
    best = 0
    for hypothesis in range(HYPOTHESES):
        if beam[hypothesis, COST] < beam[best, COST]:
            best = hypothesis
    lately_mps = beam[best, SPEED]
    at = best
    for slot in range(count - 1, -1, -1):
        scratch.chosen[slot] = windows.taken[r, slot, at]
        at = windows.parent[r, slot, at]
    length = _link(windows, r, scratch, lately_mps)
    settled_knots = windows.knot_count[r, 0]
    lowest_m = windows.knots[r, settled_knots - 1, PLACE] if settled_knots else -np.inf
    chain = scratch.chain
    if length:
        _smooth(windows.settled[r], chain, length)
        _make_monotone(chain, length, lowest_m)
    for index in range(length):
        windows.knots[r, settled_knots + index, TIME] = chain[index, _C_TIME]
        windows.knots[r, settled_knots + index, PLACE] = chain[index, _C_SMOOTH]
        windows.knots[r, settled_knots + index, MPS] = chain[index, _C_MPS]
    windows.knot_count[r, 1] = settled_knots + length


@compiled
def _link(windows: Windows, r: int, scratch: Scratch, lately_mps: float) -> int:
    """Write the fixes taken into the chain: what each says, and what the speeds say from one to the next."""
    chain, settled = scratch.chain, windows.settled[r]
    before_s, before_mps = settled[AT_S], settled[REPORTED]
    length = 0
    last_mps = before_mps
    for slot in range(windows.fixes_open[r]):
        column = scratch.chosen[slot]
        if column < 0:
            continue
        time_s, reported = windows.time_s[r, slot], windows.reported_mps[r, slot]
        chain[length, _C_TIME], chain[length, _C_RAW] = time_s, windows.place_m[r, slot, column]
        chain[length, _C_MPS] = reported
        chain[length, _C_FIX] = fix_variance(windows.lateral_m[r, slot, column])
        elapsed_s = time_s - before_s
        corrected = last_mps
        if not np.isnan(before_s) and not np.isnan(reported) and elapsed_s <= LONGEST_REPORT_STEP_S:
            corrected += min(REPORT_LAG_S / max(elapsed_s, 1e-3), 1.0) * (reported - last_mps)
        if length:
            chain[length - 1, _C_MPS] = corrected
        told_mps = 0.5 * (corrected + reported)
        spread = way_variance(elapsed_s)
        if np.isnan(told_mps):
            told_mps = lately_mps
            spread = (FIX_M + _UNTOLD_MPS * elapsed_s) ** 2
            if np.isnan(told_mps):
                told_mps = 0.0
                spread = (LARGEST_SPEED_MPS * elapsed_s + FIX_M) ** 2
        chain[length, _C_TOLD], chain[length, _C_WAY] = told_mps * elapsed_s, spread
        before_s, last_mps = time_s, reported
        length += 1
    for index in range(length):
        if np.isnan(chain[index, _C_MPS]):
            chain[index, _C_MPS] = 0.0 if np.isnan(lately_mps) else max(lately_mps, 0.0)
    return length


@compiled
def _smooth(settled: NDArray[np.float64], chain: NDArray[np.float64], length: int) -> None:
    """Filter the chain on from what is settled, and back; Student's t weighs fixes and ways alike."""
    begun = not np.isnan(settled[MEAN])
    for rounds in range(_ROUNDS):
        mean_m, variance = settled[MEAN], settled[VARIANCE]
        for index in range(length):
            raw_m, spread = chain[index, _C_RAW], chain[index, _C_FIX]
            way = chain[index, _C_WAY]
            if rounds:
                smooth_m = chain[index, _C_SMOOTH]
                spread /= trust_of((smooth_m - raw_m) ** 2 / spread)
                if index:
                    step_m = smooth_m - chain[index - 1, _C_SMOOTH] - chain[index, _C_TOLD]
                    way /= trust_of(step_m**2 / way)
                elif begun:
                    step_m = smooth_m - settled[MEAN] - chain[index, _C_TOLD]
                    way /= trust_of(step_m**2 / (way + variance))
            if index or begun:
                predicted_m = mean_m + chain[index, _C_TOLD]
                predicted = variance + way
                gain = predicted / (predicted + spread)
                mean_m = predicted_m + gain * (raw_m - predicted_m)
                variance = (1.0 - gain) * predicted
                chain[index, _C_PREDICTED] = predicted
            else:
                mean_m, variance = raw_m, spread
            chain[index, _C_MEAN], chain[index, _C_VAR] = mean_m, variance
        smooth_m = mean_m
        chain[length - 1, _C_SMOOTH] = smooth_m
        for index in range(length - 2, -1, -1):
            back = chain[index, _C_VAR] / chain[index + 1, _C_PREDICTED]
            ahead_m = chain[index, _C_MEAN] + chain[index + 1, _C_TOLD]
            smooth_m = chain[index, _C_MEAN] + back * (smooth_m - ahead_m)
            chain[index, _C_SMOOTH] = smooth_m


@compiled
def _make_monotone(chain: NDArray[np.float64], length: int, lowest_m: float) -> None:
    """Take the middle of the running maximum and the running minimum from behind: both rise."""
    least = np.inf
    for index in range(length - 1, -1, -1):
        least = min(least, chain[index, _C_SMOOTH])
        chain[index, _C_WAY] = least
    most = lowest_m
    for index in range(length):
        most = max(most, chain[index, _C_SMOOTH])
        chain[index, _C_SMOOTH] = max(0.5 * (most + chain[index, _C_WAY]), lowest_m)


@compiled
def _settle(
    windows: Windows,
    r: int,
    scratch: Scratch,
    out_fix: NDArray[np.int64],
    out_values: NDArray[np.float64],
    out_verdict: NDArray[np.uint8],
    out: int,
) -> None:
    """Give out the oldest open fix and close its slot."""
    settled, column = windows.settled[r], scratch.chosen[0]
    time_s = windows.time_s[r, 0]
    taken = column >= 0
    out_fix[0] = windows.serial[r, 0]
    if taken:
        out_values[OUT_PLACE] = windows.place_m[r, 0, column]
        out_values[OUT_LATERAL] = windows.lateral_m[r, 0, column]
    else:
        out_values[OUT_PLACE], out_values[OUT_LATERAL] = windows.given[r, 0, 0], windows.given[r, 0, 1]
    out_values[OUT_SMOOTH] = place_at(windows.knots[r], windows.knot_count[r, 1], time_s)
    out_values[OUT_MPS] = scratch.chain[0, _C_MPS] if taken else windows.reported_mps[r, 0]
    out_values[OUT_TIME] = time_s
    out_values[OUT_LON], out_values[OUT_LAT] = windows.given[r, 0, 2], windows.given[r, 0, 3]
    turns = settled[TURNS]
    if not np.isnan(settled[TURNED]):
        turns *= np.exp(-(time_s - settled[TURNED]) / _TURN_MEMORY_S)
        turns += 1.0 if (settled[WAS_TAKEN] > 0.5) != taken else 0.0
    settled[TURNS], settled[TURNED], settled[WAS_TAKEN] = turns, time_s, 1.0 if taken else 0.0
    out_verdict[out] = _verdict(settled, time_s, out_values, taken)
    if taken:
        settled[MEAN], settled[VARIANCE] = scratch.chain[0, _C_MEAN], scratch.chain[0, _C_VAR]
        settled[AT_S], settled[REPORTED] = time_s, windows.reported_mps[r, 0]
        settled[RAW] = out_values[OUT_PLACE]
        settled[FARTHEST] = max(settled[FARTHEST], settled[RAW])
        windows.knot_count[r, 0] += 1
        if windows.knot_count[r, 0] == KNOTS - _SLOTS:
            windows.knot_count[r, 0] -= _DROPPED_KNOTS
            windows.knot_count[r, 1] -= _DROPPED_KNOTS
            for knot in range(windows.knot_count[r, 1]):
                for column in range(3):
                    windows.knots[r, knot, column] = windows.knots[r, knot + _DROPPED_KNOTS, column]
    count = windows.fixes_open[r]
    for slot in range(1, count):
        _move(windows, r, slot, slot - 1)
        for hypothesis in range(HYPOTHESES):
            windows.parent[r, slot - 1, hypothesis] = windows.parent[r, slot, hypothesis]
            windows.taken[r, slot - 1, hypothesis] = windows.taken[r, slot, hypothesis]
    for slot in range(count):
        for hypothesis in range(HYPOTHESES):
            for column in range(6):
                windows.beams[r, slot, hypothesis, column] = windows.beams[r, slot + 1, hypothesis, column]
    windows.fixes_open[r] = count - 1


@compiled
def _verdict(
    settled: NDArray[np.float64], time_s: float, out_values: NDArray[np.float64], taken: bool
) -> int:
    """Say how good a settled fix is, or why it is rejected; ``settled`` is from before it."""
    elapsed_s = time_s - settled[AT_S]
    if taken:
        doubtful = abs(out_values[OUT_LATERAL]) > LOW_LATERAL_M or elapsed_s > LOW_SILENCE_S
        return _LOW if doubtful else _HIGH
    if abs(out_values[OUT_LATERAL]) > 100.0:
        return _OFF_ROAD
    if settled[TURNS] >= _MANY_TURNS:
        return _SECOND_TRACKER
    too_fast = abs(out_values[OUT_PLACE] - settled[RAW]) > LARGEST_SPEED_MPS * elapsed_s
    if not too_fast and out_values[OUT_PLACE] < settled[FARTHEST] - LARGEST_RETREAT_M:
        return _BACKWARDS
    return _TELEPORT


HOLD_S = 60.0
"""A rider of whom nothing comes is taken to go on at his last speed for so long."""


@compiled
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
