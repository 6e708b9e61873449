"""Things of a renderer in an order of their own, whatever came into it first."""

from __future__ import annotations

import bisect
from operator import itemgetter
from typing import TYPE_CHECKING

from tracker3d.render.batches import release

if TYPE_CHECKING:
    from tracker3d.render.vtk_types import VtkActor, VtkRenderer


class InOrder:
    """Actors that are drawn before all that fades over the ground, by ascending keys.

    The same actors are then drawn in the same order, and make the same picture.

    Parameters
    ----------
    renderer : vtkRenderer
    """

    def __init__(self, renderer: VtkRenderer) -> None:
        self._renderer = renderer
        self._actors: list[tuple[tuple[int, int], VtkActor]] = []

    def add(self, key: tuple[int, int], actor: VtkActor) -> None:
        """Bring an actor into the renderer; of equal keys, the first comes first."""
        place = bisect.bisect_right(self._actors, key, key=itemgetter(0))
        self._actors.insert(place, (key, actor))
        things = self._renderer.GetViewProps()
        if things.GetNumberOfItems():
            things.InsertItem(place - 1, actor)
        else:
            things.AddItem(actor)
        actor.AddConsumer(self._renderer)

    def remove(self, actor: VtkActor) -> None:
        """Take an actor out of the renderer and off the graphics processor."""
        self._actors = [one for one in self._actors if one[1] is not actor]
        release(actor, self._renderer, self._renderer.GetRenderWindow())
