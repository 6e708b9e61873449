"""The weather that frames of riders hold: a grid of a weather model, told rider by rider."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, NamedTuple

from tracker3d.feed.reports import NAN, WeatherReport

if TYPE_CHECKING:
    from tracker3d.feed.racecenter import Frame, Rider

_PLACE_M = 5_000.0
"""So much road is one place: the grid is no finer."""
_PLACES_A_DEGREE = 20.0
_MINUTE_MS = 60_000
_EARTH_M = 6_371_000.0
_MOVED_M = (15.0, 600.0)
_WITHIN_MS = 20_000
_LEAST_AGREEMENT = 0.5
"""Mean resultant length (0 to 1) below which directions do not agree on any."""


class _Sample(NamedTuple):
    distance_m: float
    lon_deg: float
    lat_deg: float
    temperature_c: float
    wind_mps: float
    wind_from_rad: float


class RiderWeather:
    """Gives one report for each minute and place on the road that riders are at.

    The feed tells the wind relative to each rider's heading, 0 for a headwind. The heading is the feed's own
    ``Course``; where that is always 0, as in time trials, it is the way since the frame before.

    Parameters
    ----------
    finish_m : float
        Official road distance of the finish, which the feed counts backwards from.
    """

    def __init__(self, finish_m: float) -> None:
        self._finish_m = finish_m
        self._before: Frame | None = None
        self._done_minute = -1

    def add(self, frame: Frame) -> dict[tuple[int, object], WeatherReport]:
        """Return the reports of a frame by minute and place; mostly none: a minute is reported once.

        Frames older than the newest say nothing new.
        """
        before, now_ms = self._before, frame.time_ms
        if now_ms is None or all(row.kphWind is None and row.degC is None for row in frame.Riders or ()):
            return {}
        if before is not None and before.time_ms is not None and now_ms <= before.time_ms:
            return {}
        self._before = frame
        minute = int(now_ms // _MINUTE_MS)
        if minute == self._done_minute:
            return {}
        headings = _headings_rad(frame, before)
        places: dict[object, list[_Sample]] = {}
        for row in frame.Riders or ():
            sample = self._sample(row, headings.get(row.Bib, NAN))
            if sample is not None:
                places.setdefault(_place(sample), []).append(sample)
        reports = {(minute, place): _report(round(now_ms), samples) for place, samples in places.items()}
        if any(math.isfinite(report.wind_from_rad) for report in reports.values()):
            self._done_minute = minute
        return reports

    def _sample(self, row: Rider, heading_rad: float) -> _Sample | None:
        position = row.position
        if position is None or (row.degC is None and row.kphWind is None):
            return None
        wind_from_rad = NAN if row.RiderWindDir is None else heading_rad + math.radians(row.RiderWindDir)
        return _Sample(
            NAN if row.kmToFinish is None else self._finish_m - row.kmToFinish * 1000.0,
            position[1],
            position[0],
            NAN if row.degC is None or not abs(row.degC) <= 60.0 else row.degC,
            NAN if row.kphWind is None or not 0.0 <= row.kphWind <= 300.0 else row.kphWind / 3.6,
            wind_from_rad,
        )


def _headings_rad(frame: Frame, before: Frame | None) -> dict[int | None, float]:
    """Heading of each rider, clockwise from north, as far as it is known."""
    rows = frame.Riders or []
    told: dict[int | None, float] = {
        row.Bib: math.radians(row.Course) for row in rows if row.Course is not None
    }
    if any(told.values()):
        return told
    if before is None or frame.time_ms is None or before.time_ms is None:
        return {}
    if frame.time_ms - before.time_ms > _WITHIN_MS:
        return {}
    earlier = {row.Bib: row.position for row in before.Riders or []}
    headings: dict[int | None, float] = {}
    for row in rows:
        begin, end = earlier.get(row.Bib), row.position
        if begin is not None and end is not None:
            north_m = math.radians(end[0] - begin[0]) * _EARTH_M
            east_m = math.radians(end[1] - begin[1]) * _EARTH_M * math.cos(math.radians(end[0]))
            if _MOVED_M[0] <= math.hypot(north_m, east_m) <= _MOVED_M[1]:
                headings[row.Bib] = math.atan2(east_m, north_m)
    return headings


def _place(sample: _Sample) -> object:
    if math.isfinite(sample.distance_m):
        return int(sample.distance_m // _PLACE_M)
    return round(sample.lon_deg * _PLACES_A_DEGREE), round(sample.lat_deg * _PLACES_A_DEGREE)


def _report(time_ms: int, samples: list[_Sample]) -> WeatherReport:
    """Means over the riders of a place, at the one in their middle."""
    middle = sorted(samples, key=lambda sample: sample.distance_m)[len(samples) // 2]
    return WeatherReport(
        time_ms=time_ms,
        distance_m=middle.distance_m,
        lon_deg=middle.lon_deg,
        lat_deg=middle.lat_deg,
        temperature_c=_mean([sample.temperature_c for sample in samples]),
        wind_mps=_mean([sample.wind_mps for sample in samples]),
        wind_from_rad=_mean_direction_rad([sample.wind_from_rad for sample in samples]),
    )


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else NAN


def _mean_direction_rad(values: list[float]) -> float:
    """Circular mean; NaN where the directions contradict each other."""
    known = [cmath.rect(1.0, value) for value in values if math.isfinite(value)]
    mean = sum(known) / len(known) if known else 0j
    return cmath.phase(mean) % math.tau if abs(mean) >= _LEAST_AGREEMENT else NAN
