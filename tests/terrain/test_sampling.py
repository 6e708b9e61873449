"""Exact heights on triangles, against a search through all of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import Delaunay

from terrain import MeshSampler


def by_search(vertices: np.ndarray, faces: np.ndarray, x: float, y: float) -> float:
    for a, b, c in vertices[faces]:
        weights = np.linalg.solve(np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]]), [x, y, 1])
        if (weights >= -1e-9).all():
            return float(weights @ [a[2], b[2], c[2]])
    return float("nan")


def test_agrees_with_a_search_on_triangles_of_very_different_size() -> None:
    rng = np.random.default_rng(8)
    points = np.concatenate([rng.uniform(0, 4000, (60, 2)), rng.normal(1500, 40, (200, 2))])
    vertices = np.column_stack([points, rng.uniform(0, 300, len(points))])
    faces = Delaunay(points).simplices
    sampler = MeshSampler(vertices, faces)
    at = np.concatenate([rng.uniform(-200, 4200, (150, 2)), rng.normal(1500, 40, (150, 2))])
    expected = np.array([by_search(vertices, faces, x, y) for x, y in at])
    found = sampler.sample(*at.T)
    assert (np.isnan(found) == np.isnan(expected)).all()
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_vertices_and_edges_belong_to_the_mesh() -> None:
    vertices = np.array([(0, 0, 1), (100, 0, 2), (0, 100, 3), (100, 100, 4)], float)
    sampler = MeshSampler(vertices, [(0, 1, 2), (1, 3, 2)])
    assert sampler.sample(vertices[:, 0], vertices[:, 1]) == pytest.approx([1, 2, 3, 4])
    assert sampler.sample([50, 50, 0], [50, 0, 50]) == pytest.approx([2.5, 1.5, 2.0])
    assert np.isnan(sampler.sample([-1, 101, 50, np.nan], [50, 50, -1, 5])).all()
