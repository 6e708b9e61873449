"""Every key of the window, once: shortcuts, tooltips and the map of keys read this table.

An operator may give an act other keys; what he chose is kept as plain data, act by act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Key:
    """One act and the keys that do it unless an operator chooses others.

    Attributes
    ----------
    act : str
        Name of the act inside the program and in the settings.
    keys : tuple of str
        As Qt writes key sequences.
    text : str
        What it does.
    section : str
        Where the map of keys lists it.
    """

    act: str
    keys: tuple[str, ...]
    text: str
    section: str


SHOT_KEYS = 9

KEYS = (
    Key("take", ("Return", "Enter"), "Take: preview goes on air, the next entry is cued", "On air"),
    Key("cut", ("C",), "Cut: preview goes on air at once", "On air"),
    Key("mix", ("M",), "Mix: preview is dissolved in", "On air"),
    Key("out", ("O",), "Out: nothing on air, time goes on", "On air"),
    Key("back_on_air", ("B",), "What was on air before comes back", "On air"),
    Key("clear", ("Ctrl+Backspace",), "Clear all: both pictures empty", "On air"),
    Key("next", ("N",), "Take the next entry of the rundown", "On air"),
    Key("cue_next", ("PgDown",), "Cue the next entry of the rundown", "On air"),
    Key("cue_previous", ("PgUp",), "Cue the entry before", "On air"),
    Key("go_live", ("L",), "Live: the race as it is ridden, with the delay", "Live"),
    Key("replay_minute", ("Backspace",), "Replay the last minute", "Live"),
    Key("delay_less", ("[",), "Delay shorter by 0.1 s", "Live"),
    Key("delay_more", ("]",), "Delay longer by 0.1 s", "Live"),
    Key("sync", ("S",), "Sync: the event chosen in the log happens now", "Live"),
    Key("toggle", ("Space",), "Play or pause", "Time"),
    Key("back", ("Left",), "10 seconds back", "Time"),
    Key("ahead", ("Right",), "10 seconds ahead", "Time"),
    Key("far_back", ("Shift+Left",), "1 minute back", "Time"),
    Key("far_ahead", ("Shift+Right",), "1 minute ahead", "Time"),
    Key("faster", ("+", "Shift++", "="), "Faster, up to ×60", "Time"),
    Key("slower", ("-",), "Slower, down to ×0.1", "Time"),
    Key("reverse", ("R",), "Change the direction of time", "Time"),
    *(
        Key(f"shot_{number}", (str(number),), f"Shot {number}", "Cameras")
        for number in range(1, SHOT_KEYS + 1)
    ),
    Key("follow", ("F",), "Follow the selected rider, or stop following", "Cameras"),
    Key("release", ("Esc",), "Release: back to the last shot, nothing selected", "Cameras"),
    Key("store", ("Ctrl+S",), "Keep what is seen as a new shot", "Cameras"),
    Key("undo", ("Ctrl+Z",), "Undo the last edit", "Edit"),
    Key("redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Do it again", "Edit"),
    Key("search", ("Ctrl+F",), "Search riders by bib, name, team or nation", "Window"),
    Key("pin", ("P",), "Pin the selected rider to the top, or no more", "Window"),
    Key("studio", ("F2",), "Preview and program, or program alone", "Window"),
    Key("output", ("F3",), "Program output on a screen of its own", "Window"),
    Key("safe_areas", ("F4",), "Safe areas in the preview", "Window"),
    Key("clean", ("F6",), "Clean feed: program without overlays", "Window"),
    Key("full_screen", ("F11",), "Full screen", "Window"),
    Key("help", ("F1", "?", "Shift+?"), "Show or hide this map", "Window"),
)

MOUSE = (
    ("Drag", "Turn around what is in the middle"),
    ("Right drag", "Move over the ground"),
    ("Wheel", "Closer or farther"),
    ("Click a rider", "Follow them"),
)
"""What the mouse does in a picture."""

_READ = {"Left": "←", "Right": "→", "Return": "Enter", "Backspace": "⌫", "PgDown": "Page ↓", "PgUp": "Page ↑"}
_OF_ACT = {key.act: key for key in KEYS}


def key_of(act: str) -> Key:
    """Return an act's line of the table."""
    return _OF_ACT[act]


def read_key(sequence: str) -> str:
    """Return a key as people read it."""
    if sequence == "-":
        return "−"
    parts = sequence.split("+") if len(sequence) > 1 and not sequence.endswith("++") else [sequence]
    return " ".join(_READ.get(part, part) for part in parts)


class KeyMap(QObject):
    """The keys in use, and the shortcuts made of them.

    Parameters
    ----------
    chosen : mapping of str to sequence of str
        Keys of acts that the operator has changed; unknown acts are left out.

    Signals
    -------
    remapped
        Some act has other keys; tooltips and the map are to be written anew.
    """

    remapped = Signal()

    def __init__(self, chosen: Mapping[str, list[str]] | None = None) -> None:
        super().__init__()
        self.chosen = {act: list(keys) for act, keys in (chosen or {}).items() if act in _OF_ACT}
        self._shortcuts: dict[str, QShortcut] = {}

    def keys(self, act: str) -> tuple[str, ...]:
        """Return the keys of an act."""
        return tuple(self.chosen.get(act, _OF_ACT[act].keys))

    def shown(self, act: str) -> str:
        """Return the first key of an act as people read it; empty where it has none."""
        keys = self.keys(act)
        return read_key(keys[0]) if keys else ""

    def tip(self, text: str, act: str) -> str:
        """Return a tooltip with its key."""
        shown = self.shown(act)
        return f"{text}  ({shown})" if shown else text

    def bind(self, parent: QWidget, acts: Mapping[str, Callable[[], None]]) -> None:
        """Make the shortcuts of a window."""
        for act, run in acts.items():
            shortcut = QShortcut(parent)
            shortcut.setKeys([QKeySequence(text) for text in self.keys(act)])
            shortcut.activated.connect(run)
            shortcut.activatedAmbiguously.connect(run)
            self._shortcuts[act] = shortcut

    def pause(self, *, paused: bool) -> None:
        """Let keys do nothing, such as while a new one is chosen."""
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(not paused)

    def remap(self, act: str, key: str) -> None:
        """Give an act one key, taken from whichever act had it before."""
        for other in _OF_ACT:
            if other != act and key in self.keys(other):
                self._set(other, [kept for kept in self.keys(other) if kept != key])
        self._set(act, [key])
        self.remapped.emit()

    def reset(self) -> None:
        """Give every act the keys of the table again."""
        for act in list(self.chosen):
            self._set(act, list(_OF_ACT[act].keys))
        self.remapped.emit()

    def _set(self, act: str, keys: list[str]) -> None:
        if tuple(keys) == _OF_ACT[act].keys:
            self.chosen.pop(act, None)
        else:
            self.chosen[act] = keys
        if act in self._shortcuts:
            self._shortcuts[act].setKeys([QKeySequence(text) for text in keys])
