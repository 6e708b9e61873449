"""Values out of JSON documents that nobody vouches for: of the type that is wanted, or nothing."""

from __future__ import annotations

import math
from typing import Any

from tracker3d.stage.source import NAN

_MOST_KILOMETRES = 10_000.0


def as_text(value: Any) -> str:
    """Return a text without white space around it, empty for anything else."""
    return value.strip()[:200] if isinstance(value, str) else ""


def as_number(value: Any) -> float:
    """Return a number, also where it is written as text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NAN
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return NAN
    return number if math.isfinite(number) else NAN


def as_metres(value: Any) -> float:
    """Return metres of a number of kilometres, NaN where that is no distance on a road."""
    number = as_number(value)
    return round(number * 1000.0, 1) if abs(number) <= _MOST_KILOMETRES else NAN


def as_documents(value: Any) -> list[dict[str, Any]]:
    """Return the objects of an array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_document(value: Any) -> dict[str, Any]:
    """Return one object, also where an array of one stands in its place."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}
