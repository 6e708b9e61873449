"""What the land about each post is like: everything that colours need and that no single height tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain import shading
from terrain.fields import enlarge_part, smoothstep, stride_near, widened
from terrain.lighting import in_parts, sky_view, sunlit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.fields import Part
    from terrain.land import Land

_SUMMIT_REACH_M = 9000.0
_SUMMIT_BARE_M = 330.0
_LEAST_SUMMIT_M = 1350.0
_NEAR_SIGMA_M = 110.0
_WIDE_SIGMAS_M = (450.0, 1300.0)
_COARSE = 8
_BEYOND_POSTS = 4
_TRUNCATE = 2.5
_LEVEL_M = 0.02
_NEARLY_LEVEL_M = 0.6
_LAKE_CELL_M = 60.0
_NOISES = (
    (shading.REGION, shading.octave(9000.0, 0.2)),
    (shading.BROAD, shading.octave(2600.0, 0.9)),
    (shading.LARGE, shading.octave(900.0, 1.7)),
)
_NOISE_GAIN = 1.8


def tree_line_m(latitude_deg: float) -> float:
    """Height above which trees end, roughly: 2,200 m in the Pyrenees, 2,050 m in the Alps, 950 m at 60 N."""
    return float(np.clip(2200.0 - 75.0 * (abs(latitude_deg) - 43.0), 200.0, 3900.0))


def layers_of(
    land: Land, table: NDArray[np.float32], *, stretch: float, latitude_deg: float, farthest_m: float
) -> NDArray[np.float32]:
    """Return the layers that :mod:`terrain.shading` names, (rows, columns, layers) float32.

    Parameters
    ----------
    land : Land
    table : (n, n) float32
        Of noise.
    stretch : float
        Vertical exaggeration, which light heeds and what grows does not.
    latitude_deg : float
    farthest_m : float
        From the road; land beyond is not looked at.
    """
    heights, step_m = land.heights_m, land.plan.step_m
    drawn = land.distance_m <= farthest_m + _BEYOND_POSTS * step_m
    stride = stride_near(heights.shape, _COARSE)
    coarse = np.ascontiguousarray(ndimage.uniform_filter(heights, stride, mode="nearest")[::stride, ::stride])
    trees_to, stony = _tree_lines(coarse, land.measured[::stride, ::stride], step_m * stride, latitude_deg)
    mean = _wide_mean(coarse, step_m * stride)
    as_drawn = heights * np.float32(stretch)
    lakes, lake_stride = _lakes(heights, land.measured, step_m)
    sky, sun = sky_view(as_drawn, drawn, step_m=step_m), sunlit(as_drawn, drawn, step_m=step_m)
    layers = np.zeros((*heights.shape, shading.LAYERS), np.float32)
    layers[..., shading.ROAD] = land.distance_m

    def fill(part: Part) -> None:
        for layer, values in (
            (shading.HEIGHT, heights[part]),
            (shading.NEAR, _above_mean(heights, part, _NEAR_SIGMA_M / step_m)),
            (shading.WIDE, heights[part] - enlarge_part(mean, stride, part, smooth=True)),
            (shading.TREES_TO, enlarge_part(trees_to, stride, part, smooth=True)),
            (shading.STONY, enlarge_part(stony, stride, part, smooth=True)),
            (shading.WATER, 0.0 if lakes is None else enlarge_part(lakes, lake_stride, part)),
            (shading.MEASURED, land.measured[part]),
            (shading.SKY, sky[part]),
            (shading.SUN, sun[part]),
            *((layer, _noise(land, part, table, kind)) for layer, kind in _NOISES),
        ):
            layers[(*part, layer)] = values

    in_parts(fill, drawn)
    return layers


def _noise(land: Land, part: Part, table: NDArray[np.float32], kind: shading.Octave) -> NDArray[np.float32]:
    plan, (rows, columns) = land.plan, part
    values = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.float32)
    x0_m, y0_m = plan.x0_m + columns.start * plan.step_m, plan.y0_m + rows.start * plan.step_m
    shading.noise_on(values, x0_m, y0_m, plan.step_m, table, kind)
    noise: NDArray[np.float32] = np.clip(values * np.float32(_NOISE_GAIN), -1, 1)
    return noise


def _above_mean(heights_m: NDArray[np.float32], part: Part, sigma: float) -> NDArray[np.float32]:
    wide, inner = widened(part, int(_TRUNCATE * sigma) + 2, heights_m.shape)
    near: NDArray[np.float32] = (
        heights_m[wide] - ndimage.gaussian_filter(heights_m[wide], sigma, mode="nearest", truncate=_TRUNCATE)
    )[inner]
    return near


def _wide_mean(coarse_m: NDArray[np.float32], step_m: float) -> NDArray[np.float32]:
    """Mean height of the wider neighbourhood, on the coarse posts."""
    blurred = [
        ndimage.gaussian_filter(coarse_m, radius_m / step_m, mode="nearest", truncate=_TRUNCATE)
        for radius_m in _WIDE_SIGMAS_M
    ]
    mean: NDArray[np.float32] = np.mean(blurred, axis=0, dtype=np.float32)
    return mean


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
    stony = smoothstep((line - lowered - np.float32(300)) / np.float32(180))
    rows, columns = (
        np.minimum(np.arange(size) // thin, other - 1)
        for size, other in zip(coarse_m.shape, summit.shape, strict=True)
    )
    return lowered[rows[:, None], columns[None, :]], stony[rows[:, None], columns[None, :]]


def _lakes(
    heights_m: NDArray[np.float32], measured: NDArray[np.float32], step_m: float
) -> tuple[NDArray[np.float32] | None, int]:
    """Water on every so many posts, 0 to 1 with the shore at one half, and how many posts that is.

    What is level to some centimetres over more than 400 m; None where there is none.
    """
    stride = stride_near(heights_m.shape, _LAKE_CELL_M / step_m)
    coarse = np.ascontiguousarray(heights_m[::stride, ::stride])
    spread = ndimage.maximum_filter(coarse, 3) - ndimage.minimum_filter(coarse, 3)
    known = measured[::stride, ::stride] >= 1
    level = (spread < _LEVEL_M) & known
    if not level.any():
        return None, stride
    core = ndimage.binary_opening(level, np.ones((5, 5), np.bool_))
    if not core.any():
        return None, stride
    shallow = ndimage.binary_dilation((spread < _NEARLY_LEVEL_M) & known)
    lakes = ndimage.binary_dilation(core, np.ones((3, 3), np.bool_), iterations=4, mask=shallow)
    return ndimage.gaussian_filter(lakes.astype(np.float32), 0.8), stride
