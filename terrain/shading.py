"""Colour of one place on the ground: what grows there, and the light on it.

Nothing here knows land cover: height, slope, exposure and latitude stand for it, with patches of noise
so that no border is a contour line.

Everything is written once, without branches on data, and serves single numbers and whole arrays alike: as
compiled loops (numba, with its cache on disk), and where numba is not to be had, as plain numpy. The cache
knows nothing of changes in other files: what is compiled stands here. Noise is a function of the place alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from terrain.looks import Tones

_Function = TypeVar("_Function", bound="Callable[..., Any]")

Value = Any
"""One number inside compiled loops, an array of them in numpy."""
Rgb = tuple[Value, Value, Value]

HEIGHT, NEAR, WIDE, TREES_TO, STONY, WATER, ROAD, MEASURED, SKY, SUN, REGION, BROAD, LARGE = range(13)
"""Layers of the land: heights and heights above the neighbourhood (some 150 m, some 900 m), the tree line and
the distance to the road in metres; shares of lone bare mountain, water, measured land, sky and sun; and noise
of about -1 to 1 that is larger than the land's posts."""
LAYERS = 13

(_MEADOW, _MEADOW_DRY, _WOOD, _WOOD_WARM, _CONIFER, _ALPINE, _HEATH, _ROCK, _ROCK_DARK, _SCREE,
 _LIMESTONE, _SNOW, _WATER, _WATER_SHALLOW, _VERGE, _HEDGE, APRON, _APRON_PALE, _APRON_WOOD,
 _CROPS) = range(20)  # fmt: skip
_CROP_KINDS = 8

Octave = tuple[float, float, float]


def octave(size_m: float, turn_rad: float) -> Octave:
    """Return size, cosine and sine of one layer of noise."""
    return size_m, float(np.cos(turn_rad)), float(np.sin(turn_rad))


_N360, _N150, _N62 = octave(360.0, 0.4), octave(150.0, 1.3), octave(62.0, 2.1)
_N26, _N11, _N5 = octave(26.0, 2.9), octave(11.0, 3.6), octave(4.6, 4.7)
_TABLE = 256
_SNAP = 1024.0

_SUNS = ((-0.5417, 0.5417, 0.6428, 0.62), (-0.6365, -0.0895, 0.7660, 0.20), (0.1664, 0.6209, 0.7660, 0.18))
_LEVEL_LIGHT = 0.62 * 0.7428 + 0.38 * 0.8660
_WRAP = 0.10
_SHADOW_LIFT = 0.22
_LEAST_FADE_M = 1e-6
_TURN_COSINE, _TURN_SINE = np.cos(np.arange(64) * np.pi / 64), np.sin(np.arange(64) * np.pi / 64)


def noise_table() -> NDArray[np.float32]:
    """Return the values of noise at the corners of its lattice, -1 to 1."""
    return np.random.default_rng(20_260_704).uniform(-1, 1, (_TABLE, _TABLE)).astype(np.float32)


def _plain(function: _Function) -> _Function:
    return function


def _compilers() -> tuple[Callable[[_Function], _Function], Callable[[_Function], _Function]]:
    """Return what compiles loops and what is called in them; without numba, what leaves them as they are."""
    try:
        import numba

        options: dict[str, Any] = {
            "nogil": True,
            "error_model": "numpy",
            "fastmath": {"nnan", "nsz", "contract", "arcp"},
        }
        loop = numba.njit(cache=True, **options)
        loop(_plain)
    except (ImportError, RuntimeError):  # RuntimeError: there is no place for the cache
        return _plain, _plain
    return loop, numba.njit(forceinline=True, **options)


_loop, _inside = _compilers()
COMPILED = hasattr(_loop(_plain), "py_func")
"""Whether compiled loops are at hand; else :func:`paint_arrays` does what :func:`paint_rows` does, slower."""

_least: Any = min if COMPILED else np.minimum
_most: Any = max if COMPILED else np.maximum


