"""What one act has changed of a show, as a plain table, and a show with such a change made to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.show.codec import (
    bus_from,
    bus_table,
    document_from,
    document_table,
    mix_from,
    mix_table,
    said_table,
    shot_table,
)
from tracker3d.show.state import ShowState

if TYPE_CHECKING:
    from tracker3d.show.document import ShowDocument


class _Edited(msgspec.Struct, forbid_unknown_fields=True):
    """Shots that are new or other, the order of all where that is, and the other parts that are other."""

    shots: list[dict[str, Any]] = []
    order: list[str] | None = None
    parts: dict[str, Any] = {}


def changed_table(before: ShowState, after: ShowState) -> dict[str, Any]:
    """Return what is other after an act; shots that it did not touch are left out."""
    table: dict[str, Any] = {}
    if after.document is not before.document:
        table["document"] = _edited(before.document, after.document)
    for name in ("preview", "program", "before"):
        bus = getattr(after, name)
        if bus is not getattr(before, name):
            table[name] = None if bus is None else bus_table(bus)
    if after.mix is not before.mix:
        table["mix"] = None if after.mix is None else mix_table(after.mix)
    if after.clean != before.clean:
        table["clean"] = after.clean
    return table


def with_change(state: ShowState, table: Any, *, what: str) -> ShowState:
    """Return a show with a change made to it.

    Raises
    ------
    InputError
        The table is none.
    """
    if not isinstance(table, dict) or not set(table) <= {*ShowState.__dataclass_fields__}:
        raise InputError(f"{what} cannot be used: it is no change of a show.")
    made: dict[str, Any] = {}
    for name, value in table.items():
        if name == "document":
            made[name] = _with_edit(state.document, value, what=what)
        elif name == "clean":
            made[name] = bool(value)
        elif value is None and name in ("before", "mix"):
            made[name] = None
        else:
            made[name] = mix_from(value, what=what) if name == "mix" else bus_from(value, what=what)
    return replace(state, **made)


def _edited(before: ShowDocument, after: ShowDocument) -> dict[str, Any]:
    known = {shot.key: shot for shot in before.shots}
    table: dict[str, Any] = {
        "shots": [shot_table(shot) for shot in after.shots if known.get(shot.key) is not shot]
    }
    order = [shot.key for shot in after.shots]
    if order != [shot.key for shot in before.shots]:
        table["order"] = order
    parts: dict[str, Any] = {}
    if after.overrides is not before.overrides or after.review is not before.review:
        parts |= said_table(after)
    for name in ("rundown", "pinned"):
        if getattr(after, name) != getattr(before, name):
            parts[name] = list(getattr(after, name))
    if after.title != before.title:
        parts["title"] = after.title
    return {**table, "parts": parts}


def _with_edit(document: ShowDocument, table: Any, *, what: str) -> ShowDocument:
    try:
        edited = msgspec.convert(table, _Edited)
    except msgspec.ValidationError as error:
        raise InputError(f"{what} cannot be used: {error}.") from error
    whole = document_table(document)
    shots = {row["key"]: row for row in whole["shots"]}
    shots.update((row.get("key"), row) for row in edited.shots)
    order = list(shots) if edited.order is None else edited.order
    if not set(order) <= set(shots):
        raise InputError(f"{what} cannot be used: it names a shot that is not there.")
    changed = document_from({**whole, "shots": [shots[key] for key in order], **edited.parts}, what=what)
    # shots that are as they were stay the same objects, so that steps of undo share them
    same = {shot.key: shot for shot in document.shots}
    kept = tuple(same[shot.key] if same.get(shot.key) == shot else shot for shot in changed.shots)
    return replace(changed, shots=kept)
