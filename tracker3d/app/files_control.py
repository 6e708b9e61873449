"""Files and addresses: the start page's buttons, drops on the window, and stages being prepared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog

from tracker3d.app.dialogs import OpenDialog, PrepareDialog
from tracker3d.app.loading import Order
from tracker3d.app.prepare_panel import Dropped, PrepareStrip, sorted_files

if TYPE_CHECKING:
    from tracker3d.app.start_page import Recent
    from tracker3d.app.window import MainWindow
    from tracker3d.show.prepare_job import PrepareOrder


class FilesControl(QObject):
    """Turns what a person chooses or drops into something to open or to prepare."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._kept = Dropped()
        self._race: str = ""
        self.strip = PrepareStrip()
        self.strip.prepared.connect(self._prepared)
        self.strip.failed.connect(window.complain)
        window.add_strip(self.strip)
        page = window.start_page
        page.rehearsal_asked.connect(lambda: window.open(Order(None)))
        page.open_asked.connect(lambda: self.ask_open(live=False))
        page.connect_asked.connect(lambda: self.ask_open(live=True))
        page.prepare_asked.connect(lambda: self.ask_prepare(Dropped()))
        page.recent_asked.connect(self._open_recent)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def close(self) -> None:
        """End what is being prepared."""
        self.strip.shut()

    def ask_open(self, *, live: bool, package: str = "", feed: str = "") -> None:
        """Ask for a stage and its recording or feed."""
        dialog = OpenDialog(self._window, live=live, package=package, feed=feed)
        dialog.chosen.connect(lambda path, text: self._window.open(Order(path, text)))
        dialog.open()

    def ask_prepare(self, dropped: Dropped) -> None:
        """Ask for what a stage is prepared from."""
        if self.strip.busy:
            self._window.statusBar().showMessage(
                "One stage is being prepared; wait for it or cancel it.", 8000
            )
            return
        dialog = PrepareDialog(self._window, dropped)
        dialog.chosen.connect(self._prepare)
        dialog.open()

    def save_show(self) -> None:
        """Save shots and rundown where they were saved before, or ask where."""
        window, path = self._window, self._window.keeper.show_path
        if window.operator.show is None:
            return
        if path is not None:
            window.keeper.save(path, window.operator.show.document)
            return
        dialog = QFileDialog(window, "Save the show", "", "Shows (*.show.json)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("show.json")
        dialog.fileSelected.connect(lambda name: self._save_as(Path(name)))
        dialog.open()

    def open_show_file(self) -> None:
        """Ask for shots and rundown that were saved, and use them on this stage."""
        window = self._window
        if window.operator.show is None:
            self.ask_open(live=False)
            return
        dialog = QFileDialog(window, "Open a show", "", "Shows (*.show.json)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: window.keeper.load(Path(name)))
        dialog.open()

    def _save_as(self, path: Path) -> None:
        show = self._window.operator.show
        if show is not None:
            self._window.keeper.save(path, show.document)

    def take(self, paths: list[Path]) -> None:
        """Do with files what their kinds ask for."""
        window, dropped = self._window, sorted_files(paths)
        here = window.open_package
        kept, self._kept = self._kept, Dropped()
        dropped = dataclasses.replace(
            dropped, elevation=dropped.elevation or kept.elevation, times=dropped.times or kept.times
        )
        extra = bool(dropped.elevation or dropped.times)
        if extra and not (dropped.road or dropped.race or dropped.package):
            self._kept = dropped
            window.statusBar().showMessage(
                "Now drop the route (GPX) or the recording they belong to.", 15_000
            )
            return
        if dropped.package is not None:
            window.open(Order(dropped.package, "" if dropped.race is None else str(dropped.race)))
            if dropped.times is not None:
                window.statusBar().showMessage(
                    f"{dropped.times.name}: times go into a stage when it is prepared; "
                    "drop them with its route or recording.",
                    15_000,
                )
        elif dropped.race is not None and here is not None and not extra:
            window.open(Order(here, str(dropped.race)))
        elif dropped.any:
            self.ask_prepare(dropped)
        else:
            names = ", ".join(path.name for path in paths[:3])
            window.statusBar().showMessage(
                f"{names}: drop a stage, a recording, GPX, GeoJSON, elevation files or times.", 15_000
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take files that are dropped on the window."""
        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
            if paths:
                event.acceptProposedAction()
                self.take(paths)
                return True
        return super().eventFilter(watched, event)

    def _open_recent(self, recent: Recent) -> None:
        self._window.open(Order(recent.package, recent.feed))

    def _prepare(self, order: PrepareOrder) -> None:
        is_race = order.source.suffix.lower() not in (".gpx", ".geojson")
        self._race = str(order.source) if is_race else ""
        self.strip.start(order)

    def _prepared(self, package: Path) -> None:
        """Open what was prepared, unless a show is on: nothing on air is ever taken away for it."""
        if self._window.operator.show is None and not self._window.loading:
            self._window.open(Order(package, self._race))
        else:
            self._window.statusBar().showMessage(
                f"{package.name} is prepared; open it from the start page.", 30_000
            )
