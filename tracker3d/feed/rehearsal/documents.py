"""The ``rest`` part of the recording: who, where and when, in the shapes of the Race Center."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from terrain import LocalFrame
from tracker3d.feed.rehearsal import names
from tracker3d.feed.rehearsal.convoy import VEHICLES
from tracker3d.feed.rehearsal.course import COLS, ROWS, STEP_M
from tracker3d.feed.rehearsal.peloton import RIDERS_PER_TEAM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.feed.rehearsal.peloton import Peloton
    from tracker3d.feed.rehearsal.road import Road

    Floats = NDArray[np.float64]

YEAR = 2026
DATE = "2026-06-20"
STAGE = 1
TIMEZONE = "Atlantic/Azores"
START_CLOCK = "13:10:00"
KM0_M = 2_000.0
"""Length of the neutralised start."""

FRAME = LocalFrame(-30.0, 44.5)
"""Centre of the map, in the open Atlantic: nobody can take it for a real place."""

_LONGEST_LEG_M = 70.0
_LARGEST_TURN_RAD = np.radians(14.0)
_SHORTEST_LEG_M = 8.0


def to_wgs84(x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Return longitude and latitude of metres from the south-west corner of the map."""
    return FRAME.to_wgs84(
        np.asarray(x_m) - 0.5 * (COLS - 1) * STEP_M, np.asarray(y_m) - 0.5 * (ROWS - 1) * STEP_M
    )


def start_utc_ms() -> int:
    """Return the moment of the real start, milliseconds since 1970 UTC."""
    # In June the zone is at UTC.
    return round(dt.datetime.fromisoformat(f"{DATE}T{START_CLOCK}+00:00").timestamp() * 1000)


