"""The ground as unlit tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker3d.export.glb import GlbWriter, Primitive

if TYPE_CHECKING:
    from terrain import Ground

LEVEL = 1
"""The coarse level of the ground, which is as fine as the other near the road."""


def add_ground(writer: GlbWriter, ground: Ground) -> tuple[int, int]:
    """Add the node ``terrain`` with a child for each tile; returns its index and the number of triangles."""
    tiles = ground.tiles(level=LEVEL)
    material = writer.unlit_material("terrain")
    children = []
    for number, tile in enumerate(tiles):
        part = Primitive(
            {
                "POSITION": writer.positions(tile.vertices_m),
                "COLOR_0": writer.colours(tile.colours),
            },
            material,
            writer.indices(tile.faces),
        )
        name = f"terrain_{number}"
        children.append(writer.node(name, mesh=writer.mesh(name, [part])))
    triangles = sum(len(tile.faces) for tile in tiles)
    return writer.node("terrain", children=children), triangles
