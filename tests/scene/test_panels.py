"""Panels and figures: right words, drawn again only when they change."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from tracker3d.errors import InputError
from tracker3d.race.model import Group, Role
from tracker3d.scene.camera.titles import ShownTitle
from tracker3d.scene.drawing import Canvas, Look, readable_on, scale_of
from tracker3d.scene.figures import clock_text, gap_text, km_text, local_clock_text
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.model import ALL_OVERLAYS, NO_OVERLAYS, USUAL_OVERLAYS, Overlay, parse_overlays
from tracker3d.scene.panels import make_panels
from tracker3d.scene.strip import strip_column
from tracker3d.scene.style import default_theme, font
from tracker3d.track.model import Presence

SIZE = (1920, 1080)


@pytest.fixture
def look():
    return Look(default_theme(), 1.0)


def panels(scene, state, look, overlays=ALL_OVERLAYS):
    return {panel.name: panel for panel in make_panels(scene, state, look, SIZE, overlays)}


@pytest.mark.parametrize(
    ("gap_s", "text"),
    [
        (0.0, "+0:00"),
        (7.9, "+0:07"),
        (59.9999999, "+1:00"),
        (102.0, "+1:42"),
        (3727.0, "+1:02:07"),
        (float("nan"), "-"),
    ],
)
def test_gaps_are_written_in_whole_seconds(gap_s, text):
    assert gap_text(gap_s) == text


@pytest.mark.parametrize(
    ("metres", "text"),
    [
        (35_200.0, "35.2"),
        (35_200.1, "35.2"),
        (31_000.012394, "31.0"),
        (31_049.9, "31.0"),
        (31_050.1, "31.1"),
        (300.005, "0.3"),
        (20.0, "0.1"),
        (1e-7, "0.0"),
        (0.0, "0.0"),
        (-80.0, "0.0"),
        (np.nan, "-"),
    ],
)
def test_kilometres_are_the_nearest_tenth_and_zero_at_the_line_only(metres, text):
    assert km_text(metres) == text


def test_clocks():
    assert clock_text(-3.0) == "0:00"
    assert local_clock_text(1_783_423_500_000, "Europe/Paris") == "13:25:00"
    assert local_clock_text(1_783_423_500_000, "Nowhere/Such") == "11:25:00"
    assert local_clock_text(1_783_423_500_000, "../../etc/passwd") == "11:25:00"


def test_panels_are_drawn_again_only_when_what_they_say_changes(scene, race, look):
    start = race.stage.start_time_ms
    first, later = panels(scene, race.at(start + 100), look), panels(scene, race.at(start + 140), look)
    assert (
        first.keys() == later.keys() >= {"profile", "to_go", "gap_board", "stage_name", "legend", "credits"}
    )
    for name in first:
        assert first[name].key == later[name].key
        assert first[name].image is later[name].image
    a_minute = panels(scene, race.at(start + 60_000), look)
    assert a_minute["to_go"].key != first["to_go"].key
    assert not np.array_equal(a_minute["to_go"].image, first["to_go"].image)
    assert a_minute["stage_name"].image is first["stage_name"].image


def test_equal_keys_mean_equal_pictures(scene, race, look):
    seen = {}
    for after_s in range(0, 600, 20):
        for panel in panels(scene, race.at(race.stage.start_time_ms + 1000 * after_s), look).values():
            if panel.key in seen:
                assert np.array_equal(seen[panel.key], panel.image)
            seen[panel.key] = panel.image
    assert len(seen) > 60


def test_climb_card_comes_with_the_first_group_on_the_climb(scene, race, look):
    climb = next(place for place in scene.stage.places if place.kind == "climb")
    start = race.stage.start_time_ms
    foot_s = (climb.distance_m - climb.length_m - race.front_m) / race.speed_mps
    assert "climb_card" not in panels(scene, race.at(start + round(1000 * (foot_s - 1.0))), look)
    assert "climb_card" in panels(scene, race.at(start + round(1000 * (foot_s + 1.0))), look)


def test_markers_on_the_profile_stand_at_the_groups(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    strip = panels(scene, state, look)["profile"].image
    nobody = dataclasses.replace(state.riders, distance_m=np.full_like(state.riders.distance_m, np.nan))
    bare = panels(scene, dataclasses.replace(state, groups=(), riders=nobody), look)["profile"].image
    changed = np.flatnonzero((strip != bare).any(axis=(0, 2)))
    columns = [
        strip_column(look, group.front_m / scene.stage.route.finish_m, strip.shape[1])
        for group in state.groups
    ]
    assert all(np.abs(changed - column).min() <= 1 for column in columns)
    assert all(min(abs(column - middle) for middle in columns) <= look.px(9) for column in changed)
    for group, column in zip(state.groups, columns, strict=True):
        assert tuple(strip[look.px(45), column]) == (*look.theme.colour(group.role.value), 255)


def test_profile_is_high_where_the_road_is_high(scene, race, look):
    strip = panels(scene, race.at(race.stage.start_time_ms), look, ALL_OVERLAYS)["profile"].image.astype(int)
    bright = strip[..., :3].sum(axis=2) > 330
    finish_m = scene.stage.route.finish_m

    def crest(distance_m):
        column = strip_column(look, distance_m / finish_m, strip.shape[1])
        return int(bright[36 : strip.shape[0] - 24, column].sum())

    assert crest(1500.0) < crest(0.75 * finish_m) < crest(0.97 * finish_m)


def test_before_the_start_nothing_is_claimed(scene, race, look):
    state = dataclasses.replace(race.at(race.stage.start_time_ms - 60_000), to_go_m=float("nan"), groups=())
    shown = panels(scene, state, look)
    assert "gap_board" not in shown
    assert "climb_card" not in shown
    assert shown["to_go"].key[-1][0] == "-"
    assert shown["to_go"].key[-1][2] == ""


def test_a_time_trial_says_how_many_ride_and_marks_each_on_the_profile(scene, race, look):
    state = dataclasses.replace(race.at(race.stage.start_time_ms + 1_200_000), groups=())
    stage = dataclasses.replace(scene.stage, time_trial=True)
    trial = dataclasses.replace(scene, stage=stage, memory=SceneMemory())
    riders = state.riders
    out = (riders.bibs > 0) & (riders.distance_m > 0) & ~riders.finished & (riders.presence < Presence.LOST)
    shown = panels(trial, state, look)
    assert shown["to_go"].key[-1][:2] == (str(out.sum()), "on the road")
    share = riders.distance_m[out] / stage.route.finish_m
    columns = {strip_column(look, each, shown["profile"].image.shape[1]) for each in share.tolist()}
    assert {column for column, _ in shown["profile"].key[-1]} == columns
    assert out.sum() > 1


def test_a_stage_without_riders_shows_no_figures_of_a_race(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    columns = [field.name for field in dataclasses.fields(state.riders) if field.name != "time_ms"]
    nobody = dataclasses.replace(state.riders, **{name: getattr(state.riders, name)[:0] for name in columns})
    empty = dataclasses.replace(state, riders=nobody, order=state.order[:0], groups=(), to_go_m=float("nan"))
    shown = panels(scene, empty, look)
    assert shown.keys() == {"profile", "stage_name", "legend", "credits"}


def test_exaggerated_heights_are_stated_with_the_credits(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    frame = dataclasses.replace(scene.stage.frame, vertical_exaggeration=1.5)
    high = dataclasses.replace(scene, stage=dataclasses.replace(scene.stage, frame=frame))
    stated = [panels(one, state, look)["credits"].key[-1] for one in (scene, high)]
    assert stated[1] == ("Heights × 1.5", *stated[0])


def test_a_peloton_that_leads_has_no_gap(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    together = dataclasses.replace(state.groups[1], gap_to_head_s=0.0)
    for groups, gaps in (((together,), [""]), (state.groups[:2], ["", "+0:40"])):
        shown = panels(scene, dataclasses.replace(state, groups=groups), look)
        assert [row[2] for row in shown["gap_board"].key[-1]] == gaps


def test_many_groups_leave_the_named_ones_on_the_board(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    alone = [
        Group(10 + n, Role.CHASE, n + 1, np.array([n + 1], np.int32), 500.0, 500.0, 10.0, 5.0 * n, np.nan)
        for n in range(12)
    ]
    crowd = dataclasses.replace(state, groups=(state.groups[0], *alone, *state.groups[1:]))
    rows = panels(scene, crowd, look)["gap_board"].key[-1]
    assert len(rows) == 7
    assert rows[0][0] == "Head of the race"
    assert any(row[0] == "Peloton" for row in rows)
    assert any(row[0] == "R1" for row in rows)


def test_text_and_boxes_reach_over_the_edge_without_harm(look):
    canvas = Canvas(look, 40, 20)
    canvas.box(-10, -10, 20, 10, colour=(255, 0, 0), radius_px=4)
    canvas.text(-5, 32, "edge", 20, colour=(0, 255, 0))
    canvas.polygon([(30, -5), (60, 10), (30, 30)], colour=(0, 0, 255))
    canvas.text(500, 500, "outside", 20, colour=(0, 255, 0))
    pixels = canvas.pixels()
    assert pixels.shape == (20, 40, 4)
    assert tuple(pixels[2, 2]) == (255, 0, 0, 255)
    assert tuple(pixels[10, 34]) == (0, 0, 255, 255)


def test_shortened_text_fits(look):
    text = look.fitted("Saint-Étienne-de-Montagne-les-Bains", 20, "Bold", 120)
    assert text.endswith("…")
    assert look.width(text, 20, "Bold") <= 120
    assert look.fitted("Foix", 20, "Bold", 120) == "Foix"


def test_digits_are_of_equal_width():
    for weight in ("Regular", "Semibold", "Bold"):
        assert len({font(22.0, weight).getlength(digit) for digit in "0123456789"}) == 1


def test_graphics_grow_with_the_picture():
    assert scale_of((1920, 1080)) == 1.0
    assert scale_of((3840, 2160)) == 2.0
    assert scale_of((800, 1080)) < 0.85
    assert scale_of((1080, 1080)) == 1.0
    assert scale_of((1080, 1920)) == 1.125
    assert readable_on((255, 255, 255)) == (15, 20, 28)
    assert readable_on((20, 20, 90)) == (255, 255, 255)


def test_the_speed_board_says_the_mean_speed_of_each_group(scene, race, look):
    state = race.at(race.stage.start_time_ms)
    slow = dataclasses.replace(state.groups[1], speed_mps=8.2)
    unknown = dataclasses.replace(state.groups[2], speed_mps=float("nan"))
    shown = panels(scene, dataclasses.replace(state, groups=(state.groups[0], slow, unknown)), look)
    assert [row[2] for row in shown["speed_board"].key[-1]] == ["36", "30", "-"]


def test_overlays_by_name():
    assert parse_overlays("usual") == USUAL_OVERLAYS
    assert parse_overlays("usual, speed-board,virtual-gc,gap_trend,wind") == ALL_OVERLAYS
    assert parse_overlays("none") == parse_overlays("") == NO_OVERLAYS
    assert parse_overlays("to_go,gap_board") == {Overlay.TO_GO, Overlay.GAP_BOARD}
    with pytest.raises(InputError, match=r"'clock' is no overlay; choose from usual, all"):
        parse_overlays("to_go,clock")


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1280, 720), (640, 360), (900, 900), (3840, 2160), (1080, 1350), (1080, 1920)]
)
def test_panels_never_cover_each_other(scene, race, size):
    from tracker3d.scene.standings import Standing, Standings
    from tracker3d.scene.trend import GapTrend

    rows = tuple(Standing(number, "ØSTERGÅRD-DE LA TOUR", "+1:02:07", -5) for number in range(1, 7))
    standings = Standings("Virtual classification", "without bonuses", rows)
    look = Look(default_theme(), scale_of(size))
    trend = GapTrend(tuple(float(k) for k in range(31)), 10.0)
    title = ShownTitle("Col de Montségur " * 6, "6.9 km at 6.6 %", 0.5)
    for after_s in (0.0, 450.0):
        state = race.at(race.stage.start_time_ms + round(1000 * after_s))
        shown = make_panels(
            scene, state, look, size, ALL_OVERLAYS, trend=trend, title=title, standings=standings
        )
        assert "shot_title" in {p.name for p in shown}
        boxes = {
            p.name: (p.x_px, p.y_px, p.x_px + p.image.shape[1], p.y_px + p.image.shape[0]) for p in shown
        }
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
            apart = a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
            assert apart, f"{one} covers {other}"


def test_panels_do_not_depend_on_what_was_shown_before(scene, race, look):
    """A render that goes on, or another process, draws the same: what is kept is what its key says."""
    start, used = race.stage.start_time_ms, dataclasses.replace(scene, memory=SceneMemory())
    for after_s in np.arange(380.0, 480.0, 6.3).tolist():
        state = race.at(start + round(1000 * after_s))
        fresh = panels(dataclasses.replace(scene, memory=SceneMemory()), state, look)
        for name, panel in panels(used, state, look).items():
            assert panel.key == fresh[name].key
            assert (panel.image == fresh[name].image).all(), name
