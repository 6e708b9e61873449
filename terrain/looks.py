"""The three looks: what the ground is coloured with, and the air and the cut edge that go with it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Rgb = tuple[int, int, int]

WATER_RGB: Rgb = (84, 122, 132)
"""Rivers and lakes by day: muted blue-green with a little sky in it."""


class Look(enum.StrEnum):
    """How the ground is coloured."""

    NATURAL = "natural"
    SATELLITE = "satellite"
    NIGHT = "night"


@dataclass(frozen=True)
class Atmosphere:
    """Air and cut edge of a look; colours are sRGB.

    Attributes
    ----------
    sky : tuple of (float, Rgb)
        Colours by height above the horizon in degrees, from -90 to 90.
    haze_rgb : Rgb
        What far ground fades into: the sky at the horizon.
    haze_strength : float
        Share of haze that the farthest ground has, 0 to 1.
    haze_near_m : float
        Distance at which haze has two thirds of its strength in pictures of what is near.
    haze_share : float
        The same, in reaches of the camera, in pictures of a whole stage.
    wall_top, wall_foot : Rgb
        Of the cut edge, below the land and at its foot.
    """

    sky: tuple[tuple[float, Rgb], ...]
    haze_rgb: Rgb
    haze_strength: float
    haze_near_m: float
    haze_share: float
    wall_top: Rgb
    wall_foot: Rgb

    def haze_m(self, reach_m: float) -> float:
        """Return where haze has two thirds of its strength for a camera that looks so far."""
        return max(self.haze_near_m, self.haze_share * reach_m)


class Cover(enum.IntEnum):
    """Kinds of land cover: rows of a palette. The crops come last and are consecutive."""

    MEADOW = 0
    MEADOW_DRY = 1
    WOOD = 2
    WOOD_WARM = 3
    CONIFER = 4
    ALPINE = 5
    HEATH = 6
    ROCK = 7
    ROCK_DARK = 8
    SCREE = 9
    LIMESTONE = 10
    SNOW = 11
    WATER = 12
    WATER_SHALLOW = 13
    VERGE = 14
    HEDGE = 15
    APRON = 16
    APRON_PALE = 17
    APRON_WOOD = 18
    CROPS = 19


class Tones(NamedTuple):
    """Light and texture of a look.

    Colours of light are linear factors. ``lift``: factor on slopes for the light alone; ``sky_share``: part
    of the light that comes from the sky; ``shadow``: depth of cast shadows; ``texture``: strength of what is
    seen close up only; ``patchwork``: strength of crops; ``rim``, ``contour``: strength of light on ridges
    and of contour lines; ``drape_gain``, ``drape_saturation``, ``drape_tint``: how imagery is graded, the
    last the share of it that takes the tint of the palette's meadow.
    """

    key_r: float
    key_g: float
    key_b: float
    sky_r: float
    sky_g: float
    sky_b: float
    lift: float
    sky_share: float
    shadow: float
    ambient: float
    texture: float
    patchwork: float
    gain: float
    saturation: float
    rim: float
    contour: float
    drape_gain: float
    drape_saturation: float
    drape_tint: float


_NATURAL: dict[Cover, Rgb] = {
    Cover.MEADOW: (126, 144, 82),
    Cover.MEADOW_DRY: (164, 159, 106),
    Cover.WOOD: (77, 98, 57),
    Cover.WOOD_WARM: (96, 106, 61),
    Cover.CONIFER: (60, 82, 55),
    Cover.ALPINE: (146, 149, 98),
    Cover.HEATH: (150, 138, 104),
    Cover.ROCK: (155, 146, 130),
    Cover.ROCK_DARK: (118, 109, 96),
    Cover.SCREE: (180, 171, 156),
    Cover.LIMESTONE: (206, 199, 185),
    Cover.SNOW: (243, 246, 251),
    Cover.WATER: WATER_RGB,
    Cover.WATER_SHALLOW: (112, 146, 142),
    Cover.VERGE: (150, 157, 97),
    Cover.HEDGE: (88, 107, 66),
    Cover.APRON: (139, 150, 104),
    Cover.APRON_PALE: (163, 163, 122),
    Cover.APRON_WOOD: (98, 118, 78),
}
_NATURAL_CROPS: tuple[Rgb, ...] = (
    (140, 152, 94),
    (172, 166, 112),
    (190, 177, 126),
    (120, 139, 82),
    (160, 143, 110),
    (131, 150, 91),
    (180, 170, 116),
    (148, 156, 104),
)
_SATELLITE: dict[Cover, Rgb] = {
    Cover.MEADOW: (93, 105, 65),
    Cover.MEADOW_DRY: (127, 122, 86),
    Cover.WOOD: (52, 66, 42),
    Cover.WOOD_WARM: (67, 74, 46),
    Cover.CONIFER: (38, 54, 42),
    Cover.ALPINE: (115, 113, 77),
    Cover.HEATH: (121, 108, 80),
    Cover.ROCK: (128, 121, 113),
    Cover.ROCK_DARK: (88, 83, 79),
    Cover.SCREE: (157, 149, 138),
    Cover.LIMESTONE: (198, 191, 178),
    Cover.SNOW: (235, 238, 243),
    Cover.WATER: (42, 64, 70),
    Cover.WATER_SHALLOW: (68, 90, 88),
    Cover.VERGE: (124, 122, 88),
    Cover.HEDGE: (56, 68, 45),
    Cover.APRON: (106, 112, 80),
    Cover.APRON_PALE: (128, 125, 95),
    Cover.APRON_WOOD: (66, 79, 56),
}
_SATELLITE_CROPS: tuple[Rgb, ...] = (
    (100, 110, 66),
    (146, 134, 94),
    (166, 149, 108),
    (78, 97, 56),
    (132, 109, 84),
    (91, 108, 65),
    (152, 138, 98),
    (112, 114, 76),
)
_NIGHT: dict[Cover, Rgb] = {
    Cover.MEADOW: (44, 54, 68),
    Cover.MEADOW_DRY: (50, 59, 72),
    Cover.WOOD: (32, 41, 54),
    Cover.WOOD_WARM: (35, 44, 56),
    Cover.CONIFER: (28, 37, 50),
    Cover.ALPINE: (56, 66, 80),
    Cover.HEATH: (58, 66, 79),
    Cover.ROCK: (74, 83, 97),
    Cover.ROCK_DARK: (52, 60, 74),
    Cover.SCREE: (84, 93, 107),
    Cover.LIMESTONE: (100, 109, 122),
    Cover.SNOW: (132, 145, 163),
    Cover.WATER: (18, 30, 46),
    Cover.WATER_SHALLOW: (26, 41, 58),
    Cover.VERGE: (47, 57, 71),
    Cover.HEDGE: (33, 42, 55),
    Cover.APRON: (42, 51, 64),
    Cover.APRON_PALE: (47, 56, 69),
    Cover.APRON_WOOD: (34, 43, 56),
}
_NIGHT_CROPS: tuple[Rgb, ...] = (
    (43, 53, 67),
    (49, 58, 72),
    (52, 61, 74),
    (39, 49, 62),
    (46, 54, 67),
    (42, 52, 65),
    (50, 59, 73),
    (45, 54, 68),
)


def _palette(colours: dict[Cover, Rgb], crops: tuple[Rgb, ...]) -> tuple[Rgb, ...]:
    return (*(colours[cover] for cover in Cover if cover is not Cover.CROPS), *crops)


_PALETTES = {
    Look.NATURAL: _palette(_NATURAL, _NATURAL_CROPS),
    Look.SATELLITE: _palette(_SATELLITE, _SATELLITE_CROPS),
    Look.NIGHT: _palette(_NIGHT, _NIGHT_CROPS),
}
CROPS = len(_NATURAL_CROPS)

_TONES = {
    Look.NATURAL: Tones(
        key_r=1.06,
        key_g=1.0,
        key_b=0.90,
        sky_r=0.93,
        sky_g=1.0,
        sky_b=1.12,
        lift=2.1,
        sky_share=0.40,
        shadow=0.60,
        ambient=1.15,
        texture=1.0,
        patchwork=0.85,
        gain=1.0,
        saturation=1.0,
        rim=0.0,
        contour=0.0,
        drape_gain=1.0,
        drape_saturation=1.0,
        drape_tint=0.0,
    ),
    Look.SATELLITE: Tones(
        key_r=1.07,
        key_g=1.0,
        key_b=0.89,
        sky_r=0.91,
        sky_g=1.0,
        sky_b=1.14,
        lift=1.6,
        sky_share=0.33,
        shadow=0.75,
        ambient=1.1,
        texture=1.5,
        patchwork=1.0,
        gain=1.0,
        saturation=0.95,
        rim=0.0,
        contour=0.0,
        drape_gain=0.94,
        drape_saturation=0.9,
        drape_tint=0.0,
    ),
    Look.NIGHT: Tones(
        key_r=0.92,
        key_g=1.0,
        key_b=1.12,
        sky_r=0.90,
        sky_g=1.0,
        sky_b=1.12,
        lift=1.8,
        sky_share=0.42,
        shadow=0.6,
        ambient=1.2,
        texture=0.6,
        patchwork=0.6,
        gain=1.0,
        saturation=1.0,
        rim=1.0,
        contour=1.0,
        drape_gain=0.45,
        drape_saturation=0.25,
        drape_tint=0.75,
    ),
}

_ATMOSPHERES = {
    Look.NATURAL: Atmosphere(
        sky=(
            (-90.0, (184, 199, 214)),
            (-60.0, (187, 202, 216)),
            (-32.0, (191, 205, 219)),
            (-8.0, (196, 209, 222)),
            (-1.0, (199, 212, 225)),
            (1.5, (208, 220, 231)),
            (7.0, (176, 202, 227)),
            (18.0, (122, 168, 213)),
            (40.0, (74, 130, 188)),
            (65.0, (54, 109, 170)),
            (90.0, (45, 98, 160)),
        ),
        haze_rgb=(196, 210, 224),
        haze_strength=0.74,
        haze_near_m=12_000.0,
        haze_share=2.6,
        wall_top=(124, 108, 91),
        wall_foot=(58, 51, 47),
    ),
    Look.SATELLITE: Atmosphere(
        sky=(
            (-90.0, (162, 174, 186)),
            (-60.0, (165, 177, 189)),
            (-32.0, (169, 181, 192)),
            (-8.0, (174, 185, 196)),
            (-1.0, (178, 189, 200)),
            (1.5, (186, 197, 207)),
            (7.0, (152, 175, 199)),
            (18.0, (101, 139, 178)),
            (40.0, (60, 102, 150)),
            (65.0, (42, 82, 132)),
            (90.0, (34, 71, 120)),
        ),
        haze_rgb=(174, 186, 198),
        haze_strength=0.70,
        haze_near_m=14_000.0,
        haze_share=2.8,
        wall_top=(86, 76, 66),
        wall_foot=(36, 33, 31),
    ),
    Look.NIGHT: Atmosphere(
        sky=(
            (-90.0, (30, 41, 57)),
            (-60.0, (31, 42, 58)),
            (-32.0, (32, 43, 60)),
            (-8.0, (34, 46, 63)),
            (-1.0, (36, 48, 66)),
            (1.5, (39, 52, 71)),
            (7.0, (30, 41, 59)),
            (18.0, (20, 28, 43)),
            (40.0, (12, 18, 30)),
            (65.0, (9, 13, 23)),
            (90.0, (7, 11, 20)),
        ),
        haze_rgb=(33, 45, 62),
        haze_strength=0.82,
        haze_near_m=11_000.0,
        haze_share=2.4,
        wall_top=(40, 49, 63),
        wall_foot=(14, 18, 26),
    ),
}


def atmosphere(look: Look) -> Atmosphere:
    """Return the air and the cut edge of a look."""
    return _ATMOSPHERES[look]


def palette(look: Look) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the colours of a look by :class:`Cover`, (k, 3) float64 from 0 to 1, sRGB."""
    return np.array(_PALETTES[look], float) / 255.0


def tones(look: Look) -> Tones:
    """Return light and texture of a look."""
    return _TONES[look]
