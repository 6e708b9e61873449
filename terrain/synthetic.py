"""Mountains that do not exist: terrain from uplift, rivers and slopes that fail.

Valleys and ridges are not drawn but eroded: rock rises, water runs down the steepest way and cuts in by
the stream-power law ``dz/dt = U - K A^m S`` (``A`` the area drained, ``S`` the slope), and whatever is
steeper than rock can stand slides. Solved implicitly in the order of the flow (Braun and Willett 2013,
"A very efficient O(n), implicit and parallel method to solve the stream power equation"), with basins
joined over their lowest passes (Cordonnier, Bovy and Braun 2019), from coarse posts to fine ones.
What ice did afterwards, flat floors and steep walls, is cut along the larger streams.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

_AREA_EXPONENT = 0.38
_STREAM_SLOPE = 0.27
_CREST_AREA_KM2 = 0.16
_LAPLACE = np.array([[0.0, 0.25, 0.0], [0.25, -1.0, 0.25], [0.0, 0.25, 0.0]])
_GLACIER_KM2 = 1.6
_WALL_SLOPE = 0.72
_BED_DEPTH_M = 2.5
_SHORE_M = 150.0
_UPLIFT_PER_ROUND_M = 30.0
_COARSEST_POSTS = 90
_NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))


@dataclass(frozen=True)
class River:
    """A river that the range is built around: the base level of everything that drains to it.

    Attributes
    ----------
    x_m, y_m : tuple of float
        Corner points from the mouth upstream, metres from the south-west corner; joined by a smooth line.
    height_m : tuple of float
        Height of the water at these points, rising.
    floor_half_width_m : float
        Half the width of the flat valley floor.
    """

    x_m: tuple[float, ...]
    y_m: tuple[float, ...]
    height_m: tuple[float, ...]
    floor_half_width_m: float = 260.0


@dataclass(frozen=True)
class Saddle:
    """A gap in the range: uplift is weaker around (``x_m``, ``y_m``) by ``depth`` (0 to 1)."""

    x_m: float
    y_m: float
    radius_m: float
    depth: float


@dataclass(frozen=True)
class Lake:
    """A lake that a river (by number) fills between two of its points with one height in :class:`River`.

    It reaches from ``west_m`` to ``east_m`` and ``half_width_m`` to both sides of the river.
    """

    river: int
    west_m: float
    east_m: float
    half_width_m: float


@dataclass(frozen=True)
class Landscape:
    """What :func:`mountain_range` makes.

    Attributes
    ----------
    heights_m : (rows, cols) float32
        Rows go north, columns east.
    rivers : tuple of (x_m, y_m) float64
        Centre line of each river, metres from the south-west corner, from the mouth upstream.
    lakes : (rows, cols) bool
        Posts under the level water of a lake.
    drains_to : (rows, cols) int8
        Which river the water of each post reaches.
    downhill : (rows, cols) intp
        Flat index of the post that water flows to; rivers point to themselves.
    step_m : float
    """

    heights_m: NDArray[np.float32]
    rivers: tuple[tuple[Floats, Floats], ...]
    lakes: NDArray[np.bool_]
    drains_to: NDArray[np.int8]
    downhill: Indices
    step_m: float


@dataclass(frozen=True)
class Plan:
    """The rivers, gaps and lakes of a range, in metres from the south-west corner.

    ``summit_m`` is about how high the highest peaks stand.
    """

    rivers: tuple[River, ...]
    saddles: tuple[Saddle, ...] = ()
    lakes: tuple[Lake, ...] = ()
    summit_m: float = 3_100.0


def default_plan(width_m: float, depth_m: float) -> Plan:
    """Return one river through the middle, for any size of range."""
    at = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    y = depth_m * np.array([0.45, 0.52, 0.46, 0.55, 0.5, 0.58])
    heights = 600.0 + 0.012 * width_m * at + 200.0 * at**3
    return Plan(rivers=(River(tuple(width_m * at), tuple(y), tuple(heights)),))


def mountain_range(
    *,
    seed: int,
    rows: int,
    cols: int,
    step_m: float,
    plan: Plan | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Landscape:
    """Raise and erode a mountain range.

    Parameters
    ----------
    seed : int
        The same seed gives the same heights.
    rows, cols : int
        Number of posts north and east.
    step_m : float
        Distance of posts; 30 m is what the slopes are tuned for.
    plan : Plan, optional
        Its rivers and gaps; one river through the middle if not given.
    progress : callable, optional
        Called with a text and the fraction done.
    """
    rng = np.random.default_rng(seed)
    plan = plan or default_plan((cols - 1) * step_m, (rows - 1) * step_m)
    lines = [_smooth_line(river, step_m) for river in plan.rivers]
    factor = max(1, 2 ** int(np.log2(max(min(rows, cols) / _COARSEST_POSTS, 1.0))))
    warp = _Warp(rng)
    heights: Floats | None = None
    levels = int(np.log2(factor)) + 1
    for level in range(levels):
        grid = _Grid.of(rows, cols, step_m, factor >> level)
        if progress is not None:
            progress("eroding mountains", level / levels)
        heights = _erode_level(
            grid, heights, lines, plan, warp, rng, rounds=(60, 36, 22, 14, 9)[min(level, 4)]
        )
    assert heights is not None
    grid = _Grid.of(rows, cols, step_m, 1)
    fixed, _ = _base_levels(grid, lines)
    receiver, _ = _receivers(
        heights, fixed, np.ones((len(_NEIGHBOURS), *grid.shape), np.float32), grid.step_m
    )
    heights = _finish(grid, heights, receiver, lines, plan.lakes, warp, rng)
    heights, lakes = _fill_lakes(grid, heights, lines, plan.lakes)
    return Landscape(
        heights_m=heights.astype(np.float32),
        rivers=tuple((line.x_m, line.y_m) for line in lines),
        lakes=lakes,
        drains_to=_river_of(grid, receiver, lines),
        downhill=receiver.reshape(grid.shape),
        step_m=step_m,
    )


def _river_of(grid: _Grid, receiver: Indices, lines: list[_Line]) -> NDArray[np.int8]:
    number = np.zeros(grid.shape, np.int8)
    for index, line in enumerate(lines):
        number[_posts_of(grid, line.x_m, line.y_m)] = index
    root, _ = _roots(receiver)
    return number.ravel()[root].reshape(grid.shape)


@dataclass(frozen=True)
class _Grid:
    rows: int
    cols: int
    step_m: float

    @classmethod
    def of(cls, rows: int, cols: int, step_m: float, factor: int) -> _Grid:
        return cls(
            (rows - 1) // factor + 1 + (factor > 1), (cols - 1) // factor + 1 + (factor > 1), step_m * factor
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.cols

    def axes(self) -> tuple[Floats, Floats]:
        """Return x of each column and y of each row, as (1, cols) and (rows, 1)."""
        x, y = np.arange(self.cols, dtype=float), np.arange(self.rows, dtype=float)
        return x[None, :] * self.step_m, y[:, None] * self.step_m


@dataclass(frozen=True)
class _Line:
    x_m: Floats
    y_m: Floats
    height_m: Floats
    floor_half_width_m: float


def _smooth_line(river: River, step_m: float) -> _Line:
    corners = np.column_stack([river.x_m, river.y_m])
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    fine = np.arange(0.0, at[-1], step_m / 3)
    x, y = np.asarray(make_interp_spline(at, corners, k=min(3, len(at) - 1))(fine).T, float)
    wiggle = 60.0 * np.sin(fine / 310.0) + 35.0 * np.sin(fine / 127.0 + 1.0)
    tangent = np.column_stack([np.gradient(x), np.gradient(y)])
    tangent /= np.hypot(*tangent.T)[:, None]
    x, y = x - wiggle * tangent[:, 1], y + wiggle * tangent[:, 0]
    return _Line(x, y, PchipInterpolator(at, river.height_m)(fine), river.floor_half_width_m)


class _Warp:
    """Smooth random fields that are the same at every resolution."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._waves = [
            (wavelength, rng.uniform(0.0, 2.0 * np.pi, (24, 2)), rng.uniform(0.0, 2.0 * np.pi, (24, 2)))
            for wavelength in (9_000.0, 4_200.0, 1_900.0)
        ]

    def field(self, grid: _Grid, which: int, octave: int) -> Floats:
        """Return a field of unit variance; ``octave`` 0 is the broadest."""
        wavelength, directions, phases = self._waves[octave]
        x, y = grid.axes()
        half = slice(0, 12) if which == 0 else slice(12, 24)
        total = np.zeros(grid.shape)
        for (turn, stretch), (phase, _) in zip(directions[half], phases[half], strict=True):
            number = 2.0 * np.pi / (wavelength * (0.75 + stretch / 6.28 * 0.6))
            # A plane wave is the real part of a product of two vectors.
            along_x = np.exp(1j * (number * np.cos(turn) * x + phase))
            along_y = np.exp(1j * (number * np.sin(turn) * y))
            total += (along_x * along_y).real
        return np.asarray(total / np.sqrt(6.0))


