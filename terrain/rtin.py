"""Right-triangulated irregular networks with an exact error bound, in plain numpy.

The grid is cut into blocks of ``block`` cells a side, each of two right triangles, and triangles are
bisected at the midpoint of their hypotenuse until every post lies within its own tolerance of the
triangle above or below it. All blocks are worked on at once, one level of the hierarchy after the
other, so neighbours always agree on their common border and there are no cracks.

Vertices of the hierarchy, for half widths h = 1, 2, 4 ... block / 2 (in cells):

* *centres* at (odd h, odd h): middle of the diagonal of a square of side 2 h;
* *side midpoints* at (odd h, even h) and (even h, odd h): middle of a square's side.

A side midpoint needs the two centres beside it, a centre needs the two corners of its square that are
side midpoints of the next larger h. The diagonal of a square joins its two other corners: it runs to
the north-east in squares whose row and column add up to an even number.

The scheme of bisection and its dependency graph: Evans, Kirkpatrick, Townsend, Right-Triangulated
Irregular Networks, Algorithmica 30 (2001). Exactness is our own loop: leaf triangles are laid over all
their posts, those out of tolerance are split, and ancestors are added, until none is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_CHUNK_POSTS = 2_000_000


@dataclass(frozen=True)
class _Leaves:
    """Leaf triangles of one kind: flat post indices of their corners, and what splitting them activates.

    ``middle`` is the middle of the hypotenuse; ``which`` (1 or 2) tells the two triangles apart that share
    it.
    ``offsets`` (p,) are flat indices of the posts of each triangle relative to its first corner and
    ``weights`` (3, p) the barycentric coordinates of these posts; both empty for triangles without posts
    other than their corners.
    """

    corners: NDArray[np.int32]
    middle: NDArray[np.int32]
    which: int
    offsets: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class BisectedMesh:
    """A right-triangulated network: a closed set of active posts."""

    heights_m: NDArray[np.float32]
    active: NDArray[np.bool_]
    block: int

    @classmethod
    def build(
        cls,
        heights_m: NDArray[np.float32],
        tightness_per_m: NDArray[np.float32],
        *,
        block: int,
        forced: NDArray[np.bool_],
    ) -> BisectedMesh:
        """Triangulate a grid of whole blocks."""
        return cls(heights_m, _bounded(heights_m, tightness_per_m, block, forced), block)

    def coarser(self, tightness_per_m: NDArray[np.float32], kept: NDArray[np.bool_]) -> BisectedMesh:
        """Take vertices away, to a wider bound; the kept vertices and all their triangles stay."""
        active = _bounded(self.heights_m, tightness_per_m, self.block, kept & self.active) & self.active
        _close(active, self.block)
        return replace(self, active=active)

    def triangles(self, columns: int) -> NDArray[np.int32]:
        """Return corners (k, 3) as flat indices of posts, ``columns`` to a row, counter-clockwise."""
        corners: NDArray[np.int32] = np.concatenate(
            [leaves.corners for leaves in _leaves(self.active, self.block)]
        )
        corners = corners[self._is_land(corners)]
        row, column = np.divmod(corners, np.int32(self.heights_m.shape[1]))
        numbered: NDArray[np.int32] = row * np.int32(columns) + column
        return numbered

    def errors(self, tightness_per_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Largest error of each triangle over its posts, in tolerances, as :meth:`triangles` orders them."""
        errors: NDArray[np.float32] = np.concatenate(
            [
                _worst(leaves.corners[land], leaves, self.heights_m, tightness_per_m)
                for leaves in _leaves(self.active, self.block)
                for land in (self._is_land(leaves.corners),)
            ]
        )
        return errors

    def _is_land(self, corners: NDArray[np.int32]) -> NDArray[np.bool_]:
        known = np.isfinite(self.heights_m).reshape(-1)
        return known[corners[:, 0]] & known[corners[:, 1]] & known[corners[:, 2]]


