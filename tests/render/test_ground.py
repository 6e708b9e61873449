"""The ground becomes finer where the camera looks, without holes, stalls or leaks."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from render_scenes import GROUND_RGB, frame, ground, hill_m, hill_scene, living, riders_at
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

from terrain import TerrainError, Texture
from tracker3d.render import Offscreen, SceneView, drapes, fine, shading
from tracker3d.render.batches import regions
from tracker3d.render.cover import KEPT, Cover, Detail, Load
from tracker3d.render.drapes import COARSE, Drape, Window
from tracker3d.render.frustum import GRAIN_PX, Frustum, Sight
from tracker3d.render.ground import STILL, GroundActors
from tracker3d.render.patches import KEPT_BYTES, KEPT_IN_SOFTWARE_BYTES, Patches
from tracker3d.render.shading import Shading
from tracker3d.render.textures import ImageTexture, draws_in_software
from tracker3d.render.tiles import prepare_patches, prepare_tile
from tracker3d.scene.model import CameraPose
from tracker3d.scene.projection import project

SIZE = (320, 180)
PIXEL_ANGLE = 0.0035
FAR = ((0.0, -12_000.0, 9000.0), (0.0, 0.0, 0.0))
NEAR = ((-300.0, -520.0, 420.0), (-300.0, -300.0, 0.0))


class Drawn:
    """A ground in a small window without a display; everything is released at the end."""

    def __init__(self, made, *, complete=False):
        self.window = vtkEGLRenderWindow()
        self.window.SetOffScreenRendering(True)
        self.window.SetMultiSamples(0)
        self.window.SetSize(*SIZE)
        self.renderer = vtkRenderer()
        self.window.AddRenderer(self.renderer)
        self.actors = GroundActors(self.renderer, Shading(), made, complete=complete)

    def __enter__(self):
        return self.actors, self.renderer, self.window

    def __exit__(self, *_):
        self.actors.release(self.window)
        assert self.renderer.GetActors().GetNumberOfItems() == 0
        self.window.RemoveRenderer(self.renderer)
        self.window.Finalize()


def hills(**settings):
    """Four roots, 340 tiles on four levels."""
    made = ground((2, 2), levels=4)
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def flight(steps):
    """Eyes (steps, 3) on the way from afar to a place near the ground, along it and back up."""
    far, near = np.array(FAR[0]), np.array(NEAR[0])
    share = np.sin(np.linspace(0.0, np.pi, steps))[:, None] ** 2
    eyes = far * (1 - share) + near * share
    eyes[:, 0] += 500.0 * np.sin(np.linspace(0.0, 9.0, steps))
    eyes[:, 2] = np.exp(np.log(far[2]) * (1 - share[:, 0]) + np.log(near[2]) * share[:, 0])
    return eyes


def times_covered(tree, shown):
    """Tell how often each finest tile's area is drawn."""
    count = np.zeros(len(tree), int)
    count[list(shown)] = 1
    for level in range(tree.levels - 2, -1, -1):
        tiles = tree.of_level(level)
        count[tiles] += count[tree.parent[tiles]]
    return count[tree.of_level(0)]


def settle(actors, patience_s=20.0):
    """Let workers finish all that is wanted."""
    until = time.monotonic() + patience_s
    actors.refine()
    while actors.pending:
        assert time.monotonic() < until
        actors.refine()
        time.sleep(0.001)


def drawn(renderer):
    """Return the triangles (n, 3, 3) of all actors that are visible, in an order of their own."""
    corners = []
    for actor in renderer.GetActors():
        if actor.GetVisibility():
            data = actor.GetMapper().GetInput()
            assert data.GetNumberOfCells(), "VTK complains in every frame of what has no face"
            faces = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3)
            corners.append(vtk_to_numpy(data.GetPoints().GetData())[faces])
    return sorted(map(bytes, np.concatenate(corners)))


def land(tree, tiles):
    """Return the triangles of tiles in the same order."""
    meshes = [tree.land(tile) for tile in tiles]
    return sorted(map(bytes, np.concatenate([mesh.vertices_m[mesh.faces] for mesh in meshes])))