def _erode_level(
    grid: _Grid,
    coarse: Floats | None,
    lines: list[_Line],
    plan: Plan,
    warp: _Warp,
    rng: np.random.Generator,
    *,
    rounds: int,
) -> Floats:
    fixed, base = _base_levels(grid, lines)
    uplift = _uplift(grid, lines, plan, warp)
    hardness = np.exp(0.25 * warp.field(grid, 1, 1) + 0.2 * warp.field(grid, 1, 2))
    if coarse is None:
        heights = base + 200.0 * uplift + rng.normal(0.0, 25.0, grid.shape)
    else:
        heights = _refine(coarse, grid.shape, rng) + rng.normal(0.0, 0.02 * grid.step_m, grid.shape)
    heights[fixed] = base[fixed]
    for _ in range(rounds):
        # New odds for the eight directions in each round: none of them shows in the result.
        tilt = 0.65 + 0.7 * rng.random((len(_NEIGHBOURS), *grid.shape), dtype=np.float32)
        heights = _erode(heights, fixed, uplift, hardness, tilt, grid.step_m)
        heights = _creep(heights, fixed, min(0.2, 0.06 * (30.0 / grid.step_m) ** 2))
    return heights


def _creep(heights: Floats, fixed: NDArray[np.bool_], share: float) -> Floats:
    """Soil creep: curvature levels out."""
    out = heights + share * ndimage.convolve(heights, _LAPLACE, mode="nearest")
    out[fixed] = heights[fixed]
    return np.asarray(out)


