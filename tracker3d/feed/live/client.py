"""The live client: a worker thread that keeps a connection alive and hands over what comes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker3d.feed.live.address import Address, Transport, parse_address
from tracker3d.feed.live.transport import LostError, OverError, Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tracker3d.feed.live.transport import Source
    from tracker3d.feed.message import Message
    from tracker3d.feed.recorder import Recorder, RecorderState

_MOST_WAITING = 20_000
_MOST_WAITING_BYTES = 64_000_000
_RATE_SPAN_S = 30


@dataclass(frozen=True)
class Health:
    """How a live feed is, at one moment.

    Attributes
    ----------
    connected : bool
        Something has come over the present connection.
    ended : bool
        The source is over (the end of standard input), or the client was closed.
    messages, bytes_received : int
        Since the beginning.
    rate_per_s : float
        Messages a second over the last half minute.
    quiet_s : float or None
        Since the last message; None before the first.
    connections : int
        How many have delivered something.
    longest_pause_s : float
        The longest wait between the end of a connection that delivered something and the next attempt.
    dropped : dict of str to int
        Messages that were received and not handed over, by cause.
    trouble : str
        Why nothing comes, a sentence; empty while all is well. The end of a connection that delivered
        something is no trouble: such servers cut, and the next connection is opened at once.
    recording : RecorderState or None
        Where the feed is recorded.
    """

    connected: bool = False
    ended: bool = False
    messages: int = 0
    bytes_received: int = 0
    rate_per_s: float = 0.0
    quiet_s: float | None = None
    connections: int = 0
    longest_pause_s: float = 0.0
    dropped: dict[str, int] = field(default_factory=dict)
    trouble: str = ""
    recording: RecorderState | None = None


def open_live(url: str, *, recorder: Recorder | None = None, source: Source | None = None) -> LiveFeed:
    """Connect to a live feed and stay connected until closed.

    Parameters
    ----------
    url : str
        As :func:`~tracker3d.feed.live.address.parse_address` reads it.
    recorder : Recorder, optional
        Every message is handed to it as it comes, before anything else. It stays the caller's to close.
    source : Source, optional
        Instead of the one that the address asks for.

    Returns
    -------
    LiveFeed
        At once: whether the feed can be reached is told by :attr:`LiveFeed.health`, never raised, because a
        feed that is away now may be back in a moment.

    Raises
    ------
    InputError
        ``url`` is no address of a feed.
    """
    address = parse_address(url)
    return LiveFeed(address, source or _source_of(address), recorder=recorder)


class LiveFeed:
    """A live feed that is kept alive by a worker thread; see :func:`open_live`.

    Messages wait in a bounded queue. Where nobody takes them the oldest are dropped and counted, so that
    memory stays flat and the newest are always there.
    """

    def __init__(self, address: Address, source: Source, *, recorder: Recorder | None = None) -> None:
        self.address = address
        self._source, self._recorder = source, recorder
        self._patience = Patience()
        self._waiting: deque[Message] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._connected = self._ended = self._closing = False
        self._messages = self._bytes = self._connections = 0
        self._longest_pause_s = 0.0
        self._dropped: Counter[str] = Counter()
        self._trouble = f"Connecting to {address.shown}."
        self._last_s: float | None = None
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_RATE_SPAN_S + 1)
        self._begun_s = time.monotonic()
        self._stop: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)
        self._thread.start()

    def __enter__(self) -> LiveFeed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, *, timeout_s: float = 0.0) -> list[Message]:
        """Return all messages that wait, in the order received.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the first where there is none. It is not waited for after the end.
        """
        with self._changed:
            if not self._waiting and timeout_s > 0.0:
                self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            taken, self._waiting = list(self._waiting), deque()
            self._waiting_bytes = 0
        return taken

    @property
    def health(self) -> Health:
        """How the feed is now; may be asked from any thread."""
        now_s = time.monotonic()
        with self._changed:
            since = int(now_s) - _RATE_SPAN_S
            recent = sum(count for second, count in self._seconds if second > since)
            return Health(
                connected=self._connected,
                ended=self._ended,
                messages=self._messages,
                bytes_received=self._bytes,
                rate_per_s=recent / min(max(now_s - self._begun_s, 1.0), _RATE_SPAN_S),
                quiet_s=None if self._last_s is None else now_s - self._last_s,
                connections=self._connections,
                longest_pause_s=self._longest_pause_s,
                dropped=dict(self._dropped + self._source.dropped),
                trouble=self._trouble,
                recording=None if self._recorder is None else self._recorder.state,
            )

    def close(self) -> None:
        """End the connection and the worker; messages that wait can still be taken."""
        with self._changed:
            self._closing = True
            stop = self._stop
        if stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself meanwhile
                stop()
        self._thread.join()

    def _run(self) -> None:
        # paho-mqtt watches sockets, which the usual loop of Windows cannot.
        factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
        try:
            with asyncio.Runner(loop_factory=factory) as runner, contextlib.suppress(asyncio.CancelledError):
                runner.run(self._stay_connected())
        finally:
            with self._changed:
                self._connected, self._ended = False, True
                self._changed.notify_all()

    async def _stay_connected(self) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        with self._changed:
            self._stop = functools.partial(loop.call_soon_threadsafe, task.cancel)
            if self._closing:
                return
        try:
            while True:
                delivered = await self._listen()
                ended_s = time.monotonic()
                await asyncio.sleep(self._patience.pause_s(delivered=delivered))
                if delivered:
                    with self._changed:
                        paused_s = time.monotonic() - ended_s
                        self._longest_pause_s = max(self._longest_pause_s, paused_s)
        except OverError:
            with self._changed:
                self._trouble = f"{self.address.shown} has ended."
        finally:
            await self._source.close()

    async def _listen(self) -> bool:
        """Stay with one connection to its end; tells whether anything came over it."""
        delivered, reason = False, "ended the connection"
        try:
            async with contextlib.aclosing(self._source.arrivals()) as arrivals:
                async for message in arrivals:
                    if not delivered:
                        delivered = True
                        self._begin()
                    if message is not None:
                        self._accept(message)
        except OverError:
            raise
        except LostError as error:
            reason = str(error)
        except Exception as error:  # whatever a library comes up with: the show goes on
            reason = f"broke off ({error!r})"
        with self._changed:
            self._connected = False
            if not delivered:
                self._trouble = f"{self.address.shown} {reason}; trying again."
        return delivered

    def _begin(self) -> None:
        with self._changed:
            self._connected, self._trouble = True, ""
            self._connections += 1

    def _accept(self, message: Message) -> None:
        if self._recorder is not None:
            self._recorder.write(message)
        now_s = time.monotonic()
        with self._changed:
            self._messages += 1
            self._bytes += len(message.data)
            self._last_s = now_s
            second, count = self._seconds[-1] if self._seconds else (-1, 0)
            if second == int(now_s):
                self._seconds[-1] = (second, count + 1)
            else:
                self._seconds.append((int(now_s), 1))
            self._waiting.append(message)
            self._waiting_bytes += len(message.data)
            while len(self._waiting) > _MOST_WAITING or self._waiting_bytes > _MOST_WAITING_BYTES:
                self._waiting_bytes -= len(self._waiting.popleft().data)
                self._dropped["messages that nobody took in time"] += 1
            self._changed.notify_all()


def _source_of(address: Address) -> Source:
    """Load only the library that the address needs."""
    if address.transport is Transport.HTTP:
        from tracker3d.feed.live.http import HttpSource

        return HttpSource(address)
    if address.transport is Transport.WEBSOCKET:
        from tracker3d.feed.live.websocket import WebSocketSource

        return WebSocketSource(address)
    if address.transport is Transport.MQTT:
        from tracker3d.feed.live.mqtt import MqttSource

        return MqttSource(address)
    if address.transport is Transport.UDP:
        from tracker3d.feed.live.udp import UdpSource

        return UdpSource(address)
    from tracker3d.feed.live.stdin import LineSource

    return LineSource()
