"""Riders sorted into their groups at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Formation:
    """Groups in the order of their first riders, g of them.

    Attributes
    ----------
    group : (k,) int32
        Group of each rider, -1 for none.
    ids : list of int
    riders : list of (n,) int32
        Rider indices of each group, front first.
    fronts, tails : (g,) int32
        First and last rider of each.
    """

    group: NDArray[np.int32]
    ids: list[int]
    riders: list[NDArray[np.int32]]
    fronts: NDArray[np.int32]
    tails: NDArray[np.int32]

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over each group of values over riders, (g,)."""
        inside = self.group >= 0
        return np.bincount(self.group[inside], values[inside]) / np.bincount(self.group[inside])

    def worn(self, jerseys: Mapping[str, int], bibs: NDArray[np.int32]) -> list[tuple[str, ...]]:
        """Return the jerseys in each group; ``jerseys`` says which bib wears them."""
        result: list[tuple[str, ...]] = [()] * len(self.ids)
        for jersey, bib in jerseys.items():
            for at in self.group[bibs == bib]:
                if at >= 0:
                    result[at] = (*result[at], jersey)
        return result


def form(ids: NDArray[np.int32], order: NDArray[np.int32]) -> Formation:
    """Sort riders into groups.

    Parameters
    ----------
    ids : (k,) int32
        Group id of each rider, -1 for none.
    order : (n,) int32
        The riders present, first on the road first.
    """
    group = np.full(len(ids), -1, np.int32)
    members = order[ids[order] >= 0]
    if not len(members):
        return Formation(group, [], [], members, members)
    names, first, index = np.unique(ids[members], return_index=True, return_inverse=True)
    by_front = np.argsort(first)
    rank = np.empty(len(names), np.int64)
    rank[by_front] = np.arange(len(names))
    number = rank[index]
    group[members] = number
    sizes = np.bincount(number)
    ends = np.cumsum(sizes)
    members = members[np.argsort(number, kind="stable")]
    return Formation(
        group=group,
        ids=names[by_front].tolist(),
        riders=np.split(members, ends[:-1]),
        fronts=members[ends - sizes],
        tails=members[ends - 1],
    )
