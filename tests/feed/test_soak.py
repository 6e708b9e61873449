"""Memory of the live chain stays flat, however long the show and whatever the faults."""

from __future__ import annotations

import json
import tracemalloc

from live_tools import ServerThread, playlist_of, race_events

from tracker3d.feed import gathering
from tracker3d.feed.live import open_live
from tracker3d.feed.recorder import Recorder
from tracker3d.feed.server import Faults
from tracker3d.feed.stream import FixStream

GROWTH_BYTES = 300_000
"""A leak of each message would be three times as much; half of it waits for the disk of a busy machine."""
FAULTS = Faults(cut_every_s=1.0, twice=True, replayed=(2, 4), yesterday=True, odd_every_s=0.1)


def a_long_race(frames: int) -> list[bytes]:
    """Frames with weather, and groups in between that change each time."""
    events = []
    for index, event in enumerate(race_events(frames, riders=8)):
        whole = json.loads(event)
        for row in whole["data"].get("Riders", ()):
            row |= {"degC": 20.0, "kphWind": 10.0, "RiderWindDir": 30, "Course": 45}
        events.append(json.dumps(whole).encode())
        groups = [{"order": 0, "name": "Peloton", "bibs": [{"bib": 1}], "relative": index % 90}]
        data = {"groups": groups, "_updatedAt": whole["data"]["TimeStamp"] * 1000}
        events.append(json.dumps({"bind": "pack-2026-4", "data": data}).encode())
    return events


def test_memory_of_the_live_client_stays_flat(stage, tmp_path, monkeypatch):
    """Client, recorder and decoder on a whole race, with the bound on reports reached early."""
    monkeypatch.setattr(gathering, "_MOST_REPORTS", 20)
    events = a_long_race(1_200)
    with ServerThread(playlist_of(events), speed=2_500.0, faults=FAULTS) as server:
        url = f"http://127.0.0.1:{server.port}/live-stream"
        with (
            Recorder(tmp_path / "race", segment_bytes=500_000) as recorder,
            open_live(url, recorder=recorder) as feed,
        ):
            stream, fixes, held = FixStream(stage), 0, []
            tracemalloc.start()
            try:
                while not server.ended.is_set():
                    fixes += len(stream.add(feed.take(timeout_s=0.05)))
                    server.sent.clear()
                    held.append(tracemalloc.get_traced_memory()[0])
            finally:
                tracemalloc.stop()
    assert fixes > 1_000
    third = len(held) // 3
    assert third > 5
    growth_bytes = min(held[-third:]) - min(held[third:-third])
    assert len(stream.reports.groups) == 20
    assert growth_bytes < GROWTH_BYTES, f"{growth_bytes:,} bytes more in the last third"
