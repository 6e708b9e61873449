"""Riders and groups on the climbs: how far to the summit, for how long, and how fast upwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.stage.climbs import climbs_of, foot_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.model import Group, RaceState
    from tracker3d.race.race import Race
    from tracker3d.stage.model import Place

VAM_LEAST_GRADIENT = 0.05
VAM_LEAST_S = 600.0
"""On gentler climbs, and in shorter times, metres climbed an hour say more of the wind than of the rider."""


@dataclass(frozen=True)
class ClimbProgress:
    """One climb at one moment, as arrays over rider index.

    Attributes
    ----------
    climb : Place
        Its summit, with the category of the road book.
    foot_m : float
        Official distance where it begins.
    average_gradient : float
        Rise over run, as the road book states it, else measured on the road.
    on_climb : (k,) bool
        Between foot and summit now.
    to_summit_m : (k,) float64
        Along the road, 0 for those beyond, NaN for those who are not yet on it.
    time_on_s : (k,) float64
        Since the foot, or from foot to summit for those beyond; NaN where history does not tell.
    vam_m_per_h : (k,) float64
        Metres of the road's own ascent per hour over ``time_on_s``; NaN on climbs of 5 % or less and for
        less than 10 minutes.
    """

    climb: Place
    foot_m: float
    average_gradient: float
    on_climb: NDArray[np.bool_]
    to_summit_m: NDArray[np.float64]
    time_on_s: NDArray[np.float64]
    vam_m_per_h: NDArray[np.float64]

    def of_group(self, group: Group) -> tuple[float, float, float]:
        """Return a group's distance to the summit, time on the climb and VAM: those of its first rider."""
        first = int(group.riders[0])
        return float(self.to_summit_m[first]), float(self.time_on_s[first]), float(self.vam_m_per_h[first])


def climb_progress(race: Race, state: RaceState) -> tuple[ClimbProgress, ...]:
    """Return the climbs that somebody is on at a moment, in the order of the road."""
    places_m = state.riders.distance_m
    present = np.zeros(len(places_m), bool)
    present[state.order] = True
    result = []
    for climb in climbs_of(race.stage):
        foot_m = foot_of(race.stage, climb)
        if (present & (places_m >= foot_m) & (places_m < climb.distance_m)).any():
            result.append(progress_on(race, climb, state))
    return tuple(result)


def progress_on(race: Race, climb: Place, state: RaceState) -> ClimbProgress:
    """Return how all riders stand on one climb."""
    route, foot_m = race.stage.route, foot_of(race.stage, climb)
    riders = len(state.riders.bibs)
    places_m = state.riders.distance_m
    present = np.zeros(riders, bool)
    present[state.order] = True
    begun = present & (places_m >= foot_m)
    beyond = begun & (places_m >= climb.distance_m)
    foot_ms = race.history.passages_ms(foot_m)[:riders]
    end_ms = np.where(beyond, race.history.passages_ms(climb.distance_m)[:riders], float(state.time_ms))
    time_on_s = np.where(begun, np.maximum(end_ms - foot_ms, 0.0) / 1000.0, np.nan)
    to_summit_m = np.where(begun, np.maximum(climb.distance_m - places_m, 0.0), np.nan)
    average = climb.average_gradient_percent / 100.0
    if not math.isfinite(average):
        ascent_m = float(route.height(climb.distance_m) - route.height(foot_m))
        average = ascent_m / max(climb.distance_m - foot_m, 1.0)
    vam = np.full(riders, np.nan)
    if average > VAM_LEAST_GRADIENT:
        long_enough = np.nan_to_num(time_on_s) >= VAM_LEAST_S
        gained_m = route.height(np.minimum(places_m, climb.distance_m)) - route.height(foot_m)
        vam[long_enough] = (3600.0 * gained_m[long_enough]) / time_on_s[long_enough]
    return ClimbProgress(
        climb=climb,
        foot_m=foot_m,
        average_gradient=average,
        on_climb=begun & ~beyond,
        to_summit_m=to_summit_m,
        time_on_s=time_on_s,
        vam_m_per_h=vam,
    )
