"""Place names of a road book as graphics show them."""

from __future__ import annotations

import re

_IN_BRACKETS = re.compile(r"\s*\([^()]*\)")
_TIME_CHECK = re.compile(r"^\s*point\s+chrono[^/]*/\s*", re.IGNORECASE)
_POINT_NUMBER = re.compile(r"^#\d+_?")
_WORD = re.compile(r"[^\W\d_]+")
_JUNCTION = re.compile(r"^(carrefour|rond-point|giratoire)\b", re.IGNORECASE)

_SMALL_WORDS = frozenset(
    (
        *("a", "à", "au", "aux", "d", "da", "das", "de", "dei", "del", "della", "der", "des", "di", "do"),
        *("dos", "du", "e", "el", "en", "et", "i", "l", "la", "las", "le", "les", "lès", "lez", "los"),
        *("of", "près", "s", "sous", "sur", "the", "und", "van", "von", "y"),
    )
)


def tidy(name: str) -> str:
    """Return a name without brackets and time check numbers, in mixed case where it was all capitals.

    ``"QUILLAN (D118-D117) (entrée)"`` becomes ``"Quillan"``, ``"FONTIÈS D'AUDE"`` ``"Fontiès d'Aude"``.
    """
    bare = _IN_BRACKETS.sub("", _TIME_CHECK.sub("", name)).strip(" -,/")
    return _mixed_case(bare) if in_capitals(bare) else bare


def in_capitals(name: str) -> bool:
    """Whether a name has letters and none of them is small: how road books write communes."""
    return name.upper() == name and any(letter.isalpha() for letter in name)


def is_town(name: str) -> bool:
    """Whether a road book's entry is a commune itself, not a hamlet, pass or crossroads in one."""
    bare = _IN_BRACKETS.sub("", name).strip()
    return in_capitals(bare) and not _JUNCTION.match(bare)


def without_number(label: str) -> str:
    """Strip the number that a trace puts before the names of its points (``"#005_Col de Bedos"``)."""
    return _POINT_NUMBER.sub("", label).strip()


def _mixed_case(name: str) -> str:
    def word(match: re.Match[str]) -> str:
        small = match[0].lower()
        return small if match.start() > 0 and small in _SMALL_WORDS else small[0].upper() + small[1:]

    return _WORD.sub(word, name)


def family_name(full: str, short: str) -> str:
    """Return the part of a family name that graphics show, with its accents.

    The short form of a feed drops second family names but also accents, so it only tells how many words
    to take (``"WÆRENSKJOLD"`` for ``"WAERENSKJOLD"``).
    """
    words = full.split()
    count = len(short.split())
    return " ".join(words[:count]) if 0 < count < len(words) else " ".join(words)
