"""Decoder of Race Center events and documents: positions of riders and vehicles.

What holds no positions is handed on as :class:`~tracker3d.feed.documents.Document`. Each event is decoded by
itself: one that cannot be used is counted by cause and never stops the rest. Well-formed events take the fast
typed path; one with a malformed row is decoded again row by row, so that a single bad value costs a single
row.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tracker3d.feed.columns import LARGEST_BIB, FixColumns
from tracker3d.feed.documents import Document
from tracker3d.feed.fixes import FixFlag, FixSource
from tracker3d.feed.reports import JERSEYS
from tracker3d.stage.untrusted import as_documents, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tracker3d.feed.fixes import Fixes
    from tracker3d.feed.gathering import ReportBook
    from tracker3d.stage.model import Stage

_RIDERS_BIND = "telemetryCompetitor"
_VEHICLES_BIND = "extraVehicle"
_LETTERS = dict(zip("YGPW", JERSEYS, strict=True))
_OTHER_DAY_MS = 20 * 3_600_000
"""Farther than this from noon of the stage's day a frame belongs to another day."""


_Id = Annotated[int, msgspec.Meta(ge=-(10**6), le=10**6)]


class Rider(msgspec.Struct):
    """A rider's row; units are those of the feed."""

    Bib: _Id | None = None
    Latitude: float | None = None
    Longitude: float | None = None
    LatLon: list[float] | None = None
    kph: float | None = None
    kmToFinish: float | None = None  # noqa: N815
    secToFirstRider: float | None = None  # noqa: N815
    secToITTLead: float | None = None  # noqa: N815
    Status: str | None = None
    Jersey: str | None = None
    Course: float | None = None
    degC: float | None = None  # noqa: N815
    kphWind: float | None = None  # noqa: N815
    RiderWindDir: float | None = None

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees, None where either is missing."""
        lat_deg, lon_deg = (
            _coordinate(self.Latitude, self.LatLon, 0),
            _coordinate(self.Longitude, self.LatLon, 1),
        )
        return None if lat_deg is None or lon_deg is None else (lat_deg, lon_deg)


class _Vehicle(msgspec.Struct):
    Id: _Id | None = None
    Name: str | None = None
    Latitude: float | None = None
    Longitude: float | None = None
    LatLon: list[float] | None = None
    kph: float | None = None


class Frame(msgspec.Struct):
    """One tick of the feed: the positions of riders or of vehicles."""

    TimeStamp: float | None = None
    StageId: str | None = None
    YGPW: list[int | None] | None = None
    Riders: list[Rider] | None = None
    Vehicles: list[_Vehicle] | None = None
    updated_at: Any = msgspec.field(default=None, name="_updatedAt")

    @property
    def time_ms(self) -> float | None:
        """When the positions were measured, milliseconds since 1970 UTC."""
        return None if self.TimeStamp is None else _to_ms(self.TimeStamp)

    @property
    def sent_ms(self) -> float | None:
        """When the server sent it, by its own clock, milliseconds since 1970 UTC."""
        sent_ms = self.updated_at
        return float(sent_ms) if isinstance(sent_ms, (int, float)) and 1e11 < sent_ms < 1e14 else None


class _Envelope(msgspec.Struct):
    """An event of the stream; a document of the REST interface has no ``bind``, and is a frame or is not."""

    bind: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Decoded(NamedTuple):
    """What one message holds: frames of positions, and documents of anything else."""

    frames: list[Frame]
    documents: list[Document]


_ENVELOPE = msgspec.json.Decoder(_Envelope | list[_Envelope])
_FRAME = msgspec.json.Decoder(Frame | list[Frame], strict=False)


def decode_events(
    events: Iterable[str | bytes],
    *,
    stage: Stage,
    path: Path,
    columns: FixColumns | None = None,
    book: ReportBook | None = None,
) -> Fixes:
    """Decode the texts of stream events into fixes.

    Parameters
    ----------
    events : iterable of str or bytes
        As received: JSON of one event, a document of the REST interface, or anything else.
    stage : Stage
        Tells a time trial from a road stage, and the day.
    path : Path
        Named in the error.
    columns : FixColumns, optional
        What other decoders found in the same source; it goes before the events.
    book : ReportBook, optional
        Takes what the events say besides positions.

    Raises
    ------
    FeedError
        Nothing can be used.
    """
    columns = FixColumns() if columns is None else columns
    add_events(events, stage=stage, columns=columns, book=book)
    mark_rows(columns, time_trial=stage.time_trial or columns.time_trial)
    return columns.to_fixes(path)


def add_events(
    events: Iterable[str | bytes], *, stage: Stage, columns: FixColumns, book: ReportBook | None = None
) -> None:
    """Append what the texts of stream events hold; see :func:`decode_events`."""
    decoded = _decoded_once(events, columns.refused)
    frames = _in_this_stage(decoded.frames, stage, columns.refused)
    for frame in frames:
        add_frame(frame, columns)
    columns.time_trial = _is_time_trial(frames)
    if book is not None:
        for frame in frames:
            book.add_frame(frame)
        for document in decoded.documents:
            book.add_document(document)


def _decoded_once(events: Iterable[str | bytes], refused: Counter[str]) -> Decoded:
    """Decode all messages in order; the second arrival of the same text is counted and left out."""
    whole = Decoded([], [])
    recent: dict[str | bytes, None] = {}
    for text in events:
        if text in recent:
            refused["frames received twice"] += 1
            continue
        recent[text] = None
        if len(recent) > 8:
            del recent[next(iter(recent))]
        frames, documents = decode_message(text, refused)
        whole.frames.extend(frames)
        whole.documents.extend(documents)
    return whole


def decode_message(text: str | bytes, refused: Counter[str]) -> Decoded:
    """Decode one event of the stream or one document of the REST interface.

    Parameters
    ----------
    text : str or bytes
        Anything; what is no event is counted in ``refused`` and gives nothing.
    refused : Counter
    """
    try:
        decoded = _ENVELOPE.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refused["messages that are not feed events"] += 1
        return Decoded([], [])
    envelopes = decoded if isinstance(decoded, list) else [decoded]
    if not any(envelope.bind for envelope in envelopes):
        listed = _decode_frames(text, refused)
        frames = [frame for frame in listed if frame.Riders is not None or frame.Vehicles is not None]
        return Decoded(frames, [] if frames else _documents(text, "", refused))
    whole = Decoded([], [])
    for envelope in envelopes:
        if envelope.bind.startswith((_RIDERS_BIND, _VEHICLES_BIND)):
            whole.frames.extend(_decode_frames(envelope.data, refused))
        else:
            whole.documents.extend(_documents(envelope.data, envelope.bind, refused))
    return whole


def _documents(data: msgspec.Raw | str | bytes, bind: str, refused: Counter[str]) -> list[Document]:
    """Return the objects in a text; over REST each names its own bind."""
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refused["messages that are not feed events"] += 1
        return []
    return [
        Document(as_text(item.get("_bind")) or bind, item)
        for item in as_documents(content if isinstance(content, list) else [content])
    ]


def _decode_frames(data: msgspec.Raw | str | bytes, refused: Counter[str]) -> list[Frame]:
    try:
        decoded = _FRAME.decode(data)
    except msgspec.ValidationError:
        return _salvage(data, refused)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refused["messages that are not feed events"] += 1
        return []
    return decoded if isinstance(decoded, list) else [decoded]


def _salvage(data: msgspec.Raw | str | bytes, refused: Counter[str]) -> list[Frame]:
    """Decode frames of which some part has a wrong type, keeping every row that stands."""
    try:
        documents = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refused["messages that are not feed events"] += 1
        return []
    frames = []
    for document in documents if isinstance(documents, list) else [documents]:
        if not isinstance(document, dict):
            refused["messages that are not feed events"] += 1
            continue
        frames.append(
            Frame(
                TimeStamp=_as(document.get("TimeStamp"), float),
                StageId=_as(document.get("StageId"), str),
                YGPW=_as(document.get("YGPW"), list[int | None]),
                Riders=_rows(document.get("Riders"), Rider, refused),
                Vehicles=_rows(document.get("Vehicles"), _Vehicle, refused),
            )
        )
    return frames


def _rows(value: Any, kind: Any, refused: Counter[str]) -> list[Any]:
    if not isinstance(value, list):
        return []
    rows = [_as(item, kind) for item in value]
    bad = sum(row is None for row in rows)
    if bad:
        refused["rows with values of a wrong kind"] += bad
    return [row for row in rows if row is not None]


def _as(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind | None, strict=False)
    except (msgspec.ValidationError, RecursionError):
        return None


def _in_this_stage(frames: list[Frame], stage: Stage, refused: Counter[str]) -> list[Frame]:
    """Leave out frames of another day, and of another stage than most of them."""
    votes = Counter(frame.StageId for frame in frames if frame.StageId)
    most = votes.most_common(1)[0][0] if votes else None
    noon_ms = noon_of(stage)
    kept = []
    for frame in frames:
        if frame.StageId and frame.StageId != most:
            refused["frames of another stage"] += 1
        elif is_other_day(frame.time_ms, noon_ms):
            refused["frames of another day"] += 1
        else:
            kept.append(frame)
    return kept


def is_other_day(time_ms: float | None, noon_ms: float | None) -> bool:
    """Tell whether a moment is too far from noon of the stage's day; nothing is where either is unknown."""
    return time_ms is not None and noon_ms is not None and abs(time_ms - noon_ms) > _OTHER_DAY_MS


