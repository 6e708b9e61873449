"""The road up Mont Ventoux is seen wherever the mountain does not hide it, and nowhere else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from render_scenes import ROAD_RGB, frame
from scipy.ndimage import maximum_filter

from terrain import MeshSampler
from tracker3d.render import Offscreen
from tracker3d.scene import build_scene
from tracker3d.scene.projection import project
from tracker3d.stage import open_package

pytestmark = pytest.mark.real

SIZE = (1280, 720)


@pytest.fixture(scope="module")
def ventoux(ventoux_package):
    """The scene with a road in one colour and no gates, and the exact heights of its ground."""
    opened = open_package(ventoux_package)
    scene = build_scene(opened.stage, opened.ground)
    colours = np.tile(np.array(ROAD_RGB, np.uint8), (len(scene.road.distance_m), 1))
    land = [tile for tile in opened.ground.tiles(0) if tile.draped]
    starts = np.cumsum([0, *(len(tile.vertices_m) for tile in land[:-1])])
    faces = np.concatenate([tile.faces + start for tile, start in zip(land, starts, strict=True)])
    heights = MeshSampler(np.concatenate([tile.vertices_m for tile in land]), faces)
    plain = dataclasses.replace(scene.road, colours=colours)
    return dataclasses.replace(scene, road=plain, gates=()), heights


def clearance_m(heights: MeshSampler, eye, points):
    """Return the least height of each line of sight over the tiles, but for its last 8 m."""
    rays = eye + (points[:, None] - eye) * np.linspace(0.0, 1.0, 600)[None, :, None]
    over = rays[..., 2] - heights.sample(rays[..., 0], rays[..., 1])
    over[np.isnan(over) | (np.linalg.norm(points[:, None] - rays, axis=-1) < 8.0)] = np.inf
    return over.min(axis=1)


def without_road(scene):
    """Return the scene with two samples of its road left."""
    fields = {field.name: getattr(scene.road, field.name)[:2] for field in dataclasses.fields(scene.road)}
    return dataclasses.replace(scene, road=dataclasses.replace(scene.road, **fields))


@pytest.mark.parametrize("detail", [0, 1])
def test_road_is_seen_where_the_mountain_does_not_hide_it(ventoux, detail):
    scene, heights = ventoux
    road = scene.road.positions_m[~scene.road.hidden].astype(float)[::6]
    checked = hidden_checked = 0
    with Offscreen(SIZE, supersample=False) as target, Offscreen(SIZE, supersample=False) as without:
        for each, shown in ((target, scene), (without, without_road(scene))):
            each._view.set_quality(still=detail == 0, smooth=False)
            each.set_stage(shown)
        for share, offset in (
            (0.1, (0, 0, 25)),
            (0.42, (-1500, -1500, 900)),
            (0.6, (6000, -9000, 4000)),
            (0.75, (0, 0, 25)),
        ):
            near = road[int(share * len(road))]
            ahead = road[int(share * len(road)) + 13] if offset[0] == 0 else near
            view = frame(near + offset, ahead, size_px=SIZE)
            target.set_frame(view)
            without.set_frame(view)
            picture, bare = target.picture().astype(int), without.picture().astype(int)
            px, depth = project(view.camera, SIZE, road)
            inside = (depth > 0) & (px > 3).all(axis=1) & (px < np.array(SIZE) - 4).all(axis=1)
            mask = np.abs(picture - bare).max(axis=-1) > 8
            column, row = np.floor(px[inside]).astype(int).T
            clearance = clearance_m(heights, view.camera.eye_m, road[inside])
            seen, hidden = clearance > 0.5, clearance < -40.0
            assert maximum_filter(mask, 3)[row[seen], column[seen]].all()
            apart = np.linalg.norm(px[inside][hidden][:, None] - px[inside][seen], axis=-1).min(
                axis=1, initial=1e9
            )
            assert not mask[row[hidden], column[hidden]][apart > 5.0].any()
            checked += int(seen.sum())
            hidden_checked += int((apart > 5.0).sum())
    assert checked > 500
    assert hidden_checked > 30
