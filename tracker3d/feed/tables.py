"""Decoders of tables: official ``positions.csv``, and our own CSV and JSON lines.

Our own columns are ``time_utc`` (ISO 8601; without a zone it is UTC), ``bib``, ``lat``, ``lon`` (degrees,
WGS 84) and, where known, ``speed_mps``. JSON lines have the same names as keys, one object a line. A
negative bib is a vehicle.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated

import msgspec

from tracker3d.errors import FeedError
from tracker3d.feed.columns import FixColumns, parse_utc_ms
from tracker3d.feed.fixes import FixFlag, FixSource

if TYPE_CHECKING:
    from pathlib import Path

_OFFICIAL = ("bib", "lat", "lon", "timestamp")
_OWN = ("time_utc", "bib", "lat", "lon")


def add_csv(content: bytes, columns: FixColumns, path: Path) -> None:
    """Append the rows of an official ``positions.csv`` or of our own CSV.

    Raises
    ------
    FeedError
        The first line does not name the columns.
    """
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    try:
        header = [name.strip() for name in next(lines)]
    except (StopIteration, csv.Error) as error:
        raise FeedError(f"{path} is no table of positions; its first line must name the columns.") from error
    at = {name: index for index, name in enumerate(header)}
    if not (set(_OFFICIAL) <= set(at) or set(_OWN) <= set(at)):
        raise FeedError(
            f"{path} lacks columns: it needs {', '.join(_OWN)} (and speed_mps where known), "
            f"or the official {', '.join(_OFFICIAL)}."
        )
    try:
        for cells in lines:
            if cells:
                _add_row({name: cells[index] for name, index in at.items() if index < len(cells)}, columns)
    except csv.Error:
        columns.refused["tables cut off by an unreadable line"] += 1


def _add_row(row: dict[str, str], columns: FixColumns) -> None:
    kph, km = _number(row.get("kph")), _number(row.get("kmToFinish"))
    speed = _number(row.get("speed_mps")) if kph is None else kph / 3.6
    bib = _number(row.get("bib"))
    finished = row.get("status", "").strip() == "finished"
    columns.add(
        parse_utc_ms(row.get("time_utc", row.get("timestamp", "")).strip()),
        None if bib is None or bib != bib // 1 else int(bib),
        _number(row.get("lat")),
        _number(row.get("lon")),
        speed_mps=speed,
        to_go_m=None if km is None else km * 1000.0,
        gap_s=_number(row.get("secToFirstRider")),
        flags=FixFlag.FINISHED if finished else FixFlag.NONE,
        source=FixSource.POSITIONS_FILE if "timestamp" in row else FixSource.TABLE,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


class _Line(msgspec.Struct):
    time_utc: str = ""
    bib: Annotated[int, msgspec.Meta(ge=-(10**6), le=10**6)] | None = None
    lat: float | None = None
    lon: float | None = None
    speed_mps: float | None = None


def add_json_lines(content: bytes, columns: FixColumns) -> None:
    """Append our own JSON lines; lines of another shape are counted."""
    decoder = msgspec.json.Decoder(_Line)
    for text in content.splitlines():
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            columns.refused["lines that are no position"] += 1
            continue
        columns.add(
            parse_utc_ms(line.time_utc),
            line.bib,
            line.lat,
            line.lon,
            speed_mps=line.speed_mps,
            source=FixSource.LINES,
        )
