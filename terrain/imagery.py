"""Pictures of the land from above, laid over the invented colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio.crs
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from terrain.errors import CoverageError, ElevationFileError
from terrain.rasters import opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.sources import GridPlan

_MOST_PIXELS = 40_000_000


def read_imagery_on(plan: GridPlan, path: Path, *, frame: LocalFrame) -> NDArray[np.uint8]:
    """Return a picture at the posts of a plan, (rows, columns, 4) uint8; the last is 255 where it covers.

    Raises
    ------
    ElevationFileError
        The file cannot be read, is no picture or has no place on Earth.
    CoverageError
        It shows nothing of the box.
    """
    with opened(path) as dataset:
        if dataset.count < 3 or dataset.dtypes[0] != "uint8":
            raise ElevationFileError(
                f"{path} is no picture in red, green and blue with 8 bits; give a GeoTIFF that is."
            )
        if dataset.crs is None:
            raise ElevationFileError(
                f"{path} names no reference system, so its place on Earth is unknown; write it in."
            )
        x_m, y_m = plan.outline_m()
        lon, lat = frame.to_wgs84(x_m, y_m)
        to_source = Transformer.from_crs("EPSG:4326", CRS.from_wkt(dataset.crs.to_wkt()), always_xy=True)
        column, row = ~dataset.transform @ np.array(to_source.transform(lon, lat))
        left, right = (
            int(np.clip(v, 0, dataset.width)) for v in (np.nanmin(column) - 2, np.nanmax(column) + 3)
        )
        top, bottom = (int(np.clip(v, 0, dataset.height)) for v in (np.nanmin(row) - 2, np.nanmax(row) + 3))
        if left >= right or top >= bottom:
            raise CoverageError(f"{path} shows no part of the stage; give imagery of the region, or none.")
        window = Window(left, top, right - left, bottom - top)
        shrink = max(1.0, ((right - left) * (bottom - top) / _MOST_PIXELS) ** 0.5)
        shape = (max(1, int((bottom - top) / shrink)), max(1, int((right - left) / shrink)))
        bands = dataset.read((1, 2, 3), window=window, out_shape=(3, *shape), resampling=Resampling.average)
        shown = dataset.dataset_mask(window=window, out_shape=shape)
        transform = window_transform(window, dataset.transform)
        transform = transform @ transform.scale((right - left) / shape[1], (bottom - top) / shape[0])
        crs = dataset.crs
    picture = np.zeros((4, plan.rows, plan.columns), np.uint8)
    for source, target in zip((*bands, shown), picture, strict=True):
        reproject(
            source,
            target,
            src_transform=transform,
            src_crs=crs,
            dst_transform=plan.transform,
            dst_crs=rasterio.crs.CRS.from_wkt(frame.crs.to_wkt()),
            resampling=Resampling.bilinear,
            init_dest_nodata=False,
            num_threads=2,
        )
    if not picture[3].any():
        raise CoverageError(f"{path} shows no part of the stage; give imagery of the region, or none.")
    return np.ascontiguousarray(np.moveaxis(picture, 0, -1))
