"""One message of a live feed, as it was received."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

LARGEST_MESSAGE_BYTES = 16_000_000
"""No message is kept beyond this: a frame of 200 riders has 0.03 MB."""

_TAGGED_SENTENCE = re.compile(rb"(\\[^\\]{0,80}\\|\d{1,6}[ ,;:])?[$!]")


class Shape(enum.Enum):
    """What the bytes of a message look like, told by how they begin."""

    EVENT = "a Race Center event or document"
    LINES = "our own JSON lines"
    NMEA = "NMEA sentences"


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes as they came from the network, before anybody looked at them.

    Attributes
    ----------
    receive_ms : int
        When they were received, milliseconds since 1970 UTC by this machine's clock.
    data : bytes
        One event, document, datagram or line.
    topic : str
        What the transport says beside the data: the MQTT topic, the ``bib`` of a UDP address, or nothing.
    """

    receive_ms: int
    data: bytes
    topic: str = ""


def shape_of(data: bytes) -> Shape:
    """Tell by the first bytes which decoder a message is for."""
    head = data[:256].lstrip()
    if _TAGGED_SENTENCE.match(head):
        return Shape.NMEA
    if head.startswith(b"{") and b'"bib"' in head and b'"bind"' not in head:
        return Shape.LINES
    return Shape.EVENT
