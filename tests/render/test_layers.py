"""Layers key: colour never over alpha, composites like direct pictures, mattes that say what is there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from render_scenes import drawn_m, gate, hill_scene, no_riders, no_sprites, rider_frame, riders_at, road_xy

from tracker3d.errors import InputError, MachineError
from tracker3d.render import Alpha, Layer, Offscreen, keying
from tracker3d.render.layers import (
    FARTHEST,
    NOTHING_M,
    choose_alpha,
    depth_code,
    depth_m,
    finished,
    parse_layer,
    rider_bytes,
)
from tracker3d.render.offscreen import averaged
from tracker3d.scene import project
from tracker3d.scene.model import GateKind, Glows

SIZE = (320, 180)
KEYED = (Layer.FULL, Layer.CLEAN, Layer.OVERLAYS, Layer.HOLD_OUT)


def glowing(view):
    """The frame with light along the road."""
    s = np.arange(300.0, 900.0, 10.0)
    x, y = road_xy(s)
    middle = np.column_stack([x, y, drawn_m(x, y)]).astype(np.float32)
    points = np.repeat(middle[:, None], 4, axis=1)
    points[:, :, 1] += np.array([-12.0, -4.0, 4.0, 12.0], np.float32)
    rgba = np.zeros((len(s), 4, 4), np.uint8)
    rgba[...] = (255, 220, 60, 0)
    rgba[:, 1:3, 3] = 210
    return dataclasses.replace(view, glows=Glows(points, rgba, np.array([len(s)])))


def busy():
    """Riders of whom some fade, light, labels and a panel, seen against the sky too."""
    view = rider_frame(count=25, labels=5, size_px=SIZE, eye_offset_m=(-40.0, 0.0, 3.0))
    opacity = np.where(np.arange(25) % 3, 1.0, 0.45).astype(np.float32)
    return glowing(dataclasses.replace(view, riders=dataclasses.replace(view.riders, opacity=opacity)))


def bare(view):
    return dataclasses.replace(view, sprites=no_sprites(), panels=(), glows=None)


def scene():
    return hill_scene(gates=(gate(GateKind.START, "Start", 480.0, (240, 250, 245)),))


def drawn(view, layer, *, over=None, alpha=True, stage=None):
    """Return the layer as the renderer gives it, over nothing or a level of grey."""
    with Offscreen(SIZE, alpha=alpha, layer=layer) as target:
        target.set_stage(stage or scene())
        if over is not None:
            target._view._renderer.SetBackground(over, over, over)
            target._view._renderer.SetBackgroundAlpha(1.0)
        target.set_frame(view)
        target.render()
        return target.read().astype(int)


@pytest.mark.parametrize("layer", KEYED)
def test_layer_keys_over_black_and_white_as_if_it_had_been_drawn_there(layer):
    view = bare(busy()) if layer is Layer.CLEAN else busy()
    stage = scene()
    key = drawn(view, layer, stage=stage)
    colour, alpha = key[..., :3], key[..., 3:]
    assert (colour <= alpha + 2).all()
    assert (alpha == 0).any()
    assert ((alpha > 0) & (alpha < 255)).sum() > 100
    for level in (0, 1):
        direct = drawn(view, layer, over=float(level), stage=stage)[..., :3]
        assert np.abs(colour + level * (255 - alpha) - direct).max() <= 2
    fill = finished(key.astype(np.uint8), layer, Alpha.STRAIGHT).astype(float)
    for level in (0.0, 255.0):
        aired = fill[..., :3] * alpha / 255.0 + level * (1 - alpha / 255.0)
        assert np.abs(aired - (colour + level * (1 - alpha / 255.0))).max() <= 2.0


def test_overlays_over_the_clean_picture_are_the_full_one():
    view, stage = busy(), scene()
    overlays = drawn(view, Layer.OVERLAYS, stage=stage)
    clean = drawn(bare(view), Layer.CLEAN, stage=stage)
    full = drawn(view, Layer.FULL, stage=stage)
    laid = overlays + clean * (255 - overlays[..., 3:]) / 255.0
    off = np.abs(laid - full).max(axis=-1)
    assert (off <= 2).mean() > 0.995  # edges of riders before light are the rest
    plain = dataclasses.replace(view, glows=None)
    overlays = drawn(plain, Layer.OVERLAYS, stage=stage)
    full = drawn(plain, Layer.FULL, stage=stage)
    off = np.abs(overlays + clean * (255 - overlays[..., 3:]) / 255.0 - full).max(axis=-1)
    assert (off <= 2).mean() > 0.998  # smooth edges of leader lines over edges are the rest


def test_ground_held_out_hides_and_is_not_drawn():
    """Riders before the ground are as in the full picture; those behind a hill are nowhere."""
    places = np.array([[0.0, 0.0, 0.0], [0.0, 700.0, 0.0]])
    places[:, 2] = drawn_m(places[:, 0], places[:, 1])
    eye = np.array([0.0, -30.0, float(drawn_m(0.0, -30.0)) + 3.0])
    people = riders_at(places, scale=1.0)
    view = dataclasses.replace(
        bare(busy()),
        riders=people,
        camera=dataclasses.replace(busy().camera, eye_m=eye, target_m=places[0] + [0.0, 0.0, 1.0]),
    )
    near = dataclasses.replace(people, positions_m=people.positions_m[[0, 0]])
    held = drawn(view, Layer.HOLD_OUT)
    nobody = drawn(dataclasses.replace(view, riders=no_riders()), Layer.HOLD_OUT)
    full = drawn(view, Layer.FULL)
    assert (drawn(dataclasses.replace(view, riders=near), Layer.HOLD_OUT) == held).all()
    assert (drawn(dataclasses.replace(view, riders=near), Layer.FULL) == full).all()
    inside = (held[..., 3] == 255) & (nobody[..., 3] == 0)
    assert inside.sum() > 15
    assert np.abs(held - full)[inside].max() <= 2
    ground = (full[..., 3] == 255) & (held[..., 3] == 0)
    assert ground.mean() > 0.2
    assert (held[ground] == 0).all()


def test_depth_is_the_distance_along_the_sight():
    sky = depth_m(drawn(bare(busy()), Layer.DEPTH).astype(np.uint8))[0]
    assert (sky == NOTHING_M).any()
    view = bare(rider_frame(count=5, size_px=SIZE, eye_offset_m=(-300.0, 100.0, 260.0)))
    found = depth_m(drawn(view, Layer.DEPTH).astype(np.uint8))
    x, y = (
        each.ravel() for each in np.meshgrid(np.arange(-1400.0, 0.0, 13.0), np.arange(-600.0, 600.0, 13.0))
    )
    px, away = project(view.camera, SIZE, np.column_stack([x, y, drawn_m(x, y)]))
    column, row = np.floor(np.nan_to_num(px, nan=-1.0)).astype(int).T
    inside = (away > 5.0) & (column >= 0) & (column < SIZE[0]) & (row >= 0) & (row < SIZE[1])
    expected, measured = away[inside], found[row[inside], column[inside]]
    nearer = measured < 1.05 * expected + 5.0  # for what is hidden is farther than what is seen
    assert nearer.mean() > 0.98  # pixels on a ridge are the rest
    close = np.abs(measured - expected) < 0.02 * expected + 1.0
    assert close.sum() > 300


def test_depth_codes_are_fine_and_say_where_nothing_is():
    metres = np.array([1.0, 10.0, 1234.5, 99_999.0, NOTHING_M], np.float32)
    codes = depth_code(metres)
    assert codes[-1] == FARTHEST
    back = 2.0 ** (17.0 * codes[:-1] / 65534.0)
    assert np.abs(back / metres[:-1] - 1.0).max() < 1e-4


def test_rider_matte_says_who_it_is():
    """A number of each rider's own, also for large bibs and vehicles, faded or far away."""
    view = bare(rider_frame(count=20, size_px=SIZE, eye_offset_m=(-40.0, 0.0, 12.0)))
    bibs = np.arange(20, dtype=np.int32) * 977 + 3
    bibs[-1] = -7
    scale = np.where(np.arange(20) < 10, 1.3, 4.0).astype(np.float32)
    people = dataclasses.replace(
        view.riders, bibs=bibs, scale=scale, opacity=np.linspace(0.2, 1.0, 20).astype(np.float32)
    )
    matte = finished(
        drawn(dataclasses.replace(view, riders=people), Layer.RIDERS).astype(np.uint8),
        Layer.RIDERS,
        Alpha.NONE,
    )
    assert matte.dtype == np.uint16
    numbers = bibs.astype(np.uint16)
    assert set(np.unique(matte).tolist()) <= {0, *numbers.tolist()}
    middle = people.positions_m + np.array([0.0, 0.0, 1.0], np.float32) * (0.9 * scale)[:, None]
    px, _ = project(view.camera, SIZE, middle)
    seen = 0
    for number, (x, y) in zip(numbers.tolist(), np.floor(px).astype(int).tolist(), strict=True):
        if 0 <= x < SIZE[0] and 0 <= y < SIZE[1]:
            seen += bool((matte[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] == number).any())
    assert seen >= 8
    assert rider_bytes(np.array([258, -1], np.int32)).tolist() == [[1, 2, 0], [255, 255, 0]]


