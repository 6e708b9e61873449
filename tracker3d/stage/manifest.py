"""The manifest of a stage package: its schema, checked as it is read, and what it says of a stage."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING, Annotated

import msgspec

import tracker3d
from tracker3d.stage.model import Coverage, Place, PlaceKind, Rider, Stage, Team

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "tracker3d stage"
VERSION = 1
MOST_NODES = 1_000_000

Channel = Annotated[int, msgspec.Meta(ge=0, le=255)]
Bib = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Finite = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Milliseconds = Annotated[int, msgspec.Meta(ge=-(10**14), le=10**14)]


class SourceFile(msgspec.Struct, frozen=True):
    """A file that a package was made from. ``sha256`` is empty for folders."""

    name: str
    role: str
    sha256: str = ""
    size_bytes: int = 0


class _Place(msgspec.Struct, omit_defaults=True):
    kind: PlaceKind
    name: str
    distance_m: Finite
    height_m: Finite
    category: str = ""
    length_m: Finite | None = None
    average_gradient_percent: Finite | None = None

    @classmethod
    def of_model(cls, place: Place) -> _Place:
        return cls(
            place.kind,
            place.name,
            place.distance_m,
            place.height_m,
            place.category,
            place.length_m if math.isfinite(place.length_m) else None,
            place.average_gradient_percent if math.isfinite(place.average_gradient_percent) else None,
        )

    def to_model(self) -> Place:
        return Place(
            self.kind,
            self.name,
            self.distance_m,
            self.height_m,
            self.category,
            math.nan if self.length_m is None else self.length_m,
            math.nan if self.average_gradient_percent is None else self.average_gradient_percent,
        )


class _Team(msgspec.Struct):
    code: str
    name: str
    colour_rgb: tuple[Channel, Channel, Channel]

    def to_model(self) -> Team:
        return Team(self.code, self.name, self.colour_rgb)


class _Rider(msgspec.Struct, omit_defaults=True):
    bib: Bib
    first_name: str = ""
    last_name: str = ""
    team_code: str = ""
    nation: str = ""
    jersey: str = ""
    vehicle: bool = False
    before_s: Seconds | None = None

    @classmethod
    def of_model(cls, rider: Rider) -> _Rider:
        return cls(**dataclasses.asdict(rider))

    def to_model(self) -> Rider:
        return Rider(**msgspec.structs.asdict(self))


class _Frame(msgspec.Struct):
    origin_lon_deg: Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]
    origin_lat_deg: Annotated[float, msgspec.Meta(ge=-85.0, le=85.0)]
    vertical_exaggeration: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]
    crs: str


class _Road(msgspec.Struct):
    start_m: Finite
    step_m: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)]
    finish_m: Finite
    nodes: Annotated[int, msgspec.Meta(ge=2, le=MOST_NODES)]


class _Coverage(msgspec.Struct):
    covered_m: list[tuple[Finite, Finite]]
    sources: list[str]
    warnings: list[str]

    @classmethod
    def of_model(cls, coverage: Coverage) -> _Coverage:
        return cls(list(coverage.covered_m), list(coverage.sources), list(coverage.warnings))

    def to_model(self) -> Coverage:
        return Coverage(tuple(self.covered_m), tuple(self.sources), tuple(self.warnings))


class Stamp(msgspec.Struct):
    """The part of a manifest that every version has."""

    format: str
    version: int


class Manifest(Stamp, kw_only=True):
    """Everything that a package of this version says about its stage but the road's table and the ground."""

    made_at: str
    made_by: str
    name: str
    date: str
    timezone: str
    start_time_ms: Milliseconds | None
    time_trial: bool
    simulated: bool
    frame: _Frame
    road: _Road
    places: list[_Place]
    teams: list[_Team]
    riders: list[_Rider]
    coverage: _Coverage
    credits: list[str]
    sources: list[SourceFile]


def manifest_of(stage: Stage, sources: Sequence[SourceFile]) -> Manifest:
    """Return the manifest of a stage, made now."""
    frame, route = stage.frame, stage.route
    return Manifest(
        format=FORMAT,
        version=VERSION,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        made_by=f"tracker3d {tracker3d.__version__}",
        name=stage.name,
        date=stage.date,
        timezone=stage.timezone,
        start_time_ms=stage.start_time_ms,
        time_trial=stage.time_trial,
        simulated=stage.simulated,
        frame=_Frame(
            frame.origin_lon_deg, frame.origin_lat_deg, frame.vertical_exaggeration, frame.crs.to_string()
        ),
        road=_Road(route.start_m, route.step_m, route.finish_m, len(route)),
        places=[_Place.of_model(place) for place in stage.places],
        teams=[_Team(team.code, team.name, team.colour_rgb) for team in stage.teams],
        riders=[_Rider.of_model(rider) for rider in stage.riders],
        coverage=_Coverage.of_model(stage.coverage),
        credits=list(stage.credits),
        sources=list(sources),
    )
