"""The road as a ribbon coloured by gradient on the exported ground, and as a line for views from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from terrain import MeshSampler
from tracker3d.export.glb import LINE_STRIP, GlbWriter, Primitive
from tracker3d.export.ground import coarse_tiles
from tracker3d.export.keyframes import reduce_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import RoadLine, StageScene

SHAPE_ERROR_SHARE = 0.8
"""How far the thinned ribbon may be off, as a share of its lift over the ground."""

COLOUR_STEP_M = 100.0
CASING_RGB = (24, 28, 34)
LANES = (0.5, 0.36, 0.0, -0.36, -0.5)
"""Where across the ribbon, from left to right, its vertices lie; the outer bands are the dark casing."""


def add_road(writer: GlbWriter, scene: StageScene, sizes: Sizes) -> int:
    """Add the node ``route``; returns its index.

    The line is thinned, with a sample at least every :data:`COLOUR_STEP_M`, so that colours stay where they
    belong.
    """
    road = scene.road
    lanes_m = _draped_lanes(scene, sizes)
    kept = _thinned(road, lanes_m, max_error_m=SHAPE_ERROR_SHARE * sizes.road_lift_m)
    lanes_m, colours = lanes_m[kept], road.colours[kept]
    material = writer.unlit_material("route", double_sided=True)
    vertices, shades, faces = _ribbon(lanes_m, colours)
    primitives = [
        Primitive(
            {"POSITION": writer.positions(vertices), "COLOR_0": writer.colours(shades)},
            material,
            writer.indices(faces),
        ),
        Primitive(
            {"POSITION": writer.positions(lanes_m[:, 2]), "COLOR_0": writer.colours(colours)},
            material,
            mode=LINE_STRIP,
        ),
    ]
    return writer.node("route", mesh=writer.mesh("route", primitives))


def _draped_lanes(scene: StageScene, sizes: Sizes) -> NDArray[np.float32]:
    """Lay the ribbon's lanes on the exported triangles, which differ from the finest ones; (n, lanes, 3).

    On structures, and where there is no ground, the road keeps its own drawn height.
    """
    road = scene.road
    centre = road.positions_m.astype(np.float64)
    offsets_m = np.array(LANES) * sizes.road_width_m
    lanes = centre[:, None, :] + offsets_m[None, :, None] * _sideways(centre)[:, None, :]
    route = scene.stage.route
    apart = np.interp(road.distance_m, route.distance_m, route.on_structure.astype(float)) > 0
    ground = _sampler(scene.ground)
    if ground is not None:
        heights = ground.sample(lanes[..., 0], lanes[..., 1])
        on_ground = np.isfinite(heights) & ~apart[:, None]
        lanes[..., 2] = np.where(on_ground, heights, lanes[..., 2])
    lanes[..., 2] += sizes.road_lift_m
    return lanes.astype(np.float32)


def _sampler(ground: Ground) -> MeshSampler | None:
    land = [tile for tile in coarse_tiles(ground) if tile.draped]
    if not land:
        return None
    starts = np.cumsum([0, *(len(tile.vertices_m) for tile in land[:-1])])
    faces = [tile.faces + start for tile, start in zip(land, starts, strict=True)]
    return MeshSampler(np.concatenate([tile.vertices_m for tile in land]), np.concatenate(faces))


def _thinned(road: RoadLine, lanes_m: NDArray[np.float32], *, max_error_m: float) -> NDArray[np.intp]:
    outer_and_middle = lanes_m[:, [0, 2, 4]].reshape(len(lanes_m), 1, -1)
    (shape,) = reduce_keys(road.distance_m, outer_and_middle, max_error_m=max_error_m)
    marks = np.arange(road.distance_m[0], road.distance_m[-1], COLOUR_STEP_M)
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
    columns = (0, 1, 1, 2, 3, 3, 4)
    shades = (dark, dark, colours, colours, colours, dark, dark)
    vertices = lanes_m[:, columns].reshape(-1, 3)
    row = np.arange(len(lanes_m) - 1)[:, None] * len(columns)
    faces = []
    for left in (0, 2, 3, 5):
        right = left + 1
        below, above = row, row + len(columns)
        faces.append(np.concatenate([below + left, below + right, above + right], axis=1))
        faces.append(np.concatenate([below + left, above + right, above + left], axis=1))
    return vertices, np.stack(shades, axis=1).reshape(-1, 3), np.concatenate(faces).astype(np.int32)
