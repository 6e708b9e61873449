"""One client's stream, over a WebSocket or as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from starlette.websockets import WebSocketDisconnect, WebSocketState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send
    from starlette.websockets import WebSocket

    from tracker3d.serve.guard import Doorkeeper
    from tracker3d.serve.hub import Hub
    from tracker3d.serve.wire import Frame

_RETRY_MS = 1000
_PARTING_S = 0.5
_EVENT_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """Gives the hub's messages to clients, each at his own pace.

    Attributes
    ----------
    listening : int
        Clients now.
    skipped : int
        Messages that slow clients went without.
    """

    def __init__(self, hub: Hub, keeper: Doorkeeper) -> None:
        self._hub, self._keeper = hub, keeper
        self.listening = 0
        self.skipped = 0

    async def websocket(self, socket: WebSocket) -> None:
        """Serve ``/stream``: ``?form=binary`` or JSON text, ``?since=MARK`` to go on after a drop."""
        binary = socket.query_params.get("form") == "binary"
        await socket.accept()

        async def give(frame: Frame) -> None:
            if binary:
                await socket.send_bytes(frame.binary)
            else:
                await socket.send_text(frame.text)

        client = socket.client
        await self.serve(
            socket.query_params.get("since"),
            give,
            self._hear(socket),
            None if client is None else (client.host, client.port),
        )
        if socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
                await socket.close(1001)

    def events(self, request: Request) -> EventStream:
        """Serve ``/events``: the same as server-sent events; browsers resume by themselves."""
        since = request.headers.get("last-event-id") or request.query_params.get("since")
        return EventStream(self, since)

    async def serve(
        self,
        since: str | None,
        give: Callable[[Frame], Awaitable[None]],
        gone: Awaitable[None],
        client: tuple[str, int] | None,
    ) -> None:
        """Send until the client is gone, or takes nothing any more and is cut off."""
        self.listening += 1
        sending = asyncio.ensure_future(self._send_all(since, give, client))
        hearing = asyncio.ensure_future(gone)
        try:
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.listening -= 1
            for task in (sending, hearing):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, RuntimeError, WebSocketDisconnect):
                await asyncio.gather(sending, hearing)

    async def _send_all(
        self, since: str | None, give: Callable[[Frame], Awaitable[None]], client: tuple[str, int] | None
    ) -> None:
        follower = self._hub.follow(since)
        try:
            while (frame := await follower.next()) is not None:
                async with asyncio.timeout(self._keeper.limits.stalled_s):
                    await give(frame)
        except TimeoutError:
            self._keeper.cut_off(client)
        finally:
            self.skipped += follower.skipped

    async def _hear(self, socket: WebSocket) -> None:
        """Wait until a client goes; one who talks much is shown out."""
        heard, since_s = 0, time.monotonic()
        while (await socket.receive())["type"] != "websocket.disconnect":
            heard += 1
            if time.monotonic() - since_s > 60.0:
                heard, since_s = 1, time.monotonic()
            if heard > self._keeper.limits.messages_per_minute:
                await socket.close(1008, "This stream is only to be read.")
                return


class EventStream:
    """An answer that goes on as long as the client listens."""

    def __init__(self, streams: Streams, since: str | None) -> None:
        self._streams, self._since = streams, since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""

        async def give_bytes(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        async def give(frame: Frame) -> None:
            await give_bytes(frame.event)

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        await send({"type": "http.response.start", "status": 200, "headers": list(_EVENT_HEADERS)})
        await give_bytes(f"retry: {_RETRY_MS}\n\n".encode())
        await self._streams.serve(self._since, give, gone(), scope.get("client"))
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PARTING_S):
                await send({"type": "http.response.body", "body": b""})
