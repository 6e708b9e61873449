"""The command line as a user meets it: exit codes, one plain sentence, nothing half-written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tracker3d import machine
from tracker3d.cli import main
from tracker3d.render import capability

POINTS = [(6.0 + 0.0004 * i, 45.0 + 0.0003 * i, 800.0 + 2.0 * i) for i in range(120)]


@pytest.fixture
def route(tmp_path: Path) -> Path:
    points = "".join(f'<trkpt lat="{lat}" lon="{lon}"><ele>{ele}</ele></trkpt>' for lon, lat, ele in POINTS)
    path = tmp_path / "road.gpx"
    path.write_text(
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Test road</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    return path


def _write_dem(path: Path, *, west: float, north: float) -> Path:
    rows, columns = np.mgrid[0:240, 0:240]
    heights = (700 + 2.0 * columns + 1.5 * rows).astype(np.float32)
    profile = {
        "driver": "GTiff",
        "height": 240,
        "width": 240,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4326",
    }
    with rasterio.open(path, "w", transform=from_origin(west, north, 0.001, 0.001), **profile) as target:
        target.write(heights, 1)
    return path


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    return _write_dem(tmp_path / "dem.tif", west=5.9, north=45.15)


def _refused(capsys: pytest.CaptureFixture[str], arguments: list[str], *, names: str) -> str:
    assert main(arguments) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert names in error
    assert "Traceback" not in error
    assert error.endswith((".", "!"))
    return error


def test_prepare_and_info(route: Path, dem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "test.stage"
    assert main(["prepare", str(route), "--dem", str(dem), "--width-km", "3", "-o", str(package)]) == 0
    assert "The DEM covers the whole road." in capsys.readouterr().out
    assert main(["info", str(package), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "Test road"


def test_prepare_without_elevation_at_the_roads_own_height(route: Path, tmp_path: Path) -> None:
    package = tmp_path / "apron.stage"
    assert main(["prepare", str(route), "--dem", "none", "--width-km", "3", "-o", str(package)]) == 0
    assert package.is_dir()


def test_preparing_again_replaces_the_package(route: Path, tmp_path: Path) -> None:
    package = tmp_path / "again.stage"
    arguments = ["prepare", str(route), "--dem", "none", "--width-km", "3", "-o", str(package)]
    assert main(arguments) == 0
    assert main(arguments) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.stage", "road.gpx"]


def test_missing_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _refused(
        capsys,
        ["prepare", "nowhere.gpx", "--dem", "none", "-o", str(tmp_path / "x.stage")],
        names="nowhere.gpx",
    )


def test_no_elevation_given_and_no_network(
    route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER3D_GLO30_ADDRESS", "http://127.0.0.1:9/{name}.tif")
    monkeypatch.setenv("TRACKER3D_CACHE", str(tmp_path / "cache"))
    _refused(capsys, ["prepare", str(route), "-o", str(tmp_path / "x.stage")], names="could not be reached")


@pytest.mark.parametrize("content", [b"", b"\x00" * 4000, b"II*\x00" + b"\x01" * 300])
def test_damaged_elevation_file(
    route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(content)
    _refused(
        capsys, ["prepare", str(route), "--dem", str(bad), "-o", str(tmp_path / "x.stage")], names="bad.tif"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tif", "road.gpx"]


def test_elevation_file_cut_off_while_reading(
    route: Path, dem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = dem.read_bytes()
    dem.write_bytes(content[: len(content) // 3])
    _refused(
        capsys, ["prepare", str(route), "--dem", str(dem), "-o", str(tmp_path / "x.stage")], names="dem.tif"
    )


def test_elevation_elsewhere(route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    far = _write_dem(tmp_path / "far.tif", west=20.0, north=50.0)
    _refused(
        capsys, ["prepare", str(route), "--dem", str(far), "-o", str(tmp_path / "x.stage")], names="far.tif"
    )
    assert not (tmp_path / "x.stage").exists()


def test_recording_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "cut.json.gz"
    recording.write_bytes(gzip.compress(json.dumps({"version": 1, "events": [{}] * 50}).encode())[:60])
    _refused(
        capsys,
        ["prepare", str(recording), "--dem", "none", "-o", str(tmp_path / "x.stage")],
        names="cut.json.gz",
    )


def test_recording_without_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "bare.json"
    rest = {"riders": [], "teams": [], "stages": {}, "trace": None, "checkpoints": []}
    document = {"version": 1, "meta": {"date": "2026-07-07", "year": 2026}, "rest": rest, "events": []}
    recording.write_text(json.dumps(document))
    error = _refused(
        capsys,
        ["prepare", str(recording), "--dem", "none", "-o", str(tmp_path / "x.stage")],
        names="bare.json",
    )
    assert "trace" in error


def test_not_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.stage").mkdir()
    _refused(
        capsys, ["export", str(tmp_path / "empty.stage"), "-o", str(tmp_path / "x.glb")], names="empty.stage"
    )


def test_no_opengl(
    route: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "test.stage"
    assert main(["prepare", str(route), "--dem", "none", "--width-km", "3", "-o", str(package)]) == 0
    feed = tmp_path / "feed.csv"
    rows = [
        f"2026-07-07T12:{i // 12:02d}:{i % 12 * 5:02d}.000Z,1,{lat},{lon},9.0"
        for i, (lon, lat, _) in enumerate(POINTS)
    ]
    feed.write_text("\n".join(["time_utc,bib,lat,lon,speed_mps", *rows]))
    lacking = machine.Finding(
        "OpenGL", ok=False, detail="missing libEGL.so.1", remedy="apt-get install libegl1"
    )
    monkeypatch.setattr(capability, "opengl", lambda: lacking)
    capability.require_opengl.cache_clear()
    picture = tmp_path / "x.png"
    common = ["render", str(package), "--feed", str(feed), "--camera", "overview", "-o", str(picture)]
    error = _refused(capsys, [*common, "--at", "2026-07-07T12:00:30Z"], names="apt-get install libegl1")
    assert "libEGL" in error
    assert not picture.exists()
    capability.require_opengl.cache_clear()


def test_shots_go_to_toml_and_gltf_and_back(
    route: Path, dem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = str(tmp_path / "test.stage")
    assert main(["prepare", str(route), "--dem", str(dem), "--width-km", "3", "-o", package]) == 0
    first, flight, again = (str(tmp_path / name) for name in ("a.toml", "a.glb", "b.toml"))
    assert main(["shots", package, "road:0,speed=500", "-o", first]) == 0
    assert main(["shots", package, first, "-o", flight]) == 0
    assert main(["shots", package, flight, "-o", again]) == 0
    assert 'move = "road"' in Path(first).read_text(encoding="utf-8")
    assert 'move = "keyframes"' in Path(again).read_text(encoding="utf-8")
    capsys.readouterr()
    picture = str(tmp_path / "a.png")
    _refused(capsys, ["shots", package, "drone", "-o", first], names="drone")
    _refused(capsys, ["shots", package, "preview", "-o", picture], names="a.png")
    _refused(capsys, ["render", package, "-o", picture], names="--shots")
    _refused(
        capsys, ["render", package, "--camera", "preview", "--shots", first, "-o", picture], names="--camera"
    )
    _refused(capsys, ["render", package, "--shots", picture, "-o", picture], names="a.png")
    Path(first).write_text("[[shot]]\nduration_s = 1\n", encoding="utf-8")
    _refused(capsys, ["render", package, "--shots", first, "-o", picture], names="a.toml")


@pytest.mark.parametrize("arguments", [["nonsense"], ["prepare"], ["render", "x.stage", "--bogus"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_check_names_the_remedy(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = machine.Finding(
        "OpenGL", ok=False, detail="missing libEGL.so.1", remedy="apt-get install libegl1"
    )
    monkeypatch.setattr(machine, "opengl", lambda: lacking)
    assert main(["check"]) == 1
    assert "apt-get install libegl1" in capsys.readouterr().out
