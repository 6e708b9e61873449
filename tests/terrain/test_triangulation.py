"""The triangulation keeps its bound at every post, closes without cracks, and turns the right way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from terrain.triangulation import close, leaf_triangles, triangulate

BLOCK = 32


def mountains(rows: int, columns: int, *, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    heights = sum(
        amplitude * ndimage.gaussian_filter(rng.normal(size=(rows, columns)), width) * width
        for amplitude, width in ((60, 1.5), (150, 5), (400, 14))
    )
    return heights.astype(np.float32)


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


def edge_counts(triangles: np.ndarray) -> np.ndarray:
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    return np.unique(edges, axis=0, return_counts=True)[1]


@pytest.mark.parametrize("tolerance_m", [2.0, 15.0, 80.0])
def test_every_post_is_within_tolerance(tolerance_m: float) -> None:
    heights = mountains(3 * BLOCK + 1, 2 * BLOCK + 1)
    active = triangulate(heights, np.full(heights.shape, 1 / tolerance_m, np.float32), block=BLOCK)
    triangles = leaf_triangles(active, block=BLOCK)
    error = np.abs(drawn_heights(triangles, heights) - heights)
    assert error.max() <= tolerance_m * 1.001
    assert len(triangles) < 2 * (heights.shape[0] - 1) * (heights.shape[1] - 1)


def test_the_bound_follows_a_map_of_tolerances() -> None:
    heights = mountains(4 * BLOCK + 1, 2 * BLOCK + 1, seed=7)
    tolerance = np.linspace(1.0, 120.0, heights.shape[0], dtype=np.float32)[:, None] * np.ones(
        heights.shape[1]
    )
    active = triangulate(heights, (1 / tolerance).astype(np.float32), block=BLOCK)
    error = np.abs(drawn_heights(leaf_triangles(active, block=BLOCK), heights) - heights)
    assert (error <= tolerance * 1.001).all()
    half = heights.shape[0] // 2
    assert active[:half].sum() > 3 * active[half:].sum()


def test_no_cracks_no_overlaps_no_flipped_triangles() -> None:
    heights = mountains(2 * BLOCK + 1, 3 * BLOCK + 1, seed=3)
    active = triangulate(heights, np.full(heights.shape, 1 / 20, np.float32), block=BLOCK)
    triangles = leaf_triangles(active, block=BLOCK)
    size = areas(triangles, heights.shape[1])
    assert size.min() > 0
    assert size.sum() == (heights.shape[0] - 1) * (heights.shape[1] - 1)
    counts = edge_counts(triangles)
    assert counts.max() == 2
    assert set(np.unique(triangles)) == set(np.flatnonzero(active))


def test_flat_land_takes_two_triangles_to_a_block_and_tilted_land_no_more() -> None:
    rows, columns = np.mgrid[0 : 2 * BLOCK + 1, 0 : 3 * BLOCK + 1]
    heights = (3.0 * rows - 2.0 * columns).astype(np.float32)
    active = triangulate(heights, np.full(heights.shape, 10.0, np.float32), block=BLOCK)
    assert len(leaf_triangles(active, block=BLOCK)) == 2 * 6


def test_forced_posts_become_vertices_and_the_mesh_stays_closed() -> None:
    heights = np.zeros((BLOCK + 1, 2 * BLOCK + 1), np.float32)
    forced = np.zeros(heights.shape, bool)
    forced[5, 7] = forced[31, 40] = True
    active = triangulate(heights, np.zeros_like(heights), block=BLOCK, forced=forced)
    triangles = leaf_triangles(active, block=BLOCK)
    assert active[5, 7]
    assert active[31, 40]
    assert {5 * heights.shape[1] + 7, 31 * heights.shape[1] + 40} <= set(np.unique(triangles))
    assert areas(triangles, heights.shape[1]).sum() == BLOCK * 2 * BLOCK
    again = active.copy()
    close(again, block=BLOCK)
    assert (again == active).all()


def test_a_single_spike_is_not_missed_wherever_it_stands() -> None:
    rng = np.random.default_rng(11)
    for row, column in rng.integers(0, BLOCK + 1, (25, 2)):
        heights = np.zeros((BLOCK + 1, BLOCK + 1), np.float32)
        heights[row, column] = 50.0
        active = triangulate(heights, np.full(heights.shape, 1 / 10, np.float32), block=BLOCK)
        assert np.abs(drawn_heights(leaf_triangles(active, block=BLOCK), heights) - heights).max() <= 10.0
