"""Time trials: start times, times at the checks, rankings, and everybody as if they had started together."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.events import Event, EventKind
from tracker3d.race.positions import ROW_MS, PositionTable
from tracker3d.race.race import Race
from tracker3d.stage.model import PlaceKind
from tracker3d.track.lanes import lanes
from tracker3d.track.model import PRESENCE_AGES_S, Presence, RiderStates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tracker3d.stage.model import Place

_SLOT_S = 30.0
_PROBES_M = (100.0, 250.0, 500.0, 1000.0)
_SURE_SLOTS = 10.0
"""n times the squared length of the mean direction: over 10 by chance in one race of 20,000 (Rayleigh)."""

_LONGEST_S = 2 * 3600
_TIMING_S = 1.0


@dataclass(frozen=True)
class TrialResult:
    """A rider's time at a place of a time trial: position from 1, seconds from his own start."""

    position: int
    bib: int
    time_s: float
    behind_s: float


class TimeTrial:
    """A time trial as it stands.

    Parameters
    ----------
    race : Race
        Of a time trial; may go on growing.
    starts_ms : mapping of bib to milliseconds since 1970 UTC, optional
        Official start times. Without them they are measured, see :meth:`starts_ms`.
    """

    def __init__(self, race: Race, *, starts_ms: Mapping[int, int] | None = None) -> None:
        self._race = race
        self._given_ms = dict(starts_ms or {})
        self._measured: tuple[int, NDArray[np.float64]] = (-1, np.zeros(0))

    @property
    def checks(self) -> tuple[Place, ...]:
        """Time checks in the order of the road, the finish last."""
        kinds = (PlaceKind.TIME_CHECK, PlaceKind.FINISH)
        return tuple(place for place in self._race.stage.places if place.kind in kinds)

    @property
    def starts_ms(self) -> NDArray[np.float64]:
        """When each rider passed the start, (k,); NaN where that cannot be told.

        Trackers often wake up some hundred metres down the road. The time there, less what those who were
        seen from the start needed, is good to some 5 s. Riders start on a clock, though: where the times so
        found lie around half minutes more than chance would have it, each is moved to its own.
        """
        if self._measured[0] != self._race.end_ms or len(self._measured[1]) != len(self._race.positions.bibs):
            self._measured = (self._race.end_ms, self._starts())
        return self._measured[1]

    def _starts(self) -> NDArray[np.float64]:
        history, bibs = self._race.history, self._race.positions.bibs
        starts_ms = history.passages_ms(0.0)
        from_start = np.isfinite(starts_ms)
        for probe_m in _PROBES_M:
            probe_ms = history.passages_ms(probe_m)
            both = from_start & np.isfinite(probe_ms)
            if both.any():
                needed_ms = np.median((probe_ms - starts_ms)[both])
                starts_ms = np.where(np.isnan(starts_ms), probe_ms - needed_ms, starts_ms)
        starts_ms[bibs <= 0] = np.nan
        starts_ms = _on_the_clock(starts_ms)
        for bib, given_ms in self._given_ms.items():
            starts_ms[bibs == bib] = given_ms
        return starts_ms

    def times_s(self, place: Place) -> NDArray[np.float64]:
        """Return each rider's time from his start to a place, (k,); NaN for those who have not passed it."""
        if place.kind is PlaceKind.FINISH:
            passed_ms = self._race.positions.finish_ms
        else:
            passed_ms = self._race.history.passages_ms(place.distance_m)
        return np.asarray((passed_ms - self.starts_ms) / 1000.0)

    def ranking(self, place: Place, *, until_ms: float = np.inf) -> tuple[TrialResult, ...]:
        """Return the times at a place of those who have passed it by a moment, best first."""
        times_s = self.times_s(place)
        passed = np.flatnonzero(1000.0 * times_s + self.starts_ms <= until_ms)
        order = passed[np.argsort(times_s[passed], kind="stable")]
        bibs = self._race.positions.bibs
        return tuple(
            TrialResult(
                position=number + 1,
                bib=int(bibs[rider]),
                time_s=float(times_s[rider]),
                behind_s=float(times_s[rider] - times_s[order[0]]),
            )
            for number, rider in enumerate(order)
        )

    def behind_s(self, time_ms: float) -> NDArray[np.float64]:
        """Return the virtual time of each rider behind the best at the same place, (k,).

        Negative for a rider who is faster at his place than anybody was before him; NaN before his start and
        where nobody has been. Those who have finished are against the best at the line.
        """
        positions, history = self._race.positions, self._race.history
        states = positions.at(time_ms)
        riders = len(states.bibs)
        starts_ms, finish_ms = self.starts_ms[:riders], positions.finish_ms[:riders]
        place_m = np.minimum(states.distance_m, self._race.stage.route.finish_m)
        own_s = (np.fmin(time_ms, finish_ms) - starts_ms) / 1000.0
        everybody = np.broadcast_to(np.arange(riders)[:, None], (riders, riders))
        passed_ms = history.passed_at_ms(everybody, np.broadcast_to(place_m, (riders, riders)))
        at_line = states.finished[None, :] & np.ones((riders, 1), bool)
        passed_ms = np.where(at_line, finish_ms[:, None], passed_ms)
        others_s = (passed_ms - starts_ms[:, None]) / 1000.0
        others_s[~(passed_ms <= time_ms)] = np.nan
        np.fill_diagonal(others_s, np.nan)
        best_s = np.fmin.reduce(others_s, axis=0, initial=np.nan)
        started = (states.bibs > 0) & (own_s >= 0.0)
        return np.where(started, own_s - best_s, np.nan)

    def against_best_s(self, time_ms: float) -> NDArray[np.float64]:
        """Return the virtual time of each rider behind the best at the line, (k,), for a classification.

        All are measured by that one rider: at the line, or by when he was at the same place. Negative for a
        rider on the road who is faster so far; NaN for who has not started, and for who has not been heard of
        for so long that his time would seem to grow. Until somebody has arrived it is :meth:`behind_s`.
        """
        positions, states = self._race.positions, self._race.positions.at(time_ms)
        riders = len(states.bibs)
        starts_ms, finish_ms = self.starts_ms[:riders], positions.finish_ms[:riders]
        total_s = np.where(states.finished, (finish_ms - starts_ms) / 1000.0, np.nan)
        if np.isnan(total_s).all():
            return self.behind_s(time_ms)
        best = int(np.nanargmin(total_s))
        passed_ms = self._race.history.passed_at_ms(np.full(riders, best), states.distance_m)
        on_road_s = (time_ms - starts_ms - (passed_ms - starts_ms[best])) / 1000.0
        racing = (states.bibs > 0) & (states.presence < Presence.STALE) & (time_ms >= starts_ms)
        return np.where(states.finished, total_s - total_s[best], np.where(racing, on_road_s, np.nan))

    @property
    def events(self) -> tuple[Event, ...]:
        """Every new best time at a check or at the line, by time.

        Confidence is the chance that it was one, with start and passage known to a second together.
        """
        found = []
        for place in self.checks:
            kind = EventKind.FINISH if place.kind is PlaceKind.FINISH else EventKind.TIME_CHECK
            times_s = self.times_s(place)
            passed_ms = 1000.0 * times_s + self.starts_ms
            best_s, best = np.inf, -1
            for rider in np.argsort(passed_ms, kind="stable")[: np.count_nonzero(np.isfinite(passed_ms))]:
                if times_s[rider] >= best_s:
                    continue
                ahead_s = best_s - float(times_s[rider])
                bibs = [rider] if best < 0 else [rider, best]
                found.append(
                    Event(
                        kind=kind,
                        time_ms=round(float(passed_ms[rider])),
                        bibs=tuple(self._race.positions.bibs[bibs].tolist()),
                        distance_m=place.distance_m,
                        confidence=round(0.5 * (1.0 + math.erf(ahead_s / 2.0 / _TIMING_S)), 3),
                        found_ms=round(float(passed_ms[rider])),
                        place=place.name,
                        gap_s=round(ahead_s, 1) if best >= 0 else math.nan,
                    )
                )
                best_s, best = float(times_s[rider]), int(rider)
        return tuple(sorted(found, key=lambda event: event.time_ms))

    def common_start(self) -> Race:
        """Return the race as if all riders had started together, at the first start.

        It is a race like any other, drawn like any other; gaps count from the best at each place, and nobody
        is in a group. It ends where the slowest has arrived, or with what is known now.
        """
        race, starts_ms = self._race, self.starts_ms
        known = np.flatnonzero(np.isfinite(starts_ms) & np.isfinite(race.history.last_m[: len(starts_ms)]))
        table = PositionTable(finish_m=float(race.stage.route.finish_m))
        if len(known):
            self._fill(table, known)
        stage = dataclasses.replace(race.stage, time_trial=False)
        return Race(stage, table, reports=race.reports, grouped=False)

    def _fill(self, table: PositionTable, known: NDArray[np.int64]) -> None:
        """Write the rows of riders whose start is known, each on his own clock."""
        positions, starts_ms = self._race.positions, self.starts_ms[known]
        bibs, finish_ms = positions.bibs[known], positions.finish_ms[known]
        first_ms = starts_ms.min()
        ridden_ms = np.where(np.isfinite(finish_ms), finish_ms + 60_000.0, positions.end_ms) - starts_ms
        rows = int(min(ridden_ms.max() / ROW_MS, _LONGEST_S)) + 2
        times_ms = np.arange(positions.start_ms, positions.end_ms + 1.0, ROW_MS)
        ways_m = positions.distances(times_ms)[:, known]
        since_ms = ROW_MS * np.arange(rows, dtype=float)
        places_m, ages_s = np.empty((rows, len(known))), np.empty((rows, len(known)))
        for column in range(len(known)):
            way_m = ways_m[:, column]
            seen = np.isfinite(way_m) & (times_ms > starts_ms[column])
            seen_ms = np.append(starts_ms[column], times_ms[seen])
            own_ms = starts_ms[column] + since_ms
            places_m[:, column] = np.interp(own_ms, seen_ms, np.append(0.0, way_m[seen]))
            ages_s[:, column] = np.maximum(own_ms - seen_ms[-1], 0.0) / 1000.0
        speeds_mps = np.gradient(places_m, ROW_MS / 1000.0, axis=0)
        lateral_m = lanes(bibs)[0]
        table.begin(round(first_ms))
        for row in range(rows):
            age_s = ages_s[row].copy()
            finished = starts_ms + since_ms[row] >= finish_ms
            age_s[finished] = 0.0
            table.append(
                RiderStates(
                    time_ms=round(first_ms + since_ms[row]),
                    bibs=bibs,
                    distance_m=places_m[row],
                    speed_mps=speeds_mps[row],
                    lateral_m=lateral_m,
                    age_s=age_s,
                    presence=np.searchsorted(PRESENCE_AGES_S, age_s, side="right").astype(np.uint8),
                    finished=finished,
                )
            )


def _on_the_clock(starts_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move start times to the half minute that each is nearest to, if half minutes are in them at all."""
    known = np.isfinite(starts_ms)
    turn = 2.0 * np.pi / (1000.0 * _SLOT_S)
    if not known.any():
        return starts_ms
    mean = np.exp(1j * turn * (starts_ms[known] % (1000.0 * _SLOT_S))).mean()
    if np.count_nonzero(known) * abs(mean) ** 2 < _SURE_SLOTS:
        return starts_ms
    phase_ms = np.angle(mean) / turn
    return np.asarray(np.rint((starts_ms - phase_ms) / (1000.0 * _SLOT_S)) * 1000.0 * _SLOT_S + phase_ms)
