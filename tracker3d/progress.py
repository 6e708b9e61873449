"""How long work tells what it is doing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called by long work with what it is doing and how much of the whole is done (0 to 1)."""

    def __call__(self, text: str, fraction: float) -> None:
        """Show it."""


def silent(text: str, fraction: float) -> None:
    """Show nothing."""
