"""Pictures without a window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from tracker3d.errors import InputError
from tracker3d.render.capability import require_opengl
from tracker3d.render.layers import Layer, straight

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkRenderWindow
    from tracker3d.scene.model import FrameState, StageScene

_LARGEST_PX = 8192


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
        self._window = offscreen_window(width, height, alpha=self._alpha)
        self._view = SceneView(self._window, alpha=self._alpha, complete=True, layer=layer)
        self._view.set_quality(still=True, smooth=supersample and not layer.matte)

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
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        width, height = self._size_px
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)
        rgba: NDArray[np.uint8] = vtk_to_numpy(pixels).reshape(height, width, 4)[::-1].copy()
        return rgba

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
