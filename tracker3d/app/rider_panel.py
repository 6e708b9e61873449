"""The dock on the right: search field and table of riders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.rider_table import RiderTable
from tracker3d.app.riders import BIB_ROLE, Column, RidersModel

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from tracker3d.app.keys import KeyMap
    from tracker3d.race.model import RaceState
    from tracker3d.stage.model import Stage

_WIDTHS_PX = {
    Column.RANK: 46,
    Column.BIB: 60,
    Column.TEAM: 52,
    Column.GAP: 60,
    Column.TO_GO: 58,
    Column.SPEED: 50,
    Column.GROUP: 82,
}
_ROW_PX = 25
_LEAST_WIDTH_PX = 400
_WIDTH_FOR_GROUPS_PX = 545
_WIDTH_FOR_TEAMS_PX = 470
"""In narrower panels names matter more than these columns."""


class RiderPanel(QWidget):
    """Who rides where, and a search.

    Signals
    -------
    selected : object
        Bib (int) of the row that the keys went to, None for none.
    follow_asked : int
        Bib of the row that was clicked, or on which Enter was pressed.
    left
        The search is over: Esc was pressed in the empty field, or Enter.
    """

    selected = Signal(object)
    follow_asked = Signal(int)
    left = Signal()

    def __init__(self, keys: KeyMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = RidersModel()
        self._telling = True
        self._selected_bib: int | None = None
        self.search = QLineEdit()
        self.search.setObjectName("search")
        self.search.setPlaceholderText(keys.tip("Search bib, name, team or nation", "search"))
        self.search.setToolTip(
            "Bib, name, team or nation, with or without accents. Enter follows the first one found"
        )
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._follow_first)
        self.search.installEventFilter(self)
        self._count = QLabel()
        self._count.setObjectName("soft")
        self.table = self._make_table()
        self.setMinimumWidth(_LEAST_WIDTH_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 0)
        layout.setSpacing(6)
        layout.addWidget(self.search)
        layout.addWidget(self._count)
        layout.addWidget(self.table)
        self._tell_count()

    @property
    def model(self) -> RidersModel:
        """The riders, in the order of their bibs."""
        return self._model

    def set_roster(self, stage: Stage) -> None:
        """Show a stage's riders and vehicles; a selection stays."""
        self._telling = False
        self._model.set_roster(stage)
        self.select(self._selected_bib)
        self._telling = True
        self._tell_count()

    def set_state(self, state: RaceState, group_titles: list[str]) -> None:
        """Show the race at one moment; selection and scroll position stay."""
        self._model.set_state(state, group_titles)

    def set_pinned(self, bibs: tuple[int, ...]) -> None:
        """Let these riders stand first."""
        self._model.set_pinned(bibs)

    def select(self, bib: int | None) -> None:
        """Mark a rider's row and bring it into sight, without telling anybody."""
        self._selected_bib = bib
        self._telling = False
        row = None if bib is None else self._model.row_of_bib(bib)
        if row is None:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        else:
            index = self._model.index(row, Column.BIB)
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        self._telling = True

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Leave the column of groups out where names would not have room beside it."""
        super().resizeEvent(event)
        self.table.setColumnHidden(Column.GROUP, self.width() < _WIDTH_FOR_GROUPS_PX)
        self.table.setColumnHidden(Column.TEAM, self.width() < _WIDTH_FOR_TEAMS_PX)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """In the search field Esc clears, then leaves; arrows move in the table."""
        if watched is self.search and isinstance(event, QKeyEvent):
            ours = event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Down)
            typed = ours or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace)
            if event.type() == QEvent.Type.ShortcutOverride and typed:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and ours:
                self._leave_search(event.key())
                return True
        if watched is not self.search and isinstance(event, QKeyEvent):
            moves = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if event.type() == QEvent.Type.ShortcutOverride and moves:
                event.accept()
                return True
        return super().eventFilter(watched, event)

    def _make_table(self) -> RiderTable:
        table = RiderTable(self._model)
        table.setObjectName("riders")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setSortingEnabled(True)
        table.sortByColumn(Column.RANK, Qt.SortOrder.AscendingOrder)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setHighlightSections(False)
        for column, width in _WIDTHS_PX.items():
            table.setColumnWidth(column, width)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        table.installEventFilter(self)
        table.clicked.connect(self._clicked)
        table.activated.connect(self._clicked)
        table.selectionModel().currentRowChanged.connect(self._current_changed)
        return table

    def _search(self, text: str) -> None:
        self._telling = False
        if self._model.set_search(text):
            self.select(self._selected_bib)
        self._telling = True
        self._tell_count()

    def _tell_count(self) -> None:
        found, whole = self._model.rowCount(), self._model.whole_count
        if not whole:
            self._count.setText("No riders yet")
        elif self.search.text():
            self._count.setText(f"{found} of {whole} found" if found else "Nobody found")
        else:
            self._count.setText(f"{whole} riders and vehicles")

    def _follow_first(self) -> None:
        if self.search.text().strip() and self._model.rowCount():
            bib = self._model.index(0, 0).data(BIB_ROLE)
            self.search.clear()
            self.left.emit()
            self.follow_asked.emit(bib)

    def _leave_search(self, key: int) -> None:
        if key == Qt.Key.Key_Down:
            self.table.setFocus()
            if not self.table.currentIndex().isValid() and self._model.rowCount():
                self.table.selectRow(0)
        elif self.search.text():
            self.search.clear()
        else:
            self.left.emit()

    def _clicked(self, index: QModelIndex) -> None:
        self.follow_asked.emit(index.data(BIB_ROLE))

    def _current_changed(self, current: QModelIndex) -> None:
        if self._telling:
            self._selected_bib = current.data(BIB_ROLE) if current.isValid() else None
            self.selected.emit(self._selected_bib)
