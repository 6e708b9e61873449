"""A small stage, a hill with hairpins, and a race on it, whose positions are known in closed form."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from terrain import LocalFrame, Mesh
from terrain.elevation import ElevationGrid
from terrain.pictures import Texture
from tracker3d.export.shapes import marker
from tracker3d.scene.model import Gate, GateKind, RoadLine, StageScene
from tracker3d.scene.style import default_theme
from tracker3d.stage.model import Rider, Stage, Team
from tracker3d.stage.route import Route
from tracker3d.track import Motion
from tracker3d.track.model import RiderStates, Tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

START_MS = 1_783_400_000_000
LENGTH_M = 6000.0


def hill_m(x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
    return 400 + 0.05 * x_m + 60 * np.sin(x_m / 500) * np.cos(y_m / 400)


def small_route(frame: LocalFrame) -> Route:
    distance_m = np.arange(0, LENGTH_M + 1, 5.0)
    x_m = distance_m * 0.6 - 1800
    y_m = 300 * np.sin(distance_m / 250)
    drawn_m = hill_m(x_m, y_m)
    return Route(
        frame=frame,
        start_m=0.0,
        step_m=5.0,
        finish_m=LENGTH_M,
        x_m=x_m,
        y_m=y_m,
        height_m=drawn_m + 3,
        z_drawn_m=drawn_m,
        on_structure=np.zeros(len(distance_m), bool),
        covered=np.ones(len(distance_m), bool),
    )


def hill_relief() -> ElevationGrid:
    x_m, y_m = np.meshgrid(np.arange(-2200, 2201, 100.0), np.arange(-600, 601, 100.0))
    measured = np.ones(x_m.shape, bool)
    return ElevationGrid(hill_m(x_m, y_m).astype(np.float32), -2200.0, -600.0, 100.0, measured, ~measured)


@dataclass
class HillGround:
    """As much of a ground as the export reads: an analytic hill in two tiles."""

    frame: LocalFrame
    levels: int = 2
    relief: ElevationGrid = field(default_factory=hill_relief)

    @property
    def texture(self) -> Texture:
        """Red grows to the east and green to the north, so that a colour tells its place."""
        red, green = np.meshgrid(np.linspace(0, 255, 512), np.linspace(255, 0, 160))
        image = np.stack([red, green, np.full_like(red, 90)], axis=-1).astype(np.uint8)
        return Texture(image, (-2304.0, -640.0, 2304.0, 640.0))

    def level_within(self, triangles: int) -> int:
        return 1

    def tiles(self, level: int = 0) -> tuple[Mesh, ...]:
        return (self._tile(-2200, 0), self._tile(0, 2200), self._wall())

    def _tile(self, west_m: float, east_m: float) -> Mesh:
        x_m, y_m = np.meshgrid(np.linspace(west_m, east_m, 56), np.linspace(-600, 600, 31))
        rows, columns = x_m.shape
        vertices = self.frame.drawn(x_m, y_m, hill_m(x_m, y_m)).reshape(-1, 3)
        first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
        faces = np.concatenate(
            [
                np.stack([first, first + 1, first + columns + 1], axis=-1),
                np.stack([first, first + columns + 1, first + columns], axis=-1),
            ]
        ).astype(np.int32)
        return Mesh(vertices, faces, np.full((len(vertices), 3), 128, np.uint8))

    def _wall(self) -> Mesh:
        x_m = np.linspace(-2200, 2200, 111)
        y_m = np.full_like(x_m, -600)
        top = self.frame.drawn(x_m, y_m, hill_m(x_m, y_m))
        foot = self.frame.drawn(x_m, y_m, 100.0)
        first, count = np.arange(len(x_m) - 1), len(x_m)
        faces = np.concatenate(
            [
                np.stack([first, first + 1, first + count + 1], axis=-1),
                np.stack([first, first + count + 1, first + count], axis=-1),
            ]
        ).astype(np.int32)
        vertices = np.concatenate([foot, top])
        colours = np.full((len(vertices), 3), (132, 112, 92), np.uint8)
        return Mesh(vertices, faces, colours, draped=False)


def small_scene(*, vertical_exaggeration: float = 1.0) -> StageScene:
    frame = LocalFrame(1.8, 42.9, vertical_exaggeration)
    route = small_route(frame)
    stage = Stage(
        name="Valley > Col d’Été",
        date="2026-07-07",
        timezone="Europe/Paris",
        frame=frame,
        route=route,
        simulated=True,
        teams=(Team("AAA", "Équipe A", (220, 30, 40)), Team("BBB", "Team B", (20, 80, 200))),
        riders=(
            Rider(1, "Ana", "ÁLVAREZ", "AAA"),
            Rider(2, "Bo", "BERG", "BBB", jersey="yellow"),
            Rider(11, "Cy", "CLARK", "BBB"),
            Rider(-1, last_name="Race director", vehicle=True),
        ),
        credits=("Elevation: a formula",),
    )
    distance_m = np.arange(0, LENGTH_M + 1, 5.0)
    x_m, y_m = route.position(distance_m)
    positions = frame.drawn(x_m, y_m, route.z_drawn(distance_m))
    road = RoadLine(
        positions_m=positions,
        distance_m=distance_m,
        colours=default_theme().gradient_colours(route.gradient(distance_m)),
        hidden=np.zeros(len(distance_m), bool),
    )
    gates = tuple(
        Gate(
            GateKind.CLIMB,
            title,
            "Cat. 2 · 1059 m",
            positions[at],
            float(route.heading(distance_m[at])),
            (224, 36, 47),
        )
        for title, at in (("Col d’Été", 500), ("Col d’Été", 1000), ("Finish", 1200))
    )
    return StageScene(stage=stage, ground=HillGround(frame), road=road, gates=gates, theme=default_theme())


@dataclass
class LateMotion:
    """A motion whose riders are first seen some seconds after its start."""

    motion: Motion
    first_seen_s: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.bibs, self.start_ms, self.end_ms = self.motion.bibs, self.motion.start_ms, self.motion.end_ms

    def _absent(self, times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray(times_ms)[..., None] < self.start_ms + 1000 * self.first_seen_s

    def distances(self, times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.where(self._absent(times_ms), np.nan, self.motion.distances(times_ms))

    def laterals(self, times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.where(self._absent(times_ms), np.nan, self.motion.laterals(times_ms))

    def at(self, time_ms: int) -> RiderStates:
        states = self.motion.at(time_ms)
        absent = self._absent(np.array(time_ms))
        return dataclasses.replace(
            states,
            distance_m=np.where(absent, np.nan, states.distance_m),
            lateral_m=np.where(absent, np.nan, states.lateral_m),
        )


def small_race(
    route: Route, *, seconds: int = 540, bibs: tuple[int, ...] = (-1, 1, 2, 11, 77), seed: int = 7
) -> LateMotion:
    """Make the motion of riders seen every 5 s, each from another moment on."""
    rng = np.random.default_rng(seed)
    columns = []
    for index in range(len(bibs)):
        time_s = np.arange(0, seconds + 1, 5.0)
        distance_m = time_s * rng.uniform(8, 12) + 25 * np.sin(time_s / rng.uniform(20, 60)) + 60
        speed_mps = np.maximum(np.gradient(distance_m, time_s), 0)
        columns.append(
            (np.full(len(time_s), index), time_s, np.minimum(distance_m, LENGTH_M - 20), speed_mps)
        )
    rider, time_s, distance_m, speed_mps = (np.concatenate(column) for column in zip(*columns, strict=True))
    nothing = np.zeros(len(rider))
    tracks = Tracks(
        bibs=np.array(bibs, np.int32),
        time_ms=(START_MS + time_s * 1000).astype(np.int64),
        rider=rider.astype(np.int32),
        lon_deg=nothing,
        lat_deg=nothing,
        distance_m=distance_m,
        lateral_m=nothing,
        speed_mps=speed_mps,
        verdict=nothing.astype(np.uint8),
    )
    return LateMotion(Motion(tracks, route), np.arange(len(bibs)) * 5)


def colours_of(scene: StageScene) -> dict[str, tuple[int, int, int]]:
    """Colours of the riders' teams by node name, as bright as the marker's brightest vertex."""
    teams = {team.code: team.colour_rgb for team in scene.stage.teams}
    brightest = float(marker(1.0).brightness.max())
    return {
        f"rider_{rider.bib}": tuple(round(brightest * level) for level in teams[rider.team_code])
        for rider in scene.stage.riders
        if not rider.vehicle and not rider.jersey
    }


def track_of(
    scene: StageScene, motion: LateMotion
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float32]]]:
    """Positions of everybody at every second, step by step from the motion and the road, by node name.

    Before the first known position it is that one.
    """
    times_ms = range(motion.start_ms, motion.end_ms + 1, 1000)
    rows = []
    for time_ms in times_ms:
        states = motion.at(time_ms)
        x_m, y_m = scene.stage.route.position(states.distance_m)
        heading = scene.stage.route.heading(states.distance_m)
        x_m = x_m - np.cos(heading) * states.lateral_m
        y_m = y_m + np.sin(heading) * states.lateral_m
        rows.append(scene.stage.frame.drawn(x_m, y_m, scene.stage.route.z_drawn(states.distance_m)))
    table = np.array(rows)
    expected = {}
    for index, bib in enumerate(motion.bibs.tolist()):
        path = table[:, index]
        known = np.flatnonzero(np.isfinite(path[:, 0]))
        path[: known[0]] = path[known[0]]
        name = f"rider_{bib}" if bib > 0 else f"vehicle_{-bib}"
        expected[name] = path
    return np.arange(len(rows), dtype=float), expected
