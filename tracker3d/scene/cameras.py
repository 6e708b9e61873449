"""Cameras: from a few words to a pose for every frame.

A pose is a function of the scene, the race, the time and the wall time of the move alone, never of the frame
before: any frame can be made by itself, in any order, and a video and a window show the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tracker3d.errors import InputError
from tracker3d.scene.clearance import PATH_POINTS, cleared_eye
from tracker3d.scene.climbs import climb_named, foot_of
from tracker3d.scene.focus import Focus, focus_on
from tracker3d.scene.framing import FrameBounds, best_view, fit
from tracker3d.scene.model import CameraPose
from tracker3d.scene.road_path import road_path

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene
    from tracker3d.scene.shot import Shot

FOV_DEG = 35.0
_OVERVIEW_FOV_DEG = 30.0
_CHASE_FOV_DEG = 46.0
_ORBIT_FOV_DEG = 42.0
_FINISH_FOV_DEG = 26.0
_EYE_MARGIN_M = 3.0
_LONGEST_CHASED_M = 300.0
_RUN_IN_M = 90.0
_HELICOPTER_MARGIN_M = 40.0

CAMERA_CHOICES = (
    "overview, orbit[:km=..], chase:<bib|leader|peloton>, road[:km], climb:<name or km> or finish"
)


class Camera(Protocol):
    """Chooses where the picture is taken from."""

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose for this moment."""


@dataclass(frozen=True)
class FixedCamera:
    """Stands where somebody put it."""

    fixed: CameraPose

    def pose(self, shot: Shot) -> CameraPose:
        """Return the given pose."""
        return self.fixed


@dataclass(frozen=True)
class OverviewCamera:
    """The whole stage, oblique, as large as the picture allows."""

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose; it depends on the picture's aspect only."""
        raced = shot.scene.road.distance_m >= 0.0
        points = _thinned(shot.scene.road.positions_m[raced])
        return _framed(
            shot,
            "overview",
            points,
            pitches_deg=(32.0, 38.0, 45.0),
            fov_deg=_OVERVIEW_FOV_DEG,
            bounds=(FrameBounds(), FrameBounds(left=0.44)),
            margin_m=300.0,
        )


@dataclass(frozen=True)
class ClimbCamera:
    """A whole climb from the air.

    ``climb`` is part of its name, or a kilometre on it.
    """

    climb: str

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose.

        Raises
        ------
        InputError
            The stage has no such climb.
        """
        scene = shot.scene
        place = climb_named(scene.stage, self.climb)
        distance_m = scene.road.distance_m
        foot_m = foot_of(scene.stage, place)
        on_climb = (distance_m >= foot_m - 150.0) & (distance_m <= place.distance_m + 150.0)
        return _framed(
            shot,
            ("climb", place.distance_m),
            _thinned(scene.road.positions_m[on_climb]),
            pitches_deg=(20.0, 26.0, 33.0, 40.0),
            fov_deg=FOV_DEG,
            bounds=(
                FrameBounds(left=0.80, right=0.80, top=0.78),
                FrameBounds(left=0.44, right=0.44, top=0.86),
            ),
            margin_m=60.0,
        )


@dataclass(frozen=True)
class FinishCamera:
    """Beyond the finish line with a long lens, looking back through the arch at those who arrive."""

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose."""
        return shot.scene.memory.get("finish view", None, lambda: self._make(shot.scene))

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
        path = np.repeat(eye[None], PATH_POINTS, axis=0), np.repeat(line[None], PATH_POINTS, axis=0)
        eye = cleared_eye(scene, *path, margin_m=_EYE_MARGIN_M)
        return aimed(eye, line, fov_deg=_FINISH_FOV_DEG, down=0.73)


