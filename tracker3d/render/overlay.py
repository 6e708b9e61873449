"""What lies over the picture, in its pixels: leader lines, labels, panels.

A renderer of its own on a layer above the scene, with a parallel projection in which one unit is one
pixel; never supersampled, so that an atlas arrives on the screen as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkRenderStepsPass

from tracker3d.render.buffers import quad_faces, triangle_cells, triangles
from tracker3d.render.textures import ImageTexture

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkActor, VtkRenderer
    from tracker3d.scene.model import FrameState, Panel, Sprites

_CORNERS = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
"""Of a quad, as shares of width and height from its top left; counter-clockwise on the screen."""
_LEADER_PX = 1.6
_FEATHER_PX = 0.9


class Overlay:
    """Sprites and panels of a frame; :attr:`renderer` belongs above the scene.

    What is translucent is blended in the order in which it is drawn: the usual way of VTK weighs all at once,
    so that lines shine through labels, and takes another picture as large as the window.

    Parameters
    ----------
    sampled : bool
        Each pixel of the picture is several of the window, which shall all have its colour.
    """

    def __init__(self, *, sampled: bool = False) -> None:
        self.renderer: VtkRenderer = vtkRenderer()
        self.renderer.GetCullers().RemoveAllItems()
        self.renderer.SetInteractive(False)
        self.renderer.SetBackgroundAlpha(0.0)
        self.renderer.EraseOff()
        self.renderer.SetPass(vtkRenderStepsPass())
        camera = self.renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetClippingRange(0.5, 3.0)
        self._size_px = (0, 0)
        self._leaders = _Quads(self.renderer)
        self._sprites = _Quads(self.renderer)
        self._sampled = sampled
        self._atlas = ImageTexture(smooth=not sampled)
        self._atlas.upload(np.zeros((1, 1, 4), np.uint8))
        self._atlas_key: Hashable = None
        self._sprites.actor.SetTexture(self._atlas.texture)
        self._panels: dict[str, _PanelActor] = {}

    def forget(self) -> None:
        """Forget what was uploaded: keys tell contents of one stage apart, not stages."""
        self._atlas_key = None
        while self._panels:
            self._panels.popitem()[1].remove()

    def show(self, frame: FrameState) -> None:
        """Show the frame's leader lines, sprites and panels."""
        self._fit(frame.viewport_px)
        height = frame.viewport_px[1]
        self._show_leaders(frame.sprites, height)
        self._show_sprites(frame.sprites, height)
        for gone in self._panels.keys() - {panel.name for panel in frame.panels}:
            self._panels.pop(gone).remove()
        for panel in frame.panels:
            if panel.name not in self._panels:
                self._panels[panel.name] = _PanelActor(self.renderer, smooth=not self._sampled)
            self._panels[panel.name].show(panel, height)

    def _fit(self, size_px: tuple[int, int]) -> None:
        if size_px == self._size_px:
            return
        self._size_px = size_px
        width, height = size_px
        camera = self.renderer.GetActiveCamera()
        camera.SetParallelScale(height / 2.0)
        camera.SetFocalPoint(width / 2.0, height / 2.0, 0.0)
        camera.SetPosition(width / 2.0, height / 2.0, 1.0)
        camera.SetViewUp(0.0, 1.0, 0.0)

    def _show_sprites(self, sprites: Sprites, height: int) -> None:
        count = len(sprites.target_px)
        self._sprites.resize(count)
        if not count:
            return
        if sprites.atlas_key != self._atlas_key:
            self._atlas.upload(sprites.atlas)
            self._atlas_key = sprites.atlas_key
        size = np.array(sprites.atlas.shape[1::-1], np.float32)
        uv = (sprites.source_px[:, None, :2] + _CORNERS * sprites.source_px[:, None, 2:]) / size
        uv[..., 1] = 1.0 - uv[..., 1]
        corners = sprites.target_px[:, None, :2] + _CORNERS * sprites.target_px[:, None, 2:]
        alpha = np.clip(sprites.opacity, 0.0, 1.0) * 255.0 + 0.5
        self._sprites.points[:count, :, 0] = corners[..., 0]
        self._sprites.points[:count, :, 1] = height - corners[..., 1]
        self._sprites.uv[:count] = uv
        self._sprites.rgba[:count, :, :3] = 255
        self._sprites.rgba[:count, :, 3] = alpha[:, None]
        self._sprites.changed()

    def _show_leaders(self, sprites: Sprites, height: int) -> None:
        """Draw each line as three bands of which the outer two fade out: smooth without multisampling."""
        lines = sprites.leaders_px
        count = len(lines)
        self._leaders.resize(3 * count)
        if not count:
            return
        along = lines[:, 2:] - lines[:, :2]
        length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        across = np.stack([along[:, 1], -along[:, 0]], axis=-1) / length
        half = _LEADER_PX * max(1.0, height / 1080.0) / 2.0
        reach = np.array([-half - _FEATHER_PX, -half, half, half + _FEATHER_PX], np.float32)
        solid = np.array([0.0, 1.0, 1.0, 0.0], np.float32)
        points = self._leaders.points[: 3 * count].reshape(count, 3, 4, 3)
        rgba = self._leaders.rgba[: 3 * count].reshape(count, 3, 4, 4)
        rgba[..., :3] = sprites.leader_colours[:, None, None, :3]
        for corner, (end, side) in enumerate(((0, 0), (2, 0), (2, 1), (0, 1))):
            bands = reach[side : side + 3]
            points[:, :, corner, 0] = lines[:, None, end] + across[:, None, 0] * bands
            points[:, :, corner, 1] = height - (lines[:, None, end + 1] + across[:, None, 1] * bands)
            rgba[:, :, corner, 3] = sprites.leader_colours[:, None, 3] * solid[side : side + 3]
        self._leaders.changed()


