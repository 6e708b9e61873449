"""The ground as unlit tiles: land under its picture, and the wall round its edge."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain import Mesh, MeshSampler
from tracker3d.export.atlas import AtlasMesh, make_atlas
from tracker3d.export.glb import GlbWriter, Primitive
from tracker3d.export.meshopt import in_strips
from tracker3d.export.warping import GRID_EXPONENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground
    from terrain.pictures import Texture
    from tracker3d.export.profiles import ProfileLimits
    from tracker3d.export.warping import Warp

TILE_VERTICES = 65_000
"""Indices of larger tiles would take four bytes instead of two."""

UV_EXPONENT = -12
"""Packed texture coordinates stand on half a pixel of an atlas of 2048."""

EDGE_LEVELS = 8
"""The cut edge has that much coarser levels of colour: nobody sees it, and it packs in half of the bytes."""


@dataclass(frozen=True)
class ExportedGround:
    """The cover of the ground that a file shows.

    ``tiles``: vertices on the grid of :data:`GRID_EXPONENTS`, so that they pack well, and the road is laid on
    what is shown.
    """

    tiles: tuple[Mesh, ...]
    texture: Texture

    @classmethod
    def of(cls, ground: Ground, *, most_triangles: int, exaggeration: float = 1.0) -> ExportedGround:
        """Choose the finest level that has no more triangles, with its wall."""
        tiles = ground.tiles(ground.level_within(most_triangles))
        return cls(tuple(_on_grid(tile, exaggeration) for tile in tiles), ground.texture)

    @property
    def land(self) -> tuple[Mesh, ...]:
        """Tiles under the picture."""
        return tuple(tile for tile in self.tiles if tile.draped)

    @property
    def triangles(self) -> int:
        """How many there are."""
        return sum(len(tile.faces) for tile in self.tiles)

    @cached_property
    def sampler(self) -> MeshSampler | None:
        """Heights on the land, None where there is none."""
        if not self.land:
            return None
        vertices, faces = _together([(tile.vertices_m, tile.faces) for tile in self.land])
        return MeshSampler(vertices, faces)


def add_ground(writer: GlbWriter, ground: ExportedGround, limits: ProfileLimits, warp: Warp) -> int:
    """Add the node ``terrain`` with a child for each tile; returns its index."""
    children = _add_land(writer, ground, limits, warp) if ground.land else []
    edge = [tile for tile in ground.tiles if not tile.draped]
    if edge:
        children.append(_add_wall(writer, edge, warp))
    return writer.node("terrain", children=children)


def _on_grid(tile: Mesh, exaggeration: float) -> Mesh:
    steps = 2.0 ** np.array(GRID_EXPONENTS)
    raised = tile.vertices_m * np.array([1.0, 1.0, exaggeration])
    vertices = (np.round(raised / steps) * steps).astype(np.float32)
    a, b, c = np.moveaxis(vertices[tile.faces].astype(float), 1, 0)
    solid = np.any(np.cross(b - a, c - a), axis=1) if not tile.draped else _level_area(a, b, c) > 0
    return dataclasses.replace(tile, vertices_m=vertices, faces=tile.faces[solid])


def _level_area(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return twice the area of triangles seen from above, (m,)."""
    area: NDArray[np.float64] = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    return area


def _add_land(writer: GlbWriter, ground: ExportedGround, limits: ProfileLimits, warp: Warp) -> list[int]:
    pieces, picture = make_atlas(ground.land, ground.texture, side_px=limits.atlas_px)
    texture = writer.texture(_jpeg(picture, limits.jpeg_quality), mime_type="image/jpeg", name="terrain")
    material = writer.unlit_material("terrain", texture=texture)
    nodes = []
    for number, tile in enumerate(_joined(pieces)):
        faces, used = in_strips(tile.faces, len(tile.vertices_m))
        attributes = {
            "POSITION": writer.positions(warp(tile.vertices_m[used]), exponents=warp.exponents),
            "TEXCOORD_0": writer.texture_coordinates(tile.uv[used], exponent=UV_EXPONENT),
        }
        part = Primitive(attributes, material, writer.indices(faces))
        name = f"terrain_{number}"
        nodes.append(writer.node(name, mesh=writer.mesh(name, [part])))
    return nodes


def _add_wall(writer: GlbWriter, edge: list[Mesh], warp: Warp) -> int:
    vertices, faces = _together([(tile.vertices_m, tile.faces) for tile in edge])
    colours = np.concatenate([tile.colours for tile in edge]) // EDGE_LEVELS * EDGE_LEVELS
    vertices, colours, faces = _welded(vertices, colours, faces)
    faces, used = in_strips(faces, len(vertices))
    attributes = {
        "POSITION": writer.positions(warp(vertices[used]), exponents=warp.exponents),
        "COLOR_0": writer.colours(colours[used]),
    }
    part = Primitive(attributes, writer.unlit_material("terrain_edge"), writer.indices(faces))
    return writer.node("terrain_edge", mesh=writer.mesh("terrain_edge", [part]))


def _welded(
    vertices: NDArray[np.float32], colours: NDArray[np.uint8], faces: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int32]]:
    """Make one of vertices that are the same in place and colour."""
    rows = np.concatenate([vertices.view(np.uint32), colours.astype(np.uint32)], axis=1)
    _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return vertices[first], colours[first], which.ravel()[faces].astype(np.int32)


def _together(
    meshes: list[tuple[NDArray[np.float32], NDArray[np.int32]]],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes[:-1])])
    faces = [part + np.int32(start) for (_, part), start in zip(meshes, starts, strict=True)]
    return np.concatenate([vertices for vertices, _ in meshes]), np.concatenate(faces)


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
    vertices, faces = _together([(member.vertices_m, member.faces) for member in members])
    return AtlasMesh(vertices, np.concatenate([member.uv for member in members]), faces)


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    stream = io.BytesIO()
    # Colours of the ground change slowly: at half the fineness they take a third of the bytes.
    subsampling = 0 if quality > 80 else 2
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
    return stream.getvalue()
