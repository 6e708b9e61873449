"""Roads and rides whose truth is known."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terrain import LocalFrame
from tracker3d.feed import Fixes
from tracker3d.stage.model import Stage
from tracker3d.stage.route import Route

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME = LocalFrame(6.0, 45.0)
START_MS = 1_783_420_000_000


def stage_of(x_m: NDArray[np.float64], y_m: NDArray[np.float64], *, time_trial: bool = False) -> Stage:
    """A flat stage along a line given by its corners."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x_m), np.diff(y_m)))])
    nodes = np.linspace(0.0, along[-1], round(along[-1] / 5.0) + 1)
    flat = np.zeros(len(nodes))
    route = Route(
        frame=FRAME,
        start_m=0.0,
        step_m=nodes[1],
        finish_m=nodes[-1],
        x_m=np.interp(nodes, along, x_m),
        y_m=np.interp(nodes, along, y_m),
        height_m=flat,
        z_drawn_m=flat,
        on_structure=np.zeros(len(nodes), bool),
        covered=np.zeros(len(nodes), bool),
    )
    return Stage(
        name="Test",
        date="2026-07-07",
        timezone="Europe/Paris",
        frame=FRAME,
        route=route,
        time_trial=time_trial,
    )


def hairpins() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A run-in, twenty legs of 300 m that lie 15 m apart, joined by half circles, and a run-out."""
    x, y = [np.array([-1500.0])], [np.array([0.0])]
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    for leg in range(20):
        right = leg % 2 == 0
        ends = (0.0, 300.0) if right else (300.0, 0.0)
        x.append(np.array(ends))
        y.append(np.full(2, 15.0 * leg))
        bow = 7.5 * np.cos(turn)
        x.append(ends[1] + (bow if right else -bow))
        y.append(15.0 * leg + 7.5 + 7.5 * np.sin(turn))
    x.append(np.array([-1500.0]))
    y.append(np.array([300.0]))
    return np.concatenate(x), np.concatenate(y)


def figure_eight() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A straight run-in, one round of a lemniscate that crosses itself, and a straight run-out."""
    angle = np.linspace(0.0, 2 * np.pi, 600)
    run = np.linspace(-3000.0, 0.0, 10, endpoint=False)
    x = np.concatenate([0.6 * run, 1500.0 * np.sin(angle), -0.6 * run[::-1]])
    y = np.concatenate([run, 800.0 * np.sin(2 * angle), -run[::-1]])
    return x, y


def laps() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A run-in and five laps of 6.3 km on one circle."""
    angle = np.linspace(0.0, 10 * np.pi, 1500)
    run_in = np.linspace(-3000.0, 0.0, 10, endpoint=False)
    return np.concatenate([np.full(10, 1000.0), 1000.0 * np.cos(angle)]), np.concatenate(
        [run_in, 1000.0 * np.sin(angle)]
    )


def out_and_back() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eight kilometres out and back on the same road, with bends."""
    out = np.linspace(0.0, 8000.0, 400)
    bend = 400.0 * np.sin(out / 900.0)
    return np.concatenate([out, out[::-1][1:]]), np.concatenate([bend, bend[::-1][1:]])


