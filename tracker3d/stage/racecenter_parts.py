"""The documents of the Race Center as a :class:`Source`: trace, checkpoints, riders, teams, stages.

Nothing in them is trusted to be there or to be of the right type: what cannot be used is left out.
"""

from __future__ import annotations

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
from tracker3d.stage.source import NAN, Source, SourcePlace

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

_MOST_KILOMETRES = 10_000.0

_TRACE_SPRINT = "#004"
_TRACE_SUMMITS = ("#005", "#006", "#007", "#008", "#009")


def source_of_recording(recording: Recording) -> Source:
    """Take road, places and roster out of a recording.

    Raises
    ------
    RouteError
        It holds no usable trace.
    """
    rest, path = recording.rest, recording.path
    trace = _document(rest.get("trace"))
    if "routePoints" not in trace:
        raise RouteError(
            f"{path} is a recording without a trace of the road; "
            "prepare the stage from its trace.json, GPX or GeoJSON."
        )
    date = _text(recording.meta.get("date"))
    stage = stage_of_day(rest.get("stages"), date)
    zone, start_time_ms, messages = _times(stage, date)
    checkpoints = list(_checkpoints(rest.get("checkpoints")))
    teams = teams_of(rest)
    points = _points(trace, path)
    stated_m = [_kilometres(point.get("length")) for point in checkpoints if FINISH in _codes(point)]
    finish_m = stated_m[-1] if stated_m else _kilometres(trace.get("totalDistance"))
    return Source(
        path=path,
        kind="recording",
        name=_text(trace.get("name")) or _cities(stage) or path.name.split(".")[0],
        points=points,
        anchors=tuple(_anchors(trace, checkpoints)),
        finish_m=finish_m,
        ascent_m=_number(trace.get("totalElevationGain")),
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
        name=_text(trace.get("name")) or path.name.split(".")[0],
        points=_points(trace, path),
        anchors=tuple(_anchors(trace, [])),
        finish_m=_kilometres(trace.get("totalDistance")),
        ascent_m=_number(trace.get("totalElevationGain")),
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
        if isinstance(stage, dict) and date and _text(stage.get("date"))[:10] == date:
            return stage
    return {}


def teams_of(rest: dict[str, Any]) -> tuple[Team, ...]:
    """Teams sorted by code, each with a colour of its own (the feed's own are unset)."""
    named = {}
    for document in _documents(rest.get("teams")) + _documents(rest.get("riders")):
        code = _text(document.get("code"))
        if code and "bib" not in document:
            named[code] = _text(document.get("name")) or code
    colours = team_colours(list(named))
    return tuple(Team(code, named[code], colours[code]) for code in sorted(named))


def riders_of(rest: dict[str, Any], stage: dict[str, Any]) -> tuple[Rider, ...]:
    """Riders who started this stage by bib, and vehicles after them by (negative) bib."""
    codes = {
        _text(document.get("_id")): _text(document.get("code"))
        for document in _documents(rest.get("teams")) + _documents(rest.get("riders"))
        if "bib" not in document
    }
    riders = {}
    for document in _documents(rest.get("riders")):
        bib = document.get("bib")
        if not _is_bib(bib) or _was_out(document.get("withdrew"), stage.get("stage")):
            continue
        full = _text(document.get("lastname"))
        riders[bib] = Rider(
            bib=bib,
            first_name=_text(document.get("firstname")),
            last_name=family_name(full, _text(document.get("lastnameshort")) or full),
            team_code=codes.get(_text(document.get("$team")).partition(":")[2], ""),
            nation=_text(document.get("nationality")).upper(),
        )
    vehicles = {
        -document["id"]: Rider(bib=-document["id"], last_name=_text(document.get("name")), vehicle=True)
        for document in _documents(rest.get("vehicles"))
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
        (_number(point.get("lon")), _number(point.get("lat")), _number(point.get("ele")))
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
    total_m = _kilometres(trace.get("totalDistance"))
    has_finish = any(FINISH in _codes(point) for point in checkpoints)
    has_zero = False
    for point in interest:
        place = (_number(point.get("lon")), _number(point.get("lat")))
        stated_m = _kilometres(point.get("distanceTraveled"))
        if not np.isfinite([*place, stated_m]).all():
            continue
        is_finish = stated_m > 0.0 and stated_m == total_m
        if stated_m <= 0.0 or not checkpoints or (is_finish and not has_finish):
            yield Anchor(*place, stated_m, exact=stated_m == 0.0 or is_finish)
            has_zero = has_zero or stated_m == 0.0
    for point in checkpoints:
        place = (_number(point.get("longitude")), _number(point.get("latitude")))
        stated_m = _kilometres(point.get("length"))
        is_zero = stated_m == 0.0 and REAL_START in _codes(point)
        if np.isfinite([*place, stated_m]).all() and (stated_m > 0.0 or (is_zero and not has_zero)):
            yield Anchor(*place, stated_m, exact=is_zero or FINISH in _codes(point))


def _places(checkpoints: list[dict[str, Any]]) -> Iterator[SourcePlace]:
    for point in checkpoints:
        name = _text(point.get("place"))
        distance_m = _kilometres(point.get("length"))
        codes = _codes(point)
        lon_deg, lat_deg = _number(point.get("longitude")), _number(point.get("latitude"))
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
        for summit in _documents(point.get("checkpointSummits")):
            yield _climb(summit, name, distance_m, lon_deg, lat_deg)
        if not kinds and distance_m > 0.0 and is_town(name):
            yield SourcePlace(PlaceKind.TOWN, tidy(name), distance_m, lon_deg, lat_deg)


def _climb(
    summit: dict[str, Any], place: str, distance_m: float, lon_deg: float, lat_deg: float
) -> SourcePlace:
    top = _document(summit.get("summit"))
    return SourcePlace(
        PlaceKind.CLIMB,
        tidy(_text(top.get("name")) or place),
        distance_m,
        lon_deg,
        lat_deg,
        altitude_m=_number(top.get("altitude")),
        category=_text(summit.get("code")).upper(),
        length_m=_number(summit.get("length")),
        average_gradient_percent=_number(summit.get("state")),
    )


def _trace_places(trace: dict[str, Any]) -> Iterator[SourcePlace]:
    """Named points of a trace; its numbers tell a sprint from a summit."""
    listed = trace.get("pointsOfInterest")
    total_m = _kilometres(trace.get("totalDistance"))
    cities = [part.strip() for part in _text(trace.get("name")).split(">")]
    for point in listed if isinstance(listed, list) else []:
        if not isinstance(point, dict) or not math.isfinite(_kilometres(point.get("distanceTraveled"))):
            continue
        label, distance_m = _text(point.get("label")), _kilometres(point.get("distanceTraveled"))
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
    zone = _text(stage.get("timezone")) or "UTC"
    try:
        zone_info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", None, [f"The time zone {zone!r} is unknown; times are shown in UTC."]
    clock = _text(stage.get("startTime"))
    try:
        local = dt.datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=zone_info)
    except ValueError:
        return zone, None, ["The source does not say when the stage starts."]
    return zone, round(local.timestamp() * 1000), []


def _cities(stage: dict[str, Any]) -> str:
    ends = [_text(_document(stage.get(end)).get("label")) for end in ("departureCity", "arrivalCity")]
    return " > ".join(end for end in ends if end)


def _checkpoints(documents: Any) -> Iterator[dict[str, Any]]:
    """All checkpoints in order of the road: an array with one object keyed by number, or a plain list."""
    points = []
    for document in _documents(documents):
        points += [document] if "length" in document else _documents(list(document.values()))
    points = [point for point in points if "length" in point]
    yield from sorted(points, key=lambda point: _first_finite(point.get("length"), point.get("checkpoint")))


def _first_finite(length: Any, number: Any) -> tuple[float, float]:
    keys = (_number(length), _number(number))
    return keys if all(math.isfinite(key) for key in keys) else (math.inf, 0.0)


def _codes(point: dict[str, Any]) -> set[str]:
    return {_text(kind.get("code")) for kind in _documents(point.get("checkpointTypes"))}


def _documents(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _document(value: Any) -> dict[str, Any]:
    """One object, also where an array of one stands in its place."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""


def _number(value: Any) -> float:
    """Return a number, also where it is written as text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NAN
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return NAN
    return number if math.isfinite(number) else NAN


def _kilometres(value: Any) -> float:
    """Metres of a number of kilometres, NaN where that is no distance on a road."""
    number = _number(value)
    return round(number * 1000.0, 1) if abs(number) <= _MOST_KILOMETRES else NAN
