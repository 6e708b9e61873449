"""One bus of a show as its window holds it: what is on it, its clock, and short words for the show's acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.show.clock import ClockState, ShowClock, Span
from tracker3d.show.document import Shot
from tracker3d.show.state import Pose, Side
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from tracker3d.scene.model import CameraPose, FrameState, Overlay
    from tracker3d.show.pictures import Picture
    from tracker3d.show.show import Show
    from tracker3d.show.state import BusState


class BusClock(ShowClock):
    """The clock of a bus; a change of preview's makes it preview's own, apart from program's."""

    def __init__(self, show: Show, side: Side) -> None:
        self._show, self._side = show, side

    @property
    def state(self) -> ClockState:
        """What it is set to."""
        return self._show.state.clock(self._side)

    def span(self, wall_s: float) -> Span:
        """Return which race times can be shown."""
        return self._show.source.span(wall_s)

    def _change(self, state: ClockState, wall_s: float, act: str) -> None:
        self._show.set_clock(self._side, state, wall_s, act)


class Bus:
    """Preview or program."""

    def __init__(self, show: Show, side: Side) -> None:
        self._show = show
        self.side = side
        self.clock = BusClock(show, side)

    @property
    def state(self) -> BusState:
        """What stands on it."""
        return self._show.state.bus(self.side)

    @property
    def shot(self) -> Shot | None:
        """The shot on it."""
        return self.state.shot

    @property
    def selected_bib(self) -> int | None:
        """Whom the operator chose."""
        return self.state.selected_bib

    @property
    def by_hand(self) -> bool:
        """Whether the camera was moved by hand."""
        return self.state.by_hand is not None

    @property
    def followed_bib(self) -> int | None:
        """Whom the camera follows, where it is somebody by number."""
        shot = self.state.shot
        return int(shot.target) if shot is not None and not self.by_hand and _is_bib(shot.target) else None

    def picture(self, wall_s: float, viewport_px: tuple[int, int]) -> Picture:
        """Return what is drawn."""
        return self._show.picture(self.side, wall_s, viewport_px)

    def frame(self, wall_s: float, viewport_px: tuple[int, int]) -> FrameState | None:
        """Return the frame, without what a mix still shows of the one before."""
        return self._show.frame(self.side, wall_s, viewport_px)

    def moving(self, wall_s: float) -> bool:
        """Tell whether the picture changes by itself."""
        return self._show.moving(self.side, wall_s)

    def put(self, shot: Shot, wall_s: float) -> None:
        """Show a shot at once."""
        self._show.put(self.side, shot, wall_s)

    def follow(self, bib: int, wall_s: float) -> bool:
        """Select a rider or vehicle and chase it; while nothing is known of it the camera stays."""
        self._show.select(self.side, bib, wall_s)
        if not self.is_seen(bib, wall_s):
            return False
        before = self.shot
        shot = Shot("follow", f"Follow {bib}", "chase:leader", target=str(bib))
        if before is not None:
            shot = Shot("follow", shot.name, shot.camera, target=shot.target, overlays=before.overlays)
        self.put(shot, wall_s)
        return True

    def select(self, bib: int | None, wall_s: float) -> None:
        """Choose a rider or vehicle, or nobody."""
        self._show.select(self.side, bib, wall_s)

    def set_overlays(self, overlays: frozenset[Overlay], wall_s: float) -> None:
        """Change what is laid over the picture."""
        self._show.set_overlays(self.side, overlays, wall_s)

    def move_by_hand(self, pose: CameraPose, wall_s: float) -> None:
        """Stand where the hand puts the camera."""
        self._show.move_by_hand(self.side, Pose.of(pose), wall_s)

    def is_seen(self, bib: int, wall_s: float) -> bool:
        """Tell whether there is a position for a bib at the moment shown."""
        riders = self._show.race_state(self.side, wall_s).riders
        found = np.flatnonzero(riders.bibs == bib)
        return bool(len(found)) and int(riders.presence[found[0]]) != Presence.ABSENT


def _is_bib(target: str) -> bool:
    return target.lstrip("-").isdecimal()
