"""Who may come in: limits on connections and rates, the token, and what every answer says to browsers.

A server that others can reach hands out one address with a token in its path, so that everything the page
asks for carries it, relative links, models and streams alike. On the loopback there is no token, but only
pages of this server may listen, since any web page that the operator visits could ask for 127.0.0.1 too.
"""

from __future__ import annotations

import hmac
import socket
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST_HOSTS = 4096
_CONTENT = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'{styles}; font-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self' blob: data: ws://{host} wss://{host}; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), xr-spatial-tracking=(self)"),
)


@dataclass(frozen=True)
class Limits:
    """What one server bears.

    Attributes
    ----------
    clients : int
        Open connections.
    requests_per_s, burst : float
        Of one address: so many requests a second in the long run, and so many at once.
    message_bytes, messages_per_minute : int
        What a client may send over a WebSocket, where nothing he says is heard.
    buffer_bytes : int
        What the system may hold for a client who is slow: after that he gets newer states instead.
    stalled_s : float
        Who takes nothing for so long is cut off.
    head_s : float
        Within this time after a connection there must be a request.
    """

    clients: int = 2000
    requests_per_s: float = 100.0
    burst: float = 2000.0
    message_bytes: int = 1024
    messages_per_minute: int = 30
    buffer_bytes: int = 262_144
    stalled_s: float = 15.0
    head_s: float = 10.0


class Doorkeeper:
    """Knows all open connections, by the address of the client."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.refused = 0
        self.cut = 0
        self._open: dict[tuple[str, int], asyncio.Transport] = {}
        self._asked: set[tuple[str, int]] = set()
        self._room: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, client: tuple[str, int], transport: asyncio.Transport) -> bool:
        """Take note of a new connection; False where there are too many."""
        if len(self._open) >= self.limits.clients:
            self._sweep()
        if len(self._open) >= self.limits.clients:
            self.refused += 1
            return False
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, self.limits.buffer_bytes
        )
        self._open[client] = transport
        self._asked.discard(client)
        return True

    def hurry(self, client: tuple[str, int], transport: asyncio.Transport) -> None:
        """Cut a connection on which nothing was asked; called some time after it was made."""
        if self._open.get(client) is transport and client not in self._asked:
            self.cut_off(client)

    def may_ask(self, client: tuple[str, int] | None) -> bool:
        """Tell whether an address may have one more answer now."""
        if client is None:
            return True
        self._asked.add(client)
        host, now_s = client[0], time.monotonic()
        room, since_s = self._room.pop(host, (self.limits.burst, now_s))
        room = min(self.limits.burst, room + (now_s - since_s) * self.limits.requests_per_s)
        allowed = room >= 1.0
        self._room[host] = (room - 1.0 if allowed else room, now_s)
        if len(self._room) > _MOST_HOSTS:
            self._room.popitem(last=False)
        self.refused += not allowed
        return allowed

    def cut_off(self, client: tuple[str, int] | None) -> None:
        """End a connection at once: one that takes nothing would never be closed otherwise."""
        transport = self._open.pop(client, None) if client is not None else None
        if transport is not None:
            transport.abort()
            self.cut += 1

    def _sweep(self) -> None:
        self._open = {client: one for client, one in self._open.items() if not one.is_closing()}
        self._asked &= self._open.keys()


class Guard:
    """Answers what may not be asked, and puts headers on what may.

    Parameters
    ----------
    app : ASGIApp
    keeper : Doorkeeper
    token : str
        Empty on the loopback.
    hosts : collection of str
        Names that a browser may know this server by; empty for any.
    styled : collection of str
        Paths of pages whose parts bring styles of their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keeper: Doorkeeper,
        token: str = "",
        hosts: Collection[str] = (),
        styled: Collection[str] = (),
    ) -> None:
        self._app, self._keeper, self._token = app, keeper, token
        self._hosts, self._styled = frozenset(hosts), frozenset(styled)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = self._path(scope["path"], headers)
        refusal = self._refusal(scope, headers, path)
        if refusal and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = PlainTextResponse(refusal[1], refusal[0]) if refusal else self._app
        own_headers = _headers(headers.get("host", ""), styled=path in self._styled)

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *own_headers]
            await send(message)

        await answer({**scope, "path": path, "raw_path": b""}, receive, send_dressed)

    def _path(self, path: str, headers: dict[str, str]) -> str | None:
        """Return the path behind the token; None where the token is not there."""
        if not self._token:
            return path
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self._token):
            return path
        first, slash, rest = path.removeprefix("/").partition("/")
        return f"/{rest}" if slash and _same(first, self._token) else None

    def _refusal(self, scope: Scope, headers: dict[str, str], path: str | None) -> tuple[int, str] | None:
        if not self._keeper.may_ask(scope.get("client")):
            return 429, "Too many requests; wait a little."
        host = headers.get("host", "")
        if self._hosts and (urlsplit(f"//{host}").hostname or "") not in self._hosts:
            return 421, "This server is not known by that name."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "Pages of other servers may not read this one."
        if path is None:
            return 403, "The address lacks its token; scan the code or copy the whole address."
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            return 405, "This server can only be read."
        return None


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _headers(host: str, *, styled: bool) -> list[tuple[bytes, bytes]]:
    # A host that is no host would end the policy early.
    plain = host if all(letter.isalnum() or letter in ".-:[]" for letter in host) else ""
    policy = _CONTENT.format(styles=" 'unsafe-inline'" if styled else "", host=plain)
    return [*_HEADERS, (b"content-security-policy", policy.encode())]


def client_of(transport: asyncio.BaseTransport) -> tuple[str, int] | None:
    """Return the address of who is at the other end."""
    name: Any = transport.get_extra_info("peername")
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) and len(name) >= 2 else None
