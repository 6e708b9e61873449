"""Where riders are, as the race reads it: a finished recording, or a table that grows as the race goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from tracker3d.track.compiled import compiled
from tracker3d.track.model import PRESENCE_AGES_S, SPEED_WINDOW_S, Presence, RiderStates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tracker3d.track.motion import Motion

ROW_MS = 1000
"""Positions are taken once a second; between rows a monotone cubic."""

SURE_AGE_S = PRESENCE_AGES_S[1]
_SURE_HELD_MS = 12_000.0
_KNOWN_AGE_S = PRESENCE_AGES_S[0]
_FIRST_ROWS = 6 * 3600
_FIRST_RIDERS = 256
"""Room for six hours of a large field at once: nothing is copied, and what is not written takes no memory."""


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


class _Rows(NamedTuple):
    """What a table holds at one moment: growing makes another one, and readers never see half of a step.

    Columns are (riders, rows), with room for more of both, so that who comes late needs no other table.
    Places are millimetres, speeds centimetres a second, lateral places units of 4 cm, ages 0.1 s.
    """

    rows: int
    bibs: NDArray[np.int32]
    finish_ms: NDArray[np.float64]
    places: NDArray[np.int32]
    speeds: NDArray[np.int16]
    laterals: NDArray[np.int8]
    ages: NDArray[np.uint16]
    presence: NDArray[np.uint8]


_UNITS = (1e-3, 1e-2, 4e-2, 1e-1)
"""Metres, metres a second, metres and seconds of one step of each column."""


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

    A row takes 10 bytes a rider, so that five hours of 180 riders are 32 MB, and only what is written, or
    reserved before, takes memory. One thread may add rows while others read: what they read is the table
    before or after a row, for rows and riders that they do not know of are written where they do not look.
    """

    def __init__(self, *, finish_m: float) -> None:
        self.start_ms = 0
        self._finish_m = finish_m
        self._kept = _Rows(0, np.zeros(0, np.int32), np.zeros(0), *_columns(_FIRST_RIDERS, _FIRST_ROWS))

    def __len__(self) -> int:
        return self._kept.rows

    @property
    def bibs(self) -> NDArray[np.int32]:
        """Bib of each rider index; new riders are added behind."""
        return self._kept.bibs

    @property
    def finish_ms(self) -> NDArray[np.float64]:
        """When each rider crossed the line, (k,); NaN for the others."""
        return self._kept.finish_ms

    def reserve(self, riders: int) -> None:
        """Have the memory now that the first six hours of so many riders will take.

        What is not there is then missed at the start of a show, and nothing grows on air.
        """
        columns: tuple[NDArray[Any], ...] = self._kept[3:]
        for column in columns:
            column[:riders] = 0

    def begin(self, start_ms: int) -> None:
        """Say when the first row is, while there is none."""
        self.start_ms = start_ms

    @property
    def next_ms(self) -> int:
        """Time of the row to be added next."""
        return self.start_ms + ROW_MS * self._kept.rows

    @property
    def end_ms(self) -> int:
        """Last moment that can be read, milliseconds since 1970 UTC."""
        return self.start_ms + ROW_MS * max(self._kept.rows - 2, 0)

    def append(self, states: RiderStates) -> None:
        """Add the next row; ``states.bibs`` begins with the bibs known so far."""
        kept = _with_room(self._kept, len(states.bibs))
        if len(states.bibs) > len(kept.bibs):
            kept = _with_riders(kept, states.bibs)
        row, riders = kept.rows, len(kept.bibs)
        values = (states.distance_m, states.speed_mps, states.lateral_m, states.age_s)
        columns: tuple[NDArray[Any], ...] = kept[3:7]
        for column, unit, value in zip(columns, _UNITS, values, strict=True):
            nothing, most = _NOTHING[column.dtype], _LARGEST[column.dtype]
            _pack(column, row, np.asarray(value, float), unit, 0 if nothing > 0 else -most, most, nothing)
        kept.presence[:riders, row] = states.presence
        new = states.finished & np.isnan(kept.finish_ms)
        if new.any():
            before_m = _read(kept, kept.places, row - 1, _UNITS[0]) if row else states.distance_m
            gained_m = np.maximum(states.distance_m - before_m, 1e-6)
            share = np.clip(np.nan_to_num((self._finish_m - before_m) / gained_m, nan=1.0), 0.0, 1.0)
            arrived_ms = self.next_ms - ROW_MS * (1.0 - share)
            kept = kept._replace(finish_ms=np.where(new, arrived_ms, kept.finish_ms))
        self._kept = kept._replace(rows=row + 1)

    def _row_at(
        self, kept: _Rows, times_ms: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        place = np.clip((times_ms - self.start_ms) / ROW_MS, 0.0, max(kept.rows - 2, 0))
        row = np.minimum(place.astype(np.int64), max(kept.rows - 3, 0))
        return row, place - row

    def distances(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return road distances at many times, (t,) milliseconds to (t, k) metres, NaN for the absent."""
        return self._distances(self._kept, np.atleast_1d(np.asarray(times_ms, float)))

    def _distances(self, kept: _Rows, times: NDArray[np.float64]) -> NDArray[np.float64]:
        if not kept.rows:
            return np.full((len(times), len(kept.bibs)), np.nan)
        row, share = self._row_at(kept, times)
        last = kept.rows - 1
        rows = np.stack([np.maximum(row - 1, 0), row, np.minimum(row + 1, last), np.minimum(row + 2, last)])
        before, low, high, after = _read(kept, kept.places, rows, _UNITS[0])
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
        kept = self._kept
        time = np.array([float(time_ms)])
        place_m = self._distances(kept, time)[0]
        if not kept.rows:
            speed_mps = lateral_m = age_s = np.full(len(kept.bibs), np.nan)
            presence = np.full(len(kept.bibs), Presence.ABSENT, np.uint8)
        else:
            rows, shares = self._row_at(kept, time)
            row, share = int(rows[0]), float(shares[0])
            after = min(row + 1, kept.rows - 1)
            columns: tuple[NDArray[Any], ...] = kept[4:7]
            speed_mps, lateral_m, age_s = (
                _mixed(_read(kept, column, row, unit), _read(kept, column, after, unit), share)
                for column, unit in zip(columns, _UNITS[1:], strict=True)
            )
            age_s = age_s + max(0.0, time_ms - self.end_ms) / 1000.0
            presence = _written(kept, kept.presence, row if share < 1.0 else after)
        absent = np.isnan(place_m)
        presence[absent] = Presence.ABSENT
        for values in (speed_mps, lateral_m, age_s):
            values[absent] = np.nan
        return RiderStates(
            time_ms=int(time_ms),
            bibs=kept.bibs,
            distance_m=place_m,
            speed_mps=speed_mps,
            lateral_m=lateral_m,
            age_s=age_s,
            presence=presence,
            finished=time_ms >= kept.finish_ms,
        )

    def speeds(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Return what each rider's fixes say of his speed, (t,) milliseconds to (t, k) m/s.

        A rider who is shown waiting because he was shown too far ahead does not stand still.
        """
        kept = self._kept
        return _read(kept, kept.speeds, self._nearest_row(kept, times_ms), _UNITS[1])

    def known(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell which positions rest on a fix of 12 s at most: later ones are taken on at the last speed."""
        kept = self._kept
        ages_s = _read(kept, kept.ages, self._nearest_row(kept, times_ms), _UNITS[3])
        return np.asarray(ages_s < _KNOWN_AGE_S)

    def sure(self, times_ms: ArrayLike) -> NDArray[np.bool_]:
        """Tell whose fix is no older than 40 s, and who is not doubted."""
        kept = self._kept
        return np.asarray(_written(kept, kept.presence, self._nearest_row(kept, times_ms)) < Presence.STALE)

    def _nearest_row(self, kept: _Rows, times_ms: ArrayLike) -> NDArray[np.int64]:
        row = np.rint((np.atleast_1d(np.asarray(times_ms, float)) - self.start_ms) / ROW_MS)
        return np.clip(row, 0, max(kept.rows - 1, 0)).astype(np.int64)


def _columns(
    riders: int, rows: int
) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.int8], NDArray[np.uint16], NDArray[np.uint8]]:
    """Return room that takes no memory before it is written."""
    size = (riders, rows)
    return (
        np.empty(size, np.int32),
        np.empty(size, np.int16),
        np.empty(size, np.int8),
        np.empty(size, np.uint16),
        np.empty(size, np.uint8),
    )


def _with_room(kept: _Rows, riders: int) -> _Rows:
    """Return the same with room for another row of so many riders: hardly ever another table."""
    most_riders, most_rows = kept.places.shape
    if riders <= most_riders and kept.rows < most_rows:
        return kept
    columns = _columns(
        most_riders if riders <= most_riders else max(2 * most_riders, riders),
        most_rows if kept.rows < most_rows else 2 * most_rows,
    )
    old_columns: tuple[NDArray[Any], ...] = kept[3:]
    new_columns: tuple[NDArray[Any], ...] = columns
    for old, new in zip(old_columns, new_columns, strict=True):
        new[: len(kept.bibs), : kept.rows] = old[: len(kept.bibs), : kept.rows]
    return _Rows(kept.rows, kept.bibs, kept.finish_ms, *columns)


def _with_riders(kept: _Rows, bibs: NDArray[np.int32]) -> _Rows:
    """Return the same rows with more riders, who were absent so far."""
    before, riders = len(kept.bibs), len(bibs)
    columns: tuple[NDArray[Any], ...] = kept[3:]
    for column in columns:
        nothing = Presence.ABSENT if column.dtype == np.uint8 else _NOTHING[column.dtype]
        column[before:riders, : kept.rows] = nothing
    finish_ms = np.append(kept.finish_ms, np.full(riders - before, np.nan))
    return kept._replace(bibs=bibs.copy(), finish_ms=finish_ms)


def _written(kept: _Rows, column: NDArray[Any], rows: ArrayLike) -> NDArray[Any]:
    """Return what a column holds of all riders at some rows, in the shape of ``rows`` and riders last."""
    return np.ascontiguousarray(np.moveaxis(column[: len(kept.bibs)][:, np.asarray(rows)], 0, -1))


def _read(kept: _Rows, column: NDArray[Any], rows: ArrayLike, unit: float) -> NDArray[np.float64]:
    """Return the same in metres, metres a second or seconds; NaN where nothing is known."""
    return _unpacked(_written(kept, column, rows), unit)


_NOTHING: dict[np.dtype[Any], int] = {
    np.dtype(np.int32): -(2**31),
    np.dtype(np.int16): -(2**15),
    np.dtype(np.int8): -(2**7),
    np.dtype(np.uint16): 2**16 - 1,
}
"""What stands for NaN in a column."""

_LARGEST: dict[np.dtype[Any], int] = {
    np.dtype(np.int32): 2**31 - 1,
    np.dtype(np.int16): 2**15 - 1,
    np.dtype(np.int8): 2**7 - 1,
    np.dtype(np.uint16): 2**16 - 2,
}


@compiled
def _pack(
    column: NDArray[Any],
    row: int,
    values: NDArray[np.float64],
    unit: float,
    least: int,
    most: int,
    nothing: int,
) -> None:
    """Write a row of a column in steps of its unit."""
    for rider in range(len(values)):
        steps = np.rint(values[rider] / unit)
        column[rider, row] = nothing if np.isnan(steps) else int(min(max(steps, least), most))


def _unpacked(steps: NDArray[Any], unit: float) -> NDArray[np.float64]:
    values = steps * unit
    values[steps == _NOTHING[steps.dtype]] = np.nan
    return np.asarray(values)


def _mixed(low: NDArray[np.float64], high: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return what lies between two rows; where only the later knows, that."""
    return np.where(np.isnan(low), high, low + share * (high - low))


def _monotone(neighbour: NDArray[np.float64], gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of a step at a row between two steps: their mean, but at most thrice the smaller; all are >= 0."""
    neighbour = np.where(np.isnan(neighbour), gained, neighbour)
    return np.asarray(np.minimum(0.5 * (neighbour + gained), 3.0 * np.minimum(neighbour, gained)))
