"""``read_feed`` and ``read_reports``: any file of a feed, told by its content, to fixes and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import FeedError, InputError
from tracker3d.feed.columns import FixColumns, raise_if_refused
from tracker3d.feed.documents import CHECKPOINTS, RIDERS, Document
from tracker3d.feed.gathering import ReportBook
from tracker3d.feed.gpx import add_gpx
from tracker3d.feed.log import LogReader, is_log
from tracker3d.feed.message import Shape, shape_of
from tracker3d.feed.nmea import add_nmea
from tracker3d.feed.racecenter import add_events, mark_rows
from tracker3d.feed.tables import add_csv, add_json_lines
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.racecenter import decode_recording, looks_like_recording
from tracker3d.stage.racecenter_parts import stage_of_day
from tracker3d.stage.untrusted import as_documents, as_number, as_text

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.feed.fixes import Fixes
    from tracker3d.feed.reports import Reports
    from tracker3d.stage.model import Stage
    from tracker3d.stage.racecenter import Recording

_LARGEST_TEXT_BYTES = 300_000_000
_MOST_FILES = 1000
_FOLDER_PATTERNS = ("riders/bib-*/positions.csv", "bib-*/positions.csv", "*.gpx", "*.csv", "*.jsonl")
_BINDS_OF_REST = {"riders": RIDERS, "checkpoints": CHECKPOINTS}


def read_feed(path: Path, *, stage: Stage, strict: bool = False) -> Fixes:
    """Read the positions of a recorded feed into columns.

    Known are: a Race Center recording (``.json.gz`` or ``.json``), a log of the recorder
    (:mod:`tracker3d.feed.recorder`), also one that is still being written, official ``positions.csv``
    (one file or a folder of ``riders/bib-*/positions.csv``), our own CSV and JSON lines
    (:mod:`tracker3d.feed.tables`), GPX (a file or a folder), and a document of the REST interface as it was
    answered. The content decides, not the ending.

    Parameters
    ----------
    path : Path
    stage : Stage
        The stage that the positions belong to: tells a time trial from a road stage, and the day.
    strict : bool
        Raise where anything cannot be used, instead of counting it.

    Returns
    -------
    Fixes
        In the order received; rows that cannot be used are counted in ``refused``.

    Raises
    ------
    InputError
        The file is missing, damaged or cut off.
    FeedError
        Nothing in it can be used, or not everything where that is asked for.
    """
    return read_feed_and_reports(path, stage=stage, strict=strict)[0]


def read_reports(path: Path, *, stage: Stage, strict: bool = False) -> Reports:
    """Read what a recorded feed says besides positions: groups, jerseys, withdrawals, weather, rankings.

    Parameters
    ----------
    path, stage, strict
        As for :func:`read_feed`. Tables and GPX hold no reports.

    Raises
    ------
    InputError, FeedError
        As :func:`read_feed`, but a feed without any position is no error.
    """
    contents = _Contents(stage)
    contents.add_path(path)
    reports = contents.book.reports
    if strict:
        raise_if_refused(reports.refused, path)
    return reports


def read_feed_and_reports(path: Path, *, stage: Stage, strict: bool = False) -> tuple[Fixes, Reports]:
    """Do what :func:`read_feed` and :func:`read_reports` do, and read the file once."""
    contents = _Contents(stage)
    contents.add_path(path)
    columns = contents.columns
    mark_rows(columns, time_trial=stage.time_trial or columns.time_trial)
    fixes, reports = columns.to_fixes(path), contents.book.reports
    if strict:
        raise_if_refused({**reports.refused, **fixes.refused}, path)
    return fixes, reports


class _Contents:
    """What has been read from files of one feed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.columns, self.book = FixColumns(), ReportBook(stage)

    def add_path(self, path: Path) -> None:
        if is_log(path):
            self._add_log(path)
        elif path.is_dir():
            self._add_folder(path)
        else:
            content = read_bounded(path)
            if looks_like_recording(content):
                self._add_recording(decode_recording(content, path))
            else:
                self._add_file(content, path)

    def _add_events(self, events: list[str] | list[bytes]) -> None:
        add_events(events, stage=self._stage, columns=self.columns, book=self.book)

    def _add_recording(self, recording: Recording) -> None:
        """Decode events, and what the documents that were fetched once say of more than the roster."""
        self._add_events(recording.events)
        rest = recording.rest
        for name, value in rest.items():
            for content in as_documents(value):
                bind = as_text(content.get("_bind")) or _BINDS_OF_REST.get(name, "")
                self.book.add_document(Document(bind, content))
        day = as_text(recording.meta.get("date")) or self._stage.date
        number = as_number(stage_of_day(rest.get("stages"), day).get("stage"))
        self.book.set_stage_number(int(number) if number > 0 else 0)

    def _add_log(self, path: Path) -> None:
        """Decode what a recorder wrote: events of the Race Center, JSON lines and NMEA sentences."""
        reader, columns, events = LogReader(path), self.columns, []
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
        self._add_events(events)

    def _add_folder(self, path: Path) -> None:
        for pattern in _FOLDER_PATTERNS:
            files = sorted(path.glob(pattern))
            if files:
                break
        else:
            raise FeedError(f"{path} holds no positions; it needs riders/bib-*/positions.csv or GPX files.")
        if len(files) > _MOST_FILES:
            raise FeedError(f"{path} holds {len(files):,} files of positions; give one race at a time.")
        for file in files:
            try:
                self._add_file(read_bounded(file, limit_bytes=_LARGEST_TEXT_BYTES), file)
            except InputError:
                self.columns.refused["files that cannot be read"] += 1

    def _add_file(self, content: bytes, path: Path) -> None:
        if len(content) > _LARGEST_TEXT_BYTES:
            raise FeedError(
                f"{path} holds more than {_LARGEST_TEXT_BYTES / 1e6:,.0f} MB of text; give the race alone."
            )
        start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"<"):
            add_gpx(content, self.columns, path)
        elif start.startswith(b"[") or (start.startswith(b"{") and not _is_lines(content)):
            self._add_document(content, path)
        elif start.startswith(b"{"):
            add_json_lines(content, self.columns)
        else:
            add_csv(content, self.columns, path)

    def _add_document(self, content: bytes, path: Path) -> None:
        """Take an answer of the REST interface, or one event."""
        events: list[Any] = [content.removeprefix(b"\xef\xbb\xbf")]
        rows, before = len(self.columns), self.book.reports
        self._add_events(events)
        if len(self.columns) == rows and self.book.reports == before:
            raise FeedError(f"{path} is JSON of another kind; give a recording, or one position a line.")


def _is_lines(content: bytes) -> bool:
    """Whether the first line alone is a position of our own."""
    try:
        first = msgspec.json.decode(content.split(b"\n", 1)[0])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return isinstance(first, dict) and "bib" in first
