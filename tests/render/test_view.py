"""What is drawn stands where the scene says, and nothing hides what lies on the ground."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from render_scenes import (
    GROUND_RGB,
    ROAD_RGB,
    drawn_m,
    frame,
    gate,
    ground,
    hill_m,
    hill_scene,
    rider_frame,
    riders_at,
    road,
    road_xy,
)
from scipy.ndimage import maximum_filter

from terrain.pictures import Texture
from tracker3d.render import Offscreen
from tracker3d.render import riders as rider_module
from tracker3d.render.gates import banner
from tracker3d.render.road import on_surface
from tracker3d.render.shapes import (
    RIDER_HEIGHT_M,
    Shape,
    bicycle,
    car_body,
    car_dark,
    car_roof,
    jersey,
    marker,
    skin,
)
from tracker3d.scene.model import GateKind
from tracker3d.scene.projection import project

SIZE = (640, 360)
CAMERAS = [
    ((-1500.0, -900.0, 500.0), (-200.0, 0.0, 0.0)),
    ((1129.0, -1324.0, 208.0), (-420.0, 0.0, 0.0)),
    ((-1304.0, 1005.0, -188.0), (-209.0, 0.0, 0.0)),
]
RIDERS_M = (500.0, 1200.0, 1900.0, 2500.0)


def draw(scene, *frames, supersample=False, alpha=False):
    with Offscreen(frames[0].viewport_px, supersample=supersample, alpha=alpha) as target:
        target.set_stage(scene)
        pictures = []
        for one in frames:
            target.set_frame(one)
            pictures.append(target.picture())
    return pictures if len(frames) > 1 else pictures[0]


def is_road(rgb):
    """Tell where pixels have the road's hue, whatever haze is over them."""
    values = rgb.astype(int)
    return (values[..., 0] - values[..., 1] > 90) & (values[..., 2] - values[..., 1] > 60)


def is_asphalt(rgb):
    """Tell where pixels are grey or white, as asphalt and its lines are."""
    values = rgb[..., :3].astype(int)
    return np.ptp(values, axis=-1) < 20


def ray_clearance_m(eye, points, samples=1500):
    """Return the least height of each line of sight over the drawn ground, but for its last 6 m; (n,)."""
    shares = np.linspace(0.0, 1.0, samples)[None, :, None]
    rays = eye + (points[:, None] - eye) * shares
    height = rays[..., 2] - drawn_m(rays[..., 0], rays[..., 1])
    near_end = np.linalg.norm(points[:, None] - rays, axis=-1) < 6.0
    return np.where(near_end, np.inf, height).min(axis=1)


def in_sight(camera, places):
    """Tell which places on the road are well inside the picture and not hidden."""
    px, depth = project(camera, SIZE, places)
    inside = (depth > 0) & (px > 20).all(axis=1) & (px < np.array(SIZE) - 20).all(axis=1)
    return inside & (ray_clearance_m(camera.eye_m, places + np.array([0.0, 0.0, 1.0])) >= 1.0)


@pytest.mark.parametrize("supersample", [False, True])
@pytest.mark.parametrize("scale", [rider_module.MARKER_SCALE, 9.0])
def test_rider_is_drawn_where_the_projection_says(supersample, scale):
    x, y = road_xy(np.array(RIDERS_M))
    places = np.column_stack([x, y, drawn_m(x, y)])[:, None]
    people = [None, *(riders_at(place, scale=scale) for place in places)]
    views = [frame(eye, target, size_px=SIZE, riders=each) for eye, target in CAMERAS for each in people]
    pictures = draw(hill_scene(), *views, supersample=supersample)
    for number, (eye, target) in enumerate(CAMERAS):
        empty, *with_one = pictures[number * len(people) : (number + 1) * len(people)]
        for place, one in zip(places, with_one, strict=True):
            middle = place + np.array([0.0, 0.0, scale * RIDER_HEIGHT_M / 2])
            px, _ = project(frame(eye, target).camera, SIZE, middle)
            changed = (empty != one).any(axis=-1)
            if not in_sight(frame(eye, target).camera, place)[0]:
                assert not changed.any() or ray_clearance_m(np.array(eye), middle)[0] > -4.0 * scale
                continue
            rows, columns = np.nonzero(changed)
            assert len(rows)
            centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
            assert np.abs(centre - px[0]).max() < 1.0


def test_some_rider_of_every_camera_is_in_sight():
    x, y = road_xy(np.array(RIDERS_M))
    places = np.column_stack([x, y, drawn_m(x, y)])
    for eye, target in CAMERAS:
        assert in_sight(frame(eye, target).camera, places).any()