def rest_documents(road: Road, peloton: Peloton, rng: np.random.Generator) -> dict[str, Any]:
    """Write all documents of the stage."""
    teams = [_team(index) for index in range(len(names.TEAMS))]
    people = names.draw_riders(rng, per_team=RIDERS_PER_TEAM)
    riders = [
        _rider(int(bib), person, teams[team])
        for bib, team, person in zip(peloton.bib, peloton.team, people, strict=True)
    ]
    points = _points(road)
    return {
        "riders": riders,
        "teams": teams,
        "stages": {DATE: _stage(road)},
        "trace": _trace(road, points),
        "checkpoints": [{str(index): point for index, point in enumerate(_checkpoints(points))}],
        "vehicles": [{"id": index + 1, "name": name} for index, name in enumerate(VEHICLES)],
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _team(index: int) -> dict[str, Any]:
    team = names.TEAMS[index]
    return {
        "_id": _hash(team.code),
        "_bind": f"team-{YEAR}",
        "code": team.code,
        "name": team.name,
        "nameShort": team.name.upper(),
        "nationality": team.nation,
        "color": team.colour,
    }


def _rider(bib: int, person: tuple[str, str, str], team: dict[str, Any]) -> dict[str, Any]:
    first, last, nation = person
    return {
        "_id": _hash(f"rider {bib}"),
        "_bind": f"allCompetitors-{YEAR}",
        "$team": f"team-{YEAR}:{team['_id']}",
        "bib": bib,
        "firstname": first,
        "lastname": last.upper(),
        "lastnameshort": last.upper(),
        "nationality": nation,
        "sex": "M",
    }


def _stage(road: Road) -> dict[str, Any]:
    length_km = (float(road.s_m[-1]) - KM0_M) / 1000.0
    return {
        "_bind": f"stage-{YEAR}",
        "stage": STAGE,
        "name": f"Stage {STAGE} - {names.FINISH_TOWN}",
        "date": f"{DATE}T00:00:00+00:00",
        "startTime": START_CLOCK,
        "endTime": "14:40:00",
        "timezone": TIMEZONE,
        "type": "HMO",
        "length": round(length_km, 1),
        "lengthDisplay": round(length_km),
        "showGroups": True,
        "isCancelled": False,
        "departureCity": {"label": names.START_TOWN},
        "arrivalCity": {"label": names.FINISH_TOWN},
    }


def _trace(road: Road, points: list[_Point]) -> dict[str, Any]:
    keep = trace_vertices(road)
    lon, lat = to_wgs84(road.x_m[keep], road.y_m[keep])
    total_km = (float(road.s_m[-1]) - KM0_M) / 1000.0
    climbed = np.diff(road.z_m)
    return {
        "name": names.STAGE_NAME,
        "totalDistance": round(total_km, 3),
        "totalElevationGain": round(float(climbed[climbed > 0.0].sum())),
        "routePoints": [
            {"lat": round(float(north), 6), "lon": round(float(east), 6), "ele": round(float(height), 2)}
            for east, north, height in zip(lon, lat, road.z_m[keep], strict=True)
        ],
        "pointsOfInterest": [
            {
                "label": f"#{point.number:03d}"
                + (f"_{point.place}" if point.number not in (1, 2, 16) else ""),
                "lat": point.lat_deg,
                "lon": point.lon_deg,
                "alt": point.height_m,
                "distanceTraveled": point.km,
                "distanceRemaining": round(total_km - point.km, 3),
            }
            for point in points
            if point.number
        ],
    }


def trace_vertices(road: Road) -> NDArray[np.intp]:
    """Choose the points of the road that a trace has: up to 70 m apart, closer in bends."""
    heading = np.unwrap(np.arctan2(np.gradient(road.y_m), np.gradient(road.x_m)))
    keep = [0]
    forced = {int(np.searchsorted(road.s_m, KM0_M)), len(road.s_m) - 1}
    for index in range(1, len(road.s_m)):
        leg = road.s_m[index] - road.s_m[keep[-1]]
        turned = np.ptp(heading[keep[-1] : index + 1])
        if (
            index in forced
            or leg >= _LONGEST_LEG_M
            or (leg >= _SHORTEST_LEG_M and turned >= _LARGEST_TURN_RAD)
        ):
            keep.append(index)
    return np.array(keep, np.intp)


@dataclass(frozen=True)
class _Point:
    """A checkpoint; ``number`` is what the trace labels it with, 0 where it does not."""

    place: str
    km: float
    lon_deg: float
    lat_deg: float
    height_m: float
    number: int = 0
    types: tuple[str, ...] = ()
    summit: tuple[str, float, float] | None = None


def _points(road: Road) -> list[_Point]:
    corners = road.corners_m
    end = float(road.s_m[-1])

    def climb(category: str, foot: str, top_m: float) -> tuple[str, float, float]:
        low, high = np.interp([corners[foot], top_m], road.s_m, road.z_m)
        length = top_m - corners[foot]
        return category, round(length, -2), round(100.0 * float(high - low) / length, 1)

    wanted: list[tuple[str, float, int, tuple[str, ...], tuple[str, float, float] | None]] = [
        (names.START_TOWN, 0.0, 1, ("F",), None),
        (names.START_TOWN, KM0_M, 2, ("R",), None),
        (names.SPRINT_TOWN, KM0_M + 0.55 * (corners["foot"] - KM0_M), 4, ("N",), None),
        (names.FOOT_TOWN, corners["foot"], 0, (), None),
        (names.COL, corners["col"], 5, (), climb("1", "foot", corners["col"])),
        (names.TUNNEL, sum(road.tunnel_m) / 2.0, 0, (), None),
        (names.VALLEY_TOWN, corners["valley"], 0, (), None),
        (names.LAST_TOWN, corners["last"], 0, (), None),
        (names.FINISH_TOWN, end, 16, ("A",), climb("H", "last", end)),
    ]
    points = []
    for place, at_m, number, types, summit in sorted(wanted, key=lambda item: item[1]):
        x, y, z = (float(np.interp(at_m, road.s_m, values)) for values in (road.x_m, road.y_m, road.z_m))
        lon, lat = (round(float(value), 6) for value in to_wgs84(np.array(x), np.array(y)))
        points.append(
            _Point(place, round((at_m - KM0_M) / 1000.0, 3), lon, lat, round(z, 1), number, types, summit)
        )
    return points


_TYPE_NAMES = {"F": "fictive", "R": "real", "N": "sprint", "A": "arrival"}
_PACES_KMH = {"highSchedule": 26.0, "middleSchedule": 28.0, "lowSchedule": 30.0, "caravanSchedule": 35.0}


def _checkpoints(points: list[_Point]) -> list[dict[str, Any]]:
    documents = []
    start = dt.datetime.fromisoformat(f"{DATE}T{START_CLOCK}")
    for index, point in enumerate(points):
        km = max(point.km, 0.0)
        early = dt.timedelta(minutes=10 if point.km < 0.0 else 0)
        document: dict[str, Any] = {
            "checkpoint": index + 1,
            "length": km,
            "place": point.place
            if point.summit is not None and "A" not in point.types
            else point.place.upper(),
            "road": point.place,
            "latitude": point.lat_deg,
            "longitude": point.lon_deg,
            "checkpointTypes": [
                {"code": code, "number": "0", "type": _TYPE_NAMES[code]} for code in point.types
            ],
            "checkpointSummits": [],
        }
        for key, pace in _PACES_KMH.items():
            ahead = dt.timedelta(hours=2 if key == "caravanSchedule" else 0)
            moment = start - early - ahead + dt.timedelta(hours=km / pace)
            document[key] = moment.replace(second=0).time().isoformat()
        if point.summit is not None:
            code, length_m, percent = point.summit
            document["checkpointSummits"] = [
                {
                    "code": code,
                    "number": 1 if code != "H" else 2,
                    "length": round(length_m),
                    "state": f"{percent:.1f}",
                    "summit": {"name": point.place, "altitude": round(point.height_m)},
                }
            ]
        documents.append(document)
    return documents
