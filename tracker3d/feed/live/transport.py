"""What all transports have in common: how they hand over messages, and how a connection ends."""

from __future__ import annotations

import random
import time
from collections import Counter  # noqa: TC003 - the protocol names it
from typing import TYPE_CHECKING, Protocol

from tracker3d.feed.message import Message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

CONNECT_S = 5.0
"""A server that does not answer for this long is tried again."""
SILENCE_S = 25.0
"""A connection without a single byte for this long is dead: live servers cut theirs each 30 s anyway."""

_AT_ONCE_S = (0.05, 0.6)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 15.0


class LostError(Exception):
    """A connection ended; the text says why, in the words of a sentence's end."""


class OverError(Exception):
    """The source has come to its end, and there is nothing to come back to."""


class Source(Protocol):
    """A way to receive messages.

    ``dropped`` counts by cause what it received and could not hand over.
    """

    dropped: Counter[str]

    def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Connect and give messages as they come; None stands for a sign of life without a message.

        Ends, or raises :class:`LostError`, when the connection ends, and may then be called again.
        """
        ...

    async def close(self) -> None:
        """Let go of what outlives a connection."""
        ...


def received(data: bytes, topic: str = "") -> Message:
    """Stamp what has just been received."""
    return Message(time.time_ns() // 1_000_000, data, topic)


class Patience:
    """How long to wait before the next connection.

    After a connection that delivered anything the next one is opened within a second, always: such servers
    cut on a fixed grid. Only where nothing came do the waits grow. Both are spread at random, so that many
    clients do not come back all at once.
    """

    def __init__(self) -> None:
        self._failures = 0

    def pause_s(self, *, delivered: bool) -> float:
        """Return the wait after a connection that has just ended."""
        if delivered:
            self._failures = 0
            return random.uniform(*_AT_ONCE_S)
        wait_s = min(_FIRST_WAIT_S * 2.0 ** min(self._failures, 10), _LONGEST_WAIT_S)
        self._failures += 1
        return random.uniform(0.5, 1.0) * wait_s
