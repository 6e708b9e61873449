"""Scenes for drawing, and a guard against views that outlive their test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(autouse=True)
def _no_view_left_open() -> Iterator[None]:
    """Fail a test that leaves a renderer or a render window behind."""
    yield
    from render_scenes import living

    left = {name: count for name, count in living().items() if "Renderer" in name or "RenderWindow" in name}
    assert not left, f"left open: {left}"
