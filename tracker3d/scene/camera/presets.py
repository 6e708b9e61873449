"""Cameras and timelines under the names that people ask for: helicopter, moto, summit, stage preview."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.scene.camera.easing import ramped_duration_s
from tracker3d.scene.camera.flight import FlyToCamera, RoadCamera
from tracker3d.scene.camera.follow import ChaseCamera, OrbitCamera
from tracker3d.scene.camera.framed import ClimbSideCamera, FinishCamera, OverviewCamera
from tracker3d.scene.camera.handover import Handover
from tracker3d.scene.camera.keyframes import KeyframeCamera, RecordedCamera
from tracker3d.scene.camera.numbers import Words  # noqa: TC001 (read at run time)
from tracker3d.scene.camera.road_path import road_path
from tracker3d.scene.camera.timeline import CameraShot, CameraTimeline
from tracker3d.scene.climbs import category_text, climb_named, climbs_of, foot_of, stage_title

if TYPE_CHECKING:
    from tracker3d.scene.camera.moment import Camera, Moment
    from tracker3d.scene.model import CameraPose, StageScene
    from tracker3d.stage.model import Place

PREVIEW_S = 60.0
ENDLESS_S = 20.0
"""How much is taken of a move that does not end by itself."""

_OPENING_S, _CLOSING_S, _CLIMB_S, _LEAST_FLIGHT_S = 6.0, 9.0, 8.0, 6.0
_MOST_CLIMBS = 3
_HANDOVER = Handover(4.0)
_SUMMIT_RADIUS_M, _SUMMIT_PITCH_DEG, _SUMMIT_FOV_DEG = 240.0, 11.0, 27.0
_SUMMIT_TURN_S, _SUMMIT_TURNS = 240.0, 0.25


def helicopter(target: str = "leader") -> OrbitCamera:
    """Return a slow circle with a long lens, as from a helicopter."""
    return OrbitCamera(target, radius_m=480.0, pitch_deg=22.0, turn_s=200.0, fov_deg=32.0)


def moto(target: str = "leader") -> ChaseCamera:
    """Return a low camera close by, as from a motorcycle ahead that films backwards."""
    return ChaseCamera(
        target, distance_m=16.0, height_m=2.6, bearing_deg=180.0, on_road=True, smoothing_s=2.0, fov_deg=44.0
    )


def summit_camera(scene: StageScene, climb: str = "") -> Camera:
    """Return a camera that waits above a summit, looks back at those who arrive, and swings slowly around.

    Parameters
    ----------
    scene : StageScene
    climb : str
        Part of its name, or a kilometre on it; empty: the highest climb of the stage, or its finish where
        there is none.

    Raises
    ------
    InputError
        The stage has no such climb.
    """
    climbs = climbs_of(scene.stage)
    if not climbs and not climb:
        return FinishCamera()
    place = climb_named(scene.stage, climb) if climb else max(climbs, key=lambda each: each.height_m)
    _, heading = road_path(scene, stretch=3.0).point(place.distance_m - 150.0)
    start_deg = math.degrees(heading) + 360.0 * _SUMMIT_TURNS / 2.0
    return OrbitCamera(
        km=place.distance_m / 1000.0,
        radius_m=_SUMMIT_RADIUS_M,
        pitch_deg=_SUMMIT_PITCH_DEG,
        start_deg=math.remainder(start_deg, 360.0),
        turn_s=_SUMMIT_TURN_S,
        turns=-_SUMMIT_TURNS,
        fov_deg=_SUMMIT_FOV_DEG,
    )


def stage_preview(scene: StageScene, *, duration_s: float = PREVIEW_S) -> CameraTimeline:
    """Return a flight over the whole stage with titles.

    The whole stage first; then along the road, fast, with a look at each of the most important climbs from
    its side; at last around the finish. Climbs that would leave no time for the road are left out, the
    easiest first.

    Parameters
    ----------
    scene : StageScene
    duration_s : float
        Of the whole, 20 s at least.
    """
    stage = scene.stage
    duration_s = max(duration_s, 20.0)
    room_s = duration_s - _OPENING_S - _CLOSING_S
    most = min(_MOST_CLIMBS, int(room_s / (_CLIMB_S + _LEAST_FLIGHT_S)))
    chosen = sorted(sorted(climbs_of(stage), key=_hardness)[:most], key=lambda climb: climb.distance_m)
    spans = _flights(scene, chosen)
    lasts = _shared_out(room_s - _CLIMB_S * len(chosen), [end - begin for begin, end in spans])
    length_km = stage.route.finish_m / 1000.0
    shots = [
        CameraShot(
            OverviewCamera(), 0.0, _OPENING_S, Handover(0.0), stage_title(stage), f"{length_km:.1f} km"
        )
    ]
    for number, (begin_m, end_m) in enumerate(spans):
        if lasts[number] > 0.0:
            # The flight still goes on while the next shot takes over.
            speed = round((end_m - begin_m) / lasts[number], 1)
            beyond_m = min(end_m + speed * _HANDOVER.duration_s, stage.route.finish_m)
            flight = RoadCamera(
                km=round(begin_m / 1000.0, 3),
                to_km=round(beyond_m / 1000.0, 3),
                speed_mps=max(speed, 0.1),
                ease_s=1.5,
            )
            shots.append(_next(shots, flight, lasts[number], "", ""))
        if number < len(chosen):
            climb = chosen[number]
            words = f"{climb.distance_m / 1000.0 - 0.05:.3f}"
            shots.append(_next(shots, ClimbSideCamera(words), _CLIMB_S, climb.name, _about(scene, climb)))
    finish = OrbitCamera(
        km=stage.route.finish_m / 1000.0, radius_m=700.0, pitch_deg=20.0, turn_s=90.0, start_deg=200.0
    )
    place = next(
        (each.name for each in reversed(stage.places) if each.kind.value == "finish"), stage_title(stage)
    )
    shots.append(_next(shots, finish, round(duration_s - shots[-1].end_s, 3), place, ""))
    return CameraTimeline(tuple(shots), name=stage.name)


@dataclass(frozen=True)
class PreviewCamera:
    """The stage preview of whatever stage is shown: see :func:`stage_preview`."""

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        return self.timeline(moment.scene).pose(moment)

    def timeline(self, scene: StageScene) -> CameraTimeline:
        """Return its shots for a stage."""
        return scene.memory.get("stage preview", None, lambda: stage_preview(scene))


@dataclass(frozen=True)
class SummitCamera:
    """Waits at a summit of whatever stage is shown: see :func:`summit_camera`."""

    climb: Words = ""

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        scene = moment.scene
        camera = scene.memory.get("summit", self.climb, lambda: summit_camera(scene, self.climb))
        return camera.pose(moment)


def as_timeline(camera: Camera, scene: StageScene, *, duration_s: float | None = None) -> CameraTimeline:
    """Return any camera as a timeline: its own shots, or one shot as long as its move.

    Parameters
    ----------
    camera : Camera
    scene : StageScene
    duration_s : float | None
        How long that one shot lasts; None: what the move itself says, 20 s where it goes on for ever.
    """
    if isinstance(camera, PreviewCamera):
        camera = camera.timeline(scene) if duration_s is None else stage_preview(scene, duration_s=duration_s)
    if isinstance(camera, CameraTimeline):
        return camera
    if isinstance(camera, SummitCamera):
        camera = summit_camera(scene, camera.climb)
    lasts_s = _lasts_s(camera, scene) if duration_s is None else duration_s
    return CameraTimeline((CameraShot(camera, 0.0, max(lasts_s, 0.1)),))


def _lasts_s(camera: Camera, scene: StageScene) -> float:
    if isinstance(camera, RoadCamera):
        return camera.duration_s(scene)
    if isinstance(camera, (KeyframeCamera, RecordedCamera)):
        return camera.duration_s
    if isinstance(camera, FlyToCamera):
        return camera.handover.duration_s
    if isinstance(camera, OrbitCamera) and camera.turns:
        return ramped_duration_s(length=abs(camera.turns), speed=1.0 / camera.turn_s, ease_s=camera.ease_s)
    return ENDLESS_S


def _next(shots: list[CameraShot], camera: Camera, lasts_s: float, title: str, subtitle: str) -> CameraShot:
    handover = Handover(min(_HANDOVER.duration_s, round(0.7 * lasts_s, 1)))
    return CameraShot(camera, round(shots[-1].end_s, 3), lasts_s, handover, title, subtitle)


def _hardness(climb: Place) -> tuple[int, float]:
    """Sort key: hors catégorie first, then by category, the highest first."""
    category = climb.category.upper()
    rank = 0 if category in ("H", "HC") else int(category) if category.isdecimal() else 9
    return rank, -climb.height_m


def _flights(scene: StageScene, climbs: list[Place]) -> list[tuple[float, float]]:
    """Return the stretches of road between climbs, (from, to) in road metres: one more than climbs."""
    feet = [foot_of(scene.stage, climb) for climb in climbs]
    ends = [*feet, scene.stage.route.finish_m]
    begins = [0.0, *(climb.distance_m for climb in climbs)]
    return [(begin, max(end, begin)) for begin, end in zip(begins, ends, strict=True)]


def _shared_out(room_s: float, lengths_m: list[float]) -> list[float]:
    """Share time out by the root of length, so that long flights are faster; too short ones get none."""
    roots = [math.sqrt(length) for length in lengths_m]
    while True:
        whole = sum(roots)
        lasts = [round(room_s * root / whole, 1) if whole else 0.0 for root in roots]
        short = [number for number, last in enumerate(lasts) if 0.0 < last < _LEAST_FLIGHT_S]
        if not short or len([root for root in roots if root]) == 1:
            return lasts
        roots[min(short, key=lambda number: lasts[number])] = 0.0


def _about(scene: StageScene, climb: Place) -> str:
    """Return a climb's category, length, average and height as one line, as far as they are known."""
    parts = [category_text(scene.theme, climb.category)]
    if math.isfinite(climb.length_m):
        parts.append(f"{climb.length_m / 1000.0:.1f} km")
    if math.isfinite(climb.average_gradient_percent):
        parts.append(f"{climb.average_gradient_percent:.1f} %")
    parts.append(f"{climb.height_m:.0f} m")
    return "  ·  ".join(part for part in parts if part)
