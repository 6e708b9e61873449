"""How much sky and sun reach each post of the land, with what stands around it.

Sky view is measured at three scales (gullies, valleys, ranges) over sixteen directions each: with t the
tangent of the height of the horizon in a direction, a post sees ``1 / (1 + t^2)`` of the sky there
(cos^2 of the height: Zakšek, Oštir and Kokalj, 2011, for light that falls on level ground).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.fields import enlarge_part, parts_of, smoothstep, stride_near, widened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from terrain.fields import Part

_STRIP_ROWS = 64
_REACH = 3
_SUN_REACH = 4
_SCALES_M = (30.0, 120.0, 480.0)
_WEIGHTS = (0.9, 1.4, 1.6)
_QUARTER = ((0, 1), (1, 2), (1, 1), (2, 1))
_SUN_HEIGHT = np.float32(0.80)
_PENUMBRA = np.float32(0.30)


def workers() -> int:
    """Return how many threads are worth while for loops that leave Python."""
    return max(1, min(8, os.cpu_count() or 1))


def sky_view(
    heights_m: NDArray[np.float32], drawn: NDArray[np.bool_], *, step_m: float
) -> NDArray[np.float32]:
    """Return how open the sky is above each post, (rows, columns) float32; 1 on an endless plain.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        As drawn, without voids.
    drawn : (rows, columns) bool
        Where the answer matters.
    step_m : float
        Between posts.
    """
    scales = []
    for scale_m, weight in zip(_SCALES_M, _WEIGHTS, strict=True):
        stride = stride_near(heights_m.shape, scale_m / step_m)
        seen = _seen(*_thinned(heights_m, drawn, stride), step_m * stride)
        scales.append((seen, stride, np.float32(weight)))
    sky = np.ones_like(heights_m)

    def work(part: Part) -> None:
        for seen, stride, weight in scales:
            sky[part] *= enlarge_part(seen, stride, part, smooth=True) ** weight

    in_parts(work, drawn)
    return sky


def sunlit(heights_m: NDArray[np.float32], drawn: NDArray[np.bool_], *, step_m: float) -> NDArray[np.float32]:
    """Return how much of the sun in the north-west each post sees, 0 to 1, with soft edges of shadows.

    Parameters as of :func:`sky_view`.
    """
    scales = []
    for scale_m in (*_SCALES_M[:2], 300.0):
        stride = stride_near(heights_m.shape, scale_m / step_m)
        thin, wanted = _thinned(heights_m, drawn, stride)
        scales.append((_shadows(thin, wanted, step_m * stride), stride))
    lit = np.ones_like(heights_m)

    def work(part: Part) -> None:
        for shadow, stride in scales:
            np.minimum(lit[part], 1 - enlarge_part(shadow, stride, part), out=lit[part])

    in_parts(work, drawn)
    return lit


def in_parts(work: Callable[[Part], None], wanted: NDArray[np.bool_]) -> None:
    """Do something for each strip that holds wanted posts, on all processors."""
    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(work, parts_of(wanted)))


def _shadows(heights_m: NDArray[np.float32], wanted: NDArray[np.bool_], step_m: float) -> NDArray[np.float32]:
    """How much of the sun is hidden from each post by what stands up to four posts to the north-west."""
    shadow = np.zeros_like(heights_m)

    def work(part: Part) -> None:
        wide, inner = widened(part, _SUN_REACH, heights_m.shape)
        near = heights_m[wide]
        horizon = np.zeros_like(near)
        for k in range(1, _SUN_REACH + 1):
            toward = np.pad(near, k, mode="edge")[2 * k :, : -2 * k]
            np.maximum(horizon, (toward - near) / np.float32(k * 2**0.5 * step_m), out=horizon)
        shadow[part] = smoothstep((horizon[inner] - _SUN_HEIGHT) / _PENUMBRA + np.float32(0.5))

    in_parts(work, wanted)
    return shadow


def _thinned(
    heights_m: NDArray[np.float32], drawn: NDArray[np.bool_], stride: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if stride == 1:
        return heights_m, drawn
    smooth = ndimage.uniform_filter(heights_m, stride, mode="nearest")[::stride, ::stride]
    wide = ndimage.maximum_filter(drawn[::stride, ::stride], 3)
    return np.ascontiguousarray(smooth), wide


def _seen(heights_m: NDArray[np.float32], drawn: NDArray[np.bool_], step_m: float) -> NDArray[np.float32]:
    """Share of the sky that is open over each post, by what lies up to some six posts away."""
    margin = 2 * _REACH
    wide = np.pad(heights_m, margin, mode="edge")
    result = np.ones_like(heights_m)

    def work(first: int) -> None:
        last = min(first + _STRIP_ROWS, len(heights_m))
        columns = np.flatnonzero(drawn[first:last].any(axis=0))
        if not columns.size:
            return
        west, east = int(columns[0]), int(columns[-1]) + 1
        here = heights_m[first:last, west:east]
        total = np.zeros_like(here)
        rise = np.empty_like(here)
        for row, column in _directions():
            horizon = np.zeros_like(here)
            for k in range(1, _REACH + 1):
                south, start = first + margin + k * row, west + margin + k * column
                np.subtract(wide[south : south + last - first, start : start + east - west], here, out=rise)
                rise *= np.float32(1.0 / (k * np.hypot(row, column) * step_m))
                np.maximum(horizon, rise, out=horizon)
            horizon *= horizon
            horizon += 1
            total += np.reciprocal(horizon, out=horizon)
        result[first:last, west:east] = total / np.float32(4 * len(_QUARTER))

    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(work, range(0, len(heights_m), _STRIP_ROWS)))
    return result


def _directions() -> Iterator[tuple[int, int]]:
    for row, column in _QUARTER:
        yield from ((row, column), (column, -row), (-row, -column), (-column, row))
