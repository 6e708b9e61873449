"""Roads and rides whose truth is known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from truth_rides import Ride

    from tracker3d.feed import Fixes
    from tracker3d.stage.model import Stage

sys.path.insert(0, str(Path(__file__).resolve().parent))

from truth_rides import ROADS, fixes_of, ride, stage_of


@pytest.fixture(scope="session")
def make_stage() -> Callable[..., Stage]:
    return stage_of


@pytest.fixture(scope="session")
def make_ride() -> Callable[..., Ride]:
    return ride


@pytest.fixture(scope="session")
def make_fixes() -> Callable[..., Fixes]:
    return fixes_of


@pytest.fixture(scope="session")
def roads() -> dict[str, Stage]:
    return {name: stage_of(*line()) for name, line in ROADS.items()}
