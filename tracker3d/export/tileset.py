"""A tileset that puts a model on the globe: OGC 3D Tiles 1.1, one tile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

import tracker3d

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.export.warping import GlobeWarp


def write_tileset(
    warp: GlobeWarp, points_m: NDArray[np.float32], path: Path, *, content: str, error_m: float
) -> None:
    """Write the tileset beside its model.

    Parameters
    ----------
    warp : GlobeWarp
        That the model's points went through.
    points_m : (n, 3) float32
        Some of them, with the outermost; metres east, north and up of the origin.
    path : Path
    content : str
        Name of the model's file in the same folder.
    error_m : float
        Of the model's ground.
    """
    low, high = points_m.min(axis=0).astype(float), points_m.max(axis=0).astype(float)
    half = (high - low) / 2
    axes = np.diag(half)
    document = {
        "asset": {"version": "1.1", "generator": f"tracker3d {tracker3d.__version__}"},
        # Readers turn the model from y up to z up and leave the box as it is.
        "geometricError": 100.0 * error_m,
        "root": {
            "transform": warp.matrix().T.ravel().tolist(),
            "boundingVolume": {"box": [*((low + high) / 2).tolist(), *axes.ravel().tolist()]},
            "geometricError": 0.0,
            "refine": "REPLACE",
            "content": {"uri": content},
        },
    }
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
