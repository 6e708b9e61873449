"""The app in a real window: mouse and keys only, no calls behind its back."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QSurface, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QTableView, QToolButton
from shiboken6 import Shiboken

from terrain import Ground, TerrainError, Texture
from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.pacing import Quality
from tracker3d.app.riders import BIB_ROLE, Column
from tracker3d.app.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import SmallStage
    from pytestqt.qtbot import QtBot

    from tracker3d.show.bus import Bus
from tracker3d.show.settings import Output

pytestmark = pytest.mark.window
PATIENCE_MS = 90_000


def opened(qtbot: QtBot, package: Path, feed: Path | None) -> MainWindow:
    window = MainWindow(Order(package, "" if feed is None else str(feed)))
    qtbot.addWidget(window)
    window.resize(1280, 720)
    with qtbot.waitActive(window, timeout=PATIENCE_MS):
        window.show()
        window.activateWindow()
    window.start()
    return window


@pytest.fixture(scope="module")
def shared_window(small_stage: SmallStage, qapp: QApplication) -> Iterator[MainWindow]:
    """One window with the small race for all tests that leave it as it was."""
    theme.apply(qapp)
    window = MainWindow(Order(small_stage.package, str(small_stage.feed)))
    window.resize(1280, 720)
    window.show()
    window.activateWindow()
    window.start()
    yield window
    window.close()
    window.deleteLater()
    del window
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.fixture
def window(shared_window: MainWindow, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> Iterator[MainWindow]:
    """The window, playing at x1 from five minutes into the race, the whole stage in the picture."""
    window = shared_window
    qtbot.waitUntil(lambda: window.ready and window.program_view.pacer.painted_count > 1, timeout=PATIENCE_MS)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE_MS)
    clock, wall_s = program(window).clock, window.operator.now_s()
    clock.set_backwards(False, wall_s)
    clock.set_speed(1.0, wall_s)
    clock.seek(clock.span(0.0).start_ms + 300_000, wall_s)
    clock.play(wall_s)
    window.riders.search.clear()
    qtbot.keyClick(window, "1")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    settle(window, qtbot)
    yield window
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.fixture
def paused(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The same, paused."""
    qtbot.keyClick(window, Qt.Key.Key_Space)
    settle(window, qtbot)
    return window


