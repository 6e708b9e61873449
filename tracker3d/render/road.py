"""The road: a ribbon on the ground near the camera, a line of a least width from afar.

The ribbon is in metres and lies on the ground; near the camera it is asphalt between bands in the
colour of the gradient, farther off it is all in that colour. A line with a casing, some pixels wide
wherever the camera is, keeps the road in the picture when it is edge-on or a hundred kilometres away.
In tunnels a faint dashed line shows where it goes.

All vertices stay with the graphics processor; which triangles over them are drawn depends on where the camera
is. The surface is left out where the line hides it, and the line is thinned from afar
(:mod:`tracker3d.render.pieces`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import strip_faces, triangle_cells, triangles, vtk_array
from tracker3d.render.pieces import Pieces, cut, levels, metres_per_pixel, thinned
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
_CORE_PX = 3.4
_LINE_PX = 5.6
_TUNNEL_PX = 3.0
_TUNNEL_ALPHA = 130
_DASH_M, _GAP_M = 90.0, 60.0
_ERRORS_M = (0.0, 0.4, 2.0, 10.0)
"""Of the levels of the line, in each direction."""
_SURFACE_FROM = 0.85
"""Half width of the surface over that of the line from which it is drawn; 1 is where it comes out."""


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
        self._pieces = cut(open_air, road.distance_m, left, right)
        self._line, self._line_faces = _levels(road, points, along, half, self._pieces)
        self._line_actor = self._add(self._line, shading.of(road_line(_LINE_PX, core=_CORE_PX / _LINE_PX)))
        self._surface = _ribbon(points, left, right, along, road.colours, road.distance_m)
        self._surface_faces = [
            strip_faces(last - first + 1, 3) + 3 * first
            for first, last in zip(self._pieces.first.tolist(), self._pieces.last.tolist(), strict=True)
        ]
        self._surface_actor = self._add(self._surface, shading.of(road_surface(_LINE_PX)))
        self._shown: tuple[bytes, bytes] = (b"", b"")
        faint = np.concatenate([road.colours, np.full((len(points), 1), _TUNNEL_ALPHA, np.uint8)], axis=1)
        rows, faces = _strips(_dashes(road, _runs(road.hidden)))
        dashed = _lines(points[rows], along[rows], 0.0 * half[rows], faint[rows], faces)
        tunnel = self._add(dashed, shading.of(tunnel_line(_TUNNEL_PX)))
        tunnel.ForceOpaqueOff()
        tunnel.ForceTranslucentOn()

    def see_from(
        self, eye_m: NDArray[np.float64], *, pixel_angle: float, slant: float, line_scale: float
    ) -> None:
        """Draw each piece as finely as it can be seen.

        Parameters
        ----------
        eye_m : (3,) float64
        pixel_angle, slant : float
            See :func:`tracker3d.render.pieces.metres_per_pixel`.
        line_scale : float
            Factor on the width of lines.
        """
        pixel_m = metres_per_pixel(self._pieces.away_m(eye_m), pixel_angle, slant)
        level = levels(pixel_m, _ERRORS_M)
        near = self._pieces.half_m > _SURFACE_FROM * _LINE_PX / 2.0 * line_scale * pixel_m
        shown = level.tobytes(), near.tobytes()
        if shown[0] != self._shown[0]:
            faces = [self._line_faces[one][piece] for piece, one in enumerate(level.tolist())]
            _draw(self._line, self._line_actor, faces)
        if shown[1] != self._shown[1]:
            faces = [self._surface_faces[piece] for piece in np.flatnonzero(near)]
            _draw(self._surface, self._surface_actor, faces)
        self._shown = shown

    def _add(self, data: VtkPolyData, shader: VtkShaderProperty) -> VtkActor:
        mapper = vtkPolyDataMapper()
        mapper.StaticOn()
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


def _draw(data: VtkPolyData, actor: VtkActor, faces: list[NDArray[np.int32]]) -> None:
    """Show these triangles over the points of ``data``, or nothing."""
    actor.SetVisibility(bool(faces))
    if faces:
        data.SetPolys(triangle_cells(np.concatenate(faces)))


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


def on_surface(
    road: RoadLine, distance_m: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return points (..., 3) on the surface as drawn; ``across`` is -1 at the left edge, 1 at the right."""
    middle = np.asarray(road.positions_m, float)
    left, right = edges(road, middle, directions(middle))

    def at(line: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([np.interp(distance_m, road.distance_m, line[:, k]) for k in range(3)], axis=-1)

    here, to_edge = at(middle), np.where(across[..., None] < 0.0, at(left), at(right))
    return here + np.abs(across)[..., None] * (to_edge - here)


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


def _strips(runs: _Runs) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return which samples make the rows of a line cut into runs, and its triangles."""
    rows = np.concatenate([np.arange(a, b) for a, b in runs]) if runs else np.zeros(0, np.intp)
    starts = np.cumsum([0] + [b - a for a, b in runs])
    faces = [strip_faces(b - a, 2) + 2 * first for (a, b), first in zip(runs, starts[:-1], strict=True)]
    return rows, np.concatenate(faces).astype(np.int32) if faces else np.zeros((0, 3), np.int32)


def _levels(
    road: RoadLine,
    points: NDArray[np.float64],
    along: NDArray[np.float64],
    half: NDArray[np.float64],
    pieces: Pieces,
) -> tuple[VtkPolyData, list[list[NDArray[np.int32]]]]:
    """Return the vertices of the line at all levels, and the triangles of each level's pieces."""
    ends = np.zeros(len(points), bool)
    ends[[0, -1]] = ends[pieces.first] = ends[pieces.last] = True
    rows: list[NDArray[np.intp]] = []
    aims: list[NDArray[np.float64]] = []
    faces: list[list[NDArray[np.int32]]] = []
    for error_m in _ERRORS_M:
        kept = (
            thinned(points, road.colours, road.distance_m, ends, error_m) if error_m else ~road.hidden | ends
        )
        nodes = np.flatnonzero(kept)
        start = sum(map(len, rows))
        first, last = np.searchsorted(nodes, pieces.first), np.searchsorted(nodes, pieces.last)
        spans = zip(first.tolist(), last.tolist(), strict=True)
        faces.append([strip_faces(b - a + 1, 2) + 2 * (start + a) for a, b in spans])
        rows.append(nodes)
        aims.append(np.where(ends[nodes, None], along[nodes], _bisectors(points[nodes])))
    nodes = np.concatenate(rows)
    every = np.zeros((0, 3), np.int32)
    line = _lines(points[nodes], np.concatenate(aims), half[nodes], road.colours[nodes], every)
    return line, faces


def _bisectors(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors (n, 3) half way between the directions before and after each point."""
    steps = np.diff(points, axis=0, prepend=points[:1], append=points[-1:])
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
    both = steps[:-1] + steps[1:]
    both /= np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return both


def _lines(
    points: NDArray[np.float64],
    along: NDArray[np.float64],
    half: NDArray[np.float64],
    colours: NDArray[np.uint8],
    faces: NDArray[np.int32],
) -> VtkPolyData:
    """Return strips of no width, two vertices for each point, that the line shader widens on the screen."""
    frame = np.empty((len(points), 2, 4), np.float32)
    frame[..., :3] = along[:, None]
    frame[..., 3] = (-1.0, 1.0)
    places = np.repeat(points.astype(np.float32), 2, axis=0)
    data = triangles(places, faces, colours=np.repeat(colours, 2, axis=0))
    _attach(data, frame, half)
    return data


def _ribbon(
    points: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    along: NDArray[np.float64],
    colours: NDArray[np.uint8],
    distance_m: NDArray[np.float64],
) -> VtkPolyData:
    """Return the points of the road's surface, three abreast, which the surface shader paints."""
    count = len(points)
    across = np.stack([left, points, right], axis=1)
    half_m = np.linalg.norm(right - left, axis=1) / 2.0
    place = np.empty((count, 3, 3), np.float32)
    place[..., 0] = half_m[:, None] * np.array([-1.0, 0.0, 1.0])
    place[..., 1] = distance_m[:, None]
    place[..., 2] = half_m[:, None]
    frame = np.zeros((count, 3, 4), np.float32)
    frame[..., :3] = along[:, None]
    places = np.ascontiguousarray(across.reshape(-1, 3), np.float32)
    data = triangles(places, np.zeros((0, 3), np.int32), colours=np.repeat(colours, 3, axis=0))
    _attach(data, frame, (right - left) / 2.0)
    data.GetPointData().AddArray(vtk_array(place.reshape(-1, 3), name=ROAD_PLACE))
    return data


def _attach(data: VtkPolyData, frame: NDArray[np.float32], half: NDArray[np.float64]) -> None:
    """Attach what the road's shaders need: line frames (rows, columns, 4) and half widths (rows, 3)."""
    edge = np.repeat(half.astype(np.float32), frame.shape[1], axis=0)
    data.GetPointData().AddArray(vtk_array(frame.reshape(-1, 4), name=LINE_FRAME))
    data.GetPointData().AddArray(vtk_array(edge, name=ROAD_EDGE))
