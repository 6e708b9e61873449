"""The 3D view: a VTK render window inside Qt, and what the mouse does in it."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QOpenGLContext
from PySide6.QtOpenGL import QOpenGLFramebufferObject

from tracker3d.app import free_camera
from tracker3d.app.gl_widget import QVTKRenderWindowInteractor
from tracker3d.render.view import SceneView

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QCloseEvent, QImage, QKeyEvent, QMouseEvent, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from tracker3d.app.watchdog import Watchdog
    from tracker3d.scene.model import CameraPose, FrameState, StageScene

PICK_REACH_PX = 12.0
"""A click this near to a rider means the rider."""

_DRAFT_PIXEL = 2
_RIDER_HEIGHT_M = 1.8
_CLICK_SLACK_PX = 4.0
_TURN_RAD_PER_PX = math.radians(0.25)
_WHEEL_STEP = 0.85
_NOTCH = 120.0
_COLOUR_BUFFER, _LINEAR = 0x4000, 0x2601
"""OpenGL's GL_COLOR_BUFFER_BIT and GL_LINEAR."""


class StageView(QVTKRenderWindowInteractor):  # type: ignore[misc]  # pyvistaqt has no types
    """Shows frames of a scene; tells what the mouse asks for and decides nothing itself.

    It is pyvistaqt's OpenGL widget without its plotter: that one would add keys, a renderer and file
    drops of its own. VTK draws when Qt asks for a repaint and at no other time.

    Parameters
    ----------
    parent : QWidget, optional
    keyed : bool
        Black with an alpha of 0 instead of the sky, premultiplied, for a picture that is laid over another.

    Signals
    -------
    rider_clicked : int
        Bib.
    camera_moved : object
        The :class:`~tracker3d.scene.model.CameraPose` that the mouse asks for.

    Attributes
    ----------
    watchdog : Watchdog or None
        Told what is drawing.
    """

    rider_clicked = Signal(int)
    camera_moved = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, keyed: bool = False) -> None:
        super().__init__(parent)
        self._keyed = keyed
        self.setObjectName("view")
        self.setMinimumSize(320, 180)
        self.setToolTip("")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        window = self.GetRenderWindow()
        window.SetMultiSamples(0)
        window.GetInteractor().SetInteractorStyle(None)
        window.GetInteractor().Enable()
        self._scene: StageScene | None = None
        self._scene_view: SceneView | None = SceneView(window, alpha=keyed)
        self._frame: FrameState | None = None
        self._pose: CameraPose | None = None
        self._pressed_at: QPointF | None = None
        self._last_at = QPointF()
        self._dragged = False
        self.watchdog: Watchdog | None = None

    @property
    def viewport_px(self) -> tuple[int, int]:
        """Size of a sharp picture, in device pixels."""
        return self._size_px(1)

    @property
    def draft_viewport_px(self) -> tuple[int, int]:
        """Size of a draft: a quarter of the pixels, enlarged to fill the view."""
        return self._size_px(_DRAFT_PIXEL)

    @property
    def frame(self) -> FrameState | None:
        """The frame that is shown."""
        return self._frame

    def set_stage(self, scene: StageScene) -> None:
        """Show another stage, from the next frame on."""
        if self._scene_view is not None:
            self._scene = scene
            self._frame = None
            self._scene_view.set_stage(scene)

    def show_frame(self, frame: FrameState, *, still: bool) -> None:
        """Take over a frame, sharp or a draft, and ask Qt to paint it; ``still`` is slower and finer."""
        if self._scene_view is None:
            return
        self._scene_view.set_quality(still=still)
        self._take(self._scene_view, frame)
        self._pose = frame.camera
        self.update()

    def drawn(self, frame: FrameState) -> QImage | None:
        """Return a picture of another frame, and show nothing of it: the next frame follows at once."""
        if self._scene_view is None:
            return None
        self._scene_view.set_quality(still=False)
        self._take(self._scene_view, frame)
        image: QImage = self.grabFramebuffer()
        return image

    def _take(self, scene_view: SceneView, frame: FrameState) -> None:
        window = self.GetRenderWindow()
        if tuple(window.GetSize()) != frame.viewport_px:
            window.GetInteractor().UpdateSize(*frame.viewport_px)
        self._frame = frame
        scene_view.set_frame(frame)

    def refine(self) -> bool:
        """Go on with the ground, which becomes finer tile by tile; tells whether a repaint would show it."""
        return self._scene_view is not None and self._scene_view.refine()

    @property
    def settled(self) -> bool:
        """Whether the ground is as fine as it will be for this frame."""
        return self._scene_view is None or not self._scene_view.pending

    @property
    def faults(self) -> tuple[str, ...]:
        """What could not be read of the ground, one plain sentence each."""
        return () if self._scene_view is None else self._scene_view.faults

    def small_picture(self, size: QSize) -> QImage:
        """Return what is seen, made smaller before it is read: reading all of it takes a frame's time."""
        self.makeCurrent()
        small = QOpenGLFramebufferObject(size)
        whole = QRect(QPoint(0, 0), QSize(*self.viewport_px))
        QOpenGLFramebufferObject.blitFramebuffer(  # type: ignore[call-overload]  # None: what is on the screen
            small, QRect(QPoint(0, 0), size), None, whole, _COLOUR_BUFFER, _LINEAR
        )
        image: QImage = small.toImage()
        del small
        self.doneCurrent()
        return image

    def shut(self) -> None:
        """Release everything on the graphics processor; the view shows nothing any more."""
        if self._scene_view is not None:
            self._scene_view.close()
            self._scene_view = None
            self._scene = self._frame = None
        self.close()
        # Kept, the surface's wrapper would be taken for whatever Qt puts at the same address next.
        self._forget_context()
        # A context left current would stand in the way of pictures that VTK draws without a window.
        current = QOpenGLContext.currentContext()
        if current is not None:
            current.doneCurrent()

    def bib_at(self, place: QPointF) -> int | None:
        """Return the bib of the rider who is drawn nearest to a place in the widget.

        Within 12 pixels, or within half the rider's height on the screen where that is more.
        """
        frame = self._frame
        if frame is None or not len(frame.riders.bibs):
            return None
        ratio = frame.viewport_px[0] / max(self.width(), 1)
        wanted = np.array([place.x() * ratio, place.y() * ratio])
        away_px = np.hypot(*(frame.rider_px.astype(float) - wanted).T)
        reach_px = np.maximum(PICK_REACH_PX * ratio, 0.5 * _heights_px(frame))
        away_px[~(away_px <= reach_px)] = np.inf
        nearest = int(np.argmin(away_px))
        return int(frame.riders.bibs[nearest]) if np.isfinite(away_px[nearest]) else None

    def paintGL(self) -> None:  # noqa: N802
        """Draw, once there is a frame: before, the shaders know nothing of a camera."""
        if self._frame is not None:
            with contextlib.nullcontext() if self.watchdog is None else self.watchdog.drawing():
                super().paintGL()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Remember where a drag or a click begins."""
        self._pressed_at = self._last_at = event.position()
        self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Turn or move the camera; over a rider show a hand."""
        here = event.position()
        if self._pressed_at is None:
            over = self.bib_at(here) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        moved_px = here - self._pressed_at
        if not self._dragged and math.hypot(moved_px.x(), moved_px.y()) < _CLICK_SLACK_PX:
            return
        self._dragged = True
        step = here - self._last_at
        self._last_at = here
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.buttons() & Qt.MouseButton.LeftButton and not shift:
            self._turn(step)
        else:
            self._move(step)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take a press and a release on the spot for a click."""
        clicked = self._pressed_at is not None and not self._dragged
        self._pressed_at, self._dragged = None, False
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            bib = self.bib_at(event.position())
            if bib is not None:
                self.rider_clicked.emit(bib)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the second press as any other."""
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Go closer or farther."""
        notches = event.angleDelta().y() / _NOTCH
        if self._pose is not None and notches:
            self._ask_for(free_camera.zoomed(self._pose, factor=_WHEEL_STEP**notches))

    def enterEvent(self, event: QEvent) -> None:  # noqa: N802
        """Leave VTK's own interaction out."""

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Leave VTK's own interaction out."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Leave keys to the window."""
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Leave keys to the window."""
        event.ignore()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Release what the scene holds before the window of VTK goes."""
        if self._scene_view is not None:
            self._scene_view.close()
            self._scene_view = None
        super().closeEvent(event)

    def _blit(self, target_id: int, rect: QRect) -> None:
        super()._blit(target_id, rect)
        if self._keyed:
            # The picture once more: Qt's windows are opaque as a rule, so the alpha was just set to 1.
            window = self.GetRenderWindow()
            size = (rect.x(), rect.y(), rect.width(), rect.height())
            window.BlitDisplayFramebuffer(0, 0, 0, *window.GetSize(), *size, _COLOUR_BUFFER, _LINEAR)

    def _size_px(self, pixel: int) -> tuple[int, int]:
        ratio = self.devicePixelRatioF() / pixel
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def _turn(self, step: QPointF) -> None:
        if self._pose is not None:
            self._ask_for(
                free_camera.turned(
                    self._pose,
                    right_rad=-step.x() * _TURN_RAD_PER_PX,
                    up_rad=step.y() * _TURN_RAD_PER_PX,
                )
            )

    def _move(self, step: QPointF) -> None:
        if self._pose is not None:
            scale = free_camera.metres_per_pixel(self._pose, height_px=self.height())
            self._ask_for(free_camera.moved(self._pose, right_m=-step.x() * scale, ahead_m=step.y() * scale))

    def _ask_for(self, pose: CameraPose) -> None:
        if self._scene is not None:
            pose = free_camera.above_ground(pose, self._scene.ground.relief)
        self._pose = pose
        self.camera_moved.emit(pose)


def _heights_px(frame: FrameState) -> NDArray[np.float64]:
    """Return how high each rider is drawn, in device pixels, (n,)."""
    away_m = np.linalg.norm(frame.riders.positions_m - np.asarray(frame.camera.eye_m, float), axis=1)
    spanned_m = 2.0 * np.maximum(away_m, 1.0) * math.tan(math.radians(frame.camera.fov_deg) / 2.0)
    return np.asarray(_RIDER_HEIGHT_M * frame.riders.scale / spanned_m * frame.viewport_px[1], float)
