"""The walk along one line of the road that chooses keys for all who ride on it: see :mod:`.shared_keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.export.key_walk import astray
from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Lane(NamedTuple):
    """What stays the same on a walk: see :func:`walk_line`; first and last points of riders, (n,)."""

    paths: NDArray[np.float64]
    ways: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    line: NDArray[np.float64]
    offsets_m: NDArray[np.float64]
    grid_m: float
    time_step_s: float
    bound_m: float


class _Walk(NamedTuple):
    """What changes from key to key.

    Attributes
    ----------
    now_s, due_s : (n,) float64
        When riders pass the last key, and would pass the one that is tried.
    starts, ends : (m, 3) float64
        Places across the line at both.
    reached, linked : (m,) bool
        Which places the last key may take, and which of those that are tried can be reached from them.
    """

    now_s: NDArray[np.float64]
    due_s: NDArray[np.float64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    reached: NDArray[np.bool_]
    linked: NDArray[np.bool_]


@compiled
def walk_line(
    paths: NDArray[np.float64],
    ways: NDArray[np.float64],
    line: NDArray[np.float64],
    offsets_m: NDArray[np.float64],
    grid_m: float,
    time_step_s: float,
    bound_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Choose keys along one line.

    Parameters
    ----------
    paths : (n, t, 3) float64
        Riders, once a second.
    ways : (n, t) float64
        How far they are along the line, in numbers of its points; never falling.
    line : (p, 3) float64
        Points at even distances along the road.
    offsets_m : (m,) float64
        Places across the line that are tried, the preferred one first; it must be 0.
    grid_m, time_step_s : float
        Grids on which keys stand.
    bound_m : float

    Returns
    -------
    (k,) int64
        Points of the line at which keys stand, never falling; one stands twice where somebody stops.
    (k, 3) float64
        Places of the keys.
    (n, k) float64
        When riders pass them, on the grid; NaN before they start and after they end.
    """
    riders, choices = len(ways), len(offsets_m)
    first = np.rint(ways[:, 0]).astype(np.int64)
    last = np.rint(ways[:, -1]).astype(np.int64)
    lane = _Lane(paths, ways, first, last, line, offsets_m, grid_m, time_step_s, bound_m)
    walk = _begun(riders, choices)
    needed = np.unique(np.concatenate((first, last)))
    points = np.empty(2 * len(line) + 2, np.int64)
    before = np.empty((2 * len(line) + 2, choices), np.int8)
    times = np.full((riders, 1024), np.nan)
    points[0], count, step, left, ahead = needed[0], 1, 8, False, 1
    times[first == needed[0], 0] = 0.0
    while points[count - 1] < needed[-1]:
        key = points[count - 1]
        while needed[ahead] <= key:
            ahead += 1
        good = _farthest(lane, walk, key, needed[ahead], step, before[count])
        if good == key and not left:
            # Somebody stands here: all pass the place twice, he when he comes and when he goes.
            left = True
            before[count] = np.arange(choices)
        else:
            if good == key:
                # What cannot be followed is passed as it is; whoever is off then gets keys of his own.
                good = key + 1
                walk.linked[:] = True
                before[count] = np.argmax(walk.reached)
            left = False
            walk.reached[:] = walk.linked
        if count == times.shape[1]:
            times = np.concatenate((times, np.full(times.shape, np.nan)), axis=1)
        _pass(lane, walk, key, good, times[:, count])
        points[count] = good
        step = max(good - key, 2)
        count += 1
    return points[:count], _chosen(lane, walk, points[:count], before), times[:, :count]


@compiled
def _begun(riders: int, choices: int) -> _Walk:
    return _Walk(
        np.zeros(riders),
        np.zeros(riders),
        np.empty((choices, 3)),
        np.empty((choices, 3)),
        np.ones(choices, np.bool_),
        np.zeros(choices, np.bool_),
    )


@compiled
def _farthest(lane: _Lane, walk: _Walk, key: int, end: int, step: int, before: NDArray[np.int8]) -> int:
    """Return the farthest point up to ``end`` that all riders can reach from ``key``; ``key`` for none.

    ``step`` is doubled until it is too far, then halved. Which of its places can be reached is then in
    ``walk``, and from which in ``before`` (m,).
    """
    _spread(lane, key, walk.starts)
    good, bad = key, end + 1
    past = bad
    while bad - good > 1 and good < end:
        at = min(key + step, end) if bad == past else (good + bad) // 2
        if _link(lane, walk, key, at, before, True):
            good = at
            step = 2 * (at - key) if bad == past else step
        else:
            bad = at
    if good > key:
        _link(lane, walk, key, good, before, False)
    return good


