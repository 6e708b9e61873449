"""Live: the lamp, the delay, sync, replay and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from tracker3d.app.buttons import tool_button
from tracker3d.app.inputs import number_field
from tracker3d.live import Connection

if TYPE_CHECKING:
    from tracker3d.app.keys import KeyMap
    from tracker3d.app.operating import Operator
    from tracker3d.live import SessionHealth
    from tracker3d.show import ShowClock

_LONGEST_S = 300.0
_TROUBLE = (Connection.LOST, Connection.QUIET, Connection.ENDED)


class LiveBar(QWidget):
    """Stands beside the clock while a feed is live."""

    def __init__(self, operator: Operator, keys: KeyMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._tips: list[tuple[QWidget, str, str]] = []
        self.live = self._button("goLive", "LIVE", "The race as it is ridden, less the delay", "go_live")
        self.live.setCheckable(True)
        self.live.clicked.connect(operator.go_live)
        self.lamp = QLabel()
        self.lamp.setObjectName("lamp")
        self.less = self._button("delayLess", "−", "Delay shorter by 0.1 s", "delay_less")
        self.less.clicked.connect(lambda: operator.nudge(-1))
        self.delay = number_field()
        self.delay.setObjectName("delay")
        self.delay.setRange(0.0, _LONGEST_S)
        self.delay.setDecimals(1)
        self.delay.setSingleStep(0.1)
        self.delay.setPrefix("delay ")
        self.delay.setSuffix(" s")
        self.delay.setKeyboardTracking(False)
        self.delay.setToolTip("How late the race is shown, 0 to 300 s, so that it agrees with the pictures")
        self.delay.valueChanged.connect(operator.set_delay)
        self.more = self._button("delayMore", "+", "Delay longer by 0.1 s", "delay_more")
        self.more.clicked.connect(lambda: operator.nudge(1))
        self.sync = self._button(
            "sync", "Sync", "The event chosen in the log happens now: sets the delay", "sync"
        )
        self.sync.clicked.connect(operator.sync)
        self.replay = self._button("replayMinute", "↺ 1 min", "See the last minute again", "replay_minute")
        self.replay.clicked.connect(operator.replay_minute)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.live, self.lamp, self.less, self.delay, self.more, self.sync, self.replay):
            layout.addWidget(widget)
        keys.remapped.connect(self._write_tips)
        self._write_tips()
        self.hide()

    def show_clock(self, clock: ShowClock, wall_s: float) -> None:
        """Show whether program is live and with which delay."""
        self.live.setChecked(clock.live)
        behind_s = clock.behind_s(wall_s)
        self.live.setText("LIVE" if clock.live else f"Back to LIVE  ({_span(behind_s)} behind)")
        if not self.delay.hasFocus() and self.delay.value() != clock.delay_s:
            self.delay.blockSignals(True)
            self.delay.setValue(clock.delay_s)
            self.delay.blockSignals(False)

    def show_health(self, health: SessionHealth) -> None:
        """Say whether the feed comes."""
        trouble = health.connection in _TROUBLE
        quiet = "" if health.quiet_s is None else f" {health.quiet_s:.0f} s"
        text = {
            Connection.RECEIVING: "● feed",
            Connection.CONNECTING: "○ connecting",
            Connection.READING_BACK: "○ reading back",
            Connection.QUIET: f"○ feed silent{quiet}",
            Connection.LOST: f"○ feed lost{quiet}",
            Connection.ENDED: "○ feed ended",
        }[health.connection]
        self.lamp.setText(text)
        self.lamp.setToolTip(health.says)
        if self.lamp.property("alert") != trouble:
            self.lamp.setProperty("alert", trouble)
            self.lamp.style().unpolish(self.lamp)
            self.lamp.style().polish(self.lamp)

    def _button(self, name: str, text: str, tip: str, act: str) -> QToolButton:
        button = tool_button(name, text)
        self._tips.append((button, tip, act))
        return button

    def _write_tips(self) -> None:
        for widget, tip, act in self._tips:
            widget.setToolTip(self._keys.tip(tip, act))


def _span(seconds: float) -> str:
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
