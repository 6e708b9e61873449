"""The outline of the drawn land is one deliberate plate, and near the road distances are distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from terrain import GroundLine
from terrain.corridor import distance_to_road, plan_grid

if TYPE_CHECKING:
    from terrain.sources import GridPlan

HALF_WIDTH_M = 6000.0


def road(*corners_km: tuple[float, float]) -> GroundLine:
    x, y = 1000.0 * np.array(corners_km, float).T
    return GroundLine(x, y, np.full(len(x), 400.0)).densified(50.0)


def outline(line: GroundLine) -> tuple[GridPlan, np.ndarray]:
    plan = plan_grid(line, half_width_m=HALF_WIDTH_M, native_m=30.0)
    return plan, distance_to_road(plan, line, half_width_m=HALF_WIDTH_M)


def true_distance(plan: GridPlan, line: GroundLine, thin: int) -> np.ndarray:
    x = plan.x0_m + np.arange(0, plan.columns, thin) * plan.step_m
    y = plan.y0_m + np.arange(0, plan.rows, thin) * plan.step_m
    dense = line.densified(10.0)
    posts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return cKDTree(np.column_stack([dense.x_m, dense.y_m])).query(posts)[0].reshape(len(y), len(x))


LOOP = ((0, 0), (60, 0), (60, 16), (8, 18))
"""Two long legs whose strips leave a long hole and a bay between them."""

HOOK = ((0, 0), (14, 0), (15, 12), (3, 14))
"""A small stage that turns back on itself."""


def test_the_strip_beside_the_road_is_drawn_and_its_distances_are_true() -> None:
    for corners in (LOOP, HOOK):
        line = road(*corners)
        plan, distance = outline(line)
        true = true_distance(plan, line, 7)
        found = distance[::7, ::7]
        near = true < 300
        assert np.abs(found - true)[near].max() < 6
        strip = true < 0.7 * HALF_WIDTH_M
        assert np.abs(found - true)[strip].max() < 200
        assert (found[true < HALF_WIDTH_M - 200] < HALF_WIDTH_M).all()


def test_legs_near_each_other_share_one_plate_without_holes() -> None:
    line = road(*LOOP)
    plan, distance = outline(line)
    drawn = distance[::4, ::4] <= HALF_WIDTH_M
    assert ndimage.label(drawn)[1] == 1
    assert ndimage.label(~np.pad(drawn, 1))[1] == 1
    strip = true_distance(plan, line, 4) <= HALF_WIDTH_M
    assert ndimage.label(~np.pad(strip, 1))[1] > 1 or strip.sum() < 0.97 * drawn.sum()
    middle = distance[round((8_500 - plan.y0_m) / plan.step_m), round((30_000 - plan.x0_m) / plan.step_m)]
    assert middle < 0.9 * HALF_WIDTH_M


def test_a_long_stage_stays_a_strip() -> None:
    line = road((0, 0), (70, 0), (70, 60))
    plan, distance = outline(line)
    drawn_km2 = (distance <= HALF_WIDTH_M).sum() * plan.step_m**2 / 1e6
    strip_km2 = 2 * HALF_WIDTH_M * 130_000 / 1e6 + np.pi * 36
    assert drawn_km2 < 1.15 * strip_km2


def test_a_small_stage_has_a_convex_outline() -> None:
    _, distance = outline(road(*HOOK))
    rng = np.random.default_rng(3)
    row, column = np.nonzero(distance <= HALF_WIDTH_M - 150)
    pairs = rng.integers(0, len(row), (2, 4000))
    middle = (row[pairs].sum(axis=0) // 2, column[pairs].sum(axis=0) // 2)
    assert (distance[middle] <= HALF_WIDTH_M).all()
    assert not np.pad(distance <= HALF_WIDTH_M, 1)[[0, -1]].any()


def test_a_straight_road_is_its_own_outline() -> None:
    line = road((0, 0), (12, 0))
    plan, distance = outline(line)
    area_km2 = (distance <= HALF_WIDTH_M).sum() * plan.step_m**2 / 1e6
    assert abs(area_km2 - (12 * 12 + np.pi * 36)) < 4
