"""Buttons of bars and panels."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton


def tool_button(name: str, text: str = "", tooltip: str = "") -> QToolButton:
    """Return a button that never takes the keys from the picture; ``name`` is how it is found and styled."""
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
