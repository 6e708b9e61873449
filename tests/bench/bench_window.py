"""How evenly program comes to its screen at 50 pictures a second, and how long the window's thread is away.

    GALLIUM_NOOP=1 python tests/bench/bench_window.py NAME.stage RECORDING [SECONDS]

With ``GALLIUM_NOOP=1`` Mesa leaves rasterising out: what is measured is the cost to the processor. It needs
a display.
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.window import MainWindow

RATE = Fraction(50)
SIZE_PX = (1920, 1080)
WARM_MS = 3000


def main(package: Path, feed: str, seconds: int) -> None:
    application = QApplication([])
    theme.apply(application)
    window = MainWindow(Order(package, feed))
    window.show()
    begun_s = time.perf_counter()
    window.start()
    while not window.ready:
        QTest.qWait(10)
    print(f"riders after {time.perf_counter() - begun_s:.2f} s")
    QTest.keySequence(window, "3")
    window.output.start(None, SIZE_PX, RATE)
    output = window.output.window
    assert output is not None
    QTest.qWait(WARM_MS)
    output.clock.start(time.monotonic())
    window.watchdog.start()
    QTest.qWait(1000 * seconds)
    clock = output.clock
    middle_ms, p99_ms = 1000.0 * clock.interval_s(50), 1000.0 * clock.interval_s(99)
    print(f"{clock.painted_count} pictures, {clock.missed} missed, {middle_ms:.2f} ms, p99 {p99_ms:.2f} ms")
    worst = window.watchdog.worst
    said = "never over 16 ms"
    if worst is not None:
        said = f"{1000 * worst.wall_s:.0f} ms, busy {1000 * worst.busy_s:.0f} ms"
    print(f"window away, drawing apart: {said}; {len(window.watchdog.stalls)} stalls")
    window.close()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 20)
