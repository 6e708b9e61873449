"""Open the app on a stage, go to a place in the race, and keep a picture of the window.

    python examples/app_screenshot.py NAME.stage RECORDING KM_TO_GO CAMERA PICTURE.png

CAMERA is the number of a camera button, 1 to 6. Needs a display.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker3d.app import theme
from tracker3d.app.window import MainWindow

STEP_MS = 100
SETTLE_MS = 4000
LONGEST_LOADING_MS = 120_000


def wait_for_race(window: MainWindow) -> None:
    def has_riders() -> bool:
        return window.desk.race is not None and len(window.desk.race.motion.bibs) > 0

    for _ in range(LONGEST_LOADING_MS // STEP_MS):
        if has_riders():
            return
        QTest.qWait(STEP_MS)
    sys.exit("The race could not be opened.")


def take(package: Path, feed: Path, km_to_go: float, camera: int, output: Path) -> None:
    application = QApplication([])
    theme.apply(application)
    window = MainWindow(package, feed)
    window.resize(1680, 945)
    window.show()
    window.start()
    wait_for_race(window)
    QTest.qWait(SETTLE_MS)
    window.timeline.sought.emit(window.desk.race.time_of_to_go(1000.0 * km_to_go))
    window.camera_asked.emit(camera - 1)
    QTest.qWait(SETTLE_MS)
    window.screen().grabWindow(window.winId()).save(str(output))
    window.close()


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    take(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
