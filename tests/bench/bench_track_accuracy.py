"""How often which method takes the right leg of the road, on rides whose truth is known.

Run as ``python tests/bench/bench_track_accuracy.py [riders]``. The seeds here were never used to choose a
constant of the package (those of the tests were). An estimate is on the right leg when it is within 40 m
along the road.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "track"))

from made_holes import HIDINGS, Truth, make_holes
from real_stage import prepared
from truth_rides import FOLDED_ROADS, START_MS, Ride, open_road, ride, stage_of

from tracker3d.feed import read_feed
from tracker3d.stage import open_package
from tracker3d.track import LiveMotion, LiveTracks, Motion, put_on_road
from tracker3d.track.live_way import place_at
from tracker3d.track.live_windows import ALL_KNOTS
from tracker3d.track.model import Presence
from tracker3d.track.places import RoadPlaces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.model import Stage

_SEEDS = (90_001, 90_002)
_RIGHT_M = 40.0
_DELAY_S = 8.0
_FRAME_MS = 40.0


def nearest_point(stage: Stage, truth: Ride) -> NDArray[np.float64]:
    """Estimate each fix at the nearest place on the road."""
    x_m, y_m = stage.frame.to_local(truth.fixes.lon_deg, truth.fixes.lat_deg)
    return RoadPlaces(stage.route, gate_m=100.0).nearest(x_m, y_m)[0]


def plain_hmm(
    stage: Stage, truth: Ride, *, noise_m: float = 5.0, scale_m: float = 10.0
) -> NDArray[np.float64]:
    """Match as Newson and Krumm did: Gaussian offsets, ways about as long as straight lines."""
    fixes = truth.fixes
    x_m, y_m = stage.frame.to_local(fixes.lon_deg, fixes.lat_deg)
    places = RoadPlaces(stage.route, gate_m=100.0).within_gate(x_m, y_m, most=12)
    emission = 0.5 * (places.lateral_m / noise_m) ** 2
    estimate = np.full(len(fixes), np.nan)
    for rider in range(len(fixes.bibs)):
        rows = np.flatnonzero((fixes.rider == rider) & np.isfinite(places.distance_m[:, 0]))
        cost, back = emission[rows[0]], []
        for before, now in pairwise(rows):
            straight_m = np.hypot(x_m[now] - x_m[before], y_m[now] - y_m[before])
            way_m = np.abs(places.distance_m[now][None, :] - places.distance_m[before][:, None])
            step = cost[:, None] + np.nan_to_num(np.abs(way_m - straight_m) / scale_m, nan=np.inf)
            back.append(np.argmin(step, axis=0))
            cost = step.min(axis=0) + emission[now]
        at = int(np.argmin(cost))
        for row, parents in zip(rows[::-1], [*back[::-1], None], strict=True):
            estimate[row] = places.distance_m[row, at]
            at = at if parents is None else int(parents[at])
    return estimate


def live(stage: Stage, truth: Ride) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate each fix when it is the newest, and when three newer ones have come."""
    tracks = LiveTracks(stage)
    at_once, settled = np.full((2, len(truth.fixes)), np.nan)
    moments = np.append(np.flatnonzero(np.diff(truth.fixes.time_ms, prepend=-1)), len(truth.fixes))
    for begin, end in pairwise(moments):
        fixes = truth.part(slice(begin, end))
        part = tracks.add(fixes)
        settled[part.serial] = part.smooth_m
        index = {int(bib): number for number, bib in enumerate(tracks.bibs)}
        for row in range(begin, end):
            number = index[int(fixes.bibs[fixes.rider[row - begin]])]
            windows = tracks.windows
            time_s = (truth.fixes.time_ms[row] - tracks.start_ms) / 1000.0
            at_once[row] = place_at(windows.knots[number], windows.counts[number, ALL_KNOTS], float(time_s))
    part = tracks.settle()
    settled[part.serial] = part.smooth_m
    return at_once, settled


def batch(stage: Stage, truth: Ride) -> NDArray[np.float64]:
    """Estimate from the whole recording: where riders are shown at the time of each fix."""
    motion = Motion(put_on_road(truth.fixes, stage), stage.route)
    moments_ms, at = np.unique(truth.fixes.time_ms, return_inverse=True)
    return np.asarray(motion.distances(moments_ms)[at, truth.fixes.rider])


