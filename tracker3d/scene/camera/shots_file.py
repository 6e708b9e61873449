"""Timelines as TOML that people read and write.

::

    version = 1
    name = "Last climb"
    driven_by = "wall"

    [[shot]]
    duration_s = 6.0
    title = "Col de Montségur"
    camera = "side:montségur"

    [[shot]]
    duration_s = 20.0
    handover = { duration_s = 3.0, ease = "smooth", arc = 1.0 }
    camera = { move = "chase", target = "leader", height_m = 9.0 }

A camera is in words, as on the command line, or a table whose ``move`` names it and whose other fields are
those of the move. A shot without ``start_s`` follows the one before. What is written reads back the same.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import tomllib
import typing
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.files import written_aside
from tracker3d.scene.camera.flight import FlyToCamera
from tracker3d.scene.camera.framed import FixedCamera
from tracker3d.scene.camera.handover import Handover
from tracker3d.scene.camera.keyframes import Keyframe, RecordedCamera
from tracker3d.scene.camera.moment import Clock
from tracker3d.scene.camera.timeline import MOST_SHOTS, CameraShot, CameraTimeline
from tracker3d.scene.camera.words import MOVES, converted, parse_camera

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.scene.camera.moment import Camera

VERSION = 1
LARGEST_BYTES = 8_000_000
_DEEPEST = 4
_NAMES = {kind: name for name, kind in MOVES.items()}


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """The file without its shots."""

    version: int = VERSION
    name: str = ""
    driven_by: Clock = Clock.WALL
    shot: list[dict[str, Any]] = []


class _Shot(msgspec.Struct, forbid_unknown_fields=True):
    """A shot without what needs a closer look."""

    duration_s: float
    camera: str | dict[str, Any]
    start_s: float | None = None
    title: typing.Annotated[str, msgspec.Meta(max_length=500)] = ""
    subtitle: typing.Annotated[str, msgspec.Meta(max_length=500)] = ""
    handover: dict[str, Any] | None = None


def read_shots(path: Path) -> CameraTimeline:
    """Read a timeline from a TOML file.

    Raises
    ------
    InputError
        The file cannot be read, is too large, is no TOML, or something in it is no timeline: the sentence
        says where.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB; give a file of shots.")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give an existing file of shots."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no TOML: {error}; mend it there.") from error
    return timeline_from(table, what=str(path))


def write_shots(path: Path, timeline: CameraTimeline) -> None:
    """Write a timeline as TOML; :func:`read_shots` gives it back exactly.

    Raises
    ------
    InputError
        A shot has a camera that cannot be written.
    OutputError
        The file cannot be written.
    """
    text = "\n".join(_lines(timeline))
    with written_aside(path) as part:
        part.write_text(text, encoding="utf-8")


def timeline_from(table: dict[str, Any], *, what: str) -> CameraTimeline:
    """Return the timeline of a table as TOML holds it; ``what`` names the file in errors."""
    head: _Head = converted(_Head, table, lenient=False, what=what)
    if head.version != VERSION:
        raise InputError(f"{what} has version {head.version}; this program reads version {VERSION}.")
    if len(head.shot) > MOST_SHOTS:
        raise InputError(f"{what} has {len(head.shot)} shots; {MOST_SHOTS} are possible: split it.")
    shots: list[CameraShot] = []
    for number, row in enumerate(head.shot, 1):
        where = f"Shot {number} of {what}"
        shot: _Shot = converted(_Shot, row, lenient=False, what=where)
        start_s = shot.start_s
        if start_s is None:
            start_s = shots[-1].end_s if shots else 0.0
        given = shot.handover
        handover = (
            Handover(0.0) if given is None else _checked(Handover, given, what=f"The hand-over of {where}")
        )
        camera = camera_from(shot.camera, what=f"The camera of {where}")
        shots.append(CameraShot(camera, start_s, shot.duration_s, handover, shot.title, shot.subtitle))
    try:
        return CameraTimeline(tuple(shots), head.name, head.driven_by)
    except InputError as error:
        raise InputError(f"{what} is no timeline: {error}") from error


