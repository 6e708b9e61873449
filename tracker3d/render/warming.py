"""Everything drawn once before it is needed: the driver translates a program when something first uses it.

That takes it up to some tenths of a second, which no frame on air has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vtkmodules.vtkRenderingCore import vtkGlyph3DMapper

from tracker3d.render.buffers import triangle_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker3d.render.vtk_types import VtkActor, VtkPolyData, VtkRenderer, VtkRenderWindow


class Warming:
    """Has the next picture of a window draw all actors, those that it does not show as a mere point.

    Parameters
    ----------
    window : vtkRenderWindow
        Whoever has it render.
    renderers : sequence of vtkRenderer
        Whose actors are meant.
    """

    def __init__(self, window: VtkRenderWindow, renderers: Sequence[VtkRenderer]) -> None:
        self._window = window
        self._renderers = tuple(renderers)
        self._hidden: list[VtkActor] = []
        self._polygons: list[tuple[VtkPolyData, Any]] = []
        self._observers = [
            window.AddObserver("StartEvent", lambda *_: self._begin()),
            window.AddObserver("EndEvent", lambda *_: self.end()),
        ]

    def _begin(self) -> None:
        for actor in (actor for renderer in self._renderers for actor in renderer.GetViewProps()):
            mapper = actor.GetMapper()
            data = mapper.GetInput()
            if not actor.GetVisibility():
                actor.SetVisibility(True)
                self._hidden.append(actor)
            elif data.GetNumberOfCells():
                continue
            if not isinstance(mapper, vtkGlyph3DMapper):  # whose copies have no size yet
                self._polygons.append((data, data.GetPolys()))
                corners = np.zeros((min(data.GetNumberOfPoints(), 1), 3), np.int32)
                data.SetPolys(triangle_cells(corners))

    def end(self) -> None:
        """Leave everything as it was; nothing more is done."""
        for actor in self._hidden:
            actor.SetVisibility(False)
        for data, cells in self._polygons:
            data.SetPolys(cells)
        for observer in self._observers:
            self._window.RemoveObserver(observer)
        self._hidden, self._polygons, self._observers = [], [], []
