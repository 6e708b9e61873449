"""Scenes to pictures: a view in a VTK render window, pictures without one, files and videos.

Importing this package loads neither VTK nor PyAV; that happens when something is drawn or encoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker3d.render.capability import require_opengl
from tracker3d.render.layers import Alpha, Layer, straight
from tracker3d.render.offscreen import Offscreen
from tracker3d.render.output import write_picture, write_video

if TYPE_CHECKING:
    from tracker3d.render.view import SceneView

__all__ = [
    "Alpha",
    "Layer",
    "Offscreen",
    "SceneView",
    "require_opengl",
    "straight",
    "write_picture",
    "write_video",
]


def __getattr__(name: str) -> Any:
    """Load the view, and VTK with it, when it is first asked for."""
    if name == "SceneView":
        from tracker3d.render.view import SceneView

        return SceneView
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
