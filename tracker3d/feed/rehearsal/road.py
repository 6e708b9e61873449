"""The road itself: bends rounded, heights evened out, a tunnel through a spur, ground cut and filled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.linalg import solveh_banded
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.synthetic import Landscape
    from tracker3d.feed.rehearsal.course import Course

    Floats = NDArray[np.float64]

SPACING_M = 5.0
"""Distance of the points that the road is computed at."""

STEEPEST = 0.105
"""Gradient that no 5 m of the road exceed."""

_SMOOTH_OPEN_M = 55.0
_SMOOTH_HAIRPIN_M = 7.0
_HAIRPIN_REACH_M = (55.0, 170.0)
_STIFFNESS = 4.0e7
_BENCH_M = (20.0, 75.0)
_SOFTENED_M = (120.0, 600.0)
_TUNNEL_M = (480.0, 1_600.0)
_TUNNEL_GRADIENT = 0.075
_COVER_M = 30.0
_BORE_M = 420.0
_LEAST_COVER_M = 6.0
_DEEP_M = 25.0
_DEEP_FOR_M = 400.0


class NoTunnelError(Exception):
    """No spur of the landscape is worth a tunnel; another seed has one."""


@dataclass(frozen=True)
class Road:
    """The road at points :data:`SPACING_M` apart.

    Attributes
    ----------
    x_m, y_m, z_m : (n,) float64
        Metres from the south-west corner of the map and above the sea.
    s_m : (n,) float64
        Distance from the first point along the road.
    hairpin_s_m : (k,) float64
        Where its hairpins turn.
    tunnel_m : tuple of float
        Where the tunnel begins and ends.
    corners_m : dict of str to float
        Where the parts of the course begin (see :class:`Course`).
    """

    x_m: Floats
    y_m: Floats
    z_m: Floats
    s_m: Floats
    hairpin_s_m: Floats
    tunnel_m: tuple[float, float]
    corners_m: dict[str, float]

    @property
    def gradient(self) -> Floats:
        """Rise over run at each point, (n,)."""
        return np.asarray(np.gradient(self.z_m, self.s_m))

    @property
    def curvature(self) -> Floats:
        """One over the radius of the bend at each point, (n,), 1/m."""
        x, y = (ndimage.gaussian_filter1d(values, 1.0) for values in (self.x_m, self.y_m))
        dx, dy = np.gradient(x, self.s_m), np.gradient(y, self.s_m)
        turned = dx * np.gradient(dy, self.s_m) - dy * np.gradient(dx, self.s_m)
        return np.asarray(np.abs(turned) / np.maximum(np.hypot(dx, dy), 1e-6) ** 3)


def build_road(course: Course, landscape: Landscape) -> tuple[Road, NDArray[np.float32]]:
    """Build the road of a course and the ground around it.

    Parameters
    ----------
    course : Course
    landscape : Landscape
        The untouched landscape; lakes stay as they are.

    Returns
    -------
    Road, (rows, cols) float32
        The ground cut and filled to carry the road.

    Raises
    ------
    NoTunnelError
        No spur on the way is worth a tunnel.
    """
    ground = _Ground(landscape.heights_m.astype(float), landscape.step_m, landscape.lakes)
    line = _Line.along(course)
    line = _bored(line, ground)
    x, y, s = line.resampled()
    soft = ground.softened(x, y, s, line.tunnel_m)
    z = _profile(s, soft.at(x, y), line.tunnel_m)
    tunnel_m = _covered(s, soft.at(x, y) - z, line.tunnel_m)
    road = Road(x, y, z, s, line.hairpin_s_m, tunnel_m, line.corners_m)
    return road, soft.carrying(road)


@dataclass(frozen=True)
class _Line:
    """The way as a smooth line, not yet evenly spaced; marks are distances along it."""

    x_m: Floats
    y_m: Floats
    hairpin_s_m: Floats
    corners_m: dict[str, float]
    tunnel_m: tuple[float, float] = (0.0, 0.0)

    @property
    def s_m(self) -> Floats:
        return _distances(self.x_m, self.y_m)

    def resampled(self) -> tuple[Floats, Floats, Floats]:
        s = self.s_m
        even = np.linspace(0.0, s[-1], round(s[-1] / SPACING_M) + 1)
        return np.interp(even, s, self.x_m), np.interp(even, s, self.y_m), even

    @classmethod
    def along(cls, course: Course) -> _Line:
        """Round the way off: wide curves everywhere, tight ones at the hairpins."""
        x, y, marks, pins = _with_hairpin_arcs(course)
        s = _distances(x, y)
        even = np.arange(0.0, s[-1], SPACING_M)
        x, y = np.interp(even, s, x), np.interp(even, s, y)
        from_pin = (
            np.min(np.abs(even[:, None] - s[pins][None, :]), axis=1) if len(pins) else np.full(len(even), 1e9)
        )
        near, far = _HAIRPIN_REACH_M
        open_share = _ramp((from_pin - near) / (far - near))
        smooth = []
        for values in (x, y):
            tight = ndimage.gaussian_filter1d(values, _SMOOTH_HAIRPIN_M / SPACING_M, mode="nearest")
            wide = ndimage.gaussian_filter1d(values, _SMOOTH_OPEN_M / SPACING_M, mode="nearest")
            smooth.append(ndimage.gaussian_filter1d((1.0 - open_share) * tight + open_share * wide, 1.5))
        after = _distances(*smooth)
        where = {name: float(np.interp(s[index], even, after)) for name, index in marks.items()}
        return cls(smooth[0], smooth[1], np.interp(s[pins], even, after), where)


def _distances(x_m: Floats, y_m: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x_m), np.diff(y_m)))])


def _ramp(share: Floats) -> Floats:
    """Go from 0 to 1 with level ends."""
    inside = np.clip(share, 0.0, 1.0)
    return np.asarray(inside * inside * (3.0 - 2.0 * inside))


def _with_hairpin_arcs(course: Course) -> tuple[Floats, Floats, dict[str, int], list[int]]:
    """Replace each hairpin move by a half circle; also where corners and hairpins went."""
    way = course.way
    points: list[tuple[float, float]] = []
    place_of: list[int] = []
    pins: list[int] = []
    for index in range(len(way.x_m)):
        here = np.array([way.x_m[index], way.y_m[index]])
        if way.hairpin[index]:
            before = np.array([way.x_m[index - 1], way.y_m[index - 1]])
            out = before - np.array([way.x_m[index - 2], way.y_m[index - 2]])
            radius = (here - before) / 2.0
            bulge = out / np.hypot(*out) * np.hypot(*radius)
            pins.append(len(points) + 3)
            for angle in np.linspace(0.0, np.pi, 8)[1:-1]:
                points.append(tuple(before + radius - radius * np.cos(angle) + bulge * np.sin(angle)))
        place_of.append(len(points))
        points.append((float(here[0]), float(here[1])))
    x, y = np.array(points).T
    return x, y, {name: place_of[index] for name, index in course.corners.items()}, pins


class _Ground:
    def __init__(self, heights_m: Floats, step_m: float, lakes: NDArray[np.bool_]) -> None:
        self.heights_m = heights_m
        self.step_m = step_m
        self._lakes = lakes

    def at(self, x_m: Floats, y_m: Floats) -> Floats:
        at = [np.asarray(y_m) / self.step_m, np.asarray(x_m) / self.step_m]
        return np.asarray(ndimage.map_coordinates(self.heights_m, at, order=1, mode="nearest"))

    def _away_m(self, x_m: Floats, y_m: Floats) -> Floats:
        """Distance of every post to a line of points, to half a post."""
        free = np.ones(self.heights_m.shape, bool)
        free[np.rint(y_m / self.step_m).astype(int), np.rint(x_m / self.step_m).astype(int)] = False
        return np.asarray(ndimage.distance_transform_edt(free) * self.step_m)

    def softened(self, x_m: Floats, y_m: Floats, s_m: Floats, tunnel_m: tuple[float, float]) -> _Ground:
        """Fill the gullies beside the road: roads are built on the gentler flanks."""
        outside = (s_m < tunnel_m[0]) | (s_m > tunnel_m[1])
        near, far = _SOFTENED_M
        share = 1.0 - _ramp((self._away_m(x_m[outside], y_m[outside]) - near) / (far - near))
        inside = ~outside
        share *= _ramp((self._away_m(x_m[inside], y_m[inside]) - 60.0) / 250.0)
        share[ndimage.binary_dilation(self._lakes)] = 0.0
        smooth = ndimage.gaussian_filter(self.heights_m, 3.0)
        return _Ground(self.heights_m + 0.8 * share * (smooth - self.heights_m), self.step_m, self._lakes)

    def carrying(self, road: Road) -> NDArray[np.float32]:
        """Cut and fill a bench for the road, except over its tunnel."""
        open_road = (road.s_m < road.tunnel_m[0]) | (road.s_m > road.tunnel_m[1])
        x, y, z = (values[open_road][::2] for values in (road.x_m, road.y_m, road.z_m))
        tree = cKDTree(np.column_stack([x, y]))
        near, far = _BENCH_M
        row, col = np.nonzero(self._away_m(road.x_m[open_road], road.y_m[open_road]) < far + self.step_m)
        distance, index = tree.query(np.column_stack([col, row]) * self.step_m, k=24)
        weight = np.exp(-(((distance - distance[:, :1]) / 14.0) ** 2) - (distance[:, :1] / 1e9))
        level = (weight * z[index]).sum(axis=1) / weight.sum(axis=1)
        share = 1.0 - _ramp((distance[:, 0] - near) / (far - near))
        shaped = self.heights_m.copy()
        share[self._lakes[row, col]] = 0.0
        shaped[row, col] += share * (level - shaped[row, col])
        return shaped.astype(np.float32)


def _profile(s_m: Floats, ground_m: Floats, tunnel_m: tuple[float, float]) -> Floats:
    """Return the smoothest heights close to the ground that keep within :data:`STEEPEST`.

    Least squares of distance to the ground and of change of gradient (a cubic smoothing spline on even
    points); where the result is too steep it is relaxed and refitted.
    """
    weight = np.ones(len(s_m))
    weight[(s_m > tunnel_m[0]) & (s_m < tunnel_m[1])] = 0.0
    target = ground_m.copy()
    z = target
    for _ in range(60):
        z = _fit(target, weight)
        gradient = np.diff(z) / SPACING_M
        limit = 0.93 * STEEPEST
        if np.abs(gradient).max() <= limit:
            break
        clipped = np.clip(gradient, -0.97 * limit, 0.97 * limit)
        bounded = np.concatenate([[z[0]], z[0] + np.cumsum(clipped) * SPACING_M])
        # What clipping takes away in all is given back slowly along the road.
        drift = ndimage.uniform_filter1d(z - bounded, 2 * round(600.0 / SPACING_M) + 1, mode="nearest")
        target = bounded + drift
        weight = np.maximum(weight, 0.05)
    return z


def _covered(s_m: Floats, cover_m: Floats, planned_m: tuple[float, float]) -> tuple[float, float]:
    """Take as the tunnel the longest part that lies under the ground; before and after it is a cutting."""
    under = (cover_m > _LEAST_COVER_M) & (s_m > planned_m[0]) & (s_m < planned_m[1])
    runs, count = ndimage.label(under)
    if count == 0:
        raise NoTunnelError("the tunnel is in the open")
    longest = runs == 1 + int(np.argmax(np.bincount(runs)[1:]))
    if float((cover_m[longest] > _DEEP_M).sum()) * SPACING_M < _DEEP_FOR_M:
        raise NoTunnelError("the tunnel is too shallow")
    inside = s_m[longest]
    return float(inside[0]), float(inside[-1])


def _fit(target_m: Floats, weight: Floats) -> Floats:
    count = len(target_m)
    stiffness = _STIFFNESS / SPACING_M**4
    bands = np.zeros((3, count))
    bands[2] = 6.0
    bands[2, [0, -1]], bands[2, [1, -2]] = 1.0, 5.0
    bands[1, 1:] = -4.0
    bands[1, [1, -1]] = -2.0
    bands[0, 2:] = 1.0
    bands *= stiffness
    bands[2] += weight
    return np.asarray(solveh_banded(bands, weight * target_m))


def _bored(line: _Line, ground: _Ground) -> _Line:
    """Cut off the best spur that the line goes around after the col, by a tunnel."""
    x, y, s = line.resampled()
    z = ndimage.gaussian_filter1d(ground.at(x, y), 40.0)
    dx, dy = np.gradient(x), np.gradient(y)
    best: tuple[float, int, int] | None = None
    first = int(np.searchsorted(s, line.corners_m["col"] + 700.0))
    final = int(np.searchsorted(s, s[-1] - 2_500.0))
    share = np.linspace(0.0, 1.0, 60)
    for begin in range(first, final, 8):
        for end in range(begin + 110, min(begin + 700, final), 12):
            chord = float(np.hypot(x[end] - x[begin], y[end] - y[begin]))
            if not _TUNNEL_M[0] < chord < _TUNNEL_M[1] or abs(z[end] - z[begin]) > _TUNNEL_GRADIENT * chord:
                continue
            along = np.array([x[end] - x[begin], y[end] - y[begin]]) / chord
            into = (dx[begin] * along[0] + dy[begin] * along[1]) / np.hypot(dx[begin], dy[begin])
            out = (dx[end] * along[0] + dy[end] * along[1]) / np.hypot(dx[end], dy[end])
            if min(into, out) < 0.35:
                continue
            above = ground.at(x[begin] + share * (x[end] - x[begin]), y[begin] + share * (y[end] - y[begin]))
            cover = above - (z[begin] + share * (z[end] - z[begin]))
            bored = float((cover > _COVER_M).mean()) * chord
            if bored < _BORE_M or cover.min() < -9.0 or cover.max() > 500.0:
                continue
            score = bored / chord + 0.6 * (into + out) + 0.006 * min(float(cover.mean()), 150.0)
            score -= 0.25 * float(s[end] - s[begin]) / chord + float(s[end] > line.corners_m["last"])
            if best is None or score > best[0]:
                best = (score, begin, end)
    if best is None:
        raise NoTunnelError("no spur is worth a tunnel")
    return _cut_through(line, x, y, s, best[1], best[2])


def _cut_through(line: _Line, x: Floats, y: Floats, s: Floats, begin: int, end: int) -> _Line:
    chord = float(np.hypot(x[end] - x[begin], y[end] - y[begin]))
    share = np.linspace(0.0, 1.0, max(2, round(chord / SPACING_M)))[1:-1]
    new_x = np.concatenate([x[: begin + 1], x[begin] + share * (x[end] - x[begin]), x[end:]])
    new_y = np.concatenate([y[: begin + 1], y[begin] + share * (y[end] - y[begin]), y[end:]])
    saved = (s[end] - s[begin]) - chord
    # Portals are rounded; hairpins elsewhere must stay as they are.
    at = np.arange(len(new_x))
    last = begin + len(share) + 1
    portal = np.exp(-(((at - begin) / 16.0) ** 2)) + np.exp(-(((at - last) / 16.0) ** 2))
    mixed = [
        (1.0 - portal) * values + portal * ndimage.gaussian_filter1d(values, 9.0, mode="nearest")
        for values in (new_x, new_y)
    ]

    def moved(mark: Floats) -> Floats:
        return np.where(mark > s[end], mark - saved, mark)

    kept = line.hairpin_s_m[(line.hairpin_s_m < s[begin]) | (line.hairpin_s_m > s[end])]
    cover_begin, cover_end = s[begin] + 0.06 * chord, s[begin] + 0.94 * chord
    return replace(
        line,
        x_m=mixed[0],
        y_m=mixed[1],
        hairpin_s_m=moved(kept),
        corners_m={name: float(moved(np.array(mark))) for name, mark in line.corners_m.items()},
        tunnel_m=(float(cover_begin), float(cover_end)),
    )
