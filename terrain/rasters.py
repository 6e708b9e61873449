"""Opening raster files of any origin, and saying plainly what is wrong with them."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.windows import Window

from terrain import coding
from terrain.errors import ElevationFileError
from terrain.finding import ENDINGS, GDAL_OPTIONS, RasterFile
from terrain.references import cell_size_m, ellipsoidal_note, height_unit_m, horizontal_crs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pyproj import CRS
    from rasterio.transform import Affine

HIGHEST_M = 9000.0
"""Nothing on Earth reaches further from sea level; whatever does is a marker for a missing height."""

_COARSEST_CELL_M = 1500.0
_PROBE_SIDE = 256
_HUGE_SIDE = 4_000_000
_HIGHEST_CODED = 1e6

_DRIVERS = frozenset((
    "GTiff", "SRTMHGT", "VRT", "AAIGrid", "GRASSASCIIGrid", "USGSDEM", "HFA", "EHdr", "ENVI", "DTED", "GSAG",
    "GSBG", "GS7BG", "XYZ", "BT", "NWT_GRD", "GTX", "netCDF", "GPKG", "MBTiles", "PNG", "JPEG", "WEBP",
    "JP2OpenJPEG",
))  # fmt: skip


@dataclass(frozen=True)
class Raster:
    """What a DEM file is, before its heights are read.

    Attributes
    ----------
    file : RasterFile
    crs : CRS
        Horizontal reference system of ``transform``.
    transform : Affine
        Pixel corner to coordinates; the centre of a pixel is at (column + 0.5, row + 0.5).
    width, height : int
    cell_m : float
        Size of a cell on the ground, the geometric mean of both directions.
    code : str
        In which colours code the heights, "Terrarium" or "Mapbox"; empty where they are heights.
    unit_m : float
        Of the file's heights.
    parts : tuple of str
        Names of the files behind it: its own, and those that a mosaic refers to.
    messages : tuple of str
        What was assumed about the file.
    """

    file: RasterFile
    crs: CRS
    transform: Affine
    width: int
    height: int
    cell_m: float
    code: str = ""
    unit_m: float = 1.0
    parts: tuple[str, ...] = ()
    messages: tuple[str, ...] = field(default=())

    @property
    def path(self) -> Path:
        """The file, archive or folder on disk."""
        return self.file.path


@contextlib.contextmanager
def opened(which: Path | RasterFile, *, overview: int | None = None) -> Iterator[rasterio.DatasetReader]:
    """Open a raster file with GDAL, or say in a plain sentence why that fails.

    ``overview`` opens a smaller picture that the file holds of itself, 0 for the largest of them.

    Raises
    ------
    ElevationFileError
        The file is missing, no raster, or breaks off.
    """
    file = RasterFile.of(which) if isinstance(which, Path) else which
    if not file.path.exists():
        raise ElevationFileError(f"The file {file.path} does not exist; check its name and place.")
    options = {} if overview is None else {"OVERVIEW_LEVEL": overview}
    with contextlib.ExitStack() as stack:
        stack.enter_context(rasterio.Env(**GDAL_OPTIONS))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = stack.enter_context(rasterio.open(file.name, **options))
        except (RasterioError, OSError) as error:
            raise ElevationFileError(_why_not_opened(file)) from error
        if dataset.driver not in _DRIVERS:
            raise ElevationFileError(_why_not_opened(file))
        _refuse_missing_parts(dataset, file)
        try:
            yield dataset
        except RasterioIOError as error:
            raise ElevationFileError(
                f"{file.title} opens but cannot be read to its end: it is damaged or cut off; "
                "download or copy it again."
            ) from error


def _refuse_missing_parts(dataset: rasterio.DatasetReader, file: RasterFile) -> None:
    """Refuse a mosaic whose sources are gone or are not on this machine, before it is read."""
    if dataset.driver != "VRT" or file.zoom >= 0:
        return
    for name in dataset.files:
        if "/vsicurl" in name or "://" in name:
            raise ElevationFileError(
                f"{file.title} refers to an address on the internet; download its files and refer to them."
            )
        if not name.startswith("/vsi") and not Path(name).exists():
            raise ElevationFileError(
                f"{file.title} refers to {PurePath(name).name}, which is not there; put the file in its "
                "place, or make the mosaic again."
            )


def _why_not_opened(file: RasterFile) -> str:
    lower = file.title.lower()
    if lower.endswith(".hgt") and file.path.suffix.lower() == ".hgt":
        size = file.path.stat().st_size
        side = round((size / 2) ** 0.5)
        if side * side * 2 != size or side not in (1201, 3601):
            return (
                f"{file.title} is cut off or no elevation tile: it has {size:,} bytes where an .hgt file "
                "has 2,884,802 or 25,934,402; download or copy it again."
            )
    if lower.endswith((".hgt", ".hgt.gz")):
        return (
            f"{file.title} cannot be read: it is damaged or cut off, or not named after its corner, such as "
            "N44E005.hgt."
        )
    if lower.removesuffix(".gz").endswith(ENDINGS):
        return (
            f"{file.title} cannot be read: it is damaged, cut off or no raster file; "
            "download or copy it again."
        )
    return f"{file.title} is no raster file that can be read; give a DEM such as .hgt, .tif, .asc or .vrt."


def inspect(which: Path | RasterFile) -> Raster:
    """Look at a DEM file without reading all of it.

    Raises
    ------
    ElevationFileError
        It cannot be opened, has no place on Earth, or is no DEM that could show a stage.
    """
    file = RasterFile.of(which) if isinstance(which, Path) else which
    with opened(file) as dataset:
        messages: list[str] = []
        if max(dataset.width, dataset.height) > _HUGE_SIDE:
            raise ElevationFileError(
                f"{file.title} claims {dataset.width:,} x {dataset.height:,} cells; use a part of it."
            )
        code = _code(dataset, file, messages)
        crs = horizontal_crs(dataset, file.title, messages, coded=bool(code))
        cell_m = cell_size_m(dataset.transform, dataset.width, dataset.height, crs)
        if not cell_m > 0:
            raise ElevationFileError(
                f"{file.title} lies nowhere on Earth by its reference system ({crs.name}); write the right "
                "one in with gdal_edit -a_srs."
            )
        if cell_m > _COARSEST_CELL_M:
            raise ElevationFileError(
                f"{file.title} has cells {cell_m / 1000:,.1f} km wide: it is no DEM that could show a stage "
                "(a geoid grid or a world map?); use elevation data of 90 m or finer."
            )
        return Raster(
            file=file,
            crs=crs,
            transform=dataset.transform,
            width=dataset.width,
            height=dataset.height,
            cell_m=cell_m,
            code=code,
            unit_m=1.0 if code else height_unit_m(dataset),
            parts=(file.label, *(PurePath(name).name for name in dataset.files[:1000])),
            messages=(*messages, *ellipsoidal_note(dataset, file.label)),
        )


def _code(dataset: rasterio.DatasetReader, file: RasterFile, messages: list[str]) -> str:
    """Name the code of a picture's heights; empty where the file holds heights as they are."""
    if dataset.dtypes[0] != "uint8":
        return ""
    if dataset.count < 3:
        _refuse_classes(dataset, file)
        return ""
    if file.probe:
        with opened(RasterFile(file.path, file.probe, file.title)) as part:
            code = coding.code_of(_samples(part))
    else:
        code = coding.code_of(_samples(dataset))
    if code is None:
        raise ElevationFileError(
            f"{file.title} is a picture, not elevation data; give it as imagery, and a DEM for the heights."
        )
    messages.append(f"{file.label} codes heights in colours; it is read as {code} Terrain-RGB.")
    return code