@dataclass(frozen=True)
class OrbitCamera:
    """A helicopter that circles slowly around somebody, or around a place on the road.

    Attributes
    ----------
    target : str
        "leader", "peloton" or a bib; not used when ``distance_m`` is given.
    distance_m : float | None
        Place on the road instead.
    radius_m, height_m : float
        Of the circle, from its target.
    turn_s : float
        Wall time of one turn.
    """

    target: str = "leader"
    distance_m: float | None = None
    radius_m: float = 650.0
    height_m: float = 240.0
    turn_s: float = 150.0

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose for this moment."""
        focus = Focus(self.distance_m, 0.0) if self.distance_m is not None else focus_on(shot, self.target)
        (target,), _ = road_path(shot.scene).at(focus.middle_m)
        radius = self.radius_m + 1.1 * focus.length_m
        turn = math.tau * shot.wall_s / self.turn_s + math.radians(205.0)
        around = turn + np.radians(np.arange(PATH_POINTS) - PATH_POINTS // 2) * 4.0
        eyes = np.empty((PATH_POINTS, 3))
        eyes[:, 0] = target[0] + radius * np.sin(around)
        eyes[:, 1] = target[1] + radius * np.cos(around)
        eyes[:, 2] = target[2] + self.height_m * radius / self.radius_m
        targets = np.repeat(target[None], PATH_POINTS, axis=0)
        eye = cleared_eye(shot.scene, eyes, targets, margin_m=_HELICOPTER_MARGIN_M)
        return aimed(eye, target, fov_deg=_ORBIT_FOV_DEG, down=0.58)


@dataclass(frozen=True)
class ChaseCamera:
    """Behind and above somebody, in the direction of the road; ``target`` is "leader", "peloton" or a bib.

    Groups are seen from behind their last rider, the longer the higher, so that all of one is between the
    boards and the profile.
    """

    target: str

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose for this moment."""
        focus = focus_on(shot, self.target)
        length = min(focus.length_m, _LONGEST_CHASED_M)
        return along_road(
            shot.scene,
            focus.front_m - 0.5 * length,
            behind_m=20.0 + 0.86 * length,
            height_m=7.0 + 0.18 * length,
            down=0.62 - 0.10 * min(length / 150.0, 1.0),
            fov_deg=_CHASE_FOV_DEG,
        )


@dataclass(frozen=True)
class RoadCamera:
    """Flies along the road at a steady pace, by wall time; it stays at the finish."""

    start_m: float = 0.0
    speed_mps: float = 120.0

    def pose(self, shot: Shot) -> CameraPose:
        """Return the pose for this moment."""
        distance_m = min(self.start_m + self.speed_mps * shot.wall_s, shot.scene.stage.route.finish_m)
        return along_road(
            shot.scene,
            distance_m,
            behind_m=120.0,
            height_m=42.0,
            down=0.62,
            fov_deg=_CHASE_FOV_DEG,
            step_m=40.0,
        )


def _framed(
    shot: Shot,
    subject: Hashable,
    points_m: NDArray[np.float64],
    *,
    pitches_deg: tuple[float, ...],
    fov_deg: float,
    bounds: tuple[FrameBounds, ...],
    margin_m: float,
) -> CameraPose:
    """Return a pose that frames points; its direction is chosen once for pictures of about this aspect."""
    scene, aspect = shot.scene, shot.aspect
    view = scene.memory.get(
        "view",
        (subject, round(4 * math.log2(aspect))),
        lambda: best_view(
            scene,
            points_m,
            pitches_deg=pitches_deg,
            aspect=aspect,
            fov_deg=fov_deg,
            bounds=bounds,
            margin_m=margin_m,
        ),
    )
    return scene.memory.get(
        "framed pose",
        (subject, aspect, view),
        lambda: fit(points_m, np.array(view.direction), fov_deg=fov_deg, aspect=aspect, bounds=view.bounds),
    )


