"""The main window at work: keys, mouse, clock and the loop that draws."""

from __future__ import annotations

import functools
import gc
import logging
import signal
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut, QSurfaceFormat
from PySide6.QtWidgets import QApplication, QMessageBox

from tracker3d.app import theme
from tracker3d.app.desk import Desk
from tracker3d.app.keys import KEYS
from tracker3d.app.loading import LoadedRace, LoadedStage, Loader
from tracker3d.app.pacing import Pacer, Quality
from tracker3d.app.shell import Shell
from tracker3d.app.timeline import Marker
from tracker3d.scene.model import Overlay
from tracker3d.show import ReplayClock
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent

    from tracker3d.app.view import StageView
    from tracker3d.race.model import RaceState
    from tracker3d.scene import Theme
    from tracker3d.scene.model import CameraPose

_LOG = logging.getLogger(__name__)
_TICK_MS = 15
_PANELS_S = 0.1
_TABLE_S = 0.5
_LONG_AGO_S = -1e9


def open_window(package_path: Path, feed_path: Path | None, *, look: Theme | None = None) -> int:
    """Show the window until it is closed; returns the exit code."""
    QSurfaceFormat.setDefaultFormat(_surface_format())
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("tracker3d")
    theme.apply(application)
    window = MainWindow(package_path, feed_path, look=look)
    window.show()
    window.start()
    before = signal.signal(signal.SIGINT, lambda *_: window.close())
    application.exec()
    signal.signal(signal.SIGINT, before)
    return window.exit_code


def _surface_format() -> QSurfaceFormat:
    """Ask for desktop OpenGL 3.2 before the first window, so that all its surfaces can be shared."""
    wanted = QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setVersion(3, 2)
    wanted.setSamples(0)
    return wanted


