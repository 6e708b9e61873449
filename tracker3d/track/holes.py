"""Holes in a rider's fixes, filled with what was seen of the riders around.

A bunch rides at one tempo. Where one tracker was silent and others were not, the rider is taken to have kept
his place among them: time inside the hole is measured by the progress of those around, on the field's clock
(:mod:`tracker3d.track.pace`), each trusted by how near in time he was seen. On that scale his way from the
last fix to the next is almost even. Where nobody else was seen either, or nobody rides near, what stood
before stays much as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.track.knots import Knots
    from tracker3d.track.pace import FieldPace

_SHORTEST_S = 20.0
"""Shorter holes are filled by the rider's own speeds alone, and longer ones heed them for so long."""

_REACH_M = 60.0
_SEEN_S = 8.0
_OWN_WEIGHT = 0.3
_SLOWEST_TEMPO = 0.02
_ROUNDS = 2


def fill_holes(
    distance_m: NDArray[np.float64],
    age_s: NDArray[np.float32],
    *,
    start_ms: float,
    step_ms: float,
    knots: Sequence[Knots],
    racing: NDArray[np.bool_],
    pace: FieldPace,
) -> None:
    """Replace the places inside of long holes in a table of positions.

    Parameters
    ----------
    distance_m : (rows, k) float64
        Road distances, one row every ``step_ms`` from ``start_ms`` on; NaN where absent. Overwritten.
    age_s : (rows, k) float32
        Distance in time to the nearest fix.
    start_ms, step_ms : float
    knots : sequence of k Knots
    racing : (k,) bool
        Who belongs to the field; others are neither followed nor moved.
    pace : FieldPace
    """
    mine = [rider if race else None for rider, race in zip(knots, racing, strict=True)]
    bounds = np.cumsum([0, *(0 if rider is None else len(rider.time_ms) for rider in mine)])
    if not bounds[-1]:
        return
    field = [rider for rider in mine if rider is not None]
    time_s = (np.concatenate([rider.time_ms for rider in field]) - start_ms) / 1000.0
    knot_clock_s = np.concatenate([rider.clock_s for rider in field])
    slopes = np.concatenate([rider.slopes for rider in field])
    finish_s = np.array([(rider.finish_ms - start_ms) / 1000.0 for rider in knots])
    weight = np.where(racing, np.float32(1.0), np.float32(0.0)) / (1.0 + (age_s / _SEEN_S) ** 2)
    step_s = step_ms / 1000.0
    for _ in range(_ROUNDS):
        clock_s = pace.clock_s(distance_m)
        tempo = _tempo_around(distance_m, clock_s, weight, finish_s, step_s)
        _fill(
            *(bounds, time_s, knot_clock_s, slopes, finish_s, tempo, step_s),
            *(pace.distance_m, pace.field_s, distance_m),
        )


@compiled
def _tempo_around(
    distance_m: NDArray[np.float64],
    clock_s: NDArray[np.float64],
    weight: NDArray[np.float32],
    finish_s: NDArray[np.float64],
    step_s: float,
) -> NDArray[np.float32]:
    """Progress on the field's clock of those within reach of each rider, per second; 1 where nobody is.

    Nearer riders count more, linearly to nothing at the reach; sums run along the riders in order of place.
    """
    rows, riders = distance_m.shape
    tempo = np.ones((rows, riders), np.float32)
    order = np.arange(riders)
    sums = np.zeros((riders + 1, 4))
    progress = np.empty(riders)
    for row in range(rows):
        before, after = max(row - 1, 0), min(row + 1, rows - 1)
        riding = 0
        for place in range(riders):
            rider = order[place]
            gained_s = clock_s[after, rider] - clock_s[before, rider]
            if np.isnan(gained_s) or row * step_s > finish_s[rider]:
                continue
            progress[rider] = gained_s / ((after - before) * step_s)
            order[place], order[riding] = order[riding], rider
            at = riding
            while at > 0 and distance_m[row, order[at - 1]] > distance_m[row, rider]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = rider
            riding += 1
        if not riding:
            continue
        first_m = distance_m[row, order[0]]
        for place in range(riding):
            rider = order[place]
            here, from_first_m = weight[row, rider], distance_m[row, rider] - first_m
            sums[place + 1, 0] = sums[place, 0] + here
            sums[place + 1, 1] = sums[place, 1] + here * from_first_m
            sums[place + 1, 2] = sums[place, 2] + here * progress[rider]
            sums[place + 1, 3] = sums[place, 3] + here * progress[rider] * from_first_m
        low, high = 0, 0
        for place in range(riding):
            rider = order[place]
            at_m = distance_m[row, rider] - first_m
            while distance_m[row, order[low]] - first_m < at_m - _REACH_M:
                low += 1
            while high < riding and distance_m[row, order[high]] - first_m <= at_m + _REACH_M:
                high += 1
            share = at_m / _REACH_M
            own = weight[row, rider]
            total, moved = (_OWN_WEIGHT - 1.0) * own, (_OWN_WEIGHT - 1.0) * own * progress[rider]
            total += (1.0 - share) * (sums[place + 1, 0] - sums[low, 0])
            total += (sums[place + 1, 1] - sums[low, 1]) / _REACH_M
            moved += (1.0 - share) * (sums[place + 1, 2] - sums[low, 2])
            moved += (sums[place + 1, 3] - sums[low, 3]) / _REACH_M
            total += (1.0 + share) * (sums[high, 0] - sums[place + 1, 0])
            total -= (sums[high, 1] - sums[place + 1, 1]) / _REACH_M
            moved += (1.0 + share) * (sums[high, 2] - sums[place + 1, 2])
            moved -= (sums[high, 3] - sums[place + 1, 3]) / _REACH_M
            if total > 1e-6:
                tempo[row, rider] = max(moved / total, _SLOWEST_TEMPO)
    return tempo


