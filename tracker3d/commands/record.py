"""``tracker3d record``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from tracker3d.commands.console import complain, say

if TYPE_CHECKING:
    from tracker3d.feed.live import Health, LiveFeed

_REPORT_S = 10.0


def record(
    url: Annotated[str, Parameter(allow_leading_hyphen=True)],  # a lone hyphen is standard input
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    minutes: Annotated[float | None, Parameter(validator=validators.Number(gt=0.0))] = None,
) -> int:
    """Record a live feed, every message as received (Ctrl+C stops).

    Parameters
    ----------
    url
        http(s)://... (server-sent events, or a document to poll), ws(s)://..., mqtt(s)://HOST/TOPIC,
        udp://HOST:PORT, or - for standard input.
    output
        The log, a folder; an existing log is continued. It is a feed for all other commands, also while it
        is being written.
    minutes
        Stop after this time.
    """
    from tracker3d import __version__
    from tracker3d.feed.live import open_live, parse_address
    from tracker3d.feed.recorder import Recorder

    address = parse_address(url)
    about = {"made_by": f"tracker3d {__version__}", "from": address.shown}
    with Recorder(output, about=about) as recorder:
        say(f"Recording {address.shown} into {output}; Ctrl+C stops.")
        with open_live(url, recorder=recorder) as feed:
            try:
                _watch(feed, None if minutes is None else time.monotonic() + minutes * 60.0)
            except KeyboardInterrupt:
                complain("Stopping.")
    state = recorder.state
    say(f"Recorded {state.messages:,} messages, {state.bytes_written / 1e6:,.1f} MB, in {output}.")
    if state.lost or state.trouble:
        complain(f"{state.lost:,} messages were lost. {state.trouble}")
        return 1
    return 0


def _watch(feed: LiveFeed, until_s: float | None) -> None:
    """Say how it goes: at once when something changes, and each ten seconds."""
    said, report_s = "", 0.0
    while until_s is None or time.monotonic() < until_s:
        feed.take(timeout_s=0.5)
        health = feed.health
        trouble = _trouble(health)
        if trouble and trouble != said:
            complain(trouble)
        elif time.monotonic() >= report_s and health.messages:
            report_s = time.monotonic() + _REPORT_S
            say(
                f"{health.messages:,} messages, {health.bytes_received / 1e6:,.1f} MB, "
                f"{health.rate_per_s:.1f} a second, {health.connections} connections"
            )
        said = trouble
        if health.ended:
            return


def _trouble(health: Health) -> str:
    disk = health.recording.trouble if health.recording is not None else ""
    return " ".join(text for text in (health.trouble, disk) if text)
