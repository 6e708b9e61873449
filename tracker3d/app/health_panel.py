"""How the feed, the trackers and the machine do; for the operator only, never on air."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from tracker3d.app.wording import NOTHING
from tracker3d.live import Connection
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from tracker3d.app.operating import Operator
    from tracker3d.live import SessionHealth
    from tracker3d.race.model import RaceState

_ROWS = (
    ("feed", "Feed", "What the connection says"),
    ("rate", "Rate", "Messages a second over the last half minute"),
    ("latency", "Latency", "How old positions are when they arrive"),
    ("skew", "Clock skew", "This machine's clock minus the feed's"),
    ("riders", "Riders", "Age of the riders' positions at the moment shown"),
    ("oldest", "Oldest", "Who has been silent longest"),
    ("lost", "Lost trackers", "Silent for over five minutes; no word of an abandonment"),
    ("refused", "Refused", "What the feed sent and could not be used, by cause"),
    ("recording", "Recording", "What stands on the disk"),
    ("journal", "Journal", "Whether every act is written down, so that a crash loses nothing"),
    ("picture", "Picture", "How long a picture takes, and how many came late"),
    ("window", "Window", "The longest time in which no key was answered, drawing apart"),
)
_MOST_LISTED = 6
_DAY_S = 86_400.0


class HealthPanel(QWidget):
    """Figures in a column."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operator = operator
        self._values: dict[str, QLabel] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(7)
        for name, title, tip in _ROWS:
            label, value = QLabel(title), QLabel(NOTHING)
            label.setObjectName("soft")
            value.setObjectName(f"health_{name}")
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for part in (label, value):
                part.setToolTip(tip)
            self._values[name] = value
            form.addRow(label, value)
        inner = QWidget()
        inner.setLayout(form)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(scroll)

    def show_riders(self, state: RaceState) -> None:
        """Say how well the riders are known."""
        riders = state.riders
        racing = riders.bibs > 0
        self._set("riders", presence_text(state))
        if not racing.any():
            return
        ages = np.where(racing & np.isfinite(riders.age_s), riders.age_s, -1.0)
        oldest = [int(at) for at in np.argsort(-ages)[:_MOST_LISTED] if ages[at] > 0.0]
        said = ", ".join(f"{self._operator.name_of(int(riders.bibs[at]))} {ages[at]:.0f} s" for at in oldest)
        self._set("oldest", said or NOTHING)
        lost = riders.bibs[racing & (riders.presence == Presence.LOST)]
        self._set("lost", ", ".join(str(bib) for bib in lost.tolist()) or "none")

    def show_session(self, health: SessionHealth | None) -> None:
        """Say how the live feed does; None: there is none."""
        if health is None:
            for name in ("feed", "rate", "latency", "skew", "refused", "recording"):
                self._set(name, "a recording" if name == "feed" else NOTHING)
            return
        self._set("feed", health.says, alert=health.connection not in _WELL)
        self._set("rate", f"{health.rate_per_s:.1f} messages/s, {health.messages:,} in all")
        self._set("latency", _seconds(health.latency_s))
        self._set("skew", _seconds(health.skew_s))
        refused = [f"{count:,} {cause}" for cause, count in health.refused.items() if count]
        refused += [f"{count:,} dropped: {cause}" for cause, count in health.dropped.items() if count]
        self._set("refused", ", ".join(refused) or "nothing")
        disk = f"{health.recorded_bytes / 1e6:.1f} MB, {health.recorded_messages:,} messages"
        self._set("recording", health.recording_trouble or disk, alert=bool(health.recording_trouble))

    def show_machine(self, *, journal_trouble: str, picture: str, window: str) -> None:
        """Say how the machine keeps up."""
        self._set("journal", journal_trouble or "every act is kept", alert=bool(journal_trouble))
        self._set("picture", picture)
        self._set("window", window)

    def _set(self, name: str, text: str, *, alert: bool = False) -> None:
        label = self._values[name]
        if label.text() != text:
            label.setText(text)
        if label.property("alert") != alert:
            label.setProperty("alert", alert)
            label.style().unpolish(label)
            label.style().polish(label)


_WELL = (Connection.RECEIVING, Connection.READING_BACK, Connection.CONNECTING)


def presence_text(state: RaceState) -> str:
    """Return how many riders are live, coasting, stale, lost and absent."""
    riders = state.riders.presence[state.riders.bibs > 0]
    counts = [(int((riders == presence).sum()), presence.name.lower()) for presence in Presence]
    return "   ".join(f"{count} {name}" for count, name in counts if count)


def _seconds(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return NOTHING
    return (
        f"{value:+.1f} s" if abs(value) < _DAY_S else f"{value / _DAY_S:+.0f} days: an old race is sent again"
    )
