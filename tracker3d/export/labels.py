"""Labels of riders: a small board over each marker with his number, and his name where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from tracker3d.export.boards import Sheet, crossed_boards, png, write_centred
from tracker3d.export.glb import GlbWriter, Primitive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker3d.export.sizes import Sizes
    from tracker3d.stage.model import Rider

LEAST_NAME_PX = 100
"""Narrower labels show the number alone."""

_LIGHT, _DARK = (255, 255, 255), (18, 22, 28)


def add_labels(
    writer: GlbWriter,
    riders: Sequence[Rider],
    colours: Sequence[tuple[int, int, int]],
    sizes: Sizes,
    *,
    width_px: int,
    facing_rad: float,
) -> list[int]:
    """Add a node ``label_<bib>`` for each rider, to be put below his own node; returns them."""
    if not riders:
        return []
    height_px = width_px // 4 if width_px >= LEAST_NAME_PX else width_px // 2
    sheet = Sheet.holding(
        len(riders), (width_px, height_px), columns=min(16, 1 << (len(riders) - 1).bit_length())
    )
    picture = Image.new("RGB", sheet.size_px, _DARK)
    for index, (rider, colour) in enumerate(zip(riders, colours, strict=True)):
        picture.paste(_drawn(rider, colour, sheet.cell_px), sheet.corner_px(index))
    texture = writer.texture(png(picture), mime_type="image/png", name="labels")
    material = writer.unlit_material("labels", texture=texture)
    height_m = 0.34 * sizes.rider_m
    boards = [
        crossed_boards(
            sheet.cell(index),
            width_m=height_m * width_px / height_px,
            height_m=height_m,
            top_m=1.5 * sizes.rider_m,
            facing_rad=facing_rad,
        )
        for index in range(len(riders))
    ]
    positions, indices = writer.positions(boards[0].vertices_m), writer.indices(boards[0].faces)
    places = writer.texture_coordinates_of([shape.uv for shape in boards])
    nodes = []
    for rider, uv in zip(riders, places, strict=True):
        name = f"label_{rider.bib}"
        part = Primitive({"POSITION": positions, "TEXCOORD_0": uv}, material, indices)
        nodes.append(writer.node(name, mesh=writer.mesh(name, [part])))
    return nodes


def _drawn(rider: Rider, colour: tuple[int, int, int], size_px: tuple[int, int]) -> Image.Image:
    width, height = size_px
    picture = Image.new("RGB", size_px, colour)
    bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 150
    named = f"{rider.bib} {rider.last_name}".strip() if width >= LEAST_NAME_PX else str(rider.bib)
    write_centred(
        ImageDraw.Draw(picture),
        named,
        middle_px=width / 2,
        top_px=-height // 12,
        size_px=round(0.86 * height),
        room_px=width - 6,
        colour=_DARK if bright else _LIGHT,
    )
    return picture