@pytest.mark.parametrize("delay_s", [0.0, 0.02])
def test_a_flight_shows_the_whole_ground_once_at_every_frame(delay_s):
    made = hills(delay_s=delay_s)
    with Drawn(made) as (actors, renderer, _):
        at_hand, behind, finest = len(actors._tiles), 0, 99
        until = time.monotonic() + 60.0
        while finest >= made.tree.levels - 2:
            assert time.monotonic() < until
            for number, eye in enumerate(flight(150)):
                actors.see_from(Sight(eye, PIXEL_ANGLE))
                assert (times_covered(made.tree, actors.shown) == 1).all()
                if number % 15 == 0:
                    assert drawn(renderer) == land(made.tree, actors.shown)
                now = len(actors._tiles)
                assert now <= at_hand + 1, "more than one tile in a frame"
                at_hand, behind = now, behind + actors.pending
                finest = min(finest, int(made.tree.level[list(actors.shown)].min()))
        assert behind > 0, "workers were never behind: this flight proves nothing"


def test_only_what_the_camera_cannot_see_is_left_out():
    made = textured()
    rng = np.random.default_rng(8)
    size, left_out = (64, 40), 0
    with Drawn(made, complete=True) as (actors, renderer, _):
        actors.set_detail(Detail(2.0, 4000))
        for _ in range(24):
            eye = rng.uniform([-2500.0, -2500.0, 500.0], [2500.0, 2500.0, 1500.0])
            target = rng.uniform([-1600.0, -1600.0, -300.0], [1600.0, 1600.0, 300.0])
            pose = CameraPose(eye, target, rng.uniform(8.0, 70.0))
            frustum = Frustum(pose, up=(0.0, 0.0, 1.0), aspect=size[0] / size[1])
            actors.see_from(Sight(eye, PIXEL_ANGLE, frustum))
            seen, whole = drawn(renderer), land(made.tree, actors.shown)
            assert set(seen) <= set(whole)
            corners = np.frombuffer(b"".join(whole), np.float32).reshape(-1, 3, 3)
            px, depth_m = project(pose, size, corners.reshape(-1, 3))
            inside = (depth_m > 0.0) & (px >= 0.0).all(axis=1) & (px <= size).all(axis=1)
            in_sight = np.flatnonzero(inside.reshape(-1, 3).any(axis=1))
            assert {whole[number] for number in in_sight} <= set(seen)
            left_out += len(seen) < len(whole)
    assert left_out > 8


def test_regions_are_whole_families_of_a_bounded_size():
    tree = hills().tree
    finest = np.where(tree.level == 0, tree.triangles, 0)
    for most in (0, int(finest.max()), 4 * int(finest.max()), 16 * int(finest.max()), 10**9):
        region = regions(tree, most)
        held = np.bincount(region, finest, minlength=len(tree))
        joined = np.bincount(region, minlength=len(tree)) > 1
        assert (held[joined] <= most).all()
        assert (region[region] == region).all()
        inner = tree.parent >= 0
        same = region[inner] == region[tree.parent[inner]]
        assert (same | (region[inner] == np.flatnonzero(inner))).all()
        assert len(np.unique(region)) <= (len(tree) if most < 10**9 else 4)
    assert len(np.unique(regions(tree, 0))) == len(tree)


def test_at_rest_the_ground_becomes_what_is_wanted_and_stays():
    made = hills(delay_s=0.002)
    with Drawn(made) as (actors, _, _):
        eye = np.array(NEAR[0])
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        assert actors.pending
        settle(actors)
        wanted = made.tree.choose(
            eye,
            pixel_angle=PIXEL_ANGLE,
            most_error_px=STILL.most_error_px,
            most_triangles=STILL.most_triangles,
        )
        assert actors.shown == set(wanted.tolist())
        assert not actors.refine()
        actors.set_detail(Detail(4.0, 3000))
        assert made.tree.triangles[list(actors.shown)].sum() <= 3000


