"""What the window shows, without Qt: the scene, the race, the clock, the camera and who is selected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene import frame_at, group_titles, parse_camera
from tracker3d.scene.camera import FixedCamera, Handover, HandoverCamera, RoadCamera
from tracker3d.scene.model import USUAL_OVERLAYS, Overlay
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene import Camera
    from tracker3d.scene.model import CameraPose, FrameState, StageScene
    from tracker3d.show import ReplayClock

_MOVING_BY_THEMSELVES = ("orbit", "road")
_ROAD_LEAD_M = 300.0
_RETURN = Handover(1.5)


@dataclass(frozen=True)
class CameraChoice:
    """A camera that has a key and a button: its words, its name and what it shows."""

    spec: str
    label: str
    tip: str


CAMERAS = (
    CameraChoice("overview", "Overview", "The whole stage"),
    CameraChoice("orbit", "Orbit", "Helicopter around the head of the race"),
    CameraChoice("chase:leader", "Leader", "Behind the first rider"),
    CameraChoice("chase:peloton", "Peloton", "Behind the largest group"),
    CameraChoice("road", "Road", "Flight along the road, from the head of the race on"),
    CameraChoice("finish", "Finish", "The last metres, from behind the line"),
)


class Desk:
    """The operator's choices, and the frame that follows from them.

    Parameters
    ----------
    clock : ReplayClock
    """

    def __init__(self, clock: ReplayClock) -> None:
        self.clock = clock
        self.scene: StageScene | None = None
        self.race: Race | None = None
        self.selected_bib: int | None = None
        self.overlays: frozenset[Overlay] = USUAL_OVERLAYS - {Overlay.PROFILE}
        self._chosen = 0
        self._followed: int | None = None
        self._camera: Camera = parse_camera(CAMERAS[0].spec)
        self._by_hand = False
        self._since_s = 0.0
        self._began_ms: int | None = None
        self._returns_until_s = self._shown_s = -math.inf
        self._previous: FrameState | None = None

    @property
    def camera_number(self) -> int | None:
        """Which of :data:`CAMERAS` is shown; None while following somebody or moved by hand."""
        return None if self._by_hand or self._followed is not None else self._chosen

    @property
    def last_camera_number(self) -> int:
        """Which of :data:`CAMERAS` was taken last."""
        return self._chosen

    @property
    def followed_bib(self) -> int | None:
        """Whom the camera follows."""
        return None if self._by_hand else self._followed

    @property
    def by_hand(self) -> bool:
        """Whether the camera was moved by hand."""
        return self._by_hand

    def set_scene(self, scene: StageScene, race: Race) -> None:
        """Show another scene, or another race on it."""
        self.scene, self.race, self._previous = scene, race, None

    def choose(self, number: int, wall_s: float) -> None:
        """Take one of :data:`CAMERAS`; its move begins now. What was selected stays selected."""
        self._chosen, self._followed = number, None
        self._take(self._camera_of(number, wall_s), wall_s)

    def follow(self, bib: int, wall_s: float) -> None:
        """Select a rider or vehicle and chase it; while nothing is known of it the camera stays."""
        self.selected_bib = bib
        if self.is_seen(bib, wall_s):
            self._followed = bib
            self._take(parse_camera(f"chase:{bib}"), wall_s)

    def release(self, wall_s: float) -> None:
        """Select nobody and go back to the last camera that has a button."""
        self.selected_bib = None
        self.choose(self._chosen, wall_s)

    def move_by_hand(self, pose: CameraPose) -> None:
        """Stand where the hand puts the camera."""
        self._by_hand = True
        self._camera = FixedCamera(pose)

    def is_seen(self, bib: int, wall_s: float) -> bool:
        """Tell whether there is a position for a bib at this moment."""
        if self.race is None:
            return False
        riders = self.race.at(self.clock.now_ms(wall_s)).riders
        found = np.flatnonzero(riders.bibs == bib)
        return bool(len(found)) and int(riders.presence[found[0]]) != Presence.ABSENT

    def moving(self, wall_s: float) -> bool:
        """Tell whether the picture changes by itself: time runs, or the camera moves on its own."""
        own_move = self.camera_number is not None and CAMERAS[self._chosen].spec in _MOVING_BY_THEMSELVES
        returning = self._shown_s < self._returns_until_s
        return own_move or returning or self.clock.playing(wall_s)

    def state(self, wall_s: float) -> RaceState | None:
        """Return the race at this moment."""
        return None if self.race is None else self.race.at(self.clock.now_ms(wall_s))

    def group_titles(self, state: RaceState) -> list[str]:
        """Return what the picture calls each group of a state."""
        return [] if self.scene is None else group_titles(self.scene, state)

    def frame(self, wall_s: float, viewport_px: tuple[int, int]) -> FrameState | None:
        """Return the frame of this moment, None before there is a scene."""
        if self.scene is None or self.race is None:
            return None
        self._shown_s = wall_s
        self._previous = frame_at(
            self.scene,
            self.race,
            self.clock.now_ms(wall_s),
            camera=self._camera,
            viewport_px=viewport_px,
            overlays=self.overlays,
            previous=self._previous,
            wall_s=max(wall_s - self._since_s, 0.0),
            began_ms=self._began_ms,
            selected_bib=self.selected_bib,
        )
        return self._previous

    def _camera_of(self, number: int, wall_s: float) -> Camera:
        """Let the flight along the road begin just behind the head of the race."""
        spec = CAMERAS[number].spec
        state = self.state(wall_s)
        if spec == "road" and state is not None and len(state.order):
            head_m = float(state.riders.distance_m[state.order[0]])
            return RoadCamera(km=max(head_m - _ROAD_LEAD_M, 0.0) / 1000.0)
        return parse_camera(spec)

    def _take(self, camera: Camera, wall_s: float) -> None:
        """Take a camera at once, or from where the hand left the one before by a short hand-over."""
        if self._by_hand and self._previous is not None:
            camera = HandoverCamera(self._camera, camera, _RETURN)
            self._returns_until_s = wall_s + _RETURN.duration_s
        self._camera, self._by_hand, self._since_s = camera, False, wall_s
        self._began_ms = self.clock.now_ms(wall_s)
