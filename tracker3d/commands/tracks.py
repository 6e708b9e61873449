"""``tracker3d tracks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say


def tracks(
    package: Path,
    /,
    *,
    feed: Path,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    strict: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Put every fix on the road and write them as a table.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    output
        OUT.parquet or OUT.csv.
    strict
        Stop where anything in the feed cannot be used, instead of counting it.
    """
    from tracker3d.replay import open_replay
    from tracker3d.track import write_tracks

    with progress_shown() as progress:
        replay = open_replay(package, feed, strict=strict, progress=progress)
        progress("writing", 0.95)
        write_tracks(replay.tracks, replay.package.stage, output)
    for line in replay.lines():
        say(line)
    return 0
