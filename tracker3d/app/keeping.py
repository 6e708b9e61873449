"""What outlives the window: settings, the journal, show files. The disk never holds the window up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tracker3d.app.start_page import Recent
from tracker3d.errors import Tracker3DError
from tracker3d.show.files import read_show, write_show
from tracker3d.show.journal import Journal, ShowPlace
from tracker3d.show.recovery import Recovered, recover
from tracker3d.show.settings import Settings, journal_folder, read_settings, settings_path, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.show import Show, ShowDocument
    from tracker3d.show.hotkeys import Hotkeys
    from tracker3d.show.settings import Output

FRESH_S = 600.0
"""A show that was interrupted no longer ago is gone on with at once, an older one is offered."""


class Keeper(QObject):
    """Reads at the start, writes in a thread of its own.

    Signals
    -------
    said : str
        Something could not be read or written.
    read : object
        The :class:`~tracker3d.show.ShowDocument` of a file.
    """

    said = Signal(str)
    read = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.trouble = read_settings()
        self.show_path: Path | None = None
        self._journal: Journal | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="disk")

    def close(self) -> None:
        """Write what waits; the show was ended on purpose."""
        self.end_journal()
        self._disk.shutdown(wait=True)

    # ------------------------------------------------------------------ settings

    def recent(self) -> tuple[Recent, ...]:
        """Return the shows of before that are still there, newest first."""
        listed = [(Path(recent.package), recent.feed) for recent in self.settings.recent]
        return tuple(Recent(path, feed, path.stem) for path, feed in listed if path.exists())

    def remember(self, package: Path, feed: str) -> None:
        """Put a show first among those of before."""
        self._keep(self.settings.with_recent(package.resolve(), feed))

    def keep_hotkeys(self, hotkeys: Hotkeys) -> None:
        """Keep the operator's keys."""
        self._keep(replace(self.settings, hotkeys=hotkeys))

    def keep_output(self, output: Output) -> None:
        """Keep how program was given a screen of its own, and that it has one."""
        self._keep(replace(self.settings, output=output, on_screen=True))

    def keep_on_screen(self, *, on_screen: bool) -> None:
        """Keep whether program has a screen of its own: after a crash it gets it back."""
        self._keep(replace(self.settings, on_screen=on_screen))

    def keep_delay(self, delay_ms: int) -> None:
        """Keep the delay for the next live show."""
        self._keep(replace(self.settings, delay_ms=delay_ms))

    def _keep(self, settings: Settings) -> None:
        """Write settings that are others than those of before."""
        if settings == self.settings:
            return
        self.settings = settings
        path = settings_path()
        self._later(lambda: write_settings(settings, path))

    # ------------------------------------------------------------------ journal

    def interrupted(self) -> Recovered | None:
        """Return the show that ended without being ended, None where there is none."""
        recovered = recover(journal_folder())
        if recovered is None or recovered.closed or not Path(recovered.place.package).exists():
            return None
        return recovered

    def begin_journal(self, show: Show, place: ShowPlace) -> None:
        """Write down every act from now on."""
        self.end_journal()
        try:
            self._journal = Journal(journal_folder(), show, place)
        except Tracker3DError as error:
            self.said.emit(str(error))

    def end_journal(self) -> None:
        """Write that the show was ended on purpose."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    @property
    def journal_trouble(self) -> str:
        """Why acts are not written down, a sentence; empty while they are."""
        return "" if self._journal is None else self._journal.trouble

    # ------------------------------------------------------------------ show files

    def save(self, path: Path, document: ShowDocument) -> None:
        """Save a show's document."""
        self.show_path = path

        def write() -> None:
            write_show(path, document)
            self.said.emit(f"Saved: {path}")

        self._later(write)

    def load(self, path: Path) -> None:
        """Read a show's document; ``read`` brings it."""

        def load() -> None:
            found = read_show(path)
            self.show_path = path
            if found.message:
                self.said.emit(found.message)
            self.read.emit(found.document)

        self._later(load)

    def _later(self, job: Callable[[], None]) -> None:
        def run() -> None:
            try:
                job()
            except Tracker3DError as error:
                self.said.emit(str(error))

        self._disk.submit(run)


def is_fresh(recovered: Recovered) -> bool:
    """Tell whether a show was interrupted just now."""
    return 1000.0 * time.time() - recovered.utc_ms < 1000.0 * FRESH_S
