"""The documents of the Race Center as a :class:`Source`: trace, checkpoints, riders, teams, stages.

Nothing in them is trusted to be there or to be of the right type: what cannot be used is left out.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING, Any, TypeGuard
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from tracker3d.errors import RouteError
from tracker3d.stage.anchors import Anchor
from tracker3d.stage.model import PlaceKind, Rider, Team
from tracker3d.stage.names import family_name, is_town, tidy, without_number
from tracker3d.stage.palette import team_colours
from tracker3d.stage.source import Source, SourcePlace
from tracker3d.stage.untrusted import as_document, as_documents, as_metres, as_number, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.stage.racecenter import Recording

REAL_START = "R"
SPRINT = "N"
TIME_CHECK = "C"
FINISH = "A"
DID_NOT_START = -1

_TRACE_SPRINT = "#004"
_TRACE_SUMMITS = ("#005", "#006", "#007", "#008", "#009")


def source_of_recording(recording: Recording) -> Source:
    """Take road, places and roster out of a recording.

    Raises
    ------
    RouteError
        It holds no usable trace.
    """
    trace = as_document(recording.rest.get("trace"))
    if "routePoints" not in trace:
        raise RouteError(
            f"{recording.path} is a recording without a trace of the road; prepare the stage from its "
            "trace.json, GPX or GeoJSON, with --riders and this recording."
        )
    race = race_of_recording(recording)
    return dataclasses.replace(
        race,
        name=race.name or recording.path.name.split(".")[0],
        points=_points(trace, recording.path),
        ascent_m=as_number(trace.get("totalElevationGain")),
    )


def race_of_recording(recording: Recording) -> Source:
    """Take everything but the road out of a recording: the day, places, kilometres, riders and teams.

    The name is empty where the recording tells none.
    """
    rest, path = recording.rest, recording.path
    trace = as_document(rest.get("trace"))
    date = as_text(recording.meta.get("date"))
    stage = stage_of_day(rest.get("stages"), date)
    zone, start_time_ms, messages = _times(stage, date)
    checkpoints = list(checkpoints_of(rest.get("checkpoints")))
    teams = teams_of(rest)
    stated_m = [as_metres(point.get("length")) for point in checkpoints if FINISH in _codes(point)]
    finish_m = stated_m[-1] if stated_m else as_metres(trace.get("totalDistance"))
    return Source(
        path=path,
        kind="recording",
        name=as_text(trace.get("name")) or _cities(stage),
        points=np.empty((0, 3)),
        anchors=tuple(_anchors(trace, checkpoints)),
        finish_m=finish_m,
        places=tuple(_places(checkpoints) if checkpoints else _trace_places(trace)),
        teams=teams,
        riders=riders_of(rest, stage),
        date=date,
        timezone=zone,
        start_time_ms=start_time_ms,
        time_trial=stage.get("showGroups") is False,
        simulated=recording.simulated,
        credits=("Simulated race",) if recording.simulated else ("Race data: A.S.O.",),
        messages=tuple(messages),
    )


def source_of_trace(trace: dict[str, Any], path: Path) -> Source:
    """Take the road and its named points out of a ``trace.json``.

    Raises
    ------
    RouteError
        It holds fewer than two points.
    """
    places = tuple(_trace_places(trace))
    broken = any("\ufffd" in place.name for place in places)
    return Source(
        path=path,
        kind="trace",
        name=as_text(trace.get("name")) or path.name.split(".")[0],
        points=_points(trace, path),
        anchors=tuple(_anchors(trace, [])),
        finish_m=as_metres(trace.get("totalDistance")),
        ascent_m=as_number(trace.get("totalElevationGain")),
        places=places,
        credits=("Race data: A.S.O.",),
        messages=("Names in the trace have broken accents; a recording has them whole.",) if broken else (),
    )


def stage_of_day(stages: Any, date: str) -> dict[str, Any]:
    """Find the stage of a race-local date among all stages of a race; empty where there is none.

    The date of a stage is compared as written: converted to UTC, midnight belongs to the day before.
    """
    listed = stages if isinstance(stages, list) else list(stages.values()) if isinstance(stages, dict) else []
    for stage in listed:
        if isinstance(stage, dict) and date and as_text(stage.get("date"))[:10] == date:
            return stage
    return {}


def teams_of(rest: dict[str, Any]) -> tuple[Team, ...]:
    """Teams sorted by code, each with a colour of its own (the feed's own are unset)."""
    named = {}
    for document in as_documents(rest.get("teams")) + as_documents(rest.get("riders")):
        code = as_text(document.get("code"))
        if code and "bib" not in document:
            named[code] = as_text(document.get("name")) or code
    colours = team_colours(list(named))
    return tuple(Team(code, named[code], colours[code]) for code in sorted(named))


def riders_of(rest: dict[str, Any], stage: dict[str, Any]) -> tuple[Rider, ...]:
    """Riders who started this stage by bib, and vehicles after them by (negative) bib."""
    codes = {
        as_text(document.get("_id")): as_text(document.get("code"))
        for document in as_documents(rest.get("teams")) + as_documents(rest.get("riders"))
        if "bib" not in document
    }
    riders = {}
    for document in as_documents(rest.get("riders")):
        bib = document.get("bib")
        if not _is_bib(bib) or _was_out(document.get("withdrew"), stage.get("stage")):
            continue
        full = as_text(document.get("lastname"))
        riders[bib] = Rider(
            bib=bib,
            first_name=as_text(document.get("firstname")),
            last_name=family_name(full, as_text(document.get("lastnameshort")) or full),
            team_code=codes.get(as_text(document.get("$team")).partition(":")[2], ""),
            nation=as_text(document.get("nationality")).upper(),
        )
    vehicles = {
        -document["id"]: Rider(bib=-document["id"], last_name=as_text(document.get("name")), vehicle=True)
        for document in as_documents(rest.get("vehicles"))
        if _is_bib(document.get("id"))
    }
    return (
        *(riders[bib] for bib in sorted(riders)),
        *(vehicles[bib] for bib in sorted(vehicles, reverse=True)),
    )


def _is_bib(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000


def _was_out(withdrew: Any, stage_number: Any) -> bool:
    """Whether somebody left the race before this stage began."""
    if not isinstance(withdrew, dict) or not isinstance(stage_number, int):
        return False
    left = withdrew.get("stage")
    if not isinstance(left, int):
        return False
    return left < stage_number or (left == stage_number and withdrew.get("code") == DID_NOT_START)


def _points(trace: dict[str, Any], path: Path) -> NDArray[np.float64]:
    listed = trace.get("routePoints")
    rows = [
        (as_number(point.get("lon")), as_number(point.get("lat")), as_number(point.get("ele")))
        for point in (listed if isinstance(listed, list) else [])
        if isinstance(point, dict)
    ]
    points = np.array(rows, float).reshape(-1, 3)
    points = points[np.isfinite(points[:, :2]).all(axis=1)]
    if len(points) < 2:
        raise RouteError(
            f"The trace in {path} has fewer than two points; prepare the stage from GPX or GeoJSON."
        )
    return np.asarray(points)


def _anchors(trace: dict[str, Any], checkpoints: list[dict[str, Any]]) -> Iterator[Anchor]:
    """Stated kilometres: checkpoints of the race, and what they lack from the trace's own points."""
    listed = trace.get("pointsOfInterest")
    interest = [point for point in (listed if isinstance(listed, list) else []) if isinstance(point, dict)]
    total_m = as_metres(trace.get("totalDistance"))
    has_finish = any(FINISH in _codes(point) for point in checkpoints)
    has_zero = False
    for point in interest:
        place = (as_number(point.get("lon")), as_number(point.get("lat")))
        stated_m = as_metres(point.get("distanceTraveled"))
        if not np.isfinite([*place, stated_m]).all():
            continue
        is_finish = stated_m > 0.0 and stated_m == total_m
        if stated_m <= 0.0 or not checkpoints or (is_finish and not has_finish):
            yield Anchor(*place, stated_m, exact=stated_m == 0.0 or is_finish)
            has_zero = has_zero or stated_m == 0.0
    for point in checkpoints:
        place = (as_number(point.get("longitude")), as_number(point.get("latitude")))
        stated_m = as_metres(point.get("length"))
        is_zero = stated_m == 0.0 and REAL_START in _codes(point)
        if np.isfinite([*place, stated_m]).all() and (stated_m > 0.0 or (is_zero and not has_zero)):
            yield Anchor(*place, stated_m, exact=is_zero or FINISH in _codes(point))


def _places(checkpoints: list[dict[str, Any]]) -> Iterator[SourcePlace]:
    for point in checkpoints:
        name = as_text(point.get("place"))
        distance_m = as_metres(point.get("length"))
        codes = _codes(point)
        lon_deg, lat_deg = as_number(point.get("longitude")), as_number(point.get("latitude"))
        if not math.isfinite(distance_m):
            continue
        kinds = [
            kind
            for code, kind in (
                (REAL_START, PlaceKind.START),
                (TIME_CHECK, PlaceKind.TIME_CHECK),
                (FINISH, PlaceKind.FINISH),
                (SPRINT, PlaceKind.SPRINT),
            )
            if code in codes and not (kind is PlaceKind.SPRINT and FINISH in codes)
        ]
        for kind in kinds:
            yield SourcePlace(kind, tidy(name), distance_m, lon_deg, lat_deg)
        for summit in as_documents(point.get("checkpointSummits")):
            yield _climb(summit, name, distance_m, lon_deg, lat_deg)
        if not kinds and distance_m > 0.0 and is_town(name):
            yield SourcePlace(PlaceKind.TOWN, tidy(name), distance_m, lon_deg, lat_deg)


def _climb(
    summit: dict[str, Any], place: str, distance_m: float, lon_deg: float, lat_deg: float
) -> SourcePlace:
    top = as_document(summit.get("summit"))
    return SourcePlace(
        PlaceKind.CLIMB,
        tidy(as_text(top.get("name")) or place),
        distance_m,
        lon_deg,
        lat_deg,
        altitude_m=as_number(top.get("altitude")),
        category=as_text(summit.get("code")).upper(),
        length_m=as_number(summit.get("length")),
        average_gradient_percent=as_number(summit.get("state")),
    )


def _trace_places(trace: dict[str, Any]) -> Iterator[SourcePlace]:
    """Named points of a trace; its numbers tell a sprint from a summit."""
    listed = trace.get("pointsOfInterest")
    total_m = as_metres(trace.get("totalDistance"))
    cities = [part.strip() for part in as_text(trace.get("name")).split(">")]
    for point in listed if isinstance(listed, list) else []:
        if not isinstance(point, dict) or not math.isfinite(as_metres(point.get("distanceTraveled"))):
            continue
        label, distance_m = as_text(point.get("label")), as_metres(point.get("distanceTraveled"))
        name = tidy(without_number(label))
        if distance_m == 0.0:
            yield SourcePlace(PlaceKind.START, name or cities[0], distance_m)
        elif distance_m == total_m:
            yield SourcePlace(PlaceKind.FINISH, name or cities[-1], distance_m)
        elif label.startswith(_TRACE_SPRINT):
            yield SourcePlace(PlaceKind.SPRINT, name, distance_m)
        elif label.startswith(_TRACE_SUMMITS):
            yield SourcePlace(PlaceKind.CLIMB, name, distance_m)


def _times(stage: dict[str, Any], date: str) -> tuple[str, int | None, list[str]]:
    """Zone, real start in UTC milliseconds, and what is odd about them."""
    zone = as_text(stage.get("timezone")) or "UTC"
    try:
        zone_info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", None, [f"The time zone {zone!r} is unknown; times are shown in UTC."]
    clock = as_text(stage.get("startTime"))
    try:
        local = dt.datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=zone_info)
    except ValueError:
        return zone, None, ["The source does not say when the stage starts."]
    return zone, round(local.timestamp() * 1000), []


def _cities(stage: dict[str, Any]) -> str:
    ends = [as_text(as_document(stage.get(end)).get("label")) for end in ("departureCity", "arrivalCity")]
    return " > ".join(end for end in ends if end)


def checkpoints_of(documents: Any) -> Iterator[dict[str, Any]]:
    """All checkpoints in order of the road: an array with one object keyed by number, or a plain list."""
    points = []
    for document in as_documents(documents):
        points += [document] if "length" in document else as_documents(list(document.values()))
    points = [point for point in points if "length" in point]
    yield from sorted(points, key=lambda point: _first_finite(point.get("length"), point.get("checkpoint")))


def _first_finite(length: Any, number: Any) -> tuple[float, float]:
    keys = (as_number(length), as_number(number))
    return keys if all(math.isfinite(key) for key in keys) else (math.inf, 0.0)


def _codes(point: dict[str, Any]) -> set[str]:
    return {as_text(kind.get("code")) for kind in as_documents(point.get("checkpointTypes"))}
