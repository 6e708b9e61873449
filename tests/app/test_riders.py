"""The model of the table: what it shows, how it sorts and searches, and where a selection goes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt

from tracker3d.app.riders import BIB_ROLE, Column, RidersModel, folded
from tracker3d.race.model import Group, RaceState, Role
from tracker3d.stage import Rider
from tracker3d.track.model import Presence, RiderStates

if TYPE_CHECKING:
    from conftest import SmallStage
    from PySide6.QtWidgets import QApplication

BIBS = np.array([-1, 1, 2, 3, 4], np.int32)
TITLES = ["Head", "Peloton"]


def race_state(distances_m: list[float]) -> RaceState:
    """Return a state of vehicle -1 and riders 1 to 4; a rider without a distance is absent."""
    distance = np.array(distances_m)
    absent = np.isnan(distance)
    riders = RiderStates(
        time_ms=0,
        bibs=BIBS,
        distance_m=distance,
        speed_mps=np.where(absent, np.nan, 10.0 + np.arange(5)),
        lateral_m=np.zeros(5),
        age_s=np.where(absent, np.nan, 1.0),
        presence=np.where(absent, Presence.ABSENT, Presence.LIVE).astype(np.uint8),
        finished=distance > 9000.0,
    )
    order = np.array([i for i in np.argsort(-distance) if BIBS[i] > 0 and not absent[i]], np.int32)
    gap = np.full(5, np.nan)
    gap[order] = 10.0 * np.arange(len(order))
    group = np.full(5, -1, np.int32)
    group[order] = np.minimum(np.arange(len(order)), 1)
    groups = tuple(
        Group(number, role, 1, order[part], 0.0, 0.0, 10.0, 0.0, 0.0)
        for number, (role, part) in enumerate(((Role.HEAD, slice(0, 1)), (Role.PELOTON, slice(1, None))))
    )
    return RaceState(0, riders, order, gap, group, groups, 100.0)


@pytest.fixture
def model(small_stage: SmallStage, looks: QApplication) -> RidersModel:
    model = RidersModel()
    model.set_roster(small_stage.stage)
    return model


def column(model: RidersModel, which: Column) -> list[str]:
    return [model.index(row, which).data() for row in range(model.rowCount())]


def bibs(model: RidersModel) -> list[int]:
    return [model.index(row, 0).data(BIB_ROLE) for row in range(model.rowCount())]


def test_before_the_race_everybody_stands_in_the_order_of_bibs(model: RidersModel) -> None:
    assert bibs(model) == [1, 2, 3, 4, 5, 6, 7, 8, 9, -1]
    assert set(column(model, Column.GAP)[:9]) == {"–"}


def test_shows_the_race(model: RidersModel, small_stage: SmallStage) -> None:
    finish_m = small_stage.stage.route.finish_m
    model.set_state(race_state([5000.0, 1000.0, 3000.0, 2000.0, np.nan]), TITLES)
    assert bibs(model)[:3] == [2, 3, 1]
    assert bibs(model)[-1] == -1
    assert column(model, Column.RANK)[:4] == ["1", "2", "3", ""]
    assert column(model, Column.GAP)[:4] == ["", "+0:10", "+0:20", "–"]
    assert column(model, Column.GROUP)[:4] == ["Head", "Peloton", "Peloton", ""]
    to_go_km = [float(text) for text in column(model, Column.TO_GO)[:3]]
    expected_km = (finish_m - np.array([3000.0, 2000.0, 1000.0])) / 1000.0
    np.testing.assert_allclose(to_go_km, expected_km, atol=0.1)
    assert column(model, Column.SPEED)[:3] == ["43", "47", "40"]


def test_who_finished_has_no_speed(model: RidersModel) -> None:
    model.set_state(race_state([np.nan, 9100.0, 3000.0, 2000.0, 1000.0]), TITLES)
    assert column(model, Column.TO_GO)[0] == "finished"
    assert column(model, Column.SPEED)[0] == "–"


def test_selection_goes_where_its_rider_goes(model: RidersModel) -> None:
    model.set_state(race_state([np.nan, 1000.0, 3000.0, 2000.0, 500.0]), TITLES)
    row = model.row_of_bib(3)
    assert row is not None
    kept = QPersistentModelIndex(model.index(row, Column.NAME))
    for first, second in ((100.0, 9.0), (4000.0, 50.0), (2500.0, 2400.0)):
        model.set_state(race_state([np.nan, second, 3000.0, first, 500.0]), TITLES)
        assert kept.isValid()
        assert kept.data(BIB_ROLE) == 3
        assert kept.row() == model.row_of_bib(3)


@pytest.mark.parametrize(
    ("which", "descending", "expected"),
    [
        (Column.BIB, False, [1, 2, 3, 4]),
        (Column.BIB, True, [9, 8, 7, 6]),
        (Column.SPEED, True, [4, 3, 2, 1]),
        (Column.TO_GO, False, [-1, 2, 3, 1]),
        (Column.GAP, True, [4, 1, 3, 2]),
    ],
)
def test_sorts_by_figures(model: RidersModel, which: Column, descending: bool, expected: list[int]) -> None:
    model.set_state(race_state([5000.0, 1000.0, 3000.0, 2000.0, 500.0]), TITLES)
    model.sort(which, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)
    assert bibs(model)[:4] == expected


def test_unknown_figures_come_last_both_ways(model: RidersModel) -> None:
    model.set_state(race_state([np.nan, 1000.0, np.nan, 2000.0, np.nan]), TITLES)
    for order in Qt.SortOrder:
        model.sort(Column.GAP, order)
        assert set(bibs(model)[:2]) == {1, 3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pogacar", [1]),
        ("POGAČ", [1]),
        ("orsted", [9]),
        ("van w", [8]),
        ("visma", [4, 5, 6]),
        ("vlb k", [6]),
        ("4", [4]),
        ("director", [-1]),
        ("nobody", []),
        ("  ", [1, 2, 3, 4, 5, 6, 7, 8, 9, -1]),
    ],
)
def test_search(model: RidersModel, text: str, expected: list[int]) -> None:
    model.set_search(text)
    assert bibs(model) == expected


def test_who_has_no_name_is_shown_by_the_bib(model: RidersModel, small_stage: SmallStage) -> None:
    riders = (Rider(77), *small_stage.stage.riders, Rider(-5, vehicle=True))
    model.set_roster(dataclasses.replace(small_stage.stage, riders=riders))
    assert column(model, Column.NAME)[bibs(model).index(77)] == "#77"
    assert bibs(model)[-2:] == [-1, -5]


def test_folded_has_neither_case_nor_accents() -> None:
    assert folded("Šødergård Łukasz ÆRØ") == "sodergard lukasz aero"
