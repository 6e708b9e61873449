"""The road from one file and the race on it from another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tracker3d.errors import InputError
from tracker3d.stage import open_package, prepare, read_source
from tracker3d.stage.anchors import Anchor
from tracker3d.stage.joining import joined
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.source import Source, SourcePlace

ROAD = Path("road.gpx")


def a_road(**more: object) -> Source:
    """A kilometre eastwards on the equator, a vertex each 100 m."""
    lon_deg = np.arange(11) * 100.0 / 111_319.5
    points = np.column_stack([lon_deg, np.zeros(11), np.full(11, 50.0)])
    town = SourcePlace(PlaceKind.TOWN, "Bourg", 500.0)
    return Source(
        path=ROAD, kind="gpx", name="Road", points=points, places=(town,), credits=("Mapper",), **more
    )


def a_race(*anchors: Anchor, **more: object) -> Source:
    return Source(
        path=Path("race.json"),
        kind="recording",
        name="",
        points=np.empty((0, 3)),
        anchors=anchors,
        date="2026-07-21",
        credits=("Race data",),
        **more,
    )


def at(x_m: float, distance_m: float, *, y_m: float = 0.0) -> Anchor:
    return Anchor(x_m / 111_319.5, y_m / 110_574.0, distance_m, exact=True)


def test_what_the_race_tells_goes_before_the_road():
    source = joined(a_road(), a_race(at(0.0, 0.0), at(1000.0, 1005.0), time_trial=True, finish_m=1005.0))
    assert (source.path, source.kind, source.name, source.date) == (ROAD, "gpx", "Road", "2026-07-21")
    assert source.time_trial
    assert source.finish_m == 1005.0
    assert [place.name for place in source.places] == ["Bourg"]
    assert source.credits == ("Mapper", "Race data")
    assert len(source.points) == 11
    assert source.messages == ()


def test_a_road_that_stops_before_the_line_is_prolonged():
    source = joined(a_road(), a_race(at(-40.0, 0.0), at(1110.0, 1150.0)))
    assert len(source.points) == 13
    np.testing.assert_allclose(source.points[[0, -1], 0] * 111_319.5, [-40.0, 1110.0])
    assert source.points[[0, -1], 2].tolist() == [50.0, 50.0]
    assert [message[:35] for message in source.messages] == [
        "The road stops 40 m from the stated",
        "The road stops 110 m from the state",
    ]


@pytest.mark.parametrize(
    "finish",
    [
        at(1008.0, 1000.0),  # at the end already
        at(1900.0, 1900.0),  # another place altogether
        at(930.0, 1000.0, y_m=40.0),  # beside the road
        at(980.0, 1000.0, y_m=100.0),  # behind its end
    ],
)
def test_a_road_is_not_bent_to_what_lies_elsewhere(finish):
    source = joined(a_road(), a_race(at(0.0, 0.0), finish))
    assert len(source.points) == 11
    assert source.messages == ()


def test_what_is_no_recording_names_no_riders(tmp_path):
    road = tmp_path / "road.json"
    road.write_text(
        json.dumps({"type": "LineString", "coordinates": [[0, 0, 5], [0.01, 0, 5], [0.02, 0.01, 5]]})
    )
    with pytest.raises(InputError, match=r"road\.json is no Race Center recording; .*riders\.$"):
        read_source(road, riders_path=road)


@pytest.mark.real
def test_a_real_time_trial_on_the_road_of_another_file(shared_data, tmp_path):
    """The recording has no trace, and the road's file no riders and not its last 110 m."""
    from tracker3d.replay import open_replay
    from tracker3d.track import Verdict

    recording = shared_data / "feed" / "stage-16_2026-07-21.json.gz"
    report = prepare(
        shared_data / "routes" / "stage-16_2026.geojson",
        riders_path=recording,
        output=tmp_path / "trial.stage",
        dem_paths=[],
        width_km=0.5,
    )
    package = open_package(report.path)
    stage = package.stage
    assert stage.name == "Évian-les-Bains > Thonon-les-Bains"
    assert (stage.date, stage.timezone, stage.time_trial) == ("2026-07-21", "Europe/Paris", True)
    assert len(stage.teams) == 23
    assert not any(rider.bib == 11 for rider in stage.riders)  # did not start stage 15
    assert stage.route.finish_m == pytest.approx(26_090.0, abs=1.0)
    assert [place.distance_m for place in stage.places if place.kind is PlaceKind.TIME_CHECK] == [
        4_790.0,
        9_670.0,
        18_030.0,
    ]
    assert not any("kilometres" in warning for warning in report.warnings)
    replay = open_replay(report.path, recording)
    assert replay.motion.end_ms > replay.motion.start_ms
    lateral_m = np.abs(replay.tracks.lateral_m[replay.tracks.verdict < Verdict.OFF_ROAD])
    assert np.median(lateral_m) < 1.0
    late = replay.tracks.distance_m > 25_990.0
    assert late.sum() > 100
    assert np.percentile(np.abs(replay.tracks.lateral_m[late]), 95) < 6.0
    finished = np.isfinite(replay.motion.passage_ms(26_000.0))
    assert finished.sum() > 100
