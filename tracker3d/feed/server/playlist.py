"""What a server replays: the events of a recording or of a log, freed of the faults of their day."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import FeedError, InputError
from tracker3d.feed.log import LogReader, is_log
from tracker3d.stage.package import Contents, is_package, read_contents
from tracker3d.stage.racecenter import read_recording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_REMEMBERED = 32


@dataclass(frozen=True)
class Playlist:
    """Events to be sent, and documents to be asked for.

    Attributes
    ----------
    name : str
    due_ms : list of int
        When each event is due, milliseconds since the first; ascending.
    events : list of bytes
        As long as ``due_ms``, each text once.
    rest : dict
        The documents of the recording.
    """

    name: str
    due_ms: list[int]
    events: list[bytes]
    rest: dict[str, Any] = field(default_factory=dict)

    @property
    def length_ms(self) -> int:
        """From the first event to the last."""
        return self.due_ms[-1] if self.due_ms else 0

    def without_beginning(self, skip_ms: int) -> Playlist:
        """Leave out what is due in the first ``skip_ms``.

        Raises
        ------
        InputError
            Nothing would be left.
        """
        first = next((index for index, due_ms in enumerate(self.due_ms) if due_ms >= skip_ms), None)
        if first is None:
            raise InputError(
                f"{self.name} lasts {self.length_ms / 60_000:.0f} minutes; skip fewer at the beginning."
            )
        begin_ms = self.due_ms[first]
        due_ms = [value - begin_ms for value in self.due_ms[first:]]
        return Playlist(self.name, due_ms, self.events[first:], self.rest)


def read_playlist(path: Path) -> Playlist:
    """Read what shall be replayed.

    Parameters
    ----------
    path : Path
        A recording, a recorder's log, or a stage package that lies beside the recording it was made from.

    Raises
    ------
    InputError, FeedError
        There is no recording, or it holds no events.
    """
    if is_package(path):
        path = _recording_of(read_contents(path))
    if is_log(path):
        messages = LogReader(path).read()
        begin_ms = messages[0].receive_ms if messages else 0
        pairs: Iterable[tuple[int, bytes]] = ((m.receive_ms - begin_ms, m.data) for m in messages)
        rest: dict[str, Any] = {}
    else:
        recording = read_recording(path)
        rest = recording.rest
        texts = (text.encode() for text in recording.events)
        pairs = zip(recording.receive_ms, texts, strict=True)
    kept = list(_once(pairs))
    if not kept:
        raise FeedError(f"{path} holds no events to replay; give a recording of a race.")
    whole = Playlist(path.name, [due_ms for due_ms, _ in kept], [data for _, data in kept], rest)
    return whole.without_beginning(0)


def bind_of(event: bytes) -> str:
    """Return the bind that an event belongs to; empty where it names none."""
    try:
        return _ENVELOPE.decode(event).bind
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


class _Envelope(msgspec.Struct):
    bind: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def _once(pairs: Iterable[tuple[int, bytes]]) -> Iterable[tuple[int, bytes]]:
    """Leave out what had arrived again, bare strings, and steps back in time."""
    recent: deque[bytes] = deque(maxlen=_REMEMBERED)
    now_ms = 0
    for due_ms, data in pairs:
        if data in recent or data[:1] not in (b"{", b"[", b"$", b"!", b"\\"):
            continue
        recent.append(data)
        now_ms = max(now_ms, due_ms)
        yield now_ms, data


def _recording_of(contents: Contents) -> Path:
    for source in contents.sources:
        beside = contents.path.absolute().parent / source.name
        if beside.is_file() and beside.name.endswith((".json.gz", ".json")):
            return beside
    raise InputError(
        f"The recording that {contents.path} was made from does not lie beside it; name the recording itself."
    )
