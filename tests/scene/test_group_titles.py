"""What groups are called on air."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tracker3d.race.model import Group, Role
from tracker3d.scene import default_theme
from tracker3d.scene.placing import Roster
from tracker3d.scene.tags import group_title
from tracker3d.stage.model import Rider

BIBS = np.array([3, 4, 21, 22, 31], np.int32)
NAMES = ("ARNAL", "BRANDT", "CASTÉ", "DUVAL", "ERIKSEN")


def _group(role: Role, number: int, riders: list[int]) -> Group:
    return Group(7, role, number, np.array(riders, np.int32), 9_000.0, 8_990.0, 11.0, 40.0, 40.0)


@pytest.mark.parametrize(
    ("role", "number", "riders", "title"),
    [
        (Role.HEAD, 1, [0, 1], "Head of the race"),
        (Role.CHASE, 1, [0, 1, 2], "Chase"),
        (Role.CHASE, 2, [0, 4, 2], "CASTÉ group"),
        (Role.DROPPED, 3, [1, 3], "DUVAL group"),
        (Role.DROPPED, 1, [3], "DUVAL"),
    ],
)
def test_title(role: Role, number: int, riders: list[int], title: str) -> None:
    named = tuple(Rider(bib=int(bib), last_name=name) for bib, name in zip(BIBS, NAMES, strict=True))
    nobody = np.zeros(len(BIBS), bool)
    roster = Roster(named, np.zeros((len(BIBS), 3), np.uint8), vehicle=nobody, jersey=nobody)
    assert group_title(default_theme(), _group(role, number, riders), roster) == title


def test_an_operators_name_goes_before_all_others() -> None:
    named = tuple(Rider(bib=int(bib), last_name=name) for bib, name in zip(BIBS, NAMES, strict=True))
    nobody = np.zeros(len(BIBS), bool)
    roster = Roster(named, np.zeros((len(BIBS), 3), np.uint8), vehicle=nobody, jersey=nobody)
    group = dataclasses.replace(_group(Role.CHASE, 2, [0, 1]), name="The two of Vale", official_name="Contre")
    assert group_title(default_theme(), group, roster) == "The two of Vale"
