"""The race as a stream for applications that know the road: who is when where along it, and across.

A tenth of the size of positions, since the road is told once. The file is JSON: ``road`` holds points every
``step_m`` metres from ``start_m`` on (``positions``, root frame of the GLB: x, y, z) and level unit vectors
to the left of the race (``left``: x, z). A rider is at ``road(distance) + lateral * left(distance)``,
straight between points. ``riders`` holds for each the differences from key to key of ``t`` (in
``time_step_s``), ``distance`` (in ``distance_step_m``, from ``distance_origin_m``) and ``lateral`` (in
``lateral_step_m``), all whole numbers from 0 on; between keys all three run straight in time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.export.glb import y_up
from tracker3d.export.key_walk import PARTS
from tracker3d.export.keyframes import grid_step_m, reduce_paths
from tracker3d.export.paths import road_positions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.export.paths import RacePaths
    from tracker3d.stage.model import Stage

KIND = "tracker3d-stream"
ROAD_SHARE = 0.3
"""How much of the bound is left to the road between its points, and to the difference of headings."""


def write_stream(stage: Stage, paths: RacePaths, path: Path, *, max_error_m: float) -> float:
    """Write the stream; returns the largest distance from the drawn track at any second, in metres."""
    bound_m = (1.0 - ROAD_SHARE) * max_error_m
    # Distance and lateral place are reduced like positions: both are metres.
    table = np.stack([paths.distance_m, paths.lateral_m, np.zeros_like(paths.distance_m)], axis=-1)
    origin_m = np.floor(float(paths.distance_m.min()))
    table[..., 0] -= origin_m
    keys = reduce_paths(table.astype(np.float32), max_error_m=bound_m)
    grid_m = grid_step_m(bound_m)
    road_m = stage.route.distance_m
    centre = road_positions(stage, road_m)
    heading = stage.route.heading(road_m)
    left = np.stack([-np.cos(heading), np.sin(heading)], axis=-1)
    document: dict[str, Any] = {
        "kind": KIND,
        "version": 1,
        "max_error_m": max_error_m,
        "start_ms": paths.start_ms,
        "time_step_s": 1.0 / PARTS,
        "distance_step_m": grid_m,
        "distance_origin_m": origin_m,
        "lateral_step_m": grid_m,
        "road": {
            "start_m": float(road_m[0]),
            "step_m": stage.route.step_m,
            "positions": np.round(y_up(centre).astype(float), 2).tolist(),
            "left": np.round(left * (1.0, -1.0), 4).tolist(),
        },
        "riders": {
            str(bib): {
                "t": _differences(chosen.times_s * PARTS),
                "distance": _differences(chosen.positions_m[:, 0] / grid_m),
                "lateral": _differences(chosen.positions_m[:, 1] / grid_m),
            }
            for bib, chosen in zip(paths.bibs.tolist(), keys, strict=True)
        },
    }
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    return _largest_error_m(document, paths)


def stream_positions(document: dict[str, Any], bib: int, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate a rider of a stream as applications do: (t, 3) in the root frame of the GLB."""
    rider, road = document["riders"][str(bib)], document["road"]
    keys_s = np.cumsum(rider["t"]) * document["time_step_s"]
    distance_m = np.cumsum(rider["distance"]) * document["distance_step_m"] + document["distance_origin_m"]
    lateral_m = np.cumsum(rider["lateral"]) * document["lateral_step_m"]
    at_m, aside_m = np.interp(times_s, keys_s, distance_m), np.interp(times_s, keys_s, lateral_m)
    points, left = np.asarray(road["positions"]), np.asarray(road["left"])
    place_m = road["start_m"] + road["step_m"] * np.arange(len(points))
    shown = np.stack([np.interp(at_m, place_m, points[:, axis]) for axis in range(3)], axis=-1)
    for axis, column in ((0, 0), (2, 1)):
        shown[:, axis] += aside_m * np.interp(at_m, place_m, left[:, column])
    return shown


def _differences(values: NDArray[np.floating[Any]]) -> list[int]:
    whole = np.round(values.astype(float)).astype(int)
    return [int(step) for step in np.diff(whole, prepend=0)]


def _largest_error_m(document: dict[str, Any], paths: RacePaths) -> float:
    worst = 0.0
    for index, bib in enumerate(paths.bibs.tolist()):
        miss = stream_positions(document, bib, paths.times_s) - y_up(paths.positions_m[:, index])
        worst = max(worst, float(np.linalg.norm(miss, axis=1).max()))
    return worst
