"""What we rely on in the Qt binding."""

from __future__ import annotations

import sys

from PySide6.QtGui import QColor, QImage


def test_qt_calls_without_a_result_keep_the_count_of_none() -> None:
    """PySide 6.12.0 takes a reference to None away with each, and the process aborts within minutes."""
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    colour = QColor("red")
    image.fill(colour)  # the first call of the binding sets things up
    before = sys.getrefcount(None)
    for _ in range(1000):
        image.fill(colour)
    assert abs(sys.getrefcount(None) - before) < 100
