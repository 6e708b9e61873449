"""Shots on a timeline: which camera when, how it takes over, and what is written meanwhile."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.scene.camera.easing import smooth_step
from tracker3d.scene.camera.handover import Handover, HandoverCamera
from tracker3d.scene.camera.moment import Camera, Clock, Moment
from tracker3d.scene.camera.titles import ShownTitle

if TYPE_CHECKING:
    from tracker3d.scene.model import CameraPose

CUT = Handover(0.0)
MOST_SHOTS = 500
TITLE_FADE_S = 0.6
"""Titles come and go in this time, or in a quarter of the shot where that is shorter."""

LONGEST_S = 86_400.0


@dataclass(frozen=True)
class CameraShot:
    """One shot of a timeline.

    Attributes
    ----------
    camera : Camera
        Its move begins with the shot.
    start_s, duration_s : float
        On the timeline. Between two shots the earlier one goes on.
    handover : Handover
        How it takes over from the shot before, from its start on; a cut for the first one.
    title, subtitle : str
        What may be written while it lasts; empty for nothing.
    """

    camera: Camera
    start_s: float
    duration_s: float
    handover: Handover = CUT
    title: str = ""
    subtitle: str = ""

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.start_s + self.duration_s

    @property
    def titled(self) -> bool:
        """Whether anything is written while it lasts."""
        return bool(self.title.strip() or self.subtitle.strip())

    def title_opacity(self, elapsed_s: float) -> float:
        """Return how far its title is faded in, 0 to 1, at a time on the timeline."""
        fade_s = min(TITLE_FADE_S, 0.25 * self.duration_s)
        inside_s = min(elapsed_s - self.start_s, self.end_s - elapsed_s)
        return float(smooth_step(inside_s / fade_s))


@dataclass(frozen=True)
class CameraTimeline:
    """Shots one after the other, itself a camera.

    Attributes
    ----------
    shots : tuple of CameraShot
        In the order of their starts; none overlaps the next.
    name : str
    driven_by : Clock
        Which clock the timeline follows. Moves within a shot have clocks of their own.

    Raises
    ------
    InputError
        Too many shots or none, or starts and durations that do not fit.
    """

    shots: tuple[CameraShot, ...]
    name: str = ""
    driven_by: Clock = Clock.WALL

    def __post_init__(self) -> None:
        if not 1 <= len(self.shots) <= MOST_SHOTS:
            raise InputError(f"A timeline needs 1 to {MOST_SHOTS} shots; here are {len(self.shots)}.")
        end_s = 0.0
        for number, shot in enumerate(self.shots, 1):
            if not (shot.duration_s > 0.0 and shot.start_s >= 0.0 and shot.end_s <= LONGEST_S):
                raise InputError(
                    f"Shot {number} lasts {shot.duration_s:g} s from {shot.start_s:g} s; shots must last, "
                    f"and end within a day of the beginning."
                )
            if shot.start_s < end_s - 1e-6:
                raise InputError(
                    f"Shot {number} starts at {shot.start_s:g} s, before shot {number - 1} ends "
                    f"({end_s:g} s); let shots follow each other."
                )
            if shot.handover.duration_s > shot.duration_s:
                raise InputError(
                    f"The hand-over to shot {number} takes {shot.handover.duration_s:g} s and the shot only "
                    f"{shot.duration_s:g} s; shorten the hand-over."
                )
            end_s = shot.end_s

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment; before the first shot that is its beginning."""
        elapsed_s = max(moment.elapsed_s(self.driven_by), self.shots[0].start_s)
        at = self._index(elapsed_s)
        behind = moment.since(self.driven_by, moment.elapsed_s(self.driven_by) - elapsed_s)
        return self._cameras[at].pose(behind.since(self.driven_by, self.shots[at].start_s))

    @property
    def duration_s(self) -> float:
        """When the last shot ends."""
        return self.shots[-1].end_s

    def shot_at(self, elapsed_s: float) -> CameraShot | None:
        """Return the shot of a time; None before the first, in a gap and after the last one."""
        shot = self.shots[self._index(elapsed_s)]
        return shot if shot.start_s <= elapsed_s < shot.end_s else None

    def title_at(self, moment: Moment) -> ShownTitle | None:
        """Return what the shot of this moment has to say; None where that is nothing."""
        elapsed_s = moment.elapsed_s(self.driven_by)
        shot = self.shot_at(elapsed_s)
        if shot is None or not shot.titled:
            return None
        return ShownTitle(shot.title.strip(), shot.subtitle.strip(), shot.title_opacity(elapsed_s))

    def _index(self, elapsed_s: float) -> int:
        return max(bisect.bisect_right(self._starts_s, elapsed_s) - 1, 0)

    @cached_property
    def _starts_s(self) -> list[float]:
        return [shot.start_s for shot in self.shots]

    @cached_property
    def _cameras(self) -> list[Camera]:
        """The camera of each shot together with the hand-over to it."""
        cameras: list[Camera] = [self.shots[0].camera]
        for before, shot in zip(self.shots, self.shots[1:], strict=False):
            if not math.isclose(shot.handover.duration_s, 0.0):
                cameras.append(
                    HandoverCamera(
                        before.camera,
                        shot.camera,
                        shot.handover,
                        before_since_s=shot.start_s - before.start_s,
                        driven_by=self.driven_by,
                    )
                )
            else:
                cameras.append(shot.camera)
        return cameras