class MainWindow(Shell):
    """Opens a stage and a recording, and shows them.

    Parameters
    ----------
    package_path : Path
    feed_path : Path | None
        Without a recording only the stage is shown.
    look : Theme, optional
        Of the picture; the one that comes with the program if left out.
    wall_clock : callable
        Seconds of a monotonic clock.
    """

    def __init__(
        self,
        package_path: Path,
        feed_path: Path | None,
        *,
        look: Theme | None = None,
        wall_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(package_path.stem)
        self.exit_code = 0
        self.desk = Desk(ReplayClock(0, 0))
        self.view: StageView | None = None
        self.pacer = Pacer()
        self._wall_clock = wall_clock
        self._loader = Loader(package_path, feed_path, theme=look)
        self._loaded: LoadedStage | None = None
        self._has_race = False
        self._resume = False
        self._viewport_px = (0, 0)
        self._fault = ""
        self._ground_faults = 0
        self._panels_s = self._table_s = _LONG_AGO_S
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._connect()
        self._make_shortcuts()
        self.transport.setEnabled(False)

    def start(self) -> None:
        """Begin to load; what draws is imported meanwhile, once the window stands on the screen."""
        self._loader.start()
        QTimer.singleShot(0, self._make_view)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything that still works, then release the graphics."""
        self._timer.stop()
        self._loader.stop()
        if self.view is not None:
            self.view.shut()
            self.view = None
        gc.unfreeze()
        super().closeEvent(event)

    def _connect(self) -> None:
        loader = self._loader
        loader.progressed.connect(self.show_progress)
        loader.stage_ready.connect(self._stage_ready)
        loader.race_ready.connect(self._race_ready)
        loader.failed.connect(self._failed)
        self.camera_asked.connect(self._choose_camera)
        self.follow_asked.connect(self._toggle_follow)
        self.full_screen_asked.connect(self._toggle_full_screen)
        self.overlay_switched.connect(self._switch_overlay)
        self.riders.selected.connect(self._select)
        self.riders.follow_asked.connect(self._follow)
        self.riders.left.connect(self._leave_search)
        self.timeline.scrub_began.connect(self._begin_scrub)
        self.timeline.scrub_ended.connect(self._end_scrub)
        self.timeline.sought.connect(lambda time_ms: self._clock(lambda c, s: c.seek(time_ms, s)))
        transport = self.transport
        transport.toggle_asked.connect(lambda: self._clock(lambda c, s: c.toggle(s)))
        transport.skip_asked.connect(lambda seconds: self._clock(lambda c, s: c.skip(seconds, s)))
        transport.speed_asked.connect(lambda speed: self._clock(lambda c, s: c.set_speed(speed, s)))
        transport.speed_step_asked.connect(lambda steps: self._clock(lambda c, s: c.step_speed(steps, s)))
        transport.reverse_asked.connect(self._reverse)

    def _make_shortcuts(self) -> None:
        acts: dict[str, Callable[[], None]] = {
            "toggle": lambda: self._clock(lambda c, s: c.toggle(s)),
            "back": lambda: self._clock(lambda c, s: c.skip(-10.0, s)),
            "ahead": lambda: self._clock(lambda c, s: c.skip(10.0, s)),
            "far_back": lambda: self._clock(lambda c, s: c.skip(-60.0, s)),
            "far_ahead": lambda: self._clock(lambda c, s: c.skip(60.0, s)),
            "faster": lambda: self._clock(lambda c, s: c.step_speed(1, s)),
            "slower": lambda: self._clock(lambda c, s: c.step_speed(-1, s)),
            "reverse": self._reverse,
            "follow": self._toggle_follow,
            "release": self._release,
            "search": self._search,
            "full_screen": self._toggle_full_screen,
            "help": self.keys.toggle,
        }
        for number in range(6):
            acts[f"camera_{number + 1}"] = functools.partial(self._choose_camera, number)
        for key in KEYS:
            shortcut = QShortcut(self)
            shortcut.setKeys([QKeySequence(text) for text in key.keys])
            shortcut.activated.connect(acts[key.act])
            shortcut.activatedAmbiguously.connect(acts[key.act])

    def _make_view(self) -> None:
        from tracker3d.app.view import StageView

        self.view = StageView()
        self.view.rider_clicked.connect(self._follow)
        self.view.camera_moved.connect(self._move_by_hand)
        self.view.frameSwapped.connect(self._painted)
        self.stack.addWidget(self.view)
        self._show_stage_if_ready()

    def _stage_ready(self, loaded: LoadedStage) -> None:
        self._loaded = loaded
        stage = loaded.scene.stage
        begin_ms = stage.start_time_ms or 0
        self.desk.clock.set_bounds(begin_ms, begin_ms, self._wall_clock())
        self.desk.set_scene(loaded.scene, loaded.nobody)
        self.show_stage(stage.name, simulated=stage.simulated)
        self.riders.set_roster(stage)
        self.timeline.set_stage(stage, loaded.scene.road)
        if stage.coverage.warnings:
            self.statusBar().showMessage(stage.coverage.warnings[0])
        self._show_stage_if_ready()

    def _show_stage_if_ready(self) -> None:
        """Show the ground as soon as both it and what draws it are there, whichever comes last."""
        if self.view is None or self._loaded is None or self.stack.currentWidget() is self.view:
            return
        self.view.set_stage(self._loaded.scene)
        self.stack.setCurrentWidget(self.view)
        self.view.setFocus()
        if not self._loader.has_feed:
            self.show_progress("", 1.0)
        self._show_camera()
        self.pacer.changed = True
        self._timer.start()

    def _race_ready(self, loaded: LoadedRace) -> None:
        if self._loaded is None:
            return
        stage, race = loaded.scene.stage, loaded.race
        self._loaded = LoadedStage(loaded.scene, race)
        wall_s = self._wall_clock()
        self.desk.set_scene(loaded.scene, race)
        clock = self.desk.clock
        clock.set_bounds(race.start_ms, race.end_ms, wall_s)
        if stage.start_time_ms is not None:
            clock.seek(stage.start_time_ms, wall_s)
        clock.play(wall_s)
        self.riders.set_roster(stage)
        self.timeline.set_history(loaded.history)
        self.show_progress("", 1.0)
        if loaded.refused:
            self.statusBar().showMessage(f"{loaded.refused} rows of the recording could not be used.", 15_000)
        self._has_race = True
        _spare_what_stays()
        self.transport.setEnabled(True)
        self._change()

    def _failed(self, text: str, has_stage: bool) -> None:
        self.show_progress("", 1.0)
        dialog = QMessageBox(QMessageBox.Icon.Critical, "tracker3d", text, parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if not has_stage:
            self.exit_code = 1
            dialog.finished.connect(self.close)
        dialog.open()

    def _clock(self, act: Callable[[ReplayClock, float], None]) -> None:
        """Let the clock do something now, and show it with the next frame."""
        if self._has_race:
            wall_s = self._wall_clock()
            act(self.desk.clock, wall_s)
            self.pacer.act(wall_s)
            self._change()

    def _reverse(self) -> None:
        self._clock(lambda clock, wall_s: clock.set_backwards(not clock.backwards, wall_s))

    def _begin_scrub(self) -> None:
        wall_s = self._wall_clock()
        self._resume = self.desk.clock.playing(wall_s)
        self.desk.clock.pause(wall_s)

    def _end_scrub(self) -> None:
        if self._resume:
            self._clock(lambda clock, wall_s: clock.play(wall_s))

    def _choose_camera(self, number: int) -> None:
        self.desk.choose(number, self._wall_clock())
        self._show_camera()
        self._change()

    def _move_by_hand(self, pose: CameraPose) -> None:
        self.pacer.act(self._wall_clock())
        self.desk.move_by_hand(pose)
        self._show_camera()
        self._change()

    def _select(self, bib: int | None) -> None:
        self.desk.selected_bib = bib
        self._show_camera()
        self._change()

    def _follow(self, bib: int) -> None:
        self.desk.follow(bib, self._wall_clock())
        self.riders.select(bib)
        if self.desk.followed_bib != bib:
            self.statusBar().showMessage(f"Nothing is known of {self._name(bib)} at this moment.", 6000)
        self._show_camera()
        self._change()

    def _toggle_follow(self) -> None:
        if self.desk.followed_bib is not None:
            self._choose_camera(self.desk.last_camera_number)
        elif self.desk.selected_bib is not None:
            self._follow(self.desk.selected_bib)
        else:
            self.statusBar().showMessage("Click a rider in the picture or the table to follow them.", 6000)
            self._show_camera()

    def _release(self) -> None:
        if self.keys.isVisible():
            self.keys.hide()
            return
        self.desk.release(self._wall_clock())
        self.riders.select(None)
        self._show_camera()
        self._change()

    def _search(self) -> None:
        self.riders.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.riders.search.selectAll()

    def _leave_search(self) -> None:
        if self.view is not None:
            self.view.setFocus()

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _switch_overlay(self, name: str, on: bool) -> None:
        overlay = {Overlay(name)}
        self.desk.overlays = self.desk.overlays | overlay if on else self.desk.overlays - overlay
        self._change()

    def _name(self, bib: int) -> str:
        rider = self.riders.model.rider_of_bib(bib)
        return f"{rider.display_name} ({bib})" if rider is not None and not rider.vehicle else f"#{abs(bib)}"

    def _show_camera(self) -> None:
        desk = self.desk
        text = ""
        if desk.followed_bib is not None:
            text = f"Following {self._name(desk.followed_bib)} – Esc releases"
        elif desk.by_hand:
            text = "Camera moved by hand – Esc releases"
        elif desk.selected_bib is not None:
            text = f"{self._name(desk.selected_bib)} selected – F follows"
        self.show_camera(desk.camera_number, following=desk.followed_bib is not None, text=text)

    def _change(self) -> None:
        """Something was asked for: show it with the next tick, in every part of the window."""
        self.pacer.changed = True
        self._panels_s = _LONG_AGO_S

    def _tick(self) -> None:
        """Draw what is due; a fault is told once and never ends the show."""
        try:
            self._advance(self._wall_clock())
        except Exception as error:
            if repr(error) != self._fault:
                self._fault = repr(error)
                _LOG.exception("A frame could not be drawn")
                self.statusBar().showMessage(
                    f"A fault in the program: {error!r}. The picture may stand still."
                )

    def _advance(self, wall_s: float) -> None:
        if self.view is None:
            return
        moving = self.desk.moving(wall_s)
        if self.view.viewport_px != self._viewport_px:
            self._viewport_px = self.view.viewport_px
            self.pacer.changed = True
        outdated = moving or self.pacer.changed
        if not outdated and not self.pacer.painting and self.view.refine():
            self.pacer.finer = True
        quality = self.pacer.due(wall_s, moving=moving)
        if quality is not None and self.pacer.repeats(quality):
            self.pacer.asked(quality, wall_s)
            self.view.update()
        elif quality is not None:
            self._draw(wall_s, quality)
        self._tell_ground_faults()
        if self.pacer.settles(wall_s, moving=moving):
            self._panels_s = self._table_s = _LONG_AGO_S
            outdated = True
        if outdated:
            self._show_moment(wall_s)

    def _draw(self, wall_s: float, quality: Quality) -> None:
        assert self.view is not None
        size_px = self.view.draft_viewport_px if quality == Quality.DRAFT else self._viewport_px
        frame = self.desk.frame(wall_s, size_px)
        if frame is not None:
            self.pacer.asked(quality, wall_s)
            self.view.show_frame(frame, still=quality == Quality.STILL)

    def _tell_ground_faults(self) -> None:
        """Say once how much of the ground could not be read; the show goes on with what is around it."""
        assert self.view is not None
        faults = self.view.faults
        if len(faults) == self._ground_faults:
            return
        self._ground_faults = len(faults)
        if faults:
            parts = "1 part" if len(faults) == 1 else f"{len(faults)} parts"
            self.statusBar().showMessage(f"{parts} of the ground shown coarsely: {faults[-1]}")

    def _painted(self) -> None:
        self.pacer.painted(self._wall_clock())

    def _show_moment(self, wall_s: float) -> None:
        """Refresh timeline and clock about ten times a second, the table twice."""
        state = self.desk.state(wall_s) if wall_s - self._panels_s >= _PANELS_S else None
        if state is None or self._loaded is None or not self._has_race:
            return
        self._panels_s = wall_s
        clock, stage = self.desk.clock, self._loaded.scene.stage
        self.transport.show_time(
            state.time_ms,
            timezone=stage.timezone,
            start_time_ms=stage.start_time_ms,
            to_go_m=state.to_go_m,
        )
        self.transport.show_playing(playing=clock.playing(wall_s) or self._scrub_resumes(), rate=clock.rate)
        self.timeline.set_moment(state.time_ms, self._markers(state))
        if wall_s - self._table_s >= _TABLE_S:
            self._table_s = wall_s
            self.riders.set_state(state, self.desk.group_titles(state))
            self.show_health(_health_text(state))

    def _scrub_resumes(self) -> bool:
        return self._resume and self.timeline.scrubbing

    def _markers(self, state: RaceState) -> tuple[Marker, ...]:
        assert self._loaded is not None
        look = self._loaded.scene.theme
        markers = [
            Marker(group.front_m, look.colour(group.role.value), len(group.riders))
            for group in sorted(state.groups, key=lambda group: (len(group.riders), group.front_m))
        ]
        chosen = np.flatnonzero(state.riders.bibs == self.desk.selected_bib)
        if self.desk.selected_bib is not None and len(chosen):
            markers.append(Marker(float(state.riders.distance_m[chosen[0]]), (255, 255, 255), selected=True))
        return tuple(markers)


def _spare_what_stays() -> None:
    """Leave what has been loaded out of later searches for garbage, which else stop the picture for 30 ms."""
    gc.collect()
    gc.freeze()


def _health_text(state: RaceState) -> str:
    riders = state.riders.presence[state.riders.bibs > 0]
    counts = [(int((riders == presence).sum()), presence.name.lower()) for presence in Presence]
    return "   ".join(f"{count} {name}" for count, name in counts if count)
