"""Pictures: exact overlays, alpha that keys, the same bytes every time, nothing left behind."""

from __future__ import annotations

import dataclasses
import gc
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from render_scenes import frame, gate, hill_scene, living, rider_frame, sprites
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

from tracker3d import machine
from tracker3d.errors import InputError, MachineError
from tracker3d.render import Offscreen, SceneView, require_opengl, straight
from tracker3d.scene.model import GateKind, Panel

SIZE = (480, 270)
SKY = ((0.0, 0.0, 3000.0), (0.0, 1000.0, 3600.0))


def one_picture(view, *, scene=None, **options):
    with Offscreen(view.viewport_px, **{k: v for k, v in options.items() if k != "premultiplied"}) as target:
        target.set_stage(scene or hill_scene())
        target.set_frame(view)
        return target.picture(premultiplied=options.get("premultiplied", False))


def busy():
    """A frame with everything in it, part of it fading."""
    return rider_frame(count=40, labels=12, opacity=0.6)


@pytest.mark.parametrize("supersample", [False, True])
def test_sprites_and_panels_arrive_pixel_by_pixel(supersample):
    random = np.random.default_rng(1)
    atlas = random.integers(0, 256, (97, 131, 4)).astype(np.uint8)
    atlas[..., 3] = 255
    over = sprites(atlas, [[0, 0, 131, 97], [17, 5, 40, 30]], [[31, 22, 131, 97], [301, 200, 40, 30]])
    panel = Panel(
        "board", random.integers(0, 256, (50, 61, 4)).astype(np.uint8) | np.uint8([0, 0, 0, 255]), 1, 400, 3
    )
    found = one_picture(frame(*SKY, over=over, panels=(panel,)), supersample=supersample)
    assert (found[22 : 22 + 97, 31 : 31 + 131, :3] == atlas[..., :3]).all()
    assert (found[200:230, 301:341, :3] == atlas[5:35, 17:57, :3]).all()
    assert (found[3:53, 400:461, :3] == panel.image[..., :3]).all()


def test_sprite_blends_by_its_alpha_and_opacity():
    atlas = np.full((20, 20, 4), (200, 100, 50, 128), np.uint8)
    behind = one_picture(frame(*SKY)).astype(float)
    over = sprites(atlas, [[0, 0, 20, 20]], [[50, 60, 20, 20]], opacity=0.5)
    found = one_picture(frame(*SKY, over=over))[60:80, 50:70, :3]
    share = 128 / 255 * 0.5
    expected = behind[60:80, 50:70, :3] * (1 - share) + np.array([200.0, 100.0, 50.0]) * share
    assert np.abs(found - expected).max() <= 2.0


def test_overlays_follow_their_keys_and_leave_with_them():
    red, blue = (np.full((16, 16, 4), rgb, np.uint8) for rgb in ((255, 0, 0, 255), (0, 0, 255, 255)))
    with Offscreen(SIZE) as target:
        target.set_stage(hill_scene())
        found = []
        for panels in ((Panel("a", red, "red", 10, 10),), (Panel("a", blue, "blue", 40, 10),), ()):
            atlas = panels[0].image if panels else red
            place = [[100.0, 100.0, 16.0, 16.0]] if panels else np.zeros((0, 4))
            target.set_frame(
                frame(*SKY, panels=panels, over=sprites(atlas, [[0, 0, 16, 16]] * len(place), place))
            )
            found.append(target.picture())
    assert (found[0][12, 12, :3] == red[0, 0, :3]).all()
    assert (found[0][105, 105, :3] == red[0, 0, :3]).all()
    assert (found[1][12, 45, :3] == blue[0, 0, :3]).all()
    assert (found[1][105, 105, :3] == blue[0, 0, :3]).all()
    assert (found[1][12, 12] == found[2][12, 12]).all()
    assert found[2][12, 45, 2] < 255


def test_leader_lines_run_between_their_ends():
    leader = sprites(np.zeros((4, 4, 4)), np.zeros((0, 4)), np.zeros((0, 4)), leaders_px=[[50, 40, 350, 240]])
    plain, lined = one_picture(frame(*SKY)), one_picture(frame(*SKY, over=leader))
    rows, columns = np.nonzero((plain != lined).any(axis=-1))
    distance = np.abs((columns + 0.5 - 50) * 200 - (rows + 0.5 - 40) * 300) / np.hypot(200, 300)
    assert distance.max() < 2.5
    assert (columns.min(), columns.max()) == (pytest.approx(50, abs=2), pytest.approx(350, abs=2))


@pytest.mark.parametrize("supersample", [False, True])
def test_premultiplied_colour_never_exceeds_alpha(supersample):
    scene = hill_scene(gates=(gate(GateKind.START, "Start", 480.0, (40, 190, 110)),))
    rgba = one_picture(busy(), scene=scene, alpha=True, premultiplied=True, supersample=supersample).astype(
        int
    )
    assert (rgba[..., :3].max(axis=-1) <= rgba[..., 3] + 2).all()
    assert (rgba[..., 3] == 255).any()
    sky = one_picture(frame(*SKY), alpha=True, premultiplied=True, supersample=supersample)
    assert (sky == 0).all()


