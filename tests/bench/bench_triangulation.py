"""Triangulators side by side, in one run on this machine: time, triangles, and the error they truly make.

Run as ``python tests/bench/bench_triangulation.py [rounds] [--large]``. Every mesh, whoever made it, is laid
under every post of its grid by ``MeshSampler``, which shares no code with any triangulator. Each method runs
once in turn, ``rounds`` times (3); the least time of each is shown, because whatever else runs on the
machine only ever adds. Ours works on all processors: beside the time on the clock stands that of all
processors together. ``--large`` adds a grid of 10,753 x 10,753 posts, once, each method in a process of its
own.
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from pydelatin import Delatin
from pymartini import Martini

from terrain import MeshSampler
from terrain.triangulation import triangulate

if TYPE_CHECKING:
    from collections.abc import Callable

DEM = Path(__file__).resolve().parents[3] / "shared" / "data" / "dem"
DAVOS = DEM / "davos" / "dem_SRTM1.tif"
VENTOUX = DEM / "ventoux" / "N44E005.hgt"
OURS, NUMPY, DELATIN, MARTINI = "tracker3d", "tracker3d, numpy only", "pydelatin", "pymartini"
TIME_BAR, TRIANGLES_BAR = 0.45, 0.72


@dataclass(frozen=True)
class Meshed:
    """Vertices as column, row and height, and triangles."""

    vertices: np.ndarray
    triangles: np.ndarray


def read(path: Path, side: int) -> np.ndarray:
    """Read the first ``side`` x ``side`` posts as they are stored."""
    with rasterio.open(path) as dataset:
        window = rasterio.windows.Window(0, 0, side, side)
        return np.ascontiguousarray(dataset.read(1, window=window), np.float32)


def ours(heights: np.ndarray, bound_m: float, *, compiled: bool = True) -> Meshed:
    """Ours; its time includes making the map of tolerances. Its vertices are the posts of the grid."""
    mesh = triangulate(heights, np.full(heights.shape, 1 / bound_m, np.float32), compiled=compiled)
    return Meshed(np.empty((0, 3)), mesh.triangles)


def delatin(heights: np.ndarray, bound_m: float) -> Meshed:
    """Greedy Delaunay insertion; it counts rows from the other end."""
    mesh = Delatin(heights, max_error=bound_m)
    return Meshed(mesh.vertices, mesh.triangles)


def martini(heights: np.ndarray, bound_m: float) -> Meshed:
    """Right-triangulated network, as published; only for squares of 2^n + 1 posts."""
    return Meshed(*Martini(len(heights)).create_tile(heights).get_mesh(bound_m))


METHODS: dict[str, Callable[[np.ndarray, float], Meshed]] = {
    OURS: ours,
    DELATIN: delatin,
    MARTINI: martini,
    NUMPY: lambda heights, bound_m: ours(heights, bound_m, compiled=False),
}


def in_posts(name: str, meshed: Meshed, heights: np.ndarray) -> np.ndarray:
    """Vertices as column, row and the height of the grid there."""
    rows, columns = heights.shape
    if not len(meshed.vertices):
        row, column = np.divmod(np.arange(heights.size), columns)
    else:
        column, row = meshed.vertices[:, 0].astype(int), meshed.vertices[:, 1].astype(int)
        if name == DELATIN:
            row = rows - 1 - row
    return np.stack([column, row, heights[row, column]], axis=1).astype(float)


def proven(vertices: np.ndarray, triangles: np.ndarray, heights: np.ndarray) -> float:
    """Largest distance between any post and the mesh; infinite where a post has no mesh."""
    row, column = np.mgrid[0 : heights.shape[0], 0 : heights.shape[1]]
    drawn = MeshSampler(vertices, triangles).sample(column, row)
    return float(np.nan_to_num(np.abs(drawn - heights), nan=np.inf).max())


def smallest_angle_deg(vertices: np.ndarray, triangles: np.ndarray) -> float:
    """Smallest angle in the plane of the grid."""
    place = vertices[triangles][:, :, :2]
    least = np.inf
    for k in range(3):
        first, second = place[:, (k + 1) % 3] - place[:, k], place[:, (k + 2) % 3] - place[:, k]
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        cosine = np.clip((first * second).sum(axis=1) / lengths, -1, 1)
        least = min(least, float(np.degrees(np.arccos(cosine.max()))))
    return least


def compare(title: str, heights: np.ndarray, bound_m: float, *, rounds: int) -> bool:
    """Print one table; tell whether both bars are held."""
    least, busy = dict.fromkeys(METHODS, np.inf), dict.fromkeys(METHODS, np.inf)
    meshed = {}
    for _ in range(rounds):
        for name, method in METHODS.items():
            start, busy_start = time.perf_counter(), time.process_time()
            meshed[name] = method(heights, bound_m)
            least[name] = min(least[name], time.perf_counter() - start)
            busy[name] = min(busy[name], time.process_time() - busy_start)
    print(f"\n{title}, {heights.shape[0]} x {heights.shape[1]}, {bound_m:g} m")
    print(
        f"  {'method':24s}{'seconds':>9s}{'(all CPUs)':>12s}{'triangles':>12s}{'true error':>12s}"
        f"{'least angle':>13s}"
    )
    for name, mesh in meshed.items():
        vertices = in_posts(name, mesh, heights)
        error, angle = proven(vertices, mesh.triangles, heights), smallest_angle_deg(vertices, mesh.triangles)
        print(
            f"  {name:24s}{least[name]:9.2f}{busy[name]:12.2f}{len(mesh.triangles):12,d}"
            f"{error:10.2f} m{angle:11.1f} °"
        )
    time_share = least[OURS] / least[DELATIN]
    share = len(meshed[OURS].triangles) / len(meshed[DELATIN].triangles)
    held = time_share <= TIME_BAR and share <= TRIANGLES_BAR
    print(
        f"  {OURS} / {DELATIN}: time {time_share:.2f} (bar {TIME_BAR}), "
        f"triangles {share:.3f} (bar {TRIANGLES_BAR}): {'held' if held else 'MISSED'}"
    )
    return held


def growth(*, rounds: int) -> None:
    """Print the time for each post on squares of real land of growing size."""
    land = read(DAVOS, 2049)
    land = np.concatenate([land, land[-2::-1]], axis=0)
    land = np.concatenate([land, land[:, -2::-1]], axis=1)
    print("\nTime for each post, Davos mirrored, 5 m")
    for side in (513, 1025, 2049, 4097):
        heights = np.ascontiguousarray(land[:side, :side])
        least = {}
        for name in (OURS, DELATIN):
            times = []
            for _ in range(rounds):
                start = time.perf_counter()
                METHODS[name](heights, 5.0)
                times.append(time.perf_counter() - start)
            least[name] = min(times) / side**2 * 1e9
        print(f"  {side:5d} x {side:<5d}  {OURS} {least[OURS]:5.0f} ns   {DELATIN} {least[DELATIN]:5.0f} ns")


def large(*, side: int = 10_753, bound_m: float = 5.0) -> None:
    """Print time and memory on a very large grid."""
    print(f"\nDavos mirrored, {side} x {side}, {bound_m:g} m")
    for name in (OURS, DELATIN):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds, triangles, land_mb, most_mb = pool.submit(once, name, side, bound_m).result()
        print(
            f"  {name:24s}{seconds:9.2f} s{triangles:14,d} triangles{most_mb:10,.0f} MB "
            f"(of these {land_mb:,.0f} MB are the program and its land)"
        )


def once(name: str, side: int, bound_m: float) -> tuple[float, int, float, float]:
    """Return seconds, triangles, and the process's memory before and at its largest, MB."""
    triangulate(np.zeros((65, 65), np.float32), np.ones((65, 65), np.float32))
    land = read(DAVOS, 2049)
    rows = np.abs((np.arange(side) + 2048) % 4096 - 2048)
    heights = land[rows][:, rows]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    start = time.perf_counter()
    mesh = METHODS[name](heights, bound_m)
    seconds = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return seconds, len(mesh.triangles), before, most


def main() -> int:
    """Print all tables; 1 where a bar is missed."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    rounds = numbers[0] if numbers else 3
    triangulate(np.zeros((65, 65), np.float32), np.ones((65, 65), np.float32))
    held = [
        compare(title, read(path, side), bound_m, rounds=rounds)
        for title, path, side, bound_m in (
            ("Davos", DAVOS, 2049, 5.0),
            ("Davos", DAVOS, 2049, 20.0),
            ("Mont Ventoux (as stored, with its voids at -32768)", VENTOUX, 1025, 5.0),
        )
    ]
    growth(rounds=rounds)
    if "--large" in sys.argv:
        large()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
