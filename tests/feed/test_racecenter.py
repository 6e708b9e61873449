from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_tools import decode_events

from tracker3d.errors import FeedError
from tracker3d.feed import FixFlag, read_feed

STAMP = 1_783_420_242
NOWHERE = Path("race.json.gz")


def test_values_and_units(stage, row, event, recording):
    fixes = read_feed(recording(event(row(7), row(3, kph=72.0))), stage=stage)
    assert fixes.bibs.tolist() == [3, 7]
    assert fixes.time_ms.tolist() == [STAMP * 1000] * 2
    assert fixes.speed_mps.tolist() == [10.0, 20.0]
    assert fixes.official_to_go_m.tolist() == [12_500.0] * 2
    assert fixes.gap_to_first_s.tolist() == [4.0] * 2
    assert fixes.lat_deg.tolist() == [43.0] * 2
    assert fixes.lon_deg == pytest.approx([1.5007, 1.5003])
    assert fixes.refused == {}


def test_a_tick_that_arrives_twice_counts_once(stage, row, event):
    text = event(row(7))
    fixes = decode_events([text, text, event(row(7), stamp=STAMP + 6)], stage=stage, path=NOWHERE)
    assert len(fixes) == 2
    assert fixes.refused == {"frames received twice": 1}


def test_array_for_object_bare_strings_and_other_binds(stage, row, event):
    listed = json.loads(event(row(7)))
    listed["data"] = [listed["data"]]
    fixes = decode_events(
        [json.dumps(listed), "keep-alive", '"text"', "17", '{"bind":"pack-2026-4","data":{"x":1}}', event()],
        stage=stage,
        path=NOWHERE,
    )
    assert len(fixes) == 1
    assert fixes.refused == {"messages that are not feed events": 3}


def test_one_malformed_row_costs_one_row(stage, row, event):
    rows = [row(1), row(2, Latitude="north"), row(3, kph={}), row(4)]
    fixes = decode_events([event(*rows, YGPW=[4, None, "x"])], stage=stage, path=NOWHERE)
    assert fixes.bibs.tolist() == [1, 4]
    assert fixes.refused == {"rows with values of a wrong kind": 2}


def test_missing_fields_and_numbers_as_text(stage, row, event):
    bare = {"Bib": "12", "LatLon": [43.0, 1.5], "secToFirstRider": 0}
    fixes = decode_events(
        [event(bare, {"Bib": 13, "secToFirstRider": 1}, row(14, kph="36"))], stage=stage, path=NOWHERE
    )
    assert fixes.bibs.tolist() == [12, 14]
    assert np.isnan(fixes.speed_mps[0])
    assert fixes.speed_mps[1] == 10.0
    assert np.isnan(fixes.official_to_go_m[0])
    assert fixes.refused == {"rows without a valid position": 1}


def test_frames_of_yesterday_and_of_another_stage(stage, row, event):
    texts = [event(row(7), stamp=STAMP + 6 * i, StageId="400") for i in range(3)]
    texts.append(event(row(7), stamp=STAMP + 60, StageId="300"))
    texts.append(event(row(7), stamp=STAMP - 86_400, StageId="400"))
    texts.append(event(row(7), stamp=None))
    fixes = decode_events(texts, stage=stage, path=NOWHERE)
    assert len(fixes) == 3
    assert fixes.refused == {
        "frames of another stage": 1,
        "frames of another day": 1,
        "rows without a valid time": 1,
    }


def test_a_feed_of_another_day_is_refused_with_its_cause(stage, row, event):
    with pytest.raises(FeedError, match=r"no usable rider position \(2 frames of another day\)"):
        decode_events(
            [event(row(7), stamp=STAMP + 86_400 * day) for day in (3, 4)], stage=stage, path=NOWHERE
        )


def test_parked_rows_on_a_road_stage_and_never_in_a_time_trial(stage, time_trial, row, event):
    texts = [event(row(1), row(2, secToFirstRider=None), row(3, secToFirstRider=0))]
    parked = decode_events(texts, stage=stage, path=NOWHERE).flags & FixFlag.PARKED
    assert (parked != 0).tolist() == [False, True, False]
    assert not (decode_events(texts, stage=time_trial, path=NOWHERE).flags & FixFlag.PARKED).any()
    silent = [event(row(1, secToFirstRider=None), row(2, secToFirstRider=None))]
    assert not (decode_events(silent, stage=stage, path=NOWHERE).flags & FixFlag.PARKED).any()


