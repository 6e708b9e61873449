"""Addresses of live feeds, as people type them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from tracker3d.errors import InputError


class Transport(enum.Enum):
    """How messages come."""

    HTTP = "HTTP"
    WEBSOCKET = "WebSocket"
    MQTT = "MQTT"
    UDP = "UDP"
    STDIN = "standard input"


_TRANSPORTS = {
    "http": Transport.HTTP,
    "https": Transport.HTTP,
    "ws": Transport.WEBSOCKET,
    "wss": Transport.WEBSOCKET,
    "mqtt": Transport.MQTT,
    "mqtts": Transport.MQTT,
    "udp": Transport.UDP,
}
_USUAL_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "mqtt": 1883, "mqtts": 8883, "udp": 0}
_FORMS = "http(s)://, ws(s)://, mqtt(s)://HOST/TOPIC, udp://HOST:PORT, or - for standard input"


@dataclass(frozen=True)
class Address:
    """Where a live feed comes from.

    Attributes
    ----------
    transport : Transport
    url : str
        As typed.
    host : str
    port : int
    secure : bool
        Over TLS.
    user, password : str
        Empty where there are none.
    topic : str
        MQTT: the topic filter. UDP: the bib of trackers that do not say theirs.
    """

    transport: Transport
    url: str
    host: str = ""
    port: int = 0
    secure: bool = False
    user: str = ""
    password: str = ""
    topic: str = ""

    @property
    def shown(self) -> str:
        """The address without what must not be shown or recorded: user, password and query."""
        if self.transport is Transport.STDIN:
            return "standard input"
        parts = urlsplit(self.url, allow_fragments=False)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, place, parts.path, "", ""))


def parse_address(text: str) -> Address:
    """Read the address of a live feed.

    Parameters
    ----------
    text : str
        ``https://HOST/live-stream`` (server-sent events; what answers with a document is polled),
        ``ws://HOST/PATH``, ``mqtt://USER:PASSWORD@HOST:PORT/TOPIC/+/FILTER``, ``udp://HOST:PORT`` (an address
        of this machine or a multicast group; ``?bib=34`` for a tracker that does not say its bib), ``-``.

    Raises
    ------
    InputError
        It is none of these.
    """
    text = text.strip()
    if text in ("-", "stdin:"):
        return Address(Transport.STDIN, text)
    try:
        parts = urlsplit(text, allow_fragments=False)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"{text} is no address of a feed ({error}); give {_FORMS}.") from error
    if scheme not in _TRANSPORTS or not host:
        raise InputError(f"{text} is no address of a feed; give {_FORMS}.")
    transport = _TRANSPORTS[scheme]
    topic = ""
    if transport is Transport.MQTT:
        query = f"?{parts.query}" if parts.query else ""
        topic = unquote(parts.path.removeprefix("/") + query)
        if not topic:
            raise InputError(f"{text} names no topic; add one, such as mqtt://{host}/race/#.")
    elif transport is Transport.UDP:
        if port is None:
            raise InputError(f"{text} names no port; add one, such as udp://{host}:10110.")
        topic = parse_qs(parts.query).get("bib", [""])[0]
    return Address(
        transport,
        text,
        host=host,
        port=_USUAL_PORTS[scheme] if port is None else port,
        secure=scheme.endswith("s"),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        topic=topic,
    )
