"""The timeline: the profile of the stage with the race moving on it; dragging anywhere goes there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tracker3d.app import theme
from tracker3d.app.profile_picture import Layout, height_range_m, paint_profile
from tracker3d.app.time_axis import History, TimeAxis
from tracker3d.app.wording import to_go_text
from tracker3d.scene.figures import local_clock_text

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QPixmap, QResizeEvent

    from tracker3d.scene.model import RoadLine
    from tracker3d.stage.model import Stage

_TOOLTIP = "The race along the road. Click or drag anywhere to go to the moment when its head was there"


@dataclass(frozen=True)
class Marker:
    """A group, or the selected rider, on the timeline.

    Attributes
    ----------
    distance_m : float
        Road distance.
    colour_rgb : tuple of int
    count : int
        Riders in it; the dot grows with it.
    selected : bool
        Drawn with a ring.
    """

    distance_m: float
    colour_rgb: tuple[int, int, int]
    count: int = 1
    selected: bool = False


class Timeline(QWidget):
    """Profile, places, groups and playhead on one axis; see :class:`TimeAxis`.

    Signals
    -------
    scrub_began, scrub_ended
        The mouse button went down and up again: between the two, time follows the mouse.
    sought : object
        Time to go to, int milliseconds since 1970 UTC (too long for Qt's own int).
    """

    scrub_began = Signal()
    scrub_ended = Signal()
    sought = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription(_TOOLTIP)
        self._stage: Stage | None = None
        self._range_m = (0.0, 1.0)
        self._road: RoadLine | None = None
        self._axis = TimeAxis(0.0, 1.0)
        self._history: History | None = None
        self._background: QPixmap | None = None
        self._time_ms: int | None = None
        self._markers: tuple[Marker, ...] = ()
        self._hover_x: float | None = None
        self._scrubbing = False

    @property
    def scrubbing(self) -> bool:
        """Whether the mouse button is down and time follows the mouse."""
        return self._scrubbing

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that it likes to have."""
        return QSize(900, 148)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size below which it cannot be read."""
        return QSize(320, 120)

    def set_stage(self, stage: Stage, road: RoadLine) -> None:
        """Show a stage's profile in the colours of its drawn road."""
        self._stage, self._road = stage, road
        self._range_m = height_range_m(stage.route)
        self._history = None
        self._lay_axis()

    def set_history(self, history: History) -> None:
        """Put the times of a recording on the axis."""
        self._history = history
        self._lay_axis()

    def set_moment(self, time_ms: int, markers: tuple[Marker, ...]) -> None:
        """Show the race at a moment; repaints what moves and nothing else."""
        before = self._moving_region()
        self._time_ms, self._markers = time_ms, markers
        for rect in (*before, *self._moving_region()):
            self.update(rect)

    def x_of_time(self, time_ms: int) -> float:
        """Return where a time stands, in pixels from the left edge."""
        return self._layout().x_of_share(float(self._axis.share_of_time(time_ms)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the cached profile and, over it, what moves."""
        painter = QPainter(self)
        if self._stage is None or self._road is None:
            painter.fillRect(event.rect(), theme.PANEL)
            return
        if self._background is None:
            self._background = paint_profile(
                self._stage, self._road, self._axis, self._layout(), ratio=self.devicePixelRatioF()
            )
        painter.drawPixmap(0, 0, self._background)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_playhead(painter)
        for marker in self._markers:
            self._paint_marker(painter, marker)
        self._paint_hover(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Paint the profile anew."""
        self._background = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin to scrub."""
        if event.button() == Qt.MouseButton.LeftButton and self._axis.has_time:
            self._scrubbing = True
            self.scrub_began.emit()
            self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Scrub, or tell what lies under the mouse."""
        self._hover(event.position().x())
        if self._scrubbing:
            self._seek(event.position().x())
        elif self._stage is not None:
            at = QPoint(round(event.globalPosition().x()) + 14, round(event.globalPosition().y()) - 64)
            QToolTip.showText(at, self._text_at(event.position().x()), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let time run on from here if it ran before."""
        if self._scrubbing and event.button() == Qt.MouseButton.LeftButton:
            self._scrubbing = False
            self.scrub_ended.emit()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take the line under the mouse away."""
        self._hover(None)
        super().leaveEvent(event)

    def _lay_axis(self) -> None:
        if self._stage is not None:
            route = self._stage.route
            self._axis = TimeAxis(route.start_m, route.finish_m, history=self._history)
        self._background = None
        self.update()

    def _layout(self) -> Layout:
        return Layout(self.width(), self.height())

    def _seek(self, x_px: float) -> None:
        self.sought.emit(self._axis.time_of_share(self._layout().share_of_x(x_px)))

    def _hover(self, x_px: float | None) -> None:
        for x in (self._hover_x, x_px):
            if x is not None:
                self.update(QRect(int(x) - 2, 0, 5, self.height()))
        self._hover_x = x_px

    def _text_at(self, x_px: float) -> str:
        assert self._stage is not None
        share = self._layout().share_of_x(x_px)
        route = self._stage.route
        distance_m = self._axis.distance_of_share(share)
        gradient_percent = float(route.gradient(distance_m)) * 100.0
        lines = [
            f"{to_go_text(route.finish_m - distance_m)} to go   (km {distance_m / 1000.0:.1f})",
            f"{float(route.height(distance_m)):.0f} m, {gradient_percent:+.1f} %".replace("-", "−"),
        ]
        if self._axis.has_time:
            lines.insert(0, local_clock_text(self._axis.time_of_share(share), self._stage.timezone))
        return "\n".join(lines)

    def _place(self, marker: Marker) -> QPointF | None:
        if self._stage is None or not math.isfinite(marker.distance_m):
            return None
        layout = self._layout()
        x = layout.x_of_share(float(self._axis.share_of_distance(marker.distance_m)))
        height_m = float(self._stage.route.height(marker.distance_m))
        return QPointF(x, float(layout.y_of_height(height_m, self._range_m)))

    @staticmethod
    def _radius(marker: Marker) -> float:
        return 7.0 if marker.selected else 2.6 + 0.75 * math.log2(max(marker.count, 1))

    def _playhead_x(self) -> float | None:
        if self._time_ms is None or not self._axis.has_time:
            return None
        return self.x_of_time(self._time_ms)

    def _moving_region(self) -> list[QRect]:
        rects = []
        x = self._playhead_x()
        if x is not None:
            rects.append(QRect(int(x) - 8, 0, 17, self.height()))
        for marker in self._markers:
            place = self._place(marker)
            if place is not None:
                reach = int(self._radius(marker)) + 4
                rects.append(
                    QRect(int(place.x()) - reach, int(place.y()) - reach, 2 * reach + 1, 2 * reach + 1)
                )
        return rects

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self._playhead_x()
        if x is None:
            return
        layout = self._layout()
        painter.setPen(QPen(theme.ACCENT, 2.0))
        painter.drawLine(QPointF(x, layout.top - 8.0), QPointF(x, layout.bottom))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.ACCENT)
        corners = [
            QPointF(x - 6, layout.top - 14),
            QPointF(x + 6, layout.top - 14),
            QPointF(x, layout.top - 5),
        ]
        painter.drawPolygon(corners)

    def _paint_marker(self, painter: QPainter, marker: Marker) -> None:
        place = self._place(marker)
        if place is None:
            return
        radius = self._radius(marker)
        if marker.selected:
            painter.setPen(QPen(QColor("#ffffff"), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setPen(QPen(QColor(10, 14, 20), 1.5))
            painter.setBrush(QColor(*marker.colour_rgb))
        painter.drawEllipse(place, radius, radius)

    def _paint_hover(self, painter: QPainter) -> None:
        if self._hover_x is None or not self._axis.has_time:
            return
        layout = self._layout()
        painter.setPen(QPen(QColor(255, 255, 255, 110), 1.0))
        painter.drawLine(QPointF(self._hover_x, layout.top), QPointF(self._hover_x, layout.bottom))
