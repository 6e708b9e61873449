"""The still part of the timeline: profile, places, kilometres and hours, painted once per size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPixmap

from tracker3d.app import theme
from tracker3d.app.wording import hour_text
from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.app.time_axis import TimeAxis
    from tracker3d.scene.model import RoadLine
    from tracker3d.stage.model import Place, Stage
    from tracker3d.stage.route import Route

_LEFT_PX, _RIGHT_PX = 84, 24
_TOP_PX, _BOTTOM_PX = 40, 42
_LEAST_RANGE_M = 200.0
_KM_STEPS = (1, 2, 5, 10, 20, 25, 50, 100)
_MINUTE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120)
_LEAST_LABEL_PX = 58.0
_EDGE_PX, _FILL_OPACITY = 3.0, 70.0 / 255.0
_BADGE_PX, _BADGE_TOP_PX = 18.0, 7.0
_FARTHEST_SHIFT_PX = 30.0
_LEAST_NAME_PX, _MOST_NAME_PX = 40.0, 190.0
_FACES = {
    PlaceKind.SPRINT: ("S", QColor("#22b573")),
    PlaceKind.CLIMB: ("", QColor("#e0242f")),
    PlaceKind.FINISH: ("F", QColor("#ffffff")),
}


@dataclass(frozen=True)
class _Badge:
    """Where a place's badge stands, and where on the axis the place itself is, in pixels."""

    place: Place
    road_x: float
    x: float


@dataclass(frozen=True)
class Layout:
    """Where things stand in a timeline of a size in pixels."""

    width: int
    height: int

    @property
    def left(self) -> float:
        """Left end of the axis."""
        return float(_LEFT_PX)

    @property
    def right(self) -> float:
        """Right end of the axis."""
        return max(float(self.width - _RIGHT_PX), self.left + 1.0)

    @property
    def top(self) -> float:
        """Where the highest point of the road stands."""
        return float(_TOP_PX)

    @property
    def bottom(self) -> float:
        """Foot of the profile."""
        return float(max(self.height - _BOTTOM_PX, _TOP_PX + 10))

    def x_of_share(self, share: float) -> float:
        """Return the pixel of a place on the axis."""
        return self.left + share * (self.right - self.left)

    def share_of_x(self, x_px: float) -> float:
        """Return the place on the axis of a pixel, clipped to the axis."""
        return min(max((x_px - self.left) / (self.right - self.left), 0.0), 1.0)

    def y_of_height(self, height_m: ArrayLike, range_m: tuple[float, float]) -> NDArray[np.float64]:
        """Return the pixels of heights, where those of the road lie within a range."""
        low_m, high_m = range_m
        share = (np.asarray(height_m, float) - low_m) / (high_m - low_m)
        return self.bottom - 8.0 - share * (self.bottom - 8.0 - self.top)


def height_range_m(route: Route) -> tuple[float, float]:
    """Return the lowest and highest height of the road, at least 200 m apart so that the flat looks flat."""
    low, high = float(route.height_m.min()), float(route.height_m.max())
    missing = max(_LEAST_RANGE_M - (high - low), 0.0)
    return low - missing / 4, high + missing * 3 / 4


