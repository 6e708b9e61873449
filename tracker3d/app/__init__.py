"""The desktop app: the only package that knows Qt.

Nothing heavy is imported here, so that the command line stays quick; :func:`run` loads the rest.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.scene import Theme

os.environ["QT_API"] = "pyside6"  # pyvistaqt takes whichever binding it finds first unless told


def run(
    package_path: Path | None = None,
    feed: str = "",
    *,
    common_start: bool = False,
    theme: Theme | None = None,
) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    package_path : Path, optional
        The stage package, ``NAME.stage``; without one the start page is shown.
    feed : str
        Path of a recording of the race, or the address of a live feed; empty: only the stage is shown.
    common_start : bool
        Show the recording of a time trial as if everybody had started together.
    theme : Theme, optional
        Of the picture; the one that comes with the program if left out.

    Returns
    -------
    int
        Exit code: 0, or 1 when the stage could not be opened (the window has said why).
    """
    from tracker3d.app.loading import Order
    from tracker3d.app.window import open_window

    order = None if package_path is None else Order(package_path, feed, common_start=common_start)
    return open_window(order, look=theme)
