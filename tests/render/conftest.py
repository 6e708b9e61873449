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
    from render_scenes import living

    def views() -> dict[str, int]:
        return {
            name: count for name, count in living().items() if "Renderer" in name or "RenderWindow" in name
        }

    before = views()
    yield
    left = {name: count for name, count in views().items() if count > before.get(name, 0)}
    assert not left, f"left open: {left}"
