"""The recorder: every message of a live feed on disk as it was received.

A log is a folder of segments ``00001.feed``, ``00002.feed``, ... A segment begins with eight bytes of magic;
then frames follow, little endian::

    4 bytes  marker 54 33 46 F5
    u32      length of the body, n
    u32      crc32 of the length and the body
    n bytes  body: u8 kind, i64 receive time (ms since 1970 UTC), u16 length of the topic, topic, data

Kind 0 is a JSON object about the recording (first in every segment), kind 1 a message. Frames are only ever
appended. A reader stops at an unfinished frame at the end, and after damage goes on at the next marker whose
checksum holds, so that a lost block costs what was in it.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tracker3d.feed.message import Message

MAGIC = b"T3DFEED\x01"
MARKER = b"T3F\xf5"
HEAD = struct.Struct("<4sII")
BODY = struct.Struct("<BqH")
ABOUT, MESSAGE = 0, 1
SUFFIX = ".feed"

_SEGMENT_BYTES = 64_000_000
_PENDING_BYTES = 64_000_000
_SYNC_S = 1.0
_RETRY_S = 2.0


@dataclass(frozen=True)
class RecorderState:
    """How a recording goes.

    Attributes
    ----------
    messages, bytes_written : int
        On disk.
    waiting : int
        Messages that wait for the disk.
    lost : int
        Messages that the disk never took and that no longer fit into memory.
    trouble : str
        What is wrong, a sentence; empty while all is well.
    """

    messages: int = 0
    bytes_written: int = 0
    waiting: int = 0
    lost: int = 0
    trouble: str = ""


def frame(kind: int, receive_ms: int, topic: str, data: bytes) -> bytes:
    """Return the bytes of one frame."""
    name = topic.encode()[:65535]
    body = BODY.pack(kind, receive_ms, len(name)) + name + data
    checksum = zlib.crc32(body, zlib.crc32(struct.pack("<I", len(body))))
    return HEAD.pack(MARKER, len(body), checksum) + body


def segments(folder: Path) -> list[Path]:
    """Return the segments of a log in order."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def _refuse_other_files(folder: Path) -> None:
    if any(path.suffix != SUFFIX for path in folder.iterdir()):
        raise OutputError(f"{folder} holds other files; name a new folder for the recording.")