@pytest.mark.parametrize("camera", range(len(CAMERAS)))
@pytest.mark.parametrize("size", [(640, 360), (1600, 900)])
def test_road_is_seen_exactly_where_the_ground_does_not_hide_it(camera, size):
    eye, target = CAMERAS[camera]
    picture = draw(hill_scene(), frame(eye, target, size_px=size))
    s = np.arange(20.0, 2850.0, 2.0)
    x, y = road_xy(s)
    points = np.column_stack([x, y, drawn_m(x, y)])
    px, depth = project(frame(eye, target).camera, size, points)
    inside = (depth > 0) & (px > 2).all(axis=1) & (px[:, 0] < size[0] - 3) & (px[:, 1] < size[1] - 3)
    clearance = ray_clearance_m(np.array(eye), points)
    seen = inside & (clearance > 0.0)
    hidden = inside & (clearance < -15.0)
    assert seen.sum() > 200
    column, row = np.floor(px).astype(int).T
    drawn = np.zeros(len(s), bool)
    bare = draw(hill_scene(road_line=road(length_m=10.0)), frame(eye, target, size_px=size))
    mask = np.abs(picture.astype(int) - bare).max(axis=-1) > 8
    drawn[inside] = mask[row[inside], column[inside]]
    assert drawn[seen & (clearance > 0.3)].all()
    assert maximum_filter(mask, 3)[row[seen], column[seen]].all()
    apart = np.linalg.norm(px[hidden][:, None] - px[seen][None], axis=-1).min(axis=1, initial=np.inf) > 5.0
    assert not drawn[hidden][apart].any()


def test_hidden_road_exists_in_the_pictures_above():
    s = np.arange(20.0, 2850.0, 5.0)
    x, y = road_xy(s)
    points = np.column_stack([x, y, drawn_m(x, y)])
    assert any((ray_clearance_m(np.array(eye), points) < -15.0).any() for eye, _ in CAMERAS)


def test_road_keeps_a_readable_width_from_afar():
    picture = draw(
        hill_scene(), frame((0.0, -60_000.0, 30_000.0), (0.0, 0.0, 0.0), size_px=(1920, 1080), fov_deg=4.0)
    )
    mask = is_road(picture)
    columns = mask.any(axis=0)
    assert columns.sum() > 150
    assert 2.0 <= np.median(mask.sum(axis=0)[columns]) <= 5.0


def seen_from(heights_m, *offsets_m, supersample=False):
    """Return the colours (n, 3) of the road beside its middle, straight from above, height by height."""
    x, y = road_xy(1471.5)
    x1, y1 = road_xy(1472.5)
    z = float(drawn_m(x, y))
    right = np.array([y1 - y, x - x1]) / np.hypot(x1 - x, y1 - y)
    places = np.array([x, y]) + np.outer(offsets_m, right)
    points = np.column_stack([places, drawn_m(*places.T)])
    views = [frame((x, y - 0.02 * height_m, z + height_m), (x, y, z), size_px=SIZE) for height_m in heights_m]
    colours = []
    for view, picture in zip(
        views, draw(hill_scene(), *views, views[0], supersample=supersample), strict=False
    ):
        px, _ = project(view.camera, SIZE, points)
        column, row = np.floor(px).astype(int).T
        colours.append(picture[row, column, :3])
    return np.concatenate(colours).astype(int)


@pytest.mark.parametrize("supersample", [False, True])
def test_near_road_is_asphalt_between_bands_in_its_colour(supersample):
    def at(*offsets_m):
        return seen_from([40.0], *offsets_m, supersample=supersample)

    assert is_road(at(-3.5, 3.5)).all()
    surface = at(-2.0, -1.0, 1.0, 2.0)
    assert is_asphalt(surface).all()
    assert ((surface.max(axis=1) > 60) & (surface.max(axis=1) < 120)).all()
    assert (at(-3.95, 3.95).max(axis=1) < 60).all()


def test_far_road_is_all_in_its_colour_and_asphalt_comes_gradually():
    colours = seen_from(60.0 * 1.06 ** np.arange(48), 1.2)
    assert is_asphalt(colours[0])
    assert is_road(colours[-1])
    assert np.abs(np.diff(colours, axis=0)).max() < 40


def test_asphalt_comes_at_the_same_distance_in_still_pictures_and_moving_ones():
    rough, smooth = (
        seen_from([120.0, 200.0, 300.0, 450.0], 1.2, supersample=still) for still in (False, True)
    )
    assert np.abs(rough - smooth).max() < 25