def test_each_arrival_brings_one_family_at_most_into_the_picture():
    made = hills()
    with Drawn(made) as (actors, _, _):
        seen: set[int] = set(actors.shown)
        actors.see_from(Sight(np.array(NEAR[0]), PIXEL_ANGLE))
        while actors.pending:
            actors.refine()
            assert len(actors.shown - seen) <= 4
            seen |= actors.shown
        assert len(seen) > 40


def test_memory_is_bounded_and_what_is_given_up_is_released():
    pixels = 6000
    limit = KEPT * pixels
    made = hills()
    with Drawn(made) as (actors, renderer, window):
        actors.set_detail(Detail(1.0, 3000))
        largest = int(made.tree.triangles.max())
        most = 0
        for east in np.linspace(-1500.0, 1500.0, 400):
            eye = np.array([east, 0.0, float(hill_m(east, 0.0)) + 60.0])
            actors.see_from(Sight(eye, PIXEL_ANGLE, pixels=pixels))
            most = max(most, actors.load.triangles)
            if not len(actors._tiles) % 7:
                window.Render()
        assert most > limit.triangles - 4 * largest, "this flight never fills the memory"
        assert most <= limit.triangles + 2 * largest
        assert actors.load.triangles == made.tree.triangles[list(actors._tiles)].sum()
        assert renderer.GetActors().GetNumberOfItems() < 10


def test_a_damaged_tile_is_counted_and_its_parent_stays():
    made = hills()
    tree, eye = made.tree, np.array(NEAR[0])
    wanted = tree.choose(eye, pixel_angle=PIXEL_ANGLE, most_error_px=0.7, most_triangles=10**6)
    bad = int(wanted[np.argmin(tree.level[wanted])])
    made.damaged = frozenset([bad])
    with Drawn(made) as (actors, _, _):
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        settle(actors)
        assert actors.faults == (f"tile {bad} is damaged",)
        assert int(tree.parent[bad]) in actors.shown
        assert bad not in actors.shown
        assert (times_covered(tree, actors.shown) == 1).all()
        assert len(actors.shown & set(wanted.tolist())) > 0.5 * len(wanted)
        for _ in range(20):
            actors.see_from(Sight(eye, PIXEL_ANGLE))
        assert len(actors.faults) == 1


def test_many_damaged_tiles_do_not_stop_the_others():
    made = hills()
    tree, eye = made.tree, np.array(NEAR[0])
    wanted = tree.choose(eye, pixel_angle=PIXEL_ANGLE, most_error_px=0.7, most_triangles=10**6)
    made.damaged = frozenset(wanted[tree.level[wanted] == 0][::2].tolist())
    assert len(made.damaged) > 8
    with Drawn(made, complete=True) as (actors, _, _):
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        assert not actors.pending
        assert (times_covered(tree, actors.shown) == 1).all()
        assert not actors.shown & made.damaged


@pytest.mark.parametrize("damaged", [(1, 2, 4), (1, 2)])
def test_an_unreadable_picture_costs_its_tile_nothing_else(monkeypatch, damaged):
    made = textured()
    eye = np.array([-300.0, -300.0, float(hill_m(-300.0, -300.0)) + 60.0])
    bad = next(
        tile
        for tile in made.pictures
        if (made.tree.box_m[tile, 0, :2] <= eye[:2]).all() and (eye[:2] <= made.tree.box_m[tile, 1, :2]).all()
    )
    others = made.picture

    def picture(tile, reduction=1):
        if tile == bad and reduction in damaged:
            raise TerrainError("p.jpg is damaged")
        return others(tile, reduction)

    monkeypatch.setattr(made, "picture", picture)
    with Drawn(made) as (actors, _, _):
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        settle(actors)
        assert bad in actors.shown
        assert actors.faults == ("p.jpg is damaged",)
        assert actors.load.texture_bytes > 0
        assert not actors.refine()


