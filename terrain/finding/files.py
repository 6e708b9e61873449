"""The registry: one reader for each kind of thing that a user may name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from terrain.errors import ElevationFileError
from terrain.finding import archives, pyramids
from terrain.finding.model import (
    ENDINGS,
    MOST_ENTRIES,
    PICTURE_ENDINGS,
    RasterFile,
    gdal_name,
    is_raster_name,
    too_many,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PLACE_ENDINGS = (
    ".aux.xml",
    ".wld",
    ".pgw",
    ".pngw",
    ".jgw",
    ".jpgw",
    ".jpegw",
    ".wlw",
    ".webpw",
    ".j2w",
    ".jp2w",
)

_Found = list[RasterFile]


@dataclass(frozen=True)
class _Reader:
    """One kind of thing: how it is told, and how its rasters are found."""

    accepts: Callable[[Path], bool]
    files: Callable[[Path], _Found]


def find_files(paths: Sequence[Path]) -> list[RasterFile]:
    """Return the rasters behind files, folders, archives and pyramids of tiles.

    Raises
    ------
    ElevationFileError
        A path does not exist, a folder or archive holds no raster, or an archive cannot be read.
    """
    files: list[RasterFile] = []
    for path in paths:
        if not path.exists():
            raise ElevationFileError(f"The elevation file {path} does not exist; check its name and place.")
        reader = next(reader for reader in _READERS if reader.accepts(path))
        files.extend(reader.files(path))
    return files


def looks_like_rasters(path: Path) -> bool:
    """Tell by the name whether a file holds rasters, or an archive may."""
    return archives.is_archive(path) or is_raster_name(path.name)


def _in_folder(path: Path) -> _Found:
    single: list[Path] = []
    pictures: list[str] = []
    packed: list[Path] = []
    count = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        count += len(names)
        if count > MOST_ENTRIES:
            raise too_many(f"The folder {path}")
        beside = {name.lower() for name in names}
        for name in sorted(names):
            entry = Path(folder, name)
            if is_raster_name(name):
                single.append(entry)
            elif archives.is_archive(entry):
                packed.append(entry)
            elif name.lower().endswith(PICTURE_ENDINGS):
                if pyramids.place_of(str(entry.absolute())) is not None:
                    pictures.append(str(entry.absolute()))
                elif _has_place(name, beside):
                    single.append(entry)
    found = [RasterFile.of(entry, named=False) for entry in single]
    found += pyramids.levels(path, pictures)
    for entry in packed:
        found += _in_archive(entry, named=False)
    if not found:
        raise ElevationFileError(
            f"The folder {path} holds no elevation file; tracker3d reads {', '.join(ENDINGS)}, archives of "
            "them, tiles as z/x/y.png, and more."
        )
    return found


def _has_place(name: str, beside: set[str]) -> bool:
    lower = name.lower()
    return any(lower + ending in beside or Path(lower).stem + ending in beside for ending in _PLACE_ENDINGS)


def _in_archive(path: Path, *, named: bool = True) -> _Found:
    names = archives.members(path)
    before = archives.prefix(path)
    beside = {name.rpartition("/")[2].lower() for name in names}
    pictures = [name for name in names if name.lower().endswith(PICTURE_ENDINGS)]
    rasters = [name for name in names if is_raster_name(name)]
    rasters += [
        name
        for name in pictures
        if pyramids.place_of(name) is None and _has_place(name.rpartition("/")[2], beside)
    ]
    alone = named and len(rasters) == 1
    found = [RasterFile(path, gdal_name(before + name), f"{path}/{name}", alone) for name in rasters]
    found += pyramids.levels(path, pictures, before=before)
    if not found and named:
        raise ElevationFileError(
            f"The archive {path} holds no elevation file; an archive within it must be unpacked first."
        )
    return found


def _tile_alone(path: Path) -> _Found:
    return pyramids.levels(path, [str(path.absolute())], named=True)


_READERS = (
    _Reader(Path.is_dir, _in_folder),
    _Reader(archives.is_archive, _in_archive),
    _Reader(lambda path: pyramids.place_of(str(path.absolute())) is not None, _tile_alone),
    _Reader(lambda path: True, lambda path: [RasterFile.of(path)]),
)
