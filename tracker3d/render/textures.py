"""Images as textures: with their pixels at hand, or on the graphics processor only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLTexture, vtkTextureObject

from tracker3d.render.buffers import vtk_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkRenderWindow, VtkTexture


class ImageTexture:
    """A texture that takes images of any size; its first row is the top of the picture.

    Attributes
    ----------
    lost : bool
        Never: what goes with a context is handed over to the next one.
    """

    lost = False

    def __init__(self, *, mipmap: bool = False, smooth: bool = True) -> None:
        self.texture: VtkTexture = vtkTexture()
        self.texture.SetInterpolate(smooth)
        self.texture.SetWrap(vtkTexture.ClampToEdge)
        self.texture.SetMipmap(mipmap)
        self.texture.SetMaximumAnisotropicFiltering(1.0)  # see shading for why
        self.texture.SetColorModeToDirectScalars()
        self._image = vtkImageData()
        self.texture.SetInputData(self._image)

    def upload(self, image: NDArray[np.uint8]) -> None:
        """Take ``image`` (h, w, 3) or (h, w, 4) uint8, top row first; it is copied."""
        height, width = image.shape[:2]
        upward = np.ascontiguousarray(image[::-1]).reshape(height * width, -1)
        self._image.SetDimensions(width, height, 1)
        self._image.GetPointData().SetScalars(vtk_array(upward))
        self._image.Modified()

    def release(self, window: VtkRenderWindow) -> None:
        """Take it off the graphics processor."""
        self.texture.ReleaseGraphicsResources(window)


class RemoteTexture:
    """A smooth texture with mipmaps on the graphics processor of a window; no copy of its pixels is kept.

    VTK would keep one as long as the texture lives, to hand it over again to another context. Here whoever
    made it makes it again when it is :attr:`lost`.

    Parameters
    ----------
    image : (h, w, 3) uint8
        Top row first.
    window : vtkRenderWindow
        Whose context is current, see :func:`is_current`.
    """

    def __init__(self, image: NDArray[np.uint8], window: VtkRenderWindow) -> None:
        self._held = vtkTextureObject()
        self._held.SetContext(window)
        self._held.SetGenerateMipmap(True)
        self._held.SetMinificationFilter(vtkTextureObject.LinearMipmapLinear)
        self._held.SetMagnificationFilter(vtkTextureObject.Linear)
        self._held.SetWrapS(vtkTextureObject.ClampToEdge)
        self._held.SetWrapT(vtkTextureObject.ClampToEdge)
        height, width, channels = image.shape
        upward = np.ascontiguousarray(image[::-1])
        self._held.Create2DFromRaw(width, height, channels, VTK_UNSIGNED_CHAR, upward)
        self.texture: VtkTexture = vtkOpenGLTexture()
        self.texture.SetTextureObject(self._held)

    @property
    def lost(self) -> bool:
        """Whether it went with its context."""
        return not self._held.GetHandle()

    def release(self, window: VtkRenderWindow) -> None:
        """Take it off the graphics processor."""
        self.texture.ReleaseGraphicsResources(window)


def ground_texture(image: NDArray[np.uint8], window: VtkRenderWindow) -> ImageTexture | RemoteTexture:
    """Return a smooth texture with mipmaps, on the graphics processor already if it can be."""
    if is_current(window):
        return RemoteTexture(image, window)
    made = ImageTexture(mipmap=True)
    made.upload(image)
    return made


def draws_in_software(window: VtkRenderWindow) -> bool:
    """Tell whether Mesa's renderer draws, which has no memory of its own; the context has to be current."""
    return any(name in window.ReportCapabilities().lower() for name in ("llvmpipe", "softpipe"))


def is_current(window: VtkRenderWindow) -> bool:
    """Tell whether textures can be handed over; makes the window's context current if it has one."""
    if window.GetNeverRendered():
        return False
    window.MakeCurrent()
    return bool(window.IsCurrent())