def settle(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until what was asked for has been painted, and no draft of it: its size differs by a pixel."""
    pacer = window.program_view.pacer
    qtbot.waitUntil(lambda: not pacer.changed, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: pacer.quality != Quality.DRAFT, timeout=PATIENCE_MS)
    drawn = pacer.painted_count
    qtbot.waitUntil(lambda: not pacer.painting or pacer.painted_count > drawn, timeout=PATIENCE_MS)


def program(window: MainWindow) -> Bus:
    assert window.operator.show is not None
    return window.operator.show.program


def now_ms(window: MainWindow) -> int:
    return program(window).clock.now_ms(window.operator.now_s())


def playing(window: MainWindow) -> bool:
    return program(window).clock.playing(window.operator.now_s())


def button(window: MainWindow, name: str) -> QToolButton:
    found = window.findChild(QToolButton, name)
    assert found is not None
    return found


def press(window: MainWindow, qtbot: QtBot, name: str) -> None:
    qtbot.mouseClick(button(window, name), Qt.MouseButton.LeftButton)


def table_of(window: MainWindow) -> QTableView:
    found = window.findChild(QTableView, "riders")
    assert found is not None
    return found


def click_row(window: MainWindow, qtbot: QtBot, row: int) -> None:
    table = table_of(window)
    index = table.model().index(row, Column.NAME)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())


def test_opens_playing_and_says_that_it_is_simulated(
    small_stage: SmallStage, looks: QApplication, qtbot: QtBot
) -> None:
    window = opened(qtbot, small_stage.package, small_stage.feed)
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
    assert playing(window)
    assert "simulated" in window.windowTitle()
    marks = [label for label in window.findChildren(QLabel) if label.text() == "SIMULATED"]
    assert [mark.isVisible() for mark in marks] == [True]
    before = now_ms(window)
    drawn = window.program_view.pacer.painted_count
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > drawn + 2, timeout=PATIENCE_MS)
    assert now_ms(window) > before
    window.close()
    assert window.exit_code == 0


def test_the_picture_is_no_blank(paused: MainWindow) -> None:
    assert paused.program_view.view is not None
    image = paused.program_view.view.grabFramebuffer()
    colours = {image.pixel(x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)}
    assert len(colours) > 200


def test_space_plays_and_pauses(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not playing(window)
    held = now_ms(window)
    qtbot.wait(120)
    assert now_ms(window) == held
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert playing(window)
    press(window, qtbot, "play")
    assert not playing(window)


def test_arrows_seek(paused: MainWindow, qtbot: QtBot) -> None:
    start = now_ms(paused)
    qtbot.keyClick(paused, Qt.Key.Key_Right)
    assert now_ms(paused) == start + 10_000
    qtbot.keyClick(paused, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert now_ms(paused) == start - 50_000
    press(paused, qtbot, "ahead")
    assert now_ms(paused) == start - 40_000


def test_speed_by_keys_and_buttons(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Plus)
    assert program(window).clock.speed == 2.0
    press(window, qtbot, "faster")
    assert program(window).clock.speed == 5.0
    qtbot.waitUntil(lambda: button(window, "speed").text() == "×5", timeout=PATIENCE_MS)
    for _ in range(12):
        qtbot.keyClick(window, Qt.Key.Key_Minus)
    assert program(window).clock.speed == 0.1
    qtbot.keyClick(window, Qt.Key.Key_R)
    assert program(window).clock.rate == -0.1
    qtbot.waitUntil(lambda: button(window, "speed").text() == "−×0.1", timeout=PATIENCE_MS)


def test_scrubbing_on_the_timeline(window: MainWindow, qtbot: QtBot) -> None:
    timeline = window.timeline
    wanted = (program(window).clock.span(0.0).start_ms + program(window).clock.span(0.0).end_ms) // 2
    x = round(timeline.x_of_time(wanted))
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x, 60))
    held = now_ms(window)
    assert held == pytest.approx(wanted, abs=3000)
    qtbot.wait(80)
    assert now_ms(window) == held
    qtbot.mouseMove(timeline, QPoint(x - 200, 60))
    assert now_ms(window) < held - 60_000
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x - 200, 60))
    assert playing(window)


def test_a_slow_machine_answers_with_a_draft_and_sharpens_it(paused: MainWindow, qtbot: QtBot) -> None:
    view = paused.program_view.view
    assert view is not None
    paused.program_view.pacer._sharp_cost_s = 1.0
    sharp, draft = view.viewport_px, view.draft_viewport_px
    assert draft[0] == pytest.approx(sharp[0] / 2, abs=1)
    qtbot.keyClick(paused, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.viewport_px == draft, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.viewport_px == sharp, timeout=PATIENCE_MS)
    settle(paused, qtbot)
    assert view.grabFramebuffer().width() == sharp[0]


def test_cameras_by_key_and_button(paused: MainWindow, qtbot: QtBot) -> None:
    eyes = []
    for number in range(1, 7):
        qtbot.keyClick(paused, str(number))
        settle(paused, qtbot)
        assert button(paused, f"camera{number}").isChecked()
        assert [button(paused, f"camera{n}").isChecked() for n in range(1, 7)].count(True) == 1
        assert paused.program_view.view is not None
        assert paused.program_view.view.frame is not None
        eyes.append(tuple(paused.program_view.view.frame.camera.eye_m))
    assert len(set(eyes)) == 6
    press(paused, qtbot, "camera1")
    assert button(paused, "camera1").isChecked()
    assert not button(paused, "camera6").isChecked()


def test_clicking_a_rider_in_the_picture_follows_them(paused: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(paused, "3")
    settle(paused, qtbot)
    view = paused.program_view.view
    assert view is not None
    frame = view.frame
    assert frame is not None
    bibs = frame.riders.bibs.tolist()
    place = frame.rider_px[bibs.index(1)] * (view.width() / frame.viewport_px[0])
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(place[0]), round(place[1])))
    assert program(paused).followed_bib == 1
    assert button(paused, "follow").isChecked()
    assert table_of(paused).currentIndex().data(BIB_ROLE) == 1
    qtbot.keyClick(paused, Qt.Key.Key_F)
    assert program(paused).followed_bib is None
    assert program(paused).selected_bib == 1
    qtbot.keyClick(paused, Qt.Key.Key_F)
    assert program(paused).followed_bib == 1
    qtbot.keyClick(paused, Qt.Key.Key_Escape)
    assert program(paused).selected_bib is None
    assert button(paused, "camera3").isChecked()


def test_clicking_beside_everybody_does_nothing(paused: MainWindow, qtbot: QtBot) -> None:
    assert paused.program_view.view is not None
    qtbot.mouseClick(paused.program_view.view, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert program(paused).selected_bib is None
    assert button(paused, "camera1").isChecked()


def test_the_mouse_moves_the_camera_and_escape_gives_it_back(paused: MainWindow, qtbot: QtBot) -> None:
    view = paused.program_view.view
    assert view is not None
    assert view.frame is not None
    before = view.frame.camera
    middle = view.rect().center()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(view, middle + QPoint(30, 0))
    qtbot.mouseMove(view, middle + QPoint(80, 10))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle + QPoint(80, 10))
    settle(paused, qtbot)
    assert program(paused).by_hand
    assert view.frame.camera.target_m == pytest.approx(before.target_m)
    assert view.frame.camera.eye_m != pytest.approx(before.eye_m)
    away = view.frame.camera
    turn_wheel(view, 240)
    settle(paused, qtbot)
    assert abs(view.frame.camera.eye_m - away.target_m).sum() < abs(away.eye_m - away.target_m).sum()
    qtbot.keyClick(paused, Qt.Key.Key_Escape)

    def is_back() -> None:
        assert view.frame is not None
        assert view.frame.camera.eye_m == pytest.approx(before.eye_m)

    qtbot.waitUntil(is_back, timeout=PATIENCE_MS)


def turn_wheel(view: object, delta: int) -> None:
    at = QPointF(100.0, 100.0)
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_search_finds_and_enter_follows(paused: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(paused, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = paused.riders.search
    qtbot.waitUntil(field.hasFocus, timeout=PATIENCE_MS)
    held = now_ms(paused)
    qtbot.keyClicks(field, "visma ku")
    assert [table_of(paused).model().index(0, 0).data(BIB_ROLE)] == [6]
    assert table_of(paused).model().rowCount() == 1
    assert now_ms(paused) == held
    assert not playing(paused)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert program(paused).followed_bib == 6
    assert not field.hasFocus()
    assert table_of(paused).model().rowCount() == 10


def test_escape_in_the_search_clears_it_and_then_leaves(paused: MainWindow, qtbot: QtBot) -> None:
    click_row(paused, qtbot, 0)
    followed = program(paused).followed_bib
    qtbot.keyClick(paused, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = paused.riders.search
    qtbot.waitUntil(field.hasFocus, timeout=PATIENCE_MS)
    qtbot.keyClicks(field, "zz")
    assert table_of(paused).model().rowCount() == 0
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert table_of(paused).currentIndex().data(BIB_ROLE) == followed
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.hasFocus()
    assert program(paused).followed_bib == followed


def test_a_click_in_the_table_follows_and_arrows_select(paused: MainWindow, qtbot: QtBot) -> None:
    click_row(paused, qtbot, 1)
    assert program(paused).followed_bib == 2
    qtbot.keyClick(table_of(paused), Qt.Key.Key_Down)
    assert program(paused).selected_bib == 3
    assert program(paused).followed_bib == 2


def test_a_vehicle_can_be_followed(paused: MainWindow, qtbot: QtBot) -> None:
    click_row(paused, qtbot, 9)
    assert program(paused).followed_bib == -1


@pytest.mark.parametrize("key", [Qt.Key.Key_F1, Qt.Key.Key_Question])
def test_help_shows_the_keys(paused: MainWindow, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(paused, key)
    assert paused.keys.isVisible()
    assert paused.rect().contains(paused.keys.geometry())
    qtbot.keyClick(paused, Qt.Key.Key_Escape)
    assert not paused.keys.isVisible()


def test_full_screen_and_back(paused: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(paused, Qt.Key.Key_F11)
    assert paused.isFullScreen()
    qtbot.keyClick(paused, Qt.Key.Key_F11)
    assert not paused.isFullScreen()


def test_every_button_says_what_it_does(paused: MainWindow) -> None:
    shown = [found for found in paused.findChildren(QToolButton) if found.isVisible()]
    assert len(shown) > 15
    assert [found.objectName() for found in shown if not found.toolTip()] == []


def test_a_stage_without_a_recording(small_stage: SmallStage, looks: QApplication, qtbot: QtBot) -> None:
    window = opened(qtbot, small_stage.package, None)
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > 0, timeout=PATIENCE_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.ready
    for number in range(1, 7):
        qtbot.keyClick(window, str(number))
        settle(window, qtbot)
    window.close()
    assert window.exit_code == 0


def test_ground_that_cannot_be_read_is_told_and_the_show_goes_on(
    small_stage: SmallStage, looks: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(ground: Ground, tile: int, reduction: int) -> Texture:
        raise TerrainError(f"{tile}.jpg is missing or damaged; prepare the stage again.")

    monkeypatch.setattr(Ground, "has_picture", lambda ground, tile: True)
    monkeypatch.setattr(Ground, "picture", damaged)
    window = opened(qtbot, small_stage.package, small_stage.feed)
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
    qtbot.keyClick(window, "3")
    qtbot.waitUntil(
        lambda: "of the ground shown coarsely" in window.statusBar().currentMessage(), timeout=PATIENCE_MS
    )
    assert "is missing or damaged" in window.statusBar().currentMessage()
    drawn = window.program_view.pacer.painted_count
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > drawn + 2, timeout=PATIENCE_MS)
    qtbot.waitUntil(
        lambda: window.program_view.view is not None and window.program_view.view.settled, timeout=PATIENCE_MS
    )
    window.close()
    assert window.exit_code == 0


def dialog_text(window: MainWindow, qtbot: QtBot) -> str:
    """Wait for the dialog, read it and press its button."""
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=PATIENCE_MS)
    dialog = window.findChildren(QMessageBox)[0]
    qtbot.waitUntil(dialog.isVisible, timeout=PATIENCE_MS)
    text = dialog.text()
    qtbot.mouseClick(dialog.button(QMessageBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    return text


def test_a_damaged_package_is_told_and_ends_with_1(tmp_path: Path, looks: QApplication, qtbot: QtBot) -> None:
    package = tmp_path / "bad.stage"
    package.mkdir()
    (package / "manifest.json").write_text("{")
    window = opened(qtbot, package, None)
    text = dialog_text(window, qtbot)
    assert "bad.stage" in text
    assert "\n" not in text
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE_MS)
    assert window.exit_code == 1


def test_a_bad_recording_is_told_and_the_stage_stays(
    small_stage: SmallStage, tmp_path: Path, looks: QApplication, qtbot: QtBot
) -> None:
    feed = tmp_path / "bad.csv"
    feed.write_text("neither,fish,nor,fowl\n1,2,3,4\n")
    window = opened(qtbot, small_stage.package, feed)
    assert "bad.csv" in dialog_text(window, qtbot)
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > 0, timeout=PATIENCE_MS)
    assert window.isVisible()
    window.close()
    assert window.exit_code == 0


def test_closing_while_it_loads(small_stage: SmallStage, looks: QApplication, qtbot: QtBot) -> None:
    for _ in range(3):
        window = opened(qtbot, small_stage.package, small_stage.feed)
        window.close()
        assert not window.loading


def test_closing_releases_the_view(small_stage: SmallStage, looks: QApplication, qtbot: QtBot) -> None:
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    def alive() -> int:
        for _ in range(3):  # what goes lets go of more
            gc.collect()
        return sum(isinstance(thing, vtkRenderWindow) for thing in gc.get_objects())

    def surfaces() -> int:
        return sum(type(thing) is QSurface for thing in Shiboken.getAllValidWrappers())

    before, surfaces_before = alive(), surfaces()
    for _ in range(2):
        window = opened(qtbot, small_stage.package, small_stage.feed)
        qtbot.waitUntil(
            lambda window=window: window.program_view.pacer.painted_count > 1, timeout=PATIENCE_MS
        )
        qtbot.waitUntil(lambda window=window: window.ready, timeout=PATIENCE_MS)
        qtbot.keySequence(window, "F9")
        window.output.start(Output(size_px=(1280, 720)))
        output = window.output.window
        assert output is not None
        qtbot.waitUntil(lambda clock=output.clock: clock.painted_count > 1, timeout=PATIENCE_MS)
        del output
        assert surfaces() > surfaces_before
        window.close()
        assert surfaces() == surfaces_before
        window.deleteLater()
        del window
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert alive() <= before
