"""What a stage is: its road, the places on it, who rides, and where it lies."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terrain import LocalFrame
    from tracker3d.stage.route import Route


class PlaceKind(enum.StrEnum):
    """What a place on the road is to the race."""

    START = "start"
    SPRINT = "sprint"
    CLIMB = "climb"
    TIME_CHECK = "time_check"
    FINISH = "finish"
    TOWN = "town"


@dataclass(frozen=True)
class Place:
    """A named point on the road; for a climb its summit.

    Attributes
    ----------
    kind : PlaceKind
    name : str
        As the road book spells it.
    distance_m : float
        Official road distance from km 0.
    height_m : float
        The road's own height there (for a climb the official altitude where stated).
    category : str
        Climbs: "H", "1" to "4"; empty where the road book gives none. Never computed.
    length_m, average_gradient_percent : float
        Climbs: as the road book states them, NaN where it does not.
    """

    kind: PlaceKind
    name: str
    distance_m: float
    height_m: float
    category: str = ""
    length_m: float = float("nan")
    average_gradient_percent: float = float("nan")


@dataclass(frozen=True)
class Team:
    """A team and the colour it is drawn in (sRGB, 0 to 255)."""

    code: str
    name: str
    colour_rgb: tuple[int, int, int]


@dataclass(frozen=True)
class Rider:
    """Somebody, or something (a vehicle), whose position arrives.

    ``bib`` is the key in every feed. Vehicles have negative bibs, so that they never meet a rider's.
    ``jersey`` is one of "yellow", "green", "polka", "white" or empty. ``before_s`` is his time in the general
    classification before this stage, or his gap in it (only differences count); None where it is not known.
    """

    bib: int
    first_name: str = ""
    last_name: str = ""
    team_code: str = ""
    nation: str = ""
    jersey: str = ""
    vehicle: bool = False
    before_s: float | None = None

    @property
    def display_name(self) -> str:
        """The name as graphics show it: last name in capitals as given, or the bib."""
        return self.last_name or f"#{self.bib}"


@dataclass(frozen=True)
class Coverage:
    """Which part of the road has measured ground below it.

    ``covered_m`` are (from, to) road distances with elevation data; elsewhere the ground is an apron at
    the road's own height.
    """

    covered_m: tuple[tuple[float, float], ...] = ()
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One stage of a race.

    Attributes
    ----------
    name : str
        Such as "Carcassonne > Foix".
    date : str
        Race-local calendar date, ISO 8601.
    timezone : str
        IANA name; times are UTC inside, this is for the border only.
    start_time_ms : int | None
        Scheduled real start (km 0), milliseconds since 1970 UTC.
    time_trial : bool
    simulated : bool
        The road and riders are invented; every picture is marked.
    frame : LocalFrame
    route : Route
    places : tuple of Place
        Sorted by distance.
    teams : tuple of Team
    riders : tuple of Rider
        Sorted by bib, vehicles last.
    coverage : Coverage
    credits : tuple of str
        Lines that must be shown with pictures of this stage.
    """

    name: str
    date: str
    timezone: str
    frame: LocalFrame
    route: Route
    start_time_ms: int | None = None
    time_trial: bool = False
    simulated: bool = False
    places: tuple[Place, ...] = ()
    teams: tuple[Team, ...] = ()
    riders: tuple[Rider, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    credits: tuple[str, ...] = ()
