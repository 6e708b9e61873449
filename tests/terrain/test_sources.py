"""Readers of elevation files: registration, voids, seams, and plain words for what is wrong."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from terrain import ElevationFileError, ElevationGrid, LocalFrame, describe, sample_heights
from terrain.sources import GridPlan, open_sources, read_heights_on

if TYPE_CHECKING:
    from pathlib import Path

FRAME = LocalFrame(6.0, 45.0)
SIDE_DEG = 1 / 1200


def write_tif(path: Path, heights: np.ndarray, *, west: float, north: float, **profile: object) -> Path:
    """Write heights whose first post (north-west) is at (west, north), posts SIDE_DEG apart, as in .hgt."""
    options: dict[str, object] = {
        "driver": "GTiff",
        "dtype": heights.dtype,
        "count": 1,
        "crs": "EPSG:4326",
        "transform": Affine(SIDE_DEG, 0, west - SIDE_DEG / 2, 0, -SIDE_DEG, north + SIDE_DEG / 2),
    }
    options.update(profile)
    with rasterio.open(path, "w", height=heights.shape[0], width=heights.shape[1], **options) as dataset:
        dataset.write(heights, 1)
    return path


def hills(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Land that cells of 90 m can follow."""
    return 900 + 300 * np.sin((lon - 6) * 300) * np.cos((lat - 45) * 260) + 4000 * (lat - 45)


def tile(west: float, north: float, rows: int, columns: int) -> np.ndarray:
    lon = west + np.arange(columns) * SIDE_DEG
    lat = north - np.arange(rows) * SIDE_DEG
    return hills(lon[None, :], lat[:, None]).astype(np.float32)


def plan_about(west: float, south: float, east: float, north: float, step_m: float = 30.0) -> GridPlan:
    (x0, x1), (y0, y1) = FRAME.to_local([west, east], [south, north])
    return GridPlan(float(x0), float(y0), step_m, int((y1 - y0) / step_m), int((x1 - x0) / step_m))


def expected_on(plan: GridPlan) -> np.ndarray:
    x = plan.x0_m + np.arange(plan.columns) * plan.step_m
    y = plan.y0_m + np.arange(plan.rows) * plan.step_m
    lon, lat = FRAME.to_wgs84(*np.meshgrid(x, y))
    return hills(lon, lat)


