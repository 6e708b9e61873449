"""Compiled loops of the triangulation: bounded bisection, and collapse of edges that keeps the bound.

Everything here works on one grid of heights and a map of tolerances. Importing this module compiles it, or
loads what an earlier import compiled from the cache on disk; only :mod:`terrain.triangulation` imports it.

Positions are packed into one integer, ``row << 16 | column``. The mesh of the collapse is a table of rings:
the neighbours of each vertex counter-clockwise (rows north, columns east), ``GAP`` standing where the land
ends. Nothing else is stored: triangles are pairs of successive neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_Function = TypeVar("_Function", bound="Callable[..., Any]")

MOST_NEIGHBOURS = 16
GAP = -1
FIXED, DIRTY, PINCHED = 1, 2, 4
_LEAST_TANGENT = float(np.tan(np.radians(10.0)))
_ROUNDING = 1e-9
_TOLERANCES = 1.0 + 1e-9


def _compiled(signature: str, *, inside: bool = False) -> Callable[[_Function], _Function]:
    """Compile for one signature when the module is imported, and keep the result on disk for later runs.

    With ``inside`` it becomes part of its callers: handing over arrays costs more than a small triangle.

    The cache on disk, which outlives an update of the program, knows nothing of changes in other files: what
    is called from here must stand here.
    """
    return cast(
        "Callable[[_Function], _Function]",
        numba.njit(signature, cache=True, nogil=True, error_model="numpy", forceinline=inside),
    )


@_compiled("int64(uint8)", inside=True)
def _signed(count: np.uint8) -> int:
    """Widen a small count; a plain conversion would make it unsigned, and differences with it real."""
    return np.int64(count)  # type: ignore[return-value]


@_compiled("float64(int64,int64,int64,int64,int64,int64,float32[:,::1],float32[:,::1],float64)", inside=True)
def _worst(
    row_a: int, column_a: int, row_b: int, column_b: int, row_c: int, column_c: int,
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32], most: float,
) -> float:  # fmt: skip
    """Return the largest error of the posts on a counter-clockwise triangle, in tolerances.

    Infinite as soon as it passes ``most``, and with a void.
    """
    worst = 0.0
    row_ab, column_ab = row_b - row_a, column_b - column_a
    row_ac, column_ac = row_c - row_a, column_c - column_a
    area = column_ab * row_ac - column_ac * row_ab
    if area <= 1:
        return worst
    height_a = np.float64(heights_m[row_a, column_a])
    rise_ab = np.float64(heights_m[row_b, column_b]) - height_a
    rise_ac = np.float64(heights_m[row_c, column_c]) - height_a
    per_area = 1.0 / area
    per_column = (rise_ab * row_ac - rise_ac * row_ab) * per_area
    per_row = (rise_ac * column_ab - rise_ab * column_ac) * per_area
    slope_ab = column_ab / row_ab if row_ab != 0 else 0.0
    slope_bc = (column_c - column_b) / (row_c - row_b) if row_c != row_b else 0.0
    slope_ca = column_ac / row_ac if row_ac != 0 else 0.0
    for row in range(min(row_a, row_b, row_c), max(row_a, row_b, row_c) + 1):
        left, right = -1e18, 1e18
        if row_ab > 0:
            right = min(right, column_a + slope_ab * (row - row_a))
        elif row_ab < 0:
            left = max(left, column_a + slope_ab * (row - row_a))
        if row_c > row_b:
            right = min(right, column_b + slope_bc * (row - row_b))
        elif row_c < row_b:
            left = max(left, column_b + slope_bc * (row - row_b))
        if row_ac < 0:
            right = min(right, column_a + slope_ca * (row - row_a))
        elif row_ac > 0:
            left = max(left, column_a + slope_ca * (row - row_a))
        base = height_a + per_row * (row - row_a)
        for column in range(int(np.ceil(left - _ROUNDING)), int(np.floor(right + _ROUNDING)) + 1):
            error = abs(base + per_column * (column - column_a) - heights_m[row, column])
            error *= tightness_per_m[row, column]
            if not error <= most:
                return np.inf
            worst = max(worst, error)
    return worst


@_compiled("boolean(int64,int64,int64,int64,int64,int64,float32[:,::1],float32[:,::1])", inside=True)
def _fits(
    row_a: int, column_a: int, row_b: int, column_b: int, row_c: int, column_c: int,
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32],
) -> bool:  # fmt: skip
    """Tell whether all posts on a counter-clockwise triangle are within tolerance; never with a void."""
    return (
        _worst(row_a, column_a, row_b, column_b, row_c, column_c, heights_m, tightness_per_m, _TOLERANCES)
        <= _TOLERANCES
    )


@_compiled("boolean(int64,int64,int64,int64,int64,int64,float32[:,::1])")
def _is_void(
    row_a: int, column_a: int, row_b: int, column_b: int, row_c: int, column_c: int,
    heights_m: NDArray[np.float32],
) -> bool:  # fmt: skip
    """Tell whether a triangle of the hierarchy holds no post with a height."""
    south, north = min(row_a, row_b, row_c), max(row_a, row_b, row_c)
    west, east = min(column_a, column_b, column_c), max(column_a, column_b, column_c)
    for row in range(south, north + 1):
        for column in range(west, east + 1):
            if (
                not np.isnan(heights_m[row, column])
                and (column_b - column_a) * (row - row_a) >= (row_b - row_a) * (column - column_a)
                and (column_c - column_b) * (row - row_b) >= (row_c - row_b) * (column - column_b)
                and (column_a - column_c) * (row - row_c) >= (row_a - row_c) * (column - column_c)
            ):
                return False
    return True


@_compiled("void(int64,int64,int64,uint8[:,::1],uint8[:,::1],int32[::1])")
def _activate(
    row: int, column: int, block: int,
    active: NDArray[np.uint8], stale: NDArray[np.uint8], waiting: NDArray[np.int32],
) -> None:  # fmt: skip
    """Make a post a vertex, and its ancestors; blocks whose triangles change become stale."""
    rows, columns = active.shape
    waiting[0], waiting[1] = row, column
    count = 1
    while count > 0:
        count -= 1
        row, column = waiting[2 * count], waiting[2 * count + 1]
        if row < 0 or column < 0 or row >= rows or column >= columns or active[row, column]:
            continue
        active[row, column] = 1
        for block_row in range(max(row - 1, 0) // block, min(row // block, stale.shape[0] - 1) + 1):
            for block_column in range(
                max(column - 1, 0) // block, min(column // block, stale.shape[1] - 1) + 1
            ):
                stale[block_row, block_column] = 1
        half = (row | column) & -(row | column)
        if half == 0 or half >= block:
            continue
        if row & half and column & half:
            if 2 * half == block:
                continue
            turn = 1 if (((row - half) ^ (column - half)) & (2 * half)) == 0 else -1
            row_1, column_1, row_2, column_2 = (
                row - half,
                column + turn * half,
                row + half,
                column - turn * half,
            )
        elif row & half:
            row_1, column_1, row_2, column_2 = row, column - half, row, column + half
        else:
            row_1, column_1, row_2, column_2 = row - half, column, row + half, column
        waiting[2 * count], waiting[2 * count + 1] = row_1, column_1
        waiting[2 * count + 2], waiting[2 * count + 3] = row_2, column_2
        count += 2


@_compiled("void(int64[:,::1],int64,int64,int64)")
def _block_triangles(stack: NDArray[np.int64], block_row: int, block_column: int, block: int) -> None:
    """Write the two triangles of a block as rows of six: hypotenuse, then apex, counter-clockwise."""
    south, west = block_row * block, block_column * block
    north, east = south + block, west + block
    if (block_row + block_column) & 1 == 0:
        first = (north, east, south, west, south, east)
        second = (south, west, north, east, north, west)
    else:
        first = (south, east, north, west, south, west)
        second = (north, west, south, east, north, east)
    for k in range(6):
        stack[0, k], stack[1, k] = first[k], second[k]


@_compiled("void(int64[:,::1],int64)")
def _bisect(stack: NDArray[np.int64], top: int) -> None:
    """Replace the triangle at ``top`` by its two halves."""
    row_a, column_a, row_b, column_b = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
    row_c, column_c = stack[top, 4], stack[top, 5]
    row_m, column_m = (row_a + row_b) >> 1, (column_a + column_b) >> 1
    stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = row_c, column_c, row_a, column_a
    stack[top, 4], stack[top, 5] = row_m, column_m
    stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2], stack[top + 1, 3] = (
        row_b,
        column_b,
        row_c,
        column_c,
    )
    stack[top + 1, 4], stack[top + 1, 5] = row_m, column_m


@_compiled("void(boolean[:,::1],uint8[:,::1],uint8[:,::1],int64)")
def activate(
    posts: NDArray[np.bool_], active: NDArray[np.uint8], stale: NDArray[np.uint8], block: int
) -> None:
    """Make posts vertices, with all their ancestors."""
    waiting = np.empty(512, np.int32)
    for row in range(posts.shape[0]):
        for column in range(posts.shape[1]):
            if posts[row, column]:
                _activate(row, column, block, active, stale, waiting)


@_compiled("int64(float32[:,::1],float32[:,::1],uint8[:,::1],uint8[:,::1],uint8[:,::1],int64,int64,int64)")
def refine(
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32],
    active: NDArray[np.uint8], sound: NDArray[np.uint8], stale: NDArray[np.uint8],
    block: int, first_block_row: int, end_block_row: int,
) -> int:  # fmt: skip
    """Bisect the triangles of stale blocks until all posts are within tolerance.

    ``sound`` remembers which triangles were tried, two bits at the middle of their hypotenuse. Splitting
    makes more triangles of other blocks too; those blocks are marked as stale again.
    Returns how many blocks were worked on.
    """
    stack = np.empty((64, 6), np.int64)
    waiting = np.empty(512, np.int32)
    worked = 0
    for block_row in range(first_block_row, end_block_row):
        for block_column in range(stale.shape[1]):
            if not stale[block_row, block_column]:
                continue
            stale[block_row, block_column] = 0
            worked += 1
            _block_triangles(stack, block_row, block_column, block)
            top = 1
            while top >= 0:
                row_a, column_a, row_b, column_b = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
                row_c, column_c = stack[top, 4], stack[top, 5]
                if (row_a + row_b) & 1 or (column_a + column_b) & 1:
                    top -= 1
                    continue
                row_m, column_m = (row_a + row_b) >> 1, (column_a + column_b) >> 1
                if not active[row_m, column_m]:
                    which = 1 if (row_c, column_c) < (row_m, column_m) else 2
                    if sound[row_m, column_m] & which:
                        top -= 1
                        continue
                    middle = 0.5 * (
                        np.float64(heights_m[row_a, column_a]) + np.float64(heights_m[row_b, column_b])
                    )
                    error = abs(middle - heights_m[row_m, column_m]) * tightness_per_m[row_m, column_m]
                    if (
                        error <= _TOLERANCES
                        and _fits(
                            row_a, column_a, row_b, column_b, row_c, column_c, heights_m, tightness_per_m
                        )
                        and not np.isnan(heights_m[row_c, column_c])
                    ) or (
                        np.isnan(error)
                        and _is_void(row_a, column_a, row_b, column_b, row_c, column_c, heights_m)
                    ):
                        sound[row_m, column_m] |= which
                        top -= 1
                        continue
                    _activate(row_m, column_m, block, active, stale, waiting)
                _bisect(stack, top)
                top += 1
    return worked


@_compiled("int64(uint8[:,::1],int32[:,::1],int64)")
def number(active: NDArray[np.uint8], ids: NDArray[np.int32], tile: int) -> int:
    """Give the active posts numbers tile by tile, so that neighbours lie near each other in memory."""
    rows, columns = active.shape
    count = 0
    for south in range(0, rows, tile):
        for west in range(0, columns, tile):
            for row in range(south, min(south + tile, rows)):
                for column in range(west, min(west + tile, columns)):
                    if active[row, column]:
                        ids[row, column] = count
                        count += 1
    return count


@_compiled("void(float32[:,::1],uint8[:,::1],int32[:,::1],int32[:,::1],int64,int64,int64)")
def link(
    heights_m: NDArray[np.float32], active: NDArray[np.uint8], ids: NDArray[np.int32],
    rings: NDArray[np.int32], block: int, first_block_row: int, end_block_row: int,
) -> None:  # fmt: skip
    """Enter the leaf triangles into the rings, still one place for each of the eight directions.

    In ring r, ``r[d]`` is the neighbour in direction d, and ``r[8 + d]`` tells whether there is a triangle
    to the left of it.
    """
    direction_of = np.array([5, 6, 7, 4, -1, 0, 3, 2, 1], np.int64)
    stack = np.empty((64, 6), np.int64)
    for block_row in range(first_block_row, end_block_row):
        for block_column in range((active.shape[1] - 1) // block):
            _block_triangles(stack, block_row, block_column, block)
            top = 1
            while top >= 0:
                row_a, column_a, row_b, column_b = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
                row_c, column_c = stack[top, 4], stack[top, 5]
                row_m, column_m = (row_a + row_b) >> 1, (column_a + column_b) >> 1
                if (row_a + row_b | column_a + column_b) & 1 == 0 and active[row_m, column_m]:
                    _bisect(stack, top)
                    top += 1
                    continue
                top -= 1
                if (
                    np.isnan(heights_m[row_a, column_a])
                    or np.isnan(heights_m[row_b, column_b])
                    or np.isnan(heights_m[row_c, column_c])
                ):
                    continue
                for _ in range(3):
                    vertex = ids[row_a, column_a]
                    row, column = np.sign(row_b - row_a), np.sign(column_b - column_a)
                    direction = direction_of[3 * row + column + 4]
                    rings[vertex, direction] = row_b << 16 | column_b
                    rings[vertex, 8 + direction] = 1
                    row, column = np.sign(row_c - row_a), np.sign(column_c - column_a)
                    rings[vertex, direction_of[3 * row + column + 4]] = row_c << 16 | column_c
                    row_a, column_a, row_b, column_b, row_c, column_c = (
                        row_b, column_b, row_c, column_c, row_a, column_a,
                    )  # fmt: skip


@_compiled("void(int32[:,::1],uint8[::1],uint8[::1])")
def compact(rings: NDArray[np.int32], degrees: NDArray[np.uint8], state: NDArray[np.uint8]) -> None:
    """Turn rings by direction into rings of neighbours and gaps; where land meets in a point, fix it."""
    for vertex in range(len(rings)):
        ring = rings[vertex]
        count = gaps = 0
        filled = 0
        for direction in range(8):
            filled |= (ring[8 + direction] > 0) << direction
        for direction in range(8):
            if ring[direction] >= 0:
                neighbour = ring[direction]
                ring[count] = neighbour
                count += 1
                if not filled >> direction & 1:
                    gaps += 1
                    filled |= 1 << (8 + count)
        if gaps:
            total = count + gaps
            place = total - 1
            for k in range(count - 1, -1, -1):
                if filled >> (8 + k + 1) & 1:
                    ring[place] = GAP
                    place -= 1
                ring[place] = ring[k]
                place -= 1
            count = total
        degrees[vertex] = count
        if gaps > 1:
            state[vertex] |= PINCHED


@_compiled("int64(int32[:,::1],uint8[::1],int64,int64,int64,int64,int32[::1])")
def gather(
    ids: NDArray[np.int32], state: NDArray[np.uint8],
    south: int, west: int, north: int, east: int, found: NDArray[np.int32],
) -> int:  # fmt: skip
    """List the packed positions of vertices strictly inside a region that may be worth trying."""
    count = 0
    for row in range(max(south + 1, 0), min(north, ids.shape[0])):
        for column in range(max(west + 1, 0), min(east, ids.shape[1])):
            vertex = ids[row, column]
            if vertex >= 0 and state[vertex] == DIRTY:
                found[count] = row << 16 | column
                count += 1
    return count


@_compiled("boolean(int64,int64,int64,int64[:,::1],float32[:,::1],float32[:,::1])", inside=True)
def _is_sound(
    j: int, gap: int, count: int, at: NDArray[np.int64],
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32],
) -> bool:  # fmt: skip
    """Tell whether a vertex may be moved onto neighbour ``j`` as far as is quickly seen.

    That is the error at its own post; no triangle turned over; and no angle below 10 degrees. ``at`` as in
    :func:`_target`.
    """
    row_v, column_v = at[count, 0], at[count, 1]
    row_u, column_u = at[j, 0], at[j, 1]
    height_u = np.float64(heights_m[row_v + row_u, column_v + column_u])
    found = False
    p = j + 1 if j + 1 < count else 0
    for _ in range(count - 2):
        q = p + 1 if p + 1 < count else 0
        if p != gap and q != gap:
            row_p, column_p = at[p, 0] - row_u, at[p, 1] - column_u
            row_q, column_q = at[q, 0] - row_u, at[q, 1] - column_u
            area = column_p * row_q - column_q * row_p
            if area <= 0:
                return False
            dot = row_p * row_q + column_p * column_q
            square_p = row_p * row_p + column_p * column_p
            square_q = row_q * row_q + column_q * column_q
            if area < _LEAST_TANGENT * max(dot, square_p - dot, square_q - dot):
                return False
            if not found and row_u * column_q - column_u * row_q >= 0:
                found = True
                rise_p = np.float64(heights_m[row_v + at[p, 0], column_v + at[p, 1]]) - height_u
                rise_q = np.float64(heights_m[row_v + at[q, 0], column_v + at[q, 1]]) - height_u
                share_p = (column_q * row_u - row_q * column_u) / area
                share_q = (row_p * column_u - column_p * row_u) / area
                error = abs(height_u + share_p * rise_p + share_q * rise_q - heights_m[row_v, column_v])
                if not error * tightness_per_m[row_v, column_v] <= _TOLERANCES:
                    return False
        p = q
    return found


@_compiled("boolean(int64,int64,int64,int64[:,::1],float32[:,::1],float32[:,::1])", inside=True)
def _all_fit(
    j: int, gap: int, count: int, at: NDArray[np.int64],
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32],
) -> bool:  # fmt: skip
    """Tell whether all triangles that moving a vertex onto neighbour ``j`` makes are within tolerance."""
    row_v, column_v = at[count, 0], at[count, 1]
    p = j + 1 if j + 1 < count else 0
    for _ in range(count - 2):
        q = p + 1 if p + 1 < count else 0
        if p != gap and q != gap and not _fits(
            row_v + at[j, 0], column_v + at[j, 1], row_v + at[p, 0], column_v + at[p, 1],
            row_v + at[q, 0], column_v + at[q, 1], heights_m, tightness_per_m,
        ):  # fmt: skip
            return False
        p = q
    return True


@_compiled("int64(int64,int64[:,::1],float32[:,::1],float32[:,::1])", inside=True)
def _target(
    count: int, at: NDArray[np.int64], heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32]
) -> int:
    """Return the place in a vertex's ring of a neighbour that it may be moved onto, or -1.

    ``at`` holds row and column of the ``count`` neighbours relative to the vertex, with 1 in the third column
    for the gap; and, after them, row and column of the vertex itself. At the edge of the land a vertex
    moves along a straight edge only.
    """
    gap = -1
    for k in range(count):
        if at[k, 2]:
            gap = k
    before = gap - 1 if gap > 0 else count - 1
    after = gap + 1 if gap < count - 1 else 0
    if gap >= 0 and at[before, 0] * at[after, 1] != at[before, 1] * at[after, 0]:
        return -1
    for j in range(count):
        if j == gap or (gap >= 0 and j != before and j != after):
            continue
        if _is_sound(j, gap, count, at, heights_m, tightness_per_m) and _all_fit(
            j, gap, count, at, heights_m, tightness_per_m
        ):
            return j
    return -1


@_compiled("void(int32[::1],int64,int64,int64)")
def _replace(ring: NDArray[np.int32], count: int, old: int, new: int) -> None:
    for k in range(count):
        if ring[k] == old:
            ring[k] = new
            return


@_compiled("int64(int32[::1],int64,int64)")
def _remove(ring: NDArray[np.int32], count: int, old: int) -> int:
    for k in range(count):
        if ring[k] == old:
            for rest in range(k, count - 1):
                ring[rest] = ring[rest + 1]
            return count - 1
    return count


@_compiled("void(int64,int64,int32[:,::1],int32[:,::1],uint8[::1],uint8[::1])")
def _collapse(
    position: int, j: int, ids: NDArray[np.int32],
    rings: NDArray[np.int32], degrees: NDArray[np.uint8], state: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Move a vertex onto neighbour ``j`` of its ring, which takes over its triangles."""
    vertex = ids[position >> 16, position & 0xFFFF]
    ring, count = rings[vertex], _signed(degrees[vertex])
    target = ring[j]
    heir = ids[target >> 16, target & 0xFFFF]
    for k in range(count):
        if ring[k] == GAP or k == j:
            continue
        neighbour = ids[ring[k] >> 16, ring[k] & 0xFFFF]
        state[neighbour] |= DIRTY
        ahead = k - j if k > j else k - j + count
        if ahead == 1 or ahead == count - 1:
            degrees[neighbour] = _remove(rings[neighbour], degrees[neighbour], position)
        else:
            _replace(rings[neighbour], degrees[neighbour], position, target)
    state[heir] |= DIRTY
    theirs, their_count = rings[heir], _signed(degrees[heir])
    more = count - 4
    place = 0
    while theirs[place] != position:
        place += 1
    if more >= 0:
        for k in range(their_count - 1, place, -1):
            theirs[k + more] = theirs[k]
    else:
        for k in range(place + 1, their_count):
            theirs[k + more] = theirs[k]
    k = j + 2
    for step in range(count - 3):
        if k >= count:
            k -= count
        theirs[place + step] = ring[k]
        k += 1
    degrees[heir] = their_count + more
    degrees[vertex] = 0
    ids[position >> 16, position & 0xFFFF] = -1


