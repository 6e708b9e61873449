"""What keys and buttons do, whichever of them is used: the operator's acts on a show."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tracker3d.errors import InputError
from tracker3d.show import Shot, Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.race.events import Event, Review
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import CameraPose, Overlay
    from tracker3d.show import Show, ShowClock, ShowDocument
    from tracker3d.show.bus import Bus

MIX_S = 1.0
"""How long a dissolve takes where a shot does not say."""

_REPLAY_MS = 60_000
_EVENT_LEAD_MS = 10_000


class Operator(QObject):
    """Acts on a show. In the studio they prepare preview; with program alone they go on air at once.

    Parameters
    ----------
    wall_clock : callable
        Seconds of a monotonic clock.

    Signals
    -------
    acted
        Something was asked for: every part of the window shows it at once.
    said : str
        Something that the operator should read.
    """

    acted = Signal()
    said = Signal(str)

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        super().__init__()
        self.show: Show | None = None
        self.studio = False
        self.rides = False
        self.chosen_event: Event | None = None
        self.name_of: Callable[[int], str] = str
        self._wall_clock = wall_clock
        self._last_key = ""

    @property
    def side(self) -> Side:
        """The bus that keys and mouse act on."""
        return Side.PREVIEW if self.studio else Side.PROGRAM

    @property
    def bus(self) -> Bus | None:
        """The same."""
        if self.show is None:
            return None
        return self.show.preview if self.studio else self.show.program

    def now_s(self) -> float:
        """Return seconds of the clock that shows are asked with."""
        return self._wall_clock()

    def state(self) -> RaceState | None:
        """Return the race at the moment that keys and mouse act on."""
        return None if self.show is None else self.show.race_state(self.side, self.now_s())

    # ------------------------------------------------------------------ time

    def clock(self, act: Callable[[ShowClock, float], object]) -> None:
        """Let the clock of the bus do something now."""
        if self.bus is not None and self.rides:
            act(self.bus.clock, self.now_s())
            self.acted.emit()

    def toggle(self) -> None:
        """Play or pause."""
        self.clock(lambda clock, wall_s: clock.toggle(wall_s))

    def skip(self, seconds: float) -> None:
        """Go on, or back, by race seconds."""
        self.clock(lambda clock, wall_s: clock.skip(seconds, wall_s))

    def seek(self, time_ms: int) -> None:
        """Go to a race time."""
        self.clock(lambda clock, wall_s: clock.seek(time_ms, wall_s))

    def set_speed(self, speed: float) -> None:
        """Run at another speed."""
        self.clock(lambda clock, wall_s: clock.set_speed(speed, wall_s))

    def step_speed(self, steps: int) -> None:
        """Run faster or slower."""
        self.clock(lambda clock, wall_s: clock.step_speed(steps, wall_s))

    def reverse(self) -> None:
        """Change the direction of time."""
        self.clock(lambda clock, wall_s: clock.set_backwards(not clock.backwards, wall_s))

    # ------------------------------------------------------------------ live

    def go_live(self) -> None:
        """Show the race as it is ridden; preview goes with program again."""
        show, wall_s = self.show, self.now_s()
        if show is None or not show.source.span(wall_s).live:
            self.said.emit("This is a recording: there is nothing live to go to.")
            return
        show.program.clock.go_live(wall_s)
        show.cue_program_time(wall_s)
        self.acted.emit()

    def join_program_time(self) -> None:
        """Let preview go with program's time."""
        if self.show is not None:
            self.show.cue_program_time(self.now_s())
            self.acted.emit()

    def set_delay(self, delay_s: float) -> None:
        """Show the race so many seconds late."""
        if self.show is not None:
            self.show.program.clock.set_delay(delay_s, self.now_s())
            self.acted.emit()

    def nudge(self, steps: int) -> None:
        """Make the delay longer, or shorter, by tenths of a second."""
        if self.show is not None:
            self.show.program.clock.nudge(steps, self.now_s())
            self.acted.emit()

    def sync(self) -> None:
        """Set the delay so that the event chosen in the log happens now."""
        show, wall_s = self.show, self.now_s()
        if show is None or not show.source.span(wall_s).live:
            self.said.emit("Sync sets the delay of a live feed; this is a recording.")
            return
        if self.chosen_event is None:
            self.said.emit("Choose an event in the log, and press Sync when it is seen on the television.")
            return
        missing_s = show.program.clock.sync_on(self.chosen_event.time_ms, wall_s)
        if missing_s:
            self.said.emit(f"The delay cannot reach that event: {missing_s:+.1f} s are missing.")
        self.acted.emit()

    def replay_minute(self) -> None:
        """Show the last minute again, from a minute before what is shown now."""
        if self.show is not None and self.rides:
            self.replay_from(self.show.now_ms(Side.PROGRAM, self.now_s()) - _REPLAY_MS)

    def replay_event(self, event: Event) -> None:
        """Show an event again, from shortly before it began."""
        self.replay_from(event.time_ms - _EVENT_LEAD_MS)

    def cue_event(self) -> None:
        """Show the event chosen in the log again."""
        if self.chosen_event is None:
            self.said.emit("Choose an event in the log first.")
        else:
            self.replay_event(self.chosen_event)

    def replay_from(self, time_ms: int) -> None:
        """Show what was: in the studio it is cued and runs when it is taken."""
        if self.show is None or not self.rides:
            return
        if self.studio:
            self.show.cue_replay(time_ms, self.now_s())
            self.said.emit("The replay stands in preview and runs when it is taken.")
        else:
            self.show.program.clock.replay_from(time_ms, self.now_s())
        self.acted.emit()

    # ------------------------------------------------------------------ shots and cameras

    def choose(self, number: int) -> None:
        """Show the shot of a number, counted from 0."""
        if self.show is not None and number < len(self.show.document.shots):
            self._put(self.show.document.shots[number])

    def air(self, number: int) -> None:
        """Put the shot of a number on air at once."""
        if self.show is not None and number < len(self.show.document.shots):
            self.show.put(Side.PROGRAM, self.show.document.shots[number], self.now_s())
            self.acted.emit()

    def cue_entry(self, entry: int) -> None:
        """Put an entry of the rundown on preview."""
        if self.show is not None and self.show.cue_entry(entry, self.now_s()):
            self.acted.emit()

    def step_entry(self, steps: int) -> None:
        """Cue the next entry of the rundown, or the one before."""
        if self.show is None:
            return
        entry = self.show.state.preview.entry
        on_air = self.show.state.program.entry
        if entry is None:
            entry = -1 if on_air is None else on_air
        self.cue_entry(max(entry + steps, 0))

    def follow(self, bib: int) -> None:
        """Chase a rider or vehicle."""
        bus = self.bus
        if bus is None:
            return
        if not bus.follow(bib, self.now_s()):
            self.said.emit(f"Nothing is known of {self.name_of(bib)} at this moment.")
        self.acted.emit()

    def select(self, bib: int | None) -> None:
        """Choose a rider or vehicle, or nobody."""
        if self.bus is not None:
            self.bus.select(bib, self.now_s())
            self.acted.emit()

    def toggle_follow(self) -> None:
        """Follow who is selected, or go back to the last shot."""
        bus = self.bus
        if bus is None:
            return
        if bus.followed_bib is not None:
            self._back_to_shot()
        elif bus.selected_bib is not None:
            self.follow(bus.selected_bib)
        else:
            self.said.emit("Click a rider in the picture or the table to follow them.")
        self.acted.emit()

    def release(self) -> None:
        """Select nobody, and let the last shot take the camera back."""
        if self.bus is not None:
            self.bus.select(None, self.now_s())
            self._back_to_shot()

    def move_by_hand(self, side: Side, pose: CameraPose) -> None:
        """Stand where the hand puts the camera."""
        if self.show is not None:
            bus = self.show.preview if side is Side.PREVIEW else self.show.program
            bus.move_by_hand(pose, self.now_s())
            self.acted.emit()

    def switch_overlay(self, overlay: Overlay, on: bool) -> None:
        """Lay something over the picture, or take it away; in the studio the shot on preview keeps it."""
        bus = self.bus
        if self.show is None or bus is None or bus.shot is None:
            return
        overlays = bus.shot.overlays | {overlay} if on else bus.shot.overlays - {overlay}
        kept = self.show.document.shot(bus.shot.key)
        if self.studio and kept is not None and kept == bus.shot:
            self.edit("overlays", self.show.document.with_shot(dataclasses.replace(kept, overlays=overlays)))
        else:
            bus.set_overlays(overlays, self.now_s())
            self.acted.emit()

    # ------------------------------------------------------------------ on air

    def take(self) -> None:
        """Put preview on air the way its shot asks for."""
        self._air(lambda show, wall_s: show.take(wall_s))

    def cut(self) -> None:
        """Put preview on air at once."""
        self._air(lambda show, wall_s: show.cut(wall_s))

    def mix(self) -> None:
        """Dissolve preview in."""
        self._air(lambda show, wall_s: show.mix(_mix_s(show), wall_s))

    def next(self) -> None:
        """Take the next entry of the rundown."""
        self._air(lambda show, wall_s: show.next(wall_s))

    def out(self) -> None:
        """Show nothing; time goes on."""
        self._act(lambda show, wall_s: show.out(wall_s))

    def back(self) -> None:
        """Show again what was on air before."""
        self._act(lambda show, wall_s: show.back(wall_s))

    def clear_all(self) -> None:
        """Empty both buses."""
        self._act(lambda show, wall_s: show.clear_all(wall_s))

    def clean(self) -> None:
        """Show program without overlays, or with them again."""
        self._act(lambda show, wall_s: show.set_clean(not show.state.clean, wall_s))

    def corrections(self) -> None:
        """Show corrected groups and events on air without a take."""
        self._act(lambda show, wall_s: show.air_corrections(wall_s))

    # ------------------------------------------------------------------ edits

    def edit(self, text: str, document: ShowDocument, *, merge: str = "") -> None:
        """Go on with another document, as a step that can be undone."""
        self._act(lambda show, wall_s: show.edit(text, document, wall_s, merge=merge))

    def try_edit(self, text: str, make: Callable[[ShowDocument], ShowDocument], *, merge: str = "") -> bool:
        """Do the same where the new document may not be possible, which is then said."""
        if self.show is None:
            return False
        try:
            document = make(self.show.document)
        except InputError as error:
            self.said.emit(str(error))
            return False
        self.edit(text, document, merge=merge)
        return True

    def undo(self) -> None:
        """Undo the last edit."""
        if self.show is not None:
            text = self.show.undo(self.now_s())
            self.said.emit(f"Undone: {text}" if text else "There is nothing to undo.")
            self.acted.emit()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.show is not None:
            text = self.show.redo(self.now_s())
            self.said.emit(f"Done again: {text}" if text else "There is nothing to do again.")
            self.acted.emit()

    def store(self) -> None:
        """Keep what is seen as a new shot at the end of the list and of the rundown."""
        bus = self.bus
        if self.show is None or bus is None or bus.shot is None:
            return
        document, shot = self.show.document, bus.shot
        key = document.new_key(shot.name or shot.key)
        shot = dataclasses.replace(shot, key=key, name=f"{shot.name} {len(document.shots) + 1}")
        self.edit("keep shot", document.with_shot(shot).with_entry(key))
        self.said.emit(f"{shot.name} was added to the rundown.")

    def pin(self, bib: int) -> None:
        """Let a rider stand first in the table, or no more."""
        if self.show is not None:
            pinned = bib in self.show.document.pinned
            word = "unpin" if pinned else "pin"
            document = self.show.document.with_pinned(bib, pinned=not pinned)
            self.edit(f"{word} {self.name_of(bib)}", document)

    def toggle_pin(self) -> None:
        """Pin who is selected."""
        if self.bus is not None and self.bus.selected_bib is not None:
            self.pin(self.bus.selected_bib)

    def review(self, event: Event, said: Review) -> None:
        """Confirm or dismiss an event."""
        self._act(lambda show, wall_s: show.review(event, said, wall_s))

    def _put(self, shot: Shot) -> None:
        if self.bus is not None:
            self._last_key = shot.key
            self.bus.put(shot, self.now_s())
            self.acted.emit()

    def _back_to_shot(self) -> None:
        """Put the last shot of the document back, where something else stands on the bus."""
        show, bus = self.show, self.bus
        if show is None or bus is None:
            return
        shot = bus.shot
        kept = None if shot is None else show.document.shot(shot.key)
        last = kept or show.document.shot(self._last_key) or next(iter(show.document.shots), None)
        if last is not None:
            self._put(last)

    def _air(self, act: Callable[[Show, float], bool]) -> None:
        if self.show is None:
            return
        if not act(self.show, self.now_s()):
            self.said.emit("There is nothing in preview to be taken: press a number or choose an entry.")
        self.acted.emit()

    def _act(self, act: Callable[[Show, float], object]) -> None:
        if self.show is not None:
            act(self.show, self.now_s())
            self.acted.emit()


def _mix_s(show: Show) -> float:
    shot = show.state.preview.shot
    return MIX_S if shot is None or shot.mix_s <= 0.0 else shot.mix_s
