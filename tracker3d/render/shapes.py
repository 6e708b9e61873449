"""Low-poly shapes made of numbers: a cyclist, a car, a marker, a shadow.

All shapes head north (+y), stand on z = 0 and are in metres at life size. A cyclist is 1.75 m long and
1.75 m high; parts that are coloured apart are separate meshes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.buffers import merged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Piece = tuple[NDArray[np.float32], NDArray[np.int32]]

RIDER_HEIGHT_M = 1.75


@dataclass(frozen=True)
class Shape:
    """Triangles with one normal per corner: corners are not shared between flat sides.

    ``points_m`` (n, 3) float32, ``faces`` (m, 3) int32, ``normals`` (n, 3) float32, of length 1 but for
    shapes that are :func:`joined`.
    """

    points_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32]


def _tube(
    start: tuple[float, ...],
    end: tuple[float, ...],
    radius: float,
    *,
    end_radius: float = 0.0,
    sides: int = 5,
) -> Piece:
    """Return a prism from ``start`` to ``end`` with closed ends, tapering to ``end_radius`` if given."""
    one, other = np.array(start), np.array(end)
    axis = (other - one) / np.linalg.norm(other - one)
    helper = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 0.0, 1.0])
    across = np.cross(axis, helper)
    across /= np.linalg.norm(across)
    up = np.cross(axis, across)
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * up
    points = np.concatenate([one + radius * ring, other + (end_radius or radius) * ring])
    around = np.arange(sides)
    following = (around + 1) % sides
    mantle = np.concatenate(
        [
            np.stack([around, following, following + sides], -1),
            np.stack([around, following + sides, around + sides], -1),
        ]
    )
    fan = np.arange(1, sides - 1)
    caps = np.concatenate(
        [np.stack([0 * fan, fan + 1, fan], -1), np.stack([0 * fan, fan, fan + 1], -1) + sides]
    )
    return points.astype(np.float32), np.concatenate([mantle, caps]).astype(np.int32)


def _wheel(y_m: float, *, radius: float = 0.34, sides: int = 14, thickness: float = 0.028) -> Piece:
    """Return a tyre: a ring with a triangular cross-section."""
    turn = np.arange(sides) * 2 * np.pi / sides
    section = [(radius, 0.0), (radius - 0.055, thickness), (radius - 0.055, -thickness)]
    rings = [
        np.stack([np.full(sides, x), y_m + r * np.cos(turn), 0.34 + r * np.sin(turn)], -1) for r, x in section
    ]
    around = np.arange(sides)
    following = (around + 1) % sides
    faces = []
    for this, that in ((0, 1), (1, 2), (2, 0)):
        a, b = around + this * sides, following + this * sides
        c, d = following + that * sides, around + that * sides
        faces += [np.stack([a, b, c], -1), np.stack([a, c, d], -1)]
    return np.concatenate(rings).astype(np.float32), np.concatenate(faces).astype(np.int32)


def _ball(centre: tuple[float, ...], radii: tuple[float, ...], *, rings: int = 4, sides: int = 7) -> Piece:
    """Return an ellipsoid."""
    height = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)[1:-1]
    turn = np.arange(sides) * 2 * np.pi / sides
    belt = np.stack(
        [
            np.cos(height)[:, None] * np.cos(turn),
            np.cos(height)[:, None] * np.sin(turn),
            np.sin(height)[:, None] + 0 * turn,
        ],
        -1,
    ).reshape(-1, 3)
    points = np.concatenate([belt, [[0, 0, -1]], [[0, 0, 1]]]) * np.array(radii) + np.array(centre)
    around, low, high = np.arange(sides), len(points) - 2, len(points) - 1
    following = (around + 1) % sides
    faces = [np.stack([following, around, np.full(sides, low)], -1)]
    for row in range(rings - 2):
        a, b = around + row * sides, following + row * sides
        faces += [np.stack([a, b, b + sides], -1), np.stack([a, b + sides, a + sides], -1)]
    top = (rings - 2) * sides
    faces.append(np.stack([around + top, following + top, np.full(sides, high)], -1))
    return points.astype(np.float32), np.concatenate(faces).astype(np.int32)


def _box(low: tuple[float, ...], high: tuple[float, ...], *, top: tuple[float, ...] | None = None) -> Piece:
    """Return a box; ``top`` is (x0, y0, x1, y1) of its upper side where that is smaller."""
    x0, y0, z0 = low
    x1, y1, z1 = high
    a0, b0, a1, b1 = top or (x0, y0, x1, y1)
    points = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)]
    points += [(a0, b0, z1), (a1, b0, z1), (a1, b1, z1), (a0, b1, z1)]
    sides = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    faces = [corner for a, b, c, d in sides for corner in ((a, b, c), (a, c, d))]
    return np.array(points, np.float32), np.array(faces, np.int32)


def _shape(*pieces: Piece, smooth: bool = False) -> Shape:
    """Join pieces; every side is flat, or corners are smoothed where they meet within a piece."""
    points, faces = merged(pieces)
    corners = points[faces].astype(float)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if smooth:
        normals = np.zeros((len(points), 3))
        for corner in range(3):
            np.add.at(normals, faces[:, corner], flat)
    else:
        points, normals = points[faces.reshape(-1)], np.repeat(flat, 3, axis=0)
        faces = np.arange(len(points), dtype=np.int32).reshape(-1, 3)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Shape(points, faces, normals.astype(np.float32))


def joined(*parts: tuple[Shape, int]) -> Shape:
    """Put shapes together as one whose parts can be told apart: by the lengths of their normals."""
    points, faces = merged([(shape.points_m, shape.faces) for shape, _ in parts])
    return Shape(points, faces, np.concatenate([shape.normals * np.float32(part) for shape, part in parts]))


def bicycle() -> Shape:
    """Return wheels, frame, handlebar, shorts and shoes: everything that is dark."""
    frame = [
        _tube((0, -0.49, 0.34), (0, -0.05, 0.28), 0.02, sides=3),
        _tube((0, -0.05, 0.28), (0, -0.20, 0.92), 0.025, sides=3),
        _tube((0, -0.05, 0.28), (0, 0.40, 0.80), 0.028, sides=3),
        _tube((0, -0.18, 0.80), (0, 0.38, 0.85), 0.024, sides=3),
        _tube((0, -0.49, 0.34), (0, -0.18, 0.80), 0.018, sides=3),
        _tube((0, 0.49, 0.34), (0, 0.37, 0.90), 0.024, sides=3),
        _tube((-0.21, 0.43, 0.92), (0.21, 0.43, 0.92), 0.025, sides=3),
    ]
    shorts = [
        _tube((-0.09, -0.20, 0.98), (-0.10, 0.14, 0.80), 0.085, end_radius=0.07),
        _tube((0.09, -0.20, 0.98), (0.10, -0.02, 0.70), 0.085, end_radius=0.07),
    ]
    shoes = [_box((-0.15, -0.02, 0.42), (-0.06, 0.24, 0.50)), _box((0.06, -0.14, 0.08), (0.15, 0.12, 0.16))]
    return _shape(_wheel(-0.49), _wheel(0.49), *frame, *shorts, *shoes)


def jersey() -> Shape:
    """Return torso, sleeves and helmet: everything in the team's colour."""
    return _shape(
        _tube((0, -0.24, 0.98), (0, 0.20, 1.36), 0.15, end_radius=0.19, sides=7),
        _tube((-0.19, 0.18, 1.36), (-0.23, 0.30, 1.14), 0.07, end_radius=0.06),
        _tube((0.19, 0.18, 1.36), (0.23, 0.30, 1.14), 0.07, end_radius=0.06),
        _ball((0, 0.34, 1.62), (0.115, 0.17, 0.12)),
    )


