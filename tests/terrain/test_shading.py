"""Colours follow height, slope and light as on a relief map."""

from __future__ import annotations

import numpy as np

from terrain import LocalFrame
from terrain.land import Land
from terrain.painting import Look, Painter
from terrain.sources import GridPlan
from terrain.surroundings import tree_line_m

STEP_M = 30.0
SHAPE = (129, 129)
FRAME = LocalFrame(6.0, 45.0)


def land_of(heights: np.ndarray, *, measured: float = 1.0, road_m: np.ndarray | float = 500.0) -> Land:
    everywhere = np.ones(heights.shape, bool)
    return Land(
        GridPlan(0.0, 0.0, STEP_M, *heights.shape),
        heights.astype(np.float32),
        everywhere,
        ~everywhere,
        np.full(heights.shape, measured, np.float32),
        np.broadcast_to(np.float32(road_m), heights.shape).astype(np.float32),
    )


def painted(
    heights: np.ndarray,
    *,
    measured: float = 1.0,
    road_m: np.ndarray | float = 500.0,
    look: Look = Look.NATURAL,
    half_width_m: float = 6000.0,
) -> np.ndarray:
    painter = Painter(
        land_of(heights, measured=measured, road_m=road_m), FRAME, half_width_m=half_width_m, look=look
    )
    return painter.paint(0.0, 0.0, STEP_M, *heights.shape).astype(float)


def level(height_m: float) -> np.ndarray:
    return np.full(SHAPE, height_m) + np.random.default_rng(0).normal(0, 0.3, SHAPE)


def test_high_land_is_white_low_land_green_and_the_land_between_neither() -> None:
    low, high = painted(level(300)).mean(axis=(0, 1)), painted(level(3600)).mean(axis=(0, 1))
    assert low[1] > low[0] > low[2]
    assert high.min() > 215
    middle = painted(level(tree_line_m(45.0) + 250)).mean(axis=(0, 1))
    assert middle[1] >= middle[2]
    assert middle.max() < 200


def test_slopes_to_the_north_west_are_lit_and_their_backs_are_not() -> None:
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    away = np.abs((rows - columns) - 0)  # a ridge from south-west to north-east
    north_west, south_east = rows - columns > 12, columns - rows > 12
    for measured, contrast in ((0.0, 1.4), (1.0, 1.3)):  # darker trees grow on the north side
        brightness = painted(1000 - 12.0 * away, measured=measured).mean(axis=2)
        assert brightness[north_west].mean() > contrast * brightness[south_east].mean()


def test_a_slope_in_the_shade_keeps_its_colours() -> None:
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    back = painted(1000 - 11.0 * (columns - rows))
    assert back.max(axis=2).mean() > 62
    assert (back[..., 1] > back[..., 2] + 8).mean() > 0.95


def test_trees_end_at_the_tree_line() -> None:
    """A steep flank from 1,000 m to 2,900 m: dark wood below, pale grass and stone above."""
    rows, _ = np.mgrid[0:161, 0 : SHAPE[1]]
    brightness = painted(1000.0 + 12.0 * rows).mean(axis=2)
    line = round((tree_line_m(45.0) - 1000.0) / 12.0)
    wood, meadow = brightness[line - 45 : line - 30], brightness[line + 15 : line + 30]
    assert meadow.mean() > 1.25 * wood.mean()


def test_the_verges_of_a_road_are_clear_of_trees() -> None:
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    heights = 900.0 + 12.0 * rows / 2 + 0 * columns
    away = np.abs(columns - 64) * STEP_M
    with_road, without = (painted(heights, road_m=road_m).mean(axis=2) for road_m in (away, 500.0))
    lighter = (with_road - without).mean(axis=0)
    assert lighter[63:66].min() > 4
    assert np.abs(lighter[away[0] > 300]).max() < 0.5


def test_the_top_of_a_lone_mountain_is_pale_stone_and_a_range_of_that_height_is_not() -> None:
    rows, columns = np.mgrid[0:513, 0:513]
    away = np.hypot(rows - 256, columns - 256) * STEP_M
    lone = painted(300 + 1600 * np.exp(-((away / 2500) ** 2)))
    ranges = painted(
        300 + 1600 * np.exp(-((away / 2500) ** 2)) + 2200 * np.exp(-(((away - 6500) / 700) ** 2))
    )
    top = np.s_[252:261, 252:261]
    assert lone[top].mean() > 160
    assert np.ptp(lone[top].mean(axis=(0, 1))) < 40
    assert ranges[top].mean() < 150


def test_hollows_are_darker_than_open_land() -> None:
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    distance = np.hypot(rows - 64, columns - 64) * STEP_M
    pit = 2400 - 300 * np.exp(-((distance / 500) ** 2))
    hill = 2400 + 300 * np.exp(-((distance / 500) ** 2))
    centre = np.s_[62:67, 62:67]
    assert painted(pit, measured=0)[centre].mean() < painted(hill, measured=0)[centre].mean() - 5


def test_a_lake_is_water_and_rough_flats_are_not() -> None:
    heights = level(500)
    heights[40:90, 40:90] = 500.0
    picture = painted(heights)
    assert (picture[55:75, 55:75, 2] > picture[55:75, 55:75, 0]).all()
    assert (picture[:25, :25, 2] < picture[:25, :25, 1]).all()


def test_the_apron_is_calmer_than_measured_land() -> None:
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    heights = 500 + 60 * np.sin(rows / 9) * np.cos(columns / 11)
    measured, plain = painted(heights), painted(heights, measured=0.0)
    hue = [
        np.ptp(picture / picture.sum(axis=2, keepdims=True), axis=2).std() for picture in (measured, plain)
    ]
    assert hue[1] < 0.75 * hue[0]


def test_what_is_not_drawn_stays_in_one_colour() -> None:
    road_m = np.where(np.arange(SHAPE[1]) < 64, 500.0, 9000.0)[None, :]
    picture = painted(level(800), road_m=road_m, half_width_m=1000.0)
    assert len(np.unique(picture[:, 70:].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(picture[:, :60].reshape(-1, 3), axis=0)) > 1000


def test_the_same_land_gets_the_same_colours() -> None:
    assert np.array_equal(painted(level(900)), painted(level(900)))
