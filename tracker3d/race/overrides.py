"""What an operator says of groups, against what was measured: plain data, applied when a moment is read.

Nothing here changes what was measured. Undoing is taking an override away, or going back to the value before.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SPLIT_OFF_ID = 1_000_000
"""Groups that an operator split off have ids from here on, so that they never meet a measured one."""


class OverrideKind(enum.StrEnum):
    """What an operator may say of a group."""

    LOCK = "lock"
    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"


@dataclass(frozen=True)
class Override:
    """One saying, from a moment of the race on.

    Attributes
    ----------
    number : int
        Its own, from 1; a group that it splits off has ``SPLIT_OFF_ID + number`` as its id.
    kind : OverrideKind
    from_ms : int
        Milliseconds since 1970 UTC; before it nothing is changed.
    group_id : int
        The group that it is about.
    bibs : tuple of int
        Lock: the riders held in the group. Split: the riders who leave it.
    other_id : int
        Merge: the group that is counted to ``group_id``.
    name : str
        Rename: the name to show; empty gives the group its own one back.
    """

    number: int
    kind: OverrideKind
    from_ms: int
    group_id: int
    bibs: tuple[int, ...] = ()
    other_id: int = -1
    name: str = ""


@dataclass(frozen=True)
class Overridden:
    """Groups as the operator wants them: ids of riders (k,) int32, names by id, and ids that are locked."""

    ids: NDArray[np.int32]
    names: dict[int, str]
    locked: frozenset[int]


@dataclass(frozen=True)
class Overrides:
    """All that an operator has said, in this order; every change gives a new value."""

    items: tuple[Override, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items)

    def lock(self, group_id: int, bibs: Iterable[int], *, from_ms: int) -> Overrides:
        """Hold exactly these riders in a group, whatever is measured."""
        return self._with(OverrideKind.LOCK, from_ms, group_id, bibs=tuple(sorted(bibs)))

    def rename(self, group_id: int, name: str, *, from_ms: int) -> Overrides:
        """Show a group under a name."""
        return self._with(OverrideKind.RENAME, from_ms, group_id, name=name)

    def merge(self, group_id: int, other_id: int, *, from_ms: int) -> Overrides:
        """Count the riders of another group to this one."""
        return self._with(OverrideKind.MERGE, from_ms, group_id, other_id=other_id)

    def split(self, group_id: int, bibs: Iterable[int], *, from_ms: int) -> Overrides:
        """Take these riders out of a group into one of their own."""
        return self._with(OverrideKind.SPLIT, from_ms, group_id, bibs=tuple(sorted(bibs)))

    def without(self, number: int) -> Overrides:
        """Take back one saying."""
        return Overrides(tuple(item for item in self.items if item.number != number))

    def _with(
        self,
        kind: OverrideKind,
        from_ms: int,
        group_id: int,
        *,
        bibs: tuple[int, ...] = (),
        other_id: int = -1,
        name: str = "",
    ) -> Overrides:
        number = max((item.number for item in self.items), default=0) + 1
        item = Override(number, kind, from_ms, group_id, bibs=bibs, other_id=other_id, name=name)
        return replace(self, items=(*self.items, item))

    def apply(
        self, ids: NDArray[np.int32], bibs: NDArray[np.int32], present: NDArray[np.bool_], *, time_ms: float
    ) -> Overridden:
        """Return the groups at a moment as the operator wants them.

        Parameters
        ----------
        ids, bibs : (k,) int32
            Group id (-1 for none) and bib of each rider.
        present : (k,) bool
            Who can be in a group.
        time_ms : float

        Notes
        -----
        A rider who is measured in a locked group but not held in it is in a group of his own with others
        like him. Locks and merges of groups that are no more do nothing.
        """
        ids, names, locked = ids.copy(), {}, set()
        for item in self.items:
            if time_ms < item.from_ms:
                continue
            inside = ids == item.group_id
            named = np.isin(bibs, item.bibs) & present
            own_id = SPLIT_OFF_ID + item.number
            if item.kind is OverrideKind.RENAME:
                names[item.group_id] = item.name
            elif item.kind is OverrideKind.MERGE and inside.any():
                ids[ids == item.other_id] = item.group_id
            elif item.kind is OverrideKind.SPLIT:
                ids[inside & named] = own_id
            elif item.kind is OverrideKind.LOCK and named.any():
                ids[inside & ~named] = own_id
                ids[named] = item.group_id
                locked.add(item.group_id)
        shown = {name_id: name for name_id, name in names.items() if name}
        return Overridden(ids, shown, frozenset(locked))
