"""From messages to fixes: what a live feed sends again, late, of yesterday, or broken."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_tools import decode_events
from mutations import MESSAGES

from tracker3d.feed import FixFlag
from tracker3d.feed.message import Message, Shape, shape_of
from tracker3d.feed.stream import FixStream

STAMP = 1_783_420_242


def a_message(text: str | bytes, *, at_ms: int = STAMP * 1000 + 3_000, topic: str = "") -> Message:
    return Message(at_ms, text.encode() if isinstance(text, str) else text, topic)


def test_batches_hold_only_what_is_new(stage, row, event):
    stream = FixStream(stage)
    first, second = event(row(1), row(2)), event(row(1), row(2), stamp=STAMP + 6)
    assert len(stream.add([a_message(first)])) == 2
    assert len(stream.add([a_message(first), a_message(second), a_message(second)])) == 2
    # After a reconnect the server sends the frames again, written in another order.
    reordered = event(row(2), row(1))
    assert len(stream.add([a_message(reordered)])) == 0
    assert stream.dropped == {"messages received twice": 2, "positions received again": 2}


def test_a_late_frame_that_was_never_seen_is_kept(stage, row, event):
    stream = FixStream(stage)
    stream.add([a_message(event(row(1), stamp=STAMP + 12))])
    late = stream.add([a_message(event(row(1), stamp=STAMP + 6))])
    assert late.time_ms.tolist() == [(STAMP + 6) * 1000]
    assert stream.late_fixes == 1
    assert not stream.dropped


def test_a_frame_that_grows_gives_its_new_rows(stage, row, event):
    stream = FixStream(stage)
    stream.add([a_message(event(row(1), row(2)))])
    more = stream.add([a_message(event(row(1), row(2), row(3)))])
    assert more.bibs.tolist() == [3]


def test_a_row_without_a_position_does_not_take_the_place_of_one(stage, row, event):
    stream = FixStream(stage)
    assert len(stream.add([a_message(event(row(1, Latitude=None, LatLon=None), row(2)))])) == 1
    assert stream.add([a_message(event(row(1), row(2)))]).bibs.tolist() == [1]


def test_two_trackers_under_one_bib_both_stay(stage, row, event):
    both = FixStream(stage).add([a_message(event(row(1), row(1, Latitude=43.01)))])
    assert sorted(both.lat_deg.tolist()) == [43.0, 43.01]


def test_frames_of_another_day_are_dropped(stage, row, event):
    stream = FixStream(stage)
    assert len(stream.add([a_message(event(row(1), stamp=STAMP - 86_400))])) == 0
    assert stream.dropped == {"frames of another day": 1}


def test_frames_of_another_stage_lose_against_most(stage, row, event):
    stream = FixStream(stage)
    today = [a_message(event(row(1), stamp=STAMP + 6 * tick, StageId="400")) for tick in range(3)]
    stream.add(today)
    assert len(stream.add([a_message(event(row(1), stamp=STAMP + 60, StageId="300"))])) == 0
    assert stream.dropped == {"frames of another stage": 1}


def test_a_snapshot_of_yesterday_does_not_rule_today(stage, row, event):
    """Where nobody knows the day, a first frame of yesterday loses to the first of today."""
    stream = FixStream(dataclasses.replace(stage, date=""))
    stream.add([a_message(event(row(1), stamp=STAMP - 86_400, StageId="300"))])
    assert len(stream.add([a_message(event(row(1), StageId="400"))])) == 1
    assert len(stream.add([a_message(event(row(1), stamp=STAMP + 6, StageId="400"))])) == 1


def test_parked_trackers_are_marked_once_the_sender_tells_them(stage, time_trial, row, event):
    stream = FixStream(stage)
    before = stream.add([a_message(event(row(1, secToFirstRider=None)))])
    assert before.flags.tolist() == [0]
    later = stream.add(
        [a_message(event(row(1, secToFirstRider=None), row(2, secToFirstRider=0), stamp=STAMP + 6))]
    )
    assert (later.flags & FixFlag.PARKED).tolist() == [FixFlag.PARKED, 0]
    alone = stream.add([a_message(event(row(1, secToFirstRider=None), stamp=STAMP + 12))])
    assert alone.flags.tolist() == [FixFlag.PARKED]


def test_a_time_trial_is_told_by_its_splits(stage, row, event):
    fixes = FixStream(stage).add([a_message(event(row(1, secToFirstRider=None, secToITTLead=-3)))])
    assert fixes.time_trial


def test_clock_skew_is_the_shortest_way(stage, row, event):
    stream = FixStream(stage)
    assert stream.skew_ms is None
    assert stream.delay_ms is None
    for tick, transit_ms in enumerate((900, 250, 400)):
        stamp = STAMP + 6 * tick
        sent_ms = stamp * 1000 + 2_500
        text = event(row(1), stamp=stamp, _updatedAt=sent_ms)
        stream.add([a_message(text, at_ms=sent_ms + transit_ms + 60_000)])
    # The machine is a minute ahead of the feed.
    assert stream.skew_ms == 60_250
    assert stream.delay_ms == 62_900


def test_rest_documents_are_frames_without_an_envelope(stage, row, event):
    data = json.loads(event(row(1), _updatedAt=1))["data"]
    stream = FixStream(stage)
    assert len(stream.add([a_message(json.dumps([data]))])) == 1
    assert len(stream.add([a_message(json.dumps([{"bib": 3, "lastname": "A"}]))])) == 0
    assert not stream.dropped


def test_json_lines_and_nmea_go_the_same_way(stage):
    line = b'{"bib":5,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5,"speed_mps":11.5}'
    body = "GPRMC,103043.50,A,4300.6000,N,00130.0000,E,19.438,45.0,070726,,,A"
    checksum = np.bitwise_xor.reduce(np.frombuffer(body.encode(), np.uint8))
    sentence = f"${body}*{checksum:02X}\r\n$GPGGA,1,2,3\r\n".encode()
    assert shape_of(line) is Shape.LINES
    assert shape_of(b"\\s:34,n:1*00\\" + sentence) is Shape.NMEA
    fixes = FixStream(stage).add(
        [
            a_message(line),
            a_message(sentence, topic="race/34/gps"),
            a_message(b"7 " + sentence),
            a_message(b"\\s:rider-88,n:1*00\\" + sentence.splitlines()[0]),
            a_message(sentence),
        ]
    )
    assert fixes.bibs.tolist() == [5, 7, 34, 88]
    assert fixes.refused == {"rows without a bib": 1}
    at = {int(bib): index for index, bib in enumerate(fixes.bibs[fixes.rider])}
    assert fixes.lat_deg[at[34]] == pytest.approx(43.01)
    assert fixes.lon_deg[at[34]] == pytest.approx(1.5)
    assert fixes.speed_mps[at[34]] == pytest.approx(10.0, abs=0.001)
    assert fixes.time_ms[at[34]] == STAMP * 1000 + 1_500


def test_a_frame_of_the_future_silences_nobody(stage, row, event):
    stream = FixStream(stage)
    first = event(row(1), stamp=STAMP + 8 * 3600, YGPW=[1, 2, 3, 4], _updatedAt=(STAMP + 8 * 3600) * 1000)
    stream.add([a_message(first)])
    for tick in range(3):
        stamp = STAMP + 6 * tick
        text = event(row(1), stamp=stamp, YGPW=[1, 2, 3, 5 + tick], _updatedAt=stamp * 1000 + 2_500)
        assert len(stream.add([a_message(text, at_ms=stamp * 1000 + 3_000)])) == 1
    assert stream.delay_ms == 3_000
    assert [report.wearers["white"] for report in stream.reports.jerseys] == [5, 6, 7, 4]


@pytest.mark.parametrize(
    ("sentence", "cause"),
    [
        ("$GPRMC,103043,A,4300.6,N,00130.0,E,19,45,070726,,,A*00", "sentences that are damaged"),
        ("$GPRMC,103043,V,,,,,,,070726,,,N", "sentences without a position"),
        ("$GPRMC,103043,A,4300.6,N,00130.0,E,19,45,310226,,,A", "rows without a valid time"),
        ("$GPRMC,103043,A,9900.6,N,00130.0,E,19,45,070726,,,A", "rows without a valid position"),
        ("$GPRMC,103043,A,4300.6,X,00130.0,E,19,45,070726,,,A", "rows without a valid position"),
    ],
)
def test_sentences_that_cannot_be_used_are_counted(stage, sentence, cause):
    fixes = FixStream(stage).add([a_message(sentence, topic="3")])
    assert len(fixes) == 0
    assert fixes.refused == {cause: 1}


def test_south_and_west_are_negative(stage):
    fixes = FixStream(stage).add([a_message("3,$GNRMC,103043,A,3315.0,S,07030.0,W,19,45,070726,,,A")])
    assert (fixes.lat_deg[0], fixes.lon_deg[0]) == (-33.25, -70.5)


def test_memory_stays_bounded(stage, row, event):
    stream = FixStream(stage)
    for tick in range(3_000):
        stream.add([a_message(event(row(1), stamp=STAMP + tick))])
    assert sum(map(len, stream._seen_ms.values())) < 100
    assert len(stream._recent) < 100


@pytest.mark.real
def test_a_real_live_stream_gives_what_the_recording_gives(shared_data, time_trial):
    """Word for word the fixes of the batch decoder, each once."""
    from tracker3d.stage.racecenter import read_recording

    recording = read_recording(shared_data / "feed" / "stage-16_2026-07-21.json.gz")
    stage = dataclasses.replace(time_trial, date="2026-07-21")
    batch = decode_events(recording.events, stage=stage, path=recording.path)
    stream = FixStream(stage)
    live: list[tuple[int, int]] = []
    for at_ms, text in zip(recording.receive_ms, recording.events, strict=True):
        fixes = stream.add([a_message(text, at_ms=at_ms)])
        live.extend(zip(fixes.bibs[fixes.rider].tolist(), fixes.time_ms.tolist(), strict=True))
    wanted = set(zip(batch.bibs[batch.rider].tolist(), batch.time_ms.tolist(), strict=True))
    assert set(live) == wanted
    assert len(live) == len(wanted)


def test_bibs_that_are_noise_lock_nobody_out(stage, row, event):
    stream = FixStream(stage)
    for bib in range(1, 5_000):
        stream.add([a_message(event(row(bib)))])
    assert len(stream._seen_ms) <= 2_000
    assert len(stream.add([a_message(event(row(7_000)))])) == 1


def _mutated(draw: st.DrawFn, text: bytes) -> bytes:
    data = bytearray(text)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        piece = draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"1e999", b"null", b"[[", b'"', b"-", b"}"]))
        )
        data[at : at + draw(st.integers(0, 8))] = piece
    return bytes(data)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_message_raises(data, stage):
    """Mutated events, lines and sentences, made smaller by hypothesis where one raises."""
    text = data.draw(st.sampled_from(MESSAGES))
    stream = FixStream(stage)
    fixes = stream.add([a_message(data.draw(st.composite(_mutated)(text)))])
    assert np.isfinite(fixes.lat_deg).all()
    assert stream.reports is stream.reports