def test_closing_while_workers_read_leaves_nothing_behind():
    before = living()
    window = vtkEGLRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(0)
    window.SetSize(*SIZE)
    for _ in range(3):
        view = SceneView(window)
        for _ in range(2):
            view.set_stage(hill_scene(with_ground=hills(delay_s=0.05)))
            view.set_frame(frame(*NEAR, size_px=SIZE))
            assert view.pending
            view.render()
        view.close()
        assert not view.pending
        assert not view.refine()
    until = time.monotonic() + 10.0
    while any(thread.name.startswith("tiles") for thread in threading.enumerate()):
        assert time.monotonic() < until, "workers go on after the view is closed"
        time.sleep(0.01)
    window.Finalize()
    del window, view
    assert living() == before


def test_pictures_wait_for_all_that_they_want():
    views = [frame(*FAR, size_px=SIZE), frame(*NEAR, size_px=SIZE)]
    quick, slow = (hill_scene(with_ground=textured(delay_s=delay_s)) for delay_s in (0.0, 0.004))
    found = {}
    for scene, order in ((quick, (0, 1)), (slow, (1, 0, 1))):
        with Offscreen(SIZE, supersample=False) as target:
            target.set_stage(scene)
            for number in order:
                target.set_frame(views[number])
                found.setdefault(number, []).append(target.picture())
                assert not target._view.pending
    assert len(found[1]) == 3
    for pictures in found.values():
        assert all((one == pictures[0]).all() for one in pictures)


def waves(bounds_m, step_m):
    """A picture with soft patterns, at any fineness the same."""
    west, south, east, north = bounds_m
    x = np.arange(west + step_m / 2, east, step_m)
    y = np.arange(north - step_m / 2, south, -step_m)[:, None]
    soft = 40.0 * np.sin(x / 90.0) * np.cos(y / 70.0)
    return np.clip(np.array(GROUND_RGB) + soft[..., None], 0, 255).round().astype(np.uint8)


def textured(**settings):
    """The hills with a picture over all, and finer ones over every finest tile of the western half."""
    made = hills(**settings)
    made.texture = Texture(waves(made.texture.bounds_m, 12.5), made.texture.bounds_m)
    for tile in made.tree.of_level(0):
        (west, south, _), (east, north, _) = made.tree.box_m[tile].tolist()
        if east <= 0.0:
            bounds_m = (west - 6.25, south - 6.25, east + 6.25, north + 6.25)
            made.pictures[int(tile)] = Texture(waves(bounds_m, 3.125), bounds_m)
    return made


def test_no_seam_shows_where_a_tile_has_a_picture_of_its_own():
    made = textured()
    plain = textured()
    plain.pictures.clear()
    z = float(hill_m(0.0, 0.0))
    view = frame((0.0, -260.0, z + 420.0), (0.0, 0.0, z), size_px=(640, 360))
    found = []
    for each in (made, plain):
        with Offscreen((640, 360), supersample=False) as target:
            target.set_stage(hill_scene(with_ground=each))
            target.set_frame(view)
            found.append(target.picture()[..., :3].astype(int))
            used = target._view._ground
            assert bool(used.load.texture_bytes) == bool(each.pictures)
    difference = np.abs(found[0] - found[1]).max(axis=-1)
    assert difference.max() <= 6
    assert (difference > 0).any()


def test_patterns_along_the_line_of_sight_are_seen_at_grazing_angles(monkeypatch):
    made = hills()
    stripes = np.tile(np.array([60, 200], np.uint8)[None, :, None], (256, 128, 3))
    made.texture = Texture(stripes, made.texture.bounds_m)
    contrast = []
    for drape in (shading._DRAPE, "  gl_FragData[0] *= texture(actortexture, tcoordVCVSOutput);"):
        monkeypatch.setattr(shading, "_DRAPE", drape)
        with Offscreen((640, 360), supersample=False) as target:
            target.set_stage(hill_scene(with_ground=made))
            target.set_frame(frame((0.0, -1500.0, 420.0), (0.0, 0.0, 250.0), size_px=(640, 360)))
            below_the_crest = target.picture()[190:215, 180:330, 0].astype(int)
        contrast.append(np.abs(np.diff(below_the_crest, axis=1)).mean())
    assert contrast[0] > 2.0 * contrast[1], contrast


