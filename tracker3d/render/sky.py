"""The sky: a dome around the camera in the colours of the ground's look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import strip_faces, triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Atmosphere
    from tracker3d.render.vtk_types import VtkRenderer

_SIDES = 24


class Sky:
    """A dome of coloured rings that stays around the eye, beyond everything else."""

    def __init__(self, renderer: VtkRenderer, air: Atmosphere) -> None:
        elevation = np.radians([height_deg for height_deg, _ in air.sky])[:, None]
        turn = np.linspace(0.0, 2 * np.pi, _SIDES + 1)[None, :]
        level = np.cos(elevation)
        rings = np.stack([level * np.cos(turn), level * np.sin(turn), np.sin(elevation) + 0 * turn], -1)
        colours = np.repeat(np.array([colour for _, colour in air.sky], np.uint8), _SIDES + 1, axis=0)
        mapper = vtkPolyDataMapper()
        faces = strip_faces(len(air.sky), _SIDES + 1)
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