def _bounded(
    heights_m: NDArray[np.float32],
    tightness_per_m: NDArray[np.float32],
    block: int,
    forced: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Choose the posts that must become vertices so that no post is out of tolerance."""
    active = _midpoint_errors(np.nan_to_num(heights_m), tightness_per_m, block) > 1.0
    active |= forced
    active[::block, ::block] = True
    _close(active, block)
    sound = np.zeros(heights_m.size, np.uint8)
    while True:
        violators = [np.empty(0, np.int32)]
        for leaves in _leaves(active, block):
            if leaves.offsets.size:
                fresh = (sound[leaves.middle] & leaves.which) == 0
                corners, middle = leaves.corners[fresh], leaves.middle[fresh]
                bad = _worst(corners, leaves, heights_m, tightness_per_m) > 1.0
                sound[middle[~bad]] |= leaves.which
                violators.append(middle[bad])
        split = np.concatenate(violators)
        if split.size == 0:
            return active
        active.reshape(-1)[split] = True
        _close(active, block)


def _close(active: NDArray[np.bool_], block: int) -> None:
    """Add, in place, the ancestors of all active posts."""
    half = 1
    while half < block:
        side = 2 * half
        centres = active[half::side, half::side]
        row_sides = active[::side, half::side]
        column_sides = active[half::side, ::side]
        centres |= row_sides[:-1] | row_sides[1:] | column_sides[:, :-1] | column_sides[:, 1:]
        if side < block:
            even = _even_squares(centres.shape)
            corners = active[::side, ::side]
            north_east = centres & even
            corners[:-1, 1:] |= north_east
            corners[1:, :-1] |= north_east
            north_west = centres & ~even
            corners[:-1, :-1] |= north_west
            corners[1:, 1:] |= north_west
        half = side


def _even_squares(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = np.arange(shape[0]) & 1, np.arange(shape[1]) & 1
    even: NDArray[np.bool_] = rows[:, None] == columns[None, :]
    return even


def _midpoint_errors(
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32], block: int
) -> NDArray[np.float32]:
    """Error of each post against the middle of its hypotenuse, or its descendants' where that is larger."""
    errors = np.zeros_like(heights_m)
    half = 1
    while half < block:
        side = 2 * half
        corners = heights_m[::side, ::side]
        along_rows = 0.5 * (corners[:, :-1] + corners[:, 1:])
        along_columns = 0.5 * (corners[:-1] + corners[1:])
        row_sides, column_sides = errors[::side, half::side], errors[half::side, ::side]
        row_sides[:] = np.abs(heights_m[::side, half::side] - along_rows)
        row_sides *= tightness_per_m[::side, half::side]
        column_sides[:] = np.abs(heights_m[half::side, ::side] - along_columns)
        column_sides *= tightness_per_m[half::side, ::side]
        if half > 1:
            finer = np.pad(errors[half // 2 :: half, half // 2 :: half], 1)
            pairs = np.maximum(finer[::2], finer[1::2])[:, 1:-1]
            np.maximum(row_sides, np.maximum(pairs[:, ::2], pairs[:, 1::2]), out=row_sides)
            pairs = np.maximum(finer[:, ::2], finer[:, 1::2])[1:-1]
            np.maximum(column_sides, np.maximum(pairs[::2], pairs[1::2]), out=column_sides)
        centres = errors[half::side, half::side]
        diagonal = np.where(
            _even_squares(centres.shape),
            corners[:-1, :-1] + corners[1:, 1:],
            corners[:-1, 1:] + corners[1:, :-1],
        )
        centres[:] = np.abs(heights_m[half::side, half::side] - np.float32(0.5) * diagonal)
        centres *= tightness_per_m[half::side, half::side]
        for children in (row_sides[:-1], row_sides[1:], column_sides[:, :-1], column_sides[:, 1:]):
            np.maximum(centres, children, out=centres)
        half = side
    return errors


def _leaves(active: NDArray[np.bool_], block: int) -> Iterator[_Leaves]:
    half = 1
    while half < block:
        yield from _side_leaves(active, half)
        yield from _diagonal_leaves(active, 2 * half, block)
        half *= 2
    yield from _diagonal_leaves(active, 1, block)


def _side_leaves(active: NDArray[np.bool_], half: int) -> Iterator[_Leaves]:
    """Triangles whose hypotenuse is a side of a square of half width ``half``; the apex is its centre."""
    columns = active.shape[1]
    side = 2 * half
    centres = active[half::side, half::side]
    row_sides, column_sides = active[::side, half::side], active[half::side, ::side]
    for (first_row, first_column), (second_row, second_column), middles, which in (
        ((-1, -1), (-1, 1), row_sides[:-1], 1),
        ((-1, 1), (1, 1), column_sides[:, 1:], 1),
        ((1, 1), (1, -1), row_sides[1:], 2),
        ((1, -1), (-1, -1), column_sides[:, :-1], 2),
    ):
        row, column = np.nonzero(centres & ~middles)
        apex = ((row * side + half) * columns + column * side + half).astype(np.int32)
        first = apex + np.int32(half * (first_row * columns + first_column))
        second = apex + np.int32(half * (second_row * columns + second_column))
        yield _with_posts(
            np.stack([first, second, apex], axis=1),
            (first + second) // 2,
            which,
            edges=((half * (second_row - first_row), half * (second_column - first_column)),
                   (-half * first_row, -half * first_column)),
            columns=columns,
        )  # fmt: skip


def _diagonal_leaves(active: NDArray[np.bool_], side: int, block: int) -> Iterator[_Leaves]:
    """Triangles whose hypotenuse is the diagonal of a square; the apex is one of its two other corners."""
    columns = active.shape[1]
    corners = active[::side, ::side]
    squares = (corners.shape[0] - 1, corners.shape[1] - 1)
    whole = active[side // 2 :: side, side // 2 :: side]
    whole = ~whole if side > 1 else np.ones(squares, np.bool_)
    even = _even_squares(squares)
    south_west, south_east = corners[:-1, :-1], corners[:-1, 1:]
    north_west, north_east = corners[1:, :-1], corners[1:, 1:]
    for kind, apex, order, which in (
        (even, south_east, ((0, 0), (0, 1), (1, 1)), 1),
        (even, north_west, ((0, 0), (1, 1), (1, 0)), 2),
        (~even, south_west, ((0, 0), (0, 1), (1, 0)), 1),
        (~even, north_east, ((0, 1), (1, 1), (1, 0)), 2),
    ):
        row, column = np.nonzero(whole & kind & apex if side < block else whole & kind)
        origin = (row * side * columns + column * side).astype(np.int32)
        points = np.stack([origin + np.int32(side * (r * columns + c)) for r, c in order], axis=1)
        (row_a, column_a), (row_b, column_b), (row_c, column_c) = order
        edges = (
            (side * (row_b - row_a), side * (column_b - column_a)),
            (side * (row_c - row_a), side * (column_c - column_a)),
        )
        middle = origin + np.int32(side // 2 * (columns + 1))
        yield _with_posts(points, middle, which, edges=edges, columns=columns)


def _with_posts(
    corners: NDArray[np.int32],
    middle: NDArray[np.int32],
    which: int,
    *,
    edges: tuple[tuple[int, int], tuple[int, int]],
    columns: int,
) -> _Leaves:
    """Attach the posts that triangles of this shape cover: ``edges`` run from corner 0 to corners 1 and 2."""
    (row_1, column_1), (row_2, column_2) = edges
    reach = max(abs(value) for edge in edges for value in edge)
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    area = column_1 * row_2 - row_1 * column_2
    weight_1 = (cols * row_2 - rows * column_2) / area
    weight_2 = (column_1 * rows - row_1 * cols) / area
    inside = (weight_1 >= 0) & (weight_2 >= 0) & (weight_1 + weight_2 <= 1)
    inside &= (weight_1 < 1) & (weight_2 < 1) & (weight_1 + weight_2 > 0)
    weight_1, weight_2 = weight_1[inside], weight_2[inside]
    offsets = (rows[inside] * columns + cols[inside]).astype(np.int32)
    weights = np.stack([1 - weight_1 - weight_2, weight_1, weight_2]).astype(np.float32)
    return _Leaves(corners, middle, which, offsets, weights)


def _worst(
    triangles: NDArray[np.int32],
    leaves: _Leaves,
    heights_m: NDArray[np.float32],
    tightness_per_m: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Largest error of some triangles of a kind over their posts, in tolerances.

    Infinite where a triangle holds both heights and voids, 0 where it holds nothing but voids.
    """
    heights, tightness = heights_m.reshape(-1), tightness_per_m.reshape(-1)
    weights = leaves.weights.astype(np.float64)
    worst = np.zeros(len(triangles), np.float32)
    if not leaves.offsets.size:
        return worst
    chunk = max(1, _CHUNK_POSTS // leaves.offsets.size)
    for start in range(0, len(worst), chunk):
        corners = triangles[start : start + chunk]
        posts = corners[:, :1] + leaves.offsets
        at_corners, at_posts = heights[corners].astype(np.float64), heights[posts]
        errors = at_corners @ weights
        errors -= at_posts
        np.abs(errors, out=errors)
        errors *= tightness[posts]
        largest = errors.max(axis=1)
        unknown = np.isnan(largest)
        if unknown.any():
            empty = np.isnan(at_corners[unknown]).all(axis=1) & np.isnan(at_posts[unknown]).all(axis=1)
            largest[unknown] = np.where(empty, 0.0, np.inf)
        worst[start : start + chunk] = largest
    return worst
