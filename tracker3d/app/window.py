"""The main window at work: it opens shows, binds keys and mouse to acts, and keeps everything drawn."""

from __future__ import annotations

import functools
import gc
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication, QMessageBox

from tracker3d.app import theme
from tracker3d.app.bus_view import BusView
from tracker3d.app.files_control import FilesControl
from tracker3d.app.keeping import Keeper, is_fresh
from tracker3d.app.keys import SHOT_KEYS, KeyMap
from tracker3d.app.loading import LoadedRace, Loader, Order
from tracker3d.app.operating import Operator
from tracker3d.app.output_control import OutputControl
from tracker3d.app.panels import Panels
from tracker3d.app.shell import Shell
from tracker3d.app.watchdog import Watchdog
from tracker3d.show import Show, Side
from tracker3d.show.journal import ShowPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from tracker3d.app.view import StageView
    from tracker3d.scene import Theme
    from tracker3d.show.opening import OpenShow
    from tracker3d.show.recovery import Recovered
    from tracker3d.show.state import ShowState

_LOG = logging.getLogger(__name__)
_TICK_MS = 15
_SAYS_MS = 8000


def open_window(order: Order | None = None, *, look: Theme | None = None) -> int:
    """Show the window until it is closed; returns the exit code."""
    QSurfaceFormat.setDefaultFormat(_surface_format())
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("tracker3d")
    theme.apply(application)
    window = MainWindow(order, look=look)
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
    """The start page, and the desk of one show at a time.

    Parameters
    ----------
    order : Order, optional
        What is opened at once; without one the start page waits.
    look : Theme, optional
        Of the picture; the one that comes with the program if left out.
    wall_clock : callable
        Seconds of a monotonic clock.
    """

    def __init__(
        self,
        order: Order | None = None,
        *,
        look: Theme | None = None,
        wall_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keeper = Keeper()
        super().__init__(Operator(wall_clock), KeyMap(self.keeper.settings.hotkeys))
        self.exit_code = 0
        self.watchdog = Watchdog(self)
        self.program_view = BusView(Side.PROGRAM, self.program, self.watchdog)
        self.preview_view = BusView(Side.PREVIEW, self.preview, self.watchdog)
        self.output = OutputControl(self, self.watchdog)
        self.panels = Panels(self, self.program_view, self.watchdog)
        self.files = FilesControl(self)
        self._wall_clock = wall_clock
        self._first_order, self._look = order, look
        self._loader: Loader | None = None
        self._opened: OpenShow | None = None
        self._interrupted: Recovered | None = None
        self._going_on: Recovered | None = None
        self._resume = False
        self._odd = False
        self._fault = ""
        self._seen: ShowState | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        # What tells by signals goes with the window: connections of others would keep it alive.
        for teller in (self.keeper, self.operator, self.key_map, self.output, *self._views):
            teller.setParent(self)
        self._connect()
        self.key_map.bind(self, self._acts())
        self.transport.set_ready(ready=False)

    def start(self) -> None:
        """Begin to open what was ordered, or go on with the show that was interrupted just now."""
        self.watchdog.start()
        self.start_page.set_recent(self.keeper.recent())
        if self.keeper.trouble:
            self._say(self.keeper.trouble)
        order, self._interrupted = self._first_order, self.keeper.interrupted()
        interrupted = self._interrupted
        if interrupted is not None and is_fresh(interrupted) and order in (None, _order_of(interrupted)):
            self.go_on()
        elif order is not None:
            self.open(order)
        elif interrupted is not None:
            self.start_page.offer_recovery(Path(interrupted.place.package).stem)

    def go_on(self) -> None:
        """Open the show that was interrupted, where it was."""
        interrupted, self._interrupted = self._interrupted, None
        self.start_page.offer_recovery("")
        if interrupted is not None:
            self.open(_order_of(interrupted, continues=True))
            self._going_on = interrupted

    @property
    def _views(self) -> tuple[BusView, BusView]:
        return self.program_view, self.preview_view

    @property
    def ready(self) -> bool:
        """Whether there is a race whose time can be moved."""
        return self.operator.rides

    @property
    def open_package(self) -> Path | None:
        """Package of the show on the desk."""
        return None if self._opened is None else self._opened.package.path

    @property
    def loading(self) -> bool:
        """Whether something is being opened."""
        return self._loader is not None and self._loader.running

    def open(self, order: Order) -> None:
        """Open a show in place of the present one."""
        self.close_show()
        self._going_on = None
        self.show_loading(order.title)
        loader = Loader(order, theme=self._look)
        loader.can_draw.connect(self._make_program_view)
        loader.progressed.connect(self.show_progress)
        loader.stage_ready.connect(self._stage_ready)
        loader.race_ready.connect(self._race_ready)
        loader.failed.connect(self._failed)
        self._loader = loader
        loader.start()

    def close_show(self) -> None:
        """End the show and go back to the start page."""
        self._timer.stop()
        if self._loader is not None:
            self._loader.stop()
            self._loader.deleteLater()
            self._loader = None
        self.output.close()
        if self.operator.show is not None:
            self.keeper.keep_delay(self.operator.show.state.clock(Side.PROGRAM).delay_ms)
        self.keeper.end_journal()
        self.operator.show, self.operator.rides = None, False
        self.operator.studio = False
        self.panels.set_session(None)
        for view in self._views:
            view.set_show(None)
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        gc.unfreeze()
        self.transport.set_ready(ready=False)
        self.start_page.set_recent(self.keeper.recent())
        self.show_start()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything that still works, then release the graphics."""
        self.close_show()
        self.watchdog.stop()
        self.files.close()
        self.panels.close()
        self.keeper.close()
        for view in self._views:
            view.shut()
        super().closeEvent(event)

    # ------------------------------------------------------------------ opening

    def _make_program_view(self) -> None:
        if self.program_view.view is None:
            self._make_view(self.program_view)
        self._show_stage_if_ready()

    def _make_view(self, bus_view: BusView) -> None:
        from tracker3d.app.view import StageView

        view: StageView = StageView()
        view.rider_clicked.connect(functools.partial(self._follow_in, bus_view.side))
        view.camera_moved.connect(functools.partial(self._move_by_hand, bus_view))
        view.frameSwapped.connect(lambda: bus_view.painted(self._wall_clock()))
        bus_view.set_view(view)

    def _stage_ready(self, opened: OpenShow) -> None:
        show = Show(opened.scene, opened.source)
        wall_s = self._wall_clock()
        if self._going_on is not None:
            self._going_on.restore(show, wall_s)
        else:
            show.put(Side.PROGRAM, show.document.shots[0], wall_s, entry=0)
            show.cue_entry(1, wall_s)
        self.operator.show = show
        stage = opened.scene.stage
        self.show_stage(stage.name, simulated=stage.simulated)
        self.riders.set_roster(stage)
        self.editor.set_stage(stage)
        self.timeline.set_stage(stage, opened.scene.road)
        if stage.coverage.warnings:
            self._say(stage.coverage.warnings[0])
        self._show_stage_if_ready()

    def _show_stage_if_ready(self) -> None:
        """Show the ground as soon as both it and what draws it are there, whichever comes last."""
        show, view = self.operator.show, self.program_view.view
        if show is None or view is None or self.program_view.show is show:
            return
        self.program_view.set_show(show)
        self.show_desk(studio=False)
        view.setFocus()
        if self._loader is not None and not self._loader.has_feed:
            self.show_progress("", 1.0)
            self._keep_track(show, self._loader.order.package, "")
        self._seen = None
        self._change()
        self._timer.start()

    def _race_ready(self, loaded: LoadedRace) -> None:
        show = self.operator.show
        if show is None:
            loaded.opened.close()
            return
        self._opened = opened = loaded.opened
        show.set_scene(opened.scene, opened.source)
        wall_s, stage = self._wall_clock(), opened.scene.stage
        clock = show.program.clock
        if self._going_on is not None:
            self._going_on.restore(show, wall_s)
        elif opened.live:
            clock.set_delay(self.keeper.settings.delay_ms / 1000.0, wall_s)
            clock.go_live(wall_s)
        else:
            clock.seek(stage.start_time_ms or opened.source.race.start_ms, wall_s)
            clock.play(wall_s)
        self.riders.set_roster(stage)
        if loaded.history is not None:
            self.timeline.set_history(loaded.history)
        self.show_progress("", 1.0)
        refused = 0 if opened.replay is None else sum(opened.replay.fixes_refused.values())
        if refused:
            self._say(f"{refused} rows of the recording could not be used.")
        self.operator.rides = True
        self.panels.set_session(opened.session)
        self._keep_track(show, opened.package.path, opened.feed)
        _spare_what_stays()
        self.transport.set_ready(ready=True)
        self._seen = None
        self._change()

    def _keep_track(self, show: Show, package: Path | None, feed: str) -> None:
        """Remember the show for the start page, and write down all that is done from now on."""
        if package is None:
            return
        self._going_on = None
        session = None if self._opened is None else self._opened.session
        folder = "" if session is None or session.record_folder is None else str(session.record_folder)
        self.keeper.remember(package, feed)
        self.keeper.begin_journal(show, ShowPlace(str(package.resolve()), feed, folder))

    def _failed(self, text: str, has_stage: bool) -> None:
        self.show_progress("", 1.0)
        dialog = self.complain(text)
        only = self._loader is not None and self._loader.order is self._first_order
        if not has_stage and only:
            self.exit_code = 1
            dialog.finished.connect(self.close)
        elif not has_stage:
            self.close_show()

    def complain(self, text: str) -> QMessageBox:
        """Tell what went wrong, in a box that stops nothing."""
        dialog = QMessageBox(QMessageBox.Icon.Critical, "tracker3d", text, parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    # ------------------------------------------------------------------ keys, mouse, buttons

    def _connect(self) -> None:
        operator = self.operator
        operator.name_of = self._name
        operator.acted.connect(self._change)
        self.start_page.recover_asked.connect(self.go_on)
        self.key_map.remapped.connect(lambda: self.keeper.keep_hotkeys(self.key_map.hotkeys))
        self.keeper.read.connect(lambda document: operator.edit("open show", document))
        for source in (operator, self.keeper, *self._views):
            source.said.connect(self._say)
        self.studio_asked.connect(self._toggle_studio)
        self.output_asked.connect(self.output.toggle)
        self.output.changed.connect(self._output_changed)
        self.full_screen_asked.connect(self._toggle_full_screen)
        self.home_asked.connect(self.close_show)
        self.cancel_asked.connect(self.close_show)
        self.riders.selected.connect(operator.select)
        self.riders.follow_asked.connect(self._follow)
        self.riders.left.connect(self._focus_picture)
        self.groups.follow_asked.connect(self._follow)
        self.timeline.scrub_began.connect(self._begin_scrub)
        self.timeline.scrub_ended.connect(self._end_scrub)
        self.timeline.sought.connect(operator.seek)
        transport = self.transport
        transport.toggle_asked.connect(operator.toggle)
        transport.skip_asked.connect(operator.skip)
        transport.speed_asked.connect(operator.set_speed)
        transport.speed_step_asked.connect(operator.step_speed)
        transport.reverse_asked.connect(operator.reverse)

    def _acts(self) -> dict[str, Callable[[], object]]:
        operator = self.operator
        acts: dict[str, Callable[[], object]] = {
            name: getattr(operator, name)
            for name in ("take", "cut", "mix", "next", "back", "out", "clear_all", "clean", "corrections")
        }
        acts |= {
            name: getattr(operator, name)
            for name in ("toggle", "reverse", "go_live", "sync", "replay_minute", "cue_event", "store")
        }
        acts |= {
            "undo": operator.undo,
            "redo": operator.redo,
            "pin": operator.toggle_pin,
            "follow": operator.toggle_follow,
            "rundown_down": lambda: operator.step_entry(1),
            "rundown_up": lambda: operator.step_entry(-1),
            "delay_less": lambda: operator.nudge(-1),
            "delay_more": lambda: operator.nudge(1),
            "back_10": lambda: operator.skip(-10.0),
            "ahead_10": lambda: operator.skip(10.0),
            "back_60": lambda: operator.skip(-60.0),
            "ahead_60": lambda: operator.skip(60.0),
            "faster": lambda: operator.step_speed(1),
            "slower": lambda: operator.step_speed(-1),
            "release": self._release,
            "search": self._search,
            "save": self.files.save_show,
            "open": self.files.open_show_file,
            "program_alone": self._toggle_studio,
            "output": self.output.toggle,
            "safe_areas": self._toggle_safe_areas,
            "full_screen": self._toggle_full_screen,
            "help": self.keys.toggle,
        }
        for number in range(SHOT_KEYS):
            acts[f"cue_{number + 1}"] = functools.partial(operator.choose, number)
            acts[f"air_{number + 1}"] = functools.partial(operator.air, number)
        return acts

    def _toggle_studio(self) -> None:
        """Show preview beside program, or program alone."""
        show = self.operator.show
        if show is None:
            return
        self.operator.studio = not self.operator.studio
        self.show_desk(studio=self.operator.studio)
        if self.operator.studio and self.preview_view.view is None:
            self._make_view(self.preview_view)
        if self.operator.studio and self.preview_view.show is not show:
            self.preview_view.set_show(show)
        self._change()
        self._focus_picture()

    def _toggle_safe_areas(self) -> None:
        shown = not self.preview.picture.safe_areas.isVisibleTo(self.preview)
        self.preview.set_safe_areas(shown=shown)
        if not self.operator.studio:
            self._say("Safe areas are drawn in the preview only.")

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _output_changed(self) -> None:
        self.show_output(shown=self.output.open)
        self._change()

    def _begin_scrub(self) -> None:
        bus = self.operator.bus
        if bus is not None:
            self._resume = bus.clock.playing(self._wall_clock())
            bus.clock.pause(self._wall_clock())
            self.panels.scrub_resumes = self._resume

    def _end_scrub(self) -> None:
        self.panels.scrub_resumes = False
        if self._resume:
            self.operator.clock(lambda clock, wall_s: clock.play(wall_s))

    def _follow(self, bib: int) -> None:
        self.operator.follow(bib)
        self.riders.select(bib)

    def _follow_in(self, side: Side, bib: int) -> None:
        """Follow whom the mouse chose in a picture; in the studio program is for looking only."""
        if side is self.operator.side:
            self._follow(bib)

    def _move_by_hand(self, bus_view: BusView, pose: object) -> None:
        if bus_view.side is self.operator.side:
            bus_view.pacer.act(self._wall_clock())
            self.operator.move_by_hand(bus_view.side, pose)  # type: ignore[arg-type]

    def _release(self) -> None:
        if self.keys.isVisible():
            self.keys.toggle()
            return
        self.operator.release()
        self.riders.select(None)

    def _search(self) -> None:
        self.tabs.setCurrentWidget(self.riders)
        self.riders.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.riders.search.selectAll()

    def _focus_picture(self) -> None:
        view = self.preview_view.view if self.operator.studio else self.program_view.view
        if view is not None:
            view.setFocus()

    def _name(self, bib: int) -> str:
        rider = self.riders.model.rider_of_bib(bib)
        return f"{rider.display_name} ({bib})" if rider is not None and not rider.vehicle else f"#{abs(bib)}"

    def _say(self, text: str) -> None:
        self.statusBar().showMessage(text, _SAYS_MS)

    # ------------------------------------------------------------------ drawing

    def _change(self) -> None:
        """Something was asked for: show it, and draw anew what it has changed and nothing else."""
        show, wall_s = self.operator.show, self._wall_clock()
        if show is None:
            return
        before, now = self._seen, show.state
        self._seen = now
        on_air = before is None or _on_air(before) != _on_air(now)
        if on_air:
            self.program_view.pacer.act(wall_s)
        if on_air or before is None or (before.preview, before.document) != (now.preview, now.document):
            self.preview_view.pacer.act(wall_s)
        self.panels.show_acts(wall_s)

    def _tick(self) -> None:
        """Draw what is due and bring the panels up to date; the two pictures take turns."""
        wall_s = self._wall_clock()
        self._odd = not self._odd
        outdated = False
        if self.operator.studio and self._odd:
            outdated |= self.preview_view.advance(wall_s)
        else:
            outdated |= self.program_view.advance(wall_s, asleep=self.output.open)
        self.output.mirror(wall_s)
        try:
            self.panels.refresh(wall_s)
        except Exception as error:
            if repr(error) != self._fault:
                self._fault = repr(error)
                _LOG.exception("The panels could not be brought up to date")
                self._say(f"A fault in the program: {error!r}. The panels may stand still.")


def _order_of(interrupted: Recovered, *, continues: bool = False) -> Order:
    """Return what a show was opened with; to go on with it its recording is continued."""
    place = interrupted.place
    folder = Path(place.record_folder) if continues and place.record_folder else None
    return Order(Path(place.package), place.feed, folder)


def _spare_what_stays() -> None:
    """Leave what has been loaded out of later searches for garbage, which else stop the picture for 30 ms."""
    gc.collect()
    gc.freeze()


def _on_air(state: ShowState) -> tuple[object, ...]:
    """Return all that decides what is seen of program."""
    return state.program, state.mix, state.clean
