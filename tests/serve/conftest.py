"""A small race served on a free port of the loopback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "export")]

import small_stage
from serving import Small

from tracker3d.race import Race

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving import Served


@pytest.fixture(scope="session")
def small() -> Small:
    """The scene of the small stage and a race of four riders and a car on it."""
    scene = small_stage.small_scene()
    return Small(scene, Race(scene.stage, small_stage.small_race(scene.stage.route).motion))


@pytest.fixture
def served(small: Small) -> Iterator[Served]:
    """The race, ten states a second."""
    with small.serve(interval_s=0.1) as served:
        yield served
