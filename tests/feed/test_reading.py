from __future__ import annotations

import dataclasses
import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker3d.errors import FeedError, InputError
from tracker3d.feed import FixFlag, FixSource, read_feed

OFFICIAL = "bib,lat,lon,pos,kph,kmToFinish,secToFirstRider,secToITTLead,status,timestamp\n"
T = 1_783_420_242_000


def test_official_positions_newest_first(stage, tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text(
        OFFICIAL
        + "34,43.1,1.6,5,36,10.5,12,,finished,2026-07-07T10:30:48.000Z\n"
        + "34,43.0,1.5,5,,,,,active,2026-07-07T10:30:42.000Z\n"
        + "34,,1.5,5,,,,,active,2026-07-07T10:30:36.000Z\n"
    )
    fixes = read_feed(path, stage=stage)
    assert fixes.time_ms.tolist() == [T + 6000, T]
    assert fixes.speed_mps[0] == 10.0
    assert np.isnan(fixes.speed_mps[1])
    assert fixes.official_to_go_m[0] == 10_500.0
    assert fixes.gap_to_first_s[0] == 12.0
    assert (fixes.flags & FixFlag.FINISHED).tolist() == [FixFlag.FINISHED, 0]
    assert fixes.refused == {"rows without a valid position": 1}


def test_a_folder_of_riders(stage, tmp_path):
    for bib in (1, 22):
        folder = tmp_path / "riders" / f"bib-{bib}"
        folder.mkdir(parents=True)
        (folder / "positions.csv").write_text(OFFICIAL + f"{bib},43,1.5,,,,,,,2026-07-07T10:30:42.000Z\n")
    broken = tmp_path / "riders" / "bib-3"
    broken.mkdir()
    (broken / "positions.csv").write_text("")
    fixes = read_feed(tmp_path, stage=stage)
    assert fixes.bibs.tolist() == [1, 22]
    assert fixes.refused == {"files that cannot be read": 1}


def test_own_csv_and_json_lines_say_the_same(stage, tmp_path):
    rows = [
        ("2026-07-07T10:30:42Z", 5, 43.0, 1.5, 11.5),
        ("2026-07-07T12:30:43.250+02:00", -2, 43.1, 1.6, None),
    ]
    table = tmp_path / "a.csv"
    table.write_text(
        "time_utc,bib,lat,lon,speed_mps\n"
        + "".join(f"{t},{b},{la},{lo},{'' if v is None else v}\n" for t, b, la, lo, v in rows)
    )
    lines = tmp_path / "a.jsonl"
    names = ("time_utc", "bib", "lat", "lon", "speed_mps")
    lines.write_text(
        "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows) + "oops\n"
    )
    first, second = read_feed(table, stage=stage), read_feed(lines, stage=stage)
    for name in ("bibs", "time_ms", "rider", "lon_deg", "lat_deg", "speed_mps"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), nan_ok=True)
    assert first.time_ms.tolist() == [T, T + 1250]
    assert first.bibs.tolist() == [-2, 5]
    assert second.refused == {"lines that are no position": 1}


GPX = """<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>"""
TRACK = """<trk><name>{}</name><trkseg><trkpt lat="43.0" lon="1.5"><time>2026-07-07T10:30:42Z</time></trkpt>
<trkpt lat="43.0" lon="1.6"/></trkseg></trk>"""


def test_gpx_one_rider_a_track(stage, tmp_path):
    path = tmp_path / "race.gpx"
    path.write_text(GPX.format(TRACK.format("Rider 12") + TRACK.format("nobody") + TRACK.format("12")))
    fixes = read_feed(path, stage=stage)
    assert fixes.bibs.tolist() == [1, 2, 12]
    assert fixes.time_ms.tolist() == [T] * 3
    assert fixes.refused == {"rows without a valid time": 3}


def test_gpx_names_riders(stage, tmp_path):
    path = tmp_path / "race.gpx"
    tracks = ("007 Anna Muster", "Bernard Dupont", "Rider 12", "")
    path.write_text(GPX.format("".join(map(TRACK.format, tracks))))
    fixes = read_feed(path, stage=stage)
    assert fixes.bibs.tolist() == [1, 2, 7, 12]
    assert fixes.names == {7: "Anna Muster", 1: "Bernard Dupont"}


def test_gpx_with_speeds(stage, tmp_path):
    path = tmp_path / "race.gpx"
    point = '<trkpt lat="43.0" lon="1.5"><time>2026-07-07T10:30:4{}Z</time>{}</trkpt>'
    garmin = (
        '<extensions><g:TrackPointExtension xmlns:g="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">'
        "<g:hr>150</g:hr><g:speed>{}</g:speed></g:TrackPointExtension></extensions>"
    )
    points = (
        point.format(1, garmin.format("11.5")),
        point.format(2, ""),
        point.format(3, garmin.format("fast")),
    )
    path.write_text(GPX.format(f"<trk><name>3</name><trkseg>{''.join(points)}</trkseg></trk>"))
    speeds = read_feed(path, stage=stage).speed_mps
    assert speeds[0] == 11.5
    assert np.isnan(speeds[1:]).all()


