"""Shows as plain tables, as files and the journal hold them, and back: everything is checked on the way in.

What is read may come from anywhere. Types, sizes and bounds are checked before anything is made of it, and
what is wrong is told in one sentence that names the place.
"""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.race.events import EventReview, Review
from tracker3d.race.overrides import Override, Overrides
from tracker3d.scene.camera.shots_file import camera_table, timeline_from
from tracker3d.scene.model import Overlay  # noqa: TC001 (read at run time)
from tracker3d.show.clock import LONGEST_DELAY_S, ClockState
from tracker3d.show.document import (
    LONGEST_TEXT,
    MOST_ENTRIES,
    MOST_PINNED,
    MOST_SHOTS,
    EndBehaviour,
    Shot,
    ShowDocument,
)
from tracker3d.show.state import BusState, Mix, Pose, ShowState

if TYPE_CHECKING:
    from tracker3d.scene.camera import CameraTimeline

VERSION = 1
MOST_OVERRIDES = 5000
MOST_REVIEWS = 20_000
_FARTHEST_M = 1e8
_LATEST_MS = 1e14

_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
_Time = Annotated[int, msgspec.Meta(ge=-(10**14), le=10**14)]
_Bib = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class _Shot(msgspec.Struct, forbid_unknown_fields=True):
    key: _Text
    name: _Text = ""
    camera: _Text | dict[str, Any] = "overview"
    target: _Text = ""
    overlays: Annotated[list[Overlay], msgspec.Meta(max_length=100)] = []
    duration_s: float = 0.0
    end: EndBehaviour = EndBehaviour.HOLD
    mix_s: float = 0.0
    note: _Text = ""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    version: int = VERSION
    title: _Text = ""
    shots: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MOST_SHOTS)] = []
    rundown: Annotated[list[_Text], msgspec.Meta(max_length=MOST_ENTRIES)] = []
    overrides: Annotated[list[Override], msgspec.Meta(max_length=MOST_OVERRIDES)] = []
    review: Annotated[dict[_Text, Review], msgspec.Meta(max_length=MOST_REVIEWS)] = {}
    pinned: Annotated[list[_Bib], msgspec.Meta(max_length=MOST_PINNED)] = []


class _Bus(msgspec.Struct, forbid_unknown_fields=True):
    shot: dict[str, Any] | None = None
    since_s: float = 0.0
    began_ms: _Time | None = None
    clock: ClockState | None = None
    by_hand: Pose | None = None
    from_hand: Pose | None = None
    selected_bib: _Bib | None = None
    entry: Annotated[int, msgspec.Meta(ge=0)] | None = None
    overrides: Annotated[list[Override], msgspec.Meta(max_length=MOST_OVERRIDES)] = []
    review: Annotated[dict[_Text, Review], msgspec.Meta(max_length=MOST_REVIEWS)] = {}


class _Mix(msgspec.Struct, forbid_unknown_fields=True):
    before: dict[str, Any]
    began_s: float
    duration_s: float


class _State(msgspec.Struct, forbid_unknown_fields=True):
    document: dict[str, Any]
    preview: dict[str, Any]
    program: dict[str, Any]
    before: dict[str, Any] | None = None
    mix: dict[str, Any] | None = None
    clean: bool = False


def document_table(document: ShowDocument) -> dict[str, Any]:
    """Return a document as plain values.

    Raises
    ------
    InputError
        A shot's timeline has a camera that cannot be written.
    """
    return {
        "version": VERSION,
        "title": document.title,
        "shots": [shot_table(shot) for shot in document.shots],
        "rundown": list(document.rundown),
        **said_table(document),
        "pinned": list(document.pinned),
    }


def document_from(table: Any, *, what: str) -> ShowDocument:
    """Return the document of a table; ``what`` names it in errors.

    Raises
    ------
    InputError
        It is none.
    """
    version = table.get("version", VERSION) if isinstance(table, dict) else VERSION
    if version != VERSION:
        raise InputError(f"{what} has version {version}; this program reads version {VERSION}.")
    head: _Document = _converted(_Document, table, what=what)
    shots = tuple(
        shot_from(row, what=f"Shot {number} of {what}") for number, row in enumerate(head.shots, start=1)
    )
    try:
        return ShowDocument(
            shots=shots,
            rundown=tuple(head.rundown),
            overrides=Overrides(tuple(head.overrides)),
            review=EventReview(MappingProxyType(head.review)),
            pinned=tuple(head.pinned),
            title=head.title,
        )
    except InputError as error:
        raise InputError(f"{what} cannot be used: {error}") from error


def shot_table(shot: Shot) -> dict[str, Any]:
    """Return a shot as plain values."""
    camera = shot.camera if isinstance(shot.camera, str) else _timeline_table(shot.camera)
    table = {item.name: getattr(shot, item.name) for item in dataclasses.fields(shot)}
    return {
        **table,
        "camera": camera,
        "overlays": sorted(overlay.value for overlay in shot.overlays),
        "end": shot.end.value,
    }


