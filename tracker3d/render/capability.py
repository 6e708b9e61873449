"""Look before the first picture: without its libraries VTK ends in a segmentation fault."""

from __future__ import annotations

from functools import cache

from tracker3d.errors import MachineError
from tracker3d.machine import opengl


@cache
def require_opengl() -> None:
    """Make sure that VTK can draw here.

    Raises
    ------
    MachineError
        Libraries are missing; the text names the packages.
    """
    finding = opengl()
    if not finding.ok:
        remedy = f"run: {finding.remedy}" if finding.remedy.startswith("apt-get") else finding.remedy
        raise MachineError(f"No picture can be drawn on this machine ({finding.detail}); {remedy}.")
