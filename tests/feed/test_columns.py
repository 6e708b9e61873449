from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tracker3d.errors import FeedError
from tracker3d.feed.columns import FixColumns, parse_utc_ms

T = 1_783_420_242_000.0


def test_rows_that_cannot_be_used_are_counted_by_cause():
    columns = FixColumns()
    columns.add(T, 7, 43.0, 1.5, speed_mps=11.0)
    columns.add(T, None, 43.0, 1.5)
    columns.add(None, 7, 43.0, 1.5)
    columns.add(T, 7, 143.0, 1.5)
    columns.add(T, 7, 0.0, 0.0)
    columns.add(T, 7, None, 1.5)
    columns.add(T, -3, 43.0, 1.5, speed_mps=-2.0)
    columns.add(T, 7, 43.0, 1.5, speed_mps=115.0 / 3.6)
    fixes = columns.to_fixes(Path("f.csv"))
    assert fixes.refused == {
        "rows without a bib": 1,
        "rows without a valid time": 1,
        "rows without a valid position": 3,
    }
    assert fixes.bibs.tolist() == [-3, 7]
    assert fixes.rider.tolist() == [1, 0, 1]
    assert fixes.speed_mps[0] == pytest.approx(11.0)
    assert np.isnan(fixes.speed_mps[1:]).all()


def test_nothing_usable_is_one_plain_sentence():
    columns = FixColumns()
    columns.add(T, None, 43.0, 1.5)
    with pytest.raises(
        FeedError, match=r"^race\.csv holds no usable rider position \(1 rows without a bib\); give .*\.$"
    ):
        columns.to_fixes(Path("race.csv"))
    with pytest.raises(FeedError, match=r"^race\.csv holds no rider positions; give .*\.$"):
        FixColumns().to_fixes(Path("race.csv"))


def test_more_riders_than_any_race_has():
    columns = FixColumns()
    for bib in range(1, 2500):
        columns.add(T, bib, 43.0, 1.5)
    with pytest.raises(FeedError, match=r"2,499 different bibs"):
        columns.to_fixes(Path("race.csv"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-07T10:30:42.000Z", T),
        ("2026-07-07T12:30:42+02:00", T),
        ("2026-07-07T10:30:42", T),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(text, expected):
    assert parse_utc_ms(text) == expected
