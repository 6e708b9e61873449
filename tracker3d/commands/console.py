"""What every command says on the console, and how it ends."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker3d.progress import Progress


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
    """Progress for logs: each step once, with the seconds since the start."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()
        self._last = ""

    def __call__(self, text: str, fraction: float) -> None:
        if text != self._last:
            self._last = text
            complain(f"[{time.monotonic() - self._begun_s:5.1f} s] {text}")
