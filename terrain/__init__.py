"""Ground for 3D stages: DEM files in, triangulated and coloured terrain out.

Knows nothing of races, windows or graphics libraries. Public names are imported when they are first asked
for, so that errors and the frame can be had without the second that numba, scipy and GDAL take to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {
    "build": ("build_ground",),
    "description": ("Description", "describe"),
    "elevation": ("ElevationGrid",),
    "errors": ("CoverageError", "ElevationFileError", "TerrainError"),
    "frame": ("LocalFrame",),
    "geoid": ("Geoid",),
    "ground": ("Ground",),
    "imagery": ("Drapes", "open_drapes"),
    "line": ("GroundLine",),
    "looks": ("Atmosphere", "Look", "atmosphere"),
    "mesh": ("Mesh",),
    "pictures": ("Texture",),
    "registration": ("FitSentence",),
    "sampling": ("MeshSampler",),
    "sources": ("sample_heights",),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
