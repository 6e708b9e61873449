"""The table of groups: who rides where together, and what an operator says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.buttons import tool_button
from tracker3d.app.wording import gap_text, km_text_or_dash, speed_text

if TYPE_CHECKING:
    from tracker3d.app.operating import Operator
    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene import Theme

_HEADINGS = ("Group", "Riders", "Gap", "To next", "To go", "km/h", "Who")
_MOST_NAMED = 8


class GroupsPanel(QWidget):
    """Groups, front first. A click follows a group's first rider.

    Signals
    -------
    follow_asked : int
        Bib of the first rider of the group that was clicked.
    """

    follow_asked = Signal(int)

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operator = operator
        self._state: RaceState | None = None
        self._titles: list[str] = []
        self.table = QTableWidget(0, len(_HEADINGS))
        self.table.setObjectName("groups")
        self.table.setHorizontalHeaderLabels(list(_HEADINGS))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setAlternatingRowColors(True)
        self.table.setToolTip("Double-click a group to follow it; choose one or two for the buttons above")
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        header = self.table.horizontalHeader()
        for column, width in enumerate((112, 52, 62, 62, 58, 50)):
            self.table.setColumnWidth(column, width)
        header.setSectionResizeMode(len(_HEADINGS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.cellDoubleClicked.connect(self._follow)
        bar = QHBoxLayout()
        self._count = QLabel("No groups yet")
        self._count.setObjectName("soft")
        bar.addWidget(self._count, 1)
        for name, text, tooltip, act in (
            ("renameGroup", "Rename", "Give the chosen group a name of your own", self._rename),
            ("lockGroup", "Lock", "Hold the riders of the chosen group together", self._lock),
            ("mergeGroups", "Merge", "Count two chosen groups as one", self._merge),
            (
                "airCorrections",
                "On air now",
                "Show corrected groups on air without a take",
                operator.corrections,
            ),
        ):
            button = tool_button(name, text, tooltip)
            button.clicked.connect(act)
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 0)
        layout.addLayout(bar)
        layout.addWidget(self.table)

    def set_state(self, state: RaceState, titles: list[str], look: Theme) -> None:
        """Show the groups of a moment; what is chosen stays chosen."""
        self._state, self._titles = state, titles
        if self.table.rowCount() != len(state.groups):
            self.table.setRowCount(len(state.groups))
        count = len(state.groups)
        self._count.setText("No groups yet" if not count else "1 group" if count == 1 else f"{count} groups")
        for row, (group, title) in enumerate(zip(state.groups, titles, strict=False)):
            red, green, blue = look.colour(group.role.value)
            texts = (
                f"{title} 🔒" if group.locked else title,
                str(len(group.riders)),
                "" if row == 0 else gap_text(group.gap_to_head_s),
                "" if row == 0 else gap_text(group.gap_to_ahead_s),
                km_text_or_dash(group.to_go_m),
                speed_text(group.speed_mps),
                _who(state, group),
            )
            for column, text in enumerate(texts):
                self._write(row, column, text)
            name = self.table.item(row, 0)
            if name is not None:
                name.setForeground(QBrush(QColor(red, green, blue)))

    def _write(self, row: int, column: int, text: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            if 0 < column < len(_HEADINGS) - 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)

    def _chosen(self) -> list[Group]:
        groups = () if self._state is None else self._state.groups
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        return [groups[row] for row in rows if row < len(groups)]

    def _follow(self, row: int, _column: int) -> None:
        if self._state is not None and row < len(self._state.groups):
            first = int(self._state.groups[row].riders[0])
            self.follow_asked.emit(int(self._state.riders.bibs[first]))

    def _rename(self) -> None:
        chosen, state = self._chosen(), self._state
        if state is None or len(chosen) != 1:
            self._operator.said.emit("Choose the group that shall have another name.")
            return
        group, time_ms = chosen[0], state.time_ms
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Rename group")
        dialog.setLabelText("Name on air; empty for the usual one:")
        dialog.setTextValue(group.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(
            lambda name: self._operator.try_edit(
                "rename group",
                lambda document: document.with_overrides(
                    document.overrides.rename(group.id, name.strip()[:60], from_ms=time_ms)
                ),
            )
        )
        dialog.open()

    def _lock(self) -> None:
        chosen, state = self._chosen(), self._state
        if state is None or len(chosen) != 1:
            self._operator.said.emit("Choose the group that shall be held together.")
            return
        group = chosen[0]
        bibs = [int(state.riders.bibs[rider]) for rider in group.riders]
        self._operator.try_edit(
            "lock group",
            lambda document: document.with_overrides(
                document.overrides.lock(group.id, bibs, from_ms=state.time_ms)
            ),
        )

    def _merge(self) -> None:
        chosen, state = self._chosen(), self._state
        if state is None or len(chosen) != 2:
            self._operator.said.emit("Choose two groups (Ctrl and click) that shall count as one.")
            return
        first, second = chosen
        self._operator.try_edit(
            "merge groups",
            lambda document: document.with_overrides(
                document.overrides.merge(first.id, second.id, from_ms=state.time_ms)
            ),
        )


def _who(state: RaceState, group: Group) -> str:
    bibs = [str(int(state.riders.bibs[rider])) for rider in group.riders[:_MOST_NAMED]]
    more = len(group.riders) - len(bibs)
    return ", ".join(bibs) + (f" +{more}" if more > 0 else "")
