"""Light on the road: where it lies, how wide it is, who has it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.scene import ALL_OVERLAYS, NO_OVERLAYS, Overlay, frame_at, parse_camera, project
from tracker3d.scene.build import ROAD_WIDTH_M

SIZE = (1920, 1080)
HALOS, TRAILS = frozenset({Overlay.GROUP_HALOS}), frozenset({Overlay.TRAILS})


def glows(scene, race, spec, overlays, *, after_s=150.0, **options):
    time_ms = race.stage.start_time_ms + round(1000 * after_s)
    frame = frame_at(
        scene, race, time_ms, camera=parse_camera(spec), viewport_px=SIZE, overlays=overlays, **options
    )
    return frame, frame.glows


def stretches(found):
    return np.split(found.points_m, found.ends[:-1]), np.split(found.rgba, found.ends[:-1])


def test_every_group_has_a_halo_in_its_colour_around_all_its_riders(scene, race):
    frame, found = glows(scene, race, "overview", HALOS)
    points, colours = stretches(found)
    groups = race.at(frame.time_ms).groups
    assert len(points) == len(groups) == 3
    by_colour = {tuple(rgba[0, 0, :3].tolist()): line for rgba, line in zip(colours, points, strict=True)}
    for group in groups:
        line = by_colour[scene.theme.colour(group.role.value)]
        middle = line[:, 1:3].mean(axis=1)
        for distance_m in (group.front_m, group.tail_m):
            x_m, y_m = scene.stage.route.position(distance_m)
            assert np.hypot(middle[:, 0] - x_m, middle[:, 1] - y_m).min() < 15.0


@pytest.mark.parametrize("spec", ["overview", "orbit:leader,radius=9000"])
def test_from_afar_a_halo_keeps_its_width_on_the_screen(scene, race, spec):
    frame, found = glows(scene, race, spec, HALOS)
    px, _ = project(frame.camera, SIZE, found.points_m.reshape(-1, 3))
    px = px.reshape(-1, 4, 2)
    width = np.linalg.norm(px[:, 3] - px[:, 0], axis=1)
    assert np.percentile(width, 5) > 40.0
    assert np.percentile(width, 95) < 70.0


def test_near_the_camera_it_lies_on_the_road(scene, race):
    frame, found = glows(scene, race, "chase:leader", HALOS)
    away = np.linalg.norm(found.points_m[:, 1] - frame.camera.eye_m, axis=1)
    near = found.points_m[away < 60.0]
    assert len(near)
    across = np.linalg.norm(near[:, 2] - near[:, 1], axis=1)
    assert across == pytest.approx(ROAD_WIDTH_M, rel=0.2)
    assert np.abs(near[:, 0, 2] - near[:, 3, 2]).max() < 4.0


def test_light_fades_to_the_rims_and_ends(scene, race):
    _, found = glows(scene, race, "overview", HALOS | TRAILS, selected_bib=44)
    assert not found.rgba[:, [0, 3], 3].any()
    for _, rgba in zip(*stretches(found), strict=True):
        assert rgba[0, 1, 3] == 0
        assert rgba[:, 1, 3].max() > 100


def test_trails_follow_the_first_rider_and_the_one_selected(scene, race):
    _, alone = glows(scene, race, "overview", TRAILS)
    frame, both = glows(scene, race, "overview", TRAILS, selected_bib=44)
    assert len(alone.ends) == 1
    assert len(both.ends) == 2
    lines, _ = stretches(both)
    states = race.at(frame.time_ms).riders
    x_m, y_m = scene.stage.route.position(states.distance_m[states.bibs == 44])
    end = lines[1][-1, 1:3].mean(axis=0)
    assert np.hypot(end[0] - x_m, end[1] - y_m) < 0.5


def test_nobody_and_a_clean_feed_have_none(scene, race):
    assert glows(scene, race, "overview", NO_OVERLAYS)[1] is None

    class Nobody:
        stage, reports = race.stage, race.reports

        def at(self, time_ms):
            state = race.at(time_ms)
            return dataclasses.replace(state, groups=(), order=state.order[:0])

    frame = frame_at(
        scene,
        Nobody(),
        race.stage.start_time_ms,
        camera=parse_camera("overview"),
        viewport_px=SIZE,
        overlays=ALL_OVERLAYS,
    )
    assert frame.glows is None
