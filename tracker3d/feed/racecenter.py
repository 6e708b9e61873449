"""Decoder of Race Center stream events (``telemetryCompetitor``, ``extraVehicle``).

Each event is decoded by itself: one that cannot be used is counted by cause and never stops the rest.
Well-formed events take the fast typed path; one with a malformed row is decoded again row by row, so that
a single bad value costs a single row.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from tracker3d.feed.columns import FixColumns
from tracker3d.feed.fixes import FixFlag

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tracker3d.feed.fixes import Fixes
    from tracker3d.stage.model import Stage

_RIDERS_BIND = "telemetryCompetitor"
_VEHICLES_BIND = "extraVehicle"
_JERSEYS = ("yellow", "green", "polka", "white")
_OTHER_DAY_MS = 20 * 3_600_000
"""Farther than this from noon of the stage's day a frame belongs to another day."""


_Id = Annotated[int, msgspec.Meta(ge=-(10**6), le=10**6)]


class _Rider(msgspec.Struct):
    Bib: _Id | None = None
    Latitude: float | None = None
    Longitude: float | None = None
    LatLon: list[float] | None = None
    kph: float | None = None
    kmToFinish: float | None = None  # noqa: N815
    secToFirstRider: float | None = None  # noqa: N815
    secToITTLead: float | None = None  # noqa: N815
    Status: str | None = None


class _Vehicle(msgspec.Struct):
    Id: _Id | None = None
    Name: str | None = None
    Latitude: float | None = None
    Longitude: float | None = None
    kph: float | None = None


class Frame(msgspec.Struct):
    """One tick of the feed: the positions of riders or of vehicles."""

    TimeStamp: float | None = None
    StageId: str | None = None
    YGPW: list[int | None] | None = None
    Riders: list[_Rider] | None = None
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


_ENVELOPE = msgspec.json.Decoder(_Envelope | list[_Envelope])
_FRAME = msgspec.json.Decoder(Frame | list[Frame], strict=False)


def decode_events(
    events: Iterable[str | bytes], *, stage: Stage, path: Path, columns: FixColumns | None = None
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

    Raises
    ------
    FeedError
        Nothing can be used.
    """
    columns = FixColumns() if columns is None else columns
    frames = _in_this_stage(_frames(events, columns.refused), stage, columns.refused)
    for frame in frames:
        add_frame(frame, columns)
    if not stage.time_trial and any(gap is not None for gap in columns.gap_s):
        mark_parked(columns)
    return dataclasses.replace(columns.to_fixes(path), time_trial=_is_time_trial(frames))


def _frames(events: Iterable[str | bytes], refused: Counter[str]) -> list[Frame]:
    """Decode all frames in order; the second arrival of the same text is counted and left out."""
    frames: list[Frame] = []
    recent: dict[str | bytes, None] = {}
    for text in events:
        if text in recent:
            refused["frames received twice"] += 1
            continue
        recent[text] = None
        if len(recent) > 8:
            del recent[next(iter(recent))]
        frames.extend(decode_message(text, refused))
    return frames


def decode_message(text: str | bytes, refused: Counter[str]) -> list[Frame]:
    """Decode the frames in one event of the stream or one document of the REST interface.

    Parameters
    ----------
    text : str or bytes
        Anything; what is no event is counted in ``refused`` and gives nothing.
    refused : Counter

    Returns
    -------
    list of Frame
        Those with positions; binds that hold none give nothing.
    """
    try:
        decoded = _ENVELOPE.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refused["messages that are not feed events"] += 1
        return []
    envelopes = decoded if isinstance(decoded, list) else [decoded]
    if any(envelope.bind for envelope in envelopes):
        return [
            frame
            for envelope in envelopes
            if envelope.bind.startswith((_RIDERS_BIND, _VEHICLES_BIND))
            for frame in _decode_frames(envelope.data, refused)
        ]
    documents = _decode_frames(text, refused)
    return [frame for frame in documents if frame.Riders is not None or frame.Vehicles is not None]


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
                Riders=_rows(document.get("Riders"), _Rider, refused),
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
    if frame.YGPW:
        columns.jerseys = {bib: name for bib, name in zip(frame.YGPW, _JERSEYS, strict=False) if bib}


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
        columns.add(moment_ms, bib, row.Latitude, row.Longitude, speed_mps=speed)


def mark_parked(columns: FixColumns) -> None:
    """Mark rider rows without a time to the first rider: on a road stage a tracker that is parked.

    Not for a sender that never gives that time: it does not tell parked trackers this way.
    """
    for index, (bib, gap) in enumerate(zip(columns.bib, columns.gap_s, strict=True)):
        if gap is None and bib is not None and bib > 0:
            columns.flags[index] |= FixFlag.PARKED
