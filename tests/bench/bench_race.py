"""What the race costs: of a recording, of a moment, and of a live second.

Run as ``python tests/bench/bench_race.py package.stage recording``. Every figure is a median; compare only
figures of one run. The yardstick is one ``LiveMotion.at`` of the same riders.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed import read_feed
from tracker3d.race import Race
from tracker3d.race.live import LiveRace
from tracker3d.replay import open_replay
from tracker3d.track import LiveMotion, LiveTracks

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 1800


def main() -> None:
    """Print the figures."""
    package, recording = (Path(argument) for argument in sys.argv[1:3])
    replay = open_replay(package, recording)
    stage, motion = replay.package.stage, replay.motion
    begin = time.perf_counter()
    race = Race(stage, motion)
    whole_s = time.perf_counter() - begin
    times_ms = np.linspace(race.start_ms, race.end_ms, 500).astype(int)
    at_ms = _median_ms(lambda: [race.at(int(moment)) for moment in times_ms]) / len(times_ms)
    print(f"a whole recording {whole_s:6.2f} s, a moment of it {at_ms:6.3f} ms")

    fixes = read_feed(recording, stage=stage)
    usable = np.flatnonzero((fixes.flags & 1) == 0)
    usable = usable[np.argsort(fixes.time_ms[usable], kind="stable")]
    names = ("time_ms", "rider", "lon_deg", "lat_deg", "speed_mps", "official_to_go_m", "gap_to_first_s")
    tracks = LiveTracks(stage)
    live, yardstick = LiveRace(stage, tracks), LiveMotion(tracks, stage.route)
    moments_ms = fixes.time_ms[usable]
    first_ms, given = int(moments_ms[0]), 0
    seconds, shown, motion_s = [], [], []
    for now_ms in range(first_ms, first_ms + 1000 * _SECONDS, 1000):
        end = int(np.searchsorted(moments_ms, now_ms, side="right"))
        if end > given:
            rows = usable[given:end]
            tracks.add(
                dataclasses.replace(
                    fixes,
                    **{name: getattr(fixes, name)[rows] for name in (*names, "flags", "source")},
                )
            )
            given = end
        clock = [time.perf_counter()]
        live.advance(now_ms)
        clock.append(time.perf_counter())
        live.race.at(live.race.end_ms)
        clock.append(time.perf_counter())
        yardstick.at(now_ms)
        clock.append(time.perf_counter())
        for spent, took in zip((seconds, shown, motion_s), np.diff(clock), strict=True):
            spent.append(1000.0 * took)
    unit = float(np.median(motion_s[60:]))
    for name, spent in (("a live second", seconds[60:]), ("its state", shown[60:])):
        print(
            f"{name:<14} {np.median(spent):6.3f} ms, 95 % {np.quantile(spent, 0.95):6.3f} ms "
            f"({np.median(spent) / unit:.0f} x LiveMotion.at of {unit:.3f} ms)"
        )


def _median_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        work()
        spent.append(1000.0 * (time.perf_counter() - begin))
    return float(np.median(spent))


if __name__ == "__main__":
    main()
