"""The drawn ground: on the data, under the road, without cracks, and the same after saving."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import Affine

from terrain import (
    CoverageError,
    ElevationGrid,
    Ground,
    GroundLine,
    LocalFrame,
    MeshSampler,
    TerrainError,
    build_ground,
    levels,
)
from terrain.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terrain import Mesh, Texture

FRAME = LocalFrame(6.0, 45.0)
HALF_WIDTH_M = 1500.0
MAX_ERROR_M = 2.0


def hills(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rough = 25 * np.sin(x / 90) * np.cos(y / 110)
    return 800 + 150 * np.sin(x / 700) * np.cos(y / 900) + 0.08 * x + rough


def winding_line() -> GroundLine:
    x = np.arange(-4000.0, 4000.1, 10.0)
    y = 400 * np.sin(x / 600) + 120 * np.sin(x / 130)
    return GroundLine(x, y, hills(x, y) + 5.0)


@pytest.fixture(scope="module")
def dem_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Elevation data in cells of 25 m for the eastern part of the line only, in the line's own frame."""
    path = tmp_path_factory.mktemp("dem") / "east.tif"
    x = -1000 + np.arange(300) * 25.0
    y = 2500 - np.arange(200) * 25.0
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": 1, "crs": FRAME.crs.to_wkt(),
        "height": 200, "width": 300, "transform": Affine(25, 0, -1012.5, 0, -25, 2512.5),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(hills(x[None, :], y[:, None]).astype(np.float32), 1)
    return path


