"""Rows that are no fixes at all are left out before anything is put on the road, each counted by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.fixes import FixFlag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.feed.fixes import Fixes

_LONGEST_MS = 24 * 3_600_000
"""Farther than this from the middle of the recording a row is of another day."""

_FROZEN_MS = 120_000
"""A rider who has finished and whose position repeats exactly for longer than this is not sending."""


@dataclass(frozen=True)
class CleanRows:
    """Which rows of the fixes are usable, sorted by rider, then time; (rider, time) is unique.

    ``rows`` is (m,) int64, indices into the fixes; ``dropped`` counts the others by cause.
    """

    rows: NDArray[np.int64]
    dropped: dict[str, int]


def clean(fixes: Fixes) -> CleanRows:
    """Leave out parked rows, those of another day, repeats of a moment and those frozen after the finish."""
    dropped: dict[str, int] = {}
    parked = (fixes.flags & FixFlag.PARKED) != 0
    _count(dropped, "parked trackers", parked)
    other_day = np.zeros(len(fixes), bool)
    if not parked.all():
        other_day = ~parked & (np.abs(fixes.time_ms - np.median(fixes.time_ms[~parked])) > _LONGEST_MS)
    _count(dropped, "rows of another day", other_day)
    rows = np.flatnonzero(~parked & ~other_day)
    rows = rows[np.lexsort((fixes.time_ms[rows], fixes.rider[rows]))]
    rider, time_ms = fixes.rider[rows], fixes.time_ms[rows]
    again = np.zeros(len(rows), bool)
    again[1:] = (rider[1:] == rider[:-1]) & (time_ms[1:] == time_ms[:-1])
    same_place = np.zeros(len(rows), bool)
    same_place[1:] = (fixes.lon_deg[rows][1:] == fixes.lon_deg[rows][:-1]) & (
        fixes.lat_deg[rows][1:] == fixes.lat_deg[rows][:-1]
    )
    other_tracker = again & ~same_place
    _count(dropped, "rows received twice", again & same_place)
    _count(dropped, "other positions for the same moment", other_tracker)
    rows = rows[~again]
    frozen = _frozen(fixes, rows)
    _count(dropped, "frozen after the finish", frozen)
    return CleanRows(rows=rows[~frozen], dropped=dropped)


def _count(dropped: dict[str, int], cause: str, mask: NDArray[np.bool_]) -> None:
    if mask.any():
        dropped[cause] = int(np.count_nonzero(mask))


def _frozen(fixes: Fixes, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell rows that repeat one exact position and that the sender marks as finished."""
    rider, time_ms = fixes.rider[rows], fixes.time_ms[rows]
    moved = np.ones(len(rows), bool)
    moved[1:] = (
        (rider[1:] != rider[:-1])
        | (fixes.lon_deg[rows][1:] != fixes.lon_deg[rows][:-1])
        | (fixes.lat_deg[rows][1:] != fixes.lat_deg[rows][:-1])
    )
    run_start = np.maximum.accumulate(np.where(moved, np.arange(len(rows)), 0)) if len(rows) else rows
    held_ms = time_ms - time_ms[run_start]
    finished = (fixes.flags[rows] & FixFlag.FINISHED) != 0
    return np.asarray(finished & (held_ms > _FROZEN_MS))
