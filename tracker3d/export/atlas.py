"""A picture of a long, narrow stretch of ground cut into pieces that fill a square.

A stage's corridor winds through a box that is mostly empty. Its triangles are sorted into square blocks; the
part of the ground's picture under each block becomes one piece, and the pieces stand on shelves in an atlas
whose sides are powers of two. All pieces have the same scale, the largest at which they fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain import Mesh
    from terrain.pictures import Texture

BLOCKS = 96
"""Roughly how many blocks the ground is cut into."""

MARGIN_PX = 4
"""Real surroundings around each piece, so that blurred and minified samples stay true at its border."""


BLOCK_PX = 8
"""Pieces start and end at whole blocks of JPEG, so that none disturbs its neighbour."""


@dataclass(frozen=True)
class AtlasMesh:
    """Triangles with their places in the atlas.

    ``vertices_m`` (n, 3) float32 stage axes, ``uv`` (n, 2) float32 with the origin in the top left corner,
    ``faces`` (m, 3) int32. Neighbouring blocks share no vertices, but those in common are equal to the bit.
    """

    vertices_m: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int32]


@dataclass(frozen=True)
class _Piece:
    """One block: its vertices and faces, and its box in pixels of the picture (left, top, right, bottom)."""

    vertices_m: NDArray[np.float32]
    picture_px: NDArray[np.float64]
    faces: NDArray[np.int32]

    @property
    def box_px(self) -> NDArray[np.float64]:
        return np.concatenate([self.picture_px.min(axis=0), self.picture_px.max(axis=0)])


def make_atlas(
    tiles: tuple[Mesh, ...], texture: Texture, *, side_px: int
) -> tuple[list[AtlasMesh], NDArray[np.uint8]]:
    """Lay the ground's picture out for tiles.

    Parameters
    ----------
    tiles : tuple of Mesh
        Land.
    texture : Texture
    side_px : int
        Largest side of the atlas, a power of two.

    Returns
    -------
    list of AtlasMesh
        One per block.
    (h, w, 3) uint8
        The atlas, sRGB.
    """
    pieces = _pieces(tiles, texture)
    boxes = np.stack([piece.box_px for piece in pieces])
    scale, (width, height), corners = _laid_out(boxes[:, 2:] - boxes[:, :2], side_px)
    picture = Image.fromarray(np.ascontiguousarray(texture.image))
    mean = tuple(int(level) for level in texture.image[::8, ::8].reshape(-1, 3).mean(axis=0))
    atlas = Image.new("RGB", (width, height), mean)
    meshes = []
    for piece, box, corner in zip(pieces, boxes, corners, strict=True):
        size = _size_px(box[2:] - box[:2], scale)
        # The crop is as large as its pixels are, so that no piece is stretched.
        low = box[:2] - MARGIN_PX / scale
        crop = np.concatenate([low, low + size / scale])
        atlas.paste(_cut(picture, crop, size), (int(corner[0]), int(corner[1])))
        place_px = (piece.picture_px - low) * scale + corner
        uv = place_px / np.array([width, height])
        meshes.append(AtlasMesh(piece.vertices_m, uv.astype(np.float32), piece.faces))
    return meshes, np.asarray(atlas)


def _pieces(tiles: tuple[Mesh, ...], texture: Texture) -> list[_Piece]:
    vertices = np.concatenate([tile.vertices_m for tile in tiles])
    starts = np.cumsum([0, *(len(tile.vertices_m) for tile in tiles[:-1])])
    faces = np.concatenate([tile.faces + start for tile, start in zip(tiles, starts, strict=True)])
    west, south, east, north = texture.bounds_m
    height, width = texture.image.shape[:2]
    plan = vertices[:, :2].astype(np.float64)
    picture_px = np.stack(
        [(plan[:, 0] - west) / (east - west) * width, (north - plan[:, 1]) / (north - south) * height],
        axis=-1,
    )
    corners = plan[faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area_m2 = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum() / 2
    block_m = max(1.0, float(np.sqrt(area_m2 / BLOCKS)))
    cell = np.floor((corners.mean(axis=1) - plan.min(axis=0)) / block_m).astype(np.int64)
    key = cell[:, 0] * (int(cell[:, 1].max()) + 1) + cell[:, 1]
    order = np.argsort(key, kind="stable")
    ends = np.flatnonzero(np.diff(key[order])) + 1
    pieces = []
    for members in np.split(order, ends):
        used, local = np.unique(faces[members], return_inverse=True)
        local_faces = local.reshape(-1, 3).astype(np.int32)
        pieces.append(_Piece(vertices[used], picture_px[used], local_faces))
    return pieces


def _size_px(extent: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    needed = np.ceil(extent * scale) + 2 * MARGIN_PX
    return np.asarray(np.ceil(needed / BLOCK_PX) * BLOCK_PX, dtype=np.int64)


def _laid_out(
    extents_px: NDArray[np.float64], side_px: int
) -> tuple[float, tuple[int, int], NDArray[np.int64]]:
    """Find the largest scale, at most 1, at which all pieces fit; halve the atlas where half is enough."""
    low, high = 0.0, 1.0
    corners = _shelved(_size_px(extents_px, high), side_px, side_px)
    scale = high
    if corners is None:
        for _ in range(12):
            middle = (low + high) / 2
            fitting = _shelved(_size_px(extents_px, middle), side_px, side_px)
            if fitting is None:
                high = middle
            else:
                low, scale, corners = middle, middle, fitting
    if corners is None:
        raise ValueError(f"{len(extents_px)} pieces cannot stand in {side_px} pixels")
    width = height = side_px
    while (smaller := _shelved(_size_px(extents_px, scale), width, height // 2)) is not None:
        height, corners = height // 2, smaller
    return scale, (width, height), corners


def _shelved(sizes: NDArray[np.int64], width: int, height: int) -> NDArray[np.int64] | None:
    """Stand boxes (n, 2) on shelves, the highest first; top left corners (n, 2), or None where too small."""
    corners = np.zeros_like(sizes)
    left = top = shelf = 0
    for index in np.argsort(-sizes[:, 1], kind="stable"):
        wide, high = int(sizes[index, 0]), int(sizes[index, 1])
        if left + wide > width:
            left, top, shelf = 0, top + shelf, 0
        if wide > width or top + high > height:
            return None
        corners[index] = left, top
        left, shelf = left + wide, max(shelf, high)
    return corners


def _cut(picture: Image.Image, crop: NDArray[np.float64], size: NDArray[np.int64]) -> Image.Image:
    """Cut a box (left, top, right, bottom) out of a picture at a size; what lies outside repeats its edge."""
    inside = np.clip(crop, 0, [*picture.size, *picture.size])
    scale = size / (crop[2:] - crop[:2])
    offset = np.round((inside[:2] - crop[:2]) * scale).astype(int)
    kept = np.maximum(np.round((inside[2:] - inside[:2]) * scale).astype(int), 1)
    part = picture.resize((int(kept[0]), int(kept[1])), Image.Resampling.BICUBIC, box=tuple(inside.tolist()))
    if tuple(kept) == tuple(size):
        return part
    after = np.maximum(size - offset - kept, 0)
    padded = np.pad(np.asarray(part), ((offset[1], after[1]), (offset[0], after[0]), (0, 0)), mode="edge")
    return Image.fromarray(padded[: size[1], : size[0]])
