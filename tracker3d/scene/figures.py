"""Figures as they are written on air."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import tzinfo

_AT_LINE_M = 0.5


def gap_text(gap_s: float) -> str:
    """Return a gap as ``+1:42`` or ``+1:02:07``, whole seconds; ``-`` where it is not known."""
    if not math.isfinite(gap_s):
        return "-"
    return f"+{clock_text(gap_s)}"


def clock_text(duration_s: float) -> str:
    """Return a duration as ``0:07``, ``1:42`` or ``1:02:07``, whole seconds begun."""
    seconds = max(0, math.floor(duration_s + 1e-6))
    hours, rest = divmod(seconds, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def local_clock_text(time_ms: int, timezone: str) -> str:
    """Return the time of day ``15:04:05`` in an IANA zone."""
    return datetime.fromtimestamp(time_ms // 1000, tz=_zone(timezone)).strftime("%H:%M:%S")


def km_text(distance_m: float) -> str:
    """Return kilometres with one decimal, the nearest one; ``-`` for NaN.

    The last 50 m are 0.1, so that 0.0 is shown at the line only.
    """
    if not math.isfinite(distance_m):
        return "-"
    tenths = math.floor(distance_m / 100.0 + 0.5 - 1e-6)
    return f"{max(tenths, 1 if distance_m >= _AT_LINE_M else 0) / 10.0:.1f}"


def metres_text(height_m: float) -> str:
    """Return whole metres, as road books write heights."""
    return f"{height_m:.0f}"


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
