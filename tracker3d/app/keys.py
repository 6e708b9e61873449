"""Every key of the window, once: shortcuts, tooltips and the overlay of keys read this table."""

from __future__ import annotations

from dataclasses import dataclass

from tracker3d.app.desk import CAMERAS


@dataclass(frozen=True)
class Key:
    """One act and the keys that do it.

    Attributes
    ----------
    act : str
        Name of the act inside the program.
    keys : tuple of str
        As Qt writes key sequences.
    shown : str
        As people read them.
    text : str
        What it does.
    section : str
        Where the overlay lists it.
    """

    act: str
    keys: tuple[str, ...]
    shown: str
    text: str
    section: str


KEYS = (
    Key("toggle", ("Space",), "Space", "Play or pause", "Time"),
    Key("back", ("Left",), "←", "10 seconds back", "Time"),
    Key("ahead", ("Right",), "→", "10 seconds ahead", "Time"),
    Key("far_back", ("Shift+Left",), "Shift ←", "1 minute back", "Time"),
    Key("far_ahead", ("Shift+Right",), "Shift →", "1 minute ahead", "Time"),
    Key("faster", ("+", "Shift++", "="), "+", "Faster, up to ×60", "Time"),
    Key("slower", ("-",), "−", "Slower, down to ×0.1", "Time"),
    Key("reverse", ("R",), "R", "Change the direction of time", "Time"),
    *(
        Key(f"camera_{number}", (str(number),), str(number), f"{camera.label}: {camera.tip}", "Cameras")
        for number, camera in enumerate(CAMERAS, start=1)
    ),
    Key("follow", ("F",), "F", "Follow the selected rider, or stop following", "Cameras"),
    Key("release", ("Esc",), "Esc", "Release: back to the last camera, nothing selected", "Cameras"),
    Key("search", ("Ctrl+F",), "Ctrl F", "Search riders by bib, name or team", "Window"),
    Key("full_screen", ("F11",), "F11", "Full screen", "Window"),
    Key("help", ("F1", "?", "Shift+?"), "F1 or ?", "Show or hide these keys", "Window"),
)

MOUSE = (
    ("Drag", "Turn around what is in the middle"),
    ("Right drag", "Move over the ground"),
    ("Wheel", "Closer or farther"),
    ("Click a rider", "Follow them"),
)
"""What the mouse does in the view."""


def shown(act: str) -> str:
    """Return the key of an act as people read it."""
    return next(key.shown for key in KEYS if key.act == act)