def shot_from(table: Any, *, what: str) -> Shot:
    """Return the shot of a table."""
    row: _Shot = _converted(_Shot, table, what=what)
    camera = row.camera
    move = camera if isinstance(camera, str) else timeline_from(camera, what=f"The camera of {what}")
    try:
        return Shot(
            key=row.key,
            name=row.name,
            camera=move,
            target=row.target,
            overlays=frozenset(row.overlays),
            duration_s=row.duration_s,
            end=row.end,
            mix_s=row.mix_s,
            note=row.note,
        )
    except InputError as error:
        raise InputError(f"{what} cannot be used: {error}") from error


def said_table(holder: ShowDocument | BusState) -> dict[str, Any]:
    """Return what the operator said of groups and events as plain values."""
    return {
        "overrides": [msgspec.to_builtins(item) for item in holder.overrides.items],
        "review": {key: said.value for key, said in holder.review.said.items()},
    }


def bus_table(bus: BusState) -> dict[str, Any]:
    """Return what stands on a bus as plain values."""
    return {
        "shot": None if bus.shot is None else shot_table(bus.shot),
        "since_s": bus.since_s,
        "began_ms": bus.began_ms,
        "clock": None if bus.clock is None else msgspec.to_builtins(bus.clock),
        "by_hand": None if bus.by_hand is None else msgspec.to_builtins(bus.by_hand),
        "from_hand": None if bus.from_hand is None else msgspec.to_builtins(bus.from_hand),
        "selected_bib": bus.selected_bib,
        "entry": bus.entry,
        **said_table(bus),
    }


def bus_from(table: Any, *, what: str) -> BusState:
    """Return what stands on a bus by a table."""
    row: _Bus = _converted(_Bus, table, what=what)
    if row.clock is not None:
        _check_clock(row.clock, what=what)
    for pose in (row.by_hand, row.from_hand):
        if pose is not None:
            _check_pose(pose, what=what)
    return BusState(
        shot=None if row.shot is None else shot_from(row.shot, what=f"The shot of {what}"),
        since_s=_finite(row.since_s, what=what),
        began_ms=row.began_ms,
        clock=row.clock,
        by_hand=row.by_hand,
        from_hand=row.from_hand,
        selected_bib=row.selected_bib,
        entry=row.entry,
        overrides=Overrides(tuple(row.overrides)),
        review=EventReview(MappingProxyType(row.review)),
    )


def mix_table(mix: Mix) -> dict[str, Any]:
    """Return a mix as plain values."""
    return {"before": bus_table(mix.before), "began_s": mix.began_s, "duration_s": mix.duration_s}


def mix_from(table: Any, *, what: str) -> Mix:
    """Return the mix of a table."""
    row: _Mix = _converted(_Mix, table, what=what)
    before = bus_from(row.before, what=what)
    return Mix(before, _finite(row.began_s, what=what), _finite(row.duration_s, what=what))


def state_table(state: ShowState) -> dict[str, Any]:
    """Return all of a show as plain values."""
    return {
        "document": document_table(state.document),
        "preview": bus_table(state.preview),
        "program": bus_table(state.program),
        "before": None if state.before is None else bus_table(state.before),
        "mix": None if state.mix is None else mix_table(state.mix),
        "clean": state.clean,
    }


def state_from(table: Any, *, what: str) -> ShowState:
    """Return the show of a table."""
    row: _State = _converted(_State, table, what=what)
    return ShowState(
        document=document_from(row.document, what=what),
        preview=bus_from(row.preview, what=f"the preview of {what}"),
        program=bus_from(row.program, what=f"the program of {what}"),
        before=None if row.before is None else bus_from(row.before, what=what),
        mix=None if row.mix is None else mix_from(row.mix, what=what),
        clean=row.clean,
    )


def _timeline_table(timeline: CameraTimeline) -> dict[str, Any]:
    return {
        "name": timeline.name,
        "driven_by": timeline.driven_by.value,
        "shot": [
            {
                "start_s": shot.start_s,
                "duration_s": shot.duration_s,
                "title": shot.title,
                "subtitle": shot.subtitle,
                "handover": msgspec.to_builtins(shot.handover),
                "camera": camera_table(shot.camera),
            }
            for shot in timeline.shots
        ],
    }


def _converted(kind: Any, table: Any, *, what: str) -> Any:
    try:
        return msgspec.convert(table, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        text, _, place = str(error).replace("`", "").partition(" - at $.")
        where = f"{place}: " if place else ""
        raise InputError(f"{what} cannot be used: {where}{text[:1].lower()}{text[1:]}.") from error


def _finite(value: float, *, what: str) -> float:
    if not abs(value) < _LATEST_MS:
        raise InputError(f"{what} cannot be used: {value!r} is no time.")
    return value


def _check_clock(clock: ClockState, *, what: str) -> None:
    times = math.isfinite(clock.at_ms) and abs(clock.at_ms) < _LATEST_MS and abs(clock.since_s) < _LATEST_MS
    if not (times and 0 <= clock.delay_ms <= 1000 * LONGEST_DELAY_S and 0.1 <= clock.speed <= 60.0):
        raise InputError(f"{what} cannot be used: its clock is out of bounds.")


def _check_pose(pose: Pose, *, what: str) -> None:
    numbers = (*pose.eye_m, *pose.target_m, *(pose.up or ()))
    if not (all(abs(number) < _FARTHEST_M for number in numbers) and 0.1 <= pose.fov_deg <= 170.0):
        raise InputError(f"{what} cannot be used: its camera is out of bounds.")
