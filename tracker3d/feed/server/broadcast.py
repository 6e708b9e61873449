"""The playhead of a replayed feed: what is sent when, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tracker3d.feed.server.playlist import bind_of

if TYPE_CHECKING:
    from tracker3d.feed.server.playlist import Playlist

_MOST_WAITING = 500
_REMEMBERED = 6
_DAY_S = 86_400


@dataclass(frozen=True)
class Faults:
    """What goes wrong.

    Attributes
    ----------
    cut_every_s : float
        Streams are cut on this grid of the wall clock, in the middle of a chunk; 0 for never.
    twice : bool
        Every event comes twice within 10 ms.
    replayed : tuple of int
        From how many to how many earlier frames follow the snapshot of a new connection, out of order.
    yesterday : bool
        A new connection is first told a frame of the day before.
    odd_every_s : float
        Bare strings and keep-alive comments come this often; 0 for never.
    crlf : bool
        Lines end with CR LF, and data are spread over several lines.
    refused_share, truncated_share : float
        Of the answers to requests: those that are 503, and those that end too early.
    """

    cut_every_s: float = 0.0
    twice: bool = False
    replayed: tuple[int, int] = (0, 0)
    yesterday: bool = False
    odd_every_s: float = 0.0
    crlf: bool = False
    refused_share: float = 0.0
    truncated_share: float = 0.0


FAULTS = {
    "none": Faults(),
    "real": Faults(cut_every_s=30.0, twice=True, replayed=(2, 4), yesterday=True, odd_every_s=15.0),
    "hard": Faults(
        cut_every_s=5.0,
        twice=True,
        replayed=(2, 4),
        yesterday=True,
        odd_every_s=2.0,
        crlf=True,
        refused_share=0.2,
        truncated_share=0.2,
    ),
}
"""By name: no faults, those measured on the real feed, and worse than any race."""


def day_before(event: bytes) -> list[bytes]:
    """Return what an event of positions was on the day before, on the stage before; none for other events."""
    try:
        whole = msgspec.json.decode(event)
        data = whole["data"]
        data["TimeStamp"] -= _DAY_S
        data["StageId"] = str(int(data["StageId"]) - 100)
    except (msgspec.DecodeError, UnicodeError, RecursionError, LookupError, TypeError, ValueError):
        return []
    return [msgspec.json.encode(whole)]


class Listener:
    """The queue of one client. One who does not keep up loses his connection, and nobody waits for him."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self.lagging = False

    def offer(self, event: bytes) -> None:
        """Put an event into the queue, or note that there is no room."""
        try:
            self.events.put_nowait(event)
        except asyncio.QueueFull:
            self.lagging = True


class Broadcast:
    """Plays a list of events once, for any number of listeners at once.

    Time runs on whether somebody listens or not: what is sent while a client is away he never gets, except
    for the newest event of each bind and the few before it.

    Parameters
    ----------
    playlist : Playlist
    speed : float
        Seconds of the recording in a second.
    faults : Faults
    seed : int
        Of what goes wrong at random.
    """

    def __init__(self, playlist: Playlist, *, speed: float, faults: Faults, seed: int = 0) -> None:
        self._playlist, self._speed = playlist, speed
        self.faults = faults
        self.chance = random.Random(seed)
        self._listeners: set[Listener] = set()
        self._recent: dict[str, deque[bytes]] = {}
        self.played = 0

    def listen(self) -> Listener:
        """Add a listener; what he has to be told first stands in his queue."""
        listener = Listener()
        for event in self._greeting():
            listener.offer(event)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners.discard(listener)

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def newest(self, bind: str) -> bytes | None:
        """Return the newest event of a bind."""
        recent = self._recent.get(bind)
        return recent[-1] if recent else None

    async def play(self) -> None:
        """Send everything when it is due; returns after the last event."""
        begun_s = time.monotonic()
        for due_ms, event in zip(self._playlist.due_ms, self._playlist.events, strict=True):
            wait_s = begun_s + due_ms / 1000.0 / self._speed - time.monotonic()
            # Also where it is late already: others must have their turn.
            await asyncio.sleep(max(wait_s, 0.0))
            self._publish(event)
            self.played += 1

    def _publish(self, event: bytes) -> None:
        self._recent.setdefault(bind_of(event), deque(maxlen=_REMEMBERED)).append(event)
        self._offer_all(event)
        if self.faults.twice:
            again_s = self.chance.uniform(0.0, 0.01)
            asyncio.get_running_loop().call_later(again_s, self._offer_all, event)

    def _offer_all(self, event: bytes) -> None:
        for listener in self._listeners:
            listener.offer(event)

    def _greeting(self) -> list[bytes]:
        events = []
        for recent in self._recent.values():
            if self.faults.yesterday:
                events.extend(day_before(recent[0]))
            events.append(recent[-1])
            count = self.chance.randint(*self.faults.replayed)
            earlier = list(recent)[:-1][-count:] if count else []
            self.chance.shuffle(earlier)
            events.extend(earlier)
        return events