def test_tunnel_is_faint_and_dashed_through_the_mountain():
    line = road(hidden_m=(1000.0, 2000.0))
    eye, target = CAMERAS[0]
    picture = draw(hill_scene(road_line=line), frame(eye, target, size_px=(1600, 900)))
    s = np.arange(1100.0, 1900.0, 2.0)
    x, y = road_xy(s)
    px, _ = project(frame(eye, target).camera, (1600, 900), np.column_stack([x, y, drawn_m(x, y)]))
    column, row = np.floor(px).astype(int).T
    values = picture[row, column, :3].astype(int)
    reddish = values[:, 0] - values[:, 1] > 10
    assert 0.3 < reddish.mean() < 0.9
    assert values[reddish, 0].mean() < 0.85 * ROAD_RGB[0]


def test_ground_keeps_its_colour_near_the_camera():
    scene = hill_scene()
    z = float(hill_m(0.0, 0.0))
    picture = draw(scene, frame((0.0, -300.0, z + 900.0), (0.0, -290.0, z), size_px=SIZE))
    shares = picture[5:60, :, :3] / np.array(GROUND_RGB)
    assert shares.mean() == pytest.approx(1.0, abs=0.02)
    assert np.abs(shares - 1.0).max() < 0.12


def test_texture_lies_north_up_on_the_ground():
    terrain = ground((2, 2))
    quarters = np.zeros((200, 200, 3), np.uint8)
    quarters[:100, :100], quarters[:100, 100:] = (200, 0, 0), (0, 200, 0)
    quarters[100:, :100], quarters[100:, 100:] = (0, 0, 200), (200, 200, 0)
    terrain.texture = Texture(quarters, terrain.texture.bounds_m)
    scene = hill_scene(with_ground=terrain)
    places = np.array([[-900.0, 900.0], [900.0, 900.0], [-900.0, -900.0], [900.0, -900.0]])
    points = np.column_stack([places, hill_m(places[:, 0], places[:, 1])])
    view = frame((0.0, -100.0, 7000.0), (0.0, 0.0, 0.0), size_px=SIZE)
    picture = draw(scene, view)
    px, _ = project(view.camera, SIZE, points)
    found = [picture[int(y), int(x), :3].argmax() for x, y in px[:3]]
    assert found == [0, 1, 2]
    south_east = picture[int(px[3, 1]), int(px[3, 0])].astype(int)
    assert min(south_east[:2]) > south_east[2] + 100


def test_riders_stand_on_the_road_not_in_it():
    """From the side all of a rider's height is there: nothing of the wheels sinks into the ribbon."""
    scene = hill_scene()
    x, y = road_xy(1500.0)
    z = float(drawn_m(x, y))
    people = riders_at([[x, y, z]], heading_rad=np.pi / 2, scale=1.0)
    eye, target = (x, y - 14.0, z + 1.2), (x, y, z + 0.9)
    empty, one = draw(
        scene, frame(eye, target, size_px=(1600, 900)), frame(eye, target, size_px=(1600, 900), riders=people)
    )
    camera = frame(eye, target).camera
    (top, bottom), _ = project(camera, (1600, 900), [[x, y, z + RIDER_HEIGHT_M], [x, y, z]])
    rows = np.nonzero((empty != one).any(axis=(1, 2)))[0]
    assert rows.min() == pytest.approx(top[1], abs=6)
    assert rows.max() >= bottom[1] - 6


def test_opacity_fades_riders():
    scene = hill_scene()
    x, y = road_xy(1500.0)
    place = [[x, y, drawn_m(x, y)]]
    view = {"size_px": SIZE}
    eye, target = (x - 60.0, y - 60.0, drawn_m(x, y) + 60.0), tuple(place[0])
    empty, full, faint, none = draw(
        scene,
        frame(eye, target, **view),
        *(
            frame(eye, target, riders=riders_at(place, scale=5.0, opacity=share), **view)
            for share in (1.0, 0.4, 0.0)
        ),
    )
    strong = np.abs(full.astype(int) - empty).sum()
    assert 0.3 < np.abs(faint.astype(int) - empty).sum() / strong < 0.5
    assert (none == empty).all()


def test_riders_without_a_place_are_left_out():
    eye, target = CAMERAS[0]
    nobody, absent = draw(
        hill_scene(),
        frame(eye, target, size_px=SIZE),
        frame(eye, target, size_px=SIZE, riders=riders_at([[np.nan] * 3], scale=9.0)),
    )
    assert (nobody == absent).all()


