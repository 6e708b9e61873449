"""The race at any time: order, gaps by history, groups and their roles."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.feed.reports import Reports
from tracker3d.race.detection import EventDetector
from tracker3d.race.formation import form
from tracker3d.race.grouping import FINISHED_FIRST_M, GroupRule, GroupTimeline
from tracker3d.race.history import History
from tracker3d.race.model import Group, RaceState
from tracker3d.race.overrides import Overrides
from tracker3d.race.positions import RecordedPositions
from tracker3d.race.roles import numbered, roles_of
from tracker3d.track.model import Presence
from tracker3d.track.motion import Motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race.events import Event
    from tracker3d.race.positions import Positions
    from tracker3d.stage.model import Stage
    from tracker3d.track.model import RiderStates

_GRADIENT_AHEAD_M = 100.0


@dataclass
class _Grown:
    """How far a race has come, for it and for all that share its history."""

    reports: Reports
    end_ms: int


class Race:
    """Order, gaps and groups as a function of time.

    Parameters
    ----------
    stage : Stage
        Its finish, whether it is a time trial, and who wears a jersey.
    motion : Motion or Positions
        A finished recording, or positions that grow: then :meth:`extend` takes in what is new.
    reports : Reports
        What the feed says besides positions.
    rule : GroupRule
        When groups part and join.
    overrides : Overrides
        What the operator says of groups.
    grouped : bool
        Whether riders are put into groups; never in a time trial.

    Notes
    -----
    In a time trial riders start one by one, so that neither the time behind the first rider on the road nor
    a group means anything: gaps are NaN and there are no groups. See
    :class:`~tracker3d.race.time_trial.TimeTrial` for what counts there.

    While one thread extends a race, others may read it: what is read is the race before or after a step.

    A gap is the time since the reference rider passed a place: the first rider of the head of the race, kept
    while he is within a second of the first. Where he has no history, it is the time since anybody passed.
    """

    def __init__(
        self,
        stage: Stage,
        motion: Motion | Positions,
        *,
        reports: Reports | None = None,
        rule: GroupRule | None = None,
        overrides: Overrides | None = None,
        grouped: bool = True,
    ) -> None:
        self.stage = stage
        self.motion = motion
        self.positions: Positions = RecordedPositions(motion) if isinstance(motion, Motion) else motion
        self._grown = _Grown(reports or Reports(), self.positions.start_ms)
        self.overrides = overrides or Overrides()
        self._finish_m = float(stage.route.finish_m)
        self._grouped = grouped and not stage.time_trial
        self._worn = {rider.jersey: rider.bib for rider in stage.riders if rider.jersey}
        self.history = History(start_m=float(stage.route.start_m), finish_m=self._finish_m)
        self._timeline = GroupTimeline(stage.route, rule=rule or GroupRule())
        self._detector = EventDetector(stage)
        self.extend()

    def extend(self, reports: Reports | None = None) -> None:
        """Take in what is new: positions up to ``end_ms``, and all reports so far."""
        if reports is not None:
            self._grown.reports = reports
        positions = self.positions
        if positions.end_ms <= positions.start_ms:
            return
        self.history.extend(positions, until_ms=positions.end_ms)
        if self._grouped:
            steps = self._timeline.extend(
                positions, self.history, until_ms=positions.end_ms, reports=self.reports.groups
            )
            self._detector.watch_groups(steps, positions)
        self._detector.watch_places(self.history, positions)
        self._grown.end_ms = positions.end_ms

    def overridden(self, overrides: Overrides) -> Race:
        """Return this race as an operator wants its groups; both share history and grow together."""
        other = copy.copy(self)
        other.overrides = overrides
        return other

    @property
    def start_ms(self) -> int:
        """First moment of the recording, milliseconds since 1970 UTC."""
        return self.positions.start_ms

    @property
    def end_ms(self) -> int:
        """Last moment of which all is known, milliseconds since 1970 UTC."""
        return max(self._grown.end_ms, self.start_ms)

    @property
    def grouped(self) -> bool:
        """Whether riders are put into groups: not in a time trial, nor in its view as a common start."""
        return self._grouped

    @property
    def reports(self) -> Reports:
        """What the feed has said besides positions."""
        return self._grown.reports

    @property
    def events(self) -> tuple[Event, ...]:
        """What has happened so far, by time; only ever added to."""
        return self._detector.events

    def at(self, time_ms: int) -> RaceState:
        """Return the race at one moment; any time is answered, before the first position nobody is there."""
        states = self.positions.at(time_ms)
        finish_ms = self.positions.finish_ms[: len(states.bibs)]
        order = self._order(states, finish_ms)
        moment_ms = np.fmin(float(time_ms), finish_ms)
        reference = self._timeline.reference_at(time_ms)
        gap_s = self._gaps(states, order, moment_ms, reference)
        jerseys = self._jerseys(time_ms)
        group, groups = self._groups(states, order, gap_s, moment_ms, jerseys)
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
            jerseys=jerseys,
            reference=reference,
        )

    def time_of_to_go(self, distance_m: float) -> int:
        """Return when the first rider had this distance to go, milliseconds since 1970 UTC.

        Raises
        ------
        InputError
            Nobody was seen there first.
        """
        moment_ms = self.history.first_at_ms(self._finish_m - distance_m)
        if np.isnan(moment_ms):
            first_m, last_m = self.history.first_range_m
            if np.isnan(first_m):
                raise InputError("The recording holds no rider on the road; give another recording.")
            most_km, least_km = (self._finish_m - first_m) / 1000, max(0.0, self._finish_m - last_m) / 1000
            raise InputError(
                f"The head of the race is never seen at {distance_m / 1000:.1f} km to go; "
                f"choose a place between {most_km:.1f} and {least_km:.1f} km to go."
            )
        return round(moment_ms)

    def _order(self, states: RiderStates, finish_ms: NDArray[np.float64]) -> NDArray[np.int32]:
        """Present riders, first on the road first: those who finished in the order of their arrival."""
        known = (states.bibs > 0) & (states.finished | (states.presence < Presence.LOST))
        key = np.where(
            states.finished, FINISHED_FIRST_M - (finish_ms - self.start_ms) / 1000.0, states.distance_m
        )
        order = np.argsort(np.where(known, -key, np.inf), kind="stable")
        return order[: np.count_nonzero(known)].astype(np.int32)

    def _gaps(
        self,
        states: RiderStates,
        order: NDArray[np.int32],
        moment_ms: NDArray[np.float64],
        reference: int,
    ) -> NDArray[np.float64]:
        gap_s = np.full(len(states.bibs), np.nan)
        if not len(order) or self.stage.time_trial:
            return gap_s
        place_m = np.minimum(states.distance_m[order], self._finish_m)
        passed_ms = self.history.lead_at_ms(place_m)
        if reference >= 0:
            own_ms = self.history.passed_at_ms(np.full(len(order), reference), place_m)
            passed_ms = np.where(np.isnan(own_ms), passed_ms, own_ms)
        gap_s[order] = np.maximum((moment_ms[order] - passed_ms) / 1000.0, 0.0)
        gap_s[order[0]] = 0.0
        return gap_s

    def _jerseys(self, time_ms: float) -> dict[str, int]:
        """Who wears what: the feed's newest word by then, else what the stage says."""
        for report in reversed(self.reports.jerseys):
            if report.time_ms <= time_ms:
                return dict(report.wearers)
        return self._worn

    def _groups(
        self,
        states: RiderStates,
        order: NDArray[np.int32],
        gap_s: NDArray[np.float64],
        moment_ms: NDArray[np.float64],
        jerseys: dict[str, int],
    ) -> tuple[NDArray[np.int32], tuple[Group, ...]]:
        riders = len(states.bibs)
        all_ids = self._timeline.at(states.time_ms, riders)
        present = np.zeros(riders, bool)
        present[order] = all_ids[order] >= 0
        said = self.overrides.apply(all_ids, states.bibs, present, time_ms=states.time_ms)
        formed = form(said.ids, order)
        if not formed.ids:
            return formed.group, ()
        official = self._timeline.official_at(states.time_ms)
        fronts, tails = formed.fronts, formed.tails
        front_m = np.minimum(states.distance_m[fronts], self._finish_m)
        tail_m = np.minimum(states.distance_m[tails], self._finish_m)
        head_m = min(float(states.distance_m[order[0]]), self._finish_m) - front_m
        head_m[0] = np.nan
        ahead_s, ahead_m = np.full((2, len(fronts)), np.nan)
        passed_ms = self.history.passed_at_ms(tails[:-1], front_m[1:])
        ahead_s[1:] = np.maximum((moment_ms[fronts[1:]] - passed_ms) / 1000.0, 0.0)
        ahead_m[1:] = np.maximum(tail_m[:-1] - front_m[1:], 0.0)
        worn = formed.worn(jerseys, states.bibs)
        roles = roles_of(
            [len(members) for members in formed.riders],
            ["yellow" in inside for inside in worn],
            gap_s[fronts].tolist(),
            leads=bool(fronts[0] == order[0]),
        )
        columns = zip(
            formed.ids,
            roles,
            numbered(roles),
            formed.riders,
            states.distance_m[fronts].tolist(),
            states.distance_m[tails].tolist(),
            formed.mean(states.speed_mps).tolist(),
            gap_s[fronts].tolist(),
            ahead_s.tolist(),
            head_m.tolist(),
            ahead_m.tolist(),
            (self._finish_m - front_m).tolist(),
            self._gradient_ahead(front_m).tolist(),
            worn,
            [said.names.get(name_id, "") for name_id in formed.ids],
            [name_id in official for name_id in formed.ids],
            [name_id in said.locked for name_id in formed.ids],
            [official.get(name_id, "") for name_id in formed.ids],
            strict=True,
        )
        return formed.group, tuple(Group(*values) for values in columns)

    def _gradient_ahead(self, place_m: NDArray[np.float64]) -> NDArray[np.float64]:
        middle_m = np.minimum(place_m + _GRADIENT_AHEAD_M / 2, self._finish_m - _GRADIENT_AHEAD_M / 2)
        return self.stage.route.gradient(middle_m, window_m=_GRADIENT_AHEAD_M)
