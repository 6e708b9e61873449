"""Does alpha key here? A picture drawn with alpha must lay over anything as if it had been drawn there.

Renderers differ in how they blend into alpha, and multisampling breaks it altogether, so this is tried out on
the machine at hand with the parts that make the real picture: what is opaque, what fades, light on the
road, smoothed edges, labels and panels.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.errors import MachineError, Tracker3DError
from tracker3d.render.capability import require_opengl
from tracker3d.scene.model import CameraPose, FrameState, Glows, Panel, RiderInstances, Sprites

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_EXCESS = 2
"""By how many levels a colour may exceed its alpha, and a composite differ from the direct picture."""
_SIZE_PX = (192, 108)
_LEAST_SHARE = 0.003
"""Of the picture that must be clear, opaque and between, or nothing was tried."""


@dataclass(frozen=True)
class Keying:
    """How well alpha keys.

    Attributes
    ----------
    excess : int
        By how much a colour exceeds its alpha at most, levels of 255.
    difference : int
        Between composites over black and white and the direct pictures at most, levels of 255.
    tried : bool
        Whether there were clear, opaque and translucent pixels.
    renderer : str
        What OpenGL calls itself.
    """

    excess: int
    difference: int
    tried: bool
    renderer: str

    @property
    def ok(self) -> bool:
        """Whether pictures with alpha can go on air."""
        return self.tried and self.excess <= MOST_EXCESS and self.difference <= MOST_EXCESS

    def says(self) -> str:
        """Return it in words, without a full stop."""
        if not self.tried:
            return f"the test picture is not what it should be on {self.renderer}"
        what = f"colour over alpha by {max(self.excess, 0)}, composites off by {self.difference} of 255"
        return f"{what}, on {self.renderer}"


@cache
def self_test() -> Keying:
    """Draw a test picture over nothing, black and white and compare.

    Raises
    ------
    MachineError
        Nothing can be drawn here at all.
    """
    require_opengl()
    key, renderer = _draw(None)
    over_black, over_white = _draw(0.0)[0], _draw(1.0)[0]
    return judged(key, over_black, over_white, renderer=renderer)


def judged(
    key: NDArray[np.uint8], over_black: NDArray[np.uint8], over_white: NDArray[np.uint8], *, renderer: str
) -> Keying:
    """Compare a premultiplied picture (h, w, 4) with the same drawn over black and over white."""
    rgba = key.astype(float)
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    off_black = np.abs(colour - over_black[..., :3]).max()
    off_white = np.abs(colour + 255.0 - alpha - over_white[..., :3]).max()
    shares = [(alpha == 0).mean(), (alpha == 255).mean(), ((alpha > 0) & (alpha < 255)).mean()]
    return Keying(
        excess=int((colour - alpha).max()),
        difference=int(np.ceil(max(off_black, off_white))),
        tried=min(shares) > _LEAST_SHARE,
        renderer=renderer,
    )


def require_keying() -> None:
    """Make sure that pictures with alpha can be made here.

    Raises
    ------
    MachineError
        Alpha does not key with this renderer.
    """
    found = self_test()
    if not found.ok:
        raise MachineError(
            f"Alpha does not key on this machine ({found.says()}); "
            "set LIBGL_ALWAYS_SOFTWARE=1 to render in software, or render without alpha."
        )


def _draw(ground: float | None) -> tuple[NDArray[np.uint8], str]:
    """Return the test picture over a level of grey, or over nothing, and the renderer's name."""
    from vtkmodules.vtkRenderingCore import vtkRenderer
    from vtkmodules.vtkRenderingOpenGL2 import vtkRenderStepsPass

    from tracker3d.render.glows import GlowActor
    from tracker3d.render.offscreen import offscreen_window, read_pixels, samples_for
    from tracker3d.render.overlay import Overlay
    from tracker3d.render.riders import RiderActors
    from tracker3d.render.shading import FrameUniforms, Shading

    frame = _frame()
    samples = samples_for(_SIZE_PX)
    window: Any = offscreen_window(_SIZE_PX[0] * samples, _SIZE_PX[1] * samples, alpha=True)
    window.SetNumberOfLayers(2)
    renderer: Any = vtkRenderer()
    renderer.SetBackground(3 * (ground or 0.0,))
    renderer.SetBackgroundAlpha(0.0 if ground is None else 1.0)
    in_order = vtkRenderStepsPass()
    renderer.SetPass(in_order)
    window.AddRenderer(renderer)
    overlay = Overlay(sampled=samples > 1)
    overlay.renderer.SetLayer(1)
    window.AddRenderer(overlay.renderer)
    shading = Shading()
    RiderActors(renderer, shading).place(frame.riders)
    GlowActor(renderer, shading).show(frame.glows)
    overlay.show(frame)
    camera = renderer.GetActiveCamera()
    camera.SetPosition(*frame.camera.eye_m)
    camera.SetFocalPoint(*frame.camera.target_m)
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.SetViewAngle(frame.camera.fov_deg)
    camera.SetClippingRange(0.5, 200.0)
    width, height = _SIZE_PX
    shading.update(
        FrameUniforms(
            near_m=0.5,
            far_m=200.0,
            pixel=(2.0 / width, 2.0 / height),
            pixel_angle=0.01,
            line_scale=1.0,
            eye_m=(0.0, 0.0, 0.0),
            growth_angle=0.0,
            haze_m=1e6,
            haze_strength=0.0,
            haze_rgb=(0.0, 0.0, 0.0),
        )
    )
    try:
        window.Render()
        picture = read_pixels(window, _SIZE_PX, samples=samples)
        lines = (window.ReportCapabilities() or "").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if "renderer string" in line]
    finally:
        for each in (renderer, overlay.renderer):
            each.ReleaseGraphicsResources(window)
            each.RemoveAllViewProps()
            window.RemoveRenderer(each)
        window.Finalize()
    return picture, names[0] if names else "an unnamed renderer"


