"""The triangulation keeps its bound at every post, closes without cracks, and turns the right way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

import terrain
from terrain import MeshSampler, triangulation
from terrain.triangulation import Triangulation, triangulate

if TYPE_CHECKING:
    from pathlib import Path

WAYS = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "numpy"])
BLOCK = 64


def mountains(rows: int, columns: int, *, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    heights = sum(
        amplitude * ndimage.gaussian_filter(rng.normal(size=(rows, columns)), width) * width
        for amplitude, width in ((60, 1.5), (150, 5), (400, 14))
    )
    return heights.astype(np.float32)


def even(heights: np.ndarray, tolerance_m: float) -> np.ndarray:
    return np.full(heights.shape, 1 / tolerance_m, np.float32)


def drawn_heights(triangles: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Height of the mesh at every post, plane by plane: nothing shared with the code under test."""
    columns = heights.shape[1]
    drawn = np.full(heights.shape, np.nan)
    for corners in triangles:
        row, column = np.divmod(corners.astype(int), columns)
        plane = np.linalg.solve(
            np.column_stack([row, column, np.ones(3)]), heights[row, column].astype(float)
        )
        r, c = np.mgrid[row.min() : row.max() + 1, column.min() : column.max() + 1]
        inside = np.ones(r.shape, bool)
        for k in range(3):
            r0, c0, r1, c1 = row[k], column[k], row[(k + 1) % 3], column[(k + 1) % 3]
            inside &= (c1 - c0) * (r - r0) - (r1 - r0) * (c - c0) >= 0
        drawn[r[inside], c[inside]] = plane[0] * r[inside] + plane[1] * c[inside] + plane[2]
    return drawn


def areas(triangles: np.ndarray, columns: int) -> np.ndarray:
    row, column = np.divmod(triangles.astype(int), columns)
    return (
        (column[:, 1] - column[:, 0]) * (row[:, 2] - row[:, 0])
        - (column[:, 2] - column[:, 0]) * (row[:, 1] - row[:, 0])
    ) / 2


def smallest_angle_deg(triangles: np.ndarray, columns: int) -> float:
    place = np.stack(np.divmod(triangles.astype(int), columns), axis=-1).astype(float)
    angles = []
    for k in range(3):
        first, second = place[:, (k + 1) % 3] - place[:, k], place[:, (k + 2) % 3] - place[:, k]
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        angles.append(np.degrees(np.arccos(np.clip((first * second).sum(axis=1) / lengths, -1, 1))))
    return float(np.min(angles))