def noon_of(stage: Stage) -> float | None:
    """Noon of the stage's day, milliseconds since 1970 UTC; None where the day is not known."""
    try:
        zone = ZoneInfo(stage.timezone or "UTC")
        day = datetime.combine(datetime.fromisoformat(stage.date), time(12), zone)
    except (ValueError, KeyError, OSError):
        return None
    return day.timestamp() * 1000.0


def _to_ms(stamp: float) -> float:
    return stamp * 1000.0 if abs(stamp) < 1e11 else stamp


def add_frame(frame: Frame, columns: FixColumns) -> None:
    """Append the rows of one frame."""
    _add_riders(frame, columns)
    _add_vehicles(frame, columns)


def _add_riders(frame: Frame, columns: FixColumns) -> None:
    rows = frame.Riders or []
    columns.time_ms.extend([frame.time_ms] * len(rows))
    columns.bib.extend([row.Bib if row.Bib and row.Bib > 0 else None for row in rows])
    columns.lat_deg.extend([_coordinate(row.Latitude, row.LatLon, 0) for row in rows])
    columns.lon_deg.extend([_coordinate(row.Longitude, row.LatLon, 1) for row in rows])
    columns.speed_mps.extend([None if row.kph is None else row.kph / 3.6 for row in rows])
    columns.to_go_m.extend([None if row.kmToFinish is None else row.kmToFinish * 1000.0 for row in rows])
    columns.gap_s.extend([row.secToFirstRider for row in rows])
    columns.flags.extend([FixFlag.FINISHED.value if row.Status == "finished" else 0 for row in rows])
    columns.source.extend([FixSource.RACE_CENTER.value] * len(rows))
    wearers = wearers_of(frame)
    if wearers:
        # Who leads two classifications wears the jersey of the first.
        columns.jerseys = {wearers[name]: name for name in reversed(JERSEYS) if name in wearers}


