"""The server of one race: makes the states, and gives them, the stage and the page to clients."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from tracker3d.errors import MachineError
from tracker3d.export.sizes import Sizes
from tracker3d.scene.memory import SceneMemory
from tracker3d.serve import stage_files
from tracker3d.serve.ar_model import MovableModel, NewestUsdz
from tracker3d.serve.broker import BrokerLink
from tracker3d.serve.guard import Doorkeeper, Guard, Limits, client_of
from tracker3d.serve.hub import Hub
from tracker3d.serve.page_files import HOW_TO_BUILD, page_files
from tracker3d.serve.qr import qr_svg
from tracker3d.serve.stage_files import StageFile
from tracker3d.serve.states import snapshot_of
from tracker3d.serve.streaming import EventStream, Streams
from tracker3d.serve.wire import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tracker3d.scene.model import StageScene
    from tracker3d.serve.sources import Moment, RaceSource
    from tracker3d.stage.model import Stage

_BACKLOG = 2048
_KEEP_ALIVE_S = 20
_OTHER_FILES = 256
_ALWAYS_HOSTS = ("localhost", "127.0.0.1", "::1")


class StageServer:
    """Serves one race on its stage.

    Parameters
    ----------
    scene : StageScene
    source : RaceSource
    live : bool
        For the manifest: whether the source is a race that goes on.
    interval_s : float
        Between two states, on the wall clock.
    token : str
        What others in the network must know; empty on the loopback.
    broker : str | None
        Where states go besides, ``mqtt://HOST/PREFIX``.
    limits : Limits

    Attributes
    ----------
    hub : Hub
    page_built : bool

    Raises
    ------
    InputError
        The broker's address cannot be used.
    """

    def __init__(
        self,
        scene: StageScene,
        source: RaceSource,
        *,
        live: bool,
        interval_s: float = 1.0,
        token: str = "",
        broker: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._scene, self._source, self._live, self._interval_s = scene, source, live, interval_s
        self._token = token
        self._run = int.from_bytes(os.urandom(4), "little")
        self._seq = 0
        self._faults = 0
        self._server: _Server | None = None
        self.hub = Hub()
        self._keeper = Doorkeeper(limits or Limits())
        self._streams = Streams(self.hub, self._keeper)
        rider_m = Sizes.of(scene.road).rider_m
        self._movable = MovableModel(stage_files.table_model(scene), rider_m=rider_m)
        self._usdz = NewestUsdz()
        page = page_files()
        self.page_built = bool(page)
        self._files = {
            **page,
            "stage.glb": StageFile.of("model/gltf-binary", stage_files.stage_model(scene)),
            "road.bin": StageFile.of("application/octet-stream", stage_files.road(scene)),
            "relief.bin": StageFile.of("application/octet-stream", stage_files.relief(scene)),
        }
        self._files["manifest.json"] = StageFile.of("application/json", self._manifest())
        self._broker = None if broker is None else BrokerLink(broker, self.hub, self._manifest)

    def _names(self) -> list[str]:
        made = ["race.glb", *(["race.usdz"] if stage_files.usdz_possible() else [])]
        return sorted([*self._files, *made])

    def _manifest(self) -> bytes:
        document = stage_files.manifest(
            self._scene, live=self._live, interval_s=self._interval_s, files=self._names()
        )
        return stage_files.encoded(document)

    @property
    def health(self) -> dict[str, Any]:
        """What goes on, as ``/health`` tells it."""
        newest = self.hub.newest
        return {
            "clients": self._streams.listening,
            "states": self._seq,
            "newest_ms": None if newest is None else newest.snapshot.time_ms,
            "skipped": self._streams.skipped,
            "cut": self._keeper.cut,
            "refused": self._keeper.refused,
            "faults": self._faults,
            "feed": self._source.trouble,
            "broker": "" if self._broker is None else self._broker.trouble,
        }

    async def run(self, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
        """Serve until interrupted, or until :meth:`stop`.

        Parameters
        ----------
        host : str
        port : int
            0 for any that is free.
        ready : callable, optional
            Called with the port as soon as clients may come.

        Raises
        ------
        MachineError
            The port cannot be opened.
        """
        _allow_files(self._keeper.limits.clients)
        listener = _listener(host, port)
        open_port = int(listener.getsockname()[1])
        address = shown_address(host, open_port, self._token)
        self._files["qr.svg"] = StageFile.of("image/svg+xml", qr_svg(f"{address}ar.html"))
        self._server = server = _Server(self._config(host), self.hub)
        helpers = [asyncio.create_task(self._tick())]
        if self._broker is not None:
            helpers.append(asyncio.create_task(self._broker.run()))
        try:
            if ready is not None:
                ready(open_port)
            await server.serve(sockets=[listener])
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            listener.close()

    def stop(self) -> None:
        """End :meth:`run` within a second or two; from any thread."""
        if self._server is not None:
            self._server.should_exit = True

    def _config(self, host: str) -> uvicorn.Config:
        limits = self._keeper.limits
        return uvicorn.Config(
            self.app(host),
            http=cast("type[asyncio.Protocol]", partial(_Door, self._keeper)),
            ws="websockets-sansio",
            ws_max_size=limits.message_bytes,
            ws_per_message_deflate=False,
            backlog=_BACKLOG,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
        )

    def app(self, host: str = "127.0.0.1") -> Guard:
        """Return the ASGI application."""
        routes = [
            WebSocketRoute("/stream", self._streams.websocket),
            Route("/events", self._give_events),
            Route("/state.json", self._give_state),
            Route("/race.glb", self._give_race),
            Route("/race.usdz", self._give_usdz),
            Route("/health", self._give_health),
            Route("/{name:path}", self._give_file),
        ]
        return Guard(
            Starlette(routes=routes),
            keeper=self._keeper,
            token=self._token,
            hosts=() if self._token else {*_ALWAYS_HOSTS, host},
            styled=("/ar.html",),
        )

    async def _tick(self) -> None:
        """Publish a state each interval; what goes wrong with one costs that one only."""
        next_s = time.monotonic()
        while True:
            try:
                await self._publish(self._source.moment(time.monotonic()))
            except Exception:  # a show goes on
                self._faults += 1
            now_s = time.monotonic()
            next_s = max(next_s + self._interval_s, now_s)
            await asyncio.sleep(next_s - now_s)

    async def _publish(self, moment: Moment | None) -> None:
        if moment is None:
            return
        if self._source.stage is not self._scene.stage:
            self._take_stage(self._source.stage)
        snapshot = await asyncio.to_thread(snapshot_of, self._scene, moment.race, moment.time_ms)
        self._seq += 1
        self.hub.publish(
            Frame(
                snapshot,
                run=self._run,
                seq=self._seq,
                sent_ms=round(time.time() * 1000),
                delay_ms=moment.delay_ms,
                speed=moment.speed,
                lap=moment.lap,
                ended=moment.ended,
            )
        )

    def _take_stage(self, stage: Stage) -> None:
        """Somebody new has sent a position: the manifest names him from now on."""
        self._scene = dataclasses.replace(self._scene, stage=stage, memory=SceneMemory())
        self._files["manifest.json"] = StageFile.of("application/json", self._manifest())

    async def _give_events(self, request: Request) -> EventStream:
        return self._streams.events(request)

    async def _give_state(self, _: Request) -> Response:
        newest = self.hub.newest
        if newest is None:
            return Response(status_code=204)
        return Response(newest.json, media_type="application/json", headers={"cache-control": "no-store"})

    async def _give_race(self, _: Request) -> Response:
        """Give the stage on a table with the riders where they are now."""
        newest = self.hub.newest
        if newest is None:
            return PlainTextResponse("There is no race yet.", 503)
        data = self._movable.at(newest.snapshot)
        return Response(data, media_type="model/gltf-binary", headers={"cache-control": "no-store"})

    async def _give_usdz(self, _: Request) -> Response:
        """Give the same for iOS; made once for all who ask within a minute."""
        moment = self._source.moment(time.monotonic())
        if not stage_files.usdz_possible():
            return PlainTextResponse("This server cannot write USDZ; it lacks usd-core.", 404)
        if moment is None:
            return PlainTextResponse("There is no race yet.", 503)
        data = await self._usdz.of(self._scene, moment.race, moment.time_ms)
        return Response(data, media_type="model/vnd.usdz+zip", headers={"cache-control": "no-store"})

    async def _give_health(self, _: Request) -> Response:
        return Response(json.dumps(self.health), media_type="application/json")

    async def _give_file(self, request: Request) -> Response:
        name = request.path_params["name"] or "index.html"
        file = self._files.get(name)
        if name == "ar":
            return RedirectResponse("ar.html")
        if file is None and name == "index.html":
            return PlainTextResponse(f"{HOW_TO_BUILD}\n", 503)
        if file is None:
            return PlainTextResponse("There is nothing of that name.", 404)
        return _answer(file, request)


def _answer(file: StageFile, request: Request) -> Response:
    """Give a file, packed to those who can unpack it, and only to those who do not have it yet."""
    mark = f'"{hashlib.sha256(file.data).hexdigest()[:32]}"'
    headers = {"etag": mark, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    data = file.data
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        data, headers["content-encoding"] = file.packed, "gzip"
    return Response(data, media_type=file.media_type, headers=headers)


class _Server(uvicorn.Server):
    """Ends the streams before it waits for clients to go."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the streams, then everything else."""
        self._hub.close()
        await super().shutdown(sockets)


class _Door(H11Protocol):
    """A connection that the doorkeeper knows from its first byte on."""

    def __init__(self, keeper: Doorkeeper, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._keeper = keeper

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        client = client_of(transport)
        if client is not None and not self._keeper.admit(client, transport):
            super().connection_made(transport)
            transport.abort()
            return
        super().connection_made(transport)
        if client is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._keeper.limits.head_s, self._keeper.hurry, client, transport)


def _allow_files(clients: int) -> None:
    """Let the process have as many connections open as it may, where the system counts them."""
    try:
        import resource
    except ImportError:
        return
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + _OTHER_FILES
    if usual != resource.RLIM_INFINITY and usual < wanted:
        granted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, most))


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise MachineError(
            f"Port {port} of {host} cannot be opened ({error.strerror}); choose another with --port."
        ) from error
    listener.setblocking(False)
    return listener


def shown_address(host: str, port: int, token: str = "") -> str:
    """Return the address that a person opens: of a server at all addresses the one that others reach."""
    name = own_address() if host in ("0.0.0.0", "::") else host  # noqa: S104
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/{f'{token}/' if token else ''}"


def own_address() -> str:
    """Return this machine's address in its network; the loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the system only chooses the way. The address is one for documentation.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
