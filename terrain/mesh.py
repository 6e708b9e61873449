"""Triangle meshes of the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Mesh:
    """Triangles with baked colours.

    Attributes
    ----------
    vertices_m : (n, 3) float32
        Positions as drawn: local frame, metres, heights exaggerated (see :class:`terrain.LocalFrame`).
    faces : (m, 3) int32
        Vertex indices, counter-clockwise seen from above.
    colours : (n, 3) uint8
        sRGB with light baked in: every sink draws it unlit.
    draped : bool
        Land seen from above, over which the ground's texture may be laid; False for the wall round the
        edge, which has its own colours.
    """

    vertices_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    draped: bool = True

    def part(self, members: NDArray[np.intp]) -> Mesh:
        """Return some of the faces with the vertices that they need."""
        used, faces = np.unique(self.faces[members], return_inverse=True)
        return Mesh(
            self.vertices_m[used],
            faces.reshape(-1, 3).astype(np.int32),
            self.colours[used],
            draped=self.draped,
        )
