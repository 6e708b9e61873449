"""Pictures laid over the land: kinds of files, order, windows that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from dem_files import on_plan, plan_over, posts, tile_degrees, tiles_over, write_raster, write_tile
from rasterio.enums import Resampling
from rasterio.transform import Affine

from terrain import CoverageError, ElevationFileError, LocalFrame, open_drapes
from terrain.landcover import colour_table
from terrain.sources import GridPlan

if TYPE_CHECKING:
    from pathlib import Path

FRAME = LocalFrame(6.0, 45.0)
BOX = (5.98, 44.98, 6.02, 45.02)
SIDE = 1 / 4800


def colours(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """A picture without edges, (3, ...)."""
    return np.stack(
        [128 + 100 * np.sin((lon - 6) * 250), 128 + 100 * np.cos((lat - 45) * 250), 120 + 0 * (lon + lat)]
    )


def picture(side: float = SIDE, west: float = 5.95, north: float = 45.05, count: int = 480) -> np.ndarray:
    lon, lat = west + np.arange(count) * side, north - np.arange(count) * side
    return np.rint(colours(*np.meshgrid(lon, lat))).astype(np.uint8)


def photo(path: Path, bands: np.ndarray | None = None, **profile: object) -> Path:
    return write_raster(path, picture() if bands is None else bands, posts(5.95, 45.05, SIDE), **profile)


def test_colours_lie_where_they_belong(tmp_path: Path) -> None:
    plan = plan_over(FRAME, *BOX, step_m=20.0)
    read = open_drapes([photo(tmp_path / "a.tif")]).read(plan, frame=FRAME)
    assert (read[..., 3] == 255).all()
    truth = np.moveaxis(colours(*on_plan(plan, FRAME)), 0, -1)
    assert np.abs(read[..., :3] - truth).max() < 3, "a pixel off would be some 9"


@pytest.mark.parametrize("step_m", [3.0, 20.0, 55.0, 170.0])
@pytest.mark.parametrize("overviews", [False, True])
def test_windows_agree_where_they_overlap(tmp_path: Path, step_m: float, *, overviews: bool) -> None:
    rng = np.random.default_rng(5)
    path = photo(tmp_path / "noise.tif", rng.integers(0, 256, (3, 480, 480)).astype(np.uint8), tiled=True)
    if overviews:
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([2, 4, 8], Resampling.average)
    drapes = open_drapes([path])
    count = int(6000 / step_m)
    whole = GridPlan(-3000.0, -3000.0, step_m, count, count)
    if count > 600:
        whole = GridPlan(-900.0, -900.0, step_m, 600, 600)
        count = 600
    read = drapes.read(whole, frame=FRAME)
    assert np.ptp(read[..., 0]) > 10
    third = count // 3
    for top, left in ((0, 0), (third, 2), (7, third), (third - 1, third + 5)):
        part = GridPlan(whole.x0_m + left * step_m, whole.y0_m + top * step_m, step_m, third, third + 1)
        found = drapes.read(part, frame=FRAME)
        np.testing.assert_array_equal(found, read[top : top + third, left : left + third + 1])


def test_many_pixels_to_a_post_are_averaged_not_picked(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    path = photo(tmp_path / "noise.tif", rng.integers(0, 256, (3, 480, 480)).astype(np.uint8))
    read = open_drapes([path]).read(plan_over(FRAME, *BOX, step_m=300.0), frame=FRAME)
    assert read[..., :3].std() < 12, "the noise itself has 74"


def test_the_first_lies_on_top_and_others_show_through(tmp_path: Path) -> None:
    red = np.zeros((4, 480, 480), np.uint8)
    red[0], red[3, :, :240] = 200, 255
    red[3, :, 200:240] = 128
    upper = write_raster(tmp_path / "red.tif", red, posts(5.95, 45.05, SIDE), photometric="RGB", alpha="YES")
    blue = np.zeros((3, 480, 480), np.uint8)
    blue[2] = 200
    lower = photo(tmp_path / "blue.tif", blue)
    plan = plan_over(FRAME, *BOX, step_m=20.0)
    lon, _ = on_plan(plan, FRAME)
    column = (lon - 5.95) / SIDE
    both = open_drapes([upper, lower]).read(plan, frame=FRAME)
    assert (both[..., 3] == 255).all()
    assert (both[column < 197][:, :3] == (200, 0, 0)).all()
    assert (both[column > 242][:, :3] == (0, 0, 200)).all()
    mixed = both[(column > 203) & (column < 236)][:, :3]
    assert np.abs(mixed.astype(int) - (100, 0, 100)).max() <= 1
    assert (open_drapes([lower, upper]).read(plan, frame=FRAME)[..., :3] == (0, 0, 200)).all()
    alone = open_drapes([upper]).read(plan_over(FRAME, *BOX, step_m=5.0), frame=FRAME)
    edge = alone[(alone[..., 3] > 0) & (alone[..., 3] < 128)]
    assert edge.size
    assert (edge[:, 0] == 200).all(), "no black is mixed in where a picture fades out"


def test_a_palette_is_looked_up_before_anything_is_mixed(tmp_path: Path) -> None:
    numbers = np.full((480, 480), 7, np.uint8)
    numbers[:, 240:] = 3
    numbers[:100] = 9
    path = tmp_path / "map.tif"
    write_raster(path, numbers, posts(5.95, 45.05, SIDE), photometric="PALETTE", nodata=9)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {7: (10, 200, 30, 255), 3: (250, 20, 90, 255), 9: (1, 2, 3, 255)})
    plan = plan_over(FRAME, 5.96, 44.98, 6.04, 45.04, step_m=20.0)
    lon, lat = on_plan(plan, FRAME)
    read = open_drapes([path]).read(plan, frame=FRAME)
    middle = (lat < 45.02) & (lat > 44.99)
    assert (read[middle & (lon < 5.999)] == (10, 200, 30, 255)).all()
    assert (read[middle & (lon > 6.001)] == (250, 20, 90, 255)).all()
    assert (read[lat > 45.03][:, 3] == 0).all()
    with pytest.raises(ElevationFileError, match="give it as imagery"):
        from terrain import describe

        describe(path)


def test_land_cover_gets_natural_colours_and_its_credit(tmp_path: Path) -> None:
    classes = np.full((480, 480), 10, np.uint8)
    classes[:, 240:] = 80
    classes[:60] = 0
    path = write_raster(
        tmp_path / "ESA_WorldCover_10m_2021_v200_N45E006_Map.tif", classes, posts(5.95, 45.05, SIDE), nodata=0
    )
    drapes = open_drapes([path])
    assert drapes.credits == (
        "© ESA WorldCover project 2021 / Contains modified Copernicus Sentinel data (2021)",
    )
    plan = plan_over(FRAME, *BOX, step_m=20.0)
    lon, _ = on_plan(plan, FRAME)
    read = drapes.read(plan, frame=FRAME)
    table = colour_table()
    assert (read[lon < 5.999] == table[10]).all()
    assert (read[lon > 6.001] == table[80]).all()
    assert table[80, 2] > table[80, 0], "water is blue"
    assert table[10, 1] > max(table[10, 0], table[10, 2]), "trees are green"
    assert (table[[0, 11, 255], 3] == 0).all()


def test_tiles_of_imagery_in_any_form(tmp_path: Path) -> None:
    root = tmp_path / "tiles"
    for number, (x, y) in enumerate(tiles_over(13, *BOX)):
        rgb = np.rint(colours(*tile_degrees(13, x, y))).astype(np.uint8)
        if number % 3 == 0:
            rgb = np.concatenate([rgb, np.full((1, 256, 256), 255, np.uint8)])
        write_tile(root, 13, x, y, rgb, "webp" if number % 3 == 1 else "png")
    plan = plan_over(FRAME, *BOX, step_m=20.0)
    read = open_drapes([root]).read(plan, frame=FRAME)
    assert (read[..., 3] == 255).all()
    truth = np.moveaxis(colours(*on_plan(plan, FRAME)), 0, -1)
    assert np.abs(read[..., :3] - truth).max() < 4
    next(root.rglob("*.webp")).unlink()
    assert 0.02 < (open_drapes([root]).read(plan, frame=FRAME)[..., 3] == 0).mean() < 0.9


def test_another_projection_and_a_turned_picture(tmp_path: Path) -> None:
    turned = Affine.translation(934_000, 6_436_000) @ Affine.rotation(30) @ Affine.scale(25, -25)
    path = tmp_path / "turned.tif"
    x, y = turned @ np.array([np.tile(np.arange(600) + 0.5, 600), np.repeat(np.arange(600) + 0.5, 600)])
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(2154, 4326, always_xy=True).transform(x, y)
    bands = np.rint(colours(lon, lat)).reshape(3, 600, 600).astype(np.uint8)
    write_raster(path, bands, turned, crs="EPSG:2154")
    plan = plan_over(FRAME, *BOX, step_m=25.0)
    read = open_drapes([path]).read(plan, frame=FRAME)
    shown = read[..., 3] == 255
    assert shown.any()
    truth = np.moveaxis(colours(*on_plan(plan, FRAME)), 0, -1)
    assert np.abs(read[shown][:, :3] - truth[shown]).max() < 5


def test_what_is_no_picture_or_elsewhere_is_told(tmp_path: Path) -> None:
    heights = write_raster(tmp_path / "dem.tif", np.zeros((40, 40), np.float32), posts(5.95, 45.05))
    with pytest.raises(ElevationFileError, match=r"dem\.tif is no picture"):
        open_drapes([heights])
    far = write_raster(tmp_path / "far.tif", picture(), posts(9.0, 45.05, SIDE))
    drapes = open_drapes([photo(tmp_path / "a.tif"), far])
    plan = plan_over(FRAME, *BOX, step_m=20.0)
    with pytest.raises(CoverageError, match=r"far\.tif shows no part of the stage"):
        drapes.require_coverage(plan, frame=FRAME)
    assert not open_drapes([far]).read(plan, frame=FRAME).any()
    assert open_drapes([]).read(plan, frame=FRAME).shape == (plan.rows, plan.columns, 4)


@pytest.mark.real
def test_the_real_drape_of_andorra_in_windows(shared_data: Path) -> None:
    drapes = open_drapes([shared_data / "dem" / "pyrenees" / "andorra_osm_drape.tif"])
    frame = LocalFrame(1.52, 42.57)
    whole = GridPlan(-4000.0, -4000.0, 12.5, 640, 640)
    read = drapes.read(whole, frame=frame)
    assert (read[..., 3] == 255).all()
    part = drapes.read(GridPlan(-1500.0, -2000.0, 12.5, 200, 300), frame=frame)
    np.testing.assert_array_equal(part, read[160:360, 200:500])
