"""Invented mountains: the same for the same seed, drained, as steep as real ones, with level water."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from terrain.synthetic import Lake, Landscape, Plan, River, mountain_range

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ROWS, COLS, STEP_M = 241, 341, 30.0
PLAN = Plan(
    rivers=(
        River(
            (0.0, 3_000.0, 6_000.0, 10_200.0),
            (4_000.0, 4_500.0, 4_500.0, 5_000.0),
            (600.0, 660.0, 660.0, 800.0),
        ),
    ),
    lakes=(Lake(0, 3_400.0, 5_600.0, 300.0),),
)


def make(seed: int) -> Landscape:
    return mountain_range(seed=seed, rows=ROWS, cols=COLS, step_m=STEP_M, plan=PLAN)


@pytest.fixture(scope="module")
def range_() -> Landscape:
    return make(5)


def slope_deg(heights_m: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.degrees(np.arctan(np.hypot(*np.gradient(heights_m.astype(float), STEP_M))))


def follow(landscape: Landscape) -> NDArray[np.intp]:
    """Walk with the water from every post, one step at a time, until nothing moves."""
    downhill = landscape.downhill.ravel()
    at = np.arange(downhill.size)
    for _ in range(downhill.size):
        further = downhill[at]
        if np.array_equal(further, at):
            return at
        at = further
    raise AssertionError("the water runs in circles")


def test_same_seed_same_heights(range_: Landscape) -> None:
    again, other = make(5), make(6)
    assert again.heights_m.tobytes() == range_.heights_m.tobytes()
    assert np.abs(other.heights_m - range_.heights_m).mean() > 20.0


def test_all_water_reaches_the_river(range_: Landscape) -> None:
    x, y = range_.rivers[0]
    river = np.zeros((ROWS, COLS), bool)
    river[np.rint(y / STEP_M).astype(int), np.rint(x / STEP_M).astype(int)] = True
    assert river.ravel()[follow(range_)].all()


def test_streams_branch_as_real_ones(range_: Landscape) -> None:
    # Drained areas of river networks follow P(A > a) ~ a^-0.43 (Rodriguez-Iturbe et al. 1992).
    downhill = range_.downhill.ravel()
    area = np.ones(downhill.size)
    at = np.arange(downhill.size)
    moving = downhill[at] != at
    while moving.any():
        at = np.where(moving, downhill[at], at)
        area += np.bincount(at[moving], minlength=downhill.size)
        moving &= downhill[at] != at
    sizes = np.geomspace(10.0, 1_000.0, 12)
    share = np.array([(area > size).mean() for size in sizes])
    power = np.polyfit(np.log(sizes), np.log(share), 1)[0]
    assert -0.60 < power < -0.33


def test_slopes_are_those_of_mountains(range_: Landscape) -> None:
    slopes = slope_deg(range_.heights_m)
    assert 15.0 < np.median(slopes) < 33.0
    assert (slopes > 40.0).mean() < 0.2
    assert slopes.max() < 75.0


def test_relief(range_: Landscape) -> None:
    assert range_.heights_m.min() > 590.0
    assert 1_700.0 < range_.heights_m.max() < 3_600.0


def test_valley_floor_is_flat(range_: Landscape) -> None:
    x, y = range_.rivers[0]
    dry = np.ones((ROWS, COLS), bool)
    dry[np.rint(y / STEP_M).astype(int), np.rint(x / STEP_M).astype(int)] = False
    floor = (ndimage.distance_transform_edt(dry) * STEP_M < 90.0) & ~range_.lakes
    assert np.percentile(slope_deg(range_.heights_m)[floor], 90) < 8.0


def test_lake_is_level_and_its_shores_are_dry(range_: Landscape) -> None:
    lake = range_.lakes
    assert lake.sum() * STEP_M**2 > 0.7e6
    assert np.ptp(range_.heights_m[lake]) == 0.0
    shore = ndimage.binary_dilation(lake) & ~lake
    assert (range_.heights_m[shore] > range_.heights_m[lake][0]).all()


@pytest.mark.real
def test_as_steep_as_davos(shared_data: Path) -> None:
    import rasterio

    with rasterio.open(shared_data / "dem" / "davos" / "dem_SRTM1.tif") as raster:
        heights = raster.read(1)[500:1700, 500:1700].astype(float)
    north_m, east_m = 30.9, 30.9 * np.cos(np.radians(46.8))
    real = np.degrees(np.arctan(np.hypot(*np.gradient(heights, north_m, east_m))))
    ours = slope_deg(mountain_range(seed=9, rows=321, cols=421, step_m=STEP_M).heights_m)
    for share in (25, 50, 75, 95):
        assert np.percentile(ours, share) == pytest.approx(np.percentile(real, share), abs=7.0)
