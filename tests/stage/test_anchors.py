"""Official kilometres on a drawn line."""

from __future__ import annotations

import numpy as np
import pytest

from terrain import LocalFrame
from tracker3d.stage.anchors import Anchor
from tracker3d.stage.roadbuild import build_route

FRAME = LocalFrame(6.5, 45.2)


def straight(length_m: float = 30_000.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x_m = np.linspace(0.0, length_m, 301)
    return *FRAME.to_wgs84(x_m, 0.0 * x_m), np.zeros(301)


def anchor(x_m: float, stated_m: float, *, exact: bool = False, y_m: float = 0.0) -> Anchor:
    lon, lat = FRAME.to_wgs84(x_m, y_m)
    return Anchor(float(lon), float(lat), stated_m, exact=exact)


def place_of(built, stated_m: float) -> float:
    return float(built.route.position(stated_m)[0])


def test_km_0_and_the_finish_are_exact_and_the_neutralised_start_is_negative():
    anchors = [anchor(5000.0, 0.0, exact=True), anchor(30_000.0, 25_100.0, exact=True)]
    built = build_route(*straight(), frame=FRAME, anchors=anchors)
    assert place_of(built, 0.0) == pytest.approx(5000.0, abs=1.0)
    assert built.route.end_m == pytest.approx(25_100.0, abs=1.0)
    assert built.route.start_m == pytest.approx(-5000.0, rel=0.01)


def test_rounded_kilometres_do_not_make_riders_faster_here_and_slower_there():
    rng = np.random.default_rng(1)
    at_m = np.sort(rng.uniform(500.0, 29_500.0, 70))
    stated_m = np.round(at_m * 1.003, -1) + rng.normal(0.0, 3.0, 70)
    anchors = [anchor(0.0, 0.0, exact=True), anchor(30_000.0, 30_090.0, exact=True)]
    anchors += [anchor(x, s) for x, s in zip(at_m, stated_m, strict=True)]
    built = build_route(*straight(), frame=FRAME, anchors=anchors)
    speed = np.diff(built.scale.official_m) / np.diff(built.scale.along_m)
    assert np.abs(speed - 1.003).max() < 0.01
    raw = np.diff(stated_m) / np.diff(at_m)
    assert np.abs(raw - 1.003).max() > 0.02
    assert np.quantile(np.abs(built.scale.residual_m), 0.95) < 10.0


def test_a_stretch_that_the_trace_cuts_short_keeps_its_own_scale():
    at_m = np.arange(1000.0, 30_000.0, 1000.0)
    longer = np.where(at_m > 15_000.0, (at_m - 15_000.0) * 0.01, 0.0)
    anchors = [anchor(0.0, 0.0, exact=True), anchor(30_000.0, 30_150.0, exact=True)]
    anchors += [anchor(x, s) for x, s in zip(at_m, at_m + longer, strict=True)]
    built = build_route(*straight(), frame=FRAME, anchors=anchors)
    assert np.abs(built.scale.residual_m).max() < 10.0
    assert place_of(built, 15_000.0) == pytest.approx(15_000.0, abs=10.0)


def test_anchors_off_the_road_or_contradicting_are_left_out():
    anchors = [anchor(0.0, 0.0, exact=True), anchor(30_000.0, 30_000.0, exact=True)]
    anchors += [anchor(x, x) for x in np.arange(2000.0, 29_000.0, 2000.0)]
    wrong = [anchor(9000.0, 9000.0, y_m=400.0), anchor(9000.0, 9300.0), anchor(21_000.0, 12_000.0)]
    built = build_route(*straight(), frame=FRAME, anchors=anchors + wrong)
    assert built.scale.refused == 3
    assert np.abs(built.route.position(built.route.distance_m)[0] - built.route.distance_m).max() < 8.0


def test_a_circuit_finds_every_passage_of_the_same_place():
    angle = np.linspace(0.0, 3 * 2 * np.pi, 541)
    lon, lat = FRAME.to_wgs84(1000.0 * np.sin(angle), 1000.0 * np.cos(angle))
    lap_m = 2 * np.pi * 1000.0
    line = FRAME.to_wgs84(0.0, 1000.0)
    anchors = [
        Anchor(float(line[0]), float(line[1]), lap * lap_m * 1.002, exact=lap in (0, 3)) for lap in range(4)
    ]
    built = build_route(lon, lat, np.zeros(541), frame=FRAME, anchors=anchors)
    assert built.scale.refused == 0
    np.testing.assert_allclose(built.scale.along_m, np.arange(4) * lap_m, atol=5.0)
    np.testing.assert_allclose(built.scale.official_m, np.arange(4) * lap_m * 1.002, atol=5.0)


def test_without_anchors_kilometres_count_from_the_first_point():
    built = build_route(*straight(), frame=FRAME)
    assert built.route.start_m == 0.0
    assert built.route.finish_m == built.route.end_m == pytest.approx(30_000.0, rel=1e-4)
