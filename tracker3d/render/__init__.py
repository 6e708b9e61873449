"""Scenes to pictures: a view in a VTK render window, pictures without one, files and videos.

Importing this package loads neither VTK nor PyAV; that happens when something is drawn or encoded.
"""

from __future__ import annotations

from tracker3d.render.capability import require_opengl
from tracker3d.render.offscreen import Offscreen, straight
from tracker3d.render.output import write_picture, write_video

__all__ = ["Offscreen", "require_opengl", "straight", "write_picture", "write_video"]
