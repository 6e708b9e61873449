"""Program on a screen of its own: the picture and nothing else, at an exact size and an even pace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from tracker3d.app.frame_clock import FrameClock
from tracker3d.app.monitor import PictureBox
from tracker3d.show import Side

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QImage, QKeyEvent, QScreen

    from tracker3d.app.view import StageView
    from tracker3d.app.watchdog import Watchdog
    from tracker3d.show import Show
    from tracker3d.show.settings import Output

_MIRROR_EVERY_S = 0.2
_MIRROR = QSize(960, 540)


class OutputWindow(QWidget):
    """A window without frame and cursor, exactly as large as the picture.

    Parameters
    ----------
    view : StageView
        Draws, keyed where the output is; the window owns it.
    output : Output
        Size, rate, with or without overlays, and whether the window has an alpha of its own: what is not
        drawn is then clear to whoever captures it, else black.
    watchdog : Watchdog

    Signals
    -------
    closed
        It has gone.
    done
        What was due is on the screen: until the next picture is due there is time for other work.
    """

    closed = Signal()
    done = Signal()

    def __init__(self, view: StageView, *, output: Output, watchdog: Watchdog) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("output")
        self.setWindowTitle("tracker3d program")
        if output.key:
            self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        else:
            self.setStyleSheet("#output { background: #000000; }")
            self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.picture = PictureBox(self)
        self.picture.setMinimumSize(0, 0)
        self.view = view
        view.watchdog = watchdog
        view.setMinimumSize(0, 0)
        view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.picture.set_view(view)
        self.output = output
        self.size_px = output.size_px
        self.clock = FrameClock(output.frames_per_s)
        self._watchdog = watchdog
        self._show: Show | None = None
        self._painting = False
        self._mirrored_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._due)
        view.frameSwapped.connect(self._painted)

    def open_on(self, screen: QScreen | None) -> None:
        """Show it in the upper left corner of a screen, in pixels of that screen."""
        screen = screen or QGuiApplication.primaryScreen()
        ratio = screen.devicePixelRatio()
        size = QSize(round(self.size_px[0] / ratio), round(self.size_px[1] / ratio))
        self.setScreen(screen)
        self.setFixedSize(size)
        self.picture.setGeometry(0, 0, size.width(), size.height())
        self.move(screen.geometry().topLeft())
        self.show()

    def set_show(self, show: Show | None) -> None:
        """Show the program of a show."""
        self._show = show
        if show is not None:
            with self._watchdog.drawing():
                self.view.set_stage(show.scene)
            self.clock.start(time.monotonic())
            self._wait()

    def mirrored(self, wall_s: float) -> QImage | None:
        """Return what is on the screen, a few times a second, for the window; None in between."""
        if wall_s - self._mirrored_s < _MIRROR_EVERY_S:
            return None
        self._mirrored_s = wall_s
        with self._watchdog.drawing():
            if self.view.isVisible() and not self.picture.going.isVisible():
                return self.view.small_picture(_MIRROR)
            return self.picture.grab().toImage()

    def shut(self) -> None:
        """Release the graphics and go."""
        self._timer.stop()
        self.view.shut()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Tell that it has gone, however it was closed."""
        self._timer.stop()
        super().closeEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Leave keys to the operator's window."""
        event.ignore()

    def _wait(self) -> None:
        self._timer.start(self.clock.wait_ms(time.monotonic()))

    def _due(self) -> None:
        """Draw the frame that is due, for the moment at which it is due."""
        due_s = self.clock.next(time.monotonic())
        try:
            if self._painting:
                self.clock.missed += 1
            elif self._show is not None:
                self._draw(self._show, due_s)
        finally:
            self._wait()

    def _draw(self, show: Show, due_s: float) -> None:
        with self._watchdog.drawing():
            picture = show.picture(Side.PROGRAM, due_s, self.size_px, clean=not self.output.overlays)
            self.picture.dissolve(picture)
            self.picture.black.setVisible(picture.frame is None and not self.output.key)
            self.view.setVisible(picture.frame is not None)
            if picture.frame is not None:
                self._painting = True
                self.view.refine()
                self.view.show_frame(picture.frame, still=False)
        if not self._painting:
            self.done.emit()

    def _painted(self) -> None:
        self._painting = False
        self.clock.painted(time.monotonic())
        self.done.emit()
