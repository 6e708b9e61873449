"""Arches across the road at the start, sprints, summits, the last kilometre and the finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import ImageTexture, triangles
from tracker3d.render.road import on_surface
from tracker3d.render.shading import STANDING
from tracker3d.scene.model import GateKind
from tracker3d.scene.style import font

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkActor, VtkRenderer
    from tracker3d.scene.model import CameraPose, Gate, RoadLine

HALF_WIDTH_M = 5.6
HEIGHT_M = 7.4
_BEAM_M = 2.1
_PYLON_M = 0.8
_LEAST_PX = 26.0
_LARGEST_SCALE = 20.0
_BANNER_PX = (1024, 188)
_CHEQUER_PX = 17
_CHEQUER_RGB = ((18, 20, 24), (250, 250, 250))
_LINE_COLUMNS, _LINE_ROWS, _LINE_CELL_M = 16, 3, 0.5
_LINE_ABOVE_M = 0.04
_PENNANT_RGB = (206, 14, 28)
_LIGHT = {"x": 0.72, "-x": 0.72, "y": 0.84, "-y": 0.94, "z": 1.0}


class GateActors:
    """The arches in a renderer; from afar they grow, so that they stay in the picture."""

    def __init__(
        self, renderer: VtkRenderer, shading: Shading, gates: Iterable[Gate], road: RoadLine
    ) -> None:
        self._gates = tuple(gates)
        self._places = np.array([gate.position_m for gate in self._gates], float).reshape(-1, 3)
        self._textures: list[ImageTexture] = []
        self._actors: list[tuple[VtkActor, ...]] = []
        for gate in self._gates:
            texture = ImageTexture(mipmap=True)
            texture.upload(banner(gate))
            self._textures.append(texture)
            actors = [_arch(gate), _banners(texture)]
            if gate.kind is GateKind.LAST_KM:
                actors.append(_pennant())
            for actor in actors:
                actor.SetOrientation(0.0, 0.0, -float(np.degrees(gate.heading_rad)))
            if gate.kind is GateKind.FINISH:
                actors.append(_finish_line(gate, road))
            for actor in actors:
                actor.GetProperty().LightingOff()
                actor.SetShaderProperty(shading.of(STANDING))
                actor.ForceOpaqueOn()
                actor.SetPosition(*map(float, gate.position_m))
                renderer.AddActor(actor)
            self._actors.append(tuple(actors))

    def see_from(self, camera: CameraPose, height_px: int) -> None:
        """Size the arches for this camera: life size near, never less than some pixels high."""
        if not self._gates:
            return
        distance_m = np.linalg.norm(self._places - camera.eye_m, axis=1)
        pixel_m = 2.0 * distance_m * np.tan(np.radians(camera.fov_deg) / 2.0) / height_px
        scales = np.clip(_LEAST_PX * (height_px / 1080.0) * pixel_m / HEIGHT_M, 1.0, _LARGEST_SCALE)
        for actors, scale in zip(self._actors, scales, strict=True):
            for actor in actors:
                actor.SetScale(float(scale))

    def nearest_m(self, eye_m: NDArray[np.float64]) -> float:
        """Return the distance from ``eye_m`` to the nearest arch, less its size."""
        if not self._gates:
            return float("inf")
        return float(np.linalg.norm(self._places - eye_m, axis=1).min()) - 2.0 * HALF_WIDTH_M


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


def _arch(gate: Gate) -> VtkActor:
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
    return _actor(np.array(points, np.float32), faces, colours=np.array(colours).astype(np.uint8))


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


def _banners(texture: ImageTexture) -> VtkActor:
    """Return the picture on both sides of the beam."""
    w, low, high, y = HALF_WIDTH_M - 0.05, HEIGHT_M - _BEAM_M + 0.05, HEIGHT_M - 0.05, _PYLON_M / 2 + 0.06
    front = [(-w, -y, low), (w, -y, low), (w, -y, high), (-w, -y, high)]
    back = [(w, y, low), (-w, y, low), (-w, y, high), (w, y, high)]
    uv = np.tile(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), (2, 1))
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    actor = _actor(np.array(front + back, np.float32), faces, uv=uv)
    actor.SetTexture(texture.texture)
    return actor


def _pennant() -> VtkActor:
    """Return the red triangle that hangs from the arch of the last kilometre, seen from both sides."""
    top, half = HEIGHT_M - _BEAM_M, 1.1
    front = [(-half, 0.0, top), (0.0, 0.0, top - 1.9), (half, 0.0, top)]
    colours = np.tile(np.array(_PENNANT_RGB, np.uint8), (3, 1))
    return _actor(np.array(front, np.float32), np.array([[0, 1, 2]]), colours=colours)


def _finish_line(gate: Gate, road: RoadLine) -> VtkActor:
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
    return _actor(
        np.stack(corners, axis=1).reshape(-1, 3).astype(np.float32),
        faces,
        colours=np.repeat(colours, 4)[:, None].repeat(3, axis=1),
    )


def _actor(
    points: NDArray[np.float32],
    faces: NDArray[np.int64],
    *,
    colours: NDArray[np.uint8] | None = None,
    uv: NDArray[np.float32] | None = None,
) -> VtkActor:
    mapper = vtkPolyDataMapper()
    mapper.StaticOn()
    mapper.SetInputData(triangles(points, faces, colours=colours, uv=uv))
    actor = vtkActor()
    actor.SetMapper(mapper)
    return actor
