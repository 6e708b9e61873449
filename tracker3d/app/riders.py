"""The table of riders: its model, and the filter behind the search field."""

from __future__ import annotations

import enum
import functools
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from tracker3d.app.theme import TEXT_SOFT
from tracker3d.app.wording import NOTHING, gap_text, speed_text, to_go_text
from tracker3d.stage.model import Rider
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray
    from PySide6.QtCore import QPersistentModelIndex

    from tracker3d.race.model import Group, RaceState
    from tracker3d.stage.model import Stage

    Index = QModelIndex | QPersistentModelIndex

SORT_ROLE = Qt.ItemDataRole.UserRole
BIB_ROLE = Qt.ItemDataRole.UserRole + 1
SEARCH_ROLE = Qt.ItemDataRole.UserRole + 2

_JERSEYS = {"yellow": "#ffd400", "green": "#16a34a", "polka": "#e0242f", "white": "#f7f7f7"}
_UNFOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_PRESENCE = {
    Presence.COASTING: "No word for more than 12 s",
    Presence.STALE: "No word for more than 40 s",
    Presence.LOST: "Tracker lost for more than 5 min (no word of an abandonment)",
    Presence.ABSENT: "Not seen yet",
}


class Column(enum.IntEnum):
    """Columns of the table, left to right."""

    RANK = 0
    BIB = 1
    NAME = 2
    TEAM = 3
    GAP = 4
    TO_GO = 5
    SPEED = 6
    GROUP = 7


_HEADINGS = {
    Column.RANK: ("", "Place on the road"),
    Column.BIB: ("Bib", "Number on the back; its patch has the colour of the team"),
    Column.NAME: ("Name", "A dot before it is a leader's jersey"),
    Column.TEAM: ("Team", "Code of the team"),
    Column.GAP: ("Gap", "Time since the first rider passed the same place; – where that is not known"),
    Column.TO_GO: ("To go", "Kilometres to the finish"),
    Column.SPEED: ("km/h", "Speed along the road"),
    Column.GROUP: ("Group", "The group that the rider is in"),
}
_RIGHT = {Column.RANK, Column.BIB, Column.GAP, Column.TO_GO, Column.SPEED}


@dataclass(frozen=True)
class _Row:
    """What stays the same of one rider or vehicle."""

    rider: Rider
    team_name: str
    colour_rgb: tuple[int, int, int] | None
    search: str


