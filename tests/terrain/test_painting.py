"""Any window of the ground is painted alike, in three looks, with water, snow and imagery in their place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from terrain import LocalFrame, open_drapes
from terrain import painting as painting_module
from terrain import pictures as pictures_module
from terrain.painting import Look, Painter
from terrain.sources import GridPlan, open_sources, read_heights_on
from tests.terrain.test_shading import FRAME, SHAPE, STEP_M, land_of

ROWS, COLUMNS = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
MOUNTAINS = 1200 + 500 * np.sin(ROWS / 11) * np.cos(COLUMNS / 13) + 120 * np.sin(COLUMNS / 3.1 + ROWS / 4)
WINDOW = (900.0, 700.0, 2.5, 300, 420)


def painter(look: Look = Look.NATURAL, frame: LocalFrame = FRAME, drape: tuple[Path, ...] = ()) -> Painter:
    return Painter(
        land_of(MOUNTAINS),
        frame,
        half_width_m=6000.0,
        look=look,
        drapes=open_drapes(drape) if drape else None,
    )


@pytest.mark.parametrize("look", list(Look))
@pytest.mark.parametrize("step_m", [2.5, 15.0])
def test_windows_agree_where_they_overlap(look: Look, step_m: float) -> None:
    made = painter(look)
    one = made.paint(310.0, 205.0, step_m, 170, 190)
    other = made.paint(310.0 + 41 * step_m, 205.0 + 67 * step_m, step_m, 99, 130)
    assert np.array_equal(one[67:166, 41:171], other)
    assert one.std() > 5


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = []
    for count in (1, 5):
        monkeypatch.setattr(painting_module, "workers", lambda count=count: count)
        monkeypatch.setattr("terrain.lighting.workers", lambda count=count: count)
        pictures.append(painter().paint(*WINDOW))
    assert np.array_equal(*pictures)


def test_fine_and_coarse_windows_have_the_same_colours_on_the_whole() -> None:
    made = painter()
    fine = made.paint(600.0, 600.0, 2.5, 720, 720).astype(float).reshape(24, 30, 24, 30, 3).mean(axis=(1, 3))
    coarse = made.paint(600.0 + 36.25, 600.0 + 36.25, 75.0, 24, 24).astype(float)
    assert np.abs(fine.mean(axis=(0, 1)) - coarse.mean(axis=(0, 1))).max() < 8
    assert np.corrcoef(fine.mean(axis=2).ravel(), coarse.mean(axis=2).ravel())[0, 1] > 0.7


def test_close_up_there_is_more_to_see_than_the_elevation_data_hold() -> None:
    fine = painter().paint(*WINDOW).astype(float).mean(axis=2)
    assert np.abs(np.diff(fine, axis=1)).mean() > 1.0


def test_looks_are_what_they_are_called() -> None:
    mean = {look: painter(look).paint(*WINDOW).astype(float).mean(axis=(0, 1)) for look in Look}
    grey = {look: colour @ (0.30, 0.59, 0.11) for look, colour in mean.items()}
    assert grey[Look.NIGHT] < 60 < grey[Look.SATELLITE] < grey[Look.NATURAL] - 8
    assert mean[Look.NIGHT][2] > mean[Look.NIGHT][0] + 8, "graphite with some blue in it"
    spread = {look: np.ptp(colour) / colour.mean() for look, colour in mean.items()}
    assert spread[Look.SATELLITE] < spread[Look.NATURAL]


def test_night_has_contour_lines_and_day_has_none() -> None:
    ramp = np.broadcast_to(1000 + 6.0 * COLUMNS, SHAPE)  # 100 m of height every 500 m
    for look, lines in ((Look.NIGHT, True), (Look.NATURAL, False)):
        made = Painter(land_of(ramp), FRAME, half_width_m=6000.0, look=look)
        across = made.paint(600.0, 600.0, 5.0, 200, 400).astype(float).mean(axis=(0, 2))
        line = np.flatnonzero((np.arange(400) * 5 + 600) % 500 == 0)
        assert ((across[line] - (across[line - 8] + across[line + 8]) / 2).mean() > 4) == lines


def test_exaggeration_deepens_the_light_and_grows_nothing_else() -> None:
    high = LocalFrame(6.0, 45.0, vertical_exaggeration=2.5)
    hills = land_of(700 + 0.15 * MOUNTAINS)
    plain, steep = (
        Painter(hills, frame, half_width_m=6000.0).paint(*WINDOW).astype(float) for frame in (FRAME, high)
    )
    contrast = [picture.mean(axis=2).std() / picture.mean() for picture in (plain, steep)]
    assert contrast[1] > 1.05 * contrast[0]
    level = np.full(SHAPE, 2300.0) + np.random.default_rng(0).normal(0, 0.3, SHAPE)
    flat = [
        Painter(land_of(level), frame, half_width_m=6000.0).paint(0.0, 0.0, 30.0, *SHAPE).astype(float)
        for frame in (FRAME, high)
    ]
    assert np.abs(flat[0].mean(axis=(0, 1)) - flat[1].mean(axis=(0, 1))).max() < 4, "no snow"


def test_a_drape_keeps_its_place_and_the_light(tmp_path: Path) -> None:
    """Red east of a line, see-through west of it; slopes in the shade are darker under it too."""
    lon, lat = FRAME.to_wgs84([1800.0, 5000.0], [4500.0, -500.0])
    size = 400
    path = tmp_path / "red.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=size, width=size, count=4, dtype="uint8", crs="EPSG:4326",
        transform=from_origin(lon[0], lat[0], (lon[1] - lon[0]) / size, (lat[0] - lat[1]) / size),
    ) as target:  # fmt: skip
        target.write(np.stack([np.full((size, size), value, np.uint8) for value in (210, 40, 40, 255)]))
        target.colorinterp = [rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue", "alpha")]
    made = painter(drape=(path,))
    picture = made.paint(1500.0, 1500.0, 5.0, 200, 120).astype(float)
    redness = (picture[..., 0] - picture[..., 1]).mean(axis=0)
    assert redness[:57].max() < 40
    assert redness[63:].min() > 60
    assert picture[:, 63:, 0].std() > 8
    outside = made.paint(300.0, 300.0, 5.0, 40, 40)
    assert np.array_equal(outside, painter().paint(300.0, 300.0, 5.0, 40, 40))


def test_without_numba_the_same_is_painted(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from tests.terrain.test_painting import painter, WINDOW\n"
        "from terrain.shading import COMPILED\n"
        "assert not COMPILED\n"
        "np.save(sys.argv[1], painter().paint(*WINDOW))\n"
    )
    target = tmp_path / "plain.npy"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    difference = np.abs(np.load(target).astype(int) - painter().paint(*WINDOW))
    assert (difference > 1).mean() < 1e-4


LUENERSEE, DAVOS, TOWN = (9.754, 47.054), (9.854, 46.8205), (9.83, 46.795)
"""A reservoir of 1.5 km²; the lake of Davos; the flat floor of the valley beside it."""


def _water_about(place: tuple[float, float], dem: Path) -> np.ndarray:
    """Where water is painted within 1.9 km of a place, on posts of 30 m."""
    frame = LocalFrame(*place)
    plan = GridPlan(-1920.0, -1920.0, 30.0, 129, 129)
    heights = read_heights_on(plan, open_sources([dem]), frame=frame)
    made = Painter(land_of(heights), frame, half_width_m=6000.0)
    picture = made.paint(0.0, 0.0, STEP_M, 129, 129).astype(float)
    water: np.ndarray = picture[..., 2] > picture[..., 0] + 15
    return water


@pytest.mark.real
def test_mountain_lakes_are_water(shared_data: Path) -> None:
    lake = _water_about(LUENERSEE, shared_data / "dem/davos/dem_SRTM1.tif")
    assert 0.25 < lake.sum() * STEP_M**2 / 1e6 < 2.0
    assert lake[58:68, 60:68].mean() > 0.9


@pytest.mark.real
@pytest.mark.parametrize("place", [DAVOS, TOWN])
def test_an_empty_reservoir_and_a_level_valley_are_no_water(
    place: tuple[float, float], shared_data: Path
) -> None:
    """SRTM flew in February: the lake of Davos lay drained, a rough basin 14 m below its shore."""
    water = _water_about(place, shared_data / "dem/davos/dem_SRTM1.tif")
    assert water[30:-30, 30:-30].mean() < 0.002


def test_painting_over_a_picture_fades_with_the_distance_from_the_road() -> None:
    road_m = np.broadcast_to(15.0 * np.arange(SHAPE[1]), SHAPE)
    made = Painter(land_of(MOUNTAINS, road_m=road_m), FRAME, half_width_m=6000.0)
    window = GridPlan(300.0, 300.0, 5.0, 200, 500)  # the road lies 150 m to 1,400 m off
    over = np.full((200, 500, 3), 255, np.uint8)
    made.paint_over(over, window, within_m=900.0, fade_m=200.0)
    plain = made.paint(300.0, 300.0, 5.0, 200, 500)
    assert np.array_equal(over[:, :200], plain[:, :200])
    assert (over[:, 310:] == 255).all()
    before, painted, after = (
        picture[:, 220:300].astype(float).mean(axis=(0, 2))
        for picture in (np.full_like(over, 255), plain, over)
    )
    left = (after - painted) / (before - painted)
    assert np.abs(left - np.arange(80) / 80).max() < 0.06


def test_pictures_of_tiles_agree_along_their_borders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far from the road, where not all can be fine, they show the picture of the whole ground."""
    road_m = np.broadcast_to(30.0 * np.arange(SHAPE[1]), SHAPE)
    made = Painter(land_of(MOUNTAINS, road_m=road_m), FRAME, half_width_m=6000.0)
    whole = made.plan
    picture = made.paint(whole.x0_m, whole.y0_m, whole.step_m, whole.rows, whole.columns)
    boxes = {
        0: np.array([[0, 0], [1900, 2000]], np.float32),
        1: np.array([[1900, 0], [3840, 2000]], np.float32),
    }
    rough = []
    for most in (24_000_000, 0):
        monkeypatch.setattr(pictures_module, "_FINE_EVERYWHERE_PIXELS", most)
        pictures = pictures_module.paint_tiles(made, picture, boxes, 2)
        west, east = pictures.read(0), pictures.read(1)
        assert west is not None
        assert east is not None
        step_m = (west.bounds_m[2] - west.bounds_m[0]) / west.image.shape[1]
        shared = round((west.bounds_m[2] - east.bounds_m[0]) / step_m)
        assert shared >= 2
        seam = west.image[:, -shared:].astype(float) - east.image[:, :shared]
        assert np.abs(seam).mean() < 3.0, "as far as compression allows"
        rough.append([np.abs(np.diff(side.image.astype(float), axis=1)).mean() for side in (west, east)])
    assert rough[1][1] < 0.8 * rough[0][1]
    near = west.image[:, : round(300.0 / step_m)].astype(float)
    fine = made.paint(west.bounds_m[0] + step_m / 2, west.bounds_m[1] + step_m / 2, step_m, *near.shape[:2])
    assert np.abs(near[::-1] - fine).mean() < 6.0
