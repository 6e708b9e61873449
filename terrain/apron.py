"""Ground where there is no elevation data: a calm surface through the road's own heights; and the road's bed.

The surface has three parts. Far from everything it is a membrane between the road and the border of the
measured land. Near the road it is pulled, scale by scale, through the road's own height. Inside the
border of the measured land its detail fades in, so that no cliff shows where the data begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain.fields import box_mean, enlarge, membrane, smoothstep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from terrain.line import GroundLine
    from terrain.sources import GridPlan

FADE_M = 1000.0
_LATTICE_M = 240.0
_MANY_VOIDS = 1000
_PATCH_POSTS = 256
_USUAL_M = 500.0
_MOST_MOVED_M = 40.0
_BENCH_POSTS = (2.0, 1.2, 0.8, 0.8)
_PULL_POSTS = (12.0, 4.0, 2.0, 1.2, 1.2, 0.8, 0.8)


def fill_small_voids(
    heights_m: NDArray[np.float32], *, step_m: float, span_m: float = 2000.0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate over voids less than ``span_m`` across.

    A void is small where no disc of that diameter fits into it. Returns the heights, still NaN in large
    voids, and which posts were filled.
    """
    void = np.isnan(heights_m)
    if not void.any() or void.all():
        return heights_m, np.zeros(void.shape, np.bool_)
    small = void & ~_opened(void, span_m / 2 / step_m)
    if not small.any():
        return heights_m, small
    filled = heights_m.copy()
    labels, number = ndimage.label(small, structure=np.ones((3, 3)))
    if number > _MANY_VOIDS:
        specks = small & ~ndimage.binary_opening(small, np.ones((3, 3), np.bool_))
        filled[specks] = box_mean(np.nan_to_num(heights_m), ~void, 5)[specks]
        heights_m = filled.copy()
        labels, number = ndimage.label(small & np.isnan(filled), structure=np.ones((3, 3)))
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = (slice(max(0, part.start - 2), part.stop + 2) for part in place)
        here = labels[rows, columns] == number
        known = ~np.isnan(heights_m[rows, columns])
        if known.any():
            surface = membrane(np.where(known, heights_m[rows, columns], 0).astype(np.float32), known)
            filled[rows, columns][here] = surface[here]
        else:
            small[rows, columns][here] = False
    return filled, small


