"""What must not end a show: a feed that goes, a kill, a full disk; and how a show is begun by hand."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
)

sys.path.append(str(Path(__file__).resolve().parent.parent / "feed"))

from desk import PATIENCE_MS, click, drop, press, show_of
from live_tools import ServerThread

from tracker3d.feed.rehearsal import RehearsalFiles
from tracker3d.feed.server import Faults, Playlist
from tracker3d.show import Side
from tracker3d.stage.package import read_contents

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import SmallStage
    from pytestqt.qtbot import QtBot

    from tracker3d.app.loading import Order
    from tracker3d.app.window import MainWindow


pytestmark = pytest.mark.window


def test_one_click_on_the_start_page_brings_moving_riders(
    make_window: Callable[[Order | None], MainWindow],
    small_stage: SmallStage,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rehearsal stands for any stage here; making it anew takes a minute and has its own tests."""
    files = RehearsalFiles(small_stage.package, small_stage.feed)
    monkeypatch.setattr("tracker3d.feed.rehearsal.make", lambda folder, progress: files)
    window = make_window(None)
    click(window, qtbot, "rehearsal")
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
    drawn = window.program_view.pacer.painted_count
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > drawn + 3, timeout=PATIENCE_MS)
    frame = window.program_view.view.frame if window.program_view.view is not None else None
    assert frame is not None
    assert len(frame.riders.bibs) > 0
    assert show_of(window).moving(Side.PROGRAM, window.operator.now_s())
    click(window, qtbot, "home")
    qtbot.waitUntil(lambda: window.start_page.isVisible(), timeout=PATIENCE_MS)
    click(window, qtbot, "recent1")
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)