def test_more_riders_than_before_are_all_drawn():
    eye, target = CAMERAS[0]
    x, y = road_xy(np.linspace(600.0, 2400.0, 300))
    places = np.column_stack([x, y, drawn_m(x, y)])
    few = frame(eye, target, size_px=SIZE, riders=riders_at(places[::100], scale=9.0))
    many = frame(eye, target, size_px=SIZE, riders=riders_at(places, scale=9.0))
    scene = hill_scene()
    grown = draw(scene, few, many, few)
    assert (grown[1] == draw(scene, many)).all()
    assert (grown[2] == grown[0]).all()


def test_gate_stands_across_the_road():
    arch = gate(GateKind.FINISH, "Finish", 1500.0, (240, 200, 10))
    x, y, z = map(float, arch.position_m)
    back = np.array([-np.sin(arch.heading_rad), -np.cos(arch.heading_rad)]) * 60.0
    eye, target = (x + back[0], y + back[1], z + 9.0), (x, y, z + 4.0)
    picture = draw(hill_scene(gates=(arch,)), frame(eye, target, size_px=SIZE))
    right = np.array([np.cos(arch.heading_rad), -np.sin(arch.heading_rad)])
    posts = [[x + side * 5.2 * right[0], y + side * 5.2 * right[1], z + 3.0] for side in (-1, 1)]
    px, _ = project(frame(eye, target).camera, SIZE, [*posts, [x, y, z + 3.0]])
    colours = [picture[int(v), int(u), :3].astype(int) for u, v in px]
    assert all(colour[0] > 120 and colour[2] < 40 for colour in colours[:2])
    assert colours[2][2] > 40


def test_finish_and_summits_are_known_by_their_banners():
    finish = banner(gate(GateKind.FINISH, "Arrivée", 1500.0, (245, 245, 245))).astype(int)
    assert abs(int(finish[4].max(axis=-1).mean()) - 134) < 15
    assert np.ptp(finish, axis=-1).max() < 12
    summit = banner(gate(GateKind.CLIMB, "Col", 1500.0, (224, 36, 47))).astype(int)
    edge = summit[:, :200]
    dots = edge[..., 0] - edge[..., 1] > 120
    assert 0.15 < dots.mean() < 0.5
    assert (edge[~dots].mean(axis=0) > 225).all()
    middle = summit[:20, 480:540].reshape(-1, 3)
    assert (middle == (224, 36, 47)).all()


def test_stage_can_be_replaced():
    eye, target = CAMERAS[0]
    view = frame(eye, target, size_px=SIZE)
    green, grey = hill_scene(), hill_scene(with_ground=ground(rgb=(120, 120, 120)))
    with Offscreen(SIZE) as pictures:
        found = []
        for scene in (green, grey, green):
            pictures.set_stage(scene)
            pictures.set_frame(view)
            found.append(pictures.picture())
    assert (found[0] == found[2]).all()
    assert (found[0] != found[1]).any()


def test_frame_without_a_stage_is_a_mistake_of_the_caller():
    with Offscreen(SIZE) as pictures, pytest.raises(RuntimeError):
        pictures.set_frame(rider_frame())


@pytest.mark.parametrize("shape", [bicycle(), jersey(), skin(), car_body(), car_roof(), car_dark(), marker()])
def test_shapes_face_outward_and_stand_on_the_ground(shape: Shape):
    corners = shape.points_m[shape.faces].astype(float)
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0
    assert volume > 0.0
    assert shape.points_m[:, 2].min() >= -0.01
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", flat, shape.normals[shape.faces].mean(axis=1)) >= 0.0).all()
    assert np.linalg.norm(shape.normals, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_finish_line_lies_on_a_road_that_leans_and_climbs() -> None:
    middle = np.array([(0.0, 0.0, 100.0), (0.0, 10.0, 101.0), (0.0, 20.0, 103.0)], np.float32)
    leans = np.array([4.0, 0.0, 0.6], np.float32)
    plain = road()
    leaning = dataclasses.replace(
        plain,
        positions_m=middle,
        distance_m=np.array([0.0, 10.0, 20.0]),
        colours=plain.colours[:3],
        hidden=np.zeros(3, bool),
        left_m=middle - leans,
        right_m=middle + leans,
    )
    distance_m, across = np.meshgrid([5.0, 15.0], [-1.0, 0.0, 0.5, 1.0])
    points = on_surface(leaning, distance_m, across)
    assert points[..., 0] == pytest.approx(4.0 * across)
    assert points[..., 2] == pytest.approx(0.6 * across + np.where(distance_m == 5.0, 100.5, 102.0))
