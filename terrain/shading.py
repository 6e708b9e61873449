"""Colours of the ground: what grows where, and the light on it, baked into one picture.

Nothing here knows land cover: height, slope, exposure and latitude stand for it, with patches of noise
so that no border is a contour line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.fields import enlarge, smoothstep
from terrain.lighting import light_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRIP_ROWS = 256

WATER_RGB = (98, 130, 133)
"""Rivers and lakes: muted blue-green with a little sky in it."""

_CROPS = np.array(
    [
        (140, 152, 92),
        (164, 164, 108),
        (186, 173, 120),
        (118, 140, 82),
        (158, 142, 110),
        (130, 154, 96),
        (176, 166, 100),
        (148, 158, 106),
    ],
    np.float32,
)
_MEADOW = (132, 152, 90)
_MEADOW_DRY = (158, 160, 104)
_WOOD = (104, 127, 76)
_CONIFER = (84, 110, 80)
_WARM_WOOD = (114, 124, 70)
_ALPINE = (156, 160, 104)
_HEATH = (162, 154, 118)
_ROCK = (150, 145, 139)
_SCREE = (182, 177, 168)
_LIMESTONE = (208, 203, 192)
_SNOW = (244, 247, 252)
_APRON = (144, 154, 112)
_APRON_PALE = (163, 165, 126)
_APRON_MEADOW = (132, 152, 102)
_APRON_WOOD = (104, 124, 86)

_VERGE_M = (18.0, 96.0)
_VERGE_UNEVEN_M = np.float32(42.0)
_SUMMIT_REACH_M = 9000.0
_SUMMIT_BARE_M = 330.0
_LEAST_SUMMIT_M = 1350.0


@dataclass(frozen=True)
class _Surroundings:
    """What the land about each post is like.

    ``near_m`` and ``wide_m``: height above the mean of the neighbourhood (some 150 m, some 900 m), metres;
    ``trees_to_m``: height at which trees end; ``stony``: 0 to 1 on lone mountains; ``water``: 0 to 1.
    """

    near_m: NDArray[np.float32]
    wide_m: NDArray[np.float32]
    trees_to_m: NDArray[np.float32]
    stony: NDArray[np.float32]
    water: NDArray[np.float32]


@dataclass(frozen=True)
class _Noise:
    """Smooth noise of about -1 to 1 by size: 10 km, 3 km, 480 to 120 m, 60 m down to a post.

    ``light``: brighter and darker where very gentle rises would face the sun or not.
    """

    broad: NDArray[np.float32]
    patches: NDArray[np.float32]
    fine: NDArray[np.float32]
    region: NDArray[np.float32]
    light: NDArray[np.float32]


def shade(
    heights_m: NDArray[np.float32],
    measured: NDArray[np.float32],
    drawn: NDArray[np.bool_],
    *,
    step_m: float,
    latitude_deg: float,
    road_m: NDArray[np.float32] | None = None,
    imagery: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Paint the ground.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        As drawn; rows go north.
    measured : (rows, columns) float32
        1 on measured land, 0 on the apron, which is painted plainly.
    drawn : (rows, columns) bool
        Posts that can be seen; the rest stays in one colour.
    step_m, latitude_deg : float
    road_m : (rows, columns) float32, optional
        Distance to the road, whose verges are clear of trees.
    imagery : (rows, columns, 4) uint8, optional
        sRGB and how much of it to show (255 all); takes the place of the invented colours, keeps the light.

    Returns
    -------
    (rows, columns, 3) uint8
        sRGB, light baked in.
    """
    around = _surroundings(heights_m, measured, step_m, latitude_deg)
    noise = _noise(heights_m.shape, step_m)
    picture = np.empty((*heights_m.shape, 3), np.uint8)
    picture[:] = _APRON
    for first in range(0, heights_m.shape[0], _STRIP_ROWS):
        seen = np.flatnonzero(drawn[first : first + _STRIP_ROWS].any(axis=0))
        if not seen.size:
            continue
        part = np.s_[first : min(first + _STRIP_ROWS, len(heights_m)), seen[0] : seen[-1] + 1]
        slope_x, slope_y = _slopes(heights_m, part, step_m)
        steep = np.hypot(slope_x, slope_y)
        verge = None if road_m is None else road_m[part]
        colour = _cover(heights_m[part], steep, slope_y, verge, around, noise, part, step_m)
        colour += (_plain(noise, part, step_m) - colour) * (1 - measured[part])[..., None]
        if imagery is not None:
            share = imagery[part][..., 3:].astype(np.float32) / 255
            colour += (imagery[part][..., :3] - colour) * share
        light = light_on(slope_x, slope_y, around.near_m[part], around.wide_m[part])
        lit = np.square(colour / 255) * light
        picture[part] = np.clip(np.sqrt(lit) * 255 + 0.5, 0, 255).astype(np.uint8)
    return picture


