from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.errors import FeedError, PackageError
from tracker3d.feed import Fixes
from tracker3d.race.roster import with_feed_facts
from tracker3d.replay import open_replay
from tracker3d.stage import open_package, prepare
from tracker3d.stage.model import Rider

START_MS = 1_783_420_000_000


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    road = folder / "road.gpx"
    points = "".join(
        f'<trkpt lat="{45.0 + 0.0003 * i:.6f}" lon="{6.0 + 0.002 * np.sin(i / 15):.6f}">'
        f"<ele>{500 + i}</ele></trkpt>"
        for i in range(150)
    )
    road.write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Test road</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    path = folder / "road.stage"
    prepare(road, output=path, dem_paths=[], width_km=1.0)
    return path


def write_feed(path, stage, *, bibs=(5, 6, -1), off_deg=0.0):
    lines = ["time_utc,bib,lat,lon,speed_mps"]
    for number, bib in enumerate(bibs):
        place = 50.0 + 10.0 * np.arange(0.0, 300.0, 6.0) - 20.0 * number
        lon, lat = stage.route.lonlat(place)
        for index, (x, y) in enumerate(zip(lon, lat, strict=True)):
            moment = np.datetime64(START_MS + 6000 * index, "ms")
            lines.append(f"{moment}Z,{bib},{y + off_deg},{x},10.0")
    lines.append("yesterday,5,45.0,6.0,10.0")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_package_and_a_feed_become_a_race(package, tmp_path):
    told = []
    feed = write_feed(tmp_path / "feed.csv", open_package(package).stage)
    replay = open_replay(package, feed, progress=lambda text, fraction: told.append((text, fraction)))
    state = replay.race.at(START_MS + 150_000)
    assert state.riders.distance_m == pytest.approx([1510.0, 1550.0, 1530.0], abs=3.0)
    assert replay.motion.bibs[state.order].tolist() == [5, 6]
    assert state.gap_s[state.order] == pytest.approx([0.0, 2.0], abs=0.5)
    assert replay.fixes_refused == {"rows without a valid time": 1}
    lines = replay.lines()
    assert lines[0].startswith("150 fixes of 3 riders and vehicles, 100.0% accepted")
    assert lines[-1] == "not readable: 1 rows without a valid time"
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    assert told[-1][1] == 1.0
    riders = replay.package.stage.riders
    assert [(rider.bib, rider.vehicle) for rider in riders] == [(5, False), (6, False), (-1, True)]
    assert replay.race.stage.date == "2026-07-07"


def test_a_feed_from_elsewhere_is_refused(package, tmp_path):
    feed = write_feed(tmp_path / "feed.csv", open_package(package).stage, off_deg=0.3)
    with pytest.raises(FeedError, match=r"feed\.csv lie [\d,]+ m off the road of Test road"):
        open_replay(package, feed)


def test_a_package_that_is_none(tmp_path):
    with pytest.raises(PackageError):
        open_replay(tmp_path / "none.stage", tmp_path / "feed.csv")


def test_what_the_feed_knows_better(package):
    stage = dataclasses.replace(
        open_package(package).stage,
        riders=(Rider(bib=2, last_name="DUPONT", jersey="yellow"), Rider(bib=9), Rider(bib=-2, vehicle=True)),
    )
    empty = np.zeros(0)
    fixes = Fixes(
        bibs=np.array([-3, -2, 2, 9], np.int32),
        time_ms=np.array([START_MS]),
        rider=np.zeros(1, np.int32),
        lon_deg=empty,
        lat_deg=empty,
        speed_mps=empty,
        official_to_go_m=empty,
        gap_to_first_s=empty,
        flags=empty,
        source=empty,
        names={-2: "Doctor", -3: "Broom wagon"},
        jerseys={9: "yellow", 2: "green"},
        time_trial=True,
    )
    known = with_feed_facts(stage, fixes)
    assert [(r.bib, r.last_name, r.jersey, r.vehicle) for r in known.riders] == [
        (2, "DUPONT", "green", False),
        (9, "", "yellow", False),
        (-2, "Doctor", "", True),
        (-3, "Broom wagon", "", True),
    ]
    assert known.time_trial
