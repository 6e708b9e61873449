"""What brings preview on air, and takes it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from tracker3d.app.buttons import tool_button

if TYPE_CHECKING:
    from tracker3d.app.keys import KeyMap
    from tracker3d.app.operating import Operator


class MixerBar(QWidget):
    """Take, cut, mix, out and clear, each with its key written on it."""

    def __init__(self, operator: Operator, keys: KeyMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mixer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._keys = keys
        self._buttons: list[tuple[QToolButton, str, str, str]] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 12, 5)
        layout.setSpacing(6)
        layout.addStretch(1)
        for name, text, tip, act, run in (
            (
                "take",
                "TAKE",
                "Preview goes on air as its shot asks for; the next entry is cued",
                "take",
                operator.take,
            ),
            ("cut", "Cut", "Preview goes on air at once", "cut", operator.cut),
            ("mix", "Mix", "Preview is dissolved in", "mix", operator.mix),
            ("backOnAir", "Back", "What was on air before comes back", "back", operator.back),
            ("out", "Out", "Nothing on air; time goes on", "out", operator.out),
            ("clear", "Clear all", "Preview and program empty", "clear_all", operator.clear_all),
        ):
            button = tool_button(name)
            button.clicked.connect(run)
            self._buttons.append((button, text, tip, act))
            layout.addWidget(button)
        layout.addStretch(1)
        keys.remapped.connect(self._write)
        self._write()

    def _write(self) -> None:
        for button, text, tip, act in self._buttons:
            shown = self._keys.shown(act)
            button.setText(f"{text}  {shown}" if shown else text)
            button.setToolTip(self._keys.tip(tip, act))