def wearers_of(frame: Frame) -> dict[str, int]:
    """Return who wears which jersey, as far as a frame says; ``YGPW`` goes before the riders' own letters."""
    told = {_LETTERS[row.Jersey]: row.Bib for row in frame.Riders or [] if row.Jersey in _LETTERS and row.Bib}
    told |= {name: bib for name, bib in zip(JERSEYS, frame.YGPW or [], strict=False) if bib}
    return {name: bib for name, bib in told.items() if 0 < bib <= LARGEST_BIB}


def _coordinate(value: float | None, pair: list[float] | None, index: int) -> float | None:
    if value is None and pair is not None and len(pair) == 2:
        return pair[index]
    return value


def _is_time_trial(frames: list[Frame]) -> bool:
    """Whether riders are timed against the best, and nobody against the first on the road."""
    rows = [row for frame in frames for row in frame.Riders or []]
    return any(row.secToITTLead is not None for row in rows) and all(
        row.secToFirstRider is None for row in rows
    )


def _add_vehicles(frame: Frame, columns: FixColumns) -> None:
    moment_ms = frame.time_ms
    for row in frame.Vehicles or []:
        bib = -row.Id if row.Id and row.Id > 0 else None
        if bib is not None and row.Name:
            columns.vehicle_names[bib] = row.Name
        speed = None if row.kph is None else row.kph / 3.6
        columns.add(
            moment_ms,
            bib,
            _coordinate(row.Latitude, row.LatLon, 0),
            _coordinate(row.Longitude, row.LatLon, 1),
            speed_mps=speed,
            source=FixSource.RACE_CENTER,
        )


def mark_rows(columns: FixColumns, *, time_trial: bool, gaps_told: bool | None = None) -> None:
    """Mark riders' rows of the Race Center by what only the whole feed tells.

    In a time trial they are matched to the road already. On a road stage a row without a time to the first
    rider is that of a parked tracker; not for a sender that never gives that time.

    Parameters
    ----------
    columns : FixColumns
    time_trial : bool
    gaps_told : bool, optional
        Whether this sender has ever given that time; if not given, whether it does in ``columns``.
    """
    if gaps_told is None:
        gaps_told = any(gap is not None for gap in columns.gap_s)
    if not (time_trial or gaps_told):
        return
    senders = (FixSource.RACE_CENTER, FixSource.POSITIONS_FILE)
    for index, (bib, gap) in enumerate(zip(columns.bib, columns.gap_s, strict=True)):
        if bib is None or bib < 0 or columns.source[index] not in senders:
            continue
        if time_trial:
            columns.flags[index] |= FixFlag.MATCHED.value
        elif gap is None:
            columns.flags[index] |= FixFlag.PARKED.value
