"""Opening a stage and its race in a thread of its own, the ground first."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, SignalInstance

from terrain.errors import TerrainError
from tracker3d.app.time_axis import History, head_history
from tracker3d.errors import Tracker3DError
from tracker3d.track.model import Tracks

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene
    from tracker3d.stage.model import Stage

_HISTORY_STEPS = 2000


@dataclass(frozen=True)
class LoadedStage:
    """A stage that can be shown, and a race in which nobody rides yet."""

    scene: StageScene
    nobody: Race


@dataclass(frozen=True)
class LoadedRace:
    """A recording that can be shown: who appears in it, from when to when, and where its head was."""

    race: Race
    bibs: tuple[int, ...]
    start_ms: int
    end_ms: int
    history: History
    refused: int


class _StoppedError(Exception):
    """The window was closed meanwhile."""


class Loader(QObject):
    """Reads a package and then a feed; every signal arrives in the thread of the window.

    Signals
    -------
    progressed : str, float
        What it is doing, and how much of the whole is done.
    stage_ready : object
        :class:`LoadedStage`.
    race_ready : object
        :class:`LoadedRace`.
    failed : str, bool
        One plain sentence; whether there is at least a stage to show.
    """

    progressed = Signal(str, float)
    stage_ready = Signal(object)
    race_ready = Signal(object)
    failed = Signal(str, bool)

    def __init__(self, package_path: Path, feed_path: Path | None) -> None:
        super().__init__()
        self._package_path, self._feed_path = package_path, feed_path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader")

    @property
    def has_feed(self) -> bool:
        """Whether there is a recording to read."""
        return self._feed_path is not None

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End early and wait until it has ended; no signal is sent any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        has_stage = False
        try:
            loaded = self._load_stage()
            self._send(self.stage_ready, loaded)
            has_stage = True
            if self._feed_path is not None:
                self._send(self.race_ready, self.load_race(loaded.scene.stage, self._feed_path))
        except _StoppedError:
            return
        except (Tracker3DError, TerrainError) as error:
            self._fail(str(error), has_stage)
        except Exception as error:
            self._fail(f"This cannot be opened because of a fault in the program ({error!r}).", has_stage)

    def _load_stage(self) -> LoadedStage:
        from tracker3d.race import Race
        from tracker3d.scene import build_scene
        from tracker3d.stage import open_package
        from tracker3d.track import Motion

        self._progress("Opening the stage", 0.05)
        package = open_package(self._package_path)
        self._progress("Building the scene", 0.3)
        scene = build_scene(package.stage, package.ground)
        return LoadedStage(scene, Race(package.stage, Motion(_no_tracks(), package.stage.route)))

    def load_race(self, stage: Stage, feed_path: Path) -> LoadedRace:
        """Read a recording of a stage, in the caller's thread.

        Raises
        ------
        FeedError
            The recording cannot be used.
        """
        from tracker3d.feed import read_feed
        from tracker3d.race import Race
        from tracker3d.track import Motion, put_on_road

        self._progress("Reading the recording", 0.5)
        fixes = read_feed(feed_path, stage=stage)
        self._progress("Putting riders on the road", 0.65)
        tracks = put_on_road(fixes, stage)
        self._progress("Working out the race", 0.85)
        motion = Motion(tracks, stage.route)
        race = Race(stage, motion)
        times_ms = np.linspace(motion.start_ms, motion.end_ms, _HISTORY_STEPS).astype(np.int64)
        return LoadedRace(
            race,
            tuple(int(bib) for bib in motion.bibs),
            motion.start_ms,
            motion.end_ms,
            head_history(times_ms, motion.distances(times_ms), motion.bibs),
            sum(fixes.refused.values()),
        )

    def _progress(self, text: str, fraction: float) -> None:
        self._send(self.progressed, text, fraction)

    def _fail(self, text: str, has_stage: bool) -> None:
        if not self._stopped.is_set():
            self.failed.emit(text, has_stage)

    def _send(self, signal: SignalInstance, *arguments: object) -> None:
        if self._stopped.is_set():
            raise _StoppedError
        signal.emit(*arguments)


def _no_tracks() -> Tracks:
    """Return a recording in which nobody appears."""
    empty = np.zeros(0)
    whole = np.zeros(0, np.int32)
    return Tracks(
        bibs=whole,
        time_ms=np.zeros(0, np.int64),
        rider=whole,
        lon_deg=empty,
        lat_deg=empty,
        distance_m=empty,
        lateral_m=empty,
        speed_mps=empty,
        verdict=np.zeros(0, np.uint8),
    )
