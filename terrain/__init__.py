"""Ground for 3D stages: DEM files in, triangulated and coloured terrain out.

Knows nothing of races, windows or graphics libraries.
"""

from terrain.errors import CoverageError, ElevationFileError, TerrainError
from terrain.frame import LocalFrame
from terrain.mesh import Mesh

__all__ = ["CoverageError", "ElevationFileError", "LocalFrame", "Mesh", "TerrainError"]
