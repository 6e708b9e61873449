"""The bar below the view: play, speed, clock, kilometres to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from tracker3d.app import icons, theme
from tracker3d.app.buttons import tool_button
from tracker3d.app.wording import NOTHING, duration_text, rate_text, to_go_text
from tracker3d.scene.figures import local_clock_text
from tracker3d.show import SPEEDS

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon

    from tracker3d.app.keys import KeyMap


class Transport(QWidget):
    """Buttons for time, and what time it is.

    Signals
    -------
    toggle_asked
        Play or pause.
    skip_asked : float
        Race seconds, negative for back.
    speed_asked : float
        Race seconds per second.
    speed_step_asked : int
        Steps up or down.
    reverse_asked
        Change the direction.
    """

    toggle_asked = Signal()
    skip_asked = Signal(float)
    speed_asked = Signal(float)
    speed_step_asked = Signal(int)
    reverse_asked = Signal()

    def __init__(self, keys: KeyMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._tips: list[tuple[QToolButton, str, str]] = []
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icons = {"play": icons.play(), "back": icons.play_backwards(), "pause": icons.pause()}
        self._shown_icon = "play"
        self.play = self._button("play", self._icons["play"], "Play or pause", "toggle")
        self.play.clicked.connect(self.toggle_asked)
        self.back = self._button("back", icons.skip_back(), "10 seconds back", "back_10")
        self.back.clicked.connect(lambda: self.skip_asked.emit(-10.0))
        self.ahead = self._button("ahead", icons.skip_ahead(), "10 seconds ahead", "ahead_10")
        self.ahead.clicked.connect(lambda: self.skip_asked.emit(10.0))
        self.slower = self._button("slower", "−", "Slower", "slower")
        self.slower.clicked.connect(lambda: self.speed_step_asked.emit(-1))
        self.speed = self._button("speed", rate_text(1.0), "Speed: choose one", "")
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.faster = self._button("faster", "+", "Faster", "faster")
        self.faster.clicked.connect(lambda: self.speed_step_asked.emit(1))
        self.reverse = self._button("reverse", "Reverse", "Let time run backwards", "reverse")
        self.reverse.setCheckable(True)
        self.reverse.clicked.connect(self.reverse_asked)
        self._menu = self._speed_menu()
        self.speed.setMenu(self._menu)
        self._clock = self._figure("clock", "Race-local time of day", sample="00:00:00", size_px=26)
        self._race_time = self._figure(
            "soft", "Race time since the real start", sample="−0:00:00", size_px=16
        )
        self._to_go = self._figure(
            "toGo", "From the head of the race to the finish", sample="000.0 km to go", size_px=20
        )
        self._lay_out()
        keys.remapped.connect(self._write_tips)
        self._write_tips()

    def add(self, widget: QWidget) -> None:
        """Put something beside the clock."""
        self._beside.addWidget(widget)

    def set_ready(self, *, ready: bool) -> None:
        """Let the buttons for time do something, or nothing where there is no race."""
        for button, _, _ in self._tips:
            button.setEnabled(ready)

    def show_time(self, time_ms: int, *, timezone: str, start_time_ms: int | None, to_go_m: float) -> None:
        """Show a moment."""
        self._clock.setText(local_clock_text(time_ms, timezone))
        if start_time_ms is not None:
            self._race_time.setText(duration_text((time_ms - start_time_ms) / 1000.0))
        text = to_go_text(to_go_m)
        self._to_go.setText("" if text == NOTHING else f"{text} to go")

    def show_playing(self, *, playing: bool, rate: float) -> None:
        """Show whether time runs, how fast and which way."""
        wanted = "pause" if playing else "back" if rate < 0 else "play"
        if wanted != self._shown_icon:
            self._shown_icon = wanted
            self.play.setIcon(self._icons[wanted])
        if self.speed.text() != rate_text(rate):
            self.speed.setText(rate_text(rate))
            self.reverse.setChecked(rate < 0)
            for action in self._menu.actions():
                action.setChecked(action.data() == abs(rate))

    def _button(self, name: str, face: QIcon | str, tip: str, act: str) -> QToolButton:
        button = tool_button(name, face if isinstance(face, str) else "")
        if not isinstance(face, str):
            button.setIcon(face)
        button.setAccessibleName(tip)
        self._tips.append((button, tip, act))
        return button

    def _figure(self, name: str, tooltip: str, *, sample: str, size_px: int) -> QLabel:
        """Make a label of fixed width, so that nothing beside it moves when its text changes."""
        label = QLabel()
        label.setObjectName(name)
        label.setFont(theme.font(size_px, bold=True))
        label.setToolTip(tooltip)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance(sample) + 6)
        return label

    def _write_tips(self) -> None:
        for button, tip, act in self._tips:
            button.setToolTip(self._keys.tip(tip, act) if act else tip)

    def _speed_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for speed in SPEEDS:
            action = QAction(rate_text(speed), menu)
            action.setCheckable(True)
            action.setChecked(speed == 1.0)
            action.setData(speed)
            action.triggered.connect(lambda _checked=False, speed=speed: self.speed_asked.emit(speed))
            group.addAction(action)
            menu.addAction(action)
        return menu

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(4)
        for widget in (self.back, self.play, self.ahead):
            layout.addWidget(widget)
        layout.addSpacing(14)
        for widget in (self.slower, self.speed, self.faster, self.reverse):
            layout.addWidget(widget)
        layout.addSpacing(18)
        layout.addWidget(self._clock)
        layout.addWidget(self._race_time)
        layout.addSpacing(18)
        self._beside = QHBoxLayout()
        layout.addLayout(self._beside)
        layout.addStretch(1)
        layout.addWidget(self._to_go)
