"""The table of pictures that must stay as they are, and how they are drawn.

``python tests/pictures/baselines.py`` draws them anew into the folder ``baselines`` beside this file, after a
change that is meant to be seen: look at each before it is committed.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.render import Offscreen, write_picture
from tracker3d.scene import ALL_OVERLAYS, NO_OVERLAYS, USUAL_OVERLAYS, build_scene, frame_at, parse_camera

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.feed.rehearsal import RehearsalFiles
    from tracker3d.race import Race
    from tracker3d.scene.model import Overlay, StageScene

FOLDER = Path(__file__).resolve().parent / "baselines"


@dataclass(frozen=True)
class Baseline:
    """One picture of the rehearsal.

    ``most_share`` of the pixels may differ by more than ``level`` in a channel. Renderers of one family draw
    the same bytes; what is allowed is what other processors make of the same sums, and why there may be more.
    """

    name: str
    camera: str
    to_go_km: float
    overlays: frozenset[Overlay]
    level: int
    most_share: float
    why: str
    alpha: bool = False
    size_px: tuple[int, int] = (640, 360)
    selected_bib: int | None = None


TABLE = (
    Baseline("overview", "overview", 12.0, USUAL_OVERLAYS, 10, 0.004, "ridges a pixel wide"),
    Baseline("peloton", "chase:peloton", 5.2, USUAL_OVERLAYS, 10, 0.004, "cyclists a few pixels wide"),
    Baseline("leader", "chase:leader", 2.0, NO_OVERLAYS, 10, 0.004, "spokes and hands"),
    Baseline("climb", "climb:Marvèze", 22.0, ALL_OVERLAYS, 10, 0.004, "ridges a pixel wide", selected_bib=42),
    Baseline("finish", "finish", 0.3, USUAL_OVERLAYS, 10, 0.004, "letters on the gate"),
    Baseline("orbit", "orbit", 18.0, USUAL_OVERLAYS, 10, 0.004, "ridges a pixel wide"),
    Baseline("key", "orbit", 18.0, USUAL_OVERLAYS, 10, 0.004, "edges of the alpha", alpha=True),
    Baseline("upright", "orbit", 9.0, USUAL_OVERLAYS, 10, 0.004, "graphics in a narrow picture",
             size_px=(540, 960)),
)  # fmt: skip


def draw(baseline: Baseline, scene: StageScene, race: Race) -> NDArray[np.uint8]:
    """Return the picture, (h, w, 4) uint8 with straight alpha."""
    frame = frame_at(
        scene,
        race,
        race.time_of_to_go(baseline.to_go_km * 1000.0),
        camera=parse_camera(baseline.camera),
        viewport_px=baseline.size_px,
        overlays=baseline.overlays,
        selected_bib=baseline.selected_bib,
    )
    with Offscreen(baseline.size_px, alpha=baseline.alpha) as target:
        target.set_stage(scene)
        target.set_frame(frame)
        return target.picture()


def opened(files: RehearsalFiles) -> tuple[StageScene, Race]:
    """Return the scene and the race of a rehearsal."""
    from tracker3d.replay import open_replay

    replay = open_replay(files.package, files.recording)
    return build_scene(replay.package.stage, replay.package.ground), replay.race


def main() -> int:
    """Draw all pictures of the table anew."""
    from tracker3d.feed.rehearsal import make

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        scene, race = opened(make(Path(work)))
        for baseline in TABLE:
            write_picture(FOLDER / f"{baseline.name}.png", draw(baseline, scene, race))
            print(f"{baseline.name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
