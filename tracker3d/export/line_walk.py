"""The walk along one line of the road that chooses keys for all who ride on it: see :mod:`.shared_keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.key_walk import keeps_straight
from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    needed = np.unique(np.concatenate((first, last)))
    points = np.empty(2 * len(line) + 2, np.int64)
    before = np.empty((2 * len(line) + 2, choices), np.int8)
    times = np.full((riders, 1024), np.nan)
    now, due = np.zeros(riders), np.zeros(riders)
    starts, ends = np.empty((choices, 3)), np.empty((choices, 3))
    reached, links = np.ones(choices, np.bool_), np.zeros(choices, np.bool_)
    found, trial = reached.copy(), np.zeros(choices, np.int8)
    points[0], count, step, left, ahead = needed[0], 1, 8, False, 1
    times[first == needed[0], 0] = 0.0
    while points[count - 1] < needed[-1]:
        key = points[count - 1]
        while needed[ahead] <= key:
            ahead += 1
        good, bad = key, needed[ahead] + 1
        past = bad
        while bad - good > 1 and good < needed[ahead]:
            at = min(key + step, needed[ahead]) if bad == past else (good + bad) // 2
            for rider in range(riders):
                due[rider] = max(_time_of(ways[rider], at, False, time_step_s), now[rider] + time_step_s)
            _spread(line, key, offsets_m, grid_m, starts)
            _spread(line, at, offsets_m, grid_m, ends)
            _link(paths, starts, ends, now, due, key, at, first, last, bound_m, reached, links, trial)
            if links.any():
                good = at
                found[:] = links
                before[count] = trial
                step = 2 * (at - key) if bad == past else step
            else:
                bad = at
        if count == times.shape[1]:
            times = np.concatenate((times, np.full(times.shape, np.nan)), axis=1)
        if good == key and not left:
            # Somebody stands here: all pass the place twice, he when he comes and when he goes.
            left = True
            for choice in range(choices):
                before[count, choice] = choice
        else:
            if good == key:
                # What cannot be followed is passed as it is; whoever is off then gets keys of his own.
                good = key + 1
                found[:] = True
                before[count] = np.argmax(reached)
            left = False
            reached[:] = found
        for rider in range(riders):
            if first[rider] == good and good > key:
                now[rider] = 0.0
                times[rider, count] = 0.0
            elif first[rider] <= key and (good <= last[rider] if good > key else key < last[rider]):
                came_s = _time_of(ways[rider], good, good == key, time_step_s)
                now[rider] = max(came_s, now[rider] + time_step_s)
                times[rider, count] = now[rider]
        points[count] = good
        step = max(good - key, 2)
        count += 1
    places = np.empty((count, 3))
    choice = int(np.argmax(reached))
    for number in range(count - 1, -1, -1):
        _spread(line, points[number], offsets_m, grid_m, starts)
        places[number] = starts[choice]
        choice = before[number, choice]
    return points[:count], places, times[:, :count]


@compiled
def _link(
    paths: NDArray[np.float64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    start_s: NDArray[np.float64],
    end_s: NDArray[np.float64],
    key: int,
    at: int,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    bound_m: float,
    reached: NDArray[np.bool_],
    links: NDArray[np.bool_],
    before: NDArray[np.int8],
) -> None:
    """Write which places at a later point all riders can reach from the reached ones, and from which."""
    links[:] = False
    for choice in range(len(links)):
        for origin in range(len(reached)):
            if reached[origin] and not links[choice]:
                fits = True
                for rider in range(len(paths)):
                    if fits and first[rider] <= key and at <= last[rider]:
                        start, end = starts[origin], ends[choice]
                        fits = keeps_straight(paths[rider], start, end, start_s[rider], end_s[rider], bound_m)
                        if fits and at == last[rider]:
                            fits = _near(paths[rider, -1], end, bound_m)
                links[choice] = fits
                before[choice] = origin


@compiled
def _time_of(way: NDArray[np.float64], point: int, leaving: bool, time_step_s: float) -> float:
    """Return when a rider comes to a point of the line, or leaves it; on the grid of times."""
    wanted = min(float(point), way[-1])
    after = np.searchsorted(way, float(point), side="right") if leaving else np.searchsorted(way, wanted)
    if after == 0:
        return 0.0
    if after == len(way):
        return float(after - 1)
    share = (wanted - way[after - 1]) / (way[after] - way[after - 1])
    return float(np.rint((after - 1 + share) / time_step_s) * time_step_s)


@compiled
def _spread(
    line: NDArray[np.float64],
    point: int,
    offsets_m: NDArray[np.float64],
    grid_m: float,
    places: NDArray[np.float64],
) -> None:
    """Write the places across the line at a point, on the grid, into ``places`` (m, 3)."""
    ahead, behind = line[min(point + 4, len(line) - 1)], line[max(point - 4, 0)]
    east_m, north_m = ahead[0] - behind[0], ahead[1] - behind[1]
    length_m = max(np.hypot(east_m, north_m), 1e-6)
    for choice in range(len(offsets_m)):
        aside = offsets_m[choice] / length_m
        places[choice, 0] = np.rint((line[point, 0] - aside * north_m) / grid_m) * grid_m
        places[choice, 1] = np.rint((line[point, 1] + aside * east_m) / grid_m) * grid_m
        places[choice, 2] = np.rint(line[point, 2] / grid_m) * grid_m


@compiled
def _near(place: NDArray[np.float64], other: NDArray[np.float64], bound_m: float) -> bool:
    total = 0.0
    for axis in range(3):
        total += (place[axis] - other[axis]) ** 2
    return total <= bound_m * bound_m
