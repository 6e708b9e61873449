"""The drawn ground of a stage: built once, kept in a folder, mapped into memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from terrain.elevation import ElevationGrid
from terrain.errors import TerrainError
from terrain.looks import Look
from terrain.pictures import LONGEST_SIDE, Pictures, Texture
from terrain.tiles import load
from terrain.tree import TileTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.mesh import Mesh

_VERSION = 2
_MANIFEST = "ground.json"
_TEXTURE = "texture.png"
_MANIFEST_LIMIT = 10_000_000


@dataclass(frozen=True)
class Ground:
    """Tiles, colours and heights of the ground along one road.

    Attributes
    ----------
    tree : TileTree
        The tiles of all levels of detail.
    z_drawn_m : (n,) float64
        Height at which the road is drawn at each point of the line that the ground was built for: on the
        tiles of any level, except on structures. Straight pieces between the points are nowhere below the
        ground. Metres before vertical exaggeration:
        :meth:`terrain.LocalFrame.drawn` puts it on the tiles.
    on_structure : (n,) bool
        In a tunnel or on a bridge.
    covered : (n,) bool
        Elevation data below the road; elsewhere the ground is an apron at the road's own height.
    relief : ElevationGrid
        Coarse heights as drawn (exaggerated), for hiding and for cameras. Outside the drawn corridor it
        lies at the foot of the wall.
    base_m : float
        Height of the foot of the wall, as drawn.
    texture_bounds_m : tuple of float
        See :attr:`texture`.
    look : Look
        In which it is painted; the air and the cut edge go with it (:func:`terrain.looks.atmosphere`).
    credits, messages : tuple of str
        Lines to show with every picture, and what the user should know about his files.
    """

    z_drawn_m: NDArray[np.float64]
    on_structure: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    relief: ElevationGrid
    base_m: float
    texture_bounds_m: tuple[float, float, float, float]
    credits: tuple[str, ...]
    messages: tuple[str, ...]
    tree: TileTree
    texture_source: Path | NDArray[np.uint8]
    pictures: Pictures
    look: Look = Look.NATURAL

    @property
    def levels(self) -> int:
        """How many levels of detail there are; 0 is the finest."""
        return self.tree.levels

    def tiles(self, level: int = 0) -> tuple[Mesh, ...]:
        """Return a whole cover of one level, land first, then the wall round the edge (``draped`` False)."""
        members = self.tree.of_level(level).tolist()
        walls = (self.tree.wall(tile) for tile in members)
        return (*(self.tree.land(tile) for tile in members), *(wall for wall in walls if wall is not None))

    def level_within(self, triangles: int) -> int:
        """Return the finest level that has no more triangles, with its wall, or else the coarsest."""
        counts = np.bincount(self.tree.level, weights=self.tree.triangles)
        fitting = np.flatnonzero(counts <= triangles)
        return int(fitting[0]) if fitting.size else self.levels - 1

    def has_picture(self, tile: int) -> bool:
        """Tell whether a tile has a finer picture of its own; nothing is read."""
        return self.pictures.has(tile)

    def picture(self, tile: int, reduction: int = 1) -> Texture | None:
        """Return the finer picture of a tile beside the road; read now, from any thread.

        None for other tiles: the texture serves everywhere. ``reduction`` is 1, 2, 4 or 8, see
        :meth:`Pictures.read`.

        Raises
        ------
        TerrainError
            The file is damaged or gone.
        """
        return self.pictures.read(tile, reduction)

    @cached_property
    def texture(self) -> Texture:
        """The ground from above; sharper than the tiles' colours, whose vertices are sparse.

        Raises
        ------
        TerrainError
            The picture is missing or damaged.
        """
        if not isinstance(self.texture_source, Path):
            return Texture(self.texture_source, self.texture_bounds_m)
        try:
            with Image.open(self.texture_source, formats=["PNG"]) as picture:
                if max(picture.size) > LONGEST_SIDE or picture.mode != "RGB":
                    raise TerrainError(
                        f"{self.texture_source} is no ground texture; prepare the stage again."
                    )
                return Texture(np.asarray(picture), self.texture_bounds_m)
        except (OSError, SyntaxError, ValueError) as error:
            raise TerrainError(
                f"{self.texture_source} is missing or damaged; prepare the stage again."
            ) from error

    def save(self, folder: Path) -> None:
        """Write everything into an existing, empty folder."""
        self.tree.save(folder)
        self.pictures.save(folder)
        for name in ("z_drawn_m", "on_structure", "covered"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        for name in ("heights_m", "covered", "filled"):
            np.save(folder / f"relief_{name}.npy", getattr(self.relief, name), allow_pickle=False)
        Image.fromarray(self.texture.image).save(folder / _TEXTURE, compress_level=3)
        manifest = {
            "version": _VERSION,
            "base_m": self.base_m,
            "look": self.look.value,
            "texture_bounds_m": self.texture_bounds_m,
            "relief": {"x0_m": self.relief.x0_m, "y0_m": self.relief.y0_m, "step_m": self.relief.step_m},
            "credits": self.credits,
            "messages": self.messages,
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> Ground:
        """Open what :meth:`save` wrote; large arrays are mapped, not read.

        Raises
        ------
        TerrainError
            A file is missing, damaged or of another version.
        """
        manifest = _read_manifest(folder / _MANIFEST)
        try:
            place = {key: float(manifest["relief"][key]) for key in ("x0_m", "y0_m", "step_m")}
            west, south, east, north = (float(value) for value in manifest["texture_bounds_m"])
            base_m = float(manifest["base_m"])
            look = Look(manifest["look"])
            credit_lines, messages = (
                tuple(str(line) for line in manifest[key]) for key in ("credits", "messages")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TerrainError(f"{folder / _MANIFEST} is damaged; prepare the stage again.") from error
        if not (all(np.isfinite([*place.values(), base_m])) and place["step_m"] > 0):
            raise TerrainError(f"{folder / _MANIFEST} is damaged; prepare the stage again.")
        heights = load(folder / "relief_heights_m.npy", np.float32, (None, None))
        z_drawn = load(folder / "z_drawn_m.npy", np.float64, (None,))
        tree = TileTree.open(folder)
        return cls(
            z_drawn_m=z_drawn,
            on_structure=load(folder / "on_structure.npy", np.bool_, z_drawn.shape),
            covered=load(folder / "covered.npy", np.bool_, z_drawn.shape),
            relief=ElevationGrid(
                heights,
                **place,
                covered=load(folder / "relief_covered.npy", np.bool_, heights.shape),
                filled=load(folder / "relief_filled.npy", np.bool_, heights.shape),
            ),
            base_m=base_m,
            texture_bounds_m=(west, south, east, north),
            credits=credit_lines,
            messages=messages,
            tree=tree,
            texture_source=folder / _TEXTURE,
            pictures=Pictures.open(folder, len(tree)),
            look=look,
        )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MANIFEST_LIMIT:
            raise TerrainError(f"{path} is no description of a ground; prepare the stage again.")
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TerrainError(f"{path} is missing or damaged; prepare the stage again.") from error
    if not isinstance(manifest, dict) or manifest.get("version") != _VERSION:
        raise TerrainError(f"{path} was written by another version of tracker3d; prepare the stage again.")
    return manifest
