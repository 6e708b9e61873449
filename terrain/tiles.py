"""Tiles in long arrays and on disk, and the wall round the edge of the ground."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from terrain.errors import TerrainError
from terrain.looks import Look, atmosphere
from terrain.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_Scalar = TypeVar("_Scalar", bound=np.generic)


def wall(
    vertices_m: NDArray[np.float32],
    edges: NDArray[np.int32],
    *,
    foot_m: float,
    look: Look = Look.NATURAL,
) -> Mesh:
    """Stand a vertical wall below the edge of the land, down to a flat foot, like a cut relief model.

    ``edges`` (k, 2) run with the land on their left; ``foot_m`` is a height as drawn. Its colours are those
    of the look.
    """
    corners = vertices_m[edges]
    along = corners[:, 1, :2] - corners[:, 0, :2]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / length[:, None]
    light = 0.86 + 0.14 * (outward @ np.array([-0.6, 0.8]))
    feet = corners.copy()
    feet[:, :, 2] = foot_m
    vertices = np.concatenate([feet[:, 0], feet[:, 1], corners[:, 1], corners[:, 0]])
    air = atmosphere(look)
    k = len(edges)
    one = np.arange(k)
    faces = np.concatenate(
        [np.stack([one, one + k, one + 2 * k], axis=1), np.stack([one, one + 2 * k, one + 3 * k], axis=1)]
    )
    foot, top = (np.outer(light, colour) for colour in (air.wall_foot, air.wall_top))
    colours = np.clip(np.concatenate([foot, foot, top, top]), 0, 255).astype(np.uint8)
    return Mesh(vertices.astype(np.float32), faces.astype(np.int32), colours, draped=False)


@dataclass(frozen=True)
class TileSet:
    """Tiles in three long arrays; each tile is a slice of them.

    ``ends`` (k, 2) are the last vertex and face of each tile, counted from the start; ``draped`` (k,)
    tells which tiles are land. Face indices count from the tile's own first vertex.
    """

    vertices_m: NDArray[np.float32]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    ends: NDArray[np.int64]
    draped: NDArray[np.bool_]

    @classmethod
    def of(cls, meshes: Sequence[Mesh]) -> TileSet:
        """Join tiles."""
        sizes = np.array([(len(mesh.vertices_m), len(mesh.faces)) for mesh in meshes], np.int64)
        return cls(
            vertices_m=np.concatenate([mesh.vertices_m for mesh in meshes]),
            faces=np.concatenate([mesh.faces for mesh in meshes]),
            colours=np.concatenate([mesh.colours for mesh in meshes]),
            ends=np.cumsum(sizes, axis=0),
            draped=np.array([mesh.draped for mesh in meshes]),
        )

    def __len__(self) -> int:
        """How many tiles there are."""
        return len(self.ends)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Vertices and triangles of each tile, (k, 2)."""
        return np.diff(self.ends, axis=0, prepend=0)

    def mesh(self, tile: int) -> Mesh:
        """Return one tile; its arrays are views."""
        vertex, face = (self.ends[tile] - self.sizes[tile]).tolist()
        vertex_end, face_end = self.ends[tile].tolist()
        return Mesh(
            self.vertices_m[vertex:vertex_end],
            self.faces[face:face_end],
            self.colours[vertex:vertex_end],
            draped=bool(self.draped[tile]),
        )

    def meshes(self) -> tuple[Mesh, ...]:
        """Return the tiles; their arrays are views."""
        return tuple(self.mesh(tile) for tile in range(len(self)))

    def boxes(self) -> NDArray[np.float32]:
        """Return the lower and upper corner of each tile, (k, 2, 3); of empty ones inf and -inf."""
        boxes = np.empty((len(self), 2, 3), np.float32)
        boxes[:, 0], boxes[:, 1] = np.inf, -np.inf
        full = self.sizes[:, 0] > 0
        if full.any():
            starts = (self.ends - self.sizes)[full, 0]
            boxes[full, 0] = np.minimum.reduceat(self.vertices_m, starts)
            boxes[full, 1] = np.maximum.reduceat(self.vertices_m, starts)
        return boxes

    def save(self, folder: Path, prefix: str) -> None:
        """Write five .npy files."""
        for name in ("vertices_m", "faces", "colours", "ends", "draped"):
            np.save(folder / f"{prefix}_{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, prefix: str) -> TileSet:
        """Map the files into memory.

        Raises
        ------
        TerrainError
            A file is missing or does not fit the others.
        """
        vertices = load(folder / f"{prefix}_vertices_m.npy", np.float32, (None, 3))
        faces = load(folder / f"{prefix}_faces.npy", np.int32, (None, 3))
        colours = load(folder / f"{prefix}_colours.npy", np.uint8, (len(vertices), 3))
        ends = load(folder / f"{prefix}_ends.npy", np.int64, (None, 2))
        draped = load(folder / f"{prefix}_draped.npy", np.bool_, (len(ends),))
        sizes = np.diff(ends, axis=0, prepend=0)
        if not len(ends) or (sizes < 0).any() or tuple(ends[-1]) != (len(vertices), len(faces)):
            raise TerrainError(f"The ground in {folder} is damaged; prepare the stage again.")
        if not np.isfinite(vertices).all():
            raise TerrainError(f"The ground in {folder} is damaged; prepare the stage again.")
        owned = np.repeat(sizes[:, 0], sizes[:, 1])
        if len(faces) and (faces.min() < 0 or (faces.max(axis=1) >= owned).any()):
            raise TerrainError(f"The ground in {folder} is damaged; prepare the stage again.")
        return cls(vertices, faces, colours, ends, draped)


def load(path: Path, dtype: type[_Scalar], shape: tuple[int | None, ...]) -> NDArray[_Scalar]:
    """Map one .npy file into memory and check what it holds.

    Raises
    ------
    TerrainError
        It is missing, no array, or not of this type and shape (None stands for any length).
    """
    try:
        array: NDArray[_Scalar] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TerrainError(f"{path} is missing or damaged; prepare the stage again.") from error
    fits = len(array.shape) == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        raise TerrainError(f"{path} holds something else than expected; prepare the stage again.")
    return array