def test_no_driver_filters_textures_in_ways_that_hang_software():
    assert ImageTexture(mipmap=True).texture.GetMaximumAnisotropicFiltering() == 1.0


def test_a_prepared_tile_is_the_same_land_and_shares_no_memory_with_the_file():
    made = textured()
    tile = next(iter(made.pictures))
    mesh = made.tree.land(tile)
    plain, ready = (prepare_tile(made, tile, own=own) for own in (False, True))
    assert (plain.draped, ready.draped) == (False, True)
    assert plain.drape is plain.land.picture is None
    for land in (plain.land, ready.land):
        assert not np.shares_memory(land.points_m, mesh.vertices_m)
        assert (land.points_m == mesh.vertices_m).all()
        assert ((land.uv >= 0.0) & (land.uv <= 1.0)).all()
    assert (ready.land.picture == made.picture(tile, COARSE).image).all()
    assert prepare_tile(made, made.tree.of_level(1)[0], own=True).draped is None


@pytest.mark.parametrize("reduction", [1, 2, COARSE])
def test_patches_show_every_place_as_the_whole_picture_does(monkeypatch, reduction):
    monkeypatch.setattr(drapes, "_PATCH_PX", 4)
    made = textured()
    tile = next(iter(made.pictures))
    mesh, drape = made.tree.land(tile), prepare_tile(made, tile, own=True).drape
    count = len(drape.windows)
    assert drape.step_m == pytest.approx(3.125)
    assert len(drape.boxes_m) == count > 4
    patches = prepare_patches(made, tile, drape, dict.fromkeys(range(count), reduction))
    assert {factor for factor, _ in patches.values()} == {reduction}
    faces = np.concatenate([patch.points_m[patch.faces] for _, patch in patches.values()])
    assert sorted(map(bytes, faces)) == sorted(map(bytes, mesh.vertices_m[mesh.faces]))
    for number, (_, patch) in patches.items():
        assert (patch.box_m == drape.boxes_m[number]).all()
        height, width = patch.picture.shape[:2]
        assert max(height, width) < 60
        place = patch.uv * [width, height] - 0.5
        assert (place >= 0.0).all()
        assert (place <= [width - 1, height - 1]).all()
        column, row = np.round(place).astype(int).T
        found = patch.picture[height - 1 - row, column].astype(int)
        x, y = patch.points_m[:, 0], patch.points_m[:, 1]
        true = np.array(GROUND_RGB) + 40.0 * (np.sin(x / 90.0) * np.cos(y / 70.0))[:, None]
        assert np.abs(found - true).max() < 3.0 * reduction


def test_a_window_beyond_its_picture_goes_on_with_its_edge():
    image = np.arange(7 * 10 * 3, dtype=np.uint8).reshape(7, 10, 3)
    found = Window(1, 0, 3, 2, bounds_m=(0.0, 0.0, 1.0, 1.0)).of(image, 1)
    assert found.shape == (8, 8, 3)
    assert (found[:7, :6] == image[:, 4:]).all()
    assert (found[7, :6] == image[6, 4:]).all()
    assert (found[:7, 6] == image[:, 9]).all()


def grid_of_patches(*, exact):
    """An account of two tiles with 10 x 10 patches of 100 m each, side by side."""
    account = Patches(exact=exact)
    boxes, along = {}, 100.0 * np.arange(10)
    for tile in (3, 8):
        west, south = np.meshgrid(along + (1000.0 if tile == 8 else 0.0), along)
        low = np.stack([west.ravel(), south.ravel(), np.zeros(100)], axis=-1)
        boxes[tile] = np.stack([low, low + np.array([100.0, 100.0, 20.0])], axis=1)
        account.put(tile, Drape(2.0, np.zeros(0, int), (), boxes[tile]))
    return account, boxes


def satisfied(account, size_bytes=1000):
    """Give an account all that it asks for; tells how often."""
    count = 0
    for tile, patches in account.missing().items():
        for patch, reduction in patches.items():
            account.note(tile, patch, reduction, size_bytes)
            count += 1
    return count