class Recorder:
    """Writes messages into a log, in threads of its own, so that a slow or full disk never holds up a show.

    Whatever is at hand is written at once, without a buffer that a killed process could take along, and made
    safe against a loss of power each second. A log that stands there is continued in a new segment.

    Parameters
    ----------
    folder : Path
        The log; created where it does not exist.
    about : mapping
        Plain values that say what is recorded.
    segment_bytes : int
        A new segment begins beyond this size.

    Raises
    ------
    OutputError
        The folder cannot be created or written, or holds something else.
    """

    def __init__(
        self, folder: Path, *, about: Mapping[str, Any] | None = None, segment_bytes: int = _SEGMENT_BYTES
    ) -> None:
        self._folder, self._segment_bytes = folder, segment_bytes
        self._about = msgspec.json.encode(dict(about or {}))
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._messages = self._written = self._lost = 0
        self._trouble = ""
        self._closing = self._written_all = self._unsafe = False
        self._ended: list[int] = []
        self._changed = threading.Condition()
        self._file: int | None = None
        self._size = 0
        try:
            folder.mkdir(parents=False, exist_ok=True)
            _refuse_other_files(folder)
            self._begin_segment()
        except FileNotFoundError as error:
            raise OutputError(
                f"The folder {folder.absolute().parent} does not exist; create it first."
            ) from error
        except FileExistsError as error:
            raise OutputError(f"{folder} is a file; name a new folder for the recording.") from error
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be written ({error.strerror}); choose another place."
            ) from error
        self._writer = threading.Thread(target=self._run, name="feed recorder", daemon=True)
        self._keeper = threading.Thread(target=self._keep_safe, name="feed recorder's disk", daemon=True)
        self._writer.start()
        self._keeper.start()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> RecorderState:
        """How it goes; may be asked from any thread."""
        with self._changed:
            return RecorderState(self._messages, self._written, len(self._pending), self._lost, self._trouble)

    def write(self, message: Message) -> None:
        """Hand over one message; returns at once and never raises, whatever the disk does."""
        self._hand_over(frame(MESSAGE, message.receive_ms, message.topic, message.data))

    def close(self) -> None:
        """Write what waits, as far as the disk takes it, and close the log."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._writer.join()
        self._keeper.join()

    def _hand_over(self, content: bytes) -> None:
        with self._changed:
            self._pending.append(content)
            self._pending_bytes += len(content)
            while self._pending_bytes > _PENDING_BYTES and len(self._pending) > 1:
                self._pending_bytes -= len(self._pending.popleft())
                self._lost += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closing)
                batch, self._pending = self._pending, deque()
                self._pending_bytes = 0
                closing = self._closing
            if batch and not self._write_batch(batch) and not closing:
                self._wait_for_room()
            if closing:
                with self._changed:
                    self._end_segment()
                    self._lost += len(self._pending)
                    self._pending.clear()
                    self._written_all = True
                    self._changed.notify_all()
                return

    def _keep_safe(self) -> None:
        """Each second have the system put on disk what was written, and close ended segments.

        Not in the thread that writes: the disk may take its time, and a killed process loses what was not
        yet handed to the system.
        """
        while True:
            with self._changed:
                done = self._changed.wait_for(lambda: self._written_all, _SYNC_S)
                files, self._ended = self._ended, []
                if self._file is not None and self._unsafe:
                    files.append(os.dup(self._file))
                self._unsafe = False
            for file in files:
                with contextlib.suppress(OSError):
                    os.fsync(file)
                with contextlib.suppress(OSError):
                    os.close(file)
            if done:
                return

    def _wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing, _RETRY_S)

    def _write_batch(self, batch: deque[bytes]) -> bool:
        """Write frames whole; those that the disk refuses go back to the front of what waits."""
        try:
            while batch:
                if self._file is None or self._size >= self._segment_bytes:
                    self._end_segment()
                    self._begin_segment()
                self._append(batch[0])
                batch.popleft()
                with self._changed:
                    self._messages += 1
                    self._trouble = ""
        except OSError as error:
            with self._changed:
                self._trouble = (
                    f"{self._folder} cannot be written ({error.strerror}): free some room on the disk; "
                    "the feed goes on meanwhile."
                )
                self._pending.extendleft(reversed(batch))
                self._pending_bytes += sum(map(len, batch))
            return False
        return True

    def _append(self, content: bytes) -> None:
        """Append one frame whole or not at all."""
        if self._file is None:
            raise OSError(None, "no segment is open")
        done = 0
        try:
            while done < len(content):
                done += os.write(self._file, content[done:])
        except OSError:
            if done:
                self._take_back()
            raise
        with self._changed:
            self._size += len(content)
            self._written += len(content)
            self._unsafe = True

    def _take_back(self) -> None:
        """Cut off a frame that was written in part; where even that fails a new segment will begin."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError:
            self._end_segment()

    def _begin_segment(self) -> None:
        last = segments(self._folder)
        number = int(last[-1].stem) + 1 if last else 1
        path = self._folder / f"{number:05d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        file = os.open(path, flags, 0o644)
        with self._changed:
            self._file, self._size = file, 0
        about = frame(ABOUT, time.time_ns() // 1_000_000, "", self._about)
        try:
            self._append(MAGIC + about)
        except OSError:
            self._end_segment()
            path.unlink(missing_ok=True)
            raise

    def _end_segment(self) -> None:
        with self._changed:
            if self._file is not None:
                self._ended.append(self._file)
                self._file = None
