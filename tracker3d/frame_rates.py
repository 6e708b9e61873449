"""Frame rates by the names that studios give them, and exactly."""

from __future__ import annotations

from fractions import Fraction

from tracker3d.errors import InputError

BROADCAST = {
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
}
"""Frames a second of a programme, by name."""

_NAMED = BROADCAST | {"23.976": Fraction(24000, 1001)}
_HIGHEST_FPS = 240


def parse_rate(text: str) -> Fraction:
    """Return an exact frame rate from text such as "50", "29.97" (meaning 30000/1001) or "30000/1001".

    Raises
    ------
    InputError
        The text is no rate, or none up to 240 frames a second.
    """
    try:
        rate = _NAMED.get(text) or Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= _HIGHEST_FPS:
        raise InputError(
            f"--fps {text} is no frame rate; give 25, 29.97, 50, 59.94 or a fraction such as 30000/1001."
        )
    return rate
