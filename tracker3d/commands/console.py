"""What every command says on the console, and how it ends."""

from __future__ import annotations

import contextlib
import math
import re
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker3d.progress import Progress

_COUNTING_S = 3.0


def say(line: str) -> None:
    """Print one line of result on standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Print one line on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def progress_shown() -> Iterator[Progress]:
    """Show progress on standard error: a bar on a terminal, else a line for each new step."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich import progress as bar
    from rich.console import Console

    columns = [
        bar.TextColumn("{task.description}"),
        bar.BarColumn(),
        bar.TimeElapsedColumn(),
        bar.TimeRemainingColumn(),
    ]
    with bar.Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=1.0)
        yield lambda text, fraction: bars.update(task, description=text, completed=fraction)


class _Lines:
    """Progress for logs: each step once, with the seconds since the start.

    Of a step that counts (``3 of 8 tiles, 41.2 MB``) only some lines are shown, and always the last.
    """

    def __init__(self) -> None:
        self._begun_s = time.monotonic()
        self._last = ""
        self._held = ""
        self._shown_s = -math.inf

    def __call__(self, text: str, fraction: float) -> None:
        if text in (self._last, self._held):
            return
        now_s = time.monotonic()
        if _counted(text) == _counted(self._last) and now_s - self._shown_s < _COUNTING_S:
            self._held = text
            return
        if self._held and _counted(text) != _counted(self._held):
            self._show(self._held, now_s)
        self._show(text, now_s)

    def _show(self, text: str, now_s: float) -> None:
        self._last, self._held, self._shown_s = text, "", now_s
        complain(f"[{now_s - self._begun_s:5.1f} s] {text}")


def _counted(text: str) -> str:
    """Return what a text says beside its numbers."""
    return re.sub(r"\d[\d.,]*", "#", text)
