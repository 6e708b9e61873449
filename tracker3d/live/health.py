"""How a live session goes, in figures and in words."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tracker3d.feed.live import Health

QUIET_S = 12.0
"""A feed that has said nothing for so long is quiet; frames come every 5 or 6 s."""

LOST_AGE_S = 300.0
"""A tracker that has sent nothing for so long is lost; its rider may well be racing."""


class Connection(enum.StrEnum):
    """How the connection is."""

    READING_BACK = "reading_back"
    """What was recorded before is read again, such as after a crash."""
    CONNECTING = "connecting"
    RECEIVING = "receiving"
    QUIET = "quiet"
    """Connected, but nothing has come for a while."""
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True)
class SessionHealth:
    """A live session at one moment; plain values that never change.

    Attributes
    ----------
    connection : Connection
    says : str
        The same in a sentence for the operator, with what is wrong.
    messages, bytes_received, connections : int
        Since the beginning.
    rate_per_s : float
        Messages a second over the last half minute.
    quiet_s : float or None
        Since the last message; None before the first.
    latency_s : float or None
        How old positions are when they arrive, by this machine's clock: the median of late.
    skew_s : float or None
        This machine's clock minus the feed's, with the shortest way of a message in it.
    behind_s : float or None
        How long ago the newest moment is that can be shown, by the race's clock.
    bibs : (k,) int32
        Everybody who has sent a position.
    age_s : (k,) float64
        Since the newest position of each, by the race's clock.
    lost_bibs : tuple of int
        Whose tracker has been silent for over :data:`LOST_AGE_S`.
    refused : mapping of str to int
        What could not be used, or was there already, by cause.
    late_fixes : int
        Positions that came after a newer one of the same rider.
    dropped : mapping of str to int
        Messages received and not used, by cause.
    recorded_bytes, recorded_messages, recording_lost : int
        On disk, and what the disk never took.
    recording_trouble : str
        What is wrong with the recording, a sentence; empty while all is well or nothing is recorded.
    faults : tuple of str
        What went wrong in the program itself, newest last; at most ten.
    """

    connection: Connection = Connection.CONNECTING
    says: str = ""
    messages: int = 0
    bytes_received: int = 0
    connections: int = 0
    rate_per_s: float = 0.0
    quiet_s: float | None = None
    latency_s: float | None = None
    skew_s: float | None = None
    behind_s: float | None = None
    bibs: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    age_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lost_bibs: tuple[int, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    late_fixes: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    recorded_bytes: int = 0
    recorded_messages: int = 0
    recording_lost: int = 0
    recording_trouble: str = ""
    faults: tuple[str, ...] = ()


def connection_of(feed: Health, shown: str) -> tuple[Connection, str]:
    """Return how a connection is, and the sentence that says it; ``shown`` names the address."""
    if feed.ended:
        return Connection.ENDED, feed.trouble or f"{shown} has ended."
    if feed.connected and feed.quiet_s is not None and feed.quiet_s < QUIET_S:
        return Connection.RECEIVING, f"Receiving {shown}."
    if feed.connected:
        quiet = "" if feed.quiet_s is None else f" for {feed.quiet_s:.0f} s"
        return Connection.QUIET, f"{shown} is connected and has said nothing{quiet}."
    if not feed.connections:
        return Connection.CONNECTING, feed.trouble or f"Connecting to {shown}."
    if feed.quiet_s is not None and feed.quiet_s < QUIET_S and not feed.trouble:
        # such servers cut every half minute, and the next connection is opened at once
        return Connection.RECEIVING, f"Receiving {shown}."
    quiet = "" if feed.quiet_s is None else f" {feed.quiet_s:.0f} s ago"
    reason = f" {feed.trouble}" if feed.trouble else " Trying again."
    return Connection.LOST, f"The last message of {shown} came{quiet}.{reason}"