def test_files_dropped_on_the_window_are_prepared_and_opened(
    make_window: Callable[[Order | None], MainWindow], small_stage: SmallStage, tmp_path: Path, qtbot: QtBot
) -> None:
    route = small_stage.stage.route
    points = "".join(
        f'<trkpt lat="{float(lat):.6f}" lon="{float(lon):.6f}"><ele>{400 + 0.02 * at_m:.1f}</ele></trkpt>'
        for at_m in range(0, 9000, 60)
        for lon, lat in [route.lonlat(float(at_m))]
    )
    road = tmp_path / "road.gpx"
    road.write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Road</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    times = tmp_path / "gc.csv"
    times.write_text("bib,time\n1,0:12\n")
    window = make_window(None)
    drop(window, [times])
    assert not window.findChildren(QDialog)
    drop(window, [road])
    qtbot.waitUntil(lambda: bool(window.findChildren(QDialog)), timeout=PATIENCE_MS)
    dialog = window.findChildren(QDialog)[0]
    kept = dialog.findChild(QLineEdit, "timesPath")
    assert kept is not None
    assert kept.text() == str(times)
    elevation = dialog.findChild(QLineEdit, "elevationPath")
    assert elevation is not None
    qtbot.keyClicks(elevation, "none")
    qtbot.mouseClick(dialog.findChild(QPushButton, "accept"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.files.strip.isVisible(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.operator.show is not None, timeout=4 * PATIENCE_MS)
    assert "times" in [source.role for source in read_contents(tmp_path / "road.stage").sources]
    said = window.files.strip.findChildren(QLabel)[0].text()
    assert "road.stage" in said
    assert "gc.csv" in said, "nobody of this stage has the times"
    click(window, qtbot, "dismissWarnings")
    assert not window.files.strip.isVisible()


def test_a_live_feed_is_lost_and_found_and_replayed_meanwhile(
    make_window: Callable[[Order | None], MainWindow],
    small_stage: SmallStage,
    feed_playlist: Playlist,
    qtbot: QtBot,
) -> None:
    window = make_window(None)
    with ServerThread(feed_playlist, speed=5.0, faults=Faults(twice=True, odd_every_s=0.3)) as server:
        port = server.port
        click(window, qtbot, "connect")
        qtbot.waitUntil(lambda: bool(window.findChildren(QDialog)), timeout=PATIENCE_MS)
        dialog = window.findChildren(QDialog)[0]
        qtbot.keyClicks(dialog.findChild(QLineEdit, "packagePath"), str(small_stage.package))
        qtbot.keyClicks(dialog.findChild(QLineEdit, "feedAddress"), f"http://127.0.0.1:{port}/live-stream")
        qtbot.mouseClick(dialog.findChild(QPushButton, "accept"), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
        show = show_of(window)
        clock = show.program.clock

        def span_s() -> float:
            span = clock.span(window.operator.now_s())
            return (span.end_ms - span.start_ms) / 1000.0

        qtbot.waitUntil(lambda: span_s() > 40.0, timeout=PATIENCE_MS)
        assert clock.live
        lamp = window.findChild(QLabel, "lamp")
        assert lamp is not None
        qtbot.waitUntil(lambda: "feed" in lamp.text() and not lamp.property("alert"), timeout=PATIENCE_MS)
        delay = window.findChild(QDoubleSpinBox, "delay")
        assert delay is not None
        assert delay.lineEdit().width() > delay.width() / 2
        for _ in range(3):
            press(window, qtbot, ".")
        assert clock.delay_s == pytest.approx(0.3)
        press(window, qtbot, ",")
        qtbot.waitUntil(lambda: delay.value() == pytest.approx(0.2), timeout=PATIENCE_MS)
    seen = show.now_ms(Side.PROGRAM, window.operator.now_s())
    qtbot.waitUntil(lambda: bool(lamp.property("alert")), timeout=PATIENCE_MS)
    drawn = window.program_view.pacer.painted_count
    press(window, qtbot, "Backspace")
    assert not clock.live
    assert show.now_ms(Side.PROGRAM, window.operator.now_s()) < seen
    qtbot.waitUntil(lambda: window.program_view.pacer.painted_count > drawn, timeout=PATIENCE_MS)
    edge = clock.span(window.operator.now_s()).end_ms
    with ServerThread(feed_playlist, speed=5.0, faults=Faults(), port=port):
        qtbot.waitUntil(lambda: not lamp.property("alert"), timeout=PATIENCE_MS)
        press(window, qtbot, "L")
        assert clock.live
        assert clock.delay_s == pytest.approx(0.2)
        assert show.now_ms(Side.PROGRAM, window.operator.now_s()) >= edge - 60_000
        window.close()


def test_a_show_that_was_killed_goes_on_where_it_was(
    make_window: Callable[[Order | None], MainWindow], small_stage: SmallStage, qtbot: QtBot
) -> None:
    script = Path(__file__).with_name("on_air.py")
    command = [sys.executable, str(script), str(small_stage.package), str(small_stage.feed)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(20)]
        child.kill()
    assert lines[-1].startswith("on air: peloton"), lines
    window = make_window(None)
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
    show = show_of(window)
    assert show.program.shot is not None
    assert show.program.shot.key == "peloton"
    assert show.state.preview.shot is not None
    assert show.source.race.end_ms > show.source.race.start_ms
    qtbot.waitUntil(lambda: window.output.open, timeout=PATIENCE_MS)
    output = window.output.window
    assert output is not None
    assert output.size_px == (1280, 720)
    qtbot.waitUntil(lambda: output.clock.painted_count > 0, timeout=PATIENCE_MS)
    window.close()
    assert not window.keeper.settings.on_screen
    again = make_window(None)
    assert again.operator.show is None
    assert again.start_page.isVisible()


class FullDisk:
    """The system, with no room for what is written."""

    def write(self, file: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def test_a_journal_that_cannot_be_written_is_said_and_the_show_goes_on(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = window.findChild(QLabel, "health_journal")
    assert journal is not None
    with monkeypatch.context() as patch:
        patch.setattr("tracker3d.show.journal.os", FullDisk())
        press(window, qtbot, "3")
        qtbot.waitUntil(lambda: "journal" in window.statusBar().currentMessage(), timeout=PATIENCE_MS)
        press(window, qtbot, "Space")
        qtbot.waitUntil(lambda: "No space left" in journal.text(), timeout=PATIENCE_MS)
        assert journal.property("alert")
    press(window, qtbot, "Return")
    qtbot.waitUntil(lambda: journal.text() == "every act is kept", timeout=PATIENCE_MS)
