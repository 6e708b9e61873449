"""One dark look for the whole window: typeface, palette, style sheet."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import font_source_sans_pro
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

FAMILY = "Source Sans Pro"
_WEIGHTS = ("Regular", "Semibold", "Bold", "It")

BACKGROUND = QColor("#12171e")
PANEL = QColor("#171d26")
ALTERNATE = QColor("#1b222c")
EDGE = QColor("#303b4a")
TEXT = QColor("#e9edf2")
TEXT_SOFT = QColor("#b4c0ce")
ACCENT = QColor("#ffd02e")
ALERT = QColor("#ff9f1a")


def apply(application: QApplication) -> None:
    """Give the application its typeface, which comes with the package, its palette and its style sheet."""
    folder = Path(font_source_sans_pro.font_directory)
    for weight in _WEIGHTS:
        QFontDatabase.addApplicationFont(str(folder / f"SourceSansPro-{weight}.otf"))
    application.setStyle("Fusion")
    application.setFont(font(14))
    application.setPalette(_palette())
    sheet = resources.files("tracker3d.app") / "style.qss"
    application.setStyleSheet(sheet.read_text(encoding="utf-8"))


def font(size_px: int, *, bold: bool = False) -> QFont:
    """Return the application's typeface with figures of equal width, so that running figures stand still."""
    result = QFont(FAMILY)
    result.setPixelSize(size_px)
    result.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    if hasattr(result, "setFeature"):
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for colour_role, colour in (
        (role.Window, BACKGROUND),
        (role.Base, PANEL),
        (role.AlternateBase, ALTERNATE),
        (role.Button, QColor("#273140")),
        (role.WindowText, TEXT),
        (role.Text, TEXT),
        (role.ButtonText, TEXT),
        (role.ToolTipBase, QColor("#232c38")),
        (role.ToolTipText, TEXT),
        (role.PlaceholderText, QColor("#8793a3")),
        (role.Highlight, ACCENT),
        (role.HighlightedText, BACKGROUND),
        (role.Link, ACCENT),
    ):
        palette.setColor(colour_role, colour)
    for colour_role in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, colour_role, QColor("#6b7787"))
    return palette
