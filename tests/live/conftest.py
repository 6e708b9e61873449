"""The faulty feed server of the feed's tests, and a small stage with its race as events of a feed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path.append(str(TESTS / "feed"))
sys.path.append(str(TESTS / "show"))
sys.path.append(str(TESTS / "live"))

from race_frames import frames  # noqa: E402
from small_show import write_small_stage  # noqa: E402

from tracker3d.feed.server import Playlist  # noqa: E402
from tracker3d.stage import StagePackage, open_package  # noqa: E402


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> StagePackage:
    return open_package(write_small_stage(tmp_path_factory.mktemp("live"))[0])


@pytest.fixture(scope="session")
def playlist(package: StagePackage) -> Playlist:
    made = frames(package, 600)
    return Playlist("small race", [at_ms for at_ms, _ in made], [event for _, event in made])
