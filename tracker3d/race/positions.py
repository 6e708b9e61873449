"""Where riders are, as the race reads it: a finished recording, or a table that grows as the race goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from tracker3d.track.model import PRESENCE_AGES_S, SPEED_WINDOW_S, Presence, RiderStates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.track.motion import Motion

ROW_MS = 1000
"""Positions are taken once a second; between rows a monotone cubic."""

SURE_AGE_S = PRESENCE_AGES_S[1]
_SURE_HELD_MS = 12_000.0
_KNOWN_AGE_S = PRESENCE_AGES_S[0]
_FIRST_ROWS = 1024


class Positions(Protocol):
    """What the race asks of those who know where riders are; times are milliseconds since 1970 UTC."""

    @property
    def bibs(self) -> NDArray[np.int32]:
        """Bib of each rider index; new riders are added behind."""

    @property
    def start_ms(self) -> int:
        """First moment known."""

    @property
    def end_ms(self) -> int:
        """Last moment known."""

    @property
    def finish_ms(self) -> NDArray[np.float64]:
        """When each rider crossed the line, (k,); NaN for the others."""

    def at(self, time_ms: float) -> RiderStates:
        """All riders at one moment."""

    def distances(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Road distances, (t,) times to (t, k) metres; NaN for the absent."""

    def speeds(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Speeds over the usual window, (t,) times to (t, k) m/s; NaN for the absent."""

    def known(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell which positions rest on fixes, (t, k), so that passages may be read from them."""

    def sure(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell who is where he is shown for certain, (t, k); the others never split a group."""


class RecordedPositions:
    """A finished :class:`~tracker3d.track.motion.Motion` as the race reads it."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self.bibs = motion.bibs
        self.start_ms, self.end_ms = motion.start_ms, motion.end_ms
        self.finish_ms = motion.finish_ms
        self.at, self.distances = motion.at, motion.distances
        # feeds stop shortly before the line: who is known to cross it is sure until then
        self._sure_until_ms = np.where(
            np.isfinite(self.finish_ms), np.inf, motion.last_seen_ms + _SURE_HELD_MS
        )

    def speeds(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return speeds over the usual window, (t,) milliseconds to (t, k) m/s; NaN for the absent."""
        times = np.atleast_1d(np.asarray(times_ms, float))
        half_ms = 500.0 * SPEED_WINDOW_S
        gained_m = self.distances(times + half_ms) - self.distances(times - half_ms)
        return np.asarray(gained_m / SPEED_WINDOW_S)

    def known(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Every position of a recording lies between fixes."""
        return np.ones((len(np.atleast_1d(np.asarray(times_ms))), len(self.bibs)), bool)

    def sure(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Those with a fix within 40 s, and not long after their last one."""
        times = np.atleast_1d(np.asarray(times_ms, float))
        young = self._motion.ages_s(times) <= SURE_AGE_S
        return np.asarray(young & (times[:, None] <= self._sure_until_ms))


class PositionTable:
    """A row of positions every second, which grows; its past never changes.

    Parameters
    ----------
    finish_m : float
        Road distance of the line.

    Notes
    -----
    Riders move on a monotone cubic between rows, for which the row after the next must be known: ``end_ms``
    is one row before the last.
    """

    def __init__(self, *, finish_m: float) -> None:
        self.start_ms = 0
        self.bibs = np.zeros(0, np.int32)
        self.finish_ms = np.zeros(0)
        self._finish_m = finish_m
        self._rows = 0
        self._places_m = np.full((_FIRST_ROWS, 0), np.nan)
        self._others = np.zeros((_FIRST_ROWS, 3, 0), np.float32)
        self._presence = np.zeros((_FIRST_ROWS, 0), np.uint8)

    def __len__(self) -> int:
        return self._rows

    def begin(self, start_ms: int) -> None:
        """Say when the first row is, while there is none."""
        self.start_ms = start_ms

    @property
    def next_ms(self) -> int:
        """Time of the row to be added next."""
        return self.start_ms + ROW_MS * self._rows

    @property
    def end_ms(self) -> int:
        """Last moment that can be read, milliseconds since 1970 UTC."""
        return self.start_ms + ROW_MS * max(self._rows - 2, 0)

    def append(self, states: RiderStates) -> None:
        """Add the next row; ``states.bibs`` begins with the bibs known so far."""
        self._make_room(states.bibs)
        row = self._rows
        self._places_m[row] = states.distance_m
        self._others[row] = states.speed_mps, states.lateral_m, states.age_s
        self._presence[row] = states.presence
        new = states.finished & np.isnan(self.finish_ms)
        if new.any():
            before_m = self._places_m[row - 1] if row else states.distance_m
            gained_m = np.maximum(states.distance_m - before_m, 1e-6)
            share = np.clip(np.nan_to_num((self._finish_m - before_m) / gained_m, nan=1.0), 0.0, 1.0)
            self.finish_ms[new] = (self.next_ms - ROW_MS * (1.0 - share))[new]
        self._rows += 1

    def _make_room(self, bibs: NDArray[np.int32]) -> None:
        more = len(bibs) - len(self.bibs)
        if more:
            wide = (len(self._places_m), more)
            self._places_m = np.concatenate([self._places_m, np.full(wide, np.nan)], axis=1)
            blank = np.full((len(self._others), 3, more), np.nan, np.float32)
            self._others = np.concatenate([self._others, blank], axis=2)
            absent = np.full(wide, Presence.ABSENT, np.uint8)
            self._presence = np.concatenate([self._presence, absent], axis=1)
            self.finish_ms = np.append(self.finish_ms, np.full(more, np.nan))
            self.bibs = bibs.copy()
        if self._rows == len(self._places_m):
            self._places_m = np.concatenate([self._places_m, np.full_like(self._places_m, np.nan)])
            self._others = np.concatenate([self._others, np.full_like(self._others, np.nan)])
            self._presence = np.concatenate([self._presence, np.full_like(self._presence, Presence.ABSENT)])

    def _row_at(self, times_ms: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        place = np.clip((times_ms - self.start_ms) / ROW_MS, 0.0, max(self._rows - 2, 0))
        row = np.minimum(place.astype(np.int64), max(self._rows - 3, 0))
        return row, place - row

    def distances(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return road distances at many times, (t,) milliseconds to (t, k) metres, NaN for the absent."""
        times = np.atleast_1d(np.asarray(times_ms, float))
        if not self._rows:
            return np.full((len(times), len(self.bibs)), np.nan)
        row, share = self._row_at(times)
        last = self._rows - 1
        low, high = self._places_m[row], self._places_m[np.minimum(row + 1, last)]
        before, after = self._places_m[np.maximum(row - 1, 0)], self._places_m[np.minimum(row + 2, last)]
        gained = high - low
        low_gain = _monotone(low - before, gained)
        high_gain = _monotone(after - high, gained)
        share = share[:, None]
        rest = 1.0 - share
        bend = (low_gain - gained) * rest - (high_gain - gained) * share
        places_m = low + share * gained + share * rest * bend
        places_m = np.where(share == 0.0, low, places_m)
        places_m[times < self.start_ms] = np.nan
        return np.asarray(places_m)

    def at(self, time_ms: float) -> RiderStates:
        """Return all riders at one moment; after the last row everybody holds, before the first nobody is."""
        time = np.array([float(time_ms)])
        place_m = self.distances(time)[0]
        if not self._rows:
            speed_mps = lateral_m = age_s = np.full(len(self.bibs), np.nan)
            presence = np.full(len(self.bibs), Presence.ABSENT, np.uint8)
        else:
            row, share = (int(self._row_at(time)[0][0]), float(self._row_at(time)[1][0]))
            low, high = self._others[row], self._others[min(row + 1, self._rows - 1)]
            mixed = np.where(np.isnan(low), high, low + np.float32(share) * (high - low)).astype(float)
            speed_mps, lateral_m, age_s = mixed
            age_s = age_s + max(0.0, time_ms - self.end_ms) / 1000.0
            presence = self._presence[row if share < 1.0 else min(row + 1, self._rows - 1)].copy()
        absent = np.isnan(place_m)
        presence[absent] = Presence.ABSENT
        for column in (speed_mps, lateral_m, age_s):
            column[absent] = np.nan
        return RiderStates(
            time_ms=int(time_ms),
            bibs=self.bibs,
            distance_m=place_m,
            speed_mps=speed_mps,
            lateral_m=lateral_m,
            age_s=age_s,
            presence=presence,
            finished=time_ms >= self.finish_ms,
        )

    def speeds(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return what each rider's fixes say of his speed, (t,) milliseconds to (t, k) m/s.

        A rider who is shown waiting because he was shown too far ahead does not stand still.
        """
        return np.asarray(self._others[self._nearest_row(times_ms), 0], float)

    def known(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell which positions rest on a fix of 12 s at most: later ones are taken on at the last speed."""
        return np.asarray(self._others[self._nearest_row(times_ms), 2] < _KNOWN_AGE_S)

    def sure(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell whose fix is no older than 40 s, and who is not doubted."""
        return np.asarray(self._presence[self._nearest_row(times_ms)] < Presence.STALE)

    def _nearest_row(self, times_ms: ArrayLike) -> NDArray[np.int64]:
        row = np.rint((np.atleast_1d(np.asarray(times_ms, float)) - self.start_ms) / ROW_MS)
        return np.clip(row, 0, max(self._rows - 1, 0)).astype(np.int64)


def _monotone(neighbour: NDArray[np.float64], gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of a step at a row between two steps: their mean, but at most thrice the smaller; all are >= 0."""
    neighbour = np.where(np.isnan(neighbour), gained, neighbour)
    return np.asarray(np.minimum(0.5 * (neighbour + gained), 3.0 * np.minimum(neighbour, gained)))