@pytest.mark.parametrize("exact", [False, True])
def test_patches_in_sight_are_as_fine_as_the_screen(exact):
    account, boxes = grid_of_patches(exact=exact)
    rng = np.random.default_rng(5)
    for _ in range(60):
        eye, target = rng.uniform([0.0, 0.0, 30.0], [2000.0, 1000.0, 2500.0], (2, 3))
        frustum = Frustum(CameraPose(eye, target, rng.uniform(8.0, 60.0)), up=(0.0, 0.0, 1.0), aspect=1.6)
        shown = {3, 8} if rng.random() < 0.8 else {8}
        account.look(Sight(eye, PIXEL_ANGLE, frustum), frozenset(shown))
        satisfied(account)
        assert not account.missing()
        while account.surplus() is not None:
            pass
        rows = account._rows
        for tile, box in boxes.items():
            away = np.linalg.norm(np.maximum(np.maximum(box[:, 0] - eye, eye - box[:, 1]), 0.0), axis=1)
            fineness = GRAIN_PX * PIXEL_ANGLE * np.maximum(away, 1.0) / 2.0
            wanted = np.select([fineness < 2.0, fineness < 4.0], [1, 2], 4)
            seen = frustum.sees(box.mean(axis=1), (box[:, 1] - box[:, 0]) / 2.0) & (tile in shown)
            found = rows.reduction[rows.tile == tile]
            assert (found[seen] == wanted[seen]).all() if exact else (found[seen] <= wanted[seen]).all()


def test_what_was_seen_last_stays_fine_longest():
    account, _ = grid_of_patches(exact=False)
    pixels = 1600
    most = account.kept_bytes * pixels // 1000
    eyes = [np.array([x, 500.0, 300.0]) for x in (200.0, 1800.0)]
    near = [Frustum(CameraPose(eye, eye * [1, 1, 0], 50.0), up=(0.0, 1.0, 0.0), aspect=1.0) for eye in eyes]
    seen = []
    for eye, frustum in zip(eyes, near, strict=True):
        account.look(Sight(eye, PIXEL_ANGLE, frustum, pixels), frozenset({3, 8}))
        seen.append(satisfied(account))
    assert account.surplus() is None
    assert account.fine_bytes == 1000 * sum(seen) <= 1000 * most
    account.look(Sight(eyes[1], PIXEL_ANGLE, None, pixels), frozenset({8}))
    more = satisfied(account)
    assert account.fine_bytes > 1000 * most
    given_up = []
    while (one := account.surplus()) is not None:
        given_up.append(one)
    assert {tile for tile, _ in given_up} == {3}
    assert len(given_up) == min(seen[0], seen[0] + seen[1] + more - most)
    account.drop(8)
    assert account.fine_bytes == 1000 * (seen[0] - len(given_up))


