"""What a stage can be prepared from, and the registry of readers by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import RouteError
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.racecenter import decode_recording, looks_like_recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.stage.anchors import Anchor
    from tracker3d.stage.model import PlaceKind, Rider, Team

NAN = float("nan")


@dataclass(frozen=True)
class SourcePlace:
    """A place as its source states it.

    Where ``distance_m`` is NaN it is found on the road from the position; ``altitude_m`` is NaN where
    the source states none.
    """

    kind: PlaceKind
    name: str
    distance_m: float = NAN
    lon_deg: float = NAN
    lat_deg: float = NAN
    altitude_m: float = NAN
    category: str = ""
    length_m: float = NAN
    average_gradient_percent: float = NAN


@dataclass(frozen=True)
class Source:
    """Everything that a file says about a stage.

    Attributes
    ----------
    path : Path
    kind : str
        "recording", "trace", "gpx" or "geojson".
    name : str
    points : (n, 3) float64
        Longitude and latitude in degrees and height in metres of the road's vertices in riding order;
        heights are NaN where the source has none.
    anchors : tuple of Anchor
        Stated kilometres.
    finish_m, ascent_m : float
        As stated; NaN where not.
    date, timezone : str
        Race-local ISO date and IANA zone; empty and "UTC" where unknown.
    start_time_ms : int | None
        UTC.
    messages : tuple of str
        What is odd about it, one sentence each.
    """

    path: Path
    kind: str
    name: str
    points: NDArray[np.float64]
    anchors: tuple[Anchor, ...] = ()
    finish_m: float = NAN
    ascent_m: float = NAN
    places: tuple[SourcePlace, ...] = ()
    teams: tuple[Team, ...] = ()
    riders: tuple[Rider, ...] = ()
    date: str = ""
    timezone: str = "UTC"
    start_time_ms: int | None = None
    time_trial: bool = False
    simulated: bool = False
    credits: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


def read_source(path: Path) -> Source:
    """Read what a stage can be prepared from, told by content and not by the file's name.

    Parameters
    ----------
    path : Path
        A Race Center recording, ``trace.json``, GPX or GeoJSON; may be gzipped.

    Raises
    ------
    InputError
        The file is missing, damaged or too large.
    RouteError
        It is none of these, or holds no road.
    """
    return decode_source(read_bounded(path), path)


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
    from tracker3d.stage.racecenter_parts import source_of_recording

    return source_of_recording(decode_recording(content, path))


def _read_gpx(content: bytes, path: Path) -> Source:
    from tracker3d.stage.gpx import source_of_gpx

    return source_of_gpx(content, path)


def _read_json(content: bytes, path: Path) -> Source:
    from tracker3d.stage.geojson import is_geojson, source_of_geojson
    from tracker3d.stage.racecenter_parts import source_of_trace

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
    (lambda text: text[:1] == b"<" and b"<gpx" in text[:8192], _read_gpx),
    (looks_like_recording, _read_recording),
    (lambda text: text[:1] in (b"{", b"["), _read_json),
)
