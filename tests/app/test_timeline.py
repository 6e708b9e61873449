"""The timeline as a widget: its picture, and what the mouse does on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from tracker3d.app.time_axis import History
from tracker3d.app.timeline import Marker, Timeline
from tracker3d.scene.model import RoadLine

if TYPE_CHECKING:
    from conftest import SmallStage
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.window
SPAN_MS = 1_000_000


def road_of(small: SmallStage) -> RoadLine:
    route = small.stage.route
    count = len(route)
    colours = np.tile(np.array([[40, 200, 90]], np.uint8), (count, 1))
    return RoadLine(np.zeros((count, 3), np.float32), route.distance_m, colours, np.zeros(count, bool))


@pytest.fixture
def timeline(small_stage: SmallStage, looks: QApplication, qtbot: QtBot) -> Timeline:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.resize(1000, 148)
    timeline.set_stage(small_stage.stage, road_of(small_stage))
    times = np.linspace(0, SPAN_MS, 200).astype(np.int64)
    timeline.set_history(History(times, np.linspace(0.0, small_stage.stage.route.finish_m, 200)))
    with qtbot.waitExposed(timeline):
        timeline.show()
    return timeline


def picture(timeline: Timeline) -> QImage:
    return timeline.grab().toImage()


def count_near(image: QImage, rgb: tuple[int, int, int], *, columns: range) -> int:
    wanted = np.array(rgb)
    seen = 0
    for x in columns:
        for y in range(image.height()):
            colour = image.pixelColor(x, y)
            seen += bool(np.abs(np.array([colour.red(), colour.green(), colour.blue()]) - wanted).max() < 30)
    return seen


def test_dragging_seeks_to_the_time_under_the_mouse(timeline: Timeline, qtbot: QtBot) -> None:
    sought: list[int] = []
    events: list[str] = []
    timeline.sought.connect(sought.append)
    timeline.scrub_began.connect(lambda: events.append("began"))
    timeline.scrub_ended.connect(lambda: events.append("ended"))
    for time_ms in (250_000, 500_000, 900_000):
        x = round(timeline.x_of_time(time_ms))
        qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x, 70))
        assert timeline.scrubbing
        assert sought[-1] == pytest.approx(time_ms, abs=SPAN_MS / 890)
        qtbot.mouseMove(timeline, QPoint(x + 40, 100))
        later_ms = sought[-1]
        assert later_ms > time_ms + 30_000
        qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x + 40, 100))
    assert events == ["began", "ended"] * 3
    assert not timeline.scrubbing


def test_beyond_the_ends_it_seeks_to_the_ends(timeline: Timeline, qtbot: QtBot) -> None:
    sought: list[int] = []
    timeline.sought.connect(sought.append)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(3, 70))
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(timeline.width() - 2, 70))
    assert sought[0] == 0
    assert sought[-1] == SPAN_MS


def test_without_a_recording_there_is_nothing_to_seek(
    timeline: Timeline, small_stage: SmallStage, qtbot: QtBot
) -> None:
    sought: list[int] = []
    timeline.sought.connect(sought.append)
    timeline.set_stage(small_stage.stage, road_of(small_stage))
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(400, 70))
    assert not sought


def test_the_playhead_and_groups_stand_where_the_race_is(timeline: Timeline, small_stage: SmallStage) -> None:
    finish_m = small_stage.stage.route.finish_m
    accent, group = (255, 208, 46), (250, 0, 250)
    for share in (0.3, 0.8):
        timeline.set_moment(round(share * SPAN_MS), (Marker((share - 0.1) * finish_m, group, 50),))
        image = picture(timeline)
        head = round(timeline.x_of_time(round(share * SPAN_MS)))
        behind = round(timeline.x_of_time(round((share - 0.1) * SPAN_MS)))
        assert count_near(image, accent, columns=range(head - 1, head + 2)) > 60
        assert count_near(image, group, columns=range(behind - 5, behind + 6)) > 25
        assert count_near(image, group, columns=range(head - 20, head + 20)) == 0


def test_a_marker_whose_place_is_not_known_is_left_out(timeline: Timeline) -> None:
    timeline.set_moment(500_000, (Marker(float("nan"), (250, 0, 250), 3),))
    assert count_near(picture(timeline), (250, 0, 250), columns=range(0, 1000, 3)) == 0


def test_the_profile_rises_and_falls_with_the_road(timeline: Timeline) -> None:
    image = picture(timeline)

    def top(x: int) -> int:
        return next(y for y in range(30, 148) if count_near_pixel(image, x, y))

    def count_near_pixel(image: QImage, x: int, y: int) -> bool:
        colour = image.pixelColor(x, y)
        return colour.green() > 150 and colour.red() < 110

    middle, early, late = (round(timeline.x_of_time(round(share * SPAN_MS))) for share in (0.45, 0.1, 0.95))
    assert top(middle) < top(early) - 20
    assert top(middle) < top(late) - 20
