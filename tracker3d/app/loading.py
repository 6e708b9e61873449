"""Opening a stage and its race in a thread of its own, the ground first."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, SignalInstance

from terrain.errors import TerrainError
from tracker3d.app.time_axis import History, head_history
from tracker3d.errors import Tracker3DError
from tracker3d.scene.memory import SceneMemory

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene
    from tracker3d.scene.style import Theme
    from tracker3d.stage import StagePackage

_HISTORY_STEPS = 2000


@dataclass(frozen=True)
class LoadedStage:
    """A stage that can be shown, and a race in which nobody rides yet."""

    scene: StageScene
    nobody: Race


@dataclass(frozen=True)
class LoadedRace:
    """A recording that can be shown.

    ``scene`` is that of the stage, with what the feed says of jerseys and vehicles; ``history`` tells where
    the head of the race was; ``refused`` counts rows that could not be used.
    """

    scene: StageScene
    race: Race
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

    def __init__(self, package_path: Path, feed_path: Path | None, *, theme: Theme | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._package_path, self._feed_path = package_path, feed_path
        self._package: StagePackage | None = None
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
                self._send(self.race_ready, self._load_race(loaded.scene, self._feed_path))
        except _StoppedError:
            return
        except (Tracker3DError, TerrainError) as error:
            self._fail(str(error), has_stage)
        except Exception as error:
            self._fail(f"This cannot be opened because of a fault in the program ({error!r}).", has_stage)

    def _load_stage(self) -> LoadedStage:
        from tracker3d.replay import replay_on
        from tracker3d.scene import build_scene
        from tracker3d.stage import open_package

        self._progress("Opening the stage", 0.05)
        self._package = open_package(self._package_path)
        # Decoded here and kept: the thread of the window has no time for it.
        _ = self._package.ground.texture
        self._progress("Building the scene", 0.3)
        scene = build_scene(self._package.stage, self._package.ground, self._theme)
        return LoadedStage(scene, replay_on(self._package, None).race)

    def _load_race(self, scene: StageScene, feed_path: Path) -> LoadedRace:
        from tracker3d.replay import replay_on

        assert self._package is not None
        replay = replay_on(self._package, feed_path, progress=self._feed_progress)
        motion = replay.motion
        times_ms = np.linspace(motion.start_ms, motion.end_ms, _HISTORY_STEPS).astype(np.int64)
        history = head_history(times_ms, motion.distances(times_ms), motion.bibs)
        # What was remembered for the scene may show riders as they were named before.
        scene = dataclasses.replace(scene, stage=replay.package.stage, memory=SceneMemory())
        return LoadedRace(scene, replay.race, history, sum(replay.fixes_refused.values()))

    def _feed_progress(self, text: str, fraction: float) -> None:
        self._progress(text[:1].upper() + text[1:], 0.4 + 0.59 * fraction)

    def _progress(self, text: str, fraction: float) -> None:
        self._send(self.progressed, text, fraction)

    def _fail(self, text: str, has_stage: bool) -> None:
        if not self._stopped.is_set():
            self.failed.emit(text, has_stage)

    def _send(self, signal: SignalInstance, *arguments: object) -> None:
        if self._stopped.is_set():
            raise _StoppedError
        signal.emit(*arguments)
