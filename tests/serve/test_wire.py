"""States as bytes: both forms say the same, and what they say is the race."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tracker3d.serve import decode_binary
from tracker3d.serve.sources import ReplaySource
from tracker3d.serve.states import snapshot_of
from tracker3d.serve.wire import Frame


@pytest.fixture(scope="module")
def frame(small):
    snapshot = snapshot_of(small.scene, small.race, small.race.start_ms + 200_000)
    return Frame(snapshot, run=0xAB12, seq=17, sent_ms=1_795_000_000_123, speed=2.5, lap=3)


def test_positions_are_those_of_the_drawn_road(frame, small):
    time_ms = frame.snapshot.time_ms
    riders = small.race.at(time_ms).riders
    document = json.loads(frame.json)
    assert len(document["p"]) == 5
    for bib, distance_m, lateral_m in zip(riders.bibs, riders.distance_m, riders.lateral_m, strict=True):
        route = small.scene.stage.route
        x_m, y_m = route.position(distance_m)
        heading = route.heading(distance_m)
        x_m, y_m = x_m - np.cos(heading) * lateral_m, y_m + np.sin(heading) * lateral_m
        east, up, south = document["p"][str(bib)]
        assert east == pytest.approx(x_m, abs=0.006)
        assert south == pytest.approx(-y_m, abs=0.006)
        assert up == pytest.approx(route.z_drawn(distance_m), abs=0.006)


def test_the_document_says_who_leads_and_by_how_much(frame, small):
    state = small.race.at(frame.snapshot.time_ms)
    document = json.loads(frame.json)
    assert document["order"] == state.riders.bibs[state.order].tolist()
    assert document["to_go_m"] == pytest.approx(state.to_go_m, abs=0.06)
    assert [group["count"] for group in document["groups"]] == [len(group.riders) for group in state.groups]
    assert document["id"] == "0000ab12-17"
    assert document["delay"] is None


def test_both_forms_say_the_same(frame):
    document, compact = json.loads(frame.json), decode_binary(frame.binary)
    order = document.pop("order")
    assert order
    del document["jerseys"]
    assert compact == document


def test_the_compact_form_is_compact(frame):
    assert len(frame.binary) < 0.4 * len(frame.json)


def test_what_is_not_known_is_null(frame):
    import dataclasses

    count = len(frame.snapshot.bibs)
    snapshot = dataclasses.replace(
        frame.snapshot, gap_s=np.full(count, np.nan), to_go_m=float("nan"), speed_mps=np.full(count, 1e9)
    )
    odd = dataclasses.replace(frame, snapshot=snapshot, delay_ms=8200)
    document, compact = json.loads(odd.json), decode_binary(odd.binary)
    assert document["riders"]["gap_s"] == compact["riders"]["gap_s"] == [None] * count
    assert document["to_go_m"] is compact["to_go_m"] is None
    assert document["delay"] == compact["delay"] == 8200
    assert compact["riders"]["speed_mps"] == [655.35] * count


@pytest.mark.parametrize("kept", [0, 3, 20, 47, 60, 100, -1])
def test_a_message_that_is_cut_off_is_refused(frame, kept):
    with pytest.raises(ValueError):
        decode_binary(frame.binary[:kept])


def test_another_version_is_refused(frame):
    with pytest.raises(ValueError, match="version"):
        decode_binary(b"T3DS\x02" + frame.binary[5:])


def test_a_recording_is_played_at_its_speed_and_begins_again(small):
    source = ReplaySource(small.race, speed=10.0, loop=True)
    length_s = (small.race.end_ms - small.race.start_ms) / 1000.0
    assert source.moment(100.0).time_ms == small.race.start_ms
    assert source.moment(103.0).time_ms == small.race.start_ms + 30_000
    again = source.moment(100.0 + length_s / 10.0 + 2.0)
    assert (again.time_ms, again.lap) == (small.race.start_ms + 20_000, 1)
    once = ReplaySource(small.race, speed=10.0)
    once.moment(0.0)
    assert not once.moment(1.0).ended
    last = once.moment(1e6)
    assert (last.time_ms, last.ended, last.speed) == (small.race.end_ms, True, 0.0)
