"""Opens a show as a person does, cues and takes by keys, says so, and goes on until it is killed.

python on_air.py NAME.stage FEED
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.window import MainWindow

application = QApplication([])
theme.apply(application)
window = MainWindow(Order(Path(sys.argv[1]), sys.argv[2]))
window.show()
window.activateWindow()
window.start()
while not window.ready:
    QTest.qWait(20)
for key in ("F9", "4", "Return", "Right", "Space"):
    QTest.keySequence(window, key)
    QTest.qWait(60)
show = window.operator.show
assert show is not None
beat = QTimer()
beat.timeout.connect(
    lambda: print(f"on air: {show.program.shot.key} {show.program.clock.delay_s:.1f}", flush=True)
)
beat.start(100)
application.exec()
