"""The simulated race: physics and tactics of every rider, once a second, all riders at once.

Power against gravity, rolling and air (Martin et al. 1998, "Validation of a mathematical model for road
cycling power"), shelter behind others, and a reserve above the threshold that empties and refills
(Skiba et al. 2012). Tactics are few rules on top: a pace for each part of the road, wheels that are held
while the reserve lasts, and a gruppetto of those who only want to arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tracker3d.feed.rehearsal.peloton import Peloton, Role
from tracker3d.feed.rehearsal.road import SPACING_M

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tracker3d.feed.rehearsal.road import Road

    Floats = NDArray[np.float64]

_GRAVITY = 9.81
_ROLLING = 0.0045
_AIR_AT_SEA = 1.2
_SIDE_GRIP_MPS2 = 3.9
_BRAKING_MPS2 = 2.2
_FASTEST_MPS = 22.5
_NEUTRAL_MPS = 7.6
_NEUTRAL_START_S = 60
_CONTACT_M = 22.0
_BREAK_M = (1_200.0, 4_200.0)
_LONGEST_S = 9_000
_CONTENDER, _DROPPED, _GRUPPETTO = 0, 1, 2


@dataclass(frozen=True)
class RaceLog:
    """What happened, second by second from the moment the field rolls.

    Attributes
    ----------
    distance_m : (t, n) float64
        Distance from km 0 along the road; never falls, stays at the length of the race after the finish.
    speed_mps : (t, n) float32
    finish_s : (n,) float64
        When each rider finished.
    length_m : float
        Race distance, from km 0 to the finish.
    """

    distance_m: Floats
    speed_mps: NDArray[np.float32]
    finish_s: Floats
    length_m: float


def simulate(
    road: Road,
    peloton: Peloton,
    *,
    km0_m: float,
    rng: np.random.Generator,
    progress: Callable[[str, float], None] | None = None,
) -> RaceLog:
    """Race ``peloton`` along ``road``.

    Parameters
    ----------
    road : Road
    peloton : Peloton
    km0_m : float
        Where on the road the race begins; before it the field rolls behind the race director.
    rng : numpy.random.Generator
    progress : callable, optional
        Called with a text and the fraction done.
    """
    state = _State(_Conditions.of(road, km0_m), peloton, rng)
    distances, speeds = [state.s.copy()], [state.v.astype(np.float32)]
    for second in range(1, _LONGEST_S):
        state.step(float(second))
        distances.append(np.minimum(state.s, state.road.length_m))
        speeds.append(np.where(np.isfinite(state.finish_s), 0.0, state.v).astype(np.float32))
        if np.isfinite(state.finish_s).all():
            break
        if progress is not None and second % 300 == 0:
            progress("racing", min(1.0, float(np.median(state.s)) / state.road.length_m))
    return RaceLog(np.array(distances), np.array(speeds), state.finish_s, state.road.length_m)


@dataclass(frozen=True)
class _Conditions:
    """The road as a rider meets it, by metre from km 0; ``at`` looks up the nearest of even points."""

    origin_m: float
    length_m: float
    gradient: Floats
    fastest_mps: Floats
    air: Floats
    climbing: Floats
    col_m: float
    foot_m: float
    valley_m: float
    last_m: float

    @classmethod
    def of(cls, road: Road, km0_m: float) -> _Conditions:
        gradient = ndimage.gaussian_filter1d(road.gradient, 3.0)
        corners = {name: value - km0_m for name, value in road.corners_m.items()}
        return cls(
            origin_m=km0_m,
            length_m=float(road.s_m[-1]) - km0_m,
            gradient=gradient,
            fastest_mps=_speed_limit(road),
            air=_AIR_AT_SEA * np.exp(-road.z_m / 8_400.0),
            climbing=ndimage.uniform_filter1d(gradient, round(300.0 / SPACING_M), mode="nearest"),
            col_m=corners["col"],
            foot_m=corners["foot"],
            valley_m=corners["valley"],
            last_m=corners["last"],
        )

    def index(self, s_m: Floats) -> NDArray[np.intp]:
        at = ((s_m + self.origin_m) / SPACING_M).astype(np.intp)
        return np.clip(at, 0, len(self.gradient) - 1)


def _speed_limit(road: Road) -> Floats:
    """Speed that bends allow, and from which there is room to brake for those ahead."""
    radius = 1.0 / np.maximum(ndimage.maximum_filter1d(road.curvature, 3), 1e-4)
    squared = np.minimum(_SIDE_GRIP_MPS2 * radius, _FASTEST_MPS**2)
    for index in range(len(squared) - 2, -1, -1):
        squared[index] = min(squared[index], squared[index + 1] + 2.0 * _BRAKING_MPS2 * SPACING_M)
    return np.asarray(np.sqrt(squared))


def _line_up(peloton: Peloton, rng: np.random.Generator) -> Floats:
    """Metres past the start line: those who mean to go early stand in front, leaders near them."""
    keenness = (
        rng.uniform(0.0, 1.0, len(peloton)) - 0.2 * (peloton.role == Role.LEADER) - 2.0 * peloton.breakaway
    )
    place = np.empty(len(peloton))
    place[np.argsort(keenness)] = np.linspace(130.0, 2.0, len(peloton))
    return place


class _State:
    """Everything that changes from second to second; arrays over riders."""

    def __init__(self, road: _Conditions, peloton: Peloton, rng: np.random.Generator) -> None:
        count = len(peloton)
        self.road = road
        self.peloton = peloton
        self.s = -road.origin_m + _line_up(peloton, rng)
        self.v = np.zeros(count)
        self.reserve = peloton.reserve_j.copy()
        self.status = np.zeros(count, np.int8)
        self.finish_s = np.full(count, np.nan)
        self.mood = rng.standard_normal(count)
        self.away = peloton.breakaway.copy()
        self._rng = rng

    def step(self, now_s: float) -> None:
        order = np.argsort(-self.s, kind="stable")
        here = self.road.index(self.s)
        gap, speed_ahead = self._ahead(order, here)
        shelter = self._shelter(order)
        power = self._power(order, here, gap, speed_ahead, shelter)
        self._move(now_s, here, power, shelter)
        self._tire(power)
        self._decide(order)

    def _ahead(self, order: NDArray[np.intp], here: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Distance to, and speed of, the rider a few places ahead: several ride side by side.

        The field lets attackers go; attackers hold the wheels of other attackers.
        """
        slope = self.road.climbing[here]
        abreast = np.where(slope < -0.03, 2, np.where(slope > 0.04, 3, 4))
        gap, speed = np.full(len(order), np.inf), self.v.copy()
        attacking = self._attacking()
        for own in (order[attacking[order]], order[~attacking[order]]):
            target = np.arange(len(own)) - np.minimum(abreast[own], max(1, len(own) // 4))
            other = own[np.maximum(target, 0)]
            held = (target >= 0) & np.isnan(self.finish_s[other])
            gap[own] = np.where(held, self.s[other] - self.s[own], np.inf)
            speed[own] = self.v[other]
        return gap, speed

    def _shelter(self, order: NDArray[np.intp]) -> Floats:
        """Share of the wind that each rider meets; riders at the front of a group take turns."""
        behind_first = -self.s[order]
        ahead = np.arange(len(order)) - np.searchsorted(behind_first, behind_first - 14.0)
        around = np.searchsorted(behind_first, behind_first + 14.0) - np.arange(len(order)) - 1
        share = (
            1.0
            - 0.46 * (1.0 - np.exp(-ahead / 2.5))
            - 0.20 * (1.0 - np.exp(-around / 3.0)) * np.exp(-ahead / 2.5)
        )
        out = np.empty(len(order))
        out[order] = share
        return out

    def _power(
        self,
        order: NDArray[np.intp],
        here: NDArray[np.intp],
        gap: Floats,
        speed_ahead: Floats,
        shelter: Floats,
    ) -> Floats:
        own = self._own_pace(here)
        own *= self._patience(order, here)
        gradient = self.road.gradient[here]
        distance = np.where(gradient < -0.03, 4.0 + 0.7 * self.v, 2.0 + 0.2 * self.v) * (
            1.0 + 0.12 * self.mood
        )
        wanted = 0.06 * (gap - distance) + 0.45 * (speed_ahead - self.v)
        wanted = np.where(np.isfinite(wanted), np.maximum(wanted, -0.7), 0.0)
        held = np.maximum(self.v, 2.0) * (self._resistance(here, shelter) + self.peloton.mass_kg * wanted)
        follows = gap < _CONTACT_M + distance
        power = np.where(follows, held, own)
        coasting = (self.v > 16.0) & (gradient < -0.02)
        return np.where(coasting, 0.0, np.clip(power, 0.0, self._ceiling()))

    def _resistance(self, here: NDArray[np.intp], shelter: Floats) -> Floats:
        rider = self.peloton
        drag = 0.5 * self.road.air[here] * rider.drag_area_m2 * shelter * self.v**2
        return np.asarray(rider.mass_kg * _GRAVITY * (self.road.gradient[here] + _ROLLING) + drag)

    def _own_pace(self, here: NDArray[np.intp]) -> Floats:
        """Power of a rider who sets the pace, watts."""
        rider, road = self.peloton, self.road
        up = road.climbing[here] > 0.03
        final = self.s > road.last_m
        between = (self.s > road.col_m) & ~final
        to_go = road.length_m - self.s
        pace = np.where(up, 4.82 * rider.body_kg, 360.0)
        pace = np.where(self.s < road.foot_m, self._chase(), pace)
        pace = np.where(between & ~up, 300.0, pace)
        pace = np.where(final & up, 5.1 * rider.body_kg, pace)
        pace = np.where(final & up & (to_go < 7_000.0), 5.3 * rider.body_kg, pace)
        pace = np.where(final & (to_go < 4_000.0), 0.975 * rider.threshold_w, pace)
        pace = np.where(self.status == _DROPPED, 0.94 * rider.threshold_w, pace)
        tempo = np.where(up, 0.87, 0.84)
        pace = np.where(self.status == _GRUPPETTO, tempo * rider.threshold_w, pace)
        early = self.away & (self.s > _BREAK_M[0]) & (self.s < _BREAK_M[1])
        pace = np.where(
            self.away & (self.status == _CONTENDER), np.where(up, 0.955, 0.97) * rider.threshold_w, pace
        )
        pace = np.where(early, 1.25 * rider.threshold_w, pace)
        attack = rider.attack_to_go_m - to_go
        pace = np.where((attack > 0.0) & (self.status == _CONTENDER), 1.05 * rider.threshold_w, pace)
        return np.where((attack > 0.0) & (attack < 260.0), 1.5 * rider.threshold_w, pace)

    def _chase(self) -> float:
        """Power at the head of the field in the valley: let the breakaway go, then hold it."""
        away = self.away & (self.status == _CONTENDER)
        if not away.any() or self.s.max() < _BREAK_M[0]:
            return 310.0
        lead_m = float(self.s[away].max() - self.s[~self.away].max())
        return float(np.interp(lead_m, (0.0, 400.0, 1_500.0, 2_500.0), (215.0, 250.0, 330.0, 365.0)))

    def _attacking(self) -> NDArray[np.bool_]:
        """Riders who want to be alone, or alone with their like."""
        attack = self.peloton.attack_to_go_m - (self.road.length_m - self.s)
        early = self.away & (self.s > _BREAK_M[0]) & (self.status == _CONTENDER)
        return np.asarray(early | ((attack > 0.0) & (self.status == _CONTENDER)))

    def _patience(self, order: NDArray[np.intp], here: NDArray[np.intp]) -> Floats:
        """Nobody rides away from his group without meaning to."""
        follower = np.empty(len(order))
        behind = self.s[order[np.minimum(np.arange(len(order)) + 4, len(order) - 1)]]
        follower[order] = self.s[order] - behind
        lost = follower > 60.0
        ease = np.clip(1.0 - (follower - 7.0) / 40.0, 0.82, 1.0)
        return np.where(lost | self._attacking() | (self.road.length_m - self.s < 2_500.0), 1.0, ease)

    def _ceiling(self) -> Floats:
        rider = self.peloton
        left = np.clip(self.reserve / rider.reserve_j, 0.0, 1.0)
        most = rider.threshold_w * (0.97 + 0.9 * np.minimum(left * 4.0, 1.0))
        most = np.where(self.status == _DROPPED, np.minimum(most, 1.03 * rider.threshold_w), most)
        return np.where(self.status == _GRUPPETTO, np.minimum(most, 0.97 * rider.threshold_w), most)

    def _move(self, now_s: float, here: NDArray[np.intp], power: Floats, shelter: Floats) -> None:
        rider = self.peloton
        push = power / np.maximum(self.v, 2.0)
        change = (push - self._resistance(here, shelter)) / (rider.mass_kg + 1.0)
        v = self.v + np.clip(change, -_BRAKING_MPS2, 1.4)
        v = np.clip(v, 0.8, self.road.fastest_mps[here] * rider.nerve)
        first = self.s > np.sort(self.s)[-6]
        v = np.where(self.s < 0.0, np.minimum(v, np.where(first, _NEUTRAL_MPS, 1.2 * _NEUTRAL_MPS)), v)
        v = np.where(now_s < _NEUTRAL_START_S, 0.0, v)
        before = self.s
        self.s = before + 0.5 * (self.v + v)
        self.v = v
        just = np.isnan(self.finish_s) & (self.s >= self.road.length_m)
        share = (self.road.length_m - before[just]) / np.maximum(self.s[just] - before[just], 1e-6)
        self.finish_s[just] = now_s - 1.0 + share

    def _tire(self, power: Floats) -> None:
        rider = self.peloton
        over = power - rider.threshold_w
        missing = rider.reserve_j - self.reserve
        gain = np.where(over < 0.0, missing * np.minimum(-over / rider.threshold_w, 1.0) / 330.0, -over)
        self.reserve = np.clip(self.reserve + gain, 0.0, rider.reserve_j)
        self.mood += (-self.mood + 8.0 * self._rng.standard_normal(len(self.mood))) / 90.0

    def _decide(self, order: NDArray[np.intp]) -> None:
        """Let go of the wheel when empty; join in again when back with the leaders and recovered."""
        rider = self.peloton
        empty = (self.reserve < 0.04 * rider.reserve_j) & (self.status == _CONTENDER) & (self.s > 0.0)
        weak = (rider.role == Role.SPRINTER) | (rider.role == Role.ROULEUR)
        weak |= (rider.role == Role.DOMESTIQUE) & (self.s > self.road.last_m)
        self.status = np.where(empty, np.where(weak, _GRUPPETTO, _DROPPED), self.status).astype(np.int8)
        contenders = (self.status == _CONTENDER) & ~self.away & np.isnan(self.finish_s)
        if not contenders.any():
            return
        front = self.s[contenders].max()
        ready = (self.reserve > 0.45 * rider.reserve_j) & (front - self.s < 90.0)
        self.status = np.where(ready & (self.status != _CONTENDER), _CONTENDER, self.status).astype(np.int8)
        self.away &= ~((front - self.s > 5.0) & (self.s > 5_000.0))
