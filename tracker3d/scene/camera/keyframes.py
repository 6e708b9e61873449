"""Through keyframes: splines of eye and target, and moves recorded frame by frame."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline

from tracker3d.errors import InputError
from tracker3d.scene.camera.clearance import kept_above, lifts_along, needed_height_m, surfaced
from tracker3d.scene.camera.easing import Ease  # noqa: TC001 (read at run time)
from tracker3d.scene.camera.moment import Clock, Moment
from tracker3d.scene.camera.numbers import Lens, Place, Seconds  # noqa: TC001 (read at run time)
from tracker3d.scene.model import CameraPose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene

MOST_KEYS = 10_000
_PLAN_STEP_S = 0.1
_MOST_PLANNED = 20_000
_PLAN_REACH = 12
_MARGIN_M = 4.0
_ARC_STEPS = 32


@dataclass(frozen=True)
class Keyframe:
    """Where the camera is at one time of its move.

    Attributes
    ----------
    at_s : float
        Since the move began.
    eye_m, target_m : tuple of three floats
        Local frame, as drawn.
    fov_deg : float
        Vertical field of view.
    up : tuple of three floats | None
        Points up in the picture; None: +z.
    """

    at_s: Seconds
    eye_m: tuple[Place, Place, Place]
    target_m: tuple[Place, Place, Place]
    fov_deg: Lens = 35.0
    up: tuple[Place, Place, Place] | None = None

    @classmethod
    def of(cls, at_s: float, pose: CameraPose) -> Keyframe:
        """Return a pose as a key."""
        up = None if pose.up is None else _triple(pose.up)
        return cls(float(at_s), _triple(pose.eye_m), _triple(pose.target_m), float(pose.fov_deg), up)

    def pose(self) -> CameraPose:
        """Return the key as a pose."""
        up = None if self.up is None else np.array(self.up)
        return CameraPose(np.array(self.eye_m), np.array(self.target_m), self.fov_deg, up)


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = np.asarray(vector, float).tolist()
    return x, y, z


@dataclass(frozen=True)
class KeyframeCamera:
    """Flies through keyframes on splines whose speed and acceleration have no jumps.

    It stands at the first key before and at the last one after. Where the ground is in the way the whole
    path is lifted over it, from 1.2 s before.

    Attributes
    ----------
    keys : tuple of Keyframe
        At least two, later ones at later times.
    ease : Ease | None
        From the first to the last key; None: the times of the keys count as they are, and the move begins
        and ends at rest.
    constant_speed : bool
        The eye goes its way at one pace: only the first and the last time of the keys count.
    driven_by : Clock

    Raises
    ------
    InputError
        Too few or too many keys, or times that do not increase.
    """

    keys: tuple[Keyframe, ...]
    ease: Ease | None = None
    constant_speed: bool = False
    driven_by: Clock = Clock.WALL

    def __post_init__(self) -> None:
        times = [key.at_s for key in self.keys]
        if not 2 <= len(times) <= MOST_KEYS:
            raise InputError(f"A move through keyframes needs 2 to {MOST_KEYS} keys; here are {len(times)}.")
        late = next((at for at in range(1, len(times)) if times[at] - times[at - 1] < 1e-3), None)
        if late is not None:
            raise InputError(
                f"Key {late + 1} is at {times[late]:g} s, not later than the one before; give later times."
            )

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        _, plan = moment.scene.memory.get("keyframes", id(self), lambda: (self, _Plan.of(self, moment.scene)))
        start_s, end_s = self.keys[0].at_s, self.keys[-1].at_s
        now_s = min(max(moment.elapsed_s(self.driven_by), start_s), end_s)
        if self.ease is not None:
            now_s = start_s + (end_s - start_s) * self.ease.at((now_s - start_s) / (end_s - start_s))
        eye, target, fov_deg, up = plan.at(now_s)
        return CameraPose(kept_above(moment.scene, eye), target, fov_deg, up if self._rolls else None)

    @property
    def duration_s(self) -> float:
        """How long the move lasts."""
        return self.keys[-1].at_s

    @cached_property
    def _rolls(self) -> bool:
        return any(key.up is not None for key in self.keys)


@dataclass(frozen=True)
class _Plan:
    """The splines of a move over one scene."""

    place_of: CubicSpline | None
    path: CubicSpline
    lift: CubicSpline

    @classmethod
    def of(cls, camera: KeyframeCamera, scene: StageScene) -> _Plan:
        times = np.array([key.at_s for key in camera.keys])
        rows = np.array(
            [[*key.eye_m, *key.target_m, key.fov_deg, *(key.up or (0.0, 0.0, 1.0))] for key in camera.keys]
        )
        ends = "natural" if camera.ease is not None or camera.constant_speed else "clamped"
        knots = _chords(rows, times) if camera.constant_speed else times
        path = CubicSpline(knots, rows, bc_type=ends)
        place_of = _by_length(path, knots) if camera.constant_speed else None
        count = math.ceil((times[-1] - times[0]) / _PLAN_STEP_S) + 1
        samples = np.linspace(times[0], times[-1], max(5, min(count, _MOST_PLANNED)))
        flown = path(samples if place_of is None else place_of(samples))
        eyes, targets = flown[:, :3], surfaced(scene, flown[:, 3:6])
        missing = needed_height_m(scene, eyes, targets, margin_m=_MARGIN_M) - eyes[:, 2]
        lifts = lifts_along(np.maximum(missing, 0.0), reach=_PLAN_REACH)
        return cls(place_of, path, CubicSpline(samples, lifts, bc_type="natural"))

    def at(self, now_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.float64]]:
        """Return eye, target, field of view and up at a time."""
        row = self.path(now_s if self.place_of is None else self.place_of(now_s))
        eye = row[:3].copy()
        eye[2] += float(self.lift(now_s))
        return eye, row[3:6], float(np.clip(row[6], 2.0, 120.0)), row[7:10]


def _chords(rows: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return knots spaced like the keys' eyes, between the first and the last time."""
    steps = np.linalg.norm(np.diff(rows[:, :3], axis=0), axis=1)
    # Where only the view turns, a little way keeps the parameter going.
    steps += 1e-3 * (steps.sum() + 1.0) / len(steps)
    gone = np.concatenate([[0.0], np.cumsum(steps)])
    knots: NDArray[np.float64] = times[0] + (times[-1] - times[0]) * gone / gone[-1]
    return knots


