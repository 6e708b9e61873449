"""What putting positions on the road costs, beside the libraries one would take instead.

Run as ``python tests/bench/bench_track.py``. Every figure is a median of several
runs; compare only figures of one run. Everything runs on one thread, but ticks of 50,000 riders use two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import shapely
from pykdtree.kdtree import KDTree
from scipy.interpolate import CubicHermiteSpline, RegularGridInterpolator
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "track"))

from real_stage import prepared
from truth_rides import START_MS, fixes_of, hairpins, stage_of

from terrain import ElevationGrid
from tracker3d.track import Motion, Tracks
from tracker3d.track.live import LiveTracks
from tracker3d.track.live_motion import LiveMotion
from tracker3d.track.nearest import NearestPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tracker3d.feed import Fixes
    from tracker3d.stage.model import Stage

_FIXES = 10_000_000


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median time of a call that has run once before."""
    work()
    spent = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return float(np.median(spent))


def winding_road() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A road of 200 km with 20,000 vertices: x, y and distance."""
    random = np.random.default_rng(0)
    bend = np.convolve(np.cumsum(random.normal(0.0, 0.12, 20_000)), np.ones(9) / 9.0, "same")
    heading = 1.2 * np.sin(bend)
    x, y = np.cumsum(10.0 * np.cos(heading)), np.cumsum(10.0 * np.sin(heading))
    return x, y, np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])


def bunch(length_m: float, count: int) -> NDArray[np.float64]:
    """Road distances of 200 riders within 2 km, moment after moment."""
    random = np.random.default_rng(1)
    leader_m = np.linspace(2500.0, length_m - 100.0, count // 200)
    return np.asarray((leader_m[:, None] - np.sort(random.uniform(0.0, 2000.0, 200))).ravel())


def by_vertices(tree: cKDTree | KDTree, x, y, along, points) -> NDArray[np.float64]:  # type: ignore[no-untyped-def]
    """Road distance of the nearest place on the two segments at the nearest vertex."""
    vertex = np.asarray(tree.query(points)[1], np.int64)
    best, at = np.full(len(points), np.inf), np.zeros(len(points))
    for first in (np.maximum(vertex - 1, 0), np.minimum(vertex, len(x) - 2)):
        east, north = x[first + 1] - x[first], y[first + 1] - y[first]
        to_x, to_y = points[:, 0] - x[first], points[:, 1] - y[first]
        share = np.clip((to_x * east + to_y * north) / (east**2 + north**2), 0.0, 1.0)
        off = np.hypot(to_x - share * east, to_y - share * north)
        at = np.where(off < best, along[first] + share * (along[first + 1] - along[first]), at)
        best = np.minimum(off, best)
    return at


def nearest() -> None:
    """Nearest place on the road, in bunch order."""
    x, y, along = winding_road()
    at = bunch(along[-1], _FIXES)
    random = np.random.default_rng(2)
    px, py = np.interp(at, along, x), np.interp(at, along, y)
    px += random.normal(0.0, 5.0, len(at))
    py += random.normal(0.0, 5.0, len(at))
    road = NearestPlace(x, y, along)
    print("nearest place on a road of 20,000 vertices, fixes in bunch order")
    print(f"  ours, 10 million fixes   {seconds(lambda: road.find(px, py)) / len(px) * 1e9:9.1f} ns a fix")
    few = slice(0, 400_000)
    points = np.stack([px[few], py[few]], axis=1)
    vertices = np.stack([x, y], axis=1)
    for name, tree in (("pykdtree", KDTree(vertices)), ("scipy cKDTree", cKDTree(vertices))):
        spent = seconds(lambda tree=tree: by_vertices(tree, x, y, along, points), 3)
        print(f"  {name + ', 400,000':24s} {spent / len(points) * 1e9:9.1f} ns a fix")
    line = shapely.linestrings(vertices)
    segments = shapely.linestrings(np.stack([vertices[:-1], vertices[1:]], axis=1))
    tree = shapely.STRtree(segments)

    def by_rectangles() -> NDArray[np.float64]:
        places = shapely.points(points[:40_000])
        hit = tree.query_nearest(places, all_matches=False)[1]
        return np.asarray(along[hit] + shapely.line_locate_point(segments[hit], places))

    print(f"  shapely STRtree, 40,000  {seconds(by_rectangles, 3) / 40_000 * 1e9:9.1f} ns a fix")
    some = random.integers(0, len(px), 200)
    places = shapely.points(px[some], py[some])
    spent = seconds(lambda: shapely.line_locate_point(line, places), 1)
    print(f"  shapely, 200             {spent / 200 * 1e9:9.1f} ns a fix")
    error = np.abs(np.abs(road.find(px[some], py[some])[1]) - shapely.distance(line, places)).max()
    print(f"  largest error of ours against shapely {error:.1e} m")


def heights() -> None:
    """Bilinear heights, in bunch order."""
    random = np.random.default_rng(3)
    values = random.normal(800.0, 200.0, (4000, 4000)).astype(np.float32)
    known = np.ones(values.shape, bool)
    grid = ElevationGrid(values, 0.0, 0.0, 25.0, known, ~known)
    along = bunch(95_000.0, 200_000)
    x, y = 0.9 * along, 0.7 * along + random.uniform(0.0, 20.0, len(along))
    regular = RegularGridInterpolator((25.0 * np.arange(4000),) * 2, values, bounds_error=False)
    print("bilinear height, 200,000 positions in bunch order")
    for name, work in (
        ("ours", lambda: grid.sample(x, y)),
        ("map_coordinates", lambda: map_coordinates(values, [y / 25.0, x / 25.0], order=1)),
        ("RegularGridInterpolator", lambda: regular((y, x))),
    ):
        print(f"  {name:24s} {seconds(work) / len(x) * 1e9:9.1f} ns")


def ridden(riders: int, minutes: int) -> Tracks:
    """Accepted fixes of riders every 6 s."""
    random = np.random.default_rng(4)
    steps = minutes * 10
    speed = random.uniform(8.0, 12.0, (riders, steps))
    distance = np.cumsum(6.0 * speed, axis=1)
    time_ms = START_MS + 6000 * np.arange(steps) + random.integers(0, 5000, (riders, 1))
    zero = np.zeros(riders * steps)
    return Tracks(
        bibs=np.arange(1, riders + 1, dtype=np.int32),
        time_ms=time_ms.ravel().astype(np.int64),
        rider=np.repeat(np.arange(riders), steps).astype(np.int32),
        lon_deg=zero,
        lat_deg=zero,
        distance_m=distance.ravel(),
        lateral_m=zero,
        speed_mps=speed.ravel(),
        verdict=zero.astype(np.uint8),
    )


def states() -> None:
    """State of 200 riders at a moment, and many moments at once."""
    tracks = ridden(200, 300)
    stage = stage_of(np.array([0.0, 400_000.0]), np.zeros(2))
    motion = Motion(tracks, stage.route)
    moments = np.random.default_rng(5).uniform(motion.start_ms, motion.end_ms, 1000)
    columns = [
        (
            tracks.time_ms[r * 3000 : (r + 1) * 3000].astype(float),
            tracks.distance_m[r * 3000 : (r + 1) * 3000],
        )
        for r in range(200)
    ]
    print("state of 200 riders at a moment (ours: place, speed, age, presence, lateral place)")
    ours = seconds(lambda: [motion.at(t) for t in moments]) / len(moments)
    print(f"  ours                     {ours * 1e6:9.1f} us")
    theirs = seconds(lambda: [[np.interp(t, *column) for column in columns] for t in moments[:50]]) / 50
    print(f"  np.interp for each       {theirs * 1e6:9.1f} us")
    times = np.linspace(motion.start_ms, motion.end_ms, 50_000)
    ours = seconds(lambda: motion.distances(times)) / 1e7
    print(f"  10 million places, ours  {ours * 1e9:9.2f} ns a value")
    common = motion.start_ms + 6000.0 * np.arange(3001)
    places = np.nan_to_num(motion.distances(common))
    spline = CubicHermiteSpline(common, places, np.gradient(places, 6000.0, axis=0))
    print(f"  scipy CubicHermiteSpline {seconds(lambda: spline(times), 3) / 1e7 * 1e9:9.2f} ns a value")


def ticks(stage: Stage, *, riders: int, count: int, spread_m: float) -> list[Fixes]:
    """Fixes of everybody, tick after tick, every 6 s."""
    random = np.random.default_rng(6)
    begin_m = random.uniform(50.0, spread_m, riders)
    speed = random.uniform(8.0, 12.0, riders)
    result = []
    for tick in range(count):
        x, y = stage.route.position(begin_m + 6.0 * tick * speed)
        lon, lat = stage.frame.to_wgs84(*(np.stack([x, y]) + random.normal(0.0, 5.0, (2, riders))))
        time_ms = np.full(riders, START_MS + 6000.0 * tick)
        result.append(fixes_of(time_ms, np.arange(1, riders + 1), lon, lat, speed_mps=speed))
    return result


def live() -> None:
    """One live tick: put every rider's new fix on the road, and show everybody.

    Beside it what pykdtree needs to look up the nearest vertices alone. Times of 200 riders are those of the
    processor: a machine that others use says nothing about the worst tick. Large fields keep two processors
    busy, so theirs are of the clock.
    """
    x, y, _ = winding_road()
    print("one live tick: match, reject, motion")
    for name, stage, riders, count in (
        ("200 riders, open road", stage_of(x, y), 200, 300),
        ("200 riders, hairpins", stage_of(*hairpins()), 200, 80),
        ("50,000, open road", stage_of(x, y), 50_000, 8),
        ("50,000, hairpins", stage_of(*hairpins()), 50_000, 8),
    ):
        clock = time.process_time if riders == 200 else time.perf_counter
        spread_m = 3000.0 if riders == 200 else stage.route.finish_m - 700.0
        tracks = LiveTracks(stage)
        motion = LiveMotion(tracks, stage.route)
        tree = KDTree(np.stack([stage.route.x_m, stage.route.y_m], axis=1))
        spent: list[float] = []
        looked_up: list[float] = []
        for fixes in ticks(stage, riders=riders, count=count, spread_m=spread_m):
            begin = clock()
            tracks.add(fixes)
            motion.at(float(fixes.time_ms[0]) + 1000.0)
            spent.append(clock() - begin)
            points = np.stack(stage.frame.to_local(fixes.lon_deg, fixes.lat_deg), axis=1)
            begin = time.perf_counter()
            tree.query(points)
            looked_up.append(time.perf_counter() - begin)
        median_ms, worst_ms = 1e3 * np.quantile(spent[4:], [0.5, 0.99])
        print(
            f"  {name:24s} median {median_ms:7.3f} ms   p99 {worst_ms:7.3f} ms   "
            f"pykdtree's look-up {1e3 * np.median(looked_up):7.3f} ms"
        )


_WHOLE = """
import sys, time
from pathlib import Path
from tracker3d.feed import read_feed
from tracker3d.stage import open_package
from tracker3d.track import Motion, put_on_road
stage = open_package(Path(sys.argv[1])).stage
begin = time.perf_counter()
tracks = put_on_road(read_feed(Path(sys.argv[2]), stage=stage), stage)
middle = time.perf_counter()
Motion(tracks, stage.route)
end = time.perf_counter()
status = Path("/proc/self/status").read_text()
peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(f"  {middle - begin:.2f} s to {len(tracks):,} tracks, {end - middle:.2f} s more to motion")
print(f"  peak {peak_mb:.0f} MB")
"""


def whole() -> None:
    """From a recording to tracks, in a process of its own; an earlier one has compiled what it needs."""
    with tempfile.TemporaryDirectory() as folder:
        stage = prepared(Path(folder))
        if stage is not None:
            print("whole recording to tracks")
            for output in (subprocess.DEVNULL, None):
                subprocess.run([sys.executable, "-c", _WHOLE, *map(str, stage)], check=True, stdout=output)


if __name__ == "__main__":
    nearest()
    heights()
    states()
    live()
    whole()
