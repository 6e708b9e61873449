"""A whole stage of 180 km on real land at 30 m, prepared as users prepare it: seconds and memory.

Run as ``python tests/bench/bench_ground.py [width in km]``. The land is Davos mirrored to 130 km; the road
winds through it. Preparing runs in a process of its own with compiled loops from the cache, so its time is
that from the command to the finished package, and its memory the largest that it ever held.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from scipy import ndimage

from terrain import LocalFrame
from tracker3d.stage import open_package

DAVOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "dem" / "davos" / "dem_SRTM1.tif"
FRAME = LocalFrame(9.8, 46.7)
STEP_M = 30.0
LENGTH_M = 180_000.0
MOST_SECONDS, MOST_MB = 20.0, 2000.0


def write_land(path: Path) -> np.ndarray:
    """Write the land as a GeoTIFF about the frame's origin; rows of the result go south."""
    with rasterio.open(DAVOS) as dataset:
        quarter = dataset.read(1).astype(np.float32)
    land = np.concatenate([quarter, quarter[-2::-1]], axis=0)
    land = np.concatenate([land, land[:, -2::-1]], axis=1)
    half_m = (len(land) - 1) / 2 * STEP_M + STEP_M / 2
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": 1, "crs": FRAME.crs.to_wkt(), "height": len(land),
        "width": len(land), "transform": from_origin(-half_m, half_m, STEP_M, STEP_M), "tiled": True,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(land, 1)
    return land


def write_road(path: Path, land: np.ndarray) -> None:
    """Write a GPX of a road that winds from the south-west to the north-east, on the smoothed land."""
    along = np.linspace(0.0, 1.0, 40_000)
    across_m = 7000.0 * np.sin(along * 23) + 1800.0 * np.sin(along * 117) + 250.0 * np.sin(along * 700)
    x, y = -52_000 + 104_000 * along - 0.7 * across_m, -50_000 + 100_000 * along + 0.7 * across_m
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.arange(0.0, min(LENGTH_M, length[-1]), 20.0)
    x, y = np.interp(at, length, x), np.interp(at, length, y)
    middle = (len(land) - 1) / 2
    posts = np.array([middle - y / STEP_M, middle + x / STEP_M])
    height = ndimage.gaussian_filter1d(ndimage.map_coordinates(land, posts, order=1), 40)
    lon, lat = FRAME.to_wgs84(x, y)
    points = "".join(
        f'<trkpt lat="{a:.7f}" lon="{b:.7f}"><ele>{h:.1f}</ele></trkpt>'
        for a, b, h in zip(lat, lon, height, strict=True)
    )
    path.write_text(f'<gpx version="1.1"><trk><trkseg>{points}</trkseg></trk></gpx>')


def main() -> int:
    """Print the figures; 1 where a bar is missed."""
    width_km = sys.argv[1] if len(sys.argv) > 1 else "12"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        land = write_land(folder / "land.tif")
        write_road(folder / "road.gpx", land)
        output = folder / "road.stage"
        command = [
            sys.executable, "-m", "tracker3d", "prepare", str(folder / "road.gpx"), "--output", str(output),
            "--dem", str(folder / "land.tif"), "--width-km", width_km,
        ]  # fmt: skip
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        megabytes = children.ru_maxrss / 1000.0
        size = sum(file.stat().st_size for file in output.rglob("*") if file.is_file()) / 1e6
        package = open_package(output)
        tree = package.ground.tree
        print(f"A stage of {package.stage.route.finish_m / 1000:.0f} km, {width_km} km wide, at {STEP_M:g} m")
        print(f"  prepared in {seconds:.1f} s ({children.ru_utime + children.ru_stime:.1f} s of processors)")
        print(f"  most memory {megabytes:,.0f} MB, package {size:,.0f} MB")
        print(f"  {'level':>5s}{'tiles':>7s}{'triangles':>11s}{'largest tile':>14s}{'largest error':>15s}")
        for level in range(tree.levels):
            members = tree.of_level(level)
            count = tree.triangles[members]
            print(
                f"  {level:5d}{len(members):7d}{count.sum():11,d}{count.max():14,d}"
                f"{tree.error_m[members].max():13.1f} m"
            )
    held = seconds <= MOST_SECONDS and megabytes <= MOST_MB
    print(f"  bars {MOST_SECONDS:g} s and {MOST_MB:,.0f} MB: {'held' if held else 'MISSED'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