def test_fine_pictures_come_to_what_is_in_sight_and_are_given_up_again(monkeypatch):
    monkeypatch.setattr(drapes, "_PATCH_PX", 10)
    made = textured()
    eye = np.array([-700.0, -300.0, float(hill_m(-700.0, -300.0)) + 250.0])
    looks = [
        Frustum(CameraPose(eye, eye + np.array([x, y, -0.2]), 40.0), up=(0.0, 0.0, 1.0), aspect=1.6)
        for x, y in ((-1.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.0, -1.0))
    ]
    with Drawn(made) as (actors, renderer, window):
        window.Render()
        patches, account = actors._fine, actors._fine._account
        for frustum in looks * 3:
            actors.see_from(Sight(eye, PIXEL_ANGLE, frustum, 400_000 // account.kept_bytes))
            settle(actors)
            in_sight = int(account._rows.size_bytes[account._seen].sum())
            assert 100_000 < in_sight <= patches.texture_bytes <= max(400_000, in_sight)
            fine_rows = account._rows.reduction < COARSE
            keys = zip(account._rows.tile[fine_rows], account._rows.patch[fine_rows], strict=True)
            assert set(keys) == {(tile, patch) for tile, held in patches._fine.items() for patch in held}
            actors._in_sight.look(None)
            assert drawn(renderer) == land(made.tree, actors.shown)


@pytest.mark.parametrize(("software", "kept"), [(True, KEPT_IN_SOFTWARE_BYTES), (False, KEPT_BYTES)])
def test_more_is_kept_where_a_card_has_memory_of_its_own(monkeypatch, software, kept):
    made = textured()
    eye = np.array([-300.0, -300.0, float(hill_m(-300.0, -300.0)) + 60.0])
    with Drawn(made) as (actors, _, window):
        window.Render()
        assert draws_in_software(window) == ("llvmpipe" in window.ReportCapabilities())
        monkeypatch.setattr(fine, "draws_in_software", lambda _: software)
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        settle(actors)
        assert actors._fine._account.kept_bytes == kept


def test_fine_pictures_that_went_with_their_context_come_again():
    made = textured()
    eye = np.array([-300.0, -300.0, float(hill_m(-300.0, -300.0)) + 60.0])
    with Drawn(made) as (actors, _, window):
        window.Render()
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        settle(actors)
        before = actors._fine.texture_bytes
        assert before > 0
        window.Finalize()
        assert sorted(actors._fine.lost()) == sorted(actors._fine._tiles)
        window.Render()
        actors.see_from(Sight(eye, PIXEL_ANGLE))
        settle(actors)
        assert not actors._fine.lost()
        assert actors._fine.texture_bytes == before
        window.Render()


def test_ground_that_came_last_is_drawn_before_what_fades_over_it():
    made = textured()
    x, y = -300.0, -300.0
    people = riders_at([[x, y, float(hill_m(x, y))]], scale=1.0, opacity=0.4)
    eye = (x - 9.0, y - 9.0, float(hill_m(x, y)) + 30.0)
    near = frame(eye, (x, y, float(hill_m(x, y))), size_px=SIZE, riders=people)
    far = frame(*FAR, size_px=SIZE)
    found = []
    for order in ((near,), (far, near), (near, far, near)):
        with Offscreen(SIZE, supersample=False) as target:
            target.set_stage(hill_scene(with_ground=made))
            for each in order:
                target.set_frame(each)
                found.append(target.picture())
            actors = [actor for actor in target._view._renderer.GetActors() if actor.GetVisibility()]
            assert len(actors) > 5
    assert (found[0] == found[2]).all()
    assert (found[0] == found[5]).all()
    assert (found[0] != found[1]).any()


def test_what_looks_worst_is_asked_for_first():
    made = hills()
    cover = Cover(made.tree, ground_m=100.0, exact=False)
    for root in cover.roots:
        cover.add(root, Load(1, 0))
    eye = np.array(NEAR[0])
    cover.want(Sight(eye, PIXEL_ANGLE), Detail(0.7, 10**6))
    first = [tile for tile, _ in cover.missing()]
    error = made.tree.error_px(eye, pixel_angle=PIXEL_ANGLE)
    worst = error[made.tree.parent[first]]
    assert (np.diff(worst) <= 0).all()
    assert (made.tree.level[first] == 2).all()
    assert first[0] not in dict(cover.missing(but={first[0]}))


def test_what_was_wanted_last_is_kept_longest():
    made = hills()
    cover = Cover(made.tree, ground_m=100.0, exact=False)
    detail = Detail(8.0, 10**6)
    for root in cover.roots:
        cover.add(root, Load(1, 0))
    for eye in ((-1400.0, -1400.0, 300.0), (1400.0, 1400.0, 300.0), (0.0, 0.0, 90_000.0)):
        cover.want(Sight(np.array(eye), PIXEL_ANGLE, pixels=0), detail)
        while missing := cover.missing():
            cover.add(missing[0][0], Load(1, 0))
        cover.show()
    dropped = []
    while (tile := cover.drop()) is not None:
        dropped.append(tile)
    assert cover.load == Load(len(cover.roots), 0)
    middles = made.tree.box_m[dropped].mean(axis=1)[:, :2]
    finest = made.tree.level[dropped] == 0
    west = middles[finest].sum(axis=1) < 0
    assert west[: west.sum() // 2].all()
    assert not west[-(~west).sum() // 2 :].any()
