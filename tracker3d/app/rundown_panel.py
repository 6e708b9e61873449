"""The rundown: what comes next, what is on air, and the order of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.buttons import tool_button
from tracker3d.app.rider_table import patch

if TYPE_CHECKING:
    from tracker3d.app.operating import Operator
    from tracker3d.show import BusState, Shot, ShowDocument, ShowState

_ON_AIR, _CUED, _WAITING = (255, 92, 92), (84, 214, 120), (48, 59, 74)


class RundownPanel(QWidget):
    """A list of entries; a click cues one, dragging gives it another place."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operator = operator
        self._shown: object = None
        self.entries = QListWidget()
        self.entries.setObjectName("rundown")
        self.entries.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.entries.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.entries.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.entries.setToolTip("Click an entry to cue it in preview; drag it to another place")
        self.entries.itemClicked.connect(lambda item: operator.cue_entry(self.entries.row(item)))
        self.entries.model().rowsMoved.connect(self._dragged)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        add = tool_button("addEntry", "Add", "Add a shot to the rundown")
        add.setMenu(self._menu)
        add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        remove = tool_button("removeEntry", "Remove", "Take the cued entry out of the rundown")
        remove.clicked.connect(self._remove)
        store = tool_button("storeShot", "Keep what is seen", "Keep the picture in preview as a new shot")
        store.clicked.connect(operator.store)
        bar = QHBoxLayout()
        heading = QLabel("Rundown")
        heading.setObjectName("panelTitle")
        bar.addWidget(heading)
        bar.addStretch(1)
        for button in (store, add, remove):
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self.entries, 1)

    def show_state(self, state: ShowState) -> None:
        """Show the rundown of a state, and which entries are on air and cued."""
        document = state.document
        all_on_air, all_cued = (_entries_of(bus, document) for bus in (state.program, state.preview))
        if (document, all_cued, all_on_air) == self._shown:
            return
        self._shown = document, all_cued, all_on_air
        scrolled = self.entries.verticalScrollBar().value()
        self.entries.clear()
        for number, key in enumerate(document.rundown):
            shot = document.shot(key)
            assert shot is not None
            item = QListWidgetItem(_line(number, shot))
            item.setData(Qt.ItemDataRole.UserRole, number)
            item.setToolTip(shot.note or shot.name)
            on_air, cued = number in all_on_air, number in all_cued
            item.setIcon(patch(*(_ON_AIR if on_air else _CUED if cued else _WAITING)))
            item.setText(f"{item.text()}    {'ON AIR' if on_air else 'cued' if cued else ''}".rstrip())
            if on_air or cued:
                item.setForeground(QBrush(QColor(*(_ON_AIR if on_air else _CUED))))
            self.entries.addItem(item)
        self.entries.verticalScrollBar().setValue(scrolled)
        entry = state.preview.entry
        if entry is not None and entry < self.entries.count():
            self.entries.scrollToItem(self.entries.item(entry))

    def _fill_menu(self) -> None:
        self._menu.clear()
        show = self._operator.show
        for shot in () if show is None else show.document.shots:
            action = self._menu.addAction(shot.name or shot.key)
            action.triggered.connect(lambda _checked=False, key=shot.key: self._add(key))

    def _add(self, key: str) -> None:
        self._operator.try_edit("add entry", lambda document: document.with_entry(key))

    def _remove(self) -> None:
        show = self._operator.show
        entry = None if show is None else show.state.preview.entry
        if entry is None:
            self._operator.said.emit("Click the entry that shall go, then Remove.")
            return
        self._operator.try_edit("remove entry", lambda document: document.without_entry(entry))

    def _dragged(self) -> None:
        """Take over the order in which the entries stand now."""
        rows = range(self.entries.count())
        order = [self.entries.item(row).data(Qt.ItemDataRole.UserRole) for row in rows]
        show = self._operator.show
        if show is not None and sorted(order) == list(range(len(show.document.rundown))):
            rundown = show.document.rundown
            self._operator.edit(
                "reorder rundown", show.document.with_rundown(rundown[number] for number in order)
            )


def _line(number: int, shot: Shot) -> str:
    lasts = f"   {shot.duration_s:g} s, then {shot.end}" if shot.duration_s else ""
    mixed = f"   mix {shot.mix_s:g} s" if shot.mix_s else ""
    return f"{number + 1:>2}   {shot.name or shot.key}{lasts}{mixed}"


def _entries_of(bus: BusState, document: ShowDocument) -> set[int]:
    """Return which entries stand on a bus: one that was cued, else all of the shot that was chosen."""
    if bus.entry is not None:
        return {bus.entry}
    return {
        number for number, key in enumerate(document.rundown) if bus.shot is not None and key == bus.shot.key
    }
