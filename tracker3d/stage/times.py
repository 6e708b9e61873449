"""Times of the general classification before a stage: from a table, to the riders of a roster and back."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.stage.inputs import read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tracker3d.stage.model import Rider

_LARGEST_TABLE_BYTES = 1_000_000
_HEAD_BYTES = 4096
_COLUMNS = {"bib", "time"}
_LISTED = 8
_CLOCK = re.compile(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)")


@dataclass(frozen=True)
class TimedRiders:
    """Riders with their times, and what to say of it, one sentence each.

    ``findings`` tell how many have a time, ``warnings`` what the user should look at: bibs that nobody on
    the roster wears, and riders without a time.
    """

    riders: tuple[Rider, ...]
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_times(path: Path) -> dict[int, float]:
    """Read the riders' times before a stage: CSV with the columns ``bib`` and ``time``.

    Times are seconds or H:MM:SS; gaps to the first do as well, since only differences count.

    Raises
    ------
    InputError
        The file is missing or is no such table; the sentence names the first line that cannot be read.
    """
    text = read_bounded(path, limit_bytes=_LARGEST_TABLE_BYTES).decode("utf-8-sig", errors="replace")
    reader = csv.DictReader(io.StringIO(text))
    if not set(reader.fieldnames or ()) >= _COLUMNS:
        raise InputError(f"{path} has no columns bib and time in its first line; name them there.")
    times: dict[int, float] = {}
    for row in reader:
        try:
            times[int(row["bib"])] = _seconds(row["time"])
        except (TypeError, ValueError):
            raise InputError(
                f"Line {reader.line_num} of {path} has no bib or no time; give seconds or H:MM:SS."
            ) from None
    return times


def looks_like_times(path: Path) -> bool:
    """Whether a file's first line names the columns of such a table; positions name others."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    return set(next(csv.reader(head.splitlines()[:1]), ())) >= _COLUMNS


def times_before(riders: Iterable[Rider]) -> dict[int, float]:
    """Return the times that riders have, seconds by bib."""
    return {rider.bib: rider.before_s for rider in riders if rider.before_s is not None}


def with_times(riders: tuple[Rider, ...], before_s: Mapping[int, float], *, name: str) -> TimedRiders:
    """Give riders their times, seconds by bib, of a table called ``name``."""
    timed = tuple(
        rider if rider.vehicle else dataclasses.replace(rider, before_s=before_s.get(rider.bib))
        for rider in riders
    )
    bibs = {rider.bib for rider in riders if not rider.vehicle}
    if not bibs:
        return TimedRiders(
            timed, warnings=(f"The times in {name} are left out: the stage has no riders; add --riders.",)
        )
    finding = f"General classification before the stage: times of {len(times_before(timed))} riders."
    strangers, without = sorted(before_s.keys() - bibs), sorted(bibs - before_s.keys())
    warnings = []
    if strangers:
        warnings.append(f"Nobody on the roster has these bibs of {name}: {_listed(strangers)}.")
    if without:
        warnings.append(f"No time in {name}, and so not in the classification: {_listed(without)}.")
    return TimedRiders(timed, (finding,), tuple(warnings))


def _listed(bibs: list[int]) -> str:
    more = f" and {len(bibs) - _LISTED} more" if len(bibs) > _LISTED else ""
    return ", ".join(str(bib) for bib in bibs[:_LISTED]) + more


def _seconds(text: str) -> float:
    clock = _CLOCK.fullmatch(text.strip().removeprefix("+"))
    if clock:
        hours, minutes, seconds = clock.groups()
        return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds.replace(",", "."))
    value = float(text)
    if not 0.0 <= value < 1e7:
        raise ValueError(text)
    return value
