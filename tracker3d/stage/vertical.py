"""Heights that count from the ellipsoid, as satellites measure them, instead of from the sea."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from terrain import Geoid
    from tracker3d.stage.downloading import GroundData
    from tracker3d.stage.source import Source

ELLIPSOIDAL = ("dem", "road", "both")
"""Whose heights the user can say to be above the ellipsoid."""


def geoid_for(ellipsoidal: str | None, grid_path: Path | None) -> Geoid | None:
    """Return what converts the heights that the user says to be above the ellipsoid; None for none.

    Raises
    ------
    InputError
        There is no such choice, or a grid is given for nothing.
    """
    from terrain import Geoid

    if ellipsoidal is None:
        if grid_path is not None:
            raise InputError("A geoid grid converts heights: say whose with --ellipsoidal dem, road or both.")
        return None
    if ellipsoidal not in ELLIPSOIDAL:
        raise InputError(f"{ellipsoidal!r} has no heights; choose one of {', '.join(ELLIPSOIDAL)}.")
    return Geoid(grid_path)


def converted(
    source: Source, data: GroundData, ellipsoidal: str | None, geoid: Geoid | None
) -> tuple[Source, GroundData]:
    """Bring a road's heights above the sea, and note how those of elevation files are brought there.

    Raises
    ------
    terrain.TerrainError
        There is no geoid grid for the place.
    """
    if geoid is None:
        return source, data
    if ellipsoidal in ("road", "both"):
        points = np.array(source.points, float)
        known = np.isfinite(points[:, 2])
        points[known, 2] -= geoid.undulation_m(points[known, 0], points[known, 1])
        source = dataclasses.replace(source, points=points)
    if ellipsoidal in ("dem", "both"):
        data = dataclasses.replace(data, geoid=geoid)
    return source, data
