"""The registry of readers: a source is told by its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError, RouteError
from tracker3d.stage.geojson import is_geojson, source_of_geojson
from tracker3d.stage.gpx import source_of_gpx
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.joining import joined
from tracker3d.stage.racecenter import decode_recording, looks_like_recording
from tracker3d.stage.racecenter_parts import race_of_recording, source_of_recording, source_of_trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tracker3d.stage.source import Source


def read_source(path: Path, *, riders_path: Path | None = None) -> Source:
    """Read what a stage can be prepared from, told by content and not by the file's name.

    Parameters
    ----------
    path : Path
        A Race Center recording, ``trace.json``, GPX or GeoJSON; may be gzipped.
    riders_path : Path, optional
        A recording of the race, which may lack the road: riders, teams, the day, places and kilometres are
        taken from it, and from ``path`` only what it does not tell.

    Raises
    ------
    InputError
        A file is missing, damaged or too large, or ``riders_path`` is no recording.
    RouteError
        ``path`` is none of these, or holds no road.
    """
    road = decode_source(read_bounded(path), path)
    return road if riders_path is None else joined(road, _read_race(riders_path))


def _read_race(path: Path) -> Source:
    content = read_bounded(path)
    if not looks_like_recording(content):
        raise InputError(f"{path} is no Race Center recording; give one that names the riders.")
    return race_of_recording(decode_recording(content, path))


def decode_source(content: bytes, path: Path) -> Source:
    """Decode the content of a source; ``path`` is for names and errors.

    Raises
    ------
    InputError, RouteError
        As :func:`read_source`.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    for recognises, read in _READERS:
        if recognises(text):
            return read(text, path)
    raise RouteError(
        f"{path} is neither a Race Center recording, a trace.json, GPX nor GeoJSON; convert the road to GPX."
    )


def _read_recording(content: bytes, path: Path) -> Source:
    return source_of_recording(decode_recording(content, path))


def _read_json(content: bytes, path: Path) -> Source:
    document = _decoded(content, path)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if isinstance(document, dict) and "routePoints" in document:
        return source_of_trace(document, path)
    if isinstance(document, dict) and is_geojson(document):
        return source_of_geojson(document, path)
    raise RouteError(
        f"{path} is JSON without a road; give a recording, a trace.json or GeoJSON with a LineString."
    )


def _decoded(content: bytes, path: Path) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cut = "cut off" if "truncated" in str(error) else "broken"
        raise RouteError(f"{path} is {cut} JSON; copy or download it again.") from error


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, Path], Source]], ...] = (
    (lambda text: text[:1] == b"<" and b"<gpx" in text[:8192], source_of_gpx),
    (looks_like_recording, _read_recording),
    (lambda text: text[:1] in (b"{", b"["), _read_json),
)
