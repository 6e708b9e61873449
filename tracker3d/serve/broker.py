"""The same states to an MQTT broker, so that a cluster that exists already fans them out.

Topics, below a prefix: ``manifest`` and ``state`` (JSON), ``state/binary``, ``groups`` (JSON), and
``rider/BIB`` with each rider's own row. ``manifest`` and the states are retained: who subscribes late has
them at once. Quality of service is 0, since every state replaces the one before.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import aiomqtt

from tracker3d.errors import InputError
from tracker3d.feed.live import Transport, parse_address
from tracker3d.feed.live.mqtt import broker_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracker3d.serve.hub import Hub
    from tracker3d.serve.wire import Frame

_WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0)
_CONNECT_S = 10.0


class BrokerLink:
    """Publishes to a broker for as long as it takes; one who is away is tried again.

    Parameters
    ----------
    url : str
        ``mqtt(s)://[USER:PASSWORD@]HOST[:PORT]/PREFIX``.
    hub : Hub
    manifest : callable
        Returns the manifest's bytes.

    Attributes
    ----------
    published : int
        States that the broker took.
    trouble : str
        A plain sentence; empty while all is well.

    Raises
    ------
    InputError
        The address is none of a broker, or its prefix is none.
    """

    def __init__(self, url: str, hub: Hub, manifest: Callable[[], bytes]) -> None:
        self.address = parse_address(url)
        self._prefix = self.address.topic.rstrip("/")
        if self.address.transport is not Transport.MQTT or not self._prefix or set(self._prefix) & set("+#$"):
            raise InputError(f"{self.address.shown} is no place at a broker; give mqtt://HOST/PREFIX.")
        self._hub, self._manifest = hub, manifest
        self.published = 0
        self.trouble = ""

    async def run(self) -> None:
        """Publish until cancelled."""
        failures = 0
        while True:
            before = self.published
            try:
                await self._publish_all()
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                self.trouble = (
                    f"The broker at {self.address.shown} cannot be reached ({error}); trying again."
                )
            failures = 0 if self.published > before else failures + 1
            await asyncio.sleep(_WAITS_S[min(failures, len(_WAITS_S) - 1)])

    async def _publish_all(self) -> None:
        async with broker_at(self.address, timeout=_CONNECT_S) as client:
            await client.publish(f"{self._prefix}/manifest", self._manifest(), retain=True)
            follower = self._hub.follow()
            while (frame := await follower.next()) is not None:
                for topic, data, retain in _messages(frame):
                    await client.publish(f"{self._prefix}/{topic}", data, retain=retain)
                self.published += 1
                self.trouble = ""


def _messages(frame: Frame) -> Iterator[tuple[str, bytes, bool]]:
    """Yield topic, data and whether the broker keeps it."""
    document = json.loads(frame.json)
    yield "state", frame.json, True
    yield "state/binary", frame.binary, True
    common = {"id": document["id"], "t": document["t"]}
    yield "groups", _encoded({**common, "groups": document["groups"]}), True
    columns = document["riders"]
    for row, bib in enumerate(columns["bib"]):
        values = {name: column[row] for name, column in columns.items()}
        yield f"rider/{bib}", _encoded({**common, "p": document["p"][str(bib)], **values}), False


def _encoded(document: dict[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
