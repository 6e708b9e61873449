"""The overlay that shows every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from tracker3d.app.keys import KEYS, MOUSE

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent


class KeyOverlay(QFrame):
    """Lies in the middle of the window until it is clicked or its key is pressed again."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._around = parent
        self.setObjectName("help")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(28, 22, 28, 24)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnMinimumWidth(2, 32)
        left = self._add_section("Time", self._lines("Time"), row=0, column=0)
        self._add_section("Mouse in the view", MOUSE, row=left, column=0)
        right = self._add_section("Cameras", self._lines("Cameras"), row=0, column=3)
        self._add_section("Window", self._lines("Window"), row=right, column=3)
        self.hide()

    def toggle(self) -> None:
        """Show or hide."""
        self.setVisible(not self.isVisible())
        if self.isVisible():
            self.place()
            self.raise_()

    def place(self) -> None:
        """Stand in the middle of the window."""
        self.adjustSize()
        room = self._around.size()
        self.move((room.width() - self.width()) // 2, max((room.height() - self.height()) // 2, 0))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go away."""
        self.hide()

    @staticmethod
    def _lines(section: str) -> tuple[tuple[str, str], ...]:
        return tuple((key.shown, key.text) for key in KEYS if key.section == section)

    def _add_section(self, title: str, lines: tuple[tuple[str, str], ...], *, row: int, column: int) -> int:
        heading = QLabel(title)
        heading.setObjectName("helpTitle")
        heading.setContentsMargins(0, 10 if row else 0, 0, 0)
        self._grid.addWidget(heading, row, column, 1, 2)
        for number, (key, text) in enumerate(lines, start=row + 1):
            cap = QLabel(key)
            cap.setObjectName("helpKey")
            cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._grid.addWidget(cap, number, column)
            self._grid.addWidget(QLabel(text), number, column + 1)
        return row + len(lines) + 1
