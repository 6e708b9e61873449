"""Races whose truth is known, on a straight road of 30 km."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from terrain import LocalFrame
from tracker3d.race import Race
from tracker3d.stage.model import Rider, Stage
from tracker3d.stage.route import Route
from tracker3d.track import Motion, Tracks

if TYPE_CHECKING:
    from collections.abc import Callable

START_MS = 1_783_420_000_000
FINISH_M = 30_000.0


def a_stage(**more: object) -> Stage:
    frame = LocalFrame(6.0, 45.0)
    nodes = np.arange(0.0, FINISH_M + 1.0, 5.0)
    flat = np.zeros(len(nodes))
    route = Route(
        frame=frame,
        start_m=0.0,
        step_m=5.0,
        finish_m=FINISH_M,
        x_m=nodes,
        y_m=flat,
        height_m=flat,
        z_drawn_m=flat,
        on_structure=flat > 0,
        covered=flat > 0,
    )
    return Stage(name="Test", date="2026-07-07", timezone="Europe/Paris", frame=frame, route=route, **more)


def a_race(
    ways: dict[int, Callable[[np.ndarray], np.ndarray]], *, seconds: dict | None = None, **more
) -> Race:
    """A race of riders whose road distance at each second is given by a function, without noise."""
    bibs = np.array(sorted(ways), np.int32)
    columns = []
    for index, bib in enumerate(bibs):
        t = (seconds or {}).get(int(bib), np.arange(0.0, 3000.0, 6.0))
        place = np.asarray(ways[int(bib)](t), float)
        kept = place <= FINISH_M
        speed = np.gradient(place, t)
        columns.append(np.stack([np.full(len(t), index), t, place, speed])[:, kept])
    rider, t, place, speed = np.concatenate(columns, axis=1)
    zero = np.zeros(len(t))
    tracks = Tracks(
        bibs=bibs,
        time_ms=(START_MS + 1000.0 * t).astype(np.int64),
        rider=rider.astype(np.int32),
        lon_deg=zero,
        lat_deg=zero,
        distance_m=place,
        lateral_m=zero,
        speed_mps=speed,
        verdict=zero.astype(np.uint8),
    )
    stage = a_stage(riders=tuple(Rider(bib=int(bib), vehicle=bib < 0) for bib in bibs), **more)
    return Race(more.pop("stage", stage), Motion(tracks, stage.route))


@pytest.fixture(scope="session")
def make_race() -> Callable[..., Race]:
    return a_race


def terrain_clock(time_s: np.ndarray) -> np.ndarray:
    """Road distance of somebody who rides 12 m/s to km 10, 5 m/s up to km 14, and 18 m/s down from there."""
    return np.interp(
        time_s,
        [-600.0, 10_000 / 12, 10_000 / 12 + 800, 10_000 / 12 + 1800],
        [-7200.0, 10_000.0, 14_000.0, 32_000.0],
    )


@pytest.fixture(scope="session")
def ridden() -> Callable[[np.ndarray], np.ndarray]:
    return terrain_clock
