"""Scenes and frames made of numbers: a hilly ground with a road across, riders on it, labels over it."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from terrain import LocalFrame, Look, Mesh
from terrain.ground import Texture
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

    meshes: tuple[Mesh, ...]
    relief: Any
    texture: Texture
    levels: int = 1
    look: Look = Look.NATURAL

    def tiles(self, level: int = 0) -> tuple[Mesh, ...]:
        return self.meshes


def ground(tiles: tuple[int, int] = (2, 2), rgb: tuple[int, int, int] = GROUND_RGB) -> FakeGround:
    """Square tiles around the origin."""
    size_m = TILE_POSTS * STEP_M
    west, south = -tiles[0] // 2 * size_m, -tiles[1] // 2 * size_m
    meshes = []
    cell = np.arange(TILE_POSTS)[:, None] * (TILE_POSTS + 1) + np.arange(TILE_POSTS)
    first = cell.reshape(-1)
    one = np.stack([first, first + 1, first + TILE_POSTS + 2], -1)
    other = np.stack([first, first + TILE_POSTS + 2, first + TILE_POSTS + 1], -1)
    faces = np.concatenate([one, other]).astype(np.int32)
    for column in range(tiles[0]):
        for row in range(tiles[1]):
            x = west + column * size_m + np.arange(TILE_POSTS + 1) * STEP_M
            y = south + row * size_m + np.arange(TILE_POSTS + 1) * STEP_M
            east, north = np.meshgrid(x, y)
            points = np.stack([east, north, hill_m(east, north)], -1).reshape(-1, 3)
            colours = np.tile(np.array(rgb, np.uint8), (len(points), 1))
            meshes.append(Mesh(points.astype(np.float32), faces, colours))
    posts_x = np.arange(west, west + tiles[0] * size_m + 1.0, 100.0)
    posts_y = np.arange(south, south + tiles[1] * size_m + 1.0, 100.0)
    heights = hill_m(*np.meshgrid(posts_x, posts_y)).astype(np.float32)
    relief = SimpleNamespace(heights_m=heights, x0_m=west, y0_m=south, step_m=100.0)
    bounds_m = (west, south, west + tiles[0] * size_m, south + tiles[1] * size_m)
    plain = np.full((16, 16, 3), rgb, np.uint8)
    return FakeGround(tuple(meshes), relief, Texture(plain, bounds_m))


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
