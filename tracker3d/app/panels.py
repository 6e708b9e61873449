"""Keeps everything beside the pictures up to date: time ten times a second, tables twice."""

from __future__ import annotations

import dataclasses
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.app.health_panel import presence_text
from tracker3d.app.loading import live_history_of
from tracker3d.app.timeline import Marker
from tracker3d.scene import group_titles
from tracker3d.scene.figures import local_clock_text
from tracker3d.scene.memory import SceneMemory
from tracker3d.show import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.app.bus_view import BusView
    from tracker3d.app.keeping import Keeper
    from tracker3d.app.shell import Shell
    from tracker3d.app.time_axis import History
    from tracker3d.app.watchdog import Watchdog
    from tracker3d.live import LiveSession
    from tracker3d.race.model import RaceState
    from tracker3d.show import Show

_PANELS_S = 0.1
_TABLE_S = 0.5
_HISTORY_S = 5.0
_LONG_AGO_S = -1e9


class Panels:
    """Everything of a window that shows figures and names.

    Parameters
    ----------
    shell : Shell
    program : BusView
        Whose pictures are counted.
    watchdog : Watchdog
    keeper : Keeper
        Who writes acts down.
    """

    def __init__(self, shell: Shell, program: BusView, watchdog: Watchdog, keeper: Keeper) -> None:
        self._shell, self._program, self._watchdog, self._keeper = shell, program, watchdog, keeper
        self._operator = shell.operator
        self._panels_s = self._table_s = self._history_s = _LONG_AGO_S
        self._tables: deque[Callable[[], object]] = deque()
        self._session: LiveSession | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._history: Future[History] | None = None
        self._told_trouble = False
        self.scrub_resumes = False

    def close(self) -> None:
        """End what works in the background."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def set_session(self, session: LiveSession | None) -> None:
        """Show how a live feed does; None for a recording."""
        self._session = session
        self._tables.clear()
        self._history = None
        self._history_s = _LONG_AGO_S
        self._shell.live.setVisible(session is not None)

    def hurry(self) -> None:
        """Show everything anew with the next call of :meth:`refresh`."""
        self._panels_s = self._table_s = _LONG_AGO_S

    def show_acts(self, wall_s: float) -> None:
        """Show at once what was chosen; the rest follows with :meth:`refresh`."""
        show = self._operator.show
        if show is not None:
            self._show_buses(show, wall_s)
            self.hurry()

    def refresh(self, wall_s: float) -> None:
        """Bring up to date what is due, one table a call: together they would take longer than a frame."""
        show = self._operator.show
        if show is None:
            self._tables.clear()
            return
        if self._tables:
            self._tables.popleft()()
            return
        if wall_s - self._panels_s < _PANELS_S:
            return
        self._panels_s = wall_s
        self._show_buses(show, wall_s)
        self._shell.rundown.show_state(show.state)
        self._shell.editor.show_state(show.state)
        self._shell.camera_keys.show_state(show.state, wall_s)
        bus = self._operator.bus
        assert bus is not None
        clean = show.state.clean
        self._shell.overlays.show_shot(bus.shot, studio=self._operator.studio, clean=clean)
        self._tell_journal_trouble()
        if not self._operator.rides:
            return
        state = show.race_state(self._operator.side, wall_s)
        self._show_time(show, state, wall_s)
        if wall_s - self._table_s >= _TABLE_S:
            self._table_s = wall_s
            titles = group_titles(show.scene, state)
            self._tables.extend(
                (
                    lambda: self._shell.riders.set_state(state, titles),
                    lambda: self._shell.groups.set_state(state, titles, show.scene.theme),
                    lambda: self._show_events(show, state),
                    lambda: self._show_health(state),
                    lambda: self._follow_session(show, wall_s),
                )
            )

    def _show_buses(self, show: Show, wall_s: float) -> None:
        operator, shell = self._operator, self._shell
        bus = operator.bus
        assert bus is not None
        for side, monitor in ((Side.PREVIEW, shell.preview), (Side.PROGRAM, shell.program)):
            held = show.state.bus(side)
            name = "nothing" if held.shot is None else held.shot.name or held.shot.key
            monitor.set_texts(name, self._note(show, side, wall_s))
        followed, selected = bus.followed_bib, bus.selected_bib
        key = shell.key_map.shown
        text = ""
        if followed is not None:
            text = f"Following {operator.name_of(followed)} – {key('release')} releases"
        elif bus.by_hand:
            text = f"Camera moved by hand – {key('release')} releases"
        elif selected is not None:
            text = f"{operator.name_of(selected)} selected – {key('follow')} follows"
        shot = None if bus.by_hand or followed is not None else bus.shot
        shell.show_shots(show.document, shot, following=followed is not None, text=text)
        shell.riders.set_pinned(show.document.pinned)

    def _note(self, show: Show, side: Side, wall_s: float) -> str:
        """Return what an operator must know of a bus's time and picture."""
        state = show.state
        notes = []
        if side is Side.PROGRAM and state.clean:
            notes.append("CLEAN")
        if state.bus(side).by_hand is not None:
            notes.append("by hand")
        if side is Side.PREVIEW and state.preview.clock is not None:
            cued = " cued" if state.preview.clock.cued else ""
            at = local_clock_text(show.now_ms(side, wall_s), show.scene.stage.timezone)
            notes.append(f"own time {at}{cued}")
        elif show.source.span(wall_s).live:
            clock = state.clock(side)
            notes.append(f"LIVE −{clock.delay_ms / 1000.0:.1f} s" if clock.live else "REPLAY")
        if show.fault(side):
            notes.append(show.fault(side))
        return "   ".join(notes)

    def _show_time(self, show: Show, state: RaceState, wall_s: float) -> None:
        shell, stage = self._shell, show.scene.stage
        bus = self._operator.bus
        assert bus is not None
        shell.transport.show_time(
            state.time_ms, timezone=stage.timezone, start_time_ms=stage.start_time_ms, to_go_m=state.to_go_m
        )
        playing = bus.clock.playing(wall_s) or self.scrub_resumes
        shell.transport.show_playing(playing=playing, rate=bus.clock.rate)
        shell.timeline.set_moment(state.time_ms, self._markers(show, state))
        if self._session is not None:
            shell.live.show_clock(show.program.clock, wall_s)

    def _tell_journal_trouble(self) -> None:
        """Say once that acts are not written down any more; the panel of health goes on saying it."""
        trouble = self._keeper.journal_trouble
        if trouble and not self._told_trouble:
            self._operator.said.emit(trouble)
        self._told_trouble = bool(trouble)

    def _show_events(self, show: Show, state: RaceState) -> None:
        self._shell.events.show_events(show, show.race(self._operator.side).events, state.time_ms)

    def _show_health(self, state: RaceState) -> None:
        shell = self._shell
        shell.health.show_riders(state)
        shell.show_riders(presence_text(state))
        pacer = self._program.pacer
        picture = f"{pacer.cost_ms:.0f} ms, {pacer.painted_count:,} drawn, {pacer.late_count:,} late"
        worst = self._watchdog.worst
        window = "always under 16 ms" if worst is None else f"{1000.0 * worst.wall_s:.0f} ms"
        trouble = self._keeper.journal_trouble
        shell.health.show_machine(journal_trouble=trouble, picture=picture, window=window)

    def _follow_session(self, show: Show, wall_s: float) -> None:
        """Take over what a live feed brings besides positions: health, new riders, the way of the head."""
        session, shell = self._session, self._shell
        shell.health.show_session(None if session is None else session.health)
        if session is None:
            return
        shell.live.show_health(session.health)
        if session.stage is not show.scene.stage:
            # What was remembered for the scene may show riders as they were named before.
            scene = dataclasses.replace(show.scene, stage=session.stage, memory=SceneMemory())
            show.set_scene(scene, show.source)
            shell.riders.set_roster(session.stage)
        if self._history is not None and self._history.done():
            if self._history.exception() is None:
                shell.timeline.set_history(self._history.result())
            self._history = None
        elif self._history is None and wall_s - self._history_s >= _HISTORY_S:
            self._history_s = wall_s
            if session.race.end_ms > session.race.start_ms:
                self._history = self._worker.submit(live_history_of, session.race)

    def _markers(self, show: Show, state: RaceState) -> tuple[Marker, ...]:
        look = show.scene.theme
        markers = [
            Marker(group.front_m, look.colour(group.role.value), len(group.riders))
            for group in sorted(state.groups, key=lambda group: (len(group.riders), group.front_m))
        ]
        bus = self._operator.bus
        chosen = np.flatnonzero(state.riders.bibs == (None if bus is None else bus.selected_bib))
        if bus is not None and bus.selected_bib is not None and len(chosen):
            markers.append(Marker(float(state.riders.distance_m[chosen[0]]), (255, 255, 255), selected=True))
        return tuple(markers)
