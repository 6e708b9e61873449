"""Cameras that stand still: the whole stage, a whole climb, the finish, and wherever somebody put them."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.camera.clearance import needed_height_m
from tracker3d.scene.camera.framing import best_direction, fit, thinned
from tracker3d.scene.camera.numbers import Words  # noqa: TC001 (read at run time)
from tracker3d.scene.camera.pose import aimed
from tracker3d.scene.climbs import climb_named, foot_of
from tracker3d.scene.free_area import free_area

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from tracker3d.scene.camera.moment import Moment
    from tracker3d.scene.model import CameraPose, StageScene

FOV_DEG = 35.0
WHOLE_STAGE = "stage"
_OVERVIEW_FOV_DEG = 30.0
_SIDE_FOV_DEG = 28.0
_FINISH_FOV_DEG = 26.0
_EYE_MARGIN_M = 3.0
_RUN_IN_M = 90.0
_POINTS = 500


class Side(enum.StrEnum):
    """From which side of the road a climb is seen, as one rides up."""

    BEST = "best"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class FixedCamera:
    """Stands where somebody put it."""

    fixed: CameraPose

    def pose(self, moment: Moment) -> CameraPose:
        """Return the given pose."""
        return self.fixed


@dataclass(frozen=True)
class OverviewCamera:
    """The whole stage, oblique, as large as the picture allows."""

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose; it depends on the picture's aspect only."""
        road = moment.scene.road
        points = moment.scene.memory.get(
            "raced road", None, lambda: thinned(road.positions_m[road.distance_m >= 0.0], _POINTS)
        )
        return _framed(
            moment,
            "overview",
            points,
            pitches_deg=(32.0, 38.0, 45.0),
            fov_deg=_OVERVIEW_FOV_DEG,
            margin_m=300.0,
        )


@dataclass(frozen=True)
class ClimbCamera:
    """A whole climb from the air, from where most of it is seen.

    ``climb`` is part of its name, or a kilometre on it; ``stage`` is the whole road.
    """

    climb: Words

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose.

        Raises
        ------
        InputError
            The stage has no such climb.
        """
        subject, points, _ = _climb(moment.scene, self.climb)
        return _framed(
            moment,
            ("climb", subject),
            points,
            pitches_deg=(20.0, 26.0, 33.0, 40.0),
            fov_deg=FOV_DEG,
            margin_m=60.0,
        )


@dataclass(frozen=True)
class ClimbSideCamera:
    """A whole climb from the side: perpendicular to its mean bearing, so that its steepness reads.

    Heights are those of the scene; where they are exaggerated, ``frame.vertical_exaggeration`` says by how
    much. For ``climb`` see :class:`ClimbCamera`; ``stage`` is the whole road, for one that is a climb itself.
    """

    climb: Words
    side: Side = Side.BEST

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose.

        Raises
        ------
        InputError
            The stage has no such climb.
        """
        subject, points, bearing_deg = _climb(moment.scene, self.climb)
        azimuths = {Side.LEFT: (90.0,), Side.RIGHT: (-90.0,)}.get(self.side, (90.0, -90.0))
        return _framed(
            moment,
            ("climb side", subject, self.side),
            points,
            pitches_deg=(9.0, 13.0, 18.0, 24.0, 32.0),
            fov_deg=_SIDE_FOV_DEG,
            margin_m=60.0,
            azimuths_deg=tuple((bearing_deg + turn) % 360.0 for turn in azimuths),
        )


@dataclass(frozen=True)
class FinishCamera:
    """Beyond the finish line with a long lens, looking back through the arch at those who arrive."""

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose."""
        return moment.scene.memory.get("finish view", None, lambda: self._make(moment.scene))

    @staticmethod
    def _make(scene: StageScene) -> CameraPose:
        route, scale = scene.stage.route, scene.stage.frame.vertical_exaggeration
        places = route.finish_m - np.array([_RUN_IN_M, 0.0])
        x_m, y_m = route.position(places)
        come, line = np.stack([x_m, y_m, route.z_drawn(places) * scale], axis=-1)
        length_m = math.hypot(line[0] - come[0], line[1] - come[1])
        ahead = np.append((line - come)[:2], 0.0) / length_m if length_m > 1.0 else np.array([0.0, 1.0, 0.0])
        aside = np.array([ahead[1], -ahead[0], 0.0])
        eye = line + 44.0 * ahead + 3.0 * aside + np.array([0.0, 0.0, 4.8])
        eye[2] = max(eye[2], float(needed_height_m(scene, eye, line, margin_m=_EYE_MARGIN_M)))
        return aimed(eye, line, fov_deg=_FINISH_FOV_DEG, down=0.73)


def _climb(scene: StageScene, words: str) -> tuple[float, NDArray[np.float64], float]:
    """Return a climb's summit in road metres, points of its road as drawn (n, 3), and its mean bearing."""
    return scene.memory.get("climb", words, lambda: _find_climb(scene, words))


def _find_climb(scene: StageScene, words: str) -> tuple[float, NDArray[np.float64], float]:
    if words == WHOLE_STAGE:
        foot_m, summit_m = 0.0, scene.stage.route.finish_m
    else:
        place = climb_named(scene.stage, words)
        foot_m, summit_m = foot_of(scene.stage, place), place.distance_m
    distance_m = scene.road.distance_m
    on_climb = (distance_m >= foot_m - 150.0) & (distance_m <= summit_m + 150.0)
    points = thinned(scene.road.positions_m[on_climb], _POINTS)
    east, north = (points[-1] - points[0])[:2]
    return summit_m, points, math.degrees(math.atan2(east, north))


def _framed(
    moment: Moment,
    subject: Hashable,
    points_m: NDArray[np.float64],
    *,
    pitches_deg: tuple[float, ...],
    fov_deg: float,
    margin_m: float,
    azimuths_deg: tuple[float, ...] = tuple(range(0, 360, 15)),
) -> CameraPose:
    """Return a pose that frames points; its direction is chosen once for pictures of about this aspect."""
    scene, aspect = moment.scene, moment.aspect
    steps = round(4 * math.log2(aspect))
    direction = scene.memory.get(
        "direction",
        (subject, steps),
        lambda: best_direction(
            scene,
            points_m,
            pitches_deg=pitches_deg,
            aspect=2.0 ** (steps / 4),
            fov_deg=fov_deg,
            area=free_area(scene, 2.0 ** (steps / 4)),
            margin_m=margin_m,
            azimuths_deg=azimuths_deg,
        ),
    )
    return scene.memory.get(
        "framed pose",
        (subject, aspect),
        lambda: fit(
            points_m, np.array(direction), fov_deg=fov_deg, aspect=aspect, area=free_area(scene, aspect)
        ),
    )
