"""A small stage of which everything is known: hairpins up an analytic hill, and a scripted race."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from terrain import ElevationGrid, LocalFrame, Look, Mesh
from terrain.tree import TileTree
from tracker3d.feed.reports import Reports, WeatherReport
from tracker3d.race.model import Group, RaceState, Role
from tracker3d.scene import build_scene
from tracker3d.stage.model import Place, PlaceKind, Rider, Stage, Team
from tracker3d.stage.route import Route
from tracker3d.track.model import RiderStates

sys.path.insert(0, str(Path(__file__).parent))

STEP_M = 5.0
SLOPE = 0.25
"""Of the hillside, rising to the north beyond y = 0."""


def hill(x_m, y_m):
    """Height of the ground: a plain, a hillside with a wall of rock in the east, gentle everywhere else."""
    rise = SLOPE * np.log1p(np.exp(np.asarray(y_m, float) / 80.0)) * 80.0
    wall = (
        320.0
        * np.exp(-(((np.asarray(x_m, float) - 900.0) / 90.0) ** 2))
        / (1.0 + np.exp(-np.asarray(y_m) / 60.0))
    )
    return 200.0 + rise + wall


def hairpin_road():
    """Four kilometres over the plain and eight hairpins up the hillside, nodes 5 m apart."""
    points = [(-4000.0, -300.0), (-400.0, -300.0), (-200.0, 0.0)]
    radius, legs, length = 18.0, 8, 420.0
    y = 40.0
    for leg in range(legs):
        direction = 1.0 if leg % 2 == 0 else -1.0
        start, end = (-length / 2, length / 2) if direction > 0 else (length / 2, -length / 2)
        points += [(x, y + 30.0 * (x - start) / (end - start)) for x in np.linspace(start, end, 20)]
        y += 30.0
        if leg < legs - 1:
            turn = np.linspace(-np.pi / 2, np.pi / 2, 12)[1:-1]
            points += [(end + direction * radius * np.cos(a), y + radius + radius * np.sin(a)) for a in turn]
            y += 2 * radius
    points.append((points[-1][0] - 300.0, y + 60.0))
    xy = np.array(points)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    distance = np.arange(0.0, along[-1], STEP_M)
    return np.interp(distance, along, xy[:, 0]), np.interp(distance, along, xy[:, 1])


@dataclass(frozen=True)
class PatchOfGround:
    """As much of a ground as a scene asks for."""

    mesh: Mesh
    relief: ElevationGrid
    look: Look = Look.NATURAL

    def tiles(self, level=0):
        return (self.mesh,)

    @cached_property
    def tree(self):
        nothing = Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.int32), np.empty((0, 3), np.uint8))
        return TileTree.of(level=[0], parent=[-1], error_m=[0.0], lands=[self.mesh], walls=[nothing])


def make_ground(exaggeration=1.0):
    step, west, south, columns, rows = 40.0, -4600.0, -1000.0, 160, 70
    x, y = np.meshgrid(west + step * np.arange(columns), south + step * np.arange(rows))
    heights = (hill(x, y) * exaggeration).astype(np.float32)
    vertices = np.stack([x, y, heights], axis=-1).reshape(-1, 3).astype(np.float32)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + columns + 1], axis=-1),
            np.stack([corner, corner + columns + 1, corner + columns], axis=-1),
        ]
    ).astype(np.int32)
    known = np.ones(heights.shape, bool)
    relief = ElevationGrid(heights, west, south, step, known, ~known)
    mesh = Mesh(vertices, faces, np.full((len(vertices), 3), 128, np.uint8))
    return PatchOfGround(mesh, relief)


def make_stage(ground, exaggeration=1.0, **changes):
    from terrain import MeshSampler

    x_m, y_m = hairpin_road()
    z_m = MeshSampler(ground.mesh.vertices_m, ground.mesh.faces).sample(x_m, y_m) / exaggeration
    length_m = STEP_M * (len(x_m) - 1)
    frame = LocalFrame(-30.0, 44.5, exaggeration)
    nothing = np.zeros(len(x_m), bool)
    route = Route(frame, -400.0, STEP_M, length_m - 500.0, x_m, y_m, z_m.copy(), z_m, nothing, ~nothing)
    finish_m = route.finish_m
    stage = Stage(
        name="Vale > Col",
        date="2031-07-05",
        timezone="Atlantic/Azores",
        frame=frame,
        route=route,
        start_time_ms=1_940_000_000_000,
        places=(
            Place(PlaceKind.START, "Vale", 0.0, 200.0),
            Place(PlaceKind.SPRINT, "Ponte", 2500.0, 200.0),
            Place(PlaceKind.TOWN, "Aldeia", 3000.0, 200.0),
            Place(PlaceKind.CLIMB, "Côte de l'Épingle", finish_m - 400.0, 1059.0, "2", 3000.0, 6.6),
            Place(PlaceKind.FINISH, "Col", finish_m, 380.0),
        ),
        teams=(Team("RED", "Red team", (200, 30, 40)), Team("BLU", "Blue team", (30, 60, 200))),
        riders=(
            *(
                Rider(bib, "Ana", f"R{bib}", "RED" if bib % 2 else "BLU", jersey="yellow" if bib == 7 else "")
                for bib in range(1, 181)
            ),
            Rider(-1, "", "Race director", vehicle=True),
        ),
        credits=("Elevation: nobody",),
    )
    return dataclasses.replace(stage, **changes)


@dataclass(frozen=True)
class ScriptedRace:
    """180 riders at a steady pace: five in front, the bunch, three behind, and a car at the head."""

    stage: Stage
    front_m: float = 600.0
    speed_mps: float = 10.0
    chase_joins_ms: int | None = None

    @property
    def reports(self):
        nowhere = float("nan")
        told = WeatherReport(self.stage.start_time_ms, 2000.0, nowhere, nowhere, 24.0, 5.0, 1.0)
        return Reports(weather=(told,))

    def at(self, time_ms):
        bibs = np.array([-1, *range(1, 181)], np.int32)
        count = len(bibs)
        moved = self.speed_mps * (time_ms - self.stage.start_time_ms) / 1000.0
        back = np.concatenate(
            [[-30.0], 6.0 * np.arange(5), 400.0 + 1.1 * np.arange(172), 900.0 + 5.0 * np.arange(3)]
        )
        joined = self.chase_joins_ms is not None and time_ms >= self.chase_joins_ms
        distance = self.front_m + moved - back
        states = RiderStates(
            time_ms,
            bibs,
            distance,
            np.full(count, self.speed_mps),
            1.8 * np.sin(np.arange(count) * 2.4),
            np.zeros(count),
            np.zeros(count, np.uint8),
            np.zeros(count, bool),
        )
        order = np.arange(1, count, dtype=np.int32)
        main = order[:177] if joined else order[5:177]
        spans = [(Role.HEAD, order[:5]), (Role.PELOTON, main), (Role.DROPPED, order[177:])]
        groups = tuple(
            Group(
                number,
                role,
                1,
                riders,
                float(distance[riders[0]]),
                float(distance[riders[-1]]),
                self.speed_mps,
                float((distance[1] - distance[riders[0]]) / self.speed_mps),
                float("nan"),
            )
            for number, (role, riders) in enumerate(spans)
        )
        gap = (distance[1] - distance) / self.speed_mps
        member = np.full(count, -1, np.int32)
        for number, group in enumerate(groups):
            member[group.riders] = number
        return RaceState(time_ms, states, order, gap, member, groups, self.stage.route.finish_m - distance[1])


@pytest.fixture(scope="session")
def ground():
    return make_ground()


@pytest.fixture(scope="session")
def stage(ground):
    return make_stage(ground)


@pytest.fixture
def scene(stage, ground):
    return build_scene(stage, ground)


@pytest.fixture
def race(stage):
    return ScriptedRace(stage)


@pytest.fixture
def make_race(stage):
    return lambda **changes: ScriptedRace(stage, **changes)


@pytest.fixture
def simulated_scene(ground):
    return build_scene(make_stage(ground, simulated=True), ground)


@pytest.fixture
def exaggerated_scene():
    ground = make_ground(2.0)
    return build_scene(make_stage(ground, 2.0), ground)
