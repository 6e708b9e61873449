"""Exact heights on triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SLACK = 1e-6


@dataclass(frozen=True)
class _SizeClass:
    """Triangles of similar size, filed under the square cells that their boxes touch (at most four each)."""

    cell_m: float
    columns: int
    rows: int
    keys: NDArray[np.int64]
    triangles: NDArray[np.int32]


class MeshSampler:
    """Looks up heights on a height-field mesh: no two triangles lie above each other.

    Triangles are filed by size in one bucket grid per power of two, so that neither large triangles fill
    many buckets nor many small ones crowd one.

    Parameters
    ----------
    vertices : (n, 3)
        x, y, z in any one unit.
    faces : (m, 3)
    """

    def __init__(self, vertices: ArrayLike, faces: ArrayLike) -> None:
        points = np.asarray(vertices, np.float64)
        triangles = np.asarray(faces)
        self._origin = points[:, :2].min(axis=0) if len(points) else np.zeros(2)
        self._corners = (points - np.append(self._origin, 0.0))[triangles]
        low, high = self._corners[:, :, :2].min(axis=1), self._corners[:, :, :2].max(axis=1)
        size = np.maximum((high - low).max(axis=1), 1e-9)
        level = np.ceil(np.log2(size) - 1e-9).astype(int)
        reach = high.max(axis=0) if len(triangles) else np.zeros(2)
        self._classes = [
            self._filed(2.0**each, np.flatnonzero(level == each), low, high, reach)
            for each in np.unique(level)
        ]

    @staticmethod
    def _filed(
        cell_m: float,
        members: NDArray[np.intp],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        reach: NDArray[np.float64],
    ) -> _SizeClass:
        columns, rows = (reach // cell_m).astype(int) + 1
        first = (low[members] // cell_m).astype(np.int64)
        last = (high[members] // cell_m).astype(np.int64)
        keys, triangles = [], []
        for up in (0, 1):
            for right in (0, 1):
                column, row = first[:, 0] + right, first[:, 1] + up
                touched = (column <= last[:, 0]) & (row <= last[:, 1])
                keys.append((row * columns + column)[touched])
                triangles.append(members[touched])
        key, triangle = np.concatenate(keys), np.concatenate(triangles)
        order = np.argsort(key, kind="stable")
        return _SizeClass(cell_m, int(columns), int(rows), key[order], triangle[order].astype(np.int32))

    def sample(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Return the height of the triangle at each position, NaN beside the mesh; shape as broadcast."""
        at_x, at_y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        points = np.stack([at_x.ravel(), at_y.ravel()], axis=1) - self._origin
        heights = np.full(len(points), np.nan)
        for filed in self._classes:
            self._sample_class(filed, points, heights)
        return heights.reshape(at_x.shape)

    def _sample_class(
        self, filed: _SizeClass, points: NDArray[np.float64], heights: NDArray[np.float64]
    ) -> None:
        cell = np.floor(points / filed.cell_m)
        with np.errstate(invalid="ignore"):
            in_grid = ((cell >= 0) & (cell < (filed.columns, filed.rows))).all(axis=1)
        waiting = np.flatnonzero(np.isnan(heights) & in_grid)
        key = (cell[waiting, 1] * filed.columns + cell[waiting, 0]).astype(np.int64)
        place = np.searchsorted(filed.keys, key, side="left")
        end = np.searchsorted(filed.keys, key, side="right")
        while True:
            more = place < end
            waiting, place, end = waiting[more], place[more], end[more]
            if not waiting.size:
                return
            found, height = self._inside(filed.triangles[place], points[waiting])
            heights[waiting[found]] = height[found]
            waiting, place, end = waiting[~found], place[~found] + 1, end[~found]

    def _inside(
        self, triangles: NDArray[np.int32], points: NDArray[np.float64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        corners = self._corners[triangles]
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        to_b, to_c, to_p = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2], points - a[:, :2]
        area = to_b[:, 0] * to_c[:, 1] - to_b[:, 1] * to_c[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            weight_b = (to_p[:, 0] * to_c[:, 1] - to_p[:, 1] * to_c[:, 0]) / area
            weight_c = (to_b[:, 0] * to_p[:, 1] - to_b[:, 1] * to_p[:, 0]) / area
        found = (weight_b >= -_SLACK) & (weight_c >= -_SLACK) & (weight_b + weight_c <= 1 + _SLACK)
        height = a[:, 2] + weight_b * (b[:, 2] - a[:, 2]) + weight_c * (c[:, 2] - a[:, 2])
        return found, height
