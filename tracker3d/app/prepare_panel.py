"""Preparing a stage beside the show: a strip with progress, and what may be dropped on the window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

from tracker3d.app.buttons import tool_button
from tracker3d.show.prepare_job import PrepareJob, PrepareOrder
from tracker3d.stage.times import looks_like_times

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ASKED_MS = 100
_ELEVATION = (".tif", ".tiff", ".hgt", ".vrt", ".asc", ".img", ".dem", ".zip")
_ROADS = (".gpx", ".geojson")
_RACES = (".json", ".json.gz", ".jsonl", ".csv", ".gz")


@dataclass(frozen=True)
class Dropped:
    """Files sorted by what can be done with them.

    Attributes
    ----------
    package, road, race : Path or None
        A stage, a road without riders, a recording or log.
    times : Path or None
        A table of times before the stage.
    elevation : tuple of Path
    """

    package: Path | None = None
    road: Path | None = None
    race: Path | None = None
    elevation: tuple[Path, ...] = ()
    times: Path | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to be done."""
        return any((self.package, self.road, self.race, self.times, self.elevation))


def sorted_files(paths: Iterable[Path]) -> Dropped:
    """Sort files by their names, tables of times by their first line.

    Of each kind the first counts, of elevation files all.
    """
    package = road = race = times = None
    elevation = []
    for path in paths:
        name = path.name.lower()
        if name.endswith(".stage"):
            package = package or path
        elif name.endswith(_ROADS):
            road = road or path
        elif name.endswith(_ELEVATION):
            elevation.append(path)
        elif name.endswith(".csv") and looks_like_times(path):
            times = times or path
        elif name.endswith(_RACES) or path.is_dir():
            race = race or path
    return Dropped(package, road, race, tuple(elevation), times)


class PrepareStrip(QWidget):
    """Progress of one stage that is prepared, and what to look at in it afterwards; hidden else.

    Signals
    -------
    prepared : object
        Path of the package.
    failed : str
        Why there is none, a plain sentence.
    """

    prepared = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("prepareStrip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._job: PrepareJob | None = None
        self._text = QLabel()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(240)
        self._text.setWordWrap(True)
        self._cancel = tool_button(
            "cancelPrepare", "Cancel", "Prepare it no further; nothing half-written stays"
        )
        self._cancel.clicked.connect(self.cancel)
        self._dismiss = tool_button("dismissWarnings", "Close", "They have been read")
        self._dismiss.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 4)
        layout.addWidget(self._text, 1)
        for widget in (self._bar, self._cancel, self._dismiss):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setInterval(_ASKED_MS)
        self._timer.timeout.connect(self._ask)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether a stage is being prepared."""
        return self._job is not None

    def start(self, order: PrepareOrder) -> None:
        """Prepare a stage; nothing else of the window waits for it."""
        if self._job is None:
            self._job = PrepareJob(order)
            self._set_over(over=False)
            self._ask()
            self._timer.start()
            self.show()

    def cancel(self) -> None:
        """Prepare it no further."""
        if self._job is not None:
            self._job.cancel(time.monotonic())
            self._text.setText("Cancelling …")

    def shut(self) -> None:
        """End it with the window."""
        self._timer.stop()
        if self._job is not None:
            self._job.close()
            self._job = None

    def _ask(self) -> None:
        job = self._job
        if job is None:
            return
        news = job.news(time.monotonic())
        self._text.setText(f"Preparing {job.order.source.name}: {news.text} …")
        self._bar.setValue(round(1000.0 * news.fraction))
        if not news.over:
            return
        self.shut()
        self._set_over(over=True)
        self._text.setText("\n".join([f"{job.order.output.name}, worth a look:", *news.warnings]))
        self.setVisible(bool(news.warnings))
        if news.package is not None:
            self.prepared.emit(news.package)
        elif news.failed:
            self.failed.emit(news.text)

    def _set_over(self, *, over: bool) -> None:
        for widget in (self._bar, self._cancel):
            widget.setVisible(not over)
        self._dismiss.setVisible(over)
