"""The water of the landscape as a picture: rivers and lakes, see-through elsewhere.

Rivers are narrower than a post of the elevation model, so they come as a drape of their own, finer than it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from terrain.looks import WATER_RGB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.synthetic import Landscape
    from tracker3d.feed.rehearsal.road import Road

PIXEL_M = 7.5
_HALF_WIDTH_M = (36.0, 17.0)
_BRIDGE_HALF_WIDTH_M = 9.0
_LENGTH_M = 30_000.0
_ROAD_M = 14.0
_DEEP_M = 160.0


def water_picture(landscape: Landscape, road: Road) -> NDArray[np.uint8]:
    """Paint the water, (4, rows, columns) uint8: red, green, blue and how much of it to show.

    Pixels are :data:`PIXEL_M` wide, the first at the south-west corner of the landscape, rows going north.
    Rivers grow downstream, keep off the shoulder of the road, and pass under its bridges.
    """
    factor = round(landscape.step_m / PIXEL_M)
    shape = tuple((size - 1) * factor + 1 for size in landscape.heights_m.shape)
    share = _lakes(landscape.lakes, factor, shape)
    under_bridges = np.zeros_like(share)
    for x_m, y_m in landscape.rivers:
        _draw_river(share, x_m, y_m, _HALF_WIDTH_M)
        _draw_river(under_bridges, x_m, y_m, (_BRIDGE_HALF_WIDTH_M, _BRIDGE_HALF_WIDTH_M))
    _keep_dry(share, road)
    share = np.maximum(share, under_bridges)
    depth = ndimage.gaussian_filter(share, _DEEP_M / 2 / PIXEL_M, truncate=2.0)[..., None]
    colour = np.asarray(WATER_RGB, np.float32) * (1.07 - np.float32(0.13) * depth)
    picture = np.concatenate([colour, 255 * share[..., None]], axis=2)
    return np.ascontiguousarray(np.moveaxis(np.rint(picture).astype(np.uint8), -1, 0))


def _lakes(lakes: NDArray[np.bool_], factor: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Lakes with a smooth shore, inside the posts that are level."""
    soft = ndimage.gaussian_filter(lakes.astype(np.float32), 0.7)
    rows, columns = (np.arange(size, dtype=np.float32) / factor for size in shape)
    at = np.meshgrid(rows, columns, indexing="ij")
    fine = ndimage.map_coordinates(soft, at, order=1, prefilter=False)
    return np.asarray(np.clip((fine - 0.5) * 3.0 + 0.5, 0.0, 1.0), np.float32)


def _draw_river(
    share: NDArray[np.float32],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    half_width_m: tuple[float, float],
) -> None:
    """Paint a river, given from its mouth upstream, into the shares of water; widths at mouth and source."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x_m), np.diff(y_m)))])
    fine = np.arange(0.0, at[-1], 3.0)
    points = np.column_stack([np.interp(fine, at, x_m), np.interp(fine, at, y_m)])
    reach_m = np.interp(fine, (0.0, _LENGTH_M), half_width_m) * (1.0 + 0.2 * np.sin(fine / 230.0))
    column, row = np.rint(points / PIXEL_M).astype(np.intp).T
    inside = (row >= 0) & (row < share.shape[0]) & (column >= 0) & (column < share.shape[1])
    near = np.zeros(share.shape, np.bool_)
    near[row[inside], column[inside]] = True
    reach = int(reach_m.max() / PIXEL_M) + 2
    rows, columns = np.nonzero(ndimage.binary_dilation(near, np.ones((3, 3), np.bool_), iterations=reach))
    away_m, index = cKDTree(points).query(np.column_stack([columns, rows]) * PIXEL_M)
    wet = np.clip((reach_m[index] - away_m) / PIXEL_M + 0.5, 0.0, 1.0)
    share[rows, columns] = np.maximum(share[rows, columns], wet)


def _keep_dry(share: NDArray[np.float32], road: Road) -> None:
    """Leave the bank that the road runs on."""
    rows, columns = np.nonzero(share)
    tree = cKDTree(np.column_stack([road.x_m, road.y_m]))
    away_m, _ = tree.query(np.column_stack([columns, rows]) * PIXEL_M, distance_upper_bound=2 * _ROAD_M)
    share[rows, columns] *= np.clip((away_m - _ROAD_M) / PIXEL_M, 0.0, 1.0)
