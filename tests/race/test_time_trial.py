"""Time trials: start times, rankings, and everybody as if they had started together."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tracker3d.race.events import EventKind
from tracker3d.race.time_trial import TimeTrial
from tracker3d.scene import default_theme
from tracker3d.scene.figures import clock_text, gap_text
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.ranking import ranking_at
from tracker3d.scene.standings import standings_at
from tracker3d.stage.model import Place, PlaceKind, Rider

START_MS = 1_783_420_000_000
CHECK = Place(PlaceKind.TIME_CHECK, "Chrono 1", 10_000.0, 0.0)
FINISH = Place(PlaceKind.FINISH, "Arrivée", 30_000.0, 0.0)
SPEEDS = {1: 13.0, 2: 12.5, 3: 14.0, 4: 13.5}
"""Started one after another, every 90 s from 90 s on."""

SEEN_FROM_M = {1: 0.0, 2: 0.0, 3: 80.0, 4: 0.0}


def start_s(bib):
    return 90.0 * bib


@pytest.fixture(scope="module")
def race(make_race):
    def way(bib):
        return lambda t: SPEEDS[bib] * (t - start_s(bib))

    seconds = {
        bib: np.arange(start_s(bib) + (SEEN_FROM_M[bib] - 20.0) / SPEEDS[bib] * (bib != 3), 3000.0, 5.0)
        for bib in SPEEDS
    }
    seconds[3] = np.arange(start_s(3) + 80.0 / SPEEDS[3], 3000.0, 5.0)
    return make_race(
        {bib: way(bib) for bib in SPEEDS}, seconds=seconds, time_trial=True, places=(CHECK, FINISH)
    )


@pytest.fixture(scope="module")
def trial(race):
    return TimeTrial(race, starts_ms={bib: round(START_MS + 1000 * start_s(bib)) for bib in SPEEDS})


def test_start_times_are_measured_where_trackers_wake_up_late(race):
    starts_s = (TimeTrial(race).starts_ms - START_MS) / 1000.0
    assert starts_s == pytest.approx([start_s(bib) for bib in sorted(SPEEDS)], abs=3.0)


def test_rankings_at_the_checks(trial):
    assert trial.checks == (CHECK, FINISH)
    ranking = trial.ranking(CHECK)
    assert [result.bib for result in ranking] == [3, 4, 1, 2]
    assert [result.time_s for result in ranking] == pytest.approx(
        [10_000.0 / speed for speed in (14.0, 13.5, 13.0, 12.5)], abs=0.5
    )
    assert ranking[1].behind_s == pytest.approx(10_000 / 13.5 - 10_000 / 14.0, abs=0.5)
    early = trial.ranking(CHECK, until_ms=START_MS + 1000 * 1000)
    assert [result.bib for result in early] == [3, 1, 2]


def test_virtual_times_against_the_best_at_the_same_place(trial):
    """At 900 s rider 3 is ahead of all who were at his place; rider 2 is behind 1 by what he lost."""
    behind_s = trial.behind_s(START_MS + 900_000.0)
    place_m = {bib: SPEEDS[bib] * (900.0 - start_s(bib)) for bib in SPEEDS}
    best = 13.0
    assert behind_s[1] == pytest.approx(place_m[2] / 12.5 - place_m[2] / best, abs=0.7)
    assert behind_s[2] == pytest.approx(place_m[3] / 14.0 - place_m[3] / best, abs=0.7)
    assert behind_s[2] < 0.0 < behind_s[1]
    assert np.isnan(behind_s[0])
    assert np.isnan(trial.behind_s(START_MS + 100_000.0)[1:]).all()


def test_all_times_of_a_classification_are_against_the_best_at_the_line(trial):
    """Whoever has finished is behind the best by the difference of their times, and he is behind nobody."""
    ended = trial.against_best_s(START_MS + 1000.0 * (start_s(2) + 30_000 / 12.5 + 60.0))
    times_s = np.array([30_000 / SPEEDS[bib] for bib in sorted(SPEEDS)])
    assert ended == pytest.approx(times_s - times_s.min(), abs=0.7)
    # rider 1 has arrived, 3 is faster on the road, 2 slower
    time_s = start_s(1) + 30_000 / 13.0 + 5.0
    behind_s = trial.against_best_s(START_MS + 1000.0 * time_s)
    place_m = {bib: SPEEDS[bib] * (time_s - start_s(bib)) for bib in SPEEDS}
    expected = [place_m[bib] / SPEEDS[bib] - place_m[bib] / 13.0 for bib in (2, 3, 4)]
    assert behind_s[0] == 0.0
    assert behind_s[1:] == pytest.approx(expected, abs=0.7)
    early_ms = START_MS + 900_000.0
    np.testing.assert_array_equal(trial.against_best_s(early_ms), trial.behind_s(early_ms))


def test_everybody_as_if_they_had_started_together(race, trial):
    together = trial.common_start()
    assert together.start_ms == pytest.approx(START_MS + 90_000, abs=2)
    state = together.at(together.start_ms + 600_000)
    assert state.riders.distance_m == pytest.approx([600.0 * SPEEDS[bib] for bib in sorted(SPEEDS)], abs=4.0)
    assert together.positions.bibs[state.order].tolist() == [3, 4, 1, 2]
    gaps = [place / 14.0 for place in state.riders.distance_m]
    assert state.gap_s == pytest.approx(600.0 - np.array(gaps), abs=0.7)
    assert state.groups == ()
    end = together.at(together.end_ms)
    assert end.riders.finished.all()
    times = (together.positions.finish_ms - together.start_ms) / 1000.0
    assert times == pytest.approx([30_000.0 / SPEEDS[bib] for bib in sorted(SPEEDS)], abs=1.0)
    assert np.isnan(race.at(START_MS + 900_000).gap_s).all()


def test_new_best_times_are_events(trial):
    told = [(event.kind, event.bibs, event.place) for event in trial.events]
    assert told == [
        (EventKind.TIME_CHECK, (1,), "Chrono 1"),
        (EventKind.TIME_CHECK, (3, 1), "Chrono 1"),
        (EventKind.FINISH, (1,), "Arrivée"),
        (EventKind.FINISH, (3, 1), "Arrivée"),
    ]
    assert trial.events[1].gap_s == pytest.approx(10_000 / 13.0 - 10_000 / 14.0, abs=0.6)


def test_start_times_on_the_clock(make_race):
    """Thirty riders on half minutes, each of another pace and seen only after 300 m or so."""
    random = np.random.default_rng(5)
    bibs = range(1, 31)
    speeds = {bib: 12.0 + random.normal(0.0, 0.6) for bib in bibs}
    seconds = {
        bib: np.arange(60.0 * bib + (20.0 if bib % 4 else -5.0), 60.0 * bib + 2600.0, 5.0) for bib in bibs
    }
    race = make_race(
        {bib: (lambda t, bib=bib: speeds[bib] * (t - 60.0 * bib)) for bib in bibs},
        seconds=seconds,
        time_trial=True,
        places=(CHECK, FINISH),
    )
    starts_s = (TimeTrial(race).starts_ms - START_MS) / 1000.0
    assert starts_s - 60.0 * np.arange(1, 31) == pytest.approx(0.0, abs=1.0)


@pytest.mark.real
def test_a_real_time_trial_against_the_feeds_own_times(shared_data, tmp_path):
    """Within 5 km of the line the feed's time to the leader is ours to 2 s."""
    import gzip
    import json

    from tracker3d.replay import open_replay
    from tracker3d.stage import prepare

    recording = shared_data / "feed" / "stage-16_2026-07-21.json.gz"
    package = prepare(
        shared_data / "routes" / "stage-16_2026.geojson",
        output=tmp_path / "trial.stage",
        dem_paths=[],
        riders_path=recording,
        width_km=1.0,
    ).path
    race = open_replay(package, recording).race
    trial = TimeTrial(race)
    assert [place.name for place in trial.checks[:-1]] == [
        "L'X",
        "Côte de Larringes",
        "THONON-LES-BAINS-Bords de Dranse",
    ]
    assert [result.bib for result in trial.ranking(trial.checks[-1])[:3]] == [21, 1, 35]
    index = {int(bib): at for at, bib in enumerate(race.positions.bibs)}
    # the first half of the race was ridden before the recording began: only then is the best in it
    from_ms = race.start_ms + 2.3 * 3_600_000
    apart = []
    for event in json.loads(gzip.decompress(recording.read_bytes()))["events"]:
        frame = json.loads(event["data"])["data"]
        if frame["TimeStamp"] * 1000 < from_ms or frame["TimeStamp"] % 30 >= 5:
            continue
        behind_s = trial.behind_s(frame["TimeStamp"] * 1000.0)
        apart += [
            behind_s[index[row["Bib"]]] - row["secToITTLead"]
            for row in frame["Riders"]
            if row["secToITTLead"] is not None and row["Status"] == "active" and row["kmToFinish"] < 5.0
        ]
    apart = np.array(apart)
    apart = apart[np.isfinite(apart)]
    assert len(apart) > 200
    assert abs(np.median(apart)) < 1.0
    assert np.quantile(np.abs(apart), 0.75) < 2.0
    together = trial.common_start()
    assert 20 * 60 < (together.end_ms - together.start_ms) / 1000 < 60 * 60
    assert int(together.positions.bibs[together.at(together.end_ms).order[0]]) == 21