def _by_length(path: CubicSpline, knots: NDArray[np.float64]) -> CubicSpline:
    """Return the parameter of a path as a function of time at which its eye goes at one pace."""
    pieces = [np.linspace(a, b, _ARC_STEPS) for a, b in itertools.pairwise(knots)]
    fine = np.unique(np.concatenate(pieces))
    steps = np.linalg.norm(np.diff(path(fine)[:, :3], axis=0), axis=1)
    gone = np.concatenate([[0.0], np.cumsum(steps + 1e-3 * (steps.sum() + 1.0) / len(steps))])
    return CubicSpline(knots[0] + (knots[-1] - knots[0]) * gone / gone[-1], fine, bc_type="natural")


@dataclass(frozen=True, eq=False)
class RecordedCamera:
    """A move recorded pose by pose, such as one imported from glTF; straight lines between its keys.

    Attributes
    ----------
    times_s : (k,) float64
        Increasing.
    eyes_m, targets_m, ups : (k, 3) float64
        As drawn.
    fovs_deg : (k,) float64
        Vertical fields of view.
    driven_by : Clock
    """

    times_s: NDArray[np.float64]
    eyes_m: NDArray[np.float64]
    targets_m: NDArray[np.float64]
    ups: NDArray[np.float64]
    fovs_deg: NDArray[np.float64]
    driven_by: Clock = Clock.WALL

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        eye, target, up, fov_deg = self.at(moment.elapsed_s(self.driven_by))
        return CameraPose(kept_above(moment.scene, eye), target, fov_deg, up)

    def at(self, now_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
        """Return eye, target, up and field of view at a time."""
        last = len(self.times_s) - 1
        after = int(np.clip(np.searchsorted(self.times_s, now_s, side="right"), 1, max(last, 1)))
        before, after = after - 1, min(after, last)
        span = float(self.times_s[after] - self.times_s[before])
        share = min(max((now_s - float(self.times_s[before])) / span, 0.0), 1.0) if span > 0 else 0.0
        rows = [
            table[before] + share * (table[after] - table[before])
            for table in (self.eyes_m, self.targets_m, self.ups, self.fovs_deg)
        ]
        return rows[0], rows[1], rows[2], float(rows[3])

    @property
    def duration_s(self) -> float:
        """How long the move lasts."""
        return float(self.times_s[-1])

    def keyframes(self) -> KeyframeCamera:
        """Return the move as keyframes to be edited; between keys it is then a spline.

        Raises
        ------
        InputError
            There are more keys than can be edited.
        """
        poses = map(CameraPose, self.eyes_m, self.targets_m, self.fovs_deg, self.ups)
        keys = (Keyframe.of(at_s, pose) for at_s, pose in zip(self.times_s, poses, strict=True))
        return KeyframeCamera(tuple(keys), driven_by=self.driven_by)
