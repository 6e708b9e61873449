"""A show's rundown as a video: entry after entry, mixed and overlaid as on air, by command line."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tracker3d.cli import main
from tracker3d.commands.rundown import open_rundown
from tracker3d.render import parts
from tracker3d.render.layers import mixed
from tracker3d.render.picture import Moment, Take, TakesPicture
from tracker3d.scene import NO_OVERLAYS, frame_at, parse_camera
from tracker3d.show import EndBehaviour, Shot, ShowDocument
from tracker3d.show.files import write_show

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.show import OpenShow

SHOTS = (
    Shot("wide", "Wide", "overview", overlays=NO_OVERLAYS, duration_s=0.16),
    Shot("head", "Head", "chase:leader", duration_s=0.24, mix_s=0.12),
    Shot("end", "The end", "finish", overlays=NO_OVERLAYS, duration_s=0.12, end=EndBehaviour.BACK),
    Shot("orbit", "Orbit", "orbit", duration_s=0.2),
)
DOCUMENT = ShowDocument(SHOTS, ("wide", "head", "end"))
SIZE_PX = (128, 72)


@pytest.fixture
def show_file(tmp_path: Path) -> Path:
    write_show(tmp_path / "a.show", DOCUMENT)
    return tmp_path / "a.show"


def render(paths: tuple[Path, Path], show_file: Path, output: Path, *more: str) -> int:
    package, feed = (str(path) for path in paths)
    size = "x".join(map(str, SIZE_PX))
    given = ["--show", str(show_file), "--fps", "25", "--size", size, "-o", str(output)]
    return main(["render", package, "--feed", feed, *given, *more])


def pictures(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.asarray(Image.open(path)).astype(int) for path in sorted(folder.iterdir())}


def test_whole_rundown_is_taken_entry_after_entry(
    small_paths: tuple[Path, Path], show_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """13 frames: 4 of the first shot, 6 of the second, of which 3 are mixed in, and 3 of the third."""
    assert render(small_paths, show_file, tmp_path / "all", "--from", "3km") == 0
    whole = pictures(tmp_path / "all")
    assert list(whole) == [f"{number:06d}" for number in range(13)]
    names = list(whole)
    steps = [np.abs(whole[b] - whole[a]).mean() for a, b in itertools.pairwise(names)]
    assert np.argmax(steps) == 9  # the only cut
    assert min(steps[4:7]) > 3.0 * max(*steps[:3], *steps[7:9])  # mixes take their time
    monkeypatch.setattr(parts, "PART_FRAMES", 2)  # parts end within the mix
    assert render(small_paths, show_file, tmp_path / "one", "--from", "3km", "--shot", "head") == 0
    one = pictures(tmp_path / "one")
    assert list(one) == names[4:10]
    assert all((one[name] == whole[name]).all() for name in names[7:10])


def test_shot_outside_the_rundown_is_filmed_alone(opened: OpenShow, show_file: Path) -> None:
    stage, race = opened.scene.stage, opened.source.race
    replay: Any = SimpleNamespace(race=race, package=SimpleNamespace(stage=stage))

    def taken(shot: str | None) -> list[tuple[str, float, float]]:
        programme = open_rundown(show_file, shot, replay, opened.scene, start="3km", overlays=None)
        return [(take.names[1], take.start_s, take.duration_s) for take in programme.takes]

    assert [key for key, _, _ in taken(None)] == ["wide", "head", "end"]
    assert [start_s for _, start_s, _ in taken("head")] == pytest.approx([0.0, 0.16, 0.4])
    assert taken("ORBIT") == [("orbit", 0.0, 0.2)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--shot", "nobody"), "its shots are Wide, Head, The end, Orbit."),
        (("--shot", "9"), "the shots are 1 Wide, 2 Head, 3 The end."),
        (("--camera", "overview"), "or --show with a show."),
    ],
)
def test_what_the_show_has_not_is_said(
    small_paths: tuple[Path, Path],
    show_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    says: str,
) -> None:
    assert render(small_paths, show_file, tmp_path / "a.mp4", "--from", "3km", *more) == 1
    assert capsys.readouterr().err.strip().endswith(says)
    assert not list(tmp_path.glob("a.mp4*"))


def test_shot_that_cannot_be_filmed_is_said_before_anything_is_drawn(
    small_paths: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENT.with_shot(dataclasses.replace(SHOTS[2], camera="climb:Nowhere"))
    write_show(tmp_path / "b.show", document)
    assert render(small_paths, tmp_path / "b.show", tmp_path / "a.mp4", "--from", "3km") == 1
    error = capsys.readouterr().err.splitlines()
    assert "states no climbs" in error[-1]
    assert not any("frame 1 of" in line for line in error)
    assert not list(tmp_path.glob("a.mp4*"))


def test_frames_are_those_of_their_shots(opened: OpenShow) -> None:
    """Times of a move count from its take; loops begin again in race time too; outgoing labels stay."""
    scene, race = opened.scene, opened.source.race
    began_ms = race.start_ms + 300_000
    usual = SHOTS[1].overlays
    takes = (
        Take(("a",), parse_camera("chase:leader"), usual, 0.0, 2.0),
        Take(("b",), parse_camera("orbit"), usual, 2.0, 3.0, mix_s=1.0, loops=True),
    )
    picture = TakesPicture(takes[0].camera, (640, 360), overlays=usual, takes=takes)

    def shown(at_s: float, previous=None):
        time_ms = began_ms + round(1000 * at_s)
        return picture.shown(scene, race, Moment(time_ms, began_ms, at_s), previous=previous)

    before = shown(1.98).frame
    mixing = shown(2.25, before)
    assert mixing.share == pytest.approx(0.25)
    direct = frame_at(
        scene, race, began_ms + 2250, camera=takes[0].camera, viewport_px=(640, 360), overlays=usual,
        previous=before, wall_s=2.0, began_ms=began_ms,
    )  # fmt: skip
    assert mixing.under.label_slots == direct.label_slots
    assert np.array_equal(mixing.under.sprites.target_px, direct.sprites.target_px)
    later = shown(2.5, mixing.frame)
    assert {key for key in later.frame.label_slots if key[0].startswith("going ")}
    looped = shown(5.5)
    assert looped.under is None
    fresh = frame_at(
        scene, race, began_ms + 5500, camera=takes[1].camera, viewport_px=(640, 360), wall_s=0.5,
        began_ms=began_ms + 5000,
    )  # fmt: skip
    assert np.array_equal(looped.frame.camera.eye_m, fresh.camera.eye_m)
    assert len(picture.cuts(scene)) == 2


def test_mixed_pictures_still_key() -> None:
    random = np.random.default_rng(3)
    under, over = random.integers(0, 256, (2, 20, 30, 4)).astype(np.uint8)
    for each in (under, over):
        each[..., :3] = np.minimum(each[..., :3], each[..., 3:])
    assert (mixed(under, over, 1.0) == over).all()
    assert (mixed(under, over, 0.0) == under).all()
    half = mixed(under, over, 0.5).astype(int)
    assert np.abs(half - (under.astype(int) + over) / 2).max() <= 0.5
    assert (half[..., :3] <= half[..., 3:] + 1).all()
