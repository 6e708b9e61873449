"""``put_on_road``: fixes to road metres, each with a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.columns import LARGEST_SPEED_MPS
from tracker3d.track.clean import clean
from tracker3d.track.hypotheses import LARGEST_RETREAT_M, MOST_PERSISTENCE, PERSISTING_S, choose
from tracker3d.track.model import Tracks, Verdict
from tracker3d.track.places import RoadPlaces
from tracker3d.track.projecting import Projection
from tracker3d.track.speeds import along_road_mps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.feed.fixes import Fixes
    from tracker3d.stage.model import Stage

GATE_M = 100.0
"""A fix farther from the road than this never moves its rider."""

LOW_LATERAL_M = 25.0
LOW_SILENCE_MS = 40_000

_CANDIDATES = 6
_LATERAL_MEDIAN_TO_SCALE = 0.765
"""Median of the absolute value of Student's t with three degrees of freedom."""

_LEAST_NEIGHBOURS = 200
_OTHER_TRACKER_WINDOW_MS = 120_000
_OTHER_TRACKER_LEAST = 4


def put_on_road(fixes: Fixes, stage: Stage) -> Tracks:
    """Put every fix on the road, with continuity deciding between legs that lie close together.

    Parameters
    ----------
    fixes : Fixes
    stage : Stage
        Its route and frame are read.

    Returns
    -------
    Tracks
        All fixes but parked, repeated and frozen rows, which are counted in ``dropped``.
    """
    cleaned = clean(fixes)
    rows = cleaned.rows
    rider, time_ms = fixes.rider[rows], fixes.time_ms[rows]
    x_m, y_m = Projection(stage).to_local(fixes.lon_deg[rows], fixes.lat_deg[rows])
    road = RoadPlaces(stage.route, gate_m=GATE_M)
    places = road.within_gate(x_m, y_m, most=_CANDIDATES)
    speed_mps = fixes.speed_mps[rows]
    chosen = choose(
        places,
        time_ms=time_ms,
        rider=rider,
        speed_mps=speed_mps,
        noise_m=_noise_m(places.lateral_m[:, 0]),
        persistence=_persistence(time_ms, rider, places.lateral_m[:, 0]),
    )
    accepted = chosen >= 0
    column = np.maximum(chosen, 0)[:, None]
    distance_m = np.take_along_axis(places.distance_m, column, axis=1)[:, 0]
    lateral_m = np.take_along_axis(places.lateral_m, column, axis=1)[:, 0]
    rejected = np.flatnonzero(~accepted)
    distance_m[rejected], lateral_m[rejected] = road.nearest(x_m[rejected], y_m[rejected])
    return Tracks(
        bibs=fixes.bibs,
        time_ms=time_ms,
        rider=rider,
        lon_deg=fixes.lon_deg[rows],
        lat_deg=fixes.lat_deg[rows],
        distance_m=distance_m,
        lateral_m=lateral_m,
        speed_mps=along_road_mps(
            time_ms=time_ms, rider=rider, distance_m=distance_m, reported_mps=speed_mps, accepted=accepted
        ),
        verdict=_verdicts(rider, time_ms, distance_m, lateral_m, accepted),
        dropped=cleaned.dropped,
    )


def _noise_m(nearest_m: NDArray[np.float64]) -> float:
    """Scale of Student's t for the lateral offset, from the residuals themselves: a wrong one costs most."""
    near = np.abs(nearest_m[np.isfinite(nearest_m)])
    if not len(near):
        return 5.0
    return float(np.clip(np.median(near) / _LATERAL_MEDIAN_TO_SCALE, 1.5, 15.0))


