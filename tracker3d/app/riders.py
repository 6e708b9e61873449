"""The model of the table of riders: what stands in it, its order, its search."""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from tracker3d.app.wording import NOTHING, gap_text, km_text_or_dash, speed_text
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QPersistentModelIndex

    from tracker3d.race.model import RaceState
    from tracker3d.stage.model import Rider, Stage, Team

    Index = QModelIndex | QPersistentModelIndex

BIB_ROLE = Qt.ItemDataRole.UserRole
_STALE = int(Presence.STALE)

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
    Column.RANK: ("Pos", "Place on the road"),
    Column.BIB: ("Bib", "Number on the back; its patch has the colour of the team"),
    Column.NAME: ("Name", "A dot before it is a leader's jersey"),
    Column.TEAM: ("Team", "Code of the team"),
    Column.GAP: ("Gap", "Time since the first rider passed the same place; – where that is not known"),
    Column.TO_GO: ("To go", "Kilometres from the rider to the finish"),
    Column.SPEED: ("km/h", "Speed along the road"),
    Column.GROUP: ("Group", "The group that the rider is in"),
}
_RANK, _BIB, _NAME, _TEAM, _GAP, _TO_GO, _SPEED = (int(column) for column in Column if column != Column.GROUP)
_RIGHT = {Column.RANK, Column.GAP, Column.TO_GO, Column.SPEED}


class Cell(NamedTuple):
    """What a cell shows.

    Attributes
    ----------
    text : str
    old : bool
        Nothing has been heard of the rider for so long that the figures are pale.
    team_rgb : tuple of int or None
        Colour of the patch before the text.
    jersey : str
        Jersey of the dot before the text; empty for none.
    """

    text: str
    old: bool
    team_rgb: tuple[int, int, int] | None = None
    jersey: str = ""


