"""The first thing a person sees: what can be opened, with one click each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH_PX = 900
_MOST_RECENT = 8


class Recent(NamedTuple):
    """A stage that was open before.

    Attributes
    ----------
    package : Path
    feed : str
        Path of its recording, or address of its feed; empty for none.
    title : str
    """

    package: Path
    feed: str
    title: str

    @property
    def says(self) -> str:
        """Return where its riders come from, in words."""
        if not self.feed:
            return "stage only"
        return f"live from {self.feed}" if "://" in self.feed else Path(self.feed).name


class StartPage(QWidget):
    """Large buttons: rehearsal, open, connect, and the stages of before.

    Signals
    -------
    rehearsal_asked, open_asked, connect_asked, prepare_asked
        A button was pressed.
    recent_asked : object
        The :class:`Recent` that was chosen.
    recover_asked
        Go on with the show that was interrupted.
    """

    rehearsal_asked = Signal()
    open_asked = Signal()
    connect_asked = Signal()
    prepare_asked = Signal()
    recent_asked = Signal(object)
    recover_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = QLabel("tracker3d")
        title.setObjectName("startTitle")
        text = QLabel("The stage in 3D, and everybody on it")
        text.setObjectName("startText")
        self._recover = _card(
            "recover", "Go on with the interrupted show", "", "Same stage, shot, time and delay as before"
        )
        self._recover.clicked.connect(self.recover_asked)
        self._recover.hide()
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(text)
        column.addSpacing(14)
        column.addWidget(self._recover)
        column.addLayout(self._cards())
        column.addSpacing(16)
        self._recent_heading = QLabel("Recent stages")
        self._recent_heading.setObjectName("startHeading")
        column.addWidget(self._recent_heading)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        column.addLayout(self._recent)
        column.addSpacing(12)
        column.addWidget(_DropHint())
        inner = QWidget()
        inner.setObjectName("startColumn")
        inner.setFixedWidth(_WIDTH_PX)
        inner.setLayout(column)
        around = QWidget()
        around.setObjectName("startAround")
        middle = QVBoxLayout(around)
        middle.addStretch(2)
        middle.addWidget(inner, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(3)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(around)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self.set_recent(())

    def set_recent(self, recent: Sequence[Recent]) -> None:
        """List the stages of before, newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._recent_heading.setVisible(bool(recent))
        for number, one in enumerate(recent[:_MOST_RECENT]):
            row = QPushButton()
            row.setObjectName(f"recent{number + 1}")
            row.setProperty("kind", "recent")
            row.setText(f"{one.title}      {one.says}")
            row.setToolTip(str(one.package))
            row.clicked.connect(lambda _checked=False, one=one: self.recent_asked.emit(one))
            self._recent.addWidget(row)

    def offer_recovery(self, text: str) -> None:
        """Offer to go on with what was interrupted; an empty text takes the offer away."""
        self._recover.setVisible(bool(text))
        if text:
            self._recover.set_texts("Go on with the interrupted show", text)

    def _cards(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(10)
        cards = (
            (
                "rehearsal",
                "Start the rehearsal",
                "A simulated race in invented mountains. Nothing else is needed: begin here",
                self.rehearsal_asked,
            ),
            (
                "openRecording",
                "Open a stage",
                "A prepared stage, with a recording of its race if there is one",
                self.open_asked,
            ),
            (
                "connect",
                "Connect to a live feed",
                "A prepared stage and the address of a tracker feed; everything is recorded at once",
                self.connect_asked,
            ),
            (
                "prepare",
                "Prepare a new stage",
                "From a GPX file or a recording, with elevation files if there are any",
                self.prepare_asked,
            ),
        )
        for number, (name, title, text, signal) in enumerate(cards):
            card = _card(name, title, text, text)
            card.clicked.connect(signal)
            grid.addWidget(card, number // 2, number % 2)
        return grid


class _Card(QPushButton):
    """A button with a heading and a line that says what it does."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("kind", "card")
        self._heading, self._text = QLabel(), QLabel()
        self._heading.setObjectName("cardTitle")
        self._text.setObjectName("soft")
        self._text.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        for label in (self._heading, self._text):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(label)
        layout.addStretch(1)  # headings side by side stand at one height
        self.setMinimumHeight(92)

    def set_texts(self, title: str, text: str) -> None:
        """Write heading and line."""
        self._heading.setText(title)
        self._text.setText(text)
        self.setAccessibleName(title)


def _card(name: str, title: str, text: str, tooltip: str) -> _Card:
    card = _Card(name)
    card.set_texts(title, text)
    card.setToolTip(tooltip)
    return card


class _DropHint(QFrame):
    """Says that files may be dropped on the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("dropHint")
        text = QLabel(
            "Or drop files anywhere on this window: a stage, a recording, GPX, elevation files (GeoTIFF, HGT)"
        )
        text.setObjectName("soft")
        layout = QHBoxLayout(self)
        layout.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