def test_the_board_tells_the_last_place_passed_and_a_common_start_the_road(race):
    theme, stage, trial = default_theme(), race.stage, TimeTrial(race)
    scene = SimpleNamespace(memory=SceneMemory(), theme=theme, stage=stage)

    def told(of, time_ms):
        return ranking_at(scene, of, of.at(round(time_ms)))

    assert told(race, START_MS + 200_000) is None
    check, finish = trial.checks
    passed_ms = START_MS + 1000.0 * (start_s(3) + 10_000 / SPEEDS[3] + 5.0)
    board = told(race, passed_ms)
    best = trial.ranking(check, until_ms=passed_ms)
    assert board.heading == "Chrono 1"
    assert len(board.rows) == len(best) >= 2
    assert board.rows[0][1] == clock_text(best[0].time_s)
    assert [figure for _, figure in board.rows[1:]] == [gap_text(each.behind_s) for each in best[1:]]
    board = told(race, race.end_ms)
    assert board.heading == theme.word("finish")
    assert board.rows[0][1] == clock_text(trial.ranking(finish)[0].time_s)
    together = trial.common_start()
    board = told(together, together.start_ms + 600_000)
    assert board.heading == "Common start"
    order = [int(together.positions.bibs[rider]) for rider in together.at(together.start_ms + 600_000).order]
    assert [name for name, _ in board.rows] == [Rider(bib=bib).display_name for bib in order]
    assert board.rows[0][1] == ""
    assert board.rows[1][1].startswith("+")


