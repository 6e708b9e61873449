"""The road is drawn coarser from afar, and nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest
from render_scenes import drawn_m, frame, hill_scene, road, road_xy

from tracker3d.render import Offscreen, pieces
from tracker3d.render import road as road_module
from tracker3d.render.pieces import cut, thinned
from tracker3d.scene.projection import project

SIZE = (1280, 720)
VIEWS = [
    ((-1500.0, -900.0, 500.0), (-200.0, 0.0, 0.0)),
    ((-1700.0, -60.0, 150.0), (0.0, 0.0, 40.0)),
    ((-1380.0, -40.0, 30.0), (-1100.0, 100.0, 0.0)),
    ((300.0, -6000.0, 2500.0), (0.0, 0.0, 0.0)),
    ((0.0, -20_000.0, 9000.0), (0.0, 0.0, 0.0)),
]


def winding(length_m=6000.0):
    """Return nodes (n, 3) of a winding mountain road every 5 m, their distances and colours."""
    s = np.arange(0.0, length_m, 5.0)
    turn = np.cumsum(np.where(np.sin(s / 180.0) > 0.7, 0.12, -0.03) * np.cos(s / 700.0))
    points = np.column_stack([np.cumsum(5 * np.cos(turn)), np.cumsum(5 * np.sin(turn)), 40 * np.sin(s / 400)])
    colours = np.stack([128 + 100 * np.sin(s / 300), 0 * s + 90, 128 - 100 * np.sin(s / 90)], axis=1)
    return points, s, colours.astype(np.uint8)


def picture(view, **settings):
    """Return the picture of the hill from a view (eye, target)."""
    eye, target = view
    with Offscreen(SIZE, supersample=False) as drawing:
        drawing.set_stage(hill_scene(**settings))
        drawing.set_frame(frame(eye, target, size_px=SIZE))
        return drawing.picture().astype(int)


@pytest.mark.parametrize("error_m", [0.4, 2.0, 10.0])
def test_thinned_road_stays_within_its_bound_of_the_road(error_m):
    points, s, colours = winding()
    ends = np.zeros(len(s), bool)
    ends[[0, 300, -1]] = True
    kept = thinned(points, colours, s, ends, error_m)
    assert kept[ends].all()
    assert kept.sum() < 0.5 * len(s)
    for column in range(3):
        straight = np.interp(s, s[kept], points[kept, column])
        assert np.abs(straight - points[:, column]).max() <= error_m + 1e-9
        shade = np.interp(s, s[kept], colours[kept, column].astype(float))
        assert np.abs(shade - colours[:, column]).max() <= 12.0 + 1e-9


def test_pieces_follow_each_other_without_a_gap_but_for_tunnels():
    points, s, _ = winding()
    beside = np.array([0.0, 3.0, 0.5])
    found = cut([(0, 500), (700, 1200)], s, points - beside, points + beside)
    assert found.first[0] == 0
    assert found.last[-1] == 1199
    gaps = np.flatnonzero(found.first[1:] != found.last[:-1])
    assert (found.last[gaps], found.first[gaps + 1]) == ([499], [700])
    assert (np.diff(s)[0] * (found.last - found.first) < 1500.0).all()
    for first, last, low, high in zip(found.first, found.last, found.low_m, found.high_m, strict=True):
        inside = points[first : last + 1]
        assert (low <= inside).all()
        assert (inside <= high).all()
        assert found.half_m.max() == pytest.approx(np.linalg.norm(beside))


def test_road_without_open_air_and_a_road_of_one_node_are_no_mistakes():
    points, s, colours = winding(50.0)
    assert len(cut([], s, points, points).first) == 0
    assert thinned(points[:1], colours[:1], s[:1], np.ones(1, bool), 1.0).all()
    all_hidden = road(length_m=800.0, hidden_m=(0.0, 800.0))
    assert picture(VIEWS[0], road_line=all_hidden).shape == (720, 1280, 4)


@pytest.mark.parametrize("view", VIEWS)
def test_thinning_the_line_does_not_show(view, monkeypatch):
    seen = picture(view)
    monkeypatch.setattr(pieces, "_ERROR_PX", 0.0)
    full = picture(view)
    line = (full != picture(view, road_line=road(length_m=10.0))).any(axis=-1)
    changed = np.abs(seen - full).max(axis=-1) > 40
    assert line.sum() > 100
    assert changed.sum() < 0.05 * line.sum()


def test_some_view_above_is_thinned(monkeypatch):
    found = []

    def spied(pixel_m, errors_m):
        found.extend(pieces.levels(pixel_m, errors_m))
        return pieces.levels(pixel_m, errors_m)

    monkeypatch.setattr(road_module, "levels", spied)
    for view in VIEWS:
        picture(view)
    assert set(found) >= {0, 1, 2}


@pytest.mark.parametrize("view", VIEWS)
def test_surface_is_left_out_only_where_the_line_hides_it(view, monkeypatch):
    seen = picture(view)
    monkeypatch.setattr(road_module, "_SURFACE_FROM", 0.0)
    assert (np.abs(seen - picture(view)).max(axis=-1) > 8).sum() <= 3


def test_nothing_gapes_where_levels_meet(monkeypatch):
    monkeypatch.setattr(road_module, "levels", lambda pixel_m, _: np.arange(len(pixel_m)) % 2 * 3)
    line = road(length_m=2900.0)
    ends = cut([(0, len(line.distance_m))], line.distance_m, line.left_m, line.right_m).last[:-1]
    assert len(ends) == 2
    for end in ends:
        s = line.distance_m[end] + np.linspace(-150.0, 150.0, 201)
        x, y = road_xy(s)
        z = drawn_m(x, y)
        eye, target = (x[100], y[100] - 100.0, z[100] + 12_000.0), (x[100], y[100], z[100])
        px, _ = project(frame(eye, target).camera, SIZE, np.column_stack([x, y, z]))
        column, row = np.floor(px).astype(int).T
        bare = picture((eye, target), road_line=road(length_m=10.0))
        drawn = np.abs(picture((eye, target), road_line=line) - bare).max(axis=-1) > 40
        assert drawn[row, column].all()
        middle = round(px[100, 0])
        assert drawn[:, middle - 15 : middle + 15].any(axis=0).all()
