"""The server itself: server-sent events, REST and WebSocket on one port."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tracker3d.errors import MachineError
from tracker3d.feed.server.broadcast import Broadcast, Faults, Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.feed.server.playlist import Playlist

_LARGEST_HEAD_BYTES = 16_384
_HEAD_S = 10.0
_SEND_S = 10.0
_MOST_CLIENTS = 200
_ODD = (b"keep-alive", b"server restarting", b'"ping"')
_INDEX = b"""A recorded race, replayed as a live feed by tracker3d.

/live-stream   server-sent events, and the same over a WebSocket
/api/BIND      the newest document of a bind, such as telemetryCompetitor-2026
"""


class FeedServer:
    """Replays a playlist to whoever connects. The playhead starts with the first client.

    Parameters
    ----------
    playlist, speed, faults, seed
        See :class:`Broadcast`; no faults unless given.
    sent : callable, optional
        Called with every event that was handed to a stream whole.
    """

    def __init__(
        self,
        playlist: Playlist,
        *,
        speed: float = 1.0,
        faults: Faults | None = None,
        seed: int = 0,
        sent: Callable[[bytes], None] | None = None,
    ) -> None:
        self._broadcast = Broadcast(playlist, speed=speed, faults=faults or Faults(), seed=seed)
        self._faults = self._broadcast.faults
        self._chance = self._broadcast.chance
        self._rest = playlist.rest
        self._sent = sent or (lambda _: None)
        self._awaited = asyncio.Event()
        self._clients: set[asyncio.Task[None] | None] = set()

    async def run(
        self,
        host: str,
        port: int,
        *,
        ready: Callable[[int], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Serve until cancelled.

        Parameters
        ----------
        host : str
            Loopback, unless others shall reach it.
        port : int
            0 for any that is free.
        ready : callable, optional
            Called with the port as soon as clients may come.
        ended : callable, optional
            Called after the last event; clients stay connected.

        Raises
        ------
        MachineError
            The port cannot be opened.
        """
        try:
            server = await asyncio.start_server(self._meet, host, port, limit=_LARGEST_HEAD_BYTES)
        except OSError as error:
            raise MachineError(
                f"Port {port} of {host} cannot be opened ({error.strerror}); choose another with --port."
            ) from error
        try:
            if ready is not None:
                ready(server.sockets[0].getsockname()[1])
            await self._awaited.wait()
            await self._broadcast.play()
            if ended is not None:
                ended()
            await asyncio.Event().wait()
        finally:
            server.close()
            clients = [task for task in self._clients if task is not None]
            for task in clients:
                task.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection; whatever a client does costs nobody but him."""
        self._clients.add(asyncio.current_task())
        try:
            if len(self._clients) <= _MOST_CLIENTS:
                async with asyncio.timeout(_HEAD_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head, reader, writer)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, WebSocketException):
            writer.transport.abort()
        except asyncio.CancelledError:
            # Only the end of the server does this; asyncio would complain of each client.
            writer.transport.abort()
        finally:
            self._clients.discard(asyncio.current_task())
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method != "GET":
            await _send_answer(writer, "405 Method Not Allowed", b"")
            return
        self._awaited.set()
        if b"upgrade: websocket" in head.lower():
            await self._talk(head, reader, writer)
        elif path == "/live-stream":
            await self._stream(writer)
        elif path == "/":
            await _send_answer(writer, "200 OK", _INDEX, kind="text/plain")
        else:
            await self._give_document(path, writer)

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        async with _Listening(self._broadcast) as listener:
            pace = _Pace(self._faults)
            while not listener.lagging:
                event = await _next_event(listener, pace.wait_s())
                if pace.is_cut():
                    # In the middle of a chunk, as the real server does it.
                    chunk = _chunk(self._framed(event or self._chance.choice(_ODD)))
                    writer.write(chunk[: len(chunk) // 2])
                    return
                if event is not None:
                    writer.write(_chunk(self._framed(event)))
                elif pace.is_odd():
                    odd = self._chance.choice(_ODD)
                    writer.write(_chunk(b": still here\n\n" + self._framed(odd)))
                await _drain(writer)
                if event is not None:
                    self._sent(event)

    def _framed(self, event: bytes) -> bytes:
        """Return the lines of one event of the stream."""
        if not self._faults.crlf:
            return b"event: update\ndata: " + event + b"\n\n"
        # Between two tokens JSON may be broken into lines, which the parser joins again.
        break_at = event.find(b',"')
        parts = (event[: break_at + 1], event[break_at + 1 :]) if break_at > 0 else (event,)
        lines = b"\r\n".join(b"data: " + part for part in parts)
        return b"event: update\r\n" + lines + b"\r\n\r\n"

    async def _talk(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(head)
        requests = [event for event in protocol.events_received() if isinstance(event, Request)]
        if requests:
            protocol.send_response(protocol.accept(requests[0]))
        _flush(protocol, writer)
        answering = asyncio.create_task(_hear(protocol, reader, writer))
        try:
            async with _Listening(self._broadcast) as listener:
                pace = _Pace(self._faults)
                while not (listener.lagging or answering.done()):
                    event = await _next_event(listener, pace.wait_s())
                    if pace.is_cut():
                        return
                    if event is None and pace.is_odd():
                        protocol.send_text(self._chance.choice(_ODD))
                    elif event is not None and not answering.done():
                        protocol.send_text(event)
                    _flush(protocol, writer)
                    await _drain(writer)
                    if event is not None:
                        self._sent(event)
        finally:
            answering.cancel()

    async def _give_document(self, path: str, writer: asyncio.StreamWriter) -> None:
        if self._chance.random() < self._faults.refused_share:
            await _send_answer(writer, "503 Service Unavailable", b"")
            return
        document = self._document(path)
        if document is None:
            await _send_answer(writer, "204 No Content", b"")
            return
        short = len(document) // 3 if self._chance.random() < self._faults.truncated_share else 0
        if short and self._chance.random() < 0.5:
            # Cut off before its length was taken: only its end shows it.
            document, short = document[:-short], 0
        await _send_answer(writer, "200 OK", document, short=short)

    def _document(self, path: str) -> bytes | None:
        """Return what stands at a path, an array even for one document; None where there is nothing."""
        if path == "/trace.json":
            return _encoded(self._rest.get("trace"))
        bind = path.removeprefix("/api/")
        event = self._broadcast.newest(bind) if bind != path else None
        if event is not None:
            data = msgspec.json.decode(event, type=dict[str, msgspec.Raw]).get("data", msgspec.Raw(b"null"))
            return b"[" + bytes(data) + b"]"
        riders, teams = self._rest.get("riders"), self._rest.get("teams")
        stages = self._rest.get("stages")
        found = {
            "allCompetitors": [*(riders or ()), *(teams or ())],
            "team": teams,
            "stage": list(stages.values()) if isinstance(stages, dict) else stages,
            "checkpoint": self._rest.get("checkpoints"),
        }.get(bind.partition("-")[0])
        return _encoded(found)


class _Listening:
    """A listener for as long as a connection lasts."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    async def __aenter__(self) -> Listener:
        self._listener = self._broadcast.listen()
        return self._listener

    async def __aexit__(self, *_: object) -> None:
        self._broadcast.leave(self._listener)


