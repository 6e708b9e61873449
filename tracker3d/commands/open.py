"""``tracker3d open``."""

from __future__ import annotations

from pathlib import Path

from tracker3d.commands.console import complain


def open_stage(
    package: Path,
    /,
    *,
    feed: Path | None = None,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Open a stage in the desktop app.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    theme
        A TOML file of colours, sizes, fonts, logos and words; what it leaves out is as usual.
    language
        Of the words in the picture: en or fr, or one that the theme brings.
    """
    from tracker3d import machine

    for finding in (machine.opengl(), machine.display()):
        if not finding.ok:
            complain(f"The app cannot open a window here: {finding.detail}. Remedy: {finding.remedy}.")
            return 1
    from tracker3d.app import run
    from tracker3d.scene import choose_theme

    return run(package, feed, theme=choose_theme(theme, language))
