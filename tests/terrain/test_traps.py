"""Every trap that real elevation data are known for, and the plain answer to each."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dem_files import SIDE_DEG, hill_posts, hills, on_plan, plan_over, posts, write_raster
from pyproj import Transformer
from rasterio.transform import Affine
from scipy import ndimage

from terrain import ElevationFileError, GroundLine, LocalFrame, build_ground, describe, sample_heights
from terrain.rasters import inspect
from terrain.sources import GridPlan, open_sources, read_heights_on
from tracker3d.errors import Tracker3DError
from tracker3d.stage import prepare

if TYPE_CHECKING:
    from pathlib import Path

FRAME = LocalFrame(6.0, 45.0)


def glo30_like(folder: Path, lat: int, columns: int, *, rows: int = 3600, first: int, last: int) -> Path:
    """Some columns of a tile as GLO-30 publishes it: without its eastern column and southern row."""
    lon = 2 + np.arange(first, last) / columns
    heights = land(lon[None, :], (lat + 1 - np.arange(rows) / rows)[:, None]).astype(np.float32)
    transform = Affine(1 / columns, 0, lon[0] - 0.5 / columns, 0, -1 / rows, lat + 1 + 0.5 / rows)
    return write_raster(folder / f"Copernicus_DSM_COG_10_N{lat}_00_E002_00_DEM.tif", heights, transform)


def land(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return 300 + 40 * np.sin(lon * 500) * np.cos(lat * 500) + 2000 * (lat - 50)


def test_width_changes_at_50_north_and_no_slit_shows(tmp_path: Path) -> None:
    """Lille: 3600 columns south of 50 N, 2400 north of it; the row at 50 N is in the southern tile alone."""
    south = glo30_like(tmp_path, 49, 3600, first=1000, last=1400)
    north = glo30_like(tmp_path, 50, 2400, first=667, last=933)
    assert inspect(south).cell_m < inspect(north).cell_m
    frame = LocalFrame(2.333, 50.0)
    plan = plan_over(frame, 2.29, 49.97, 2.37, 50.03, step_m=10.0)
    for paths in ([south, north], [north, south], [tmp_path]):
        heights = read_heights_on(plan, open_sources(paths), frame=frame)
        assert not np.isnan(heights).any()
        error = np.abs(heights - land(*on_plan(plan, frame)))
        assert error.max() < 2.5, "more than half a cell of a slope of 18 %"
        beside = np.abs(on_plan(plan, frame)[1] - 50.0) > 2 / 3600
        assert error[beside].max() < 0.5
    lat = np.linspace(49.999, 50.001, 401)
    lon = np.full_like(lat, 2.3333)
    along = sample_heights([tmp_path], lon, lat)
    assert not np.isnan(along).any(), "a road along the seam falls into a slit"
    assert np.abs(along - land(lon, lat)).max() < 1.5


def test_one_tile_alone_ends_at_its_last_post_and_a_neighbour_mends_it(tmp_path: Path) -> None:
    west = write_raster(tmp_path / "west.tif", hill_posts(5.0, 46.0, 1200, 1200), posts(5.0, 46.0))
    east = write_raster(tmp_path / "east.tif", hill_posts(6.0, 46.0, 1200, 1200), posts(6.0, 46.0))
    lon = 6.0 + np.linspace(-1.4, 1.4, 29) * SIDE_DEG
    lat = np.full_like(lon, 45.5)
    alone = sample_heights([west], lon, lat)
    assert np.isnan(alone[lon > 6.0 - 0.5 * SIDE_DEG + 1e-9]).all(), (
        "nothing is invented beyond the last cell"
    )
    both = sample_heights([west, east], lon, lat)
    assert np.abs(both - hills(lon, lat)).max() < 6


@pytest.mark.real
def test_shared_rows_of_real_neighbours(shared_data: Path) -> None:
    folder = shared_data / "dem" / "pyrenees"
    lon = 1 + np.arange(10, 1190) * SIDE_DEG
    on_seam = np.full_like(lon, 42.0)
    north, south = (sample_heights([folder / f"N{n}E001.hgt.zip"], lon, on_seam) for n in (42, 41))
    known = ~np.isnan(north) & ~np.isnan(south)
    assert known.mean() > 0.95
    np.testing.assert_allclose(north[known], south[known], atol=1e-6)
    both = [folder / "N42E001.hgt.zip", folder / "N41E001.hgt.zip"]
    lat = np.linspace(41.9992, 42.0008, 33)
    across = sample_heights(both, *np.broadcast_arrays(lon[None, ::40], lat[:, None]))
    assert np.nanmax(np.abs(np.diff(across, axis=0))) < 30, "the seam is a step"


def test_a_hole_of_30_km_is_not_invented_and_a_small_one_is(tmp_path: Path) -> None:
    heights = hill_posts(5.7, 45.2, 481, 721)
    heights[230:236, 20:26] = -32768
    heights[:, 200:600] = -32768
    path = write_raster(tmp_path / "holes.tif", heights, posts(5.7, 45.2), nodata=-32678)
    lon, lat = np.linspace(5.703, 6.28, 300), np.full(300, 45.0)
    x, y = FRAME.to_local(lon, lat)
    line = GroundLine(x, y, hills(lon, lat))
    ground = build_ground(FRAME, line=line, dem_paths=[path], half_width_m=1500.0, max_error_m=5.0)
    inside = (lon > 5.7 + 203 * SIDE_DEG) & (lon < 5.7 + 597 * SIDE_DEG)
    assert not ground.covered[inside].any(), "a plain was invented over 30 km"
    assert ground.covered[lon < 5.7 + 195 * SIDE_DEG].all(), "a hole of 500 m is filled"
    assert np.abs(ground.z_drawn_m - line.height_m)[inside].max() < 10, "the apron follows the road"


@pytest.mark.real
def test_the_big_hole_of_a_real_tile_stays_open(shared_data: Path, tmp_path: Path) -> None:
    report = prepare(
        shared_data / "routes" / "mont_ventoux_from_bedoin.gpx",
        output=tmp_path / "v.stage",
        dem_paths=[shared_data / "dem" / "ventoux" / "N44E005_big_hole.tif"],
        width_km=3.0,
    )
    ((_, end_m),) = report.stage.coverage.covered_m
    assert 9_000 < end_m < 11_000, "the road is above 1000 m from there, which the file holds no height for"
    assert any("The DEM covers km 0.0 to" in line for line in report.findings)


def test_a_missing_tile_at_sea_leaves_the_sea_flat(tmp_path: Path) -> None:
    """Coast at 5.98 E; the tile west of 5.95 does not exist, as at sea."""
    lon = 5.95 + np.arange(241) * SIDE_DEG
    coast = np.tile(np.clip((lon - 5.98) * 5000, 0, None), (241, 1)).astype(np.float32)
    path = write_raster(tmp_path / "coast.tif", coast, posts(5.95, 45.1))
    at_lon, at_lat = np.full(60, 5.983), np.linspace(44.95, 45.05, 60)
    x, y = FRAME.to_local(at_lon, at_lat)
    line = GroundLine(x, y, np.full(60, 15.0))
    ground = build_ground(FRAME, line=line, dem_paths=[path], half_width_m=5000.0)
    vertices = np.concatenate([tile.vertices_m for tile in ground.tiles(0) if tile.draped])
    west, _ = FRAME.to_local(5.945, 45.0)
    at_sea = (vertices[:, 0] < west) & (np.abs(vertices[:, 1]) < 4000)
    assert at_sea.any()
    assert np.abs(vertices[at_sea, 2]).max() < 3


def test_a_turned_grid_is_read_where_it_lies(tmp_path: Path) -> None:
    turned = Affine.translation(934_000, 6_436_000) @ Affine.rotation(25) @ Affine.scale(20, -20)
    column, row = np.meshgrid(np.arange(700) + 0.5, np.arange(700) + 0.5)
    x, y = turned @ np.array([column.ravel(), row.ravel()])
    lon, lat = Transformer.from_crs(2154, 4326, always_xy=True).transform(x, y)
    heights = hills(lon, lat).reshape(700, 700).astype(np.float32)
    path = write_raster(tmp_path / "turned.tif", heights, turned, crs="EPSG:2154")
    plan = plan_over(FRAME, 5.98, 44.98, 6.02, 45.02)
    read = read_heights_on(plan, open_sources([path]), frame=FRAME)
    known = ~np.isnan(read)
    assert known.mean() > 0.25
    inner = ndimage.binary_erosion(known, iterations=2)
    assert np.abs(read - hills(*on_plan(plan, FRAME)))[inner].max() < 1.0
    centre = lon.reshape(700, 700)[350, 350], lat.reshape(700, 700)[350, 350]
    assert sample_heights([path], *centre) == pytest.approx(heights[350, 350], abs=0.01)
    assert describe(path).cell_m == pytest.approx(20, rel=0.01)


def test_degrees_are_no_metres(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1))
    assert inspect(path).cell_m == pytest.approx(np.sqrt(65.7 * 92.6), rel=0.01)
    wrong = write_raster(
        tmp_path / "metres.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1), crs="EPSG:2154"
    )
    found = open_sources([wrong])
    assert "its numbers fit degrees of WGS 84" in found.messages[0]
    assert sample_heights([wrong], 6.0, 45.0) == pytest.approx(hills(np.array(6.0), np.array(45.0)), abs=1.0)
    lambert = Affine(25, 0, 935_000, 0, -25, 6_450_000)
    swapped = write_raster(tmp_path / "swapped.tif", np.full((40, 40), 700, np.float32), lambert)
    assert "Lambert-93" in open_sources([swapped]).messages[0]
    utm = Affine(25, 0, 270_000, 0, -25, 4_990_000)
    lost = write_raster(tmp_path / "lost.tif", np.full((40, 40), 700, np.float32), utm)
    with pytest.raises(ElevationFileError, match="says that its numbers are degrees"):
        open_sources([lost])


def test_degrees_without_a_reference_system_are_taken_as_such(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "bare.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1), crs=None)
    assert "degrees of WGS 84, which is assumed" in open_sources([path]).messages[0]
    assert sample_heights([path], 6.0, 45.0) == pytest.approx(hills(np.array(6.0), np.array(45.0)), abs=1.0)


@pytest.mark.real
def test_lambert_93_is_guessed_for_a_real_file_and_fits_the_one_with_a_place(shared_data: Path) -> None:
    folder = shared_data / "dem" / "alpe_dhuez"
    bare, tif = folder / "alpe_dhuez_L93_25m_no_crs.asc", folder / "alp_dheuz.tif"
    assert "Lambert-93 (EPSG:2154), which is assumed" in describe(bare).messages[0]
    lon, lat = np.meshgrid(np.linspace(6.02, 6.08, 50), np.linspace(45.06, 45.10, 50))
    difference = sample_heights([bare], lon, lat) - sample_heights([tif], lon, lat)
    assert abs(np.nanmedian(difference)) < 1
    assert np.nanstd(difference) < 6


@pytest.mark.parametrize("corner", [True, False])
def test_ascii_grids_name_their_corner_or_the_middle_of_its_cell(tmp_path: Path, *, corner: bool) -> None:
    heights = hill_posts(5.9, 45.1, 121, 121)
    x, y = 5.9, 45.1 - 120 * SIDE_DEG
    kind, shift = ("corner", SIDE_DEG / 2) if corner else ("center", 0.0)
    rows = "\n".join(" ".join(f"{value:.2f}" for value in row) for row in heights)
    path = tmp_path / "GRID.ASC"
    path.write_text(
        f"ncols 121\nnrows 121\nxll{kind} {x - shift:.10f}\nyll{kind} {y - shift:.10f}\n"
        f"cellsize {SIDE_DEG:.12f}\nNODATA_value -99999\n{rows}\n"
    )
    path.with_name("GRID.PRJ").write_text(
        'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
    )
    lon, lat = 5.9 + 40 * SIDE_DEG, 45.1 - 70 * SIDE_DEG
    assert sample_heights([path], lon, lat) == pytest.approx(heights[70, 40], abs=0.05), (
        "half a cell: some 20 m"
    )


def test_feet_scales_and_offsets_become_metres(tmp_path: Path) -> None:
    import rasterio

    heights = hill_posts(5.9, 45.1, 121, 121)
    at = (5.9 + 40 * SIDE_DEG, 45.1 - 70 * SIDE_DEG)
    tenths = write_raster(tmp_path / "tenths.tif", np.rint(heights * 10).astype(np.int32), posts(5.9, 45.1))
    with rasterio.open(tenths, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (100.0,)
    assert sample_heights([tenths], *at) == pytest.approx(heights[70, 40] + 100, abs=0.1)
    feet = write_raster(tmp_path / "feet.tif", (heights / 0.3048 * 4).astype(np.float32), posts(5.9, 45.1))
    with rasterio.open(feet, "r+") as dataset:
        dataset.units = ("ft",)
    assert sample_heights([feet], *at) == pytest.approx(heights[70, 40] * 4, abs=0.1)


@pytest.mark.real
def test_nad27_is_moved_and_what_is_not_known_about_it_is_said(shared_data: Path) -> None:
    path = shared_data / "dem" / "awkward" / "SainteHelens.dem"
    (message,) = describe(path).messages
    assert "the way from NAD27 to WGS 84 is known only to" in message
    summit = (-122.1944, 46.1914)  # the rim lies within some 200 m of here
    assert sample_heights([path], *summit) > 1800
    frame = LocalFrame(-122.19, 46.2)
    plan = GridPlan(-2000.0, -2000.0, 30.0, 134, 134)
    grid = read_heights_on(plan, open_sources([path]), frame=frame)
    lon, lat = on_plan(plan, frame)
    error = grid - sample_heights([path], lon, lat)
    assert np.nanmax(np.abs(error)) < 25, "two ways to WGS 84 would differ by some 100 m on the ground"
    assert abs(np.nanmean(error)) < 0.2


@pytest.mark.real
@pytest.mark.parametrize("name", ["awkward/egm84-epsg3857.tif", "geoid/fr_ign_RAF20.tif"])
def test_geoid_grids_are_no_ground(shared_data: Path, name: str) -> None:
    with pytest.raises(ElevationFileError, match="a geoid grid or a world map"):
        open_sources([shared_data / "dem" / name])


@pytest.mark.real
def test_endings_in_upper_case(shared_data: Path, tmp_path: Path) -> None:
    shutil.copy(shared_data / "dem" / "ventoux" / "N44E005.hgt", tmp_path / "N44E005.HGT")
    shutil.copy(shared_data / "dem" / "pyrenees" / "N42E001.hgt.zip", tmp_path / "N42E001.HGT.ZIP")
    shutil.copy(shared_data / "dem" / "alpe_dhuez" / "alp_dheuz.tif", tmp_path / "ALPE.TIF")
    assert np.isfinite(sample_heights([tmp_path], [5.3, 1.5, 6.05], [44.2, 42.5, 45.08])).all()


@pytest.mark.real
@pytest.mark.parametrize("name", ["truncated.tif", "N44E005.hgt", "sample-srtm-100kb.hgt"])
def test_files_that_fail_leave_nothing_behind(shared_data: Path, tmp_path: Path, name: str) -> None:
    """A road where truncated.tif lies: it opens, and breaks off only when it is read."""
    lon, lat = np.linspace(9.80, 9.90, 200), np.linspace(46.56, 46.60, 200)
    route = tmp_path / "road.geojson"
    points = np.column_stack([lon, lat, np.full(200, 1500.0)]).tolist()
    route.write_text(json.dumps({"type": "LineString", "coordinates": points}))
    with pytest.raises((ElevationFileError, Tracker3DError)) as caught:
        prepare(
            route,
            output=tmp_path / "a.stage",
            dem_paths=[shared_data / "dem" / "corrupt" / name],
            width_km=3.0,
        )
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["road.geojson"]


@pytest.mark.real
def test_resolutions_and_reference_systems_mix_in_one_run(shared_data: Path) -> None:
    dem = shared_data / "dem"
    paths = [
        dem / "alpe_dhuez" / "alpe_dhuez_L93_25m_no_crs.asc",
        dem / "montblanc" / "montblanc_3arcsec.tif",
        dem / "ventoux" / "N44E005.hgt",
        dem / "asc" / "rge_alti_5m.asc",
    ]
    sources = open_sources(paths)
    assert [round(raster.cell_m) for raster in sources.rasters] == [5, 25, 77, 78]
    lon, lat = [6.05, 6.86, 5.28, 5.553], [45.08, 45.83, 44.17, 44.993]
    mixed = sample_heights(paths, lon, lat)
    each = [float(sample_heights([path], x, y)) for path, x, y in zip(paths, lon, lat, strict=True)]
    assert np.isfinite(mixed).all()
    np.testing.assert_allclose(mixed, each)
    frame = LocalFrame(5.553, 44.993)
    plan = GridPlan(-3000.0, -3000.0, 20.0, 301, 301)
    both = read_heights_on(plan, open_sources(paths), frame=frame)
    coarse = read_heights_on(plan, open_sources([paths[2]]), frame=frame)
    fine = read_heights_on(plan, open_sources([paths[3]]), frame=frame)
    overlap = ~np.isnan(fine) & ~np.isnan(coarse)
    assert overlap.any()
    assert np.isfinite(both[~np.isnan(coarse) | ~np.isnan(fine)]).all()
