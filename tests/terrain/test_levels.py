"""Levels of detail: bounds at every post, borders that stay, triangles under the road that never change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from terrain import GroundLine, MeshSampler, levels
from terrain.corridor import distance_to_road
from terrain.land import Land
from terrain.levels import levels_of
from terrain.partition import border_posts, groups, halved, tiles_after
from terrain.roadside import vertices_below_road
from terrain.sources import GridPlan
from terrain.triangulation import triangulate

HALF_WIDTH_M = 1800.0
WAYS = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "numpy"])


def rough(rows: int, columns: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return sum(
        height * ndimage.gaussian_filter(rng.normal(size=(rows, columns)), width) * width
        for height, width in ((8, 1.2), (40, 5), (160, 18))
    ).astype(np.float32)


def edges_of(triangles: np.ndarray) -> np.ndarray:
    wide = triangles.astype(np.int64)
    return np.concatenate([wide[:, k] << 32 | wide[:, (k + 1) % 3] for k in range(3)])


@WAYS
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    shape=st.sampled_from([(2, 2), (3, 1000), (40, 70), (90, 64), (130, 97)]),
    kind=st.sampled_from(["flat", "steps", "spikes", "rough", "holes"]),
    times=st.integers(0, 5),
    seed=st.integers(0, 999),
)
def test_tiles_are_found_again_whatever_is_thinned(
    shape: tuple[int, int], kind: str, times: int, seed: int, *, compiled: bool
) -> None:
    rng = np.random.default_rng(seed)
    heights = np.zeros(shape, np.float32)
    if kind == "steps":
        heights[:, shape[1] // 2 :] += 100
    elif kind == "spikes":
        heights[rng.integers(0, shape[0], 9), rng.integers(0, shape[1], 9)] += 300
    elif kind != "flat":
        heights = rough(*shape, seed)
    if kind == "holes":
        heights[rng.random(shape) < 0.03] = np.nan
    tightness = np.full(shape, 0.5, np.float32)
    mesh = triangulate(heights, tightness, compiled=compiled)
    triangles = mesh.triangles
    distance = np.abs(np.mgrid[: shape[0], : shape[1]][1] - shape[1] / 2).astype(np.float32)
    tile = halved(triangles, np.ones(len(triangles), bool), distance, times=times)
    assert tile.max(initial=0) < 2**times
    border = border_posts(triangles, tile, heights.size)
    coarse = mesh.coarser(tightness * np.float32(0.1), kept=border.reshape(shape))
    after = tiles_after(triangles, tile, border, coarse.triangles)
    columns = shape[1]

    def area(some: np.ndarray) -> int:
        row, column = np.divmod(some.astype(np.int64), columns)
        return int(
            (
                (column[:, 1] - column[:, 0]) * (row[:, 2] - row[:, 0])
                - (column[:, 2] - column[:, 0]) * (row[:, 1] - row[:, 0])
            ).sum()
        )

    for number in range(2**times):
        mine, thinned = triangles[tile == number], coarse.triangles[after == number]
        assert area(mine) == area(thinned)
        keys = edges_of(mine)
        rim = keys[~np.isin(keys >> 32 | (keys & 0xFFFFFFFF) << 32, keys)]
        at_border = border[rim >> 32] & border[rim & 0xFFFFFFFF]
        assert np.isin(rim[at_border], edges_of(thinned)).all(), "the border between tiles stays"


def test_a_triangle_is_found_again_whose_three_corners_and_no_edge_were_there_before() -> None:
    """Its corners lie on the border of the tile; all round it are new triangles of the same tile."""
    a, p, b, q, c, r, middle, x, y = range(9)
    rim = [a, p, b, q, c, r]
    fan = [[middle, rim[k], rim[(k + 1) % 6]] for k in range(6)]
    before = np.array([*fan, [x, y, a]], np.int32)
    tile = np.array([5] * 6 + [4], np.int32)
    border = np.isin(np.arange(9), [a, b, c, x])
    after = np.array([[a, p, b], [b, q, c], [c, r, a], [a, b, c], [x, y, a]], np.int32)
    assert tiles_after(before, tile, border, after).tolist() == [5, 5, 5, 5, 4]


def test_halves_have_equally_many_triangles() -> None:
    heights = rough(200, 300, 4)
    triangles = triangulate(heights, np.full(heights.shape, 0.2, np.float32)).triangles
    counted = triangles[:, 0] % 300 < 200
    tile = halved(triangles, counted, np.zeros(heights.shape, np.float32) + np.arange(300), times=4)
    counts = np.bincount(tile[counted], minlength=16)
    assert counts.min() > 0.9 * counts.max()


def test_groups_are_the_places_of_each_number() -> None:
    numbers = np.array([2, 0, 2, 1, 4, 0], np.int32)
    assert [part.tolist() for part in groups(numbers, 6)] == [[1, 5], [3], [0, 2], [], [4], []]


@pytest.fixture(scope="module")
def line() -> GroundLine:
    x = np.arange(2500.0, 12_000.0, 5.0)
    y = 4000 + 900 * np.sin(x / 700) + 120 * np.sin(x / 90)
    return GroundLine(x, y, np.zeros(len(x)))


@pytest.fixture(scope="module")
def land(line: GroundLine) -> Land:
    plan = GridPlan(0.0, 0.0, 25.0, 64 * 5 + 1, 64 * 9 + 1)
    heights = rough(plan.rows, plan.columns, 8)
    known = np.ones(heights.shape, bool)
    distance = distance_to_road(plan, line, half_width_m=HALF_WIDTH_M)
    return Land(plan, heights, known, ~known, known.astype(np.float32), distance)


@WAYS
def test_every_post_is_within_its_bound_on_every_level(
    land: Land, line: GroundLine, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "TILE_TRIANGLES", 1024)
    monkeypatch.setattr(levels, "_ROOT_TRIANGLES", 1000)
    monkeypatch.setattr(levels, "_LEAST_SAVING", 0.97)
    found = list(levels_of(land, line, half_width_m=HALF_WIDTH_M, max_error_m=1.0, compiled=compiled))
    assert len(found) >= 4
    plan, distance = land.plan, land.distance_m
    row, column = np.divmod(np.arange(distance.size), plan.columns)
    vertices = np.stack([column, row, land.heights_m.ravel()], axis=1).astype(float)
    inside = np.flatnonzero(distance.ravel() <= HALF_WIDTH_M)
    tolerance = 1 + 19 * np.maximum(distance.ravel() - 300, 0) / (HALF_WIDTH_M - 300)
    road_x, road_y = (line.x_m - plan.x0_m) / plan.step_m, (line.y_m - plan.y0_m) / plan.step_m
    under_road = None
    for number, level in enumerate(found):
        sampler = MeshSampler(vertices, level.triangles)
        triangle = sampler.find(column[inside], row[inside])
        drawn = sampler.planes(triangle, column[inside], row[inside])
        error = np.abs(drawn - land.heights_m.ravel()[inside])
        assert (error <= 2**number * tolerance[inside] * (1 + 1e-5) + 1e-3).all()
        assert (error <= level.error_m[triangle] + 1e-2).all(), "what is told of each triangle is true"
        worst = np.zeros(len(level.triangles))
        np.maximum.at(worst, triangle, error)
        assert worst.max() == pytest.approx(level.error_m.max(), abs=0.02)
        assert level.tiles == found[0].tiles >> number
        corners = np.sort(level.triangles[np.unique(sampler.find(road_x, road_y))], axis=1)
        here = set(map(tuple, corners.tolist()))
        assert under_road is None or here == under_road
        under_road = here
    assert len(found[-1].triangles) < 0.5 * len(found[0].triangles)


def test_vertices_are_forced_at_the_road_its_start_and_its_finish(land: Land, line: GroundLine) -> None:
    (finest, *_) = levels_of(land, line, half_width_m=HALF_WIDTH_M, max_error_m=50.0)
    vertices = np.unique(finest.triangles)
    plan = land.plan
    row, column = np.divmod(vertices, plan.columns)
    at = np.stack([column, row], axis=1) * plan.step_m
    for k in (0, -1):
        assert np.hypot(*(at - [line.x_m[k], line.y_m[k]]).T).min() < 0.71 * plan.step_m
    for x, y in zip(line.x_m[::12], line.y_m[::12], strict=True):
        assert np.hypot(*(at - [x, y]).T).min() < 0.71 * plan.step_m + 31


def test_all_triangles_that_the_road_touches_are_found(land: Land, line: GroundLine) -> None:
    triangles = triangulate(land.heights_m, np.full(land.heights_m.shape, 1.0, np.float32)).triangles
    fixed = vertices_below_road(triangles, land, line).ravel()
    row, column = np.divmod(np.arange(land.heights_m.size), land.plan.columns)
    vertices = np.stack([column, row, column], axis=1) * land.plan.step_m
    sampler = MeshSampler(vertices, triangles)
    dense = line.densified(0.05)
    touched = np.unique(sampler.find(dense.x_m, dense.y_m))
    assert fixed[triangles[touched]].all()
