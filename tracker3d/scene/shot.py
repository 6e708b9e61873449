"""The moment that a camera takes: the scene, the race, and the picture's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import StageScene


@dataclass(frozen=True)
class Shot:
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
    """

    scene: StageScene
    race: Race
    state: RaceState
    wall_s: float
    viewport_px: tuple[int, int]

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.viewport_px[0] / max(1, self.viewport_px[1])
