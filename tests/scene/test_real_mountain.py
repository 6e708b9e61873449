"""The scene on a real mountain: Mont Ventoux from Bédoin, from its GPX file and its elevation file."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from terrain import MeshSampler
from tracker3d.scene import build_scene
from tracker3d.scene.camera import OverviewCamera, along_road
from tracker3d.scene.projection import in_sight, relief_drawn_m
from tracker3d.stage import open_package

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def ventoux(ventoux_package):
    opened = open_package(ventoux_package)
    return build_scene(opened.stage, opened.ground)


def heights_on(tiles, line):
    heights = np.full(len(line), np.nan)
    for tile in tiles:
        unknown = np.isnan(heights)
        sampler = MeshSampler(tile.vertices_m, tile.faces)
        heights[unknown] = sampler.sample(line[unknown, 0], line[unknown, 1])
    return heights


def test_the_road_lies_on_the_mountain(ventoux):
    """Middle and edges of the ribbon are on the tiles: mostly within 10 cm, nowhere below; walls excepted."""
    tiles = [tile for tile in ventoux.ground.tiles(0) if tile.draped]
    on_ground = ~np.interp(
        ventoux.road.distance_m,
        ventoux.stage.route.distance_m,
        ventoux.stage.route.on_structure.astype(float),
    ).astype(bool)
    for line in (ventoux.road.positions_m, ventoux.road.left_m, ventoux.road.right_m):
        heights = heights_on(tiles, line)
        above = (line[:, 2] - heights)[on_ground]
        assert np.isfinite(above).all()
        assert np.quantile(above, 0.95) < 0.1
        assert np.quantile(above, [0.002, 0.998]) == pytest.approx([0.0, 0.0], abs=0.4)
        assert np.abs(above).max() < 3.0
    above = (ventoux.road.positions_m[:, 2] - heights_on(tiles, ventoux.road.positions_m))[on_ground]
    assert above.min() >= 0
    assert above.max() < 1


def test_who_rides_in_the_middle_is_never_off_the_road_that_is_drawn(ventoux):
    """The ribbon has fewer points than a ride: in bends its chords must not leave the way of riders."""
    route, road = ventoux.stage.route, ventoux.road
    x_m, y_m = route.position(np.arange(0.0, route.finish_m, 0.7))
    drawn = shapely.LineString(road.positions_m[:, :2].astype(float))
    shapely.prepare(drawn)
    rides = shapely.points(x_m, y_m)
    assert shapely.dwithin(drawn, rides, 0.15).all()
    coarse = shapely.LineString(road.positions_m[::6, :2].astype(float))
    assert not shapely.dwithin(coarse, rides, 0.15).all(), "a ribbon of 30 m would be off"


def test_chase_up_the_whole_mountain_stays_clear_and_smooth(ventoux):
    places = np.arange(0.0, ventoux.stage.route.finish_m, 4.0)
    poses = [
        along_road(ventoux, distance_m, behind_m=20.0, height_m=7.0, down=0.62, fov_deg=46.0)
        for distance_m in places
    ]
    eyes = np.array([pose.eye_m for pose in poses])
    assert (eyes[:, 2] - relief_drawn_m(ventoux, eyes[:, 0], eyes[:, 1])).min() > 2.9
    drawn = np.stack(
        [
            MeshSampler(tile.vertices_m, tile.faces).sample(eyes[:, 0], eyes[:, 1])
            for tile in ventoux.ground.tiles(0)
            if tile.draped
        ]
    )
    assert (eyes[:, 2] - np.nanmax(drawn, axis=0, initial=-np.inf)).min() > 2.0
    assert np.linalg.norm(np.diff(eyes, axis=0), axis=1).max() < 4.0 * 2.5
    looks = np.array(
        [(pose.target_m - pose.eye_m) / np.linalg.norm(pose.target_m - pose.eye_m) for pose in poses]
    )
    turned = np.degrees(np.arccos(np.clip((looks[1:] * looks[:-1]).sum(axis=1), -1.0, 1.0)))
    assert turned.max() < 4.0 * 1.5


def test_overview_shows_the_road(ventoux):
    class Anything:
        scene, aspect = ventoux, 16 / 9

    pose = OverviewCamera().pose(Anything())
    assert in_sight(ventoux, pose.eye_m, ventoux.road.positions_m[::20]).mean() > 0.9