def _frame() -> FrameState:
    """Riders of whom half fade, light beside a road, and a label and a panel that let through."""
    count = 6
    places = np.zeros((count, 3), np.float32)
    places[:, 0] = np.linspace(-3.0, 3.0, count)
    riders = RiderInstances(
        bibs=np.arange(1, count + 1, dtype=np.int32),
        positions_m=places,
        heading_rad=np.full(count, 0.7, np.float32),
        colours=np.tile(np.array([250, 240, 230], np.uint8), (count, 1)),
        opacity=np.where(np.arange(count) % 2, 0.5, 1.0).astype(np.float32),
        scale=np.ones(count, np.float32),
        vehicle=np.zeros(count, bool),
    )
    across = np.array([-2.0, -0.8, 0.8, 2.0], np.float32)
    points = np.zeros((2, 4, 3), np.float32)
    points[:, :, 1] = across
    points[:, :, 0] = np.array([[-6.0], [6.0]])
    light = np.zeros((2, 4, 4), np.uint8)
    light[...] = (255, 200, 40, 0)
    light[:, 1:3, 3] = 200
    label = np.full((16, 40, 4), (255, 255, 255, 140), np.uint8)
    label[4:12, 4:36] = (255, 60, 20, 255)
    sprites = Sprites(
        atlas=label,
        atlas_key="test",
        source_px=np.array([[0, 0, 40, 16]], np.float32),
        target_px=np.array([[12, 8, 40, 16]], np.float32),
        opacity=np.array([0.7], np.float32),
        leaders_px=np.array([[32, 24, 60, 50]], np.float32),
        leader_colours=np.array([[255, 255, 255, 220]], np.uint8),
    )
    panel = Panel("test", np.full((20, 60, 4), (20, 30, 40, 205), np.uint8), "test", 120, 8)
    camera = CameraPose(np.array([0.0, -9.0, 3.0]), np.array([0.0, 0.0, 0.6]), 40.0)
    unseen = np.full((count, 2), np.nan, np.float32)
    glows = Glows(points, light, np.array([2]))
    return FrameState(0, _SIZE_PX, camera, riders, unseen, sprites, (panel,), glows)


def main() -> int:
    """Say on standard output how alpha keys here; exit code 0 where it does."""
    try:
        found = self_test()
    except Tracker3DError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{found.says()}\n")
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main())
