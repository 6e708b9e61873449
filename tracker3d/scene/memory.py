"""What a scene remembers between frames: things that are costly to make and depend on their key alone."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Made = TypeVar("Made")


class SceneMemory:
    """A store that makes what is missing and forgets what was used longest ago.

    What is kept must be a pure function of its key (and of the scene that owns the memory), so that
    remembering changes the cost of a frame and never the frame.

    Parameters
    ----------
    limit : int
        Most entries kept of each kind.
    """

    def __init__(self, *, limit: int = 256) -> None:
        self._limit = limit
        self._kinds: dict[str, OrderedDict[Hashable, Any]] = {}

    def get(self, kind: str, key: Hashable, make: Callable[[], Made], *, most: int | None = None) -> Made:
        """Return what ``make`` made for this key, making it once.

        Parameters
        ----------
        kind : str
        key : Hashable
        make : callable
        most : int, optional
            Most entries of this kind, where fewer than usual do: pictures are large.
        """
        entries = self._kinds.setdefault(kind, OrderedDict())
        if key in entries:
            entries.move_to_end(key)
            found: Made = entries[key]
            return found
        made = make()
        entries[key] = made
        if len(entries) > (most or self._limit):
            entries.popitem(last=False)
        return made
