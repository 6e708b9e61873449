"""The examples run as their first lines say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def _run(name: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / name), *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A GPX road up a ramp, and the ramp as a DEM."""
    folder = tmp_path_factory.mktemp("road")
    places = [(6.0 + 0.0005 * i, 45.0 + 0.0003 * i) for i in range(150)]
    points = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><ele>{800 + i}</ele></trkpt>' for i, (lon, lat) in enumerate(places)
    )
    (folder / "road.gpx").write_text(
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Ramp</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    columns = np.mgrid[0:300, 0:400][1]
    heights = (600 + 2.0 * columns).astype(np.float32)[None]
    profile = {
        "driver": "GTiff",
        "height": 300,
        "width": 400,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4326",
    }
    with rasterio.open(
        folder / "ramp.tif", "w", transform=from_origin(5.9, 45.15, 0.001, 0.001), **profile
    ) as target:
        target.write(heights)
    rows = [
        f"2026-07-07T12:{i // 12:02d}:{i % 12 * 5:02d}.000Z,{bib},{lat},{lon},10.0"
        for bib, late in ((1, 0), (2, 0), (3, 12))
        for i, (lon, lat) in enumerate(places[: 150 - late], start=late)
    ]
    (folder / "race.csv").write_text("\n".join(["time_utc,bib,lat,lon,speed_mps", *rows]))
    return folder / "road.gpx", folder / "ramp.tif"


def test_picture_from_gpx(road: tuple[Path, Path], tmp_path: Path) -> None:
    gpx, dem = road
    _run("picture_from_gpx.py", gpx, tmp_path / "picture.png", dem)
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.size == (1920, 1080)
        assert len(np.unique(np.asarray(picture.convert("L")))) > 50


def test_gaps(road: tuple[Path, Path], tmp_path: Path) -> None:
    from tracker3d.cli import main

    gpx, _ = road
    package = tmp_path / "ramp.stage"
    assert main(["prepare", str(gpx), "--dem", "none", "--width-km", "2", "-o", str(package)]) == 0
    lines = _run("gaps.py", package, gpx.with_name("race.csv"), 2.0).splitlines()
    assert len(lines) == 2
    assert "2 riders" in lines[0]
    assert "1 riders" in lines[1]
    assert "60 s" in lines[1]