def _slopes(
    heights_m: NDArray[np.float32], part: tuple[slice, slice], step_m: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = part
    top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
    wide = heights_m[top : rows.stop + 1, left : columns.stop + 1]
    slope_y = np.gradient(wide, np.float32(step_m), axis=0)
    slope_x = np.gradient(wide, np.float32(step_m), axis=1)
    crop = np.s_[
        rows.start - top : rows.start - top + len(heights_m[rows]),
        columns.start - left : columns.start - left + columns.stop - columns.start,
    ]
    return slope_x[crop], slope_y[crop]


def _surroundings(
    heights_m: NDArray[np.float32], measured: NDArray[np.float32], step_m: float, latitude_deg: float
) -> _Surroundings:
    near = heights_m - ndimage.gaussian_filter(heights_m, 110.0 / step_m, mode="nearest", truncate=2.5)
    stride = 8
    while stride > 1 and ((heights_m.shape[0] - 1) % stride or (heights_m.shape[1] - 1) % stride):
        stride //= 2
    coarse = ndimage.uniform_filter(heights_m, stride, mode="nearest")[::stride, ::stride]
    wide = np.zeros_like(heights_m)
    for radius_m in (450.0, 1300.0):
        blurred = ndimage.gaussian_filter(coarse, radius_m / (step_m * stride), mode="nearest", truncate=2.5)
        wide += np.float32(0.5) * (heights_m - enlarge(blurred, stride, smooth=True))
    trees_to, stony = _tree_lines(coarse, measured[::stride, ::stride], step_m * stride, latitude_deg)
    return _Surroundings(
        near,
        wide,
        enlarge(trees_to, stride, smooth=True),
        enlarge(stony, stride, smooth=True),
        _water(heights_m, measured, step_m),
    )


def _tree_lines(
    coarse_m: NDArray[np.float32], measured: NDArray[np.float32], step_m: float, latitude_deg: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Height at which trees end, and where a lone mountain is bare stone.

    Wind keeps trees off the top of a mountain that stands alone, far below the tree line of a range.
    """
    line = np.float32(tree_line_m(latitude_deg))
    thin = max(1, round(250.0 / step_m))
    peaks = np.where(measured > 0, coarse_m, np.float32(-1000))[::thin, ::thin]
    summit = ndimage.maximum_filter(peaks, 2 * round(_SUMMIT_REACH_M / (step_m * thin)) + 1, mode="nearest")
    summit = ndimage.gaussian_filter(summit, 0.4 * _SUMMIT_REACH_M / (step_m * thin), mode="nearest")
    lone = summit - np.float32(_SUMMIT_BARE_M)
    lowered = np.where(summit > _LEAST_SUMMIT_M, np.minimum(line, lone), line)
    stony = _ramp(line - lowered, 300.0, 480.0)
    rows, columns = (
        np.minimum(np.arange(size) // thin, other - 1)
        for size, other in zip(coarse_m.shape, summit.shape, strict=True)
    )
    return lowered[rows[:, None], columns[None, :]], stony[rows[:, None], columns[None, :]]


def _water(
    heights_m: NDArray[np.float32], measured: NDArray[np.float32], step_m: float
) -> NDArray[np.float32]:
    """Share of water: what is level to some centimetres over more than 400 m both ways."""
    stride = max(1, round(60.0 / step_m))
    coarse = heights_m[::stride, ::stride]
    level = (ndimage.maximum_filter(coarse, 3) - ndimage.minimum_filter(coarse, 3)) < 0.02
    level &= measured[::stride, ::stride] >= 1
    core = ndimage.binary_opening(level, np.ones((7, 7), np.bool_))
    lakes = ndimage.binary_dilation(core, np.ones((3, 3), np.bool_), iterations=2) & ndimage.binary_dilation(
        level
    )
    soft = ndimage.gaussian_filter(lakes.astype(np.float32), 0.8)
    rows, columns = (np.arange(size, dtype=np.float32) / stride for size in heights_m.shape)
    if not lakes.any():
        return np.zeros_like(heights_m)
    at = np.meshgrid(rows, columns, indexing="ij")
    shore = ndimage.map_coordinates(soft, at, order=1, mode="nearest", prefilter=False)
    return _ramp(shore, 0.35, 0.6)


def _noise(shape: tuple[int, ...], step_m: float) -> _Noise:
    random = np.random.default_rng(20_260_704)

    def layer(size_m: float) -> NDArray[np.float32]:
        if size_m < 0.8 * step_m:
            return np.zeros(shape, np.float32)
        factor = max(1, int(2 ** np.round(np.log2(size_m / step_m))))
        lattice = random.normal(0, 1, (shape[0] // factor + 2, shape[1] // factor + 2)).astype(np.float32)
        smooth = enlarge(lattice, factor, smooth=True) if factor > 1 else lattice
        smooth = smooth[: shape[0], : shape[1]]
        return smooth / np.float32(smooth.std() * 1.6)

    broad = layer(3000)
    rise = max(1, round(700 / step_m))
    light = np.roll(broad, (rise, -rise), axis=(0, 1)) - np.roll(broad, (-rise, rise), axis=(0, 1))
    return _Noise(
        broad=np.clip(broad, -1, 1),
        patches=np.clip(0.7 * layer(480) + 0.5 * layer(240) + 0.3 * layer(120), -1.5, 1.5),
        fine=np.clip(0.8 * layer(60) + 0.6 * layer(25) + 0.4 * layer(12), -1.5, 1.5),
        region=np.clip(layer(10_000), -1, 1),
        light=np.clip(light / np.float32(light.std() * 1.6), -1, 1),
    )


def _ramp(values: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    return smoothstep((values - np.float32(start)) / np.float32(end - start))


def _flat(colour: tuple[int, int, int], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.broadcast_to(np.asarray(colour, np.float32), (*shape, 3)).copy()


def _mix(
    below: NDArray[np.float32], colour: tuple[int, int, int] | NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    below += (np.asarray(colour, np.float32) - below) * share[..., None]
    return below


def tree_line_m(latitude_deg: float) -> float:
    """Height above which trees end, roughly: 2,200 m in the Pyrenees, 2,050 m in the Alps, 950 m at 60 N."""
    return float(np.clip(2200.0 - 75.0 * (abs(latitude_deg) - 43.0), 200.0, 3900.0))


def _cover(
    heights_m: NDArray[np.float32],
    steep: NDArray[np.float32],
    slope_y: NDArray[np.float32],
    road_m: NDArray[np.float32] | None,
    around: _Surroundings,
    noise: _Noise,
    part: tuple[slice, slice],
    step_m: float,
) -> NDArray[np.float32]:
    """Colour of the land before light, (r, c, 3) float32 in 0 to 255 sRGB."""
    near, wide = around.near_m[part], around.wide_m[part]
    patches, fine, broad = noise.patches[part], noise.fine[part], noise.broad[part]
    stony = around.stony[part]
    shady = np.clip(slope_y, -0.6, 0.6)
    exposed = heights_m + 0.9 * np.clip(wide, -150, 500) + 130 * patches + 90 * broad - 220 * shady
    above = exposed - around.trees_to_m[part]

    land = _mix(_flat(_MEADOW, steep.shape), _MEADOW_DRY, 0.5 + 0.35 * broad - 0.5 * shady)
    farmed = _ramp(-steep + 0.05 * patches, -0.20, -0.08) * _ramp(-heights_m, -1250, -750)
    _mix(land, _CROPS[_fields(part, step_m)], 0.8 * farmed)

    woody = _ramp(steep + 0.13 * patches + 0.05 * fine + 0.25 * shady - 0.0006 * wide, 0.08, 0.27)
    woody = np.maximum(woody, 0.85 * _ramp(patches + 0.4 * broad + 0.2 * fine, 0.65, 1.25))
    scattered = 0.2 + 0.5 * _ramp(fine + 0.6 * patches, 0.1, 0.7)
    woody = np.maximum(woody, scattered * _ramp(steep, 0.08, 0.22)) * _ramp(-above, -60, 160)
    if road_m is not None:
        woody *= 0.35 + 0.65 * _ramp(road_m + _VERGE_UNEVEN_M * (0.7 * fine + patches), *_VERGE_M)
    _mix(land, _wood(exposed, shady, patches, fine, broad), woody)

    grass = _mix(_flat(_ALPINE, steep.shape), _HEATH, _ramp(above + 200 * patches, 0, 600))
    _mix(land, grass, _ramp(above, -250, 150))
    broken = steep + 0.10 * fine + 0.08 * patches
    bare = _ramp(above, 150, 650) * _ramp(broken + 0.08 * patches, 0.30, 0.58)
    _mix(land, _SCREE, 0.75 * bare)
    cliff = _ramp(broken + 0.006 * np.clip(near, -20, 40), 0.76, 1.02)
    rock = _flat(_ROCK, steep.shape) * (1 + 0.11 * fine + 0.05 * patches)[..., None]
    _mix(land, rock, np.maximum(cliff, bare * _ramp(near + 5 * fine, 2, 14)))
    _mix(land, _LIMESTONE, 0.92 * stony * _ramp(above + 60 * fine, -60, 160))
    _mix(
        land,
        _SNOW,
        _ramp(above - 260 * steep - 6 * np.clip(near, -25, 40), 560, 820)
        * (1 - stony)
        * _ramp(-steep, -1.25, -0.75),
    )
    warm = 0.035 * broad + 0.04 * patches
    land *= (1 + 0.03 * fine)[..., None] + warm[..., None] * np.array([1.0, 0.2, -0.9], np.float32)
    return _mix(land, WATER_RGB, around.water[part])


def _wood(
    exposed: NDArray[np.float32],
    shady: NDArray[np.float32],
    patches: NDArray[np.float32],
    fine: NDArray[np.float32],
    broad: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Colour of forest: broad-leaved low down and on the sunny side, conifers high up, crowns in it."""
    wood = _mix(
        _flat(_WOOD, exposed.shape), _WARM_WOOD, _ramp(0.6 * patches + 0.6 * broad - 0.4 * shady, -0.1, 0.9)
    )
    _mix(wood, _CONIFER, _ramp(exposed + 350 * patches + 200 * shady, 800, 1700))
    wood *= (1 + 0.12 * fine + 0.10 * patches)[..., None]
    return wood


def _plain(noise: _Noise, part: tuple[slice, slice], step_m: float) -> NDArray[np.float32]:
    """Colour of the apron: a pale lowland of fields and copses in broad light, calmer than measured land."""
    broad, patches, fine = noise.broad[part], noise.patches[part], noise.fine[part]
    plain = _mix(_flat(_APRON, broad.shape), _APRON_PALE, 0.5 + 0.5 * broad)
    _mix(plain, _CROPS[_fields(part, step_m)], np.full(broad.shape, 0.48, np.float32))
    _mix(plain, _APRON_MEADOW, 0.5 * _ramp(noise.region[part], -0.2, 0.9))
    woods = patches + 0.5 * broad + 0.5 * noise.region[part] + 0.15 * fine
    _mix(plain, _APRON_WOOD, 0.58 * _ramp(woods, 0.40, 0.85))
    plain *= (1 + 0.06 * noise.light[part] + 0.02 * fine)[..., None]
    return plain


def _fields(part: tuple[slice, slice], step_m: float) -> NDArray[np.intp]:
    """Crop of each post: a patchwork of fields, whose rows turn from one parish to the next."""
    rows, columns = part
    row = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] * np.float32(step_m)
    column = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] * np.float32(step_m)
    column = column + 260 * np.sin(row / 1700 + 0.7) + 90 * np.sin(row / 430)
    row = row + 240 * np.sin(column / 1500) + 80 * np.sin(column / 390 + 1.1)
    parish = _hash(np.floor(column / 1900), np.floor(row / 1700), 1.0)
    angle = parish * np.float32(np.pi)
    along = column * np.cos(angle) + row * np.sin(angle)
    across = row * np.cos(angle) - column * np.sin(angle)
    strip = np.floor(across / (110 + 90 * parish))
    along = along / (220 + 160 * _hash(strip, parish * 97, 2.0))
    crop = _hash(np.floor(along), strip, 3.0 + parish)
    return np.minimum((crop * len(_CROPS)).astype(np.intp), len(_CROPS) - 1)


def _hash(
    a: NDArray[np.float32], b: NDArray[np.float32], salt: float | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Scatter pairs of numbers over 0 to 1, the same on every machine to well within a crop."""
    mixed = np.sin(a.astype(np.float64) * 12.9898 + b * 78.233 + salt * 37.719) * 43758.5453
    return (mixed - np.floor(mixed)).astype(np.float32)
