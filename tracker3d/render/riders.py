"""Riders and vehicles: instanced glyphs whose arrays are written in place, one call for all of a kind."""

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
from tracker3d.render.shading import STANDING_GLYPHS, painted_glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.shading import Layer as Shaded
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
_SHADOW_ALPHA = 107.0 / 255.0
_ROOM = 16
_DEGREES = 180.0 / np.pi
_OWN, _BICYCLE, _SKIN, _SHADOW, _WINDOW = 1, 2, 3, 4, 5
"""Parts of a figure: in its own colour, and in those of :data:`_PAINTS`, in this order."""
_PAINTS = tuple(
    (red / 255.0, green / 255.0, blue / 255.0, opacity)
    for (red, green, blue), opacity in (
        (_BICYCLE_RGB, 1.0),
        (_SKIN_RGB, 1.0),
        ((0, 0, 0), _SHADOW_ALPHA),
        (_WINDOW_RGB, 1.0),
    )
)


class _Glyphs:
    """Copies of one shape, each with its own place, heading, size, colour and opacity."""

    def __init__(
        self,
        renderer: VtkRenderer,
        shading: Shading,
        shape: shapes.Shape,
        *,
        layer: Shaded = STANDING_GLYPHS,
        rgb: tuple[int, int, int] | None = None,
        lit: bool = True,
        inside_out: bool = False,
        growth: float = 1.0,
        plain: bool = False,
    ) -> None:
        self._rgb = None if plain else rgb
        self._growth = growth
        self._lift_m = shapes.RIDER_HEIGHT_M / 2 * (1.0 - growth)
        self._cloud = vtkPolyData()
        self._allocate(_ROOM)
        self._mapper = vtkGlyph3DMapper()
        self._mapper.StaticOn()
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
        actor.SetShaderProperty(shading.of(layer))
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

    def place(self, riders: RiderInstances, chosen: NDArray[np.intp]) -> None:
        """Draw a copy for each of the rows ``chosen``."""
        count = len(chosen)
        self._actor.SetVisibility(count > 0)
        if not count:
            return
        if not count <= len(self._scale) < count + 2 * _ROOM:  # VTK takes its time for those of no size too
            self._allocate(count + _ROOM)
        scale = riders.scale[chosen]
        self._points[:count] = riders.positions_m[chosen]
        if self._lift_m:
            self._points[:count, 2] += scale * self._lift_m
        self._rgba[:count, :3] = riders.colours[chosen] if self._rgb is None else self._rgb
        self._rgba[:count, 3] = np.minimum(riders.opacity[chosen], 1.0) * 255.0
        np.multiply(scale, self._growth, out=self._scale[:count])
        np.multiply(riders.heading_rad[chosen], -_DEGREES, out=self._turn[:count, 2])
        self._scale[count:] = 0.0
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
        plain = shown is Layer.RIDERS
        glyphs = partial(_Glyphs, renderer, shading, plain=plain)
        self._shown = shown
        figures = partial(glyphs, layer=STANDING_GLYPHS if plain else painted_glyphs(*_PAINTS))
        shadow = () if shown.matte else ((shapes.shadow(), _SHADOW),)
        self._cyclists = figures(
            shapes.joined(
                *shadow, (shapes.bicycle(), _BICYCLE), (shapes.skin(), _SKIN), (shapes.jersey(), _OWN)
            )
        )
        self._markers = (
            glyphs(shapes.marker(), rgb=_OUTLINE_RGB, lit=False, inside_out=True, growth=_OUTLINE_GROWTH),
            glyphs(shapes.marker()),
        )
        self._cars = figures(
            shapes.joined((shapes.car_dark(), _WINDOW), (shapes.car_body(), _OWN), (shapes.car_roof(), _OWN))
        )

    def place(self, riders: RiderInstances) -> None:
        """Draw ``riders``: cyclists near the camera, markers far from it; those without a place nowhere."""
        seen = np.isfinite(riders.positions_m).all(axis=1) & (riders.opacity > 0.0)
        far = riders.scale >= MARKER_SCALE
        if self._shown is Layer.RIDERS:
            riders = dataclasses.replace(riders, colours=rider_bytes(riders.bibs))
        near = seen & ~far
        self._cyclists.place(riders, np.flatnonzero(near & ~riders.vehicle))
        self._cars.place(riders, np.flatnonzero(near & riders.vehicle))
        markers = np.flatnonzero(seen & far)
        for part in self._markers:
            part.place(riders, markers)
