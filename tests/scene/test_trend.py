"""The trend of the peloton's gap: figures from history, and a line that shows them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tracker3d.scene import Overlay, frame_at, parse_camera
from tracker3d.scene.drawing import Look
from tracker3d.scene.trend import CHANGE_MIN, SPAN_MIN, GapTrend, draw_trend, gap_trend


class Growing:
    """A race whose peloton loses two seconds a minute; in its first minutes it leads."""

    def __init__(self, race, *, begun_min=0):
        self._race = race
        self.stage = race.stage
        self._begun_min = begun_min

    def at(self, time_ms):
        state = self._race.at(time_ms)
        minutes = (time_ms - self.stage.start_time_ms) / 60_000.0
        gap_s = 2.0 * minutes if minutes >= self._begun_min else math.nan
        peloton = dataclasses.replace(state.groups[1], gap_to_head_s=gap_s)
        return dataclasses.replace(state, groups=(state.groups[0], peloton, state.groups[2]))


def at_minute(race, minute):
    return race.at(race.stage.start_time_ms + round(60_000 * minute))


def test_it_tells_the_last_half_hour_and_the_last_ten_minutes(scene, race):
    growing = Growing(race)
    trend = gap_trend(scene, growing, at_minute(growing, 90.5))
    assert len(trend.gaps_s) == SPAN_MIN + 1
    assert trend.gaps_s[-1] == pytest.approx(181.0)
    assert np.diff(trend.gaps_s[:-1]) == pytest.approx(2.0)
    assert trend.change_s == pytest.approx(2.0 * CHANGE_MIN, abs=2.0)


def test_what_history_does_not_tell_is_left_out(scene, race):
    growing = Growing(race, begun_min=80)
    trend = gap_trend(scene, growing, at_minute(growing, 86.0))
    assert sum(map(math.isfinite, trend.gaps_s)) == 7
    assert math.isnan(trend.change_s)
    assert gap_trend(scene, growing, at_minute(growing, 81.0)) is None
    assert gap_trend(scene, growing, at_minute(growing, 40.0)) is None


def test_the_line_rises_with_the_gap(scene):
    look = Look(scene.theme, 1.0)
    gaps_s = (math.nan,) * 5 + tuple(float(10 * step) for step in range(1, 27))
    picture = draw_trend(look, GapTrend(gaps_s, 100.0)).pixels().astype(int)
    accent = np.abs(picture[76:154, 16:-20, :3] - scene.theme.colour("accent")).sum(axis=2) < 40
    columns = np.flatnonzero(accent.any(axis=0))
    assert columns[0] > 40
    crest = np.array([np.flatnonzero(accent[:, column])[0] for column in columns])
    assert crest[0] - crest[-1] > 50
    assert (np.diff(crest) <= 1).all()


def test_the_panel_changes_when_its_figures_do(scene, race):
    growing = Growing(race)

    def panel(minute):
        frame = frame_at(
            scene,
            growing,
            race.stage.start_time_ms + round(60_000 * minute),
            camera=parse_camera("overview"),
            viewport_px=(1920, 1080),
            overlays=frozenset({Overlay.GAP_TREND}),
        )
        (found,) = frame.panels
        return found

    first, same, later = panel(60.1), panel(60.11), panel(62.0)
    assert first.image is same.image
    assert not np.array_equal(first.image, later.image)
