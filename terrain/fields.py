"""Smooth fields on square grids: enlarging, fading, filling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SWEEPS = 60
_STRIP_ROWS = 128

Part = tuple[slice, slice]
"""Rows and columns of a grid, with both ends."""


def enlarge(coarse: NDArray[np.float32], factor: int, *, smooth: bool = False) -> NDArray[np.float32]:
    """Interpolate a grid of (m + 1, n + 1) posts onto (m * factor + 1, n * factor + 1).

    Linear, and exact at the coarse posts; with ``smooth`` a cubic B-spline instead: curvature is continuous,
    and the coarse posts are approximated.
    """
    if factor == 1:
        return coarse
    kernel = _spline if smooth else _linear
    half = _along_rows(coarse, factor, kernel(factor))
    return np.ascontiguousarray(_along_rows(half.T, factor, kernel(factor)).T)


def enlarge_part(
    coarse: NDArray[np.float32], factor: int, part: Part, *, smooth: bool = False
) -> NDArray[np.float32]:
    """Return one part of what :func:`enlarge` makes, without making the rest."""
    if factor == 1:
        return coarse[part]
    around, within = [], []
    for wanted, size in zip(part, coarse.shape, strict=True):
        first = max(wanted.start // factor - 1, 0)
        last = min(-(-(wanted.stop - 1) // factor) + 2, size - 1)
        around.append(slice(first, last + 1))
        within.append(slice(wanted.start - first * factor, wanted.stop - first * factor))
    return enlarge(coarse[tuple(around)], factor, smooth=smooth)[tuple(within)]


def stride_near(shape: tuple[int, ...], wanted: float) -> int:
    """Return the power of two nearest to what is wanted by which both sides of a grid can be divided."""
    stride = 1 << max(0, round(float(np.log2(max(wanted, 1.0)))))
    while stride > 1 and ((shape[0] - 1) % stride or (shape[1] - 1) % stride):
        stride //= 2
    return stride


def parts_of(wanted: NDArray[np.bool_]) -> list[Part]:
    """Return strips of a grid that together hold all wanted posts, each no wider than it must be."""
    parts = []
    for first in range(0, len(wanted), _STRIP_ROWS):
        rows = slice(first, min(first + _STRIP_ROWS, len(wanted)))
        columns = np.flatnonzero(wanted[rows].any(axis=0))
        if columns.size:
            parts.append((rows, slice(int(columns[0]), int(columns[-1]) + 1)))
    return parts


def widened(part: Part, margin: int, shape: tuple[int, ...]) -> tuple[Part, Part]:
    """Return a part with a margin, as far as the grid goes, and where the part lies within it."""
    wide = [
        slice(max(0, one.start - margin), min(size, one.stop + margin))
        for one, size in zip(part, shape, strict=True)
    ]
    inner = [
        slice(one.start - more.start, one.stop - more.start) for one, more in zip(part, wide, strict=True)
    ]
    return (wide[0], wide[1]), (inner[0], inner[1])


def _linear(factor: int) -> NDArray[np.float32]:
    t = np.arange(factor) / factor
    zero = np.zeros(factor)
    return np.stack([zero, 1 - t, t, zero], axis=1).astype(np.float32)


def _spline(factor: int) -> NDArray[np.float32]:
    t = np.arange(factor) / factor
    return (
        np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    ).astype(np.float32)


def _along_rows(
    coarse: NDArray[np.float32], factor: int, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate between rows with four weights for each of the ``factor`` positions after a row."""
    padded = np.pad(coarse, ((1, 2), (0, 0)), mode="edge")
    count = coarse.shape[0]
    fine = np.empty(((count - 1) * factor + 1, coarse.shape[1]), np.float32)
    for phase in range(factor):
        target = fine[phase::factor]
        rows = len(target)
        target[:] = 0
        for tap in range(4):
            if weights[phase, tap]:
                target += weights[phase, tap] * padded[tap : tap + rows]
    return fine


def smoothstep(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rise from 0 at 0 to 1 at 1 with a level start and end."""
    t = np.clip(values, np.float32(0), np.float32(1))
    result: NDArray[np.float32] = t * t * (3 - 2 * t)
    return result


def box_mean(values: NDArray[np.float32], known: NDArray[np.bool_], size: int) -> NDArray[np.float32]:
    """Mean of the known values in a square of ``size`` posts about each; NaN where none is known."""
    total = ndimage.uniform_filter(np.where(known, values, np.float32(0)), size, mode="nearest")
    share = ndimage.uniform_filter(known.astype(np.float32), size, mode="nearest")
    result = np.full(values.shape, np.nan, np.float32)
    np.divide(total, share, out=result, where=share > 0.5 / size**2)
    return result


def membrane(values: NDArray[np.float32], fixed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Stretch a membrane between the fixed values: the solution of Laplace's equation, free at the border.

    Solved from the coarsest grid down, each level relaxed by Jacobi sweeps; close enough for ground that is
    invented anyway, and smooth. At least one post must be fixed.
    """
    rows, columns = values.shape
    if min(rows, columns) <= 4:
        start = np.full(values.shape, values[fixed].mean(), np.float32)
    else:
        start = _doubled(membrane(*_halved(values, fixed)), (rows, columns))
    field = np.where(fixed, values, start)
    for _ in range(_SWEEPS):
        padded = np.pad(field, 1, mode="edge")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        field = np.where(fixed, values, np.float32(0.25) * around)
    return field


def _halved(
    values: NDArray[np.float32], fixed: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    even = ((0, values.shape[0] & 1), (0, values.shape[1] & 1))
    weights = np.pad(fixed.astype(np.float32), even)
    total = np.pad(np.where(fixed, values, np.float32(0)), even)
    shape = (weights.shape[0] // 2, 2, weights.shape[1] // 2, 2)
    count = weights.reshape(shape).sum(axis=(1, 3))
    means = np.divide(total.reshape(shape).sum(axis=(1, 3)), count, out=np.zeros_like(count), where=count > 0)
    return means, count > 0


def _doubled(coarse: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    fine = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    smooth: NDArray[np.float32] = ndimage.uniform_filter(fine, 3, mode="nearest")
    return smooth
