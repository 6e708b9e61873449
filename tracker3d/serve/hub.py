"""From one race to any number of clients, none of whom can slow another.

Nobody has a queue: the hub keeps the newest messages once, and a client is a place among them. Who is
slow finds newer messages when he comes back; who is too far behind goes on with the newest.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker3d.serve.wire import Frame

KEPT = 120
"""So many messages can be caught up after a drop."""

MOST_BEHIND = 4
"""Who falls farther behind while connected goes on with the newest message."""

_MARK = re.compile(r"([0-9a-f]{8})-(\d{1,10})")


class Hub:
    """Keeps the newest messages and wakes who waits for the next one."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._frames: deque[Frame] = deque(maxlen=kept)
        self._news = asyncio.Event()
        self._closed = False

    @property
    def newest(self) -> Frame | None:
        """The newest message."""
        return self._frames[-1] if self._frames else None

    def publish(self, frame: Frame) -> None:
        """Give a message to everybody; its number is one more than the last one's."""
        self._frames.append(frame)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Tell everybody that nothing more comes."""
        self._closed = True
        self._news.set()

    def follow(self, mark: str | None = None) -> Follower:
        """Return a new client's place: behind ``mark`` where that is still kept, else before the newest."""
        return Follower(self, self._seq_behind(mark))

    def _seq_behind(self, mark: str | None) -> int:
        newest = self.newest
        if newest is None:
            return -1
        found = _MARK.fullmatch(mark or "")
        if found and int(found[1], 16) == newest.run:
            seq = int(found[2])
            if self._frames[0].seq - 1 <= seq <= newest.seq:
                return seq
        return newest.seq - 1

    async def after(self, seq: int, *, most_behind: int) -> Frame | None:
        """Wait for the message after one; the newest where that is farther behind or no longer kept.

        None where the hub is closed.
        """
        while not self._closed and (not self._frames or self._frames[-1].seq <= seq):
            await self._news.wait()
        if self._closed:
            return None
        newest = self._frames[-1]
        if newest.seq - seq > most_behind or seq + 1 < self._frames[0].seq:
            return newest
        return self._frames[seq + 1 - self._frames[0].seq]


class Follower:
    """One client's place in the stream.

    Attributes
    ----------
    skipped : int
        Messages that he was too slow for.
    """

    def __init__(self, hub: Hub, seq: int) -> None:
        self._hub, self._seq = hub, seq
        newest = hub.newest
        self._catching_up_to = newest.seq if newest is not None else -1
        self.skipped = 0

    async def next(self) -> Frame | None:
        """Return the next message for this client; None where nothing more comes."""
        most_behind = KEPT if self._seq < self._catching_up_to else MOST_BEHIND
        frame = await self._hub.after(self._seq, most_behind=most_behind)
        if frame is None:
            return None
        self.skipped += max(0, frame.seq - self._seq - 1) if self._seq >= 0 else 0
        self._seq = frame.seq
        return frame
