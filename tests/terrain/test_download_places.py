"""Which tiles a corridor needs, and that they meet: missing edges, changing widths, sea, sea floor, zooms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from tile_server import TileServer, hills, publish, terrarium_file

from terrain import GroundLine, LocalFrame, build_ground, sample_heights
from terrain.errors import DownloadError
from terrain.fetching import FetchSettings, Road, fetch_elevation, fetch_imagery
from terrain.fetching.catalogue import GLO30, IGN, SENTINEL2, SOURCES, TERRARIUM, credits_of
from terrain.fetching.needed import Corridor, degree_columns, degree_name
from terrain.sources import GridPlan, open_sources, read_heights_on

if TYPE_CHECKING:
    from pathlib import Path


def straight(west: float, south: float, east: float, north: float, height_m: float = 900.0) -> Road:
    return Road(np.array([west, east]), np.array([south, north]), np.full(2, height_m))


def fetched(key: str, road: Road, settings: FetchSettings, work: Path, half_width_m: float = 2000.0):
    return fetch_elevation(key, road, half_width_m=half_width_m, settings=settings, work=work)


def grid_over(
    road: Road, paths: tuple[Path, ...], half_width_m: float = 2000.0
) -> tuple[np.ndarray, np.ndarray]:
    """Heights over the middle of a corridor as ground is built from them, and what they should be."""
    frame = LocalFrame(float(road.lon_deg.mean()), float(road.lat_deg.mean()))
    step = 30.0
    count = int(half_width_m / step)
    plan = GridPlan(-count * step, -count * step, step, 2 * count + 1, 2 * count + 1)
    at = np.arange(-count, count + 1) * step
    lon, lat = frame.to_wgs84(*np.meshgrid(at, at))
    return read_heights_on(plan, open_sources(list(paths)), frame=frame), hills(lon, lat)


def test_no_slit_where_four_tiles_without_their_edges_meet(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    across = straight(6.99, 44.99, 7.01, 45.01)
    result = fetched("glo30", across, settings, tmp_path)
    assert sorted(path.stem[22:] for path in result.paths) == [
        "N44_00_E006_00_DEM",
        "N44_00_E007_00_DEM",
        "N45_00_E006_00_DEM",
        "N45_00_E007_00_DEM",
    ]
    heights, truth = grid_over(across, result.paths)
    assert np.abs(heights - truth).max() < 0.3
    north = [path for path in result.paths if "N45" in path.name]
    alone, _ = grid_over(across, tuple(north))
    assert np.isnan(alone).any(), "with the northern tiles alone there is a slit"


@pytest.mark.parametrize(
    ("lon", "lat", "cells"),
    [
        (6.5, 45.5, [(6, 45)]),
        (6.965, 45.5, [(6, 45), (7, 45)]),
        (6.5, 45.03, [(6, 44), (6, 45)]),
        (-0.02, 49.98, [(-1, 49), (-1, 50), (0, 49), (0, 50)]),
        (179.99, -16.5, [(-180, -17), (179, -17)]),
    ],
)
def test_neighbours_are_fetched_where_the_corridor_comes_near_them(
    lon: float, lat: float, cells: list[tuple[int, int]]
) -> None:
    road = straight(lon, lat, lon + 0.001, lat)
    assert road.corridor(2000.0).degree_cells() == cells


def test_cells_agree_with_a_dense_set_of_points_in_the_corridor() -> None:
    rng = np.random.default_rng(5)
    for _ in range(8):
        lon, lat = np.cumsum(rng.normal(0, 0.2, (2, 12)), axis=1) + rng.uniform(-60, 60, (2, 1))
        corridor = Corridor.along(lon, lat, reach_m=6000.0)
        angle = np.linspace(0, 2 * np.pi, 48)[:, None, None]
        radius = np.linspace(0, 5990, 12)[:, None]
        d_lat = radius * np.sin(angle) / 111_200
        d_lon = radius * np.cos(angle) / (111_200 * np.cos(np.deg2rad(corridor.lat_deg)))
        some_lon, some_lat = corridor.lon_deg + d_lon, corridor.lat_deg + d_lat
        inside = set(
            zip(np.floor(some_lon).astype(int).ravel(), np.floor(some_lat).astype(int).ravel(), strict=True)
        )
        needed = set(corridor.degree_cells())
        assert inside <= needed
        assert len(needed) <= len(inside) + 4
        for zoom in (9, 12):
            x = np.floor((some_lon + 180) / 360 * 2**zoom).astype(int)
            y = np.floor((0.5 - np.arcsinh(np.tan(np.deg2rad(some_lat))) / (2 * np.pi)) * 2**zoom).astype(int)
            tiles = set(corridor.pyramid_tiles(zoom))
            assert set(zip(x.ravel(), y.ravel(), strict=True)) <= tiles


def test_width_changes_with_latitude_and_the_land_goes_on(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    assert [degree_columns(lat) for lat in (0, 49, 50, 59, 60, 70, 80, 85, -50, -51)] == [
        3600, 3600, 2400, 2400, 1800, 1200, 720, 360, 3600, 2400,
    ]  # fmt: skip
    tile_server.make = partial(publish, columns=lambda lat: degree_columns(lat) // 3)
    road = straight(3.29, 49.995, 3.31, 50.005)
    result = fetched("glo30", road, settings, tmp_path)
    widths = []
    for path in result.paths:
        with rasterio.open(path) as dataset:
            widths.append((path.stem[22:25], dataset.width))
    assert sorted(widths) == [("N49", 1200), ("N50", 800)]
    heights, truth = grid_over(road, result.paths)
    assert not np.isnan(heights).any()
    assert np.abs(heights - truth).max() < 0.5


def test_a_tile_missing_at_sea_is_height_0_and_said_and_never_asked_for_again(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = partial(publish, land=lambda lon, lat: lon == 6)
    coast = straight(6.97, 43.5, 6.98, 43.52, 5.0)
    result = fetched("glo30", coast, settings, tmp_path)
    assert [path.stem[29:] for path in result.paths] == ["E006_00_DEM", "E007_00_DEM_sea"]
    (message,) = result.messages
    assert message.endswith("_N43_00_E007_00_DEM: it is taken for sea, at height 0.")
    frame = LocalFrame(6.99, 43.51)
    plan = GridPlan(-2000.0, -1000.0, 30.0, 67, 134)
    heights = read_heights_on(plan, open_sources(list(result.paths)), frame=frame)
    lon, _ = frame.to_wgs84(
        plan.x0_m + np.arange(134) * 30.0 + np.zeros((67, 1)),
        plan.y0_m + np.arange(67)[:, None] * 30.0 + np.zeros(134),
    )
    assert (np.abs(heights[lon > 7.003]) < 1e-3).all()
    assert (heights[lon < 6.995] > 500).all()
    count = len(tile_server.requests)
    fetched("glo30", coast, settings, tmp_path)
    assert len(tile_server.requests) == count


def test_land_without_a_tile_is_not_taken_for_sea(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = partial(publish, land=lambda lon, lat: lon == 43)
    result = fetched("glo30", straight(43.9, 40.5, 44.1, 40.5), settings, tmp_path)
    assert len(result.paths) == 1
    assert "the road leads through it" in result.messages[0]


def test_a_source_with_nothing_at_all_is_an_error_and_not_an_ocean(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match="has none of the 1 tiles of Copernicus GLO-30 along the road"):
        fetched("glo30", straight(6.4, 45.4, 6.5, 45.5), settings, tmp_path)
    tile_server.make = publish
    assert fetched("glo30", straight(6.4, 45.4, 6.5, 45.5), settings, tmp_path).paths


def test_terrarium_tiles_are_decoded_before_anything_is_interpolated(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    road = straight(6.40, 45.40, 6.46, 45.43)
    result = fetched("terrarium", road, settings, tmp_path)
    assert {path.split("/")[2] for path in tile_server.files} == {"12"}
    heights, truth = grid_over(road, result.paths)
    assert np.abs(heights - truth).max() < 0.3, "half a pixel is over 1 m, mixed colours hundreds"
    with rasterio.open(result.paths[0]) as dataset:
        assert (dataset.crs.to_epsg(), dataset.dtypes) == (3857, ("float32",))


@pytest.mark.parametrize(("road_m", "lowest_m"), [(12.0, 0.0), (-3.0, -4.0)])
def test_the_sea_floor_is_drawn_as_sea(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path, road_m: float, lowest_m: float
) -> None:
    """West of 4.2 E the sea is 400 m deep; east of it a polder lies at -4 m."""

    def shelf(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        return np.where(lon < 4.2, -400.0, -4.0) + 0 * lat

    tile_server.make = lambda path: terrarium_file(
        *(int(part.removesuffix(".png")) for part in path.split("/")[2:]), shelf
    )
    result = fetched("terrarium", straight(4.19, 52.0, 4.24, 52.0, road_m), settings, tmp_path)
    with rasterio.open(result.paths[0]) as dataset:
        heights = dataset.read(1)
    assert np.nanmin(heights) == lowest_m
    assert np.nanmax(heights) == 0.0
    assert any("sea floor" in message for message in result.messages)


def test_zooms_follow_the_step_and_the_number_of_tiles_stays_bounded() -> None:
    for lat, zoom in ((0.0, 12), (25.0, 12), (45.0, 12), (65.0, 11)):
        road = straight(6.0, lat, 6.2, lat)
        corridor = road.corridor(6000.0)
        assert corridor.zoom_for(30.0, finest=15) == zoom + (lat == 0.0)
        assert corridor.zoom_for(1.0, finest=14) == 14
    with pytest.raises(DownloadError, match="too long to download"):
        straight(-100.0, 45.0, 100.0, 45.0).corridor(6000.0)


def test_imagery_is_joined_where_it_belongs_and_holes_stay_open(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    road = straight(6.40, 45.40, 6.46, 45.43)
    for key in ("sentinel2", "ign"):
        work = tmp_path / key
        work.mkdir()
        result = fetch_imagery(key, road, half_width_m=2000.0, settings=settings, work=work)
        with rasterio.open(result.paths[0]) as dataset:
            picture, shown = dataset.read((1, 2, 3)), dataset.dataset_mask()
            assert dataset.crs.to_epsg() == 3857
            zoom = int(result.paths[0].stem.partition("-z")[2])
            left = round((dataset.bounds.left / 20037508.342789244 + 1) / 2 * 2**zoom)
            top = round((1 - dataset.bounds.top / 20037508.342789244) / 2 * 2**zoom)
        assert 13 <= zoom <= 15
        rows, columns = np.nonzero(shown[128::256, 128::256])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            expected = (40 + (left + column) % 4 * 50, 40 + (top + row) % 4 * 50, 90)
            found = picture[:, row * 256 + 128, column * 256 + 128].astype(int)
            assert np.abs(found - expected).max() <= 3
    hole = next(path for path in tile_server.files if path.startswith("/ign"))
    del tile_server.files[hole]
    tile_server.make = lambda path: None if path == hole else publish(path)
    partial_result = fetch_imagery(
        "ign", road, half_width_m=2000.0, settings=replace(settings, cache=tmp_path / "other"), work=tmp_path
    )
    assert "has nothing for 1 of" in partial_result.messages[0]


def test_credits_name_the_sources_of_the_place(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    road = straight(6.40, 45.40, 6.42, 45.41)
    glo30 = fetched("glo30", road, settings, tmp_path)
    assert glo30.credits == (GLO30.credit,)
    line = GroundLine(*LocalFrame(6.41, 45.405).to_local(road.lon_deg, road.lat_deg), road.height_m)
    ground = build_ground(LocalFrame(6.41, 45.405), line=line, dem_paths=glo30.paths, half_width_m=1500.0)
    assert ground.credits == glo30.credits, "named alike by the file's name and by its source: one line"
    alps = fetched("terrarium", road, settings, tmp_path).credits
    assert alps[0].startswith("Terrain tiles: Mapzen")
    assert any("EU-DEM" in line for line in alps)
    assert not any("Kartverket" in line for line in alps)
    assert any("Kartverket" in line for line in credits_of(TERRARIUM, (10.0, 60.0, 11.0, 61.0)))
    assert credits_of(TERRARIUM, (30.0, -2.0, 31.0, -1.0)) == (TERRARIUM.credit,)
    assert credits_of(IGN, (0.0, 0.0, 1.0, 1.0)) == (IGN.credit,)


def test_addresses_as_published() -> None:
    assert degree_name(6, 45) == "Copernicus_DSM_COG_10_N45_00_E006_00_DEM"
    assert degree_name(-71, -3) == "Copernicus_DSM_COG_10_S03_00_W071_00_DEM"
    assert GLO30.address == "https://copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif"
    assert SENTINEL2.address.endswith("/GoogleMapsCompatible/{z}/{y}/{x}.jpg")
    for source in SOURCES.values():
        assert source.address.startswith("https://")
        assert all(mark in source.address for mark in source.placeholders)


@pytest.mark.real
def test_real_terrarium_tiles_agree_with_srtm(
    shared_data: Path, tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    published = shared_data / "dem" / "davos" / "terrarium"

    def from_disk(path: str) -> bytes | None:
        file = published / path.removeprefix("/terrarium/")
        return file.read_bytes() if file.is_file() else None

    tile_server.make = from_disk
    road = straight(9.80, 46.76, 9.87, 46.82, np.nan)
    result = fetch_elevation(
        "terrarium", road, half_width_m=2000.0, step_m=50.0, settings=settings, work=tmp_path
    )
    assert result.paths[0].name == "terrarium-z11.tif"
    lon, lat = np.linspace(9.79, 9.88, 400), np.linspace(46.75, 46.83, 400)
    srtm = sample_heights([shared_data / "dem" / "davos" / "dem_SRTM1.tif"], lon, lat)
    difference = sample_heights(result.paths, lon, lat) - srtm
    assert abs(np.median(difference)) < 3.0
    assert np.std(difference) < 12.0
