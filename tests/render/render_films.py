"""Productions made of numbers whose frames tell by their colours what they were made from.

Run as a program it renders what it is told to on standard input, in a child process for each line, so that
tests can kill renders without waiting for programs to start.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from render_scenes import hill_scene, rider_frame

from tracker3d.render import parts
from tracker3d.render.job import render_video
from tracker3d.render.picture import Moment, Picture
from tracker3d.render.reel import Production, Span
from tracker3d.scene.model import Panel

if TYPE_CHECKING:
    from tracker3d.scene.model import FrameState

SIZE_PX = (128, 104)
FPS = Fraction(30000, 1001)


@dataclass(frozen=True)
class FilmedRide(Picture):
    """Riders who move, and a panel whose grey is where a label stands: it depends on the frame before."""

    def frame(
        self, scene: Any, race: Any, moment: Moment, *, previous: FrameState | None = None
    ) -> FrameState:
        slot = 0 if previous is None else previous.label_slots[("rider", 1)]
        slot = (3 * slot + moment.time_ms) % 251
        first_m = 400.0 + 0.01 * (moment.time_ms - moment.began_ms)
        made = rider_frame(count=3, first_m=first_m, size_px=self.size_px)
        grey = np.full((8, 8, 4), (slot, slot, slot, 255), np.uint8)
        return dataclasses.replace(
            made, panels=(Panel("slot", grey, slot, 2, 2),), label_slots={("rider", 1): slot}
        )


class Recipe:
    """The production for another process."""

    def open(self) -> Production:
        return film()


def film(**picture: Any) -> Production:
    nothing: Any = None
    return Production(hill_scene(tiles=(1, 1)), nothing, FilmedRide(nothing, SIZE_PX, **picture))


def span(count: int, *, first: int = 0) -> Span:
    return Span(1_000_000, FPS, first, count)


def main() -> None:
    """For each line ``OUTPUT FRAMES FRAMES_PER_PART`` print a child's process id and how it ended."""
    from tracker3d.render.view import SceneView  # noqa: F401 (loaded once for all children)

    for line in sys.stdin:
        output, count, part_frames = line.split()
        child = os.fork()
        if not child:
            parts.PART_FRAMES = int(part_frames)
            render_video(film(), Path(output), span=span(int(count)), made_from={"film": "test"})
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
