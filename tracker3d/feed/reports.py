"""What a feed says besides positions: groups, jerseys, withdrawals, weather, rankings."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAN = float("nan")

JERSEYS = ("yellow", "green", "polka", "white")
"""In the order in which the Race Center lists their wearers."""


@dataclass(frozen=True)
class ReportedGroup:
    """A group as the officials see it.

    Attributes
    ----------
    order : int
        0 is the head of the race.
    name : str
        As the feed has it, mostly French.
    bibs : tuple of int
        Its riders, as far as they were told; in the feed's order.
    size : int
        How many they are, -1 where nobody has counted. May be more than there are ``bibs``.
    gap_s : float
        Behind the head of the race; NaN where not said.
    to_go_m : float
        To the finish; NaN where not said.
    speed_mps : float
        NaN where not said.
    """

    order: int
    name: str
    bibs: tuple[int, ...] = ()
    size: int = -1
    gap_s: float = NAN
    to_go_m: float = NAN
    speed_mps: float = NAN


@dataclass(frozen=True)
class GroupReport:
    """All groups at one moment, milliseconds since 1970 UTC, from the head of the race backwards."""

    time_ms: int
    groups: tuple[ReportedGroup, ...]


@dataclass(frozen=True)
class JerseyReport:
    """Who wears which jersey ("yellow", "green", "polka", "white") from a moment on."""

    time_ms: int
    wearers: Mapping[str, int]


class WithdrawalKind(enum.StrEnum):
    """How a rider left the race."""

    DID_NOT_START = "did_not_start"
    OUTSIDE_TIME_LIMIT = "outside_time_limit"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Withdrawal:
    """Somebody who left the race on a stage, by the stage's number in the race. The feed gives no time."""

    bib: int
    stage_number: int
    kind: WithdrawalKind


@dataclass(frozen=True)
class WeatherReport:
    """Weather at a place on the road, from a weather model and not from a sensor.

    Attributes
    ----------
    time_ms : int
    distance_m : float
        Official road distance from km 0, NaN where unknown.
    lon_deg, lat_deg : float
        WGS 84, NaN where unknown.
    temperature_c : float
        NaN where not said.
    wind_mps : float
        NaN where not said in a known unit.
    wind_from_rad : float
        Where the wind comes from, clockwise from north, 0 to 2 pi; NaN where unknown.
    """

    time_ms: int
    distance_m: float
    lon_deg: float
    lat_deg: float
    temperature_c: float
    wind_mps: float
    wind_from_rad: float


@dataclass(frozen=True)
class RankedRider:
    """A line of a ranking; ``time_s`` and ``gap_s`` are NaN in one of points, ``points`` in one of times."""

    position: int
    bib: int
    time_s: float = NAN
    gap_s: float = NAN
    points: float = NAN


@dataclass(frozen=True)
class RankingReport:
    """A ranking at one moment.

    Attributes
    ----------
    time_ms : int
    kind : str
        The feed's own code, such as "itg" (general, by time), "ite" (stage), "itt" (at a time check).
    distance_m : float
        Official road distance of the time check or sprint it was taken at; NaN where not said.
    riders : tuple of RankedRider
        By position.
    """

    time_ms: int
    kind: str
    distance_m: float
    riders: tuple[RankedRider, ...]


@dataclass(frozen=True)
class Reports:
    """Everything that a feed has said besides positions.

    Attributes
    ----------
    groups : tuple of GroupReport
        By time; a report that says what the one before said is left out.
    jerseys : tuple of JerseyReport
        By time, only changes.
    withdrawals : tuple of Withdrawal
        By stage and bib, of all stages that the feed tells of: see ``stage_number``.
    weather : tuple of WeatherReport
        By time, at most one for each minute and place.
    refused : mapping of str to int
        How much could not be used, by cause in plain words.
    rankings : tuple of RankingReport
        By time, repeats left out.
    stage_number : int
        Which stage of its race this is, 0 where the feed does not say.
    """

    groups: tuple[GroupReport, ...] = ()
    jerseys: tuple[JerseyReport, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    weather: tuple[WeatherReport, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    rankings: tuple[RankingReport, ...] = ()
    stage_number: int = 0
