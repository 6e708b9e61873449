"""From what a person names, a package and a feed, to a race that can be served."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.live import LiveSession
from tracker3d.progress import silent
from tracker3d.replay import open_replay
from tracker3d.scene import build_scene
from tracker3d.serve.sources import LiveSource, RaceSource, ReplaySource
from tracker3d.stage import open_package
from tracker3d.timespec import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker3d.progress import Progress
    from tracker3d.scene.model import StageScene
    from tracker3d.scene.style import Theme


@dataclass(frozen=True)
class OpenedRace:
    """A stage as it is drawn, and the race on it."""

    scene: StageScene
    source: RaceSource
    live: bool


@contextlib.contextmanager
def open_race(
    package: Path,
    feed: str,
    theme: Theme | None = None,
    *,
    speed: float = 1.0,
    begin: str | None = None,
    loop: bool = False,
    delay_s: float = 0.0,
    record_folder: Path | None = None,
    progress: Progress = silent,
) -> Iterator[OpenedRace]:
    """Open a stage and its feed for as long as the block lasts.

    Parameters
    ----------
    package : Path
        NAME.stage.
    feed : str
        A recording, or the address of a live feed.
    theme : Theme | None
    speed, begin, loop
        Of a recording: race seconds in a second, where to begin, and whether to begin again at its end.
    delay_s, record_folder
        Of a live feed: how much later it is shown, and a log where it is recorded.
    progress : Progress

    Raises
    ------
    PackageError, InputError, FeedError
        One of them cannot be used.
    """
    if "://" in feed or feed == "-":
        opened = open_package(package)
        scene = build_scene(opened.stage, opened.ground, theme)
        progress("connecting", 0.8)
        with LiveSession(opened, feed, record_folder=record_folder) as session:
            yield OpenedRace(scene, LiveSource(session, delay_s=delay_s), live=True)
        return
    replay = open_replay(package, Path(feed), progress=progress)
    stage = replay.package.stage
    scene = build_scene(stage, replay.package.ground, theme)
    start_ms = None if begin is None else parse_time(begin, stage=stage, race=replay.race)
    yield OpenedRace(scene, ReplaySource(replay.race, speed=speed, start_ms=start_ms, loop=loop), live=False)
