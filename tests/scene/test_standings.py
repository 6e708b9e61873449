"""The board of the virtual general classification on a race whose gaps are known."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from tracker3d.feed.reports import Reports, Withdrawal, WithdrawalKind
from tracker3d.race.classification import virtual_classification
from tracker3d.scene import USUAL_OVERLAYS, Overlay, build_scene, default_theme, frame_at, parse_camera
from tracker3d.scene import standings as standings_module
from tracker3d.scene.cards import draw_standings, rows_that_fit
from tracker3d.scene.drawing import Look
from tracker3d.scene.panels import make_panels
from tracker3d.scene.standings import LEAST_ROWS, MOST_ROWS, Standing, standings_at
from tracker3d.stage.model import Rider

BEFORE = {1: 100.0, 2: 70.0, 50: 0.0, 60: 5.0, 61: 5.5, 178: 30.0}
"""1 and 2 are in front, 50 to 61 in the peloton 40 s behind them, 178 half a minute and 20 s behind that."""


@dataclasses.dataclass(frozen=True)
class Classified:
    """The scripted race with what a classification asks for."""

    race: object
    reports: Reports = dataclasses.field(default_factory=Reports)
    arrived: bool = False
    grouped: bool = True

    @property
    def stage(self):
        return self.race.stage

    @property
    def positions(self):
        return self

    @property
    def finish_ms(self):
        """All of a group at once, groups as far apart as they ride."""
        state = self.race.at(self.stage.start_time_ms)
        finish_ms = np.full(len(state.riders.bibs), np.nan)
        for group in state.groups:
            finish_ms[group.riders] = self.stage.start_time_ms + 1000.0 * (500.0 + group.gap_to_head_s)
        return finish_ms

    def at(self, time_ms):
        state = self.race.at(time_ms)
        if not self.arrived:
            return state
        over = dataclasses.replace(state.riders, finished=state.riders.bibs > 0)
        return dataclasses.replace(state, riders=over)


@pytest.fixture
def timed(stage, ground):
    """Make a scene whose riders have times, and more riders if need be."""

    def made(before_s=BEFORE, *, more=(), theme=None):
        riders = tuple(
            dataclasses.replace(rider, before_s=before_s.get(rider.bib)) for rider in (*stage.riders, *more)
        )
        return build_scene(dataclasses.replace(stage, riders=riders), ground, theme)

    return made


def at(race, after_s=60.0):
    return race.at(race.stage.start_time_ms + round(1000 * after_s))


def board(scene, race, after_s=60.0, **more):
    frame = frame_at(
        scene,
        race,
        race.stage.start_time_ms + round(1000 * after_s),
        camera=parse_camera("overview"),
        viewport_px=(1280, 720),
        overlays=USUAL_OVERLAYS | {Overlay.VIRTUAL_GC},
        **more,
    )
    return next((panel for panel in frame.panels if panel.name == "virtual_gc"), None)


def test_rows_add_the_gaps_of_the_stage_to_the_times_before_it(timed, race):
    classified = Classified(race)
    told = standings_at(timed(), classified, at(race))
    assert (told.heading, told.note) == ("Virtual classification", "without bonuses")
    assert told.rows == (
        Standing(1, "R50", "", 0),
        Standing(2, "R60", "+0:05", 0),
        Standing(3, "R61", "+0:05", 0),
        Standing(4, "R2", "+0:30", 1),
        Standing(5, "R1", "+1:00", 1),
        Standing(6, "R178", "+1:20", -2),
    )
    truth = virtual_classification(classified, at(race), BEFORE)
    assert [row.position_before - row.position for row in truth.riders] == [row.gained for row in told.rows]
    assert [f"R{row.bib}" for row in truth.riders] == [row.name for row in told.rows]


def test_less_than_a_second_is_the_same_time(timed, race):
    rows = standings_at(timed({50: 3.0, 60: 3.4}), Classified(race), at(race)).rows
    assert [row.figure for row in rows] == ["", "s.t."]


def test_it_is_virtual_until_all_have_finished(timed, race):
    arrived = Classified(race, arrived=True)
    told = standings_at(timed(), arrived, arrived.at(race.stage.start_time_ms + 600_000))
    assert told.heading == "General classification"
    assert [row.name for row in told.rows] == ["R50", "R60", "R61", "R2", "R1", "R178"]


def test_french_words(timed, race):
    french = timed(theme=msgspec.structs.replace(default_theme(), language="fr"))
    running, arrived = Classified(race), Classified(race, arrived=True)
    told = standings_at(french, running, at(race))
    assert (told.heading, told.note) == ("Classement virtuel", "hors bonifications")
    assert standings_at(french, arrived, arrived.at(race.stage.start_time_ms)).heading == "Classement général"


def test_nothing_is_drawn_without_times_or_without_the_overlay(timed, scene, race):
    classified = Classified(race)
    assert standings_at(scene, classified, at(race)) is None
    assert board(scene, classified) is None
    assert board(timed(), classified) is not None
    usual = frame_at(
        timed(),
        classified,
        race.stage.start_time_ms,
        camera=parse_camera("overview"),
        viewport_px=(1280, 720),
    )
    assert "virtual_gc" not in {panel.name for panel in usual.panels}


def test_nothing_is_told_while_nothing_is_known_of_who_led(timed, race):
    """He may be ahead or behind; once the feed says that he is out of the race, the others count."""
    led = timed({**BEFORE, 999: -20.0}, more=(Rider(999, "Zoé", "LEADER"),))
    assert standings_at(led, Classified(race), at(race)) is None
    gone = Reports(withdrawals=(Withdrawal(999, 3, WithdrawalKind.ABANDONED),), stage_number=4)
    assert standings_at(led, Classified(race, gone), at(race)).rows[0].name == "R50"
    behind = timed({**BEFORE, 999: 20.0}, more=(Rider(999, "Zoé", "OTHER"),))
    assert standings_at(behind, Classified(race), at(race)).rows[0].name == "R50"


def test_within_a_second_it_is_worked_out_once_and_stays_the_same_picture(timed, race, monkeypatch):
    worked_out = []

    def counted(*given, **named):
        worked_out.append(given[1].time_ms)
        return virtual_classification(*given, **named)

    monkeypatch.setattr(standings_module, "virtual_classification", counted)
    scene, classified = timed(), Classified(race)
    boards = [board(scene, classified, after_s) for after_s in (60.0, 60.24, 60.5, 60.96)]
    assert len({each.key for each in boards}) == 1
    assert all(each.image is boards[0].image for each in boards)
    assert worked_out == [race.stage.start_time_ms + 60_000]
    board(scene, classified, 61.5)
    assert worked_out[1:] == [race.stage.start_time_ms + 61_000]


def test_who_is_selected_takes_the_last_row(timed, race):
    scene, classified = timed({bib: float(bib) for bib in range(50, 80)}), Classified(race)
    told = standings_at(scene, classified, at(race), selected_bib=70)
    assert [row.position for row in told.shown(MOST_ROWS)] == [1, 2, 3, 4, 5, 21]
    assert [row.selected for row in told.shown(MOST_ROWS)] == [False] * 5 + [True]
    assert [row.position for row in told.shown(4)] == [1, 2, 3, 21]
    among = standings_at(scene, classified, at(race), selected_bib=51).shown(MOST_ROWS)
    assert [(row.position, row.selected) for row in among][:2] == [(1, False), (2, True)]
    assert len(among) == MOST_ROWS
    nobody = standings_at(scene, classified, at(race), selected_bib=3)
    assert nobody.shown(MOST_ROWS) == nobody.rows
    keys = {board(scene, classified, selected_bib=bib).key for bib in (None, 70, 71)}
    assert len(keys) == 3


def test_names_that_several_have_get_an_initial(timed, race):
    brothers = (Rider(201, "Élie", "R50"), Rider(202, "", "R60"))
    rows = standings_at(timed(more=brothers), Classified(race), at(race)).rows
    assert [row.name for row in rows[:3]] == ["A. R50", "A. R60", "R61"]


def test_arrows_tell_up_from_down_by_their_shape(scene):
    """Narrow above and wide below, the other way round, and a dash."""
    look = Look(scene.theme, 1.0)
    widths = {}
    for gained, use in ((3, "gained"), (-3, "lost"), (0, "text_soft")):
        image = draw_standings(look, "", "", (Standing(1, "R1", "+0:10", gained),)).pixels().astype(int)
        drawn = np.abs(image[..., :3] - scene.theme.colour(use)).sum(axis=2) < 30
        drawn[:, :200] = False
        columns = np.flatnonzero(drawn.any(axis=0))
        mark = drawn[:, columns[0] : columns[0] + 13].sum(axis=1)
        widths[gained] = mark[mark > 0]
    assert widths[3][-1] > 2 * widths[3][0]
    assert widths[-3][0] > 2 * widths[-3][-1]
    assert len(widths[0]) <= 3


def test_a_long_name_and_a_long_gap_stay_clear_of_the_mark(scene):
    look = Look(scene.theme, 1.0)
    long, short = (
        draw_standings(look, "Virtual", "", (Standing(158, name, "+1:02:07", -12),)).pixels().astype(int)
        for name in ("MARTÍNEZ DE LA ÎLE-SAINT-ÆRØ", "I")
    )
    assert long.shape == short.shape
    changed = np.flatnonzero((long != short).any(axis=(0, 2)))
    lost = np.abs(short[..., :3] - scene.theme.colour("lost")).sum(axis=2) < 30
    assert changed.max() < np.flatnonzero(lost.any(axis=0)).min()
    assert changed.max() - changed.min() > look.px(100)


def test_where_room_is_short_there_are_fewer_rows_and_then_no_board(timed, race):
    scene, classified = timed(), Classified(race)
    told = standings_at(scene, classified, at(race))
    counts = []
    for height in range(250, 720, 10):
        look = Look(scene.theme, 1.0)
        overlays = frozenset({Overlay.STAGE_NAME, Overlay.VIRTUAL_GC, Overlay.PROFILE})
        shown = make_panels(scene, at(race), look, (1280, height), overlays, standings=told)
        found = [panel for panel in shown if panel.name == "virtual_gc"]
        counts.append(len(found[0].key[-1][2]) if found else 0)
        for panel in found:
            profile = next(each for each in shown if each.name == "profile")
            assert panel.y_px + panel.image.shape[0] <= profile.y_px
    assert counts == sorted(counts)
    assert {LEAST_ROWS, MOST_ROWS} <= set(counts) <= {0, *range(LEAST_ROWS, MOST_ROWS + 1)}
    assert rows_that_fit(Look(scene.theme, 1.0), 10) == 0