@compiled
def _link(lane: _Lane, walk: _Walk, key: int, at: int, before: NDArray[np.int8], one: bool) -> bool:
    """Find which places at a later point all riders can reach from the reached ones, and from which.

    Says whether there is any; ``one`` is then enough. The rider and the second at which the last way failed
    are tried first, and arrays are taken out of their tuples once: each time would cost as much as a try.
    """
    _come(lane, walk, at)
    _spread(lane, at, walk.ends)
    paths, first, last, bound_m = lane.paths, lane.first, lane.last, lane.bound_m
    now_s, due_s, starts, ends = walk.now_s, walk.due_s, walk.starts, walk.ends
    reached, linked = walk.reached, walk.linked
    found, loser, second = False, 0, -1
    for choice in range(len(ends)):
        end = _place(ends, choice)
        linked[choice] = False
        for origin in range(len(starts)):
            if not reached[origin] or linked[choice] or (one and found):
                continue
            start = _place(starts, origin)
            fits = True
            for number in range(-1, len(paths)):
                rider = loser if number < 0 else number
                if fits and first[rider] <= key and at <= last[rider]:
                    missed = astray(paths, rider, start, end, now_s[rider], due_s[rider], bound_m, second)
                    if missed < 0 and at == last[rider] and not _near(paths[rider, -1], end, bound_m):
                        missed = paths.shape[1] - 1
                    if missed >= 0:
                        fits, loser, second = False, rider, missed
            linked[choice] = fits
            found |= fits
            before[choice] = origin
    return found


@compiled
def _come(lane: _Lane, walk: _Walk, at: int) -> None:
    """Write when riders come to a point."""
    ways, step_s, now_s, due_s = lane.ways, lane.time_step_s, walk.now_s, walk.due_s
    for rider in range(len(ways)):
        due_s[rider] = max(_time_of(ways, rider, at, False, step_s, now_s[rider]), now_s[rider] + step_s)


@compiled
def _pass(lane: _Lane, walk: _Walk, key: int, point: int, times_s: NDArray[np.float64]) -> None:
    """Write when riders pass the next key; at the same point once more is when they leave it."""
    again = point == key
    for rider in range(len(lane.ways)):
        first, last = lane.first[rider], lane.last[rider]
        if first == point and not again:
            walk.now_s[rider] = 0.0
            times_s[rider] = 0.0
        elif first <= key and (key < last if again else point <= last):
            came_s = _time_of(lane.ways, rider, point, again, lane.time_step_s, walk.now_s[rider])
            walk.now_s[rider] = max(came_s, walk.now_s[rider] + lane.time_step_s)
            times_s[rider] = walk.now_s[rider]


@compiled
def _chosen(
    lane: _Lane, walk: _Walk, points: NDArray[np.int64], before: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Return the places of keys, decided backwards from the end; (k, 3)."""
    places = np.empty((len(points), 3))
    choice = int(np.argmax(walk.reached))
    for number in range(len(points) - 1, -1, -1):
        _spread(lane, points[number], walk.starts)
        places[number] = walk.starts[choice]
        choice = before[number, choice]
    return places


@compiled
def _time_of(
    ways: NDArray[np.float64], rider: int, point: int, leaving: bool, time_step_s: float, since_s: float
) -> float:
    """Return when a rider comes to a point of the line, or leaves it; on the grid of times.

    He was not there before ``since_s``: the search goes on from that second, with steps that double.
    """
    wanted = float(point) if leaving else min(float(point), ways[rider, -1])
    low, step = min(int(since_s), ways.shape[1] - 1), 1
    while low > 0 and not _before(ways[rider, low - 1], wanted, leaving):
        low -= min(low, step)
    after = low
    while after < ways.shape[1] and _before(ways[rider, after], wanted, leaving):
        low = after + 1
        after += step
        step *= 2
    after = min(after, ways.shape[1])
    while low < after:
        middle = (low + after) // 2
        if _before(ways[rider, middle], wanted, leaving):
            low = middle + 1
        else:
            after = middle
    if after == 0:
        return 0.0
    if after == ways.shape[1]:
        return float(after - 1)
    share = (wanted - ways[rider, after - 1]) / (ways[rider, after] - ways[rider, after - 1])
    return float(np.rint((after - 1 + share) / time_step_s) * time_step_s)


@compiled
def _before(place: float, wanted: float, leaving: bool) -> bool:
    return place <= wanted if leaving else place < wanted


@compiled
def _spread(lane: _Lane, point: int, places: NDArray[np.float64]) -> None:
    """Write the places across the line at a point, on the grid, into ``places`` (m, 3)."""
    line, offsets_m, grid_m = lane.line, lane.offsets_m, lane.grid_m
    ahead, behind = line[min(point + 4, len(line) - 1)], line[max(point - 4, 0)]
    east_m, north_m = ahead[0] - behind[0], ahead[1] - behind[1]
    length_m = max(np.hypot(east_m, north_m), 1e-6)
    for choice in range(len(offsets_m)):
        aside = offsets_m[choice] / length_m
        places[choice, 0] = np.rint((line[point, 0] - aside * north_m) / grid_m) * grid_m
        places[choice, 1] = np.rint((line[point, 1] + aside * east_m) / grid_m) * grid_m
        places[choice, 2] = np.rint(line[point, 2] / grid_m) * grid_m


@compiled
def _place(places: NDArray[np.float64], number: int) -> tuple[float, float, float]:
    return places[number, 0], places[number, 1], places[number, 2]


@compiled
def _near(place: NDArray[np.float64], other: tuple[float, float, float], bound_m: float) -> bool:
    total = 0.0
    for axis in range(3):
        total += (place[axis] - other[axis]) ** 2
    return total <= bound_m * bound_m
