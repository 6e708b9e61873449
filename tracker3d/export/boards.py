"""Boards: upright rectangles with a picture on both sides, cut from one atlas."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tracker3d.scene.style import font

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import ImageDraw


@dataclass(frozen=True)
class Cell:
    """A board's place in the atlas, in texture coordinates."""

    u: float
    v: float
    width: float
    height: float


@dataclass(frozen=True)
class Sheet:
    """An atlas of cells of one size, filled row by row; sides are powers of two where cells' sides are."""

    cell_px: tuple[int, int]
    columns: int
    rows: int

    @classmethod
    def holding(cls, count: int, cell_px: tuple[int, int], *, columns: int) -> Sheet:
        """Make room for ``count`` cells."""
        return cls(cell_px, columns, 1 << (-(-count // columns) - 1).bit_length())

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.columns * self.cell_px[0], self.rows * self.cell_px[1]

    def corner_px(self, index: int) -> tuple[int, int]:
        """Top left corner of a cell."""
        return index % self.columns * self.cell_px[0], index // self.columns * self.cell_px[1]

    def cell(self, index: int) -> Cell:
        """Return a cell in texture coordinates."""
        return Cell(
            index % self.columns / self.columns,
            index // self.columns / self.rows,
            1 / self.columns,
            1 / self.rows,
        )


@dataclass(frozen=True)
class Board:
    """Triangles of two rectangles back to back: stage axes, metres from the foot below their middle."""

    vertices_m: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int32]


def board(cell: Cell, *, width_m: float, height_m: float, top_m: float, facing_rad: float) -> Board:
    """Make a board that faces an azimuth, clockwise from north, and away from it."""
    vertices, uv, faces = [], [], []
    for first, outward_rad in ((0, facing_rad), (4, facing_rad + np.pi)):
        rightward = np.array([-np.cos(outward_rad), np.sin(outward_rad)])
        for across, up, u, v in ((-1, 0, 0, 1), (1, 0, 1, 1), (1, 1, 1, 0), (-1, 1, 0, 0)):
            x_m, y_m = rightward * across * width_m / 2
            vertices.append((x_m, y_m, top_m + (up - 1) * height_m))
            uv.append((cell.u + u * cell.width, cell.v + v * cell.height))
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return Board(np.array(vertices, np.float32), np.array(uv, np.float32), np.array(faces, np.int32))


def crossed_boards(cell: Cell, *, width_m: float, height_m: float, top_m: float, facing_rad: float) -> Board:
    """Make two boards with the same picture, one across the other: one of them is seen from anywhere."""
    first, second = (
        board(cell, width_m=width_m, height_m=height_m, top_m=top_m, facing_rad=azimuth)
        for azimuth in (facing_rad, facing_rad + np.pi / 2)
    )
    return Board(
        np.concatenate([first.vertices_m, second.vertices_m]),
        np.concatenate([first.uv, second.uv]),
        np.concatenate([first.faces, second.faces + np.int32(len(first.vertices_m))]),
    )


def write_centred(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    middle_px: float,
    top_px: int,
    size_px: int,
    room_px: int,
    colour: tuple[int, int, int],
) -> None:
    """Write one line, smaller where it would not fit."""
    length = draw.textlength(text, font=font(size_px, "Semibold"))
    fitting_px = size_px if length <= room_px else max(12, int(size_px * room_px / length))
    top_px += (size_px - fitting_px) // 2
    draw.text((middle_px, top_px), text, font=font(fitting_px, "Semibold"), fill=colour, anchor="ma")


def png(picture: Image.Image) -> bytes:
    """Return a picture of few colours as PNG with a palette."""
    stream = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()
