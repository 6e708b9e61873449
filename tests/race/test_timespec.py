from __future__ import annotations

import pytest

from tracker3d.errors import InputError
from tracker3d.timespec import local_clock, parse_time

START_MS = 1_783_420_000_000


@pytest.fixture(scope="module")
def race(make_race, ridden):
    return make_race({1: ridden})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-07T10:40:00Z", START_MS + 800_000),
        ("2026-07-07T12:40:00+02:00", START_MS + 800_000),
        ("12:40:00", START_MS + 800_000),
        ("12:40", START_MS + 800_000),
        (" 12:40:00.5 ", START_MS + 800_500),
    ],
)
def test_the_same_moment_in_several_words(race, text, expected):
    assert parse_time(text, stage=race.stage, race=race) == expected
    assert local_clock(expected, race.stage) == "12:40:00"


@pytest.mark.parametrize("text", ["20km", "20.0 km", "20,0KM"])
def test_kilometres_to_go(race, text):
    time_ms = parse_time(text, stage=race.stage, race=race)
    assert race.at(time_ms).to_go_m == pytest.approx(20_000.0, abs=15.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("noon", "is no time"),
        ("", "is no time"),
        ("2026-07-07T10:40:00", "has no time zone"),
        ("25:00:00", "cannot be read"),
        ("9:00:00", "outside the recording, which runs from 12:26:40 to"),
        ("2025-07-07T10:40:00Z", "outside the recording"),
        ("99km", "99.0 km to go; choose"),
        ("9999999999999999999999km", "choose"),
    ],
)
def test_what_cannot_be_meant_is_said_plainly(race, text, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_time(text, stage=race.stage, race=race)
    assert str(caught.value).endswith(".")