def folded(text: str) -> str:
    """Return text without case and accents, so that "pogacar" finds Pogačar."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_UNFOLDED))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


class RidersModel(QAbstractTableModel):
    """All riders and vehicles, one row each, in the order of their bibs with vehicles last.

    The rows stay the same while the race runs; only what stands in them changes, so a selection and a
    scroll position outlast every refresh. The order on the road is the sort order of the table's filter.
    """

    def __init__(self, group_title: Callable[[Group], str]) -> None:
        super().__init__()
        self._group_title = group_title
        self._rows: list[_Row] = []
        self._row_of_bib: dict[int, int] = {}
        self._finish_m = float("nan")
        self._texts: list[dict[Column, str]] = []
        self._orders: NDArray[np.float64] = np.zeros((0, len(Column)))
        self._presence: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def set_roster(self, stage: Stage, bibs: Iterable[int] = ()) -> None:
        """Show a stage's riders, and ``bibs`` of a feed that the stage does not name."""
        riders = {rider.bib: rider for rider in stage.riders}
        for bib in bibs:
            riders.setdefault(int(bib), Rider(bib=int(bib), vehicle=int(bib) < 0))
        teams = {team.code: team for team in stage.teams}
        self.beginResetModel()
        self._rows = []
        for rider in sorted(riders.values(), key=lambda rider: (rider.vehicle, abs(rider.bib))):
            team = teams.get(rider.team_code)
            name = team.name if team else ""
            words = (rider.first_name, rider.last_name, rider.team_code, name, rider.nation)
            colour = team.colour_rgb if team else None
            self._rows.append(_Row(rider, name, colour, folded(" ".join(words))))
        self._row_of_bib = {row.rider.bib: number for number, row in enumerate(self._rows)}
        self._finish_m = stage.route.finish_m
        self._clear_state()
        self.endResetModel()

    def set_state(self, state: RaceState) -> None:
        """Show the race at one moment."""
        self._clear_state()
        group_titles = [self._group_title(group) for group in state.groups]
        rank_of = np.full(len(state.riders.bibs), np.inf)
        rank_of[state.order] = np.arange(1, len(state.order) + 1)
        for index, bib in enumerate(state.riders.bibs.tolist()):
            number = self._row_of_bib.get(bib)
            if number is not None:
                self._fill(number, index, state, rank=float(rank_of[index]), group_titles=group_titles)
        if self._rows:
            last = self.index(len(self._rows) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row_of_bib(self, bib: int) -> int | None:
        """Return the row of a bib, or None."""
        return self._row_of_bib.get(bib)

    def rider_of_bib(self, bib: int) -> Rider | None:
        """Return who wears a bib, or None."""
        row = self._row_of_bib.get(bib)
        return None if row is None else self._rows[row].rider

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Return how many riders and vehicles there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what stands in a cell, for Qt."""
        if not index.isValid():
            return None
        number, column = index.row(), Column(index.column())
        if role == SORT_ROLE:
            return self._sort_key(number, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(number, column)
        row = self._rows[number]
        if role == BIB_ROLE:
            return row.rider.bib
        if role == SEARCH_ROLE:
            return row.search
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and self._presence[number] >= Presence.STALE:
            return QColor("#7f8b9a")
        if role == Qt.ItemDataRole.ForegroundRole and column in (Column.RANK, Column.TEAM):
            return TEXT_SOFT
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(number)
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the headings and their tooltips, for Qt."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        heading, tooltip = _HEADINGS[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _clear_state(self) -> None:
        count = len(self._rows)
        self._texts = [{} for _ in range(count)]
        self._orders = np.full((count, len(Column)), np.inf)
        self._presence = np.full(count, Presence.ABSENT, np.uint8)

    def _fill(
        self, number: int, index: int, state: RaceState, *, rank: float, group_titles: list[str]
    ) -> None:
        riders, vehicle = state.riders, self._rows[number].rider.vehicle
        presence = int(riders.presence[index])
        self._presence[number] = presence
        if presence == Presence.ABSENT:
            return
        to_go_m = self._finish_m - float(riders.distance_m[index])
        gap_s, speed_mps = float(state.gap_s[index]), float(riders.speed_mps[index])
        group = int(state.group[index])
        finished = bool(riders.finished[index])
        texts, orders = self._texts[number], self._orders[number]
        texts[Column.TO_GO] = "finished" if finished else to_go_text(to_go_m)
        texts[Column.SPEED] = NOTHING if finished else speed_text(speed_mps)
        orders[Column.TO_GO], orders[Column.SPEED] = to_go_m, -speed_mps
        if vehicle:
            return
        if np.isfinite(rank):
            texts[Column.RANK] = str(int(rank))
            orders[Column.RANK] = rank
        texts[Column.GAP] = "" if rank == 1 else gap_text(gap_s)
        orders[Column.GAP] = gap_s if np.isfinite(gap_s) else np.inf
        if group >= 0:
            texts[Column.GROUP] = group_titles[group]
            orders[Column.GROUP] = group

    def _text(self, number: int, column: Column) -> str:
        rider = self._rows[number].rider
        if column == Column.BIB:
            return "" if rider.vehicle else str(rider.bib)
        if column == Column.NAME:
            return f"{rider.first_name} {rider.display_name}".strip() if rider.vehicle else rider.display_name
        if column == Column.TEAM:
            return rider.team_code
        absent = "" if rider.vehicle or column in (Column.RANK, Column.GROUP) else NOTHING
        return self._texts[number].get(column, absent)

    def _sort_key(self, number: int, column: Column) -> float | str:
        rider = self._rows[number].rider
        if column == Column.BIB:
            return float(abs(rider.bib) + (1e9 if rider.vehicle else 0))
        if column == Column.NAME:
            return folded(rider.display_name)
        if column == Column.TEAM:
            return folded(rider.team_code)
        value = float(self._orders[number, column])
        if column == Column.RANK and not np.isfinite(value):
            return 1e6 + (1e6 if rider.vehicle else 0) + number
        return value if np.isfinite(value) else 1e12

    @staticmethod
    def _decoration(row: _Row, column: Column) -> QIcon | None:
        if column == Column.BIB and row.colour_rgb is not None:
            return patch(*row.colour_rgb)
        if column == Column.NAME and row.rider.jersey in _JERSEYS:
            return dot(_JERSEYS[row.rider.jersey])
        return None

    def _tooltip(self, number: int) -> str:
        row = self._rows[number]
        parts = [f"{row.rider.first_name} {row.rider.display_name}".strip(), row.team_name, row.rider.nation]
        lines = [
            ", ".join(part for part in parts if part),
            _PRESENCE.get(Presence(self._presence[number]), ""),
        ]
        return "\n".join(line for line in lines if line)


class RidersFilter(QSortFilterProxyModel):
    """Sorts by what is meant rather than what is written, and keeps the rows that match the search.

    Every word of the search must be found: a number at the beginning of the bib, any other word anywhere
    in name, team or nation, whatever its case and accents.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)
        self._words: list[str] = []

    def set_search(self, text: str) -> None:
        """Keep the rows that match."""
        words = folded(text).split()
        if words != self._words:
            self._words = words
            self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802
        """Tell whether a row matches, for Qt."""
        if not self._words:
            return True
        index = self.sourceModel().index(source_row, 0, source_parent)
        bib = str(index.data(BIB_ROLE))
        text = index.data(SEARCH_ROLE)
        return all(bib.startswith(word) if word.isdigit() else word in text for word in self._words)


@functools.lru_cache(maxsize=256)
def patch(red: int, green: int, blue: int) -> QIcon:
    """Return a small upright rectangle in a team's colour."""
    return _painted(QColor(red, green, blue), round_=False)


@functools.lru_cache(maxsize=16)
def dot(colour: str) -> QIcon:
    """Return a dot in a jersey's colour."""
    return _painted(QColor(colour), round_=True)


def _painted(colour: QColor, *, round_: bool) -> QIcon:
    pixmap = QPixmap(24, 24)
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
    return QIcon(pixmap)
