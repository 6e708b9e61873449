"""Scenes and frames made of numbers: a hilly ground with a road across, riders on it, labels over it."""

from __future__ import annotations

import gc
import time
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from terrain import ElevationGrid, LocalFrame, Look, Mesh, Texture
from terrain.tree import TileTree
from tracker3d.scene.model import (
    CameraPose,
    FrameState,
    Gate,
    GateKind,
    Panel,
    RiderInstances,
    RoadLine,
    Sprites,
    StageScene,
)

GROUND_RGB = (96, 128, 72)
ROAD_RGB = (250, 40, 200)
STEP_M = 25.0
TILE_POSTS = 64


def hill_m(x: Any, y: Any) -> Any:
    """Height of the analytic ground."""
    return 300.0 * np.sin(x / 1500.0) * np.cos(y / 1300.0) + 120.0 * np.sin(x / 500.0 + 1.0) * np.sin(
        y / 700.0
    )


def drawn_m(x: Any, y: Any) -> Any:
    """Height of the triangles between the posts, exactly."""
    x, y = np.asarray(x, float) / STEP_M, np.asarray(y, float) / STEP_M
    i, j = np.floor(x), np.floor(y)
    u, v = x - i, y - j

    def post(a: Any, b: Any) -> Any:
        return hill_m(a * STEP_M, b * STEP_M)

    low, right, left, high = post(i, j), post(i + 1, j), post(i, j + 1), post(i + 1, j + 1)
    return np.where(
        v <= u, low + (right - low) * u + (high - right) * v, low + (high - left) * u + (left - low) * v
    )


@dataclass
class FakeGround:
    """What the view asks of a ground."""

    tree: TileTree
    relief: Any
    texture: Texture
    pictures: dict[int, Texture] = field(default_factory=dict)
    delay_s: float = 0.0
    damaged: frozenset[int] = frozenset()
    look: Look = Look.NATURAL

    @property
    def texture_bounds_m(self) -> tuple[float, float, float, float]:
        return self.texture.bounds_m

    def has_picture(self, tile: int) -> bool:
        """Asked of every tile by whoever makes it ready, so this is the place to be slow or to fail."""
        time.sleep(self.delay_s)
        if tile in self.damaged:
            raise RuntimeError(f"tile {tile} is damaged")
        return tile in self.pictures

    def picture(self, tile: int, reduction: int = 1) -> Texture | None:
        whole = self.pictures.get(tile)
        if whole is None:
            return None
        image = np.asarray(Image.fromarray(whole.image).reduce(reduction))
        (west, south, east, north), (rows, columns) = whole.bounds_m, whole.image.shape[:2]
        across, down = reduction * (east - west) / columns, reduction * (north - south) / rows
        bounds_m = (west, north - down * image.shape[0], west + across * image.shape[1], north)
        return Texture(image, bounds_m)


def square(west_m: float, south_m: float, side_m: float, rgb: tuple[int, int, int], *, full: bool) -> Mesh:
    """A square of land: every post, or all posts of its border and the one in its middle."""
    count = round(side_m / STEP_M)
    along = np.arange(count + 1) * STEP_M
    if full:
        east, north = (lattice.reshape(-1) for lattice in np.meshgrid(along, along))
        first = (np.arange(count)[:, None] * (count + 1) + np.arange(count)).reshape(-1)
        one = np.stack([first, first + 1, first + count + 2], -1)
        other = np.stack([first, first + count + 2, first + count + 1], -1)
        faces = np.concatenate([one, other])
    else:
        zero, end = 0.0 * along[:-1], side_m + 0.0 * along[:-1]
        ring_east = np.concatenate([along[:-1], end, along[:0:-1], zero])
        ring_north = np.concatenate([zero, along[:-1], end, along[:0:-1]])
        east, north = np.append(ring_east, side_m / 2), np.append(ring_north, side_m / 2)
        ring = np.arange(4 * count)
        faces = np.stack([ring, np.roll(ring, -1), np.full_like(ring, 4 * count)], -1)
    east, north = west_m + east, south_m + north
    points = np.stack([east, north, hill_m(east, north)], -1).astype(np.float32)
    return Mesh(points, faces.astype(np.int32), np.tile(np.array(rgb, np.uint8), (len(points), 1)))


def no_mesh() -> Mesh:
    """A wall where there is none."""
    return Mesh(
        np.empty((0, 3), np.float32), np.empty((0, 3), np.int32), np.empty((0, 3), np.uint8), draped=False
    )


