"""Heights above the ellipsoid: what converts them, and that nothing is done in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dem_files import hill_posts, posts, write_raster
from pyproj import Transformer
from pyproj.datadir import get_data_dir
from rasterio.transform import Affine

from terrain import CoverageError, ElevationFileError, Geoid, LocalFrame, describe, sample_heights
from terrain.sources import GridPlan, open_sources, read_heights_on
from tracker3d.cli import main
from tracker3d.stage import open_package

if TYPE_CHECKING:
    from pathlib import Path


def grid_file(folder: Path) -> Path:
    """A geoid that rises 10 m to a degree east and falls 4 m to a degree north."""
    lon, lat = 4 + np.arange(61) / 20, 47 - np.arange(61) / 20
    heights = 50 + 10 * (lon[None, :] - 6) - 4 * (lat[:, None] - 45)
    return write_raster(folder / "geoid.tif", heights.astype(np.float32), posts(4.0, 47.0, 1 / 20))


def test_both_ways_of_reading_take_the_geoid_off(tmp_path: Path) -> None:
    geoid = Geoid(grid_file(tmp_path))
    path = write_raster(tmp_path / "dem.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1))
    lon, lat = np.linspace(5.92, 6.08, 50), np.linspace(45.08, 44.93, 50)
    expected = 50 + 10 * (lon - 6) - 4 * (lat - 45)
    np.testing.assert_allclose(geoid.undulation_m(lon, lat), expected, atol=1e-4)
    taken = sample_heights([path], lon, lat) - sample_heights([path], lon, lat, geoid=geoid)
    np.testing.assert_allclose(taken, expected, atol=1e-3)
    frame = LocalFrame(6.0, 45.0)
    plan = GridPlan(-4000.0, -5000.0, 40.0, 251, 201)
    x, y = np.meshgrid(plan.x0_m + np.arange(201) * 40, plan.y0_m + np.arange(251) * 40)
    at_lon, at_lat = frame.to_wgs84(x, y)
    grids = [read_heights_on(plan, open_sources([path], geoid=g), frame=frame) for g in (None, geoid)]
    np.testing.assert_allclose(grids[0] - grids[1], 50 + 10 * (at_lon - 6) - 4 * (at_lat - 45), atol=0.01)


def test_without_any_grid_it_is_an_error_and_not_silence() -> None:
    """PROJ itself returns heights unchanged."""
    from pathlib import Path as _Path

    if any(_Path(get_data_dir()).glob("us_nga_egm*")):
        pytest.skip("PROJ has a geoid grid here")
    way = Transformer.from_crs("EPSG:4979", "EPSG:4326+3855", always_xy=True)
    assert way.transform(6.0, 45.0, 100.0)[2] == 100.0
    with pytest.raises(ElevationFileError, match=r"need a geoid grid, .* give one with --geoid"):
        Geoid().undulation_m(6.0, 45.0)


def test_what_is_no_geoid_or_elsewhere_is_told(tmp_path: Path) -> None:
    dem = write_raster(tmp_path / "dem.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1))
    with pytest.raises(ElevationFileError, match=r"dem\.tif is no geoid grid: it holds"):
        Geoid(dem).undulation_m(6.0, 45.0)
    lambert = write_raster(
        tmp_path / "l93.tif",
        np.full((9, 9), 48, np.float32),
        Affine(1e4, 0, 9e5, 0, -1e4, 6.5e6),
        crs="EPSG:2154",
    )
    with pytest.raises(ElevationFileError, match="no geoid grid in degrees"):
        Geoid(lambert).undulation_m(6.0, 45.0)
    with pytest.raises(CoverageError, match="does not cover the stage"):
        Geoid(grid_file(tmp_path)).undulation_m(20.0, 45.0)


def test_a_file_that_declares_the_ellipsoid_is_noted(tmp_path: Path) -> None:
    path = write_raster(
        tmp_path / "gnss.tif", hill_posts(5.9, 45.1, 61, 61), posts(5.9, 45.1), crs="EPSG:4979"
    )
    assert any("declares heights above the ellipsoid" in message for message in describe(path).messages)


@pytest.mark.real
def test_the_real_grid_of_france_agrees_with_proj(shared_data: Path) -> None:
    path = shared_data / "dem" / "geoid" / "fr_ign_RAF20.tif"
    lon, lat = np.meshgrid(np.linspace(-4.5, 8.0, 60), np.linspace(42.3, 51.0, 60))
    found = Geoid(path).undulation_m(lon, lat)
    assert 42 < np.nanmin(found) < np.nanmax(found) < 56
    way = Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=vgridshift +grids={path} "
        "+multiplier=1 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    known = np.isfinite(found)
    _, _, above = way.transform(lon[known], lat[known], np.zeros(known.sum()))
    np.testing.assert_allclose(found[known], above, atol=1e-3)


@pytest.mark.real
def test_one_switch_in_prepare(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A road of raw GNSS heights lies 50 m above the DEM; it is told, and the switch brings it down."""
    lon, lat = np.linspace(5.20, 5.30, 300), np.linspace(44.12, 44.16, 300)
    dem = shared_data / "dem" / "ventoux" / "N44E005.hgt"
    grid = shared_data / "dem" / "geoid" / "fr_ign_RAF20.tif"
    height = sample_heights([dem], lon, lat) + Geoid(grid).undulation_m(lon, lat)
    route = tmp_path / "gnss.geojson"
    points = np.column_stack([lon, lat, height]).tolist()
    route.write_text(json.dumps({"type": "LineString", "coordinates": points}))
    call = ["prepare", str(route), "--dem", str(dem), "--width-km", "2", "-o", str(tmp_path / "a.stage")]
    assert main(call) == 0
    out = capsys.readouterr().out
    assert "the road looks as if its heights were above the ellipsoid" in out
    assert "--ellipsoidal road" in out
    assert main([*call, "--ellipsoidal", "road", "--geoid", str(grid)]) == 0
    out = capsys.readouterr().out
    assert "ellipsoid" not in out
    route_m = open_package(tmp_path / "a.stage").stage.route
    truth = sample_heights([dem], *route_m.lonlat(route_m.distance_m))
    assert abs(np.nanmedian(route_m.height_m - truth)) < 2
    assert main([*call, "--ellipsoidal", "both", "--geoid", str(dem)]) == 1
    assert "is no geoid grid" in capsys.readouterr().err
    assert main([*call, "--geoid", str(grid)]) == 1
    assert "say whose with --ellipsoidal" in capsys.readouterr().err
