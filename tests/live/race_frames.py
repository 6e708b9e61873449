"""The small race as frames of a feed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from small_show import BEHIND_S, START_MS

if TYPE_CHECKING:
    from tracker3d.stage import StagePackage

FRAME_MS = 2000


def frames(package: StagePackage, seconds: int, *, every_ms: int = FRAME_MS) -> list[tuple[int, bytes]]:
    """When each frame of the race is sent, and the frame; positions are 2 s old when they are sent."""
    made = []
    for at_ms in range(0, 1000 * seconds, every_ms):
        stamp_s = (START_MS + at_ms) / 1000.0
        rows = []
        for bib, behind_s in BEHIND_S.items():
            distance_m = 10.0 * (at_ms / 1000.0 + 90.0 - behind_s)
            lon, lat = package.stage.route.lonlat(np.array(distance_m))
            rows.append({"Bib": bib, "Latitude": float(lat), "Longitude": float(lon), "kph": 36.0,
                         "kmToFinish": 5.0, "secToFirstRider": behind_s})  # fmt: skip
        data = {
            "TimeStamp": stamp_s,
            "StageId": "400",
            "_updatedAt": round(stamp_s * 1000) + 2000,
            "Riders": rows,
        }
        event = {"bind": "telemetryCompetitor-2026", "change": "modified", "id": "telemetry", "data": data}
        made.append((at_ms, json.dumps(event).encode()))
    return made
