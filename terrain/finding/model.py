"""A raster file as the user knows it and as GDAL opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrain.errors import ElevationFileError

if TYPE_CHECKING:
    from pathlib import Path

ENDINGS = (
    ".hgt", ".tif", ".tiff", ".vrt", ".asc", ".dem", ".img", ".bil", ".flt", ".dt0", ".dt1", ".dt2", ".xyz",
    ".grd", ".bt", ".gpkg", ".mbtiles",
)  # fmt: skip
"""Of files that hold a raster by themselves; upper case is as good."""

PICTURE_ENDINGS = (".png", ".webp", ".jpg", ".jpeg", ".jp2")
"""Of pictures, which have a place only as tiles of a pyramid or with a file beside them that tells it."""

# A file may name any other file or address; heights come from files on this machine only, and nothing is
# ever written beside them.
GDAL_OPTIONS = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_HTTP_TIMEOUT": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO",
}

MOST_ENTRIES = 200_000
"""No folder or archive that is meant holds more."""


@dataclass(frozen=True)
class RasterFile:
    """One raster behind a path that a user named.

    Attributes
    ----------
    path : Path
        The file or archive on disk, or the folder of a pyramid.
    name : str
        As GDAL opens it: a path, one into an archive, or the text of a mosaic.
    title : str
        What sentences call it.
    named : bool
        The user named this very file; what merely lies in a folder or archive may be passed over.
    probe : str
        As GDAL opens a small part that tells how colours code heights.
    zoom : int
        Of a level of a pyramid; -1 for all other files.
    """

    path: Path
    name: str
    title: str
    named: bool = True
    probe: str = ""
    zoom: int = -1

    @classmethod
    def of(cls, path: Path, *, named: bool = True) -> RasterFile:
        """Return a single file, compressed by itself or not."""
        return cls(path, gdal_name(str(path.absolute())), str(path), named)

    @property
    def label(self) -> str:
        """The short name for notes."""
        if self.zoom >= 0:
            return self.title.rpartition("/")[0].rpartition("/")[2]
        return self.title.rpartition("/")[2] or self.title


def gdal_name(name: str) -> str:
    """Return the name under which GDAL opens a file that may be gzipped."""
    return f"/vsigzip/{name}" if name.lower().endswith(".gz") else name


def is_raster_name(name: str) -> bool:
    """Tell whether a file of a name should be a raster, gzipped or not."""
    return name.lower().removesuffix(".gz").endswith(ENDINGS)


def too_many(what: object) -> ElevationFileError:
    """Say that something holds more files than anybody means."""
    return ElevationFileError(f"{what} holds more than {MOST_ENTRIES:,} files; name the right ones.")
