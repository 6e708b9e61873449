"""Fewer points for lines, such as the road's edges, with a bound on the error at every sample.

Points are chosen greedily among the samples: from each the next one is as far away as can be found such that
every sample in between stays within the bound, compared at the same time (or distance along the line), not by
shape alone. All lines advance together, each at its own place, so the work is done by numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


LANES = 512
"""Stretches that are walked side by side; each step of numpy then has enough to do."""

SHORTEST_BLOCK = 500
"""Samples; shorter stretches would cost more keys at their edges than they save time."""


def reduce_keys(
    times_s: ArrayLike, positions_m: NDArray[np.float32], *, max_error_m: float
) -> list[NDArray[np.intp]]:
    """Choose which samples of each path become keys.

    Parameters
    ----------
    times_s : (t,)
        Sample times, strictly increasing.
    positions_m : (t, n, d) float32
        Positions of n riders as they will be written, mostly with d = 3; no NaN. Paths that share their
        keys stand side by side in the last axis: then each of them keeps the bound.
    max_error_m : float
        Largest distance allowed at any sample between the interpolated and the given position.

    Returns
    -------
    list of (k,) intp
        For each rider the indices of its keys, ascending, with the first and the last sample; a path
        that never leaves its first position by more than the bound still keeps both.

    Notes
    -----
    Players compute in float32; a reserve of two units in the last place of the largest coordinate is kept
    for that, so that the bound holds for what they show and not only for exact arithmetic.

    Raises
    ------
    ValueError
        The bound is not above that reserve, or a position is not finite.
    """
    times = np.asarray(times_s, dtype=np.float64)
    count, riders = positions_m.shape[:2]
    if not np.isfinite(positions_m).all():
        raise ValueError("paths to reduce must be finite")
    if riders == 0:
        return []
    if count <= 2:
        return [np.arange(count) for _ in range(riders)]
    bound_m = max_error_m - float_reserve_m(positions_m)
    if bound_m <= 0:
        raise ValueError(f"float32 cannot hold positions that far out to {max_error_m} m")
    # One path after the other, so that the samples of a path lie side by side in memory.
    flat = np.ascontiguousarray(positions_m.transpose(1, 0, 2)).reshape(count * riders, -1)
    blocks = max(1, min(-(-LANES // riders), count // SHORTEST_BLOCK))
    edges = np.linspace(0, count - 1, blocks + 1).astype(np.intp)
    taken = _walk(times, flat, riders, edges, bound_m)
    for edge in edges[1:-1]:
        _drop_if_spare(taken, times, flat, int(edge), bound_m)
    return [np.flatnonzero(row) for row in taken]


def float_reserve_m(positions_m: NDArray[np.float32]) -> float:
    """Return two units in the last place of the largest coordinate, in metres."""
    return 2.0 * float(np.spacing(np.float32(np.abs(positions_m).max(initial=1.0))))


def _walk(
    times: NDArray[np.float64],
    flat: NDArray[np.float32],
    riders: int,
    edges: NDArray[np.intp],
    bound_m: float,
) -> NDArray[np.bool_]:
    """Advance all riders key by key; returns (n, t) which samples are keys.

    Every stretch between two ``edges`` of every rider is walked by itself, all at once.

    For each of them: ``key`` is the last key, ``good`` the farthest sample known to be reachable from it,
    ``bad`` the nearest one known not to be (or past the end). The step is doubled until it fails, then
    halved; it starts from the length of the last span, which is mostly close to the next one.
    """
    count = len(times)
    taken = np.zeros((riders, count), dtype=bool)
    taken[:, 0] = True
    rider, block = np.divmod(np.arange(riders * (len(edges) - 1)), len(edges) - 1)
    key, last = edges[block], edges[block + 1]
    good = key + 1
    bad = np.full(len(key), count, dtype=np.intp)
    step = np.full(len(key), 4, dtype=np.intp)
    while len(rider):
        unbounded = bad == count
        trial = np.where(unbounded, np.minimum(key + step, last), (good + bad) // 2)
        fits = _within(times, flat, rider * count, key, trial, bound_m)
        good = np.where(fits, trial, good)
        bad = np.where(fits, bad, trial)
        step = np.where(fits & unbounded, (trial - key) * 2, step)
        done = (bad - good == 1) | (good == last)
        taken[rider[done], good[done]] = True
        step = np.where(done, np.maximum(good - key, 2), step)
        key = np.where(done, good, key)
        bad = np.where(done, count, bad)
        good = np.where(done, key + 1, good)
        going = key < last
        if not going.all():
            rider, last, key = rider[going], last[going], key[going]
            good, bad, step = good[going], bad[going], step[going]
    return taken


def _drop_if_spare(
    taken: NDArray[np.bool_],
    times: NDArray[np.float64],
    flat: NDArray[np.float32],
    edge: int,
    bound_m: float,
) -> None:
    """Take back a key at an edge where the keys around it do without it."""
    riders, count = taken.shape
    before = edge - 1 - taken[:, edge - 1 :: -1].argmax(axis=1)
    after = edge + 1 + taken[:, edge + 1 :].argmax(axis=1)
    taken[:, edge] = ~_within(times, flat, np.arange(riders) * count, before, after, bound_m)


def _within(
    times: NDArray[np.float64],
    flat: NDArray[np.float32],
    base: NDArray[np.intp],
    key: NDArray[np.intp],
    trial: NDArray[np.intp],
    bound_m: float,
) -> NDArray[np.bool_]:
    """Say for each rider whether all samples between ``key`` and ``trial`` lie within the bound."""
    between = trial - key - 1
    open_spans = np.flatnonzero(between > 0)
    fits = np.ones(len(key), dtype=bool)
    if not len(open_spans):
        return fits
    lengths = between[open_spans]
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(open_spans, lengths)
    sample = np.arange(lengths.sum()) - np.repeat(starts, lengths) + key[owner] + 1
    first = flat[base + key].astype(np.float64)
    way = flat[base + trial] - first
    weight = (times[sample] - times[key][owner]) / (times[trial] - times[key])[owner]
    miss = first[owner] + way[owner] * weight[:, None] - flat[base[owner] + sample]
    worst = np.maximum.reduceat(np.einsum("ij,ij->i", miss, miss), starts)
    fits[open_spans] = worst <= bound_m**2
    return fits
