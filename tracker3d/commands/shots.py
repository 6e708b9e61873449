"""``tracker3d shots``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say
from tracker3d.commands.moves import open_camera
from tracker3d.errors import InputError


def shots(
    package: Path,
    source: str,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    duration: float | None = None,
    feed: Path | None = None,
    at: str | None = None,
) -> int:
    """Write a camera's moves as a file: shots to be edited, or a glTF camera for other programs.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    source
        A camera as for render (preview, road:12.5,speed=200), or a file of shots, .toml or .glb.
    output
        OUT.toml or OUT.glb.
    duration
        How many seconds of a move that does not end by itself; 20 where nothing is said.
    feed
        A recording of the race, for cameras that follow somebody into OUT.glb.
    at
        When in the race the move begins, as for render.
    """
    from tracker3d.export import export_camera
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene
    from tracker3d.scene.camera import as_timeline
    from tracker3d.scene.camera.shots_file import write_shots
    from tracker3d.timespec import parse_time

    if output.suffix.lower() not in (".toml", ".glb"):
        raise InputError(f"{output} is neither .toml nor .glb; give a name that ends so.")
    if at is not None and feed is None:
        raise InputError("--at is a time of a race; give its recording with --feed.")
    with progress_shown() as progress:
        replay = open_replay(package, feed, progress=progress)
        scene = build_scene(replay.package.stage, replay.package.ground)
        timeline = as_timeline(open_camera(source, scene), scene, duration_s=duration)
        if output.suffix.lower() == ".toml":
            write_shots(output, timeline)
        else:
            start_ms = None if at is None else parse_time(at, stage=replay.package.stage, race=replay.race)
            export_camera(
                scene, replay.race, timeline, output, duration_s=timeline.duration_s, start_ms=start_ms
            )
    say(f"Wrote {output}: {len(timeline.shots)} shots, {timeline.duration_s:g} s.")
    return 0
