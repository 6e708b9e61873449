"""Cameras as commands are given them: in words, or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from tracker3d.scene import Camera, StageScene


def open_camera(source: str, scene: StageScene) -> Camera:
    """Return the camera of words, or of a file of shots that ends in .toml, .glb or .gltf."""
    from tracker3d.scene import parse_camera

    path = Path(source)
    return open_shots(path, scene) if path.suffix.lower() in _KINDS else parse_camera(source)


def open_shots(path: Path, scene: StageScene) -> Camera:
    """Return the camera of a file of shots."""
    from tracker3d.export import import_camera
    from tracker3d.scene.camera.shots_file import read_shots

    if path.suffix.lower() not in _KINDS:
        raise InputError(f"{path} is no file of shots; give one that ends in .toml, .glb or .gltf.")
    return read_shots(path) if path.suffix.lower() == ".toml" else import_camera(path, scene=scene)


_KINDS = (".toml", ".glb", ".gltf")
