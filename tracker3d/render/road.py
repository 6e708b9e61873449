"""The road: a ribbon on the ground near the camera, a line of a least width from afar.

The ribbon is in metres and lies on the ground; near the camera it is asphalt between bands in the
colour of the gradient, farther off it is all in that colour. A line with a casing, some pixels wide
wherever the camera is, keeps the road in the picture when it is edge-on or a hundred kilometres away.
In tunnels a faint dashed line shows where it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import strip_faces, triangles, vtk_array
from tracker3d.render.shading import (
    LINE_FRAME,
    ROAD_EDGE,
    ROAD_PLACE,
    road_line,
    road_surface,
    tunnel_line,
    use_road_arrays,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkActor, VtkPolyData, VtkRenderer, VtkShaderProperty
    from tracker3d.scene.model import RoadLine

    _Runs = list[tuple[int, int]]

WIDTH_M = 8.0
"""Of the ribbon, unless the scene says where its edges are."""
_EDGE_RGB = (28, 30, 34)
_CORE_PX = 3.4
_LINE_PX = 5.6
_TUNNEL_PX = 3.0
_TUNNEL_ALPHA = 130
_DASH_M, _GAP_M = 90.0, 60.0


class RoadActors:
    """The road in a renderer.

    Parameters
    ----------
    renderer : vtkRenderer
    shading : Shading
    road : RoadLine
    """

    def __init__(self, renderer: VtkRenderer, shading: Shading, road: RoadLine) -> None:
        self._renderer = renderer
        points = np.asarray(road.positions_m, float)
        along = directions(points)
        open_air = _runs(~road.hidden)
        left, right = edges(road, points, along)
        half = (right - left) / 2.0
        line = _lines(points, along, half, road.colours, open_air, core=_CORE_PX / _LINE_PX)
        self._add(line, shading.of(road_line(_LINE_PX)))
        surface = _ribbon(points, left, right, along, road.colours, road.distance_m, open_air)
        self._add(surface, shading.of(road_surface(_LINE_PX)))
        faint = np.concatenate([road.colours, np.full((len(points), 1), _TUNNEL_ALPHA, np.uint8)], axis=1)
        dashes = _dashes(road, _runs(road.hidden))
        dashed = _lines(points, along, 0.0 * half, faint, dashes)
        tunnel = self._add(dashed, shading.of(tunnel_line(_TUNNEL_PX)))
        tunnel.ForceOpaqueOff()
        tunnel.ForceTranslucentOn()

    def _add(self, data: VtkPolyData, shader: VtkShaderProperty) -> VtkActor:
        mapper = vtkPolyDataMapper()
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetInputData(data)
        use_road_arrays(mapper)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        actor.SetShaderProperty(shader)
        actor.ForceOpaqueOn()
        self._renderer.AddActor(actor)
        return actor


def directions(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors (n, 3) along the line through ``points`` (n, 3)."""
    if len(points) < 2:
        return np.tile([0.0, 1.0, 0.0], (len(points), 1))
    along = np.gradient(points, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    return np.where(length > 1e-9, along / np.maximum(length, 1e-9), [0.0, 1.0, 0.0])


def edges(
    road: RoadLine, points: NDArray[np.float64], along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the left and right edges (n, 3), as the scene has laid them on the ground where it has."""
    if road.left_m is not None and road.right_m is not None:
        return np.asarray(road.left_m, float), np.asarray(road.right_m, float)
    across = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=-1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return points - across * WIDTH_M / 2, points + across * WIDTH_M / 2


def _runs(mask: NDArray[np.bool_]) -> _Runs:
    """Return (first, last + 1) of each run of true samples, reaching one sample into the next run."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), min(int(b) + 1, len(mask))) for a, b in steps.reshape(-1, 2)]


def _dashes(road: RoadLine, runs: _Runs) -> _Runs:
    """Cut runs into dashes."""
    found = []
    for first, last in runs:
        along = road.distance_m[first:last]
        starts = np.arange(along[0], along[-1], _DASH_M + _GAP_M)
        for start in starts:
            a, b = np.searchsorted(along, [start, start + _DASH_M])
            found.append((first + int(a), max(first + int(b), first + int(a) + 2)))
    return [(a, min(b, len(road.distance_m))) for a, b in found if a + 1 < len(road.distance_m)]


def _pieces(runs: _Runs, columns: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return which samples make the rows of a strip cut into runs, and its triangles."""
    rows = np.concatenate([np.arange(a, b) for a, b in runs]) if runs else np.zeros(0, np.intp)
    starts = np.cumsum([0] + [b - a for a, b in runs])
    faces = [
        strip_faces(b - a, columns) + first * columns for (a, b), first in zip(runs, starts[:-1], strict=True)
    ]
    return rows, np.concatenate(faces).astype(np.int32) if faces else np.zeros((0, 3), np.int32)


def _lines(
    points: NDArray[np.float64],
    along: NDArray[np.float64],
    half: NDArray[np.float64],
    colours: NDArray[np.uint8],
    runs: _Runs,
    *,
    core: float = 1.0,
) -> VtkPolyData:
    """Return strips of no width that the line shader widens on the screen, dark outside ``core``."""
    sides = np.array([-1.0, 1.0] if core >= 1.0 else [-1.0, -core, -core, core, core, 1.0], np.float32)
    count = len(sides)
    rows, faces = _pieces(runs, count)
    frame = np.empty((len(rows), count, 4), np.float32)
    frame[..., :3] = along[rows, None]
    frame[..., 3] = sides
    shade = np.empty((len(rows), count, colours.shape[1]), np.uint8)
    shade[:] = colours[rows, None]
    if count > 2:
        shade[:, [0, 1, 4, 5]] = _EDGE_RGB
    places = np.repeat(points[rows].astype(np.float32), count, axis=0)
    data = triangles(places, faces, colours=shade.reshape(len(places), colours.shape[1]))
    _attach(data, frame, half[rows])
    return data


def _ribbon(
    points: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    along: NDArray[np.float64],
    colours: NDArray[np.uint8],
    distance_m: NDArray[np.float64],
    runs: _Runs,
) -> VtkPolyData:
    """Return the road's surface, which the surface shader paints."""
    rows, faces = _pieces(runs, 3)
    across = np.stack([left, points, right], axis=1)[rows]
    half_m = np.linalg.norm(right - left, axis=1)[rows] / 2.0
    place = np.empty((len(rows), 3, 3), np.float32)
    place[..., 0] = half_m[:, None] * np.array([-1.0, 0.0, 1.0])
    place[..., 1] = distance_m[rows, None]
    place[..., 2] = half_m[:, None]
    frame = np.zeros((len(rows), 3, 4), np.float32)
    frame[..., :3] = along[rows, None]
    places = np.ascontiguousarray(across.reshape(-1, 3), np.float32)
    data = triangles(places, faces, colours=np.repeat(colours[rows], 3, axis=0))
    _attach(data, frame, ((right - left) / 2.0)[rows])
    data.GetPointData().AddArray(vtk_array(place.reshape(-1, 3), name=ROAD_PLACE))
    return data


def _attach(data: VtkPolyData, frame: NDArray[np.float32], half: NDArray[np.float64]) -> None:
    """Attach what the road's shaders need: line frames (rows, columns, 4) and half widths (rows, 3)."""
    edge = np.repeat(half.astype(np.float32), frame.shape[1], axis=0)
    data.GetPointData().AddArray(vtk_array(frame.reshape(-1, 4), name=LINE_FRAME))
    data.GetPointData().AddArray(vtk_array(edge, name=ROAD_EDGE))
