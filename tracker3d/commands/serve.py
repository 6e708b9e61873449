"""``tracker3d serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from tracker3d.commands.console import say
from tracker3d.errors import InputError


def serve(
    recording: Path,
    /,
    *,
    as_feed: Annotated[bool, Parameter(negative=())] = False,
    speed: Annotated[float, Parameter(validator=validators.Number(gte=0.1, lte=1000.0))] = 1.0,
    faults: Literal["none", "real", "hard"] = "real",
    skip_minutes: Annotated[float, Parameter(validator=validators.Number(gte=0.0))] = 0.0,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 8750,
) -> int:
    """Replay a recorded race as a live feed, to rehearse live use (Ctrl+C stops).

    Parameters
    ----------
    recording
        A recording, a log of ``tracker3d record``, or a stage package that lies beside its recording.
    as_feed
        Serve the raw feed, as the race's own server does. The only mode of this version.
    speed
        Seconds of the race in a second, 0.1 to 1000.
    faults
        What goes wrong: none; real, as measured (cuts each 30 s, duplicates, old frames); hard, worse.
    skip_minutes
        Leave out this much of the recording's beginning.
    host
        The address to listen at; others in the network reach the feed only if it is not the default.
    port
        The port to listen at.
    """
    if not as_feed:
        raise InputError("This version serves the raw feed only; add --as-feed.")
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