def test_straight_colour_composites_like_premultiplied():
    scene = hill_scene()
    with Offscreen(SIZE, alpha=True) as target:
        target.set_stage(scene)
        target.set_frame(rider_frame(count=30, labels=12, eye_offset_m=(-80.0, 0.0, 2.0)))
        key, fill = target.picture(premultiplied=True).astype(float), target.picture().astype(float)
    alpha = fill[..., 3:] / 255.0
    assert ((alpha > 0) & (alpha < 1)).sum() > 100
    for ground in (0.0, 255.0):
        aired = key[..., :3] + ground * (1 - alpha)
        assert np.abs(fill[..., :3] * alpha + ground * (1 - alpha) - aired).max() <= 2.0


def test_straight_divides_only_where_partly_transparent():
    given = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [64, 128, 32, 128], [129, 0, 0, 128]]], np.uint8)
    expected = [[0, 0, 0, 0], [10, 20, 30, 255], [128, 255, 64, 128], [255, 0, 0, 128]]
    assert straight(given)[0].tolist() == expected


def test_the_same_frame_gives_the_same_bytes():
    scene = hill_scene()
    with Offscreen(SIZE) as target:
        target.set_stage(scene)
        target.set_frame(busy())
        first, again = target.picture(), target.picture()
        target.set_frame(rider_frame(first_m=900.0))
        other = target.picture()
        target.set_frame(busy())
        back = target.picture()
    assert (first == again).all()
    assert (first == back).all()
    assert (first != other).any()
    assert (first == one_picture(busy(), scene=scene)).all()


def test_without_alpha_the_picture_is_opaque():
    assert (one_picture(busy())[..., 3] == 255).all()


def test_supersampling_smooths_edges_only():
    jagged, smooth = (one_picture(rider_frame(), supersample=choice).astype(int) for choice in (False, True))
    assert 0.5 < np.abs(jagged - smooth).mean() < 6.0


@pytest.mark.parametrize("size", [(8, 400), (400, 100_000)])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(InputError, match=f"{size[0]}x{size[1]}"):
        Offscreen(size)


def test_missing_libraries_are_named_before_anything_is_drawn(monkeypatch):
    lacking = machine.Finding(
        "OpenGL", ok=False, detail="missing libEGL.so.1", remedy="apt-get install libegl1"
    )
    monkeypatch.setattr("tracker3d.render.capability.opengl", lambda: lacking)
    require_opengl.cache_clear()
    with pytest.raises(MachineError, match="apt-get install libegl1"):
        Offscreen(SIZE)
    require_opengl.cache_clear()


def test_views_opened_and_closed_leave_nothing_behind():
    scene = hill_scene()
    used = []
    before = living()
    for _ in range(20):
        one_picture(rider_frame(labels=4, size_px=(160, 120)), scene=scene)
        gc.collect()
        used.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6)
    assert living() == before
    assert np.median(used[-5:]) - np.median(used[4:9]) < 12.0


def shown(window):
    """Return what a window shows, (h, w, 3)."""
    pixels = vtkUnsignedCharArray()
    window.GetPixelData(0, 0, SIZE[0] - 1, SIZE[1] - 1, 0, pixels, 0)
    return vtk_to_numpy(pixels).reshape(SIZE[1], SIZE[0], 3)[::-1].copy()


def test_view_gives_the_window_back_as_it_was():
    window = vtkEGLRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(0)
    window.SetSize(*SIZE)
    other = vtkRenderer()
    other.SetBackground(1.0, 0.0, 0.0)
    window.AddRenderer(other)
    view = SceneView(window)
    view.set_stage(hill_scene())
    view.set_frame(rider_frame())
    view.render()
    drawn = shown(window)
    view.close()
    assert list(window.GetRenderers()) == [other]
    window.Render()
    assert (shown(window) == [255, 0, 0]).all()
    assert (drawn == one_picture(rider_frame(), supersample=False)[..., :3]).all()
    window.Finalize()


def test_fast_pictures_show_the_same_stage_as_still_ones():
    scene = hill_scene()
    fast, still = (one_picture(rider_frame(), scene=scene, supersample=choice) for choice in (False, True))
    with Offscreen(SIZE, supersample=False) as target:
        target.set_stage(scene)
        target.set_frame(rider_frame())
        target._view.set_quality(still=True)
        changed = target.picture()
        target._view.set_quality(still=False)
        back = target.picture()
    assert (changed == still).all()
    assert (back == fast).all()


def test_closing_twice_is_harmless():
    target = Offscreen(SIZE)
    target.close()
    target.close()


def test_importing_the_package_loads_neither_vtk_nor_av():
    script = "import sys, tracker3d.render; print({'vtk', 'vtkmodules', 'av'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_another_stage_brings_its_own_panels_and_labels():
    """Keys tell contents of one stage apart: the same key on another stage is another picture."""
    red, blue = np.zeros((2, 16, 16, 4), np.uint8)
    red[...] = (200, 30, 30, 255)
    blue[...] = (30, 30, 200, 255)
    with Offscreen(SIZE) as pictures:
        for image in (red, blue):
            pictures.set_stage(hill_scene())
            over = sprites(image, [[0, 0, 16, 16]], [[100.0, 100.0, 16.0, 16.0]])
            over = dataclasses.replace(over, atlas_key="same")
            pictures.set_frame(frame(*SKY, panels=(Panel("a", image, None, 10, 10),), over=over))
            found = pictures.picture()
            assert (found[12:24, 12:24] == image[0, 0]).all()
            assert (found[102:114, 102:114] == image[0, 0]).all()
