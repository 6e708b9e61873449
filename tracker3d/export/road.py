"""The road as a ribbon coloured by gradient on the exported ground, and as a line for views from afar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.glb import LINE_STRIP, GlbWriter, Primitive
from tracker3d.export.meshopt import in_strips
from tracker3d.export.thinning import reduce_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.export.ground import ExportedGround
    from tracker3d.export.sizes import Sizes
    from tracker3d.export.warping import Warp
    from tracker3d.scene.model import RoadLine, StageScene

SHAPE_ERROR_SHARE = 0.8
"""How far the thinned ribbon may be off, as a share of its lift over the ground."""

GRID_SHARE = 1 / 8
"""Grid on which the ribbon's vertices stand, as a share of its lift over the ground; so they pack well."""

COLOUR_STEP_M = 100.0
CASING_RGB = (24, 28, 34)
LANES = (0.5, 0.36, -0.36, -0.5)
"""Where across the ribbon, from left to right, its vertices lie; the outer bands are the dark casing."""

PLAIN_LANES = (0.5, -0.5)
"""The same of a ribbon for views from afar, without casing."""

PLAIN_ERROR_M, PLAIN_COLOUR_STEP_M = 8.0, 250.0
"""How far such a ribbon may be off at least, and how often its colour changes."""


def add_road(
    writer: GlbWriter, scene: StageScene, ground: ExportedGround, sizes: Sizes, warp: Warp, *, detailed: bool
) -> int:
    """Add the node ``route``; returns its index.

    The line is thinned, with a sample at least every :data:`COLOUR_STEP_M`, so that colours stay where they
    belong.
    """
    road = scene.road
    lanes = LANES if detailed else PLAIN_LANES
    lanes_m = _draped_lanes(scene, ground, sizes, lanes)
    error_m = SHAPE_ERROR_SHARE * sizes.road_lift_m
    far = _thinned(road, lanes_m, max_error_m=max(error_m, PLAIN_ERROR_M), step_m=PLAIN_COLOUR_STEP_M)
    near = _thinned(road, lanes_m, max_error_m=error_m, step_m=COLOUR_STEP_M) if detailed else far
    grid = math.floor(math.log2(GRID_SHARE * sizes.road_lift_m))
    line_m, line_colours = warp(_on_grid(lanes_m[far].mean(axis=1), grid)), road.colours[far]
    lanes_m, colours = warp(_on_grid(lanes_m[near], grid)), road.colours[near]
    material = writer.unlit_material("route", double_sided=True)
    exponents = None if warp.exponents is None else (grid,) * 3
    vertices, shades, faces = _ribbon(lanes_m, colours)
    faces, used = in_strips(faces, len(vertices))
    primitives = [
        Primitive(
            {
                "POSITION": writer.positions(vertices[used], exponents=exponents),
                "COLOR_0": writer.colours(shades[used]),
            },
            material,
            writer.indices(faces),
        ),
        Primitive(
            {
                "POSITION": writer.positions(line_m, exponents=exponents),
                "COLOR_0": writer.colours(line_colours),
            },
            material,
            mode=LINE_STRIP,
        ),
    ]
    return writer.node("route", mesh=writer.mesh("route", primitives))


def _on_grid(positions_m: NDArray[np.float32], exponent: int) -> NDArray[np.float32]:
    return np.asarray(np.round(positions_m / 2.0**exponent) * 2.0**exponent, np.float32)


def _draped_lanes(
    scene: StageScene, ground: ExportedGround, sizes: Sizes, across: Sequence[float]
) -> NDArray[np.float32]:
    """Lay the ribbon's lanes on the exported triangles, which differ from the finest ones; (n, lanes, 3).

    On structures, and where there is no ground, the road keeps its own drawn height.
    """
    road = scene.road
    centre = road.positions_m.astype(np.float64)
    offsets_m = np.array(across) * sizes.road_width_m
    lanes = centre[:, None, :] + offsets_m[None, :, None] * _sideways(centre)[:, None, :]
    route = scene.stage.route
    apart = np.interp(road.distance_m, route.distance_m, route.on_structure.astype(float)) > 0
    if ground.sampler is not None:
        heights = ground.sampler.sample(lanes[..., 0], lanes[..., 1])
        on_ground = np.isfinite(heights) & ~apart[:, None]
        lanes[..., 2] = np.where(on_ground, heights, lanes[..., 2])
    lanes[..., 2] += sizes.road_lift_m
    return lanes.astype(np.float32)


def _thinned(
    road: RoadLine, lanes_m: NDArray[np.float32], *, max_error_m: float, step_m: float
) -> NDArray[np.intp]:
    edges = lanes_m[:, [0, -1]].reshape(len(lanes_m), 1, -1)
    (shape,) = reduce_keys(road.distance_m, edges, max_error_m=max_error_m)
    marks = np.arange(road.distance_m[0], road.distance_m[-1], step_m)
    colour = np.minimum(np.searchsorted(road.distance_m, marks), len(road.distance_m) - 1)
    return np.union1d(shape, colour)


def _sideways(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level unit vectors to the left of the line at each point, (n, 3)."""
    along = np.gradient(positions[:, :2], axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.stack([-along[:, 1], along[:, 0], np.zeros(len(along))], axis=-1)


def _ribbon(
    lanes_m: NDArray[np.float32], colours: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int32]]:
    """Return vertices, colours and faces; lanes between casing and road stand twice, once in each colour."""
    dark = np.broadcast_to(np.array(CASING_RGB, dtype=np.uint8), colours.shape)
    if lanes_m.shape[1] == len(PLAIN_LANES):
        columns, shades, strips = [0, 1], [colours, colours], [0]
    else:
        columns, shades = [0, 1, 1, 2, 2, 3], [dark, dark, colours, colours, dark, dark]
        strips = [0, 2, 4]
    vertices = lanes_m[:, columns].reshape(-1, 3)
    row = np.arange(len(lanes_m) - 1)[:, None] * len(columns)
    faces = []
    for left in strips:
        right = left + 1
        below, above = row, row + len(columns)
        faces.append(np.concatenate([below + left, below + right, above + right], axis=1))
        faces.append(np.concatenate([below + left, above + right, above + left], axis=1))
    return vertices, np.stack(shades, axis=1).reshape(-1, 3), np.concatenate(faces).astype(np.int32)
