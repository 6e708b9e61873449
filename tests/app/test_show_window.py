"""A show run in a real window as an operator runs it: mouse and keys only."""

from __future__ import annotations

import functools
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QPushButton,
)

sys.path.append(str(Path(__file__).resolve().parent.parent / "feed"))


from desk import PATIENCE_MS, click, eye_of, pixels, press, settle, show_of

from tracker3d.app.watchdog import BAR_S
from tracker3d.scene.camera import CameraTimeline
from tracker3d.show.camera_keys import time_keys
from tracker3d.show.settings import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from tracker3d.app.loading import Order
    from tracker3d.app.window import MainWindow

pytestmark = pytest.mark.window


def test_a_whole_rundown_is_run_from_the_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    show = show_of(window)
    rundown = show.document.rundown
    assert len(rundown) == 6
    for _ in range(len(rundown)):
        press(window, qtbot, "Up")
    aired = []
    for number, key in enumerate(rundown):
        assert show.preview.shot is not None
        assert show.preview.shot.key == key
        press(window, qtbot, "Return")
        assert show.program.shot is not None
        aired.append(show.program.shot.key)
        assert show.state.program.entry == number
    assert tuple(aired) == rundown
    settle(window.program_view, qtbot)
    press(window, qtbot, "O")
    assert show.program.shot is None
    qtbot.waitUntil(window.program.picture.black.isVisible, timeout=PATIENCE_MS)
    press(window, qtbot, "B")
    assert show.program.shot is not None
    qtbot.waitUntil(lambda: not window.program.picture.black.isVisible(), timeout=PATIENCE_MS)
    press(window, qtbot, "Ctrl+Shift+Del")
    assert show.program.shot is None
    assert show.preview.shot is None


