"""The road on the ground of real stages: never below what is drawn, nor a metre above, whatever is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from terrain import MeshSampler
from tracker3d.stage import open_package, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from terrain import Ground
    from terrain.tree import TileTree
    from tracker3d.stage import StagePackage

pytestmark = pytest.mark.real

EVERY_M = 1.37
ROADS = {
    "arcalis": ("andorra_arcalis.gpx", "pyrenees/N41-N42_E001.vrt"),
    "alpe": ("alpe_dhuez_from_bourg_doisans.gpx", "alpe_dhuez/alp_dheuz.tif"),
}


@pytest.fixture(scope="module", params=["foix", *ROADS])
def package(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> StagePackage:
    """Stage 4 of 2026, a third of it with elevation data, and the roads to Arcalis and Alpe d'Huez."""
    if request.param == "foix":
        path = request.getfixturevalue("foix_package")
    else:
        route, dem = ROADS[request.param]
        path = tmp_path_factory.mktemp("real") / f"{request.param}.stage"
        prepare(shared_data / "routes" / route, output=path, dem_paths=[shared_data / "dem" / dem])
    return open_package(path)


def covers(tree: TileTree) -> list[tuple[str, list[int]]]:
    """Every level, and mixtures of all of them."""
    found = [(f"level {level}", tree.of_level(level).tolist()) for level in range(tree.levels)]
    rng = np.random.default_rng(4)
    for number in range(4):
        waiting, cover = np.flatnonzero(tree.parent < 0).tolist(), []
        while waiting:
            tile = waiting.pop()
            children = [child for child in tree.children[tile].tolist() if child >= 0]
            if children and rng.random() < 0.7:
                waiting += children
            else:
                cover.append(tile)
        found.append((f"mixture {number}", cover))
    return found


def sampler_of(ground: Ground, cover: list[int]) -> MeshSampler:
    lands = [ground.tree.land(tile) for tile in cover]
    return MeshSampler(
        np.concatenate([land.vertices_m[land.faces] for land in lands]).reshape(-1, 3),
        np.arange(3 * sum(len(land.faces) for land in lands)).reshape(-1, 3),
    )


def test_the_road_lies_on_the_ground_of_any_levels(package: StagePackage) -> None:
    route, ground = package.stage.route, package.ground
    assert ground.levels >= 2
    at = np.arange(route.start_m, route.end_m, EVERY_M)
    node = np.minimum(((at - route.start_m) / route.step_m).astype(int), len(route) - 2)
    apart = route.on_structure[node] | route.on_structure[node + 1]
    covered = route.covered[node] & route.covered[node + 1]
    assert covered.sum() > 10_000 / EVERY_M
    assert apart[covered].mean() < 0.05
    x, y = route.position(at)
    z = package.stage.frame.drawn(x, y, route.z_drawn(at))[:, 2]
    for name, cover in covers(ground.tree):
        above = z - sampler_of(ground, cover).sample(x, y)
        assert not np.isnan(above).any(), name
        assert above[~apart].min() >= 0, name
        assert above[~apart].max() <= 1, name


def test_tiles_of_any_levels_leave_no_crack(package: StagePackage) -> None:
    tree = package.ground.tree
    assert tree.triangles.max() < 65_536
    for name, cover in covers(tree):
        lands = [tree.land(tile) for tile in cover]
        starts = np.cumsum([0, *(len(land.vertices_m) for land in lands[:-1])])
        faces = np.concatenate([land.faces + start for land, start in zip(lands, starts, strict=True)])
        _, back = np.unique(np.concatenate([land.vertices_m for land in lands]), axis=0, return_inverse=True)
        faces = back.reshape(-1)[faces].astype(np.int64)
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        forward, backward = edges[:, 0] << 32 | edges[:, 1], edges[:, 1] << 32 | edges[:, 0]
        assert len(np.unique(forward)) == len(forward), name
        rim = edges[~np.isin(backward, forward)]
        walls = [wall for wall in map(tree.wall, cover) if wall is not None]
        assert 2 * len(rim) == sum(len(wall.faces) for wall in walls), f"{name}: open only above the wall"


def test_errors_halve_towards_the_finest_level(package: StagePackage) -> None:
    tree = package.ground.tree
    assert tree.error_m[tree.level == 0].max() <= 20.0 + 1e-3
    for level in range(tree.levels):
        assert tree.error_m[tree.level == level].max() <= 20.0 * 2**level * (1 + 1e-4)
