"""The map of keys over the window; clicking a key chooses another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tracker3d.app.keys import MOUSE, KeyMap
from tracker3d.show.hotkeys import ACTS, Hotkeys

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent

_MOUSE = "Mouse in a picture"
_COLUMNS = (("On air", "Edit", "Window"), ("Time", _MOUSE), ("Shots", "Riders"))
_LEFT_OUT = tuple(f"air_{number}" for number in range(2, 10))
"""Keys like the one listed before them."""
_PURE_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)
_HINT = "Click a key to choose another one. Esc closes this map."


class KeyOverlay(QFrame):
    """Lies in the middle of the window until its key is pressed again."""

    def __init__(self, parent: QWidget, keys: KeyMap) -> None:
        super().__init__(parent)
        self._around, self._map = parent, keys
        self._caps: dict[str, QPushButton] = {}
        self._waiting: str | None = None
        self.setObjectName("help")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._hint = QLabel(_HINT)
        self._hint.setObjectName("soft")
        self._lay_out()
        keys.remapped.connect(self._write_keys)
        self._write_keys()
        self.hide()

    def toggle(self) -> None:
        """Show or hide."""
        self._stop_waiting()
        self.setVisible(not self.isVisible())
        if self.isVisible():
            self.place()
            self.raise_()

    def place(self) -> None:
        """Stand in the middle of the window."""
        self.adjustSize()
        room = self._around.size()
        self.resize(min(self.width(), room.width()), min(self.height(), room.height()))
        self.move((room.width() - self.width()) // 2, max((room.height() - self.height()) // 2, 0))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go away when clicked beside the keys."""
        self._stop_waiting()
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Take the key pressed for the act whose key was clicked."""
        if self._waiting is None or event.key() in _PURE_MODIFIERS:
            super().keyPressEvent(event)
            return
        act, key = self._waiting, QKeySequence(event.keyCombination()).toString()
        self._stop_waiting()
        if key != "Esc":
            self._hint.setText(self._map.remap(act, key) or _HINT)

    def _choose(self, act: str) -> None:
        self._stop_waiting()
        self._waiting = act
        self._caps[act].setText("press a key")
        self._hint.setText("Press the new key; Esc leaves it as it is.")
        self._map.pause(paused=True)
        self.setFocus()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            self._map.pause(paused=False)
            self._hint.setText(_HINT)
            self._write_keys()

    def _write_keys(self) -> None:
        for act, cap in self._caps.items():
            cap.setText(self._map.shown(act) or "–")

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(26, 18, 26, 16)
        columns = QHBoxLayout()
        columns.setSpacing(30)
        for sections in _COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(6)
            for section in sections:
                column.addLayout(self._section(section))
            column.addStretch(1)
            columns.addLayout(column)
        whole.addLayout(columns)
        foot = QHBoxLayout()
        foot.addWidget(self._hint, 1)
        reset = QPushButton("Usual keys")
        reset.setObjectName("usualKeys")
        reset.setToolTip("Give every act its usual key again")
        reset.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        reset.clicked.connect(lambda: self._map.set_hotkeys(Hotkeys()))
        foot.addWidget(reset)
        whole.addLayout(foot)

    def _section(self, title: str) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        heading = QLabel(title)
        heading.setObjectName("helpTitle")
        grid.addWidget(heading, 0, 0, 1, 2)
        row = 1
        for act in ACTS:
            if act.section == title and act.name not in _LEFT_OUT:
                cap = QPushButton()
                cap.setObjectName("helpKey")
                cap.setProperty("act", act.name)
                cap.setToolTip("Click, then press the key that shall do this")
                cap.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                cap.clicked.connect(lambda _checked=False, name=act.name: self._choose(name))
                self._caps[act.name] = cap
                grid.addWidget(cap, row, 0)
                grid.addWidget(QLabel(act.text), row, 1)
                row += 1
        for gesture, text in MOUSE if title == _MOUSE else ():
            name = QLabel(gesture)
            name.setObjectName("soft")
            grid.addWidget(name, row, 0)
            grid.addWidget(QLabel(text), row, 1)
            row += 1
        grid.setColumnStretch(1, 1)
        return grid