def test_reprojected_heights_lie_where_they_should(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", tile(5.9, 45.1, 241, 241), west=5.9, north=45.1)
    plan = plan_about(5.92, 44.92, 6.08, 45.08)
    heights = read_heights_on(plan, open_sources([path]), frame=FRAME)
    assert np.abs(heights - expected_on(plan)).max() < 0.3, "half a cell off would be some 40 m"


def test_neighbouring_tiles_join_without_a_seam_also_where_they_share_no_column(tmp_path: Path) -> None:
    whole = tile(5.9, 45.1, 241, 241)
    write_tif(tmp_path / "shared_west.tif", whole[:, :121], west=5.9, north=45.1)
    write_tif(tmp_path / "shared_east.tif", whole[:, 120:], west=5.9 + 120 * SIDE_DEG, north=45.1)
    shared = [tmp_path / "shared_west.tif", tmp_path / "shared_east.tif"]
    write_tif(tmp_path / "cut_east.tif", whole[:, 121:], west=5.9 + 121 * SIDE_DEG, north=45.1)
    cut = [tmp_path / "shared_west.tif", tmp_path / "cut_east.tif"]
    one = write_tif(tmp_path / "whole.tif", whole, west=5.9, north=45.1)
    plan = plan_about(5.92, 44.92, 6.08, 45.08)
    truth = read_heights_on(plan, open_sources([one]), frame=FRAME)
    for paths in (shared, cut):
        assert np.array_equal(read_heights_on(plan, open_sources(paths), frame=FRAME), truth)


@pytest.mark.parametrize(
    ("marker", "declared"),
    [(-32768, -32768), (-9999, None), (-99999, None), (np.nan, None), (-32767, -32678), (-3.4e38, None)],
)
def test_voids_never_bleed_into_their_neighbours(
    tmp_path: Path, marker: float, declared: float | None
) -> None:
    heights = tile(5.9, 45.1, 241, 241)
    heights[100:110, 80:95] = marker
    path = write_tif(tmp_path / "holes.tif", heights, west=5.9, north=45.1, nodata=declared)
    plan = plan_about(5.92, 44.92, 6.08, 45.08)
    read = read_heights_on(plan, open_sources([path]), frame=FRAME)
    missing = np.isnan(read)
    assert 0.5 < missing.sum() * plan.step_m**2 / (10 * 93 * 15 * 66) < 1.5
    steepest = 1.2
    assert np.abs(read - expected_on(plan))[~missing].max() < steepest * 57, (
        "half a cell's diagonal off at most"
    )
    lon = 5.9 + np.array([79.5, 80.5, 94.5, 95.5]) * SIDE_DEG
    sampled = sample_heights([path], lon, np.full(4, 45.1 - 105 * SIDE_DEG))
    assert np.isnan(sampled[:3]).all()
    assert sampled[3] == pytest.approx(hills(lon[3], 45.1 - 105 * SIDE_DEG), abs=3)


def test_the_finest_file_wins_and_fades_into_the_coarser_one(tmp_path: Path) -> None:
    coarse = write_tif(tmp_path / "coarse.tif", tile(5.9, 45.1, 241, 241), west=5.9, north=45.1)
    fine_side = SIDE_DEG / 3
    fine = np.full((181, 181), 2000, np.float32)
    transform = Affine(fine_side, 0, 5.98, 0, -fine_side, 45.02)
    upper = write_tif(tmp_path / "fine.tif", fine, west=0, north=0, transform=transform)
    plan = plan_about(5.92, 44.92, 6.08, 45.08)
    for paths in ([coarse, upper], [upper, coarse]):
        heights = read_heights_on(plan, open_sources(paths), frame=FRAME)
        grid = ElevationGrid(
            heights, plan.x0_m, plan.y0_m, plan.step_m, ~np.isnan(heights), np.isnan(heights)
        )
        x, y = FRAME.to_local([6.005, 5.95], [44.995, 45.05])
        assert grid.sample(x, y) == pytest.approx([2000, hills(np.array(5.95), np.array(45.05))], abs=2)
        step = np.abs(np.diff(heights, axis=1)).max()
        assert step < 0.5 * np.nanmax(np.abs(heights - expected_on(plan)))


def test_a_finer_file_is_averaged_not_picked(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    heights = (1000 + rng.normal(0, 50, (900, 900))).astype(np.float32)
    transform = Affine(1, 0, 700_000, 0, -1, 6_500_000)
    path = write_tif(tmp_path / "lidar.tif", heights, west=0, north=0, transform=transform, crs="EPSG:2154")
    frame = LocalFrame(3.006, 45.596)
    plan = GridPlan(-150.0, -150.0, 10.0, 30, 30)
    read = read_heights_on(plan, open_sources([path]), frame=frame)
    assert np.isfinite(read).all()
    assert read.std() < 10, "noise of 50 m in cells of 1 m is 5 m in means of 100"


def test_compressed_files_and_folders_open_directly(tmp_path: Path) -> None:
    heights = np.full((1201, 1201), 1234, ">i2")
    raw = heights.tobytes()
    (tmp_path / "N45E006.hgt").write_bytes(raw)
    with gzip.open(tmp_path / "N45E007.hgt.gz", "wb", compresslevel=1) as stream:
        stream.write(raw)
    with zipfile.ZipFile(tmp_path / "N45E008.hgt.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("N45E008.hgt", raw)
    (tmp_path / "notes.txt").write_text("no raster")
    (tmp_path / "N45E009.hgt").write_bytes(raw[:100_000])
    sampled = sample_heights([tmp_path], [6.5, 7.5, 8.5, 9.5], [45.5] * 4)
    assert sampled[:3] == pytest.approx([1234.0] * 3)
    assert np.isnan(sampled[3])
    messages = open_sources([tmp_path]).messages
    assert len(messages) == 1
    assert "N45E009.hgt" in messages[0]


def test_terrain_rgb_is_told_apart_by_what_is_possible(tmp_path: Path) -> None:
    heights = tile(5.9, 45.1, 64, 64).astype(np.float64)
    codes = {
        "Terrarium": np.round((heights + 32768) * 256).astype(np.int64),
        "Mapbox": np.round((heights + 10000) * 10).astype(np.int64),
    }
    for name, code in codes.items():
        bands = np.stack([code >> 16 & 255, code >> 8 & 255, code & 255]).astype(np.uint8)
        path = tmp_path / f"{name}.tif"
        transform = Affine(SIDE_DEG, 0, 5.9 - SIDE_DEG / 2, 0, -SIDE_DEG, 45.1 + SIDE_DEG / 2)
        profile = {
            "driver": "GTiff",
            "dtype": "uint8",
            "count": 3,
            "crs": "EPSG:4326",
            "transform": transform,
        }
        with rasterio.open(path, "w", height=64, width=64, **profile) as dataset:
            dataset.write(bands)
        lon, lat = 5.9 + 20 * SIDE_DEG, 45.1 - 31 * SIDE_DEG
        assert sample_heights([path], lon, lat) == pytest.approx(heights[31, 20], abs=0.1)
        assert any(name in message for message in describe(path).messages)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.tif", None, "does not exist"),
        ("N44E005.hgt", b"\0" * 1_500_000, "cut off"),
        ("broken.tif", b"II*\0 no more than that", "damaged"),
        ("route.gpx", b"<gpx></gpx>", "no raster file"),
    ],
)
def test_files_that_cannot_be_used_are_named_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for use in (lambda: open_sources([path]), lambda: describe(path)):
        with pytest.raises(ElevationFileError) as caught:
            use()
        sentence = str(caught.value)
        assert str(path) in sentence
        assert words in sentence
        assert "\n" not in sentence


def test_a_file_that_breaks_off_while_it_is_read_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = write_tif(
        tmp_path / "whole.tif", rng.integers(0, 3000, (600, 600)).astype(np.int16), west=5.9, north=45.2
    )
    torn = tmp_path / "torn.tif"
    torn.write_bytes(whole.read_bytes()[:300_000])
    with pytest.raises(ElevationFileError, match=r"torn\.tif opens but cannot be read to its end"):
        read_heights_on(plan_about(5.95, 44.8, 6.3, 45.1), open_sources([torn]), frame=FRAME)
    with pytest.raises(ElevationFileError, match=r"torn\.tif"):
        describe(torn)


def test_no_reference_system_lambert_93_is_guessed_and_nothing_else(tmp_path: Path) -> None:
    heights = np.full((40, 40), 700, np.float32)
    lambert = Affine(25, 0, 935_000, 0, -25, 6_450_000)
    path = write_tif(tmp_path / "rge.tif", heights, west=0, north=0, crs=None, transform=lambert)
    assert "Lambert-93" in " ".join(open_sources([path]).messages)
    elsewhere = Affine(25, 0, 726_000, 0, -25, 5_189_000)
    path = write_tif(tmp_path / "unknown.tif", heights, west=0, north=0, crs=None, transform=elsewhere)
    with pytest.raises(ElevationFileError, match="names no reference system"):
        open_sources([path])


def test_pictures_and_world_grids_are_no_elevation(tmp_path: Path) -> None:
    photo = np.full((3, 40, 40), 200, np.uint8)
    transform = Affine(SIDE_DEG, 0, 5.9, 0, -SIDE_DEG, 45.1)
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "crs": "EPSG:4326", "transform": transform}
    with rasterio.open(tmp_path / "photo.tif", "w", height=40, width=40, **profile) as dataset:
        dataset.write(photo)
    with pytest.raises(ElevationFileError, match="is a picture"):
        open_sources([tmp_path / "photo.tif"])
    world = Affine(0.5, 0, -10, 0, -0.5, 60)
    geoid = write_tif(
        tmp_path / "geoid.tif", np.full((40, 40), 48, np.float32), west=0, north=0, transform=world
    )
    with pytest.raises(ElevationFileError, match="geoid"):
        open_sources([geoid])


