"""The tree of tiles: what is chosen, what is shown, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrain import Mesh, TerrainError
from terrain.tree import TileTree

if TYPE_CHECKING:
    from pathlib import Path

DEPTH = 6
SIDE_M = 6400.0


def strip_tile(west_m: float, east_m: float, pieces: int) -> Mesh:
    """A flat strip of land in ``2 * pieces`` triangles."""
    x = np.linspace(west_m, east_m, pieces + 1)
    vertices = np.array([(at, y, 0.0) for y in (0.0, 100.0) for at in x], np.float32)
    one = np.arange(pieces)
    up = one + pieces + 1
    faces = np.concatenate([np.stack([one, one + 1, up], 1), np.stack([one + 1, up + 1, up], 1)])
    return Mesh(vertices, faces.astype(np.int32), np.full((len(vertices), 3), 90, np.uint8))


def nothing() -> Mesh:
    return Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.int32), np.empty((0, 3), np.uint8), False)


@pytest.fixture(scope="module")
def tree() -> TileTree:
    """Binary tree over a strip of land: two roots, seven levels."""
    levels, parents, errors, lands = [], [], [], []
    below = 0
    for level in range(DEPTH + 1):
        count = 2 ** (DEPTH + 1 - level)
        above = len(levels) + count
        for tile in range(count):
            levels.append(level)
            parents.append(above + tile // 2 if level < DEPTH else -1)
            errors.append(1.0 * 2**level)
            lands.append(strip_tile(tile * SIDE_M / count, (tile + 1) * SIDE_M / count, 8))
        below += count
    return TileTree.of(
        level=levels, parent=parents, error_m=errors, lands=lands, walls=[nothing() for _ in lands]
    )


def shares(tree: TileTree, tiles: np.ndarray) -> np.ndarray:
    """How often each finest tile's area is covered by some tiles."""
    finest = tree.box_m[tree.level == 0]
    middle = finest[:, :, 0].mean(axis=1)
    boxes = tree.box_m[tiles]
    return ((boxes[:, 0, 0] < middle[:, None]) & (middle[:, None] < boxes[:, 1, 0])).sum(axis=1)


def test_each_level_is_a_whole_cover(tree: TileTree) -> None:
    for level in range(tree.levels):
        assert (shares(tree, tree.of_level(level)) == 1).all()
    for tile in range(len(tree)):
        children = tree.children[tile][tree.children[tile] >= 0]
        assert (tree.parent[children] == tile).all()
        assert bool(len(children)) == (tree.level[tile] > 0)


@pytest.mark.parametrize("most", [0, 100, 500, 10_000])
def test_what_is_chosen_covers_once_and_keeps_to_the_budget(tree: TileTree, most: int) -> None:
    eye = (2000.0, 50.0, 30.0)
    chosen = tree.choose(eye, pixel_angle=0.001, most_error_px=1.0, most_triangles=most)
    assert (shares(tree, chosen) == 1).all()
    roots = int(tree.triangles[tree.parent < 0].sum())
    assert tree.triangles[chosen].sum() <= max(most, roots)
    again = tree.choose(eye, pixel_angle=0.001, most_error_px=1.0, most_triangles=most)
    assert np.array_equal(chosen, again)
    if most == 10_000:
        error = tree.error_px(eye, pixel_angle=0.001)
        assert (error[chosen][tree.level[chosen] > 0] <= 1.0).all()
        parents = tree.parent[chosen]
        assert (error[parents[parents >= 0]] > 1.0).all(), "nothing is finer than it must be"
        near = shares(tree, chosen[tree.level[chosen] == 0])
        assert near[np.argmin(np.abs(np.arange(128) * 50.0 - 2000))] == 1