@compiled
def _fill(
    bounds: NDArray[np.int64],
    time_s: NDArray[np.float64],
    knot_clock_s: NDArray[np.float64],
    slopes: NDArray[np.float64],
    finish_s: NDArray[np.float64],
    tempo: NDArray[np.float32],
    step_s: float,
    node_m: NDArray[np.float64],
    node_clock_s: NDArray[np.float64],
    distance_m: NDArray[np.float64],
) -> None:
    """Fill the long holes of all riders; ``bounds`` (k + 1,) tells which knots are whose.

    A hole in which a rider would run back or outrun everybody stays as it was.
    """
    place_m = np.empty(len(distance_m))
    for rider in range(len(bounds) - 1):
        for knot in range(bounds[rider], bounds[rider + 1] - 1):
            begin_s, end_s = time_s[knot], time_s[knot + 1]
            first, last = int(np.ceil(begin_s / step_s)), int(np.floor(end_s / step_s))
            if end_s - begin_s <= _SHORTEST_S or end_s > finish_s[rider] or last - first < 2:
                continue
            steps = place_m[: last - first + 1]
            _ride(
                first * step_s - begin_s,
                end_s - last * step_s,
                step_s,
                tempo[first : last + 1, rider],
                knot_clock_s[knot : knot + 2],
                slopes[knot : knot + 2],
                steps,
            )
            node = max(int(np.searchsorted(node_clock_s, steps[0])) - 1, 0)
            for step in range(len(steps)):
                while node < len(node_m) - 2 and node_clock_s[node + 1] < steps[step]:
                    node += 1
                share = (steps[step] - node_clock_s[node]) / (node_clock_s[node + 1] - node_clock_s[node])
                steps[step] = node_m[node] + share * (node_m[node + 1] - node_m[node])
            before_m = distance_m[first - 1, rider] if first else np.nan
            sound = True
            for step in range(len(steps) + 1):
                after = min(first + step, len(distance_m) - 1)
                after_m = steps[step] if step < len(steps) else distance_m[after, rider]
                gained_m = after_m - before_m
                sound = sound and not (gained_m < 0.0 or gained_m > LARGEST_SPEED_MPS * step_s)
                before_m = after_m
            if sound:
                distance_m[first : last + 1, rider] = steps


@compiled
def _ride(
    early_s: float,
    late_s: float,
    step_s: float,
    tempo: NDArray[np.float32],
    ends_clock_s: NDArray[np.float64],
    slopes: NDArray[np.float64],
    clock_s: NDArray[np.float64],
) -> None:
    """Write clock readings at the rows of a hole, by a monotone cubic over the time that the tempo measures.

    The first row is ``early_s`` behind the fix before, the last one ``late_s`` ahead of the one after.
    """
    last = len(tempo) - 1
    whole = tempo[0] * early_s + tempo[last] * late_s
    for row in range(last):
        whole += 0.5 * (tempo[row] + tempo[row + 1]) * step_s
    gained_s = ends_clock_s[1] - ends_clock_s[0]
    calm = _SHORTEST_S / (early_s + last * step_s + late_s)
    low = slopes[0] / max(tempo[0], 0.05) * whole
    high = slopes[1] / max(tempo[last], 0.05) * whole
    low = min(max(gained_s + calm * (low - gained_s), 0.0), 3.0 * gained_s)
    high = min(max(gained_s + calm * (high - gained_s), 0.0), 3.0 * gained_s)
    passed = tempo[0] * early_s
    for row in range(last + 1):
        if row:
            passed += 0.5 * (tempo[row - 1] + tempo[row]) * step_s
        share = min(passed / whole, 1.0)
        rest = 1.0 - share
        bend = (low - gained_s) * rest - (high - gained_s) * share
        clock_s[row] = ends_clock_s[0] + share * gained_s + share * rest * bend
