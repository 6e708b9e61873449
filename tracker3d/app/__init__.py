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


def run(package_path: Path, feed_path: Path | None = None, *, theme: Theme | None = None) -> int:
    """Open a stage in a window and stay until it is closed.

    Parameters
    ----------
    package_path : Path
        The stage package, ``NAME.stage``.
    feed_path : Path, optional
        A recording of the race; without one only the stage is shown.
    theme : Theme, optional
        Of the picture; the one that comes with the program if left out.

    Returns
    -------
    int
        Exit code: 0, or 1 when the stage could not be opened (the window has said why).
    """
    from tracker3d.app.window import open_window

    return open_window(package_path, feed_path, look=theme)
