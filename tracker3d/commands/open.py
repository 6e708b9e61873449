"""``tracker3d open``."""

from __future__ import annotations

from pathlib import Path

from tracker3d.commands.console import complain


def open_stage(
    package: Path | None = None,
    /,
    *,
    feed: str | None = None,
    common_start: bool = False,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Open the desktop app: a stage, or the start page.

    Parameters
    ----------
    package
        The stage package, NAME.stage; the start page is shown without one.
    feed
        A recording or log of the race, positions as .csv or .jsonl, GPX files, or the address of a live feed.
    common_start
        Show the recording of a time trial as if everybody had started together, at the first start.
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

    return run(package, feed or "", common_start=common_start, theme=choose_theme(theme, language))