def _refuse_classes(dataset: rasterio.DatasetReader, file: RasterFile) -> None:
    if dataset.colorinterp[0].name == "palette":
        raise ElevationFileError(
            f"{file.title} holds colours or classes of land cover, not elevation data; give it as imagery."
        )


def _samples(dataset: rasterio.DatasetReader) -> NDArray[np.uint8]:
    """Return pixels of a picture as they are, (3, rows, columns), of its middle and of its quarters."""
    rows, columns = min(dataset.height, _PROBE_SIDE), min(dataset.width, _PROBE_SIDE)
    windows = dict.fromkeys(
        (int((dataset.width - columns) * across), int((dataset.height - rows) * down))
        for across, down in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
    )
    parts = [dataset.read((1, 2, 3), window=Window(*corner, columns, rows)) for corner in windows]
    return np.concatenate(parts, axis=1)


def read_heights(dataset: rasterio.DatasetReader, raster: Raster, window: Window) -> NDArray[np.float32]:
    """Read heights in metres; missing ones are NaN, whatever number the file writes for them.

    ``window`` lies inside the file. The result has the window's shape, row 0 first in the file.
    """
    if raster.code:
        return masked(coding.decode(raster.code, dataset.read((1, 2, 3), window=window)), None)
    raw = dataset.read(1, window=window)
    scale, offset = dataset.scales[0] or 1.0, dataset.offsets[0] or 0.0
    if scale == 1.0 and offset == 0.0 and raster.unit_m == 1.0:
        return masked(raw, dataset.nodata)
    in_units = masked(raw, dataset.nodata, highest_m=_HIGHEST_CODED)
    return masked((in_units * scale + offset) * raster.unit_m, None)


def masked(
    raw: NDArray[np.generic], nodata: float | None, *, highest_m: float = HIGHEST_M
) -> NDArray[np.float32]:
    """Return heights as float32 with NaN for everything that is no height on Earth."""
    heights: NDArray[np.float32] = np.array(raw, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        missing = ~(np.abs(heights) <= highest_m)
    if nodata is not None and np.isfinite(nodata):
        missing |= heights == np.float32(nodata)
    heights[missing] = np.nan
    return heights