def test_description_counts_what_is_there(tmp_path: Path) -> None:
    heights = tile(5.9, 45.1, 50, 40)
    heights[:5] = -9999
    path = write_tif(tmp_path / "a.tif", heights, west=5.9, north=45.1)
    found = describe(path)
    assert found.void_share == pytest.approx(0.1)
    assert (found.lowest_m, found.highest_m) == pytest.approx(
        (heights[5:].min(), heights[5:].max()), abs=0.01
    )
    assert (found.west_deg, found.north_deg) == pytest.approx(
        (5.9 - SIDE_DEG / 2, 45.1 + SIDE_DEG / 2), abs=1e-6
    )
    assert any("40 x 50" in line for line in found.lines())
    shutil.copy(path, tmp_path / "b.tif")
    assert describe(tmp_path).files == 2
    assert describe(tmp_path).as_dict()["void_share"] == pytest.approx(0.1)


@pytest.mark.real
def test_heights_taken_from_a_tile_come_back(shared_data: Path) -> None:
    import gpxpy

    with (shared_data / "routes" / "ventoux_srtm_heights.gpx").open() as stream:
        points = [p for track in gpxpy.parse(stream).tracks for s in track.segments for p in s.points]
    lon, lat, height = np.array([(p.longitude, p.latitude, p.elevation) for p in points]).T
    path = shared_data / "dem" / "ventoux" / "N44E005.hgt"
    # The file's heights were cut off to quarters of a metre, an eighth too low on average.
    error = sample_heights([path], lon, lat) - (height + 0.125)
    assert np.abs(error).max() < 0.3
    frame = LocalFrame(float(lon.mean()), float(lat.mean()))
    x, y = frame.to_local(lon, lat)
    plan = GridPlan(
        x.min() - 500, y.min() - 500, 30.0, int((np.ptp(y) + 1000) / 30), int((np.ptp(x) + 1000) / 30)
    )
    heights = read_heights_on(plan, open_sources([path]), frame=frame)
    grid = ElevationGrid(heights, plan.x0_m, plan.y0_m, 30.0, ~np.isnan(heights), np.isnan(heights))
    assert np.nanstd(grid.sample(x, y) - height) < 1.5, "half a cell off has 13.4 m"


