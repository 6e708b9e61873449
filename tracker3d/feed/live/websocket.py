"""Messages over a WebSocket."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tracker3d.feed.live.transport import CONNECT_S, LostError, received
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tracker3d.feed.live.address import Address
    from tracker3d.feed.message import Message

_PING_S = 10.0


class WebSocketSource:
    """A WebSocket that sends one message of the feed in each of its own."""

    def __init__(self, address: Address) -> None:
        self._url = address.url
        self.dropped: Counter[str] = Counter()

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Connect and give messages as they come."""
        try:
            async with connect(
                self._url,
                open_timeout=CONNECT_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                close_timeout=1.0,
                max_size=LARGEST_MESSAGE_BYTES,
                max_queue=64,
            ) as socket:
                while True:
                    data = await socket.recv()
                    yield received(data.encode() if isinstance(data, str) else data)
        except ConnectionClosed as error:
            raise LostError("closed the connection") from error
        except TimeoutError as error:
            raise LostError("does not answer") from error
        except (OSError, WebSocketException) as error:
            raise LostError(f"cannot be reached ({error})") from error

    async def close(self) -> None:
        """Nothing outlives a connection."""
