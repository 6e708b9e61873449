"""Decoder of GPX: one rider for each track, named by the number in the track's name or the file's."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

import gpxpy
import gpxpy.gpx

from tracker3d.errors import FeedError
from tracker3d.feed.fixes import FixSource

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.feed.columns import FixColumns

_LARGEST_BIB = 9999


def add_gpx(content: bytes, columns: FixColumns, path: Path) -> None:
    """Append every timed point of every track.

    The bib is the number in the track's name, else (where the file holds one track) in the file's name,
    else the smallest that is free.

    Raises
    ------
    FeedError
        The file is no GPX.
    """
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise FeedError(f"{path} declares XML entities, which no GPX needs; export it again without them.")
    try:
        document = gpxpy.parse(content.decode("utf-8-sig", errors="replace"))
    except (gpxpy.gpx.GPXException, ValueError, TypeError) as error:
        raise FeedError(f"{path} is damaged and cannot be read as GPX; export it again.") from error
    taken = {bib for bib in columns.bib if bib is not None}
    for track in document.tracks:
        names = [track.name or ""] + ([path.stem] if len(document.tracks) == 1 else [])
        bib = _bib(names, taken)
        taken.add(bib)
        for segment in track.segments:
            for point in segment.points:
                _add_point(point, bib, columns)


def _add_point(point: gpxpy.gpx.GPXTrackPoint, bib: int, columns: FixColumns) -> None:
    if point.time is None:
        columns.refused["rows without a valid time"] += 1
        return
    moment = point.time if point.time.tzinfo else point.time.replace(tzinfo=UTC)
    columns.add(
        moment.timestamp() * 1000.0,
        bib,
        point.latitude,
        point.longitude,
        speed_mps=point.speed,
        source=FixSource.GPX,
    )


def _bib(names: list[str], taken: set[int]) -> int:
    for name in names:
        for number in re.findall(r"(?<!\d)\d{1,4}(?!\d)", name):
            if 0 < int(number) <= _LARGEST_BIB and int(number) not in taken:
                return int(number)
    return next(bib for bib in range(1, len(taken) + 2) if bib not in taken)
