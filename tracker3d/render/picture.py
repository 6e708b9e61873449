"""What is seen in every frame of a job: from one camera, or from one take after the other."""

from __future__ import annotations

import bisect
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tracker3d.render.keying import require_keying
from tracker3d.render.layers import Alpha, Layer
from tracker3d.render.offscreen import Offscreen
from tracker3d.scene import NO_OVERLAYS, USUAL_OVERLAYS, frame_at
from tracker3d.scene.camera import as_timeline

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.scene import Camera
    from tracker3d.scene.model import FrameState, Overlay, StageScene

_GOING = "going "
"""Before the kind of a label in a picture that is mixed out."""


class Cut(NamedTuple):
    """Where a job shows something else: how it is called, and seconds since the beginning."""

    names: tuple[str, ...]
    start_s: float
    end_s: float


class Moment(NamedTuple):
    """The moment of one frame of a job.

    Attributes
    ----------
    time_ms : int
        Of the race.
    began_ms : int
        Race time at which the job began.
    wall_s : float
        How long the job has lasted on the screen.
    """

    time_ms: int
    began_ms: int
    wall_s: float = 0.0


@dataclass(frozen=True)
class Shown:
    """What one frame of a job shows.

    Attributes
    ----------
    frame : FrameState
        Its label slots include those of ``under``.
    under : FrameState or None
        What is mixed out.
    share : float
        How much of ``frame`` is seen over ``under``, 0 to 1.
    """

    frame: FrameState
    under: FrameState | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Picture:
    """What every picture of a job has in common."""

    camera: Camera
    size_px: tuple[int, int]
    alpha: Alpha = Alpha.NONE
    overlays: frozenset[Overlay] = USUAL_OVERLAYS
    layer: Layer = Layer.FULL

    def frame(
        self, scene: StageScene, race: Race, moment: Moment, *, previous: FrameState | None = None
    ) -> FrameState:
        """Return one frame of the job."""
        bare = self.layer is Layer.CLEAN or self.layer.matte
        return frame_at(
            scene,
            race,
            moment.time_ms,
            camera=self.camera,
            viewport_px=self.size_px,
            overlays=NO_OVERLAYS if bare else self.overlays,
            previous=previous,
            wall_s=moment.wall_s,
            began_ms=moment.began_ms,
        )

    def shown(
        self, scene: StageScene, race: Race, moment: Moment, *, previous: FrameState | None = None
    ) -> Shown:
        """Return all that a frame of a video shows; ``previous`` is the ``frame`` before."""
        return Shown(self.frame(scene, race, moment, previous=previous))

    def cuts(self, scene: StageScene) -> tuple[Cut, ...]:
        """Return the shots of the camera; of one that has none, all of its move."""
        shots = as_timeline(self.camera, scene).shots
        return tuple(Cut((shot.title,) if shot.title else (), shot.start_s, shot.end_s) for shot in shots)

    def open(self) -> Offscreen:
        """Return what draws it.

        Raises
        ------
        MachineError
            This machine cannot draw, or its alpha does not key.
        """
        if self.alpha is not Alpha.NONE:
            require_keying()
        return Offscreen(self.size_px, alpha=self.alpha is not Alpha.NONE, layer=self.layer)


@dataclass(frozen=True)
class Take:
    """What a job shows from a moment on: a shot that was taken then.

    Attributes
    ----------
    names : tuple of str
        By which it can be asked for.
    camera : Camera
        Its move begins with the take.
    overlays : frozenset of Overlay
    start_s, duration_s : float
        Seconds since the beginning of the job. After the last take its move stands still.
    mix_s : float
        How long it is mixed in over the take before.
    loops : bool
        The move begins again and again instead of standing still at its end.
    """

    names: tuple[str, ...]
    camera: Camera
    overlays: frozenset[Overlay]
    start_s: float
    duration_s: float
    mix_s: float = 0.0
    loops: bool = False

    def since_s(self, wall_s: float) -> tuple[float, float]:
        """Return when its move, as it is at ``wall_s``, began, and how long it has lasted."""
        lasted_s = max(wall_s - self.start_s, 0.0)
        if self.loops:
            rounds_s = lasted_s // self.duration_s * self.duration_s
            return self.start_s + rounds_s, lasted_s - rounds_s
        return self.start_s, min(lasted_s, self.duration_s)


@dataclass(frozen=True)
class TakesPicture(Picture):
    """One take after the other, each with a camera and overlays of its own, as program showed them.

    Attributes
    ----------
    takes : tuple of Take
        In the order of their starts, at least one; instead of ``camera`` and ``overlays``, which are those
        of the first.
    """

    takes: tuple[Take, ...] = ()

    def frame(
        self, scene: StageScene, race: Race, moment: Moment, *, previous: FrameState | None = None
    ) -> FrameState:
        """Return one frame, of the take of its moment alone."""
        return self._frame_of(self._number(moment.wall_s), scene, race, moment, previous)

    def shown(
        self, scene: StageScene, race: Race, moment: Moment, *, previous: FrameState | None = None
    ) -> Shown:
        """Return a frame, and that of the take before while it is mixed out; mattes are cut."""
        number = self._number(moment.wall_s)
        frame = self.frame(scene, race, moment, previous=previous)
        take = self.takes[number]
        lasted_s = moment.wall_s - take.start_s
        if number == 0 or lasted_s >= take.mix_s or self.layer.matte:
            return Shown(frame)
        before = None if previous is None else _of_going(previous)
        under = self._frame_of(number - 1, scene, race, moment, before)
        going = {(f"{_GOING}{kind}", item): slot for (kind, item), slot in under.label_slots.items()}
        frame = dataclasses.replace(frame, label_slots={**frame.label_slots, **going})
        return Shown(frame, under, max(lasted_s, 0.0) / take.mix_s)

    def cuts(self, scene: StageScene) -> tuple[Cut, ...]:
        """Return the takes."""
        return tuple(Cut(take.names, take.start_s, take.start_s + take.duration_s) for take in self.takes)

    def _number(self, wall_s: float) -> int:
        return max(bisect.bisect_right(self.takes, wall_s, key=lambda take: take.start_s) - 1, 0)

    def _frame_of(
        self, number: int, scene: StageScene, race: Race, moment: Moment, previous: FrameState | None
    ) -> FrameState:
        """Return a frame of one take, whose times count from its own beginning."""
        take = self.takes[number]
        start_s, lasted_s = take.since_s(moment.wall_s)
        own = Moment(moment.time_ms, moment.began_ms + round(1000 * start_s), lasted_s)
        picture = Picture(take.camera, self.size_px, self.alpha, take.overlays, self.layer)
        return picture.frame(scene, race, own, previous=previous)


def _of_going(previous: FrameState) -> FrameState:
    """Return the frame before as the take that is mixed out saw it: with the places of its own labels."""
    mixed = {
        (kind.removeprefix(_GOING), item): slot
        for (kind, item), slot in previous.label_slots.items()
        if kind.startswith(_GOING)
    }
    return dataclasses.replace(previous, label_slots=mixed or previous.label_slots)
