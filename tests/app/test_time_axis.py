"""The axis on which the head of the race and time advance together."""

from __future__ import annotations

import numpy as np
import pytest

from tracker3d.app.time_axis import History, TimeAxis, head_history

MINUTE_MS = 60_000


def history(*, wait_min: int = 30, race_min: int = 240, after_min: int = 20) -> History:
    """Return a head that waits at km 0, rides 180 km unevenly, and stays at the finish."""
    minutes = np.arange(wait_min + race_min + after_min + 1)
    ridden = np.clip((minutes - wait_min) / race_min, 0.0, 1.0)
    return History(minutes * MINUTE_MS, 180_000.0 * ridden**1.3)


def test_time_and_place_of_the_head_agree() -> None:
    past = history()
    axis = TimeAxis(0.0, 180_000.0, history=past)
    for minute in (60, 100, 200, 260):
        where = float(axis.share_of_distance(past.head_m[minute]))
        assert float(axis.share_of_time(minute * MINUTE_MS)) == pytest.approx(where, abs=0.002)


def test_every_moment_can_be_reached_and_read_back() -> None:
    axis = TimeAxis(0.0, 180_000.0, history=history())
    times = np.arange(0, 290 * MINUTE_MS, MINUTE_MS // 2)
    shares = axis.share_of_time(times)
    assert np.all(np.diff(shares) > 0)
    back = np.array([axis.time_of_share(share) for share in shares])
    np.testing.assert_allclose(back, times, atol=1)
    assert shares[0] == pytest.approx(0.0)
    assert axis.time_of_share(1.0) == 290 * MINUTE_MS


def test_a_head_that_stands_still_on_the_way_can_be_scrubbed_through() -> None:
    past = history()
    head = past.head_m.copy()
    head[100:131] = head[100]
    head[131:] = np.maximum(head[131:], head[100])
    axis = TimeAxis(0.0, 180_000.0, history=History(past.times_ms, head))
    shares = axis.share_of_time(np.arange(100, 131) * MINUTE_MS)
    assert np.all(np.diff(shares) > 0)


def test_waiting_never_takes_more_than_its_share() -> None:
    axis = TimeAxis(0.0, 180_000.0, history=history(wait_min=600, after_min=2000))
    assert 0.0 < axis.road_from <= 0.15
    assert 0.55 <= axis.road_to < 1.0


def test_no_zone_where_there_is_nothing_to_wait_for() -> None:
    axis = TimeAxis(0.0, 180_000.0, history=history(wait_min=0, after_min=0))
    assert axis.road_from == 0.0
    assert axis.road_to == 1.0


def test_places_clip_to_the_road() -> None:
    axis = TimeAxis(-8000.0, 180_000.0)
    assert not axis.has_time
    assert float(axis.share_of_distance(-9000.0)) == 0.0
    assert float(axis.share_of_distance(200_000.0)) == 1.0
    assert axis.distance_of_share(0.5) == pytest.approx(86_000.0)


def test_head_of_the_race_is_no_vehicle_and_never_goes_back() -> None:
    times = np.array([0, 1, 2, 3])
    distances = np.array(
        [[900.0, np.nan, np.nan], [950.0, np.nan, 10.0], [960.0, 30.0, 20.0], [970.0, np.nan, 25.0]]
    )
    past = head_history(times, distances, np.array([-1, 1, 2]))
    np.testing.assert_array_equal(past.head_m, [np.nan, 10.0, 30.0, 30.0])


def test_nobody_at_all() -> None:
    past = head_history(np.array([0, 1]), np.full((2, 1), np.nan), np.array([-1]))
    axis = TimeAxis(0.0, 1000.0, history=past)
    assert axis.time_of_share(0.0) <= axis.time_of_share(1.0)
