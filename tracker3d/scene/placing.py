"""Riders of one moment on the drawn road and in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.build import ROAD_WIDTH_M
from tracker3d.scene.model import RiderInstances
from tracker3d.scene.projection import focal_px, in_sight, inside, project

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import CameraPose, StageScene
    from tracker3d.stage.model import Rider
    from tracker3d.track.model import RiderStates

NEAR_SCALE = 1.3
"""Riders are drawn a little larger than life even near, as figures on a model."""

LEAST_RIDER_PX = 12.0
"""Height of a rider from afar in a picture 1080 lines high."""

RIDER_HEIGHT_M = 1.75
_CHEST_M = 1.1
_CAR_FADE_M = (16.0, 20.5)
"""Cars this near the eye fade: they would hide those whom the camera follows."""
_FADE_AGES_S = (12.0, 40.0, 300.0, 420.0)
_FADE_OPACITIES = (1.0, 0.8, 0.4, 0.2)


@dataclass(frozen=True)
class Roster:
    """Who stands behind each rider index of a race, and how they look.

    Attributes
    ----------
    riders : tuple of Rider
    colours : (k, 3) uint8
        Jersey, team or vehicle.
    vehicle, jersey : (k,) bool
    """

    riders: tuple[Rider, ...]
    colours: NDArray[np.uint8]
    vehicle: NDArray[np.bool_]
    jersey: NDArray[np.bool_]

    @cached_property
    def seniority(self) -> NDArray[np.int64]:
        """Rank of each rider in his team, by the last digit of his number, and then by the number, (k,)."""
        bibs = np.array([rider.bib for rider in self.riders], np.int64)
        return (bibs - 1) % 10 * 100_000 + bibs


@dataclass(frozen=True)
class PlacedRiders:
    """Riders as they are drawn, and who each row is.

    Attributes
    ----------
    instances : RiderInstances
        n rows.
    index : (n,) int
        Rider index of each row.
    px : (n, 2) float32
        On the screen; NaN where not in the picture or hidden by the ground.
    depth_m : (n,) float64
    """

    instances: RiderInstances
    index: NDArray[np.intp]
    px: NDArray[np.float32]
    depth_m: NDArray[np.float64]


def roster_of(scene: StageScene, bibs: NDArray[np.int32]) -> Roster:
    """Return who rides under these bibs; unknown bibs get a number and a neutral colour."""
    return scene.memory.get("roster", bibs.tobytes(), lambda: _roster(scene, bibs))


def _roster(scene: StageScene, bibs: NDArray[np.int32]) -> Roster:
    from tracker3d.stage.model import Rider

    known = {rider.bib: rider for rider in scene.stage.riders}
    teams = {team.code: team.colour_rgb for team in scene.stage.teams}
    theme = scene.theme
    riders = tuple(known.get(int(bib)) or Rider(bib=int(bib), vehicle=bib < 0) for bib in bibs)
    colours = np.zeros((len(riders), 3), np.uint8)
    for row, rider in enumerate(riders):
        jersey = theme.jersey(rider.jersey)
        if rider.vehicle:
            colours[row] = theme.colour("vehicle")
        elif jersey is not None:
            colours[row] = jersey
        else:
            colours[row] = teams.get(rider.team_code, theme.colour("unknown_team"))
    return Roster(
        riders,
        colours,
        np.array([rider.vehicle for rider in riders], bool),
        np.array([bool(theme.jersey(rider.jersey)) and not rider.vehicle for rider in riders], bool),
    )


def place_riders(
    scene: StageScene, states: RiderStates, pose: CameraPose, viewport_px: tuple[int, int], *, scale: float
) -> PlacedRiders:
    """Put all riders who have been seen on the drawn road.

    Parameters
    ----------
    scene : StageScene
    states : RiderStates
    pose : CameraPose
    viewport_px : (width, height)
    scale : float
        Of graphics on the screen, 1 for a picture 1080 lines high.
    """
    roster = roster_of(scene, states.bibs)
    index = np.flatnonzero(np.isfinite(states.distance_m))
    positions, heading = _on_road(scene, states.distance_m[index], states.lateral_m[index])
    size, px, depth_m = _on_screen(positions, pose, viewport_px, scale)
    visible = inside(px, viewport_px) & (depth_m > 0)
    if visible.any():
        visible[visible] = in_sight(scene, pose.eye_m, positions[visible])
    px[~visible] = np.nan
    opacity = np.interp(np.fmax(states.age_s[index], 0.0), _FADE_AGES_S, _FADE_OPACITIES)
    cars = np.flatnonzero(roster.vehicle[index])
    away_m = np.linalg.norm(positions[cars] - pose.eye_m, axis=1)
    opacity[cars] *= np.interp(away_m, _CAR_FADE_M, (0.0, 1.0))
    instances = RiderInstances(
        bibs=states.bibs[index],
        positions_m=positions.astype(np.float32),
        heading_rad=heading.astype(np.float32),
        colours=roster.colours[index],
        opacity=opacity.astype(np.float32),
        scale=size.astype(np.float32),
        vehicle=roster.vehicle[index],
    )
    return PlacedRiders(instances, index, px.astype(np.float32), depth_m)


def _on_road(
    scene: StageScene, distance_m: NDArray[np.float64], lateral_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions as drawn, (n, 3), and headings, (n,); riders lean their place on the road's cross slope."""
    route, road = scene.stage.route, scene.road
    half = ROAD_WIDTH_M / 2.0
    aside = np.minimum(np.maximum(np.where(np.isnan(lateral_m), 0.0, lateral_m), -half), half)
    x_m, y_m, z_m, heading = route.placed(distance_m)
    positions = np.empty((len(distance_m), 3))
    positions[:, 0] = x_m - np.cos(heading) * aside
    positions[:, 1] = y_m + np.sin(heading) * aside
    positions[:, 2] = z_m * scene.stage.frame.vertical_exaggeration
    if road.left_m is not None and road.right_m is not None:
        left, right = scene.memory.get("edge rises", None, lambda: _edge_rises(scene))
        share = aside / half
        positions[:, 2] += np.where(
            share > 0,
            share * np.interp(distance_m, road.distance_m, left),
            -share * np.interp(distance_m, road.distance_m, right),
        )
    return positions, heading


def _edge_rises(scene: StageScene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    road = scene.road
    assert road.left_m is not None
    assert road.right_m is not None
    middle = road.positions_m[:, 2].astype(float)
    return road.left_m[:, 2] - middle, road.right_m[:, 2] - middle


def _on_screen(
    positions_m: NDArray[np.float64], pose: CameraPose, viewport_px: tuple[int, int], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Scale of each rider, pixel of each rider's chest, and depth."""
    px, depth_m = project(pose, viewport_px, positions_m)
    metre_px = focal_px(pose, viewport_px) / np.maximum(depth_m, 1.0)
    size = np.maximum(NEAR_SCALE, LEAST_RIDER_PX * scale / (RIDER_HEIGHT_M * metre_px))
    px[:, 1] -= _CHEST_M * size * metre_px * _uprightness(pose)
    return size, px, depth_m


def _uprightness(pose: CameraPose) -> float:
    """Return how much of an upright thing's height shows: 1 seen level, 0 from straight above."""
    direction = np.asarray(pose.target_m, float) - np.asarray(pose.eye_m, float)
    return float(np.hypot(direction[0], direction[1]) / max(float(np.linalg.norm(direction)), 1e-9))
