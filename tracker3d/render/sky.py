"""The sky: a dome around the camera in the colours of the ground's look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import strip_faces, triangles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Atmosphere
    from tracker3d.render.vtk_types import VtkRenderer

_SIDES = 24
_RING_DEG = 2.5
_FINISH = "//VTK::TCoord::Impl"
_DITHERED = """
    // interleaved gradient noise (Jimenez, 2014), half a step of eight bits to either side: no bands
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    gl_FragData[0].rgb += (grain - 0.5) / 255.0;
"""


class Sky:
    """A dome of coloured rings that stays around the eye, beyond everything else."""

    def __init__(self, renderer: VtkRenderer, air: Atmosphere) -> None:
        rings_deg, ring_colours = _rings(air)
        elevation = np.radians(rings_deg)[:, None]
        turn = np.linspace(0.0, 2 * np.pi, _SIDES + 1)[None, :]
        level = np.cos(elevation)
        rings = np.stack([level * np.cos(turn), level * np.sin(turn), np.sin(elevation) + 0 * turn], -1)
        colours = np.repeat(ring_colours, _SIDES + 1, axis=0)
        mapper = vtkPolyDataMapper()
        mapper.StaticOn()
        faces = strip_faces(len(rings_deg), _SIDES + 1)
        mapper.SetInputData(triangles(rings.reshape(-1, 3).astype(np.float32), faces, colours=colours))
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.ForceOpaqueOn()
        self._actor.GetShaderProperty().AddFragmentShaderReplacement(
            _FINISH, True, _FINISH + _DITHERED, False
        )
        self._actor.UseBoundsOff()
        renderer.AddActor(self._actor)

    def surround(self, eye_m: NDArray[np.float64], radius_m: float) -> None:
        """Put the dome's centre where the eye is."""
        self._actor.SetPosition(*eye_m)
        self._actor.SetScale(radius_m)


def _rings(air: Atmosphere) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Heights and colours of the dome's rings: a monotone cubic through the look's colours, without edges."""
    at_deg = [height_deg for height_deg, _ in air.sky]
    rings_deg = np.linspace(-90.0, 90.0, round(180.0 / _RING_DEG) + 1)
    colours = PchipInterpolator(at_deg, np.array([colour for _, colour in air.sky], float))(rings_deg)
    return rings_deg, np.rint(colours).astype(np.uint8)
