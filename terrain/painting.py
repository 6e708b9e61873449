"""The ground's colours: what grows where, imagery laid over it, and the light on it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from terrain.fields import enlarge
from terrain.imagery import open_drapes
from terrain.shading import shade
from terrain.sources import GridPlan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.land import Land

_FINEST_PAINTING = 4
_FINEST_PIXEL_M = 5.0
_LONGEST_SIDE = 4096
_MOST_PIXELS = 14_000_000


class Look(enum.StrEnum):
    """How the ground is coloured."""

    NATURAL = "natural"
    SATELLITE = "satellite"
    NIGHT = "night"


class Painter:
    """Paints the land seen from above, any part of it at any fineness; windows agree where they overlap.

    Parameters
    ----------
    land : Land
    frame : LocalFrame
    half_width_m : float
        What lies farther from the road is not drawn and stays in one colour.
    look : Look
    drape_paths : sequence of Path
        Georeferenced pictures shown where they cover, the first on top.

    Attributes
    ----------
    plan : GridPlan
        Of the whole painting at the fineness that suits the land.
    """

    def __init__(
        self,
        land: Land,
        frame: LocalFrame,
        *,
        half_width_m: float,
        look: Look = Look.NATURAL,
        drape_paths: Sequence[Path] = (),
    ) -> None:
        plan = land.plan
        fineness = 1
        while (
            fineness < _FINEST_PAINTING
            and 2 * fineness * max(plan.rows, plan.columns) <= _LONGEST_SIDE
            and 4 * fineness**2 * plan.rows * plan.columns <= _MOST_PIXELS
            and plan.step_m / (2 * fineness) >= _FINEST_PIXEL_M
        ):
            fineness *= 2
        self.plan = GridPlan(
            plan.x0_m,
            plan.y0_m,
            plan.step_m / fineness,
            (plan.rows - 1) * fineness + 1,
            (plan.columns - 1) * fineness + 1,
        )
        drapes = open_drapes(drape_paths)
        drapes.require_coverage(self.plan, frame=frame)
        heights = land.heights_m * np.float32(frame.vertical_exaggeration)
        distance = enlarge(land.distance_m, fineness)
        self._picture = shade(
            enlarge(heights, fineness, smooth=True),
            enlarge(land.measured, fineness),
            distance <= half_width_m + 4 * plan.step_m,
            step_m=self.plan.step_m,
            latitude_deg=frame.origin_lat_deg,
            road_m=distance,
            imagery=drapes.read(self.plan, frame=frame) if drape_paths else None,
        )

    def paint(self, x0_m: float, y0_m: float, step_m: float, rows: int, columns: int) -> NDArray[np.uint8]:
        """Return the colours at the posts of a window, (rows, columns, 3) uint8 sRGB, light baked in.

        Rows go northwards from post [0, 0] at (``x0_m``, ``y0_m``), local metres. What lies beyond the
        land has the colour of its edge.
        """
        whole = self.plan
        row = np.rint((y0_m - whole.y0_m + np.arange(rows) * step_m) / whole.step_m).astype(np.intp)
        column = np.rint((x0_m - whole.x0_m + np.arange(columns) * step_m) / whole.step_m).astype(np.intp)
        picture: NDArray[np.uint8] = self._picture[
            np.clip(row, 0, whole.rows - 1)[:, None], np.clip(column, 0, whole.columns - 1)[None, :]
        ]
        return picture
