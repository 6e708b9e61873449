"""The ground as unlit tiles: land under its picture, and the wall round its edge."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tracker3d.export.atlas import AtlasMesh, make_atlas
from tracker3d.export.glb import GlbWriter, Primitive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground, Mesh

MOST_TRIANGLES = 120_000
"""Of the exported ground; under the road it is as fine on all levels."""

ATLAS_SIDE_PX = 2048
JPEG_QUALITY = 88
TILE_VERTICES = 65_000
"""Indices of larger tiles would take four bytes instead of two."""


def coarse_tiles(ground: Ground) -> tuple[Mesh, ...]:
    """Return the tiles that are exported."""
    return ground.tiles(ground.level_within(MOST_TRIANGLES))


def add_ground(writer: GlbWriter, ground: Ground) -> tuple[int, int]:
    """Add the node ``terrain`` with a child for each tile; returns its index and the number of triangles."""
    tiles = coarse_tiles(ground)
    land = tuple(tile for tile in tiles if tile.draped)
    children = _add_land(writer, ground, land) if land else []
    edge = [tile for tile in tiles if not tile.draped]
    if edge:
        children += _add_wall(writer, edge)
    return writer.node("terrain", children=children), sum(len(tile.faces) for tile in tiles)


def _add_land(writer: GlbWriter, ground: Ground, land: tuple[Mesh, ...]) -> list[int]:
    pieces, picture = make_atlas(land, ground.texture, side_px=ATLAS_SIDE_PX)
    texture = writer.texture(_jpeg(picture), mime_type="image/jpeg", name="terrain")
    material = writer.unlit_material("terrain", texture=texture)
    nodes = []
    for number, tile in enumerate(_joined(pieces)):
        attributes = {
            "POSITION": writer.positions(tile.vertices_m),
            "TEXCOORD_0": writer.texture_coordinates(tile.uv),
        }
        part = Primitive(attributes, material, writer.indices(tile.faces))
        name = f"terrain_{number}"
        nodes.append(writer.node(name, mesh=writer.mesh(name, [part])))
    return nodes


def _add_wall(writer: GlbWriter, edge: list[Mesh]) -> list[int]:
    material = writer.unlit_material("terrain_edge")
    nodes = []
    for number, tile in enumerate(edge):
        attributes = {"POSITION": writer.positions(tile.vertices_m), "COLOR_0": writer.colours(tile.colours)}
        part = Primitive(attributes, material, writer.indices(tile.faces))
        name = f"terrain_edge_{number}"
        nodes.append(writer.node(name, mesh=writer.mesh(name, [part])))
    return nodes


def _joined(pieces: list[AtlasMesh]) -> list[AtlasMesh]:
    """Put neighbouring pieces together as long as a tile stays small."""
    tiles: list[list[AtlasMesh]] = []
    room = 0
    for piece in pieces:
        if not tiles or len(piece.vertices_m) > room:
            tiles.append([])
            room = TILE_VERTICES
        tiles[-1].append(piece)
        room -= len(piece.vertices_m)
    return [_one(members) for members in tiles]


def _one(members: list[AtlasMesh]) -> AtlasMesh:
    starts = np.cumsum([0, *(len(member.vertices_m) for member in members[:-1])])
    faces = [member.faces + np.int32(start) for member, start in zip(members, starts, strict=True)]
    return AtlasMesh(
        np.concatenate([member.vertices_m for member in members]),
        np.concatenate([member.uv for member in members]),
        np.concatenate(faces),
    )


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return stream.getvalue()
