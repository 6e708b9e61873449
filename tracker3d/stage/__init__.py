"""What a stage is and where it comes from: the road, its places, who rides, and the ``.stage`` package.

The names below are loaded when first used, so that reading a feed never loads raster libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker3d.stage.info import Info, describe_path
    from tracker3d.stage.manifest import SourceFile
    from tracker3d.stage.model import Coverage, Place, PlaceKind, Rider, Stage, Team
    from tracker3d.stage.package import StagePackage, open_package, save_package
    from tracker3d.stage.preparing import prepare
    from tracker3d.stage.reading import read_source
    from tracker3d.stage.report import PrepareReport
    from tracker3d.stage.roadbuild import build_route
    from tracker3d.stage.route import Route, RouteFit, nearest_on_route, route_fit
    from tracker3d.stage.source import Source

_HOMES = {
    "Coverage": "model",
    "Info": "info",
    "Place": "model",
    "PlaceKind": "model",
    "PrepareReport": "report",
    "Rider": "model",
    "Route": "route",
    "RouteFit": "route",
    "Source": "source",
    "SourceFile": "manifest",
    "Stage": "model",
    "StagePackage": "package",
    "Team": "model",
    "build_route": "roadbuild",
    "describe_path": "info",
    "nearest_on_route": "route",
    "open_package": "package",
    "prepare": "preparing",
    "read_source": "reading",
    "route_fit": "route",
    "save_package": "package",
}

__all__ = [
    "Coverage",
    "Info",
    "Place",
    "PlaceKind",
    "PrepareReport",
    "Rider",
    "Route",
    "RouteFit",
    "Source",
    "SourceFile",
    "Stage",
    "StagePackage",
    "Team",
    "build_route",
    "describe_path",
    "nearest_on_route",
    "open_package",
    "prepare",
    "read_source",
    "route_fit",
    "save_package",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
