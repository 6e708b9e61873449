"""``tracker3d serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from tracker3d.commands.console import complain, progress_shown, say
from tracker3d.errors import InputError

if TYPE_CHECKING:
    from tracker3d.serve import StageServer

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    source: Path,
    /,
    *,
    feed: str | None = None,
    as_feed: Annotated[bool, Parameter(negative=())] = False,
    speed: Annotated[float, Parameter(validator=validators.Number(gte=0.1, lte=1000.0))] = 1.0,
    begin: Annotated[str | None, Parameter(name="--from")] = None,
    loop: Annotated[bool, Parameter(negative=())] = False,
    delay: Annotated[float, Parameter(validator=validators.Number(gte=0.0, lte=300.0))] = 0.0,
    record: Path | None = None,
    interval: Annotated[float, Parameter(validator=validators.Number(gte=0.1, lte=60.0))] = 1.0,
    broker: str | None = None,
    clients: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=20_000))] = 2000,
    faults: Literal["none", "real", "hard"] = "real",
    skip_minutes: Annotated[float, Parameter(validator=validators.Number(gte=0.0))] = 0.0,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8750,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Serve the race in 3D: a page for browsers and phones, the model, and a stream of states (Ctrl+C stops).

    Parameters
    ----------
    source
        The stage package, NAME.stage. With --as-feed: a recording, a log of ``tracker3d record``, or a stage
        package that lies beside its recording.
    feed
        A recording of the race, which is played, or the address of a live feed.
    as_feed
        Serve the raw feed of a recording instead, as the race's own server does, to rehearse live use.
    speed
        Of a recording: seconds of the race in a second, 0.1 to 1000.
    begin
        Of a recording: where to begin; a time, or a distance such as 40km to go.
    loop
        Of a recording: begin again after its end.
    delay
        Of a live feed: show everything this many seconds later, to be in step with pictures on air.
    record
        Of a live feed: record it into this log, a folder; what the log holds already is there at once.
    interval
        Seconds between two states.
    broker
        Publish the states to an MQTT broker too: mqtt://USER:PASSWORD@HOST/PREFIX.
    clients
        The most connections at a time.
    faults
        With --as-feed, what goes wrong: none; real, as measured (cuts each 30 s, duplicates, old frames);
        hard, worse.
    skip_minutes
        With --as-feed: leave out this much of the recording's beginning.
    host
        The address to listen at. With any other than the default the network can reach it; then the address
        that is shown contains a token, and nobody gets in without it.
    port
        The port to listen at.
    theme
        A TOML file of colours and words; what it leaves out is as usual.
    language
        Of the words: en or fr, or one that the theme brings.
    """
    if as_feed:
        return _serve_feed(
            source, speed=speed, faults=faults, skip_minutes=skip_minutes, host=host, port=port
        )
    if feed is None:
        raise InputError(f"Say what to show on {source} with --feed, or add --as-feed to serve a raw feed.")
    import asyncio
    import contextlib
    import secrets

    from tracker3d.scene import choose_theme
    from tracker3d.serve import Limits, StageServer
    from tracker3d.serve.opening import open_race

    look = choose_theme(theme, language)
    token = "" if host in _LOOPBACK else secrets.token_urlsafe(16)
    with progress_shown() as progress, contextlib.ExitStack() as stack:
        opened = stack.enter_context(
            open_race(
                *(source, feed, look),
                speed=speed,
                begin=begin,
                loop=loop,
                delay_s=delay,
                record_folder=record,
                progress=progress,
            )
        )
        progress("packing the stage for the page", 0.9)
        server = StageServer(
            opened.scene,
            opened.source,
            live=opened.live,
            interval_s=interval,
            token=token,
            broker=broker,
            limits=Limits(clients=clients),
        )
        progress("ready", 1.0)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(server.run(host, port, ready=lambda port: _announce(server, host, port, token)))
    return 0


def _announce(server: StageServer, host: str, port: int, token: str) -> None:
    from tracker3d.serve.page_files import HOW_TO_BUILD
    from tracker3d.serve.qr import qr_text
    from tracker3d.serve.server import shown_address

    address = shown_address(host, port, token)
    say(f"Page:   {address}")
    say(f"Phones: {address}ar.html")
    say(f"Stream: {address.replace('http', 'ws', 1)}stream (server-sent events: {address}events)")
    if not server.page_built:
        complain(f"{HOW_TO_BUILD} Streams and model are served without it.")
    if token and sys.stdout.isatty():
        say(qr_text(address))
    elif not token:
        say("Only this machine can open it; --host 0.0.0.0 lets phones in the network in.")


def _serve_feed(
    recording: Path, *, speed: float, faults: str, skip_minutes: float, host: str, port: int
) -> int:
    import asyncio
    import contextlib

    from tracker3d.feed.server import FAULTS, FeedServer, read_playlist

    playlist = read_playlist(recording).without_beginning(round(skip_minutes * 60_000))
    minutes = playlist.length_ms / 60_000 / speed

    def ready(open_port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        say(f"{playlist.name}: {len(playlist.events):,} events in {minutes:.0f} minutes, faults: {faults}.")
        say(f"Server-sent events: http://{shown}:{open_port}/live-stream (WebSocket: ws://...)")
        say(f"Documents:          http://{shown}:{open_port}/api/telemetryCompetitor-...")
        say("The race starts when the first client connects.")

    def ended() -> None:
        say("The recording has ended; Ctrl+C stops the server.")

    server = FeedServer(playlist, speed=speed, faults=FAULTS[faults])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.run(host, port, ready=ready, ended=ended))
    return 0