def ground(
    tiles: tuple[int, int] = (2, 2), rgb: tuple[int, int, int] = GROUND_RGB, *, levels: int = 1
) -> FakeGround:
    """Square tiles around the origin.

    ``tiles`` are those of the coarsest level; each has four children, down to the finest of ``levels``. Tiles
    that are not of level 0 have no post but their middle inside their border.
    """
    root_m = TILE_POSTS * STEP_M
    west, south = -tiles[0] // 2 * root_m, -tiles[1] // 2 * root_m
    lands, level, parent, error = [], [], [], []
    layer = [
        (west + column * root_m, south + row * root_m, -1)
        for column in range(tiles[0])
        for row in range(tiles[1])
    ]
    for number in range(levels - 1, -1, -1):
        side_m = TILE_POSTS * STEP_M / 2 ** (levels - 1 - number)
        below = []
        for x, y, above in layer:
            tile = len(lands)
            lands.append(square(x, y, side_m, rgb, full=number == 0))
            level.append(number)
            parent.append(above)
            error.append(0.0 if number == 0 else side_m / 8.0)
            half = side_m / 2
            below += [(x + a * half, y + b * half, tile) for a in (0, 1) for b in (0, 1)]
        layer = below
    tree = TileTree.of(
        level=level, parent=parent, error_m=error, lands=lands, walls=[no_mesh() for _ in lands]
    )
    posts_x = np.arange(west, west + tiles[0] * root_m + 1.0, 100.0)
    posts_y = np.arange(south, south + tiles[1] * root_m + 1.0, 100.0)
    heights = hill_m(*np.meshgrid(posts_x, posts_y)).astype(np.float32)
    nothing = np.zeros(heights.shape, bool)
    relief = ElevationGrid(heights, float(west), float(south), 100.0, ~nothing, nothing)
    bounds_m = (west, south, west + tiles[0] * root_m, south + tiles[1] * root_m)
    plain = np.full((16, 16, 3), rgb, np.uint8)
    return FakeGround(tree, relief, Texture(plain, bounds_m))


def road_xy(distance_m: Any) -> tuple[Any, Any]:
    """Plan of the road, whose parameter is about its length."""
    s = np.asarray(distance_m, float)
    return -1400.0 + 0.95 * s, 300.0 * np.sin(s / 600.0)


def road(
    length_m: float = 2900.0,
    hidden_m: tuple[float, float] | None = None,
    rgb: tuple[int, int, int] = ROAD_RGB,
) -> RoadLine:
    """A road draped on the ground, 8 m wide."""
    s = np.arange(0.0, length_m, 5.0)
    x, y = road_xy(s)
    along = np.stack([np.gradient(x), np.gradient(y)], -1)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    lines = [np.stack([x + side * along[:, 1], y - side * along[:, 0]], -1) for side in (-4.0, 0.0, 4.0)]
    left, middle, right = (
        np.column_stack([line, drawn_m(line[:, 0], line[:, 1])]).astype(np.float32) for line in lines
    )
    hidden = np.zeros(len(s), bool) if hidden_m is None else (s >= hidden_m[0]) & (s <= hidden_m[1])
    colours = np.tile(np.array(rgb, np.uint8), (len(s), 1))
    return RoadLine(middle, s, colours, hidden, left, right)


def gate(kind: GateKind, title: str, distance_m: float, rgb: tuple[int, int, int]) -> Gate:
    """A gate across the road."""
    x, y = road_xy(distance_m)
    ahead_x, ahead_y = road_xy(distance_m + 1.0)
    heading = float(np.arctan2(ahead_x - x, ahead_y - y))
    place = np.array([x, y, drawn_m(x, y)], np.float32)
    return Gate(kind, title, "", place, heading, rgb, distance_m)


def hill_scene(
    *,
    tiles: tuple[int, int] = (2, 2),
    gates: tuple[Gate, ...] = (),
    road_line: RoadLine | None = None,
    with_ground: FakeGround | None = None,
) -> StageScene:
    """A scene on the hill."""
    stage: Any = SimpleNamespace(frame=LocalFrame(1.0, 43.0))
    theme: Any = None
    terrain: Any = with_ground or ground(tiles)
    return StageScene(stage, terrain, road_line or road(), gates, theme)


def no_riders() -> RiderInstances:
    """Nobody."""
    return riders_at(np.zeros((0, 3)))


def riders_at(
    places: Any,
    *,
    heading_rad: float = 0.0,
    rgb: Any = (255, 255, 0),
    opacity: float = 1.0,
    scale: float = 1.0,
    vehicle: bool = False,
) -> RiderInstances:
    """Riders at given places, all alike."""
    points = np.asarray(places, np.float32).reshape(-1, 3)
    count = len(points)
    return RiderInstances(
        bibs=np.arange(1, count + 1, dtype=np.int32),
        positions_m=points,
        heading_rad=np.full(count, heading_rad, np.float32),
        colours=np.tile(np.array(rgb, np.uint8), (count, 1)),
        opacity=np.full(count, opacity, np.float32),
        scale=np.full(count, scale, np.float32),
        vehicle=np.full(count, vehicle),
    )


