"""Opening a show: a stage, and a recording or a live feed on it. Takes seconds; meant for a worker thread."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.files import make_folder
from tracker3d.live import LiveSession
from tracker3d.progress import silent
from tracker3d.replay import as_common_start, replay_on
from tracker3d.scene import build_scene
from tracker3d.scene.memory import SceneMemory
from tracker3d.show.source import LiveSource, RaceSource, RecordedSource
from tracker3d.stage import open_package

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.progress import Progress
    from tracker3d.replay import Replay
    from tracker3d.scene import StageScene, Theme
    from tracker3d.stage import StagePackage
    from tracker3d.stage.model import Stage

_FEED_SHARE = 0.4


@dataclass(frozen=True)
class OpenShow:
    """What a show stands on.

    Attributes
    ----------
    package : StagePackage
    scene : StageScene
    source : RaceSource
    replay : Replay or None
        Where a recording was opened: with what was left out of it.
    session : LiveSession or None
        Where a feed is live; whoever opened it closes it.
    feed : str
        The address, or the path of the recording; empty without either.
    """

    package: StagePackage
    scene: StageScene
    source: RaceSource
    replay: Replay | None = None
    session: LiveSession | None = None
    feed: str = ""

    @property
    def live(self) -> bool:
        """Whether the race is ridden now."""
        return self.session is not None

    def close(self) -> None:
        """End what is live."""
        if self.session is not None:
            self.session.close()


def is_address(feed: str | Path) -> bool:
    """Tell a live feed's address from a path."""
    text = str(feed)
    return text == "-" or "://" in text


def open_show(
    package: Path | StagePackage,
    feed: str | Path | None = None,
    *,
    theme: Theme | None = None,
    record_folder: Path | None = None,
    common_start: bool = False,
    smoothing_s: float = 8.0,
    wall_clock: Callable[[], float] = time.monotonic,
    progress: Progress = silent,
    stage_ready: Callable[[OpenShow], None] | None = None,
) -> OpenShow:
    """Open a stage and what is ridden on it.

    Parameters
    ----------
    package : Path or StagePackage
    feed : str or Path, optional
        A recording or a log, or the address of a live feed, which is recorded at once. Without one nobody
        rides.
    theme : Theme, optional
    record_folder : Path, optional
        Where a live feed is recorded; see :func:`new_record_folder` for where it is if left out. A log that
        is there is read back first and then continued.
    common_start : bool
        Show the recording of a time trial as if everybody had started together.
    smoothing_s : float
        See :class:`~tracker3d.live.LiveSession`.
    wall_clock : callable
        Seconds of the monotonic clock that the show will be asked with.
    progress : Progress
    stage_ready : callable
        Called as soon as the stage can be shown, with nobody on it.

    Raises
    ------
    PackageError, InputError, FeedError
        Package or feed cannot be used, or a common start was asked for of what is no time trial, or is live.
    OutputError
        A live feed cannot be recorded.
    """
    progress("opening the stage", 0.05)
    opened = package if not isinstance(package, Path) else open_package(package)
    _ = opened.ground.texture  # decoded here and kept: the thread of the window has no time for it
    progress("building the scene", 0.3)
    scene = build_scene(opened.stage, opened.ground, theme)
    shown = OpenShow(opened, scene, RecordedSource(replay_on(opened, None).race))
    if stage_ready is not None:
        stage_ready(shown)
    if feed is None:
        return shown
    if not is_address(feed):
        replay = replay_on(opened, Path(feed), progress=_later(progress))
        replay = as_common_start(replay) if common_start else replay
        scene = on_stage(scene, replay.package.stage)
        return OpenShow(opened, scene, RecordedSource(replay.race), replay=replay, feed=str(feed))
    if common_start:
        raise InputError("A common start is shown of a recording; this feed is live.")
    progress("connecting", 0.95)
    session = LiveSession(
        opened,
        str(feed),
        record_folder=record_folder or new_record_folder(opened.path.stem),
        smoothing_s=smoothing_s,
        wall_clock=wall_clock,
    )
    session.start()
    progress("ready", 1.0)
    return OpenShow(opened, scene, LiveSource(session), session=session, feed=str(feed))


def on_stage(scene: StageScene, stage: Stage) -> StageScene:
    """Return a scene whose riders are those of another version of its stage."""
    return dataclasses.replace(scene, stage=stage, memory=SceneMemory())


def new_record_folder(name: str) -> Path:
    """Return where a live feed is recorded that nobody gave a place: in the user's data folder.

    Raises
    ------
    OutputError
        The folder cannot be made.
    """
    from platformdirs import user_data_path

    parent = user_data_path("tracker3d") / "recordings"
    make_folder(parent, remedy="name a folder for the recording")
    return parent / f"{name}-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"


def _later(progress: Progress) -> Progress:
    def tell(text: str, fraction: float) -> None:
        progress(text, _FEED_SHARE + (1.0 - _FEED_SHARE) * fraction)

    return tell
