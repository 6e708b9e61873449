"""Riders and vehicles: instanced glyphs whose arrays are written in place, one call per part and frame."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkGlyph3DMapper

from tracker3d.render import shapes
from tracker3d.render.buffers import triangles, vtk_array
from tracker3d.render.layers import Layer, rider_bytes
from tracker3d.render.shading import STANDING_GLYPHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkRenderer
    from tracker3d.scene.model import RiderInstances

MARKER_SCALE = 3.0
"""From this scale on a rider is too far away to be seen as one, and a round marker is drawn."""
_BICYCLE_RGB = (30, 32, 38)
_SKIN_RGB = (214, 170, 140)
_WINDOW_RGB = (36, 40, 48)
_OUTLINE_RGB = (18, 20, 24)
_OUTLINE_GROWTH = 1.28
_SHADOW_ALPHA = 0.42


class _Glyphs:
    """Copies of one shape, each with its own place, heading, size, colour and opacity."""

    def __init__(
        self,
        renderer: VtkRenderer,
        shading: Shading,
        shape: shapes.Shape,
        *,
        rgb: tuple[int, int, int] | None = None,
        alpha: float = 1.0,
        lit: bool = True,
        inside_out: bool = False,
        growth: float = 1.0,
        plain: bool = False,
    ) -> None:
        self._rgb = None if plain else rgb
        self._alpha = alpha * 255.0
        self._growth = growth
        self._lift_m = shapes.RIDER_HEIGHT_M / 2 * (1.0 - growth)
        self._cloud = vtkPolyData()
        self._allocate(64)
        self._mapper = vtkGlyph3DMapper()
        self._mapper.SetSourceData(triangles(shape.points_m, shape.faces, normals=shape.normals))
        self._mapper.SetInputData(self._cloud)
        self._mapper.SetScaleModeToScaleByMagnitude()
        self._mapper.SetScaleArray("scale")
        self._mapper.SetOrientationModeToRotation()
        self._mapper.SetOrientationArray("orientation")
        self._mapper.SetScalarModeToUsePointFieldData()
        self._mapper.SelectColorArray("rgba")
        self._mapper.SetColorModeToDirectScalars()
        actor = vtkActor()
        actor.SetMapper(self._mapper)
        actor.SetShaderProperty(shading.of(STANDING_GLYPHS))
        actor.ForceOpaqueOn()
        actor.SetVisibility(False)
        surface = actor.GetProperty()
        surface.SetLighting(lit and not plain)
        surface.SetAmbient(1.0 if plain else 0.62)
        surface.SetDiffuse(0.0 if plain else 0.48)
        surface.SetBackfaceCulling(not inside_out)
        surface.SetFrontfaceCulling(inside_out)
        renderer.AddActor(actor)
        self._actor = actor

    def _allocate(self, capacity: int) -> None:
        self._points = np.zeros((capacity, 3), np.float32)
        self._rgba = np.zeros((capacity, 4), np.uint8)
        self._scale = np.zeros(capacity, np.float32)
        self._turn = np.zeros((capacity, 3), np.float32)
        places = vtkPoints()
        places.SetData(vtk_array(self._points))
        self._cloud.SetPoints(places)
        data = self._cloud.GetPointData()
        named: dict[str, NDArray[Any]] = {"rgba": self._rgba, "scale": self._scale, "orientation": self._turn}
        for name, values in named.items():
            data.AddArray(vtk_array(values, name=name))
        self._arrays = [places, *(data.GetArray(name) for name in named)]

    def place(self, riders: RiderInstances, chosen: NDArray[np.intp]) -> None:
        """Draw a copy for each of the rows ``chosen``."""
        count = len(chosen)
        self._actor.SetVisibility(count > 0)
        if not count:
            return
        if count > len(self._scale):
            self._allocate(2 * count)
        scale = riders.scale[chosen] * self._growth
        self._points[:count] = riders.positions_m[chosen]
        self._points[:count, 2] += riders.scale[chosen] * self._lift_m
        self._rgba[:count, :3] = riders.colours[chosen] if self._rgb is None else self._rgb
        self._rgba[:count, 3] = np.clip(riders.opacity[chosen], 0.0, 1.0) * self._alpha
        self._scale[:count] = scale
        self._turn[:count, 2] = -np.degrees(riders.heading_rad[chosen])
        self._scale[count:] = 0.0
        for array in self._arrays:
            array.Modified()
        self._cloud.Modified()


class RiderActors:
    """All riders and vehicles in a renderer.

    Parameters
    ----------
    renderer : vtkRenderer
    shading : Shading
    shown : Layer
        For :attr:`~tracker3d.render.layers.Layer.RIDERS` each is drawn in the colour that stands for him.
    """

    def __init__(self, renderer: VtkRenderer, shading: Shading, shown: Layer = Layer.FULL) -> None:
        glyphs = partial(_Glyphs, renderer, shading, plain=shown is Layer.RIDERS)
        self._shown = shown
        self._shadows = glyphs(shapes.shadow(), rgb=(0, 0, 0), alpha=_SHADOW_ALPHA, lit=False)
        self._cyclists = (
            glyphs(shapes.bicycle(), rgb=_BICYCLE_RGB),
            glyphs(shapes.skin(), rgb=_SKIN_RGB),
            glyphs(shapes.jersey()),
        )
        self._markers = (
            glyphs(shapes.marker(), rgb=_OUTLINE_RGB, lit=False, inside_out=True, growth=_OUTLINE_GROWTH),
            glyphs(shapes.marker()),
        )
        self._cars = (
            glyphs(shapes.car_dark(), rgb=_WINDOW_RGB),
            glyphs(shapes.car_body()),
            glyphs(shapes.car_roof()),
        )

    def place(self, riders: RiderInstances) -> None:
        """Draw ``riders``: cyclists near the camera, markers far from it; those without a place nowhere."""
        seen = np.isfinite(riders.positions_m).all(axis=1) & (riders.opacity > 0.0)
        far = riders.scale >= MARKER_SCALE
        cyclists = np.flatnonzero(seen & ~far & ~riders.vehicle)
        cars = np.flatnonzero(seen & ~far & riders.vehicle)
        markers = np.flatnonzero(seen & far)
        if self._shown is Layer.RIDERS:
            riders = dataclasses.replace(riders, colours=rider_bytes(riders.bibs))
        self._shadows.place(riders, cyclists[:0] if self._shown.matte else cyclists)
        for part in self._cyclists:
            part.place(riders, cyclists)
        for part in self._cars:
            part.place(riders, cars)
        for part in self._markers:
            part.place(riders, markers)
