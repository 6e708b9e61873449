"""A hundred thousand mutated messages and files: nothing comes out of a decoder but its own errors.

Real messages are among them where they are here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import FILES, MESSAGES, REAL_FEED, STREAM, as_message, real_messages, shaken

from tracker3d.errors import InputError
from tracker3d.feed import Fixes, Reports, read_feed_and_reports
from tracker3d.feed.live.sse import EventParser
from tracker3d.feed.live.transport import LostError
from tracker3d.feed.reports import JERSEYS
from tracker3d.feed.stream import FixStream

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.stage.model import Stage

MUTATED_MESSAGES, MUTATED_FILES, MUTATED_STREAMS = 92_000, 3_000, 5_000
AT_ONCE = 50


def check_fixes(fixes: Fixes) -> None:
    """Everything is in its range, and all columns are as long."""
    assert np.isfinite(fixes.lat_deg).all()
    assert (np.abs(fixes.lat_deg) <= 90.0).all()
    assert (np.abs(fixes.lon_deg) <= 180.0).all()
    assert not (fixes.speed_mps < 0.0).any()
    columns = ("time_ms", "rider", "lon_deg", "speed_mps", "official_to_go_m", "flags", "source")
    assert {len(getattr(fixes, name)) for name in columns} == {len(fixes)}


def check_reports(reports: Reports) -> None:
    """Every value is in its range or NaN, and everything is in order."""
    for listed in (reports.groups, reports.jerseys, reports.weather, reports.rankings):
        times_ms = [report.time_ms for report in listed]
        assert times_ms == sorted(times_ms)
    for group in (group for report in reports.groups for group in report.groups):
        assert group.size == -1 or group.size >= max(len(group.bibs), 1)
        assert all(bib > 0 for bib in group.bibs)
        assert not any(value < 0.0 for value in (group.gap_s, group.to_go_m, group.speed_mps))
    for jersey in reports.jerseys:
        assert set(jersey.wearers) <= set(JERSEYS)
        assert all(bib > 0 for bib in jersey.wearers.values())
    for weather in reports.weather:
        assert math.isnan(weather.temperature_c) or abs(weather.temperature_c) <= 60.0
        assert math.isnan(weather.wind_from_rad) or 0.0 <= weather.wind_from_rad <= math.tau
        assert not weather.wind_mps < 0.0
    assert all(gone.bib > 0 and gone.stage_number > 0 for gone in reports.withdrawals)
    assert not any(rider.time_s < 0.0 for report in reports.rankings for rider in report.riders)


def test_mutated_messages(stage):
    chance, usable, refused = random.Random(11), 0, Counter()
    seeds = [*MESSAGES, *(real_messages(REAL_FEED) if REAL_FEED.is_dir() else ())]
    # Long messages stand for few of the seeds: most of a mutation's chances are in the short ones.
    weights = [1.0 if len(data) < 3_000 else 0.1 for data in seeds]
    lasting, heard = FixStream(dataclasses.replace(stage, date="")), Reports()
    for _ in range(MUTATED_MESSAGES // AT_ONCE):
        chosen = chance.choices(seeds, weights, k=AT_ONCE)
        messages = [as_message(shaken(data, chance), chance.choice(("", "race/3"))) for data in chosen]
        lasting.add(messages)
        stream = FixStream(stage)
        fixes, reports = stream.add(messages), stream.reports
        check_fixes(fixes)
        check_reports(reports)
        usable += len(fixes)
        refused.update(fixes.refused)
        refused.update(reports.refused)
        heard = reports if reports.groups and reports.weather and reports.jerseys else heard
    check_reports(lasting.reports)
    # All kinds are met: what still stands, and every fault.
    assert usable > MUTATED_MESSAGES // 100
    assert heard.groups
    assert refused["messages that are not feed events"] > MUTATED_MESSAGES // 20
    assert refused["sentences that are damaged"] > MUTATED_MESSAGES // 100
    assert refused["lines that are no position"] > MUTATED_MESSAGES // 200
    assert refused["documents of groups without any"] > 10


def test_mutated_files(stage, tmp_path):
    """Every format of a recorded feed; what cannot be read is one plain sentence."""
    chance, read, path = random.Random(12), Counter(), tmp_path / "feed"
    for index in range(MUTATED_FILES):
        kind = index % len(FILES)
        path.write_bytes(shaken(FILES[kind], chance))
        contents, complaint = understood(path, stage)
        if contents is None:
            assert str(path) in complaint
            assert complaint.endswith(".")
        else:
            check_fixes(contents[0])
            check_reports(contents[1])
            read[kind] += 1
    # Some of each are still read, but for a pressed file, which its checksum guards, and mere groups.
    assert set(read) >= {0, 1, 2, 3, 4, 6, 7}


def understood(path: Path, stage: Stage) -> tuple[tuple[Fixes, Reports] | None, str]:
    """Return what a file holds, or else what its error says."""
    try:
        return read_feed_and_reports(path, stage=stage), ""
    except InputError as error:
        return None, str(error)


def test_mutated_streams():
    """Bytes of server-sent events in any chunks: whole events come out, whatever is between them."""
    chance, events = random.Random(13), 0
    for _ in range(MUTATED_STREAMS):
        parser, content, at = EventParser(), shaken(STREAM, chance), 0
        with contextlib.suppress(LostError):
            while at < len(content):
                size = chance.randint(1, 2_000)
                found = parser.feed(content[at : at + size])
                assert all(isinstance(event, bytes) and event for event in found)
                events += len(found)
                at += size
    assert events > MUTATED_STREAMS


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("order", "name", "bibs", "riders", "bib", "bibNumber", "size", "speed", "relative", "groups"),
        *("computedRelative", "secondsToFront", "remainingDistance", "withdrew", "stage", "code", "length"),
        *("rankings", "position", "absolute", "type", "checkpointMeteo", "meteoAt", "temperature", "date"),
        *("windDirection", "latitude", "longitude", "_updatedAt", "TimeStamp", "_bind", "YGPW", "Riders"),
        *("Course", "degC", "kphWind"),
    ]
)
NESTED = st.recursive(
    st.dictionaries(FIELDS, ANYTHING, max_size=5),
    lambda inner: st.dictionaries(FIELDS, inner | st.lists(inner, max_size=3), max_size=4),
    max_leaves=6,
)
BINDS = st.sampled_from(
    [
        "pack-2026-4",
        "checkpoint-2026-4",
        "allCompetitors-2026",
        "stageWithdrawals-2026-4",
        "rankingTypeX-2026-4",
    ]
) | st.text(max_size=12)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bind=BINDS, data=NESTED | st.lists(NESTED, max_size=3) | ANYTHING)
def test_documents_may_say_anything(stage, bind, data):
    stream = FixStream(stage)
    messages = [as_message(json.dumps(content).encode()) for content in ({"bind": bind, "data": data}, data)]
    check_fixes(stream.add(messages))
    check_reports(stream.reports)


@pytest.mark.parametrize("data", MESSAGES)
def test_what_is_mutated_is_understood_as_it_is(stage, data):
    """Else the mutations above would show nothing."""
    stream = FixStream(stage)
    fixes = stream.add([as_message(data)])
    assert len(fixes) or stream.reports != Reports()
    assert not fixes.refused
    assert not stream.reports.refused
