"""``read_feed``: any file of positions, told by its content, to fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tracker3d.errors import FeedError, InputError
from tracker3d.feed.columns import FixColumns
from tracker3d.feed.gpx import add_gpx
from tracker3d.feed.log import LogReader, is_log
from tracker3d.feed.message import Shape, shape_of
from tracker3d.feed.nmea import add_nmea
from tracker3d.feed.racecenter import decode_events
from tracker3d.feed.tables import add_csv, add_json_lines
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.racecenter import decode_recording, looks_like_recording

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.feed.fixes import Fixes
    from tracker3d.stage.model import Stage

_LARGEST_TEXT_BYTES = 300_000_000
_MOST_FILES = 1000
_FOLDER_PATTERNS = ("riders/bib-*/positions.csv", "bib-*/positions.csv", "*.gpx", "*.csv", "*.jsonl")


def read_feed(path: Path, *, stage: Stage) -> Fixes:
    """Read a recorded feed into columns.

    Known are: a Race Center recording (``.json.gz`` or ``.json``), a log of the recorder
    (:mod:`tracker3d.feed.recorder`), also one that is still being written, official ``positions.csv``
    (one file or a folder of ``riders/bib-*/positions.csv``), our own CSV and JSON lines
    (:mod:`tracker3d.feed.tables`), and GPX (a file or a folder). The content decides, not the ending.

    Parameters
    ----------
    path : Path
    stage : Stage
        The stage that the positions belong to: tells a time trial from a road stage, and the day.

    Returns
    -------
    Fixes
        In the order received; rows that cannot be used are counted in ``refused``.

    Raises
    ------
    InputError
        The file is missing, damaged or cut off.
    FeedError
        Nothing in it can be used.
    """
    if is_log(path):
        return _read_log(path, stage)
    if path.is_dir():
        return _read_folder(path)
    content = read_bounded(path)
    if looks_like_recording(content):
        return decode_events(decode_recording(content, path).events, stage=stage, path=path)
    columns = FixColumns()
    _add_file(content, columns, path)
    return columns.to_fixes(path)


def _read_log(path: Path, stage: Stage) -> Fixes:
    """Decode what a recorder wrote: events of the Race Center, JSON lines and NMEA sentences."""
    reader, columns, events = LogReader(path), FixColumns(), []
    for message in reader.read():
        shape = shape_of(message.data)
        if shape is Shape.EVENT:
            events.append(message.data)
        elif shape is Shape.LINES:
            add_json_lines(message.data, columns)
        else:
            add_nmea(message.data, columns, topic=message.topic)
    if reader.damaged_bytes:
        columns.refused["bytes of a log that are damaged"] = reader.damaged_bytes
    return decode_events(events, stage=stage, path=path, columns=columns)


def _read_folder(path: Path) -> Fixes:
    for pattern in _FOLDER_PATTERNS:
        files = sorted(path.glob(pattern))
        if files:
            break
    else:
        raise FeedError(f"{path} holds no positions; it needs riders/bib-*/positions.csv or GPX files.")
    if len(files) > _MOST_FILES:
        raise FeedError(f"{path} holds {len(files):,} files of positions; give one race at a time.")
    columns = FixColumns()
    for file in files:
        try:
            _add_file(read_bounded(file, limit_bytes=_LARGEST_TEXT_BYTES), columns, file)
        except InputError:
            columns.refused["files that cannot be read"] += 1
    return columns.to_fixes(path)


def _add_file(content: bytes, columns: FixColumns, path: Path) -> None:
    if len(content) > _LARGEST_TEXT_BYTES:
        raise FeedError(
            f"{path} holds more than {_LARGEST_TEXT_BYTES / 1e6:,.0f} MB of text; give the race alone."
        )
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        add_gpx(content, columns, path)
    elif start.startswith(b"{"):
        if _is_one_document(content):
            raise FeedError(f"{path} is JSON of another kind; give a recording, or one position a line.")
        add_json_lines(content, columns)
    elif start.startswith(b"["):
        raise FeedError(f"{path} is JSON of another kind; give a recording, or one position a line.")
    else:
        add_csv(content, columns, path)


def _is_one_document(content: bytes) -> bool:
    """Whether the first line alone is no complete JSON object."""
    try:
        first = msgspec.json.decode(content.split(b"\n", 1)[0])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True
    return not (isinstance(first, dict) and "bib" in first)
