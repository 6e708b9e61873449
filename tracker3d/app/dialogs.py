"""Dialogs that ask which files: opening, connecting, preparing. None of them stops the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.inputs import keeping_keys
from tracker3d.show.prepare_job import PrepareOrder

if TYPE_CHECKING:
    from tracker3d.app.prepare_panel import Dropped

_WIDTH_PX = 620


class PathField(QWidget):
    """A path that can be typed or browsed for."""

    def __init__(self, name: str, *, placeholder: str = "", folder: bool = False, save: bool = False) -> None:
        super().__init__()
        self._folder, self._save = folder, save
        self.edit = keeping_keys(QLineEdit())
        self.edit.setObjectName(name)
        self.edit.setPlaceholderText(placeholder)
        browse = QPushButton("Browse")
        browse.setObjectName(f"{name}Browse")
        browse.setAutoDefault(False)
        browse.setToolTip("Choose it among the files of this machine")
        browse.clicked.connect(self._browse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit, 1)
        layout.addWidget(browse)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.edit.text().strip()

    def _browse(self) -> None:
        dialog = QFileDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._save:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        elif self._folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if self.text:
            dialog.setDirectory(str(Path(self.text).parent))
        dialog.fileSelected.connect(self.edit.setText)
        dialog.open()


class _Asking(QDialog):
    """A form with a sentence above and two buttons below."""

    def __init__(self, parent: QWidget, *, title: str, text: str, button: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._trouble = QLabel()
        self._trouble.setObjectName("trouble")
        self._trouble.setWordWrap(True)
        self._trouble.hide()
        heading = QLabel(text)
        heading.setWordWrap(True)
        self.form = QFormLayout()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        accept = self._buttons.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
        accept.setObjectName("accept")
        accept.setDefault(True)
        self._buttons.accepted.connect(self._try)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addLayout(self.form)
        layout.addWidget(self._trouble)
        layout.addWidget(self._buttons)

    def complaint(self) -> str:
        """Return what is missing, a plain sentence; empty where nothing is."""
        raise NotImplementedError

    def done_with(self) -> None:
        """Tell what was chosen."""
        raise NotImplementedError

    def _try(self) -> None:
        trouble = self.complaint()
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))
        if not trouble:
            self.done_with()
            self.accept()


class OpenDialog(_Asking):
    """Asks for a stage and a recording, or for a stage and the address of a feed.

    Signals
    -------
    chosen : object, str
        Path of the package; path or address of the feed, empty for none.
    """

    chosen = Signal(object, str)

    def __init__(self, parent: QWidget, *, live: bool, package: str = "", feed: str = "") -> None:
        text = (
            "The stage, and the address at which the trackers' feed is sent. It is recorded at once."
            if live
            else "The stage, and the recording of its race if there is one."
        )
        title = "Connect to a live feed" if live else "Open a stage"
        super().__init__(parent, title=title, text=text, button="Connect" if live else "Open")
        self._live = live
        self.package = PathField("packagePath", placeholder="NAME.stage", folder=True)
        self.package.edit.setText(package)
        if live:
            self.feed: PathField | QLineEdit = keeping_keys(QLineEdit())
            self.feed.setObjectName("feedAddress")
            self.feed.setPlaceholderText("https://, wss://, mqtt:// or udp:// address")
            self.feed.setText(feed)
        else:
            self.feed = PathField("feedPath", placeholder="recording, log, CSV or GPX; may be empty")
            self.feed.edit.setText(feed)
        self.form.addRow("Stage", self.package)
        self.form.addRow("Feed" if live else "Recording", self.feed)

    @property
    def _feed_text(self) -> str:
        return self.feed.text().strip() if isinstance(self.feed, QLineEdit) else self.feed.text

    def complaint(self) -> str:
        """Return what is missing."""
        if not self.package.text:
            return "Choose a stage first: a folder NAME.stage, as Prepare makes it."
        if not Path(self.package.text).exists():
            return f"{self.package.text} does not exist; choose the folder of a prepared stage."
        if self._live and "://" not in self._feed_text:
            return "The address of a feed begins with http://, https://, ws://, wss://, mqtt:// or udp://."
        if not self._live and self._feed_text and not Path(self._feed_text).exists():
            return f"{self._feed_text} does not exist; choose another recording, or leave it empty."
        return ""

    def done_with(self) -> None:
        """Tell what was chosen."""
        self.chosen.emit(Path(self.package.text), self._feed_text)


class PrepareDialog(_Asking):
    """Asks for what a stage is prepared from.

    Signals
    -------
    chosen : object
        A :class:`~tracker3d.show.prepare_job.PrepareOrder`.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget, dropped: Dropped | None = None) -> None:
        super().__init__(
            parent,
            title="Prepare a new stage",
            text="A route becomes a stage that needs no internet on air. It is prepared in the background.",
            button="Prepare",
        )
        self.source = PathField("sourcePath", placeholder="GPX, GeoJSON, or a recording of the race")
        self.elevation = PathField(
            "elevationPath",
            placeholder="files, separated by ;  –  empty: downloaded;  none: flat around the road",
        )
        self.times = PathField(
            "timesPath", placeholder="before this stage: a .csv with bib and time; may be empty"
        )
        self.output = PathField("outputPath", placeholder="NAME.stage", save=True)
        self.form.addRow("Route", self.source)
        self.form.addRow("Elevation", self.elevation)
        self.form.addRow("Times", self.times)
        self.form.addRow("Stage", self.output)
        self.source.edit.textChanged.connect(self._suggest)
        if dropped is not None:
            source = dropped.road or dropped.race
            self.elevation.edit.setText(";".join(str(path) for path in dropped.elevation))
            self.times.edit.setText("" if dropped.times is None else str(dropped.times))
            self.source.edit.setText("" if source is None else str(source))

    def complaint(self) -> str:
        """Return what is missing."""
        if not self.source.text or not Path(self.source.text).exists():
            return "Choose the route first: a GPX or GeoJSON file, or a recording."
        if not self.output.text:
            return "Say where the stage is to be written, such as NAME.stage."
        if Path(self.output.text).exists():
            return f"{self.output.text} exists; choose another name."
        if self.times.text and not Path(self.times.text).exists():
            return f"{self.times.text} does not exist; choose another table of times, or leave it empty."
        missing = [path for path in self._elevation() or () if not path.exists()]
        return f"{missing[0]} does not exist; choose another elevation file." if missing else ""

    def done_with(self) -> None:
        """Tell what was chosen."""
        times = Path(self.times.text) if self.times.text else None
        source, output = Path(self.source.text), Path(self.output.text)
        self.chosen.emit(PrepareOrder(source, output, self._elevation(), times))

    def _elevation(self) -> tuple[Path, ...] | None:
        text = self.elevation.text
        if not text:
            return None
        return () if text == "none" else tuple(Path(part.strip()) for part in text.split(";") if part.strip())

    def _suggest(self, text: str) -> None:
        source = Path(text)
        if text:
            self.output.edit.setText(str(source.with_name(f"{source.name.split('.')[0]}.stage")))
