"""The view: draws a stage scene and its frames into a VTK render window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 (registers what draws)
from vtkmodules.vtkRenderingCore import vtkLight, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import (
    vtkCameraPass,
    vtkLightsPass,
    vtkRenderStepsPass,
    vtkSSAAPass,
)

from terrain import atmosphere
from tracker3d.render.frustum import Frustum, Sight
from tracker3d.render.gates import GateActors, growth_angle
from tracker3d.render.glows import GlowActor
from tracker3d.render.ground import MOVING, STILL, GroundActors
from tracker3d.render.layers import Layer
from tracker3d.render.overlay import Overlay
from tracker3d.render.riders import RiderActors
from tracker3d.render.road import RoadActors
from tracker3d.render.shading import FrameUniforms, Shading
from tracker3d.render.sky import Sky
from tracker3d.render.warming import Warming

if TYPE_CHECKING:
    from tracker3d.render.vtk_types import VtkRenderer, VtkRenderPass, VtkRenderWindow
    from tracker3d.scene.model import CameraPose, FrameState, StageScene

_NEAR_SHARE = 0.02
_LEAST_NEAR_M = 1.0
_DESIGN_HEIGHT_PX = 1080.0
_SUN = (-0.5, 0.45, 0.74)
"""Direction to the light that models riders: high in the north-west, like the light baked into the ground."""


class SceneView:
    """Draws scenes into a render window that somebody else owns.

    Renderers that the window already has are left in it and not drawn while the view is open.

    Parameters
    ----------
    render_window : vtkRenderWindow
    alpha : bool
        Nothing behind the scene: black with an alpha of 0 instead of the sky, which gives premultiplied
        colours.
    complete : bool
        Every frame waits for all the ground that it wants, so that the same frame gives the same picture.
        Otherwise nothing waits: the ground becomes finer from frame to frame, and by :meth:`refine`.
    layer : Layer
        What is drawn of a frame. Of a clean one the scene does not know: its frames have no overlays.
    samples : int
        Pixels of the window for one of the picture, in each direction; whoever reads the window takes
        the mean.
    """

    def __init__(
        self,
        render_window: VtkRenderWindow,
        *,
        alpha: bool = False,
        complete: bool = False,
        layer: Layer = Layer.FULL,
        samples: int = 1,
    ) -> None:
        self._window = render_window
        self._alpha = alpha or layer.keyed or layer.matte
        self._layer = layer
        self._complete = complete
        self._foreign = [ren for ren in render_window.GetRenderers() if ren.GetDraw()]
        for renderer in self._foreign:
            renderer.DrawOff()
        self._layers_before = render_window.GetNumberOfLayers()
        base = self._layers_before if self._foreign else 0
        render_window.SetNumberOfLayers(base + 2)
        self._overlay = Overlay(sampled=samples > 1)
        self._overlay.renderer.SetLayer(base + 1)
        render_window.AddRenderer(self._overlay.renderer)
        self._base_layer = base
        self._supersampling: VtkRenderPass | None = None
        self._in_order: VtkRenderPass = vtkRenderStepsPass()
        self._clearing: VtkRenderPass = vtkCameraPass()
        self._clearing.SetDelegatePass(vtkLightsPass())
        self._quality = (False, False)
        self._warming: Warming | None = None
        self._renderer: VtkRenderer | None = None
        self._ground: GroundActors | None = None
        self._closed = False

    def set_stage(self, scene: StageScene) -> None:
        """Show another stage: builds everything that stays the same while the race runs."""
        self._drop_stage()
        self._overlay.forget()
        renderer = self._new_renderer()
        self._shading = Shading(self._layer)
        self._air = atmosphere(scene.ground.look)
        self._sky = None if self._alpha else Sky(renderer, self._air)
        self._ground = GroundActors(renderer, self._shading, scene.ground, complete=self._complete)
        self._road = RoadActors(renderer, self._shading, scene.road)
        self._gates = GateActors(renderer, self._shading, scene.gates, scene.road)
        self._riders = RiderActors(renderer, self._shading, self._layer)
        self._glows = GlowActor(renderer, self._shading)
        self._apply_quality()
        if not self._complete:  # pictures are then drawn one after the other, and none may be late
            self._warming = Warming(self._window, [renderer, self._overlay.renderer])

    def set_frame(self, frame: FrameState) -> None:
        """Take over everything that moves; :meth:`render` draws it."""
        if self._renderer is None or self._ground is None:
            raise RuntimeError("set_stage comes before set_frame")
        self._riders.place(frame.riders)
        self._glows.show(None if self._layer.matte else frame.glows)
        self._aim(frame)
        if not self._layer.matte:
            self._overlay.show(frame)
        if self._layer is Layer.OVERLAYS:
            self._choose_pass(empty=frame.glows is None)

    @property
    def pending(self) -> bool:
        """Whether the ground will still become finer without another frame."""
        return self._ground is not None and self._ground.pending

    @property
    def faults(self) -> tuple[str, ...]:
        """What could not be read of the ground since the stage was set, one plain sentence each."""
        return () if self._ground is None else self._ground.faults

    def refine(self) -> bool:
        """Go on with what is :attr:`pending`; tells whether :meth:`render` would draw another picture.

        Takes a few milliseconds at most. Call it between frames, never more than once for each picture.
        """
        return self._ground is not None and self._ground.refine()

    def set_quality(self, *, still: bool, smooth: bool | None = None) -> None:
        """Choose between a still picture (full ground, smooth edges) and one that is drawn fast.

        ``smooth`` chooses edges apart from the ground; as ``still`` where None.
        """
        quality = still, still if smooth is None else smooth
        if quality != self._quality:
            self._quality = quality
            self._apply_quality()

    def render(self) -> None:
        """Draw the frame into the window."""
        self._window.Render()

    def close(self) -> None:
        """Release everything that the view holds in the window, which lives on."""
        if self._closed:
            return
        self._closed = True
        self._drop_stage()
        self._overlay.renderer.ReleaseGraphicsResources(self._window)
        self._window.RemoveRenderer(self._overlay.renderer)
        self._overlay.renderer.RemoveAllViewProps()
        self._window.SetNumberOfLayers(self._layers_before)
        for renderer in self._foreign:
            renderer.DrawOn()
        self._foreign = []

    def _new_renderer(self) -> VtkRenderer:
        renderer: VtkRenderer = vtkRenderer()
        renderer.GetCullers().RemoveAllItems()
        renderer.SetLayer(self._base_layer)
        renderer.SetBackground(0.0, 0.0, 0.0)
        renderer.SetBackgroundAlpha(0.0 if self._alpha else 1.0)
        renderer.AutomaticLightCreationOff()
        sun = vtkLight()
        sun.SetLightTypeToSceneLight()
        sun.SetPositional(False)
        sun.SetPosition(*_SUN)
        sun.SetFocalPoint(0.0, 0.0, 0.0)
        renderer.AddLight(sun)
        renderer.GetActiveCamera().SetViewUp(0.0, 0.0, 1.0)
        self._window.AddRenderer(renderer)
        self._renderer = renderer
        return renderer

    def _drop_stage(self) -> None:
        if self._renderer is None:
            return
        if self._warming is not None:
            self._warming.end()
            self._warming = None
        if self._ground is not None:
            self._ground.release(self._window)
        self._renderer.ReleaseGraphicsResources(self._window)
        if self._supersampling is not None:
            self._supersampling.ReleaseGraphicsResources(self._window)
            self._supersampling = None
        self._renderer.SetPass(None)
        self._renderer.RemoveAllViewProps()
        self._window.RemoveRenderer(self._renderer)
        self._renderer = self._ground = None
        del self._shading, self._air, self._sky, self._road, self._gates, self._riders, self._glows

    def _apply_quality(self) -> None:
        if self._renderer is None or self._ground is None:
            return
        still, smooth = self._quality
        self._ground.set_detail(STILL if still else MOVING)
        if smooth and self._supersampling is None:
            self._supersampling = vtkSSAAPass()
            self._supersampling.SetDelegatePass(vtkRenderStepsPass())
        self._choose_pass()

    def _choose_pass(self, *, empty: bool = False) -> None:
        """Draw the scene smoothly or fast, or only clear the picture where nothing of it is to be seen."""
        assert self._renderer is not None
        if empty:
            self._renderer.SetPass(self._clearing)
        else:
            self._renderer.SetPass(self._supersampling if self._quality[1] else self._in_order)

    def _aim(self, frame: FrameState) -> None:
        """Set camera, clipping planes and what the shaders need."""
        assert self._renderer is not None
        pose = frame.camera
        eye_m = np.asarray(pose.eye_m, float)
        near_m, far_m = self._clipping_m(frame)
        camera = self._renderer.GetActiveCamera()
        camera.SetPosition(*eye_m)
        camera.SetFocalPoint(*map(float, pose.target_m))
        up = _up(pose)
        camera.SetViewUp(*up)
        camera.SetViewAngle(pose.fov_deg)
        camera.SetClippingRange(near_m, far_m)
        if self._sky is not None:
            self._sky.surround(eye_m, 0.95 * far_m)
        width, height = frame.viewport_px
        reach_m = float(np.linalg.norm(np.asarray(pose.target_m, float) - eye_m))
        red, green, blue = self._air.haze_rgb
        half_angle = math.tan(math.radians(pose.fov_deg) / 2.0)
        pixel_angle = 2.0 * half_angle / height
        line_scale = max(1.0, height / _DESIGN_HEIGHT_PX)
        slant = 1.0 + half_angle**2 * (1.0 + (width / height) ** 2)
        assert self._ground is not None
        aspect = max(self._renderer.GetTiledAspectRatio(), width / height)
        frustum = Frustum(pose, up=up, aspect=aspect)
        self._ground.see_from(Sight(eye_m, pixel_angle, frustum, width * height))
        self._road.see_from(eye_m, pixel_angle=pixel_angle, slant=slant, line_scale=line_scale)
        self._shading.update(
            FrameUniforms(
                near_m=near_m,
                far_m=far_m,
                pixel=(2.0 / width, 2.0 / height),
                pixel_angle=pixel_angle,
                line_scale=line_scale,
                eye_m=tuple(eye_m.tolist()),
                growth_angle=growth_angle(pixel_angle, height),
                haze_m=self._air.haze_m(reach_m),
                haze_strength=self._air.haze_strength,
                haze_rgb=(red / 255.0, green / 255.0, blue / 255.0),
            )
        )

    def _clipping_m(self, frame: FrameState) -> tuple[float, float]:
        """Return near and far planes: near from the distance to the nearest thing, for the depth's sake."""
        assert self._ground is not None
        eye_m = np.asarray(frame.camera.eye_m, float)
        nearest_m, farthest_m = self._ground.reach_m(eye_m)
        nearest_m = min(nearest_m, self._gates.nearest_m(eye_m))
        if len(frame.riders.positions_m):
            away_m = np.linalg.norm(frame.riders.positions_m - eye_m, axis=1) - 3.0 * frame.riders.scale
            nearest_m = float(np.nanmin(np.append(away_m, nearest_m)))
        near_m = max(_NEAR_SHARE * nearest_m, _LEAST_NEAR_M)
        return near_m, max(1.25 * farthest_m, near_m + 1000.0)


def _up(pose: CameraPose) -> tuple[float, float, float]:
    """Return what the pose says, else +z, or north where the camera looks straight down or up."""
    if pose.up is not None:
        east, north, up = map(float, pose.up)
        return east, north, up
    sight = np.asarray(pose.target_m, float) - np.asarray(pose.eye_m, float)
    straight = float(np.hypot(sight[0], sight[1])) < 1e-6 * float(np.linalg.norm(sight))
    return (0.0, 1.0, 0.0) if straight else (0.0, 0.0, 1.0)