def no_sprites() -> Sprites:
    """Nothing over the picture."""
    return sprites(np.zeros((8, 8, 4), np.uint8), np.zeros((0, 4)), np.zeros((0, 4)))


def sprites(
    atlas: Any, source_px: Any, target_px: Any, *, opacity: float = 1.0, leaders_px: Any = ()
) -> Sprites:
    """Cut rectangles from an atlas."""
    target = np.asarray(target_px, np.float32).reshape(-1, 4)
    leaders = np.asarray(leaders_px, np.float32).reshape(-1, 4)
    return Sprites(
        atlas=np.asarray(atlas, np.uint8),
        atlas_key=np.asarray(atlas).tobytes(),
        source_px=np.asarray(source_px, np.float32).reshape(-1, 4),
        target_px=target,
        opacity=np.full(len(target), opacity, np.float32),
        leaders_px=leaders,
        leader_colours=np.tile(np.array([255, 255, 255, 220], np.uint8), (len(leaders), 1)),
    )


def frame(
    eye_m: Any,
    target_m: Any,
    *,
    size_px: tuple[int, int] = (480, 270),
    fov_deg: float = 35.0,
    riders: RiderInstances | None = None,
    over: Sprites | None = None,
    panels: tuple[Panel, ...] = (),
) -> FrameState:
    """A frame seen from ``eye_m``."""
    camera = CameraPose(np.asarray(eye_m, float), np.asarray(target_m, float), fov_deg)
    people = riders or no_riders()
    unseen = np.full((len(people.bibs), 2), np.nan, np.float32)
    return FrameState(0, size_px, camera, people, unseen, over or no_sprites(), panels)


def rider_frame(
    *,
    count: int = 60,
    labels: int = 0,
    first_m: float = 400.0,
    scale: float = 1.3,
    opacity: float = 1.0,
    size_px: tuple[int, int] = (480, 270),
    eye_offset_m: tuple[float, float, float] = (-22.0, -9.0, 9.0),
) -> FrameState:
    """A bunch of riders on the road with labels over them and a panel, from behind."""
    random = np.random.default_rng(4)
    s = first_m + np.sort(random.uniform(0.0, 120.0, count))
    x, y = road_xy(s)
    ahead_x, ahead_y = road_xy(s + 1.0)
    y = y + random.uniform(-3.0, 3.0, count)
    people = RiderInstances(
        bibs=np.arange(count, dtype=np.int32),
        positions_m=np.column_stack([x, y, drawn_m(x, y)]).astype(np.float32),
        heading_rad=np.arctan2(ahead_x - x, ahead_y - road_xy(s)[1]).astype(np.float32),
        colours=random.integers(40, 255, (count, 3)).astype(np.uint8),
        opacity=np.full(count, opacity, np.float32),
        scale=np.full(count, scale, np.float32),
        vehicle=np.arange(count) < count // 30,
    )
    atlas = random.integers(0, 255, (512, 512, 4)).astype(np.uint8)
    atlas[..., 3] = np.where(atlas[..., 3] > 128, 255, atlas[..., 3])
    corner = np.floor(random.uniform(0, 400, (labels, 2)))
    size = np.tile([96.0, 28.0], (labels, 1))
    target = np.floor(random.uniform(0, np.array(size_px) - 100, (labels, 2)))
    over = sprites(
        atlas,
        np.hstack([corner, size]),
        np.hstack([target, size]),
        opacity=0.9,
        leaders_px=np.hstack([target + np.array([48, 28]), target + np.array([60, 90])]),
    )
    picture = np.full((40, 90, 4), (20, 30, 40, 180), np.uint8)
    picture[10:30, 10:80] = (255, 210, 0, 255)
    place = np.array([x.min(), np.median(y), 0.0])
    place[2] = float(drawn_m(place[0], place[1]))
    eye = place + eye_offset_m
    eye[2] = max(eye[2], float(drawn_m(eye[0], eye[1])) + 4.0)
    middle = np.array([x.max(), y[-1], float(drawn_m(x.max(), y[-1]))])
    return frame(
        eye,
        middle,
        size_px=size_px,
        riders=people,
        over=over,
        panels=(Panel("bug", picture, 1, size_px[0] - 100, 10),),
    )


def living() -> Counter[str]:
    """Count the VTK objects that Python knows, by class."""
    gc.collect()
    return Counter(
        type(thing).__name__
        for thing in gc.get_objects()
        if str(type(thing).__module__).startswith("vtkmodules") and hasattr(thing, "GetClassName")
    )
