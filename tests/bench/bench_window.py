"""What an operator feels of the window: how soon it shows, answers a seek, never stalls, and paces program.

    GALLIUM_NOOP=1 python tests/bench/bench_window.py NAME.stage RECORDING [SECONDS]

With ``GALLIUM_NOOP=1`` Mesa leaves rasterising out: what is measured is the cost to the processor, which is
what counts with a graphics card. It needs a display. Settings and journal lie in a folder of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.watchdog import BAR_S
from tracker3d.app.window import MainWindow
from tracker3d.show.settings import Output

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE_PX = (1920, 1080)
WARM_S = 3.0
SEEKS = 40
PATIENCE_S = 120.0


def work(seconds: float) -> None:
    """Let the window work as it does for an operator: waiting for tests sleeps between events."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(true: Callable[[], bool]) -> None:
    """Let the window work until something is true."""
    until_s = time.perf_counter() + PATIENCE_S
    while not true():
        if time.perf_counter() > until_s:
            sys.exit("The window did not get there; is the package or the recording damaged?")
        work(0.002)


def opened(package: Path, feed: str) -> MainWindow:
    """Open a show as a person does and print how long it took."""
    begun_s = time.perf_counter()
    window = MainWindow(Order(package, feed))
    window.show()
    window.activateWindow()
    window.start()
    wait_until(lambda: window.program_view.pacer.painted_count > 0)
    print(f"the stage is seen after {time.perf_counter() - begun_s:.2f} s")
    wait_until(lambda: window.ready)
    drawn = window.program_view.pacer.painted_count
    wait_until(lambda: window.program_view.pacer.painted_count > drawn)
    print(f"riders are seen after {time.perf_counter() - begun_s:.2f} s")
    return window


def seek(window: MainWindow) -> None:
    """Seek all over the race, paused, and print how long it took until the picture was seen."""
    show = window.operator.show
    assert show is not None
    if show.program.clock.playing(window.operator.now_s()):
        QTest.keySequence(window, "Space")
    span = show.source.span(window.operator.now_s())
    taken_ms = []
    for share in np.random.default_rng(1).uniform(0.1, 0.9, SEEKS):
        time_ms = int(span.start_ms + share * (span.end_ms - span.start_ms))
        work(0.3)
        drawn, begun_s = window.program_view.pacer.painted_count, time.perf_counter()
        window.operator.seek(time_ms)
        wait_until(lambda drawn=drawn: window.program_view.pacer.painted_count > drawn)  # type: ignore[misc]
        taken_ms.append(1000.0 * (time.perf_counter() - begun_s))
    middle, most = np.quantile(taken_ms, [0.5, 0.95])
    print(f"a seek is seen after {middle:.0f} ms, p95 {most:.0f} ms")


def use(window: MainWindow, seconds: int) -> None:
    """Work as an operator does and print what kept the window from its events, act by act."""
    acts: list[tuple[str, Callable[[], object]]] = [
        ("play", lambda: QTest.keySequence(window, "Space")),
        ("tables", lambda: None),
        ("ten seconds on", lambda: QTest.keySequence(window, "Right")),
        ("a minute back", lambda: QTest.keySequence(window, "Shift+Left")),
        ("preview beside program", lambda: QTest.keySequence(window, "F9")),
        ("cue", lambda: QTest.keySequence(window, "3")),
        ("take", lambda: QTest.keySequence(window, "Return")),
        ("next entry", lambda: QTest.keySequence(window, "Down")),
        ("mix", lambda: QTest.keySequence(window, "M")),
        ("keep shot", lambda: QTest.keySequence(window, "Ctrl+Shift+S")),
        ("undo", lambda: QTest.keySequence(window, "Ctrl+Z")),
        (
            "search",
            lambda: (QTest.keySequence(window, "Ctrl+F"), QTest.keyClicks(window.riders.search, "va")),
        ),
        ("groups", lambda: window.tabs.setCurrentWidget(window.groups)),
        ("events", lambda: window.tabs.setCurrentWidget(window.events)),
        ("overlays", lambda: window.tabs.setCurrentWidget(window.overlays)),
        ("feed", lambda: window.tabs.setCurrentWidget(window.health)),
        ("riders", lambda: window.tabs.setCurrentWidget(window.riders)),
        ("program alone", lambda: QTest.keySequence(window, "F9")),
    ]
    for name, act in acts:
        window.watchdog.start()
        act()
        work(seconds / len(acts))
        stalls = window.watchdog.stalls
        worst = window.watchdog.worst
        if worst is not None:
            said = f"{1000.0 * worst.wall_s:.0f} ms, busy {1000.0 * worst.busy_s:.0f} ms"
            busy = sum(stall.busy_s > BAR_S for stall in stalls)
            print(f"    {name:24} {len(stalls):3} stalls, {busy} by its own work; worst {said}")


def pace(window: MainWindow, seconds: int) -> None:
    """Give program a screen of its own and print how evenly its pictures came."""
    QTest.keySequence(window, "3")
    window.output.start(Output(size_px=SIZE_PX, rate="50"))
    output = window.output.window
    assert output is not None
    work(WARM_S)
    output.clock.start(time.monotonic())
    window.watchdog.start()
    work(seconds)
    clock = output.clock
    middle_ms, p99_ms = 1000.0 * clock.interval_s(50), 1000.0 * clock.interval_s(99)
    print(f"{clock.painted_count} pictures, {clock.missed} missed, {middle_ms:.2f} ms, p99 {p99_ms:.2f} ms")
    worst = window.watchdog.worst
    said = "never over 16 ms"
    if worst is not None:
        said = f"{1000 * worst.wall_s:.0f} ms, busy {1000 * worst.busy_s:.0f} ms"
    print(f"window away meanwhile, drawing apart: {said}; {len(window.watchdog.stalls)} stalls")


def main(package: Path, feed: str, seconds: int) -> None:
    """Measure one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            os.environ[name] = folder
        application = QApplication([])
        theme.apply(application)
        window = opened(package, feed)
        seek(window)
        use(window, seconds)
        pace(window, seconds)
        window.close()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 20)