def _thinned(positions_m: NDArray[np.float32]) -> NDArray[np.float64]:
    return positions_m[:: max(1, len(positions_m) // 500)].astype(float)


def along_road(
    scene: StageScene,
    distance_m: float,
    *,
    behind_m: float,
    height_m: float,
    down: float,
    fov_deg: float = FOV_DEG,
    step_m: float = 10.0,
) -> CameraPose:
    """Return a pose behind a place on the road that looks along the road's general direction.

    Parameters
    ----------
    scene : StageScene
    distance_m : float
        Official road distance of the place.
    behind_m, height_m : float
        From the place to the eye.
    down, fov_deg : float
        See :func:`aimed`.
    step_m : float
        Between the places whose clearance is taken into account.
    """
    places = distance_m + step_m * (np.arange(PATH_POINTS) - PATH_POINTS // 2)
    positions, headings = road_path(scene).at(places)
    ahead = np.stack([np.sin(headings), np.cos(headings), np.zeros_like(headings)], axis=-1)
    eyes = positions - behind_m * ahead
    eyes[:, 2] += height_m
    eye = cleared_eye(scene, eyes, positions, margin_m=_EYE_MARGIN_M)
    return aimed(eye, positions[PATH_POINTS // 2], fov_deg=fov_deg, down=down)


def aimed(
    eye_m: NDArray[np.float64], place_m: NDArray[np.float64], *, fov_deg: float, down: float
) -> CameraPose:
    """Return a pose that shows a place in the middle column of the picture, higher or lower.

    Parameters
    ----------
    eye_m, place_m : (3,) float64
    fov_deg : float
        Vertical field of view.
    down : float
        Share of the picture's height above the place: 0 at the top, 1 at the bottom.
    """
    sight = place_m - eye_m
    level_m = max(math.hypot(sight[0], sight[1]), 1e-6)
    tilt = math.atan((2.0 * down - 1.0) * math.tan(math.radians(fov_deg) / 2.0))
    pitch = math.atan2(sight[2], level_m) + tilt
    reach_m = math.hypot(level_m, sight[2])
    level = reach_m * math.cos(pitch) / level_m
    step = np.array([sight[0] * level, sight[1] * level, reach_m * math.sin(pitch)])
    return CameraPose(eye_m, eye_m + step, fov_deg)


def parse_camera(spec: str) -> Camera:
    """Read a camera from its words.

    ``overview``; ``orbit`` (around the leader), ``orbit:peloton``, ``orbit:21``, ``orbit:km=35.2``, with
    ``radius=`` and ``height=`` in metres and ``turn=`` in seconds; ``chase:<bib|leader|peloton>``; ``road``,
    ``road:120``, with ``km=`` and ``speed=`` in m/s; ``climb:<name or km>``; ``finish``. Kilometres count
    from km 0.

    Raises
    ------
    InputError
        No camera is meant by these words.
    """
    name, _, rest = spec.strip().partition(":")
    rest = rest.strip()
    name = name.strip().lower()
    if name in ("overview", "finish") and not rest:
        return OverviewCamera() if name == "overview" else FinishCamera()
    if name == "orbit":
        return _orbit(spec, rest)
    if name == "chase" and _is_target(rest):
        return ChaseCamera(rest.lower())
    if name == "road":
        given = _options(spec, rest, plain="km", known=("km", "speed"))
        return RoadCamera(
            given.get("km", 0.0) * 1000.0, _bounded(spec, given.get("speed", 120.0), 0.0, 5000.0)
        )
    if name == "climb" and rest:
        return ClimbCamera(rest)
    raise _unknown(spec)


def _orbit(spec: str, rest: str) -> OrbitCamera:
    first, _, more = rest.partition(",")
    target = first.strip().lower() if _is_target(first.strip()) else ""
    given = _options(spec, more if target else rest, plain="", known=("km", "radius", "height", "turn"))
    turn_s = given.get("turn", 150.0)
    radius_m = _bounded(spec, given.get("radius", 650.0), 20.0, 50_000.0)
    return OrbitCamera(
        target=target or "leader",
        distance_m=given["km"] * 1000.0 if "km" in given else None,
        radius_m=radius_m,
        height_m=_bounded(spec, given.get("height", 0.37 * radius_m), 5.0, 50_000.0),
        turn_s=math.copysign(max(abs(turn_s), 1.0), turn_s),
    )


def _is_target(text: str) -> bool:
    return text.lower() in ("leader", "peloton") or text.lstrip("-").isdecimal()


def _options(spec: str, text: str, *, plain: str, known: tuple[str, ...]) -> dict[str, float]:
    given: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = plain, part
        try:
            number = float(value)
        except ValueError as error:
            raise _unknown(spec) from error
        if key.strip().lower() not in known or not math.isfinite(number):
            raise _unknown(spec)
        given[key.strip().lower()] = number
    return given


def _bounded(spec: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise InputError(
            f"The camera {spec!r} asks for {value:g}, and {low:g} to {high:g} is possible there."
        )
    return value


def _unknown(spec: str) -> InputError:
    return InputError(f"{spec!r} is no camera; choose {CAMERA_CHOICES}.")
