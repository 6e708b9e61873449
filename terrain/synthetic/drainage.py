"""Where water runs: the steepest way from post to post, out of closed basins over their lowest pass."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))
"""Rows and columns to the eight posts around one."""


def receivers(
    heights: Floats, fixed: NDArray[np.bool_], tilt: NDArray[np.float32], step_m: float
) -> tuple[Indices, Floats]:
    """For each post the post it drains to (itself for rivers) and the distance there."""
    rows, cols = heights.shape
    best = np.zeros(heights.shape)
    receiver = np.arange(heights.size).reshape(heights.shape)
    own = receiver.copy()
    distance = np.full(heights.shape, step_m)
    for (down, right), weight in zip(NEIGHBOURS, tilt, strict=True):
        here = (slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), cols - max(0, right)))
        there = (slice(max(0, down), rows + min(0, down)), slice(max(0, right), cols + min(0, right)))
        reach = step_m * float(np.hypot(down, right))
        slope = (heights[here] - heights[there]) / reach * weight[here]
        steeper = slope > best[here]
        best[here] = np.where(steeper, slope, best[here])
        receiver[here] = np.where(steeper, own[there], receiver[here])
        distance[here] = np.where(steeper, reach, distance[here])
    receiver[fixed] = own[fixed]
    flat = receiver.ravel()
    return _join_basins(heights, flat, fixed.ravel()), distance.ravel()


def outlets(receiver: Indices) -> tuple[Indices, NDArray[np.int32]]:
    """Follow the flow to its end from everywhere at once: the end, and how many posts away it is."""
    pointer = receiver.copy()
    depth = (pointer != np.arange(len(pointer))).astype(np.int32)
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer, depth
        depth += depth[pointer]
        pointer = further


def _join_basins(heights: Floats, receiver: Indices, fixed: NDArray[np.bool_]) -> Indices:
    """Let every closed basin spill over its lowest pass towards a river."""
    root, _ = outlets(receiver)
    pits, basin = np.unique(root, return_inverse=True)
    closed = ~fixed[pits]
    if not closed.any():
        return receiver
    # All rivers together are basin 0.
    number = np.where(closed, np.cumsum(closed), 0)
    label = number[basin].reshape(heights.shape)
    own = np.arange(heights.size).reshape(heights.shape)
    edges = []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :])):
        differ = label[first] != label[second]
        edges.append(
            np.stack([own[first][differ], own[second][differ], label[first][differ], label[second][differ]])
        )
    one, other, low, high = np.concatenate(edges, axis=1)
    flat = heights.ravel()
    crossing = np.maximum(flat[one], flat[other])
    count = int(closed.sum()) + 1
    key = np.minimum(low, high) * count + np.maximum(low, high)
    by_height = np.lexsort((crossing, key))
    lowest = by_height[np.concatenate([[True], np.diff(key[by_height]) > 0])]
    weight = crossing[lowest] - flat.min() + 1.0
    graph = coo_array((weight, (low[lowest], high[lowest])), shape=(count, count)).tocsr()
    tree = minimum_spanning_tree(graph)
    _, parent = breadth_first_order(tree, 0, directed=False)
    joined = receiver.copy()
    pit_of = np.zeros(count, np.intp)
    pit_of[number[closed]] = pits[closed]
    for outside, here, there in ((other, low, high), (one, high, low)):
        spills = lowest[(parent[here[lowest]] == there[lowest]) & (here[lowest] > 0)]
        joined[pit_of[here[spills]]] = outside[spills]
    return joined


def by_depth(receiver: Indices) -> tuple[Indices, list[int]]:
    """Order posts from the rivers up; ``starts`` tells where each depth begins."""
    _, depth = outlets(receiver)
    order = np.argsort(depth.astype(np.int16) if depth.max() < 32_000 else depth, kind="stable")
    counts = np.bincount(depth)
    return order, [0, *np.cumsum(counts).tolist()]


def drained_km2(receiver: Indices, order: Indices, starts: list[int], step_m: float) -> Floats:
    """Area that drains through each post, its own included; order and starts as of :func:`by_depth`."""
    area = np.full(len(receiver), step_m**2 / 1e6)
    for begin, end in reversed(list(pairwise(starts[1:]))):
        nodes = order[begin:end]
        np.add.at(area, receiver[nodes], area[nodes])
    return area
