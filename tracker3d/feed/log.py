"""Reading what :mod:`tracker3d.feed.recorder` wrote, also while it is being written and after a crash."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES, Message
from tracker3d.feed.recorder import ABOUT, BODY, HEAD, MAGIC, MARKER, MESSAGE, segments
from tracker3d.stage.info import Info

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BODY_BYTES = LARGEST_MESSAGE_BYTES + 100_000
_LARGEST_LOG_BYTES = 2_000_000_000


def is_log(path: Path) -> bool:
    """Tell whether a path is a log or one segment of it."""
    if path.is_dir():
        return bool(segments(path))
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def describe_log(path: Path) -> Info:
    """Say what a log holds and what is wrong with it.

    Raises
    ------
    InputError
        It cannot be read.
    """
    reader = LogReader(path)
    messages = reader.read()
    size_bytes = sum(len(message.data) for message in messages)
    facts: dict[str, Any] = {
        "messages": len(messages),
        "bytes": size_bytes,
        "first_ms": messages[0].receive_ms if messages else None,
        "last_ms": messages[-1].receive_ms if messages else None,
        "longest_pause_ms": max((b.receive_ms - a.receive_ms for a, b in pairwise(messages)), default=None),
        "about": reader.about,
    }
    lines = [f"{len(messages):,} messages, {size_bytes / 1e6:,.1f} MB"]
    if messages:
        first, last = (_clock(facts[name]) for name in ("first_ms", "last_ms"))
        pause_s = (facts["longest_pause_ms"] or 0) / 1000.0
        lines.append(f"Received {first} to {last} UTC, longest pause {pause_s:.1f} s")
    lines.extend(f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in reader.about.items())
    problems = (
        [f"{reader.damaged_bytes:,} bytes are damaged and passed over."] if reader.damaged_bytes else []
    )
    return Info(path, "log of a live feed", facts, tuple(lines), tuple(problems))


def _clock(time_ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(time_ms / 1000.0, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "at no valid time"


@dataclass
class _Place:
    """How far a segment has been read."""

    path: Path
    offset: int = 0


class LogReader:
    """Reads a log from its beginning; asked again it gives what has been written since.

    Parameters
    ----------
    path : Path
        The folder, or one segment.

    Attributes
    ----------
    about : dict
        What the newest segment read says of itself.
    damaged_bytes : int
        Bytes passed over because their checksums do not hold. An unfinished frame at the end of the last
        segment is not damage: it is still being written, or was when the recorder was killed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: list[_Place] = []
        self._read_bytes = 0
        self.about: dict[str, Any] = {}
        self.damaged_bytes = 0

    def read(self) -> list[Message]:
        """Return all messages that were not returned before, in the order received.

        Raises
        ------
        InputError
            A segment cannot be read, or the log is larger than any race.
        """
        known = {place.path for place in self._places}
        paths = segments(self._path) if self._path.is_dir() else [self._path]
        self._places.extend(_Place(path) for path in paths if path not in known)
        messages: list[Message] = []
        for index, place in enumerate(self._places):
            content = self._rest_of(place)
            used = self._frames(content, messages, begun=place.offset > 0)
            if index < len(self._places) - 1 and used < len(content):
                self.damaged_bytes += len(content) - used
                used = len(content)
            place.offset += used
        return messages

    def _rest_of(self, place: _Place) -> bytes:
        try:
            with place.path.open("rb") as stream:
                stream.seek(place.offset)
                content = stream.read(_LARGEST_LOG_BYTES - self._read_bytes + 1)
        except OSError as error:
            raise InputError(
                f"{place.path} cannot be read ({error.strerror}); check its permissions."
            ) from error
        if self._read_bytes + len(content) > _LARGEST_LOG_BYTES:
            raise InputError(
                f"{self._path} holds more than {_LARGEST_LOG_BYTES / 1e6:,.0f} MB; give single segments."
            )
        return content

    def _frames(self, content: bytes, messages: list[Message], *, begun: bool) -> int:
        """Decode frames from the beginning of ``content``; returns how many bytes are done with."""
        at = 0
        if not begun:
            if len(content) < len(MAGIC):
                return 0
            at = len(MAGIC) if content.startswith(MAGIC) else self._pass_over(content, 0, 0)
        while (end := _frame_end(content, at)) is not None:
            if end < 0:
                at = self._pass_over(content, at, at + 1)
            else:
                self._take(content[at + HEAD.size : end], messages)
                at = end
        self._read_bytes += at
        return at

    def _pass_over(self, content: bytes, at: int, begin: int) -> int:
        """Return where the next marker (or what may become one) stands, and count what lies before it."""
        found = content.find(MARKER, begin)
        following = found if found >= 0 else max(begin, len(content) - len(MARKER) + 1)
        self.damaged_bytes += following - at
        return following

    def _take(self, body: bytes, messages: list[Message]) -> None:
        kind, receive_ms, name_length = BODY.unpack_from(body)
        begin = BODY.size + name_length
        if kind == MESSAGE and begin <= len(body):
            topic = body[BODY.size : begin].decode(errors="replace")
            messages.append(Message(receive_ms, body[begin:], topic))
        elif kind == ABOUT:
            try:
                self.about = msgspec.json.decode(body[begin:], type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                self.damaged_bytes += len(body)


def _frame_end(content: bytes, at: int) -> int | None:
    """Return where the frame at ``at`` ends; None where it is unfinished, -1 where there is none."""
    head = content[at : at + HEAD.size]
    if len(head) < HEAD.size:
        return None if MARKER.startswith(head[:4]) or head.startswith(MARKER) else -1
    marker, length, checksum = HEAD.unpack(head)
    if marker != MARKER or not BODY.size <= length <= _LARGEST_BODY_BYTES:
        return -1
    end = at + HEAD.size + length
    if end > len(content):
        # A damaged length reaches for more than there is: if a whole frame follows, this is none.
        return -1 if _whole_frame_follows(content, at + 1) else None
    body = content[at + HEAD.size : end]
    return end if zlib.crc32(body, zlib.crc32(struct.pack("<I", length))) == checksum else -1


def _whole_frame_follows(content: bytes, begin: int) -> bool:
    """Tell whether a frame whose checksum holds begins at or after ``begin``."""
    at = content.find(MARKER, begin)
    while at >= 0:
        head = content[at : at + HEAD.size]
        if len(head) == HEAD.size:
            _, length, checksum = HEAD.unpack(head)
            body = content[at + HEAD.size : at + HEAD.size + length]
            if (
                BODY.size <= length == len(body)
                and zlib.crc32(body, zlib.crc32(struct.pack("<I", length))) == checksum
            ):
                return True
        at = content.find(MARKER, at + 1)
    return False
