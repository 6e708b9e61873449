"""Pictures without a window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

import numpy as np

from tracker3d.errors import InputError
from tracker3d.render.capability import require_opengl
from tracker3d.render.layers import Layer, straight

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkRenderWindow
    from tracker3d.scene.model import FrameState, StageScene

_LARGEST_PX = 8192
_LARGEST_WINDOW_PX = 16384
_SAMPLES = 4
"""In each direction of a pixel, as VTK's own supersampling has them."""


class Offscreen:
    """Draws frames into memory; the same frame gives the same bytes.

    Parameters
    ----------
    size_px : (int, int)
        Width and height.
    alpha : bool
        Leave the background transparent.
    supersample : bool
        Smooth edges; labels and panels are exact either way, and mattes never smooth.
    layer : Layer
        What is drawn of each frame.

    Raises
    ------
    InputError
        The size is out of bounds.
    MachineError
        This machine cannot draw.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        *,
        alpha: bool = False,
        supersample: bool = True,
        layer: Layer = Layer.FULL,
    ) -> None:
        width, height = size_px
        if not (16 <= width <= _LARGEST_PX and 16 <= height <= _LARGEST_PX):
            raise InputError(
                f"A picture of {width}x{height} pixels cannot be drawn; use 16 to {_LARGEST_PX} a side."
            )
        require_opengl()
        from tracker3d.render.view import SceneView

        self._size_px = (width, height)
        self._alpha = alpha or layer.keyed or layer.matte
        smooth = supersample and not layer.matte
        self._samples = samples_for(self._size_px) if smooth and self._alpha else 1
        self._window = offscreen_window(width * self._samples, height * self._samples, alpha=self._alpha)
        self._view = SceneView(
            self._window, alpha=self._alpha, complete=True, layer=layer, samples=self._samples
        )
        self._view.set_quality(still=True, smooth=smooth and not self._alpha)

    def set_stage(self, scene: StageScene) -> None:
        """Show another stage."""
        self._view.set_stage(scene)

    def set_frame(self, frame: FrameState) -> None:
        """Take over everything that moves."""
        self._view.set_frame(frame)

    def render(self) -> None:
        """Draw the frame; :meth:`picture` does so by itself."""
        self._view.render()

    def picture(self, *, premultiplied: bool = False) -> NDArray[np.uint8]:
        """Draw the frame and return it, (h, w, 4) uint8 sRGB, top row first.

        Alpha is straight, as picture and video files want it, unless ``premultiplied``; without
        ``alpha`` it is 255 everywhere.
        """
        self.render()
        rgba = self.read()
        if not self._alpha:
            rgba[..., 3] = 255
        elif not premultiplied:
            rgba = straight(rgba)
        return rgba

    def read(self) -> NDArray[np.uint8]:
        """Return what was rendered last, as the renderer has it: premultiplied, or the bytes of a matte."""
        return read_pixels(self._window, self._size_px, samples=self._samples)

    def close(self) -> None:
        """Release the window and everything in it."""
        if self._window is None:
            return
        self._view.close()
        self._window.Finalize()
        self._window = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def offscreen_window(width: int, height: int, *, alpha: bool) -> VtkRenderWindow:
    """Return a window without a display: EGL on Linux, what VTK chooses elsewhere."""
    if sys.platform == "linux":
        from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

        window = vtkEGLRenderWindow()
    else:
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 (registers the platform's window)
        from vtkmodules.vtkRenderingCore import vtkRenderWindow

        window = vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetShowWindow(False)
    window.SetMultiSamples(0)
    window.SetAlphaBitPlanes(alpha)
    window.SetSize(width, height)
    return window


def samples_for(size_px: tuple[int, int]) -> int:
    """Return how many samples a pixel has in each direction where a picture with alpha is smoothed."""
    return min(_SAMPLES, _LARGEST_WINDOW_PX // max(size_px))


def read_pixels(window: VtkRenderWindow, size_px: tuple[int, int], *, samples: int = 1) -> NDArray[np.uint8]:
    """Return what a window shows, (h, w, 4) uint8, top row first: the mean of each pixel's samples."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

    width, height = size_px[0] * samples, size_px[1] * samples
    pixels = vtkUnsignedCharArray()
    window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)
    drawn: NDArray[np.uint8] = vtk_to_numpy(pixels).reshape(height, width, 4)
    return (drawn if samples == 1 else averaged(drawn, samples))[::-1].copy()


def averaged(drawn: NDArray[np.uint8], samples: int) -> NDArray[np.uint8]:
    """Return the mean of blocks of ``samples`` x ``samples`` pixels of (h, w, 4) uint8, rounded.

    All weights are alike and positive: a filter with negative lobes, as VTK's own, draws colours over their
    alpha at hard edges, and what it cuts off there cannot be laid over anything.
    """
    height, width = drawn.shape[0] // samples, drawn.shape[1] // samples
    rows = drawn.reshape(height, samples, width * samples * 4)
    summed = rows[:, 0].astype(np.uint16)
    for number in range(1, samples):
        summed += rows[:, number]
    lanes = summed.view(np.uint64).reshape(height, width, samples)  # four channels in one number
    total = lanes[..., 0].copy()
    for number in range(1, samples):
        total += lanes[..., number]
    channels = total.view(np.uint16).reshape(height, width, 4)
    count = samples * samples
    return ((channels + count // 2) // count).astype(np.uint8)
