"""The moment that a camera takes: the scene, the race, the two clocks, and the picture's shape."""

from __future__ import annotations

import dataclasses
import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import CameraPose, StageScene


class Clock(enum.StrEnum):
    """What drives a move: "fly there in 6 s while the race runs", or in step with the race."""

    WALL = "wall"
    RACE = "race"


@dataclass(frozen=True)
class Moment:
    """What a camera may look at when it chooses its pose.

    Attributes
    ----------
    scene : StageScene
    race : Race
        For cameras that follow somebody smoothly over time.
    state : RaceState
        The race at this moment.
    wall_s : float
        Seconds since the move began, for moves that go on while the race stands still.
    viewport_px : (width, height)
    began_ms : int | None
        Race time at which the move began; None: at the stage's scheduled start, or the race's first moment.
    known_ahead_s : float
        How far beyond this moment the race is known. Live this is the delay less the age of the news; less
        than 4 s costs smoothness nothing, but cameras then follow what they cannot foresee a little later.
    """

    scene: StageScene
    race: Race
    state: RaceState
    wall_s: float
    viewport_px: tuple[int, int]
    began_ms: int | None = None
    known_ahead_s: float = math.inf

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.viewport_px[0] / max(1, self.viewport_px[1])

    @property
    def start_ms(self) -> int:
        """Race time at which the move began."""
        if self.began_ms is not None:
            return self.began_ms
        scheduled = self.scene.stage.start_time_ms
        return int(self.race.start_ms) if scheduled is None else scheduled

    def elapsed_s(self, clock: Clock) -> float:
        """Return how long the move lasts by a clock."""
        if clock is Clock.WALL:
            return self.wall_s
        return (self.state.time_ms - self.start_ms) / 1000.0

    def since(self, clock: Clock, seconds: float) -> Moment:
        """Return this moment for a move that began ``seconds`` later than this one (earlier if negative).

        The other clock is taken to have run at the same pace.
        """
        began_ms = self.began_ms if self.began_ms is not None or clock is Clock.WALL else self.start_ms
        if began_ms is not None:
            began_ms += round(1000.0 * seconds)
        return dataclasses.replace(self, wall_s=self.wall_s - seconds, began_ms=began_ms)

    def at(self, *, time_ms: int, wall_s: float) -> Moment:
        """Return another moment of the same move."""
        if time_ms == self.state.time_ms:
            return dataclasses.replace(self, wall_s=wall_s)
        ahead_s = self.known_ahead_s - (time_ms - self.state.time_ms) / 1000.0
        return dataclasses.replace(
            self, state=self.race.at(time_ms), wall_s=wall_s, known_ahead_s=max(ahead_s, 0.0)
        )


class Camera(Protocol):
    """Chooses where the picture is taken from: a function of the moment alone."""

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
