"""Preparing a stage in a process of its own, so that what is on air never waits for it."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrain.errors import TerrainError
from tracker3d.errors import Tracker3DError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event
    from pathlib import Path

_PATIENCE_S = 3.0


@dataclass(frozen=True)
class PrepareOrder:
    """What is to be prepared.

    Attributes
    ----------
    source : Path
        GPX, GeoJSON or a recording.
    output : Path
        The package, which must not exist.
    dem_paths : tuple of Path or None
        Elevation files; None: they are downloaded; empty: ground at the road's own height.
    before_path : Path or None
        A table of times before the stage.
    """

    source: Path
    output: Path
    dem_paths: tuple[Path, ...] | None = None
    before_path: Path | None = None


@dataclass(frozen=True)
class PrepareNews:
    """How far it is, and how it ended.

    Attributes
    ----------
    text : str
        What is done now, or the sentence that says what went wrong.
    fraction : float
        0 to 1.
    package : Path or None
        The package, once it is there.
    warnings : tuple of str
        What to look at in the package, one sentence each.
    failed, cancelled : bool
    """

    text: str
    fraction: float = 0.0
    package: Path | None = None
    warnings: tuple[str, ...] = ()
    failed: bool = False
    cancelled: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.failed or self.cancelled or self.package is not None


class _CancelledError(Exception):
    """The operator wants it no more."""


class PrepareJob:
    """Prepares one stage in another process.

    Nothing here blocks: ask :meth:`news` from time to time. A cancelled job leaves nothing half-written:
    it is asked to stop at its next step, and ended where that takes too long.

    Parameters
    ----------
    order : PrepareOrder
    """

    def __init__(self, order: PrepareOrder) -> None:
        self.order = order
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe(duplex=False)
        self._stop = context.Event()
        self._process = context.Process(
            target=_work, args=(order, there, self._stop), name="prepare", daemon=True
        )
        self._process.start()
        there.close()
        self._last = PrepareNews("starting")
        self._cancelled_s: float | None = None

    def news(self, wall_s: float) -> PrepareNews:
        """Return the latest; ``wall_s`` is seconds of any monotonic clock."""
        try:
            while not self._last.over and self._here.poll():
                self._last = self._here.recv()
        except (EOFError, OSError):
            self._gone()
        if self._cancelled_s is not None and not self._last.over:
            if wall_s - self._cancelled_s > _PATIENCE_S:
                self._process.terminate()
                self._last = PrepareNews("cancelled", cancelled=True)
        elif not self._last.over and not self._process.is_alive() and not self._here.poll():
            self._gone()
        return self._last

    def cancel(self, wall_s: float) -> None:
        """Ask it to stop."""
        self._stop.set()
        self._cancelled_s = wall_s

    def close(self) -> None:
        """End it and wait until it has gone."""
        self._stop.set()
        self._process.join(_PATIENCE_S)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()
        self._here.close()

    def _gone(self) -> None:
        if not self._last.over:
            name = self.order.source.name
            self._last = PrepareNews(f"Preparing {name} ended without saying why; try again.", failed=True)


def _work(order: PrepareOrder, news: Connection, stop: Event) -> None:
    """Prepare, in the other process."""

    def progress(text: str, fraction: float) -> None:
        if stop.is_set():
            raise _CancelledError
        news.send(PrepareNews(text, fraction))

    from tracker3d.stage import prepare

    try:
        report = prepare(
            order.source,
            output=order.output,
            dem_paths=order.dem_paths,
            before_path=order.before_path,
            progress=progress,
        )
        news.send(PrepareNews("done", 1.0, package=report.path, warnings=report.warnings))
    except _CancelledError:
        news.send(PrepareNews("cancelled", cancelled=True))
    except (Tracker3DError, TerrainError) as error:
        news.send(PrepareNews(str(error), failed=True))
    except Exception as error:
        news.send(PrepareNews(f"This cannot be prepared: a fault in the program ({error!r}).", failed=True))
