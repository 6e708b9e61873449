"""``tracker3d demo``."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.commands.console import complain, progress_shown, say

if TYPE_CHECKING:
    from tracker3d.feed.rehearsal import RehearsalFiles
    from tracker3d.progress import Progress

_FALLBACK_FOLDER = Path("demo-output")
_VIDEO_SECONDS = 8
_VIDEO_FPS = Fraction(25)
_VIDEO_SIZE_PX = (1280, 720)
_PICTURE_SIZE_PX = (1920, 1080)
_PICTURE_TO_GO_M = 6_000.0


def demo(*, headless: Path | None = None) -> int:
    """Open the bundled rehearsal stage: a simulated race in a fictional mountain range.

    Parameters
    ----------
    headless
        Open no window; write demo.png, demo.mp4 and demo.glb into this folder instead.
    """
    from tracker3d import machine

    if headless is None:
        window = machine.display()
        if not window.ok:
            headless = _FALLBACK_FOLDER
            complain(f"No window can be opened here ({window.detail}): rendering into {headless}/ instead.")
    with progress_shown() as progress:
        files = _rehearsal(progress)
    if headless is None:
        from tracker3d.commands.open import open_stage

        return open_stage(files.package, feed=str(files.recording))
    headless.mkdir(parents=True, exist_ok=True)
    with progress_shown() as progress:
        _write_all(files, headless, progress)
    for name in ("demo.png", "demo.mp4", "demo.glb"):
        say(f"Wrote {headless / name}.")
    return 0


def _rehearsal(progress: Progress) -> RehearsalFiles:
    from platformdirs import user_cache_path

    from tracker3d.feed.rehearsal import make

    folder = user_cache_path("tracker3d", appauthor=False) / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    return make(folder, progress=progress)


def _write_all(files: RehearsalFiles, folder: Path, progress: Progress) -> None:
    from tracker3d.export import export_glb
    from tracker3d.render.job import render_still, render_video, span_of
    from tracker3d.render.picture import Picture
    from tracker3d.render.reel import Production
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, parse_camera

    replay = open_replay(files.package, files.recording, progress=progress)
    scene = build_scene(replay.package.stage, replay.package.ground)
    time_ms = replay.race.time_of_to_go(_PICTURE_TO_GO_M)
    progress("drawing demo.png", 0.3)
    still = Picture(camera=parse_camera("overview"), size_px=_PICTURE_SIZE_PX)
    render_still(scene, replay.race, folder / "demo.png", time_ms=time_ms, picture=still)
    chase = Picture(camera=parse_camera("chase:leader"), size_px=_VIDEO_SIZE_PX)
    render_video(
        Production(scene, replay.race, chase),
        folder / "demo.mp4",
        span=span_of(time_ms, time_ms + _VIDEO_SECONDS * 1000, _VIDEO_FPS),
        progress=progress,
    )
    export_glb(scene, replay.motion, folder / "demo.glb", progress=progress)
