"""From what stands on a bus to the frame that is drawn of it."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.scene import frame_at
from tracker3d.scene.camera import FixedCamera, Handover, HandoverCamera, OverviewCamera, RoadCamera
from tracker3d.scene.model import NO_OVERLAYS
from tracker3d.show.document import EndBehaviour

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.scene import Camera
    from tracker3d.scene.model import FrameState, StageScene
    from tracker3d.show.state import BusState

_LOG = logging.getLogger(__name__)
RETURN = Handover(1.5)
"""How a shot's move takes over from a hand."""

_ROAD_LEAD_M = 300.0


@dataclass(frozen=True)
class Instant:
    """When a frame is made, and how.

    Attributes
    ----------
    time_ms : int
        Race time.
    wall_s : float
    viewport_px : (width, height)
    known_ahead_s : float
        How far beyond ``time_ms`` the race is known.
    """

    time_ms: int
    wall_s: float
    viewport_px: tuple[int, int]
    known_ahead_s: float = math.inf


@dataclass(frozen=True)
class Picture:
    """What a sink draws of a bus.

    Attributes
    ----------
    frame : FrameState or None
        None: nothing is on this bus, so that nothing is drawn (black, with alpha 0 where there is one).
    under : FrameState or None
        During a mix: the frame that goes. None where the mix begins from nothing.
    share : float
        How much of ``frame`` is seen over ``under``, 0 to 1; 1 when nothing is mixed.
    """

    frame: FrameState | None
    under: FrameState | None = None
    share: float = 1.0


class Projector:
    """Makes the frames of one bus; of the frame before only the labels' places count.

    Attributes
    ----------
    fault : str
        Why the last frame is not what was asked for, a sentence; empty while all is well.
    faults : int
        How many frames were not what was asked for.
    """

    def __init__(self) -> None:
        self._previous: FrameState | None = None
        self._camera: tuple[BusState, object, Camera] | None = None
        self.fault = ""
        self.faults = 0

    def frame(
        self, scene: StageScene, race: Race, bus: BusState, instant: Instant, *, clean: bool = False
    ) -> FrameState | None:
        """Return the frame of a bus; None where nothing is on it. It never raises: see ``fault``."""
        if bus.shot is None and bus.by_hand is None:
            self._previous = None
            return None
        try:
            camera = self._camera_of(scene, race, bus)
            self._previous = self._made(scene, race, bus, instant, camera, clean=clean)
            self.fault = ""
        except Exception as error:
            self._note(error)
            self._previous = self._instead(scene, race, bus, instant, clean=clean)
        return self._previous

    def _note(self, error: Exception) -> None:
        said = str(error) or type(error).__name__
        if said != self.fault:
            _LOG.warning("a frame could not be made", exc_info=error)
        self.fault, self.faults = said, self.faults + 1

    def _instead(
        self, scene: StageScene, race: Race, bus: BusState, instant: Instant, *, clean: bool
    ) -> FrameState | None:
        """Show the whole stage where a shot cannot be shown, and the last frame where nothing can."""
        try:
            return self._made(scene, race, bus, instant, OverviewCamera(), clean=clean)
        except Exception as error:
            self._note(error)
            return self._previous

    def _made(
        self,
        scene: StageScene,
        race: Race,
        bus: BusState,
        instant: Instant,
        camera: Camera,
        *,
        clean: bool,
    ) -> FrameState:
        shot = bus.shot
        elapsed_s = max(instant.wall_s - bus.since_s, 0.0)
        if shot is not None and shot.duration_s > 0.0 and shot.end is EndBehaviour.HOLD:
            elapsed_s = min(elapsed_s, shot.duration_s)
        return frame_at(
            scene,
            race,
            instant.time_ms,
            camera=camera,
            viewport_px=instant.viewport_px,
            overlays=NO_OVERLAYS if clean or shot is None else shot.overlays,
            previous=self._previous,
            wall_s=elapsed_s,
            began_ms=bus.began_ms,
            known_ahead_s=instant.known_ahead_s,
            selected_bib=bus.selected_bib,
        )

    def _camera_of(self, scene: StageScene, race: Race, bus: BusState) -> Camera:
        """Return the camera of a bus, the same object as long as nothing about it has changed."""
        kept = self._camera
        if kept is not None and kept[1] is scene and _same_camera(kept[0], bus):
            return kept[2]
        camera = camera_of(race, bus)
        self._camera = bus, scene, camera
        return camera


def _same_camera(one: BusState, other: BusState) -> bool:
    return (
        one.shot is other.shot
        and one.by_hand is other.by_hand
        and one.from_hand is other.from_hand
        and one.began_ms == other.began_ms
    )


def camera_of(race: Race, bus: BusState) -> Camera:
    """Return the camera of what stands on a bus; a flight along the road begins at the head of the race."""
    if bus.by_hand is not None:
        return FixedCamera(bus.by_hand.camera_pose)
    if bus.shot is None:
        return OverviewCamera()
    move = bus.shot.move
    if bus.shot.camera == "road" and bus.began_ms is not None:
        state = race.at(bus.began_ms)
        if len(state.order):
            head_m = float(state.riders.distance_m[state.order[0]])
            move = RoadCamera(km=max(head_m - _ROAD_LEAD_M, 0.0) / 1000.0)
    if bus.from_hand is not None:
        return HandoverCamera(FixedCamera(bus.from_hand.camera_pose), move, RETURN)
    return move
