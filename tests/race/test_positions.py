"""The table of positions that grows: what is put in comes out, in few bytes, also while it grows."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tracker3d.race.history import History
from tracker3d.race.positions import ROW_MS, PositionTable
from tracker3d.track.model import Presence, RiderStates

START_MS = 1_783_420_000_000


def states_at(row: int, riders: int) -> RiderStates:
    """Riders at different speeds; some are unknown at first, one always, and one is silent for ever."""
    number = np.arange(riders)
    distance_m = 12.345678 * row - 40.0 * number + 1000.0
    unknown = (number % 7 == 3) & (row < 10 * number) | (number == 5)
    return RiderStates(
        time_ms=START_MS + ROW_MS * row,
        bibs=number.astype(np.int32) + 1,
        distance_m=np.where(unknown, np.nan, distance_m),
        speed_mps=np.where(unknown, np.nan, 12.345678 + 0.1 * number),
        lateral_m=np.where(unknown, np.nan, 3.0 * np.sin(0.1 * row + number)),
        age_s=np.where(unknown, np.nan, np.where(number == 6, 1e9, (row + number) % 50.0)),
        presence=np.where(unknown, Presence.ABSENT, (row + number) % 4).astype(np.uint8),
        finished=distance_m >= 30_000.0,
        uncertainty_m=np.full(riders, np.nan),
    )


def a_table(rows: int, riders: int) -> PositionTable:
    table = PositionTable(finish_m=30_000.0)
    table.begin(START_MS)
    for row in range(rows):
        table.append(states_at(row, riders))
    return table


def test_rows_come_out_as_they_were_put_in() -> None:
    table = a_table(3000, 20)
    for row in (0, 1, 500, 1023, 1024, 2500):
        given, got = states_at(row, 20), table.at(START_MS + ROW_MS * row)
        known = np.isfinite(given.distance_m)
        assert (np.isfinite(got.distance_m) == known).all()
        np.testing.assert_allclose(got.distance_m[known], given.distance_m[known], atol=0.0006)
        np.testing.assert_allclose(got.speed_mps[known], given.speed_mps[known], atol=0.006)
        np.testing.assert_allclose(got.lateral_m[known], given.lateral_m[known], atol=0.021)
        young = known & (given.age_s < 1000.0)
        np.testing.assert_allclose(got.age_s[young], given.age_s[young], atol=0.06)
        assert got.age_s[6] > 6000.0 or not known[6]
        assert (got.presence == given.presence).all()
    assert np.nanmax(table.finish_ms) <= table.next_ms
    first_ms = START_MS + 1000.0 * (30_000.0 - 1000.0) / 12.345678
    assert table.finish_ms[0] == pytest.approx(first_ms, abs=1.0)


def test_riders_who_come_later_have_no_past() -> None:
    table = a_table(1100, 8)
    for row in range(1100, 1110):
        table.append(states_at(row, 12))
    before = table.at(START_MS + 1_000_000)
    assert len(before.bibs) == 12
    assert np.isnan(before.distance_m[8:]).all()
    assert (before.presence[8:] == Presence.ABSENT).all()
    assert np.isfinite(table.at(START_MS + 1_105_000).distance_m[8])


def test_five_hours_of_a_race_take_few_bytes() -> None:
    """10 bytes a rider and second, and riders who come late make no other table: there is room for them."""
    table = a_table(10, 180)
    columns = table._kept[3:]
    assert sum(column.dtype.itemsize for column in columns) == 10
    table.append(states_at(10, 181))
    assert all(now is before for now, before in zip(table._kept[3:], columns, strict=True))


def test_a_field_beyond_all_room_keeps_its_past() -> None:
    table = a_table(5, 200)
    before = table.at(START_MS + 2000)
    for row in range(5, 10):
        table.append(states_at(row, 700))
    after = table.at(START_MS + 2000)
    np.testing.assert_array_equal(after.distance_m[:200], before.distance_m)
    assert (after.presence[200:] == Presence.ABSENT).all()
    assert np.isfinite(table.at(START_MS + 7000).distance_m[699])


def test_readers_never_meet_half_of_a_step() -> None:
    """Rows are added and riders join, while others read as fast as they can."""
    table, history = PositionTable(finish_m=30_000.0), History(start_m=0.0, finish_m=30_000.0)
    table.begin(START_MS)
    wrong: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                states = table.at(table.end_ms)
                riders = len(states.bibs)
                assert len(states.distance_m) == len(states.age_s) == len(states.presence) == riders
                assert len(states.finished) == riders
                assert len(table.speeds([table.end_ms])[0]) >= riders
                history.passed_at_ms(np.arange(riders), np.full(riders, 500.0))
                history.passages_ms(700.0)
            except Exception as error:
                wrong.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for row in range(1200):
        table.append(states_at(row, 5 + row // 10))
        if row % 5 == 0:
            history.extend(table, until_ms=table.end_ms)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