def _refine(coarse: Floats, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Double the posts, bent a little, so that no line of the coarse lattice stays straight."""
    row, col = np.meshgrid(np.arange(shape[0]) / 2.0, np.arange(shape[1]) / 2.0, indexing="ij")
    row += _smooth_noise(rng, shape, 7.0) * 1.1
    col += _smooth_noise(rng, shape, 7.0) * 1.1
    fine: Floats = ndimage.map_coordinates(coarse, [row, col], order=1, mode="nearest")
    return fine


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma_posts: float) -> Floats:
    """White noise, low-passed, of unit variance."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma_posts, mode="wrap")
    return np.asarray(noise / noise.std(), float)


def _base_levels(grid: _Grid, lines: list[_Line]) -> tuple[NDArray[np.bool_], Floats]:
    """Mark the posts of the rivers and give the height of the nearest river everywhere."""
    river = np.full(grid.shape, np.nan)
    for line in lines:
        row, col = _posts_of(grid, line.x_m, line.y_m)
        # Where several points share a post, the lowest of them counts: it is written last.
        river[row[::-1], col[::-1]] = line.height_m[::-1]
    fixed = np.isfinite(river)
    _, (row, col) = ndimage.distance_transform_edt(~fixed, return_indices=True)
    return fixed, river[row, col]


def _posts_of(grid: _Grid, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
    col = np.clip(np.rint(x_m / grid.step_m), 0, grid.cols - 1).astype(np.intp)
    row = np.clip(np.rint(y_m / grid.step_m), 0, grid.rows - 1).astype(np.intp)
    return row, col


def _uplift(grid: _Grid, lines: list[_Line], plan: Plan, warp: _Warp) -> Floats:
    x, y = grid.axes()
    fixed, _ = _base_levels(grid, lines)
    away_m = ndimage.distance_transform_edt(~fixed) * grid.step_m
    uplift = (0.55 + 0.45 * np.minimum(away_m / 4_000.0, 1.0)) * np.exp(0.22 * warp.field(grid, 0, 0))
    uplift *= np.exp(0.12 * warp.field(grid, 0, 1))
    for saddle in plan.saddles:
        reach = ((x - saddle.x_m) ** 2 + (y - saddle.y_m) ** 2) / saddle.radius_m**2
        uplift *= 1.0 - saddle.depth * np.exp(-reach)
    return np.asarray(uplift * (plan.summit_m - 700.0) / 2_050.0)


def _erode(
    heights: Floats,
    fixed: NDArray[np.bool_],
    uplift: Floats,
    hardness: Floats,
    tilt: NDArray[np.float32],
    step_m: float,
) -> Floats:
    """One implicit step of uplift, incision and landslides."""
    receiver, distance = _receivers(heights, fixed, tilt, step_m)
    order, starts = _by_depth(receiver)
    area = _drained_km2(receiver, order, starts, step_m)
    gain = (
        _UPLIFT_PER_ROUND_M
        / _STREAM_SLOPE
        * hardness.ravel()
        * (area + _CREST_AREA_KM2) ** _AREA_EXPONENT
        / distance
    )
    old = heights.ravel() + _UPLIFT_PER_ROUND_M * uplift.ravel()
    new = heights.ravel().copy()
    for begin, end in pairwise(starts[1:]):
        nodes = order[begin:end]
        below = new[receiver[nodes]]
        new[nodes] = (old[nodes] + gain[nodes] * below) / (1.0 + gain[nodes])
    return new.reshape(heights.shape)


def _receivers(
    heights: Floats, fixed: NDArray[np.bool_], tilt: NDArray[np.float32], step_m: float
) -> tuple[Indices, Floats]:
    """For each post the post it drains to (itself for rivers) and the distance there."""
    rows, cols = heights.shape
    best = np.zeros(heights.shape)
    receiver = np.arange(heights.size).reshape(heights.shape)
    own = receiver.copy()
    distance = np.full(heights.shape, step_m)
    for (down, right), weight in zip(_NEIGHBOURS, tilt, strict=True):
        here = (slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), cols - max(0, right)))
        there = (slice(max(0, down), rows + min(0, down)), slice(max(0, right), cols + min(0, right)))
        reach = step_m * float(np.hypot(down, right))
        slope = (heights[here] - heights[there]) / reach * weight[here]
        steeper = slope > best[here]
        best[here] = np.where(steeper, slope, best[here])
        receiver[here] = np.where(steeper, own[there], receiver[here])
        distance[here] = np.where(steeper, reach, distance[here])
    receiver[fixed] = own[fixed]
    flat = receiver.ravel()
    return _join_basins(heights, flat, fixed.ravel()), distance.ravel()


