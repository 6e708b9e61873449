"""Shortcuts of the window: made of the table of acts and of the keys that an operator chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut

from tracker3d.errors import InputError
from tracker3d.show.hotkeys import Hotkeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QWidget

SHOT_KEYS = 9
"""So many shots have keys and buttons."""

MOUSE = (
    ("Drag", "Turn around what is in the middle"),
    ("Right drag", "Move over the ground"),
    ("Wheel", "Closer or farther"),
    ("Click a rider", "Follow them"),
)
"""What the mouse does in a picture."""

_READ = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Return": "Enter", "Backspace": "⌫", "-": "−"}
_ALSO_SHIFTED = {"+": "Shift++", "?": "Shift+?"}
"""Keys that most keyboards have with Shift only: Qt counts it."""


def read_key(key: str) -> str:
    """Return a key as people read it."""
    parts = [key] if len(key) == 1 else key.split("+")
    return " ".join(_READ.get(part, part) for part in parts if part)


class KeyMap(QObject):
    """The keys in use, and the shortcuts made of them.

    Parameters
    ----------
    hotkeys : Hotkeys

    Signals
    -------
    remapped
        Some act has other keys; tooltips and the map are to be written anew, and settings kept.
    """

    remapped = Signal()

    def __init__(self, hotkeys: Hotkeys | None = None) -> None:
        super().__init__()
        self.hotkeys = hotkeys or Hotkeys()
        self._shortcuts: dict[str, QShortcut] = {}

    def shown(self, act: str) -> str:
        """Return the first key of an act as people read it; empty where it has none."""
        keys = self.hotkeys.of(act)
        return read_key(keys[0]) if keys else ""

    def tip(self, text: str, act: str) -> str:
        """Return a tooltip with its key."""
        shown = self.shown(act)
        return f"{text}  ({shown})" if shown else text

    def bind(self, parent: QWidget, acts: Mapping[str, Callable[[], object]]) -> None:
        """Make the shortcuts of a window."""
        for act, run in acts.items():
            shortcut = QShortcut(parent)
            shortcut.activated.connect(run)
            shortcut.activatedAmbiguously.connect(run)
            self._shortcuts[act] = shortcut
        self._write_shortcuts()

    def pause(self, *, paused: bool) -> None:
        """Let keys do nothing, such as while a new one is chosen."""
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(not paused)

    def remap(self, act: str, key: str) -> str:
        """Give an act one key, taken from whichever act had it; returns what is wrong with the key."""
        try:
            self.set_hotkeys(self.hotkeys.remapped(act, [key]))
        except InputError as error:
            return str(error)
        return ""

    def set_hotkeys(self, hotkeys: Hotkeys) -> None:
        """Use other keys."""
        self.hotkeys = hotkeys
        self._write_shortcuts()
        self.remapped.emit()

    def _write_shortcuts(self) -> None:
        for act, shortcut in self._shortcuts.items():
            keys = self.hotkeys.of(act)
            shifted = [_ALSO_SHIFTED[key] for key in keys if key in _ALSO_SHIFTED]
            shortcut.setKeys([QKeySequence(key) for key in (*keys, *shifted)])
