"""The main window at work: it opens shows, binds keys and mouse to acts, and keeps everything drawn."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import qtpy.QtGui
import qtpy.QtOpenGLWidgets
import qtpy.QtWidgets  # noqa: F401 (here: they change Qt's classes, which crashed a window that was at work)
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication, QMessageBox

from tracker3d import memory
from tracker3d.app import theme
from tracker3d.app.bus_view import BusView
from tracker3d.app.files_control import FilesControl
from tracker3d.app.hands import Hands
from tracker3d.app.keeping import Keeper, is_fresh
from tracker3d.app.keys import KeyMap
from tracker3d.app.loading import LoadedRace, Loader, Order
from tracker3d.app.operating import Operator
from tracker3d.app.output_control import OutputControl
from tracker3d.app.panels import Panels
from tracker3d.app.pulse import Pulse
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
_SAYS_MS = 8000
_TIDY_MS = 20_000


def open_window(order: Order | None = None, *, look: Theme | None = None) -> int:
    """Show the window until it is closed; returns the exit code."""
    memory.keep_flat()
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
        self.output = OutputControl(self, self.keeper, self.watchdog)
        self.panels = Panels(self, self.program_view, self.watchdog, self.keeper)
        self.files = FilesControl(self)
        self._wall_clock = wall_clock
        self._first_order, self._look = order, look
        self._loader: Loader | None = None
        self._opened: OpenShow | None = None
        self._interrupted: Recovered | None = None
        self._going_on: Recovered | None = None
        self._odd = self._screen_waits = False
        self._fault = ""
        self._seen: ShowState | None = None
        self.pulse = Pulse(self.output, wall_clock=wall_clock)
        self.pulse.beat.connect(self._tick)
        self._tidying = QTimer(self)
        self._tidying.setInterval(_TIDY_MS)
        self._tidying.timeout.connect(memory.give_back)
        # What tells by signals goes with the window: connections of others would keep it alive.
        for teller in (self.keeper, self.operator, self.key_map, self.output, self.pulse, *self.views):
            teller.setParent(self)
        self.hands = Hands(self)
        self.operator.acted.connect(self._change)
        self.cancel_asked.connect(self.close_show)
        self.home_asked.connect(self.close_show)
        self.start_page.recover_asked.connect(self.go_on)
        self.key_map.remapped.connect(lambda: self.keeper.keep_hotkeys(self.key_map.hotkeys))
        self.keeper.read.connect(lambda document: self.operator.edit("open show", document))
        for teller in (self.operator, self.keeper, *self.views):
            teller.said.connect(self.say)
        self.transport.set_ready(ready=False)

    def start(self) -> None:
        """Begin to open what was ordered, or go on with the show that was interrupted just now."""
        self.watchdog.start()
        self._tidying.start()
        self.start_page.set_recent(self.keeper.recent())
        if self.keeper.trouble:
            self.say(self.keeper.trouble)
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
    def views(self) -> tuple[BusView, BusView]:
        """Program and preview."""
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

    @property
    def _reading(self) -> bool:
        """Whether a race is read, from its recording or back from the log of an interrupted show."""
        session = None if self._opened is None else self._opened.session
        return self.loading or (session is not None and session.reading_back)

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
        self.pulse.stop()
        if self._loader is not None:
            self._loader.stop()
            self._loader.deleteLater()
            self._loader = None
        self._screen_waits = False
        self.output.close()
        if self.operator.show is not None:
            self.keeper.keep_delay(self.operator.show.state.clock(Side.PROGRAM).delay_ms)
        self.keeper.end_journal()
        self.operator.show, self.operator.rides = None, False
        self.operator.studio = False
        self.panels.set_session(None)
        for view in self.views:
            view.set_show(None)
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        gc.unfreeze()
        self.transport.set_ready(ready=False)
        self.start_page.set_recent(self.keeper.recent())
        self.show_start()

    def event(self, event: QEvent) -> bool:
        """Take it for drawing when Qt paints what has changed and puts it on the screen."""
        paints = event.type() == QEvent.Type.UpdateRequest
        with self.watchdog.drawing() if paints else contextlib.nullcontext():
            return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything that still works, then release the graphics."""
        self.close_show()
        self.watchdog.stop()
        self.files.close()
        self.panels.close()
        self.keeper.close()
        for view in self.views:
            view.shut()
        super().closeEvent(event)

    # ------------------------------------------------------------------ opening

    def _make_program_view(self) -> None:
        if self.program_view.view is None:
            self.make_view(self.program_view)
        self._show_stage_if_ready()

    def make_view(self, bus_view: BusView) -> None:
        """Make what draws a bus."""
        from tracker3d.app.view import StageView

        view: StageView = StageView()
        view.rider_clicked.connect(functools.partial(self.hands.follow_in, bus_view.side))
        view.camera_moved.connect(functools.partial(self.hands.move_camera, bus_view))
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
            self.say(stage.coverage.warnings[0])
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
        self.pulse.start()

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
            self.say(f"{refused} rows of the recording could not be used.")
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
        goes_on, self._going_on = self._going_on is not None, None
        session = None if self._opened is None else self._opened.session
        folder = "" if session is None or session.record_folder is None else str(session.record_folder)
        together = self._loader is not None and self._loader.order.common_start
        self.keeper.remember(package, feed)
        self.keeper.begin_journal(show, ShowPlace(str(package.resolve()), feed, folder, together))
        self._screen_waits = goes_on and self.keeper.settings.on_screen
        if not self._screen_waits and not self.output.open:
            self.keeper.keep_on_screen(on_screen=False)

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

    def say(self, text: str) -> None:
        """Say something in the status bar for a while."""
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
        self.pulse.slow = self._reading
        self._odd = not self._odd
        if self.operator.studio and (self._odd or self.output.open):
            self.preview_view.advance(wall_s)
        elif not self.output.open:  # which draws program, and this window shows what it draws
            self.program_view.advance(wall_s)
        if self._screen_waits and not self.pulse.slow:
            self._screen_waits = False
            self.output.start(self.keeper.settings.output)
        self.output.mirror(wall_s)
        try:
            self.panels.refresh(wall_s)
        except Exception as error:
            if repr(error) != self._fault:
                self._fault = repr(error)
                _LOG.exception("The panels could not be brought up to date")
                self.say(f"A fault in the program: {error!r}. The panels may stand still.")


def _order_of(interrupted: Recovered, *, continues: bool = False) -> Order:
    """Return what a show was opened with; to go on with it its recording is continued."""
    place = interrupted.place
    folder = Path(place.record_folder) if continues and place.record_folder else None
    return Order(Path(place.package), place.feed, folder, place.common_start)


def _spare_what_stays() -> None:
    """Leave what has been loaded out of later searches for garbage, which else stop the picture for 30 ms.

    Without a search before, which would stop it for 170 ms; what garbage there is goes with the show.
    """
    gc.freeze()


def _on_air(state: ShowState) -> tuple[object, ...]:
    """Return all that decides what is seen of program."""
    return state.program, state.mix, state.clean
