"""Pictures of the land from above, laid over the invented colours: any window of them at any fineness."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS, Transformer
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from terrain.errors import CoverageError, ElevationFileError
from terrain.finding import find_files
from terrain.landcover import CREDIT, colour_table, is_land_cover
from terrain.rasters import opened
from terrain.references import cell_size_m, horizontal_crs
from terrain.sources import GridPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import rasterio
    from numpy.typing import NDArray
    from rasterio.transform import Affine

    from terrain.finding import RasterFile
    from terrain.frame import LocalFrame

_LATTICE_M = 512.0
_ALIGNED = 64
_MOST_PIXELS = 60_000_000
_PROBE_SIDE = 512


@dataclass(frozen=True)
class _Level:
    """A picture at one fineness: the file's own pixels (-1), or an overview that it holds."""

    overview: int
    transform: Affine
    width: int
    height: int
    factor: float


@dataclass(frozen=True)
class _Drape:
    """One picture file and how its pixels become colours."""

    file: RasterFile
    crs: CRS
    cell_m: float
    levels: tuple[_Level, ...]
    bands: tuple[int, ...]
    table: NDArray[np.uint8] | None
    """(256, 4) colours of the numbers in a file of classes or of a palette."""
    opacity: bool
    """Whether the last band tells how much is shown."""

    def read(self, plan: GridPlan, frame: LocalFrame) -> NDArray[np.uint8] | None:
        """Return (rows, columns, 4) colours at the posts of a plan; None where the file is elsewhere."""
        level = max(
            (level for level in self.levels if self.cell_m * level.factor <= plan.step_m),
            key=lambda level: level.factor,
            default=self.levels[0],
        )
        column, row = _pixels(plan, frame, self.crs, level.transform)
        block = max(1, 2 ** int(np.log2(max(1.0, plan.step_m / (self.cell_m * level.factor)) + 1e-6)))
        window = _window(column, row, level, block)
        while window is not None and window.width * window.height / block**2 > _MOST_PIXELS:
            block *= 2
            window = _window(column, row, level, block)
        if window is None:
            return None
        picture = self._reduced(level, window, block)
        from terrain.bilinear import interpolate_colours

        result = np.zeros((plan.rows * plan.columns, 4), np.uint8)
        across = (column.ravel() - window.col_off) / block - 0.5
        down = (row.ravel() - window.row_off) / block - 0.5
        interpolate_colours(picture, across, down, result)
        return result.reshape(plan.rows, plan.columns, 4)

    def _reduced(self, level: _Level, window: Window, block: int) -> NDArray[np.uint8]:
        """Read pixels, averaged in blocks that lie the same whatever the window."""
        rows, columns = -(-int(window.height) // block), -(-int(window.width) // block)
        picture = np.zeros((rows, columns, 4), np.uint8)
        strip = max(1, _MOST_PIXELS // (4 * columns * block * block))
        with opened(self.file, overview=level.overview if level.overview >= 0 else None) as dataset:
            for first in range(0, rows, strip):
                top = int(window.row_off) + first * block
                last = min(rows, first + strip)
                height = min(int(window.row_off) + int(window.height), top + (last - first) * block) - top
                part = Window(window.col_off, top, window.width, height)
                picture[first:last] = _block_mean(self._colours(dataset, part), block)
        return picture

    def _colours(self, dataset: rasterio.DatasetReader, window: Window) -> NDArray[np.uint8]:
        """Colours of the file's pixels as they are, (rows, columns, 4)."""
        if self.table is not None:
            coloured: NDArray[np.uint8] = self.table[dataset.read(1, window=window)]
            return coloured
        picture = np.empty((int(window.height), int(window.width), 4), np.uint8)
        bands = dataset.read(self.bands, window=window)
        picture[..., :3] = np.moveaxis(bands, 0, -1)
        if self.opacity:
            picture[..., 3] = dataset.read(dataset.count, window=window)
        else:
            picture[..., 3] = dataset.dataset_mask(window=window)
        return picture


@dataclass(frozen=True)
class Drapes:
    """Pictures laid over each other, the first on top.

    Attributes
    ----------
    credits, messages : tuple of str
        Lines to show with every picture, and what was assumed about the files.
    """

    paths: tuple[Path, ...]
    pictures: tuple[tuple[_Drape, ...], ...] = field(repr=False)
    """For each path its files, those on top first."""
    credits: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def read(self, plan: GridPlan, *, frame: LocalFrame) -> NDArray[np.uint8]:
        """Return a picture at the posts of a plan, (rows, columns, 4) uint8 sRGB and opacity.

        The last channel tells how much of it is to be shown, 0 where no file covers. Of plans of one step
        common posts have the same colours. May be called from several threads.

        Raises
        ------
        ElevationFileError
            A file breaks off while it is read.
        """
        result = np.zeros((plan.rows, plan.columns, 4), np.uint8)
        for drape in (drape for files in self.pictures for drape in files):
            if (result[..., 3] == 255).all():
                break
            below = drape.read(plan, frame)
            if below is not None:
                _lay_under(result, below)
        return result

    def describe(self) -> dict[str, object]:
        """Return what the files are, as plain values: the finest's cells, and the box of them all."""
        drapes = [drape for files in self.pictures for drape in files]
        finest = min(drapes, key=lambda drape: drape.cell_m)
        boxes = np.array([_bounds_deg(drape) for drape in drapes])
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, 2:].max(axis=0)
        return {
            "files": len(drapes),
            "holds": "land cover or palette" if finest.table is not None else "colours",
            "width": finest.levels[0].width,
            "height": finest.levels[0].height,
            "reference_system": finest.crs.name,
            "cell_m": finest.cell_m,
            "west_deg": float(west),
            "south_deg": float(south),
            "east_deg": float(east),
            "north_deg": float(north),
            "credits": list(self.credits),
            "messages": list(self.messages),
        }

    def require_coverage(self, plan: GridPlan, *, frame: LocalFrame) -> None:
        """Refuse files that show nothing of a box.

        Raises
        ------
        CoverageError
        """
        step = max(plan.step_m, max(plan.rows, plan.columns) * plan.step_m / 1024)
        rows, columns = (int(count * plan.step_m / step) + 1 for count in (plan.rows, plan.columns))
        coarse = GridPlan(plan.x0_m, plan.y0_m, step, rows, columns)
        for path, files in zip(self.paths, self.pictures, strict=True):
            read = (drape.read(coarse, frame) for drape in files)
            if not any(picture is not None and picture[..., 3].any() for picture in read):
                raise CoverageError(
                    f"{path} shows no part of the stage; give imagery of the region, or none."
                )


def open_drapes(paths: Sequence[Path]) -> Drapes:
    """Look at pictures of the land: GeoTIFFs in colour, of a palette or of land cover, and pyramids of tiles.

    Files, folders, archives, and folders of tiles z/x/y.png; the first path lies on top.

    Raises
    ------
    ElevationFileError
        A file is missing, damaged, no picture, or has no place on Earth.
    """
    pictures: list[tuple[_Drape, ...]] = []
    messages: list[str] = []
    credit: dict[str, None] = {}
    for path in paths:
        drapes = []
        for file in find_files([Path(path)]):
            try:
                drapes.append(_inspect(file, messages))
            except ElevationFileError as error:
                if file.named:
                    raise
                messages.append(f"Passed over: {error}")
        if not drapes:
            raise ElevationFileError(f"None of the files in {path} is a picture: {messages[-1]}")
        if any("WorldCover" in drape.file.name for drape in drapes if drape.table is not None):
            credit[CREDIT] = None
        pictures.append(tuple(sorted(drapes, key=lambda drape: drape.cell_m)))
    return Drapes(tuple(map(Path, paths)), tuple(pictures), tuple(credit), tuple(dict.fromkeys(messages)))


def _inspect(file: RasterFile, messages: list[str]) -> _Drape:
    with opened(file) as dataset:
        if dataset.dtypes[0] != "uint8":
            raise ElevationFileError(
                f"{file.title} is no picture in red, green and blue with 8 bits; give a GeoTIFF that is."
            )
        crs = horizontal_crs(dataset, file.title, messages, coded=False)
        cell_m = cell_size_m(dataset.transform, dataset.width, dataset.height, crs)
        if not cell_m > 0:
            raise ElevationFileError(
                f"{file.title} lies nowhere on Earth by its reference system ({crs.name})."
            )
        return _Drape(
            file=file,
            crs=crs,
            cell_m=cell_m,
            levels=_levels(dataset),
            bands=(1, 2, 3) if dataset.count >= 3 else (1, 1, 1),
            table=_table(dataset, file, messages),
            opacity=dataset.count in (2, 4) and MaskFlags.alpha in dataset.mask_flag_enums[0],
        )


def _table(
    dataset: rasterio.DatasetReader, file: RasterFile, messages: list[str]
) -> NDArray[np.uint8] | None:
    """Return the colours that numbers stand for; None where a file holds colours themselves."""
    if dataset.count != 1:
        return None
    palette = dataset.colorinterp[0].name == "palette"
    rows, columns = min(dataset.height, _PROBE_SIDE), min(dataset.width, _PROBE_SIDE)
    corner = ((dataset.width - columns) // 2, (dataset.height - rows) // 2)
    values = np.unique(dataset.read(1, window=Window(*corner, columns, rows)))
    if is_land_cover(values, file.name, palette=palette):
        messages.append(f"{file.label} holds classes of land cover; they are shown in natural colours.")
        return colour_table()
    if not palette:
        return None
    table = np.zeros((256, 4), np.uint8)
    for value, colour in dataset.colormap(1).items():
        table[value] = colour
    if dataset.nodata is not None and 0 <= dataset.nodata <= 255:
        table[int(dataset.nodata), 3] = 0
    return table


def _levels(dataset: rasterio.DatasetReader) -> tuple[_Level, ...]:
    own = _Level(-1, dataset.transform, dataset.width, dataset.height, 1.0)
    levels = [own]
    for number, factor in enumerate(dataset.overviews(1)):
        width, height = -(-dataset.width // factor), -(-dataset.height // factor)
        scale = dataset.transform.scale(dataset.width / width, dataset.height / height)
        levels.append(_Level(number, dataset.transform @ scale, width, height, float(factor)))
    return tuple(levels)


def _pixels(
    plan: GridPlan, frame: LocalFrame, crs: CRS, transform: Affine
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows in a file's pixels of the posts of a plan, (rows, columns) each.

    Exact at a lattice that lies the same whatever the plan, and bilinear in between: on 512 m a map's
    curvature is a centimetre.
    """
    x = plan.x0_m + np.arange(plan.columns) * plan.step_m
    y = plan.y0_m + np.arange(plan.rows) * plan.step_m
    first_x, first_y = np.floor(x[0] / _LATTICE_M), np.floor(y[0] / _LATTICE_M)
    columns = int(x[-1] / _LATTICE_M - first_x) + 2
    rows = int(y[-1] / _LATTICE_M - first_y) + 2
    nodes = np.meshgrid((first_x + np.arange(columns)) * _LATTICE_M, (first_y + np.arange(rows)) * _LATTICE_M)
    lon, lat = frame.to_wgs84(*nodes)
    to_source = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    source_x, source_y = to_source.transform(lon, lat)
    at = ~transform @ np.array([np.asarray(source_x).ravel(), np.asarray(source_y).ravel()])
    lattice = np.array(at).reshape(2, rows, columns)
    along_x, along_y = x / _LATTICE_M - first_x, y / _LATTICE_M - first_y
    left, low = along_x.astype(np.intp), along_y.astype(np.intp)
    right, up = along_x - left, (along_y - low)[:, None]
    below = lattice[:, low][:, :, left] * (1 - right) + lattice[:, low][:, :, left + 1] * right
    above = lattice[:, low + 1][:, :, left] * (1 - right) + lattice[:, low + 1][:, :, left + 1] * right
    column, row = below * (1 - up) + above * up
    return column, row


def _bounds_deg(drape: _Drape) -> tuple[float, float, float, float]:
    """West, south, east, north of a picture's corners and sides."""
    own = drape.levels[0]
    across, down = np.meshgrid(np.linspace(0, own.width, 9), np.linspace(0, own.height, 9))
    x, y = own.transform @ np.array([across.ravel(), down.ravel()])
    lon, lat = Transformer.from_crs(drape.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))


def _window(
    column: NDArray[np.float64], row: NDArray[np.float64], level: _Level, block: int
) -> Window | None:
    """Return the part of a level that positions need, cut along multiples of a number of blocks."""
    finite = np.isfinite(column) & np.isfinite(row)
    if not finite.any():
        return None
    unit = block * _ALIGNED
    left = max(0, int((column[finite].min() - 2 * block) // unit) * unit)
    top = max(0, int((row[finite].min() - 2 * block) // unit) * unit)
    right = min(level.width, int((column[finite].max() + 2 * block) // unit + 1) * unit)
    bottom = min(level.height, int((row[finite].max() + 2 * block) // unit + 1) * unit)
    return Window(left, top, right - left, bottom - top) if left < right and top < bottom else None


def _block_mean(picture: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """Average blocks, each pixel by how much it shows; the last may be cut off by the picture's border."""
    if block == 1:
        return picture
    starts = [np.arange(0, size, block) for size in picture.shape[:2]]

    def total(values: NDArray[np.float32]) -> NDArray[np.float32]:
        summed: NDArray[np.float32] = np.add.reduceat(
            np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1
        )
        return summed

    shown = picture[..., 3].astype(np.float32)
    weight = total(shown)
    count = total(np.ones_like(shown))
    result = np.zeros((*weight.shape, 4), np.uint8)
    for channel in range(3):
        mean = total(picture[..., channel] * shown) / np.maximum(weight, 1.0)
        result[..., channel] = np.rint(mean)
    result[..., 3] = np.rint(weight / count)
    return result


def _lay_under(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> None:
    """Show a picture, in place, through what another one leaves open."""
    above = upper[..., 3:].astype(np.float32) / 255
    through = lower[..., 3:].astype(np.float32) / 255 * (1 - above)
    shown = above + through
    mixed = upper[..., :3] * above + lower[..., :3] * through
    upper[..., :3] = np.rint(mixed / np.maximum(shown, 1e-6))
    upper[..., 3:] = np.rint(shown * 255)
