"""Messages of an MQTT broker."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import aiomqtt

from tracker3d.feed.live.transport import CONNECT_S, LostError, received
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tracker3d.feed.live.address import Address
    from tracker3d.feed.message import Message

_KEEP_ALIVE_S = 10
_MOST_WAITING = 2_000


def broker_at(address: Address, **options: Any) -> aiomqtt.Client:
    """Return the client of the broker at an address, not yet connected; ``options`` as aiomqtt has them."""
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.user or None,
        password=address.password or None,
        tls_params=aiomqtt.TLSParameters() if address.secure else None,
        **options,
    )


class MqttSource:
    """All topics of a broker that fit a filter, delivered at least once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.dropped: Counter[str] = Counter()

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Connect, subscribe and give messages as they come."""
        address = self._address
        try:
            async with broker_at(
                address,
                timeout=CONNECT_S,
                keepalive=_KEEP_ALIVE_S,
                max_queued_incoming_messages=_MOST_WAITING,
            ) as broker:
                await broker.subscribe(address.topic, qos=1)
                async for message in broker.messages:
                    data = message.payload
                    if not isinstance(data, (bytes, bytearray)) or len(data) > LARGEST_MESSAGE_BYTES:
                        self.dropped["messages of no use"] += 1
                        continue
                    yield received(bytes(data), str(message.topic))
        except aiomqtt.MqttError as error:
            raise LostError(f"cannot be reached ({error})") from error
        except (OSError, ValueError) as error:
            raise LostError(f"cannot be used ({error})") from error

    async def close(self) -> None:
        """Nothing outlives a connection."""
