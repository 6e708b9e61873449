"""Uniform cubic B-splines over tables: twice differentiable, within their nodes, cheap at one place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def weights(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (k, 4) of the nodes -1, 0, 1, 2 at shares (k,) of the way from node 0 to 1."""
    rest = 1.0 - share
    return np.stack(
        [
            rest**3 / 6.0,
            (4.0 + share * share * (3.0 * share - 6.0)) / 6.0,
            (4.0 + rest * rest * (3.0 * rest - 6.0)) / 6.0,
            share**3 / 6.0,
        ],
        axis=-1,
    )


def weights_at(share: float) -> NDArray[np.float64]:
    """Return :func:`weights` for one share, (4,), at a fifth of the cost."""
    rest = 1.0 - share
    return np.array(
        (
            rest * rest * rest / 6.0,
            (4.0 + share * share * (3.0 * share - 6.0)) / 6.0,
            (4.0 + rest * rest * (3.0 * rest - 6.0)) / 6.0,
            share * share * share / 6.0,
        )
    )


def blended(table: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spline over a table (n, m) at places (k,) in units of nodes, (k, m); held at its ends."""
    last = len(table) - 1
    before = np.minimum(place.astype(np.intp), max(last - 1, 0))
    nodes = np.clip(before[:, None] + np.arange(-1, 3), 0, last)
    result: NDArray[np.float64] = np.einsum("kj,kjm->km", weights(place - before), table[nodes])
    return result


def blended_at(table: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    """Return :func:`blended` at one place, (m,)."""
    last = len(table) - 1
    before = min(max(math.floor(place), 0), max(last - 1, 0))
    if 1 <= before <= last - 2:
        nodes = table[before - 1 : before + 3]
    else:
        nodes = table[np.clip(np.arange(before - 1, before + 3), 0, last)]
    result: NDArray[np.float64] = weights_at(place - before) @ nodes
    return result
