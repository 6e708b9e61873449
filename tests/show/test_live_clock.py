"""The clock of a show over a race that goes on: delay, sync, replay and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.show import ClockState, ShowClock, Span

START_MS = 1_000_000


class GoingOn(ShowClock):
    """A clock whose race began at wall time 0 and goes on."""

    def __init__(self) -> None:
        self.kept = ClockState()
        self.acts: list[str] = []

    @property
    def state(self) -> ClockState:
        return self.kept

    def span(self, wall_s: float) -> Span:
        return Span(START_MS, START_MS + round(1000 * wall_s), live=True)

    def _change(self, state: ClockState, wall_s: float, act: str) -> None:
        self.kept = state
        self.acts.append(act)


def edge(wall_s: float) -> int:
    return START_MS + round(1000 * wall_s)


def test_live_is_the_newest_moment_less_the_delay() -> None:
    clock = GoingOn()
    clock.go_live(600.0)
    assert clock.now_ms(600.0) == edge(600.0)
    clock.set_delay(12.34, 600.0)
    assert clock.delay_s == 12.3
    assert clock.now_ms(700.0) == edge(700.0 - 12.3)
    clock.nudge(3, 700.0)
    clock.nudge(-1, 700.0)
    assert clock.delay_s == 12.5
    assert clock.playing(700.0)
    assert clock.behind_s(700.0) == 12.5


@pytest.mark.parametrize(
    ("asked", "got"), [(-5.0, 0.0), (300.04, 300.0), (1e9, 300.0), (0.05, 0.0), (0.06, 0.1)]
)
def test_the_delay_is_0_to_300_s_in_tenths(asked: float, got: float) -> None:
    clock = GoingOn()
    clock.set_delay(asked, 0.0)
    assert clock.delay_s == got


def test_sync_lets_the_delay_follow_what_is_seen_happening() -> None:
    clock = GoingOn()
    clock.go_live(500.0)
    event_ms = edge(480.0)
    assert clock.sync_on(event_ms, 517.5) == 0.0
    assert clock.delay_s == 37.5
    assert clock.now_ms(517.5) == event_ms
    assert clock.now_ms(520.0) == event_ms + 2500
    assert clock.sync_on(edge(100.0), 517.5) == pytest.approx(117.5)
    assert clock.delay_s == 300.0
    assert clock.sync_on(edge(600.0), 517.5) == pytest.approx(-82.5)
    assert clock.delay_s == 0.0


def test_replay_the_attack_and_back_to_live_with_the_same_delay() -> None:
    clock = GoingOn()
    clock.set_delay(7.0, 0.0)
    clock.go_live(900.0)
    clock.replay_from(edge(700.0), 900.0)
    assert not clock.live
    assert clock.now_ms(910.0) == edge(710.0)
    clock.set_speed(0.5, 910.0)
    assert clock.now_ms(920.0) == edge(715.0)
    clock.set_backwards(True, 920.0)
    assert clock.now_ms(930.0) == edge(710.0)
    clock.go_live(930.0)
    assert clock.now_ms(930.0) == edge(923.0)
    assert clock.speed == 1.0
    assert not clock.backwards


def test_pausing_live_stands_still_and_playing_goes_on_from_there() -> None:
    clock = GoingOn()
    clock.go_live(100.0)
    clock.toggle(100.0)
    assert clock.now_ms(150.0) == edge(100.0)
    assert not clock.live
    clock.toggle(150.0)
    assert clock.now_ms(160.0) == edge(110.0)


def test_a_fast_replay_catches_up_and_goes_on_with_the_race() -> None:
    clock = GoingOn()
    clock.replay_from(edge(90.0), 100.0)
    clock.set_speed(60.0, 100.0)
    assert clock.now_ms(105.0) == edge(105.0)
    assert clock.playing(105.0)


ACTS = st.sampled_from(
    ["play", "pause", "seek", "skip", "speed", "turn", "live", "delay", "nudge", "sync", "from"]
)


@given(st.lists(st.tuples(ACTS, st.floats(0.0, 1.0), st.floats(0.0, 30.0)), max_size=30))
def test_whatever_is_pressed_time_stays_within_the_race_and_moves_evenly(
    acts: list[tuple[str, float, float]],
) -> None:
    clock = GoingOn()
    wall_s = 1000.0
    for act, value, pause_s in acts:
        wall_s += pause_s
        before_ms = clock.now_ms(wall_s)
        match act:
            case "play" | "pause":
                getattr(clock, act)(wall_s)
            case "seek":
                clock.seek(START_MS + value * 2e6, wall_s)
            case "skip":
                clock.skip(240.0 * value - 120.0, wall_s)
            case "speed":
                clock.set_speed(0.05 + 80.0 * value, wall_s)
            case "turn":
                clock.set_backwards(value > 0.5, wall_s)
            case "live":
                clock.go_live(wall_s)
            case "delay":
                clock.set_delay(400.0 * value, wall_s)
            case "nudge":
                clock.nudge(round(20 * value) - 10, wall_s)
            case "sync":
                clock.sync_on(edge(wall_s - 400.0 * value), wall_s)
            case _:
                clock.replay_from(edge(wall_s - 400.0 * value), wall_s)
        now_ms = clock.now_ms(wall_s)
        assert START_MS <= now_ms <= edge(wall_s)
        assert 0.0 <= clock.delay_s <= 300.0
        assert clock.kept.delay_ms % 100 == 0
        if act in ("play", "pause", "speed", "turn"):
            assert abs(now_ms - before_ms) <= 1
        if clock.live:
            assert clock.now_ms(wall_s + 10.0) - now_ms == 10_000 or now_ms == START_MS
