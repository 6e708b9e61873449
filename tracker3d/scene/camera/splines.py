"""Uniform cubic B-splines over tables: twice differentiable, within their nodes, cheap at one place."""

from __future__ import annotations

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


def blended(table: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spline over a table (n, ...) at places (k,) in units of its nodes; it is held at its ends."""
    last = len(table) - 1
    before = np.minimum(place.astype(np.intp), max(last - 1, 0))
    nodes = np.clip(before[:, None] + np.arange(-1, 3), 0, last)
    share = weights(place - before)
    result: NDArray[np.float64] = np.einsum("kj,kj...->k...", share, table[nodes])
    return result
