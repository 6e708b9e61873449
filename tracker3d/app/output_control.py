"""Opens program on a screen of its own, and lets the window show what is seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout

from tracker3d.app.output import RATE_NAMES, RATES, SIZES_PX, OutputWindow

if TYPE_CHECKING:
    from fractions import Fraction

    from PySide6.QtGui import QScreen

    from tracker3d.app.shell import Shell
    from tracker3d.app.watchdog import Watchdog
    from tracker3d.show import Show


class OutputControl(QObject):
    """At most one output; its picture replaces the one drawn in the window, so that nothing is drawn twice.

    Signals
    -------
    changed
        The output was opened or has gone.
    """

    changed = Signal()

    def __init__(self, shell: Shell, watchdog: Watchdog) -> None:
        super().__init__()
        self._shell, self._watchdog = shell, watchdog
        self.window: OutputWindow | None = None

    @property
    def open(self) -> bool:
        """Whether program is on a screen of its own."""
        return self.window is not None

    def toggle(self) -> None:
        """Ask where program shall be shown, or take it away."""
        if self.window is not None:
            self.close()
            return
        dialog = OutputDialog(self._shell)
        dialog.chosen.connect(self.start)
        dialog.finished.connect(lambda _result: self.changed.emit())
        dialog.open()

    def start(self, screen: QScreen | None, size_px: tuple[int, int], rate: Fraction) -> None:
        """Show program on a screen."""
        from tracker3d.app.view import StageView

        show = self._shell.operator.show
        if show is None or self.window is not None:
            return
        window = OutputWindow(StageView(), size_px=size_px, rate=rate, watchdog=self._watchdog)
        window.closed.connect(self._closed)
        window.open_on(screen)
        window.set_show(show)
        self.window = window
        self.changed.emit()

    def set_show(self, show: Show | None) -> None:
        """Show another show, or go where there is none."""
        if self.window is not None and show is not None:
            self.window.set_show(show)
        elif show is None:
            self.close()

    def close(self) -> None:
        """Take program off its screen; it goes on in the window."""
        if self.window is not None:
            self.window.shut()

    def mirror(self, wall_s: float) -> None:
        """Let the window show what is seen on the screen."""
        if self.window is not None:
            image = self.window.mirrored(wall_s)
            if image is not None:
                self._shell.program.set_mirror(image)

    def _closed(self) -> None:
        window, self.window = self.window, None
        if window is not None:
            window.view.shut()
            window.deleteLater()
        self._shell.program.set_mirror(None)
        self.changed.emit()


class OutputDialog(QDialog):
    """Asks for screen, size and frame rate.

    Signals
    -------
    chosen : object, object, object
        Screen, size in pixels, rate as a fraction.
    """

    chosen = Signal(object, object, object)

    def __init__(self, parent: Shell) -> None:
        super().__init__(parent)
        self.setWindowTitle("Program output")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.screen_box, self.size_box, self.rate_box = QComboBox(), QComboBox(), QComboBox()
        screens = QGuiApplication.screens()
        for number, screen in enumerate(screens, 1):
            size = screen.size() * screen.devicePixelRatio()
            self.screen_box.addItem(f"{number}: {screen.name()}, {size.width()} × {size.height()}", screen)
        self.screen_box.setCurrentIndex(len(screens) - 1)
        for size_px in SIZES_PX:
            self.size_box.addItem(f"{size_px[0]} × {size_px[1]}", size_px)
        self.size_box.setCurrentIndex(self._fitting(screens[-1]))
        for name, rate in zip(RATE_NAMES, RATES, strict=True):
            self.rate_box.addItem(f"{name} pictures a second", rate)
        self.rate_box.setCurrentIndex(RATES.index(50))
        form = QFormLayout()
        for name, title, box in (
            ("outputScreen", "Screen", self.screen_box),
            ("outputSize", "Size", self.size_box),
            ("outputRate", "Rate", self.rate_box),
        ):
            box.setObjectName(name)
            form.addRow(title, box)
        text = QLabel(
            "The picture alone, at exactly this size in the screen's upper left corner, without frame and "
            "cursor. What is not drawn is black."
        )
        text.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = buttons.addButton("Start output", QDialogButtonBox.ButtonRole.AcceptRole)
        start.setObjectName("startOutput")
        start.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addLayout(form)
        layout.addWidget(buttons)

    @staticmethod
    def _fitting(screen: QScreen) -> int:
        """Return the largest size that the screen has room for."""
        room = screen.size() * screen.devicePixelRatio()
        fits = [number for number, size in enumerate(SIZES_PX) if size[0] <= room.width()]
        return fits[-1] if fits else 0

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(
            self.screen_box.currentData(), self.size_box.currentData(), self.rate_box.currentData()
        )
