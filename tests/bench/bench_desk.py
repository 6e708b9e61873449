"""Hours on air in a real window: memory with pictures drawn, then killed, and how soon the show goes on.

    python tests/bench/bench_desk.py PACKAGE RECORDING [speed]

The feed server sends the recording with the faults of the real feed, at x60 unless said otherwise, to a
window that is worked by keys. At the end of the race the window's process is killed and begun again: what
counts is the time from its start until the same shot is seen at the same delay, with the whole race at hand.
It needs a display. Pictures are really drawn, small ones: with GALLIUM_NOOP=1 Mesa keeps some 60 kB of each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

if TYPE_CHECKING:
    from tracker3d.app.window import MainWindow

_SIZE_PX = (900, 600)
_FIRST_MIN = 10.0
_GROWTH_MB = 50.0
_RECOVERY_S = 10.0
_KEYS = ("3", "Return", "Backspace", "4", "Return", "L", "2", "M", "F9", "Up", "5", "Return", "F9")
"""Cameras cued and taken, replays of the last minute and back to live, with preview and without."""


def desk(arguments: list[str]) -> None:
    """Work a window by keys and tell, a line a second, what is on air."""
    from PySide6.QtCore import QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from tracker3d import memory
    from tracker3d.app import theme
    from tracker3d.app.loading import Order
    from tracker3d.app.window import MainWindow

    memory.keep_flat()
    application = QApplication([])
    theme.apply(application)
    order = Order(Path(arguments[0]), arguments[1]) if arguments else None
    window = MainWindow(order)
    window.resize(*_SIZE_PX)
    window.show()
    window.activateWindow()
    window.start()
    beats = 0

    def beat() -> None:
        nonlocal beats
        if not window.ready or not window.program_view.pacer.painted_count:
            return
        beats += 1
        print(json.dumps(_told(window)), flush=True)
        if order is not None and beats % 2 == 0:
            QTest.keySequence(window, _KEYS[beats // 2 % len(_KEYS)])
        if beats == 1:
            clock.setInterval(1000 if arguments else 200)  # begun again, the time counts

    clock = QTimer()
    clock.timeout.connect(beat)
    clock.start(20)
    application.exec()


def _told(window: MainWindow) -> dict[str, Any]:
    show, session = window.operator.show, window._opened.session if window._opened else None
    assert show is not None
    assert session is not None
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    race = session.race
    return {
        "race_ms": race.end_ms - race.start_ms,
        "end_ms": race.end_ms,
        "resident_mb": resident / 1e6,
        "pictures": window.program_view.pacer.painted_count,
        "shot": "" if show.program.shot is None else show.program.shot.key,
        "delay_s": show.program.clock.delay_s,
        "live": show.program.clock.live,
        "stalls": [1000.0 * stall.busy_s for stall in window.watchdog.stalls],
    }


def _begun(arguments: list[str], folder: str) -> subprocess.Popen[str]:
    settings = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"), folder)
    command = [sys.executable, __file__, "--desk", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings})


def _next(lines: TextIO | None) -> dict[str, Any]:
    assert lines is not None
    line = lines.readline()
    if not line:
        sys.exit("The window has gone; what it said is above.")
    return json.loads(line)  # type: ignore[no-any-return]


def main(package: Path, recording: Path, speed: float) -> None:
    """Run the race on a desk, kill it, begin it again, and print what it took."""
    from bench_live import serve

    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(recording, speed, there))
    server.start()
    address = f"http://127.0.0.1:{here.recv()}/live-stream"
    with tempfile.TemporaryDirectory() as folder:
        child = _begun([str(package), address], folder)
        told = [_next(child.stdout)]
        while not here.poll():
            told.append(_next(child.stdout))
        last = told[-1]
        child.kill()
        child.wait()
        _report(told)
        began_s = time.monotonic()
        child = _begun([], folder)
        again = _next(child.stdout)
        seen_s = time.monotonic() - began_s
        while again["end_ms"] < last["end_ms"]:
            again = _next(child.stdout)
        whole_s = time.monotonic() - began_s
        child.kill()
        child.wait()
    here.send("stop")
    server.join()
    same = all(again[name] == last[name] for name in ("shot", "delay_s", "live"))
    held = "held" if same and whole_s <= _RECOVERY_S else "missed"
    print(f"killed and begun again: riders seen after {seen_s:.1f} s, all of the race after {whole_s:.1f} s;")
    print(f"  the same shot, delay and edge: {'yes' if same else 'no'}; bar {_RECOVERY_S:.0f} s: {held}")


def _report(told: list[dict[str, Any]]) -> None:
    minutes = np.array([each["race_ms"] for each in told]) / 60_000.0
    resident_mb = np.array([each["resident_mb"] for each in told])
    for minute in (*range(0, 60, 10), *range(60, 360, 60)):
        at = int(np.searchsorted(minutes, minute))
        if at < len(told):
            print(f"after {minutes[at]:4.0f} min of race {resident_mb[at]:6.1f} MB resident")
    first = resident_mb[int(np.searchsorted(minutes, _FIRST_MIN))]
    grown_mb = resident_mb[-1] - first
    held = "held" if grown_mb < _GROWTH_MB else "missed"
    print(f"{told[-1]['pictures']:,} pictures; {minutes[-1]:.0f} min of race, {resident_mb[-1]:.1f} MB:")
    print(f"  {grown_mb:+.1f} MB since {_FIRST_MIN:.0f} min; bar {_GROWTH_MB:+.0f} MB: {held}")
    stalls_ms = told[-1]["stalls"]
    print(f"  the window was away over 16 ms {len(stalls_ms)} times, drawing apart, most busy for ", end="")
    print(f"{max(stalls_ms, default=0.0):.1f} ms of it")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--desk"]:
        desk(sys.argv[2:])
    elif len(sys.argv) in (3, 4):
        main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) == 4 else 60.0)
    else:
        sys.exit(__doc__)