def table(riders: int) -> None:
    """Print the share of right legs and the errors along the road, by road and method."""
    for name, line in {"open_road": open_road, **FOLDED_ROADS}.items():
        stage = stage_of(*line())
        errors: dict[str, list[NDArray[np.float64]]] = {}
        for seed in _SEEDS:
            truth = ride(stage, riders=riders, seed=seed)
            at_once, settled = live(stage, truth)
            for method, estimate in (
                ("nearest point", nearest_point(stage, truth)),
                ("plain HMM", plain_hmm(stage, truth)),
                ("ours, no lag", at_once),
                ("ours, lag of 3", settled),
                ("ours, whole recording", batch(stage, truth)),
            ):
                errors.setdefault(method, []).append(np.abs(estimate - truth.distance_m))
        print(name)
        for method, parts in errors.items():
            error_m = np.concatenate(parts)
            known = error_m[np.isfinite(error_m)]
            print(
                f"  {method:22s} right leg {100.0 * np.mean(known < _RIGHT_M):8.4f} %   "
                f"median {np.median(known):5.2f} m   p99 {np.percentile(known, 99):9.2f} m   "
                f"of {len(known):,} ({len(error_m) - len(known)} without estimate)"
            )


def display(riders: int) -> None:
    """Print how far shown riders are from the truth, with fixes that arrive late and out of order.

    Who is lost is not shown: riders whose first fixes were taken for another leg come back elsewhere.
    """
    print(f"shown {_DELAY_S:.0f} s late, 25 frames a second")
    for name, line in FOLDED_ROADS.items():
        stage = stage_of(*line())
        truth = ride(stage, riders=riders, seed=_SEEDS[0])
        arrival_ms = truth.arrival_ms(seed=_SEEDS[1])
        order = np.argsort(arrival_ms, kind="stable")
        tracks = LiveTracks(stage)
        motion = LiveMotion(tracks, stage.route, delay_s=_DELAY_S)
        times_ms = np.arange(START_MS, truth.fixes.time_ms.max(), _FRAME_MS)
        arrived = np.searchsorted(arrival_ms[order], times_ms, side="right")
        shown_m = np.full((len(times_ms), riders), np.nan)
        done = 0
        for frame, time_ms in enumerate(times_ms):
            if arrived[frame] > done:
                tracks.add(truth.part(order[done : arrived[frame]]))
                done = arrived[frame]
            states = motion.at(time_ms)
            seen_m = np.where(states.presence < Presence.LOST, states.distance_m, np.nan)
            shown_m[frame, np.searchsorted(truth.fixes.bibs, states.bibs)] = seen_m
        since_s = (times_ms - START_MS) / 1000.0 - _DELAY_S
        seconds = np.arange(truth.each_second_m.shape[1])
        true_m = np.array([np.interp(since_s, seconds, way, left=np.nan) for way in truth.each_second_m]).T
        error_m = np.abs(shown_m - true_m)
        error_m = error_m[np.isfinite(error_m)]
        steps_m = np.diff(shown_m, axis=0)
        steps_m = steps_m[np.isfinite(steps_m)]
        fastest_kmh = 3.6 * steps_m.max() / (_FRAME_MS / 1000.0)
        print(
            f"  {name:14s} median {np.median(error_m):5.2f} m   p99 {np.percentile(error_m, 99):6.1f} m   "
            f"backward frames {np.count_nonzero(steps_m < 0.0)}   fastest frame {fastest_kmh:.0f} km/h"
        )


def holes(package: Path, recording: Path) -> None:
    """Print the errors in the middle of holes made in a real recording, median and 95th percentile."""
    stage = open_package(package).stage
    fixes = read_feed(recording, stage=stage)
    truth = Truth.of(fixes, stage)
    print(f"holes made in a recording; its own fixes scatter about the truth by {_spread(truth.noise_m)}")
    for name, hides in HIDINGS.items():
        made = make_holes(fixes, truth, stage, hides)
        print(f"  {name}: {len(made.true_m):,} holes")
        shown_m = made.read(Motion(made.kept, stage.route))
        for method, place_m in (
            ("straight line", made.straight_m()),
            ("cubic Hermite", made.cubic_m()),
            ("ours", shown_m),
        ):
            error_m = np.abs(place_m - made.true_m)
            by_length = (
                f"{length_s} s {_spread(error_m[of_length])}"
                for length_s in (36, 66, 96)
                if (of_length := np.abs(made.length_s - length_s) < 3.0).sum() > 100
            )
            print("    ", f"{method:14s}", _spread(error_m), *by_length, sep="   ")


def _spread(error_m: NDArray[np.float64]) -> str:
    return f"{np.median(error_m):5.1f} / {np.percentile(error_m, 95):5.1f} m"


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    display(20)
    with tempfile.TemporaryDirectory() as folder:
        real_stage = prepared(Path(folder))
        if real_stage is not None:
            holes(*real_stage)
