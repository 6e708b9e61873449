"""An incremental parser of server-sent events."""

from __future__ import annotations

import re

from tracker3d.feed.live.transport import LostError
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventParser:
    """Bytes of one connection to the data of its events.

    Follows the standard: lines end with CR, LF or CRLF, also across chunks; several ``data`` lines are one
    text; comments and other fields are passed over; an event ends with an empty line. What a cut leaves
    unfinished is dropped with the parser: each connection needs a new one.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._held_bytes = 0
        self._after_cr = False
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the data of the events that they complete.

        Raises
        ------
        LostError
            An event is larger than any feed's.
        """
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
            if not chunk:
                return []
        self._after_cr = chunk.endswith(b"\r")
        *lines, rest = _LINE_END.split(chunk)
        events = []
        for line in lines:
            whole = b"".join((*self._line, line)) if self._line else line
            self._line = []
            data = self._end_line(whole)
            if data is not None:
                events.append(data)
        if rest:
            self._line.append(rest)
        self._held_bytes = self._held_bytes + len(chunk) if not events else len(rest)
        if self._held_bytes > LARGEST_MESSAGE_BYTES:
            raise LostError("sent an event without end")
        return events

    def _end_line(self, line: bytes) -> bytes | None:
        if self._first:
            line, self._first = line.removeprefix(_BYTE_ORDER_MARK), False
        if not line:
            data, self._data = b"\n".join(self._data), []
            return data or None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        return None