def camera_from(given: str | dict[str, Any], *, what: str, depth: int = 0) -> Camera:
    """Return the camera of a table or of words."""
    if isinstance(given, str):
        try:
            return parse_camera(given)
        except InputError as error:
            raise InputError(f"{what}: {error}") from error
    if depth > _DEEPEST:
        raise InputError(f"{what} is nested too deeply; fly to a camera, not to a flight.")
    fields = dict(given)
    name = fields.pop("move", None)
    if name == "fixed":
        key: Keyframe = _checked(Keyframe, {"at_s": 0.0, **fields}, what=what)
        return FixedCamera(key.pose())
    if not isinstance(name, str) or name not in MOVES:
        raise InputError(f"{what} has the move {name!r}; moves are {', '.join([*MOVES, 'fixed'])}.")
    if MOVES[name] is not FlyToCamera:
        try:
            camera: Camera = _checked(MOVES[name], fields, what=what)
        except InputError as error:
            raise error if str(error).startswith(what) else InputError(f"{what}: {error}") from error
        return camera
    if "to" not in fields:
        raise InputError(f'{what} flies nowhere; say which camera to fly to: to = "chase:leader".')
    _refuse_unknown(FlyToCamera, fields, what=what)
    to = camera_from(fields["to"], what=f"{what}, to,", depth=depth + 1)
    start = camera_from(fields.get("start", "overview"), what=f"{what}, start,", depth=depth + 1)
    handover: Handover = _checked(Handover, fields.get("handover", {"duration_s": 6.0}), what=what)
    driven_by: Clock = converted(Clock, fields.get("driven_by", "wall"), lenient=False, what=what)
    return FlyToCamera(to, start, handover, driven_by)


def _checked(kind: type, fields: Any, *, what: str) -> Any:
    """Return a value made of fields all of which it has."""
    if isinstance(fields, dict):
        _refuse_unknown(kind, fields, what=what)
    return converted(kind, fields, lenient=False, what=what)


def _refuse_unknown(kind: type, fields: dict[str, Any], *, what: str) -> None:
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = [key for key in fields if key not in known]
    if unknown:
        raise InputError(f"{what} has the field {unknown[0]!r}; its fields are {', '.join(known) or 'none'}.")


def camera_table(camera: Camera) -> dict[str, Any]:
    """Return a camera as a table of plain values.

    Raises
    ------
    InputError
        It is none of the moves that files know.
    """
    if isinstance(camera, FixedCamera):
        table = _plain(Keyframe.of(0.0, camera.fixed))
        del table["at_s"]
        return {"move": "fixed", **table}
    if isinstance(camera, RecordedCamera):
        camera = camera.keyframes()
    if type(camera) not in _NAMES:
        raise InputError(
            f"A {type(camera).__name__} cannot be written as a shot; use one of the named moves."
        )
    if isinstance(camera, FlyToCamera):
        rest = {"handover": _plain(camera.handover), "driven_by": camera.driven_by.value}
        return {"move": "fly", "to": camera_table(camera.to), "start": camera_table(camera.start), **rest}
    return {"move": _NAMES[type(camera)], **_plain(camera)}


def _plain(value: Any) -> Any:
    """Return a value as TOML holds it: dataclasses as tables without what is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _plain(item) for name, item in pairs if item is not None}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _lines(timeline: CameraTimeline) -> list[str]:
    head = {"version": VERSION, "name": timeline.name, "driven_by": timeline.driven_by.value}
    lines = [f"{key} = {_text(value)}" for key, value in head.items()]
    for shot in timeline.shots:
        row = {
            "start_s": shot.start_s,
            "duration_s": shot.duration_s,
            "title": shot.title,
            "subtitle": shot.subtitle,
            "handover": _plain(shot.handover),
            "camera": camera_table(shot.camera),
        }
        keys = row["camera"].pop("keys", None)
        lines += ["", "[[shot]]", *(f"{key} = {_text(value)}" for key, value in row.items() if value != "")]
        if keys is not None:
            inner = ",\n".join(f"  {_text(key)}" for key in keys)
            lines[-1] = f"{lines[-1][:-2]}, keys = [\n{inner},\n] }}"
    return [*lines, ""]


def _text(value: Any) -> str:
    """Return a plain value in TOML's spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_text(item)}" for key, item in value.items()) + " }"
    # Basic strings of TOML are those of JSON but for DEL and the slash, which JSON leaves alone.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")
