"""What a show is at one moment: its document and what stands on its two buses; plain frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.events import EventReview
from tracker3d.race.overrides import Overrides
from tracker3d.scene.model import CameraPose
from tracker3d.show.clock import ClockState
from tracker3d.show.document import Shot, ShowDocument

if TYPE_CHECKING:
    from collections.abc import Iterable


class Side(enum.StrEnum):
    """The two buses of a show."""

    PREVIEW = "preview"
    PROGRAM = "program"


@dataclass(frozen=True)
class Pose:
    """A camera moved by hand: where it stands and looks, metres in the stage's local frame as drawn."""

    eye_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    fov_deg: float = 35.0
    up: tuple[float, float, float] | None = None

    @classmethod
    def of(cls, pose: CameraPose) -> Pose:
        """Return plain values of a pose."""
        up = None if pose.up is None else _three(pose.up)
        return cls(_three(pose.eye_m), _three(pose.target_m), float(pose.fov_deg), up)

    @property
    def camera_pose(self) -> CameraPose:
        """The pose that a scene takes."""
        up = None if self.up is None else np.array(self.up)
        return CameraPose(np.array(self.eye_m), np.array(self.target_m), self.fov_deg, up)


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


@dataclass(frozen=True)
class BusState:
    """What stands on one bus.

    Attributes
    ----------
    shot : Shot or None
        A value of its own: what becomes of the shot in the document does not touch it. None: nothing.
    since_s : float
        Wall time at which the shot's move began.
    began_ms : int or None
        Race time then.
    clock : ClockState or None
        The bus's own time; None on preview: that of program.
    by_hand : Pose or None
        Where a hand has put the camera instead of the shot's move.
    from_hand : Pose or None
        Where the hand left it: the shot's move takes over from there by a short hand-over.
    selected_bib : int or None
    entry : int or None
        Which entry of the rundown the shot is.
    overrides, review
        On program: what the operator had said of groups and events when it was last taken. Preview shows
        what the document says.
    """

    shot: Shot | None = None
    since_s: float = 0.0
    began_ms: int | None = None
    clock: ClockState | None = None
    by_hand: Pose | None = None
    from_hand: Pose | None = None
    selected_bib: int | None = None
    entry: int | None = None
    overrides: Overrides = field(default_factory=Overrides)
    review: EventReview = field(default_factory=EventReview)

    def shifted(self, seconds: float) -> BusState:
        """Return the same for a wall clock that shows so many seconds more."""
        clock = None if self.clock is None else self.clock.shifted(seconds)
        return replace(self, since_s=self.since_s + seconds, clock=clock)


@dataclass(frozen=True)
class Mix:
    """A dissolve on its way: from what was on program, beginning at a wall time, lasting so long."""

    before: BusState
    began_s: float
    duration_s: float

    def share(self, wall_s: float) -> float:
        """Return how much of the new picture is seen, 0 to 1."""
        if self.duration_s <= 0.0:
            return 1.0
        return min(max((wall_s - self.began_s) / self.duration_s, 0.0), 1.0)


@dataclass(frozen=True)
class ShowState:
    """All of a show.

    Attributes
    ----------
    document : ShowDocument
    preview, program : BusState
    before : BusState or None
        What was on air before, for shots that go back to it.
    mix : Mix or None
    clean : bool
        Program carries no overlays, whatever its shot says.
    """

    document: ShowDocument = field(default_factory=ShowDocument)
    preview: BusState = field(default_factory=BusState)
    program: BusState = field(default_factory=lambda: BusState(clock=ClockState()))
    before: BusState | None = None
    mix: Mix | None = None
    clean: bool = False

    def bus(self, side: Side) -> BusState:
        """Return what stands on a bus."""
        return self.preview if side is Side.PREVIEW else self.program

    def clock(self, side: Side) -> ClockState:
        """Return the clock of a bus: preview goes with program unless it has its own."""
        return self.bus(side).clock or self.program.clock or ClockState()

    def with_bus(self, side: Side, bus: BusState) -> ShowState:
        """Put something else on a bus."""
        if side is Side.PREVIEW:
            return replace(self, preview=bus)
        return replace(self, program=bus)

    def shifted(self, seconds: float) -> ShowState:
        """Return the same for a wall clock that shows so many seconds more."""
        mix = self.mix
        return replace(
            self,
            preview=self.preview.shifted(seconds),
            program=self.program.shifted(seconds),
            before=None if self.before is None else self.before.shifted(seconds),
            mix=None
            if mix is None
            else Mix(mix.before.shifted(seconds), mix.began_s + seconds, mix.duration_s),
        )
