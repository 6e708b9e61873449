"""The race at any time: order, gaps by history, groups and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.race.grouping import FINISHED_FIRST_M, GroupTimeline, group_timeline
from tracker3d.race.history import History
from tracker3d.race.model import Group, RaceState, Role
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.stage.model import Stage
    from tracker3d.track.model import RiderStates
    from tracker3d.track.motion import Motion

SMALLEST_PELOTON = 5
SMALLEST_GRUPPETTO = 8
GRUPPETTO_BEHIND_S = 180.0


class Race:
    """Order, gaps and groups as a function of time.

    Parameters
    ----------
    stage : Stage
        Its finish, whether it is a time trial, and who wears yellow.
    motion : Motion

    Notes
    -----
    In a time trial riders start one by one, so that neither the time behind the first rider on the road nor
    a group means anything: gaps are NaN and there are no groups.
    """

    def __init__(self, stage: Stage, motion: Motion) -> None:
        self.stage = stage
        self.motion = motion
        self._finish_m = float(stage.route.finish_m)
        self._racing = motion.bibs > 0
        yellow = [rider.bib for rider in stage.riders if rider.jersey == "yellow"]
        self._yellow = np.isin(motion.bibs, yellow)
        self._finish_ms = motion.finish_ms
        self._history = History(motion, finish_m=self._finish_m, racing=self._racing)
        self._groups = (
            GroupTimeline(motion.start_ms, np.full((1, len(motion.bibs)), -1, np.int32))
            if stage.time_trial
            else group_timeline(motion, self._history, finish_m=self._finish_m, racing=self._racing)
        )

    @property
    def start_ms(self) -> int:
        """First moment of the recording, milliseconds since 1970 UTC."""
        return self.motion.start_ms

    @property
    def end_ms(self) -> int:
        """Last moment of the recording, milliseconds since 1970 UTC."""
        return self.motion.end_ms

    def at(self, time_ms: int) -> RaceState:
        """Return the race at one moment; any time is answered, before the first position nobody is there."""
        states = self.motion.at(time_ms)
        order = self._order(states)
        moment_ms = np.fmin(float(time_ms), self._finish_ms)
        gap_s = self._gaps(states, order, moment_ms)
        group, groups = self._grouped(states, order, gap_s, moment_ms)
        to_go_m = (
            max(0.0, self._finish_m - float(states.distance_m[order[0]])) if len(order) else float("nan")
        )
        return RaceState(
            time_ms=int(time_ms),
            riders=states,
            order=order,
            gap_s=gap_s,
            group=group,
            groups=groups,
            to_go_m=to_go_m,
        )

    def time_of_to_go(self, distance_m: float) -> int:
        """Return when the first rider had this distance to go, milliseconds since 1970 UTC.

        Raises
        ------
        InputError
            Nobody was seen there first.
        """
        moment_ms = self._history.first_at_ms(self._finish_m - distance_m)
        if np.isnan(moment_ms):
            first_m, last_m = self._history.first_range_m
            if np.isnan(first_m):
                raise InputError("The recording holds no rider on the road; give another recording.")
            most_km, least_km = (self._finish_m - first_m) / 1000, max(0.0, self._finish_m - last_m) / 1000
            raise InputError(
                f"The head of the race is never seen at {distance_m / 1000:.1f} km to go; "
                f"choose a place between {most_km:.1f} and {least_km:.1f} km to go."
            )
        return round(moment_ms)

    def _order(self, states: RiderStates) -> NDArray[np.int32]:
        """Present riders, first on the road first: those who finished in the order of their arrival."""
        known = self._racing & (states.finished | (states.presence < Presence.LOST))
        key = np.where(
            states.finished, FINISHED_FIRST_M - (self._finish_ms - self.start_ms) / 1000.0, states.distance_m
        )
        order = np.argsort(np.where(known, -key, np.inf), kind="stable")
        return order[: np.count_nonzero(known)].astype(np.int32)

    def _gaps(
        self, states: RiderStates, order: NDArray[np.int32], moment_ms: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        gap_s = np.full(len(states.bibs), np.nan)
        if not len(order) or self.stage.time_trial:
            return gap_s
        place_m = np.minimum(states.distance_m[order], self._finish_m)
        behind_s = (moment_ms[order] - self._history.lead_at_ms(place_m)) / 1000.0
        gap_s[order] = np.maximum(behind_s, 0.0)
        gap_s[order[0]] = 0.0
        return gap_s

    def _grouped(
        self,
        states: RiderStates,
        order: NDArray[np.int32],
        gap_s: NDArray[np.float64],
        moment_ms: NDArray[np.float64],
    ) -> tuple[NDArray[np.int32], tuple[Group, ...]]:
        group = np.full(len(states.bibs), -1, np.int32)
        ids = self._groups.at(states.time_ms)[order]
        members = order[ids >= 0]
        if not len(members):
            return group, ()
        names, first, index = np.unique(ids[ids >= 0], return_index=True, return_inverse=True)
        by_front = np.argsort(first)
        rank = np.empty(len(names), np.int64)
        rank[by_front] = np.arange(len(names))
        number = rank[index]
        group[members] = number
        sizes = np.bincount(number)
        ends = np.cumsum(sizes)
        members = members[np.argsort(number, kind="stable")]
        fronts, tails = members[ends - sizes], members[ends - 1]
        ahead_s = np.full(len(sizes), np.nan)
        place_m = np.minimum(states.distance_m[fronts[1:]], self._finish_m)
        ahead_s[1:] = (moment_ms[fronts[1:]] - self._history.passed_at_ms(tails[:-1], place_m)) / 1000.0
        inside = np.repeat(np.arange(len(sizes)), sizes)
        roles = self._roles(
            sizes.tolist(),
            np.bincount(inside, self._yellow[members]).tolist(),
            gap_s[fronts],
            leads=fronts[0] == order[0],
        )
        columns = zip(
            names[by_front].tolist(),
            roles,
            _numbered(roles),
            np.split(members, ends[:-1]),
            states.distance_m[fronts].tolist(),
            states.distance_m[tails].tolist(),
            (np.bincount(inside, states.speed_mps[members]) / sizes).tolist(),
            gap_s[fronts].tolist(),
            np.maximum(ahead_s, 0.0).tolist(),
            strict=True,
        )
        return group, tuple(Group(*values) for values in columns)

    @staticmethod
    def _roles(
        sizes: list[int], yellow: list[float], gap_s: NDArray[np.float64], *, leads: bool
    ) -> list[Role]:
        """Tell the role of each group, front first.

        The largest group is the peloton (of equal ones that with the yellow jersey), wherever it rides; the
        group of the first rider is the head of the race, those between them chase. Behind the peloton
        groups are dropped, and a big last one that is minutes behind is the gruppetto.
        """
        peloton = max(range(len(sizes)), key=lambda at: (sizes[at], yellow[at], -at))
        if sizes[peloton] < SMALLEST_PELOTON:
            return [Role.HEAD if leads else Role.CHASE] + [Role.CHASE] * (len(sizes) - 1)
        roles = [Role.CHASE] * peloton + [Role.PELOTON] + [Role.DROPPED] * (len(sizes) - peloton - 1)
        if peloton > 0 and leads:
            roles[0] = Role.HEAD
        far_back = gap_s[-1] - gap_s[peloton] >= GRUPPETTO_BEHIND_S
        if roles[-1] is Role.DROPPED and sizes[-1] >= SMALLEST_GRUPPETTO and far_back:
            roles[-1] = Role.GRUPPETTO
        return roles


def _numbered(roles: list[Role]) -> list[int]:
    """Count each role from the front, from 1."""
    seen: dict[Role, int] = {}
    numbers = []
    for role in roles:
        seen[role] = seen.get(role, 0) + 1
        numbers.append(seen[role])
    return numbers