class _Pace:
    """When a connection is cut, and when something odd comes."""

    def __init__(self, faults: Faults) -> None:
        now_s = time.time()
        period_s, self._odd_s = faults.cut_every_s, faults.odd_every_s
        self._cut_s = (now_s // period_s + 1.0) * period_s if period_s else float("inf")
        self._next_odd_s = now_s + self._odd_s if self._odd_s else float("inf")

    def wait_s(self) -> float | None:
        until_s = min(self._cut_s, self._next_odd_s)
        return None if until_s == float("inf") else max(until_s - time.time(), 0.0)

    def is_cut(self) -> bool:
        return time.time() >= self._cut_s

    def is_odd(self) -> bool:
        if time.time() < self._next_odd_s:
            return False
        self._next_odd_s = time.time() + self._odd_s
        return True


async def _next_event(listener: Listener, wait_s: float | None) -> bytes | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            return await listener.events.get()
    return None


async def _drain(writer: asyncio.StreamWriter) -> None:
    # Not wait_for: up to Python 3.11 it swallows a cancellation that comes with the last byte.
    async with asyncio.timeout(_SEND_S):
        await writer.drain()


async def _hear(protocol: ServerProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer pings and the close of a WebSocket until the other side is gone."""
    while data := await reader.read(65_536):
        protocol.receive_data(data)
        protocol.events_received()
        _flush(protocol, writer)
        if protocol.close_expected():
            return


def _flush(protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
    for data in protocol.data_to_send():
        if data:
            writer.write(data)


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def _encoded(document: Any) -> bytes | None:
    return msgspec.json.encode(document) if document else None


async def _send_answer(
    writer: asyncio.StreamWriter, status: str, body: bytes, *, kind: str = "application/json", short: int = 0
) -> None:
    """Answer with a whole body, or one that is ``short`` of some bytes that its length promises."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body[: len(body) - short])
    await _drain(writer)
