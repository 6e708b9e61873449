"""``tracker3d info``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tracker3d.commands.console import say


def info(path: Path, /, *, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Say what a stage package, recording, log, route or elevation file holds and what is wrong with it.

    Parameters
    ----------
    path
        The file or folder to look at.
    as_json
        Print one JSON object instead of lines.
    """
    import msgspec

    from tracker3d.feed.log import describe_log, is_log
    from tracker3d.stage import describe_path

    found = describe_log(path) if is_log(path) else describe_path(path)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found.as_dict()), indent=2).decode())
    else:
        for line in found.lines():
            say(line)
    return 0