def mixed() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All of them one after the other, joined by straight roads: 64 km."""

    def straight(east_m: float, north_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array([0.0, east_m]), np.array([0.0, north_m])

    parts = [
        *(figure_eight(), straight(-4000.0, -3000.0), hairpins(), straight(-3000.0, 6000.0)),
        *(laps(), straight(6000.0, 3000.0), out_and_back()),
    ]
    x, y = [np.zeros(1)], [np.zeros(1)]
    for part_x, part_y in parts:
        x.append(x[-1][-1] + part_x[1:] - part_x[0])
        y.append(y[-1][-1] + part_y[1:] - part_y[0])
    return np.concatenate(x), np.concatenate(y)


ROADS = {"hairpins": hairpins, "figure_eight": figure_eight, "laps": laps, "out_and_back": out_and_back}
FOLDED_ROADS = {**ROADS, "mixed": mixed}


@dataclass(frozen=True)
class Ride:
    """What riders really did, and the fixes of it: rows of both belong together."""

    stage: Stage
    fixes: Fixes
    distance_m: NDArray[np.float64]
    junk: NDArray[np.bool_]
    each_second_m: NDArray[np.float64]
    """(riders, seconds) the whole way, from ``START_MS`` on; NaN after the finish."""

    def part(self, rows: slice | NDArray[np.int64]) -> Fixes:
        """Some of the fixes."""
        names = ("time_ms", "rider", "lon_deg", "lat_deg", "speed_mps", "official_to_go_m", "gap_to_first_s")
        columns = {name: getattr(self.fixes, name)[rows] for name in (*names, "flags")}
        return dataclasses.replace(self.fixes, **columns)

    def arrival_ms(self, *, seed: int) -> NDArray[np.float64]:
        """When each fix arrives: 2.7 s of server, jitter, and 3 % of them late by up to 15 s."""
        random = np.random.default_rng(seed)
        count = len(self.fixes)
        delay_s = 2.7 + random.normal(0.0, 0.15, count) + random.exponential(0.9, count)
        delay_s += np.where(random.random(count) < 0.03, random.uniform(3.0, 15.0, count), 0.0)
        return np.asarray(self.fixes.time_ms + 1000.0 * delay_s)


def ride(stage: Stage, *, riders: int = 40, seed: int = 1, told: bool = True) -> Ride:
    """Ride a stage with stops and changes of speed; fixes with heavy-tailed noise, junk and drop-outs."""
    random = np.random.default_rng(seed)
    finish_m = stage.route.finish_m
    seconds = np.arange(0.0, finish_m / 6.0)
    columns: dict[str, list[NDArray[np.float64]]] = {
        name: [] for name in ("t", "r", "s", "v", "x", "y", "junk")
    }
    whole = []
    for rider in range(riders):
        change = np.convolve(random.normal(0.0, 1.0, len(seconds) + 60), np.ones(60) / np.sqrt(60), "valid")
        speed = np.clip(11.0 + 2.5 * change[: len(seconds)], 4.0, 20.0)
        if rider % 5 == 0:
            begin = random.integers(100, len(seconds) - 100)
            speed[begin : begin + 45] = 0.0
        true_m = np.concatenate([[0.0], np.cumsum(speed)])[:-1] + 5.0
        on_road = true_m < finish_m - 5.0
        whole.append(np.where(on_road, true_m, np.nan))
        at = np.flatnonzero(on_road)[random.integers(0, 6) :: random.choice([2, 4, 6])]
        gone = random.integers(50, max(51, len(at) - 50), 3)
        kept = np.ones(len(at), bool)
        for begin in gone:
            kept[begin : begin + random.integers(3, 12)] = False
        at = at[kept]
        s = true_m[at]
        x, y = stage.route.position(s)
        noise = 5.0 * random.standard_t(3.0, (2, len(at))) / 1.3
        junk = random.random(len(at)) < 0.005
        noise[:, junk] += random.normal(0.0, 100.0, (2, int(junk.sum())))
        lagged = np.interp(seconds[at] - 2.5, seconds, speed)
        columns["t"].append(seconds[at])
        columns["r"].append(np.full(len(at), rider))
        columns["s"].append(s)
        columns["v"].append(np.abs(lagged + random.normal(0.0, 0.4, len(at))))
        columns["x"].append(x + noise[0])
        columns["y"].append(y + noise[1])
        columns["junk"].append(junk)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.argsort(joined["t"], kind="stable")
    joined = {name: values[order] for name, values in joined.items()}
    lon, lat = FRAME.to_wgs84(joined["x"], joined["y"])
    fixes = fixes_of(
        START_MS + 1000.0 * joined["t"], joined["r"] + 1, lon, lat, speed_mps=joined["v"] if told else None
    )
    return Ride(stage, fixes, joined["s"], joined["junk"].astype(bool), np.array(whole))


def fixes_of(
    time_ms: NDArray[np.float64],
    bib: NDArray[np.float64],
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    *,
    speed_mps: NDArray[np.float64] | None = None,
    flags: NDArray[np.uint8] | None = None,
) -> Fixes:
    """Fixes from plain columns."""
    bibs, rider = np.unique(np.asarray(bib).astype(np.int32), return_inverse=True)
    n = len(rider)
    return Fixes(
        bibs=bibs,
        time_ms=np.rint(time_ms).astype(np.int64),
        rider=rider.astype(np.int32),
        lon_deg=np.asarray(lon_deg, float),
        lat_deg=np.asarray(lat_deg, float),
        speed_mps=np.full(n, np.nan, np.float32) if speed_mps is None else speed_mps.astype(np.float32),
        official_to_go_m=np.full(n, np.nan),
        gap_to_first_s=np.full(n, np.nan, np.float32),
        flags=np.zeros(n, np.uint8) if flags is None else flags,
        source=np.zeros(n, np.uint8),
    )
