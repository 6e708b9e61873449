"""Cameras: from a few words, or from a timeline of shots, to a pose for every frame.

A pose is a function of the scene, the race, its time and the wall time of the move alone, never of the frame
before: any frame can be made by itself, in any order, and a video and a window show the same.
"""

from tracker3d.scene.camera.easing import Ease
from tracker3d.scene.camera.flight import FlyToCamera, RoadCamera
from tracker3d.scene.camera.follow import (
    ChaseCamera,
    OrbitCamera,
    OverheadCamera,
    Upward,
    all_along_road,
    along_road,
)
from tracker3d.scene.camera.framed import (
    FOV_DEG,
    ClimbCamera,
    ClimbSideCamera,
    FinishCamera,
    FixedCamera,
    OverviewCamera,
    Side,
)
from tracker3d.scene.camera.handover import Handover, HandoverCamera
from tracker3d.scene.camera.keyframes import Keyframe, KeyframeCamera, RecordedCamera
from tracker3d.scene.camera.moment import Camera, Clock, Moment
from tracker3d.scene.camera.presets import as_timeline, helicopter, moto, stage_preview, summit_camera
from tracker3d.scene.camera.timeline import CameraShot, CameraTimeline
from tracker3d.scene.camera.words import parse_camera

__all__ = [
    "FOV_DEG",
    "Camera",
    "CameraShot",
    "CameraTimeline",
    "ChaseCamera",
    "ClimbCamera",
    "ClimbSideCamera",
    "Clock",
    "Ease",
    "FinishCamera",
    "FixedCamera",
    "FlyToCamera",
    "Handover",
    "HandoverCamera",
    "Keyframe",
    "KeyframeCamera",
    "Moment",
    "OrbitCamera",
    "OverheadCamera",
    "OverviewCamera",
    "RecordedCamera",
    "RoadCamera",
    "Side",
    "Upward",
    "all_along_road",
    "along_road",
    "as_timeline",
    "helicopter",
    "moto",
    "parse_camera",
    "stage_preview",
    "summit_camera",
]
