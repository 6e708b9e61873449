"""From the vertices of a traced road to a smooth line and smooth heights.

A traced road is a simplified one: its vertices lie on the road, and the chords between them cut the
corners by a few metres. The line drawn here passes through every vertex and bulges by no more than
that, so straights of a kilometre stay straight and hairpins keep their shape.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BULGE_M = 4.0
"""How far the line may leave a chord: about what the simplification of a trace cuts off."""

REACH_M = 100.0
"""How far from its vertex a bend may bulge a chord: the rest of a straight stays straight."""

STEEPEST_TURN_RAD = np.radians(40.0)
"""Largest angle between the line and a chord at its end, so that short chords grow no loops."""

SMOOTH_HEIGHT_M = 40.0
"""Standard deviation of the Gaussian that heights of a trace are smoothed with, along the road."""

SPIKE_SLOPE = 0.2
"""A vertex that stands out from both neighbours by more than this slope is a fault in its height."""

_CLOSE_M = 0.5
_JITTER_LEG_M = 5.0
_JITTER_TURN_RAD = np.radians(150.0)
_JITTER_ROUNDS = 8
_JOIN_GAP_M = 250.0


def join_parts(parts: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], float]:
    """Join pieces of a road, (n, 3) lon, lat, height each, into one.

    The order of the file is kept when each piece begins where the one before ends; otherwise pieces are
    chained by their nearest ends, turned round where that is nearer.

    Returns
    -------
    points : (n, 3) float64
    widest_gap_m : float
        The widest step between two joined pieces, 0 for one piece.
    """
    chain = list(parts)
    gaps_m = _gaps_m(chain)
    if max(gaps_m, default=0.0) > _JOIN_GAP_M:
        candidates = [chain]
        for first in range(min(len(parts), 50)):
            candidates += [_chained(parts, first, turned=turned) for turned in (False, True)]
        chain = min(candidates, key=lambda order: sum(_gaps_m(order)))
        gaps_m = _gaps_m(chain)
    return np.concatenate(chain), max(gaps_m, default=0.0)


def _gap_m(end: NDArray[np.float64], begin: NDArray[np.float64]) -> float:
    """Metres between two positions in degrees, near enough to compare gaps."""
    north = (begin[1] - end[1]) * 111_200.0
    east = (begin[0] - end[0]) * 111_200.0 * np.cos(np.radians(end[1]))
    return float(np.hypot(east, north))


def _gaps_m(chain: Sequence[NDArray[np.float64]]) -> list[float]:
    return [_gap_m(before[-1], after[0]) for before, after in itertools.pairwise(chain)]


def _chained(parts: Sequence[NDArray[np.float64]], first: int, *, turned: bool) -> list[NDArray[np.float64]]:
    chain = [parts[first][::-1] if turned else parts[first]]
    left = [part for index, part in enumerate(parts) if index != first]
    while left:
        end = chain[-1][-1]
        index = min(range(len(left)), key=lambda i: min(_gap_m(end, left[i][0]), _gap_m(end, left[i][-1])))
        part = left.pop(index)
        chain.append(part if _gap_m(end, part[0]) <= _gap_m(end, part[-1]) else part[::-1])
    return chain


def cleaned(x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which vertices to keep: no repeats, and none where a recording jitters to and fro on the spot.

    A stub of some metres that a planner drew into a side road unravels from its tip. The rounds are few, so
    that a road which the race rides out and back loses no more than its last metres. The first and last
    vertex are kept unless the whole road is one place.
    """
    kept = _apart(x_m, y_m, np.arange(len(x_m)))
    for _ in range(_JITTER_ROUNDS):
        if len(kept) < 3:
            break
        east, north = np.diff(x_m[kept]), np.diff(y_m[kept])
        leg_m, heading = np.hypot(east, north), np.arctan2(north, east)
        sharp = np.abs(_wrapped(np.diff(heading))) > _JITTER_TURN_RAD
        jitter = sharp & (np.minimum(leg_m[:-1], leg_m[1:]) < _JITTER_LEG_M)
        if not jitter.any():
            break
        kept = _apart(x_m, y_m, np.delete(kept, 1 + np.flatnonzero(jitter)))
    keep = np.zeros(len(x_m), bool)
    keep[kept] = True
    return keep


