"""The walk along one rider's path that chooses his keys, compiled: see :mod:`tracker3d.export.keyframes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = 2
"""Parts of a second at which keys may stand."""


@compiled
def walk(
    path: NDArray[np.float64], offsets_m: NDArray[np.float64], grid_m: float, bound_m: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Choose keys of one path.

    Parameters
    ----------
    path : (t, 3) float64
        Once a second.
    offsets_m : (m,) float64
        Places across the path that are tried, the preferred one first; it must be 0.
    grid_m, bound_m : float

    Returns
    -------
    (k,) int64
        Times of keys in parts of a second.
    (k, 3) float64
        Their places.
    """
    places = _places(path, offsets_m, grid_m)
    last = len(places) - 1
    times = np.zeros(last + 1, np.int64)
    before = np.zeros((last + 1, len(offsets_m)), np.int8)
    trial = np.zeros(len(offsets_m), np.int8)
    reached = _within(path, places, 0, bound_m)
    count, step = 1, 2 * PARTS
    while times[count - 1] < last:
        key = times[count - 1]
        good, bad, found = key, last + 1, reached
        while good < last and bad - good > 1:
            at = min(key + step, last) if bad > last else (good + bad) // 2
            links = _linked(path, places, key, reached, at, bound_m, trial)
            if (links != 0).any():
                good, found = at, links
                before[count] = trial
                step = 2 * (at - key) if bad > last else step
            else:
                bad = at
        times[count], reached = good, found
        step = max(good - key, 2)
        count += 1
    chosen = np.empty((count, 3))
    place = 0
    while not reached[place]:
        place += 1
    for number in range(count - 1, -1, -1):
        chosen[number] = places[times[number], place]
        place = before[number, place]
    return times[:count], chosen


@compiled
def _places(path: NDArray[np.float64], offsets_m: NDArray[np.float64], grid_m: float) -> NDArray[np.float64]:
    """Return the places that keys may take at each part of a second, (p, m, 3).

    Between seconds the path is a cubic through four of them (Catmull and Rom 1974).
    """
    seconds = len(path)
    places = np.empty(((seconds - 1) * PARTS + 1, len(offsets_m), 3))
    across = np.array([1.0, 0.0])
    for part in range(len(places)):
        second, share = part // PARTS, (part % PARTS) / PARTS
        a, b = path[max(second - 1, 0)], path[second]
        c, d = path[min(second + 1, seconds - 1)], path[min(second + 2, seconds - 1)]
        ahead, behind = path[min(second + 2, seconds - 1)], path[max(second - 2, 0)]
        east_m, north_m = ahead[0] - behind[0], ahead[1] - behind[1]
        length_m = np.hypot(east_m, north_m)
        if length_m > 1.0:
            across = np.array([-north_m / length_m, east_m / length_m])
        for axis in range(3):
            middle = b[axis]
            if share > 0.0:
                bend = 2.0 * a[axis] - 5.0 * b[axis] + 4.0 * c[axis] - d[axis]
                twist = 3.0 * (b[axis] - c[axis]) + d[axis] - a[axis]
                middle += 0.5 * share * (c[axis] - a[axis] + share * (bend + share * twist))
            for place in range(len(offsets_m)):
                aside = offsets_m[place] * across[axis] if axis < 2 else 0.0
                places[part, place, axis] = np.round((middle + aside) / grid_m) * grid_m
    return places


@compiled
def _within(
    path: NDArray[np.float64], places: NDArray[np.float64], part: int, bound_m: float
) -> NDArray[np.bool_]:
    """Say which places at one time may be shown; all of them between seconds, where nothing is known."""
    allowed = np.ones(places.shape[1], np.bool_)
    if part % PARTS == 0:
        for place in range(places.shape[1]):
            miss = places[part, place] - path[part // PARTS]
            allowed[place] = miss[0] ** 2 + miss[1] ** 2 + miss[2] ** 2 <= bound_m * bound_m
    return allowed


@compiled
def _linked(
    path: NDArray[np.float64],
    places: NDArray[np.float64],
    key: int,
    reached: NDArray[np.bool_],
    at: int,
    bound_m: float,
    before: NDArray[np.int8],
) -> NDArray[np.bool_]:
    """Say which places at a later time can be reached from the reached ones at ``key``, and from which."""
    allowed = _within(path, places, at, bound_m)
    paths, start_s, end_s, suspect = path.reshape(1, -1, 3), key / PARTS, at / PARTS, -1
    for place in range(len(allowed)):
        linked, end = False, _place(places, at, place)
        for origin in range(len(reached)):
            if allowed[place] and reached[origin] and not linked:
                start = _place(places, key, origin)
                found = astray(paths, 0, start, end, start_s, end_s, bound_m, suspect)
                linked = found < 0
                suspect = suspect if linked else found
                before[place] = origin
        allowed[place] = linked
    return allowed


@compiled
def _place(places: NDArray[np.float64], part: int, number: int) -> tuple[float, float, float]:
    return places[part, number, 0], places[part, number, 1], places[part, number, 2]


@compiled
def astray(
    paths: NDArray[np.float64],
    rider: int,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    start_s: float,
    end_s: float,
    bound_m: float,
    suspect: int,
) -> int:
    """Return a second at which a straight way between two keys is out of bounds, -1 where it never is.

    The second ``suspect`` is tried first, or the middle where it lies outside: most ways fail where the one
    before did.
    """
    low, past = int(np.ceil(start_s)), min(int(np.floor(end_s)) + 1, paths.shape[1])
    if not low <= suspect < past:
        suspect = (low + past) // 2
    for number in range(low - 1, past):
        second = suspect if number < low else number
        if low <= second < past:
            share = (second - start_s) / (end_s - start_s)
            x_m = start[0] + (end[0] - start[0]) * share - paths[rider, second, 0]
            y_m = start[1] + (end[1] - start[1]) * share - paths[rider, second, 1]
            z_m = start[2] + (end[2] - start[2]) * share - paths[rider, second, 2]
            if x_m * x_m + y_m * y_m + z_m * z_m > bound_m * bound_m:
                return second
    return -1


@compiled
def largest_error_m(
    path: NDArray[np.float64], times_s: NDArray[np.float32], places_m: NDArray[np.float32]
) -> float:
    """Return the largest distance of what keys (k,), (k, 3) show from a path (t, 3) at any second."""
    largest, after = 0.0, 0
    for second in range(len(path)):
        while after < len(times_s) and times_s[after] < second:
            after += 1
        high, low, share = min(after, len(times_s) - 1), max(after - 1, 0), 0.0
        if high > low:
            share = (second - np.float64(times_s[low])) / (np.float64(times_s[high]) - times_s[low])
        square = 0.0
        for axis in range(3):
            start = np.float64(places_m[low, axis])
            square += (start + (np.float64(places_m[high, axis]) - start) * share - path[second, axis]) ** 2
        largest = max(largest, square)
    return float(np.sqrt(largest))
