"""The show: a document being edited, two buses, and everything that an operator does to them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tracker3d.show.bus import Bus
from tracker3d.show.clock import ClockState
from tracker3d.show.document import EndBehaviour, ShowDocument, new_document
from tracker3d.show.history import EditHistory
from tracker3d.show.pictures import RETURN, Instant, Picture, Projector
from tracker3d.show.source import RaceVersions
from tracker3d.show.state import BusState, Mix, Pose, ShowState, Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.race import Race
    from tracker3d.race.events import Event, Review
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import FrameState, Overlay, StageScene
    from tracker3d.show.document import Shot
    from tracker3d.show.source import RaceSource


class ActKind(enum.StrEnum):
    """What an act changes."""

    EDIT = "edit"
    UNDO = "undo"
    REDO = "redo"
    AIR = "air"
    """Program."""
    CUE = "cue"
    """Preview."""
    CLOCK = "clock"


@dataclass(frozen=True)
class Change:
    """One act of the operator, and what it made of the show."""

    kind: ActKind
    text: str
    wall_s: float
    before: ShowState
    after: ShowState
    merge: str = ""


class Show:
    """Preview, program, rundown and clocks over one race.

    Every method takes ``wall_s``, seconds of any monotonic clock; nothing here looks at a clock by itself.
    Nothing done to preview, and no edit of the document, changes program: program holds values of its own
    until something is taken.

    Parameters
    ----------
    scene : StageScene
    source : RaceSource
    document : ShowDocument, optional
        A new one with the usual shots if left out.
    state : ShowState, optional
        What a show was at when it was interrupted, instead of a document.

    Attributes
    ----------
    state : ShowState
        All that it is, a frozen value; another object after every act.
    listeners : list of callable
        Called with each :class:`Change`, after it.
    """

    def __init__(
        self,
        scene: StageScene,
        source: RaceSource,
        *,
        document: ShowDocument | None = None,
        state: ShowState | None = None,
    ) -> None:
        self.scene, self.source = scene, source
        self.history = EditHistory()
        self.listeners: list[Callable[[Change], None]] = []
        self.state = state or ShowState(new_document() if document is None else document)
        self.preview, self.program = Bus(self, Side.PREVIEW), Bus(self, Side.PROGRAM)
        self._versions = RaceVersions()
        self._projectors = {side: Projector() for side in Side}
        self._fading = Projector()

    # ------------------------------------------------------------------ what is there

    @property
    def document(self) -> ShowDocument:
        """What is edited."""
        return self.state.document

    def race(self, side: Side) -> Race:
        """Return the race as a bus shows it, with the operator's groups."""
        said = self.document.overrides if side is Side.PREVIEW else self.state.program.overrides
        return self._versions.of(self.source.race, said)

    def now_ms(self, side: Side, wall_s: float) -> int:
        """Return the race time that a bus shows."""
        return self.state.clock(side).now_ms(wall_s, self.source.span(wall_s))

    def race_state(self, side: Side, wall_s: float) -> RaceState:
        """Return the race at the moment that a bus shows."""
        return self.race(side).at(self.now_ms(side, wall_s))

    def moving(self, side: Side, wall_s: float) -> bool:
        """Tell whether the picture of a bus changes by itself."""
        bus = self.state.bus(side)
        if self.state.clock(side).playing(wall_s, self.source.span(wall_s)):
            return True
        if side is Side.PROGRAM and self.state.mix is not None:
            return True
        if bus.by_hand is not None or bus.shot is None:
            return False
        elapsed_s = wall_s - bus.since_s
        if bus.from_hand is not None and elapsed_s < RETURN.duration_s:
            return True
        held = bus.shot.duration_s > 0.0 and bus.shot.end is EndBehaviour.HOLD
        return bus.shot.moves_by_itself and not (held and elapsed_s > bus.shot.duration_s)

    def set_scene(self, scene: StageScene, source: RaceSource) -> None:
        """Show the same on another scene, such as one that knows more riders, or another race on it."""
        self.scene, self.source = scene, source

    # ------------------------------------------------------------------ pictures

    def frame(self, side: Side, wall_s: float, viewport_px: tuple[int, int]) -> FrameState | None:
        """Return the frame of a bus, without what a mix still shows of the one before."""
        return self.picture(side, wall_s, viewport_px).frame

    def picture(
        self, side: Side, wall_s: float, viewport_px: tuple[int, int], *, clean: bool = False
    ) -> Picture:
        """Return what is drawn of a bus; it never raises. What is due by then happens first.

        ``clean``: this picture carries no overlays, whatever the show says.
        """
        self.tick(wall_s)
        state = self.state
        clean = clean or (side is Side.PROGRAM and state.clean)
        frame = self._projected(
            self._projectors[side], state.bus(side), state.clock(side), self.race(side), wall_s, viewport_px,
            clean=clean,
        )  # fmt: skip
        mix = state.mix
        if side is Side.PREVIEW or mix is None:
            return Picture(frame)
        race = self._versions.of(self.source.race, mix.before.overrides)
        under = self._projected(
            self._fading, mix.before, mix.before.clock or ClockState(), race, wall_s, viewport_px,
            clean=clean,
        )  # fmt: skip
        return Picture(frame, under, mix.share(wall_s))

    def fault(self, side: Side) -> str:
        """Return why the last frame of a bus is not what was asked for; empty while all is well."""
        return self._projectors[side].fault

    def _projected(
        self,
        projector: Projector,
        bus: BusState,
        clock: ClockState,
        race: Race,
        wall_s: float,
        viewport_px: tuple[int, int],
        *,
        clean: bool,
    ) -> FrameState | None:
        span = self.source.span(wall_s)
        time_ms = clock.now_ms(wall_s, span)
        instant = Instant(time_ms, wall_s, viewport_px)
        if span.live:
            instant = replace(instant, known_ahead_s=max(race.end_ms - time_ms, 0) / 1000.0)
        return projector.frame(self.scene, race, bus, instant, clean=clean)

    # ------------------------------------------------------------------ edits

    def edit(self, text: str, document: ShowDocument, wall_s: float, *, merge: str = "") -> None:
        """Go on with another document, as one step that can be undone.

        Parameters
        ----------
        text : str
            What was done, for the operator: "rename shot".
        document : ShowDocument
            Mostly made by a method of the present one.
        wall_s : float
        merge : str
            Edits of one drag bear the same word and are one step.
        """
        if document == self.document:
            return
        self.history.note(text, self.document, merge=merge)
        self._edited(ActKind.EDIT, text, document, wall_s, merge=merge)

    def undo(self, wall_s: float) -> str:
        """Undo the last edit; returns what it was, empty where there was none. What is on air stays."""
        text, document = self.history.undo_text, self.history.undo(self.document)
        if document is not None:
            self._edited(ActKind.UNDO, text, document, wall_s)
        return text

    def redo(self, wall_s: float) -> str:
        """Do again what was undone last; returns what it was."""
        text, document = self.history.redo_text, self.history.redo(self.document)
        if document is not None:
            self._edited(ActKind.REDO, text, document, wall_s)
        return text

    def review(self, event: Event, said: Review, wall_s: float) -> None:
        """Confirm or dismiss an event, or open it again."""
        review = self.document.review.with_said(event, said)
        self.edit(f"{said} event", self.document.with_review(review), wall_s)

    def _edited(
        self, kind: ActKind, text: str, document: ShowDocument, wall_s: float, *, merge: str = ""
    ) -> None:
        preview = self.state.preview
        if preview.shot is not None and preview.shot == self.document.shot(preview.shot.key):
            # what is being prepared is seen as it is edited
            preview = replace(preview, shot=document.shot(preview.shot.key) or preview.shot)
        self._set(kind, text, replace(self.state, document=document, preview=preview), wall_s, merge=merge)

    # ------------------------------------------------------------------ preview

    def cue(self, key: str, wall_s: float) -> bool:
        """Put a shot of the document on preview; tells whether there is such a shot."""
        shot = self.document.shot(key)
        if shot is not None:
            self.put(Side.PREVIEW, shot, wall_s)
        return shot is not None

    def cue_entry(self, entry: int, wall_s: float) -> bool:
        """Put an entry of the rundown on preview; tells whether there is one."""
        if not 0 <= entry < len(self.document.rundown):
            return False
        shot = self.document.shot(self.document.rundown[entry])
        assert shot is not None
        self.put(Side.PREVIEW, shot, wall_s, entry=entry)
        return True

    def cue_replay(self, time_ms: int, wall_s: float) -> None:
        """Let preview stand at a moment of the past, to be played from there when it is taken."""
        span = self.source.span(wall_s)
        clock = self.state.clock(Side.PREVIEW).replaying_from(time_ms, wall_s, span, cued=True)
        preview = replace(self.state.preview, clock=clock, began_ms=round(clock.at_ms), since_s=wall_s)
        self._set(ActKind.CUE, "cue replay", replace(self.state, preview=preview), wall_s)

    def cue_program_time(self, wall_s: float) -> None:
        """Let preview go with program's time again."""
        self._set(
            ActKind.CUE,
            "preview goes with program",
            replace(self.state, preview=replace(self.state.preview, clock=None)),
            wall_s,
        )

    # ------------------------------------------------------------------ either bus

    def put(self, side: Side, shot: Shot, wall_s: float, *, entry: int | None = None) -> None:
        """Put a shot on a bus at once; a camera moved by hand gives way by a short hand-over."""
        bus = self.state.bus(side)
        began_ms = self.now_ms(side, wall_s)
        bus = replace(
            bus,
            shot=shot,
            since_s=wall_s,
            began_ms=began_ms,
            by_hand=None,
            from_hand=bus.by_hand,
            entry=entry,
        )
        text = f"{'cue' if side is Side.PREVIEW else 'cut to'} {shot.name or shot.key}"
        self._set(_kind(side), text, self.state.with_bus(side, bus), wall_s)

    def move_by_hand(self, side: Side, pose: Pose, wall_s: float) -> None:
        """Let the camera of a bus stand where a hand puts it."""
        bus = replace(self.state.bus(side), by_hand=pose, from_hand=None)
        self._set(_kind(side), "move camera", self.state.with_bus(side, bus), wall_s, merge=f"hand {side}")

    def select(self, side: Side, bib: int | None, wall_s: float) -> None:
        """Choose a rider or vehicle, or nobody."""
        bus = replace(self.state.bus(side), selected_bib=bib)
        self._set(_kind(side), f"select {bib}", self.state.with_bus(side, bus), wall_s)

    def set_overlays(self, side: Side, overlays: frozenset[Overlay], wall_s: float) -> None:
        """Change what is laid over the picture of a bus; the document's shot stays as it is."""
        bus = self.state.bus(side)
        if bus.shot is not None:
            bus = replace(bus, shot=replace(bus.shot, overlays=overlays))
            self._set(_kind(side), "overlays", self.state.with_bus(side, bus), wall_s)

    def set_clock(self, side: Side, clock: ClockState, wall_s: float, text: str) -> None:
        """Set the clock of a bus; preview has its own from then on."""
        bus = replace(self.state.bus(side), clock=clock)
        self._set(ActKind.CLOCK, f"{side}: {text}", self.state.with_bus(side, bus), wall_s)

    # ------------------------------------------------------------------ program

    def cut(self, wall_s: float) -> bool:
        """Put preview on program at once; tells whether there was anything on it."""
        return self._air(wall_s, 0.0, "cut")

    def mix(self, duration_s: float, wall_s: float) -> bool:
        """Put preview on program by a dissolve."""
        return self._air(wall_s, duration_s, "mix")

    def take(self, wall_s: float) -> bool:
        """Put preview on program the way its shot asks for, and cue the next entry of the rundown."""
        preview = self.state.preview
        if not self._air(wall_s, 0.0 if preview.shot is None else preview.shot.mix_s, "take"):
            return False
        if preview.entry is not None:
            self.cue_entry(preview.entry + 1, wall_s)
        return True

    def next(self, wall_s: float) -> bool:
        """Take the entry of the rundown after the one on program, whatever is on preview."""
        entry = self.state.program.entry
        return self.cue_entry(0 if entry is None else entry + 1, wall_s) and self.take(wall_s)

    def out(self, wall_s: float, duration_s: float = 0.0) -> None:
        """Take off program what is on it; its time goes on."""
        gone = self.state.program
        empty = BusState(clock=gone.clock, overrides=gone.overrides, review=gone.review)
        mix = Mix(gone, wall_s, duration_s) if duration_s > 0.0 else None
        self._set(ActKind.AIR, "out", replace(self.state, program=empty, before=gone, mix=mix), wall_s)

    def clear_all(self, wall_s: float) -> None:
        """Empty both buses at once; program's time and the document stay."""
        program = BusState(clock=self.state.program.clock)
        cleared = ShowState(self.document, program=program, clean=self.state.clean)
        self._set(ActKind.AIR, "clear all", cleared, wall_s)

    def back(self, wall_s: float) -> bool:
        """Put back on program what was on it before, at its own time."""
        before = self.state.before
        if before is None:
            return False
        self._set(ActKind.AIR, "back", replace(self.state, program=before, before=None, mix=None), wall_s)
        return True

    def set_clean(self, clean: bool, wall_s: float) -> None:
        """Show program without overlays, or with them again."""
        self._set(ActKind.AIR, "clean" if clean else "overlays", replace(self.state, clean=clean), wall_s)

    def air_corrections(self, wall_s: float) -> None:
        """Show program with what the document says of groups and events, without taking anything."""
        said = self.document
        program = replace(self.state.program, overrides=said.overrides, review=said.review)
        self._set(ActKind.AIR, "corrections on air", replace(self.state, program=program), wall_s)

    def tick(self, wall_s: float) -> None:
        """Let happen what is due: the end of a mix, and of shots that have lasted their time."""
        mix = self.state.mix
        if mix is not None and mix.share(wall_s) >= 1.0:
            self.state = replace(self.state, mix=None)
        for side in Side:
            bus = self.state.bus(side)
            shot = bus.shot
            if shot is None or not 0.0 < shot.duration_s <= wall_s - bus.since_s or bus.by_hand is not None:
                continue
            if shot.end is EndBehaviour.LOOP:
                rounds = (wall_s - bus.since_s) // shot.duration_s
                bus = replace(
                    bus,
                    since_s=bus.since_s + rounds * shot.duration_s,
                    began_ms=self.now_ms(side, wall_s),
                    from_hand=None,
                )
                self.state = self.state.with_bus(side, bus)
            elif side is Side.PROGRAM and shot.end is EndBehaviour.BACK:
                self.back(wall_s)
            elif side is Side.PROGRAM and shot.end is EndBehaviour.NEXT and bus.entry is not None:
                self._air_next(bus.entry + 1, wall_s)

    def _air_next(self, entry: int, wall_s: float) -> None:
        """Put an entry of the rundown on program by itself; what is on preview stays, unless it is that."""
        if entry >= len(self.document.rundown):
            return
        shot = self.document.shot(self.document.rundown[entry])
        assert shot is not None
        preview = self.state.preview
        self._go_on_air(BusState(shot=shot, entry=entry), wall_s, shot.mix_s, "next")
        if preview.entry == entry:
            self.cue_entry(entry + 1, wall_s)

    def _air(self, wall_s: float, duration_s: float, text: str) -> bool:
        preview = self.state.preview
        if preview.shot is None and preview.by_hand is None:
            return False
        self._go_on_air(preview, wall_s, duration_s, text)
        return True

    def _go_on_air(self, bus: BusState, wall_s: float, duration_s: float, text: str) -> None:
        gone, said = self.state.program, self.document
        clock = (bus.clock or gone.clock or ClockState()).started(wall_s)
        began_ms = clock.now_ms(wall_s, self.source.span(wall_s))
        program = replace(
            bus, clock=clock, since_s=wall_s, began_ms=began_ms, overrides=said.overrides, review=said.review,
            from_hand=None,
        )  # fmt: skip
        mix = Mix(gone, wall_s, duration_s) if duration_s > 0.0 else None
        preview = replace(self.state.preview, clock=None)
        name = f" {bus.shot.name or bus.shot.key}" if bus.shot is not None else ""
        after = replace(self.state, program=program, before=gone, mix=mix, preview=preview)
        self._set(ActKind.AIR, f"{text}{name}", after, wall_s)

    def _set(self, kind: ActKind, text: str, state: ShowState, wall_s: float, *, merge: str = "") -> None:
        before, self.state = self.state, state
        change = Change(kind, text, wall_s, before, state, merge)
        for listener in self.listeners:
            listener(change)


def _kind(side: Side) -> ActKind:
    return ActKind.CUE if side is Side.PREVIEW else ActKind.AIR
