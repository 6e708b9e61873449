"""Signs of places: a mast on the road that carries a board with the same words on both sides."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from tracker3d.export.glb import LINE_STRIP, GlbWriter, Primitive, safe_name
from tracker3d.scene.model import Gate, GateKind
from tracker3d.scene.style import font

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import StageScene

BOARD_PX = (512, 128)
"""Width and height of one board in the atlas; powers of two, as old graphics hardware wants them."""

MAX_BOARDS = 64
BOARD_ASPECT = BOARD_PX[0] / BOARD_PX[1]
BOARD_WIDTH = 1.6
"""As a share of the height of the whole sign."""

BACKGROUND_RGB = (18, 22, 28)
MAST_RGB = (238, 240, 243)


def add_signs(writer: GlbWriter, scene: StageScene, sizes: Sizes, *, facing_rad: float) -> list[int]:
    """Add a node ``banner_<title>`` for each gate, at most :data:`MAX_BOARDS`; returns them.

    Boards face ``facing_rad``, clockwise from north, and away from it. A simulated stage has one more sign
    that says so, half way.
    """
    shown = [*(_simulation_mark(scene) if scene.stage.simulated else ()), *scene.gates][:MAX_BOARDS]
    if not shown:
        return []
    columns = 1 if len(shown) <= 16 else 4
    rows = 1 << (-(-len(shown) // columns) - 1).bit_length()
    texture = writer.texture(_atlas(shown, columns, rows), mime_type="image/png", name="banners")
    board_material = writer.unlit_material("banners", texture=texture)
    mast_material = writer.unlit_material("masts", colour_rgb=MAST_RGB)
    foot_and_top = [(0.0, 0.0, 0.0), (0.0, 0.0, sizes.sign_m - BOARD_WIDTH * sizes.sign_m / BOARD_ASPECT)]
    mast_part = Primitive({"POSITION": writer.positions(foot_and_top)}, mast_material, mode=LINE_STRIP)
    nodes = []
    names: set[str] = set()
    for index, gate in enumerate(shown):
        cell = _Cell(index % columns / columns, index // columns / rows, 1 / columns, 1 / rows)
        board = _board(cell, sizes.sign_m, facing_rad)
        board_part = Primitive(
            {
                "POSITION": writer.positions(board.vertices_m),
                "TEXCOORD_0": writer.texture_coordinates(board.uv),
            },
            board_material,
            writer.indices(board.faces),
        )
        name = _unused(f"banner_{safe_name(gate.title)}", names)
        mesh = writer.mesh(name, [mast_part, board_part])
        nodes.append(
            writer.node(
                name,
                mesh=mesh,
                translation_m=gate.position_m,
                extras={"kind": gate.kind.value, "title": gate.title, "subtitle": gate.subtitle},
            )
        )
    return nodes


def _simulation_mark(scene: StageScene) -> Iterator[Gate]:
    """Yield the sign that says so on a simulated stage."""
    road = scene.road
    middle = len(road.distance_m) // 2
    yield Gate(
        kind=GateKind.TIME_CHECK,
        title=scene.theme.word("simulated"),
        subtitle=scene.stage.name,
        position_m=road.positions_m[middle],
        heading_rad=float(scene.stage.route.heading(road.distance_m[middle])),
        colour_rgb=scene.theme.colour("alert"),
        distance_m=float(road.distance_m[middle]),
    )


@dataclass(frozen=True)
class _Cell:
    """A board's place in the atlas, in texture coordinates."""

    u: float
    v: float
    width: float
    height: float


@dataclass(frozen=True)
class _Board:
    vertices_m: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int32]


def _board(cell: _Cell, mast_m: float, facing_rad: float) -> _Board:
    """Make two boards, back to back, at the mast's top."""
    width_m = BOARD_WIDTH * mast_m
    height_m = width_m / BOARD_ASPECT
    vertices, uv, faces = [], [], []
    for first, outward_rad in ((0, facing_rad), (4, facing_rad + np.pi)):
        rightward = np.array([-np.cos(outward_rad), np.sin(outward_rad)])
        for across, up, u, v in ((-1, 0, 0, 1), (1, 0, 1, 1), (1, 1, 1, 0), (-1, 1, 0, 0)):
            x_m, y_m = rightward * across * width_m / 2
            vertices.append((x_m, y_m, mast_m + (up - 1) * height_m))
            uv.append((cell.u + u * cell.width, cell.v + v * cell.height))
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return _Board(np.array(vertices, np.float32), np.array(uv, np.float32), np.array(faces, np.int32))


def _atlas(gates: Sequence[Gate], columns: int, rows: int) -> bytes:
    width, height = BOARD_PX
    picture = Image.new("RGB", (columns * width, rows * height), BACKGROUND_RGB)
    for index, gate in enumerate(gates):
        picture.paste(_picture(gate), (index % columns * width, index // columns * height))
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _picture(gate: Gate) -> Image.Image:
    width, height = BOARD_PX
    picture = Image.new("RGB", BOARD_PX, BACKGROUND_RGB)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - 12, width, height), fill=gate.colour_rgb)
    room = width - 48
    title_y, title_px = (2, 62) if gate.subtitle else (18, 72)
    _centred(draw, gate.title, title_y, title_px, room, (255, 255, 255))
    if gate.subtitle:
        _centred(draw, gate.subtitle, 66, 38, room, (200, 206, 214))
    return picture


def _centred(
    draw: ImageDraw.ImageDraw, text: str, top: int, size_px: int, room: int, colour: tuple[int, int, int]
) -> None:
    """Write one line, smaller where it would not fit."""
    length = draw.textlength(text, font=font(size_px, "Semibold"))
    fitting_px = size_px if length <= room else max(12, int(size_px * room / length))
    top += (size_px - fitting_px) // 2
    draw.text((BOARD_PX[0] / 2, top), text, font=font(fitting_px, "Semibold"), fill=colour, anchor="ma")


def _unused(name: str, names: set[str]) -> str:
    number, unused = 1, name
    while unused in names:
        number += 1
        unused = f"{name}_{number}"
    names.add(unused)
    return unused
