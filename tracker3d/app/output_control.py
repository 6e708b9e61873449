"""Opens program on a screen of its own, and lets the window show what is seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
)

from tracker3d.app.output import OutputWindow
from tracker3d.frame_rates import BROADCAST
from tracker3d.show.settings import SIZES_PX, Output

if TYPE_CHECKING:
    from PySide6.QtGui import QScreen

    from tracker3d.app.keeping import Keeper
    from tracker3d.app.shell import Shell
    from tracker3d.app.watchdog import Watchdog
    from tracker3d.show import Show


class OutputControl(QObject):
    """At most one output; its picture replaces the one drawn in the window, so that nothing is drawn twice.

    Signals
    -------
    changed
        The output was opened or has gone.
    done
        What was due is on its screen.
    """

    changed = Signal()
    done = Signal()

    def __init__(self, shell: Shell, keeper: Keeper, watchdog: Watchdog) -> None:
        super().__init__()
        self._shell, self._keeper, self._watchdog = shell, keeper, watchdog
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
        dialog = OutputDialog(self._shell, self._keeper.settings.output)
        dialog.chosen.connect(self.start)
        dialog.finished.connect(lambda _result: self.changed.emit())
        dialog.open()

    def start(self, output: Output) -> None:
        """Show program on a screen, and remember how."""
        from tracker3d.app.view import StageView

        show = self._shell.operator.show
        if show is None or self.window is not None:
            return
        with self._watchdog.drawing():
            view = StageView(keyed=output.key)
        window = OutputWindow(view, output=output, watchdog=self._watchdog)
        window.closed.connect(self._closed)
        window.done.connect(self.done)
        window.open_on(_screen_of(output))
        self._keeper.keep_output(output)
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
        self._keeper.keep_on_screen(on_screen=False)
        if window is not None:
            window.view.shut()
            window.deleteLater()
        self._shell.program.set_mirror(None)
        self.changed.emit()


class OutputDialog(QDialog):
    """Asks for screen, size and frame rate, for overlays and alpha; begins with what was chosen last.

    Signals
    -------
    chosen : object
        An :class:`~tracker3d.show.settings.Output`.
    """

    chosen = Signal(object)

    def __init__(self, parent: Shell, before: Output) -> None:
        super().__init__(parent)
        self.setWindowTitle("Program output")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.screen_box, self.size_box, self.rate_box = QComboBox(), QComboBox(), QComboBox()
        screens = QGuiApplication.screens()
        for number, screen in enumerate(screens, 1):
            size = screen.size() * screen.devicePixelRatio()
            name = f"{number}: {screen.name()}, {size.width()} × {size.height()}"
            self.screen_box.addItem(name, screen.name())
        self.screen_box.setCurrentIndex(screens.index(_screen_of(before)))
        for size_px in SIZES_PX:
            self.size_box.addItem(f"{size_px[0]} × {size_px[1]}", size_px)
        self.size_box.setCurrentIndex(
            SIZES_PX.index(before.size_px) if before.screen else self._fitting(_screen_of(before))
        )
        for name in BROADCAST:
            self.rate_box.addItem(f"{name} pictures a second", name)
        self.rate_box.setCurrentIndex(list(BROADCAST).index(before.rate))
        self.overlays_box, self.key_box = QCheckBox("Overlays"), QCheckBox("Alpha instead of sky")
        self.overlays_box.setToolTip("Without them it is a clean feed, whatever stands on program")
        self.key_box.setToolTip("What is not drawn is clear to whoever captures the window: for keying")
        self.overlays_box.setChecked(before.overlays)
        self.key_box.setChecked(before.key)
        form = QFormLayout()
        for name, title, box in (
            ("outputScreen", "Screen", self.screen_box),
            ("outputSize", "Size", self.size_box),
            ("outputRate", "Rate", self.rate_box),
        ):
            box.setObjectName(name)
            form.addRow(title, box)
        for name, check in (("outputOverlays", self.overlays_box), ("outputKey", self.key_box)):
            check.setObjectName(name)
            form.addRow("", check)
        said = QLabel(
            "The picture alone, at exactly this size in the screen's upper left corner, without frame and "
            "cursor. What is not drawn is black."
        )
        said.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = buttons.addButton("Start output", QDialogButtonBox.ButtonRole.AcceptRole)
        start.setObjectName("startOutput")
        start.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(said)
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
            Output(
                screen=self.screen_box.currentData(),
                size_px=tuple(self.size_box.currentData()),
                rate=self.rate_box.currentData(),
                overlays=self.overlays_box.isChecked(),
                key=self.key_box.isChecked(),
            )
        )


def _screen_of(output: Output) -> QScreen:
    """Return the screen of that name, or the last one."""
    screens = QGuiApplication.screens()
    return next((screen for screen in screens if screen.name() == output.screen), screens[-1])
