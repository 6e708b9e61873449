"""Renders that are stopped go on to the same bytes, whoever draws them; what hinders them is said plainly."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from render_films import FPS, Recipe, film, span

from tracker3d.errors import InputError, MachineError, OutputError
from tracker3d.render import Alpha, parts
from tracker3d.render.job import render_video

JOB = {"film": "test"}


def bytes_of(path):
    if path.is_dir():
        return {each.name: each.read_bytes() for each in sorted(path.iterdir())}
    return path.read_bytes()


def stopping(after):
    """Progress that stops the render as a key does after some frames."""
    count = 0

    def progress(text, fraction):
        nonlocal count
        count += text.startswith("frame")
        if count > after:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm", "clip"])
def test_stopped_render_goes_on_to_the_same_bytes(tmp_path, monkeypatch, name):
    monkeypatch.setattr(parts, "PART_FRAMES", 4)
    whole, stopped = tmp_path / f"whole{Path(name).suffix}", tmp_path / name
    render_video(film(), whole, span=span(14), made_from=JOB)
    said = []
    with pytest.raises(KeyboardInterrupt):
        render_video(film(), stopped, span=span(14), made_from=JOB, progress=stopping(9))
    assert not stopped.exists()
    render_video(
        film(), stopped, span=span(14), made_from=JOB, progress=lambda text, share: said.append((text, share))
    )
    assert said[0][0] == "going on from frame 8 of 14"
    assert said[-1][0].startswith("frame 14 of 14")
    assert bytes_of(stopped) == bytes_of(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([whole.name, stopped.name])


def test_another_job_of_the_same_name_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART_FRAMES", 4)
    with pytest.raises(KeyboardInterrupt):
        render_video(film(), tmp_path / "clip", span=span(10), made_from=JOB, progress=stopping(6))
    said = []
    render_video(
        film(),
        tmp_path / "clip",
        span=span(10),
        made_from={"film": "another"},
        progress=lambda text, share: said.append(text),
    )
    assert said[0].startswith("frame 1 of 10")


def test_damaged_part_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART_FRAMES", 4)
    render_video(film(), tmp_path / "whole.mp4", span=span(10), made_from=JOB)
    with pytest.raises(KeyboardInterrupt):
        render_video(film(), tmp_path / "clip.mp4", span=span(10), made_from=JOB, progress=stopping(9))
    part = tmp_path / "clip.mp4.part" / "00000.mp4"
    part.write_bytes(part.read_bytes()[:-100])
    render_video(film(), tmp_path / "clip.mp4", span=span(10), made_from=JOB)
    assert bytes_of(tmp_path / "clip.mp4") == bytes_of(tmp_path / "whole.mp4")


def test_several_processes_make_the_same_bytes(tmp_path):
    render_video(film(), tmp_path / "one.mp4", span=span(55))
    render_video(film(), tmp_path / "two.mp4", span=span(55), recipe=Recipe(), workers=2)
    assert bytes_of(tmp_path / "two.mp4") == bytes_of(tmp_path / "one.mp4")


class Broken(Recipe):
    """Opens nothing."""

    def open(self):
        raise InputError("The stage is gone; bring it back.")


class Dying(Recipe):
    """Ends the process that opens it."""

    def open(self):
        os._exit(9)


@pytest.mark.parametrize(("recipe", "error"), [(Broken(), InputError), (Dying(), MachineError)])
def test_what_goes_wrong_in_another_process_is_said_here(tmp_path, recipe, error):
    with pytest.raises(error, match=r"bring it back|exit code 9"):
        render_video(film(), tmp_path / "clip.mp4", span=span(20), recipe=recipe, workers=2)
    assert not list(tmp_path.iterdir())


def test_part_of_a_move_shows_its_frames_by_their_numbers(tmp_path):
    """Shots of a rundown rendered alone have the times and the numbers that they have in the whole."""
    whole, part = span(9), span(5, first=4)
    render_video(film(), tmp_path / "part", span=part)
    assert sorted(bytes_of(tmp_path / "part")) == [f"{number:06d}.png" for number in range(4, 9)]
    assert part.time_ms(6) == whole.time_ms(6)


def test_killed_at_twenty_random_moments(tmp_path):
    count, part_frames = 40, 3
    whole, killed = tmp_path / "whole.mov", tmp_path / "killed.mov"
    random_s = random.Random(20)
    script = Path(__file__).with_name("render_films.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as films:

        def run(output, kill_after_s=None):
            films.stdin.write(f"{output} {count} {part_frames}\n")
            films.stdin.flush()
            child = int(films.stdout.readline())
            if kill_after_s is not None:
                time.sleep(kill_after_s)
                with contextlib.suppress(ProcessLookupError):  # it was quicker
                    os.kill(child, signal.SIGKILL)
            return int(films.stdout.readline())

        assert run(killed) == 0  # whoever is first loads what all use
        begun_s = time.monotonic()
        assert run(whole) == 0
        lasts_s = time.monotonic() - begun_s
        killed.unlink()
        finished = []
        for _ in range(20):
            run(killed, random_s.uniform(0.05, 0.9) * lasts_s)
            finished.append(len(list((tmp_path / "killed.mov.part").glob("0*.mov"))))
            if killed.exists():  # so quick: begin again with the moments that are left
                assert bytes_of(killed) == bytes_of(whole)
                killed.unlink()
        assert run(killed) == 0
        films.stdin.close()
    assert any(finished)
    assert bytes_of(killed) == bytes_of(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed.mov", "whole.mov"]


@pytest.mark.parametrize("name", ["clip.mkv", "clip"])
def test_full_disk_is_one_plain_sentence_and_keeps_what_is_finished(tmp_path, monkeypatch, name):
    """Files that may not grow stand for a disk that is full: the same errors come out of the same calls."""
    monkeypatch.setattr(parts, "PART_FRAMES", 2)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)

    def filling(text, fraction):
        if text.startswith("frame 5"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limit[1]))

    try:
        with pytest.raises(OutputError, match=rf"^\S*{name} cannot be written \(.*\); make room .*kept\.$"):
            render_video(film(), tmp_path / name, span=span(12), made_from=JOB, progress=filling)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    said = []
    render_video(
        film(), tmp_path / name, span=span(12), made_from=JOB, progress=lambda text, share: said.append(text)
    )
    assert said[0].startswith("going on from frame")
    assert (tmp_path / name).exists()


def test_missing_codec_is_one_plain_sentence_before_anything_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"prores_ks"})
    with pytest.raises(MachineError, match=r"^The video encoder prores_ks is missing on this machine; .*\.$"):
        render_video(film(), tmp_path / "clip.mov", span=span(4), codec="prores")
    assert not list(tmp_path.iterdir())


def test_motion_is_even(tmp_path):
    """Frame times are the exact ones to the nearest millisecond, however long the span."""
    whole = span(200_000)
    numbers = np.arange(0, 200_000, 997)
    exact = np.array([float(number * 1000 / FPS) for number in numbers.tolist()])
    found = np.array([whole.time_ms(number) - whole.start_ms for number in numbers.tolist()])
    assert np.abs(found - exact).max() <= 0.5


def test_premultiplied_pictures_never_have_colour_over_alpha(tmp_path):
    render_video(film(alpha=Alpha.PREMULTIPLIED), tmp_path / "clip.mkv", span=span(6))
    with av.open(tmp_path / "clip.mkv") as container:
        for frame in container.decode(video=0):
            rgba = frame.to_ndarray(format="rgba").astype(int)
            assert (rgba[..., :3].max(axis=-1) <= rgba[..., 3] + 2).all()
            assert len(np.unique(rgba[..., 3])) > 5
