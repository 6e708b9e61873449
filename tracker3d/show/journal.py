"""The journal: every act of the operator on disk at once, so that after a crash the show goes on.

A folder of chapters ``000001.journal``, ... A chapter is lines of text, each ``CRC32 JSON``; the first holds
all of the show, each other one what one act has changed. Lines are only ever appended, whole, by single
writes. A reader stops at the first line whose checksum does not hold. A chapter of :data:`CHAPTER_BYTES` is
followed by another; of old ones :data:`KEPT_CHAPTERS` stay. While nothing is done, a beat every two seconds
says that the show still ran.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.files import make_folder
from tracker3d.show.changes import changed_table
from tracker3d.show.codec import VERSION, state_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tracker3d.show.show import Change, Show
    from tracker3d.show.state import ShowState

SUFFIX = ".journal"
CHAPTER_BYTES = 4_000_000
KEPT_CHAPTERS = 10
_BEAT_S = 2.0
_RETRY_S = 2.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShowPlace:
    """What a show was opened with: package, feed (an address or a path, or nothing), recording, and how."""

    package: str = ""
    feed: str = ""
    record_folder: str = ""
    common_start: bool = False


def line_of(table: dict[str, Any]) -> bytes:
    """Return one line of a chapter."""
    text = msgspec.json.encode(table)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def chapters(folder: Path) -> list[Path]:
    """Return the chapters of a journal in order."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


class Journal:
    """Writes down what happens to a show, in a thread of its own: a slow or full disk never holds it up.

    Where the disk takes nothing, the journal goes on with a new chapter as soon as it does: that holds all
    of the show.

    Parameters
    ----------
    folder : Path
        Created where it does not exist.
    show : Show
        It is listened to until :meth:`close`.
    place : ShowPlace
    wall_clock : callable
        Seconds of the monotonic clock that the show is asked with.

    Raises
    ------
    OutputError
        The folder cannot be made.
    """

    def __init__(
        self, folder: Path, show: Show, place: ShowPlace, *, wall_clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._show, self._place, self._wall_clock = folder, show, place, wall_clock
        self._waiting: deque[Change] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._file: int | None = None
        self._size = 0
        self._state: ShowState = show.state
        self._synced_s = 0.0
        self._unsafe = False
        self.trouble = ""
        make_folder(folder, remedy="the show would not survive a crash")
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        show.listeners.append(self.note)
        self._thread.start()

    def note(self, change: Change) -> None:
        """Take one act; returns at once and never raises. Steps of one drag that wait become one."""
        with self._changed:
            if change.merge and self._waiting and self._waiting[-1].merge == change.merge:
                self._waiting.pop()
            self._waiting.append(change)
            self._changed.notify_all()

    def close(self) -> None:
        """Write what waits, and that the show was ended on purpose."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        with contextlib.suppress(ValueError):
            self._show.listeners.remove(self.note)

    def _run(self) -> None:
        wait_s = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing, wait_s)
                changes, self._waiting = list(self._waiting), deque()
                closing = self._closing
            try:
                self._write(changes)
                if closing:
                    self._append({"closed": True, **self._now()})
                self.trouble = ""
            except Exception as error:  # nothing that is written down may end a show
                self._fail(error)
            if closing:
                self._end_chapter()
                return
            wait_s = _BEAT_S
            if self.trouble:
                wait_s = 0.0
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _RETRY_S)

    def _write(self, changes: list[Change]) -> None:
        if self._file is None or self._size > CHAPTER_BYTES:
            self._begin_chapter()
        for change in changes:
            table = changed_table(self._state, change.after)
            about = {"kind": change.kind.value, "text": change.text, "merge": change.merge}
            self._append({**about, **self._now(change.wall_s), "set": table})
            self._state = change.after
        if not changes:
            self._append({"beat": True, **self._now()})
        self._make_safe()

    def _now(self, wall_s: float | None = None) -> dict[str, Any]:
        return {
            "wall_s": self._wall_clock() if wall_s is None else wall_s,
            "utc_ms": time.time_ns() // 1_000_000,
        }

    def _append(self, table: dict[str, Any]) -> None:
        if self._file is None:
            raise OSError(None, "no chapter is open")
        content = line_of(table)
        done = os.write(self._file, content)
        self._size += done
        self._unsafe = True
        if done < len(content):
            # the reader stops here; a new chapter begins with all of the show
            raise OSError(None, "the disk is full")

    def _begin_chapter(self) -> None:
        self._end_chapter()
        known = chapters(self._folder)
        number = int(known[-1].stem) + 1 if known else 1
        path = self._folder / f"{number:06d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file, self._size = os.open(path, flags, 0o600), 0
        head = {"version": VERSION, **self._now(), "place": msgspec.to_builtins(self._place)}
        self._append({**head, "state": state_table(self._state)})
        os.fsync(self._file)
        for old in known[: max(len(known) + 1 - KEPT_CHAPTERS, 0)]:
            old.unlink(missing_ok=True)

    def _make_safe(self) -> None:
        """Have the system put on disk what was written, at most once a second: for a loss of power."""
        if self._file is not None and self._unsafe and time.monotonic() > self._synced_s + 1.0:
            os.fsync(self._file)
            self._synced_s, self._unsafe = time.monotonic(), False

    def _end_chapter(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._file)
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def _fail(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        if not self.trouble:
            _LOG.warning("the journal cannot be written", exc_info=error)
        self.trouble = (
            f"The journal in {self._folder} cannot be written ({reason}); free some room on the disk."
        )
        self._end_chapter()
        # what was not written is in the beginning of the next chapter
        with self._changed:
            self._waiting.clear()
            self._state = self._show.state