def _roots(receiver: Indices) -> tuple[Indices, NDArray[np.int32]]:
    """Follow the flow to its end from everywhere at once: the end, and how many posts away it is."""
    pointer = receiver.copy()
    depth = (pointer != np.arange(len(pointer))).astype(np.int32)
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer, depth
        depth += depth[pointer]
        pointer = further


def _join_basins(heights: Floats, receiver: Indices, fixed: NDArray[np.bool_]) -> Indices:
    """Let every closed basin spill over its lowest pass towards a river."""
    root, _ = _roots(receiver)
    pits, basin = np.unique(root, return_inverse=True)
    closed = ~fixed[pits]
    if not closed.any():
        return receiver
    # All rivers together are basin 0.
    number = np.where(closed, np.cumsum(closed), 0)
    label = number[basin].reshape(heights.shape)
    own = np.arange(heights.size).reshape(heights.shape)
    edges = []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :])):
        differ = label[first] != label[second]
        edges.append(
            np.stack([own[first][differ], own[second][differ], label[first][differ], label[second][differ]])
        )
    one, other, low, high = np.concatenate(edges, axis=1)
    flat = heights.ravel()
    crossing = np.maximum(flat[one], flat[other])
    count = int(closed.sum()) + 1
    key = np.minimum(low, high) * count + np.maximum(low, high)
    by_height = np.lexsort((crossing, key))
    lowest = by_height[np.concatenate([[True], np.diff(key[by_height]) > 0])]
    weight = crossing[lowest] - flat.min() + 1.0
    graph = coo_array((weight, (low[lowest], high[lowest])), shape=(count, count)).tocsr()
    tree = minimum_spanning_tree(graph)
    _, parent = breadth_first_order(tree, 0, directed=False)
    joined = receiver.copy()
    pit_of = np.zeros(count, np.intp)
    pit_of[number[closed]] = pits[closed]
    for outside, here, there in ((other, low, high), (one, high, low)):
        spills = lowest[(parent[here[lowest]] == there[lowest]) & (here[lowest] > 0)]
        joined[pit_of[here[spills]]] = outside[spills]
    return joined


