"""How tests work at the operator's desk: they press, click, wait, and look at what is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton

from tracker3d.app.pacing import Quality

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tracker3d.app.bus_view import BusView
    from tracker3d.app.window import MainWindow
    from tracker3d.show import Show

PATIENCE_MS = 90_000


def press(window: MainWindow, qtbot: QtBot, keys: str) -> None:
    qtbot.keySequence(window, keys)


def click(window: MainWindow, qtbot: QtBot, name: str) -> None:
    found = window.findChild(QToolButton, name) or window.findChild(QPushButton, name)
    assert found is not None, name
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def show_of(window: MainWindow) -> Show:
    assert window.operator.show is not None
    return window.operator.show


def settle(view: BusView, qtbot: QtBot) -> None:
    """Wait until the picture is sharp, on the screen, and its ground as fine as it will be."""

    def at_rest() -> bool:
        pacer = view.pacer
        return (
            view.view is not None
            and view.view.frame is not None
            and view.view.settled
            and not (pacer.changed or pacer.finer or pacer.painting)
            and pacer.quality != Quality.DRAFT
        )

    qtbot.waitUntil(at_rest, timeout=PATIENCE_MS)
    drawn = view.pacer.painted_count
    qtbot.wait(400)  # long enough for a finer picture to follow, where there is one
    qtbot.waitUntil(at_rest, timeout=PATIENCE_MS)
    assert view.pacer.painted_count >= drawn


def pixels(view: BusView) -> bytes:
    assert view.view is not None
    image = view.view.grabFramebuffer().convertToFormat(QImage.Format.Format_RGBA8888)
    return bytes(image.constBits())


def eye_of(view: BusView) -> tuple[float, ...]:
    assert view.view is not None
    assert view.view.frame is not None
    return tuple(view.view.frame.camera.eye_m)


def drop(window: MainWindow, paths: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(90, 90), action, mime, button, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(90, 90), action, mime, button, none))
