"""The road as a ribbon coloured by gradient, and as a line that stays visible from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.glb import LINE_STRIP, GlbWriter, Primitive
from tracker3d.export.keyframes import reduce_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import RoadLine

SHAPE_ERROR_M = 0.3
COLOUR_STEP_M = 100.0
CASING_RGB = (24, 28, 34)
CASING_SHARE = 0.22
"""Width of each dark edge as a share of the ribbon's."""


def add_road(writer: GlbWriter, road: RoadLine, sizes: Sizes) -> int:
    """Add the node ``route``; returns its index.

    The line is thinned to :data:`SHAPE_ERROR_M`, with a sample at least every :data:`COLOUR_STEP_M`, so that
    colours stay where they belong.
    """
    kept = _thinned(road)
    positions = road.positions_m[kept]
    colours = road.colours[kept]
    material = writer.unlit_material("route", double_sided=True)
    half_m = sizes.road_width_m / 2
    inner_m = half_m * (1 - 2 * CASING_SHARE)
    sideways = _sideways(positions)
    lanes = [half_m, inner_m, inner_m, -inner_m, -inner_m, -half_m]
    dark = np.broadcast_to(np.array(CASING_RGB, dtype=np.uint8), colours.shape)
    ribbon = np.stack([positions + lane * sideways for lane in lanes], axis=1)
    shades = np.stack([dark, dark, colours, colours, dark, dark], axis=1)
    primitives = [
        Primitive(
            {
                "POSITION": writer.positions(ribbon.reshape(-1, 3)),
                "COLOR_0": writer.colours(shades.reshape(-1, 3)),
            },
            material,
            writer.indices(_strips(len(positions), len(lanes))),
        ),
        Primitive(
            {"POSITION": writer.positions(positions), "COLOR_0": writer.colours(colours)},
            material,
            mode=LINE_STRIP,
        ),
    ]
    return writer.node("route", mesh=writer.mesh("route", primitives))


def _thinned(road: RoadLine) -> NDArray[np.intp]:
    line = road.positions_m[:, None, :]
    shape = reduce_keys(road.distance_m, line, max_error_m=SHAPE_ERROR_M)[0]
    marks = np.arange(road.distance_m[0], road.distance_m[-1], COLOUR_STEP_M)
    colour = np.minimum(np.searchsorted(road.distance_m, marks), len(road.distance_m) - 1)
    return np.union1d(shape, colour)


def _sideways(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Level unit vectors to the left of the line at each point, (n, 3)."""
    along = np.gradient(positions[:, :2].astype(np.float64), axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.stack([-along[:, 1], along[:, 0], np.zeros(len(along))], axis=-1).astype(np.float32)


def _strips(rows: int, lanes: int) -> NDArray[np.int32]:
    """Triangles of the bands between lanes 0-1, 2-3 and 4-5, seen from above counter-clockwise."""
    row = np.arange(rows - 1)[:, None] * lanes
    faces = []
    for left in range(0, lanes, 2):
        right = left + 1
        faces.append(np.concatenate([row + left, row + right, row + lanes + right], axis=1))
        faces.append(np.concatenate([row + left, row + lanes + right, row + lanes + left], axis=1))
    return np.concatenate(faces).astype(np.int32)
