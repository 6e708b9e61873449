"""Datagrams of trackers on the network: JSON lines and NMEA sentences."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

from tracker3d.feed.live.transport import LostError, received

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tracker3d.feed.live.address import Address
    from tracker3d.feed.message import Message

_MOST_WAITING = 10_000
_RECEIVE_BUFFER_BYTES = 4_000_000


class UdpSource:
    """Whatever arrives at a port of this machine, or is sent to a multicast group."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.dropped: Counter[str] = Counter()

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Open the port and give datagrams as they come."""
        mailbox = _Mailbox(self._address.topic, self.dropped)
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: mailbox, sock=_bound_socket(self._address.host, self._address.port)
            )
        except OSError as error:
            raise LostError(f"cannot be opened on this machine ({error.strerror or error})") from error
        try:
            while True:
                yield await mailbox.waiting.get()
        finally:
            transport.close()

    async def close(self) -> None:
        """Nothing outlives the open port."""


class _Mailbox(asyncio.DatagramProtocol):
    def __init__(self, topic: str, dropped: Counter[str]) -> None:
        self._topic, self._dropped = topic, dropped
        self.waiting: asyncio.Queue[Message] = asyncio.Queue(_MOST_WAITING)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self.waiting.full():
            self._dropped["datagrams that came too fast"] += 1
        elif data:
            self.waiting.put_nowait(received(data, self._topic))


def _bound_socket(host: str, port: int) -> socket.socket:
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        group = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if group.is_multicast and family is socket.AF_INET:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(("", port))
            joined = struct.pack("4s4s", group.packed, socket.inet_aton("0.0.0.0"))  # noqa: S104
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        else:
            opened.bind(place)
    except BaseException:
        opened.close()
        raise
    return opened
