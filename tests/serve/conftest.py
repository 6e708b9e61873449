"""A small race served on a free port of the loopback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "export"))
sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tools"))
sys.path.insert(0, str(Path(__file__).parent))

import small_stage
from serving import Small

from tracker3d.race import Race

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Page
    from serving import Served


@pytest.fixture(scope="session")
def small() -> Small:
    """The scene of the small stage and a race of four riders and a car on it."""
    scene = small_stage.small_scene()
    return Small(scene, Race(scene.stage, small_stage.small_race(scene.stage.route).motion))


@pytest.fixture(scope="session")
def tried_page() -> str:
    """Why the page cannot be built; empty where it is built now."""
    import build_page

    try:
        build_page.build()
    except build_page.BuildError as reason:
        return str(reason)
    return ""


@pytest.fixture(scope="module")
def served(tried_page: str, small: Small) -> Iterator[Served]:
    """The race at twice its speed, ten states a second, and the page if it is built; tests only listen.

    It lasts minutes only, so each file has it from its beginning.
    """
    with small.serve(interval_s=0.1, speed=2.0) as served:
        yield served


@pytest.fixture(scope="session")
def built_page(tried_page: str) -> Path:
    """Folder of the built page; skips, and says why, where it cannot be built."""
    import build_page

    if tried_page:
        pytest.skip(f"the page of the server cannot be built: {tried_page}")
    return build_page.BUILT


@pytest.fixture(scope="session")
def page(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a real browser."""
    import browser
    import three_viewer

    if three_viewer.browser() is None:
        pytest.skip("no chromium here: the page of the server is not opened")
    with browser.browse(tmp_path_factory.mktemp("profile"), width=640, height=360) as tab:
        yield tab
