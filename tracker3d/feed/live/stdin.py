"""Lines of standard input, such as of ``curl -N`` or of any program that prints positions."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING

from tracker3d.feed.live.transport import OverError, received
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tracker3d.feed.message import Message

_MOST_WAITING = 1_000
_CHUNK_BYTES = 65_536
_OTHER_FIELDS = (b"event:", b"id:", b"retry:", b":")


class LineSource:
    """One message a line; lines of a server-sent event stream are understood too.

    Parameters
    ----------
    descriptor : int
        The file to read from.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self.dropped: Counter[str] = Counter()

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Give lines as they come; raises :class:`OverError` at the end of the input."""
        waiting: asyncio.Queue[Message | None] = asyncio.Queue(_MOST_WAITING)
        # A thread of its own that nobody waits for: reading from a terminal cannot be interrupted.
        reader = threading.Thread(
            target=self._read, args=(asyncio.get_running_loop(), waiting), name="feed input", daemon=True
        )
        reader.start()
        while (message := await waiting.get()) is not None:
            yield message
        raise OverError

    async def close(self) -> None:
        """Nothing can be closed: the input is not ours."""

    def _read(self, loop: asyncio.AbstractEventLoop, waiting: asyncio.Queue[Message | None]) -> None:
        rest = b""
        try:
            # Not through sys.stdin: a lock of that held by this thread is fatal when the program ends.
            while chunk := os.read(self._descriptor, _CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest if len(rest) <= LARGEST_MESSAGE_BYTES else b""
                for line in lines:
                    _hand_over(line, loop, waiting)
            _hand_over(rest, loop, waiting)
            asyncio.run_coroutine_threadsafe(waiting.put(None), loop).result()
        except (RuntimeError, OSError, asyncio.CancelledError):
            return  # the loop or the input has been closed meanwhile


def _hand_over(line: bytes, loop: asyncio.AbstractEventLoop, waiting: asyncio.Queue[Message | None]) -> None:
    text = line.strip()
    if text and not text.startswith(_OTHER_FIELDS):
        message = received(text.removeprefix(b"data:").lstrip())
        asyncio.run_coroutine_threadsafe(waiting.put(message), loop).result()
