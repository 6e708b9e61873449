"""Cameras in words, as on the command line, and the table of moves by name."""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.scene.camera.flight import FlyToCamera, RoadCamera
from tracker3d.scene.camera.follow import ChaseCamera, OrbitCamera, OverheadCamera
from tracker3d.scene.camera.framed import ClimbCamera, ClimbSideCamera, FinishCamera, OverviewCamera
from tracker3d.scene.camera.keyframes import KeyframeCamera
from tracker3d.scene.camera.presets import PreviewCamera, SummitCamera, helicopter, moto

if TYPE_CHECKING:
    from tracker3d.scene.camera.moment import Camera

MOVES: dict[str, type] = {
    "overview": OverviewCamera,
    "orbit": OrbitCamera,
    "chase": ChaseCamera,
    "overhead": OverheadCamera,
    "road": RoadCamera,
    "climb": ClimbCamera,
    "side": ClimbSideCamera,
    "finish": FinishCamera,
    "fly": FlyToCamera,
    "keyframes": KeyframeCamera,
    "summit": SummitCamera,
    "preview": PreviewCamera,
}
"""Moves that words and files know, by name."""

CAMERA_CHOICES = (
    "overview, orbit[:km=..], helicopter[:<bib|leader|peloton>], chase:<bib|leader|peloton>, moto[:<..>], "
    "overhead[:<..>], road[:km], climb:<name or km>, side:<name or km>, summit[:<name or km>], finish, "
    "fly:<camera> or preview"
)

_PLAIN = {
    "orbit": "target",
    "chase": "target",
    "overhead": "target",
    "road": "km",
    "climb": "climb",
    "side": "climb",
    "summit": "climb",
}
"""Which field of a move is meant by what has no name."""

_SHORT = {
    "radius": "radius_m", "pitch": "pitch_deg", "turn": "turn_s", "turns": "turns", "start": "start_deg",
    "distance": "distance_m", "height": "height_m", "lead": "lead_m", "bearing": "bearing_deg",
    "smoothing": "smoothing_s", "fov": "fov_deg", "speed": "speed_mps", "to": "to_km",
    "ahead": "look_ahead_m", "by": "driven_by", "ease": "ease_s",
}  # fmt: skip


def parse_camera(spec: str) -> Camera:
    """Read a camera from its words.

    A name, then after a colon what it looks at, and options, all separated by commas: ``overview``; ``orbit``
    (around the leader), ``orbit:peloton``, ``orbit:21,radius=900``, ``orbit:km=35.2``; ``helicopter:leader``;
    ``chase:<bib|leader|peloton>``, ``chase:21,distance=30,height=9``; ``moto:21``;
    ``overhead:peloton,up=road``;
    ``road``, ``road:120``, with ``km=``, ``to=`` and ``speed=`` in metres of road a second;
    ``climb:<name or km>``; ``side:<name or km>``, ``side:stage``; ``summit``, ``summit:<name or km>``;
    ``finish``;
    ``fly:<camera>``, from the whole stage to any of these; ``preview``. Kilometres count from km 0.
    Options are the fields of the moves in :data:`MOVES`, without their units.

    Raises
    ------
    InputError
        No camera is meant by these words.
    """
    name, _, rest = spec.strip().partition(":")
    name, rest = name.strip().lower(), rest.strip()
    if name in ("helicopter", "moto"):
        given = _options(spec, rest, plain="target")
        base = helicopter() if name == "helicopter" else moto()
        return _changed(spec, base, given)
    if name == "fly" and rest:
        return FlyToCamera(parse_camera(rest))
    if name not in MOVES or name in ("fly", "keyframes"):
        raise _unknown(spec)
    if name in ("chase", "climb", "side") and not rest:
        raise _unknown(spec)
    move = MOVES[name]
    given = _options(spec, rest, plain=_PLAIN.get(name, ""))
    if name == "orbit" and "height_m" in given:
        height_m, radius_m = _number(spec, given.pop("height_m")), _number(spec, given.get("radius_m", "650"))
        given["pitch_deg"] = str(math.degrees(math.atan2(height_m, max(radius_m, 1.0))))
    if name == "orbit" and _number(spec, given.get("turn_s", "1")) < 0.0:
        raise InputError(f"The camera {spec!r} turns in negative time; give turns=-1 to turn the other way.")
    camera: Camera = converted(move, _known(spec, move, given), lenient=True, what=f"The camera {spec!r}")
    return camera


def converted(move: type, given: dict[str, Any], *, lenient: bool, what: str) -> Any:
    """Return a move made of its fields, each checked against its bounds.

    Raises
    ------
    InputError
        A field has a wrong type or is out of bounds; ``what`` says where.
    """
    try:
        return msgspec.convert(given, move, strict=not lenient)
    except msgspec.ValidationError as error:
        text, _, field = str(error).replace("`", "").partition(" - at $.")
        if "matching regex" in text:
            text = "Expected leader, peloton or a bib"
        place = f"{field}: " if field else ""
        raise InputError(f"{what} cannot be used: {place}{text[:1].lower()}{text[1:]}.") from error


def _changed(spec: str, base: Any, given: dict[str, str]) -> Camera:
    table = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    camera: Camera = converted(
        type(base),
        {**table, **_known(spec, type(base), given)},
        lenient=True,
        what=f"The camera {spec!r}",
    )
    return camera


def _options(spec: str, text: str, *, plain: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = plain, part
        key = key.strip().lower()
        value = value.strip()
        given[_SHORT.get(key, key)] = value.lower() if key not in ("climb",) else value
    return given


def _known(spec: str, move: type, given: dict[str, str]) -> dict[str, str]:
    fields = typing.get_type_hints(move)
    if any(key not in fields for key in given):
        raise _unknown(spec)
    return given


def _number(spec: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise _unknown(spec) from error
    if not math.isfinite(number):
        raise _unknown(spec)
    return number


def _unknown(spec: str) -> InputError:
    return InputError(f"{spec!r} is no camera; choose {CAMERA_CHOICES}.")
