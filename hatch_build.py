"""Puts the page of ``tracker3d serve`` into wheels: built from npm packages when the wheel is, by lock file.

An editable install goes without: there ``make page`` builds it, and ``serve`` says so where it is missing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from types import ModuleType


class PageHook(BuildHookInterface):
    """Build the page before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page; a wheel without it would serve nothing to look at."""
        if version != "editable":
            _builder(Path(self.root)).build()


def _builder(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_page", root / "tools" / "build_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
