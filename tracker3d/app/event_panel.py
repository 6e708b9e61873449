"""The event log: what happened, to be confirmed, dismissed, replayed, and synced on."""

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
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.buttons import tool_button
from tracker3d.race.events import Review
from tracker3d.scene.figures import local_clock_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.app.operating import Operator
    from tracker3d.race.events import Event
    from tracker3d.show import Show

_MOST_SHOWN = 500
_MOST_NAMED = 3
_COLOURS = {Review.CONFIRMED: QColor("#5fd47f"), Review.DISMISSED: QColor("#66707d")}


class EventPanel(QWidget):
    """Events up to the moment shown, newest first."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operator = operator
        self._shown: object = None
        self._events: list[Event] = []
        self._count = QLabel("Nothing has happened yet")
        self._count.setObjectName("soft")
        self.log = QListWidget()
        self.log.setObjectName("events")
        self.log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.log.setToolTip("Double-click an event to see it again from 10 seconds before")
        self.log.currentRowChanged.connect(self._choose)
        self.log.itemDoubleClicked.connect(lambda _item: self._with_event(operator.replay_event))
        bar = QHBoxLayout()
        bar.addWidget(self._count, 1)
        acts: tuple[tuple[str, str, str, Callable[[Event], None]], ...] = (
            ("replayEvent", "Replay", "See it again from 10 seconds before", operator.replay_event),
            ("confirmEvent", "Confirm", "It happened", lambda e: operator.review(e, Review.CONFIRMED)),
            ("dismissEvent", "Dismiss", "It did not happen", lambda e: operator.review(e, Review.DISMISSED)),
        )
        for name, text, tooltip, act in acts:
            button = tool_button(name, text, tooltip)
            button.clicked.connect(lambda _checked=False, act=act: self._with_event(act))
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 0)
        layout.addLayout(bar)
        layout.addWidget(self.log)

    def show_events(self, show: Show, events: tuple[Event, ...], time_ms: int) -> None:
        """Show what was known at a moment."""
        known = [event for event in events if event.found_ms <= time_ms][-_MOST_SHOWN:]
        review = show.document.review
        mark = (len(known), known[-1].key if known else "", review, show.scene.stage)
        if mark == self._shown:
            return
        self._shown = mark
        chosen = self._operator.chosen_event
        self._events = known[::-1]
        self.log.blockSignals(True)
        self.log.clear()
        for event in self._events:
            item = QListWidgetItem(self._line(show, event))
            said = review.of(event)
            if said in _COLOURS:
                item.setForeground(QBrush(_COLOURS[said]))
            item.setToolTip(f"{event.confidence:.0%} sure; {said}")
            self.log.addItem(item)
            if chosen is not None and event.key == chosen.key:
                self.log.setCurrentItem(item)
        self.log.blockSignals(False)
        count = len(known)
        said_count = "Nothing has happened yet" if not count else f"{count} events so far"
        self._count.setText("1 event so far" if count == 1 else said_count)

    def _line(self, show: Show, event: Event) -> str:
        stage = show.scene.stage
        names = [self._operator.name_of(bib) for bib in event.bibs[:_MOST_NAMED]]
        more = len(event.bibs) - len(names)
        who = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        where = event.place or f"{max(stage.route.finish_m - event.distance_m, 0.0) / 1000.0:.1f} km to go"
        kind = event.kind.value.replace("_", " ").upper()
        return f"{local_clock_text(event.time_ms, stage.timezone)}  {kind}   {where}\n      {who}"

    def _choose(self, row: int) -> None:
        self._operator.chosen_event = self._events[row] if 0 <= row < len(self._events) else None

    def _with_event(self, act: Callable[[Event], None]) -> None:
        if self._operator.chosen_event is None:
            self._operator.said.emit("Choose an event in the log first.")
        else:
            act(self._operator.chosen_event)