def alignment(column: int) -> Qt.AlignmentFlag:
    """Return where in its cell a column's text stands."""
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def folded(text: str) -> str:
    """Return text without case and accents, so that "pogacar" finds Pogačar."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_UNFOLDED))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


class RidersModel(QAbstractTableModel):
    """All riders and vehicles, one row each, sorted and searched here rather than in a filter model.

    A filter model asks for every sort key cell by cell, ten times slower. Rows are sorted anew with every
    state; a selection moves with its rider.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[_Entry] = []
        self._entry_of_bib: dict[int, int] = {}
        self._finish_m = float("nan")
        self._words: list[str] = []
        self._pinned: tuple[int, ...] = ()
        self._sort_column, self._descending = Column.RANK, False
        self._shown: list[int] = []
        self._figures = _Figures.unknown(0)

    @property
    def whole_count(self) -> int:
        """How many riders and vehicles there are, found by the search or not."""
        return len(self._entries)

    def set_roster(self, stage: Stage) -> None:
        """Show a stage's riders and vehicles."""
        teams = {team.code: team for team in stage.teams}
        self.beginResetModel()
        by_bib = sorted(stage.riders, key=lambda rider: (rider.vehicle, abs(rider.bib)))
        self._entries = [_Entry.of(rider, teams.get(rider.team_code)) for rider in by_bib]
        self._entry_of_bib = {entry.rider.bib: number for number, entry in enumerate(self._entries)}
        self._finish_m = stage.route.finish_m
        self._figures = _Figures.unknown(len(self._entries))
        self._shown = self._arranged()
        self.endResetModel()

    def set_state(self, state: RaceState, group_titles: list[str]) -> None:
        """Show the race at one moment; each of its groups has a title."""
        numbers = [self._entry_of_bib.get(bib, -1) for bib in state.riders.bibs.tolist()]
        places = np.array(numbers, np.int64)
        self._figures = _Figures.of(state, places, len(self._entries), group_titles, finish_m=self._finish_m)
        arranged = self._arranged()
        if arranged != self._shown:
            self._rearrange(arranged)
        elif self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(Column) - 1))

    def set_search(self, text: str) -> bool:
        """Keep the rows that match, and return whether that changed anything.

        Every word must be found: a number at the beginning of the bib, any other word anywhere in name,
        team or nation, whatever its case and accents. A selection is lost.
        """
        words = folded(text).split()
        if words == self._words:
            return False
        self.beginResetModel()
        self._words = words
        self._shown = self._arranged()
        self.endResetModel()
        return True

    def set_pinned(self, bibs: tuple[int, ...]) -> None:
        """Let riders stand first, in this order, however the others are sorted."""
        if bibs != self._pinned:
            self._pinned = bibs
            self._rearrange(self._arranged())
            if self._shown:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(Column) - 1))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by what a column means rather than by what is written in it; unknown figures come last."""
        self._sort_column = Column(column)
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._rearrange(self._arranged())
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)

    def row_of_bib(self, bib: int) -> int | None:
        """Return the row where a bib stands now, None where the search leaves it out."""
        number = self._entry_of_bib.get(bib)
        return self._shown.index(number) if number in self._shown else None

    def rider_of_bib(self, bib: int) -> Rider | None:
        """Return who wears a bib, or None."""
        number = self._entry_of_bib.get(bib)
        return None if number is None else self._entries[number].rider

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Return how many rows the search leaves."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what stands in a cell, for Qt."""
        if not index.isValid():
            return None
        number = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(number, Column(index.column()))
        if role == BIB_ROLE:
            return self._entries[number].rider.bib
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(number)
        return None

    def cell(self, row: int, column: int) -> Cell:
        """Return all that a cell shows at once: role by role, as Qt asks, takes longer than a frame."""
        number = self._shown[row]
        rider, colour_rgb = self._entries[number].rider, self._entries[number].colour_rgb
        old = self._figures.presence[number] >= _STALE
        if column == _NAME:
            return Cell(self._text(number, column), old, jersey=rider.jersey)
        return Cell(self._text(number, column), old, team_rgb=colour_rgb if column == _BIB else None)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the headings and their tooltips, for Qt."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        heading, tooltip = _HEADINGS[column]
        if role == Qt.ItemDataRole.DisplayRole:
            arrow = " ▾" if self._descending else " ▴"
            return heading + arrow if column == self._sort_column else heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip
        return alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _arranged(self) -> list[int]:
        """Return the entries that match the search, in the order of the sort column."""
        found = [number for number, entry in enumerate(self._entries) if entry.matches(self._words)]
        keys = self._keys()
        known = [number for number in found if keys[number] is not None]
        known.sort(key=lambda number: keys[number], reverse=self._descending)
        ordered = known + [number for number in found if keys[number] is None]
        pinned = [self._entry_of_bib[bib] for bib in self._pinned if bib in self._entry_of_bib]
        first = [number for number in pinned if number in found]
        return first + [number for number in ordered if number not in first]

    def _keys(self) -> list[Any]:
        """Return a sort key for each entry, None where there is nothing to sort by."""
        column = self._sort_column
        if column == Column.BIB:
            return [None if entry.rider.vehicle else entry.rider.bib for entry in self._entries]
        if column == Column.NAME:
            return [folded(entry.rider.display_name) for entry in self._entries]
        if column == Column.TEAM:
            return [folded(entry.rider.team_code) or None for entry in self._entries]
        figures = self._figures
        values = {
            Column.RANK: figures.rank,
            Column.GAP: figures.gap_s,
            Column.TO_GO: figures.to_go_m,
            Column.SPEED: figures.speed_mps,
            Column.GROUP: figures.group,
        }[column]
        return [None if value != value else value for value in values]

    def _rearrange(self, arranged: list[int]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        row_of = {number: row for row, number in enumerate(arranged)}
        after = [self.index(row_of[self._shown[index.row()]], index.column()) for index in before]
        self._shown = arranged
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _text(self, number: int, column: int) -> str:
        rider, figures = self._entries[number].rider, self._figures
        if column == _BIB:
            return "" if rider.vehicle else str(rider.bib)
        if column == _NAME:
            pin = "📌 " if rider.bib in self._pinned else ""
            return (
                f"{rider.first_name} {rider.display_name}".strip()
                if rider.vehicle
                else pin + rider.display_name
            )
        if column == _TEAM:
            return rider.team_code
        if column == _TO_GO:
            return "finished" if figures.finished[number] else km_text_or_dash(figures.to_go_m[number])
        if column == _SPEED:
            return NOTHING if figures.finished[number] else speed_text(figures.speed_mps[number])
        if rider.vehicle:
            return ""
        rank, group = figures.rank[number], figures.group[number]
        if column == _RANK:
            return "" if rank != rank else str(int(rank))
        if column == _GAP:
            return "" if rank == 1 else gap_text(figures.gap_s[number])
        return "" if group != group else figures.group_titles[int(group)]

    def _tooltip(self, number: int) -> str:
        entry = self._entries[number]
        name = f"{entry.rider.first_name} {entry.rider.display_name}".strip()
        presence = _PRESENCE.get(Presence(self._figures.presence[number]), "")
        first = ", ".join(part for part in (name, entry.team_name, entry.rider.nation) if part)
        return f"{first}\n{presence}".strip()


@dataclass(frozen=True)
class _Entry:
    """What stays the same of one rider or vehicle."""

    rider: Rider
    team_name: str
    colour_rgb: tuple[int, int, int] | None
    search: str

    @classmethod
    def of(cls, rider: Rider, team: Team | None) -> _Entry:
        name = team.name if team else ""
        words = (rider.first_name, rider.last_name, rider.team_code, name, rider.nation)
        return cls(rider, name, team.colour_rgb if team else None, folded(" ".join(words)))

    def matches(self, words: list[str]) -> bool:
        bib = str(self.rider.bib)
        return all(bib.startswith(word) if word.isdigit() else word in self.search for word in words)


@dataclass
class _Figures:
    """What changes, as lists over entries; NaN where not known."""

    rank: list[float]
    gap_s: list[float]
    to_go_m: list[float]
    speed_mps: list[float]
    group: list[float]
    presence: list[int]
    finished: list[bool]
    group_titles: list[str]

    @classmethod
    def unknown(cls, count: int) -> _Figures:
        """Nothing is known of anybody."""
        unknown = [float("nan")] * count
        return cls(
            unknown, unknown, unknown, unknown, unknown, [int(Presence.ABSENT)] * count, [False] * count, []
        )

    @classmethod
    def of(
        cls, state: RaceState, numbers: NDArray[np.int64], count: int, titles: list[str], *, finish_m: float
    ) -> _Figures:
        """Take over a state; ``numbers`` is the entry of each of its riders, -1 for none."""
        riders, known = state.riders, numbers >= 0
        at = numbers[known]
        rank = np.full(len(numbers), np.nan)
        rank[state.order] = np.arange(1.0, len(state.order) + 1.0)

        def spread(values: NDArray[Any], nothing: float) -> list[Any]:
            whole = np.full(count, nothing, values.dtype)
            whole[at] = values[known]
            spread_values: list[Any] = whole.tolist()
            return spread_values

        return cls(
            rank=spread(rank, np.nan),
            gap_s=spread(state.gap_s, np.nan),
            to_go_m=spread(finish_m - riders.distance_m, np.nan),
            speed_mps=spread(riders.speed_mps, np.nan),
            group=spread(np.where(state.group >= 0, state.group, np.nan), np.nan),
            presence=spread(riders.presence, Presence.ABSENT),
            finished=spread(riders.finished, False),
            group_titles=titles,
        )
