"""Bytes to fixes and reports: decoders by format, and the rehearsal in :mod:`tracker3d.feed.rehearsal`."""

from tracker3d.feed.fixes import Fixes, FixFlag, FixSource
from tracker3d.feed.reading import read_feed, read_feed_and_reports, read_reports
from tracker3d.feed.reports import (
    GroupReport,
    JerseyReport,
    RankedRider,
    RankingReport,
    ReportedGroup,
    Reports,
    WeatherReport,
    Withdrawal,
    WithdrawalKind,
)

__all__ = [
    "FixFlag",
    "FixSource",
    "Fixes",
    "GroupReport",
    "JerseyReport",
    "RankedRider",
    "RankingReport",
    "ReportedGroup",
    "Reports",
    "WeatherReport",
    "Withdrawal",
    "WithdrawalKind",
    "read_feed",
    "read_feed_and_reports",
    "read_reports",
]
