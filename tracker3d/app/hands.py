"""Keys, mouse and buttons of the window, and the acts that they stand for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from tracker3d.app.keys import SHOT_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.app.bus_view import BusView
    from tracker3d.app.window import MainWindow
    from tracker3d.scene.model import CameraPose
    from tracker3d.show import Side


class Hands(QObject):
    """Binds what a hand can do in a window to what an operator can do with a show.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._operator = window, window.operator
        self._resume = False
        self._connect()
        window.key_map.bind(window, self._acts())

    def _connect(self) -> None:
        operator = self._operator
        operator.name_of = self._name
        self._window.studio_asked.connect(self._toggle_studio)
        self._window.output_asked.connect(self._window.output.toggle)
        self._window.output.changed.connect(self._output_changed)
        self._window.full_screen_asked.connect(self._toggle_full_screen)
        self._window.riders.selected.connect(operator.select)
        self._window.riders.follow_asked.connect(self._follow)
        self._window.riders.left.connect(self._focus_picture)
        self._window.groups.follow_asked.connect(self._follow)
        self._window.timeline.scrub_began.connect(self._begin_scrub)
        self._window.timeline.scrub_ended.connect(self._end_scrub)
        self._window.timeline.sought.connect(operator.seek)
        transport = self._window.transport
        transport.toggle_asked.connect(operator.toggle)
        transport.skip_asked.connect(operator.skip)
        transport.speed_asked.connect(operator.set_speed)
        transport.speed_step_asked.connect(operator.step_speed)
        transport.reverse_asked.connect(operator.reverse)

    def _acts(self) -> dict[str, Callable[[], object]]:
        operator = self._operator
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
            "save": self._window.files.save_show,
            "open": self._window.files.open_show_file,
            "program_alone": self._toggle_studio,
            "output": self._window.output.toggle,
            "safe_areas": self._toggle_safe_areas,
            "full_screen": self._toggle_full_screen,
            "help": self._window.keys.toggle,
        }
        for number in range(SHOT_KEYS):
            acts[f"cue_{number + 1}"] = functools.partial(operator.choose, number)
            acts[f"air_{number + 1}"] = functools.partial(operator.air, number)
        return acts

    def _toggle_studio(self) -> None:
        """Show preview beside program, or program alone."""
        show = self._operator.show
        if show is None:
            return
        self._operator.studio = not self._operator.studio
        self._window.show_desk(studio=self._operator.studio)
        if self._operator.studio and self._window.preview_view.view is None:
            self._window.make_view(self._window.preview_view)
        if self._operator.studio and self._window.preview_view.show is not show:
            self._window.preview_view.set_show(show)
        self._operator.acted.emit()
        self._focus_picture()

    def _toggle_safe_areas(self) -> None:
        shown = not self._window.preview.picture.safe_areas.isVisibleTo(self._window.preview)
        self._window.preview.set_safe_areas(shown=shown)
        if not self._operator.studio:
            self._window.say("Safe areas are drawn in the preview only.")

    def _toggle_full_screen(self) -> None:
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _output_changed(self) -> None:
        self._window.show_output(shown=self._window.output.open)
        self._operator.acted.emit()

    def _begin_scrub(self) -> None:
        bus = self._operator.bus
        if bus is not None:
            self._resume = bus.clock.playing(self._operator.now_s())
            bus.clock.pause(self._operator.now_s())
            self._window.panels.scrub_resumes = self._resume

    def _end_scrub(self) -> None:
        self._window.panels.scrub_resumes = False
        if self._resume:
            self._operator.clock(lambda clock, wall_s: clock.play(wall_s))

    def _follow(self, bib: int) -> None:
        self._operator.follow(bib)
        self._window.riders.select(bib)

    def follow_in(self, side: Side, bib: int) -> None:
        """Follow whom the mouse chose in a picture; in the studio program is for looking only."""
        if side is self._operator.side:
            self._follow(bib)

    def move_camera(self, bus_view: BusView, pose: CameraPose) -> None:
        """Let the mouse move a camera; in the studio that of preview only."""
        if bus_view.side is self._operator.side:
            bus_view.pacer.act(self._operator.now_s())
            self._operator.move_by_hand(bus_view.side, pose)

    def _release(self) -> None:
        if self._window.keys.isVisible():
            self._window.keys.toggle()
            return
        self._operator.release()
        self._window.riders.select(None)

    def _search(self) -> None:
        self._window.tabs.setCurrentWidget(self._window.riders)
        self._window.riders.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._window.riders.search.selectAll()

    def _focus_picture(self) -> None:
        view = self._window.preview_view.view if self._operator.studio else self._window.program_view.view
        if view is not None:
            view.setFocus()

    def _name(self, bib: int) -> str:
        rider = self._window.riders.model.rider_of_bib(bib)
        return f"{rider.display_name} ({bib})" if rider is not None and not rider.vehicle else f"#{abs(bib)}"
