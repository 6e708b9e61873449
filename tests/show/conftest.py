"""A show over a small race on a real small stage, made once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracker3d.show import OpenShow, Show, new_document, open_show

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.append(str(Path(__file__).parent))

from small_show import write_small_stage


@pytest.fixture(scope="session")
def small_paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Package and feed on disk."""
    return write_small_stage(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def opened(small_paths: tuple[Path, Path]) -> OpenShow:
    package, feed = small_paths
    return open_show(package, feed)


@pytest.fixture
def make_show(opened: OpenShow) -> Callable[[], Show]:
    return lambda: Show(opened.scene, opened.source, document=new_document("Test"))


@pytest.fixture
def show(make_show: Callable[[], Show]) -> Show:
    return make_show()
