"""Race time learned from arrivals: even, never back, and not led astray."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.live import FeedClock

RACE_MS = 1_783_420_000_000


def run(clock: FeedClock, arrivals: dict[float, float], until_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Let positions arrive (wall time: when measured, in seconds of the race); the clock each 0.1 s."""
    times, shown = [], []
    waiting = sorted(arrivals.items())
    for tick in range(round(10 * until_s)):
        wall_s = tick / 10.0
        while waiting and waiting[0][0] <= wall_s:
            at_s, measured_s = waiting.pop(0)
            clock.note(at_s, RACE_MS + 1000.0 * measured_s)
        clock.note(wall_s)
        times.append(wall_s)
        shown.append((clock.now_ms(wall_s) - RACE_MS) / 1000.0)
    return np.array(times), np.array(shown)


def frames(until_s: float, *, late_s: float = 2.5, every_s: float = 6.0) -> dict[float, float]:
    rng = np.random.default_rng(5)
    return {t + late_s + rng.uniform(-0.4, 0.6): t for t in np.arange(0.0, until_s, every_s)}


def test_before_anything_has_come_there_is_no_time() -> None:
    clock = FeedClock()
    clock.note(5.0)
    assert math.isnan(clock.now_ms(5.0))
    assert not clock.running


def test_it_shows_what_typically_arrives_at_the_races_own_pace() -> None:
    times, shown = run(FeedClock(), frames(600.0), 600.0)
    late = times > 60.0
    assert np.abs(shown[late] - (times[late] - 2.6)).max() < 0.6
    assert np.abs(np.diff(shown[late]) - 0.1).max() < 0.003


def test_a_silence_changes_nothing_and_what_comes_after_it_hardly() -> None:
    arrivals = {at: measured for at, measured in frames(900.0).items() if not 300.0 < at < 600.0}
    # after the silence the server sends old frames first
    arrivals |= {600.0 + n / 100.0: 540.0 + 6.0 * n for n in range(4)}
    times, shown = run(FeedClock(), arrivals, 900.0)
    assert np.abs(shown[times > 60.0] - (times[times > 60.0] - 2.6)).max() < 1.5
    assert (np.diff(shown[times > 10.0]) > 0.045).all()


def test_a_machine_too_busy_to_look_does_not_send_the_clock_ahead() -> None:
    clock = FeedClock()
    run(clock, frames(100.0), 100.0)
    for n in range(15):
        clock.note(100.0 + n / 100.0, RACE_MS + 1000.0 * (190.0 + n / 100.0))
    assert clock.rate > 10.0
    shown_s = np.array([(clock.now_ms(101.0 + t) - RACE_MS) / 1000.0 for t in np.arange(0.0, 300.0, 0.5)])
    assert shown_s[0] < 150.0
    assert np.abs(shown_s[100:] - np.arange(0.0, 300.0, 0.5)[100:] - 191.0).max() < 1.5
    assert (np.diff(shown_s) >= 0.499).all()


@pytest.mark.parametrize("off_s", [3600.0, 86_400.0, -3600.0])
def test_single_frames_from_another_time_do_not_move_it(off_s: float) -> None:
    arrivals = frames(600.0)
    for at in list(arrivals)[5::9]:
        arrivals[at + 0.05] = arrivals[at] + off_s
    times, shown = run(FeedClock(), arrivals, 600.0)
    late = times > 60.0
    assert np.abs(shown[late] - (times[late] - 2.6)).max() < 1.5


def test_a_recording_sent_sixty_times_as_fast_is_followed() -> None:
    arrivals = {t / 60.0 + 0.01: t for t in np.arange(0.0, 6000.0, 6.0)}
    times, shown = run(FeedClock(), arrivals, 100.0)
    late = times > 30.0
    assert np.abs(shown[late] - 60.0 * times[late]).max() < 200.0
    assert np.diff(shown[late]).mean() == pytest.approx(6.0, rel=0.03)


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(-1e4, 1e4)), min_size=1, max_size=60))
def test_it_never_goes_back_and_never_stands(steps: list[tuple[float, float]]) -> None:
    clock, wall_s, before = FeedClock(), 0.0, -math.inf
    for pause_s, measured_s in steps:
        wall_s += pause_s
        clock.note(wall_s, RACE_MS + 1000.0 * measured_s)
        for later_s in (0.0, 0.01, 5.0):
            now = clock.now_ms(wall_s + later_s)
            assert now >= before
            before = now
        wall_s += 5.0
