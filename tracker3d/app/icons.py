"""Icons, painted, so that they are sharp at every scale and need no files or icon fonts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap, QPolygonF

from tracker3d.app.theme import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE_PX = 20
_SCALES = (1.0, 2.0, 3.0)


def play() -> QIcon:
    """Return a triangle to the right."""
    return _icon(lambda painter: _triangle(painter, left=5.0, right=16.0))


def play_backwards() -> QIcon:
    """Return a triangle to the left."""
    return _icon(lambda painter: _triangle(painter, left=15.0, right=4.0))


def pause() -> QIcon:
    """Return two bars."""

    def bars(painter: QPainter) -> None:
        painter.drawRect(QRectF(4.5, 4.0, 4.0, 12.0))
        painter.drawRect(QRectF(11.5, 4.0, 4.0, 12.0))

    return _icon(bars)


def skip_back() -> QIcon:
    """Return two triangles to the left."""
    return _icon(lambda painter: _two_triangles(painter, (10.0, 2.0), (18.0, 10.0)))


def skip_ahead() -> QIcon:
    """Return two triangles to the right."""
    return _icon(lambda painter: _two_triangles(painter, (2.0, 10.0), (10.0, 18.0)))


def _two_triangles(painter: QPainter, *spans: tuple[float, float]) -> None:
    for left, right in spans:
        _triangle(painter, left=left, right=right, half_height=5.0)


def _triangle(painter: QPainter, *, left: float, right: float, half_height: float = 6.5) -> None:
    middle = _SIZE_PX / 2
    corners = [
        QPointF(left, middle - half_height),
        QPointF(right, middle),
        QPointF(left, middle + half_height),
    ]
    painter.drawPolygon(QPolygonF(corners))


def _icon(paint: Callable[[QPainter], None]) -> QIcon:
    icon = QIcon()
    for scale in _SCALES:
        side = round(_SIZE_PX * scale)
        pixmap = QPixmap(side, side)
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(TEXT)
        paint(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
