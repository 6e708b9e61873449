"""Gathering reports from frames and documents in whatever order they come."""

from __future__ import annotations

import bisect
import math
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from tracker3d.feed import documents
from tracker3d.feed.racecenter import is_other_day, noon_of, wearers_of
from tracker3d.feed.reports import (
    GroupReport,
    JerseyReport,
    RankingReport,
    Reports,
    WeatherReport,
    Withdrawal,
    WithdrawalKind,
)
from tracker3d.feed.weather import RiderWeather

if TYPE_CHECKING:
    from tracker3d.feed.documents import Document
    from tracker3d.feed.racecenter import Frame
    from tracker3d.stage.model import Stage

_MOST_REPORTS = 20_000
"""Of each kind; six hours of a group report every two seconds are half of it."""
_MOST_RANKINGS = 500
_LARGEST_STAGE = 99

_Report = TypeVar("_Report", GroupReport, RankingReport)


class ReportBook:
    """Everything that a feed has said besides positions so far.

    Reports are put in their place by time, so that what a server sends again after a reconnect, early or
    late, changes nothing. Memory is bounded whatever comes.

    Parameters
    ----------
    stage : Stage
        Its day, its start for documents that give no time, and its finish, which distances count from.
    """

    def __init__(self, stage: Stage) -> None:
        self._noon_ms, self._start_ms = noon_of(stage), stage.start_time_ms
        self._rider_weather = RiderWeather(stage.route.finish_m)
        self._groups: list[GroupReport] = []
        self._rankings: dict[tuple[str, float], list[RankingReport]] = {}
        self._jerseys: list[JerseyReport] = []
        self._withdrawals: dict[tuple[int, int], WithdrawalKind] = {}
        self._weather: dict[tuple[int, object], WeatherReport] = {}
        self._stage_number = 0
        self._newest_ms = -math.inf
        self._gathered: Reports | None = None
        self.refused: Counter[str] = Counter()

    @property
    def reports(self) -> Reports:
        """All of them; the same object as long as nothing new has come."""
        if self._gathered is None:
            self._gathered = Reports(
                groups=tuple(self._groups),
                jerseys=tuple(self._jerseys),
                withdrawals=tuple(
                    Withdrawal(bib, number, kind)
                    for (number, bib), kind in sorted(self._withdrawals.items(), key=lambda item: item[0])
                ),
                weather=tuple(sorted(self._weather.values(), key=_weather_order)),
                refused=dict(self.refused),
                rankings=tuple(
                    sorted(
                        (report for reports in self._rankings.values() for report in reports),
                        key=lambda report: report.time_ms,
                    )
                ),
                stage_number=self._stage_number,
            )
        return self._gathered

    def set_stage_number(self, number: int) -> None:
        """Note which stage of its race this is, where that is known."""
        if 0 < number <= _LARGEST_STAGE and number != self._stage_number:
            self._stage_number, self._gathered = number, None

    def add_frame(self, frame: Frame) -> None:
        """Take jerseys and weather out of a frame of riders that belongs to this stage."""
        if frame.time_ms is None or not math.isfinite(frame.time_ms):
            return
        if frame.StageId and frame.StageId.isdecimal() and len(frame.StageId) <= 4:
            self.set_stage_number(int(frame.StageId) // 100)
        for key, report in self._rider_weather.add(frame).items():
            self._keep_weather(key, report)
        if frame.time_ms > self._newest_ms:
            self._newest_ms = frame.time_ms
            self._note_wearers(round(frame.time_ms), wearers_of(frame))

    def add_document(self, document: Document, *, receive_ms: int | None = None) -> None:
        """Take out of a document what it says.

        Parameters
        ----------
        document : Document
        receive_ms : int, optional
            When it came, for one that does not say when it was written.
        """
        self._gathered = None
        kind = document.kind
        if kind == documents.GROUPS:
            self._add_groups(document, receive_ms)
        elif kind == documents.CHECKPOINTS:
            self._add_weather(document)
        elif kind == documents.RANKINGS:
            self._add_ranking(document, receive_ms)
        elif kind in (documents.RIDERS, documents.WITHDRAWALS) or "withdrew" in document.content:
            self._note_withdrawals(document)

    def _note_withdrawals(self, document: Document) -> None:
        for gone in documents.withdrawals_of(document):
            key = gone.stage_number, gone.bib
            told_better = gone.kind is WithdrawalKind.UNKNOWN and key in self._withdrawals
            if not told_better and len(self._withdrawals) < _MOST_REPORTS:
                self._withdrawals[key] = gone.kind

    def _note_wearers(self, time_ms: int, told: dict[str, int]) -> None:
        last = self._jerseys[-1].wearers if self._jerseys else {}
        wearers = {**last, **told}
        if wearers != last:
            self._jerseys.append(JerseyReport(time_ms, wearers))
            self._jerseys = self._jerseys[-_MOST_REPORTS:]
            self._gathered = None

    def _add_groups(self, document: Document, receive_ms: int | None) -> None:
        groups = documents.groups_of(document)
        time_ms = self._time_of(document, receive_ms)
        if not groups:
            self.refused["documents of groups without any"] += 1
        elif time_ms is None:
            self.refused["groups at no known time"] += 1
        elif is_other_day(time_ms, self._noon_ms):
            self.refused["groups of another day"] += 1
        else:
            _insert(self._groups, GroupReport(round(time_ms), groups), most=_MOST_REPORTS)

    def _add_ranking(self, document: Document, receive_ms: int | None) -> None:
        time_ms = self._time_of(document, receive_ms)
        report = None if time_ms is None else documents.ranking_at(document, round(time_ms))
        if report is None:
            self.refused["rankings of nobody"] += 1
            return
        where = -1.0 if math.isnan(report.distance_m) else report.distance_m
        if len(self._rankings) >= _MOST_RANKINGS and (report.kind, where) not in self._rankings:
            self.refused["rankings of too many kinds"] += 1
            return
        _insert(self._rankings.setdefault((report.kind, where), []), report, most=_MOST_RANKINGS)

    def _add_weather(self, document: Document) -> None:
        for report in documents.weather_of(document):
            if is_other_day(report.time_ms, self._noon_ms):
                self.refused["weather of another day"] += 1
            else:
                place = "checkpoint", None if math.isnan(report.distance_m) else report.distance_m
                self._keep_weather((report.time_ms // 60_000, place), report)

    def _keep_weather(self, key: tuple[int, object], report: WeatherReport) -> None:
        self._weather.pop(key, None)
        self._weather[key] = report
        if len(self._weather) > _MOST_REPORTS:
            del self._weather[next(iter(self._weather))]
        self._gathered = None

    def _time_of(self, document: Document, receive_ms: int | None) -> float | None:
        if document.time_ms is not None:
            return document.time_ms
        if receive_ms is not None:
            return receive_ms
        if math.isfinite(self._newest_ms):
            return self._newest_ms
        return self._noon_ms if self._start_ms is None else self._start_ms


def _weather_order(report: WeatherReport) -> tuple[int, float]:
    return report.time_ms, -1.0 if math.isnan(report.distance_m) else report.distance_m


def _says(report: GroupReport | RankingReport) -> object:
    # repr, since NaN differs from itself
    return repr(report.groups if isinstance(report, GroupReport) else report.riders)


def _insert(reports: list[_Report], report: _Report, *, most: int) -> None:
    """Put a report in its place by time, unless one beside it says the same; another of its time goes."""
    at = bisect.bisect_right(reports, report.time_ms, key=lambda other: other.time_ms)
    if at and reports[at - 1].time_ms == report.time_ms:
        at -= 1
        del reports[at]
    if at and _says(reports[at - 1]) == _says(report):
        return
    if at < len(reports) and _says(reports[at]) == _says(report):
        reports[at] = report
    else:
        reports.insert(at, report)
    del reports[: max(len(reports) - most, 0)]
