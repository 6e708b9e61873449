"""Times as people type them: ISO 8601, the race's local time, or kilometres to go."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.stage.model import Stage

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,3})?)?")
_TO_GO = re.compile(r"(\d+(?:[.,]\d+)?)\s*km", re.IGNORECASE)


def parse_time(text: str, *, stage: Stage, race: Race) -> int:
    """Read a time within the recording.

    Parameters
    ----------
    text : str
        ISO 8601 with a zone (``2026-07-07T14:00:00Z``), the race's local time on the day of the stage
        (``16:00:00``), or kilometres to go (``35.2km``): when the first rider is there.
    stage : Stage
    race : Race

    Returns
    -------
    int
        Milliseconds since 1970 UTC.

    Raises
    ------
    InputError
        It is no time, or outside the recording.
    """
    text = text.strip()
    to_go = _TO_GO.fullmatch(text)
    if to_go:
        return race.time_of_to_go(float(to_go[1].replace(",", ".")) * 1000.0)
    time_ms = _local_ms(text, stage) if _CLOCK.fullmatch(text) else _iso_ms(text)
    if not race.start_ms <= time_ms <= race.end_ms:
        raise InputError(
            f'"{text}" lies outside the recording, which runs from {local_clock(race.start_ms, stage)} '
            f"to {local_clock(race.end_ms, stage)} local time; choose a time between."
        )
    return time_ms


def local_clock(time_ms: float, stage: Stage) -> str:
    """Return a moment as HH:MM:SS in the race's local time."""
    return datetime.fromtimestamp(time_ms / 1000.0, _zone(stage)).strftime("%H:%M:%S")


def iso_utc(time_ms: float) -> str:
    """Return a moment as ISO 8601 with milliseconds and Z."""
    return datetime.fromtimestamp(time_ms / 1000.0, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def local_date(time_ms: float, stage: Stage) -> str:
    """Return the race's local calendar date of a moment, ISO 8601."""
    return datetime.fromtimestamp(time_ms / 1000.0, _zone(stage)).date().isoformat()


def _zone(stage: Stage) -> ZoneInfo:
    try:
        return ZoneInfo(stage.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _local_ms(text: str, stage: Stage) -> int:
    try:
        clock = text.replace(",", ".")
        moment = datetime.fromisoformat(f"{stage.date}T{clock.zfill(len(clock) + (clock[1] == ':'))}")
    except ValueError as error:
        raise InputError(
            f'"{text}" cannot be read as a time on the day of the stage; give ISO 8601 with a zone.'
        ) from error
    return round(moment.replace(tzinfo=_zone(stage)).timestamp() * 1000.0)


def _iso_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f'"{text}" is no time; give 2026-07-07T14:00:00Z, the local time as 16:00:00, or 35.2km to go.'
        ) from error
    if moment.tzinfo is None:
        raise InputError(f'"{text}" has no time zone; add Z for UTC or an offset such as +02:00.')
    return round(moment.timestamp() * 1000.0)
