"""The command line: ``tracker3d COMMAND``.

Exit codes: 0 done; 1 the input is bad, or the machine lacks something (one plain sentence on standard
error); 2 wrong usage.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from terrain.errors import TerrainError
from tracker3d import __version__
from tracker3d.commands.card import card
from tracker3d.commands.check import check
from tracker3d.commands.console import complain
from tracker3d.commands.demo import demo
from tracker3d.commands.events import arrivals, classification, events, passages
from tracker3d.commands.export import export
from tracker3d.commands.info import info
from tracker3d.commands.open import open_stage
from tracker3d.commands.prepare import prepare
from tracker3d.commands.record import record
from tracker3d.commands.render import render
from tracker3d.commands.serve import serve
from tracker3d.commands.shots import shots
from tracker3d.commands.tracks import tracks
from tracker3d.errors import Tracker3DError

if TYPE_CHECKING:
    from collections.abc import Sequence

app = App(
    name="tracker3d",
    help="3D stage visualiser for bicycle races: terrain, riders, pictures, glTF.",
    help_format="plaintext",
    version=__version__,
    result_action="return_value",
)
for command, name in (
    (demo, "demo"),
    (prepare, "prepare"),
    (info, "info"),
    (open_stage, "open"),
    (tracks, "tracks"),
    (events, "events"),
    (passages, "passages"),
    (classification, "classification"),
    (arrivals, "arrivals"),
    (render, "render"),
    (shots, "shots"),
    (card, "card"),
    (export, "export"),
    (record, "record"),
    (serve, "serve"),
    (check, "check"),
):
    app.command(command, name=name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        result = app(arguments, exit_on_error=False)
    except CycloptsError:
        return 2
    except (Tracker3DError, TerrainError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("Stopped; nothing half-written is left.")
        return 1
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
