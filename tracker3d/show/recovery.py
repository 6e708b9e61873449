"""Reading a journal: what was on air when a show ended, and whether it was ended on purpose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tracker3d.errors import InputError
from tracker3d.show.changes import with_change
from tracker3d.show.codec import VERSION, state_from
from tracker3d.show.history import EditHistory
from tracker3d.show.journal import CHAPTER_BYTES, ShowPlace, chapters
from tracker3d.show.show import ActKind

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.show.show import Show
    from tracker3d.show.state import ShowState

_LARGEST_BYTES = 20 * CHAPTER_BYTES


class Noted(NamedTuple):
    """One act as the journal has it."""

    utc_ms: int
    kind: str
    text: str


@dataclass(frozen=True)
class Recovered:
    """A show as it was at the end of its journal.

    Attributes
    ----------
    place : ShowPlace
        What it had opened.
    state : ShowState
    history : EditHistory
        Edits that can still be undone.
    wall_s, utc_ms : float, int
        When it was last known to run, by its own monotonic clock and by the machine's.
    closed : bool
        It was ended on purpose.
    acts : tuple of Noted
        What was done in the last chapter.
    """

    place: ShowPlace
    state: ShowState
    history: EditHistory
    wall_s: float
    utc_ms: int
    closed: bool
    acts: tuple[Noted, ...]

    def resumed(self, wall_s: float) -> ShowState:
        """Return the show for a new monotonic clock: what played goes on where it was when the show ended."""
        return self.state.shifted(wall_s - self.wall_s)

    def restore(self, show: Show, wall_s: float) -> None:
        """Bring a show on the same stage to where this one was; do it before it is journalled."""
        show.state = self.resumed(wall_s)
        show.history = self.history


def recover(folder: Path) -> Recovered | None:
    """Return the newest show that a journal holds; None where there is none that can be read.

    A chapter of which the beginning is damaged is passed over for the one before it.
    """
    for path in reversed(chapters(folder)):
        try:
            recovered = _read_chapter(path)
        except (InputError, OSError):
            continue
        if recovered is not None:
            return recovered
    return None


def _read_chapter(path: Path) -> Recovered | None:
    tables = _tables(path)
    if not tables or tables[0].get("version") != VERSION:
        return None
    head = tables[0]
    state = state_from(head.get("state"), what=str(path))
    history, acts = EditHistory(), []
    wall_s, utc_ms, closed = float(head["wall_s"]), int(head["utc_ms"]), False
    for number, table in enumerate(tables[1:], start=2):
        if "set" in table:
            try:
                after = with_change(state, table["set"], what=f"Line {number} of {path}")
            except InputError:
                break
            kind, text = str(table.get("kind")), str(table.get("text"))
            _follow(history, kind, text, state, str(table.get("merge", "")))
            acts.append(Noted(int(table["utc_ms"]), kind, text))
            state = after
        closed = bool(table.get("closed"))
        wall_s, utc_ms = max(wall_s, float(table["wall_s"])), int(table["utc_ms"])
    place = msgspec.convert(head.get("place", {}), ShowPlace)
    return Recovered(place, state, history, wall_s, utc_ms, closed, tuple(acts))


def _follow(history: EditHistory, kind: str, text: str, before: ShowState, merge: str) -> None:
    if kind == ActKind.EDIT:
        history.note(text, before.document, merge=merge)
    elif kind == ActKind.UNDO:
        history.undo(before.document)
    elif kind == ActKind.REDO:
        history.redo(before.document)


def _tables(path: Path) -> list[dict[str, Any]]:
    """Return the lines whose checksum holds, up to the first where it does not."""
    with path.open("rb") as stream:
        content = stream.read(_LARGEST_BYTES)
    tables: list[dict[str, Any]] = []
    for line in content.split(b"\n")[:-1]:
        checksum, _, text = line.partition(b" ")
        try:
            if int(checksum, 16) != zlib.crc32(text):
                break
            table = msgspec.json.decode(text, type=dict[str, Any])
            _ = float(table["wall_s"]), int(table["utc_ms"])
        except (ValueError, TypeError, KeyError, RecursionError, msgspec.MsgspecError):
            break
        tables.append(table)
    return tables