def _by_depth(receiver: Indices) -> tuple[Indices, list[int]]:
    """Order posts from the rivers up; ``starts`` tells where each depth begins."""
    _, depth = _roots(receiver)
    order = np.argsort(depth.astype(np.int16) if depth.max() < 32_000 else depth, kind="stable")
    counts = np.bincount(depth)
    return order, [0, *np.cumsum(counts).tolist()]


def _drained_km2(receiver: Indices, order: Indices, starts: list[int], step_m: float) -> Floats:
    area = np.full(len(receiver), step_m**2 / 1e6)
    for begin, end in reversed(list(pairwise(starts[1:]))):
        nodes = order[begin:end]
        np.add.at(area, receiver[nodes], area[nodes])
    return area


def _finish(
    grid: _Grid,
    heights: Floats,
    receiver: Indices,
    lines: list[_Line],
    lakes: tuple[Lake, ...],
    warp: _Warp,
    rng: np.random.Generator,
) -> Floats:
    """Cut flat floors as ice and floods leave them, roughen the rock, lay the rivers in their beds."""
    fixed, _ = _base_levels(grid, lines)
    area = _drained_km2(receiver, *_by_depth(receiver), grid.step_m).reshape(grid.shape)
    stream = fixed | (area > _GLACIER_KM2)
    half_width = 15.0 + 26.0 * np.sqrt(np.maximum(area - _GLACIER_KM2, 0.0))
    uneven = np.clip(1.0 + 0.3 * warp.field(grid, 1, 1), 0.5, 1.7)
    for number, line in enumerate(lines):
        row, col = _posts_of(grid, line.x_m, line.y_m)
        half_width[row, col] = line.floor_half_width_m * uneven[row, col]
        for lake in lakes:
            beside = (line.x_m > lake.west_m) & (line.x_m < lake.east_m) & (lake.river == number)
            half_width[row[beside], col[beside]] = lake.half_width_m + _SHORE_M
    away, (row, col) = ndimage.distance_transform_edt(~stream, return_indices=True)
    away_m = away * grid.step_m
    width = ndimage.gaussian_filter(half_width[row, col], 3.0)
    bottom = ndimage.gaussian_filter(heights[row, col], 2.0)
    wall = bottom + 0.02 * away_m + _WALL_SLOPE * np.maximum(away_m - width, 0.0)
    floor = bottom + 0.005 * away_m
    shaped = np.minimum(heights, wall)
    shaped = np.where(away_m < width, np.maximum(shaped, floor), shaped)
    shaped = _creep(_creep(shaped, fixed, 0.4), fixed, 0.4)
    slope = np.hypot(*np.gradient(shaped, grid.step_m))
    rough = 3.5 * _smooth_noise(rng, grid.shape, 1.0) + 6.0 * _smooth_noise(rng, grid.shape, 2.6)
    shaped += rough * np.clip((slope - 0.35) / 0.6, 0.0, 1.0)
    to_river = ndimage.distance_transform_edt(~fixed) * grid.step_m
    return np.asarray(shaped - _BED_DEPTH_M * np.clip(1.6 - to_river / grid.step_m, 0.0, 1.0))


def _fill_lakes(
    grid: _Grid, heights: Floats, lines: list[_Line], lakes: tuple[Lake, ...]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Lay level water into the valley floors, and dry shores around it."""
    water = np.zeros(grid.shape, bool)
    out = heights.copy()
    for lake in lakes:
        line = lines[lake.river]
        inside = np.flatnonzero((line.x_m > lake.west_m) & (line.x_m < lake.east_m))
        row, col = _posts_of(grid, line.x_m[inside], line.y_m[inside])
        share = np.linspace(-1.0, 1.0, len(inside))
        width = np.zeros(grid.shape)
        width[row, col] = lake.half_width_m * (1.0 - share**4) * (1.0 + 0.15 * np.sin(9.0 * share))
        dry = np.ones(grid.shape, bool)
        dry[row, col] = False
        away, (near_row, near_col) = ndimage.distance_transform_edt(dry, return_indices=True)
        beyond_m = away * grid.step_m - width[near_row, near_col]
        level = float(line.height_m[inside].mean())
        shore = (beyond_m >= 0.0) & (beyond_m < 8.0 * grid.step_m)
        out[shore] = np.maximum(out[shore], level + np.minimum(1.0 + 0.012 * beyond_m[shore], 3.0))
        out[beyond_m < 0.0] = level
        water |= beyond_m < 0.0
    return out, water
