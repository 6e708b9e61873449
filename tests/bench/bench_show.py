"""What a show costs the window's thread: a frame beside `frame_at` itself, an act with its journal, an undo.

python tests/bench/bench_show.py PACKAGE RECORDING
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene import frame_at
from tracker3d.show import Show, Side, open_show
from tracker3d.show.journal import Journal, ShowPlace
from tracker3d.show.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Callable

_PX = (1920, 1080)
_FRAMES = 400


def timed_ms(work: Callable[[int], object], count: int) -> np.ndarray:
    """Time each of several calls."""
    taken = []
    for number in range(count):
        begun_s = time.perf_counter()
        work(number)
        taken.append(1000.0 * (time.perf_counter() - begun_s))
    return np.array(taken)


def say(name: str, taken_ms: np.ndarray) -> None:
    """Print one row."""
    p50, p99 = np.quantile(taken_ms, [0.5, 0.99])
    print(f"{name:34} median {p50:7.3f} ms, p99 {p99:7.3f}, largest {taken_ms.max():7.3f}")


def main(package: Path, recording: Path) -> None:
    """Measure both ways in turn, so that a busy machine costs both the same."""
    opened = open_show(package, recording)
    show = Show(opened.scene, opened.source)
    start_ms = opened.source.span(0.0).start_ms + 5_400_000
    show.program.clock.seek(start_ms, 0.0)
    show.cue("leader", 0.0)
    show.take(0.0)
    show.program.clock.play(0.0)
    shot = show.program.shot
    assert shot is not None
    move, race, before = shot.move, opened.source.race, None
    own, direct = [], []
    for number in range(_FRAMES):
        wall_s = 0.04 * number
        own.append(timed_ms(lambda _, at_s=wall_s: show.frame(Side.PROGRAM, at_s, _PX), 1)[0])
        begun_s = time.perf_counter()
        before = frame_at(
            opened.scene, race, start_ms + 40 * number, camera=move, viewport_px=_PX,
            overlays=shot.overlays, previous=before, wall_s=wall_s, began_ms=start_ms,
        )  # fmt: skip
        direct.append(1000.0 * (time.perf_counter() - begun_s))
    say("show.frame", np.array(own[50:]))
    say("frame_at", np.array(direct[50:]))
    ratio = np.median(own[50:]) / np.median(direct[50:])
    print(f"show.frame takes {ratio:.2f} times frame_at (the first of two finds less remembered)")
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), show, ShowPlace(str(package), str(recording)))
        say("an act, with its journal", timed_ms(lambda n: show.program.select(n % 180, 20.0), 2000))

        def edit(number: int) -> None:
            changed = dataclasses.replace(show.document.shots[0], duration_s=float(number + 1))
            show.edit("duration", show.document.with_shot(changed), 20.0)

        say("an edit, with its journal", timed_ms(edit, 1000))
        say("undo", timed_ms(lambda _: show.undo(20.0), 1000))
        journal.close()
        say("recover, 4,000 acts", timed_ms(lambda _: recover(Path(folder)), 3))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