def test_program_has_a_screen_of_its_own_that_keys(window: MainWindow, qtbot: QtBot) -> None:
    """Exact size, no frame, no cursor, clean, and black with alpha: colours never exceed it."""
    press(window, qtbot, "Shift+3")
    click(window, qtbot, "outputToggle")
    qtbot.waitUntil(lambda: bool(window.findChildren(QDialog)), timeout=PATIENCE_MS)
    dialog = window.findChildren(QDialog)[0]
    sizes = dialog.findChild(QComboBox, "outputSize")
    assert sizes is not None
    sizes.setFocus()
    qtbot.keyClick(sizes, Qt.Key.Key_Home)
    for name in ("outputOverlays", "outputKey"):
        box = dialog.findChild(QCheckBox, name)
        assert box is not None
        qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    qtbot.mouseClick(dialog.findChild(QPushButton, "startOutput"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.output.open, timeout=PATIENCE_MS)
    output = window.output.window
    assert output is not None
    assert (output.width(), output.height()) == (1280, 720)
    assert output.pos() == output.screen().geometry().topLeft()
    assert output.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert output.cursor().shape() == Qt.CursorShape.BlankCursor
    qtbot.waitUntil(lambda: output.clock.painted_count > 3, timeout=PATIENCE_MS)
    frame = output.view.frame
    assert frame is not None
    assert frame.viewport_px == (1280, 720)
    assert {panel.name for panel in frame.panels} <= {"simulated"}
    assert not len(frame.labelled_bibs)
    image = output.view.grabFramebuffer().convertToFormat(QImage.Format.Format_RGBA8888_Premultiplied)
    seen = np.frombuffer(image.constBits(), np.uint8).reshape(720, 1280, 4).astype(int)
    alpha = seen[..., 3]
    assert (alpha == 0).mean() > 0.01
    assert (alpha == 255).mean() > 0.2
    assert (seen[..., :3].max(axis=-1) <= alpha + 2).all()
    press(window, qtbot, "O")
    qtbot.waitUntil(lambda: not output.view.isVisible(), timeout=PATIENCE_MS)
    assert window.keeper.settings.output == Output(output.screen().name(), (1280, 720), "50", False, True)
    click(window, qtbot, "outputToggle")
    assert not window.output.open


def test_nothing_that_an_operator_does_keeps_the_window_from_its_events(
    window: MainWindow, qtbot: QtBot
) -> None:
    """Each act is done three times: one that blocks does so each time, a busy machine does not.

    What counts is what the window's own thread computed, drawing apart.
    """
    press(window, qtbot, "Space")
    acts: dict[str, Callable[[], object]] = {
        keys: functools.partial(press, window, qtbot, keys)
        for keys in ("3", "Return", "Down", "C", "Right", "Shift+Left", "Ctrl+Shift+S", "Ctrl+Z", "O", "B")
    }
    for panel in (window.groups, window.events, window.overlays, window.health, window.riders):
        acts[type(panel).__name__] = functools.partial(window.tabs.setCurrentWidget, panel)
    longest_s = dict.fromkeys(acts, math.inf)
    for _ in range(3):
        for name, act in acts.items():
            window.watchdog.start()
            act()
            qtbot.wait(150)
            worst = window.watchdog.worst
            longest_s[name] = min(longest_s[name], 0.0 if worst is None else worst.busy_s)
    assert window.watchdog.beats > 0
    assert {name: spent_s for name, spent_s in longest_s.items() if spent_s > BAR_S} == {}


def test_the_watchdog_sees_what_blocks(window: MainWindow, qtbot: QtBot) -> None:
    def compute() -> None:
        until_s = time.thread_time() + 3.0 * BAR_S
        while time.thread_time() < until_s:
            pass

    window.watchdog.start()
    qtbot.wait(50)
    QTimer.singleShot(0, compute)
    qtbot.wait(200)
    worst = window.watchdog.worst
    assert worst is not None
    assert worst.busy_s > 2.0 * BAR_S


def test_a_mix_dissolves_and_ends(window: MainWindow, qtbot: QtBot) -> None:
    show = show_of(window)
    press(window, qtbot, "3")
    press(window, qtbot, "M")
    assert show.state.mix is not None
    qtbot.waitUntil(window.program.picture.going.isVisible, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: show.state.mix is None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not window.program.picture.going.isVisible(), timeout=PATIENCE_MS)


def test_both_pictures_of_a_mix_move_on(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker3d.app.operating.MIX_S", 60.0)
    for keys in ("Shift+3", "F9", "Space", "F9", "2", "M"):  # time runs on program only where it is alone
        press(window, qtbot, keys)
    going = window.program.picture.going
    qtbot.waitUntil(going.isVisible, timeout=PATIENCE_MS)
    seen: set[bytes] = set()

    def moved() -> bool:
        image = going.image
        seen.add(b"" if image is None else bytes(image.constBits())[::997])
        return len(seen) > 2

    qtbot.waitUntil(moved, timeout=PATIENCE_MS)


def test_what_is_done_in_preview_leaves_every_pixel_of_program_alone(
    window: MainWindow, qtbot: QtBot
) -> None:
    show = show_of(window)
    before, state = pixels(window.program_view), show.state.program
    assert len(set(before[::97])) > 20
    for keys in ("2", "4", "Left", "Shift+Left", "R", "Down", "Ctrl+Z", "3", "G"):
        press(window, qtbot, keys)
    window.tabs.setCurrentWidget(window.overlays)
    box = window.findChild(QCheckBox, "overlay_gap_board")
    assert box is not None
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    name = window.findChild(QLineEdit, "shotName")
    assert name is not None
    qtbot.mouseDClick(name, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(name, "Onward")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert any("Onward" in shot.name for shot in show.document.shots)
    view = window.preview_view.view
    assert view is not None
    middle = view.rect().center()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(view, middle + QPoint(40, 0))
    qtbot.mouseMove(view, middle + QPoint(90, 20))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle + QPoint(90, 20))
    settle(window.preview_view, qtbot)
    assert show.preview.by_hand
    assert show.state.program is state
    assert pixels(window.program_view) == before
    assert pixels(window.preview_view) != before


def test_edits_are_undone_and_done_again(window: MainWindow, qtbot: QtBot) -> None:
    show = show_of(window)
    first = show.document
    press(window, qtbot, "3")
    entries = window.rundown.entries
    qtbot.waitUntil(lambda: entries.item(2).text().endswith(("cued", "ON AIR")), timeout=PATIENCE_MS)
    press(window, qtbot, "Ctrl+Shift+S")
    assert len(show.document.shots) == len(first.shots) + 1
    click(window, qtbot, "removeEntry")
    rundown = window.findChild(QListWidget, "rundown")
    assert rundown is not None
    item = rundown.visualItemRect(rundown.item(1)).center()
    qtbot.mouseClick(rundown.viewport(), Qt.MouseButton.LeftButton, pos=item)
    assert show.state.preview.entry == 1
    click(window, qtbot, "removeEntry")
    edited = show.document
    assert edited != first
    while show.history.undo_text:
        press(window, qtbot, "Ctrl+Z")
    assert show.document == first
    while show.history.redo_text:
        press(window, qtbot, "Ctrl+Y")
    assert show.document == edited


def test_a_camera_key_is_dragged(window: MainWindow, qtbot: QtBot) -> None:
    show = show_of(window)
    press(window, qtbot, "2")
    qtbot.waitUntil(lambda: window.camera_keys.keys.shot is not None, timeout=PATIENCE_MS)
    click(window, qtbot, "makeKeys")
    shot = show.document.shot("orbit")
    assert shot is not None
    assert isinstance(shot.camera, CameraTimeline)
    keys = window.camera_keys.keys
    qtbot.waitUntil(lambda: keys.move is not None, timeout=PATIENCE_MS)
    before = [key.at_s for key in time_keys(shot.camera)]
    place = keys.key_place(2).toPoint()
    to = QPoint(round(keys.x_of(before[2] + 2.0)), place.y())
    qtbot.mousePress(keys, Qt.MouseButton.LeftButton, pos=place)
    for x in range(place.x(), to.x(), 7):
        qtbot.mouseMove(keys, QPoint(x, place.y()))
    qtbot.mouseMove(keys, to)
    qtbot.mouseRelease(keys, Qt.MouseButton.LeftButton, pos=to)
    moved = show.document.shot("orbit")
    assert moved is not None
    assert isinstance(moved.camera, CameraTimeline)
    after = [key.at_s for key in time_keys(moved.camera)]
    assert after[2] == pytest.approx(before[2] + 2.0, abs=0.2)
    assert [*after[:2], *after[3:]] == [*before[:2], *before[3:]]
    assert show.preview.shot == moved
    press(window, qtbot, "Ctrl+Z")
    assert show.document.shot("orbit") == shot


def test_following_a_rider_in_preview_and_taking_it(window: MainWindow, qtbot: QtBot) -> None:
    show = show_of(window)
    press(window, qtbot, "Ctrl+F")
    field = window.riders.search
    qtbot.waitUntil(field.hasFocus, timeout=PATIENCE_MS)
    qtbot.keyClicks(field, "vingegaard")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert show.preview.followed_bib == 4
    assert show.program.followed_bib is None
    settle(window.preview_view, qtbot)
    seen = eye_of(window.preview_view)
    press(window, qtbot, "Return")
    assert show.program.followed_bib == 4
    settle(window.program_view, qtbot)
    assert eye_of(window.program_view) == pytest.approx(seen, abs=3.0)
    press(window, qtbot, "P")
    assert show.document.pinned == (4,)


def test_a_key_is_chosen_on_the_map_and_remembered(
    window: MainWindow, make_window: Callable[[Order | None], MainWindow], qtbot: QtBot
) -> None:
    press(window, qtbot, "F1")
    cap = next(found for found in window.keys.findChildren(QPushButton) if found.property("act") == "take")
    qtbot.mouseClick(cap, Qt.MouseButton.LeftButton)
    qtbot.keyClick(window.keys, Qt.Key.Key_W)
    assert cap.text() == "W"
    press(window, qtbot, "Esc")
    assert not window.keys.isVisible()
    press(window, qtbot, "3")
    press(window, qtbot, "W")
    shot = show_of(window).program.shot
    assert shot is not None
    assert shot.key == "leader"
    window.close()
    other = make_window(None)
    assert other.key_map.shown("take") == "W"
    press(other, qtbot, "F1")
    click(other, qtbot, "usualKeys")
    assert other.key_map.shown("take") == "Enter"