def test_the_classification_of_a_time_trial_comes_with_the_start_of_who_led(race, trial):
    """It ends as the times say, and so it does in the view as a common start, where all are seen at once."""
    before_s = {1: 130.0, 2: 40.0, 3: 200.0, 4: 0.0}
    riders = tuple(Rider(bib=bib, before_s=time_s) for bib, time_s in before_s.items())
    stage = dataclasses.replace(race.stage, riders=riders)
    scene = SimpleNamespace(memory=SceneMemory(), theme=default_theme(), stage=stage)
    scene.memory.get("time trial", id(race), lambda: (race, trial))

    def told(of, time_ms):
        return standings_at(scene, of, of.at(round(time_ms)))

    assert told(race, START_MS + 1000.0 * (start_s(4) - 5.0)) is None
    assert told(race, START_MS + 1000.0 * (start_s(4) + 20.0)).rows[0].name == "#4"
    end_s = {bib: before_s[bib] + 30_000 / SPEEDS[bib] for bib in SPEEDS}
    order = sorted(end_s, key=end_s.__getitem__)
    together = trial.common_start()
    for of in (race, together):
        board = told(of, of.end_ms + 60_000)
        assert (board.heading, board.note) == ("General classification", "")
        assert [row.name for row in board.rows] == [f"#{bib}" for bib in order]
        behind_s = [end_s[bib] - end_s[order[0]] for bib in order[1:]]
        figures = [row.figure.removeprefix("+").split(":") for row in board.rows[1:]]
        assert [60 * int(minutes) + int(seconds) for minutes, seconds in figures] == pytest.approx(
            behind_s, abs=3.0
        )
    assert told(together, together.start_ms + 300_000).heading == "Virtual classification"
