"""How large things that mark something are drawn in an exported stage.

A file has no screen: the same model is looked at from 150 km away on a table and from 100 m away behind the
race. Markers, signs and the road therefore grow with the stage, gently, from life size upwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tracker3d.scene.model import RoadLine


@dataclass(frozen=True)
class Sizes:
    """Sizes in metres as drawn.

    ``extent_m`` is the longer side of the box around the road.
    """

    extent_m: float
    rider_m: float
    road_width_m: float
    road_lift_m: float
    sign_m: float

    @classmethod
    def of(cls, road: RoadLine, *, detailed: bool = True) -> Sizes:
        """Choose sizes for a road; not ``detailed``: for the whole of it on a table, 3 mm of a metre."""
        box_m = np.ptp(np.asarray(road.positions_m, dtype=float), axis=0)
        extent_m = float(max(box_m[0], box_m[1], 1.0))
        if not detailed:
            return cls(
                extent_m=extent_m,
                rider_m=max(extent_m / 300, 4.0),
                road_width_m=max(extent_m / 400, 9.0),
                road_lift_m=max(extent_m / 8000, 0.3),
                sign_m=max(extent_m / 30, 40.0),
            )
        return cls(
            extent_m=extent_m,
            rider_m=float(np.clip(extent_m / 4000, 4, 12)),
            road_width_m=float(np.clip(extent_m / 1500, 9, 32)),
            road_lift_m=float(np.clip(extent_m / 40_000, 0.3, 2.0)),
            sign_m=float(np.clip(extent_m / 40, 40, 2500)),
        )
