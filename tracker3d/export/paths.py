"""Where every rider is drawn at every second."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.track.lanes import lanes, laterals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.model import Stage
    from tracker3d.track import Motion

STEP_MS = 1000
MOST_SAMPLES = 20_000_000
"""Riders times seconds; a day of 230 riders."""

_BLOCK = 50_000
"""Positions that are computed at once: so many stay in a processor's cache, and threads share them out."""


@dataclass(frozen=True)
class RacePaths:
    """Drawn positions of all who are seen at least once, once a second.

    Attributes
    ----------
    start_ms : int
        Time of the first sample, milliseconds since 1970 UTC.
    times_s : (t,) float64
        Since ``start_ms``, whole seconds.
    bibs : (k,) int32
    positions_m : (t, k, 3) float32
        As drawn, stage axes; before a rider is first seen the first known position.
    first_seen_s : (k,) float64
        First sample at which the position is known.
    distance_m : (t, k) float64
        Road distance, filled in the same way.
    lateral_m : (t, k) float64
        To the left of the race.
    """

    start_ms: int
    times_s: NDArray[np.float64]
    bibs: NDArray[np.int32]
    positions_m: NDArray[np.float32]
    first_seen_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    lateral_m: NDArray[np.float64]

    @property
    def leader_m(self) -> NDArray[np.float64]:
        """Road distance of the first rider, vehicles apart; (t,)."""
        riding = self.distance_m[:, self.bibs >= 0]
        return np.asarray(riding.max(axis=1))


def drawn_paths(
    stage: Stage,
    motion: Motion,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    bibs: frozenset[int] | None = None,
) -> RacePaths:
    """Sample a race once a second, from its first to its last moment or a part of it.

    Positions are those of the app: on the drawn road, moved sideways by the rider's place in it.

    Parameters
    ----------
    stage : Stage
    motion : Motion
    start_ms, end_ms : int or None
        First and last moment; what lies outside the race is left out.
    bibs : frozenset of int or None
        Who is wanted; None: everybody.

    Raises
    ------
    InputError
        The feed is too long for one file, or nobody and nothing is left.
    """
    first_ms = motion.start_ms if start_ms is None else max(start_ms, motion.start_ms)
    last_ms = motion.end_ms if end_ms is None else min(end_ms, motion.end_ms)
    if first_ms > last_ms:
        raise InputError("The race has nothing between these two times; choose others.")
    seconds = (last_ms - first_ms) // STEP_MS + 1
    if seconds * max(len(motion.bibs), 1) > MOST_SAMPLES:
        raise InputError(
            f"The feed lasts {seconds / 3600:.0f} hours, more than one file can hold; cut it to the race."
        )
    times_ms = np.arange(first_ms, last_ms + 1, STEP_MS, dtype=np.int64)
    distance_m = np.asarray(motion.distances(times_ms), dtype=np.float64)
    known = np.isfinite(distance_m)
    seen = known.any(axis=0)
    if bibs is not None:
        seen &= np.isin(motion.bibs, sorted(bibs))
        if not seen.any():
            raise InputError("None of these riders is seen at that time; choose others.")
    shown = np.asarray(motion.bibs, dtype=np.int32)[seen]
    distance_m, known = distance_m[:, seen], known[:, seen]
    distance_m = np.take_along_axis(distance_m, _nearest_known(known), axis=0)
    lateral_m = laterals(lanes(shown), distance_m)
    times_s = (times_ms - times_ms[0]) / 1000.0
    return RacePaths(
        start_ms=int(times_ms[0]),
        times_s=times_s,
        bibs=shown,
        positions_m=road_positions(stage, distance_m, lateral_m),
        first_seen_s=times_s[known.argmax(axis=0)],
        distance_m=distance_m,
        lateral_m=lateral_m,
    )


def road_positions(
    stage: Stage, distance_m: NDArray[np.float64], lateral_m: NDArray[np.float64] | float = 0.0
) -> NDArray[np.float32]:
    """Return drawn positions (..., 3) at road distances, ``lateral_m`` to the left of the race."""
    aside_m = np.broadcast_to(lateral_m, distance_m.shape)
    if distance_m.size <= _BLOCK:
        return moved_aside(stage, middle_of_road(stage, distance_m), aside_m)
    positions = np.empty((*distance_m.shape, 3), np.float32)
    edges = np.linspace(0, len(distance_m), -(-distance_m.size // _BLOCK) + 1).astype(int)

    def place(begin: int, end: int) -> None:
        middle = middle_of_road(stage, distance_m[begin:end])
        positions[begin:end] = moved_aside(stage, middle, aside_m[begin:end])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(place, edges[:-1].tolist(), edges[1:].tolist()))
    return positions


def middle_of_road(stage: Stage, distance_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return x, y and drawn height at road distances, metres, and the heading's parts north and east."""
    x_m, y_m, z_m, heading_rad = stage.route.placed(distance_m)
    return x_m, y_m, z_m, np.cos(heading_rad), np.sin(heading_rad)


def moved_aside(
    stage: Stage, middle: tuple[NDArray[np.float64], ...], lateral_m: NDArray[np.float64] | float
) -> NDArray[np.float32]:
    """Return drawn positions (..., 3) to the left of those of :func:`middle_of_road`."""
    x_m, y_m, z_m, north, east = middle
    return stage.frame.drawn(x_m - north * lateral_m, y_m + east * lateral_m, z_m)


def _nearest_known(known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each sample the row of the last known one, or of the first known one before that; (t, k)."""
    rows = np.arange(len(known))[:, None]
    latest = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    return np.where(latest >= 0, latest, known.argmax(axis=0)[None, :])
