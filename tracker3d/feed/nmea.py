r"""Decoder of NMEA 0183 sentences: the recommended minimum (``RMC``) of any talker.

A sentence holds no bib. It is taken from what stands before the sentence (``34,$GPRMC,...``), from the source
of its tag block (``\s:34*hh\$GPRMC,...``), or else from the message's topic, such as ``race/34/gps``.
Other sentences of the same trackers (``GGA``, ``VTG``, ...) say nothing more and are passed over.
"""

from __future__ import annotations

import functools
import operator
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tracker3d.feed.fixes import FixSource

if TYPE_CHECKING:
    from tracker3d.feed.columns import FixColumns

_KNOT_MPS = 1852.0 / 3600.0
_SENTENCE = re.compile(
    r"(?:\\(?P<tags>[^\\]{0,80})\\|(?P<bib>\d{1,6})[ ,;:]\s*)?"
    r"[$!](?P<body>[A-Z]{2}[A-Z0-9]{3},[^*\r\n]{0,120})(?:\*(?P<sum>[0-9A-Fa-f]{2}))?"
)
_TAG_SOURCE = re.compile(r"(?:^|,)s:[^,*]*?(\d{1,6})(?=[,*]|$)")
_ANGLE = re.compile(r"(\d{1,3})(\d{2}(?:\.\d{1,10})?)")
_MOST_LINES = 10_000


def add_nmea(data: bytes, columns: FixColumns, *, topic: str = "") -> None:
    """Append the positions of all ``RMC`` sentences in a message.

    Parameters
    ----------
    data : bytes
        One or several sentences, a line each.
    columns : FixColumns
        Sentences that cannot be used are counted in it.
    topic : str
        Its last number is the bib of sentences that name none.
    """
    numbers = re.findall(r"\d{1,6}", topic)
    usual_bib = int(numbers[-1]) if numbers else None
    for line in data.decode("ascii", errors="replace").splitlines()[:_MOST_LINES]:
        text = line.strip()
        if not text:
            continue
        sentence = _SENTENCE.fullmatch(text)
        if sentence is None or not _sum_is_right(sentence):
            columns.refused["sentences that are damaged"] += 1
            continue
        fields = sentence["body"].split(",")
        if fields[0].endswith("RMC"):
            _add_position(fields, _bib(sentence, usual_bib), columns)


def _sum_is_right(sentence: re.Match[str]) -> bool:
    if sentence["sum"] is None:
        return True
    return functools.reduce(operator.xor, sentence["body"].encode("ascii", "replace"), 0) == int(
        sentence["sum"], 16
    )


def _bib(sentence: re.Match[str], usual_bib: int | None) -> int | None:
    if sentence["bib"]:
        return int(sentence["bib"])
    source = _TAG_SOURCE.search(sentence["tags"] or "")
    return int(source[1]) if source else usual_bib


def _add_position(fields: list[str], bib: int | None, columns: FixColumns) -> None:
    if len(fields) < 10 or fields[2] != "A":
        columns.refused["sentences without a position"] += 1
        return
    columns.add(
        _moment_ms(fields[9], fields[1]),
        bib,
        _angle_deg(fields[3], fields[4], "S"),
        _angle_deg(fields[5], fields[6], "W"),
        speed_mps=_speed_mps(fields[7]),
        source=FixSource.NMEA,
    )


def _moment_ms(date: str, clock: str) -> float | None:
    try:
        moment = datetime.strptime(f"{date} {clock[:6]}", "%d%m%y %H%M%S").replace(tzinfo=UTC)
        return moment.timestamp() * 1000.0 + float(f"0{clock[6:]}") * 1000.0
    except ValueError:
        return None


def _angle_deg(text: str, side: str, negative: str) -> float | None:
    parts = _ANGLE.fullmatch(text)
    if parts is None or side not in ("N", "S", "E", "W"):
        return None
    angle_deg = int(parts[1]) + float(parts[2]) / 60.0
    return -angle_deg if side == negative else angle_deg


def _speed_mps(text: str) -> float | None:
    try:
        return float(text) * _KNOT_MPS
    except ValueError:
        return None