@pytest.mark.real
def test_a_mosaic_equals_its_tiles(shared_data: Path) -> None:
    folder = shared_data / "dem" / "pyrenees"
    frame = LocalFrame(1.5, 42.0)
    plan = GridPlan(-6000.0, -6000.0, 40.0, 301, 301)
    mosaic = read_heights_on(plan, open_sources([folder / "N41-N42_E001.vrt"]), frame=frame)
    tiles = [folder / "N42E001.hgt.zip", folder / "N41E001.hgt.zip"]
    joined = read_heights_on(plan, open_sources(tiles), frame=frame)
    assert (np.isnan(mosaic) == np.isnan(joined)).all()
    assert np.nanmax(np.abs(mosaic - joined)) < 0.01
    slopes = np.abs(np.diff(mosaic, axis=0))
    seam = slice(145, 155)
    assert np.nanmax(slopes[seam]) <= np.nanmax(slopes), "the common row is no step"
    assert np.nanmean(slopes[seam]) < 3 * np.nanmean(slopes)


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["corrupt/N44E005.hgt", "corrupt/sample-srtm-100kb.hgt", "corrupt/truncated.tif", "awkward/grey_rot.tif",
     "awkward/egm84-epsg3857.tif", "geoid/fr_ign_RAF20.tif", "edge_cases/no_srs.tif",
     "pyrenees/andorra_osm_drape.tif", "asc/rge_alti_5m.prj"],
)  # fmt: skip
def test_real_files_that_are_no_use_get_a_sentence(shared_data: Path, name: str) -> None:
    path = shared_data / "dem" / name
    with pytest.raises(ElevationFileError) as caught:
        describe(path)
    assert path.name in str(caught.value)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "lowest_m", "highest_m", "void_share"),
    [
        ("awkward/SainteHelens.dem", 682, 2543, 0.0271),
        ("awkward/dtm_philondenx_32630_nan_no_nodata.tif", 0, 245, 0.0),
        ("ventoux/N44E005_big_hole.tif", 32, 1000, 0.34),
        ("ventoux/N44E005_cog.tif", 32, 2757, 0.0033),
        ("asc/rge_alti_5m.asc", 1179, 2033, 0.0099),
        ("edge_cases/mackay_skinny_x.tif", 1846, 3111, 0.0),
        ("edge_cases/tiny.tif", 1077, 1088, 0.0),
    ],
)
def test_real_awkward_files_are_understood(
    shared_data: Path, name: str, lowest_m: float, highest_m: float, void_share: float
) -> None:
    found = describe(shared_data / "dem" / name)
    assert (found.lowest_m, found.highest_m) == pytest.approx((lowest_m, highest_m), abs=1)
    assert found.void_share == pytest.approx(void_share, abs=0.0002)
