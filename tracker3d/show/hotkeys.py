"""Every act of the operator that has a key: names, words, the usual keys, and keys of one's own.

Plain data: the window makes shortcuts, tooltips and the map of keys of it. Keys are written as Qt writes key
sequences ("Ctrl+Shift+Z"), which people read too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_KEYS = 4
_MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
_KEY = re.compile(
    r"[A-Z0-9]|F\d{1,2}|[^\w\s]|"
    r"Space|Esc|Tab|Backtab|Backspace|Return|Enter|Ins|Del|Home|End|Left|Right|Up|Down|PgUp|PgDown"
)


@dataclass(frozen=True)
class Act:
    """One act that has keys.

    Attributes
    ----------
    name : str
        Names it inside the program and in settings.
    text : str
        What it does.
    section : str
        Where the map of keys lists it.
    keys : tuple of str
        The usual ones.
    """

    name: str
    text: str
    section: str
    keys: tuple[str, ...] = ()


ACTS = (
    Act("take", "Take preview on air, cue the next", "On air", ("Return", "Enter")),
    Act("cut", "Cut preview to program", "On air", ("X",)),
    Act("mix", "Mix preview to program", "On air", ("M",)),
    Act("next", "Take the next entry of the rundown", "On air", ("N",)),
    Act("back", "Back to what was on air before", "On air", ("B",)),
    Act("out", "Take program off air", "On air", ("O",)),
    Act("clear_all", "Clear everything, preview too", "On air", ("Ctrl+Shift+Del",)),
    Act("clean", "Program without overlays, or with them", "On air", ("K",)),
    Act("corrections", "Put edited groups and events on air", "On air", ("Ctrl+Return",)),
    Act("toggle", "Play or pause", "Time", ("Space",)),
    Act("back_10", "10 seconds back", "Time", ("Left",)),
    Act("ahead_10", "10 seconds ahead", "Time", ("Right",)),
    Act("back_60", "1 minute back", "Time", ("Shift+Left",)),
    Act("ahead_60", "1 minute ahead", "Time", ("Shift+Right",)),
    Act("faster", "Faster, up to ×60", "Time", ("+", "=")),
    Act("slower", "Slower, down to ×0.1", "Time", ("-",)),
    Act("reverse", "Change the direction of time", "Time", ("R",)),
    Act("go_live", "Go live", "Time", ("L",)),
    Act("sync", "Sync now: the chosen event is what is seen now", "Time", ("Y",)),
    Act("replay_minute", "See the last minute again", "Time", ("Backspace",)),
    Act("cue_event", "Cue a replay of the chosen event", "Time", ("E",)),
    Act("delay_more", "0.1 s more delay", "Time", (".",)),
    Act("delay_less", "0.1 s less delay", "Time", (",",)),
    *(Act(f"cue_{n}", f"Cue shot {n}", "Shots", (str(n),)) for n in range(1, 10)),
    *(Act(f"air_{n}", f"Shot {n} on air at once", "Shots", (f"Alt+{n}",)) for n in range(1, 10)),
    Act("rundown_up", "Cue the entry before", "Shots", ("Up",)),
    Act("rundown_down", "Cue the entry after", "Shots", ("Down",)),
    Act("store", "Store what is on preview as a shot", "Shots", ("Ctrl+Shift+S",)),
    Act("follow", "Follow the selected rider, or stop following", "Riders", ("F",)),
    Act("release", "Back to the shot, nobody selected", "Riders", ("Esc",)),
    Act("pin", "Pin the selected rider, or no more", "Riders", ("P",)),
    Act("search", "Search riders by bib, name, team or nation", "Riders", ("Ctrl+F",)),
    Act("undo", "Undo the last edit", "Edit", ("Ctrl+Z",)),
    Act("redo", "Do again what was undone", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Act("save", "Save the show", "Edit", ("Ctrl+S",)),
    Act("open", "Open a show", "Edit", ("Ctrl+O",)),
    Act("output", "Program on its own screen, or no more", "Window", ("F10",)),
    Act("full_screen", "Full screen", "Window", ("F11",)),
    Act("safe_areas", "Safe areas in preview", "Window", ("G",)),
    Act("program_alone", "Program alone, or with preview", "Window", ("F9",)),
    Act("help", "Show or hide these keys", "Window", ("F1", "?")),
)
_BY_NAME = {act.name: act for act in ACTS}


@dataclass(frozen=True)
class Hotkeys:
    """Which keys do what; every change gives a new value.

    Attributes
    ----------
    own : mapping of str to tuple of str
        Keys of acts that are not the usual ones, by the act's name; an empty tuple takes them away.
    """

    own: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the keys of an act."""
        return self.own[name] if name in self.own else _BY_NAME[name].keys

    def act_of(self, key: str) -> Act | None:
        """Return what a key does."""
        wanted = normal(key)
        return next((act for act in ACTS if wanted in self.of(act.name)), None)

    def remapped(self, name: str, keys: Iterable[str]) -> Hotkeys:
        """Give an act other keys; whatever had one of them has it no more.

        Raises
        ------
        InputError
            There is no such act, or a key is none.
        """
        if name not in _BY_NAME:
            raise InputError(f"There is no act {name!r} that could have a key.")
        wanted = tuple(dict.fromkeys(normal(key) for key in keys))
        if len(wanted) > MOST_KEYS:
            raise InputError(f"{_BY_NAME[name].text!r} can have {MOST_KEYS} keys; give fewer.")
        own = dict(self.own)
        for act in ACTS:
            rest = tuple(key for key in self.of(act.name) if key not in wanted)
            if rest != self.of(act.name):
                own[act.name] = rest
        own[name] = wanted
        return Hotkeys(
            MappingProxyType({act: keys for act, keys in own.items() if keys != _BY_NAME[act].keys})
        )

    def usual(self, name: str) -> Hotkeys:
        """Give an act its usual keys back, taking them from whatever has them."""
        return self.remapped(name, _BY_NAME[name].keys)

    def sections(self) -> dict[str, list[tuple[Act, tuple[str, ...]]]]:
        """Return acts and their keys as the map of keys lists them."""
        listed: dict[str, list[tuple[Act, tuple[str, ...]]]] = {}
        for act in ACTS:
            listed.setdefault(act.section, []).append((act, self.of(act.name)))
        return listed


def normal(key: str) -> str:
    """Return a key as it is written here: modifiers in one order, letters large.

    Raises
    ------
    InputError
        It is none.
    """
    # the plus itself is a key
    key = key.strip()
    head, last = (key[:-1], "+") if key == "+" or key.endswith("++") else ("+" + key).rsplit("+", 1)
    modifiers = [part for part in head.split("+") if part]
    names = {name.lower(): name for name in _MODIFIERS}
    given = [names.get(modifier.strip().lower(), "") for modifier in modifiers]
    last = last.strip()
    last = last.upper() if len(last) == 1 else last[:1].upper() + last[1:]
    if not all(given) or len(set(given)) < len(given) or not _KEY.fullmatch(last):
        raise InputError(f"{key!r} is no key; write it like Ctrl+Shift+Z.")
    return "+".join([*(name for name in _MODIFIERS if name in given), last])


def hotkeys_from(own: Mapping[str, Iterable[str]]) -> Hotkeys:
    """Return the keys that settings hold; what is no act or no key is left out."""
    hotkeys = Hotkeys()
    for name, keys in own.items():
        try:
            hotkeys = hotkeys.remapped(name, list(keys)[:MOST_KEYS])
        except InputError:
            continue
    return hotkeys