def paint_profile(stage: Stage, road: RoadLine, axis: TimeAxis, layout: Layout, *, ratio: float) -> QPixmap:
    """Paint everything that stands still into a pixmap of ``ratio`` device pixels per pixel."""
    pixmap = QPixmap(round(layout.width * ratio), round(layout.height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(theme.PANEL)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_zones(painter, axis, layout)
    _paint_road(painter, stage, road, axis, layout, ratio=ratio)
    _paint_kilometres(painter, stage, axis, layout)
    if axis.has_time:
        _paint_hours(painter, stage, axis, layout)
    _paint_places(painter, stage, axis, layout)
    painter.end()
    return pixmap


def _paint_zones(painter: QPainter, axis: TimeAxis, layout: Layout) -> None:
    """Shade where time runs but the head of the race does not."""
    for begin, end in ((0.0, axis.road_from), (axis.road_to, 1.0)):
        if end > begin:
            left, right = layout.x_of_share(begin), layout.x_of_share(end)
            painter.fillRect(
                QRectF(left, layout.top, right - left, layout.bottom - layout.top), QColor("#0e131a")
            )


def _paint_road(
    painter: QPainter, stage: Stage, road: RoadLine, axis: TimeAxis, layout: Layout, *, ratio: float
) -> None:
    """Fill the profile faintly and edge it strongly, both in the colours of the gradient.

    Column by column of device pixels: for as many strokes Qt takes ten times as long, and a live race, whose
    axis grows, is painted anew every few seconds.
    """
    left, right = layout.x_of_share(axis.road_from), layout.x_of_share(axis.road_to)
    x = left + (np.arange(max(round((right - left) * ratio), 2)) + 0.5) / ratio
    distance_m = np.interp(x, [left, right], [axis.start_m, axis.finish_m])
    y = layout.y_of_height(stage.route.height(distance_m), height_range_m(stage.route))
    down = (np.arange(round(layout.bottom * ratio))[:, None] + 0.5) / ratio
    half_px = _EDGE_PX / 2.0 * np.hypot(1.0, np.gradient(y, x))
    edge = np.clip((half_px - np.abs(down - y)) * ratio + 0.5, 0.0, 1.0)
    opacity = np.maximum(edge, _FILL_OPACITY * np.clip((down - y) * ratio + 0.5, 0.0, 1.0))
    nearest = np.searchsorted(road.distance_m, distance_m).clip(0, len(road.distance_m) - 1)
    picture = np.empty((*opacity.shape, 4), np.uint8)
    picture[..., :3] = road.colours[nearest] * opacity[..., None]
    picture[..., 3] = 255.0 * opacity
    height, width = opacity.shape
    image = QImage(picture.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied)
    painter.drawImage(QRectF(left, 0.0, width / ratio, height / ratio), image)


def _paint_kilometres(painter: QPainter, stage: Stage, axis: TimeAxis, layout: Layout) -> None:
    road_px = (axis.road_to - axis.road_from) * (layout.right - layout.left)
    length_km = (axis.finish_m - axis.start_m) / 1000.0
    step_km = next(
        (step for step in _KM_STEPS if step / length_km * road_px >= _LEAST_LABEL_PX), _KM_STEPS[-1]
    )
    ticks = []
    for to_go_km in range(0, int(length_km) + 1, step_km):
        share = float(axis.share_of_distance(stage.route.finish_m - to_go_km * 1000.0))
        ticks.append((layout.x_of_share(share), str(to_go_km)))
    _paint_scale(painter, layout, layout.bottom + 16.0, "km to go", ticks)


def _paint_hours(painter: QPainter, stage: Stage, axis: TimeAxis, layout: Layout) -> None:
    first_ms, last_ms = axis.time_of_share(0.0), axis.time_of_share(1.0)
    count = max((layout.right - layout.left) / _LEAST_LABEL_PX, 1.0)
    minutes = (last_ms - first_ms) / 60_000 / count
    step_ms = next((step for step in _MINUTE_STEPS if step >= minutes), _MINUTE_STEPS[-1]) * 60_000
    times_ms = range(-(-first_ms // step_ms) * step_ms, last_ms + 1, step_ms)
    ticks: list[tuple[float, str]] = []
    for time_ms in sorted(times_ms, key=_unroundness):
        x = layout.x_of_share(float(axis.share_of_time(time_ms)))
        if all(abs(x - other) >= 0.75 * _LEAST_LABEL_PX for other, _ in ticks):
            ticks.append((x, hour_text(time_ms, stage.timezone)))
    _paint_scale(painter, layout, layout.bottom + 34.0, "head at", ticks)


def _unroundness(time_ms: int) -> int:
    """Let full hours win over half and quarter hours where there is no room for all."""
    return next(rank for rank, minutes in enumerate((60, 30, 15, 5, 1)) if time_ms % (minutes * 60_000) == 0)


def _paint_scale(
    painter: QPainter, layout: Layout, baseline: float, caption: str, ticks: list[tuple[float, str]]
) -> None:
    painter.setFont(theme.font(13))
    metrics = QFontMetricsF(painter.font())
    painter.setPen(theme.TEXT_SOFT)
    painter.drawText(QPointF(12.0, baseline), caption)
    for x, text in ticks:
        painter.drawText(QPointF(x - metrics.horizontalAdvance(text) / 2, baseline), text)
        painter.drawLine(QPointF(x, layout.bottom), QPointF(x, layout.bottom + 3.0))


def _paint_places(painter: QPainter, stage: Stage, axis: TimeAxis, layout: Layout) -> None:
    """Badge above each climb, sprint and the finish, and the name where there is room."""
    painter.setFont(theme.font(13, bold=True))
    metrics = QFontMetricsF(painter.font())
    badges = _badges(stage, axis, layout)
    for number, badge in enumerate(badges):
        height_m = stage.route.height(badge.place.distance_m)
        y = float(layout.y_of_height(height_m, height_range_m(stage.route)))
        painter.setPen(QPen(QColor(255, 255, 255, 90), 1.0, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(badge.road_x, _BADGE_TOP_PX + _BADGE_PX), QPointF(badge.road_x, y))
        _paint_badge(painter, badge)
        until = badges[number + 1].x if number + 1 < len(badges) else layout.width + _BADGE_PX
        room = until - badge.x - 2.0 * _BADGE_PX
        if room >= _LEAST_NAME_PX:
            text = metrics.elidedText(badge.place.name, Qt.TextElideMode.ElideRight, min(room, _MOST_NAME_PX))
            painter.setPen(theme.TEXT)
            painter.drawText(QPointF(badge.x + 0.5 * _BADGE_PX + 5.0, _BADGE_TOP_PX + 13.5), text)


def _paint_badge(painter: QPainter, badge: _Badge) -> None:
    text, colour = _FACES[badge.place.kind]
    box = QRectF(badge.x - _BADGE_PX / 2, _BADGE_TOP_PX, _BADGE_PX, _BADGE_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(box, 4.0, 4.0)
    painter.setPen(theme.BACKGROUND if colour.lightness() > 150 else QColor("#ffffff"))
    category = badge.place.category.replace("H", "HC")
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text or category or "▲")


def _badges(stage: Stage, axis: TimeAxis, layout: Layout) -> list[_Badge]:
    """Give a badge to each place that has one, moved to the left of the next where they would overlap.

    From the finish backwards: it keeps its place, and a climb that ends there stands beside it. What
    would have to move too far is left out.
    """
    order = {kind: rank for rank, kind in enumerate(_FACES)}
    places = [place for place in stage.places if place.kind in _FACES]
    places.sort(key=lambda place: (place.distance_m, order[place.kind]), reverse=True)
    badges: list[_Badge] = []
    limit = float(layout.width)
    for place in places:
        road_x = layout.x_of_share(float(axis.share_of_distance(place.distance_m)))
        x = min(road_x, limit)
        if road_x - x <= _FARTHEST_SHIFT_PX:
            badges.append(_Badge(place, road_x, x))
            limit = x - _BADGE_PX - 3.0
    return badges[::-1]
