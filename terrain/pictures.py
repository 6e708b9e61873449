"""Pictures of the ground from above: one of all of it, and finer ones of the tiles beside the road."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain.errors import TerrainError
from terrain.tiles import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from terrain.painting import Painter

LONGEST_SIDE = 4096
_FINEST_M = 2.5
_MOST_PIXELS = 64_000_000
_WORTH_IT = 0.7
_QUALITY = 90
_WORKERS = 2
_FOLDER = "pictures"
_BOUNDS = "picture_bounds_m.npy"
_LARGEST_BYTES = 50_000_000


@dataclass(frozen=True)
class Texture:
    """A picture of the ground seen from above, light baked in, to be laid over land.

    A position has u = (x - west) / (east - west) and v = (y - south) / (north - south), with v = 0 at the
    bottom of the picture.

    Attributes
    ----------
    image : (h, w, 3) uint8
        sRGB, the northernmost row first.
    bounds_m : tuple of float
        West, south, east, north outer edges of the picture, local metres.
    """

    image: NDArray[np.uint8]
    bounds_m: tuple[float, float, float, float]


@dataclass(frozen=True)
class Pictures:
    """Compressed pictures of some tiles, each read when it is asked for.

    Attributes
    ----------
    bounds_m : (k, 4) float64
        Bounds of the picture of each tile, as in :class:`Texture`; NaN for tiles without one.
    source : Path or mapping
        The folder with the files, or JPEG data by tile.
    """

    bounds_m: NDArray[np.float64]
    source: Path | Mapping[int, bytes]

    def has(self, tile: int) -> bool:
        """Tell whether a tile has a picture."""
        return bool(np.isfinite(self.bounds_m[tile]).all())

    def read(self, tile: int) -> Texture | None:
        """Return the picture of a tile; None for tiles without one.

        Raises
        ------
        TerrainError
            Its file is damaged or gone.
        """
        if not self.has(tile):
            return None
        try:
            content = self._content(tile)
            with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
                if max(picture.size) > LONGEST_SIDE or picture.mode != "RGB":
                    raise TerrainError(
                        f"{self._name(tile)} is no picture of a tile; prepare the stage again."
                    )
                image = np.asarray(picture)
        except (OSError, SyntaxError, ValueError) as error:
            raise TerrainError(
                f"{self._name(tile)} is missing or damaged; prepare the stage again."
            ) from error
        west, south, east, north = self.bounds_m[tile].tolist()
        return Texture(image, (west, south, east, north))

    def _name(self, tile: int) -> str:
        return str(self.source / f"{tile}.jpg") if isinstance(self.source, Path) else f"Picture {tile}"

    def _content(self, tile: int) -> bytes:
        if not isinstance(self.source, Path):
            return self.source[tile]
        with (self.source / f"{tile}.jpg").open("rb") as stream:
            return stream.read(_LARGEST_BYTES)

    def save(self, folder: Path) -> None:
        """Write the bounds, and a folder with a file for each picture."""
        np.save(folder / _BOUNDS, self.bounds_m, allow_pickle=False)
        (folder / _FOLDER).mkdir()
        for tile in np.flatnonzero(np.isfinite(self.bounds_m).all(axis=1)).tolist():
            (folder / _FOLDER / f"{tile}.jpg").write_bytes(self._content(tile))

    @classmethod
    def open(cls, folder: Path, tiles: int) -> Pictures:
        """Open what :meth:`save` wrote; pictures are read later.

        Raises
        ------
        TerrainError
            The table of bounds is missing or does not fit, or a picture is not there.
        """
        bounds = np.array(load(folder / _BOUNDS, np.float64, (tiles, 4)))
        finite = np.isfinite(bounds).all(axis=1)
        if (bounds[finite, :2] >= bounds[finite, 2:]).any():
            raise TerrainError(f"{folder / _BOUNDS} is damaged; prepare the stage again.")
        for tile in np.flatnonzero(finite).tolist():
            if not (folder / _FOLDER / f"{tile}.jpg").is_file():
                raise TerrainError(f"A picture is missing in {folder / _FOLDER}; prepare the stage again.")
        return cls(bounds, folder / _FOLDER)


def paint_tiles(painter: Painter, boxes_m: Mapping[int, NDArray[np.float32]], tiles: int) -> Pictures:
    """Paint some tiles at 2.5 m a pixel, or as finely as 64 million pixels for all of them allow.

    Pixels of all pictures lie on one lattice, and each reaches a pixel or more beyond its tile, so that
    neighbours show the same along a common border. Where that is hardly finer than the painting of
    the whole ground there are no pictures.

    Parameters
    ----------
    painter : Painter
    boxes_m : mapping of int to (2, 2) float32
        South-west and north-east corner of each tile to paint, local metres.
    tiles : int
        How many there are in all.
    """
    bounds = np.full((tiles, 4), np.nan)
    numbers = sorted(boxes_m)
    sizes = np.array([np.ptp(boxes_m[tile], axis=0) for tile in numbers], float).reshape(-1, 2)
    step_m = max(_FINEST_M, float(np.sqrt(sizes.prod(axis=1).sum() / _MOST_PIXELS)))
    if len(numbers):
        step_m = max(step_m, float(sizes.max()) / (LONGEST_SIDE - 8))
    whole = painter.plan
    if step_m > _WORTH_IT * whole.step_m * max(1.0, max(whole.rows, whole.columns) / LONGEST_SIDE):
        return Pictures(bounds, {})

    def painted(tile: int) -> bytes:
        low, high = (np.asarray(corner, float) for corner in boxes_m[tile])
        origin = np.array([whole.x0_m, whole.y0_m])
        first = np.floor((low - origin) / step_m).astype(int) - 1
        last = np.ceil((high - origin) / step_m).astype(int) + 1
        columns, rows = (last - first + 1).tolist()
        west, south = (origin + first * step_m).tolist()
        bounds[tile] = np.array([west, south, west + columns * step_m, south + rows * step_m]) - step_m / 2
        picture = painter.paint(west, south, step_m, rows, columns)
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(picture[::-1])).save(stream, "JPEG", quality=_QUALITY)
        return stream.getvalue()

    with ThreadPoolExecutor(_WORKERS) as pool:
        return Pictures(bounds, dict(zip(numbers, pool.map(painted, numbers), strict=True)))
