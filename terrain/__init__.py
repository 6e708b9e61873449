"""Ground for 3D stages: DEM files in, triangulated and coloured terrain out.

Knows nothing of races, windows or graphics libraries. The names below are loaded when first used, so that
errors and the frame can be had without the second that numba, scipy and GDAL take.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "Atmosphere": "looks",
    "CoverageError": "errors",
    "Description": "description",
    "Drapes": "imagery",
    "ElevationFileError": "errors",
    "ElevationGrid": "elevation",
    "FitSentence": "registration",
    "Geoid": "geoid",
    "Ground": "ground",
    "GroundLine": "line",
    "LocalFrame": "frame",
    "Look": "looks",
    "Mesh": "mesh",
    "MeshSampler": "sampling",
    "TerrainError": "errors",
    "Texture": "pictures",
    "atmosphere": "looks",
    "build_ground": "build",
    "describe": "description",
    "open_drapes": "imagery",
    "sample_heights": "sources",
}

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


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
