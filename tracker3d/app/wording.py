"""Figures and words as the window writes them; figures are those of the picture, from the same functions."""

from __future__ import annotations

import math

from tracker3d.scene import figures

NOTHING = "–"
"""Shown where a figure is not known: never a guess."""


def hour_text(time_ms: int, timezone: str) -> str:
    """Return race-local hours and minutes, such as "15:04"."""
    return figures.local_clock_text(time_ms, timezone)[:5]


def duration_text(seconds: float) -> str:
    """Return a time span, such as "4:05" or "1:02:33", with a minus sign before zero."""
    if seconds < 0.0 and math.ceil(seconds) < 0:
        return f"−{figures.clock_text(-math.ceil(seconds))}"
    return figures.clock_text(seconds)


def gap_text(seconds: float) -> str:
    """Return a time gap, such as "+1:42"; a dash where history does not reach."""
    return figures.gap_text(seconds) if math.isfinite(seconds) else NOTHING


def km_text_or_dash(distance_m: float) -> str:
    """Return kilometres with one decimal, such as "35.2"."""
    return figures.km_text(distance_m) if math.isfinite(distance_m) else NOTHING


def to_go_text(distance_m: float) -> str:
    """Return kilometres to go with their unit, such as "35.2 km"."""
    return f"{figures.km_text(distance_m)} km" if math.isfinite(distance_m) else NOTHING


def speed_text(speed_mps: float) -> str:
    """Return whole kilometres an hour."""
    return f"{speed_mps * 3.6:.0f}" if math.isfinite(speed_mps) else NOTHING


def rate_text(rate: float) -> str:
    """Return a replay speed, such as "×0.25" or, backwards, "−×2"."""
    return f"{'−' if rate < 0 else ''}×{abs(rate):g}"
