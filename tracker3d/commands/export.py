"""``tracker3d export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say


def export(
    package: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    feed: Path | None = None,
    max_error: float = 0.5,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Write the stage, and the race on it, as a glTF binary.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    output
        OUT.glb.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files; without it the stage alone.
    max_error
        Largest distance in metres between a rider in the file and on the road, at every second.
    theme
        A TOML file of colours, sizes, fonts and words; what it leaves out is as usual.
    language
        Of the words in the scene: en or fr, or one that the theme brings.
    """
    from tracker3d.export import export_glb
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, choose_theme

    look = choose_theme(theme, language)
    with progress_shown() as progress:
        replay = open_replay(package, feed, progress=progress)
        scene = build_scene(replay.package.stage, replay.package.ground, look)
        motion = None if feed is None else replay.motion
        report = export_glb(scene, motion, output, max_error_m=max_error, progress=progress)
    for line in report.lines():
        say(line)
    return 0
