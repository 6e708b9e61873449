"""``tracker3d open``."""

from __future__ import annotations

from pathlib import Path

from tracker3d.commands.console import complain


def open_stage(package: Path, /, *, feed: Path | None = None) -> int:
    """Open a stage in the desktop app.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    """
    from tracker3d import machine

    for finding in (machine.opengl(), machine.display()):
        if not finding.ok:
            complain(f"The app cannot open a window here: {finding.detail}. Remedy: {finding.remedy}.")
            return 1
    from tracker3d.app import run

    return run(package, feed)