def _opened(void: NDArray[np.bool_], radius_posts: float) -> NDArray[np.bool_]:
    """Part of a void that discs of a radius can reach; everything beyond the grid counts as void."""
    stride = max(1, int(radius_posts / 10))
    rows, columns = -(-void.shape[0] // stride), -(-void.shape[1] // stride)
    padded = np.pad(
        void,
        ((0, rows * stride - void.shape[0]), (0, columns * stride - void.shape[1])),
        constant_values=True,
    )
    coarse = padded.reshape(rows, stride, columns, stride).all(axis=(1, 3))
    margin = int(radius_posts / stride) + 2
    coarse = np.pad(coarse, margin, mode="edge")
    core = ndimage.distance_transform_edt(coarse) > radius_posts / stride
    if not core.any():
        return np.zeros_like(void)
    reached = ndimage.distance_transform_edt(~core) <= radius_posts / stride + 1
    reached = reached[margin:-margin, margin:-margin]
    result: NDArray[np.bool_] = np.repeat(np.repeat(reached, stride, axis=0), stride, axis=1)
    return result[: void.shape[0], : void.shape[1]]


def lay_apron(
    heights_m: NDArray[np.float32],
    distance_m: NDArray[np.float32],
    *,
    plan: GridPlan,
    line: GroundLine,
    half_width_m: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Complete heights with invented ground.

    Parameters
    ----------
    heights_m : (rows, columns) float32
        NaN where there is no elevation data.
    distance_m : (rows, columns) float32
        To the road.
    line : GroundLine
        With finite heights.

    Returns
    -------
    heights_m : (rows, columns) float32
        Finite everywhere.
    measured : (rows, columns) float32
        Share of the measured height in each: 1 in measured land, 0 on the apron, in between where they meet.
    """
    known = ~np.isnan(heights_m)
    drawn = distance_m <= half_width_m + 8 * plan.step_m
    if known[drawn].all():
        nearest = np.where(known, heights_m, np.float32(np.nanmean(heights_m)))
        return nearest, np.ones_like(heights_m)
    factor = int(2 ** np.clip(np.round(np.log2(_LATTICE_M / plan.step_m)), 1, 5))
    surface = enlarge(_membrane_through(heights_m, known, plan, line, factor), factor, smooth=True)
    measured = _measured_share(known, drawn, plan.step_m)
    _pull_to_road(surface, measured, plan, line)
    blended = np.where(known, surface + measured * (np.nan_to_num(heights_m) - surface), surface)
    return blended.astype(np.float32), measured


def _membrane_through(
    heights_m: NDArray[np.float32],
    known: NDArray[np.bool_],
    plan: GridPlan,
    line: GroundLine,
    factor: int,
) -> NDArray[np.float32]:
    """Membrane on every ``factor``-th post through the smoothed land and the road."""
    land = box_mean(np.nan_to_num(heights_m), known, 2 * factor + 1)[::factor, ::factor]
    fixed = known[::factor, ::factor]
    shape = land.shape
    dense = line.densified(plan.step_m)
    column = np.rint((dense.x_m - plan.x0_m) / (plan.step_m * factor)).astype(np.intp)
    row = np.rint((dense.y_m - plan.y0_m) / (plan.step_m * factor)).astype(np.intp)
    cell = row * shape[1] + column
    count = np.bincount(cell, minlength=land.size)
    total = np.bincount(cell, weights=dense.height_m, minlength=land.size)
    on_road = (count > 0).reshape(shape) & ~fixed
    means = (total / np.maximum(count, 1)).reshape(shape)
    values = np.where(fixed, np.nan_to_num(land), means).astype(np.float32)
    surface = membrane(values, fixed | on_road)
    calm = ndimage.gaussian_filter(surface, 1.5, mode="nearest")
    return np.where(fixed, surface, calm)


def _measured_share(known: NDArray[np.bool_], drawn: NDArray[np.bool_], step_m: float) -> NDArray[np.float32]:
    lattice = 4
    missing = (~known & drawn)[::lattice, ::lattice]
    depth = ndimage.distance_transform_edt(~missing).astype(np.float32) * np.float32(lattice * step_m)
    share = smoothstep(enlarge(depth, lattice) / np.float32(FADE_M))
    share[~known] = 0
    return share


def _pull_to_road(
    surface: NDArray[np.float32], measured: NDArray[np.float32], plan: GridPlan, line: GroundLine
) -> None:
    """Bring the surface, in place, through the road's own height where land is not fully measured."""
    dense = line.densified(plan.step_m / 2)
    free = ndimage.map_coordinates(measured, _in_posts(dense, plan), order=1, prefilter=False) < 1
    _pull(surface, _in_posts(dense, plan)[:, free], dense.height_m[free], _PULL_POSTS)


def bench(
    heights_m: NDArray[np.float32],
    *,
    plan: GridPlan,
    line: GroundLine,
    draped_m: NDArray[np.float64],
    apart: NDArray[np.bool_],
) -> None:
    """Lay measured land, in place, under the road as its builders did: cut through spurs, dammed over dips.

    Elevation data of 90 m put steps of 30 % into a road of 8 %. Within some 60 m of the road the land
    is drawn to the road's own profile, shifted by the usual difference between the two, which changes only
    over hundreds of metres. The land never moves by more than 40 m.

    Parameters
    ----------
    draped_m : (n,) float64
        Height of the land at the points of the line.
    apart : (n,) bool
        Points to leave alone: tunnels, bridges, and where there are no data.
    """
    total = float(line.distance_m[-1])
    if total <= 0 or apart.all():
        return
    dense = line.densified(plan.step_m / 2)
    at = dense.distance_m * (total / max(float(dense.distance_m[-1]), 1e-9))
    spacing = total / (len(at) - 1)
    draped = np.interp(at, line.distance_m, draped_m)
    usual = ndimage.median_filter(draped - dense.height_m, max(1, round(_USUAL_M / spacing)), mode="nearest")
    usual = ndimage.gaussian_filter1d(usual, _USUAL_M / 2 / spacing, mode="nearest")
    wanted = np.clip(dense.height_m + usual, draped - _MOST_MOVED_M, draped + _MOST_MOVED_M)
    free = np.interp(at, line.distance_m, apart.astype(float)) == 0
    _pull(heights_m, _in_posts(dense, plan)[:, free], wanted[free], _BENCH_POSTS)


def _in_posts(line: GroundLine, plan: GridPlan) -> NDArray[np.float64]:
    return np.array([(line.y_m - plan.y0_m) / plan.step_m, (line.x_m - plan.x0_m) / plan.step_m])


def _pull(
    surface: NDArray[np.float32],
    at: NDArray[np.float64],
    height_m: NDArray[np.float64],
    widths: tuple[float, ...],
) -> None:
    """Bring a surface, in place, through points that lie two to a post, from a wide pull to a narrow one."""
    if not height_m.size:
        return
    for width in widths:
        missing = height_m - ndimage.map_coordinates(surface, at, order=1, prefilter=False)
        for core, near in _patches(at, surface.shape, reach=int(3 * width) + 2):
            shifted = at[:, near[0]] - np.array([[near[1].start], [near[2].start]])
            shape = (near[1].stop - near[1].start, near[2].stop - near[2].start)
            weight = ndimage.gaussian_filter(_splat(shifted, np.ones(near[0].size), shape), width, truncate=3)
            pull = ndimage.gaussian_filter(_splat(shifted, missing[near[0]], shape), width, truncate=3)
            pull /= weight + np.float32(0.1 / (np.sqrt(2 * np.pi) * width))
            surface[core] += pull[
                core[0].start - near[1].start : core[0].stop - near[1].start,
                core[1].start - near[2].start : core[1].stop - near[2].start,
            ]


def _patches(
    at: NDArray[np.float64], shape: tuple[int, ...], *, reach: int
) -> Iterator[tuple[tuple[slice, slice], tuple[NDArray[np.intp], slice, slice]]]:
    """Cut a grid into patches; give each that points can reach, with these points and the area they need."""
    for top in range(0, shape[0], _PATCH_POSTS):
        for left in range(0, shape[1], _PATCH_POSTS):
            bottom, right = min(top + _PATCH_POSTS, shape[0]), min(left + _PATCH_POSTS, shape[1])
            rows = slice(max(0, top - 2 * reach), min(shape[0], bottom + 2 * reach))
            columns = slice(max(0, left - 2 * reach), min(shape[1], right + 2 * reach))
            near = np.flatnonzero(
                (at[0] >= max(rows.start, top - reach))
                & (at[0] < min(rows.stop - 1, bottom + reach))
                & (at[1] >= max(columns.start, left - reach))
                & (at[1] < min(columns.stop - 1, right + reach))
            )
            if near.size:
                yield (slice(top, bottom), slice(left, right)), (near, rows, columns)


def _splat(
    at: NDArray[np.float64], values: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Share values out to the four posts about each position."""
    base = np.floor(at).astype(np.intp)
    up, right = at - base
    total = np.zeros(shape[0] * shape[1])
    for row, column, weight in (
        (0, 0, (1 - up) * (1 - right)),
        (0, 1, (1 - up) * right),
        (1, 0, up * (1 - right)),
        (1, 1, up * right),
    ):
        index = (base[0] + row) * shape[1] + base[1] + column
        total += np.bincount(index, weights=values * weight, minlength=total.size)
    return total.reshape(shape).astype(np.float32)
