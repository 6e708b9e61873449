"""The race at any time: order, gaps by history, groups and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.race.grouping import GroupTimeline, group_timeline
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
            states.finished, 2.0 * self._finish_m - (self._finish_ms - self.start_ms) / 1e4, states.distance_m
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
        names, first, index, sizes = np.unique(
            ids[ids >= 0], return_index=True, return_inverse=True, return_counts=True
        )
        by_front = np.argsort(first)
        rank = np.empty(len(names), np.int64)
        rank[by_front] = np.arange(len(names))
        group[members] = rank[index]
        riders = np.split(members[np.argsort(rank[index], kind="stable")], np.cumsum(sizes[by_front])[:-1])
        fronts = np.array([part[0] for part in riders])
        tails = np.array([part[-1] for part in riders])
        ahead_s = np.full(len(riders), np.nan)
        place_m = np.minimum(states.distance_m[fronts[1:]], self._finish_m)
        ahead_s[1:] = (moment_ms[fronts[1:]] - self._history.passed_at_ms(tails[:-1], place_m)) / 1000.0
        speed_mps = np.bincount(rank[index], states.speed_mps[members]) / sizes[by_front]
        roles = self._roles(riders, gap_s[fronts], leader=int(order[0]))
        return group, tuple(
            Group(
                id=int(names[by_front[number]]),
                role=role,
                number=roles[: number + 1].count(role),
                riders=part,
                front_m=float(states.distance_m[part[0]]),
                tail_m=float(states.distance_m[part[-1]]),
                speed_mps=float(speed_mps[number]),
                gap_to_head_s=float(gap_s[part[0]]),
                gap_to_ahead_s=float(max(ahead_s[number], 0.0))
                if ahead_s[number] == ahead_s[number]
                else float("nan"),
            )
            for number, (part, role) in enumerate(zip(riders, roles, strict=True))
        )

    def _roles(
        self, riders: list[NDArray[np.int32]], gap_s: NDArray[np.float64], *, leader: int
    ) -> list[Role]:
        """Role of each group, front first.

        The largest group is the peloton (of equal ones that with the yellow jersey), wherever it rides; the
        group of the first rider is the head of the race, those between them chase. Behind the peloton
        groups are dropped, and a big last one that is minutes behind is the gruppetto.
        """
        sizes = [len(part) for part in riders]
        peloton = max(
            range(len(riders)), key=lambda at: (sizes[at], bool(self._yellow[riders[at]].any()), -at)
        )
        if sizes[peloton] < SMALLEST_PELOTON:
            peloton = -1
        roles = []
        for at, part in enumerate(riders):
            if at == peloton:
                roles.append(Role.PELOTON)
            elif at == 0 and leader in part:
                roles.append(Role.HEAD)
            elif peloton < 0 or at < peloton:
                roles.append(Role.CHASE)
            else:
                roles.append(Role.DROPPED)
        far_back = gap_s[-1] - gap_s[peloton] >= GRUPPETTO_BEHIND_S
        if roles[-1] is Role.DROPPED and sizes[-1] >= SMALLEST_GRUPPETTO and far_back:
            roles[-1] = Role.GRUPPETTO
        return roles
