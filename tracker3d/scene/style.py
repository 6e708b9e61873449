"""How everything looks: colours, sizes and words, read from a TOML file, and the typeface.

The typeface is Source Sans Pro, which comes as a Python package, or files beside the theme; never the
system's: pictures look the same on every machine.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np
from PIL import Image, ImageFont

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


Rgb = tuple[int, int, int]
Weight = Literal["Regular", "Semibold", "Bold", "Black"]

_LARGEST_THEME_BYTES = 1_000_000
_LARGEST_FILE_BYTES = 20_000_000
_LARGEST_LOGO_PX = 4096
_Hex = Annotated[str, msgspec.Meta(pattern="^#[0-9a-fA-F]{6}$")]
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Size = Annotated[float, msgspec.Meta(ge=6.0, le=400.0)]


class Sizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Font sizes in pixels of a picture 1080 lines high."""

    label_name: _Size
    label_small: _Size
    group_title: _Size
    place_title: _Size
    panel_title: _Size
    shot_title: _Size
    panel_text: _Size
    panel_small: _Size
    figure: _Size
    credit: _Size


class Opacities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares from 0 to 1."""

    panel: _Share
    label: _Share


class GradientRamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Colours over the gradient of the road in percent, ascending."""

    percent: tuple[float, ...]
    colours: tuple[_Hex, ...]


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Colours, sizes and words of everything drawn over or on the ground.

    Attributes
    ----------
    language : str
        Key into ``words``.
    sizes : Sizes
    colours : dict of str to str
        ``#rrggbb`` by use; a group role's colour stands under the role's name.
    opacities : Opacities
    jerseys, gates : dict of str to str
        ``#rrggbb`` by jersey and by kind of gate.
    gradient : GradientRamp
    words : dict of str to dict of str to str
        By language, then by use.
    fonts : dict of str to str
        TrueType or OpenType files by weight (``Regular``, ``Semibold``, ``Bold``, ``Black``) in place of the
        typeface that comes with the program.
    logos : dict of str to str
        PNG files by use: ``corner`` is shown in the picture.
    """

    language: str
    sizes: Sizes
    colours: dict[str, _Hex]
    opacities: Opacities
    jerseys: dict[str, _Hex]
    gates: dict[str, _Hex]
    gradient: GradientRamp
    words: dict[str, dict[str, str]]
    fonts: dict[Weight, str] = {}
    logos: dict[str, str] = {}

    def colour(self, use: str) -> Rgb:
        """Return the sRGB colour of a use such as ``panel``, ``text`` or ``accent``."""
        return parse_hex(self.colours[use])

    def jersey(self, name: str) -> Rgb | None:
        """Return the colour of a leader's jersey, or None where it has none."""
        found = self.jerseys.get(name)
        return None if found is None else parse_hex(found)

    def gate(self, kind: str) -> Rgb:
        """Return the colour of a kind of gate."""
        return parse_hex(self.gates[kind])

    def word(self, use: str) -> str:
        """Return the word for a use in the theme's language."""
        return self.words[self.language][use]

    def figure(self, text: str) -> str:
        """Return a figure with the decimal mark of the theme's language."""
        return text.replace(".", self.word("decimal"))

    def font(self, size_px: float, weight: Weight = "Regular") -> ImageFont.FreeTypeFont:
        """Return the typeface at a size in pixels."""
        return font(size_px, weight, self.fonts.get(weight, ""))

    def gradient_colours(self, gradient: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the road's colours (n, 3) uint8 for gradients as rise over run (0.08 is 8 %), (n,)."""
        stops = np.array([parse_hex(colour) for colour in self.gradient.colours], float)
        percent = np.nan_to_num(np.asarray(gradient, float)) * 100.0
        mixed = [np.interp(percent, self.gradient.percent, stops[:, band]) for band in range(3)]
        colours: NDArray[np.uint8] = np.rint(np.stack(mixed, axis=-1)).astype(np.uint8)
        return colours


@functools.lru_cache(maxsize=256)
def parse_hex(text: str) -> Rgb:
    """Return (red, green, blue) of ``#rrggbb``."""
    value = int(text[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


@functools.cache
def default_theme() -> Theme:
    """Return the theme that comes with the package."""
    source = resources.files("tracker3d.scene") / "theme.toml"
    return msgspec.toml.decode(source.read_bytes(), type=Theme)


def load_theme(path: Path) -> Theme:
    """Read a theme file; what it leaves out is as in the theme that comes with the package.

    Raises
    ------
    InputError
        The file is missing, too large, no TOML, or holds something that a theme has not.
    """
    try:
        if path.stat().st_size > _LARGEST_THEME_BYTES:
            raise InputError(f"{path} is too large for a theme; give a TOML file of a few kilobytes.")
        given = msgspec.toml.decode(path.read_bytes())
        merged = _merged(msgspec.to_builtins(default_theme()), given)
        theme = msgspec.convert(merged, Theme)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path of the theme.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no theme ({error}); correct the line named.") from error
    _check(theme, path)
    return msgspec.structs.replace(
        theme,
        fonts={weight: str(_font_beside(path, name)) for weight, name in theme.fonts.items()},
        logos={use: str(_logo_beside(path, name)) for use, name in theme.logos.items()},
    )


def choose_theme(path: Path | None, language: str | None = None) -> Theme:
    """Return the theme of a file, or the one that comes with the package, in a language if one is given.

    Raises
    ------
    InputError
        The file cannot be used, or the theme does not know the language.
    """
    theme = default_theme() if path is None else load_theme(path)
    if language is None:
        return theme
    if language not in theme.words:
        known = ", ".join(sorted(theme.words))
        raise InputError(f"There are no words in the language {language!r}; choose one of {known}.")
    return msgspec.structs.replace(theme, language=language)


def _beside(theme_path: Path, name: str) -> Path:
    """Return a file that a theme names, which must lie in the theme's own folder or below."""
    folder = theme_path.resolve().parent
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise InputError(f"{theme_path} names {name}, which is not in its folder; put it there.")
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE_BYTES:
        raise InputError(f"{theme_path} names {name}, which is missing or larger than 20 MB; correct it.")
    return path


def _font_beside(theme_path: Path, name: str) -> Path:
    path = _beside(theme_path, name)
    try:
        ImageFont.truetype(str(path), size=20.0, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise InputError(f"{path} is no typeface; give a TrueType or OpenType file.") from error
    return path


def _logo_beside(theme_path: Path, name: str) -> Path:
    path = _beside(theme_path, name)
    try:
        with Image.open(path, formats=["PNG"]) as logo:
            small = max(logo.size) <= _LARGEST_LOGO_PX
            logo.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is no picture; give logos as PNG files.") from error
    if not small:
        raise InputError(f"{path} is too large for a logo; give one of at most 4096 pixels a side.")
    return path


def _merged(base: dict[str, object], given: dict[str, object]) -> dict[str, object]:
    result = dict(base)
    for key, value in given.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _check(theme: Theme, path: Path) -> None:
    percent = theme.gradient.percent
    if (
        len(percent) != len(theme.gradient.colours)
        or len(percent) < 2
        or list(percent) != sorted(set(percent))
    ):
        raise InputError(
            f"{path} gives a gradient ramp whose percents do not ascend or do not match its colours."
        )
    if theme.language not in theme.words:
        known = ", ".join(sorted(theme.words))
        raise InputError(f"{path} asks for the language {theme.language!r}; choose one of {known}.")
    lacking = set(default_theme().words["en"]) - set(theme.words[theme.language])
    if lacking:
        raise InputError(
            f"{path} lacks the words {', '.join(sorted(lacking))} in {theme.language!r}; add them."
        )


@functools.lru_cache(maxsize=128)
def font(size_px: float, weight: Weight = "Regular", path: str = "") -> ImageFont.FreeTypeFont:
    """Return a typeface at a size in pixels: that of a file, or Source Sans Pro."""
    if path:
        return ImageFont.truetype(path, size=size_px, layout_engine=ImageFont.Layout.BASIC)
    file = resources.files("font_source_sans_pro") / "files" / f"SourceSansPro-{weight}.ttf"
    with resources.as_file(file) as own:
        return ImageFont.truetype(str(own), size=size_px, layout_engine=ImageFont.Layout.BASIC)
