"""Make the README's pictures of the window from the rehearsal stage: start page, replay, a show, and live.

    python examples/app_screenshot.py FOLDER

Needs a display. The live feed is the rehearsal's recording, sent by a server on this machine.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import threading
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.window import MainWindow
from tracker3d.feed.rehearsal import RehearsalFiles, make
from tracker3d.feed.server import FeedServer, read_playlist

STEP_MS = 100
SETTLE_MS = 6000
LONGEST_LOADING_MS = 300_000
TO_GO_M = 9_000.0
LIVE_SPEED = 30.0
LIVE_RIDDEN_MS = 1_500_000


def wait_for_race(window: MainWindow) -> None:
    for _ in range(LONGEST_LOADING_MS // STEP_MS):
        if window.ready:
            QTest.qWait(SETTLE_MS)
            return
        QTest.qWait(STEP_MS)
    sys.exit("The race could not be opened.")


def press(window: MainWindow, *keys: str) -> None:
    for key in keys:
        QTest.keySequence(window, key)
        QTest.qWait(SETTLE_MS // 3)
    QTest.qWait(SETTLE_MS)


def keep(window: MainWindow, picture: Path) -> None:
    window.screen().grabWindow(window.winId()).save(str(picture), quality=88)


def replay(window: MainWindow, files: RehearsalFiles, folder: Path) -> None:
    window.open(Order(files.package, str(files.recording)))
    wait_for_race(window)
    window.timeline.sought.emit(window.operator.show.source.race.time_of_to_go(TO_GO_M))
    press(window, "3")
    keep(window, folder / "app-rehearsal.jpg")
    press(window, "F9", "2")
    window.tabs.setCurrentWidget(window.groups)
    QTest.qWait(SETTLE_MS)
    keep(window, folder / "app-show.jpg")


def live(window: MainWindow, files: RehearsalFiles, folder: Path, log: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = FeedServer(read_playlist(files.recording), speed=LIVE_SPEED)
    threading.Thread(target=lambda: asyncio.run(server.run("127.0.0.1", port)), daemon=True).start()
    window.open(Order(files.package, f"http://127.0.0.1:{port}/live-stream", log))
    wait_for_race(window)
    for _ in range(LONGEST_LOADING_MS // STEP_MS):
        race = window.operator.show.source.race
        if race.end_ms - race.start_ms > LIVE_RIDDEN_MS:
            break
        QTest.qWait(STEP_MS)
    press(window, "3")
    window.tabs.setCurrentWidget(window.health)
    QTest.qWait(SETTLE_MS)
    keep(window, folder / "app-live.jpg")


def main(folder: Path) -> None:
    application = QApplication([])
    theme.apply(application)
    with tempfile.TemporaryDirectory() as made:
        files = make(Path(made))
        window = MainWindow()
        window.resize(1680, 945)
        window.show()
        window.activateWindow()
        window.start()
        QTest.qWait(SETTLE_MS)
        keep(window, folder / "app-start.jpg")
        replay(window, files, folder)
        live(window, files, folder, Path(made) / "log")
        window.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