@_inside
def _noise(table: NDArray[np.float32], x: Value, y: Value) -> Rgb:
    """Smooth noise at a place, in cells of its lattice: its value, -1 to 1, and its slopes."""
    column, row = np.floor(x), np.floor(y)
    u, v = x - column, y - row
    i, j = np.int64(column), np.int64(row)
    west, east, south, north = (
        i & 255,
        (i + 1) & 255,
        (j + 37 * (i >> 8)) & 255,
        (j + 1 + 37 * (i >> 8)) & 255,
    )
    other_south, other_north = (j + 37 * ((i + 1) >> 8)) & 255, (j + 1 + 37 * ((i + 1) >> 8)) & 255
    a, b = table[south, west], table[other_south, east]
    c, d = table[north, west], table[other_north, east]
    fade_u, fade_v = u * u * u * (u * (6 * u - 15) + 10), v * v * v * (v * (6 * v - 15) + 10)
    slope_u, slope_v = 30 * u * u * (u - 1) * (u - 1), 30 * v * v * (v - 1) * (v - 1)
    twist = a - b - c + d
    value = a + (b - a) * fade_u + (c - a) * fade_v + twist * fade_u * fade_v
    return value, (b - a + twist * fade_v) * slope_u, (c - a + twist * fade_u) * slope_v


@_inside
def _octave(table: NDArray[np.float32], x_m: Value, y_m: Value, octave: Octave, step_m: float) -> Rgb:
    """Noise of a size on a lattice that is turned, with its slopes per cell; none for coarse pixels.

    It fades where its cells have between 3.2 and 1.6 pixels.
    """
    size_m, cosine, sine = octave
    share = min(max((size_m / step_m - 1.6) / 1.6, 0.0), 1.0)
    if share <= 0.0:
        nothing = 0.0 * (x_m + y_m)
        return nothing, nothing, nothing
    east, north = x_m / size_m, y_m / size_m
    value, along, across = _noise(
        table, east * cosine - north * sine + 40.7 * sine, east * sine + north * cosine
    )
    return share * value, share * (along * cosine + across * sine), share * (across * cosine - along * sine)


