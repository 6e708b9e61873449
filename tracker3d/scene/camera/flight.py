"""Cameras that fly: along the road, and to somebody who moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.camera.clearance import Rig, placed
from tracker3d.scene.camera.easing import ramped, ramped_duration_s
from tracker3d.scene.camera.follow import CHASE_FOV_DEG
from tracker3d.scene.camera.framed import OverviewCamera
from tracker3d.scene.camera.handover import Handover, HandoverCamera
from tracker3d.scene.camera.keyframes import Keyframe, KeyframeCamera
from tracker3d.scene.camera.moment import Camera, Clock, Moment
from tracker3d.scene.camera.numbers import (  # noqa: TC001 (read at run time)
    Distance,
    Km,
    Lens,
    Seconds,
    Speed,
)
from tracker3d.scene.camera.pose import aimed
from tracker3d.scene.camera.road_path import road_path

if TYPE_CHECKING:
    from tracker3d.scene.camera.titles import ShownTitle
    from tracker3d.scene.model import CameraPose, StageScene

_LOOK_AHEAD_S = 1.0
_LEAST_LOOK_AHEAD_M = 120.0
_HEIGHT_SHARE = 0.35
_PLACE_SMOOTHED_M = 18.0
_SMOOTHED_S = 0.5
_NODE_S = 0.4
_FROM_AFAR = OverviewCamera()
_FLIGHT = Handover(6.0)


@dataclass(frozen=True)
class RoadCamera:
    """Flies along the road; it stays where the flight ends.

    Attributes
    ----------
    km, to_km : float, float | None
        From and to which kilometre, from km 0; None: to the finish.
    speed_mps : float
        Metres of road in a second.
    look_ahead_m : float | None
        How far before the eye the place is that it looks at. None: as far as it flies in a second, at
        least 120 m.
    height_m : float | None
        Of the eye over that place. None: 0.35 of the look-ahead.
    ease_s : float
        How long it takes to take up the speed, and to lose it at the end.
    driven_by : Clock
    fov_deg : float
        Vertical field of view.
    """

    km: Km = 0.0
    to_km: Km | None = None
    speed_mps: Speed = 120.0
    look_ahead_m: Distance | None = None
    height_m: Distance | None = None
    ease_s: Seconds = 0.0
    driven_by: Clock = Clock.WALL
    fov_deg: Lens = CHASE_FOV_DEG

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        start_m, length_m = self._span(moment.scene)
        gone_m = ramped(
            moment.elapsed_s(self.driven_by), length=length_m, speed=self.speed_mps, ease_s=self.ease_s
        )
        return self._at(moment.scene, start_m + gone_m)

    def duration_s(self, scene: StageScene) -> float:
        """Return how long the flight lasts."""
        return ramped_duration_s(length=self._span(scene)[1], speed=self.speed_mps, ease_s=self.ease_s)

    def keyframes(self, scene: StageScene, *, step_s: float = 1.0) -> KeyframeCamera:
        """Return the same flight as keyframes, to be edited by hand.

        Parameters
        ----------
        scene : StageScene
        step_s : float
            Time between keys.
        """
        start_m, length_m = self._span(scene)
        duration_s = self.duration_s(scene)
        keys = []
        for time_s in np.linspace(0.0, duration_s, max(2, math.ceil(duration_s / step_s) + 1)).tolist():
            gone_m = ramped(time_s, length=length_m, speed=self.speed_mps, ease_s=self.ease_s)
            keys.append(Keyframe.of(time_s, self._at(scene, start_m + gone_m)))
        return KeyframeCamera(tuple(keys), driven_by=self.driven_by)

    def _span(self, scene: StageScene) -> tuple[float, float]:
        """Return where the flight begins and how long it is, in road metres."""
        route = scene.stage.route
        end_m = route.finish_m if self.to_km is None else min(1000.0 * self.to_km, route.end_m)
        start_m = min(max(1000.0 * self.km, route.start_m), end_m)
        return start_m, end_m - start_m

    def _at(self, scene: StageScene, place_m: float) -> CameraPose:
        ahead_m = self.look_ahead_m
        if ahead_m is None:
            ahead_m = max(_LEAST_LOOK_AHEAD_M, _LOOK_AHEAD_S * self.speed_mps)
        height_m = _HEIGHT_SHARE * ahead_m if self.height_m is None else self.height_m
        stretch = max(1.0, _SMOOTHED_S * self.speed_mps / _PLACE_SMOOTHED_M)
        rig = Rig(
            behind_m=ahead_m,
            height_m=height_m,
            margin_m=4.0 + 0.03 * ahead_m,
            near_m=0.1 * ahead_m,
            step_m=max(40.0, _NODE_S * self.speed_mps),
            stretch=stretch,
        )
        eye, target = placed(scene, road_path(scene, stretch=stretch), rig, place_m, 0.0)
        return aimed(eye, target, fov_deg=self.fov_deg, down=0.60)


@dataclass(frozen=True)
class FlyToCamera:
    """Flies from one view to another, whose target may move, and stays with it.

    Attributes
    ----------
    to : Camera
    start : Camera
        Where it flies from; the whole stage if nothing else is said.
    handover : Handover
        How long it takes, how it leaves and arrives, and how far it draws back.
    driven_by : Clock
    """

    to: Camera
    start: Camera = _FROM_AFAR
    handover: Handover = _FLIGHT
    driven_by: Clock = Clock.WALL

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        return self._flight.pose(moment)

    def title_at(self, moment: Moment) -> ShownTitle | None:
        """Return what the views that it flies between have to say."""
        return self._flight.title_at(moment)

    @cached_property
    def _flight(self) -> HandoverCamera:
        return HandoverCamera(self.start, self.to, self.handover, driven_by=self.driven_by)
