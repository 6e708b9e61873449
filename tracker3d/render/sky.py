"""The sky: a dome around the camera, and the haze that the ground fades into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import strip_faces, triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkRenderer

HAZE_RGB = (200, 214, 228)
_ELEVATIONS_DEG = (-90.0, -60.0, -32.0, -8.0, -1.0, 1.5, 7.0, 18.0, 40.0, 65.0, 90.0)
_COLOURS = (
    (112, 130, 150),
    (130, 148, 168),
    (166, 183, 201),
    (194, 209, 224),
    HAZE_RGB,
    (212, 224, 235),
    (178, 206, 231),
    (124, 172, 217),
    (76, 134, 192),
    (58, 114, 176),
    (48, 104, 168),
)
_SIDES = 24


class Sky:
    """A dome of coloured rings that stays around the eye, beyond everything else."""

    def __init__(self, renderer: VtkRenderer) -> None:
        elevation = np.radians(_ELEVATIONS_DEG)[:, None]
        turn = np.linspace(0.0, 2 * np.pi, _SIDES + 1)[None, :]
        level = np.cos(elevation)
        rings = np.stack([level * np.cos(turn), level * np.sin(turn), np.sin(elevation) + 0 * turn], -1)
        colours = np.repeat(np.array(_COLOURS, np.uint8), _SIDES + 1, axis=0)
        mapper = vtkPolyDataMapper()
        faces = strip_faces(len(_ELEVATIONS_DEG), _SIDES + 1)
        mapper.SetInputData(triangles(rings.reshape(-1, 3).astype(np.float32), faces, colours=colours))
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.ForceOpaqueOn()
        self._actor.UseBoundsOff()
        renderer.AddActor(self._actor)

    def surround(self, eye_m: NDArray[np.float64], radius_m: float) -> None:
        """Put the dome's centre where the eye is."""
        self._actor.SetPosition(*eye_m)
        self._actor.SetScale(radius_m)
