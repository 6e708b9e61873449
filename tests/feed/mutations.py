"""Whole messages and files of every format, and what can happen to their bytes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_tools import race_events

from tracker3d.feed.message import Message
from tracker3d.feed.recorder import ABOUT, MAGIC, MESSAGE, frame

if TYPE_CHECKING:
    import random

REAL_FEED = Path(__file__).resolve().parents[3] / "shared" / "data" / "feed"
"""Real recordings, which cannot be distributed."""
_AT_MS = 1_783_420_242_000


def _bytes(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _event(bind: str, data: object) -> bytes:
    return _bytes({"bind": bind, "change": "modified", "data": data})


_WINDY: dict[str, Any] = {
    "TimeStamp": _AT_MS // 1000,
    "YGPW": [1, 81, 55, 21],
    "StageId": "400",
    "Riders": [
        {
            "Bib": 22,
            "LatLon": [43.0, 1.5],
            "kph": 31.2,
            "kmToFinish": 25.4,
            "Jersey": "Y",
            "Course": 31,
            "degC": 25.7,
            "kphWind": 2.9,
            "RiderWindDir": -31,
            "secToITTLead": 4,
        }
    ],
}
_PACK = {
    "_bind": "pack-2026-4",
    "_updatedAt": _AT_MS,
    "groups": [
        {
            "order": 0,
            "name": "Tête",
            "bibs": [{"bib": 1}, {"bib": 2}],
            "size": 999,
            "speed": 41.5,
            "relative": 0,
            "remainingDistance": 4_000,
        },
        {"id": 2, "riders": [{"bibNumber": 5}], "secondsToFront": 26, "size": 1},
    ],
}
_METEO = {
    "meteoAt": "2026-07-07T13:00:07+02:00",
    "temperature": 37.1,
    "windDirection": "NNO",
    "latitude": 43.2,
}
_CHECKPOINTS = {"0": {"length": 0, "checkpointMeteo": _METEO}, "1": {"length": 12.5, "latitude": 43.0}}
_GONE = {"_bind": "allCompetitors-2026", "bib": 8, "withdrew": {"stage": 4, "code": -4}}
_RANKING = {
    "type": "itt",
    "length": 9.67,
    "_updatedAt": _AT_MS,
    "rankings": [{"position": 1, "bib": 11, "absolute": 389_910, "relative": 0}],
}

MESSAGES: tuple[bytes, ...] = (
    *race_events(1),
    _event("telemetryCompetitor-2026", _WINDY),
    _bytes([_WINDY]),
    _event("pack-2026-4", _PACK),
    _bytes([_PACK, _GONE]),
    _event("checkpoint-2026-4", _CHECKPOINTS),
    _event("allCompetitors-2026", _GONE),
    _event("stageWithdrawals-2026-4", {"rankings": [{"bib": 11, "position": -1}]}),
    _event("rankingType-2026-4", _RANKING),
    b'{"bib":5,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5,"speed_mps":11.5}',
    b"\\s:7,n:1*00\\$GPRMC,103043.50,A,4300.6000,N,00130.0000,E,19.438,45.0,070726,,,A*5F",
    b"7 $GPRMC,103043.50,A,4300.6000,N,00130.0000,E,19.438,45.0,070726,,,A",
)

_TABLE = (
    b"time_utc,bib,lat,lon,speed_mps\n"
    b"2026-07-07T10:30:42Z,5,43.0,1.5,11.5\n2026-07-07T12:30:43+02:00,-2,43.1,1.6,\n"
)
_OFFICIAL = (
    b"bib,lat,lon,pos,kph,kmToFinish,secToFirstRider,secToITTLead,status,timestamp\n"
    b"34,43.1,1.6,5,36,10.5,12,,finished,2026-07-07T10:30:48.000Z\n34,,1.5,5,,,,,active,2026-07-07T10:30:36.000Z\n"
)
_GPX = (
    b'<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk>'
    b'<name>12</name><trkseg><trkpt lat="43.0" lon="1.5"><time>2026-07-07T10:30:42Z</time></trkpt>'
    b'<trkpt lat="43.1" lon="1.6"/></trkseg></trk></gpx>'
)
_RECORDING = _bytes(
    {
        "version": 1,
        "meta": {"date": "2026-07-07"},
        "rest": {"riders": [_GONE], "checkpoints": [_CHECKPOINTS], "stages": {"4": {"stage": 4}}},
        "events": [{"dt": 6_000, "data": text.decode()} for text in MESSAGES[:5]],
    }
)
_LOG = (
    MAGIC
    + frame(ABOUT, _AT_MS, "", b'{"from":"test"}')
    + b"".join(frame(MESSAGE, _AT_MS, "race/34", data) for data in MESSAGES)
)
FILES: tuple[bytes, ...] = (
    _TABLE,
    _OFFICIAL,
    MESSAGES[10] + b"\n" + MESSAGES[10] + b"\n",
    _GPX,
    _RECORDING,
    gzip.compress(_RECORDING, mtime=0),
    _LOG,
    MESSAGES[3],
    MESSAGES[5],
)
STREAM = b"".join(b"event: update\r\ndata: " + data + b"\r\n\r\n: alive\n\n" for data in MESSAGES[:4])

PIECES = (
    *(b"1e999", b"null", b"[[", b'"', b"-", b"}", b"{", b"9" * 30, b"\xff\xfe", b"\x00", b"\\ud800"),
    *(b"NaN", b",", b"*", b"true", b"[" * 2_000, b"0", b"\r\n", b"<!ENTITY", b"T3F\xf5", b"data:"),
)


def real_messages(folder: Path) -> list[bytes]:
    """Messages of the real feed: frames of both kinds of stage, checkpoints, riders, groups."""
    messages = [(folder / "groups_2023-stage-05.json").read_bytes()]
    for name in ("stage-04_2026-07-07.json.gz", "stage-16_2026-07-21.json.gz"):
        recording = json.loads(gzip.decompress((folder / name).read_bytes()))
        texts = [event["data"].encode() for event in recording["events"]]
        messages += [texts[0], texts[len(texts) // 2], min(texts, key=len)]
        checkpoints = recording["rest"]["checkpoints"][0]
        told = {
            key: point
            for key, point in checkpoints.items()
            if isinstance(point, dict) and "checkpointMeteo" in point
        }
        messages.append(_event("checkpoint-2026", told))
        messages.append(_bytes([rider for rider in recording["rest"]["riders"] if "withdrew" in rider][:4]))
    return messages


def shaken(data: bytes, chance: random.Random) -> bytes:
    """Return bytes to which one to four things have happened."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.random()
        if kind < 0.4:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind < 0.7:
            changed[at : at + chance.randint(0, 10)] = chance.choice(PIECES)
        elif kind < 0.85:
            changed[at:at] = changed[at : at + chance.randint(1, 60)]
        else:
            del changed[at : at + chance.randint(1, 60)]
    return bytes(changed)


def as_message(data: bytes, topic: str = "") -> Message:
    return Message(_AT_MS, data, topic)
