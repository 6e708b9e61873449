"""Fields that a person types into, which keep their keys from the window's shortcuts."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QWidget

_MODIFIED = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
_TEXT_PX = 7
Field = TypeVar("Field", bound=QWidget)


class _KeepsKeys(QObject):
    """Takes plain keys for the field that has the focus; Esc gives the focus back."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.modifiers() & _MODIFIED or event.key() >= Qt.Key.Key_F1:
                return False
            event.accept()
            return True
        pressed = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if pressed and event.key() == Qt.Key.Key_Escape and isinstance(watched, QWidget):  # type: ignore[attr-defined]
            watched.clearFocus()
            return True
        return False


_KEEPER: list[_KeepsKeys] = []


def keeping_keys(field: Field) -> Field:
    """Let a field keep what is typed into it."""
    if not _KEEPER:
        _KEEPER.append(_KeepsKeys())
    field.installEventFilter(_KEEPER[0])
    line = field.lineEdit() if isinstance(field, QComboBox) else None
    if line is not None:
        line.installEventFilter(_KEEPER[0])
    return field


def number_field() -> QDoubleSpinBox:
    """Return a field for a number that keeps its keys; the style sheet's padding does not reach its text."""
    field = keeping_keys(QDoubleSpinBox())
    field.lineEdit().setTextMargins(_TEXT_PX, 0, _TEXT_PX, 0)
    return field
