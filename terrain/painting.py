"""The ground's colours: what grows where, imagery laid over it, and the light on it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from terrain.lighting import workers
from terrain.looks import Look, palette, tones
from terrain.shading import (
    APRON,
    COMPILED,
    HEIGHT,
    LAYERS,
    ROAD,
    noise_table,
    paint_arrays,
    paint_rows,
)
from terrain.sources import GridPlan
from terrain.surroundings import layers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.imagery import Drapes
    from terrain.land import Land

__all__ = ["Look", "Painter", "warm_up"]

_STRIP_ROWS = 64
_FINEST_PAINTING = 4
_FINEST_PIXEL_M = 5.0
_LONGEST_SIDE = 4096
_MOST_PIXELS = 14_000_000
_BEYOND_POSTS = 4


class Painter:
    """Paints the land seen from above, any part of it at any fineness; windows agree where they overlap.

    A colour depends on its place and on the step between pixels, which decides what is too small to be
    shown, and on nothing else.

    Parameters
    ----------
    land : Land
    frame : LocalFrame
    half_width_m : float
        What lies farther from the road is not drawn and stays in one colour.
    look : Look
    drapes : Drapes, optional
        Pictures shown where they cover.

    Attributes
    ----------
    plan : GridPlan
        Of the whole painting at the fineness that suits the land.

    Raises
    ------
    CoverageError
        A picture shows nothing of the land.
    """

    def __init__(
        self,
        land: Land,
        frame: LocalFrame,
        *,
        half_width_m: float,
        look: Look = Look.NATURAL,
        drapes: Drapes | None = None,
    ) -> None:
        self.plan = _whole(land.plan)
        self._land_plan = land.plan
        self._frame = frame
        self._drapes = drapes
        if self._drapes is not None:
            self._drapes.require_coverage(land.plan, frame=frame)
        self._stretch = float(frame.vertical_exaggeration)
        self._farthest_m = float(half_width_m + _BEYOND_POSTS * land.plan.step_m)
        self._table = noise_table()
        self._palette, self._tones = palette(look), tones(look)
        self._beyond = (255.0 * self._palette[APRON] + 0.5).astype(np.uint8)
        self._layers = layers_of(
            land,
            self._table,
            stretch=self._stretch,
            latitude_deg=frame.origin_lat_deg,
            farthest_m=self._farthest_m,
        )

    def paint(self, x0_m: float, y0_m: float, step_m: float, rows: int, columns: int) -> NDArray[np.uint8]:
        """Return the colours at the posts of a window, (rows, columns, 3) uint8 sRGB, light baked in.

        Rows go northwards from post [0, 0] at (``x0_m``, ``y0_m``), local metres. What lies beyond the
        land has the colour of its edge. Any number of threads may call this at once.
        """
        colours = np.empty((rows, columns, 3), np.uint8)
        colours[:] = self._beyond
        self.paint_over(colours, GridPlan(x0_m, y0_m, step_m, rows, columns))
        return colours

    def paint_over(
        self,
        colours: NDArray[np.uint8],
        window: GridPlan,
        *,
        within_m: float = float("inf"),
        fade_m: float = 0.0,
    ) -> None:
        """Paint over the colours of a window, (rows, columns, 3) uint8, up to a distance from the road.

        In the last ``fade_m`` before that what is painted fades into what was there.
        """
        drape = self._drape(window)
        plan = self._land_plan
        way = paint_rows if COMPILED else paint_arrays

        def work(first: int) -> None:
            strip = slice(first, first + _STRIP_ROWS)
            way(
                colours[strip],
                first,
                float(window.x0_m),
                float(window.y0_m),
                float(window.step_m),
                self._layers,
                float(plan.x0_m),
                float(plan.y0_m),
                float(plan.step_m),
                min(float(within_m), self._farthest_m),
                float(fade_m),
                drape[strip],
                self._stretch,
                self._table,
                self._palette,
                self._tones,
            )

        with ThreadPoolExecutor(workers()) as pool:
            list(pool.map(work, range(0, window.rows, _STRIP_ROWS)))

    def _drape(self, window: GridPlan) -> NDArray[np.uint8]:
        """Return the pictures on a window, the first on top, (rows, columns, 4); without any, no rows."""
        if self._drapes is None:
            return np.zeros((0, window.columns, 4), np.uint8)
        return self._drapes.read(window, frame=self._frame)


def warm_up() -> None:
    """Load the compiled loops on another thread, so that they are at hand when they are needed."""
    if COMPILED:
        threading.Thread(target=_paint_nothing, name="paint loops").start()


def _paint_nothing() -> None:
    layers = np.zeros((4, 4, LAYERS), np.float32)
    layers[..., (HEIGHT, ROAD)] = 1.0
    paint_rows(
        np.empty((1, 1, 3), np.uint8), 0, 0.0, 0.0, 1.0, layers, 0.0, 0.0, 1.0, 0.0, 0.0,
        np.zeros((0, 1, 4), np.uint8), 1.0, noise_table(), palette(Look.NATURAL), tones(Look.NATURAL),
    )  # fmt: skip


def _whole(plan: GridPlan) -> GridPlan:
    fineness = 1
    while (
        fineness < _FINEST_PAINTING
        and 2 * fineness * max(plan.rows, plan.columns) <= _LONGEST_SIDE
        and 4 * fineness**2 * plan.rows * plan.columns <= _MOST_PIXELS
        and plan.step_m / (2 * fineness) >= _FINEST_PIXEL_M
    ):
        fineness *= 2
    return GridPlan(
        plan.x0_m,
        plan.y0_m,
        plan.step_m / fineness,
        (plan.rows - 1) * fineness + 1,
        (plan.columns - 1) * fineness + 1,
    )