def test_jerseys_and_finished(stage, row, event):
    texts = [
        event(row(1), YGPW=[1, 81, 55, 21]),
        event(row(1, Status="finished"), stamp=STAMP + 6, YGPW=[2, 81, None, 21]),
    ]
    fixes = decode_events(texts, stage=stage, path=NOWHERE)
    assert fixes.jerseys == {2: "yellow", 81: "green", 21: "white"}
    assert (fixes.flags & FixFlag.FINISHED).tolist() == [0, FixFlag.FINISHED]


def test_vehicles_have_negative_bibs_and_names(stage, row, event):
    vehicles = {
        "bind": "extraVehicle-2026-4",
        "data": {
            "TimeStamp": STAMP,
            "Vehicles": [
                {"Id": 1, "Name": "Race director", "Latitude": 43.0, "Longitude": 1.5, "kph": 40},
                {"Id": 0, "Name": "Nobody", "Latitude": 43.0, "Longitude": 1.5, "kph": 40},
            ],
        },
    }
    fixes = decode_events([json.dumps(vehicles), event(row(1))], stage=stage, path=NOWHERE)
    assert fixes.bibs.tolist() == [-1, 1]
    assert fixes.names == {-1: "Race director"}
    assert not (fixes.flags & FixFlag.PARKED).any()
    assert fixes.refused == {"rows without a bib": 1}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["Bib", "Latitude", "Longitude", "LatLon", "kph", "kmToFinish", "secToFirstRider", "Status", "Id", "Name"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(FIELDS, ANYTHING, max_size=6) | ANYTHING, max_size=4),
    frame=st.dictionaries(st.sampled_from(["TimeStamp", "StageId", "YGPW", "Vehicles", "Riders"]), ANYTHING),
    bind=st.sampled_from(["telemetryCompetitor-2026", "extraVehicle-2026-4", "x"]) | ANYTHING,
    extra=st.text(max_size=30),
)
def test_no_message_ever_raises_anything_else(stage, rows, frame, bind, extra):
    good = {"Bib": 5, "Latitude": 43.0, "Longitude": 1.5, "secToFirstRider": 0}
    texts = [
        json.dumps({"bind": bind, "data": {"TimeStamp": STAMP, "Riders": rows, "Vehicles": rows, **frame}}),
        json.dumps({"bind": bind, "data": frame}),
        extra,
        json.dumps(
            {"bind": "telemetryCompetitor-2026", "data": {"TimeStamp": STAMP, "Riders": [good, *rows]}}
        ),
    ]
    try:
        fixes = decode_events(texts, stage=stage, path=NOWHERE)
    except FeedError:
        return
    n = len(fixes)
    assert all(len(getattr(fixes, name)) == n for name in ("rider", "lon_deg", "speed_mps", "flags"))
    assert np.isfinite(fixes.lon_deg).all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_and_broken_texts_never_stop_the_rest(time_trial, data):
    good = json.dumps(
        {
            "bind": "telemetryCompetitor-2026",
            "data": {"TimeStamp": STAMP, "Riders": [{"Bib": 5, "Latitude": 43.0, "Longitude": 1.5}]},
        }
    )
    cut = good[: data.draw(st.integers(0, len(good) - 1))]
    at = data.draw(st.integers(0, len(good) - 1))
    broken = good[:at] + data.draw(st.characters()) + good[at + 1 :]
    fixes = decode_events([cut, broken, good], stage=time_trial, path=NOWHERE)
    assert len(fixes) >= 1


def test_a_time_trial_shows_in_the_times_it_gives(stage, row, event):
    timed = event(row(1, secToFirstRider=None, secToITTLead=12), row(2, secToFirstRider=None))
    assert decode_events([timed], stage=stage, path=NOWHERE).time_trial
    assert not decode_events([event(row(1))], stage=stage, path=NOWHERE).time_trial
