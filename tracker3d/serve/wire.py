"""States as bytes: JSON, and a compact binary form. ``STREAM.md`` describes both; change them together."""

from __future__ import annotations

import functools
import json
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.race.model import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.serve.states import GroupState, Snapshot

VERSION = 1
MAGIC = b"T3DS"
_HEAD = struct.Struct("<4sBBHIIqqiiff")
"""Magic, version, flags, riders, run, seq, race time, sent, delay, lap, speed, distance to go."""
_GROUP = struct.Struct("<IBBHiHHHH")
"""Id, role, jerseys, riders, front in cm, speed in cm/s, gap and gap ahead in 0.1 s, bytes of the title."""
_LIVE, _ENDED = 1, 2
_FINISHED = 128
_UNKNOWN_GAP = 65_535
_NO_DELAY = -1
ROLES = tuple(role.value for role in Role)
JERSEYS = ("yellow", "green", "polka", "white")
_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("positions", "<i4", 3),
    ("distance", "<i4", 1),
    ("bibs", "<i4", 1),
    ("speed", "<u2", 1),
    ("gap", "<u2", 1),
    ("lateral", "<i2", 1),
    ("presence", "u1", 1),
    ("group", "u1", 1),
)


@dataclass(frozen=True)
class Frame:
    """One message of the stream.

    Attributes
    ----------
    snapshot : Snapshot
    run : int
        Of the server's process: another one begins to count anew.
    seq : int
        Counts up by one.
    sent_ms : int
        Wall clock, milliseconds since 1970 UTC.
    delay_ms : int | None
        How long ago the moment was; None of a recording.
    speed : float
        Race seconds in a second.
    lap : int
        Which time a recording is played; when it changes time jumps back.
    ended : bool
        The recording has been played to its end.
    """

    snapshot: Snapshot
    run: int
    seq: int
    sent_ms: int
    delay_ms: int | None = None
    speed: float = 1.0
    lap: int = 0
    ended: bool = False

    @property
    def mark(self) -> str:
        """What a client gives back to go on behind this message."""
        return f"{self.run:08x}-{self.seq}"

    @functools.cached_property
    def json(self) -> bytes:
        """The message as JSON, one line of UTF-8."""
        return json.dumps(
            _document(self), separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()

    @functools.cached_property
    def text(self) -> str:
        """The same as text."""
        return self.json.decode()

    @functools.cached_property
    def event(self) -> bytes:
        """The message as an event of a ``text/event-stream``."""
        return b"id: " + self.mark.encode() + b"\ndata: " + self.json + b"\n\n"

    @functools.cached_property
    def binary(self) -> bytes:
        """The message in the compact form."""
        return _binary(self)


def _document(frame: Frame) -> dict[str, Any]:
    snapshot = frame.snapshot
    places = snapshot.positions_m.round(2).tolist()
    bibs = snapshot.bibs.tolist()
    return {
        "v": VERSION,
        "id": frame.mark,
        "t": snapshot.time_ms,
        "sent": frame.sent_ms,
        "delay": frame.delay_ms,
        "speed": frame.speed,
        "lap": frame.lap,
        "ended": frame.ended,
        "to_go_m": _figure(snapshot.to_go_m, 1),
        "jerseys": dict(snapshot.jerseys),
        "p": dict(zip(map(str, bibs), places, strict=True)),
        "riders": {
            "bib": bibs,
            "distance_m": _figures(snapshot.distance_m, 2),
            "lateral_m": _figures(snapshot.lateral_m, 2),
            "speed_mps": _figures(snapshot.speed_mps, 2),
            "gap_s": _figures(snapshot.gap_s, 1),
            "group": [None if index == 255 else index for index in snapshot.group.tolist()],
            "presence": snapshot.presence.tolist(),
            "finished": snapshot.finished.tolist(),
        },
        "groups": [_group_document(group) for group in snapshot.groups],
        "order": list(snapshot.order),
    }


def _group_document(group: GroupState) -> dict[str, Any]:
    return {
        "id": group.id,
        "title": group.title,
        "role": group.role,
        "count": group.count,
        "front_m": _figure(group.front_m, 2),
        "speed_mps": _figure(group.speed_mps, 2),
        "gap_s": _figure(group.gap_s, 1),
        "gap_ahead_s": _figure(group.gap_ahead_s, 1),
        "jerseys": list(group.jerseys),
    }


def _figure(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def _figures(values: NDArray[np.float64], digits: int) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.round(digits).tolist()]


def _binary(frame: Frame) -> bytes:
    snapshot = frame.snapshot
    flags = (_LIVE if frame.delay_ms is not None else 0) | (_ENDED if frame.ended else 0)
    head = _HEAD.pack(
        *(MAGIC, VERSION, flags, len(snapshot.bibs), frame.run, frame.seq & 0xFFFFFFFF),
        *(snapshot.time_ms, frame.sent_ms),
        _NO_DELAY if frame.delay_ms is None else min(frame.delay_ms, 2**31 - 1),
        *(frame.lap, frame.speed, snapshot.to_go_m),
    )
    columns = {
        "positions": _fixed(snapshot.positions_m, 100, "<i4"),
        "distance": _fixed(snapshot.distance_m, 100, "<i4"),
        "speed": _fixed(np.nan_to_num(snapshot.speed_mps), 100, "<u2"),
        "gap": _gaps(snapshot.gap_s),
        "bibs": snapshot.bibs.astype("<i4"),
        "lateral": _fixed(snapshot.lateral_m, 100, "<i2"),
        "presence": snapshot.presence | np.where(snapshot.finished, _FINISHED, 0).astype(np.uint8),
        "group": snapshot.group,
    }
    parts = [head, *(columns[name].tobytes() for name, _, _ in _COLUMNS)]
    parts.append(struct.pack("<B", len(snapshot.groups)))
    parts.extend(_group_bytes(group) for group in snapshot.groups)
    return b"".join(parts)


def _fixed(values: NDArray[np.float64], factor: float, kind: str) -> NDArray[Any]:
    bounds = np.iinfo(np.dtype(kind))
    return np.clip(np.rint(values * factor), bounds.min, bounds.max).astype(kind)


def _gaps(gap_s: NDArray[np.float64]) -> NDArray[np.uint16]:
    tenths = np.clip(np.rint(np.nan_to_num(gap_s) * 10.0), 0, _UNKNOWN_GAP - 1)
    return np.where(np.isfinite(gap_s), tenths, _UNKNOWN_GAP).astype("<u2")


def _group_bytes(group: GroupState) -> bytes:
    title = group.title.encode()[:1000].decode(errors="ignore").encode()
    gap, ahead = _gaps(np.array([group.gap_s, group.gap_ahead_s])).tolist()
    worn = sum(1 << JERSEYS.index(name) for name in group.jerseys if name in JERSEYS)
    front = _fixed(np.array([np.nan_to_num(group.front_m)]), 100, "<i4")[0]
    speed = _fixed(np.array([np.nan_to_num(group.speed_mps)]), 100, "<u2")[0]
    head = _GROUP.pack(
        *(group.id & 0xFFFFFFFF, ROLES.index(group.role), worn, min(group.count, 65_535)),
        *(int(front), int(speed), gap, ahead, len(title)),
    )
    return head + title


def decode_binary(message: bytes) -> dict[str, Any]:
    """Read a message in the compact form back into the document that the JSON form has.

    Raises
    ------
    ValueError
        It is no such message, of another version, or cut off.
    """
    try:
        return _decoded(message)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError("the message is cut off") from error


def _decoded(message: bytes) -> dict[str, Any]:
    magic, version, flags, count, run, seq, time_ms, sent_ms, delay, lap, speed, to_go_m = _HEAD.unpack_from(
        message
    )
    if magic != MAGIC or version != VERSION:
        raise ValueError("the message is no state of version 1")
    columns: dict[str, Any] = {}
    place = _HEAD.size
    for name, kind, width in _COLUMNS:
        length = np.dtype(kind).itemsize * width * count
        values = np.frombuffer(message[place : place + length], kind)
        columns[name] = values.reshape(count, width) if width > 1 else values
        place += length
    groups = []
    (group_count,) = struct.unpack_from("<B", message, place)
    place += 1
    for _ in range(group_count):
        group_id, role, worn, riders, front, speed_cm, gap, ahead, length = _GROUP.unpack_from(message, place)
        place += _GROUP.size
        if place + length > len(message):
            raise ValueError("the message is cut off")
        groups.append(
            {
                "id": group_id,
                "title": message[place : place + length].decode(),
                "role": ROLES[role],
                "count": riders,
                "front_m": front / 100,
                "speed_mps": speed_cm / 100,
                "gap_s": _gap(gap),
                "gap_ahead_s": _gap(ahead),
                "jerseys": [name for bit, name in enumerate(JERSEYS) if worn >> bit & 1],
            }
        )
        place += length
    bibs = columns["bibs"].tolist()
    return {
        "v": version,
        "id": f"{run:08x}-{seq}",
        "t": time_ms,
        "sent": sent_ms,
        "delay": delay if flags & _LIVE else None,
        "speed": speed,
        "lap": lap,
        "ended": bool(flags & _ENDED),
        "to_go_m": _figure(to_go_m, 1),
        "p": dict(zip(map(str, bibs), (columns["positions"] / 100).tolist(), strict=True)),
        "riders": {
            "bib": bibs,
            "distance_m": (columns["distance"] / 100).tolist(),
            "lateral_m": (columns["lateral"] / 100).tolist(),
            "speed_mps": (columns["speed"] / 100).tolist(),
            "gap_s": [_gap(gap) for gap in columns["gap"].tolist()],
            "group": [None if index == 255 else index for index in columns["group"].tolist()],
            "presence": (columns["presence"] & ~np.uint8(_FINISHED)).tolist(),
            "finished": (columns["presence"] >= _FINISHED).tolist(),
        },
        "groups": groups,
    }


def _gap(tenths: int) -> float | None:
    return None if tenths == _UNKNOWN_GAP else tenths / 10