@_inside
def _ramp(value: Value, start: float, end: float) -> Value:
    t = _least(_most((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@_inside
def _clip(value: Value, low: float, high: float) -> Value:
    return _least(_most(value, low), high)


@_inside
def _mix(below: Rgb, colour: NDArray[np.float64], share: Value) -> Rgb:
    red, green, blue = below
    return (
        red + (colour[0] - red) * share,
        green + (colour[1] - green) * share,
        blue + (colour[2] - blue) * share,
    )


@_inside
def _blend(below: Rgb, above: Rgb, share: Value) -> Rgb:
    return (
        below[0] + (above[0] - below[0]) * share,
        below[1] + (above[1] - below[1]) * share,
        below[2] + (above[2] - below[2]) * share,
    )


@_inside
def _times(colour: Rgb, factor: Value) -> Rgb:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@_inside
def _flat(colour: NDArray[np.float64], like: Value) -> Rgb:
    zero = 0.0 * like
    return zero + colour[0], zero + colour[1], zero + colour[2]


@_inside
def _fields(
    table: NDArray[np.float32],
    palette: NDArray[np.float64],
    x_m: Value,
    y_m: Value,
    bend: Value,
    step_m: float,
) -> tuple[Rgb, Value]:
    """Colour of the field at a place, and how much of a hedge stands there.

    A patchwork whose rows turn from one parish to the next.
    """
    east, north = x_m + 210.0 * bend, y_m - 190.0 * bend
    parish_column, parish_row = np.int64(np.floor(east / 1750.0)), np.int64(np.floor(north / 1600.0))
    parish = 0.5 + 0.5 * table[(parish_row + 91 * parish_column) & 255, parish_column & 255]
    turn = np.int64(parish * (len(_TURN_COSINE) - 1))
    cosine, sine = _TURN_COSINE[turn], _TURN_SINE[turn]
    along, across = east * cosine + north * sine, north * cosine - east * sine
    width = 95.0 + 85.0 * parish
    strip = np.floor(across / width)
    row = np.int64(strip) + np.int64(1000.0 * parish)
    length = 230.0 + 110.0 * table[row & 255, 17]
    shifted = along + 180.0 * table[19, row & 255]
    place = np.floor(shifted / length)
    kind = 0.5 + 0.5 * table[(np.int64(place) + 53 * row) & 255, row & 255]
    crop = _CROPS + _least(np.int64(kind * _CROP_KINDS), _CROP_KINDS - 1)
    side = _least(across - strip * width, (strip + 1.0) * width - across)
    end = _least(shifted - place * length, (place + 1.0) * length - shifted)
    hedged = _ramp(table[7, (row + 3 * np.int64(place)) & 255], 0.1, 0.3)
    wide = 3.5 + 0.6 * step_m
    hedge = hedged * (1.0 - _ramp(_least(side, end), 0.4 * wide, wide)) * min(1.0, 8.0 / (2.0 + step_m))
    plough = min(max(1.6 - step_m / 3.4, 0.0), 1.0)
    furrow = 0.0 * along
    if plough > 0.0:
        furrow = _noise(table, along / 70.0, across / 5.5)[0]
    lighter = 1.0 + 0.055 * plough * furrow + 0.05 * table[(row + 7) & 255, np.int64(place) & 255]
    colour = palette[crop, 0] * lighter, palette[crop, 1] * lighter, palette[crop, 2] * lighter
    return colour, hedge


@_inside
def paint_place(
    x_m: Value, y_m: Value, layer: tuple[Value, ...], slope_x: Value, slope_y: Value,
    drape: tuple[Value, ...], step_m: float, stretch: float,
    table: NDArray[np.float32], palette: NDArray[np.float64], tones: Tones,
) -> Rgb:  # fmt: skip
    """Colour of a place, light baked in, sRGB from 0 to 1.

    Parameters
    ----------
    x_m, y_m : Value
        Local metres.
    layer : tuple of Value
        The layers of the land there.
    slope_x, slope_y : Value
        Rise to the east and to the north, metres per metre, before exaggeration.
    drape : tuple of Value
        Red, green, blue and share of imagery, 0 to 1.
    step_m : float
        Between pixels: what is smaller is left out.
    stretch : float
        Vertical exaggeration.
    table, palette, tones
        Of the look.
    """
    (height, near, wide, trees_to, stony, water, road, measured, sky, sun, region, broad, large) = layer
    # noise from 360 m down, each left out where pixels are too coarse for it
    n360, _, _ = _octave(table, x_m, y_m, _N360, step_m)
    n150, x150, y150 = _octave(table, x_m, y_m, _N150, step_m)
    n62, x62, y62 = _octave(table, x_m, y_m, _N62, step_m)
    n26, x26, y26 = _octave(table, x_m, y_m, _N26, step_m)
    n11, x11, y11 = _octave(table, x_m, y_m, _N11, step_m)
    n5, x5, y5 = _octave(table, x_m, y_m, _N5, step_m)
    patches = 0.9 * large + 0.95 * n360 + 0.65 * n150
    fine = 0.9 * n62 + 0.8 * n26
    grain = 0.8 * n11 + 0.6 * n5
    detail = tones.texture

    steep = np.sqrt(slope_x * slope_x + slope_y * slope_y)
    shady = _clip(slope_y, -0.6, 0.6)
    exposed = height + 0.9 * _clip(wide, -150.0, 500.0) + 120.0 * patches + 90.0 * broad - 200.0 * shady
    above = exposed + 45.0 * fine + 15.0 * grain - trees_to

    # meadows and fields
    land = _flat(palette[_MEADOW], steep)
    land = _mix(
        land, palette[_MEADOW_DRY], _clip(0.42 + 0.35 * broad + 0.3 * patches - 0.7 * shady, 0.0, 1.0)
    )
    land = _times(land, 1.0 + 0.06 * patches + detail * (0.07 * fine + 0.06 * grain))
    crop, hedge = _fields(table, palette, x_m, y_m, 0.6 * broad + 0.55 * large + 0.12 * n360, step_m)
    farmed = _ramp(-steep + 0.03 * patches, -0.17, -0.09) * _ramp(-height, -1300.0, -800.0)
    farmed = farmed * _ramp(patches + 0.9 * broad, -1.1, -0.7)
    land = _blend(land, crop, farmed * tones.patchwork)
    land = _mix(land, palette[_HEDGE], 0.75 * hedge * farmed * tones.patchwork)

    # grass and heath above the trees, shrubs on them
    grass = _flat(palette[_ALPINE], steep)
    grass = _mix(grass, palette[_HEATH], _ramp(above + 190.0 * patches + 150.0 * fine, 0.0, 560.0))
    grass = _times(grass, 1.0 + 0.05 * patches + detail * (0.08 * fine + 0.07 * grain))
    land = _blend(land, grass, _ramp(above, -260.0, 120.0))
    shrubs = _ramp(0.9 * fine + 1.2 * grain + 0.4 * patches, 0.55, 0.95) * _ramp(-above, -420.0, -60.0)
    land = _mix(land, palette[_WOOD_WARM], 0.55 * shrubs * (1.0 - farmed))

    # forest: where it is steep, shady or in hollows, with a crisp and ragged edge
    wish = 0.16 + 2.6 * steep + 0.55 * shady - 0.0010 * _clip(wide, -200.0, 200.0) - 0.75 * farmed
    wish = (
        wish + 0.34 * patches + 0.27 * fine + 0.20 * grain + 0.18 * broad - 0.008 * _clip(near, -25.0, 25.0)
    )
    edge = 0.13 + 0.15 * _clip(step_m / 15.0, 0.0, 1.0)
    woody = _ramp(wish, 0.55 - edge, 0.55 + edge)
    glade = _ramp(0.5 * patches + fine + 0.8 * grain, 0.80, 0.90 + edge)
    woody = woody * (1.0 - glade) * _ramp(-above + 60.0 * patches, -70.0, 90.0)
    verge = _ramp(road + 16.0 * fine + 10.0 * grain + 14.0 * patches, 12.0, 44.0)
    woody = woody * verge
    wood = _flat(palette[_WOOD], steep)
    wood = _mix(
        wood, palette[_WOOD_WARM], _ramp(0.7 * patches + 0.6 * broad + 0.5 * fine - 0.5 * shady, -0.2, 0.9)
    )
    wood = _mix(
        wood,
        palette[_CONIFER],
        _ramp(exposed + 320.0 * patches + 150.0 * fine + 260.0 * shady, 750.0, 1650.0),
    )
    wood = _times(wood, 1.0 + 0.10 * patches + 0.12 * fine + detail * 0.17 * grain)
    land = _blend(land, wood, woody)

    # stone: scree below, rock with strata where it is steep, pale on lone mountains
    broken = steep + 0.10 * patches + 0.11 * fine + 0.07 * grain
    bare = _ramp(above + 90.0 * fine, 120.0, 620.0) * _ramp(broken, 0.28, 0.52)
    scree = _times(_flat(palette[_SCREE], steep), 1.0 + detail * (0.05 * fine + 0.10 * grain))
    land = _blend(land, scree, 0.85 * bare)
    tilted = height + 0.11 * x_m - 0.07 * y_m + 20.0 * patches + 3.0 * fine
    sharp = min(max(1.5 - step_m / 14.0, 0.0), 1.0)
    strata = 0.0 * steep
    if sharp > 0.0:
        strata = sharp * _noise(table, tilted / 13.0, broad + 0.004 * (x_m + y_m))[0]
    rock = _flat(palette[_ROCK], steep)
    rock = _mix(rock, palette[_ROCK_DARK], _clip(0.25 + 0.30 * strata + 0.50 * fine + 0.45 * grain, 0.0, 1.0))
    cliff = _ramp(broken + 0.05 * grain + 0.005 * _clip(near, -20.0, 40.0), 0.69, 0.86)
    land = _blend(land, rock, _most(cliff, bare * _ramp(near + 6.0 * fine + 3.0 * grain, 3.0, 15.0)))
    pale = _times(
        _flat(palette[_LIMESTONE], steep), 1.0 + 0.05 * patches + detail * (0.05 * fine + 0.06 * grain)
    )
    land = _blend(land, pale, 0.94 * stony * _ramp(above - 75.0 * patches - 20.0 * fine, -60.0, 130.0))
    snow = above - 240.0 * steep - 6.0 * _clip(near, -25.0, 40.0) + 70.0 * fine
    snowy = _ramp(snow, 560.0, 760.0) * (1.0 - stony) * _ramp(-broken, -1.15, -0.75)
    land = _mix(land, palette[_SNOW], snowy)

    # mown grass beside the road
    mown = (1.0 - _ramp(road + 5.0 * grain + 6.0 * fine, 9.0, 24.0)) * min(max(1.6 - step_m / 12.0, 0.0), 1.0)
    land = _mix(land, palette[_VERGE], 0.45 * mown * (1.0 - snowy) * (1.0 - stony))

    # the apron: a pale lowland, calmer than measured land
    plain = _flat(palette[APRON], steep)
    plain = _mix(plain, palette[_APRON_PALE], 0.5 + 0.5 * _clip(broad, -1.0, 1.0))
    plain = _blend(plain, crop, 0.42 * tones.patchwork)
    copse = _ramp(patches + 0.5 * broad + 0.5 * region + 0.2 * fine, 0.45, 0.80)
    plain = _mix(plain, palette[_APRON_WOOD], 0.62 * copse * verge)
    plain = _times(plain, 1.0 + detail * (0.02 * fine + 0.03 * grain))
    land = _blend(plain, land, measured)

    lake = _ramp(water, 0.40, 0.58)
    shallow = 1.0 - _ramp(water, 0.58, 0.96)
    wet = _mix(_flat(palette[_WATER], steep), palette[_WATER_SHALLOW], 0.6 * shallow)
    land = _blend(land, _times(wet, 1.0 + 0.05 * broad), lake)

    # imagery in place of all this
    grey = 0.30 * drape[0] + 0.59 * drape[1] + 0.11 * drape[2]
    shown = _blend((grey, grey, grey), (drape[0], drape[1], drape[2]), tones.drape_saturation)
    bright = 2.0 * grey
    tinted = palette[_MEADOW, 0] * bright, palette[_MEADOW, 1] * bright, palette[_MEADOW, 2] * bright
    shown = _blend(_times(shown, tones.drape_gain), tinted, tones.drape_tint)
    land = _blend(land, shown, drape[3])

    # ground too small for the elevation data: crowns, stones, tufts
    still = (1.0 - lake) * (1.0 - 0.8 * drape[3]) * detail * (0.35 + 0.65 * measured)
    rough = still * (0.035 + 0.42 * _most(cliff, 0.6 * bare) + 0.10 * _clip(steep, 0.0, 1.0) + 0.05 * stony)
    crowns = still * woody * (1.0 - cliff) * (1.0 - snowy)
    bump_x = rough * (x150 + 0.8 * x62 + 0.6 * x26)
    bump_y = rough * (y150 + 0.8 * y62 + 0.6 * y26)
    bump_x = bump_x + (0.5 * rough + 0.34 * crowns) * x11 + (0.4 * rough + 0.22 * crowns) * x5
    bump_y = bump_y + (0.5 * rough + 0.34 * crowns) * y11 + (0.4 * rough + 0.22 * crowns) * y5

    light = _light_on(
        stretch * slope_x + bump_x, stretch * slope_y + bump_y, sky, sun * (1.0 - lake) + lake, tones
    )
    ridge = _ramp(stretch * near, 2.0, 22.0) * _ramp(sky, 0.72, 0.95)
    lines = 0.0 * steep
    if tones.contour > 0.0:
        lines = _contours(height, _most(steep, 0.004), step_m) * (1.0 - lake)
    return _graded(land, light, tones.rim * ridge * (0.4 + 0.6 * sun), tones.contour * lines, tones)


@_inside
def _light_on(slope_x: Value, slope_y: Value, sky: Value, sun: Value, tones: Tones) -> Rgb:
    """Light on a slope, about 1 on level open land.

    A warm sun in the north-west, as on relief maps (ridges read as ridges), two weaker ones beside it, and a
    cool sky that reaches less far into valleys.
    """
    east, north = slope_x * tones.lift, slope_y * tones.lift
    upright = 1.0 / np.sqrt(1.0 + east * east + north * north)
    first, second, third = _SUNS
    key = _most((first[2] - east * first[0] - north * first[1]) * upright + _WRAP, 0.0) * first[3]
    key = key * (1.0 - tones.shadow * (1.0 - sun))
    side = _most((second[2] - east * second[0] - north * second[1]) * upright + _WRAP, 0.0) * second[3]
    back = _most((third[2] - east * third[0] - north * third[1]) * upright + _WRAP, 0.0) * third[3]
    open_sky = _most(1.0 - tones.ambient * (1.0 - sky), 0.0) * (0.55 + 0.45 * upright)
    direct = (key + side + back) * (1.0 / _LEVEL_LIGHT) * (0.72 + 0.28 * sky) * (1.0 - tones.sky_share)
    ambient = tones.sky_share * open_sky
    ambient = ambient + _SHADOW_LIFT * _most(1.0 - ambient - direct, 0.0)
    return (
        ambient * tones.sky_r + direct * tones.key_r,
        ambient * tones.sky_g + direct * tones.key_g,
        ambient * tones.sky_b + direct * tones.key_b,
    )


@_inside
def _contours(height: Value, steep: Value, step_m: float) -> Value:
    """Share of contour lines at a place: every 100 m, and every 20 m between where they stand apart."""
    across = max(step_m, 2.2)
    lines = 0.0 * height
    for interval, strength in ((100.0, 1.0), (20.0, 0.45)):
        off = np.abs(height / interval - np.floor(height / interval + 0.5)) * interval / steep
        apart = _ramp(interval / steep / across, 5.0, 12.0)
        lines = _most(lines, strength * apart * _clip(1.35 - off / across, 0.0, 1.0))
    return lines


@_inside
def _graded(land: Rgb, light: Rgb, rim: Value, lines: Value, tones: Tones) -> Rgb:
    """Light times colour, with a shoulder before white, ridges and contour lines on top."""
    red = land[0] * land[0] * light[0] * tones.gain
    green = land[1] * land[1] * light[1] * tones.gain
    blue = land[2] * land[2] * light[2] * tones.gain
    grey = 0.30 * red + 0.59 * green + 0.11 * blue
    red, green, blue = _blend((grey, grey, grey), (red, green, blue), tones.saturation)
    red = red + 0.030 * rim + 0.028 * lines
    green = green + 0.050 * rim + 0.046 * lines
    blue = blue + 0.085 * rim + 0.075 * lines
    return _shouldered(red), _shouldered(green), _shouldered(blue)


@_inside
def _shouldered(light: Value) -> Value:
    over = _most(light - 0.72, 0.0) / 0.28
    return np.sqrt(_most(_least(light, 0.72) + 0.28 * over / (1.0 + over), 0.0))


@_inside
def _taps(place: Value) -> tuple[Value, Value, Value, Value, Value]:
    """First of four posts about a place, and their weights in a cubic B-spline."""
    low = np.floor(place)
    t = place - low
    s = 1.0 - t
    return (
        np.int64(low),
        s * s * s / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * s * s * s - 6.0 * s * s + 4.0) / 6.0,
        t * t * t / 6.0,
    )


@_inside
def _rises(place: Value) -> tuple[Value, Value, Value, Value]:
    """Weights of the slope of that spline, per post."""
    t = place - np.floor(place)
    s = 1.0 - t
    return -0.5 * s * s, 1.5 * t * t - 2.0 * t, 2.0 * s - 1.5 * s * s, 0.5 * t * t


@_loop
def paint_rows(
    colours: NDArray[np.uint8], first: int, x0_m: float, y0_m: float, step_m: float,
    layers: NDArray[np.float32], origin_x_m: float, origin_y_m: float, post_m: float,
    farthest_m: float, fade_m: float, drape: NDArray[np.uint8], stretch: float,
    table: NDArray[np.float32], palette: NDArray[np.float64], tones: Tones,
) -> None:  # fmt: skip
    """Paint rows of a window one pixel at a time: the compiled way.

    ``colours`` are the rows to be painted over, the first of them number ``first`` of the window. ``drape``
    has as many rows, or none. Land farther than ``farthest_m`` from the road stays as it is, and in the last
    ``fade_m`` before that what is painted fades into what was there.
    """
    rows, columns = layers.shape[0], layers.shape[1]
    line = np.empty((columns, LAYERS), np.float64)
    rise = np.empty(columns, np.float64)
    low = int((np.floor(x0_m * _SNAP + 0.5) / _SNAP - origin_x_m) / post_m) - 2
    high = int((x0_m + step_m * colours.shape[1] - origin_x_m) / post_m) + 4
    low, high = min(max(low, 0), columns - 1), min(max(high, 1), columns)
    for row in range(colours.shape[0]):
        y_m = np.floor((y0_m + (first + row) * step_m) * _SNAP + 0.5) / _SNAP
        place_y = min(max((y_m - origin_y_m) / post_m, 0.0), rows - 1.0)
        j, a, b, c, d = _taps(place_y)
        ra, rb, rc, rd = _rises(place_y)
        south, north, top = max(j - 1, 0), min(j + 1, rows - 1), min(j + 2, rows - 1)
        for column in range(low, high):
            for k in range(LAYERS):
                line[column, k] = (
                    a * layers[south, column, k] + b * layers[j, column, k]
                    + c * layers[north, column, k] + d * layers[top, column, k]
                )  # fmt: skip
            rise[column] = (
                ra * layers[south, column, HEIGHT] + rb * layers[j, column, HEIGHT]
                + rc * layers[north, column, HEIGHT] + rd * layers[top, column, HEIGHT]
            ) / post_m  # fmt: skip
        for column in range(colours.shape[1]):
            x_m = np.floor((x0_m + column * step_m) * _SNAP + 0.5) / _SNAP
            place_x = min(max((x_m - origin_x_m) / post_m, 0.0), columns - 1.0)
            i, a, b, c, d = _taps(place_x)
            west, east, far = max(i - 1, 0), min(i + 1, columns - 1), min(i + 2, columns - 1)
            inside_m = farthest_m - _across(line, (west, i, east, far), (a, b, c, d), ROAD)
            if inside_m < 0.0:
                continue
            share = 1.0 if inside_m >= fade_m else inside_m / fade_m
            at, by = (west, i, east, far), (a, b, c, d)
            layer = (
                _across(line, at, by, 0), _across(line, at, by, 1), _across(line, at, by, 2),
                _across(line, at, by, 3), _across(line, at, by, 4), _across(line, at, by, 5),
                _across(line, at, by, 6), _across(line, at, by, 7), _across(line, at, by, 8),
                _across(line, at, by, 9), _across(line, at, by, 10), _across(line, at, by, 11),
                _across(line, at, by, 12),
            )  # fmt: skip
            ra, rb, rc, rd = _rises(place_x)
            slope_x = (
                ra * line[west, HEIGHT]
                + rb * line[i, HEIGHT]
                + rc * line[east, HEIGHT]
                + rd * line[far, HEIGHT]
            ) / post_m
            slope_y = a * rise[west] + b * rise[i] + c * rise[east] + d * rise[far]
            image = (0.0, 0.0, 0.0, 0.0)
            if drape.shape[0]:
                image = (
                    drape[row, column, 0] / 255.0, drape[row, column, 1] / 255.0,
                    drape[row, column, 2] / 255.0, drape[row, column, 3] / 255.0,
                )  # fmt: skip
            colour = paint_place(
                x_m, y_m, layer, slope_x, slope_y, image, step_m, stretch, table, palette, tones
            )
            for k in range(3):
                before = np.float64(colours[row, column, k])
                new = before + share * (255.0 * colour[k] - before)
                colours[row, column, k] = np.uint8(min(max(new + 0.5, 0.0), 255.0))


@_inside
def _across(
    line: NDArray[np.float64], at: tuple[int, int, int, int], by: tuple[float, float, float, float], k: int
) -> Value:
    return by[0] * line[at[0], k] + by[1] * line[at[1], k] + by[2] * line[at[2], k] + by[3] * line[at[3], k]


def paint_arrays(
    colours: NDArray[np.uint8], first: int, x0_m: float, y0_m: float, step_m: float,
    layers: NDArray[np.float32], origin_x_m: float, origin_y_m: float, post_m: float,
    farthest_m: float, fade_m: float, drape: NDArray[np.uint8], stretch: float,
    table: NDArray[np.float32], palette: NDArray[np.float64], tones: Tones,
) -> None:  # fmt: skip
    """Paint rows of a window all at once: the way without numba. Parameters as of :func:`paint_rows`."""
    rows, columns = layers.shape[:2]
    y_m = np.floor((y0_m + (first + np.arange(colours.shape[0])) * step_m) * _SNAP + 0.5) / _SNAP
    x_m = np.floor((x0_m + np.arange(colours.shape[1]) * step_m) * _SNAP + 0.5) / _SNAP
    place_y = np.clip((y_m - origin_y_m) / post_m, 0.0, rows - 1.0)
    place_x = np.clip((x_m - origin_x_m) / post_m, 0.0, columns - 1.0)
    j, *weights_y = _taps(place_y)
    i, *weights_x = _taps(place_x)
    line: Value = 0.0
    rise: Value = 0.0
    for k, (weight, steeper) in enumerate(zip(weights_y, _rises(place_y), strict=True)):
        posts = layers[np.clip(j + k - 1, 0, rows - 1)]
        line = line + weight[:, None, None] * posts
        rise = rise + steeper[:, None] * posts[..., HEIGHT] / post_m
    layer: Value = 0.0
    slope_x: Value = 0.0
    slope_y: Value = 0.0
    for k, (weight, steeper) in enumerate(zip(weights_x, _rises(place_x), strict=True)):
        at = np.clip(i + k - 1, 0, columns - 1)
        layer = layer + weight[:, None] * line[:, at]
        slope_x = slope_x + steeper * line[:, at, HEIGHT] / post_m
        slope_y = slope_y + weight * rise[:, at]
    image = np.moveaxis(drape / 255.0, -1, 0) if len(drape) else np.zeros((4, 1, 1))
    x_all, y_all = np.broadcast_arrays(x_m[None, :], y_m[:, None])
    painted = paint_place(
        x_all, y_all, tuple(np.moveaxis(layer, -1, 0)), slope_x, slope_y, tuple(image), step_m, stretch,
        table, palette, tones,
    )  # fmt: skip
    inside_m = farthest_m - layer[..., ROAD]
    share = np.clip(inside_m / max(fade_m, _LEAST_FADE_M), 0.0, 1.0) * (inside_m >= 0.0)
    before = colours.astype(np.float64)
    new = before + share[..., None] * (255.0 * np.stack(painted, axis=-1) - before)
    colours[:] = np.clip(new + 0.5, 0.0, 255.0).astype(np.uint8)


def noise_on(
    values: NDArray[np.float32], x0_m: float, y0_m: float, step_m: float, table: NDArray[np.float32],
    kind: Octave,
) -> None:  # fmt: skip
    """Fill a grid with noise of one size."""
    if COMPILED:
        _noise_rows(values, float(x0_m), float(y0_m), float(step_m), table, kind)
        return
    rows, columns = values.shape
    y_m = (y0_m + np.arange(rows) * step_m)[:, None]
    values[:] = _octave(table, x0_m + np.arange(columns) * step_m, y_m, kind, 1.0)[0]


@_loop
def _noise_rows(
    values: NDArray[np.float32], x0_m: float, y0_m: float, step_m: float, table: NDArray[np.float32],
    kind: Octave,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            x_m, y_m = x0_m + column * step_m, y0_m + row * step_m
            values[row, column] = _octave(table, x_m, y_m, kind, 1.0)[0]