def skin() -> Shape:
    """Return face, forearms and calves."""
    return _shape(
        _ball((0, 0.37, 1.51), (0.085, 0.10, 0.13)),
        _tube((-0.23, 0.30, 1.14), (-0.19, 0.47, 0.96), 0.05, end_radius=0.04, sides=4),
        _tube((0.23, 0.30, 1.14), (0.19, 0.47, 0.96), 0.05, end_radius=0.04, sides=4),
        _tube((-0.10, 0.14, 0.80), (-0.10, 0.04, 0.47), 0.06, end_radius=0.04, sides=4),
        _tube((0.10, -0.02, 0.70), (0.10, -0.10, 0.14), 0.06, end_radius=0.04, sides=4),
    )


def car_body() -> Shape:
    """Return the body of a team car, 4.4 m long."""
    return _shape(_box((-0.9, -2.2, 0.30), (0.9, 2.2, 0.95), top=(-0.86, -2.1, 0.86, 2.05)))


def car_roof() -> Shape:
    """Return the roof of a team car, which is in the colour of the body."""
    return _shape(_box((-0.66, -1.45, 1.40), (0.66, 0.35, 1.52)))


def car_dark() -> Shape:
    """Return windows and tyres of a team car."""
    wheels = [
        _tube((x - 0.1, y, 0.33), (x + 0.1, y, 0.33), 0.33, sides=10)
        for x in (-0.82, 0.82)
        for y in (-1.35, 1.35)
    ]
    cabin = _box((-0.84, -1.95, 0.95), (0.84, 1.05, 1.42), top=(-0.68, -1.5, 0.68, 0.4))
    return _shape(cabin, *wheels)


def marker() -> Shape:
    """Return a round marker as high as a cyclist, for riders too far away to be seen as one."""
    radius = RIDER_HEIGHT_M / 2
    return _shape(_ball((0, 0, radius), (radius, radius, radius), rings=8, sides=14), smooth=True)


def shadow() -> Shape:
    """Return the dark disc below a rider, a hand above the road."""
    turn = np.arange(16) * 2 * np.pi / 16
    rim = np.stack([0.3 * np.cos(turn), 0.85 * np.sin(turn), np.full(16, 0.02)], -1)
    fan = np.arange(1, 15)
    return _shape((rim.astype(np.float32), np.stack([0 * fan, fan, fan + 1], -1).astype(np.int32)))
