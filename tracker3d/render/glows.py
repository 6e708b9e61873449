"""Light on the road: all ribbons in one translucent actor, whose arrays are written in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import triangle_cells, triangles
from tracker3d.render.shading import GLOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkRenderer
    from tracker3d.scene.model import Glows


class GlowActor:
    """The glows of a frame in a renderer."""

    def __init__(self, renderer: VtkRenderer, shading: Shading) -> None:
        self._mapper = vtkPolyDataMapper()
        self._mapper.StaticOn()
        self._mapper.SetVBOShiftScaleMethod(0)
        self._ends = b""
        self._allocate(64)
        actor = vtkActor()
        actor.SetMapper(self._mapper)
        actor.GetProperty().LightingOff()
        actor.SetShaderProperty(shading.of(GLOW))
        actor.ForceTranslucentOn()
        actor.SetVisibility(False)
        renderer.AddActor(actor)
        self._actor = actor

    def _allocate(self, sections: int) -> None:
        self._points = np.zeros((sections, 4, 3), np.float32)
        self._rgba = np.zeros((sections, 4, 4), np.uint8)
        nothing = np.zeros((0, 3), np.int32)
        self._data = triangles(self._points.reshape(-1, 3), nothing, colours=self._rgba.reshape(-1, 4))
        self._arrays = self._data.GetPoints(), self._data.GetPointData().GetScalars(), self._data
        self._mapper.SetInputData(self._data)
        self._ends = b""

    def show(self, glows: Glows | None) -> None:
        """Draw these ribbons, or nothing."""
        self._actor.SetVisibility(glows is not None)
        if glows is None:
            return
        count = len(glows.points_m)
        if count > len(self._points):
            self._allocate(2 * count)
        self._points[:count] = glows.points_m
        self._rgba[:count] = glows.rgba
        ends = glows.ends.tobytes()
        if ends != self._ends:
            self._data.SetPolys(triangle_cells(_faces(glows.ends)))
            self._ends = ends
        for array in self._arrays:
            array.Modified()


def _faces(ends: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the triangles between rims and edges: strips of four columns without the middle one."""
    here = np.setdiff1d(np.arange(int(ends[-1]) - 1), ends - 1)
    quads = [
        np.stack([4 * here + left, 4 * here + left + 1, 4 * here + left + 5, 4 * here + left + 4], axis=1)
        for left in (0, 2)
    ]
    corners = np.concatenate(quads)
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]]).astype(np.int32)
