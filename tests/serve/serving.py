"""A server in a thread, and the clients that tests need."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from websockets.sync.client import connect

from tracker3d.serve import ReplaySource, StageServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.sync.client import ClientConnection

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    server: StageServer
    port: int
    prefix: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.prefix}"

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, **arguments)

    @contextlib.contextmanager
    def listen(self, query: str = "", **arguments: Any) -> Iterator[ClientConnection]:
        url = f"ws://127.0.0.1:{self.port}/{self.prefix}stream{query}"
        with connect(url, open_timeout=10, **arguments) as stream:
            yield stream

    def stalled(self) -> socket.socket:
        """A client who asks for the stream and never reads it, with little room for what he does not read."""
        quiet = socket.socket()
        quiet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        quiet.connect(("127.0.0.1", self.port))
        quiet.sendall(
            f"GET /{self.prefix}stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        return quiet


@dataclass(frozen=True)
class Small:
    """A scene and its race."""

    scene: StageScene
    race: Race

    @contextlib.contextmanager
    def serve(
        self, *, speed: float = 10.0, loop: bool = False, prefix: str = "", port: int = 0, **arguments: Any
    ) -> Iterator[Served]:
        source = ReplaySource(self.race, speed=speed, loop=loop)
        server = StageServer(self.scene, source, live=False, **arguments)
        with running(server, port=port) as open_port:
            yield Served(server, open_port, prefix)


@contextlib.contextmanager
def running(server: StageServer, *, port: int = 0) -> Iterator[int]:
    """Run a server in a thread; yields its port."""
    ready, ports = threading.Event(), []

    def note(open_port: int) -> None:
        ports.append(open_port)
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(server.run("127.0.0.1", port, ready=note)))
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield ports[0]
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"


def states(stream: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [json.loads(stream.recv(timeout=10)) for _ in range(count)]


def wait_until(holds: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come about in time"
        time.sleep(0.02)
