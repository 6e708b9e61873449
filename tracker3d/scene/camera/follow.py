"""Cameras that follow somebody: behind, around and above riders and groups."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.camera.clearance import LEAST_ABOVE_M, Rig, foresee, kept_above, placed
from tracker3d.scene.camera.easing import ramped, wrapped
from tracker3d.scene.camera.focus import Focus, focus_on
from tracker3d.scene.camera.handover import between
from tracker3d.scene.camera.moment import Clock, Moment
from tracker3d.scene.camera.numbers import (  # noqa: TC001 (read at run time)
    Bearing,
    Distance,
    Km,
    Lead,
    Lens,
    Metres,
    Pitch,
    Seconds,
    Smoothing,
    Target,
    Turns,
    TurnTime,
)
from tracker3d.scene.camera.pose import aimed, view_of
from tracker3d.scene.camera.road_path import road_path
from tracker3d.scene.model import CameraPose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker3d.scene.model import StageScene

CHASE_FOV_DEG = 46.0
_LONGEST_CHASED_M = 300.0
_CHASE_MARGIN_M = 4.0
_HELICOPTER_MARGIN_M = 40.0
_FEWEST_AZIMUTHS, _MOST_AZIMUTHS, _NODE_S = 24, 60, 2.0
"""Nodes of a turn are at least 2 s apart, so that fast circles are lifted as gently as slow ones."""

_MAP_STRETCH = 4.0
"""A map that turns with the road does so slowly: its road is smoothed four times as much."""

_MAP_LENGTH_SHARE = 0.8


class Upward(enum.StrEnum):
    """What is up in a picture from above."""

    NORTH = "north"
    ROAD = "road"


@dataclass(frozen=True)
class ChaseCamera:
    """Behind and above somebody, in the direction of the road.

    Groups are seen from behind their last rider, the longer the higher, so that all of one is between the
    boards and the profile.

    Attributes
    ----------
    target : str
        "leader", "peloton" or a bib.
    distance_m, height_m : float
        From a single rider to the eye; more for groups.
    lead_m : float
        How far ahead of him on the road the camera looks.
    bearing_deg : float
        Where the eye stands, clockwise from behind: 90 on the left, 180 ahead, looking back.
    on_road : bool
        The eye keeps to the road as a motorcycle does: ``distance_m`` counts along it, ahead where
        ``bearing_deg`` is beyond 90.
    smoothing_s : float
        The target is followed as the mean of so many seconds before and after.
    fov_deg : float
        Vertical field of view.
    """

    target: Target
    distance_m: Distance = 20.0
    height_m: Metres = 7.0
    lead_m: Lead = 0.0
    bearing_deg: Bearing = 0.0
    on_road: bool = False
    smoothing_s: Smoothing = 3.0
    fov_deg: Lens = CHASE_FOV_DEG

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        focus = focus_on(moment, self.target, smoothing_s=self.smoothing_s)
        length = min(focus.length_m, _LONGEST_CHASED_M)
        down = 0.62 - 0.10 * min(length / 150.0, 1.0)

        def behind(front_m: float) -> CameraPose:
            path = road_path(moment.scene)
            eye, target = placed(moment.scene, path, self._rig, front_m - 0.5 * length, length)
            return aimed(eye, target, fov_deg=self.fov_deg, down=down)

        return _followed(moment.scene, focus, behind, along=True)

    @cached_property
    def _rig(self) -> Rig:
        margin_m = min(_CHASE_MARGIN_M, max(self.height_m, LEAST_ABOVE_M + 0.4))
        step_m = max(20.0, 0.5 * self.distance_m)
        if self.on_road:
            ahead = math.cos(math.radians(self.bearing_deg)) < 0.0
            return Rig(
                height_m=self.height_m,
                height_per_m=0.18,
                along_m=self.distance_m if ahead else -self.distance_m,
                along_per_m=0.86 if ahead else -0.86,
                lead_m=self.lead_m,
                margin_m=margin_m,
                step_m=step_m,
            )
        return Rig(
            behind_m=self.distance_m,
            behind_per_m=0.86,
            height_m=self.height_m,
            height_per_m=0.18,
            bearing_rad=math.radians(self.bearing_deg),
            lead_m=self.lead_m,
            margin_m=margin_m,
            step_m=step_m,
        )


@dataclass(frozen=True)
class OrbitCamera:
    """A helicopter that circles around somebody, or around a place on the road.

    Where it would have to look down steeply over a wall of rock it comes closer instead.

    Attributes
    ----------
    target : str
        "leader", "peloton" or a bib; not used when ``km`` is given.
    km : float | None
        Place on the road instead, from km 0.
    radius_m : float
        Of the circle; more for groups.
    pitch_deg : float
        How steeply it looks at its target where the ground lets it.
    turn_s : float
        Time of one turn; negative ``turns`` go the other way.
    turns : float
        After so many it stands still; 0: it goes on for ever, clockwise.
    start_deg : float
        Azimuth of the eye from its target at the beginning.
    ease_s : float
        How long it takes to speed up, and to slow down before the end.
    driven_by : Clock
    fov_deg : float
        Vertical field of view.
    """

    target: Target = "leader"
    km: Km | None = None
    radius_m: Distance = 650.0
    pitch_deg: Pitch = 20.0
    turn_s: TurnTime = 150.0
    turns: Turns = 0.0
    start_deg: Bearing = 205.0
    ease_s: Seconds = 3.0
    driven_by: Clock = Clock.WALL
    fov_deg: Lens = 42.0

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        focus = Focus(1000.0 * self.km, 0.0) if self.km is not None else focus_on(moment, self.target)
        azimuth = math.radians(self.start_deg) + math.tau * self._turned(moment.elapsed_s(self.driven_by))

        def around(front_m: float) -> CameraPose:
            length, path = focus.length_m, road_path(moment.scene)
            eye, target = placed(
                moment.scene, path, self._rig, front_m - 0.5 * length, length, azimuth_rad=azimuth
            )
            return aimed(eye, target, fov_deg=self.fov_deg, down=0.58)

        return _followed(moment.scene, focus, around, along=False)

    @cached_property
    def _rig(self) -> Rig:
        slope = math.tan(math.radians(self.pitch_deg))
        return Rig(
            behind_m=self.radius_m,
            behind_per_m=1.1,
            height_m=slope * self.radius_m,
            height_per_m=slope * 1.1,
            azimuths=min(max(round(self.turn_s / _NODE_S), _FEWEST_AZIMUTHS), _MOST_AZIMUTHS),
            margin_m=min(_HELICOPTER_MARGIN_M, 0.2 * self.radius_m + 4.0),
            step_m=max(30.0, 0.08 * self.radius_m),
        )

    def _turned(self, elapsed_s: float) -> float:
        if not self.turns:
            return elapsed_s / self.turn_s
        turned = ramped(elapsed_s, length=abs(self.turns), speed=1.0 / self.turn_s, ease_s=self.ease_s)
        return math.copysign(turned, self.turns)


@dataclass(frozen=True)
class OverheadCamera:
    """Straight down on somebody or on a place, like a map: north is up, or the road runs upwards.

    ``height_m`` is that over a single rider; more for groups. For ``target`` and ``km`` see
    :class:`OrbitCamera`.
    """

    target: Target = "leader"
    km: Km | None = None
    height_m: Distance = 500.0
    up: Upward = Upward.NORTH
    smoothing_s: Smoothing = 3.0
    fov_deg: Lens = 35.0

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        scene = moment.scene
        focus = (
            Focus(1000.0 * self.km, 0.0)
            if self.km is not None
            else focus_on(moment, self.target, smoothing_s=self.smoothing_s)
        )

        def above(front_m: float) -> CameraPose:
            middle_m = front_m - 0.5 * focus.length_m
            place, _ = road_path(scene).point(middle_m)
            azimuth = 0.0
            if self.up is Upward.ROAD:
                _, azimuth = road_path(scene, stretch=_MAP_STRETCH).point(middle_m)
            eye = place + np.array([0.0, 0.0, self.height_m + _MAP_LENGTH_SHARE * focus.length_m])
            up = np.array([math.sin(azimuth), math.cos(azimuth), 0.0])
            return CameraPose(kept_above(scene, eye), place, self.fov_deg, up)

        return _followed(scene, focus, above, along=self.up is Upward.ROAD)


def _followed(
    scene: StageScene, focus: Focus, pose_at: Callable[[float], CameraPose], *, along: bool
) -> CameraPose:
    """Return the pose at a focus; on the way over a jump, one between those at its two ends.

    ``along``: the view turns with the road.
    """
    there = pose_at(focus.front_m)
    if focus.over_share >= 1.0:
        return there
    before, after = view_of(pose_at(focus.front_m + focus.left_m)), view_of(there)
    turn_rad = 0.0
    if along:
        path = road_path(scene)
        turn_rad = wrapped(path.point(focus.jumped_m - focus.left_m)[1] - path.point(focus.jumped_m)[1])
    turn_rad += wrapped(after.azimuth_rad - before.azimuth_rad - turn_rad)
    pose = between(before, after, focus.over_share, turn_rad=turn_rad).pose()
    return CameraPose(kept_above(scene, pose.eye_m), pose.target_m, pose.fov_deg, pose.up)


def along_road(
    scene: StageScene,
    distance_m: float,
    *,
    behind_m: float,
    height_m: float,
    down: float,
    fov_deg: float = CHASE_FOV_DEG,
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
        See :func:`~tracker3d.scene.camera.pose.aimed`.
    """
    (pose,) = all_along_road(
        scene, [distance_m], behind_m=behind_m, height_m=height_m, down=down, fov_deg=fov_deg
    )
    return pose


def all_along_road(
    scene: StageScene,
    distances_m: Sequence[float],
    *,
    behind_m: float,
    height_m: float,
    down: float,
    fov_deg: float = CHASE_FOV_DEG,
) -> list[CameraPose]:
    """Return :func:`along_road` for many places, for a third of the work where they are a whole race."""
    rig = Rig(behind_m=behind_m, height_m=height_m, step_m=max(20.0, 0.5 * behind_m))
    path = road_path(scene)
    if len(distances_m) > 1:
        foresee(scene, path, rig, min(distances_m), max(distances_m))
    return [
        aimed(*placed(scene, path, rig, distance_m, 0.0), fov_deg=fov_deg, down=down)
        for distance_m in distances_m
    ]
