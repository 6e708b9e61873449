"""Opens a show as a person does, cues and takes by keys, gives program a screen, goes on until it is killed.

python on_air.py NAME.stage FEED
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton

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
QTest.keySequence(window, "F10")
sizes, start = window.findChild(QComboBox, "outputSize"), window.findChild(QPushButton, "startOutput")
assert sizes is not None
assert start is not None
sizes.setCurrentIndex(0)
QTest.mouseClick(start, Qt.MouseButton.LeftButton)
while not (window.output.window and window.output.window.clock.painted_count):
    QTest.qWait(20)
show = window.operator.show
assert show is not None
beat = QTimer()
beat.timeout.connect(
    lambda: print(f"on air: {show.program.shot.key} {show.program.clock.delay_s:.1f}", flush=True)
)
beat.start(100)
application.exec()
