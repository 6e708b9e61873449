"""The table of riders, painted at once: cell by cell through a delegate takes longer than a frame."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QStaticText
from PySide6.QtWidgets import QTableView

from tracker3d.app.riders import Column, alignment
from tracker3d.app.theme import ALTERNATE, PANEL, TEXT, TEXT_SOFT

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from tracker3d.app.riders import Cell, RidersModel

_JERSEYS = {"yellow": "#ffd400", "green": "#16a34a", "polka": "#e0242f", "white": "#f7f7f7"}
_SELECTED = QColor("#4a4322")
_OLD = QColor("#7f8b9a")
_PADDING_PX = 6
_MARK_PX = 12
_SOFT = frozenset((Column.RANK, Column.TEAM))
_RIGHT = frozenset(column for column in Column if alignment(column) & Qt.AlignmentFlag.AlignRight)
_MOST_LAID_OUT = 4000


class _LaidOut(NamedTuple):
    """A text whose letters have their places: finding them is what is dear about a text."""

    text: QStaticText
    width_px: float
    height_px: float


class RiderTable(QTableView):
    """Shows :class:`~tracker3d.app.riders.RidersModel`; a cell is a patch or a dot, and a text."""

    def __init__(self, model: RidersModel) -> None:
        super().__init__()
        self._model = model
        self._laid_out: dict[tuple[str, int], _LaidOut] = {}
        self.setModel(model)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the rows that are to be seen, for Qt."""
        rows = self._rows(event.rect())
        columns = [column for column in Column if not self.isColumnHidden(column)]
        places = [
            (column, self.columnViewportPosition(column), self.columnWidth(column)) for column in columns
        ]
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        for row in rows:
            ground = QRect(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row))
            selected = self.selectionModel().isRowSelected(row)
            painter.fillRect(ground, _SELECTED if selected else ALTERNATE if row % 2 else PANEL)
            for column, left_px, width_px in places:
                rect = QRect(left_px + _PADDING_PX, ground.top(), width_px - 2 * _PADDING_PX, ground.height())
                self._paint(painter, rect, column, self._model.cell(row, column))
        painter.end()

    def _rows(self, rect: QRect) -> range:
        count = self._model.rowCount()
        first, last = self.rowAt(rect.top()), self.rowAt(rect.bottom())
        return range(max(first, 0), count if last < 0 else last + 1)

    def _paint(self, painter: QPainter, rect: QRect, column: Column, cell: Cell) -> None:
        left_px, width_px = rect.left(), rect.width()
        mark = _mark(cell.team_rgb, cell.jersey)
        if mark is not None:
            painter.drawPixmap(left_px, rect.center().y() - _MARK_PX // 2 + 1, mark)
            left_px, width_px = left_px + _MARK_PX + 4, width_px - _MARK_PX - 4
        if not cell.text:
            return
        laid_out = self._letters(cell.text, width_px)
        if column in _RIGHT:
            left_px += width_px - round(laid_out.width_px)
        painter.setPen(_OLD if cell.old else TEXT_SOFT if column in _SOFT else TEXT)
        top_px = rect.top() + round((rect.height() - laid_out.height_px) / 2.0)
        painter.drawStaticText(QPointF(left_px, top_px), laid_out.text)

    def _letters(self, text: str, width_px: int) -> _LaidOut:
        """Return a text laid out, as much of it as there is room for; few texts are new in a picture."""
        known = self._laid_out.get((text, width_px))
        if known is None:
            if len(self._laid_out) > _MOST_LAID_OUT:
                self._laid_out.clear()
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width_px)
            letters = QStaticText(shown)
            letters.setTextFormat(Qt.TextFormat.PlainText)
            letters.prepare(font=self.font())
            known = _LaidOut(letters, letters.size().width(), letters.size().height())
            self._laid_out[text, width_px] = known
        return known


def _mark(team_rgb: tuple[int, int, int] | None, jersey: str) -> QPixmap | None:
    if team_rgb is not None:
        return patch(*team_rgb)
    return dot(_JERSEYS[jersey]) if jersey in _JERSEYS else None


@functools.lru_cache(maxsize=256)
def patch(red: int, green: int, blue: int) -> QPixmap:
    """Return a small upright rectangle in a team's colour."""
    return _painted(QColor(red, green, blue), round_=False)


@functools.lru_cache(maxsize=16)
def dot(colour: str) -> QPixmap:
    """Return a dot in a jersey's colour."""
    return _painted(QColor(colour), round_=True)


def _painted(colour: QColor, *, round_: bool) -> QPixmap:
    pixmap = QPixmap(2 * _MARK_PX, 2 * _MARK_PX)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 120))
    painter.setBrush(colour)
    if round_:
        painter.drawEllipse(1, 1, 10, 10)
    else:
        painter.drawRoundedRect(3, 0, 6, 11, 1.5, 1.5)
    painter.end()
    return pixmap
