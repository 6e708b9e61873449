"""Small solid shapes as triangles, with the light baked into a grey level per vertex.

Stage axes, metres. Faces are counter-clockwise seen from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIGHT_FROM = np.array([-0.45, 0.35, 0.82])
"""Direction to the light, as on relief maps from the north-west."""

DARKEST = 0.55


@dataclass(frozen=True)
class Shape:
    """Triangles with a brightness per vertex.

    ``vertices_m`` (n, 3) float32, ``faces`` (m, 3) int32, ``brightness`` (n,) float32 from 0 to 1.
    """

    vertices_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    brightness: NDArray[np.float32]

    def coloured(self, colour_rgb: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Return sRGB vertex colours (n, 3) of this shape in one colour."""
        shades = np.round(self.brightness[:, None] * np.array(colour_rgb, dtype=float))
        return np.asarray(shades, dtype=np.uint8)


def joined(*shapes: Shape) -> Shape:
    """Put shapes together as one."""
    starts = np.cumsum([0, *(len(shape.vertices_m) for shape in shapes[:-1])])
    faces = [shape.faces + np.int32(start) for shape, start in zip(shapes, starts, strict=True)]
    return Shape(
        np.concatenate([shape.vertices_m for shape in shapes]),
        np.concatenate(faces),
        np.concatenate([shape.brightness for shape in shapes]),
    )


def revolved(radius_m: NDArray[np.float64], height_m: NDArray[np.float64], *, sides: int) -> Shape:
    """Turn a profile (outside, from the bottom up) about the vertical axis; ends of radius 0 are points."""
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    rings = len(radius_m)
    vertices = np.empty((rings, sides, 3))
    vertices[..., :2] = radius_m[:, None, None] * ring
    vertices[..., 2] = height_m[:, None]
    slope = np.gradient(radius_m), np.gradient(height_m)
    normals = np.empty_like(vertices)
    normals[..., :2] = slope[1][:, None, None] * ring
    normals[..., 2] = -slope[0][:, None]
    low = np.arange(rings - 1)[:, None] * sides + np.arange(sides)
    low_next = np.arange(rings - 1)[:, None] * sides + (np.arange(sides) + 1) % sides
    quads = np.stack([low, low_next, low_next + sides, low + sides], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    flat = vertices.reshape(-1, 3)
    return Shape(flat.astype(np.float32), _solid(flat, faces), _lit(normals.reshape(-1, 3)))


def marker(height_m: float, *, fine: bool = True, waist: float = 0.055) -> Shape:
    """Make a pin, the sign of a rider: a ball on a needle whose point is where the wheels touch the road.

    It has 180 triangles, or 60. ``waist`` is the needle's largest radius as a share of the height.
    """
    ball_m = 0.21 * height_m
    turn = np.linspace(-np.pi / 2, np.pi / 2, 8 if fine else 5)
    sides = 14 if fine else 8
    ball = revolved(ball_m * np.cos(turn).clip(0), height_m - ball_m + ball_m * np.sin(turn), sides=sides)
    radius, height = np.array([0.0, waist, 0.0]), np.array([0.0, 0.66, 0.72])
    needle = revolved(radius * height_m, height * height_m, sides=6)
    return joined(needle, ball)


def mast(foot_m: float, top_m: float, height_m: float) -> Shape:
    """Make a pole that widens from its foot to its top: seen from afar, and hardly in the way nearby."""
    return revolved(np.array([foot_m, top_m]) / 2, np.array([0.0, height_m]), sides=6)


def _solid(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.int32]:
    """Drop triangles without area, which stand where a ring is a point."""
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return np.asarray(faces[area > 1e-9 * np.abs(vertices).max() ** 2], dtype=np.int32)


def _lit(normals: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return brightness of surfaces with the given outward normals (n, 3)."""
    length = np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    facing = normals @ (LIGHT_FROM / np.linalg.norm(LIGHT_FROM)) / length
    return np.asarray(DARKEST + (1 - DARKEST) * (0.5 + 0.5 * facing), dtype=np.float32)
