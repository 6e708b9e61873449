"""The window goes on by a timer, after the pictures of an output, and rarely while something is urgent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Signal

from tracker3d.app.pulse import Pulse

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class FakeOutput(QObject):
    """As much of an output as sets the pace."""

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.open = False


@pytest.fixture
def output() -> FakeOutput:
    return FakeOutput()


def pulse_beside(output: Any, clock: list[float]) -> tuple[Pulse, list[float]]:
    """A pulse that beats, and when it did by a clock that stands where it is put."""
    pulse = Pulse(output, wall_clock=lambda: clock[0])
    beats: list[float] = []
    pulse.beat.connect(lambda: beats.append(clock[0]))
    pulse.start()
    return pulse, beats


def test_without_an_output_the_timer_beats(qtbot: QtBot, output: FakeOutput) -> None:
    pulse = Pulse(output, wall_clock=time.monotonic)  # type: ignore[arg-type]
    with qtbot.waitSignals([pulse.beat] * 3):
        pulse.start()


def test_beside_an_output_each_of_its_pictures_is_followed_by_a_beat(
    qtbot: QtBot, output: FakeOutput
) -> None:
    clock = [100.0]
    pulse, beats = pulse_beside(output, clock)
    qtbot.waitUntil(lambda: bool(beats))
    output.open = True
    beats.clear()
    qtbot.wait(80)
    assert not beats
    for number in range(3):
        output.done.emit()
        assert len(beats) == number  # never inside the painting of the picture
        qtbot.waitUntil(lambda number=number: len(beats) == number + 1)  # type: ignore[misc]
    clock[0] += 0.2  # an output that shows nothing does not stop the window
    qtbot.waitUntil(lambda: len(beats) == 4)
    pulse.stop()
    output.done.emit()
    qtbot.wait(40)
    assert len(beats) == 4


def test_while_something_else_is_urgent_it_beats_twice_a_second(qtbot: QtBot, output: FakeOutput) -> None:
    clock = [100.0]
    pulse, beats = pulse_beside(output, clock)
    qtbot.waitUntil(lambda: bool(beats))
    pulse.slow = output.open = True
    beats.clear()
    for wall_s in (100.1, 100.3, 100.45):
        clock[0] = wall_s
        output.done.emit()
        qtbot.wait(40)
    assert not beats
    clock[0] = 100.55
    qtbot.waitUntil(lambda: beats == [100.55])
    pulse.stop()
