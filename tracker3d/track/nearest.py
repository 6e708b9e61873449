"""The exact nearest place on a road, for millions of positions.

A grid of cells along the road holds, for each cell, the segments that can be nearest to any point of it:
those no farther from the cell's middle than the nearest one by more than the cell's diagonal. A position
then looks at a handful of segments, whatever their length, and the answer is exact. Positions beyond the
grid go through blocks of segments by their bounding boxes, exactly as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_REACH_M = 60.0
_CELL_M = (8.0, 30.0)
_MOST_BLOCKS = 4_000_000
_SEGMENTS_IN_BOX = 32


class _Grid(NamedTuple):
    """Blocks of eight by eight cells; only blocks near the road have cells."""

    x0_m: float
    y0_m: float
    cell_m: float
    columns: int
    rows: int
    """Blocks, not cells."""
    reach_m: float


class NearestPlace:
    """An exact index of the segments of a road.

    Parameters
    ----------
    x_m, y_m : (n,) float64
        Vertices in the local frame, at least two, at any spacing.
    distance_m : (n,) float64
        Road distance at the vertices, ascending.
    reach_m : float
        Positions up to so far from the road are looked up in the grid; farther ones cost more time.
    """

    def __init__(
        self,
        x_m: NDArray[np.float64],
        y_m: NDArray[np.float64],
        distance_m: NDArray[np.float64],
        *,
        reach_m: float = _REACH_M,
    ) -> None:
        east, north = np.diff(x_m), np.diff(y_m)
        square = np.maximum(east**2 + north**2, 1e-12)
        columns = (x_m[:-1], y_m[:-1], east, north, 1.0 / square, distance_m[:-1], np.diff(distance_m))
        self._segments = np.zeros((len(east), 8))
        for index, column in enumerate(columns):
            self._segments[:, index] = column
        x0_m, y0_m = float(x_m.min()) - reach_m, float(y_m.min()) - reach_m
        width_m, height_m = float(x_m.max()) + reach_m - x0_m, float(y_m.max()) + reach_m - y0_m
        finest_m = float(np.sqrt(width_m * height_m / _MOST_BLOCKS)) / 8.0
        cell_m = max(float(np.clip(np.median(np.sqrt(square)), *_CELL_M)), finest_m)
        block_m = 8.0 * cell_m
        self._grid = _Grid(
            x0_m, y0_m, cell_m, int(width_m // block_m) + 1, int(height_m // block_m) + 1, reach_m
        )
        self._blocks, self._cells, self._members = _filled(self._segments, self._grid)
        self._boxes = _boxes(self._segments)

    def find(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Find the nearest place for each position.

        Parameters
        ----------
        x_m, y_m : (n,) float64
            Local frame.

        Returns
        -------
        distance_m, lateral_m : (n,) float64
            Road distance, and offset, positive left of the direction of the race; NaN for positions that
            are not finite.
        """
        x, y = np.ascontiguousarray(x_m, np.float64), np.ascontiguousarray(y_m, np.float64)
        distance_m, lateral_m = np.empty(len(x)), np.empty(len(x))
        _find(
            *(x, y, self._segments, self._grid, self._blocks, self._cells, self._members, self._boxes),
            *(distance_m, lateral_m),
        )
        return distance_m, lateral_m


@compiled
def _square_to(x: float, y: float, segments: NDArray[np.float64], index: int) -> float:
    to_x, to_y = x - segments[index, 0], y - segments[index, 1]
    east, north = segments[index, 2], segments[index, 3]
    share = min(max((to_x * east + to_y * north) * segments[index, 4], 0.0), 1.0)
    off_x, off_y = to_x - share * east, to_y - share * north
    return float(off_x * off_x + off_y * off_y)


@compiled
def _cell_span(
    segments: NDArray[np.float64], index: int, grid: _Grid, margin_m: float
) -> tuple[int, int, int, int]:
    """First and last column and row of the cells that a segment can lie within ``margin_m`` of."""
    x, y = segments[index, 0], segments[index, 1]
    x_end, y_end = x + segments[index, 2], y + segments[index, 3]
    left = int(np.floor((min(x, x_end) - margin_m - grid.x0_m) / grid.cell_m))
    right = int(np.floor((max(x, x_end) + margin_m - grid.x0_m) / grid.cell_m))
    low = int(np.floor((min(y, y_end) - margin_m - grid.y0_m) / grid.cell_m))
    high = int(np.floor((max(y, y_end) + margin_m - grid.y0_m) / grid.cell_m))
    return (
        max(left, 0),
        min(right, 8 * grid.columns - 1),
        max(low, 0),
        min(high, 8 * grid.rows - 1),
    )


