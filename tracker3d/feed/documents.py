"""Decoders of documents that hold no positions: groups, withdrawals, weather at checkpoints, rankings.

They come as events of the stream, as documents of the REST interface and in recordings. Nothing in them is
trusted: what cannot be used becomes nothing, and the caller counts it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker3d.feed.columns import parse_utc_ms
from tracker3d.feed.reports import (
    NAN,
    RankedRider,
    RankingReport,
    ReportedGroup,
    WeatherReport,
    Withdrawal,
    WithdrawalKind,
)
from tracker3d.stage.racecenter_parts import checkpoints_of
from tracker3d.stage.untrusted import as_document, as_documents, as_metres, as_number, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS, CHECKPOINTS, RIDERS, WITHDRAWALS, RANKINGS = (
    "pack",
    "checkpoint",
    "allCompetitors",
    "stageWithdrawals",
    "rankingType",
)

_DUMMY_SIZE = 999
"""The feed's word for a group that nobody has counted."""
_MOST_GROUPS, _MOST_RIDERS = 200, 2_000
_LARGEST_BIB = 100_000
_LONGEST_S, _LONGEST_M, _FASTEST_KMH = 1e6, 1e7, 150.0
_KINDS = {
    -1: WithdrawalKind.DID_NOT_START,
    -2: WithdrawalKind.OUTSIDE_TIME_LIMIT,
    -4: WithdrawalKind.ABANDONED,
}
_TIMED = frozenset({"ite", "itg", "itt", "ije", "ijg", "ete", "etg", "pmt", "pmj"})
_SCORED = frozenset({"ipe", "ipg", "ime", "img", "pmp", "pmm"})
_HALF_ROUND = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE")
_POINTS_OF_COMPASS = (*_HALF_ROUND, "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


class Document(NamedTuple):
    """One document and the bind that it belongs to, such as ``pack-2026-4``; empty where it names none."""

    bind: str
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """What it is about: the bind without year and stage."""
        name = self.bind.partition("-")[0]
        if name.startswith((CHECKPOINTS, RANKINGS)):
            return CHECKPOINTS if name.startswith(CHECKPOINTS) else RANKINGS
        # The older document of groups comes without any bind.
        return name or (GROUPS if "groups" in self.content else "")

    @property
    def stage_number(self) -> int:
        """The stage in its bind, 0 where it names none."""
        number = self.bind.rpartition("-")[2] if self.bind.count("-") >= 2 else ""
        return int(number) if number.isdecimal() and len(number) <= 3 else 0

    @property
    def time_ms(self) -> float | None:
        """When it was written, milliseconds since 1970 UTC; None where it does not say."""
        for name in ("_updatedAt", "TimeStamp", "date", "Date"):
            value = self.content.get(name)
            if isinstance(value, str) and (moment_ms := parse_utc_ms(value)) is not None:
                return moment_ms
            stamp = as_number(value)
            if stamp > 1e9:
                return stamp if stamp > 1e11 else stamp * 1000.0
        return None


def groups_of(document: Document) -> tuple[ReportedGroup, ...]:
    """Return the groups from the head of the race backwards; none where there are none.

    Two shapes are known: the ``pack`` bind of 2026, and that of 2023 with riders and ``secondsToFront``.
    """
    groups = [
        _group(listed, index)
        for index, listed in enumerate(as_documents(document.content.get("groups"))[:_MOST_GROUPS])
    ]
    return tuple(sorted(groups, key=lambda group: group.order))


def _group(listed: dict[str, Any], index: int) -> ReportedGroup:
    order = as_number(listed.get("order"))
    bibs = _bibs(listed.get("bibs")) or _bibs(listed.get("riders"))
    size = as_number(listed.get("size"))
    counted = 0 < size < _DUMMY_SIZE and size >= len(bibs)
    speed_kmh = _within(listed.get("speed"), 0.0, _FASTEST_KMH)
    return ReportedGroup(
        order=int(order) if 0 <= order < _MOST_GROUPS else index,
        name=as_text(listed.get("name")),
        bibs=bibs,
        size=int(size) if counted else len(bibs) or -1,
        gap_s=_first_within(listed, ("relative", "computedRelative", "secondsToFront"), _LONGEST_S),
        to_go_m=_first_within(listed, ("remainingDistance", "computedRemainingDistance"), _LONGEST_M),
        speed_mps=speed_kmh / 3.6,
    )


def _bibs(value: Any) -> tuple[int, ...]:
    listed = value[:_MOST_RIDERS] if isinstance(value, list) else []
    found = (
        bib_of(item.get("bib", item.get("bibNumber"))) if isinstance(item, dict) else bib_of(item)
        for item in listed
    )
    return tuple(dict.fromkeys(bib for bib in found if bib))


def bib_of(value: Any) -> int:
    """Return a rider's bib, 0 for anything else."""
    number = as_number(value)
    return int(number) if 0 < number < _LARGEST_BIB and number == int(number) else 0


def _first_within(listed: dict[str, Any], names: tuple[str, ...], most: float) -> float:
    values = (_within(listed.get(name), 0.0, most) for name in names)
    return next((value for value in values if math.isfinite(value)), NAN)


def _within(value: Any, least: float, most: float) -> float:
    number = as_number(value)
    return number if least <= number <= most else NAN


def withdrawals_of(document: Document) -> Iterator[Withdrawal]:
    """Return who left the race, out of a rider's document or of one about a whole stage."""
    content = document.content
    if document.kind == WITHDRAWALS:
        listed = as_documents(content.get("rankings")) or [content]
        for item in listed[:_MOST_RIDERS]:
            code = as_number(item.get("code", item.get("position")))
            if (bib := bib_of(item.get("bib"))) and document.stage_number:
                yield Withdrawal(bib, document.stage_number, _kind(code))
        return
    withdrew, bib = as_document(content.get("withdrew")), bib_of(content.get("bib"))
    number = bib_of(withdrew.get("stage"))
    if bib and number:
        yield Withdrawal(bib, number, _kind(as_number(withdrew.get("code"))))


def _kind(code: float) -> WithdrawalKind:
    return _KINDS.get(int(code), WithdrawalKind.UNKNOWN) if math.isfinite(code) else WithdrawalKind.UNKNOWN


def weather_of(document: Document) -> Iterator[WeatherReport]:
    """Return the weather at checkpoints.

    The unit of its ``windForce`` is not known (metres a second and Beaufort both fit what was seen), so that
    the wind's speed stays open. Points of the compass are written in the language of the race.
    """
    for point in checkpoints_of([document.content]):
        told = as_document(point.get("checkpointMeteo"))
        time_ms = parse_utc_ms(as_text(told.get("meteoAt")) or as_text(told.get("updatedAt")))
        temperature_c = _within(told.get("temperature"), -60.0, 60.0)
        wind_from_rad = _compass_rad(as_text(told.get("windDirection")))
        if time_ms is None or not (math.isfinite(temperature_c) or math.isfinite(wind_from_rad)):
            continue
        yield WeatherReport(
            time_ms=round(time_ms),
            distance_m=as_metres(point.get("length")),
            lon_deg=_within(told.get("longitude", point.get("longitude")), -180.0, 180.0),
            lat_deg=_within(told.get("latitude", point.get("latitude")), -90.0, 90.0),
            temperature_c=temperature_c,
            wind_mps=NAN,
            wind_from_rad=wind_from_rad,
        )


def _compass_rad(name: str) -> float:
    """Return the direction of one of sixteen points; west is also O (French, Spanish, Italian)."""
    point = name.upper().replace("O", "W")
    if point not in _POINTS_OF_COMPASS:
        return NAN
    return _POINTS_OF_COMPASS.index(point) * math.tau / len(_POINTS_OF_COMPASS)


def ranking_of(document: Document) -> tuple[str, float, tuple[RankedRider, ...]]:
    """Return code, road distance and riders of a ranking; no riders where it is none.

    Its times are milliseconds. A negative position is a rider who is not ranked.
    """
    content = document.content
    kind = as_text(content.get("type"))
    riders = [
        rider
        for item in as_documents(content.get("rankings"))[:_MOST_RIDERS]
        if (rider := _ranked(item, kind)) is not None
    ]
    return kind, as_metres(content.get("length")), tuple(sorted(riders, key=lambda rider: rider.position))


def _ranked(item: dict[str, Any], kind: str) -> RankedRider | None:
    position, bib = bib_of(item.get("position")), bib_of(item.get("bib"))
    if not (position and bib):
        return None
    absolute = _within(item.get("absolute"), 0.0, _LONGEST_S * 1000.0)
    if kind in _SCORED:
        return RankedRider(position, bib, points=absolute)
    if kind not in _TIMED:
        return RankedRider(position, bib)
    gap_ms = _within(item.get("relative"), 0.0, _LONGEST_S * 1000.0)
    return RankedRider(position, bib, time_s=absolute / 1000.0, gap_s=gap_ms / 1000.0)


def ranking_at(document: Document, time_ms: int) -> RankingReport | None:
    """Return a ranking as a report of one moment; None where it ranks nobody."""
    kind, distance_m, riders = ranking_of(document)
    return RankingReport(time_ms, kind, distance_m, riders) if riders else None
