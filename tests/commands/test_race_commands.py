"""``events``, ``passages``, ``classification`` and ``arrivals`` as a user meets them."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tracker3d.cli import main
from tracker3d.stage import open_package, prepare, save_package
from tracker3d.stage.model import Rider

if TYPE_CHECKING:
    from pathlib import Path

START_MS = 1_783_420_000_000


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A package of a road of 6 km, and a feed in which rider 5 is alone in front from the second km on."""
    folder = tmp_path_factory.mktemp("commands")
    points = "".join(
        f'<trkpt lat="{45.0 + 0.0003 * i:.6f}" lon="6.0"><ele>500</ele></trkpt>' for i in range(181)
    )
    road = folder / "road.gpx"
    road.write_text(
        '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Test road</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    package = folder / "road.stage"
    prepare(road, output=package, dem_paths=[], width_km=1.0)
    route = open_package(package).stage.route
    lines = ["time_utc,bib,lat,lon,speed_mps"]
    for bib in range(1, 13):
        ahead_s = np.interp(np.arange(0.0, 620.0, 5.0), [100, 160], [0.0, 40.0]) if bib == 5 else 0.0
        places = 50.0 + 10.0 * (np.arange(0.0, 620.0, 5.0) + ahead_s - 0.2 * bib)
        lon, lat = route.lonlat(places[places < route.finish_m])
        for index, (x, y) in enumerate(zip(lon, lat, strict=True)):
            lines.append(f"{np.datetime64(START_MS + 5000 * index, 'ms')}Z,{bib},{y},{x},10.0")
    feed = folder / "feed.csv"
    feed.write_text("\n".join(lines) + "\n")
    return package, feed


def test_events_as_lines_and_as_files(
    race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package, feed = race
    assert main(["events", str(package), "--feed", str(feed)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("attack" in line and "km to go: 5, " in line and "% sure)" in line for line in lines)
    assert main(["events", str(package), "--feed", str(feed), "-o", str(tmp_path / "events.json")]) == 0
    events = json.loads((tmp_path / "events.json").read_text())
    attack = next(event for event in events if event["kind"] == "attack")
    assert attack["bibs"] == [5]
    assert attack["time_utc"].endswith("Z")
    assert 0.5 < attack["confidence"] <= 1.0
    arguments = ["events", str(package), "--feed", str(feed), "-o", str(tmp_path / "events.csv")]
    assert main([*arguments, "--least-confidence", "0.9"]) == 0
    rows = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert len(rows) <= len(events)
    assert all(float(row["confidence"]) >= 0.9 for row in rows)


def test_passages(race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package, feed = race
    assert main(["passages", str(package), "--feed", str(feed)]) == 0
    out = capsys.readouterr().out
    assert "(finish, km 6.0)" in out
    assert main(["passages", str(package), "--feed", str(feed), "-o", str(tmp_path / "passages.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "passages.csv").read_text().splitlines()))
    assert [row["bib"] for row in rows] == ["5", *(str(bib) for bib in (1, 2, 3, 4, *range(6, 13)))]
    assert float(rows[1]["gap_s"]) == pytest.approx(39.2, abs=1.0)


def test_the_virtual_classification(
    race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package, feed = race
    before = tmp_path / "before.csv"
    before.write_text("bib,time\n5,10:00:20\n1,10:00:00\n2,36005\n77,+0:30\n")
    arguments = ["classification", str(package), "--feed", str(feed), "--before", str(before)]
    assert main([*arguments, "--at", "2km"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Virtual general classification, without bonuses:"
    assert [line.split()[1] for line in lines[1:4]] == ["5", "1", "2"]
    assert "(+2)" in lines[1]
    assert lines[-1] == "Not known now: 77"
    assert main([*arguments, "-o", str(tmp_path / "standing.json")]) == 0
    assert [row["bib"] for row in json.loads((tmp_path / "standing.json").read_text())] == [5, 1, 2]


def test_the_virtual_classification_from_the_times_of_the_package(
    race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package, feed = race
    arguments = ["--feed", str(feed), "--at", "2km"]
    assert main(["classification", str(package), *arguments]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith(f"{package} holds no times before the stage; give them with --before")
    opened = open_package(package)
    riders = tuple(Rider(bib=bib, before_s=time_s) for bib, time_s in ((1, 0.0), (2, 5.0), (5, 20.0)))
    timed = tmp_path / "timed.stage"
    save_package(timed, stage=dataclasses.replace(opened.stage, riders=riders), ground=opened.ground)
    assert main(["classification", str(timed), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["5", "1", "2"]


def test_when_they_will_arrive(
    race: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rider 5, alone and steady, comes before the others; of so short a road nothing is told by itself."""
    package, feed = race
    arguments = ["arrivals", str(package), "--feed", str(feed), "--at", "0.8km"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "Nobody has ridden far enough to tell.\n"
    monkeypatch.setattr("tracker3d.race.estimate.LEAST_RIDDEN_M", 2000.0)
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[5] for line in lines] == ["5", "1"]
    assert lines[1].endswith("and 10 more")
    assert main([*arguments, "-o", str(tmp_path / "arrivals.json")]) == 0
    first, second = json.loads((tmp_path / "arrivals.json").read_text())
    arrived_ms = START_MS + 1000.0 * (595.0 - 39.0)
    assert first["earliest_ms"] < arrived_ms < first["latest_ms"] < second["latest_ms"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("rider,seconds\n1,2\n", "has no columns bib and time"),
        ("bib,time\n1,10:00\n2,soon\n", "Line 3 of"),
        ("bib,time\n1,nan\n", "Line 2 of"),
    ],
)
def test_times_that_cannot_be_read(
    race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    before = tmp_path / "before.csv"
    before.write_text(content)
    package, feed = race
    assert main(["classification", str(package), "--feed", str(feed), "--before", str(before)]) == 1
    assert says in capsys.readouterr().err


def test_an_ending_that_no_table_has(
    race: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package, feed = race
    assert main(["events", str(package), "--feed", str(feed), "-o", str(tmp_path / "events.xls")]) == 1
    assert "write to a name in .json or .csv." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