@pytest.fixture(scope="module")
def ground(dem_path: Path) -> Iterator[Ground]:
    """A small ground in small tiles, so that there are three levels of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "TILE_TRIANGLES", 1024)
        patch.setattr(levels, "_ROOT_TRIANGLES", 2000)
        yield build_ground(
            FRAME,
            line=winding_line(),
            dem_paths=[dem_path],
            half_width_m=HALF_WIDTH_M,
            max_error_m=MAX_ERROR_M,
        )


def land_of(ground: Ground, level: int) -> tuple[np.ndarray, np.ndarray]:
    """All land of a level as one mesh."""
    return joined([mesh for mesh in ground.tiles(level) if mesh.draped])


def joined(tiles: list[Mesh]) -> tuple[np.ndarray, np.ndarray]:
    """Tiles as one mesh; equal positions become one vertex."""
    starts = np.cumsum([0, *(len(mesh.vertices_m) for mesh in tiles)])
    vertices = np.concatenate([mesh.vertices_m for mesh in tiles])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(tiles, starts, strict=False)])
    unique, back = np.unique(vertices, axis=0, return_inverse=True)
    return unique, back.reshape(-1)[faces]


def border_of(faces: np.ndarray) -> np.ndarray:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, index, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    assert count.max() == 2, "no edge may have three triangles"
    return edges[index[count == 1]]


def mixed_cover(ground: Ground, rng: np.random.Generator) -> list[int]:
    """Some whole cover of tiles of all levels."""
    tree, cover = ground.tree, []
    waiting = np.flatnonzero(tree.parent < 0).tolist()
    while waiting:
        tile = waiting.pop()
        children = tree.children[tile][tree.children[tile] >= 0].tolist()
        if children and rng.random() < 0.6:
            waiting += children
        else:
            cover.append(tile)
    return cover


@pytest.mark.parametrize("seed", range(12))
def test_tiles_of_any_levels_fit_each_other_land_and_wall(ground: Ground, seed: int) -> None:
    cover = mixed_cover(ground, np.random.default_rng(seed))
    vertices, faces = joined([ground.tree.land(tile) for tile in cover])
    border = border_of(faces)
    assert (np.bincount(border.ravel())[np.unique(border)] == 2).all(), "the border is closed, without a slit"
    a, b, c = (vertices[faces[:, k], :2].astype(float) for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    assert area.min() > 0
    assert area.sum() / 2 == pytest.approx(area_of(ground, 0), rel=0.01)
    walls = [wall for wall in map(ground.tree.wall, cover) if wall is not None]
    corners, sides = joined(walls)
    top = {tuple(position) for position in corners[corners[:, 2] != np.float32(ground.base_m)].tolist()}
    assert top == {tuple(position) for position in vertices[np.unique(border)].tolist()}
    open_edges = border_of(sides)
    heights = corners[open_edges, 2]
    foot = np.float32(ground.base_m)
    level = (heights == foot).all(axis=1) | (heights != foot).all(axis=1)
    assert level.all(), "the wall is open above and below only"
    line = winding_line()
    above = ground.z_drawn_m - MeshSampler(vertices, faces).sample(line.x_m, line.y_m)
    assert above.min() > 0
    assert above.max() < 1


def area_of(ground: Ground, level: int) -> float:
    vertices, faces = land_of(ground, level)
    a, b, c = (vertices[faces[:, k], :2].astype(float) for k in range(3))
    return float((b[:, 0] - a[:, 0]) @ (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) @ (c[:, 0] - a[:, 0])) / 2


def test_tiles_are_small_and_coarser_levels_have_fewer_triangles(ground: Ground) -> None:
    tree = ground.tree
    assert tree.levels == 3
    assert tree.triangles.max() < 65_536
    totals = [tree.triangles[tree.of_level(level)].sum() for level in range(3)]
    assert totals[1] < 0.85 * totals[0]
    assert totals[2] < 0.85 * totals[1]
    assert [ground.level_within(int(total)) for total in totals] == [0, 1, 2]
    assert ground.level_within(10) == 2


def test_the_mesh_follows_the_data_near_the_road(ground: Ground) -> None:
    vertices, faces = land_of(ground, 0)
    rng = np.random.default_rng(3)
    x = rng.uniform(500, 3500, 8000)
    y = 400 * np.sin(x / 600) + 120 * np.sin(x / 130) + rng.uniform(-280, 280, 8000)
    error = MeshSampler(vertices, faces).sample(x, y) - hills(x, y)
    # The bound holds at the posts; between them land of this roughness bends by up to half a metre more.
    assert np.abs(error).max() < MAX_ERROR_M + 0.6
    assert np.abs(error).mean() < 0.8


@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_meet_without_cracks_and_the_edge_keeps_its_distance(ground: Ground, level: int) -> None:
    vertices, faces = land_of(ground, level)
    border = border_of(faces)
    assert (np.bincount(border.ravel())[np.unique(border)] == 2).all(), "the border is closed, without a slit"
    line = winding_line().densified(5.0)
    edge = vertices[np.unique(border), :2]
    distance = np.min(np.hypot(edge[:, :1] - line.x_m, edge[:, 1:] - line.y_m), axis=1)
    assert distance.min() > 0.9 * HALF_WIDTH_M
    a, b, c = (vertices[faces[:, k], :2].astype(float) for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    assert (area > 0).all()


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_wall_hangs_from_the_edge_down_to_one_foot(ground: Ground, level: int) -> None:
    vertices, faces = land_of(ground, level)
    edge = {tuple(position) for position in vertices[np.unique(border_of(faces))].tolist()}
    walls = [mesh for mesh in ground.tiles(level) if not mesh.draped]
    corners = np.concatenate([mesh.vertices_m for mesh in walls])
    foot = corners[:, 2] == np.float32(ground.base_m)
    assert {tuple(position) for position in corners[~foot].tolist()} == edge
    assert ground.base_m < vertices[:, 2].min()
    for mesh in walls:
        a, b, c = (mesh.vertices_m[mesh.faces[:, k]].astype(float) for k in range(3))
        outward = np.cross(b - a, c - a)[:, :2]
        middle = (a + b + c)[:, :2] / 3 + outward / np.linalg.norm(outward, axis=1, keepdims=True)
        assert np.isnan(MeshSampler(vertices, faces).sample(*middle.T)).mean() > 0.95, (
            "walls face away from land"
        )


def test_the_road_lies_on_all_levels(ground: Ground) -> None:
    line = winding_line()
    assert not ground.on_structure.any()
    along = np.arange(0, len(line.x_m) - 1.001, 0.137)
    x, y, z = (np.interp(along, np.arange(len(line.x_m)), v) for v in (line.x_m, line.y_m, ground.z_drawn_m))
    for level in range(ground.levels):
        above = z - MeshSampler(*land_of(ground, level)).sample(x, y)
        assert above.min() > 0
        assert above.max() < 1


def test_the_apron_carries_the_road_and_meets_the_data_without_a_cliff(ground: Ground) -> None:
    line = winding_line()
    assert 0.55 < ground.covered.mean() < 0.70
    assert ground.covered[line.x_m > -950].all()
    assert not ground.covered[line.x_m < -1050].any()
    apron = line.x_m < -1100
    assert np.abs(ground.z_drawn_m - line.height_m)[apron].max() < MAX_ERROR_M + 1
    sampler = MeshSampler(*land_of(ground, 0))
    y = np.linspace(-1000, 1000, 41)[:, None]
    across = sampler.sample(np.arange(-2500.0, 0.0, 20.0)[None, :], y)
    inside = sampler.sample(np.arange(0.0, 2500.0, 20.0)[None, :], y)
    steepest = [np.nanmax(np.abs(np.diff(heights, axis=1))) for heights in (across, inside)]
    assert steepest[0] < 1.05 * steepest[1]


def test_ground_without_any_data_is_calm_and_passes_through_the_road() -> None:
    line = winding_line()
    ground = build_ground(FRAME, line=line, half_width_m=HALF_WIDTH_M)
    assert not ground.covered.any()
    assert np.abs(ground.z_drawn_m - line.height_m).max() < MAX_ERROR_M + 1
    heights = np.concatenate([mesh.vertices_m[:, 2] for mesh in ground.tiles(0) if mesh.draped])
    assert heights.min() > line.height_m.min() - 15
    assert heights.max() < line.height_m.max() + 15


def test_relief_is_the_drawn_land_and_its_foot_elsewhere(ground: Ground) -> None:
    vertices, faces = land_of(ground, 0)
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-3500, 3500, 500), rng.uniform(-500, 500, 500)
    difference = ground.relief.sample(x, y) - MeshSampler(vertices, faces).sample(x, y)
    assert np.abs(difference).mean() < 8
    west, south, _, _ = ground.relief.bounds_m
    assert ground.relief.sample(west, south) == pytest.approx(ground.base_m)


def test_texture_and_vertices_have_the_same_colours_in_the_same_places(ground: Ground) -> None:
    west, south, east, north = ground.texture.bounds_m
    height, width = ground.texture.image.shape[:2]
    for mesh in ground.tiles(0):
        if not mesh.draped:
            continue
        u = (mesh.vertices_m[:, 0] - west) / (east - west)
        v = (mesh.vertices_m[:, 1] - south) / (north - south)
        assert ((u > 0) & (u < 1) & (v > 0) & (v < 1)).all()
        column = np.minimum((u * width).astype(int), width - 1)
        row = np.minimum(((1 - v) * height).astype(int), height - 1)
        there = ground.texture.image[row, column].astype(int)
        assert (np.abs(there - mesh.colours).max(axis=1) <= 12).mean() > 0.97


def test_saved_ground_opens_the_same(ground: Ground, tmp_path: Path) -> None:
    ground.save(tmp_path)
    opened = Ground.open(tmp_path)
    assert opened.levels == ground.levels == 3
    for level in range(3):
        for ours, theirs in zip(ground.tiles(level), opened.tiles(level), strict=True):
            for name in ("vertices_m", "faces", "colours"):
                assert np.array_equal(getattr(ours, name), getattr(theirs, name))
            assert ours.draped == theirs.draped
    for name in ("z_drawn_m", "on_structure", "covered"):
        assert np.array_equal(getattr(ground, name), getattr(opened, name))
    assert np.array_equal(ground.texture.image, opened.texture.image)
    assert opened.texture.bounds_m == ground.texture.bounds_m
    assert np.array_equal(ground.relief.heights_m, opened.relief.heights_m)
    assert (opened.base_m, opened.messages, opened.credits) == (
        ground.base_m,
        ground.messages,
        ground.credits,
    )


def pictured(ground: Ground) -> list[int]:
    return [tile for tile in range(len(ground.tree)) if ground.picture(tile) is not None]


def test_pictures_are_of_the_finest_tiles_beside_the_road_and_reach_beyond_them(ground: Ground) -> None:
    tree, line = ground.tree, winding_line()
    tiles = pictured(ground)
    assert tiles
    assert (tree.level[tiles] == 0).all()
    for tile in tiles:
        west, south, east, north = ground.picture(tile).bounds_m
        (x0, y0), (x1, y1) = tree.box_m[tile, :, :2]
        assert west < x0 < x1 < east
        assert south < y0 < y1 < north
    found = np.zeros(len(line.x_m), bool)
    for tile in tiles:
        mesh = tree.land(tile)
        found |= MeshSampler(mesh.vertices_m, mesh.faces).find(line.x_m, line.y_m) >= 0
    assert found.all(), "all of the road lies on tiles with pictures"


def test_pictures_agree_where_they_overlap_and_with_the_texture(ground: Ground) -> None:
    def colour_at(texture: Texture, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        west, south, east, north = texture.bounds_m
        height, width = texture.image.shape[:2]
        column = ((x - west) / (east - west) * width).astype(int)
        row = ((north - y) / (north - south) * height).astype(int)
        return texture.image[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)].astype(int)

    rng = np.random.default_rng(2)
    compared = 0
    pictures = [ground.picture(tile) for tile in pictured(ground)]
    for number, first in enumerate(pictures):
        for second in pictures[number + 1 :]:
            low = np.maximum(first.bounds_m[:2], second.bounds_m[:2]) + 5
            high = np.minimum(first.bounds_m[2:], second.bounds_m[2:]) - 5
            if (high > low).all():
                x, y = rng.uniform(low, high, (400, 2)).T
                compared += 1
                assert np.abs(colour_at(first, x, y) - colour_at(second, x, y)).mean() < 3
                assert np.abs(colour_at(first, x, y) - colour_at(ground.texture, x, y)).mean() < 8
    assert compared


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_reduced_pictures_are_means_of_squares_in_the_same_place(ground: Ground, reduction: int) -> None:
    for tile in pictured(ground)[:3]:
        whole, found = ground.picture(tile), ground.picture(tile, reduction)
        height, width = whole.image.shape[:2]
        assert found.image.shape == (-(-height // reduction), -(-width // reduction), 3)
        west, south, east, north = whole.bounds_m
        step_m = (east - west) / width
        assert found.bounds_m == pytest.approx(
            (
                west,
                north - (north - south) / height * reduction * found.image.shape[0],
                west + step_m * reduction * found.image.shape[1],
                north,
            )
        )
        rows, columns = height // reduction, width // reduction
        squares = whole.image[: rows * reduction, : columns * reduction].astype(float)
        means = squares.reshape(rows, reduction, columns, reduction, 3).mean(axis=(1, 3))
        off = np.abs(found.image[:rows, :columns] - means)
        assert np.quantile(off, 0.95) < 6.0
        # Moved by half a square it would fit worse.
        moved = np.abs(found.image[: rows - 1, : columns - 1] - means[1:, 1:])
        assert off.mean() < 0.5 * moved.mean()


def test_a_picture_smaller_than_the_reduction_is_one_pixel(ground: Ground) -> None:
    data = io.BytesIO()
    Image.new("RGB", (3, 2), (200, 100, 50)).save(data, "JPEG", quality=95)
    bounds_m = np.array([[0.0, 0.0, 30.0, 20.0]])
    found = Pictures(bounds_m, {0: data.getvalue()}).read(0, 4)
    assert found.image.shape == (1, 1, 3)
    assert found.bounds_m == pytest.approx((0.0, -20.0, 40.0, 20.0))
    assert np.abs(found.image[0, 0].astype(int) - [200, 100, 50]).max() < 6


def test_pictures_are_kept_and_damaged_ones_are_told(ground: Ground, tmp_path: Path) -> None:
    ground.save(tmp_path)
    opened = Ground.open(tmp_path)
    assert pictured(opened) == pictured(ground)
    first, second, *_ = pictured(ground)
    assert np.array_equal(opened.picture(first).image, ground.picture(first).image)
    (tmp_path / "pictures" / f"{first}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (tmp_path / "pictures" / f"{second}.jpg").unlink()
    for tile in (first, second):
        with pytest.raises(TerrainError, match="prepare the stage again"):
            opened.picture(tile)
    with pytest.raises(TerrainError, match="prepare the stage again"):
        Ground.open(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "cut", "index", "pickle", "version"])
def test_damaged_ground_is_refused_in_words(ground: Ground, tmp_path: Path, damage: str) -> None:
    ground.save(tmp_path)
    faces = tmp_path / "tree_land_faces.npy"
    if damage == "missing":
        faces.unlink()
    elif damage == "cut":
        faces.write_bytes(faces.read_bytes()[:-500])
    elif damage == "index":
        wrong = np.load(faces)
        wrong[0, 0] = 10_000_000
        np.save(faces, wrong)
    elif damage == "pickle":
        np.save(faces, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        manifest = tmp_path / "ground.json"
        manifest.write_text(manifest.read_text().replace('"version": 2', '"version": 99'))
    with pytest.raises(TerrainError, match="prepare the stage again"):
        Ground.open(tmp_path)


def test_exaggeration_is_applied_to_what_is_drawn_and_only_there(dem_path: Path) -> None:
    steep = LocalFrame(6.0, 45.0, vertical_exaggeration=2.0)
    line = winding_line()
    ground = build_ground(steep, line=line, dem_paths=[dem_path], half_width_m=600.0)
    road = steep.drawn(line.x_m, line.y_m, ground.z_drawn_m)
    on_mesh = MeshSampler(*land_of(ground, 0)).sample(line.x_m, line.y_m)
    assert (road[:, 2] - on_mesh).min() > 0
    assert (road[:, 2] - on_mesh).max() < 2
    assert np.abs(ground.z_drawn_m - line.height_m).max() < 20


def test_heights_at_hand_serve_instead_of_files() -> None:
    line = winding_line()
    rows, columns = np.mgrid[0:201, 0:401]
    heights = hills(-5000 + 25.0 * columns, -2500 + 25.0 * rows).astype(np.float32)
    covered = np.ones(heights.shape, bool)
    grid = ElevationGrid(heights, -5000.0, -2500.0, 25.0, covered, ~covered)
    ground = build_ground(FRAME, line=line, elevation=grid, half_width_m=HALF_WIDTH_M)
    assert ground.covered.all()
    assert np.abs(ground.z_drawn_m - hills(line.x_m, line.y_m)).max() < MAX_ERROR_M + 1.5


def test_data_of_another_region_are_refused(dem_path: Path) -> None:
    line = winding_line()
    far = GroundLine(line.x_m + 60_000, line.y_m, line.height_m)
    with pytest.raises(CoverageError, match=r"east\.tif: covers no part of the road"):
        build_ground(FRAME, line=far, dem_paths=[dem_path])


def test_unknown_road_heights_come_from_the_data(dem_path: Path) -> None:
    line = winding_line()
    blank = GroundLine(line.x_m, line.y_m, np.full(len(line.x_m), np.nan))
    ground = build_ground(FRAME, line=blank, dem_paths=[dem_path], half_width_m=600.0)
    east = line.x_m > 500
    assert np.abs(ground.z_drawn_m - hills(line.x_m, line.y_m))[east].max() < MAX_ERROR_M + 0.6
    assert np.isfinite(ground.z_drawn_m).all()


def test_imagery_shows_where_it_covers(dem_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 3,
        "crs": FRAME.crs.to_wkt(),
        "height": 50,
        "width": 50,
    }
    with rasterio.open(path, "w", **profile, transform=Affine(20, 0, 1000, 0, -20, 500)) as dataset:
        dataset.write(np.stack([np.full((50, 50), value, np.uint8) for value in (220, 30, 30)]))
    ground = build_ground(
        FRAME, line=winding_line(), dem_paths=[dem_path], drape_paths=[path], half_width_m=600.0
    )
    vertices = np.concatenate([mesh.vertices_m for mesh in ground.tiles(0) if mesh.draped])
    colours = np.concatenate([mesh.colours for mesh in ground.tiles(0) if mesh.draped]).astype(int)
    red = colours[:, 0] > colours[:, 1] + 60
    x, y = vertices[:, 0], vertices[:, 1]
    inside = (x > 1060) & (x < 1940) & (y > -440) & (y < 440)
    outside = (x < 940) | (x > 2060) | (y < -560) | (y > 560)
    assert red[inside].mean() > 0.97
    assert not red[outside].any()


def test_displaced_data_are_noticed(tmp_path: Path) -> None:
    x = -5000 + np.arange(400) * 25.0
    y = 2500 - np.arange(200) * 25.0
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "crs": FRAME.crs.to_wkt(),
        "height": 200,
        "width": 400,
    }
    for shift, noticed in ((0.0, False), (40.0, True)):
        path = tmp_path / f"shift{shift:.0f}.tif"
        with rasterio.open(
            path, "w", **profile, transform=Affine(25, 0, -5012.5 + shift, 0, -25, 2512.5)
        ) as dataset:
            dataset.write(hills(x[None, :], y[:, None]).astype(np.float32), 1)
        ground = build_ground(FRAME, line=winding_line(), dem_paths=[path], half_width_m=600.0)
        said = [message for message in ground.messages if "to the east" in message]
        assert bool(said) == noticed


def test_land_is_cut_and_dammed_under_the_road_and_left_alone_beside_it() -> None:
    x = -5000 + 25.0 * np.mgrid[0:201, 0:401][1]
    spur = 30 * np.exp(-(((x - 500) / 80) ** 2))
    dip = -20 * np.exp(-(((x + 1500) / 90) ** 2))
    heights = (900 + 0.04 * x + spur + dip).astype(np.float32)
    covered = np.ones(heights.shape, bool)
    grid = ElevationGrid(heights, -5000.0, -2500.0, 25.0, covered, ~covered)
    at = np.arange(-4000.0, 4000.1, 10.0)
    line = GroundLine(at, np.zeros_like(at), 892 + 0.04 * at)
    ground = build_ground(FRAME, line=line, elevation=grid, half_width_m=800.0)
    assert not ground.on_structure.any()
    inner = np.abs(at) < 3800
    # The usual difference of 8 m is kept; the spur and the dip, up to 40 % steep, are not.
    assert np.abs(ground.z_drawn_m - line.height_m - 8)[inner].max() < 6
    gradient = np.abs(ground.z_drawn_m[6:] - ground.z_drawn_m[:-6]) / 60
    assert gradient.max() < 0.10
    sampler = MeshSampler(*land_of(ground, 0))
    beside = np.array([300.0, 500.0, 700.0, -1500.0])
    assert sampler.sample(beside, 250.0) == pytest.approx(grid.sample(beside, 250.0), abs=MAX_ERROR_M + 0.5)


def with_void(width_m: float, at_y_m: float) -> tuple[str, ...]:
    x = np.arange(-1500.0, 6501.0, 30.0)
    y = np.arange(-1500.0, 1501.0, 30.0)
    heights = (400 + 0.02 * x[None, :] + 0.05 * y[:, None]).astype(np.float32)
    heights[np.ix_(np.abs(y - at_y_m) < width_m / 2, np.abs(x - 2500) < width_m / 2)] = np.nan
    grid = ElevationGrid(heights, -1500.0, -1500.0, 30.0, ~np.isnan(heights), np.zeros(heights.shape, bool))
    along = np.arange(0.0, 5001.0, 20.0)
    line = GroundLine(along, np.zeros_like(along), 400 + 0.02 * along)
    return build_ground(FRAME, line=line, elevation=grid, half_width_m=1200.0).messages


def test_voids_are_told_where_they_matter() -> None:
    assert with_void(200, 900) == ()
    (beside,) = with_void(700, 0)
    assert "voids" in beside
    assert "of the road" in beside
