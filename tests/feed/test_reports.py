"""What a feed says besides positions: groups, jerseys, withdrawals, weather, rankings."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tracker3d.feed import (
    FixFlag,
    FixSource,
    GroupReport,
    JerseyReport,
    Reports,
    Withdrawal,
    WithdrawalKind,
    read_feed,
    read_feed_and_reports,
    read_reports,
)
from tracker3d.feed.message import Message
from tracker3d.feed.stream import FixStream

if TYPE_CHECKING:
    from tracker3d.stage.model import Stage

STAMP = 1_783_420_242
T = STAMP * 1000


def a_message(content: object, *, at_ms: int = T) -> Message:
    return Message(at_ms, content.encode() if isinstance(content, str) else json.dumps(content).encode())


def reports_of(stage: Stage, *contents: object) -> Reports:
    stream = FixStream(stage)
    stream.add([a_message(content, at_ms=T + index) for index, content in enumerate(contents)])
    return stream.reports


def a_group(order: int, *bibs: int, **more: Any) -> dict[str, Any]:
    return {
        "order": order,
        "name": f"Groupe {order}",
        "bibs": [{"bib": bib} for bib in bibs],
        "size": len(bibs),
        "latitude": 43.0,
        "longitude": 1.5,
        "speed": 36.0,
        "relative": 30 * order,
        "remainingDistance": 50_000 + 300 * order,
        **more,
    }


def a_pack(*groups: dict[str, Any], at_ms: int = T, **more: Any) -> dict[str, Any]:
    data = {"groups": list(groups), "_updatedAt": at_ms, "_bind": "pack-2026-4", **more}
    return {"bind": "pack-2026-4", "change": "modified", "id": "pack", "data": data}


# --- Groups ---


def test_groups_of_the_stream(stage):
    (report,) = reports_of(stage, a_pack(a_group(1, 4, 5), a_group(0, 7), at_ms=T + 250)).groups
    assert report.time_ms == T + 250
    head, second = report.groups
    assert (head.order, head.bibs, head.size, head.gap_s) == (0, (7,), 1, 0.0)
    assert (second.name, second.bibs) == ("Groupe 1", (4, 5))
    assert (second.gap_s, second.to_go_m, second.speed_mps) == (30.0, 50_300.0, 10.0)


def test_groups_of_a_rest_document_with_what_it_refers_to(stage):
    """Element 0 is the pack, the rest are documents it refers to, riders who left the race among them."""
    documents = [
        a_pack(a_group(0, 7))["data"],
        {"_bind": "allCompetitors-2026", "bib": 7, "lastname": "A", "firstname": "B"},
        {"_bind": "allCompetitors-2026", "bib": 8, "withdrew": {"stage": 2, "code": -4}},
        {"_bind": "team-2026", "code": "ABC", "name": "A"},
    ]
    reports = reports_of(stage, documents)
    assert [group.bibs for group in reports.groups[0].groups] == [(7,)]
    assert reports.withdrawals == (Withdrawal(8, 2, WithdrawalKind.ABANDONED),)
    assert not reports.refused


def test_groups_that_nobody_has_counted(stage):
    groups = [
        a_group(0, 7, 8, size=999),
        a_group(1, size=999),
        a_group(2, size=None),
        a_group(3, 4, 5, size=40),
        a_group(4, 1, 2, 3, size=2),
    ]
    (report,) = reports_of(stage, a_pack(*groups)).groups
    assert [group.size for group in report.groups] == [2, -1, -1, 40, 3]


def test_what_a_group_does_not_say_is_nan(stage):
    bare = {"bibs": [3, "4", {"bib": 5}, {"bib": "x"}, None, 5, -1, 1e9, True]}
    (report,) = reports_of(stage, a_pack(bare, {"relative": "far", "speed": -4, "order": 1e30})).groups
    first, second = report.groups
    assert first.bibs == (3, 4, 5)
    assert (first.order, second.order) == (0, 1)
    assert first.name == ""
    for group in report.groups:
        assert np.isnan([group.gap_s, group.to_go_m, group.speed_mps]).all()


def test_groups_are_sorted_and_repeats_left_out(stage):
    early, late = a_group(0, 7), a_group(0, 7, 8)
    reports = reports_of(
        stage,
        a_pack(early, at_ms=T),
        a_pack(late, at_ms=T + 30_000),
        a_pack(late, at_ms=T + 40_000),
        # What the server sends again after a reconnect, written in another way.
        a_pack(early, at_ms=T, more=1),
        a_pack(early, at_ms=T + 10_000),
        a_pack(late, at_ms=T + 20_000),
    )
    assert [(report.time_ms - T, len(report.groups[0].bibs)) for report in reports.groups] == [
        (0, 1),
        (20_000, 2),
    ]
    corrected = reports_of(stage, a_pack(early), a_pack(late))
    assert [len(report.groups[0].bibs) for report in corrected.groups] == [2]


def test_groups_without_a_time_have_that_of_their_arrival(stage):
    pack = a_pack(a_group(0, 7))
    del pack["data"]["_updatedAt"]
    assert [report.time_ms for report in reports_of(stage, "keep-alive", pack).groups] == [T + 1]


def test_groups_of_yesterday_and_none_are_counted(stage):
    reports = reports_of(stage, a_pack(a_group(0, 7), at_ms=T - 86_400_000), a_pack())
    assert reports.groups == ()
    assert reports.refused == {"groups of another day": 1, "documents of groups without any": 1}


@pytest.mark.real
def test_the_older_document_of_groups(shared_data, stage):
    reports = read_reports(shared_data / "feed" / "groups_2023-stage-05.json", stage=stage)
    (report,) = reports.groups
    assert [(group.order, group.name, group.size) for group in report.groups] == [
        (0, "Front of the Race", 3),
        (1, "Counter Attack 1", 32),
        (2, "Counter Attack 2", 1),
        (3, "Peloton", 133),
        (4, "Back of the Race", 1),
    ]
    assert report.groups[0].bibs == (182, 86, 6)
    assert all(len(group.bibs) == group.size for group in report.groups)
    assert [group.gap_s for group in report.groups] == [0, 26, 58, 159, 232]
    assert [group.to_go_m for group in report.groups] == [85_640, 85_840, 86_060, 86_960, 87_480]
    # It does not say when: noon of the stage's day stands for it.
    assert datetime.fromtimestamp(report.time_ms / 1000, UTC).isoformat() == "2026-07-07T10:00:00+00:00"
    assert not reports.refused


# --- Jerseys ---


def test_jerseys_only_when_they_change(stage, row, event):
    frames = [
        event(row(1), YGPW=[1, 81, 55, 21]),
        event(row(1), stamp=STAMP + 6, YGPW=[1, 81, 55, 21]),
        event(row(1), stamp=STAMP + 12, YGPW=[2, 81, None, 21]),
        # A frame of before the change that comes late changes nothing.
        event(row(3), stamp=STAMP + 3, YGPW=[1, 81, 55, 21]),
    ]
    assert reports_of(stage, *frames).jerseys == (
        JerseyReport(T, {"yellow": 1, "green": 81, "polka": 55, "white": 21}),
        JerseyReport(T + 12_000, {"yellow": 2, "green": 81, "polka": 55, "white": 21}),
    )


def test_jerseys_by_the_letters_of_riders(stage, row, event):
    frames = [
        event(row(1, Jersey="Y"), row(2, Jersey="G"), row(3, Jersey=""), row(4, Jersey="?")),
        event(row(3), stamp=STAMP + 6),
        event(row(1, Jersey="P"), row(5, Jersey="Y"), stamp=STAMP + 12, YGPW=[9, None, 0, -2]),
    ]
    reports = reports_of(stage, *frames)
    assert [report.wearers for report in reports.jerseys] == [
        {"yellow": 1, "green": 2},
        {"yellow": 9, "green": 2, "polka": 1},
    ]
    fixes = FixStream(stage).add([a_message(frames[0])])
    assert fixes.jerseys == {1: "yellow", 2: "green"}


def test_who_leads_two_classifications_wears_the_first(stage, row, event):
    assert FixStream(stage).add([a_message(event(row(1), YGPW=[1, 1, 55, 1]))]).jerseys == {
        1: "yellow",
        55: "polka",
    }


# --- Withdrawals ---


def test_withdrawals(stage):
    riders = [
        {"bib": bib, "_bind": "allCompetitors-2026", "withdrew": {"stage": number, "code": code}}
        for bib, number, code in ((9, 4, -4), (8, 4, -1), (7, 3, -2), (6, 4, -9), (5, 0, -4), (-1, 4, -4))
    ]
    change = {"bind": "allCompetitors-2026", "change": "modified", "data": riders[0]}
    riders.append({"bib": 3, "_bind": "allCompetitors-2026", "withdrew": None})
    assert reports_of(stage, riders, change).withdrawals == (
        Withdrawal(7, 3, WithdrawalKind.OUTSIDE_TIME_LIMIT),
        Withdrawal(6, 4, WithdrawalKind.UNKNOWN),
        Withdrawal(8, 4, WithdrawalKind.DID_NOT_START),
        Withdrawal(9, 4, WithdrawalKind.ABANDONED),
    )


def test_withdrawals_of_a_stage(stage):
    event = {
        "bind": "stageWithdrawals-2026-4",
        "data": {"rankings": [{"bib": 11}, {"bib": 12, "position": -4}, {"bib": None}]},
    }
    known = {"bind": "allCompetitors-2026", "data": {"bib": 11, "withdrew": {"stage": 4, "code": -1}}}
    for contents in ((event, known), (known, event)):
        assert reports_of(stage, *contents).withdrawals == (
            Withdrawal(11, 4, WithdrawalKind.DID_NOT_START),
            Withdrawal(12, 4, WithdrawalKind.ABANDONED),
        )


# --- Weather ---


def a_windy_row(row: Any, bib: int, heading_deg: float, **more: Any) -> dict[str, Any]:
    """A rider in wind from the north-east, on whatever heading."""
    relative = (45.0 - heading_deg + 180.0) % 360.0 - 180.0
    return row(
        bib, degC=20.0 + bib, kphWind=18.0, RiderWindDir=relative, Course=heading_deg, kmToFinish=0.4, **more
    )


def test_wind_is_turned_from_relative_to_absolute(stage, row, event):
    rows = [a_windy_row(row, bib, heading) for bib, heading in ((1, 10.0), (2, 200.0), (3, 359.0))]
    (report,) = reports_of(stage, event(*rows)).weather
    assert report.time_ms == T
    assert report.distance_m == pytest.approx(600.0)
    assert report.temperature_c == pytest.approx(22.0)
    assert report.wind_mps == pytest.approx(5.0)
    assert math.degrees(report.wind_from_rad) == pytest.approx(45.0)


def test_a_heading_that_is_always_0_is_taken_from_the_way(stage, row, event):
    """In time trials the feed gives no heading: here everybody rides east, at 12 m/s."""

    def frame(tick: int) -> str:
        east_deg = tick * 72.0 / (111_195.0 * math.cos(math.radians(43.0)))
        rows = [a_windy_row(row, bib, 90.0) | {"Course": 0} for bib in (1, 2)]
        for moved in rows:
            moved["Longitude"] += east_deg
        return event(*rows, stamp=STAMP + 6 * tick)

    first, second = (reports_of(stage, *(frame(tick) for tick in range(count))).weather for count in (1, 2))
    assert math.isnan(first[0].wind_from_rad)
    assert math.degrees(second[-1].wind_from_rad) == pytest.approx(45.0, abs=0.5)


def test_directions_that_contradict_each_other_are_none(stage, row, event):
    rows = [
        a_windy_row(row, 1, 10.0),
        a_windy_row(row, 2, 10.0) | {"RiderWindDir": -145.0},
        row(3, degC=1e9, kphWind=-3, RiderWindDir=None, kmToFinish=0.4),
    ]
    (report,) = reports_of(stage, event(*rows)).weather
    assert math.isnan(report.wind_from_rad)
    assert report.wind_mps == pytest.approx(5.0)


def test_weather_at_most_once_a_minute_and_place(stage, row, event):
    def frame(stamp: int) -> str:
        near, far = a_windy_row(row, 1, 10.0), a_windy_row(row, 2, 10.0, Latitude=43.2)
        return event(near, far | {"kmToFinish": 20.0}, stamp=stamp)

    reports = reports_of(stage, *(frame(STAMP + 6 * tick) for tick in range(50)))
    keys = [(report.time_ms // 60_000, report.distance_m) for report in reports.weather]
    assert len(keys) == len(set(keys)) == 2 * 6
    assert keys == sorted(keys)


def test_weather_at_checkpoints(stage):
    meteo = {
        "meteoAt": "2026-07-07T13:00:07+02:00",
        "temperature": 37.1,
        "windForce": 2,
        "windDirection": "ONO",
        "latitude": 43.2,
        "longitude": 2.4,
    }
    points = {
        "0": {"length": 0, "checkpointMeteo": meteo},
        "1": {"length": 0, "checkpointMeteo": meteo},
        "2": {"length": 12.5, "checkpointMeteo": meteo | {"windDirection": "?", "temperature": "hot"}},
        "3": {"length": 40.0, "checkpointMeteo": meteo | {"windDirection": "SSE", "temperature": None}},
        "4": {"length": 50.0, "checkpointMeteo": meteo | {"meteoAt": "2026-07-05T13:00:07+02:00"}},
        "5": {"length": 60.0},
        "_updatedAt": 3,
    }
    reports = reports_of(stage, {"bind": "checkpoint-2026-4", "data": points})
    start, later = reports.weather
    assert datetime.fromtimestamp(start.time_ms / 1000, UTC).isoformat() == "2026-07-07T11:00:07+00:00"
    assert (start.distance_m, start.lon_deg, start.lat_deg, start.temperature_c) == (0.0, 2.4, 43.2, 37.1)
    assert math.degrees(start.wind_from_rad) == pytest.approx(292.5)
    assert math.isnan(start.wind_mps)
    assert (later.distance_m, math.degrees(later.wind_from_rad)) == (40_000.0, pytest.approx(157.5))
    assert reports.refused == {"weather of another day": 1}


# --- Rankings ---


def test_rankings_are_milliseconds_or_points(stage):
    def a_ranking(kind: str, at_ms: int, *rows: dict[str, Any]) -> dict[str, Any]:
        data = {"type": kind, "length": 9.67, "rankings": list(rows), "_updatedAt": at_ms}
        return {"bind": "rankingType-2026-16", "data": data}

    first = {"position": 1, "bib": 11, "absolute": 389_910, "relative": 0}
    second = {"position": 2, "bib": 1, "absolute": 395_910, "relative": 6_000}
    out = {"position": -4, "bib": 5, "absolute": 1, "relative": 1}
    reports = reports_of(
        stage,
        a_ranking("itt", T, first),
        a_ranking("itt", T + 5_000, second, first, out),
        a_ranking("itt", T + 9_000, first, second),
        a_ranking("ipg", T + 1_000, first | {"absolute": 50}),
        a_ranking("new", T + 2_000, first),
        a_ranking("itg", T + 3_000, out),
    )
    assert [(report.kind, report.time_ms - T, len(report.riders)) for report in reports.rankings] == [
        ("itt", 0, 1),
        ("ipg", 1_000, 1),
        ("new", 2_000, 1),
        ("itt", 5_000, 2),
    ]
    timed = reports.rankings[-1]
    assert timed.distance_m == 9_670.0
    assert [(rider.position, rider.bib, rider.time_s, rider.gap_s) for rider in timed.riders] == [
        (1, 11, 389.91, 0.0),
        (2, 1, 395.91, 6.0),
    ]
    points = reports.rankings[1].riders[0]
    assert points.points == 50
    assert math.isnan(points.time_s)
    assert reports.refused == {"rankings of nobody": 1}


# --- Whole recordings ---


@pytest.mark.real
def test_reports_of_a_real_time_trial(shared_data, time_trial):
    path = shared_data / "feed" / "stage-16_2026-07-21.json.gz"
    route = dataclasses.replace(time_trial.route, finish_m=26_090.0)
    stage = dataclasses.replace(time_trial, date="2026-07-21", route=route)
    fixes, reports = read_feed_and_reports(path, stage=stage)
    assert reports == read_reports(path, stage=stage)
    assert (fixes.flags == FixFlag.MATCHED).all()
    assert (fixes.source == FixSource.RACE_CENTER).all()
    assert reports.stage_number == 16
    assert [dict(report.wearers) for report in reports.jerseys] == [
        {"yellow": 1, "green": 81, "polka": 55, "white": 21}
    ]
    gone = {(gone.bib, gone.stage_number): gone.kind for gone in reports.withdrawals}
    assert len(gone) == 19
    assert gone[154, 16] == WithdrawalKind.ABANDONED
    assert gone[11, 15] == WithdrawalKind.DID_NOT_START
    assert gone[123, 14] == WithdrawalKind.OUTSIDE_TIME_LIMIT
    # The wind from all headings of riders agrees with that at the checkpoints, NNE.
    riders, places = (
        [r for r in reports.weather if math.isnan(r.wind_mps) == named] for named in (False, True)
    )
    assert len(places) == 5
    assert {round(math.degrees(report.wind_from_rad), 1) for report in places} == {22.5}
    assert len(riders) > 1_000
    turns = np.array([np.exp(1j * r.wind_from_rad) for r in riders if not math.isnan(r.wind_from_rad)])
    assert len(turns) > 0.95 * len(riders)
    assert abs(turns.mean()) > 0.8
    assert abs(np.degrees(np.angle(turns.mean())) - 22.5) < 20.0
    assert {report.distance_m // 5_000 for report in riders} == set(range(6))
    assert all(2.0 < report.wind_mps * 3.6 < 13.0 for report in riders)
    assert all(20.0 < report.temperature_c < 30.0 for report in reports.weather)


@pytest.mark.real
def test_reports_live_are_those_of_the_recording(shared_data, time_trial):
    from tracker3d.stage.racecenter import read_recording

    path = shared_data / "feed" / "stage-16_2026-07-21.json.gz"
    stage = dataclasses.replace(time_trial, date="2026-07-21")
    stream = FixStream(stage)
    for text in read_recording(path).events:
        stream.add([a_message(text)])
    recorded = read_reports(path, stage=stage)
    assert stream.reports.jerseys == recorded.jerseys
    assert stream.reports.stage_number == 16
    # The recording has the checkpoints too, which it asked for once.
    asked = [report for report in recorded.weather if report not in stream.reports.weather]
    assert len(recorded.weather) - len(stream.reports.weather) == 5
    assert all(math.isnan(report.wind_mps) for report in asked if report.distance_m >= 0)
    assert stream.reports is stream.reports


@pytest.mark.real
def test_reports_of_a_real_road_stage(foix_recording, stage):
    reports = read_reports(foix_recording, stage=stage)
    assert reports.stage_number == 4
    assert reports.groups == reports.jerseys == ()
    assert Withdrawal(116, 4, WithdrawalKind.OUTSIDE_TIME_LIMIT) in reports.withdrawals
    assert [round(report.distance_m / 1000, 2) for report in reports.weather] == [
        0.0,
        48.19,
        64.82,
        93.34,
        104.82,
        146.65,
        181.87,
    ]
    assert [report.temperature_c for report in reports.weather][:2] == [37.1, 34.3]


def test_a_feed_without_positions_still_has_reports(stage, recording, tmp_path):
    path = recording(json.dumps(a_pack(a_group(0, 7))))
    assert [type(report) for report in read_reports(path, stage=stage).groups] == [GroupReport]
    with pytest.raises(ValueError, match="holds no rider positions"):
        read_feed(path, stage=stage)
    table = tmp_path / "a.csv"
    table.write_text("time_utc,bib,lat,lon\n2026-07-07T10:30:42Z,5,43.0,1.5\n")
    assert read_reports(table, stage=stage) == Reports()


def test_a_saved_answer_of_the_rest_interface(stage, row, event, tmp_path):
    path = tmp_path / "answer.json"
    frame = json.loads(event(row(7)))["data"]
    for content in (frame, [frame]):
        path.write_text(json.dumps(content, indent=1))
        assert read_feed(path, stage=stage).bibs.tolist() == [7]
    path.write_text(json.dumps([a_pack(a_group(0, 7))["data"]]))
    assert len(read_reports(path, stage=stage).groups) == 1


# --- Bounds ---


def test_memory_stays_bounded(stage, monkeypatch, row, event):
    from tracker3d.feed import gathering

    for name in ("_MOST_REPORTS", "_MOST_RANKINGS"):
        monkeypatch.setattr(gathering, name, 50)
    stream = FixStream(stage)
    for index in range(300):
        at_ms = T + 60_000 * index
        stream.add(
            [
                a_message(a_pack(a_group(0, index + 1), at_ms=at_ms)),
                a_message(event(a_windy_row(row, 1, 3.0), stamp=at_ms // 1000, YGPW=[index + 1])),
                a_message({"bind": "allCompetitors-2026", "data": {"bib": index, "withdrew": {"stage": 4}}}),
                a_message(
                    {
                        "bind": f"rankingType-2026-{index}",
                        "data": {
                            "type": f"x{index}",
                            "rankings": [{"position": 1, "bib": 1}],
                            "_updatedAt": at_ms,
                        },
                    }
                ),
            ]
        )
    reports = stream.reports
    assert len(reports.groups) == len(reports.jerseys) == len(reports.weather) == 50
    assert len(reports.withdrawals) == 50
    assert reports.groups[-1].groups[0].bibs == (300,)
    assert reports.jerseys[-1].wearers == {"yellow": 300}
    assert len(reports.rankings) == 50
    assert reports.refused == {"rankings of too many kinds": 250}