@_compiled(
    "int64(float32[:,::1],float32[:,::1],int32[:,::1],int32[:,::1],uint8[::1],uint8[::1],"
    "int64,int64,int64,int64,int32[::1])"
)
def collapse_region(
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32], ids: NDArray[np.int32],
    rings: NDArray[np.int32], degrees: NDArray[np.uint8], state: NDArray[np.uint8],
    south: int, west: int, north: int, east: int, candidates: NDArray[np.int32],
) -> int:  # fmt: skip
    """Collapse what may be collapsed, of the candidates, with all neighbours strictly inside a region.

    Nothing outside the region is read or written but heights, so regions that share only their edges can be
    worked on at once, and the result depends on no order. Returns how many vertices went.
    """
    at = np.empty((MOST_NEIGHBOURS + 1, 3), np.int64)
    removed = 0
    left = len(candidates)
    before = -1
    while before != removed:
        before = removed
        for candidate in range(left):
            position = int(candidates[candidate])
            row_v, column_v = position >> 16, position & 0xFFFF
            vertex = ids[row_v, column_v]
            if vertex < 0 or state[vertex] != DIRTY:
                continue
            ring, count = rings[vertex], _signed(degrees[vertex])
            inside = bool(count > 0)
            for k in range(count):
                neighbour = int(ring[k])
                row, column = neighbour >> 16, neighbour & 0xFFFF
                if neighbour == GAP:
                    at[k, 2] = 1
                    continue
                if row <= south or row >= north or column <= west or column >= east:
                    inside = False
                    break
                at[k, 0], at[k, 1], at[k, 2] = row - row_v, column - column_v, 0
            if not inside:
                continue
            at[count, 0], at[count, 1] = row_v, column_v
            j = _target(count, at, heights_m, tightness_per_m)
            if j >= 0:
                heir = ids[ring[j] >> 16, ring[j] & 0xFFFF]
                if degrees[heir] + count - 4 > MOST_NEIGHBOURS:
                    j = -1
            if j >= 0:
                _collapse(position, j, ids, rings, degrees, state)
                removed += 1
            else:
                state[vertex] = 0
    return removed