class _Quads:
    """Coloured, maybe textured rectangles in one actor, whose arrays are written in place.

    ``points`` (capacity, 4, 3) and ``uv`` (capacity, 4, 2) float32, ``rgba`` (capacity, 4, 4) uint8.
    """

    def __init__(self, renderer: VtkRenderer) -> None:
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetVBOShiftScaleMethod(0)
        self._mapper.StaticOn()
        self._capacity = 0
        self._drawn = -1
        self.actor: VtkActor = vtkActor()
        self.actor.SetMapper(self._mapper)
        self.actor.GetProperty().LightingOff()
        self.actor.ForceTranslucentOn()
        self._renderer = renderer
        renderer.AddActor(self.actor)
        self.resize(0)

    def resize(self, count: int) -> None:
        """Make room for ``count`` quads and draw as many."""
        if count > self._capacity or not self._capacity:
            self._capacity = max(32, 2 * count)
            self.points: NDArray[np.float32] = np.zeros((self._capacity, 4, 3), np.float32)
            self.uv: NDArray[np.float32] = np.zeros((self._capacity, 4, 2), np.float32)
            self.rgba: NDArray[np.uint8] = np.zeros((self._capacity, 4, 4), np.uint8)
            self._data = triangles(
                self.points.reshape(-1, 3),
                quad_faces(count),
                colours=self.rgba.reshape(-1, 4),
                uv=self.uv.reshape(-1, 2),
            )
            data = self._data.GetPointData()
            self._arrays = (self._data.GetPoints(), data.GetScalars(), data.GetTCoords(), self._data)
            self._mapper.SetInputData(self._data)
        elif count != self._drawn:
            self._data.SetPolys(triangle_cells(quad_faces(count)))
        self._drawn = count
        self.actor.SetVisibility(count > 0)

    def changed(self) -> None:
        """Tell VTK that the arrays have been written."""
        for array in self._arrays:
            array.Modified()

    def remove(self) -> None:
        """Take the actor out of the picture."""
        self._renderer.RemoveActor(self.actor)


class _PanelActor:
    """One panel: a textured rectangle, uploaded only when its content changes."""

    def __init__(self, renderer: VtkRenderer, *, smooth: bool) -> None:
        self._quads = _Quads(renderer)
        self._texture = ImageTexture(smooth=smooth)
        self._quads.actor.SetTexture(self._texture.texture)
        self._quads.resize(1)
        self._quads.uv[0] = np.stack([_CORNERS[:, 0], 1.0 - _CORNERS[:, 1]], axis=-1)
        self._quads.rgba[0] = 255
        self._key: Hashable = None
        self._place: tuple[int, ...] = ()

    def show(self, panel: Panel, height: int) -> None:
        """Put ``panel`` where it belongs in a picture ``height`` pixels high."""
        size = panel.image.shape[1::-1]
        if panel.key != self._key:
            self._texture.upload(panel.image)
            self._key = panel.key
        place = (panel.x_px, panel.y_px, *size, height)
        if place != self._place:
            corners = np.array([panel.x_px, panel.y_px]) + _CORNERS * size
            self._quads.points[0, :, 0] = corners[:, 0]
            self._quads.points[0, :, 1] = height - corners[:, 1]
            self._quads.changed()
            self._place = place

    def remove(self) -> None:
        """Take the panel out of the picture."""
        self._quads.remove()
