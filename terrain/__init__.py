"""Ground for 3D stages: DEM files in, triangulated and coloured terrain out.

Knows nothing of races, windows or graphics libraries.
"""

from terrain.build import build_ground
from terrain.description import Description, describe
from terrain.elevation import ElevationGrid
from terrain.errors import CoverageError, ElevationFileError, TerrainError
from terrain.frame import LocalFrame
from terrain.geoid import Geoid
from terrain.ground import Ground
from terrain.imagery import Drapes, open_drapes
from terrain.line import GroundLine
from terrain.looks import Atmosphere, Look, atmosphere
from terrain.mesh import Mesh
from terrain.pictures import Texture
from terrain.registration import FitSentence
from terrain.sampling import MeshSampler
from terrain.sources import sample_heights

__all__ = [
    "Atmosphere",
    "CoverageError",
    "Description",
    "Drapes",
    "ElevationFileError",
    "ElevationGrid",
    "FitSentence",
    "Geoid",
    "Ground",
    "GroundLine",
    "LocalFrame",
    "Look",
    "Mesh",
    "MeshSampler",
    "TerrainError",
    "Texture",
    "atmosphere",
    "build_ground",
    "describe",
    "open_drapes",
    "sample_heights",
]
