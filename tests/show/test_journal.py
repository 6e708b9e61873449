"""The journal, and the show that comes back after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_show import START_MS, edited

from tracker3d.show import Show, Side
from tracker3d.show import journal as journal_module
from tracker3d.show.journal import Journal, ShowPlace, chapters
from tracker3d.show.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.show import OpenShow

PLACE = ShowPlace("small.stage", "http://127.0.0.1/live-stream", "log")
HERE = Path(__file__).parent


def run_a_show(show: Show) -> None:
    show.edit("pin", edited(show.document, "pin", 4), 10.0)
    show.edit("lock", edited(show.document, "lock", 4), 11.0)
    show.cue_entry(2, 12.0)
    show.take(13.0)
    show.program.clock.seek(START_MS + 300_000, 14.0)
    show.program.clock.set_delay(12.3, 14.0)
    show.program.clock.play(14.0)
    show.undo(15.0)


def test_a_show_comes_back_as_it_was(show: Show, make_show: Callable[[], Show], tmp_path: Path) -> None:
    journal = Journal(tmp_path, show, PLACE, wall_clock=lambda: 20.0)
    run_a_show(show)
    journal.close()
    recovered = recover(tmp_path)
    assert recovered is not None
    assert recovered.closed
    assert recovered.place == PLACE
    assert recovered.state == show.state
    assert [act.text for act in recovered.acts][:2] == ["pin", "lock"]
    again = make_show()
    recovered.restore(again, 1000.0)
    # what played goes on where it was at the end, and edits can still be undone and done again
    assert again.now_ms(Side.PROGRAM, 1000.0) == show.now_ms(Side.PROGRAM, 20.0)
    assert again.program.clock.delay_s == 12.3
    assert again.redo(1000.0) == "lock"
    assert again.undo(1000.0) == "lock"
    assert again.undo(1000.0) == "pin"
    assert again.document == make_show().document


VICTIM = """
import sys, time
from pathlib import Path
sys.path.append({here!r})
from small_show import START_MS
from tracker3d.show import Show, open_show
from tracker3d.show.journal import Journal, ShowPlace
opened = open_show(Path({package!r}), Path({feed!r}))
show = Show(opened.scene, opened.source)
Journal(Path({folder!r}), show, ShowPlace({package!r}, {feed!r}))
wall_s = time.monotonic()
show.program.clock.seek(START_MS + 200_000, wall_s)
show.cue_entry(3, wall_s)
show.take(wall_s)
show.program.clock.set_delay(7.5, wall_s)
show.program.clock.play(wall_s)
print("on air", flush=True)
step = 0
while True:
    step += 1
    wall_s = time.monotonic()
    show.program.select(step % 10 + 1, wall_s)
    print(step, show.program.clock.now_ms(wall_s), flush=True)
    time.sleep(0.02)
"""


def test_after_kill_9_the_show_is_at_the_same_shot_time_and_delay(
    small_paths: tuple[Path, Path], opened: OpenShow, tmp_path: Path
) -> None:
    """A real process with a show on air is killed in the middle of its work."""
    package, feed = (str(path) for path in small_paths)
    script = VICTIM.format(here=str(HERE), package=package, feed=feed, folder=str(tmp_path / "journal"))
    victim = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    said = []
    try:
        for line in victim.stdout:
            said.append(line)
            if line.startswith("60 "):
                break
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        rest, _ = victim.communicate()
    said += rest.splitlines()
    step, shown_ms = (int(word) for word in said[-1].split())
    begun_s = time.monotonic()
    recovered = recover(tmp_path / "journal")
    assert recovered is not None
    assert not recovered.closed
    assert recovered.place.package == package
    show = Show(opened.scene, opened.source)
    recovered.restore(show, 5.0)
    assert time.monotonic() - begun_s < 10.0
    assert show.program.shot is not None
    assert show.program.shot.key == "peloton"
    assert show.preview.shot is not None
    assert show.preview.shot.key == "road"
    assert show.program.clock.delay_s == 7.5
    assert show.program.clock.playing(5.0)
    assert show.program.clock.now_ms(5.0) == pytest.approx(shown_ms, abs=500)
    # the journal lags by milliseconds
    assert (step - 3) % 10 + 1 <= 10
    assert show.program.selected_bib in {(step - back) % 10 + 1 for back in range(-1, 8)}
    assert show.program.frame(5.0, (320, 180)) is not None


def written(folder: Path, show: Show, count: int) -> None:
    journal = Journal(folder, show, PLACE)
    for number in range(count):
        show.program.select(number + 1, 10.0)
    journal.close()


@pytest.mark.parametrize("lost", [1, 10, 100, 1000])
def test_a_torn_end_costs_what_was_in_it(show: Show, tmp_path: Path, lost: int) -> None:
    written(tmp_path, show, 40)
    (path,) = chapters(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    recovered = recover(tmp_path)
    assert recovered is not None
    kept = content[:-lost].count(b"\n") - 1
    assert 0 < len(recovered.acts) <= kept
    assert recovered.state.program.selected_bib == len(recovered.acts)
    assert not recovered.closed


def test_a_damaged_line_ends_what_is_believed(show: Show, tmp_path: Path) -> None:
    written(tmp_path, show, 40)
    (path,) = chapters(tmp_path)
    content = path.read_bytes()
    assert content.count(b"select 20") == 1
    path.write_bytes(content.replace(b"select 20", b"sElect 20"))
    recovered = recover(tmp_path)
    assert recovered is not None
    assert recovered.state.program.selected_bib == 19


def test_a_chapter_without_its_beginning_is_passed_over(show: Show, tmp_path: Path) -> None:
    written(tmp_path, show, 5)
    show.cue("finish", 20.0)
    written(tmp_path, show, 2)
    assert len(chapters(tmp_path)) == 2
    chapters(tmp_path)[1].write_bytes(b"garbage\n" * 100)
    recovered = recover(tmp_path)
    assert recovered is not None
    assert recovered.state.program.selected_bib == 5
    assert recover(tmp_path / "nowhere") is None


def test_chapters_are_bounded_in_size_and_number(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "CHAPTER_BYTES", 5000)
    journal = Journal(tmp_path, show, PLACE)
    for number in range(300):
        show.program.select(number, 10.0)
        if number % 3 == 0:
            time.sleep(0.002)
    journal.close()
    assert 1 < len(chapters(tmp_path)) <= journal_module.KEPT_CHAPTERS
    assert all(path.stat().st_size < 200_000 for path in chapters(tmp_path))
    recovered = recover(tmp_path)
    assert recovered is not None
    assert recovered.state == show.state


def test_a_disk_that_takes_nothing_is_told_and_then_made_good(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_RETRY_S", 0.02)
    journal = Journal(tmp_path, show, PLACE)
    real, full = os.write, [True]

    def write(file: int, content: bytes) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return real(file, content)

    monkeypatch.setattr(journal_module.os, "write", write)
    show.program.select(7, 10.0)
    end_s = time.monotonic() + 5.0
    while not journal.trouble and time.monotonic() < end_s:
        time.sleep(0.005)
    assert "No space left" in journal.trouble
    assert show.program.selected_bib == 7
    full[0] = False
    show.program.select(8, 11.0)
    while journal.trouble and time.monotonic() < end_s:
        time.sleep(0.005)
    assert journal.trouble == ""
    journal.close()
    recovered = recover(tmp_path)
    assert recovered is not None
    assert recovered.state == show.state