def test_a_folder_of_gpx_named_by_file(stage, tmp_path):
    for name in ("bib_31", "bib_7"):
        (tmp_path / f"{name}.gpx").write_text(GPX.format(TRACK.format("Morning ride")))
    assert read_feed(tmp_path, stage=stage).bibs.tolist() == [7, 31]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.gpx", "<gpx><trk></gpx>", "damaged"),
        ("a.gpx", '<!DOCTYPE a [<!ENTITY b "c">]><gpx/>', "entities"),
        ("a.gpx", GPX.format(""), "no rider positions"),
        ("a.csv", "name,age\nx,3\n", "lacks columns"),
        ("a.csv", OFFICIAL, "no rider positions"),
        ("a.json", '{"name": "x",\n "b": 1}', "JSON of another kind"),
        ("a.json", "[1, 2]", "JSON of another kind"),
        ("a.json", '{"version":1,"rest":{},"events":[{"dt":0,', "cut off|broken"),
        ("a.json", '{"version":1,"rest":{},"events":[]}', "no rider positions"),
        ("a.csv", "", "empty"),
        ("a.jsonl", '{"bib": 1}\n{"bib": 2}\n', "without a valid time"),
    ],
)
def test_what_cannot_be_read_is_one_plain_sentence_with_the_name(stage, tmp_path, name, content, says):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=says) as caught:
        read_feed(path, stage=stage)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text


def test_missing_and_empty_folder(stage, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_feed(tmp_path / "none.json.gz", stage=stage)
    with pytest.raises(FeedError, match="holds no positions"):
        read_feed(tmp_path, stage=stage)


def complaint(path, stage) -> str:
    """What an error says, or the path when there is none."""
    try:
        read_feed(path, stage=stage)
    except InputError as error:
        return str(error)
    return str(path)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text(alphabet='0123456789.,-TZ:"\n', max_size=200).map(
        lambda text: b"time_utc,bib,lat,lon,speed_mps\n" + text.encode()
    )
    | st.text(max_size=60).map(lambda text: b'{"bib":1,"x":"' + text.encode() + b'"}\n')
    | st.text(max_size=60).map(lambda text: b"<gpx>" + text.encode()),
    pressed=st.booleans(),
)
def test_no_file_raises_anything_else(stage, tmp_path, content, pressed):
    path = tmp_path / "feed"
    path.write_bytes(gzip.compress(content) if pressed else content)
    assert str(path) in complaint(path, stage)


# --- Strict reading ---


def test_strict_reading_raises_what_is_else_counted(stage, tmp_path):
    path = tmp_path / "a.jsonl"
    good = '{"bib":5,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5}\n'
    path.write_text(good + "oops\n" + good.replace("43.0", "143.0"))
    assert len(read_feed(path, stage=stage)) == 1
    with pytest.raises(FeedError) as caught:
        read_feed(path, stage=stage, strict=True)
    assert str(caught.value) == (
        f"{path} holds what cannot be used (1 lines that are no position, 1 rows without a valid position); "
        "correct it, or do not read strictly."
    )
    path.write_text(good)
    assert len(read_feed(path, stage=stage, strict=True)) == 1


def test_strict_reading_does_not_mind_what_came_twice(stage, row, event, recording):
    text = event(row(7))
    assert len(read_feed(recording(text, text), stage=stage, strict=True)) == 1


@pytest.mark.real
def test_real_recordings_are_read_strictly(shared_data, foix_recording, stage, time_trial):
    assert len(read_feed(foix_recording, stage=stage, strict=True)) == 283_782
    trial = dataclasses.replace(time_trial, date="2026-07-21")
    path = shared_data / "feed" / "stage-16_2026-07-21.json.gz"
    assert len(read_feed(path, stage=trial, strict=True)) == 35_325


# --- Where a fix comes from ---


def test_every_format_says_where_its_fixes_come_from(stage, tmp_path, recording, row, event):
    contents = {
        FixSource.POSITIONS_FILE: OFFICIAL + "5,43,1.5,,,,,,,2026-07-07T10:30:42.000Z\n",
        FixSource.TABLE: "time_utc,bib,lat,lon\n2026-07-07T10:30:42Z,5,43,1.5\n",
        FixSource.LINES: '{"bib":5,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5}',
        FixSource.GPX: GPX.format(TRACK.format("5")),
    }
    for source, content in contents.items():
        path = tmp_path / source.name
        path.write_text(content)
        assert read_feed(path, stage=stage).source.tolist() == [source]
    assert read_feed(recording(event(row(1))), stage=stage).source.tolist() == [FixSource.RACE_CENTER]


def test_parked_trackers_in_official_positions(stage, time_trial, tmp_path):
    """An empty time to the first rider marks them, as in the stream; in a time trial it says nothing."""
    path = tmp_path / "positions.csv"
    path.write_text(
        OFFICIAL
        + "34,43.1,1.6,5,36,10.5,12,,active,2026-07-07T10:30:48.000Z\n"
        + "34,41.4,2.2,,0,157,,,active,2026-07-07T10:20:48.000Z\n"
    )
    assert read_feed(path, stage=stage).flags.tolist() == [0, FixFlag.PARKED]
    assert read_feed(path, stage=time_trial).flags.tolist() == [FixFlag.MATCHED] * 2