def border_of(triangles: np.ndarray) -> np.ndarray:
    """Edges with one triangle; the edges of a sound mesh occur once in each direction at most."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(int)
    forward = edges[:, 0] << 32 | edges[:, 1]
    assert len(np.unique(forward)) == len(forward)
    return edges[~np.isin(edges[:, 1] << 32 | edges[:, 0], forward)]


def smallest_triangles(heights: np.ndarray) -> np.ndarray:
    """Corners (k, 3, 2) of the smallest triangles of the hierarchy between posts that all have heights."""
    row, column = np.mgrid[0 : heights.shape[0] - 1, 0 : heights.shape[1] - 1]
    rising = (row + column) % 2 == 0
    sw, se, nw, ne = (0, 0), (0, 1), (1, 0), (1, 1)
    found = []
    for squares, corners in (
        (rising, (sw, se, ne)),
        (rising, (sw, ne, nw)),
        (~rising, (sw, se, nw)),
        (~rising, (se, ne, nw)),
    ):
        origin = np.stack([row[squares], column[squares]], axis=1)
        found.append(origin[:, None] + np.array(corners))
    triangles = np.concatenate(found)
    return triangles[np.isfinite(heights[triangles[..., 0], triangles[..., 1]]).all(axis=1)]


def assert_sound(mesh: Triangulation, heights: np.ndarray, tolerance_m: np.ndarray | float) -> None:
    """Check everything that a triangulation promises, over all of the grid."""
    triangles, columns = mesh.triangles, heights.shape[1]
    if not len(triangles):
        assert len(smallest_triangles(heights)) == 0
        return
    size = areas(triangles, columns)
    assert size.min() > 0
    land = smallest_triangles(heights)
    assert size.sum() == len(land) / 2, "all the land, and nothing else or twice"
    drawn = drawn_heights(triangles, heights)
    assert not np.isfinite(drawn[~np.isfinite(heights)]).any(), "no triangle covers a void"
    covered = np.isfinite(drawn)
    assert covered[land[..., 0], land[..., 1]].all()
    assert (
        np.abs(drawn - heights)[covered] <= np.broadcast_to(tolerance_m, heights.shape)[covered] + 1e-6
    ).all()
    assert smallest_angle_deg(triangles, columns) >= 10
    border_of(triangles)


@WAYS
@pytest.mark.parametrize("tolerance_m", [2.0, 15.0, 80.0])
def test_every_post_is_within_tolerance(tolerance_m: float, compiled: bool) -> None:
    heights = mountains(2 * BLOCK + 1, BLOCK + 1)
    mesh = triangulate(heights, even(heights, tolerance_m), compiled=compiled)
    assert_sound(mesh, heights, tolerance_m)
    assert len(mesh.triangles) < 2 * (heights.shape[0] - 1) * (heights.shape[1] - 1)


def test_the_compiled_way_takes_far_fewer_triangles() -> None:
    heights = mountains(300, 350, seed=5)
    few, many = (
        len(triangulate(heights, even(heights, 15.0), compiled=way).triangles) for way in (True, False)
    )
    assert few < 0.5 * many


@WAYS
def test_the_bound_follows_a_map_of_tolerances(compiled: bool) -> None:
    heights = mountains(2 * BLOCK + 1, BLOCK + 1, seed=7)
    tolerance = np.linspace(1.0, 120.0, heights.shape[0])[:, None] * np.ones(heights.shape[1])
    mesh = triangulate(heights, (1 / tolerance).astype(np.float32), compiled=compiled)
    assert_sound(mesh, heights, tolerance * (1 + 1e-6))
    rows = mesh.triangles // heights.shape[1]
    assert (rows < BLOCK).all(axis=1).sum() > 3 * (rows > BLOCK).all(axis=1).sum()


@WAYS
def test_land_ends_at_the_border_of_the_grid_and_nowhere_else(compiled: bool) -> None:
    heights = mountains(2 * BLOCK + 1, 3 * BLOCK + 1, seed=3)
    mesh = triangulate(heights, even(heights, 20), compiled=compiled)
    row, column = np.divmod(border_of(mesh.triangles), heights.shape[1])
    on_border = [row == 0, row == 2 * BLOCK, column == 0, column == 3 * BLOCK]
    assert np.any([side.all(axis=1) for side in on_border], axis=0).all()


def test_tiles_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    from terrain import rings

    monkeypatch.setattr(rings, "_TILE", 32)
    heights = mountains(200, 260, seed=9)
    mesh = triangulate(heights, even(heights, 10.0))
    assert_sound(mesh, heights, 10.0)
    monkeypatch.setattr(rings, "_TILE", 1 << 14)
    whole = len(triangulate(heights, even(heights, 10.0)).triangles)
    assert len(mesh.triangles) < 1.02 * whole


def test_the_number_of_processors_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from terrain import rings

    monkeypatch.setattr(rings, "_TILE", 64)
    heights = mountains(400, 333, seed=13)
    found = []
    for workers in (1, 5):
        monkeypatch.setattr(rings, "_workers", lambda workers=workers: workers)
        found.append(triangulate(heights, even(heights, 5.0)).triangles)
    assert np.array_equal(*found)


def test_without_the_compiler_the_numpy_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    heights = mountains(100, 120, seed=4)
    expected = triangulate(heights, even(heights, 9.0), compiled=False).triangles
    for name in ("terrain.rings", "terrain.compiled"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(terrain, "rings", raising=False)
    monkeypatch.delattr(terrain, "compiled", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    triangulation._rings.cache_clear()
    try:
        assert np.array_equal(triangulate(heights, even(heights, 9.0)).triangles, expected)
    finally:
        triangulation._rings.cache_clear()


@WAYS
def test_tilted_land_takes_few_triangles(compiled: bool) -> None:
    rows, columns = np.mgrid[0 : 2 * BLOCK + 1, 0 : 3 * BLOCK + 1]
    heights = (3.0 * rows - 2.0 * columns).astype(np.float32)
    mesh = triangulate(heights, even(heights, 0.1), compiled=compiled)
    assert len(mesh.triangles) <= 2 * 6
    assert areas(mesh.triangles, heights.shape[1]).sum() == 6 * BLOCK**2


@WAYS
def test_forced_posts_become_vertices_and_stay(compiled: bool) -> None:
    heights = np.zeros((BLOCK + 1, 2 * BLOCK + 1), np.float32)
    forced = np.zeros(heights.shape, bool)
    forced[5, 7] = forced[31, 40] = forced[0, 3] = True
    mesh = triangulate(heights, np.zeros_like(heights), forced=forced, compiled=compiled)
    assert_sound(mesh, heights, 0.0)
    assert set(np.flatnonzero(forced)) <= set(np.unique(mesh.triangles))
    assert len(mesh.triangles) < 250


@WAYS
def test_a_coarser_mesh_keeps_what_it_must_and_its_own_bound(compiled: bool) -> None:
    heights = mountains(3 * BLOCK + 1, 2 * BLOCK + 1, seed=21)
    fine = triangulate(heights, even(heights, 4.0), compiled=compiled)
    row, column = np.divmod(fine.triangles, heights.shape[1])
    stay = (np.abs(row - column) < 6).any(axis=1)
    kept = np.zeros(heights.shape, bool)
    kept.reshape(-1)[fine.triangles[stay]] = True
    coarse = fine.coarser(even(heights, 60.0), kept=kept)
    assert_sound(coarse, heights, 60.0)

    def as_set(triangles: np.ndarray) -> set[tuple[int, ...]]:
        first = np.argmin(triangles, axis=1)[:, None]
        return set(map(tuple, np.take_along_axis(triangles, (first + np.arange(3)) % 3, axis=1).tolist()))

    assert as_set(fine.triangles[stay]) <= as_set(coarse.triangles)
    assert len(coarse.triangles) < 0.6 * len(fine.triangles)
    assert set(np.unique(coarse.triangles)) <= set(np.unique(fine.triangles))
    assert_sound(fine, heights, 4.0)


@WAYS
def test_a_single_spike_is_not_missed_wherever_it_stands(compiled: bool) -> None:
    rng = np.random.default_rng(11)
    for row, column in rng.integers(0, BLOCK + 1, (25, 2)):
        heights = np.zeros((BLOCK + 1, BLOCK + 1), np.float32)
        heights[row, column] = 50.0
        assert_sound(triangulate(heights, even(heights, 10), compiled=compiled), heights, 10.0)


@WAYS
@pytest.mark.parametrize("shape", [(2, 2), (2, 7), (3, 1000), (1000, 3), (65, 65), (66, 130)])
def test_grids_of_any_shape(shape: tuple[int, int], compiled: bool) -> None:
    heights = np.random.default_rng(2).normal(size=shape).cumsum(axis=1).astype(np.float32)
    assert_sound(triangulate(heights, even(heights, 1.5), compiled=compiled), heights, 1.5)


@WAYS
def test_a_grid_without_an_area_is_refused(compiled: bool) -> None:
    heights = np.zeros((1, 9), np.float32)
    with pytest.raises(ValueError, match="no area"):
        triangulate(heights, even(heights, 1), compiled=compiled)


@WAYS
def test_land_ends_at_voids_and_edges_of_voids_are_made_of_few_triangles(compiled: bool) -> None:
    heights = np.zeros((200, 300), np.float32)
    heights[60:120, 90:200] = np.nan
    mesh = triangulate(heights, even(heights, 1), compiled=compiled)
    assert_sound(mesh, heights, 1.0)
    if compiled:
        assert len(mesh.triangles) < 120


@st.composite
def grids(draw: st.DrawFn) -> np.ndarray:
    rows, columns = draw(st.integers(2, 80)), draw(st.integers(2, 80))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["flat", "noise", "hills", "steps", "spikes", "levels"]))
    heights = np.full((rows, columns), 1234.5)
    if kind == "noise":
        heights += rng.normal(scale=10, size=heights.shape)
    elif kind == "hills":
        heights += ndimage.gaussian_filter(rng.normal(size=heights.shape), 4) * 300
    elif kind == "steps":
        heights[rng.integers(0, rows) :, rng.integers(0, columns) :] += 100
        heights[: rng.integers(0, rows)] -= 30
    elif kind == "spikes":
        heights[rng.integers(0, rows, 9), rng.integers(0, columns, 9)] += rng.normal(scale=500, size=9)
    elif kind == "levels":
        heights += np.rint(ndimage.gaussian_filter(rng.normal(size=heights.shape), 3) * 30)
    holes = draw(st.sampled_from(["none", "none", "few", "block", "many", "all but some"]))
    if holes == "block":
        heights[rng.integers(0, rows) :, : rng.integers(0, columns)] = np.nan
    elif holes != "none":
        share = {"few": 0.01, "many": 0.3, "all but some": 0.95}[holes]
        heights[rng.random(heights.shape) < share] = np.nan
    return heights.astype(np.float32)


@WAYS
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(heights=grids(), tolerance_m=st.sampled_from([0.5, 3.0, 20.0, 1e6]), seed=st.integers(0, 99))
def test_any_grid(heights: np.ndarray, tolerance_m: float, seed: int, *, compiled: bool) -> None:
    forced = np.random.default_rng(seed).random(heights.shape) < 0.01
    mesh = triangulate(heights, even(heights, tolerance_m), forced=forced, compiled=compiled)
    assert_sound(mesh, heights, tolerance_m * (1 + 1e-6))
    known = np.isfinite(heights)
    if known.all():
        assert set(np.flatnonzero(forced)) <= set(np.unique(mesh.triangles))
    wide = mesh.coarser(even(heights, 4 * tolerance_m), kept=forced)
    assert_sound(wide, heights, 4 * tolerance_m * (1 + 1e-6))
    assert len(wide.triangles) <= len(mesh.triangles)


@pytest.mark.real
@pytest.mark.parametrize("name", ["ventoux/N44E005.hgt", "davos/dem_SRTM1.tif"])
def test_every_post_of_real_land_is_within_tolerance(shared_data: Path, name: str) -> None:
    with rasterio.open(shared_data / "dem" / name) as dataset:
        heights = dataset.read(1, window=((0, 1000), (0, 1100))).astype(np.float32)
        heights[heights == dataset.nodata] = np.nan
    mesh = triangulate(heights, even(heights, 5.0))
    row, column = np.divmod(np.arange(heights.size), heights.shape[1])
    vertices = np.stack([column, row, np.nan_to_num(heights.ravel())], axis=1)
    drawn = MeshSampler(vertices, mesh.triangles).sample(column, row).reshape(heights.shape)
    land = smallest_triangles(heights)
    assert np.isfinite(drawn[land[..., 0], land[..., 1]]).all()
    assert np.nanmax(np.abs(drawn - heights)) <= 5.0 + 1e-5
    assert areas(mesh.triangles, heights.shape[1]).sum() == len(land) / 2
    assert smallest_angle_deg(mesh.triangles, heights.shape[1]) >= 10
