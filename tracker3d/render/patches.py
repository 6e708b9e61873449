"""Which patches of the ground show their pictures finely: an account of them; nothing is drawn here.

Every patch at hand has a coarse picture. Those in sight, and a little beside it, want one as fine as the
screen; what was fine and is no longer in sight stays so while there is room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracker3d.render.drapes import COARSE
from tracker3d.render.frustum import box_distances_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.render.drapes import Drape
    from tracker3d.render.frustum import Sight

KEPT_BYTES = 96
"""For each pixel of the screen, of all fine pictures: those out of sight stay within this for coming back.

What is in sight takes about 20 for each, in open country up to 60, and is fine even then.
"""

KEPT_IN_SOFTWARE_BYTES = 32
"""The same where a renderer in software has its pictures in the memory of the process."""

_BESIDE = 0.1
"""A patch is looked at as if it were larger by this share of its distance: cameras turn."""


class _Rows(NamedTuple):
    """What is kept of n patches: columns of n rows."""

    tile: NDArray[np.int64]
    patch: NDArray[np.int64]
    reduction: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    used: NDArray[np.int64]
    step_m: NDArray[np.float64]
    low_m: NDArray[np.float64]
    high_m: NDArray[np.float64]


class Patches:
    """Keeps account of the patches of the tiles at hand.

    Parameters
    ----------
    exact : bool
        Patches in sight are as fine as the frame asks for, neither finer nor coarser.

    Attributes
    ----------
    kept_bytes : int
        See :data:`KEPT_BYTES`.
    """

    def __init__(self, *, exact: bool) -> None:
        self.kept_bytes = KEPT_IN_SOFTWARE_BYTES
        self._limit_bytes = 0
        self._exact = exact
        self._looks = 0
        self._set(_rows(0, np.zeros((0, 2, 3)), 1.0))

    @property
    def fine_bytes(self) -> int:
        """What all fine pictures take."""
        return int(self._rows.size_bytes.sum())

    def put(self, tile: int, drape: Drape) -> None:
        """Take note that a tile's patches are at hand, all of them coarse."""
        self._set(self._kept(tile), _rows(tile, drape.boxes_m, drape.step_m))

    def drop(self, tile: int) -> None:
        """Take note that a tile's patches are gone."""
        self._set(self._kept(tile))

    def _kept(self, tile: int) -> _Rows:
        others = self._rows.tile != tile
        return _Rows(*(column[others] for column in self._rows))

    def _set(self, *parts: _Rows) -> None:
        """Keep these patches; what each should be is not known before the next look."""
        self._rows = _Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        count = len(self._rows.tile)
        self._drawn = self._seen = np.zeros(count, bool)
        self._drawn_tiles: frozenset[int] = frozenset()
        self._wanted = np.full(count, COARSE)
        self._away_m = np.ones(count)

    def note(self, tile: int, patch: int, reduction: int, size_bytes: int) -> None:
        """Take note that a patch shows another picture, finer than the coarse one."""
        row = (self._rows.tile == tile) & (self._rows.patch == patch)
        self._rows.reduction[row], self._rows.size_bytes[row] = reduction, size_bytes

    def look(self, sight: Sight, shown: frozenset[int]) -> None:
        """Find what each patch should be; ``shown`` are the tiles that are drawn."""
        rows = self._rows
        self._limit_bytes = self.kept_bytes * sight.pixels
        self._away_m = box_distances_m(rows.low_m, rows.high_m, sight.eye_m)
        pixels = sight.grain_m(self._away_m) / rows.step_m
        self._wanted = np.where(pixels < 2.0, 1, np.where(pixels < COARSE, 2, COARSE))
        if shown != self._drawn_tiles:
            self._drawn_tiles, self._drawn = shown, np.isin(rows.tile, list(shown))
        self._seen = self._drawn
        if sight.frustum is not None:
            half_m = (rows.high_m - rows.low_m) / 2.0
            beside_m = _BESIDE * self._away_m[:, None]
            self._seen = self._drawn & sight.frustum.sees(rows.low_m + half_m, half_m + beside_m)
        self._looks += 1
        rows.used[self._seen] = self._looks

    def missing(self) -> dict[int, dict[int, int]]:
        """Return the tiles of which pictures are missing, the nearest first: by patch, how much reduced."""
        rows, wanted = self._rows, self._wanted
        misfit = rows.reduction > wanted
        if self._exact:
            misfit |= (rows.reduction < wanted) & (wanted < COARSE)
        members = np.flatnonzero(misfit & self._seen)
        found: dict[int, dict[int, int]] = {}
        for row in members[np.argsort(self._away_m[members], kind="stable")].tolist():
            found.setdefault(int(rows.tile[row]), {})[int(rows.patch[row])] = int(wanted[row])
        return found

    def surplus(self) -> tuple[int, int] | None:
        """Give up the fine picture of one patch, if any should be: tells which, by tile and patch."""
        rows = self._rows
        idle = ~self._seen & (self.fine_bytes > self._limit_bytes)
        if self._exact:
            idle |= self._seen & (self._wanted == COARSE)
        members = np.flatnonzero(idle & (rows.reduction < COARSE))
        if not len(members):
            return None
        row = members[np.argmin(rows.used[members])]
        rows.reduction[row], rows.size_bytes[row] = COARSE, 0
        return int(rows.tile[row]), int(rows.patch[row])


def _rows(tile: int, boxes_m: NDArray[np.float64], step_m: float) -> _Rows:
    count = len(boxes_m)
    nothing = np.zeros(count, np.int64)
    return _Rows(
        tile=np.full(count, tile),
        patch=np.arange(count),
        reduction=np.full(count, COARSE),
        size_bytes=nothing.copy(),
        used=nothing.copy(),
        step_m=np.full(count, step_m),
        low_m=boxes_m[:, 0],
        high_m=boxes_m[:, 1],
    )
