"""What every sink draws: a stage as a scene, and one moment of a race as a frame of plain arrays."""

from tracker3d.scene.build import ROAD_WIDTH_M, build_scene
from tracker3d.scene.camera import Camera, FixedCamera, parse_camera
from tracker3d.scene.frame import frame_at
from tracker3d.scene.model import (
    ALL_OVERLAYS,
    NO_OVERLAYS,
    USUAL_OVERLAYS,
    CameraPose,
    FrameState,
    Gate,
    GateKind,
    Overlay,
    Panel,
    RiderInstances,
    RoadLine,
    Sprites,
    StageScene,
    parse_overlays,
)
from tracker3d.scene.projection import project
from tracker3d.scene.style import Theme, choose_theme, default_theme, load_theme
from tracker3d.scene.tags import group_titles

__all__ = [
    "ALL_OVERLAYS",
    "NO_OVERLAYS",
    "ROAD_WIDTH_M",
    "USUAL_OVERLAYS",
    "Camera",
    "CameraPose",
    "FixedCamera",
    "FrameState",
    "Gate",
    "GateKind",
    "Overlay",
    "Panel",
    "RiderInstances",
    "RoadLine",
    "Sprites",
    "StageScene",
    "Theme",
    "build_scene",
    "choose_theme",
    "default_theme",
    "frame_at",
    "group_titles",
    "load_theme",
    "parse_camera",
    "parse_overlays",
    "project",
]
