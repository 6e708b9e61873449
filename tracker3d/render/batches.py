"""Parts of the ground that are drawn together, for what costs the processor is the number of things drawn.

Tiles without a picture of their own share the ground's texture, so those of a region are one thing; all walls
are another. Their triangles stay in plain arrays; when others of them are to be shown, they are joined anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import merged, refill, triangles
from tracker3d.render.shading import GROUND, WALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.tree import TileTree
    from tracker3d.render.shading import Shading
    from tracker3d.render.tiles import Surface
    from tracker3d.render.vtk_types import VtkActor, VtkPolyData, VtkRenderer, VtkRenderWindow, VtkTexture

MOST_TRIANGLES = 16_000
"""Of the finest tiles of a region: joining as many takes a millisecond or two."""
_NO_FACES = np.zeros((0, 3), np.int32)


def regions(tree: TileTree, most_triangles: int = MOST_TRIANGLES) -> NDArray[np.intp]:
    """Return the region (k,) of each tile: the coarsest above it, or itself, that holds no more triangles.

    Tiles that hold more at their finest are regions of their own.
    """
    held = np.where(tree.level == 0, tree.triangles, 0).astype(np.int64)
    for level in range(tree.levels - 1):
        tiles = tree.of_level(level)
        inner = tiles[tree.parent[tiles] >= 0]
        np.add.at(held, tree.parent[inner], held[inner])
    region = np.arange(len(tree))
    for level in range(tree.levels - 2, -1, -1):
        tiles = tree.of_level(level)
        parent = tree.parent[tiles]
        joined = (parent >= 0) & (held[parent] <= most_triangles)
        region[tiles[joined]] = region[parent[joined]]
    return region


class Batch:
    """Surfaces that are drawn as one; what is drawn of them follows when it is looked at.

    Parameters
    ----------
    shading : Shading
    texture : vtkTexture | None
        Laid over all of them; None where they have colours.

    Attributes
    ----------
    actor : vtkActor
    """

    def __init__(self, shading: Shading, texture: VtkTexture | None) -> None:
        self._surfaces: dict[int, Surface] = {}
        self._stale = False
        point = np.zeros((1, 3), np.float32)
        if texture is None:
            self._data = triangles(point, _NO_FACES, colours=np.zeros((1, 3), np.uint8))
        else:
            self._data = triangles(point, _NO_FACES, uv=np.zeros((1, 2), np.float32))
        self.actor = ground_actor(self._data, shading, texture)

    def __bool__(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self._surfaces)

    @property
    def box_m(self) -> NDArray[np.float64]:
        """Bounds (2, 3) of all that there is."""
        boxes = np.array([surface.box_m for surface in self._surfaces.values()])
        return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])

    def put(self, tile: int, surface: Surface | None) -> None:
        """Draw this surface of a tile from now on; None: nothing of it."""
        if surface is not None:
            self._surfaces[tile] = surface
        else:
            del self._surfaces[tile]
        self._stale = True

    def set_seen(self, seen: bool) -> None:
        """Draw it in the next picture, or do not."""
        if seen and self._stale:
            self._join()
        self.actor.SetVisibility(seen)

    def _join(self) -> None:
        """Join all surfaces by the numbers of their tiles: whatever came before, the same are drawn alike."""
        parts = [self._surfaces[tile] for tile in sorted(self._surfaces)]
        points, faces = merged([(part.points_m, part.faces) for part in parts])
        uv = [part.uv for part in parts if part.uv is not None]
        colours = [part.colours for part in parts if part.colours is not None]
        refill(
            self._data,
            points,
            faces,
            uv=np.concatenate(uv) if uv else None,
            colours=np.concatenate(colours) if colours else None,
        )
        self._stale = False


def ground_actor(data: VtkPolyData, shading: Shading, texture: VtkTexture | None) -> VtkActor:
    """Return what draws triangles of the ground; not yet visible."""
    mapper = vtkPolyDataMapper()
    mapper.SetVBOShiftScaleMethod(0)
    mapper.SetInputData(data)
    mapper.StaticOn()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.SetShaderProperty(shading.of(WALL if texture is None else GROUND))
    actor.ForceOpaqueOn()
    actor.SetVisibility(False)
    if texture is not None:
        actor.SetTexture(texture)
    return actor


def release(actor: VtkActor, renderer: VtkRenderer, window: VtkRenderWindow) -> None:
    """Take an actor of the ground out of the picture and off the graphics processor; its texture stays there.

    A renderer releases what its actor uses, and a shared texture would have to be handed over again.
    """
    actor.SetTexture(None)
    renderer.RemoveActor(actor)
    actor.GetMapper().ReleaseGraphicsResources(window)