@compiled
def _filled(
    segments: NDArray[np.float64], grid: _Grid
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Index of each block's cells (-1 where it has none), of each cell's list (-1), and the lists.

    A list is a count and so many segments.
    """
    diagonal_m = grid.cell_m * np.sqrt(2.0)
    margin_m = grid.reach_m + diagonal_m
    blocks = np.full(grid.columns * grid.rows, -1, np.int32)
    used = 0
    for index in range(len(segments)):
        left, right, low, high = _cell_span(segments, index, grid, margin_m)
        for row in range(low >> 3, (high >> 3) + 1):
            for column in range(left >> 3, (right >> 3) + 1):
                middle_x = grid.x0_m + (8.0 * column + 4.0) * grid.cell_m
                middle_y = grid.y0_m + (8.0 * row + 4.0) * grid.cell_m
                near_m = margin_m + 4.0 * diagonal_m
                block = row * grid.columns + column
                if blocks[block] < 0 and _square_to(middle_x, middle_y, segments, index) <= near_m * near_m:
                    blocks[block] = used
                    used += 1
    nearest = np.full(64 * used, np.inf)
    counts = np.zeros(64 * used, np.int32)
    cells = np.full(64 * used, -1, np.int32)
    members = np.empty(0, np.int32)
    for turn in range(3):
        if turn == 2:
            total = 0
            for cell in range(64 * used):
                if counts[cell] > 0:
                    cells[cell] = total
                    total += counts[cell] + 1
            members = np.empty(total, np.int32)
            for cell in range(64 * used):
                if counts[cell] > 0:
                    members[cells[cell]] = 0
        for index in range(len(segments)):
            left, right, low, high = _cell_span(segments, index, grid, margin_m)
            for row in range(low, high + 1):
                for column in range(left, right + 1):
                    slot = blocks[(row >> 3) * grid.columns + (column >> 3)]
                    if slot < 0:
                        continue
                    cell = 64 * slot + 8 * (row & 7) + (column & 7)
                    middle_x = grid.x0_m + (column + 0.5) * grid.cell_m
                    middle_y = grid.y0_m + (row + 0.5) * grid.cell_m
                    off_m = np.sqrt(_square_to(middle_x, middle_y, segments, index))
                    if turn == 0:
                        nearest[cell] = min(nearest[cell], off_m)
                    elif nearest[cell] <= grid.reach_m and off_m <= nearest[cell] + diagonal_m + 1e-9:
                        if turn == 1:
                            counts[cell] += 1
                        else:
                            members[cells[cell]] += 1
                            members[cells[cell] + members[cells[cell]]] = index
    return blocks, cells, members


def _boxes(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    """West, south, east and north of each run of segments, (m, 4)."""
    starts = np.arange(0, len(segments), _SEGMENTS_IN_BOX)
    x, y = segments[:, 0], segments[:, 1]
    x_end, y_end = x + segments[:, 2], y + segments[:, 3]
    return np.stack(
        [
            np.minimum.reduceat(np.minimum(x, x_end), starts),
            np.minimum.reduceat(np.minimum(y, y_end), starts),
            np.maximum.reduceat(np.maximum(x, x_end), starts),
            np.maximum.reduceat(np.maximum(y, y_end), starts),
        ],
        axis=1,
    )


@compiled
def _square_to_box(x: float, y: float, boxes: NDArray[np.float64], index: int) -> float:
    off_x = max(max(boxes[index, 0] - x, x - boxes[index, 2]), 0.0)
    off_y = max(max(boxes[index, 1] - y, y - boxes[index, 3]), 0.0)
    return float(off_x * off_x + off_y * off_y)


@compiled
def _nearest_of_all(x: float, y: float, segments: NDArray[np.float64], boxes: NDArray[np.float64]) -> int:
    """Nearest of all segments: the nearest box first, then those that could hold a nearer one."""
    first, least = 0, np.inf
    for box in range(len(boxes)):
        square = _square_to_box(x, y, boxes, box)
        if square < least:
            first, least = box, square
    best, best_square = 0, np.inf
    for turn in range(-1, len(boxes)):
        box = first if turn < 0 else turn
        if _square_to_box(x, y, boxes, box) >= best_square:
            continue
        begin = box * _SEGMENTS_IN_BOX
        for index in range(begin, min(begin + _SEGMENTS_IN_BOX, len(segments))):
            square = _square_to(x, y, segments, index)
            if square < best_square:
                best, best_square = index, square
    return best


@compiled
def _find(
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    segments: NDArray[np.float64],
    grid: _Grid,
    blocks: NDArray[np.int32],
    cells: NDArray[np.int32],
    members: NDArray[np.int32],
    boxes: NDArray[np.float64],
    distance_m: NDArray[np.float64],
    lateral_m: NDArray[np.float64],
) -> None:
    per_m = 1.0 / grid.cell_m
    for fix in range(len(x_m)):
        x, y = x_m[fix], y_m[fix]
        column_at, row_at = (x - grid.x0_m) * per_m, (y - grid.y0_m) * per_m
        listed = -1
        if 0.0 <= column_at < 8.0 * grid.columns and 0.0 <= row_at < 8.0 * grid.rows:
            column, row = int(column_at), int(row_at)
            slot = blocks[(row >> 3) * grid.columns + (column >> 3)]
            if slot >= 0:
                listed = cells[64 * slot + 8 * (row & 7) + (column & 7)]
        elif not (np.isfinite(x) and np.isfinite(y)):
            distance_m[fix] = lateral_m[fix] = np.nan
            continue
        if listed >= 0:
            best, best_square = 0, np.inf
            for member in range(listed + 1, listed + 1 + members[listed]):
                square = _square_to(x, y, segments, members[member])
                if square < best_square:
                    best, best_square = members[member], square
        else:
            best = _nearest_of_all(x, y, segments, boxes)
        to_x, to_y = x - segments[best, 0], y - segments[best, 1]
        east, north = segments[best, 2], segments[best, 3]
        share = min(max((to_x * east + to_y * north) * segments[best, 4], 0.0), 1.0)
        off_x, off_y = to_x - share * east, to_y - share * north
        off = np.sqrt(off_x * off_x + off_y * off_y)
        distance_m[fix] = segments[best, 5] + share * segments[best, 6]
        lateral_m[fix] = off if east * to_y - north * to_x >= 0.0 else -off
