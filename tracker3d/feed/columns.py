"""Gathering decoded rows into :class:`~tracker3d.feed.fixes.Fixes`, counting by cause what cannot be used."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.errors import FeedError
from tracker3d.feed.fixes import Fixes, FixSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LARGEST_SPEED_MPS = 110.0 / 3.6
"""No rider is faster; a higher reported speed is a fault of the sensor and is not used."""

_EARLIEST_MS = datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000.0
_LATEST_MS = datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000.0
LARGEST_BIB = 1_000_000
"""Beyond it a number is no bib."""
MOST_RIDERS = 2000
"""No race has more."""


class FixColumns:
    """Columns that grow row by row or frame by frame; ``None`` stands for a value that is not there.

    The lists are public and grow together: a decoder extends all of them by the same number of rows.
    ``refused`` counts what the decoder itself could not use; ``time_trial`` is what the feed itself tells.
    """

    def __init__(self) -> None:
        self.time_ms: list[float | None] = []
        self.bib: list[int | None] = []
        self.lat_deg: list[float | None] = []
        self.lon_deg: list[float | None] = []
        self.speed_mps: list[float | None] = []
        self.to_go_m: list[float | None] = []
        self.gap_s: list[float | None] = []
        self.flags: list[int] = []
        self.source: list[int] = []
        self.time_trial = False
        self.refused: Counter[str] = Counter()
        self.vehicle_names: dict[int, str] = {}
        self.jerseys: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.time_ms)

    def keep(self, wanted: list[bool], *, begin: int) -> None:
        """Keep of the rows from ``begin`` on those that are ``wanted``."""
        positions = (self.time_ms, self.bib, self.lat_deg, self.lon_deg)
        columns: tuple[list[Any], ...] = (
            *positions,
            self.speed_mps,
            self.to_go_m,
            self.gap_s,
            self.flags,
            self.source,
        )
        for column in columns:
            column[begin:] = itertools.compress(column[begin:], wanted)

    def add(
        self,
        time_ms: float | None,
        bib: int | None,
        lat_deg: float | None,
        lon_deg: float | None,
        *,
        speed_mps: float | None = None,
        to_go_m: float | None = None,
        gap_s: float | None = None,
        flags: int = 0,
        source: FixSource = FixSource.UNKNOWN,
    ) -> None:
        """Append one row."""
        self.time_ms.append(time_ms)
        self.bib.append(bib)
        self.lat_deg.append(lat_deg)
        self.lon_deg.append(lon_deg)
        self.speed_mps.append(speed_mps)
        self.to_go_m.append(to_go_m)
        self.gap_s.append(gap_s)
        self.flags.append(flags)
        self.source.append(source)

    def to_fixes(self, path: Path) -> Fixes:
        """Validate all rows at once and return those that can be used.

        Parameters
        ----------
        path : Path
            Named in the error.

        Raises
        ------
        FeedError
            No row can be used, or there are more riders than in any race.
        """
        fixes = self.usable()
        if not len(fixes):
            raise FeedError(self._nothing_usable(path))
        if len(fixes.bibs) > MOST_RIDERS:
            raise FeedError(
                f"{path} holds {len(fixes.bibs):,} different bibs, and a race has fewer; give one race."
            )
        return fixes

    def usable(self) -> Fixes:
        """Validate all rows at once and return those that can be used, if any."""
        time_ms, bib = _numbers(self.time_ms), _numbers(self.bib)
        lat, lon = _numbers(self.lat_deg), _numbers(self.lon_deg)
        usable = np.ones(len(time_ms), bool)
        with np.errstate(invalid="ignore"):
            checks = {
                "rows without a bib": (np.abs(bib) > 0)
                & (np.abs(bib) <= LARGEST_BIB)
                & (bib == np.rint(bib)),
                "rows without a valid time": (time_ms > _EARLIEST_MS) & (time_ms < _LATEST_MS),
                "rows without a valid position": (np.abs(lat) <= 90.0)
                & (np.abs(lon) <= 180.0)
                & ~((lat == 0.0) & (lon == 0.0)),
            }
        for cause, good in checks.items():
            self._count(cause, int(np.count_nonzero(usable & ~good)))
            usable &= good
        bibs, rider = np.unique(bib[usable].astype(np.int32), return_inverse=True)
        speed = _numbers(self.speed_mps)[usable]
        speed[~((speed >= 0.0) & (speed <= LARGEST_SPEED_MPS))] = np.nan
        return Fixes(
            bibs=bibs,
            time_ms=np.rint(time_ms[usable]).astype(np.int64),
            rider=rider.astype(np.int32),
            lon_deg=lon[usable],
            lat_deg=lat[usable],
            speed_mps=speed.astype(np.float32),
            official_to_go_m=_numbers(self.to_go_m)[usable],
            gap_to_first_s=np.clip(_numbers(self.gap_s)[usable], -1e9, 1e9).astype(np.float32),
            flags=np.array(self.flags, np.uint8)[usable],
            source=np.array(self.source, np.uint8)[usable],
            refused=dict(self.refused),
            vehicle_names=dict(self.vehicle_names),
            jerseys=dict(self.jerseys),
            time_trial=self.time_trial,
        )

    def _count(self, cause: str, rows: int) -> None:
        if rows:
            self.refused[cause] += rows

    def _nothing_usable(self, path: Path) -> str:
        if not self.refused:
            return f"{path} holds no rider positions; give a recording or positions of the stage."
        return f"{path} holds no usable rider position ({_listed(self.refused)}); give those of this stage."


RECEIVED_AGAIN = frozenset({"messages received twice", "frames received twice", "positions received again"})
"""Causes that are no faults: live servers send again, and everything is there already."""


def raise_if_refused(refused: Mapping[str, int], source: object) -> None:
    """Raise where anything could not be used: for strict reading.

    Parameters
    ----------
    refused : mapping of str to int
        By cause; what was received again is no fault.
    source : object
        Named in the error.

    Raises
    ------
    FeedError
        Says what, and how often.
    """
    faults = Counter({cause: count for cause, count in refused.items() if cause not in RECEIVED_AGAIN})
    if faults:
        raise FeedError(
            f"{source} holds what cannot be used ({_listed(faults)}); correct it, or do not read strictly."
        )


def _listed(refused: Counter[str]) -> str:
    return ", ".join(f"{count:,} {cause}" for cause, count in refused.most_common(3))


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array(values, float)


def parse_utc_ms(text: str) -> float | None:
    """Milliseconds since 1970 of an ISO 8601 time; without a zone it is UTC; None when it is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.timestamp() * 1000.0
    except (OverflowError, ValueError):
        return None
