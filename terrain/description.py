"""What a raster file holds, for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import ProjError
from rasterio.windows import Window

from terrain.errors import ElevationFileError
from terrain.finding import find_files
from terrain.rasters import inspect, opened, read_heights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import rasterio
    from numpy.typing import NDArray

    from terrain.finding import RasterFile
    from terrain.rasters import Raster

_STRIP_CELLS = 4_000_000
_MOST_CELLS = 400_000_000
_STRANGE_LOW_M, _STRANGE_HIGH_M = -450.0, 8900.0


@dataclass(frozen=True)
class Description:
    """What an elevation file, or a folder of them, holds.

    Attributes
    ----------
    path : Path
    files : int
    kind : str
        Format of the first file, as GDAL names it.
    width, height : int
        Cells of the first file.
    reference_system : str
    cell_m : float
        Of the finest file.
    west_deg, south_deg, east_deg, north_deg : float
        Bounding box, WGS 84.
    lowest_m, highest_m : float
        NaN where there is no height at all.
    void_share : float
        Cells without a height, 0 to 1.
    messages : tuple of str
        What was assumed, and what is wrong.
    """

    path: Path
    files: int
    kind: str
    width: int
    height: int
    reference_system: str
    cell_m: float
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float
    lowest_m: float
    highest_m: float
    void_share: float
    messages: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the same as plain values; unknown heights are None."""
        values = asdict(self)
        values["path"] = str(self.path)
        values["messages"] = list(self.messages)
        return {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in values.items()
        }

    def lines(self) -> list[str]:
        """Return some lines of text for a person."""
        many = f"{self.files} files, the first " if self.files > 1 else ""
        if np.isnan(self.lowest_m):
            heights = "no heights at all: every cell is void"
        else:
            voids = f"{self.void_share:.2%} void" if self.void_share else "no voids"
            heights = f"{self.lowest_m:,.0f} to {self.highest_m:,.0f} m, {voids}"
        cells = f"{self.width:,} x {self.height:,} cells of about {self.cell_m:,.0f} m"
        north_south = f"{self.south_deg:.4f} to {self.north_deg:.4f} N"
        west_east = f"{self.west_deg:.4f} to {self.east_deg:.4f} E"
        return [
            f"Elevation  {many}{self.kind}, {cells}",
            f"Area       {north_south}, {west_east}, {self.reference_system}",
            f"Heights    {heights}",
            *(f"Note       {message}" for message in self.messages),
        ]


def describe(path: Path) -> Description:
    """Look into an elevation file, or a folder of them, and read all its heights once.

    Raises
    ------
    ElevationFileError
        It is no elevation data, or breaks off.
    """
    named = find_files([path])
    parts: list[Description] = []
    messages: list[str] = []
    for file in named:
        try:
            parts.append(_described(file))
        except ElevationFileError as error:
            if len(named) == 1:
                raise
            messages.append(str(error))
    if not parts:
        raise ElevationFileError(f"None of the files in {path} can be used: {messages[0]}")
    first = parts[0]
    cells = sum(part.width * part.height for part in parts)
    lows, highs = ([getattr(part, name) for part in parts] for name in ("lowest_m", "highest_m"))
    return Description(
        path=path,
        files=len(parts),
        kind=first.kind,
        width=first.width,
        height=first.height,
        reference_system=first.reference_system,
        cell_m=min(part.cell_m for part in parts),
        west_deg=min(part.west_deg for part in parts),
        south_deg=min(part.south_deg for part in parts),
        east_deg=max(part.east_deg for part in parts),
        north_deg=max(part.north_deg for part in parts),
        lowest_m=float(np.fmin.reduce(lows)),
        highest_m=float(np.fmax.reduce(highs)),
        void_share=sum(part.void_share * part.width * part.height for part in parts) / cells,
        messages=tuple(dict.fromkeys([*(line for part in parts for line in part.messages), *messages])),
    )


def _described(file: RasterFile) -> Description:
    raster = inspect(file)
    messages = list(raster.messages)
    lowest, highest, voids, cells = float("nan"), float("nan"), 0, 0
    with opened(file) as dataset:
        for heights in _strips(dataset, raster):
            missing = np.isnan(heights)
            cells += heights.size
            voids += int(missing.sum())
            if not missing.all():
                lowest = float(np.fmin(lowest, np.nanmin(heights)))
                highest = float(np.fmax(highest, np.nanmax(heights)))
        kind = dataset.driver if file.zoom < 0 else f"tiles of zoom {file.zoom}"
        declared = dataset.nodata
    if lowest < _STRANGE_LOW_M or highest > _STRANGE_HIGH_M:
        messages.append(
            f"Heights from {lowest:,.0f} to {highest:,.0f} m do not exist on land; are they in metres?"
        )
    if voids and declared is None:
        messages.append("It has voids but declares no value for them; they were recognised.")
    if np.isnan(lowest):
        messages.append("It holds no height at all and cannot be used.")
    west, south, east, north = _bounds_deg(raster)
    return Description(
        path=file.path,
        files=1,
        kind=kind,
        width=raster.width,
        height=raster.height,
        reference_system=raster.crs.name,
        cell_m=raster.cell_m,
        west_deg=west,
        south_deg=south,
        east_deg=east,
        north_deg=north,
        lowest_m=lowest,
        highest_m=highest,
        void_share=voids / max(1, cells),
        messages=tuple(messages),
    )


def _strips(dataset: rasterio.DatasetReader, raster: Raster) -> Iterator[NDArray[np.float32]]:
    """All rows of a file, or some of them where it is huge."""
    rows = max(1, _STRIP_CELLS // raster.width)
    every = max(1, raster.width * raster.height // _MOST_CELLS)
    for number, top in enumerate(range(0, raster.height, rows)):
        if number % every == 0:
            yield read_heights(dataset, raster, Window(0, top, raster.width, min(rows, raster.height - top)))


def _bounds_deg(raster: Raster) -> tuple[float, float, float, float]:
    across, down = np.linspace(0, raster.width, 21), np.linspace(0, raster.height, 21)
    column, row = (lattice.ravel() for lattice in np.meshgrid(across, down))
    x, y = raster.transform @ np.array([column, row])
    try:
        lon, lat = Transformer.from_crs(raster.crs, "EPSG:4326", always_xy=True).transform(x, y)
    except ProjError as error:
        raise ElevationFileError(
            f"{raster.file.title} has a reference system that cannot be used ({raster.crs.name})."
        ) from error
    return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))