def test_means_of_samples_are_rounded_means():
    pixels = np.random.default_rng(5).integers(0, 256, (24, 32, 4)).astype(np.uint8)
    expected = pixels.reshape(6, 4, 8, 4, 4).astype(float).mean(axis=(1, 3))
    assert np.abs(averaged(pixels, 4) - expected).max() <= 0.5


@pytest.mark.parametrize(
    ("layer", "wished", "chosen"),
    [
        ("full", None, Alpha.NONE),
        ("full", "premultiplied", Alpha.PREMULTIPLIED),
        ("hold-out", None, Alpha.STRAIGHT),
        ("depth", None, Alpha.NONE),
    ],
)
def test_one_switch_says_how_alpha_is_written(layer, wished, chosen):
    assert choose_alpha(parse_layer(layer), wished) is chosen


@pytest.mark.parametrize(("layer", "wished"), [("full", "yes"), ("overlays", "none"), ("riders", "straight")])
def test_alpha_that_a_layer_cannot_have_is_refused(layer, wished):
    with pytest.raises(InputError, match=r"\.$"):
        choose_alpha(parse_layer(layer), wished)
    with pytest.raises(InputError, match="hold-out"):
        parse_layer("sky")


def test_alpha_keys_on_this_machine():
    found = keying.self_test()
    assert found.ok, found.says()


