"""Replay clock: race time as a function of wall time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.show import SPEEDS, ReplayClock

HOUR_MS = 3_600_000


def test_begins_paused_at_the_start() -> None:
    clock = ReplayClock(1000, 9000)
    assert clock.now_ms(0.0) == 1000
    assert clock.now_ms(500.0) == 1000
    assert not clock.playing(500.0)


def test_plays_at_its_speed() -> None:
    clock = ReplayClock(0, HOUR_MS)
    clock.play(10.0)
    assert clock.now_ms(12.5) == 2500
    clock.set_speed(60.0, 12.5)
    assert clock.now_ms(12.5) == 2500
    assert clock.now_ms(13.5) == 62_500
    clock.set_speed(0.1, 13.5)
    assert clock.now_ms(23.5) == 63_500


def test_pause_holds_and_play_goes_on_from_there() -> None:
    clock = ReplayClock(0, HOUR_MS)
    clock.toggle(0.0)
    clock.toggle(3.0)
    assert clock.now_ms(100.0) == 3000
    clock.toggle(100.0)
    assert clock.now_ms(101.0) == 4000


def test_backwards_and_back_again_returns() -> None:
    clock = ReplayClock(0, HOUR_MS, now_ms=60_000)
    clock.play(0.0)
    clock.set_backwards(True, 5.0)
    assert clock.now_ms(7.0) == 63_000
    clock.set_backwards(False, 10.0)
    assert clock.now_ms(10.0) == 60_000
    assert clock.now_ms(11.0) == 61_000


def test_stops_at_the_end_and_can_be_sought_back() -> None:
    clock = ReplayClock(0, 10_000)
    clock.set_speed(5.0, 0.0)
    clock.play(0.0)
    assert clock.playing(1.9)
    assert clock.now_ms(2.5) == 10_000
    assert not clock.playing(2.5)
    clock.play(3.0)
    assert not clock.playing(3.0)
    clock.seek(4000, 4.0)
    assert not clock.playing(4.0)
    clock.play(5.0)
    assert clock.now_ms(5.2) == 5000


def test_having_run_into_the_end_it_stays_paused_when_the_end_moves() -> None:
    clock = ReplayClock(0, 1000)
    clock.play(0.0)
    clock.set_bounds(0, 50_000, 10.0)
    assert clock.now_ms(20.0) == 1000


def test_backwards_stops_at_the_start() -> None:
    clock = ReplayClock(1000, 5000, now_ms=2000)
    clock.set_backwards(True, 0.0)
    clock.play(0.0)
    assert clock.now_ms(5.0) == 1000
    assert not clock.playing(5.0)


def test_skip_while_playing() -> None:
    clock = ReplayClock(0, HOUR_MS)
    clock.play(0.0)
    clock.skip(10.0, 1.0)
    assert clock.now_ms(1.0) == 11_000
    clock.skip(-60.0, 2.0)
    assert clock.now_ms(2.0) == 0
    assert clock.playing(2.0)


def test_speed_steps_go_through_all_and_stop_at_the_ends() -> None:
    clock = ReplayClock(0, HOUR_MS)
    seen = [clock.speed]
    for _ in range(20):
        clock.step_speed(-1, 0.0)
    assert clock.speed == 0.1
    seen = [clock.speed]
    while clock.speed < 60.0:
        clock.step_speed(1, 0.0)
        seen.append(clock.speed)
    assert tuple(seen) == SPEEDS
    clock.step_speed(1, 0.0)
    assert clock.speed == 60.0


def test_new_bounds_clip_the_time_shown() -> None:
    clock = ReplayClock(0, 0)
    clock.set_bounds(50_000, 90_000, 0.0)
    assert clock.now_ms(0.0) == 50_000


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, math.inf])
def test_refuses_what_is_no_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        ReplayClock(0, 1).set_speed(speed, 0.0)


def test_refuses_bounds_the_wrong_way_round() -> None:
    with pytest.raises(ValueError, match="before its start"):
        ReplayClock(10, 9)
    with pytest.raises(ValueError, match="before its start"):
        ReplayClock(0, 9).set_bounds(10, 9, 0.0)


ACT = st.sampled_from(["play", "pause", "toggle", "seek", "skip", "speed", "step", "direction"])


@given(st.lists(st.tuples(ACT, st.floats(0.0, 1.0), st.floats(0.0, 20.0)), max_size=30))
def test_never_leaves_its_bounds_and_jumps_only_when_sought(acts: list[tuple[str, float, float]]) -> None:
    clock = ReplayClock(5000, 65_000)
    wall_s = 0.0
    for act, value, pause_s in acts:
        wall_s += pause_s
        before_ms = clock.now_ms(wall_s)
        was_playing = clock.playing(wall_s)
        if act in ("play", "pause", "toggle"):
            getattr(clock, act)(wall_s)
        elif act == "seek":
            clock.seek(value * 100_000, wall_s)
        elif act == "skip":
            clock.skip(value * 120 - 60, wall_s)
        elif act == "speed":
            clock.set_speed(0.05 + value * 80, wall_s)
        elif act == "step":
            clock.step_speed(1 if value > 0.5 else -1, wall_s)
        else:
            clock.set_backwards(value > 0.5, wall_s)
        assert 5000 <= clock.now_ms(wall_s) <= 65_000
        assert 0.1 <= clock.speed <= 60.0
        if act not in ("seek", "skip"):
            assert clock.now_ms(wall_s) == before_ms
        if act == "pause":
            assert not clock.playing(wall_s)
        if act == "toggle" and was_playing:
            assert not clock.playing(wall_s)
