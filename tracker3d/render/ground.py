"""The ground: one actor per tile, unlit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from tracker3d.render.buffers import ImageTexture, triangles
from tracker3d.render.shading import GROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground, Mesh
    from tracker3d.render.shading import Shading
    from tracker3d.render.vtk_types import VtkActor, VtkRenderer

_WINDOW_POSTS = 24


class GroundActors:
    """The ground's tiles in a renderer, at full or at coarse detail.

    Parameters
    ----------
    renderer : vtkRenderer
    shading : Shading
    ground : Ground
    """

    def __init__(self, renderer: VtkRenderer, shading: Shading, ground: Ground) -> None:
        self._renderer = renderer
        self._shading = shading
        self._ground = ground
        self._texture = ImageTexture(mipmap=True)
        self._texture.texture.SetMaximumAnisotropicFiltering(4.0)
        self._texture.upload(ground.texture.image)
        self._levels: dict[int, tuple[VtkActor, ...]] = {}
        self._shown = -1
        self._boxes = np.array([_box(tile) for tile in ground.tiles(0)], float).reshape(-1, 2, 3)
        self.show(coarse=False)

    def show(self, *, coarse: bool) -> None:
        """Show the coarse tiles, cheaper while the camera moves, or the full ones."""
        level = min(1, self._ground.levels - 1) if coarse else 0
        if level == self._shown:
            return
        if level not in self._levels:
            self._levels[level] = tuple(self._actor(tile) for tile in self._ground.tiles(level))
            for actor in self._levels[level]:
                self._renderer.AddActor(actor)
        for number, actors in self._levels.items():
            for actor in actors:
                actor.SetVisibility(number == level)
        self._shown = level

    def reach_m(self, eye_m: NDArray[np.float64]) -> tuple[float, float]:
        """Return the least and the greatest distance (bounds) from ``eye_m`` to any ground."""
        if not len(self._boxes):
            return 1.0, 1.0
        outside = np.maximum(np.maximum(self._boxes[:, 0] - eye_m, eye_m - self._boxes[:, 1]), 0.0)
        nearest = float(np.sqrt((outside**2).sum(axis=1)).min())
        across = np.maximum(np.abs(self._boxes[:, 0] - eye_m), np.abs(self._boxes[:, 1] - eye_m))
        farthest = float(np.sqrt((across**2).sum(axis=1)).max())
        return max(nearest, self._clearance_m(eye_m)), farthest

    def _clearance_m(self, eye_m: NDArray[np.float64]) -> float:
        """Return how far the relief below and around the eye is, at most the size of the part looked at."""
        relief = self._ground.relief
        heights = relief.heights_m
        column = int((eye_m[0] - relief.x0_m) / relief.step_m)
        row = int((eye_m[1] - relief.y0_m) / relief.step_m)
        rows = np.arange(max(row - _WINDOW_POSTS, 0), min(row + _WINDOW_POSTS + 2, heights.shape[0]))
        columns = np.arange(max(column - _WINDOW_POSTS, 0), min(column + _WINDOW_POSTS + 2, heights.shape[1]))
        if not len(rows) or not len(columns):
            return 0.0
        east = relief.x0_m + columns * relief.step_m - eye_m[0]
        north = relief.y0_m + rows * relief.step_m - eye_m[1]
        around = heights[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        up = around - eye_m[2]
        nearest = float(np.sqrt(np.nanmin(east**2 + north[:, None] ** 2 + up**2)))
        return float(np.clip(nearest - relief.step_m, 0.0, _WINDOW_POSTS * relief.step_m))

    def _actor(self, tile: Mesh) -> VtkActor:
        mapper = vtkPolyDataMapper()
        mapper.SetVBOShiftScaleMethod(0)
        points = np.ascontiguousarray(tile.vertices_m)
        if tile.draped:
            mapper.SetInputData(triangles(points, tile.faces, uv=_above(tile, self._ground.texture.bounds_m)))
        else:
            mapper.SetInputData(triangles(points, tile.faces, colours=np.ascontiguousarray(tile.colours)))
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        actor.SetShaderProperty(self._shading.of(GROUND))
        actor.ForceOpaqueOn()
        if tile.draped:
            actor.SetTexture(self._texture.texture)
        return actor


def _above(tile: Mesh, bounds_m: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Return texture coordinates (n, 2) of a picture seen from above."""
    west, south, east, north = bounds_m
    low, size = np.array([west, south]), np.array([east - west, north - south])
    return np.ascontiguousarray((tile.vertices_m[:, :2] - low) / size, np.float32)


def _box(tile: Mesh) -> NDArray[np.float64]:
    return np.stack([tile.vertices_m.min(axis=0), tile.vertices_m.max(axis=0)]).astype(float)
