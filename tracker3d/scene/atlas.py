"""One picture that holds every label's parts, so that all labels are one draw call."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray
    from PIL import Image

Box = tuple[int, int, int, int]

_GAP_PX = 1
_FIRST_HEIGHT_PX = 256
_serials = itertools.count()


class Atlas:
    """Packs pictures on shelves into one that grows downwards; begins anew when it is full.

    Parts already packed never move and are never overwritten, so a frame made earlier stays right: a picture
    that must begin anew is a new array under a new key.

    Parameters
    ----------
    width_px : int
        Also the largest height.
    """

    def __init__(self, *, width_px: int = 2048) -> None:
        self._width = width_px
        self._begin()

    def _begin(self) -> None:
        self.picture: NDArray[np.uint8] = np.zeros((_FIRST_HEIGHT_PX, self._width, 4), np.uint8)
        self._serial = next(_serials)
        self._boxes: dict[Hashable, Box] = {}
        self._shelf_top = self._shelf_height = self._cursor = 0

    @property
    def key(self) -> tuple[int, int]:
        """Changes whenever the picture does."""
        return self._serial, len(self._boxes)

    def box(self, key: Hashable, draw: Callable[[], Image.Image]) -> Box:
        """Return x, y, width, height of a part, drawing it the first time.

        After the picture began anew (:attr:`key` tells) boxes given before belong to the picture before.
        """
        found = self._boxes.get(key)
        if found is None:
            found = self._packed(np.asarray(draw().convert("RGBA"), np.uint8))
            self._boxes[key] = found
        return found

    def _packed(self, part: NDArray[np.uint8]) -> Box:
        part = part[: self._width, : self._width]
        height, width = part.shape[:2]
        if self._cursor + width > self._width:
            self._shelf_top += self._shelf_height + _GAP_PX
            self._shelf_height = self._cursor = 0
        if self._shelf_top + height > self._width:
            self._begin()
        while self._shelf_top + height > len(self.picture):
            self.picture = np.concatenate([self.picture, np.zeros_like(self.picture)])
        box = (self._cursor, self._shelf_top, width, height)
        self.picture[box[1] : box[1] + height, box[0] : box[0] + width] = part
        self._cursor += width + _GAP_PX
        self._shelf_height = max(self._shelf_height, height)
        return box