def _persistence(
    time_ms: NDArray[np.int64], rider: NDArray[np.int32], nearest_m: NDArray[np.float64]
) -> float:
    """Which share of its offset from the road the next fix has: its median, as receivers differ."""
    before_m, after_m = nearest_m[:-1], nearest_m[1:]
    soon = (np.diff(rider) == 0) & (np.diff(time_ms) <= 1000.0 * PERSISTING_S)
    rows = np.flatnonzero(soon & np.isfinite(before_m) & np.isfinite(after_m) & (before_m != 0.0))
    if len(rows) < _LEAST_NEIGHBOURS:
        return 0.0
    return float(np.clip(np.median(after_m[rows] / before_m[rows]), 0.0, MOST_PERSISTENCE))


def _verdicts(
    rider: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
    accepted: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Say for each fix how good it is, or why it was rejected."""
    verdict = np.full(len(rider), Verdict.HIGH, np.uint8)
    before, after = _accepted_neighbours(rider, accepted)
    silence_ms = np.where(before >= 0, time_ms - time_ms[np.maximum(before, 0)], 0)
    verdict[(np.abs(lateral_m) > LOW_LATERAL_M) | (silence_ms > LOW_SILENCE_MS)] = Verdict.LOW
    farthest = _farthest_before(rider, distance_m, accepted)
    verdict[~accepted] = Verdict.TELEPORT
    too_fast = np.zeros(len(rider), bool)
    for neighbour in (before, after):
        known = neighbour >= 0
        at = np.maximum(neighbour, 0)
        elapsed_s = np.abs(time_ms - time_ms[at]) / 1000.0
        too_fast |= known & (np.abs(distance_m - distance_m[at]) > LARGEST_SPEED_MPS * elapsed_s)
    verdict[~accepted & ~too_fast & (distance_m < farthest - LARGEST_RETREAT_M)] = Verdict.BACKWARDS
    verdict[~accepted & _other_tracker(rider, time_ms, accepted)] = Verdict.SECOND_TRACKER
    verdict[~accepted & (np.abs(lateral_m) > GATE_M)] = Verdict.OFF_ROAD
    return verdict


def _accepted_neighbours(
    rider: NDArray[np.int32], accepted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row of the accepted fix of the same rider before, and after, each row; -1 where there is none."""
    n = len(rider)
    rows = np.arange(n)
    at = np.maximum.accumulate(np.where(accepted, rows, -1)) if n else rows
    before = np.concatenate([[-1], at[:-1]])[:n]
    at = np.minimum.accumulate(np.where(accepted, rows, n)[::-1])[::-1] if n else rows
    after = np.concatenate([at[1:], [n]])[:n]
    before = np.where((before >= 0) & (rider[np.maximum(before, 0)] == rider), before, -1)
    after = np.where((after < n) & (rider[np.minimum(after, n - 1)] == rider), after, -1)
    return before, after


def _farthest_before(
    rider: NDArray[np.int32], distance_m: NDArray[np.float64], accepted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Farthest accepted distance of the same rider up to each row, -inf before the first."""
    farthest = np.full(len(rider), -np.inf)
    starts = np.flatnonzero(np.diff(rider, prepend=-1)) if len(rider) else np.zeros(0, np.int64)
    for begin, end in zip(starts, np.append(starts[1:], len(rider)), strict=True):
        values = np.where(accepted[begin:end], distance_m[begin:end], -np.inf)
        farthest[begin:end] = np.maximum.accumulate(values)
    return farthest


def _other_tracker(
    rider: NDArray[np.int32], time_ms: NDArray[np.int64], accepted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rejected rows among many others that alternate with accepted ones: two trackers send under one bib."""
    order = rider.astype(np.int64) * (1 << 42) + time_ms - (time_ms.min() if len(time_ms) else 0)
    turn = np.zeros(len(rider), np.int64)
    turn[1:] = (accepted[1:] != accepted[:-1]) & (rider[1:] == rider[:-1])
    turns = np.concatenate([[0], np.cumsum(turn)])
    begin = np.searchsorted(order, order - _OTHER_TRACKER_WINDOW_MS, side="left")
    end = np.searchsorted(order, order + _OTHER_TRACKER_WINDOW_MS, side="right")
    return np.asarray(turns[end] - turns[begin] >= 2 * _OTHER_TRACKER_LEAST)
