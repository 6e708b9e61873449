"""Small stages made up for the tests: a road with a climb, and a recording that carries it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pyproj import Geod

from terrain import LocalFrame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LON_DEG, LAT_DEG = 6.5, 45.2


def winding_road(count: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lon, lat, height of about 12 km that wind and climb, with vertices some 50 m apart."""
    frame = LocalFrame(LON_DEG, LAT_DEG)
    x_m = np.linspace(0.0, 9000.0, count)
    y_m = 700.0 * np.sin(x_m / 700.0)
    height_m = 600.0 + 0.06 * np.maximum(x_m - 3000.0, 0.0)
    return *frame.to_wgs84(x_m, y_m), height_m


@pytest.fixture
def road() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lon, lat, height of a winding road."""
    return winding_road()


def recording_document() -> dict[str, Any]:
    """A recording in the feed's own form, its kinks included, of invented people on an invented road."""
    lon, lat, height = winding_road()
    along_m = np.concatenate(
        [[0.0], np.cumsum(Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2])]
    )
    zero, sprint, summit, last = 20, 90, 200, len(lon) - 1

    def kilometres(index: int) -> float:
        return round(float(along_m[index] - along_m[zero]) / 1000.0 * 1.004, 2)

    def place(index: int, name: str | None, codes: str = "", **more: Any) -> dict[str, Any]:
        return {
            "length": max(0.0, kilometres(index)),
            "latitude": round(float(lat[index]), 6),
            "longitude": round(float(lon[index]), 6),
            **({"place": name} if name else {}),
            "checkpointTypes": [{"code": code} for code in codes],
            "checkpointSummits": [],
            **more,
        }

    top = {
        "code": "2",
        "length": 4200,
        "state": "6.1",
        "summit": {"name": "Col du Vent (951 m)", "altitude": 951},
    }
    lost = place(60, "HAMEAU-PERDU")
    del lost["latitude"]
    checkpoints = [
        place(0, None),
        place(0, "LE DÉPART", "F"),
        place(zero, "LE DÉPART", "R"),
        place(50, "SAINT-JEAN D'ARVES (D926-D80)"),
        lost,
        place(sprint, "LA CHAMBRE", "N"),
        place(91, "LA CHAMBRE (sortie)"),
        place(120, "Carrefour D80-D926"),
        place(150, "Point chrono n°1 / LES COMBES", "C"),
        place(summit, "Col du Vent", "", checkpointSummits=[top]),
        place(last, "L'ARRIVÉE", "NA"),
    ]
    total = kilometres(last)
    interest = [
        {"label": "#001", "lat": lat[0], "lon": lon[0], "distanceTraveled": kilometres(0)},
        {"label": "#002", "lat": lat[zero], "lon": lon[zero], "distanceTraveled": 0},
        {
            "label": "#004_LA CHAMBRE",
            "lat": lat[sprint],
            "lon": lon[sprint],
            "distanceTraveled": kilometres(sprint),
        },
        {
            "label": "#007_Col du V�nt",
            "lat": lat[summit],
            "lon": lon[summit],
            "distanceTraveled": kilometres(summit),
        },
        {"label": "#016", "lat": lat[last], "lon": lon[last], "distanceTraveled": total},
    ]
    trace = {
        "name": "Le Départ > L'Arrivée",
        "totalDistance": total,
        "totalElevationGain": 360,
        "routePoints": [
            {"lat": float(b), "lon": float(a), "ele": float(h)}
            for a, b, h in zip(lon, lat, height, strict=True)
        ],
        "pointsOfInterest": interest,
    }
    team = {"code": "ABC", "name": "TEAM ABC", "color": "#000000", "_id": "5eed"}
    riders = [
        {
            "bib": 12,
            "lastname": "WÆREN HANSEN",
            "lastnameshort": "WAEREN",
            "firstname": "Ada",
            "$team": "team-2026:5eed",
        },
        {
            "bib": 3,
            "lastname": "DUBOIS",
            "lastnameshort": "DUBOIS",
            "firstname": "Léa",
            "$team": "team-2026:none",
        },
        {"bib": 7, "lastname": "GONE", "withdrew": {"stage": 2, "code": -4}},
        {"bib": 8, "lastname": "NEVER", "withdrew": {"stage": 4, "code": -1}},
        {"bib": 9, "lastname": "TODAY", "withdrew": {"stage": 4, "code": -4}},
        team,
    ]
    stage = {
        "stage": 4,
        "date": "2031-07-07T00:00:00+02:00",
        "startTime": "13:25:00",
        "timezone": "Europe/Paris",
        "showGroups": True,
    }
    rows = [
        {"Bib": 12, "Latitude": float(lat[40]), "Longitude": float(lon[40]), "secToFirstRider": 0},
        {"Bib": 3, "Latitude": 41.0, "Longitude": 2.0},
    ]
    frame = {"bind": "telemetryCompetitor-2031", "data": {"TimeStamp": 1941190000, "Riders": rows}}
    return {
        "version": 1,
        "meta": {"date": "2031-07-07", "year": 2031},
        "rest": {
            "riders": riders,
            "teams": [team],
            "stages": {
                "2031-07-06": {**stage, "stage": 3, "date": "2031-07-06T00:00:00+02:00"},
                "2031-07-07": stage,
            },
            "trace": trace,
            "checkpoints": [{str(number): point for number, point in enumerate(checkpoints)} | {"_id": "x"}],
            "vehicles": [{"id": 1, "name": "Race director"}],
        },
        "events": [{"dt": 0, "data": json.dumps(frame)}, {"dt": 6000, "data": "keep-alive"}],
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """A recording that a test may change before it is written."""
    return recording_document()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write text, bytes or something JSON can hold into a file of a name; gzipped where that ends in .gz."""

    def written(name: str, content: Any) -> Path:
        path = tmp_path / name
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return written