def test_self_test_notices_multisampling_and_white_backgrounds():
    """The faults that renderers have: colours that are not multiplied, and colour under no alpha."""
    key = np.zeros((40, 40, 4), np.uint8)
    key[:10], key[10:20] = 255, (60, 50, 40, 128)
    over_black = key.copy()
    over_white = np.clip(key.astype(int) + 255 - key[..., 3:], 0, 255).astype(np.uint8)
    assert keying.judged(key, over_black, over_white, renderer="R").ok
    edges = key.copy()
    edges[10] = (136, 136, 136, 64)
    assert not keying.judged(edges, over_black, over_white, renderer="R").ok
    white = key.copy()
    white[20:, :, :3] = 255
    assert not keying.judged(white, over_black, over_white, renderer="R").ok
    assert not keying.judged(np.zeros_like(key), over_black, over_white, renderer="R").tried


def test_render_with_alpha_is_refused_where_it_does_not_key(monkeypatch):
    bad = keying.Keying(excess=72, difference=80, tried=True, renderer="Some GPU")
    monkeypatch.setattr(keying, "self_test", lambda: bad)
    with pytest.raises(MachineError, match=r"over alpha by 72.*Some GPU.*LIBGL_ALWAYS_SOFTWARE=1.*\.$"):
        keying.require_keying()
