"""Signs of places: a mast beside the road that carries a board with the same words on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from tracker3d.export.boards import Sheet, board, png, write_centred
from tracker3d.export.glb import GlbWriter, Primitive, safe_name
from tracker3d.export.shapes import mast
from tracker3d.scene.model import Gate, GateKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker3d.export.sizes import Sizes
    from tracker3d.export.warping import Warp
    from tracker3d.scene.model import StageScene

BOARD_PX = (512, 128)
"""Width and height of one board in the atlas; powers of two, as old graphics hardware wants them."""

MAX_BOARDS = 64
BOARD_ASPECT = BOARD_PX[0] / BOARD_PX[1]
BOARD_WIDTH = 1.6
"""As a share of the height of the whole sign."""

MAST_WIDTH = 0.02
"""Of the mast's top, as a share of the height of the whole sign."""

MAST_FOOT_M = 0.4
MAST_ROOM = 0.75
"""How far beside the middle of the road a mast stands, as a share of the road's width."""

BACKGROUND_RGB = (18, 22, 28)
MAST_RGB = (238, 240, 243)


def add_signs(
    writer: GlbWriter, scene: StageScene, sizes: Sizes, warp: Warp, *, facing_rad: float
) -> list[int]:
    """Add a node ``banner_<title>`` for each gate, at most :data:`MAX_BOARDS`; returns them.

    Boards face ``facing_rad``, clockwise from north, and away from it. A simulated stage has one more sign
    that says so, half way.
    """
    shown = [*(_simulation_mark(scene) if scene.stage.simulated else ()), *scene.gates][:MAX_BOARDS]
    if not shown:
        return []
    sheet = Sheet.holding(len(shown), BOARD_PX, columns=1 if len(shown) <= 16 else 4)
    texture = writer.texture(_atlas(shown, sheet), mime_type="image/png", name="banners")
    board_material = writer.unlit_material("banners", texture=texture)
    mast_material = writer.unlit_material("masts", colour_rgb=MAST_RGB)
    height_m = BOARD_WIDTH * sizes.sign_m / BOARD_ASPECT
    pole = mast(MAST_FOOT_M, MAST_WIDTH * sizes.sign_m, sizes.sign_m - height_m)
    pole_indices = writer.indices(pole.faces)
    beside_m = MAST_ROOM * sizes.road_width_m
    nodes = []
    names: set[str] = set()
    for index, gate in enumerate(shown):
        shape = board(
            sheet.cell(index),
            width_m=BOARD_WIDTH * sizes.sign_m,
            height_m=height_m,
            top_m=sizes.sign_m,
            facing_rad=facing_rad,
        )
        # A mast on the road would stand in the middle of pictures along it.
        right_m = beside_m * np.array([np.cos(gate.heading_rad), -np.sin(gate.heading_rad), 0.0])
        mast_part = Primitive(
            {"POSITION": writer.positions(pole.vertices_m + right_m)}, mast_material, pole_indices
        )
        board_part = Primitive(
            {
                "POSITION": writer.positions(shape.vertices_m),
                "TEXCOORD_0": writer.texture_coordinates(shape.uv),
            },
            board_material,
            writer.indices(shape.faces),
        )
        name = _unused(f"banner_{safe_name(gate.title)}", names)
        mesh = writer.mesh(name, [mast_part, board_part])
        nodes.append(
            writer.node(
                name,
                mesh=mesh,
                translation_m=warp(gate.position_m),
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


def _atlas(gates: Sequence[Gate], sheet: Sheet) -> bytes:
    picture = Image.new("RGB", sheet.size_px, BACKGROUND_RGB)
    for index, gate in enumerate(gates):
        picture.paste(_picture(gate), sheet.corner_px(index))
    return png(picture)


def _picture(gate: Gate) -> Image.Image:
    width, height = BOARD_PX
    picture = Image.new("RGB", BOARD_PX, BACKGROUND_RGB)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - 12, width, height), fill=gate.colour_rgb)
    room = width - 48
    title_y, title_px = (2, 62) if gate.subtitle else (18, 72)
    lines = [(gate.title, title_y, title_px, (255, 255, 255))]
    if gate.subtitle:
        lines.append((gate.subtitle, 66, 38, (200, 206, 214)))
    for text, top_px, size_px, colour in lines:
        write_centred(
            draw, text, middle_px=width / 2, top_px=top_px, size_px=size_px, room_px=room, colour=colour
        )
    return picture


def _unused(name: str, names: set[str]) -> str:
    number, unused = 1, name
    while unused in names:
        number += 1
        unused = f"{name}_{number}"
    names.add(unused)
    return unused