@_compiled("int64(int32[:,::1],int32[:,::1],uint8[::1],int64,int32[:,::1])")
def triangles_of(
    ids: NDArray[np.int32], rings: NDArray[np.int32], degrees: NDArray[np.uint8],
    columns: int, triangles: NDArray[np.int32],
) -> int:  # fmt: skip
    """Write the triangles as flat indices of posts, ``columns`` to a row; returns how many there are."""
    made = 0
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            vertex = ids[row, column]
            if vertex < 0:
                continue
            position = row << 16 | column
            count = _signed(degrees[vertex])
            for k in range(count):
                first, second = rings[vertex, k], rings[vertex, k + 1 if k + 1 < count else 0]
                if first > position and second > position:
                    triangles[made, 0] = row * columns + column
                    triangles[made, 1] = (first >> 16) * columns + (first & 0xFFFF)
                    triangles[made, 2] = (second >> 16) * columns + (second & 0xFFFF)
                    made += 1
    return made


@_compiled("void(int32[:,::1],int64,float32[:,::1],float32[:,::1],float32[::1])")
def errors_of(
    triangles: NDArray[np.int32], columns: int,
    heights_m: NDArray[np.float32], tightness_per_m: NDArray[np.float32], errors: NDArray[np.float32],
) -> None:  # fmt: skip
    """Write the largest error over the posts of each triangle, in tolerances."""
    for k in range(len(triangles)):
        a, b, c = int(triangles[k, 0]), int(triangles[k, 1]), int(triangles[k, 2])
        errors[k] = _worst(
            a // columns, a % columns, b // columns, b % columns, c // columns, c % columns,
            heights_m, tightness_per_m, np.inf,
        )  # fmt: skip
