"""Frames: riders where the road is drawn, labels of those who are seen, nothing that depends on history."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from terrain import Atmosphere, MeshSampler
from tracker3d.scene import (
    ALL_OVERLAYS,
    NO_OVERLAYS,
    CameraPose,
    FixedCamera,
    Overlay,
    frame_at,
    parse_camera,
    project,
)
from tracker3d.scene.atlas import Atlas
from tracker3d.scene.camera import CameraShot, CameraTimeline, FlyToCamera, Handover, HandoverCamera
from tracker3d.scene.placing import LEAST_RIDER_PX, NEAR_SCALE, RIDER_HEIGHT_M

SIZE = (1920, 1080)


def frame(scene, race, after_s=0.0, spec="chase:leader", **options):
    time_ms = race.stage.start_time_ms + round(1000 * after_s)
    camera = parse_camera(spec) if isinstance(spec, str) else spec
    return frame_at(scene, race, time_ms, camera=camera, viewport_px=options.pop("size", SIZE), **options)


def test_riders_stand_on_the_drawn_ground(scene, race, ground):
    """Wheels on the mesh within 10 cm: on the plain, in hairpins and on cross slopes."""
    sampler = MeshSampler(ground.mesh.vertices_m, ground.mesh.faces)
    for after_s in (0.0, 450.0, 520.0, 600.0):
        places = frame(scene, race, after_s).riders.positions_m.astype(float)
        off = places[:, 2] - sampler.sample(places[:, 0], places[:, 1])
        assert np.abs(off).max() < 0.1


@pytest.mark.parametrize(("lateral_m", "edge"), [(3.5, "left_m"), (-3.5, "right_m"), (9.0, "left_m")])
def test_a_rider_to_the_left_is_on_the_left(scene, race, lateral_m, edge):
    """At the edge of the ribbon, and never beyond it."""

    class Aside:
        stage = race.stage

        def at(self, time_ms):
            state = race.at(time_ms)
            nodes = scene.road.distance_m[1000:1181]
            lateral = np.full(181, lateral_m)
            return dataclasses.replace(
                state, riders=dataclasses.replace(state.riders, distance_m=nodes, lateral_m=lateral)
            )

    riders = frame(scene, Aside(), spec="overview").riders
    expected = getattr(scene.road, edge)[1000:1181]
    assert np.abs(riders.positions_m - expected).max() < 0.02


def test_riders_keep_a_readable_size_and_are_nearly_life_size_near(scene, race):
    overview = frame(scene, race, spec="overview")
    px, depth = project(overview.camera, SIZE, overview.riders.positions_m)
    focal = SIZE[1] / 2 / np.tan(np.radians(overview.camera.fov_deg / 2))
    tall_px = overview.riders.scale * RIDER_HEIGHT_M * focal / depth
    assert np.allclose(tall_px, LEAST_RIDER_PX, rtol=0.01)
    assert np.isfinite(px).all()
    near = frame(scene, race, spec="chase:1")
    assert near.riders.scale.min() == pytest.approx(NEAR_SCALE)


def test_picking_pixels_are_on_the_riders(scene, race):
    now = frame(scene, race, spec="orbit:peloton")
    seen = np.isfinite(now.rider_px[:, 0])
    assert seen.sum() > 150
    lifted = now.riders.positions_m + np.array([0.0, 0.0, 0.5]) * now.riders.scale[:, None]
    px, _ = project(now.camera, SIZE, lifted)
    assert np.abs(px - now.rider_px)[seen].max() < 12.0


def test_riders_behind_rock_have_no_pixel_and_no_label(scene, race):
    behind_rock = FixedCamera(CameraPose(np.array([1400.0, 300.0, 300.0]), np.array([-100.0, 250.0, 280.0])))
    now = frame(scene, race, after_s=500.0, spec=behind_rock, selected_bib=1)
    px, depth = project(now.camera, SIZE, now.riders.positions_m)
    in_picture = (depth > 0) & (px > 0).all(axis=1) & (px < np.array(SIZE)).all(axis=1)
    assert in_picture.sum() > 100
    assert np.isnan(now.rider_px[in_picture]).all()
    assert not now.labelled_bibs
    assert not now.labelled_groups


def test_cars_close_to_the_eye_fade_and_riders_do_not(scene, race):
    car = frame(scene, race).riders
    row = car.bibs.tolist().index(-1)
    for away_m, opacity in ((40.0, 1.0), (18.25, 0.5), (10.0, 0.0)):
        eye = car.positions_m[row].astype(float) + np.array([0.0, -0.6 * away_m, 0.8 * away_m])
        near = frame(scene, race, spec=FixedCamera(CameraPose(eye, eye + np.array([0.0, 30.0, -5.0])))).riders
        assert near.opacity[row] == pytest.approx(opacity, abs=0.01)
        assert (near.opacity[~near.vehicle] == 1.0).all()


def test_colours_are_of_jersey_team_and_vehicle(scene, race):
    riders = frame(scene, race).riders
    colour = {bib: tuple(rgb) for bib, rgb in zip(riders.bibs.tolist(), riders.colours.tolist(), strict=True)}
    assert colour[7] == scene.theme.jersey("yellow")
    assert colour[1] == (200, 30, 40)
    assert colour[2] == (30, 60, 200)
    assert colour[-1] == scene.theme.colour("vehicle")
    assert riders.vehicle.tolist() == [bib < 0 for bib in riders.bibs.tolist()]


def test_old_positions_fade_and_unseen_riders_are_absent(scene, race):
    class Fading:
        stage = race.stage

        def at(self, time_ms):
            state = race.at(time_ms)
            age = np.linspace(0.0, 600.0, 181)
            distance = state.riders.distance_m.copy()
            distance[100] = np.nan
            return dataclasses.replace(
                state, riders=dataclasses.replace(state.riders, age_s=age, distance_m=distance)
            )

    riders = frame(scene, Fading()).riders
    assert len(riders.bibs) == 180
    assert 100 not in riders.bibs
    assert (np.diff(riders.opacity) <= 0).all()
    assert riders.opacity[0] == 1.0
    assert 0.1 < riders.opacity[-1] < 0.3


def test_the_selected_rider_is_labelled_from_anywhere(scene, race):
    assert 100 not in frame(scene, race, spec="orbit:peloton").labelled_bibs
    assert 100 in frame(scene, race, spec="orbit:peloton", selected_bib=100).labelled_bibs


def test_a_rider_alone_is_named_once(scene, race):
    """By the group's label, which has the gap; by the rider's own where that is the one selected."""

    class Alone:
        stage = race.stage

        def at(self, time_ms):
            state = race.at(time_ms)
            head, *others = state.groups
            return dataclasses.replace(
                state, groups=(dataclasses.replace(head, riders=head.riders[:1]), *others)
            )

    assert ("rider", 1) in frame(scene, race, spec="chase:1").label_slots
    now = frame(scene, Alone(), spec="chase:1").label_slots
    assert ("group", 0) in now
    assert ("rider", 1) not in now
    selected = frame(scene, Alone(), spec="chase:1", selected_bib=1).label_slots
    assert ("rider", 1) in selected
    assert ("group", 0) not in selected


def test_every_group_in_sight_is_labelled(scene, race):
    now = frame(scene, race, spec="orbit:leader,radius=1200")
    assert {0, 1} <= now.labelled_groups


def test_sprites_are_cut_from_the_atlas_and_stay_in_the_picture(scene, race):
    now = frame(scene, race, spec="chase:3", selected_bib=3)
    source, target = now.sprites.source_px, now.sprites.target_px
    height, width = now.sprites.atlas.shape[:2]
    assert len(source) > 10
    assert np.array_equal(source[:, 2:], target[:, 2:])
    assert (source[:, 0] + source[:, 2] <= width).all()
    assert (source[:, 1] + source[:, 3] <= height).all()
    assert (target >= 0).all()
    assert np.array_equal(target, np.round(target))
    for x, y, w, h in source.astype(int).tolist():
        assert now.sprites.atlas[y : y + h, x : x + w, 3].max() > 200
    assert len(now.sprites.leaders_px) == len(now.label_slots) == len(now.sprites.leader_colours)


def test_gaps_run_without_a_new_atlas(scene, race):
    """Once the digits are drawn, ten minutes of changing gaps draw nothing new."""

    class Falling:
        stage = race.stage

        def at(self, time_ms):
            state = race.at(race.stage.start_time_ms)
            seconds = (time_ms - race.stage.start_time_ms) / 1000.0
            groups = tuple(
                dataclasses.replace(group, gap_to_head_s=seconds * number)
                for number, group in enumerate(state.groups)
            )
            return dataclasses.replace(state, time_ms=time_ms, groups=groups)

    camera = parse_camera("orbit:leader,radius=1200")
    for after_s in range(130):
        frame(scene, Falling(), after_s, camera)
    key = frame(scene, Falling(), 200.0, camera).sprites.atlas_key
    keys = {
        frame(scene, Falling(), after_s, camera).sprites.atlas_key for after_s in np.arange(200.0, 600.0, 7.3)
    }
    assert keys == {key}


def test_a_frame_depends_on_nothing_but_its_arguments(scene, race, stage, ground):
    """Made after a hundred others or alone, forwards or backwards: the same pixels."""
    from tracker3d.scene import build_scene

    for after_s in (30.0, 20.0, 300.0, 10.0):
        frame(scene, race, after_s, "orbit")
    one, other = (
        frame(scene, race, 17.0, "chase:peloton"),
        frame(build_scene(stage, ground), race, 17.0, "chase:peloton"),
    )
    assert np.array_equal(one.riders.positions_m, other.riders.positions_m)
    assert np.array_equal(one.camera.eye_m, other.camera.eye_m)
    assert np.array_equal(one.sprites.target_px, other.sprites.target_px)
    for (x0, y0, w, h), (x1, y1, _, _) in zip(
        one.sprites.source_px.astype(int).tolist(), other.sprites.source_px.astype(int).tolist(), strict=True
    ):
        assert np.array_equal(
            one.sprites.atlas[y0 : y0 + h, x0 : x0 + w], other.sprites.atlas[y1 : y1 + h, x1 : x1 + w]
        )
    assert [panel.key for panel in one.panels] == [panel.key for panel in other.panels]
    for panel, twin in zip(one.panels, other.panels, strict=True):
        assert np.array_equal(panel.image, twin.image)


def test_labels_do_not_flicker_in_a_steady_shot(scene, race):
    """Twelve seconds of chase at 25 pictures a second: a label that comes stays for a second at least."""
    previous, shown, short = None, {}, []
    for number in range(300):
        now = frame(scene, race, number / 25.0, "chase:3", previous=previous)
        keys = set(now.label_slots)
        for key in set(shown) - keys:
            if number - shown.pop(key) < 25:
                short.append(key)
        for key in keys - set(shown):
            shown[key] = number
        previous = now
    assert len(short) <= 1


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (900, 900), (640, 360), (3840, 2160)])
def test_any_picture_size_works(scene, race, size):
    now = frame(scene, race, spec="chase:peloton", size=size, selected_bib=12)
    assert now.viewport_px == size
    for panel in now.panels:
        height, width = panel.image.shape[:2]
        assert panel.x_px >= 0.049 * size[0] - 1
        assert panel.y_px >= 0.049 * size[1] - 1
        assert panel.x_px + width <= 0.951 * size[0] + 1
        assert panel.y_px + height <= 0.951 * size[1] + 1


def test_clean_feed_has_nothing_over_it_but_the_mark_of_a_simulation(scene, simulated_scene, race):
    clean = frame(scene, race, overlays=NO_OVERLAYS)
    assert not clean.panels
    assert len(clean.sprites.target_px) == len(clean.sprites.leaders_px) == 0
    assert [panel.name for panel in frame(simulated_scene, race, overlays=NO_OVERLAYS).panels] == [
        "simulated"
    ]
    assert "simulated" in [panel.name for panel in frame(simulated_scene, race).panels]


@pytest.mark.parametrize("overlay", sorted(ALL_OVERLAYS - {Overlay.LOGO, Overlay.VIRTUAL_GC}))
def test_each_overlay_can_be_left_out(scene, race, overlay):
    orbit = CameraShot(parse_camera("orbit:leader,radius=700"), 0.0, 4.0, title="Montségur")
    view = CameraTimeline((orbit,))
    everything = frame(scene, race, 450.0, view, overlays=ALL_OVERLAYS, wall_s=2.0)
    without = frame(scene, race, 450.0, view, overlays=ALL_OVERLAYS - {overlay}, wall_s=2.0)
    names = {panel.name for panel in everything.panels}
    kinds = {kind for kind, _ in everything.label_slots}
    now, kinds_now = {panel.name for panel in without.panels}, {kind for kind, _ in without.label_slots}
    if overlay.value.endswith("_labels"):
        assert kinds - kinds_now <= {overlay.value.removesuffix("_labels")}
        assert overlay.value.removesuffix("_labels") not in kinds_now
    elif overlay in (Overlay.GROUP_HALOS, Overlay.TRAILS):
        assert names == now
        assert len(without.glows.ends) < len(everything.glows.ends)
    else:
        assert names - now == {overlay.value}


def test_a_full_atlas_begins_anew_and_old_frames_stay_right():
    from PIL import Image

    atlas = Atlas(width_px=256)
    first = atlas.box("first", lambda: Image.new("RGBA", (200, 200), (1, 2, 3, 255)))
    picture, key = atlas.picture, atlas.key
    atlas.box("second", lambda: Image.new("RGBA", (200, 200), (9, 9, 9, 255)))
    assert atlas.key[0] != key[0]
    assert picture[first[1] + 5, first[0] + 5].tolist() == [1, 2, 3, 255]
    assert atlas.picture is not picture
    again = atlas.box("second", lambda: pytest.fail("drawn twice"))
    assert atlas.picture[again[1], again[0]].tolist() == [9, 9, 9, 255]


def test_parts_of_the_atlas_never_overlap():
    from PIL import Image

    atlas, rng = Atlas(width_px=512), np.random.default_rng(3)
    serial = atlas.key[0]
    used = np.zeros((512, 512), int)
    for number in range(60):
        size = tuple(rng.integers(5, 60, 2).tolist())
        x, y, w, h = atlas.box(number, lambda size=size: Image.new("RGBA", size, (255, 255, 255, 255)))
        assert (w, h) == size
        used[y : y + h, x : x + w] += 1
    assert atlas.key[0] == serial
    assert used.max() == 1


def test_no_label_covers_the_banner_of_the_finish(scene, race):
    """From the finish, with the whole bunch on the last kilometre."""
    gate = next(gate for gate in scene.gates if gate.kind == "finish")
    seconds = (scene.stage.route.finish_m - race.front_m) / race.speed_mps
    labels = 0
    for before_s in (4.0, 10.0, 20.0, 45.0):
        now = frame(scene, race, seconds - before_s, spec="finish")
        ahead = np.array([np.cos(gate.heading_rad), -np.sin(gate.heading_rad), 0.0])
        corners = [
            gate.position_m + side * 5.0 * ahead + [0.0, 0.0, z] for side in (-1, 1) for z in (5.6, 7.0)
        ]
        px, _ = project(now.camera, SIZE, corners)
        low, high = px.min(axis=0), px.max(axis=0)
        boxes = now.sprites.target_px
        labels += len(boxes)
        apart = (boxes[:, :2] >= high).any(axis=1) | (boxes[:, :2] + boxes[:, 2:] <= low).any(axis=1)
        assert apart.all()
    assert labels > 20


@pytest.mark.parametrize("below_px", [30.0, -5.0])
def test_a_gate_has_a_label_only_where_it_stands_in_the_picture(scene, race, below_px):
    """``below_px``: how far its foot is above the lower edge; its top is in the picture either way."""
    number, gate = next((k, gate) for k, gate in enumerate(scene.gates) if gate.kind == "finish")
    foot = gate.position_m.astype(float)
    eye = foot + np.array([-250.0, -250.0, 250.0])
    level, wide = np.array([1.0, 1.0, 0.0]) / math.sqrt(2.0), 35.0
    focal = SIZE[1] / 2.0 / math.tan(math.radians(wide) / 2.0)
    down = math.atan2(250.0, 250.0 * math.sqrt(2.0)) - math.atan((SIZE[1] / 2.0 - below_px) / focal)
    target = eye + 400.0 * (math.cos(down) * level - math.sin(down) * np.array([0.0, 0.0, 1.0]))
    now = frame(
        scene,
        race,
        spec=FixedCamera(CameraPose(eye, target, wide)),
        overlays=frozenset({Overlay.PLACE_LABELS}),
    )
    px, _ = project(now.camera, SIZE, [foot, foot + np.array([0.0, 0.0, 9.0])])
    assert px[0, 1] == pytest.approx(SIZE[1] - below_px, abs=0.1)
    assert 0.0 < px[1, 1] < SIZE[1]
    assert (("place", number) in now.label_slots) == (below_px > 0.0)


def test_gates_that_haze_has_taken_have_no_label(scene, race, monkeypatch):
    overlays = frozenset({Overlay.PLACE_LABELS})
    for haze_m, size, some in ((1e9, (1600, 900), True), (1.0, SIZE, False)):
        monkeypatch.setattr(Atmosphere, "haze_m", lambda air, reach_m, haze_m=haze_m: haze_m)
        assert bool(frame(scene, race, spec="overview", overlays=overlays, size=size).label_slots) == some


def test_the_title_of_a_shot_fades_in_and_out_and_can_be_switched_off(scene, race):
    shots = (
        CameraShot(parse_camera("overview"), 0.0, 5.0, title="Montségur", subtitle="6.9 km"),
        CameraShot(parse_camera("overview"), 5.0, 4.0, title=" "),
        CameraShot(parse_camera("overview"), 10.0, 4.0, subtitle="Only this"),
    )
    timeline = CameraTimeline(shots)

    def alpha(wall_s, **options):
        shown = frame(scene, race, spec=timeline, wall_s=wall_s, **options)
        images = [panel.image for panel in shown.panels if panel.name == "shot_title"]
        return int(images[0][..., 3].max()) if images else 0

    full = alpha(2.5)
    assert alpha(0.0) == alpha(5.0) == 0
    assert 0 < alpha(0.2) < alpha(0.3) < alpha(0.45) < full
    assert alpha(0.3) == alpha(4.7)
    assert alpha(4.0) == full
    assert alpha(7.0) == alpha(9.5) == 0
    assert alpha(12.0) == full
    assert alpha(12.0, overlays=ALL_OVERLAYS - {Overlay.SHOT_TITLE}) == 0
    plain = frame(scene, race, spec="overview", wall_s=2.5)
    assert "shot_title" not in {panel.name for panel in plain.panels}


def test_the_title_of_a_shot_is_seen_through_hand_overs_and_flights(scene, race):
    """After a return from the hand, and where somebody flies to a timeline: it comes as the picture does."""
    timeline = CameraTimeline((CameraShot(parse_camera("overview"), 0.0, 20.0, title="Montségur"),))
    plain = parse_camera("overview")

    def opacity(camera, wall_s):
        shown = frame(scene, race, spec=camera, wall_s=wall_s)
        images = [panel.image for panel in shown.panels if panel.name == "shot_title"]
        return int(images[0][..., 3].max()) if images else 0

    full = opacity(timeline, 6.0)
    arriving = HandoverCamera(plain, timeline, Handover(4.0))
    assert opacity(arriving, 1.0) == 0
    assert 0 < opacity(arriving, 2.8) < opacity(arriving, 3.4) < full
    assert opacity(arriving, 4.0) == opacity(arriving, 9.0) == full
    leaving = HandoverCamera(timeline, plain, Handover(4.0), before_since_s=8.0)
    assert opacity(leaving, 0.0) == full
    assert full > opacity(leaving, 0.6) > opacity(leaving, 1.2) > 0
    assert opacity(leaving, 3.0) == opacity(leaving, 9.0) == 0
    assert opacity(FlyToCamera(timeline), 12.0) == full


def test_labels_keep_clear_of_the_title_of_a_shot(scene, race):
    shot = CameraShot(parse_camera("chase:peloton"), 0.0, 5.0, title="Montségur " * 6, subtitle="6.9 km")
    shown = frame(scene, race, 450.0, spec=CameraTimeline((shot,)), wall_s=2.5)
    panel = next(each for each in shown.panels if each.name == "shot_title")
    x0, y0 = panel.x_px, panel.y_px
    x1, y1 = x0 + panel.image.shape[1], y0 + panel.image.shape[0]
    target = shown.sprites.target_px
    assert len(target)
    apart = (target[:, 0] >= x1) | (target[:, 0] + target[:, 2] <= x0)
    assert (apart | (target[:, 1] >= y1) | (target[:, 1] + target[:, 3] <= y0)).all()