def _apart(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], candidates: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return those of some vertices that are not on the one kept before them; the last one always."""
    kept = [int(candidates[0])]
    for index in candidates[1:].tolist():
        if np.hypot(x_m[index] - x_m[kept[-1]], y_m[index] - y_m[kept[-1]]) >= _CLOSE_M:
            kept.append(index)
    if kept[-1] != candidates[-1] and len(kept) > 1:
        kept[-1] = int(candidates[-1])
    return np.array(kept, np.intp)


def _wrapped(angle_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((angle_rad + np.pi) % (2.0 * np.pi) - np.pi)


def smooth_line(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], *, step_m: float = 2.5
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Draw a smooth line through all vertices, leaving each chord by at most about ``BULGE_M``.

    At a vertex the turn is shared out so that both chords are left by the same distance: the longer one
    by the smaller angle. What exceeds the bulge stays a corner. Between vertices the line is a cubic
    Hermite curve.

    Parameters
    ----------
    x_m, y_m : (n,) float64
        Vertices, no two neighbours equal.
    step_m : float
        Longest step between samples.

    Returns
    -------
    x_m, y_m : (m,) float64
    vertex : (n,) intp
        Index of each vertex among the samples.
    """
    x_m, y_m, own = _supported(x_m, y_m)
    east, north = np.diff(x_m), np.diff(y_m)
    chord_m, heading = np.hypot(east, north), np.arctan2(north, east)
    leave_rad, arrive_rad = _end_angles(chord_m, heading)
    pieces = np.maximum(1, np.ceil(chord_m / step_m).astype(np.intp))
    chord = np.repeat(np.arange(len(chord_m)), pieces)
    vertex = np.concatenate([[0], np.cumsum(pieces)])
    u = (np.arange(len(chord)) - vertex[:-1][chord]) / pieces[chord]
    blend_end = u * u * (3.0 - 2.0 * u)
    blend_leave = u * (1.0 - u) ** 2
    blend_arrive = u * u * (u - 1.0)
    leave, arrive = heading + leave_rad, heading + arrive_rad
    curve = [
        np.append(
            start[chord]
            + blend_end * delta[chord]
            + blend_leave * (chord_m * part(leave))[chord]
            + blend_arrive * (chord_m * part(arrive))[chord],
            end,
        )
        for start, delta, part, end in ((x_m, east, np.cos, x_m[-1]), (y_m, north, np.sin, y_m[-1]))
    ]
    return curve[0], curve[1], vertex[own]


def _supported(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Add two points to each long chord, so that a bend reaches no farther into a straight than ``REACH_M``.

    Returns the vertices with the added ones, and the index of each old vertex among them.
    """
    east, north = np.diff(x_m), np.diff(y_m)
    chord_m = np.hypot(east, north)
    long = chord_m > 2.0 * REACH_M
    vertices = np.arange(len(x_m), dtype=float)
    share = REACH_M / chord_m[long]
    first = vertices[:-1][long]
    along = np.sort(np.concatenate([vertices, first + share, first + 1.0 - share]))
    own = np.concatenate([[0], np.cumsum(np.where(long, 3, 1))])
    return np.interp(along, vertices, x_m), np.interp(along, vertices, y_m), own


def _end_angles(
    chord_m: NDArray[np.float64], heading_rad: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angle of the line against each chord at its beginning and at its end, (n - 1,) each."""
    limit = np.minimum(np.arctan(4.0 * BULGE_M / chord_m), STEEPEST_TURN_RAD)
    turn = _wrapped(np.diff(heading_rad))
    before_m, after_m = chord_m[:-1], chord_m[1:]
    arrive, leave = np.zeros_like(chord_m), np.zeros_like(chord_m)
    share = after_m / (before_m + after_m)
    arrive[:-1] = np.clip(turn * share, -limit[:-1], limit[:-1])
    leave[1:] = np.clip(-turn * (1.0 - share), -limit[1:], limit[1:])
    return leave, arrive


def without_spikes(along_m: NDArray[np.float64], height_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace heights of single vertices that stand out from both neighbours by interpolated ones."""
    if len(height_m) < 3:
        return height_m
    run_m = np.maximum(np.diff(along_m), 1.0)
    slope = np.diff(height_m) / run_m
    spike = (slope[:-1] * slope[1:] < 0.0) & (np.minimum(np.abs(slope[:-1]), np.abs(slope[1:])) > SPIKE_SLOPE)
    kept = np.concatenate([[True], ~spike, [True]])
    return np.asarray(np.interp(along_m, along_m[kept], height_m[kept]))


def smoothed(
    height_m: NDArray[np.float64], *, step_m: float, sigma_m: float = SMOOTH_HEIGHT_M
) -> NDArray[np.float64]:
    """Smooth heights at equal steps with a Gaussian; ends are mirrored through their own value.

    Mirroring through the end point keeps both the height and the slope there, so a finish on a climb is
    not flattened.
    """
    from scipy.ndimage import gaussian_filter1d

    reach = min(len(height_m) - 1, round(4.0 * sigma_m / step_m))
    if reach < 1:
        return height_m
    before = 2.0 * height_m[0] - height_m[reach:0:-1]
    after = 2.0 * height_m[-1] - height_m[-2 : -2 - reach : -1]
    extended = np.concatenate([before, height_m, after])
    return np.asarray(gaussian_filter1d(extended, sigma_m / step_m)[reach : reach + len(height_m)])
