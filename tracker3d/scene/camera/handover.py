"""From one camera to another while both move: hand-overs, flights and the blended return from the hand.

The way between two views follows van Wijk and Nuij, "Smooth and efficient zooming and panning" (2003): the
eye first draws back, then goes over, then comes in, so that on the screen everything moves at an even pace,
whether it has 50 m to go or 50 km. Angles go over the short way, chosen when the hand-over begins. Above
the way stands an arc high enough for the ground; it is found once, for the whole hand-over, so that it adds
no kinks.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from scipy.interpolate import CubicSpline

from tracker3d.scene.camera.clearance import kept_above, lifts_along, needed_height_m, surfaced
from tracker3d.scene.camera.easing import Ease, smooth_step, wrapped
from tracker3d.scene.camera.moment import Camera, Clock, Moment
from tracker3d.scene.camera.numbers import Share  # noqa: TC001 (read at run time)
from tracker3d.scene.camera.pose import View, view_of
from tracker3d.scene.camera.titles import ShownTitle, title_of
from tracker3d.scene.model import CameraPose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene

_Arc = list[list[float]]
"""Coefficients of cubics over even parts of the way, the highest power first."""
_ZOOMING = math.sqrt(2.0)
"""The rho of van Wijk and Nuij: how readily the way draws back instead of going sideways."""

_FLIGHT_PITCH_RAD = math.radians(32.0)
_SAMPLES = 41
_ARC_REACH = 4
_RISE_SHARE = 0.2
_HIGHEST = 1.0
_MARGIN_M = 6.0

HandoverTime = Annotated[float, msgspec.Meta(ge=0.0, le=120.0)]


@dataclass(frozen=True)
class Handover:
    """How one camera takes over from another.

    Attributes
    ----------
    duration_s : float
        0 is a cut.
    ease : Ease
    arc : float
        How far the way draws back: 1 so that the pace on the screen is even, 0 not at all.
    """

    duration_s: HandoverTime = 2.0
    ease: Ease = Ease.SMOOTH
    arc: Share = 1.0


@dataclass(frozen=True)
class HandoverCamera:
    """Goes over from one camera to another, and is the other one from then on.

    Attributes
    ----------
    before, after : Camera
        Both go on moving.
    handover : Handover
    before_since_s : float
        How long ago ``before`` began when the hand-over does.
    driven_by : Clock
    """

    before: Camera
    after: Camera
    handover: Handover = Handover()
    before_since_s: float = 0.0
    driven_by: Clock = Clock.WALL

    def pose(self, moment: Moment) -> CameraPose:
        """Return the pose for this moment."""
        elapsed_s = moment.elapsed_s(self.driven_by)
        if elapsed_s >= self.handover.duration_s:
            return self.after.pose(moment)
        if elapsed_s <= 0.0:
            return self.before.pose(moment.since(self.driven_by, -self.before_since_s))
        turn_rad, arc = self._plan(moment)
        share = elapsed_s / self.handover.duration_s
        view = self._blend(moment, share, turn_rad)
        pose = view.pose()
        eye = pose.eye_m + np.array([0.0, 0.0, _risen(arc, share) * view.reach_m])
        return CameraPose(kept_above(moment.scene, eye), pose.target_m, pose.fov_deg, pose.up)

    def title_at(self, moment: Moment) -> ShownTitle | None:
        """Return what the one camera, and from half way on the other, has to say: it fades over meanwhile."""
        elapsed_s = moment.elapsed_s(self.driven_by)
        share = elapsed_s / self.handover.duration_s if 0.0 < elapsed_s < self.handover.duration_s else 1.0
        if elapsed_s <= 0.0 or share < 0.5:
            title = title_of(self.before, moment.since(self.driven_by, -self.before_since_s))
        else:
            title = title_of(self.after, moment)
        if title is None:
            return None
        shown = 1.0 if elapsed_s <= 0.0 else float(smooth_step(abs(2.0 * share - 1.0)))
        return dataclasses.replace(title, opacity=title.opacity * shown)

    def _views(self, moment: Moment) -> tuple[View, View]:
        before = self.before.pose(moment.since(self.driven_by, -self.before_since_s))
        return view_of(before), view_of(self.after.pose(moment))

    def _blend(self, moment: Moment, share: float, turn_rad: float) -> View:
        before, after = self._views(moment)
        turn = turn_rad + wrapped(after.azimuth_rad - before.azimuth_rad - turn_rad)
        return between(before, after, self.handover.ease.at(share), turn_rad=turn, arc=self.handover.arc)

    def _plan(self, moment: Moment) -> tuple[float, _Arc]:
        """Return which way the view turns, and the arc; both are known when the hand-over begins."""
        race = moment.race
        key = (id(self), id(race), moment.began_ms, moment.viewport_px)
        return moment.scene.memory.get("hand-over", key, lambda: (self, race, self._planned(moment)))[2]

    def _planned(self, moment: Moment) -> tuple[float, _Arc]:
        elapsed_s = moment.elapsed_s(self.driven_by)
        begun_ms = moment.began_ms
        if begun_ms is None:
            begun_ms = moment.state.time_ms - round(1000.0 * elapsed_s)
        known_ms = moment.state.time_ms + int(1000.0 * min(moment.known_ahead_s, 1e9))
        duration_s = self.handover.duration_s
        shares = np.linspace(0.0, 1.0, _SAMPLES)
        moments = [
            moment.at(
                time_ms=min(begun_ms + round(1000.0 * share * duration_s), known_ms),
                wall_s=moment.wall_s + share * duration_s - elapsed_s,
            )
            for share in shares.tolist()
        ]
        before, after = self._views(moments[0])
        turn_rad = wrapped(after.azimuth_rad - before.azimuth_rad)
        views = [
            self._blend(each, share, turn_rad) for each, share in zip(moments, shares.tolist(), strict=True)
        ]
        return turn_rad, _arc(moment.scene, views, shares)


def between(before: View, after: View, share: float, *, turn_rad: float, arc: float = 1.0) -> View:
    """Return the view at a share of the way from one to another.

    Parameters
    ----------
    before, after : View
    share : float
        0 to 1.
    turn_rad : float
        By which the azimuth turns, clockwise: the difference of azimuths, with the wanted sign and turns.
    arc : float
        See :class:`Handover`.
    """
    across = after.target_m - before.target_m
    gone, reach_m = _zoomed(before.reach_m, after.reach_m, float(np.linalg.norm(across)), share, arc=arc)
    evenly_m = before.reach_m ** (1.0 - share) * after.reach_m**share
    drawn_back = 1.0 - min(evenly_m / reach_m, 1.0) ** 2
    pitch = before.pitch_rad + (after.pitch_rad - before.pitch_rad) * share
    pitch += max(_FLIGHT_PITCH_RAD - pitch, 0.0) * drawn_back
    return View(
        before.target_m + gone * across,
        reach_m,
        before.azimuth_rad + share * turn_rad,
        pitch,
        before.roll_rad + share * wrapped(after.roll_rad - before.roll_rad),
        before.fov_deg + share * (after.fov_deg - before.fov_deg),
    )


def _zoomed(
    reach0_m: float, reach1_m: float, apart_m: float, share: float, *, arc: float
) -> tuple[float, float]:
    """Return the share of the way across and the reach, by formulas (9) to (11) of van Wijk and Nuij.

    ``arc`` shortens the distance that the reach is made for; without any the way is a straight flight.
    """
    rho = _ZOOMING
    apart_m = max(arc * apart_m, 1e-3 * min(reach0_m, reach1_m))
    grown = reach1_m**2 - reach0_m**2
    far = rho**4 * apart_m**2
    b0 = (grown + far) / (2.0 * reach0_m * rho**2 * apart_m)
    b1 = (grown - far) / (2.0 * reach1_m * rho**2 * apart_m)
    r0, r1 = -math.asinh(b0), -math.asinh(b1)
    turn = share * (r1 - r0)
    # cosh(r0) tanh(r0 + turn) - sinh(r0), written so that nothing cancels for far zooms.
    gone = reach0_m / rho**2 * math.sinh(turn) / math.cosh(r0 + turn)
    return gone / apart_m, reach0_m * math.cosh(r0) / math.cosh(r0 + turn)


def _risen(arc: _Arc, share: float) -> float:
    """Return an arc at one share; SciPy's own way takes ten times as long for a single value."""
    piece = min(int(share * len(arc)), len(arc) - 1)
    cubic, square, slope, start = arc[piece]
    gone = share - piece / len(arc)
    return ((cubic * gone + square) * gone + slope) * gone + start


def _arc(scene: StageScene, views: list[View], shares: NDArray[np.float64]) -> _Arc:
    """Return how much higher the eye must be on its way, in units of its reach, as a function of the share.

    Both ends are 0, for they belong to the cameras themselves.
    """
    poses = [view.pose() for view in views]
    eyes, targets = np.array([pose.eye_m for pose in poses]), np.array([pose.target_m for pose in poses])
    reaches = np.array([view.reach_m for view in views])
    missing_m = needed_height_m(scene, eyes, surfaced(scene, targets), margin_m=_MARGIN_M) - eyes[:, 2]
    missing = np.clip(missing_m / reaches, 0.0, _HIGHEST)
    missing[[0, 1, -2, -1]] = 0.0
    inner = lifts_along(missing, reach=_ARC_REACH)
    ends = smooth_step(shares / _RISE_SHARE) * smooth_step((1.0 - shares) / _RISE_SHARE)
    pieces: _Arc = CubicSpline(shares, inner * ends, bc_type="clamped").c.T.tolist()
    return pieces
