"""Wind: which report counts, what it is to the riders, and where arrows point."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tracker3d.feed.reports import WeatherReport
from tracker3d.scene import Overlay, frame_at, parse_camera
from tracker3d.scene.drawing import Look
from tracker3d.scene.wind import TURNS, WindField, draw_arrow, wind_arrows, wind_says, wind_word

SIZE = (1920, 1080)


def report(after_h, km, from_deg, speed_mps=math.nan):
    nowhere = math.nan
    return WeatherReport(
        round(3_600_000 * after_h), 1000.0 * km, nowhere, nowhere, 24.4, speed_mps, math.radians(from_deg)
    )


class Windy:
    """The scripted race with a wind from one direction."""

    def __init__(self, race, from_deg, *, speed_mps=math.nan):
        self._race, self.stage = race, race.stage
        start_h = race.stage.start_time_ms / 3_600_000.0
        found = tuple(report(start_h, km, from_deg, speed_mps) for km in (0.0, 5.0))
        self.reports = SimpleNamespace(weather=found)

    def at(self, time_ms):
        return self._race.at(time_ms)


def test_the_nearest_report_counts_an_hour_as_twenty_kilometres():
    field = WindField((report(0, 10, 90), report(2, 60, 180), report(2, 61, math.nan)))
    assert field.at(time_ms=0, distance_m=12_000.0).to_rad == pytest.approx(math.radians(270))
    assert field.at(time_ms=7_200_000, distance_m=61_000.0).to_rad == pytest.approx(0.0, abs=1e-9)
    assert field.at(time_ms=0, distance_m=150_000.0) is None
    assert WindField(()).at(time_ms=0, distance_m=0.0) is None


@pytest.mark.parametrize(
    ("to_deg", "word"),
    [(0, "tailwind"), (50, "tailwind"), (70, "crosswind"), (-110, "crosswind"), (125, "headwind")],
)
def test_what_it_is_to_the_riders(to_deg, word):
    heading = math.radians(33.0)
    assert wind_word(heading + math.radians(to_deg), heading) == word


@pytest.mark.parametrize("turn", [0, 16, 32, 48])
def test_an_arrow_points_the_way_of_its_turn(scene, turn):
    look = Look(scene.theme, 2.0)
    picture = np.asarray(draw_arrow(look, turn)).astype(int)
    y, x = np.nonzero(np.abs(picture[..., :3] - scene.theme.colour("wind")).sum(axis=2) < 20)
    middle = (np.array(picture.shape[:2]) - 1) / 2.0
    wide = {}  # the head is the wider end
    for side in (1, -1):
        angle = 2 * math.pi * turn / TURNS
        along = (x - middle[1]) * math.sin(angle) - (y - middle[0]) * math.cos(angle)
        across = (x - middle[1]) * math.cos(angle) + (y - middle[0]) * math.sin(angle)
        wide[side] = np.ptp(across[(side * along > 3) & (side * along < 16)])
    assert wide[1] > 1.5 * wide[-1]


def test_arrows_stand_apart_in_the_picture_and_turn_with_the_camera(scene, race):
    windy = Windy(race, 180.0)
    state = windy.at(race.stage.start_time_ms)
    pose = frame_at(
        scene, race, state.time_ms, camera=parse_camera("overview"), viewport_px=SIZE, overlays=frozenset()
    ).camera
    arrows = wind_arrows(scene, windy, state, pose, SIZE, scale=1.0)
    assert len(arrows) >= 3
    places = np.array([(x, y) for _, x, y in arrows])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e6 * np.eye(len(places))
    assert apart.min() >= 150.0
    sight = pose.target_m - pose.eye_m
    expected = -math.atan2(sight[0], sight[1]) / (2 * math.pi) * TURNS
    off = (np.array([turn for turn, _, _ in arrows]) - expected + TURNS / 2) % TURNS - TURNS / 2
    assert np.abs(off).max() < TURNS / 6


def test_the_card_tells_the_head_of_the_race(scene, race):
    windy = Windy(race, 90.0, speed_mps=5.0)
    state = windy.at(race.stage.start_time_ms)
    heading = float(scene.stage.route.heading(state.riders.distance_m[state.order[0]]))
    assert heading == pytest.approx(math.radians(90.0), abs=0.1)
    assert wind_says(scene, windy, state) == (TURNS // 2, "Headwind", "18 km/h  ·  24 °C")
    silent = Windy(race, math.nan)
    assert wind_says(scene, silent, state) is None


def test_no_arrow_lies_under_a_label_or_a_panel(scene, race):
    windy = Windy(race, 225.0)
    wind = frozenset({Overlay.WIND})
    everything = wind | {Overlay.GROUP_LABELS, Overlay.PLACE_LABELS, Overlay.GAP_BOARD, Overlay.PROFILE}
    time_ms = race.stage.start_time_ms + 200_000
    camera = parse_camera("overview")
    alone, full = (
        frame_at(scene, windy, time_ms, camera=camera, viewport_px=SIZE, overlays=chosen)
        for chosen in (wind, everything)
    )
    arrows = {tuple(box) for box in alone.sprites.target_px.tolist()}
    assert arrows
    kept = [box for box in full.sprites.target_px.tolist() if tuple(box) in arrows]
    others = [box for box in full.sprites.target_px.tolist() if tuple(box) not in arrows]
    others += [[p.x_px, p.y_px, p.image.shape[1], p.image.shape[0]] for p in full.panels]
    for ax, ay, aw, ah in kept:
        for bx, by, bw, bh in others:
            assert ax >= bx + bw or bx >= ax + aw or ay >= by + bh or by >= ay + ah
