"""The rehearsal as operators get it: road, race, recording and prepared stage, made once."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from scipy import ndimage

from tracker3d.errors import OutputError
from tracker3d.feed import FixFlag, read_feed
from tracker3d.feed.rehearsal import DEFAULT_SEED, RehearsalFiles, make
from tracker3d.feed.rehearsal.documents import FRAME, KM0_M, trace_vertices
from tracker3d.feed.rehearsal.making import landscape_and_road, record
from tracker3d.feed.rehearsal.road import SPACING_M, STEEPEST, Road
from tracker3d.replay import Replay, open_replay
from tracker3d.stage import open_package

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Made:
    folder: Path
    files: RehearsalFiles
    road: Road
    ground_m: NDArray[np.float32]
    water: NDArray[np.uint8]
    recording: dict[str, Any]
    told: list[tuple[str, float]]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("rehearsal")
    told: list[tuple[str, float]] = []
    kept: list[tuple[Road, NDArray[np.float32], NDArray[np.uint8]]] = []

    def keep(*args: Any) -> tuple[Road, NDArray[np.float32], NDArray[np.uint8]]:
        kept.append(landscape_and_road(*args))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracker3d.feed.rehearsal.making.landscape_and_road", keep)
        files = make(folder, progress=lambda text, fraction: told.append((text, fraction)))
    road, ground, water = kept[0]
    recording = json.loads(gzip.decompress(files.recording.read_bytes()))
    return Made(folder, files, road, ground, water, recording, told)


@pytest.fixture(scope="session")
def replay(made: Made) -> Replay:
    return open_replay(made.files.package, made.files.recording)


def frames(recording: dict[str, Any], bind: str) -> list[dict[str, Any]]:
    texts = [event["data"] for event in recording["events"] if f'"bind":"{bind}' in event["data"][:60]]
    return [json.loads(text)["data"] for text in dict.fromkeys(texts)]


# Road and ground


def test_road_has_the_parts_it_should(made: Made) -> None:
    road, corners = made.road, made.road.corners_m
    assert road.s_m[-1] - KM0_M >= 40_000.0
    assert corners["foot"] >= 10_000.0
    z = {name: float(np.interp(at, road.s_m, road.z_m)) for name, at in corners.items()}
    climbs = [
        (z["col"] - z["foot"], corners["col"] - corners["foot"]),
        (road.z_m[-1] - z["last"], road.s_m[-1] - corners["last"]),
    ]
    for rise_m, length_m in climbs:
        assert rise_m > 550.0
        assert 0.055 < rise_m / length_m < 0.09


def test_road_is_never_too_steep(made: Made) -> None:
    gradient = np.diff(made.road.z_m) / np.diff(made.road.s_m)
    assert np.abs(gradient).max() <= STEEPEST
    # No jolts: the gradient changes by less than 1.5 points of percent in 20 m.
    assert np.abs(gradient[4:] - gradient[:-4]).max() < 0.015


def test_points_of_the_road_are_evenly_spaced(made: Made) -> None:
    legs = np.hypot(np.diff(made.road.x_m), np.diff(made.road.y_m))
    assert np.percentile(legs, 1) > 0.9 * SPACING_M
    assert legs.sum() == pytest.approx(made.road.s_m[-1], rel=2e-3)


def test_hairpins(made: Made) -> None:
    """Counted from the road itself: places where the heading turns by over 140 degrees within 90 m."""
    road = made.road
    heading = np.unwrap(np.arctan2(np.diff(road.y_m), np.diff(road.x_m)))
    window = round(90.0 / SPACING_M)
    turned = np.abs(heading[window:] - heading[:-window]) > np.radians(140.0)
    begins = road.s_m[np.flatnonzero(np.diff(turned.astype(int)) == 1)]
    on_col = (begins > road.corners_m["foot"]) & (begins < road.corners_m["col"])
    assert on_col.sum() >= 8
    assert (begins > road.corners_m["last"]).sum() >= 4
    radius = 1.0 / np.maximum(road.curvature, 1e-6)
    for pin in road.hairpin_s_m:
        assert 12.0 < radius[np.abs(road.s_m - pin) < 30.0].min() < 32.0
    assert radius.min() > 12.0


def ground_under(made: Made) -> NDArray[np.float64]:
    """Height of the DEM in the file under each point of the road."""
    with rasterio.open(made.folder / "rehearsal-dem.tif") as raster:
        heights = raster.read(1)
        inverse = ~raster.transform
        x = made.road.x_m - 0.5 * (raster.width - 1) * raster.transform.a
        y = made.road.y_m + 0.5 * (raster.height - 1) * raster.transform.e
    col, row = inverse * (x, y)
    col, row = col - 0.5, row - 0.5
    left, top = np.floor(col).astype(int), np.floor(row).astype(int)
    right, down = col - left, row - top
    return np.asarray(
        heights[top, left] * (1 - right) * (1 - down)
        + heights[top, left + 1] * right * (1 - down)
        + heights[top + 1, left] * (1 - right) * down
        + heights[top + 1, left + 1] * right * down
    )


def test_two_rivers_run_through_the_country_beside_the_road(made: Made) -> None:
    with rasterio.open(made.folder / "rehearsal-water.tif") as raster:
        wet = raster.read(4)
        step_m = raster.transform.a
    assert np.array_equal(wet[::-1], made.water[3])
    runs, count = ndimage.label(wet > 127, structure=np.ones((3, 3)))
    reach_m = [(place[1].stop - place[1].start) * step_m for place in ndimage.find_objects(runs)]
    assert count < 40
    assert sum(each > 25_000 for each in reach_m) == 2
    assert 0.003 < (wet > 127).mean() < 0.03
    column, row = (np.rint(along / step_m).astype(int) for along in (made.road.x_m, made.road.y_m))
    bridges_m = (made.water[3][row, column] > 0).sum() * SPACING_M
    assert bridges_m < 150


def test_water_shows_on_the_ground(made: Made, replay: Replay) -> None:
    texture = replay.package.ground.texture
    west, south, east, north = texture.bounds_m
    row, column = np.nonzero(made.water[3] == 255)
    rows, columns = made.water.shape[1:]
    lon, lat = FRAME.to_wgs84((column - (columns - 1) / 2) * 7.5, (row - (rows - 1) / 2) * 7.5)
    x, y = replay.package.stage.frame.to_local(lon, lat)
    inside = replay.package.ground.relief.sample(x, y) > replay.package.ground.base_m + 50
    high, wide = texture.image.shape[:2]
    at = ((north - y) / (north - south) * high).astype(int), ((x - west) / (east - west) * wide).astype(int)
    colours = texture.image[at[0][inside], at[1][inside]].astype(float)
    assert (colours[:, 2] > colours[:, 0]).mean() > 0.97
    assert 90 < colours.mean() < 160


def test_road_lies_on_the_ground_but_in_the_tunnel(made: Made) -> None:
    above = ground_under(made) - made.road.z_m
    begin, end = made.road.tunnel_m
    inside = (made.road.s_m > begin) & (made.road.s_m < end)
    near = (made.road.s_m > begin - 60.0) & (made.road.s_m < end + 60.0)
    assert (above[inside] > 25.0).sum() * SPACING_M >= 400.0
    assert np.abs(above[~near]).max() < 5.0
    assert np.percentile(np.abs(above[~near]), 95) < 0.6


# The race, taken from what arrives


def test_everyone_is_there_and_in_order(made: Made) -> None:
    rest = made.recording["rest"]
    bibs = [rider["bib"] for rider in rest["riders"]]
    assert len(set(bibs)) == len(bibs) == 176
    assert len({team["code"] for team in rest["teams"]}) == 22
    assert len({rider["lastname"] for rider in rest["riders"]}) == 176
    per_team = Counter(rider["$team"] for rider in rest["riders"])
    assert set(per_team.values()) == {8}
    assert set(per_team) == {f"team-2026:{team['_id']}" for team in rest["teams"]}
    assert made.recording["meta"]["simulated"] is True


def test_speeds(replay: Replay) -> None:
    """Medians over the field against gradient, from positions put on the road like any others."""
    route = replay.package.stage.route
    start, end = int(replay.motion.start_ms), int(replay.motion.end_ms)
    times = np.arange(start, end, 10_000)
    distance = replay.motion.distances(times)[:, np.asarray(replay.motion.bibs) > 0]
    speed = np.diff(distance, axis=0) / 10.0
    middle = 0.5 * (distance[1:] + distance[:-1])
    racing = np.isfinite(speed) & (middle > 2_000.0) & (middle < route.finish_m - 200.0) & (speed > 1.0)
    gradient = np.full(speed.shape, np.nan)
    gradient[racing] = route.gradient(middle[racing], 200.0)
    kmh = speed * 3.6
    flat = racing & (np.abs(gradient) < 0.01)
    steep = racing & (gradient > 0.065) & (gradient < 0.075)
    down = racing & (gradient < -0.05)
    assert 38.0 < np.median(kmh[flat]) < 50.0
    assert 14.0 < np.median(kmh[steep]) < 21.0
    assert np.percentile(kmh[steep], 95) < 26.0
    assert 45.0 < np.median(kmh[down]) < 80.0
    assert np.nanmax(np.where(racing, kmh, np.nan)) < 95.0


def test_breakaway_then_one_winner_then_long_gaps(made: Made) -> None:
    finished: dict[int, int] = {}
    early = None
    for frame in frames(made.recording, "telemetryCompetitor"):
        rows = [row for row in frame["Riders"] if "secToFirstRider" in row]
        for row in rows:
            if row["Status"] == "finished":
                finished.setdefault(row["Bib"], frame["TimeStamp"])
        to_go = [row["kmToFinish"] for row in rows if row["Status"] == "active"]
        if early is None and len(to_go) > 150 and min(to_go) < 30.0:
            early = sorted(row["secToFirstRider"] for row in rows)
    assert early is not None
    assert early[4] < 15
    assert 40 < early[12] < 300
    arrivals = np.sort(list(finished.values()))
    assert len(arrivals) >= 170
    race_s = arrivals[0] - (made.recording["events"][0]["dt"] + start_s(made))
    assert 70 * 60 <= race_s <= 92 * 60
    behind = arrivals - arrivals[0]
    assert behind[9] < 240
    assert 480 < behind[120] < 1_500
    assert behind[-1] < 2_400


def start_s(made: Made) -> float:
    import datetime as dt

    stage = made.recording["rest"]["stages"][made.recording["meta"]["date"]]
    local = dt.datetime.fromisoformat(f"{made.recording['meta']['date']}T{stage['startTime']}+00:00")
    return local.timestamp()


# What arrives


def test_every_tick_arrives_twice_at_once(made: Made) -> None:
    events = [event for event in made.recording["events"] if "telemetryCompetitor" in event["data"][:60]]
    counts = Counter(event["data"] for event in events)
    assert min(counts.values()) >= 1
    assert sum(count >= 2 for count in counts.values()) / len(counts) > 0.9
    assert all(event["dt"] >= 0 for event in made.recording["events"])


def test_rows_have_the_feed_s_shape(made: Made) -> None:
    for frame in frames(made.recording, "telemetryCompetitor-2026")[::40]:
        assert frame["StageId"] == "100"
        assert isinstance(frame["TimeStamp"], int)
        assert frame["TimeStamp"] % 6 == 0 or not frame["Riders"] or "Pos" not in frame["Riders"][0]
        assert 2_000 <= frame["_updatedAt"] - 1000 * frame["TimeStamp"] <= 3_300
        assert len(frame["YGPW"]) == 4
        bibs = [row["Bib"] for row in frame["Riders"]]
        assert len(set(bibs)) == len(bibs)
        for row in frame["Riders"]:
            assert 44.0 < row["Latitude"] < 45.1
            assert -31.0 < row["Longitude"] < -29.0


def test_faults_of_the_real_feed(made: Made) -> None:
    events = made.recording["events"]
    assert sum(not event["data"].startswith("{") for event in events) >= 2
    seen = frames(made.recording, "telemetryCompetitor")
    parked = [row for frame in seen for row in frame["Riders"] if "secToFirstRider" not in row]
    assert len({(row["Latitude"], row["Longitude"]) for row in parked}) == 1
    assert {row["Bib"] for row in parked} == {rider["bib"] for rider in made.recording["rest"]["riders"]}
    stamps = np.array([frame["TimeStamp"] for frame in seen])
    assert (np.diff(stamps) < 0).any(), "old frames come late"
    assert (np.diff(np.unique(stamps)) >= 36).sum() >= 5, "holes of 36 s"
    last = seen[-1]["TimeStamp"]
    frozen = sum(f'"TimeStamp":{last},' in event["data"][:150] for event in events)
    assert frozen > 20


def test_noise_is_that_of_the_real_feed(replay: Replay, made: Made) -> None:
    fixes = read_feed(made.files.recording, stage=replay.package.stage)
    assert (fixes.flags & FixFlag.PARKED).any()
    assert set(fixes.bibs[fixes.bibs < 0]) == {-1, -2, -3, -4, -5, -6}
    assert fixes.names[-1] == "Race director"
    route = replay.package.stage.route
    use = (fixes.flags & FixFlag.PARKED) == 0
    rider = fixes.bibs[fixes.rider] > 0
    x, y = replay.package.stage.frame.to_local(fixes.lon_deg[use & rider], fixes.lat_deg[use & rider])
    from scipy.spatial import cKDTree

    at = np.arange(route.start_m, route.finish_m, 2.0)
    away, _ = cKDTree(np.column_stack(route.position(at))).query(np.column_stack([x, y]))
    assert 3.2 < np.median(away) < 5.6
    assert 0.0005 < (away > 50.0).mean() < 0.01


def test_vehicles_keep_their_places(replay: Replay) -> None:
    motion = replay.motion
    bibs = np.asarray(motion.bibs)
    times = np.arange(int(motion.start_ms) + 900_000, int(motion.start_ms) + 4_200_000, 30_000)
    distance = motion.distances(times)
    head = np.nanmax(distance[:, bibs > 0], axis=1)
    tail = np.nanmin(distance[:, bibs > 0], axis=1)
    director = distance[:, bibs == -1][:, 0] - head
    broom = distance[:, bibs == -6][:, 0] - tail
    assert 60.0 < np.nanmedian(director) < 320.0
    assert -250.0 < np.nanmedian(broom) < 30.0


# Making


def test_recording_is_the_same_for_the_same_seed(made: Made) -> None:
    again = record(made.road, DEFAULT_SEED)
    assert json.loads(json.dumps(again)) == made.recording
    other = record(made.road, DEFAULT_SEED + 1)
    assert other["events"] != again["events"]


def test_trace_is_as_dense_as_a_real_one(made: Made) -> None:
    keep = trace_vertices(made.road)
    legs = np.diff(made.road.s_m[keep])
    assert legs.max() <= 75.0
    assert 35.0 < legs.mean() < 70.0
    assert float(made.road.s_m[keep][-1]) == made.road.s_m[-1]
    assert KM0_M in made.road.s_m[keep].round(0)


def test_stage_is_prepared(made: Made) -> None:
    package = open_package(made.files.package)
    stage = package.stage
    assert stage.simulated
    assert stage.timezone == "Atlantic/Azores"
    assert stage.coverage.covered_m[0][0] <= 0.0
    assert stage.coverage.covered_m[-1][1] >= stage.route.finish_m - 1.0
    assert len(stage.coverage.covered_m) == 1
    assert stage.route.finish_m == pytest.approx(made.road.s_m[-1] - KM0_M, abs=1.0)
    structure = package.ground.on_structure
    assert structure.any(), "the tunnel is one"


def test_progress_grows_to_the_end(made: Made) -> None:
    fractions = [fraction for _, fraction in made.told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_what_is_whole_is_used_again_and_what_is_not_is_made_anew(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    class MadeAnewError(Exception):
        pass

    def refuse(*_: object) -> None:
        raise MadeAnewError

    monkeypatch.setattr("tracker3d.feed.rehearsal.making.landscape_and_road", refuse)
    assert make(made.folder) == made.files
    mark = made.folder / "rehearsal.made.json"
    kept = mark.read_bytes()
    for damage in (b"", b"[]", b"{", kept.replace(b'"version": ', b'"version": 9')):
        mark.write_bytes(damage)
        with pytest.raises(MadeAnewError):
            make(made.folder)
    mark.write_bytes(kept)
    with pytest.raises(MadeAnewError):
        make(made.folder, seed=DEFAULT_SEED + 1)
    mark.write_bytes(kept)
    assert make(made.folder) == made.files


def test_missing_folder(tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tracker3d.feed.rehearsal.making.landscape_and_road",
        lambda *_: (made.road, made.ground_m, made.water),
    )
    with pytest.raises(OutputError, match="does not exist"):
        make(tmp_path / "nowhere")
