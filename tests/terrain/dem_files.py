"""Small elevation files and pictures that tests write themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import Affine

from terrain.sources import GridPlan

if TYPE_CHECKING:
    from pathlib import Path

    from terrain import LocalFrame

SIDE_DEG = 1 / 1200


def write_raster(path: Path, bands: np.ndarray, transform: Affine, **profile: object) -> Path:
    """Write one band (rows, columns) or several; WGS 84 where no other system is given."""
    stack = bands if bands.ndim == 3 else bands[None]
    options: dict[str, object] = {"driver": "GTiff", "crs": "EPSG:4326", **profile}
    count, height, width = stack.shape
    with rasterio.open(
        path, "w", count=count, height=height, width=width, dtype=stack.dtype, transform=transform, **options
    ) as dataset:
        dataset.write(stack)
    return path


def posts(west: float, north: float, side: float = SIDE_DEG) -> Affine:
    """Place of a raster whose first post, not corner, is at (west, north)."""
    return Affine(side, 0, west - side / 2, 0, -side, north + side / 2)


def hills(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Land that cells of 90 m can follow."""
    return 900 + 300 * np.sin((lon - 6) * 300) * np.cos((lat - 45) * 260) + 4000 * (lat - 45)


def hill_posts(west: float, north: float, rows: int, columns: int, side: float = SIDE_DEG) -> np.ndarray:
    """Heights of the hills at posts, row 0 in the north."""
    lon, lat = west + np.arange(columns) * side, north - np.arange(rows) * side
    return hills(lon[None, :], lat[:, None]).astype(np.float32)


def plan_over(
    frame: LocalFrame, west: float, south: float, east: float, north: float, step_m: float = 30.0
) -> GridPlan:
    """A grid over a box in degrees."""
    (x0, x1), (y0, y1) = frame.to_local([west, east], [south, north])
    return GridPlan(float(x0), float(y0), step_m, int((y1 - y0) / step_m), int((x1 - x0) / step_m))


def on_plan(plan: GridPlan, frame: LocalFrame) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of a plan's posts."""
    x = plan.x0_m + np.arange(plan.columns) * plan.step_m
    y = plan.y0_m + np.arange(plan.rows) * plan.step_m
    return frame.to_wgs84(*np.meshgrid(x, y))


def coded(heights: np.ndarray, code: str) -> np.ndarray:
    """Colours (3, ...) that stand for heights."""
    if code == "Terrarium":
        number = np.round((heights + 32768) * 256).astype(np.int64)
    else:
        number = np.round((heights + 10000) * 10).astype(np.int64)
    return np.stack([number >> 16 & 255, number >> 8 & 255, number & 255]).astype(np.uint8)


def tile_degrees(zoom: int, x: int, y: int, side: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the middles of a tile's pixels."""
    column = (x + (np.arange(side) + 0.5) / side) / 2**zoom
    row = (y + (np.arange(side) + 0.5) / side) / 2**zoom
    return np.meshgrid(column * 360 - 180, np.rad2deg(np.arctan(np.sinh(np.pi * (1 - 2 * row)))))


def tiles_over(zoom: int, west: float, south: float, east: float, north: float) -> list[tuple[int, int]]:
    """The tiles that touch a box."""

    def row(lat: float) -> float:
        return (0.5 - np.arcsinh(np.tan(np.deg2rad(lat))) / (2 * np.pi)) * 2**zoom

    columns = [int((lon + 180) / 360 * 2**zoom) for lon in (west, east)]
    return [
        (x, y) for x in range(columns[0], columns[1] + 1) for y in range(int(row(north)), int(row(south)) + 1)
    ]


def write_tile(root: Path, zoom: int, x: int, y: int, rgb: np.ndarray, ending: str = "png") -> Path:
    """Write colours (3 or 4, side, side) as a tile of a pyramid."""
    path = root / str(zoom) / str(x) / f"{y}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.moveaxis(rgb, 0, -1)).save(path, **({"lossless": True} if ending == "webp" else {}))
    return path
