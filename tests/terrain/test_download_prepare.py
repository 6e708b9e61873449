"""``prepare`` from the first request to the package, against a server on this machine; and its settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tile_server import TileServer, hills, publish

from terrain.fetching.catalogue import GLO30, SENTINEL2, TERRARIUM
from tracker3d.cli import main
from tracker3d.errors import InputError
from tracker3d.replay import open_replay
from tracker3d.scene import build_scene, frame_at, parse_camera
from tracker3d.stage import open_package, prepare
from tracker3d.stage.downloading import read_settings

if TYPE_CHECKING:
    from terrain.fetching import FetchSettings


@pytest.fixture
def user(tile_server: TileServer, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch) -> TileServer:
    """Set what a user sets to take everything from a mirror."""
    tile_server.make = publish
    for key, address in settings.addresses.items():
        monkeypatch.setenv(f"TRACKER3D_{key.upper()}_ADDRESS", address)
    monkeypatch.setenv("TRACKER3D_CACHE", str(settings.cache))
    return tile_server


@pytest.fixture
def route(tmp_path: Path) -> Path:
    """A road of some 5 km over the hills, across 7 degrees east."""
    lon, lat = np.linspace(6.97, 7.03, 80), np.linspace(45.40, 45.42, 80)
    points = "".join(
        f'<trkpt lat="{y:.6f}" lon="{x:.6f}"><ele>{h:.1f}</ele></trkpt>'
        for x, y, h in zip(lon, lat, hills(lon, lat), strict=True)
    )
    path = tmp_path / "road.gpx"
    path.write_text(
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Over the hills</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    return path


def prepared(route: Path, *more: str) -> Path:
    package = route.with_name("road.stage")
    assert main(["prepare", str(route), "--width-km", "3", "-o", str(package), *more]) == 0
    return package


def test_without_elevation_files_they_are_downloaded_and_credited(
    user: TileServer, route: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = open_package(prepared(route))
    told = capsys.readouterr()
    assert "The DEM covers the whole road." in told.out
    whole = sum(map(len, user.files.values())) / 1e6
    assert f"downloading Copernicus GLO-30: 2 of 2 tiles, {whole:.1f} MB" in told.err
    assert len(user.requests) == 2
    assert package.stage.credits == package.ground.credits == (GLO30.credit,)
    assert package.stage.coverage.sources == tuple(
        f"Copernicus_DSM_COG_10_N45_00_E00{lon}_00_DEM.tif" for lon in (6, 7)
    )
    route_m = package.stage.route
    raced = route_m.distance_m <= route_m.finish_m
    lon, lat = route_m.lonlat(route_m.distance_m[raced])
    assert np.abs(route_m.z_drawn_m[raced] - hills(lon, lat)).max() < 2.5


def test_progress_never_goes_back_though_a_transfer_starts_over(
    user: TileServer, route: Path, settings: FetchSettings
) -> None:
    user.ranges = False
    name = "/glo30/Copernicus_DSM_COG_10_N45_00_E006_00_DEM.tif"
    user.faults[name] = ["truncate:6000000", "500", "truncate:3000000"]
    shares: list[float] = []
    prepare(
        route,
        output=route.with_name("road.stage"),
        dem_paths=None,
        drape_source="ign",
        width_km=3.0,
        settings=settings,
        progress=lambda text, share: shares.append(share),
    )
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(user.asked(name)) == 4


def test_prepared_again_it_asks_nobody(
    user: TileServer, route: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(route)
    count = len(user.requests)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was opened"))
    prepared(route)
    assert len(user.requests) == count


def test_terrarium_heights_under_imagery(
    user: TileServer, route: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = open_package(prepared(route, "--dem-source", "terrarium", "--drape-source", "sentinel2"))
    assert package.stage.credits[0] == TERRARIUM.credit
    assert package.stage.credits[-1] == SENTINEL2.credit
    assert "downloading Sentinel-2 cloudless" in capsys.readouterr().err
    assert package.ground.covered.all()
    drawn = package.ground.texture.image.reshape(-1, 3).astype(int)
    tinted = np.abs(drawn - np.roll(drawn, 1, axis=1)).max(axis=1) > 25
    assert tinted.mean() > 0.3, "the colours of the tiles are not those of invented land"


def test_heights_of_the_road_come_from_what_was_downloaded(user: TileServer, tmp_path: Path) -> None:
    path = tmp_path / "flat.geojson"
    lon, lat = np.linspace(6.97, 7.03, 60), np.linspace(45.40, 45.42, 60)
    points = ",".join(f"[{x:.6f},{y:.6f}]" for x, y in zip(lon, lat, strict=True))
    path.write_text(f'{{"type":"LineString","coordinates":[{points}]}}')
    stage = open_package(prepared(path)).stage
    raced = stage.route.distance_m <= stage.route.finish_m
    truth = hills(*stage.route.lonlat(stage.route.distance_m[raced]))
    assert np.abs(stage.route.height_m[raced] - truth).max() < 3.0
    assert any("come from the elevation files" in warning for warning in stage.coverage.warnings)


def test_the_credit_stands_on_every_picture(user: TileServer, route: Path) -> None:
    replay = open_replay(prepared(route), None)
    scene = build_scene(replay.package.stage, replay.package.ground)
    camera, size_px = parse_camera("overview"), (1280, 720)
    frame = frame_at(scene, replay.race, replay.motion.start_ms, camera=camera, viewport_px=size_px)
    assert GLO30.credit in scene.stage.credits
    (panel,) = (panel for panel in frame.panels if panel.name == "credits")
    assert panel.image.shape[1] > 600, "long enough to hold all of it"


def test_when_the_network_fails_nothing_is_left_and_the_remedy_is_named(
    user: TileServer, route: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("E006", "E007"):
        user.faults[f"/glo30/Copernicus_DSM_COG_10_N45_00_{path}_00_DEM.tif"] = ["404"]
    assert main(["prepare", str(route), "-o", str(route.with_name("road.stage"))]) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.endswith("or give elevation files with --dem, or --dem none.")
    assert not route.with_name("road.stage").exists()


@pytest.mark.parametrize(
    "more", [["--dem", "none", "--dem-source", "glo30"], ["--drape", "x.tif", "--drape-source", "ign"]]
)
def test_files_and_a_source_at_once_are_refused(
    user: TileServer, route: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert main(["prepare", str(route), "-o", str(route.with_name("road.stage")), *more]) == 1
    assert "not both" in capsys.readouterr().err
    assert not user.requests


def test_a_killed_prepare_goes_on_next_time(user: TileServer, route: Path) -> None:
    name = "/glo30/Copernicus_DSM_COG_10_N45_00_E007_00_DEM.tif"
    user.faults[name] = ["hold:2500000"]
    command = [sys.executable, "-m", "tracker3d", "prepare", str(route), "-o", "killed.stage"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(command, cwd=route.parent, **quiet)
    try:
        user.wait_for_part(route.parent / "cache", 2_000_000, name="E007")
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    user.release.set()
    assert not (route.parent / "killed.stage").exists()
    prepared(route)
    ranges = [wanted for path, wanted, _ in user.requests if path == name and wanted]
    assert len(ranges) == 1
    assert open_package(route.with_name("road.stage")).ground.covered.all()


def test_settings_come_from_the_file_and_the_environment_before_it(tmp_path: Path) -> None:
    path = tmp_path / "download.toml"
    usual = read_settings(path, {})
    assert (usual.address(GLO30), usual.parallel) == (GLO30.address, 6)
    assert usual.cache.name == "downloads"
    path.write_text(
        f'cache = "{tmp_path}/c"\nparallel = 2\n[addresses]\nglo30 = "https://mirror.example/{{name}}.tif"\n'
    )
    own = read_settings(path, {"TRACKER3D_TERRARIUM_ADDRESS": "http://a.example/{z}/{x}/{y}.png"})
    assert (own.cache, own.parallel) == (tmp_path / "c", 2)
    assert own.address(GLO30) == "https://mirror.example/{name}.tif"
    assert own.address(TERRARIUM) == "http://a.example/{z}/{x}/{y}.png"
    assert own.folder(GLO30) != usual.folder(GLO30)
    before = read_settings(path, {"TRACKER3D_GLO30_ADDRESS": "http://b/{name}", "TRACKER3D_CACHE": "/d"})
    assert (before.address(GLO30), before.cache) == ("http://b/{name}", Path("/d"))


@pytest.mark.parametrize(
    "content",
    [
        "cache = 5",
        "parallel = 0",
        "parallel = 'many'",
        "colour = 'red'",
        "addresses = 3",
        "[addresses]\nmars = 'http://x/{name}'",
        "[addresses]\nglo30 = 1",
        "[[[",
        "\udcff",
        "a=" + "[" * 5000,
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "download.toml"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"download\.toml"):
        read_settings(path, {})


@pytest.mark.real
def test_mont_ventoux_from_a_published_tile(shared_data: Path, user: TileServer, tmp_path: Path) -> None:
    """Heights that somebody else took from the same tile agree: nothing is shifted by half a post."""
    user.make = lambda path: None
    user.files["/glo30/Copernicus_DSM_COG_10_N44_00_E005_00_DEM.tif"] = (
        shared_data / "dem" / "ventoux" / "N44E005_cog.tif"
    ).read_bytes()
    source = shared_data / "routes" / "mont_ventoux_from_bedoin.gpx"
    package = tmp_path / "ventoux.stage"
    assert main(["prepare", str(source), "--width-km", "4", "-o", str(package)]) == 0
    stage = open_package(package).stage
    assert stage.credits[-1] == GLO30.credit
    assert stage.route.covered.mean() > 0.99
    assert np.median(np.abs(stage.route.z_drawn_m - stage.route.height_m)) < 8.0