def test_without_need_for_a_budget_the_same_is_chosen_as_step_by_step(
    tree: TileTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(6)
    asked = [
        {
            "eye_m": rng.uniform(-3000.0, 3000.0, 3),
            "pixel_angle": 1e-3,
            "most_error_px": float(10.0 ** rng.uniform(-2.0, 2.0)),
            "most_triangles": int(tree.triangles.sum() * 10.0 ** rng.uniform(-1.5, 0.5)),
        }
        for _ in range(80)
    ]
    at_once = [tree.choose(**each).tolist() for each in asked]
    found = [
        tree._refined(tree.error_px(e["eye_m"], pixel_angle=1e-3) > e["most_error_px"], 10**9) for e in asked
    ]
    assert len({tuple(each.tolist()) for each in found if each is not None}) > 5
    monkeypatch.setattr(TileTree, "_refined", lambda *_: None)
    assert at_once == [tree.choose(**each).tolist() for each in asked]


def test_the_error_on_the_screen_is_that_of_the_nearest_point(tree: TileTree) -> None:
    error = tree.error_px((-100.0, 50.0, 0.0), pixel_angle=0.01)
    assert error[0] == pytest.approx(1.0 / (100.0 * 0.01))
    assert error[-1] == pytest.approx(64.0 / (3300.0 * 0.01))
    assert tree.error_px((3.0, 50.0, 0.0), pixel_angle=0.01)[0] == pytest.approx(100.0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.2, 0.5, 0.8, 0.97, 1.0]))
def test_what_is_shown_has_no_hole_and_no_overlap(seed: int, share: float, tree: TileTree) -> None:
    rng = np.random.default_rng(seed)
    wanted = tree.choose(
        (rng.uniform(0, SIDE_M), 50.0, 20.0), pixel_angle=0.002, most_error_px=1.0, most_triangles=900
    )
    ready = set(np.flatnonzero((rng.random(len(tree)) < share) | (tree.parent < 0)).tolist())
    shown = tree.shown(wanted, ready)
    assert set(shown.tolist()) <= ready
    assert (shares(tree, shown) == 1).all()
    if set(wanted.tolist()) <= ready:
        assert np.array_equal(shown, wanted)


def test_children_stand_in_for_a_tile_that_is_not_ready(tree: TileTree) -> None:
    wanted = tree.of_level(3)
    missing = int(wanted[2])
    below = tree.children[missing][:2].tolist()
    ready = {*wanted.tolist(), *below, *tree.of_level(DEPTH).tolist()} - {missing}
    assert set(tree.shown(wanted, ready).tolist()) == {*wanted.tolist(), *below} - {missing}
    ancestor = int(tree.parent[tree.parent[missing]])
    shown = set(tree.shown(wanted, (ready - {below[0]}) | {ancestor}).tolist())
    assert ancestor in shown
    assert (shares(tree, np.array(sorted(shown))) == 1).all()
    assert len(shown) == len(wanted) - 4 + 1


def test_with_nothing_ready_nothing_is_shown(tree: TileTree) -> None:
    assert tree.shown(tree.of_level(0), set()).size == 0


def test_a_saved_tree_opens_the_same(tree: TileTree, tmp_path: Path) -> None:
    tree.save(tmp_path)
    opened = TileTree.open(tmp_path)
    for name in ("level", "parent", "error_m", "children", "box_m", "triangles"):
        assert np.array_equal(getattr(opened, name), getattr(tree, name))
    for tile in (0, 77, len(tree) - 1):
        assert np.array_equal(opened.land(tile).vertices_m, tree.land(tile).vertices_m)
        assert opened.wall(tile) is None


@pytest.mark.parametrize(
    ("name", "tile", "value"),
    [
        ("level", 0, 1),
        ("level", 0, -1),
        ("level", -1, 2_000_000_000),
        ("parent", 0, -1),
        ("parent", 0, -7),
        ("parent", 0, 1),
        ("parent", 3, 2_000_000_000),
        ("parent", -1, 253),
        ("error_m", 5, np.nan),
        ("error_m", 5, -1.0),
    ],
)
def test_what_is_no_tree_is_refused(
    tree: TileTree, tmp_path: Path, name: str, tile: int, value: float
) -> None:
    tree.save(tmp_path)
    path = tmp_path / f"tree_{name}.npy"
    array = np.load(path)
    array[tile] = value
    np.save(path, array)
    with pytest.raises(TerrainError, match="prepare the stage again"):
        TileTree.open(tmp_path)


def test_positions_that_are_no_numbers_are_refused(tree: TileTree, tmp_path: Path) -> None:
    tree.save(tmp_path)
    path = tmp_path / "tree_land_vertices_m.npy"
    array = np.load(path)
    array[100, 2] = np.inf
    np.save(path, array)
    with pytest.raises(TerrainError, match="damaged"):
        TileTree.open(tmp_path)
