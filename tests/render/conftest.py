"""Scenes for drawing, and a guard against views that outlive their test."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(autouse=True)
def _no_view_left_open() -> Iterator[None]:
    """Fail a test that leaves a renderer or a render window behind.

    What was there before is frozen, so that only what a test has made is searched: all of it takes a second.
    """
    from render_scenes import living

    gc.collect()
    gc.freeze()
    yield
    left = {name: count for name, count in living().items() if "Renderer" in name or "RenderWindow" in name}
    assert not left, f"left open: {left}"
