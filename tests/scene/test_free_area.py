"""Framed stages: start, finish and all the road between the boards, whatever road, picture and race."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.scene import (
    ALL_OVERLAYS,
    USUAL_OVERLAYS,
    Overlay,
    build_scene,
    frame_at,
    parse_camera,
    project,
)
from tracker3d.stage import open_package, prepare

SIZES = [(1920, 1080), (1280, 720), (2560, 1080), (1080, 1080), (1440, 1800), (1080, 1920)]
CLIMBS = ["alpe_dhuez_from_bourg_doisans", "plateau_de_beille"]


class Nobody:
    """A race in which nobody rides."""

    def __init__(self, race):
        self._race, self.reports, self.start_ms = race, race.reports, race.stage.start_time_ms or 0

    def at(self, time_ms):
        state = self._race.at(time_ms)
        nobody = np.zeros(0, np.int32)
        riders = dataclasses.replace(
            state.riders,
            **{
                name: getattr(state.riders, name)[:0]
                for name in ("bibs", "distance_m", "speed_mps", "lateral_m", "age_s", "presence", "finished")
            },
        )
        return dataclasses.replace(
            state, riders=riders, order=nobody, gap_s=np.zeros(0), group=nobody, groups=(), to_go_m=np.nan
        )


class Scattered:
    """The scripted race with its groups cut into as many as a board has rows for."""

    def __init__(self, race):
        self._race, self.reports, self.start_ms = race, race.reports, race.stage.start_time_ms

    def at(self, time_ms):
        state = self._race.at(time_ms)
        head, peloton, dropped = state.groups
        more = tuple(dataclasses.replace(dropped, id=100 + number, number=number + 2) for number in range(8))
        return dataclasses.replace(state, groups=(head, peloton, dropped, *more))


def covered(scene, race, size, spec, overlays=USUAL_OVERLAYS):
    """Places of the framed road that lie under a panel or beyond the graphics safe area, and its spread."""
    time_ms = (scene.stage.start_time_ms or 0) + 60_000
    shown = frame_at(scene, race, time_ms, camera=parse_camera(spec), viewport_px=size, overlays=overlays)
    px, depth_m = project(shown.camera, size, scene.road.positions_m[scene.road.distance_m >= 0.0])
    assert (depth_m > 0.0).all()
    share = px / np.array(size)
    hidden = (share < 0.05).any(axis=1) | (share > 0.95).any(axis=1)
    for panel in shown.panels:
        height, width = panel.image.shape[:2]
        low, high = np.array([panel.x_px, panel.y_px]), np.array([panel.x_px + width, panel.y_px + height])
        hidden |= ((px >= low) & (px <= high)).all(axis=1)
    return int(hidden.sum()), np.ptp(share, axis=0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spec", ["overview", "side:stage", "climb:stage"])
def test_the_whole_road_lies_between_the_boards(scene, race, size, spec):
    hidden, spread = covered(scene, Scattered(race), size, spec)
    assert hidden == 0
    assert spread.max() > 0.45


def test_boards_would_hide_it_if_nobody_cared(scene, race):
    """Proof that this can fail: with the picture filled as if it had no boards, they cover the road."""
    from tracker3d.scene.camera.framing import fit
    from tracker3d.scene.free_area import free_area

    area = dataclasses.replace(
        free_area(scene, 16 / 9), left_board=0.0, right_board=1.0, left_board_foot=0.0, right_board_foot=0.0
    )
    road = scene.road.positions_m[scene.road.distance_m >= 0.0].astype(float)
    pose = fit(road, np.array([0.5, 0.6, -0.6]), fov_deg=30.0, aspect=16 / 9, area=area)
    px, _ = project(pose, (1920, 1080), road)
    assert ((px < (470.0, 300.0)).all(axis=1)).any() or ((px[:, 0] > 1450.0) & (px[:, 1] < 300.0)).any()


def test_a_view_stays_when_the_window_is_resized(scene, race):
    """Boards are counted by the picture's shape alone, so a larger picture of a shape is the same picture."""
    poses = [
        frame_at(
            scene, race, race.stage.start_time_ms, camera=parse_camera("overview"), viewport_px=size
        ).camera
        for size in ((1280, 720), (1920, 1080), (3840, 2160))
    ]
    assert poses[0] == poses[1] == poses[2]


@pytest.mark.real
@pytest.mark.parametrize("climb", CLIMBS)
def test_real_climbs_are_seen_from_start_to_finish(shared_data, tmp_path, race, climb):
    package = tmp_path / "x.stage"
    prepare(shared_data / f"routes/{climb}.gpx", output=package, dem_paths=[], width_km=1.0)
    opened = open_package(package)
    scene = build_scene(opened.stage, opened.ground)
    for size in ((1920, 1080), (1080, 1920)):
        for spec in ("overview", "side:stage"):
            hidden, _ = covered(scene, Nobody(race), size, spec, overlays=ALL_OVERLAYS - {Overlay.GAP_TREND})
            assert hidden == 0, (size, spec)
