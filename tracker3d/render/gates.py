"""Arches across the road at the start, sprints, summits, the last kilometre and the finish."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import merged, triangles, vtk_array
from tracker3d.render.road import on_surface
from tracker3d.render.shading import SIGN_PLACE, SIGNS
from tracker3d.render.textures import ImageTexture
from tracker3d.scene.model import GateKind
from tracker3d.scene.style import font

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkRenderer
    from tracker3d.scene.model import Gate, RoadLine

    _Painted = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.float32] | None]
    """Points, triangles, colours, and for a banner where its picture lies, 0 to 1."""

HALF_WIDTH_M = 5.6
HEIGHT_M = 7.4
_BEAM_M = 2.1
_PYLON_M = 0.8
_LEAST_PX = 26.0
_BANNER_PX = (1024, 188)
_CELL_PX = 256
_ATLAS_ROWS = 16
_WHITE_UV = (1.0 / 64.0, 63.0 / 64.0)
_CHEQUER_PX = 17
_CHEQUER_RGB = ((18, 20, 24), (250, 250, 250))
_LINE_COLUMNS, _LINE_ROWS, _LINE_CELL_M = 16, 3, 0.5
_LINE_ABOVE_M = 0.04
_PENNANT_RGB = (206, 14, 28)
_LIGHT = {"x": 0.72, "-x": 0.72, "y": 0.84, "-y": 0.94, "z": 1.0}


class GateActors:
    """The arches in a renderer, as one actor; from afar they grow, so that they stay in the picture."""

    def __init__(
        self, renderer: VtkRenderer, shading: Shading, gates: Iterable[Gate], road: RoadLine
    ) -> None:
        gates = tuple(gates)
        self._places = np.array([gate.position_m for gate in gates], float).reshape(-1, 3)
        if not gates:
            return
        atlas, corners = _atlas([banner(gate) for gate in gates])
        parts = [part for gate, box in zip(gates, corners, strict=True) for part in _parts(gate, box, road)]
        points, faces = merged([(part.points, part.faces) for part in parts])
        colours = np.concatenate([part.colours for part in parts])
        data = triangles(points, faces, colours=colours, uv=np.concatenate([part.uv for part in parts]))
        places = np.concatenate([np.tile(part.place, (len(part.points), 1)) for part in parts])
        data.GetPointData().AddArray(vtk_array(places.astype(np.float32), name=SIGN_PLACE))
        mapper = vtkPolyDataMapper()
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetInputData(data)
        mapper.StaticOn()
        mapper.MapDataArrayToVertexAttribute(SIGN_PLACE, SIGN_PLACE, 0, -1)
        self._texture = ImageTexture(mipmap=True)
        self._texture.upload(atlas)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.SetTexture(self._texture.texture)
        actor.GetProperty().LightingOff()
        actor.SetShaderProperty(shading.of(SIGNS))
        actor.ForceOpaqueOn()
        renderer.AddActor(actor)

    def nearest_m(self, eye_m: NDArray[np.float64]) -> float:
        """Return the distance from ``eye_m`` to the nearest arch, less its size."""
        if not len(self._places):
            return float("inf")
        away_m = self._places - eye_m
        return math.sqrt(float((away_m * away_m).sum(axis=1).min())) - 2.0 * HALF_WIDTH_M


def growth_angle(pixel_angle: float, height_px: int) -> float:
    """Return the size of an arch over its distance at which it begins to grow, for pictures so high.

    ``pixel_angle`` is the width of a pixel at a distance of 1 m.
    """
    return _LEAST_PX * (height_px / 1080.0) * pixel_angle / HEIGHT_M


@dataclass(frozen=True)
class _Part:
    """Triangles about the foot of a gate at ``place``, turned with the road; ``uv`` in the atlas."""

    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    uv: NDArray[np.float32]
    place: NDArray[np.float32]


def _atlas(banners: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Lay the banners below each other, and white on top; returns where each is, (2, 2): low and high uv.

    What is beside a banner repeats its edge, so that nothing of its neighbour shows in it from afar.
    """
    width, height = _BANNER_PX
    columns = -(-(len(banners) + 1) // _ATLAS_ROWS)
    rows = -(-(len(banners) + 1) // columns)
    above = (_CELL_PX - height) // 2
    image = np.full((rows * _CELL_PX, columns * width, 3), 255, np.uint8)
    size = np.array([columns * width, rows * _CELL_PX], np.float32)
    places = []
    for number, one in enumerate(banners, start=1):
        column, row = divmod(number, rows)
        top, left = row * _CELL_PX, column * width
        padded = np.pad(one, ((above, _CELL_PX - height - above), (0, 0), (0, 0)), mode="edge")
        image[top : top + _CELL_PX, left : left + width] = padded
        low = np.array([left, size[1] - top - above - height], np.float32)
        places.append(np.stack([low, low + np.array(_BANNER_PX, np.float32)]) / size)
    return image, places


def _parts(gate: Gate, box: NDArray[np.float32], road: RoadLine) -> list[_Part]:
    """Return all that a gate is made of; ``box`` is where its banner is in the atlas."""
    sine, cosine = math.sin(gate.heading_rad), math.cos(gate.heading_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])

    def part(shape: _Painted, *, turned: bool = True) -> _Part:
        points, faces, colours, uv = shape
        place = box[0] + uv * (box[1] - box[0]) if uv is not None else np.full((len(points), 2), _WHITE_UV)
        return _Part(
            (points @ turn if turned else points).astype(np.float32),
            faces.astype(np.int32),
            colours,
            place.astype(np.float32),
            gate.position_m,
        )

    parts = [part(_arch(gate)), part(_banners())]
    if gate.kind is GateKind.LAST_KM:
        parts.append(part(_pennant()))
    if gate.kind is GateKind.FINISH:
        parts.append(part(_finish_line(gate, road), turned=False))
    return parts


def banner(gate: Gate) -> NDArray[np.uint8]:
    """Return the picture on an arch (h, w, 3): its title on the gate's colour.

    The finish has chequers above and below its title, a summit the dots of the mountain classification.
    """
    width, height = _BANNER_PX
    image = Image.new("RGB", _BANNER_PX, gate.colour_rgb)
    pen = ImageDraw.Draw(image)
    red, green, blue = gate.colour_rgb
    ink = (22, 24, 28) if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else (255, 255, 255)
    title, size, room = gate.title, 128, width - 80
    if gate.kind is GateKind.FINISH:
        title, size = title.upper(), 112
        _chequer(pen)
    if gate.kind is GateKind.CLIMB:
        size, room = 112, width - 260
    while size > 40 and font(size, "Bold").getlength(title) > room:
        size -= 4
    if gate.kind is GateKind.CLIMB:
        _dot(pen, gate.colour_rgb, font(size, "Bold").getlength(title) / 2.0 + 30.0)
    pen.text((width / 2, height / 2 - 4), title, font=font(size, "Bold"), fill=ink, anchor="mm")
    return np.asarray(image)


def _chequer(pen: ImageDraw.ImageDraw) -> None:
    """Draw two rows of squares along both edges."""
    width, height = _BANNER_PX
    for row, top in enumerate((0, _CHEQUER_PX, height - 2 * _CHEQUER_PX, height - _CHEQUER_PX)):
        for column in range(-(-width // _CHEQUER_PX)):
            shade = _CHEQUER_RGB[(row + column) % 2]
            left = column * _CHEQUER_PX
            pen.rectangle((left, top, left + _CHEQUER_PX - 1, top + _CHEQUER_PX - 1), fill=shade)


def _dot(pen: ImageDraw.ImageDraw, dots_rgb: tuple[int, int, int], half_title_px: float) -> None:
    """Draw dots on white on both sides of the title."""
    width, height = _BANNER_PX
    step = 66.0
    for side in (-1.0, 1.0):
        inner = width / 2 + side * half_title_px
        pen.rectangle(
            (min(inner, (1 + side) * width / 2), 0, max(inner, (1 + side) * width / 2), height),
            fill=(250, 250, 250),
        )
        count = int((width / 2 - half_title_px) / (0.866 * step)) + 1
        for column in range(count):
            x = inner + side * (0.5 * step + 0.866 * step * column)
            for row in range(-1, 4):
                y = step * (row + 0.5 * (column % 2) + 0.42)
                if abs(x - inner) > 0.4 * step:
                    pen.ellipse(
                        (x - 0.29 * step, y - 0.29 * step, x + 0.29 * step, y + 0.29 * step), fill=dots_rgb
                    )


def _arch(gate: Gate) -> _Painted:
    """Return two pylons and the beam over the road, light baked in."""
    w, h, d = HALF_WIDTH_M, HEIGHT_M, _PYLON_M
    boxes = [
        ((-w, -d / 2, -0.4), (-w + d, d / 2, h - _BEAM_M)),
        ((w - d, -d / 2, -0.4), (w, d / 2, h - _BEAM_M)),
        ((-w, -d / 2, h - _BEAM_M), (w, d / 2, h)),
    ]
    points, colours = [], []
    for low, high in boxes:
        for corners, light in _sides(low, high):
            points += corners
            colours += [np.array(gate.colour_rgb) * light] * 4
    faces = (np.arange(len(points) // 4)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return np.array(points), faces, np.array(colours).astype(np.uint8), None


def _sides(
    low: tuple[float, ...], high: tuple[float, ...]
) -> list[tuple[list[tuple[float, float, float]], float]]:
    (x0, y0, z0), (x1, y1, z1) = low, high
    return [
        ([(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], _LIGHT["-y"]),
        ([(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)], _LIGHT["y"]),
        ([(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)], _LIGHT["x"]),
        ([(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)], _LIGHT["-x"]),
        ([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], _LIGHT["z"]),
    ]


def _banners() -> _Painted:
    """Return the picture on both sides of the beam."""
    w, low, high, y = HALF_WIDTH_M - 0.05, HEIGHT_M - _BEAM_M + 0.05, HEIGHT_M - 0.05, _PYLON_M / 2 + 0.06
    front = [(-w, -y, low), (w, -y, low), (w, -y, high), (-w, -y, high)]
    back = [(w, y, low), (-w, y, low), (-w, y, high), (w, y, high)]
    uv = np.tile(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), (2, 1))
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    return np.array(front + back), faces, np.full((8, 3), 255, np.uint8), uv


def _pennant() -> _Painted:
    """Return the red triangle that hangs from the arch of the last kilometre, seen from both sides."""
    top, half = HEIGHT_M - _BEAM_M, 1.1
    front = [(-half, 0.0, top), (0.0, 0.0, top - 1.9), (half, 0.0, top)]
    colours = np.tile(np.array(_PENNANT_RGB, np.uint8), (3, 1))
    return np.array(front), np.array([[0, 1, 2]]), colours, None


def _finish_line(gate: Gate, road: RoadLine) -> _Painted:
    """Return the chequered line, from edge to edge on the road's surface, which leans and climbs."""
    across, along_m = np.meshgrid(
        np.linspace(-1.0, 1.0, _LINE_COLUMNS + 1), (np.arange(_LINE_ROWS + 1) - _LINE_ROWS / 2) * _LINE_CELL_M
    )
    points = on_surface(road, gate.distance_m + along_m, across) - gate.position_m
    points[..., 2] += _LINE_ABOVE_M
    row, column = np.divmod(np.arange(_LINE_ROWS * _LINE_COLUMNS), _LINE_COLUMNS)
    corners = [points[row + up, column + right] for up, right in ((0, 0), (0, 1), (1, 1), (1, 0))]
    colours = np.where((row + column) % 2 == 1, 24, 245).astype(np.uint8)
    faces = (4 * np.arange(len(row))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return (
        np.stack(corners, axis=1).reshape(-1, 3),
        faces,
        np.repeat(colours, 4)[:, None].repeat(3, axis=1),
        None,
    )
