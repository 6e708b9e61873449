"""Frames at an even pace: exact over hours, nothing made up for."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.app.frame_clock import FrameClock
from tracker3d.frame_rates import BROADCAST


@pytest.mark.parametrize("rate", BROADCAST.values())
def test_five_hours_of_frames_do_not_drift(rate: Fraction) -> None:
    clock = FrameClock(rate)
    clock.start(1000.0)
    whole = round(float(rate * 3600 * 5))
    clock._number = whole
    assert clock.due_s == pytest.approx(1000.0 + float(whole / rate), abs=1e-9)


@given(st.lists(st.floats(0.0, 0.2), min_size=1, max_size=60))
def test_late_frames_are_left_out_and_the_grid_stays(delays_s: list[float]) -> None:
    clock = FrameClock(Fraction(50))
    clock.start(0.0)
    now_s, shown = 0.0, []
    for delay_s in delays_s:
        now_s = max(now_s, clock.due_s) + delay_s
        due_s = clock.next(now_s)
        assert due_s <= now_s + 1e-9
        assert now_s - due_s < 0.02 + 1e-9
        assert due_s * 50 == pytest.approx(round(due_s * 50), abs=1e-6)
        shown.append(due_s)
    assert shown == sorted(set(shown))
    assert round(clock.due_s * 50) == len(shown) + clock.missed


def test_intervals_are_those_on_the_screen() -> None:
    clock = FrameClock(Fraction(25))
    for at_s in (0.0, 0.04, 0.08, 0.18):
        clock.painted(at_s)
    assert clock.interval_s(50) == pytest.approx(0.04)
    assert clock.interval_s(100) == pytest.approx(0.1)
