"""Settings of the program, in the platform's folders: keys, recent shows, the output."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from platformdirs import user_config_path, user_state_path

from tracker3d.errors import InputError
from tracker3d.files import make_folder, written_aside
from tracker3d.frame_rates import BROADCAST
from tracker3d.show.hotkeys import Hotkeys, hotkeys_from

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

MOST_RECENT = 20
_LARGEST_BYTES = 1_000_000
_Text = Annotated[str, msgspec.Meta(max_length=4000)]


@dataclass(frozen=True)
class Recent:
    """A show opened before: its package, and its feed, a path or an address, or nothing."""

    package: _Text
    feed: _Text = ""


@dataclass(frozen=True)
class Output:
    """Program on its own screen.

    Attributes
    ----------
    screen : str
        Name of the screen; empty, or gone: the last one.
    size_px : (width, height)
        1280 x 720, 1920 x 1080 or 3840 x 2160.
    rate : str
        Frames a second: "25", "29.97", "50" or "59.94".
    overlays, key : bool
        Whether it carries overlays, and stands before black with alpha instead of the sky.
    """

    screen: Annotated[str, msgspec.Meta(max_length=200)] = ""
    size_px: tuple[int, int] = (1920, 1080)
    rate: str = "50"
    overlays: bool = True
    key: bool = False

    @property
    def frames_per_s(self) -> Fraction:
        """The rate as it is exactly."""
        return BROADCAST[self.rate]


SIZES_PX = ((1280, 720), (1920, 1080), (3840, 2160))


@dataclass(frozen=True)
class Settings:
    """What the program remembers from one start to the next; every change gives a new value.

    ``on_screen``: program has a screen of its own, or had when the program was killed.
    """

    hotkeys: Hotkeys = field(default_factory=Hotkeys)
    recent: tuple[Recent, ...] = ()
    output: Output = field(default_factory=Output)
    on_screen: bool = False
    delay_ms: int = 0
    smoothing_s: float = 8.0
    mix_s: float = 0.5
    theme: str = ""
    language: str = ""

    def with_recent(self, package: Path, feed: str = "") -> Settings:
        """Put a show first among those opened before."""
        first = Recent(str(package), feed)
        others = tuple(recent for recent in self.recent if recent != first)
        return replace(self, recent=(first, *others)[:MOST_RECENT])


class ReadSettings(NamedTuple):
    """Settings, and what was wrong with the file, empty if nothing was."""

    settings: Settings
    message: str = ""


class _File(msgspec.Struct):
    """The file; fields of other versions are left alone."""

    hotkeys: Annotated[dict[_Text, list[_Text]], msgspec.Meta(max_length=500)] = {}
    recent: Annotated[list[Recent], msgspec.Meta(max_length=10 * MOST_RECENT)] = []
    output: Output = Output()
    on_screen: bool = False
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=300_000)] = 0
    smoothing_s: Annotated[float, msgspec.Meta(ge=2.0, le=60.0)] = 8.0
    mix_s: Annotated[float, msgspec.Meta(ge=0.0, le=30.0)] = 0.5
    theme: _Text = ""
    language: _Text = ""


def settings_path() -> Path:
    """Return where settings live."""
    return user_config_path("tracker3d") / "settings.json"


def journal_folder() -> Path:
    """Return where the journal of the running show lives."""
    return user_state_path("tracker3d") / "journal"


def read_settings(path: Path | None = None) -> ReadSettings:
    """Read the settings; the usual ones where there are none, or where they cannot be used.

    A file that cannot be used is kept beside the new one, as ``settings.json.damaged``.
    """
    path = path or settings_path()
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES)
    except FileNotFoundError:
        return ReadSettings(Settings())
    except OSError as error:
        return ReadSettings(
            Settings(), f"{path} cannot be read ({error.strerror}); the usual settings count."
        )
    try:
        return ReadSettings(_settings_of(msgspec.json.decode(content, type=_File)))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InputError) as error:
        with contextlib.suppress(OSError):
            path.replace(path.with_name(path.name + ".damaged"))
        return ReadSettings(Settings(), f"{path} cannot be used ({error}); the usual settings count.")


def write_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings, whole or not at all.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    path = path or settings_path()
    hotkeys = {name: list(keys) for name, keys in settings.hotkeys.own.items()}
    names = [each.name for each in fields(settings) if each.name != "hotkeys"]
    table: dict[str, Any] = {
        "hotkeys": hotkeys,
        **{name: msgspec.to_builtins(getattr(settings, name)) for name in names},
    }
    make_folder(path.parent, remedy="the settings are not kept")
    with written_aside(path) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=1))


def _settings_of(file: _File) -> Settings:
    if file.output.size_px not in SIZES_PX or file.output.rate not in BROADCAST:
        raise InputError("the size or the rate of the output is none of those possible")
    return Settings(
        hotkeys=hotkeys_from(file.hotkeys),
        recent=tuple(file.recent[:MOST_RECENT]),
        output=file.output,
        on_screen=file.on_screen,
        delay_ms=file.delay_ms,
        smoothing_s=file.smoothing_s,
        mix_s=file.mix_s,
        theme=file.theme,
        language=file.language,
    )
