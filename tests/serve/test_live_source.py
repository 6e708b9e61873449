"""A live feed served: from a feed server to the stream, with its delay, and with whom nobody announced."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from serving import running, states, wait_until

from tracker3d.feed.server import FAULTS
from tracker3d.live import LiveSession
from tracker3d.serve import LiveSource, StageServer
from tracker3d.stage import StagePackage

sys.path.insert(0, str(Path(__file__).parent.parent / "feed"))

import live_tools
from serving import Served

SPEED = 20.0
BIBS = (1, 2, 11, 4321)


def events_on(stage, frames: int) -> list[bytes]:
    """Everybody at 10 m/s, a frame each 5 s, one behind the other."""
    events = []
    for index in range(frames):
        rows = []
        for behind, bib in enumerate(BIBS):
            x_m, y_m = stage.route.position(200.0 + 50.0 * index - 15.0 * behind)
            lon_deg, lat_deg = stage.frame.to_wgs84(float(x_m), float(y_m))
            rows.append(
                {
                    "Bib": bib,
                    "Latitude": float(lat_deg),
                    "Longitude": float(lon_deg),
                    "kph": 36.0,
                    "secToFirstRider": behind,
                }
            )
        stamp = live_tools.FIRST_S + 5 * index
        data = {"TimeStamp": stamp, "StageId": "400", "_updatedAt": stamp * 1000 + 2500, "Riders": rows}
        events.append(json.dumps({"bind": "telemetryCompetitor-2026", "data": data}).encode())
    return events


def test_a_live_feed_is_served_with_its_delay(small):
    delay_s = 20.0
    stage = small.scene.stage
    package = StagePackage(Path("small.stage"), stage, small.scene.ground)
    playlist = live_tools.playlist_of(events_on(stage, 90))
    with (
        live_tools.ServerThread(playlist, speed=SPEED, faults=FAULTS["none"]) as feed,
        LiveSession(package, f"http://127.0.0.1:{feed.port}/live-stream") as session,
    ):
        source = LiveSource(session, delay_s=delay_s)
        server = StageServer(small.scene, source, live=True, interval_s=0.2)
        with running(server) as port:
            served = Served(server, port)
            wait_until(lambda: server.hub.newest is not None, timeout_s=30)
            with served.listen() as stream:
                seen = states(stream, 12)
            last = seen[-1]
            assert set(last["p"]) == {str(bib) for bib in BIBS}
            assert last["delay"] >= 1000.0 * delay_s + 2000
            assert last["t"] <= session.race.end_ms - 1000.0 * delay_s
            assert [state["t"] for state in seen] == sorted(state["t"] for state in seen)
            # where he is said to be is where the feed had him then
            distance_m = last["riders"]["distance_m"][last["riders"]["bib"].index(1)]
            expected_m = 200.0 + 10.0 * (last["t"] / 1000.0 - live_tools.FIRST_S)
            assert distance_m == pytest.approx(expected_m, abs=15.0)
            manifest = served.get("manifest.json").json()
            assert manifest["live"] is True
            assert 4321 in {rider["bib"] for rider in manifest["riders"]}
            assert served.server.health["feed"] == ""
            assert server.health["faults"] == 0
