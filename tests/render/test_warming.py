"""Nothing that a frame may show makes the driver translate a program on air."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from render_scenes import drawn_m, frame, gate, ground, hill_scene, rider_frame, road, road_xy

from terrain.pictures import Texture
from tracker3d.render.offscreen import offscreen_window
from tracker3d.render.view import SceneView
from tracker3d.scene.model import GateKind, Glows

SIZE = (240, 135)
_VERTEX = "#version 150\nin vec4 place;\nvoid main() { gl_Position = place * %d.0; }\n"
_FRAGMENT = "#version 150\nout vec4 colour;\nvoid main() { colour = vec4(0.5); }\n"


class Programs:
    """Counts what the driver has translated, by the numbers that it gives: each program takes as many."""

    def __init__(self, window):
        self._window = window
        self._probes = 0
        self._step = self._probe()
        self._step = self._probe() - self._step

    def _probe(self):
        self._probes += 1
        self._window.MakeCurrent()
        cache = self._window.GetShaderCache()
        return cache.ReadyShaderProgram(_VERTEX % self._probes, _FRAGMENT, "").GetHandle()

    def made_by(self, act):
        before = self._probe()
        act()
        return (self._probe() - before) / self._step - 1.0


def rich_frames():
    """Frames with all that there is: cyclists and markers, cars, labels, a panel, halos."""
    x, y = road_xy(np.array([700.0, 760.0]))
    line = np.column_stack([x, y, drawn_m(x, y)])
    points = np.repeat(line[:, None], 4, axis=1) + np.array([[0.0, k, 1.0] for k in range(4)])
    glows = Glows(points.astype(np.float32), np.full((2, 4, 4), 120, np.uint8), np.array([2]))
    for scale in (1.3, 12.0):
        made = rider_frame(labels=20, size_px=SIZE, scale=scale)
        yield dataclasses.replace(made, glows=glows)


@pytest.mark.parametrize("warm", [True, False])
def test_no_program_is_translated_after_the_first_picture(monkeypatch, warm):
    if not warm:  # without which this test would prove nothing
        monkeypatch.setattr("tracker3d.render.warming.Warming._begin", lambda warming: None)
    made = ground((2, 2), levels=3)
    tile = int(made.tree.of_level(0)[0])
    (west, south, _), (east, north, _) = made.tree.box_m[tile].tolist()
    made.pictures[tile] = Texture(np.full((64, 64, 3), 90, np.uint8), (west, south, east, north))
    scene = hill_scene(
        with_ground=made,
        road_line=road(hidden_m=(900.0, 1200.0)),
        gates=(gate(GateKind.FINISH, "Finish", 1500.0, (240, 200, 10)),),
    )
    window = offscreen_window(*SIZE, alpha=False)
    view = SceneView(window)
    view.set_stage(scene)
    view.set_frame(frame((0.0, -9000.0, 5000.0), (0.0, 0.0, 0.0), size_px=SIZE))
    view.render()
    programs = Programs(window)

    def show():
        for one in rich_frames():
            view.set_frame(one)
            view.render()

    assert programs.made_by(lambda: None) == 0.0
    assert (programs.made_by(show) == 0.0) == warm
    assert programs.made_by(show) == 0.0
    view.close()
    window.Finalize()
